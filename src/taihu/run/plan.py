"""What a run would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from taihu.core.types import Span, Text
from taihu.run.execution import due_reports
from taihu.run.references import References

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a run would do, to which source or report, and why."""

    step: Literal["collect", "load", "report"]
    subject: str
    why: Text


def plan_of(ws: Workspace) -> list[Step]:
    """What is owed, what waits to be loaded, what reports are due."""
    steps: list[Step] = []
    for source in ws.tree.sources.values():
        owed = len(References(ws, source).open_debts()) if source.file.expect else 0
        why = Text(f"{owed} 项应到未到", f"{owed} open debts") if owed else Text("查看有无新文件", "look for new items")
        steps.append(Step("collect", source.name, why))
        waiting = len(ws.ledger.arrivals(source=source.name, states=("landed",)))
        if waiting:
            steps.append(Step("load", source.name, Text(f"{waiting} 个已收到、尚未入库", f"{waiting} landed, not yet loaded")))
    zone = ZoneInfo(ws.tree.file.time_zone)
    for due in due_reports(ws):
        when = f"{due.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
        steps.append(Step("report", due.report, Text(f"{due.span}，应于 {when} 发出", f"{due.span} due {when}")))
    return steps


def backfill_plan(ws: Workspace, span: Span, sources: Sequence[str] | None = None) -> list[Step]:
    """What a backfill would ask each source; nothing is contacted."""
    from taihu.collect import Connections, connector

    for name in sources or ():
        ws.tree.source(name)
    steps = []
    with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root) as connections:
        for name, source in ws.tree.sources.items():
            if (sources is not None and name not in sources) or not connector(source.file.collect.via).is_polled:
                continue
            known = len(ws.ledger.known_items(name))
            if connections.open(source).asks_for_days:
                en = f"ask for {span}; what came before is known ({known} items)"
                why = Text(f"重新索取 {span}；以前收到的 {known} 项不会重复", en)
            else:
                en = f"look at everything that is there, whatever its day; {known} items are known"
                why = Text(f"查看全部文件，不论日期；以前收到的 {known} 项不会重复", en)
            steps.append(Step("collect", name, why))
    return steps
