"""The kill soak: what a power cut at any instant leaves behind is healed by the next run.

Two projects listen to one simulated company. One is left in peace; the other is killed with ``kill -9`` several times a morning, half
of the times at named boundaries (just before and after an fsync, rename or commit), half at random instants, before its
run of that morning may end. In the end both must hold the same rows, arrivals and figures.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taihu.core.clock import FixedClock
from taihu.demo.play import instant_of
from taihu.demo.setup import write_project
from taihu.demo.world import WorldHandle
from taihu.project.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[2]
PASSES = 3  # so often a morning is played when its runs end before enough kills came
FIRST_KILLS = ("keyring.before_rename", "keyring.renamed")
RARE = ("vault.before_commit", "vault.committed", "publication.before")
NEAR = 0.25  # a random kill comes within this share of an undisturbed run, counted from its first boundary
A_MORNING = 12  # kills a morning at least, while any are wanted: a holiday's short runs leave room for few


@dataclass(frozen=True, slots=True)
class Ended:
    """How one ``taihu run`` ended.

    Attributes:
        code: Exit code; -9 when killed.
        seconds: Wall time; ``at_work`` of it after the first boundary, so without the start of the interpreter.
        passed: Boundaries, in order.
        group: Process group of the run and its children.
    """

    code: int
    seconds: float
    at_work: float
    cpu: float
    passed: tuple[str, ...]
    said: str
    group: int

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(slots=True)
class Tally:
    """What a soak did."""

    mornings: int = 0
    boundary: Counter[str] = field(default_factory=Counter)
    instant: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    rows: int = 0
    tables: int = 0
    arrivals: int = 0
    figures: int = 0
    orphans: int = 0
    compared: int = 0

    @property
    def kills(self) -> int:
        return self.boundary.total() + self.instant.total()


def run_once(
    project: Path, day: dt.date, environment: Mapping[str, str], *, kill_at: str = "", kill_after: float | None = None, hour: int = 8
) -> Ended:
    """One ``taihu run`` in a process of its own, killed at a boundary, some seconds after its first boundary, or not at all."""
    log = project.parent / f"{project.name}.boundaries"
    log.unlink(missing_ok=True)
    at = instant_of(day).replace(hour=hour).isoformat()
    command = [sys.executable, "-m", "taihu", "run", "-p", str(project), "--as-of", at, "--json"]
    variables = {**os.environ, **environment, "PYTHONPATH": str(ROOT / "src"), "TAIHU_BOUNDARY_LOG": str(log), "TAIHU_KILL_AT": kill_at}
    started, before = time.monotonic(), os.times()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env=variables, stdout=said, stderr=said, text=True, start_new_session=True)
        while process.poll() is None and not log.exists():
            time.sleep(0.01)
        at_work = time.monotonic()
        try:
            process.wait(timeout=300 if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.seek(0)
        text = said.read()
    ended, after = time.monotonic(), os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    passed = tuple(log.read_text().split()) if log.exists() else ()
    return Ended(process.returncode, ended - started, ended - at_work, cpu, passed, text, process.pid)


class Soak:
    """Two projects on one world; :meth:`morning` after :meth:`morning`, then :meth:`compare`.

    Args:
        folder: Room for both projects.
        world: The running company; its shared folder must be ``folder/peace/inbox``.
        kills: How many kills there shall be in all.
        seed: Chooses instants and boundaries.
    """

    def __init__(self, folder: Path, world: WorldHandle, *, kills: int, seed: int) -> None:
        self.world = world
        self.wanted = kills
        self.tally = Tally()
        self.peace, self.war = folder / "peace", folder / "war"
        self.environment = write_project(self.peace, world.accounts)
        write_project(self.war, world.accounts)
        shutil.rmtree(self.war / "inbox")
        (self.war / "inbox").symlink_to(self.peace / "inbox", target_is_directory=True)
        self._random = random.Random(seed)
        self._last: dt.date | None = None
        self._groups: list[int] = []

    def morning(self, day: dt.date, *, mornings_left: int) -> str:
        """Play one morning in both projects; says what happened."""
        self.world.morning(day)
        if self._last is None:
            self._first_kills(day)
            shutil.copytree(self.war / "keys", self.peace / "keys", dirs_exist_ok=True)
        undisturbed = run_once(self.peace, day, self.environment)
        if undisturbed.code not in (0, 3):
            raise AssertionError(f"the undisturbed run of {day} ended with {undisturbed.code}:\n{undisturbed.said}")
        quota = max(-(-(self.wanted - self.tally.kills) // mornings_left), A_MORNING)
        killed = self._disturb(day, undisturbed, quota)
        healed = run_once(self.war, day, self.environment)
        if healed.code not in (0, 3):
            raise AssertionError(f"the run of {day} after {killed} kills ended with {healed.code}:\n{healed.said}")
        self._last = day
        self.tally.mornings += 1
        return f"{day}: {killed} kills, undisturbed run {undisturbed.seconds:.1f} s, exit {undisturbed.code}"

    def _first_kills(self, day: dt.date) -> None:
        """A keyring is made once in a project's life: there the first two kills fall."""
        for name in FIRST_KILLS:
            self._count(run_once(self.war, day, self.environment, kill_at=f"{name}:1"), name)
        ended = run_once(self.war, day, self.environment, kill_at="ledger.committed:1")
        self._count(ended, "ledger.committed")

    def _disturb(self, day: dt.date, undisturbed: Ended, quota: int) -> int:
        """Kill runs of one morning one after the other.

        A run that ends before its kill comes has done the morning's work: it is compared with the undisturbed project at once, and
        the morning begins again from a copy.
        """
        before = self.tally.kills
        copy = self.war.with_name("before")
        shutil.copytree(self.war, copy, symlinks=True)
        passes = place = 0
        while self.tally.kills - before < quota and self.tally.kills < self.wanted and passes < PASSES:
            ended = self._kill_once(day, undisturbed, place / quota)
            place += 1
            if ended.was_killed:
                continue
            if ended.code not in (0, 3):
                raise AssertionError(f"a run of {day} that was not killed ended with {ended.code}:\n{ended.said}")
            passes += 1
            place = 0
            if self.tally.kills > before and passes < PASSES:
                self._compare(day)
                shutil.rmtree(self.war)
                shutil.copytree(copy, self.war, symlinks=True)
        shutil.rmtree(copy)
        return self.tally.kills - before

    def _kill_once(self, day: dt.date, undisturbed: Ended, progress: float) -> Ended:
        """A run that is killed at a boundary or at a random instant, whichever came less often so far."""
        if self.tally.boundary.total() <= self.tally.instant.total():
            name = self._boundary(undisturbed.passed, progress)
            count = 1 if name in RARE else self._random.randint(1, 8)
            ended = run_once(self.war, day, self.environment, kill_at=f"{name}:{count}")
        else:
            name, instant = "", self._random.random() * undisturbed.at_work * NEAR
            ended = run_once(self.war, day, self.environment, kill_after=instant)
        self._count(ended, name)
        return ended

    def _boundary(self, passed: Sequence[str], progress: float) -> str:
        """The boundary that was hit least among those that lie about as far in the run as the morning has come."""
        low = int(len(passed) * min(progress, 0.9))
        near = sorted(set(passed[low : low + len(passed) // 3 + 1])) or ["ledger.committed"]
        return min(near, key=lambda name: (self.tally.boundary[name], self._random.random()))

    def _count(self, ended: Ended, name: str) -> None:
        if not ended.was_killed:
            return
        self._groups.append(ended.group)
        if name:
            self.tally.boundary[name] += 1
        else:
            self.tally.instant[ended.passed[-1] if ended.passed else "(before the first)"] += 1

    def _compare(self, day: dt.date) -> None:
        with self._both(day) as (peace, war):
            self.tally.differences += [f"{day}: {line}" for line in differences(peace, war)]
            self.tally.compared += 1

    @contextmanager
    def _both(self, day: dt.date) -> Iterator[tuple[Workspace, Workspace]]:
        clock = FixedClock(instant_of(day))
        with open_workspace(self.peace, clock) as peace, open_workspace(self.war, clock) as war:
            yield peace, war

    def compare(self) -> Tally:
        """Compare both projects; differences are listed in the tally."""
        assert self._last is not None
        self._compare(self._last)
        with self._both(self._last) as (peace, war):
            names = peace.tables.names()
            self.tally.tables = len(names)
            self.tally.rows = sum(peace.tables.row_count(name) for name in names)
            self.tally.arrivals = len(peace.ledger.arrivals())
            self.tally.figures = sum(len(peace.ledger.figures(publication.id)) for publication in peace.ledger.publications())
            self.tally.orphans = len(orphans(war))
        left = survivors(self._groups)
        if left:
            self.tally.differences.append(f"children of {len(left)} killed runs are still alive")
        return self.tally


def survivors(groups: Sequence[int], patience: float = 10) -> list[int]:
    """Process groups in which something still runs after a while; they are ended."""
    until = time.monotonic() + patience
    left = list(groups)
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left = [group for group in left if _lives(group)]
    for group in left:
        os.killpg(group, signal.SIGKILL)
    return left


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# what must be equal ------------------------------------------------------------------------------------------------------


def differences(peace: Workspace, war: Workspace) -> list[str]:
    """Everything in which the killed project is not like the undisturbed one."""
    return [*table_differences(peace, war), *ledger_differences(peace, war), *report_differences(peace, war)]


def rows_of(ws: Workspace, table: str) -> list[tuple[tuple[str, str], ...]]:
    """All rows of a table as pairs of column and text."""
    data = ws.tables.read(table)
    names = sorted(data.column_names)
    return [tuple((name, str(row[name])) for name in names) for row in data.select(names).to_pylist()]


def _change(ours: Counter[Any], theirs: Counter[Any]) -> str:
    """How many rows were lost and gained; for the most alike of both, the fields in which they differ."""
    lost, gained = ours - theirs, theirs - ours
    text = f"{lost.total()} rows lost, {gained.total()} rows gained"
    pairs = [(len(set(one) ^ set(other)), one, other) for one in list(lost)[:50] for other in list(gained)[:50]]
    if not pairs:
        return f"{text}, such as {next(iter(lost or gained))}"[:500]
    _, one, other = min(pairs, key=lambda pair: pair[0])
    return f"{text}; {sorted(set(one) - set(other))} became {sorted(set(other) - set(one))} in {one[:3]}"[:900]


def table_differences(peace: Workspace, war: Workspace) -> Iterator[str]:
    """Tables, columns and rows (business columns, ``_src_row`` and ``_src_id``) that differ, and rows that are there twice."""
    if peace.tables.names() != war.tables.names():
        yield f"tables: {sorted(set(peace.tables.names()) ^ set(war.tables.names()))}"
    for table in sorted(set(peace.tables.names()) & set(war.tables.names())):
        if sorted(peace.tables.schema(table).names) != sorted(war.tables.schema(table).names):
            yield f"{table}: columns differ"
            continue
        ours, theirs = Counter(rows_of(peace, table)), Counter(rows_of(war, table))
        if ours != theirs:
            yield f"{table}: {_change(ours, theirs)}"
        if table.startswith("clean."):
            data = war.tables.read(table)
            places = Counter(zip(data["_src_id"].to_pylist(), data["_src_row"].to_pylist(), strict=True))
            twice = [place for place, count in places.items() if count > 1]
            if twice:
                yield f"{table}: {len(twice)} rows twice, such as {twice[0]}"


def _records(values: Sequence[Any], *without: str) -> Counter[str]:
    return Counter(
        tuple((item.name, repr(getattr(value, item.name))) for item in dataclasses.fields(value) if item.name not in without)
        for value in values
    )


def _cursors(ws: Workspace) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter((("source", name), ("cursor", str(ws.ledger.cursor(name)))) for name in ws.tree.sources)


def ledger_differences(peace: Workspace, war: Workspace) -> Iterator[str]:
    """Arrivals, expectations, holds, quarantine, notes and stamps that differ."""
    pairs = {
        "arrivals": [_records(ws.ledger.arrivals(), "sequence") for ws in (peace, war)],
        "expectations": [_records(ws.ledger.expectations()) for ws in (peace, war)],
        "holds": [_records(ws.ledger.holds(open_only=False)) for ws in (peace, war)],
        "quarantine": [_records(ws.ledger.quarantined()) for ws in (peace, war)],
        "notes": [_records(ws.ledger.notes()) for ws in (peace, war)],
        "cursors": [_cursors(ws) for ws in (peace, war)],
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{what}: {_change(ours, theirs)}"
    missing = [arrival.id for arrival in war.ledger.arrivals() if not war.objects.exists(arrival.sha256)]
    if missing:
        yield f"objects: {len(missing)} arrivals without their bytes"
    unfinished = list((war.root / "lake").rglob(".part-*"))
    if unfinished:
        yield f"lake: {len(unfinished)} unfinished files, such as {unfinished[0].name}"


def report_differences(peace: Workspace, war: Workspace) -> Iterator[str]:
    """Publications, their figures and files that differ; ids are left out, for they name table versions."""
    ours, theirs = (
        [(p.report, str(p.span), p.version, p.issued_at, p.complete, p.reviewed) for p in ws.ledger.publications()] for ws in (peace, war)
    )
    if ours != theirs:
        yield f"publications: {sorted(set(ours) ^ set(theirs))}"
        return
    for first, second in zip(peace.ledger.publications(), war.ledger.publications(), strict=True):
        mine, other = ({output.name: output for output in ws.ledger.outputs(p.id)} for ws, p in ((peace, first), (war, second)))
        if mine.keys() != other.keys():
            yield f"{first.report} {first.span}: files {sorted(mine.keys() ^ other.keys())}"
        for name in mine.keys() & other.keys():
            delivered = war.output / second.report / str(second.span) / name
            content = war.objects.get(other[name].sha256)
            if not delivered.is_file() or delivered.read_bytes() != content:
                yield f"{name}: the file that was handed over is not the archived one"
            if name.endswith(".json"):
                left, right = figures_in(peace.objects.get(mine[name].sha256)), figures_in(content)
                if left != right:
                    yield f"{name}: figures differ"


def figures_in(content: bytes) -> Any:
    """An archived figure set without ids."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in ("id", "publication", "since")}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return plain(json.loads(content))


def orphans(ws: Workspace) -> list[str]:
    """Sealed objects that nothing refers to: fetched, then killed before the ledger knew; harmless, swept by maintenance."""
    known = {arrival.sha256 for arrival in ws.ledger.arrivals()}
    for publication in ws.ledger.publications():
        known |= {output.sha256 for output in ws.ledger.outputs(publication.id)}
    return [name for name in ws.objects.names() if name not in known]
