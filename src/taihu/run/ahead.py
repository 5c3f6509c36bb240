"""The next file is read while the one before it is judged.

Reading happens in a child process and waits for nothing that this process decides, so both are at work at the same time. One file
is read ahead and no more: what is held in memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from taihu.core.types import FileRead
from taihu.ledger.records import Arrival
from taihu.manifest.tree import Source
from taihu.run.intake import read_arrival

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

# A large file is read when its turn comes: two of them at once would need twice the memory.
LARGEST_AHEAD = 4_000_000


class ReadAhead:
    """Reads arrivals in the order in which they will be asked for.

    Args:
        order: Source and arrival, in that order; one that is asked for and does not stand there is read all the same.
    """

    def __init__(self, ws: Workspace, order: Iterable[tuple[Source, Arrival]]) -> None:
        self._ws = ws
        self._order = list(order)
        self._place = {arrival.id: place for place, (_, arrival) in enumerate(self._order)}
        self._ahead: tuple[str, Future[FileRead]] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._reader.shutdown(cancel_futures=True)

    def read(self, source: Source, arrival: Arrival) -> FileRead:
        """The arrival's file, as :func:`taihu.run.intake.read_arrival` gives it; begins to read the next one."""
        found = self._ahead[1] if self._ahead is not None and self._ahead[0] == arrival.id else self._begin(source, arrival)
        self._ahead = None
        place = self._place.get(arrival.id, len(self._order)) + 1
        if place < len(self._order):
            following = self._order[place]
            if following[1].size <= LARGEST_AHEAD:
                with suppress(Exception):  # a password that is missing is that file's matter; it is told when its turn comes
                    self._ahead = (following[1].id, self._begin(*following))
        return found.result()

    def _begin(self, source: Source, arrival: Arrival) -> Future[FileRead]:
        passwords = self._ws.passwords(source, arrival.received_at)
        return self._reader.submit(read_arrival, self._ws, source, arrival, passwords)
