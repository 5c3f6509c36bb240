"""Work beside the process's own: files of a run's reports are set, archived and sent while the next run collects and loads.

A run that a person or a planner starts ends when everything is out. Where one process plays run after run (the demo's 28 mornings),
waiting for the typesetter each time would leave a processor idle; only the next run's own reports have to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_all
from types import TracebackType
from typing import Self


class Aside:
    """One piece of work at a time, beside the process's own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._last: Future[object] | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Begin a piece of work as soon as the one before it is done; raises what went wrong there."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait until the last piece of work is done; raises what went wrong."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def rest(self) -> None:
        """Wait until nothing is at work; what went wrong there is raised by the next :meth:`begin` or :meth:`wait`."""
        if self._last is not None:
            wait_all([self._last])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self.wait()
        finally:
            self._pool.shutdown(cancel_futures=True)
