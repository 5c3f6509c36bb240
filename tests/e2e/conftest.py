"""Some mornings of Company A, played once for all tests of the worker that gets the group ``company``."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.demo.play import DEFAULT_SEED, instant_of
from taihu.demo.setup import write_project
from taihu.demo.truth import Truth
from taihu.demo.world import WorldHandle, start_world
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import run

DAYS = [dt.date(2026, 9, day) for day in range(15, 23)]
RUN_ON = [dt.date(2026, 9, day) for day in (15, 21, 22)]  # the others are caught up


@dataclass(frozen=True, slots=True)
class Company:
    """The project as some mornings left it, and the world that it listens to, which stays up."""

    project: Path
    world: WorldHandle
    truth: Truth

    @property
    def last(self) -> dt.datetime:
        return instant_of(RUN_ON[-1])

    @property
    def as_of(self) -> str:
        return self.last.isoformat()

    def open(self, project: Path | None = None) -> AbstractContextManager[Workspace]:
        """The project (or a copy of it) as of its last morning."""
        return open_workspace(project or self.project, FixedClock(self.last))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    project = folder / "company_a"
    with start_world(DEFAULT_SEED, folder / "world", inbox=project / "inbox") as world:
        environment = write_project(project, world.accounts)
        os.environ.update(environment)
        clock = FixedClock(instant_of(DAYS[0]))
        with open_workspace(project, clock) as ws:
            for day in DAYS:
                world.morning(day)
                if day in RUN_ON:
                    clock.move_to(instant_of(day))
                    run(ws)
        yield Company(project, world, world.truth())
    for name in environment:
        os.environ.pop(name, None)
