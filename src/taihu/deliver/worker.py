"""Files of a report, set in a process of their own.

Typesetting needs fonts, templates and a compiler that the rest of a run does not; in a child process they cost the run neither
memory nor time, because the next audience's figures are computed meanwhile. What goes in are figures, what comes out are bytes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
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


def render_format(figures: ReportFigures, form: str, lang: Lang, stem: str, audience: str) -> Rendered:
    """One format (``xlsx``, ``pdf`` or ``mail``) for one audience in one language; the same figures give the same bytes."""
    from taihu.deliver import excel, mail, pdf

    if form == "xlsx":
        return Rendered(f"{stem}_{lang}.xlsx", form, lang, audience, excel.render(figures, lang))
    if form == "pdf":
        return Rendered(f"{stem}_{lang}.pdf", form, lang, audience, pdf.render(figures, lang))
    body = mail.render(figures, lang)
    return Rendered(f"{stem}_{lang}.html", form, lang, audience, body.html.encode(), body)


def needs_typesetting(form: str) -> bool:
    """Whether a format is set with fonts and a compiler, which take memory in every process that has them."""
    return form != "xlsx"


@dataclass(slots=True)
class Job(Generic[T]):
    """Work that gives the same result in any process, on its way.

    Attributes:
        only_there: The child does it as long as there is one.
    """

    work: Callable[..., T]
    arguments: tuple[Any, ...]
    future: Future[T]
    only_there: bool


class Renderer:
    """One child process that renders, started when it is first needed.

    The child has one job at a time, the oldest of those that only it does, else the oldest. Whoever waits for a result lends a hand:
    what the child has not begun is done here instead, from the end of the queue. The same figures give the same bytes in any process.

    Attributes:
        lent: Number of jobs that were done here.
    """

    def __init__(self) -> None:
        from concurrent.futures import Future

        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: deque[Job[Any]] = deque()
        self._busy = False
        self._gone: Future[None] = Future()
        self.lent = 0

    def submit(self, work: Callable[..., T], *arguments: Any, only_there: bool = False) -> Job[T]:
        """Begin a job; ``work`` is a function of a module, and what it takes and gives can be sent between processes.

        Args:
            only_there: This process had better not do it: it would need what only the child has loaded.
        """
        from concurrent.futures import Future, ProcessPoolExecutor

        if self._pool is None:
            import multiprocessing

            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
        job: Job[T] = Job(work, arguments, Future(), only_there)
        self._waiting.append(job)
        self._feed()
        return job

    def result(self, job: Job[T], *, lend: bool = True) -> T:
        """The result of a job; does jobs that are still queued while it waits.

        Args:
            lend: False leaves all of them to the child, as long as there is one.
        """
        from concurrent.futures import FIRST_COMPLETED, wait

        either: list[Future[Any]] = [job.future, self._gone]
        while not job.future.done():
            if not ((lend or self._gone.done()) and self._lend_a_hand()):
                wait(either, return_when=FIRST_COMPLETED)
        return job.future.result()

    def _feed(self) -> None:
        """Give the child its next job, if it has none."""
        with self._lock:
            if self._busy or not self._waiting or self._pool is None:
                return
            job = next((job for job in self._waiting if job.only_there), self._waiting[0])
            self._waiting.remove(job)
            self._busy = True
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
        if isinstance(error, BrokenProcessPool):  # what is queued is done by those who wait for it
            self._gone.set_result(None)
            return
        self._busy = False
        self._feed()

    def _lend_a_hand(self) -> bool:
        """Do the last job that the child has not begun; False if there is none."""
        with self._lock:
            job = next((job for job in reversed(self._waiting) if self._gone.done() or not job.only_there), None)
            if job is None:
                return False
            self._waiting.remove(job)
        try:
            job.future.set_result(job.work(*job.arguments))
        except Exception as error:  # told to whoever asks for this job
            job.future.set_exception(error)
        self.lent += 1
        return True

    def close(self) -> None:
        """End the child process; another starts with the next job."""
        from concurrent.futures import Future

        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._busy, self._gone = False, Future()


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


# Figures, with what is ready of them and what is on its way.
Pending = list[tuple[ReportFigures, list[Rendered], list[Job[Rendered]]]]


def gathered(renderer: Renderer, pending: Pending, *, lend: bool = True) -> Iterator[tuple[ReportFigures, Rendered]]:
    """Results in the order in which they were asked for; ``lend`` as for :meth:`Renderer.result`."""
    for figures, ready, jobs in pending:
        for rendered in ready:
            yield figures, rendered
        for job in jobs:
            yield figures, renderer.result(job, lend=lend)
