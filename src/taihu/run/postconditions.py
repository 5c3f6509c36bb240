"""Is it what was asked for: the promises of a portal's download that only show once it has been read.

A portal answers 200 with an empty report when a filter was wrong, and with yesterday's when today's is not made yet. So a recipe says how
many rows a file must have and where it shows its period; a file that breaks the promise is rejected with its bytes kept, what is
owed stays owed, and the item counts as new again, so that the next run takes it once more. After a few runs that is over: a file
that could be read is held, for a person may know that it is right; one that could not stays rejected.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from taihu.core.types import FileRead, Span
from taihu.formats.patterns import match_pattern
from taihu.ledger.records import Arrival, ArrivalDecision
from taihu.manifest.portal import PeriodShown, Step
from taihu.manifest.tree import Source

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.project.workspace import Workspace

MOST_TRIES = 3
# Read, and not what was agreed: a person may still say that it is right.
BROKEN = frozenset({"too_few_rows", "wrong_period"})
# What came in place of a file that was asked for; a file that lies in a list is what the sender put there.
NOT_A_FILE = frozenset({"login_page", "empty_file", "wrong_kind", "no_table"})
_DATE = re.compile(r"(?<!\d)(\d{4})(?:[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})|(\d{2})(\d{2}))(?!\d)")


def broken_promise(source: Source, arrival: Arrival, file: FileRead, rows: pa.Table, refused: int) -> tuple[str, str] | None:
    """Reason and detail of why a file is not what its step asked for; None if it is, or if nothing was agreed.

    Args:
        rows: Its typed rows.
        refused: How many of its rows were refused.
    """
    step = _step_of(source, arrival)
    if step is None:
        return None
    count, wanted = rows.num_rows + refused, step.expect.rows
    if wanted.min is not None and count < wanted.min:
        return "too_few_rows", f"{count} rows where at least {wanted.min} were agreed"
    if wanted.max is not None and count > wanted.max:
        return "too_few_rows", f"{count} rows where at most {wanted.max} were agreed"
    asked = asked_span(arrival)
    if step.expect.period is None or asked is None:
        return None
    shown = _shown_span(step.expect.period, arrival, file, rows)
    if shown is None:
        return "wrong_period", f"no period was found where {asked} was asked for"
    inside = shown.start >= asked.start and shown.end <= asked.end
    if shown == asked or (inside and step.expect.period.found_in == "rows"):
        return None
    return "wrong_period", f"it speaks for {shown} where {asked} was asked for"


def asked_span(arrival: Arrival) -> Span | None:
    """The period that a portal was asked for when this came; None where none was."""
    start, _, last = arrival.meta.get("period", "").partition("..")
    if not start or arrival.meta.get("via") != "portal":
        return None
    return Span(dt.date.fromisoformat(start), dt.date.fromisoformat(last or start) + dt.timedelta(days=1))


def promises_period(source: Source, arrival: Arrival) -> bool:
    """Whether the file itself must show the period that was asked for: then bytes that came before, for another one, are looked at."""
    step = _step_of(source, arrival)
    return step is not None and step.expect.period is not None and asked_span(arrival) is not None


def try_again(ws: Workspace, source: Source) -> None:
    """Let the next run take once more what was rejected for not being what was asked for, and stop after a few times."""
    if source.portal is None:
        return
    for arrival in ws.ledger.items_rejected(source.name, BROKEN | NOT_A_FILE):
        if arrival.reason not in BROKEN and "period" not in arrival.meta:
            continue
        subject = f"{source.name}/{arrival.item_key}"
        before = ws.ledger.outcomes(step="again", subject=subject)
        if any(outcome.status == "given up" for outcome in before):
            continue
        given_up = len(before) + 1 >= MOST_TRIES
        with ws.ledger.together():
            if not given_up:
                ws.ledger.item_forgotten(source.name, arrival.item_key)
            elif arrival.reason in BROKEN:
                ws.ledger.arrivals_decided(source.name, [_held(arrival)])
            ws.ledger.outcome("again", subject, status="given up" if given_up else "forgotten", reason=arrival.reason)


def _held(arrival: Arrival) -> ArrivalDecision:
    return ArrivalDecision(
        arrival.id,
        "held",
        reason=arrival.reason,
        detail=arrival.detail,
        kind=arrival.kind,
        layout=arrival.layout,
        scopes=arrival.scopes,
        header_cells=arrival.header_cells,
        totals=arrival.totals,
    )


def _step_of(source: Source, arrival: Arrival) -> Step | None:
    """The step of the recipe that an arrival came from; None if the recipe has none like it any more."""
    steps = source.portal.steps if source.portal is not None else ()
    return next((step for step in steps if step.collects and step.label == arrival.meta.get("step")), None)


def _shown_span(rule: PeriodShown, arrival: Arrival, file: FileRead, rows: pa.Table) -> Span | None:
    if rule.found_in == "rows":
        if "business_date" not in rows.column_names:
            return None
        days = [day for day in rows.column("business_date").to_pylist() if day is not None]
        return Span(min(days), max(days) + dt.timedelta(days=1)) if days else None
    text = arrival.name if rule.found_in == "file name" else file.cells.get(rule.cell or "", "")
    if rule.pattern:
        found = match_pattern(rule.pattern, text)
        return found.span if found else None
    try:
        dates = [dt.date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5])) for match in _DATE.finditer(text)]
    except ValueError:
        return None
    return Span(dates[0], dates[-1] + dt.timedelta(days=1)) if dates and dates[0] <= dates[-1] else None
