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


@dataclass(slots=True)
class Job:
    """One audience's files in one language, on their way."""

    arguments: tuple[ReportFigures, tuple[str, ...], Lang, str, str]
    future: Future[list[Rendered]]


class Renderer:
    """One child process that renders, started when it is first needed.

    Whoever waits for a result lends a hand: what the child has not begun is rendered here instead, from the end of the queue.
    The same figures give the same bytes in any process.

    Attributes:
        lent: Number of jobs that were rendered here.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: list[Job] = []
        self.lent = 0

    def submit(self, figures: ReportFigures, formats: Sequence[str], lang: Lang, stem: str, audience: str) -> Job:
        """Begin to render."""
        if self._pool is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
        arguments = (figures, tuple(formats), lang, stem, audience)
        job = Job(arguments, self._pool.submit(render_formats, *arguments))
        self._jobs = [*(known for known in self._jobs if not known.future.done()), job]
        return job

    def result(self, job: Job) -> list[Rendered]:
        """The files of a job; renders jobs that are still queued while it waits."""
        while not job.future.done() and self._lend_a_hand():
            pass
        return job.future.result()

    def _lend_a_hand(self) -> bool:
        """Take the last job that the child has not begun; False if there is none."""
        from concurrent.futures import Future

        while self._jobs:
            job = self._jobs.pop()
            if job.future.cancel():
                job.future = Future()
                job.future.set_result(render_formats(*job.arguments))
                self.lent += 1
                return True
        return False

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
    renderer: Renderer, pending: Sequence[tuple[ReportFigures, list[Rendered], Sequence[Job]]]
) -> Iterator[tuple[ReportFigures, Rendered]]:
    """Results in the order in which they were asked for."""
    for figures, ready, jobs in pending:
        for rendered in ready:
            yield figures, rendered
        for job in jobs:
            for rendered in renderer.result(job):
                yield figures, rendered
