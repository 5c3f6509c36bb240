"""The demo's loop: 28 mornings of the simulated company through the ordinary pipeline, then documents and the score.

The world (servers, senders, truth) is another process that this one reaches only through mail, SFTP, HTTP and the ERP's
database, as it would reach a real company. The truth is opened by the world after the last morning, not before.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from taihu.core.clock import FixedClock
from taihu.core.errors import TerminalError
from taihu.core.progress import Progress
from taihu.demo.score import Score, score
from taihu.demo.setup import write_project
from taihu.demo.world import start_world
from taihu.project.workspace import Workspace, open_workspace
from taihu.run import documenting
from taihu.run.aside import Aside
from taihu.run.execution import RunResult, run

DEFAULT_SEED = 20261012
FIRST, LAST = dt.date(2026, 9, 15), dt.date(2026, 10, 12)
MISSED = frozenset({dt.date(2026, 9, 23)})
AT = dt.time(8, 30)
ZONE = ZoneInfo("Asia/Shanghai")


class DemoProgress(Progress, Protocol):
    """Progress that also counts mornings."""

    def advance(self, title: str, line: str) -> None:
        """One morning is done."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """What the demo leaves: its project, its files worth opening, its score."""

    project: Path
    files: list[Path]
    score: Score
    environment: Mapping[str, str]


def mornings() -> list[dt.date]:
    """The 28 calendar mornings of the demo."""
    return [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def instant_of(day: dt.date) -> dt.datetime:
    """When the planner is poked on a morning."""
    return dt.datetime.combine(day, AT, ZONE)


@contextmanager
def play(
    folder: Path, *, seed: int, faults: bool, documents: bool, progress: DemoProgress, random_company: bool = False
) -> Iterator[Played]:
    """Play all mornings in ``folder``; the world's servers stay up while the caller is inside.

    Args:
        seed: Chooses what happens, and with ``random_company`` the company's shape and the rate of faults as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".taihu-demo").write_text("made by taihu demo; it may be deleted\n", encoding="utf-8")
    inbox = folder / "company_a" / "inbox"
    with start_world(seed, folder / "world", faults, inbox=inbox, random_company=random_company) as world:
        _load_libraries()
        project = folder / "company_a"
        environment = write_project(project, world.accounts)
        os.environ.update(environment)
        clock = FixedClock(instant_of(FIRST))
        watched = _Watched(progress)
        with open_workspace(project, clock, progress=watched) as ws:
            results: list[RunResult] = []
            with Aside() as aside:
                for day in mornings():
                    delivered = world.morning(day)
                    watched.collected = partial(world.begin_morning, day + dt.timedelta(days=1)) if day < LAST else _nothing
                    clock.move_to(instant_of(day))
                    if day in MISSED:
                        progress.advance(f"{day:%m-%d}", "missed: nobody ran the pipeline")
                        continue
                    results.append(run(ws, due=True, aside=aside))
                    progress.advance(f"{day:%m-%d}", line_of(results[-1], delivered))
            _require_reports(results)
            ws.rest()
            result = score(ws, world.truth())
            (project / documenting.SCORE).write_text(json.dumps(result.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            files = _documents(ws, progress) if documents else []
        yield Played(project, [*_reports(project), *files], result, environment)


def _require_reports(results: Iterable[RunResult]) -> None:
    """Reports are set beside the next morning, so that what went wrong there is known when all is over."""
    failed = {name: what for result in results for name, what in result.failed.items() if name.startswith("report ")}
    if failed:
        raise TerminalError("; ".join(f"{name}: {what}" for name, what in failed.items()))


def _nothing() -> None:
    pass


@dataclass(slots=True)
class _Watched:
    """Passes progress on, and tells as soon as a morning's files are collected."""

    progress: Progress
    collected: Callable[[], None] = _nothing

    def stage(self, name: str, total: int | None = None) -> None:
        if name == "load":
            self.collected()
        self.progress.stage(name, total)

    def step(self, what: str) -> None:
        self.progress.step(what)


def _load_libraries() -> None:
    """Load what the mornings need while the world is made beside."""
    for name in ("duckdb", "deltalake", "pyarrow.compute", "pyarrow.parquet", "sqlalchemy", "sqlglot", "paramiko", "imap_tools"):
        import_module(name)


def line_of(result: RunResult, delivered: int) -> str:
    """What one morning did, in one line."""
    reports = ", ".join(f"{publication.report} {publication.span}" for publication in result.publications)
    decided = ", ".join(f"{count} {state}" for state, count in sorted(result.decided.items()))
    failed = f"; failed: {', '.join(sorted(result.failed))}" if result.failed else ""
    return f"{delivered} sent, {sum(result.landed.values())} landed ({decided}){failed}" + (f" -> {reports}" if reports else "")


def _documents(ws: Workspace, progress: Progress) -> list[Path]:
    progress.stage("docs")
    folder = ws.root / "generated"
    documenting.write(folder, documenting.generate(ws))
    return sorted(path for path in folder.rglob("*") if path.suffix in (".pdf", ".pptx", ".svg", ".md", ".html"))


def _reports(project: Path) -> list[Path]:
    """Files of the newest daily and weekly report for everybody."""
    found: list[Path] = []
    for report in sorted((project / "out").glob("*")):
        newest = sorted(folder for folder in report.iterdir() if folder.is_dir())[-1:]
        found += [path for folder in newest for path in sorted(folder.glob("*_all_*"))]
    return found
