"""What a re-sent file changed: which rows are new, how many are gone, and which arrival it replaced.

A re-send is an everyday case, not a fault; but a figure that was published may move with it, so the ledger says where.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from taihu.core.types import Note
from taihu.ledger.records import ArrivalDecision
from taihu.run.intake import Intake

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PLACES = 50
PROVENANCE = ("_src_id", "_src_row", "_month", "dq_flags")
Winners = Mapping[tuple[str, dt.date], str]


def with_resend_notes(intakes: Sequence[Intake], replaced: pa.Table | None, winners: Winners, party: str | None) -> list[Intake]:
    """The intakes with a note for each row that differs from what the same party and days held before.

    Each intake is compared with what counted just before it: rows of earlier runs, or of an earlier file of the same batch.

    Args:
        replaced: Rows of the clean table that the intakes take the place of.
        winners: Arrival of each party and day before them.
        party: Column of the party in the rows; None if the source is its own.
    """
    accepted = [intake for intake in intakes if intake.state == "accepted" and intake.rows is not None]
    if not accepted:
        return list(intakes)
    names = [name for name in accepted[0].rows.column_names if name not in PROVENANCE]  # type: ignore[union-attr]
    before = _Before(names, party, [] if replaced is None else [replaced])
    counting = dict(winners)
    noted = []
    for intake in intakes:
        if intake.state == "accepted" and intake.rows is not None:
            noted.append(_noted(intake, before, names, counting, party))
            before.rows.append(intake.rows)
            counting |= {(scope.party, day): intake.arrival.id for scope in intake.scopes for day in scope.span.days()}
        else:
            noted.append(intake)
    return noted


@dataclass(slots=True)
class _Before:
    """Rows by party and day as they were before an intake, counted only when an intake speaks for what was spoken for."""

    names: Sequence[str]
    party: str | None
    rows: list[pa.Table]
    _counted: dict[tuple[str, dt.date | None], Counter[tuple[Any, ...]]] = field(default_factory=dict)

    def counted(self) -> Mapping[tuple[str, dt.date | None], Counter[tuple[Any, ...]]]:
        for table in self.rows:
            self._counted |= _by_scope(table, self.names, self.party)
        self.rows.clear()
        return self._counted


def _scope_of(row: Mapping[str, Any], party: str | None) -> tuple[str, dt.date | None]:
    return (str(row[party]) if party else "", row.get("business_date"))


def _by_scope(rows: pa.Table, names: Sequence[str], party: str | None) -> dict[tuple[str, dt.date | None], Counter[tuple[Any, ...]]]:
    found: dict[tuple[str, dt.date | None], Counter[tuple[Any, ...]]] = {}
    for row in rows.to_pylist():
        found.setdefault(_scope_of(row, party), Counter())[tuple(row.get(name) for name in names)] += 1
    return found


def _noted(
    intake: Intake,
    before: _Before,
    names: Sequence[str],
    winners: Winners,
    party: str | None,
) -> Intake:
    days = {(scope.party, day) for scope in intake.scopes for day in scope.span.days()} & set(winners)
    if not days or intake.rows is None:
        return intake
    touched: set[tuple[str, dt.date | None]] = {(name if party else "", day) for name, day in days}
    left: dict[tuple[str, dt.date | None], Counter[tuple[Any, ...]]]
    left = {scope: Counter(rows) for scope, rows in before.counted().items() if scope in touched}
    fresh = []
    for row in intake.rows.to_pylist():
        scope = _scope_of(row, party)
        rows = left.get(scope)
        if rows is None:
            if scope in touched:
                fresh.append(str(row["_src_row"]))
            continue
        values = tuple(row.get(name) for name in names)
        if rows[values] > 0:
            rows[values] -= 1
        else:
            fresh.append(str(row["_src_row"]))
    gone = sum(count for rows in left.values() for count in rows.values())
    earlier = ", ".join(sorted({winners[day][:8] for day in days}))
    if not fresh and not gone:
        return replace(intake, notes=[*intake.notes, Note("replaced", detail=f"says the same as {earlier}")])
    detail = f"{len(fresh)} new rows, {gone} no longer there, against {earlier}"
    places = [Note("restated", position, detail=detail) for position in fresh[:MOST_PLACES]] or [Note("restated", detail=detail)]
    return replace(intake, notes=[*intake.notes, *places])


def replaced_arrivals(intakes: Sequence[Intake], winners: Winners, claims: Winners) -> list[ArrivalDecision]:
    """Decisions on arrivals, earlier ones and new ones, that do not count for any party and day any more.

    Args:
        winners: Arrival of each party and day before.
        claims: Arrival of each party and day that the intakes speak for.
    """
    after = {**winners, **claims}
    new = {intake.arrival.id for intake in intakes if intake.state in ("accepted", "nil") and intake.scopes}
    gone = (set(winners.values()) | new) - set(after.values())
    return [ArrivalDecision(arrival, "superseded", reason="replaced") for arrival in sorted(gone)]
