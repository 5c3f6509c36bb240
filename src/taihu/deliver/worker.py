"""Files of a report, set in a process of their own.

Typesetting needs fonts, templates and a compiler that the rest of a run does not; in a child process they cost the run neither
memory nor time, because the next audience's figures are computed meanwhile. What goes in are figures, what comes out are bytes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from taihu.core.figures import ReportFigures
from taihu.core.types import Lang

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from taihu.deliver.mail import MailBody

T = TypeVar("T")


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
class Job(Generic[T]):
    """Work that gives the same result in any process, on its way."""

    work: Callable[..., T]
    arguments: tuple[Any, ...]
    future: Future[T]


class Renderer:
    """One child process that renders, started when it is first needed.

    The child has one job at a time, the oldest. Whoever waits for a result lends a hand: what the child has not begun is done
    here instead, from the end of the queue. The same figures give the same bytes in any process.

    Attributes:
        lent: Number of jobs that were done here.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: deque[Job[Any]] = deque()
        self._busy = False
        self.lent = 0

    def submit(self, work: Callable[..., T], *arguments: Any) -> Job[T]:
        """Begin a job; ``work`` is a function of a module, and what it takes and gives can be sent between processes."""
        from concurrent.futures import Future, ProcessPoolExecutor

        if self._pool is None:
            import multiprocessing

            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
        job = Job(work, arguments, Future())
        self._waiting.append(job)
        self._feed()
        return job

    def result(self, job: Job[T]) -> T:
        """The result of a job; does jobs that are still queued while it waits."""
        while not job.future.done() and self._lend_a_hand():
            pass
        return job.future.result()

    def _feed(self) -> None:
        """Give the child its next job, if it has none."""
        with self._lock:
            if self._busy or not self._waiting or self._pool is None:
                return
            job, self._busy = self._waiting.popleft(), True
            running = self._pool.submit(job.work, *job.arguments)
        running.add_done_callback(partial(self._done, job))

    def _done(self, job: Job[Any], running: Future[Any]) -> None:
        from concurrent.futures.process import BrokenProcessPool

        if running.cancelled():  # the renderer was closed
            job.future.cancel()
            return
        error = running.exception()
        if error is None:
            job.future.set_result(running.result())
        else:
            job.future.set_exception(error)
        if not isinstance(error, BrokenProcessPool):  # else what is queued is done by those who wait for it
            self._busy = False
            self._feed()

    def _lend_a_hand(self) -> bool:
        """Do the last job that the child has not begun; False if there is none."""
        with self._lock:
            if not self._waiting:
                return False
            job = self._waiting.pop()
        try:
            job.future.set_result(job.work(*job.arguments))
        except Exception as error:  # told to whoever asks for this job
            job.future.set_exception(error)
        self.lent += 1
        return True

    def close(self) -> None:
        """End the child process."""
        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _end_with_parent() -> None:
    """Let this child end when its parent is gone, also by ``kill -9``: the pool's own pipe would keep it waiting for ever."""
    import os
    from multiprocessing import connection, parent_process

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def gathered(
    renderer: Renderer, pending: Sequence[tuple[ReportFigures, list[Rendered], Sequence[Job[list[Rendered]]]]]
) -> Iterator[tuple[ReportFigures, Rendered]]:
    """Results in the order in which they were asked for."""
    for figures, ready, jobs in pending:
        for rendered in ready:
            yield figures, rendered
        for job in jobs:
            for rendered in renderer.result(job):
                yield figures, rendered
