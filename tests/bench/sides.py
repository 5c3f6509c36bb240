"""Two sides that do the same, measured in turns; and collecting a small project's only source, for benchmarks of connectors."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

Timer = Callable[[Callable[[], int]], int]


class Sides:
    """Wall and CPU seconds of each side, turn by turn; the first turn of each warms up."""

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[float, float]]] = {}

    def timed(self, side: str) -> Timer:
        """Calls what it is given and notes how long it took."""

        def run(work: Callable[[], int]) -> int:
            wall, cpu = time.perf_counter(), time.process_time()
            count = work()
            self._taken.setdefault(side, []).append((time.perf_counter() - wall, time.process_time() - cpu))
            return count

        return run

    def medians(self) -> dict[str, tuple[float, float]]:
        """Median wall and CPU seconds of each side."""
        return {
            side: (statistics.median(wall for wall, _ in each[1:]), statistics.median(cpu for _, cpu in each[1:]))
            for side, each in self._taken.items()
        }


def collected(folder: Path, timer: Timer) -> int:
    """Collect the one source of a project as a run does; opening the project is not timed."""
    from taihu.collect import Connections
    from taihu.core.clock import SystemClock
    from taihu.project.workspace import open_workspace
    from taihu.run.collecting import collect

    with open_workspace(folder, SystemClock()) as ws:
        (source,) = ws.tree.sources.values()

        def work() -> int:
            with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger) as connections:
                return collect(ws, source, connections.open(source)).landed

        return timer(work)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, without code of ours."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
