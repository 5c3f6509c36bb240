"""The arrival matrix: each party and business day with its state, its versions, and who let it off.

The ledger holds what the last run judged; what only time has changed since is judged here, so that an hour after the deadline
nobody is told that a file is not due yet.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.core.types import Span
from taihu.ledger.records import Decision, Expectation
from taihu.run.operations import PartyNames
from taihu.run.owing import judge_now

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

_At = tuple[str, str, dt.date]


@dataclass(frozen=True, slots=True)
class Cell:
    """One party and day.

    Attributes:
        versions: How many usable files have spoken for it; all but the last one are superseded.
        waiting: Hold of a newer file that waits for a decision while an older one counts; empty if there is none.
        waiver: The decision that lets the party off; None unless the day is waived.
    """

    debt: Expectation
    versions: int = 0
    waiting: str = ""
    waiver: Decision | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One column: ``holiday`` is the name of the holiday that a day off, or a make-up workday, belongs to."""

    day: dt.date
    is_workday: bool
    is_makeup: bool
    holiday: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells by source, party and day; ``parties`` holds the names of those that have one beside their key."""

    span: Span
    days: Sequence[Day]
    cells: Sequence[Cell]
    parties: Mapping[tuple[str, str], str]


def matrix(ws: Workspace, span: Span, source: str | None = None) -> Matrix:
    """The arrival matrix of one source or of all.

    Args:
        span: Business days, the columns.
    """
    debts = {(debt.source, debt.party, debt.day): debt for debt in ws.ledger.expectations(source=source, span=span)}
    if ws.ledger.outcomes(step="start", subject="project"):
        judged = judge_now(ws, None if source is None else [source])
        debts |= {(debt.source, debt.party, debt.day): debt for debt in judged if debt.day in span}
    names = [source] if source is not None else sorted({name for name, _, _ in debts})
    versions, waiting = _files(ws, names, span)
    waivers = {(name, *at): decision for name, days in ws.ledger.waivers(names).items() for at, decision in days.items()}
    cells = [
        Cell(
            debt,
            versions[at],
            waiting.get(at, "") if debt.state in ("arrived", "late", "nil") else "",
            waivers.get(at) if debt.state == "waived" else None,
        )
        for at, debt in sorted(debts.items())
    ]
    known = PartyNames(ws)
    pairs = {(debt.source, debt.party) for debt in debts.values() if debt.party != debt.source}
    calendar = ws.calendar
    days = [Day(day, calendar.is_workday(day), calendar.is_makeup_workday(day), calendar.name(day)) for day in span.days()]
    return Matrix(span, days, cells, {pair: known.name(*pair) for pair in pairs})


def _files(ws: Workspace, sources: Sequence[str], span: Span) -> tuple[Counter[_At], dict[_At, str]]:
    """How many usable versions each party and day has, and the newest hold after the last of them."""
    versions: Counter[_At] = Counter()
    waiting: dict[_At, str] = {}
    for name in sources:
        holds = {hold.arrival_id: hold.id for hold in ws.ledger.holds(source=name)}
        arrivals = sorted(ws.ledger.arrivals(source=name), key=lambda arrival: (arrival.received_at, arrival.sequence))
        for arrival in arrivals:
            usable = arrival.state in ("accepted", "nil") or (arrival.state == "superseded" and arrival.reason == "replaced")
            hold = holds.get(arrival.id, "")
            if not usable and not hold:
                continue
            for at in {(name, scope.party, day) for scope in arrival.scopes for day in scope.span.days() if day in span}:
                if usable:
                    versions[at] += 1
                    waiting.pop(at, None)
                else:
                    waiting[at] = hold
    return versions, waiting
