"""What a run would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from taihu.run.execution import due_reports
from taihu.run.references import References

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


def plan_of(ws: Workspace) -> list[dict[str, str]]:
    """Steps with their subject and reason: what is owed, what waits to be loaded, what reports are due."""
    steps = []
    for source in ws.tree.sources.values():
        open_debts = References(ws, source).open_debts() if source.file.expect else []
        why = f"{len(open_debts)} open debts" if open_debts else "look for new items"
        steps.append({"step": "collect", "subject": source.name, "why": why})
        waiting = ws.ledger.arrivals(source=source.name, states=("landed",))
        if waiting:
            steps.append({"step": "load", "subject": source.name, "why": f"{len(waiting)} landed, not yet loaded"})
    zone = ZoneInfo(ws.tree.file.time_zone)
    for due in due_reports(ws):
        steps.append({"step": "report", "subject": due.report, "why": f"{due.span} due {due.due_at.astimezone(zone):%Y-%m-%d %H:%M}"})
    return steps
