"""One poke of the planner: collect, load, expect, match, build, publish. Doing it again with nothing new changes nothing.

Each source fails alone: its error becomes a ledger row and the rest goes on; the report is made in any case and says what
is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from taihu.core.errors import AccessRefused, TaihuError
from taihu.core.ids import derived_id
from taihu.core.types import Span
from taihu.ledger.records import Publication
from taihu.manifest.tree import Source
from taihu.run import operations
from taihu.run.ahead import ReadAhead
from taihu.run.aside import Aside
from taihu.run.collecting import collect_all
from taihu.run.delivering import send
from taihu.run.loading import Judged, in_order, judge, settle
from taihu.run.owing import judge_all
from taihu.run.planning import DueReport, due_report, due_update
from taihu.run.recorded import recorded
from taihu.run.reporting import Issued, begin, completeness_moved, is_finished, publish, publish_update
from taihu.run.settling import Settling

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


T = TypeVar("T")


@dataclass(slots=True)
class RunResult:
    """What one run did.

    Attributes:
        failed: Why a source or report failed, by name.
        paused: Reason code of those sources among them that wait for a person (``needs_human``) or a permission.
        waiting: How many files of a source are there and not finished.
    """

    landed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    paused: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    open_debts: int = 0
    open_holds: int = 0
    quarantined: int = 0

    @property
    def exit_code(self) -> int:
        """0 done, 3 finished but something failed to come, is late, missing, held or quarantined data."""
        return 3 if self.failed or self.open_debts or self.open_holds or self.quarantined else 0


def run(
    ws: Workspace,
    *,
    sources: Sequence[str] | None = None,
    reports: bool = True,
    due: bool = False,
    span: Span | None = None,
    aside: Aside | None = None,
) -> RunResult:
    """Bring everything up to date as of the workspace's clock.

    Args:
        sources: Only these sources are collected and loaded; None for all.
        reports: Publish the reports that are due.
        due: Only what is due: models wait until a report needs them, so that thirty pokes do not rewrite one month thirty times.
        span: Business days that the sources are asked for again (backfill).
        aside: Sets the reports' files and sends them while the caller goes on; None for all of it before this returns.
    """
    import pyarrow

    for name in sources or ():
        ws.tree.source(name)
    result = RunResult()
    _require_fitting_reports(ws)
    with ws.ledger.lease("run") as after_crash:
        if after_crash:
            ws.objects.sweep_orphans()
            ws.tables.sweep()
        wanted = in_load_order([source for name, source in ws.tree.sources.items() if sources is None or name in sources])
        ws.progress.stage("collect", len(wanted))
        for name, outcome in collect_all(ws, wanted, span).items():
            if outcome.landed or not outcome.problem:
                result.landed[name] = outcome.landed
            if outcome.problem:
                result.failed[name] = outcome.problem
            if outcome.paused:
                result.paused[name] = outcome.paused
            if outcome.waiting:
                result.waiting[name] = outcome.waiting
        if not ws.ledger.outcomes(step="start", subject="project"):
            ws.ledger.outcome("start", "project", status="done")
        _load(ws, wanted, result)
        judge_all(ws)
        ready = due_reports(ws) if reports else []
        updates = due_updates(ws) if reports else []
        if ready or updates or not due:
            result.tables += operations.export(ws)
            result.tables += build_tables(ws)
        if reports:
            _report(ws, ready, updates, result, aside)
        _count(ws, result)
        ws.ledger.outcome("run", "project", status="incomplete" if result.exit_code else "done", rows_in=sum(result.landed.values()))
    # Whoever plays run after run (``serve``, the demo) would keep the most that any of them needed.
    pyarrow.default_memory_pool().release_unused()
    return result


def _require_fitting_reports(ws: Workspace) -> None:
    """A report that does not fit its marts is said now, not on the morning of the report; asked again when a file changed."""
    if ws.is_checked:
        return
    models = {name: (model.sql, model.header.model_dump_json()) for name, model in ws.tree.models.items()}
    others = [
        [name, part.model_dump_json()] for group in (ws.tree.reports, ws.tree.glossary, ws.tree.feeds) for name, part in group.items()
    ]
    sources = {name: source.file.model_dump_json() for name, source in ws.tree.sources.items()}
    stamp = derived_id("fitting", models, others, sources, ws.tree.roles.model_dump_json())
    if ws.ledger.definition("run.fitting") != stamp:
        _ = ws.graph
        ws.ledger.stamps_set("run.fitting", {}, version=0, definition=stamp)


def in_load_order(sources: Sequence[Source]) -> list[Source]:
    """Reference tables before what is checked against them; otherwise by name."""
    return sorted(sources, key=lambda source: (source.file.load != "snapshot", source.file.party is not None, source.name))


def _load(ws: Workspace, sources: Sequence[Source], result: RunResult) -> None:
    ws.progress.stage("load")
    known = recorded(ws, [source.name for source in sources], state="nil")
    with ReadAhead(ws, in_order(sources, known)) as ahead, Settling(ws) as settling:
        for source in sources:
            judged = None
            with _failure_told(ws, source, result):
                judged = judge(ws, source, known[source.name], ahead)
            if judged is not None:
                settling.begin(judged, partial(_settle, ws, judged, result))


def _settle(ws: Workspace, judged: Judged, result: RunResult) -> None:
    with _failure_told(ws, judged.source, result):
        loaded = settle(ws, judged)
        for intake in loaded.intakes:
            result.decided[intake.state] = result.decided.get(intake.state, 0) + 1
        if loaded.version is not None:
            result.tables.append(judged.source.table)


@contextmanager
def _failure_told(ws: Workspace, source: Source, result: RunResult) -> Iterator[None]:
    """A source that cannot be loaded says so in result and ledger; the others go on."""
    try:
        yield
    except (AccessRefused, OSError) as error:
        result.failed[source.name] = str(error)
        ws.ledger.outcome("load", source.name, status="failed", detail=type(error).__name__)
    except TaihuError as error:
        result.failed[source.name] = error.what
        ws.ledger.outcome("load", source.name, status="failed", detail=error.what)
    except Exception as error:  # one source must not stop the others; the text of an unknown error could quote a cell
        result.failed[source.name] = type(error).__name__
        ws.ledger.outcome("load", source.name, status="failed", reason="reader_failed", detail=type(error).__name__)


def build_tables(ws: Workspace) -> list[str]:
    """Maps and models, as far as their inputs or definitions changed; returns the tables that got a new version."""
    stamp = _state_stamp(ws)
    if ws.ledger.definition("run.models") == stamp:
        return []
    from taihu.run.modelling import build_models, update_maps

    written = update_maps(ws)
    built = build_models(ws)
    for each in built:
        if each.status in ("held", "failed", "blocked"):
            ws.ledger.outcome("build", each.table, status=each.status, reason="rule_failed", detail=each.problem)
    if all(each.status in ("built", "same") for each in built):
        ws.ledger.stamps_set("run.models", {}, version=0, definition=stamp)
    return [*written, *(each.table for each in built if each.status == "built")]


def _state_stamp(ws: Workspace) -> str:
    """All that the models depend on: their own files, the versions of the tables below them, and what people said of matches."""
    from taihu.run.matching import decisions_stamp

    versions = {table: ws.tables.version(table) for table in ws.tables.names() if table.split(".")[0] in ("clean", "ops")}
    models = {name: (model.sql, model.header.model_dump_json()) for name, model in ws.tree.models.items()}
    feeds = {name: feed.model_dump_json() for name, feed in ws.tree.feeds.items()}
    return derived_id("state", versions, models, feeds, decisions_stamp(ws))


def due_reports(ws: Workspace) -> list[DueReport]:
    """Reports that should be out by now and are not."""
    zone = ZoneInfo(ws.tree.file.time_zone)
    found = []
    for name, report in ws.tree.reports.items():
        published = ws.ledger.publications(name)
        due = due_report(name, report, published=published, started_at=ws.started_at, now=ws.clock.now(), zone=zone, calendar=ws.calendar)
        if due is not None:
            found.append(due)
    return found


def due_updates(ws: Workspace) -> list[DueReport]:
    """Reports of today that may get a later version because data came after they went out."""
    zone = ZoneInfo(ws.tree.file.time_zone)
    found = []
    for name, report in ws.tree.reports.items():
        published = ws.ledger.publications(name)
        due = due_update(name, report, published=published, now=ws.clock.now(), zone=zone)
        if due is not None and (_rows_moved(ws, published[-1]) or completeness_moved(ws, published[-1])):
            found.append(due)
    return found


def _rows_moved(ws: Workspace, publication: Publication) -> bool:
    clean = [table for table in ws.tables.names() if table.startswith("clean.")]
    return any(ws.tables.version(table) != publication.tables.get(table) for table in clean)


def _report(ws: Workspace, ready: Sequence[DueReport], updates: Sequence[DueReport], result: RunResult, aside: Aside | None) -> None:
    """Finish what a crash left half done, then publish and send what is due; a report that fails does not stop the others."""
    ws.progress.stage("report")
    if aside is not None:
        aside.wait()
    for name in ws.tree.reports:
        for publication in ws.ledger.publications(name)[-1:]:
            if not is_finished(ws, publication):
                _attempted(ws, name, result, partial(_finish, ws, publication))
    issued: list[Issued] = []
    for due in ready:
        made = _attempted(ws, due.report, result, partial(publish, ws, due))
        issued += [made] if made else []
    for due in updates:
        issued += _attempted(ws, due.report, result, partial(publish_update, ws, due)) or []
    if aside is None:
        result.publications += _hand_over(ws, issued, result)
    else:
        result.publications += [each.publication for each in issued]
        aside.begin(partial(_hand_over, ws, issued, result, aside=True))


def _finish(ws: Workspace, publication: Publication) -> None:
    begin(ws, publication).finish()


def _hand_over(ws: Workspace, issued: Sequence[Issued], result: RunResult, *, aside: bool = False) -> list[Publication]:
    """Set, archive and send what was issued; gives what is out."""
    out: list[Publication] = []
    for each in issued:
        done = _attempted(ws, each.publication.report, result, partial(each.finish, aside=aside))
        out += [done] if done else []
    send(ws)
    return out


def _attempted(ws: Workspace, report: str, result: RunResult, work: Callable[[], T]) -> T | None:
    """Do one report's work; what goes wrong is told under the report's name, and the next run tries again."""
    try:
        return work()
    except (TaihuError, OSError) as error:
        what = error.what if isinstance(error, TaihuError) else f"{error.strerror or type(error).__name__}: {error.filename or ''}"
        result.failed[f"report {report}"] = str(error) if isinstance(error, TaihuError) else what
        ws.ledger.outcome("report", report, status="failed", reason="report_failed", detail=what)
        return None


def _count(ws: Workspace, result: RunResult) -> None:
    today = ws.clock.now()
    recent = today - dt.timedelta(days=14)
    # What is due now speaks for days of the last month or two, however old the project is.
    span = Span((recent - dt.timedelta(days=62)).date(), today.date() + dt.timedelta(days=2))
    debts = [debt for debt in ws.ledger.expectations(span=span) if debt.due_at > recent and debt.due_at <= today]
    result.open_debts = sum(1 for debt in debts if debt.state in ("late", "missing", "rejected", "held"))
    result.open_holds = len(ws.ledger.holds())
    counts = ws.ledger.undecided_counts()
    counting = {arrival.id for arrival in ws.ledger.arrivals(states=("accepted",), ids=sorted({arrival for arrival, _ in counts}))}
    result.quarantined = sum(count for (arrival, _), count in counts.items() if arrival in counting)
