"""One source is settled while the next one is judged: the disk and the engine are at work beside the reading of cells.

One at a time and no more, so that the rows of two sources at most are held in memory, and tables are written in the order of the
sources. Whoever asks for the rows of a table that is being written waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from taihu.run.aside import Aside

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.loading import Judged


class Settling:
    """Settles sources one after the other beside the thread that made it; all are settled when it is left."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._aside = Aside()
        self._owner = threading.get_ident()
        self._table = ""
        self._lease: ExitStack | None = None

    def begin(self, judged: Judged, work: Callable[[], object]) -> None:
        """Begin to settle what was judged as soon as the source before is settled; raises what went wrong there."""
        try:
            _ = self._ws.engine  # started once, before two threads could both find it missing
            self._aside.wait()
        except BaseException:
            judged.lease.close()
            raise
        self._table, self._lease = judged.source.table, judged.lease
        self._aside.begin(work)

    def wait_for(self, table: str) -> None:
        """Wait until a table is not being written any more. What went wrong there is not the reader's matter: :meth:`begin` raises it."""
        if table == self._table and threading.get_ident() == self._owner:
            self._aside.rest()
            self._table = ""

    def __enter__(self) -> Self:
        self._aside.__enter__()
        self._ws.before_reading = self.wait_for
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ws.before_reading = None
        try:
            self._aside.__exit__(kind, error, trace)
        finally:
            if self._lease is not None:
                self._lease.close()  # of one that was never begun
