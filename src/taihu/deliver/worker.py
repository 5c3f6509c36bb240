"""Files of a report, set in a process of their own.

Typesetting needs fonts, templates and a compiler that the rest of a run does not; in a child process they cost the run neither
memory nor time, because the next audience's figures are computed meanwhile. What goes in are figures, what comes out are bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.core.figures import ReportFigures
from taihu.core.types import Lang

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from taihu.deliver.mail import MailBody


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file of a report; mails bring their body along."""

    name: str
    format: str
    lang: Lang
    audience: str
    content: bytes
    body: MailBody | None = None


def render_formats(figures: ReportFigures, formats: Sequence[str], lang: Lang, stem: str, audience: str) -> list[Rendered]:
    """All formats of one audience and language; the same figures give the same bytes."""
    from taihu.deliver import excel, mail, pdf

    made = []
    if "xlsx" in formats:
        made.append(Rendered(f"{stem}_{lang}.xlsx", "xlsx", lang, audience, excel.render(figures, lang)))
    if "pdf" in formats:
        made.append(Rendered(f"{stem}_{lang}.pdf", "pdf", lang, audience, pdf.render(figures, lang)))
    if "mail" in formats:
        body = mail.render(figures, lang)
        made.append(Rendered(f"{stem}_{lang}.html", "mail", lang, audience, body.html.encode(), body))
    return made


class Renderer:
    """One child process that renders, started when it is first needed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, figures: ReportFigures, formats: Sequence[str], lang: Lang, stem: str, audience: str) -> Future[list[Rendered]]:
        """Begin to render; the result is there when the future is."""
        if self._pool is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
        return self._pool.submit(render_formats, figures, tuple(formats), lang, stem, audience)

    def close(self) -> None:
        """End the child process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _end_with_parent() -> None:
    """Let this child end when its parent is gone, also by ``kill -9``: the pool's own pipe would keep it waiting for ever."""
    import os
    import threading
    from multiprocessing import connection, parent_process

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def gathered(
    pending: Sequence[tuple[ReportFigures, list[Rendered], Sequence[Future[list[Rendered]]]]],
) -> Iterator[tuple[ReportFigures, Rendered]]:
    """Results in the order in which they were asked for."""
    for figures, ready, futures in pending:
        for rendered in ready:
            yield figures, rendered
        for future in futures:
            for rendered in future.result():
                yield figures, rendered
