"""The ledger as tables: what reports and people query about arrivals, debts, holds and quarantine.

Exported as Delta tables when their content changed, so that a publication pins them like any other table and a report made
again later says the same about what was missing then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from taihu.check.scorecard import DIMENSIONS, Card, scorecard
from taihu.core.clock import instant_text
from taihu.core.types import Span
from taihu.ledger.records import Arrival, Expectation, winners_of
from taihu.run.date_table import CALENDAR, calendar_rows
from taihu.run.estimating import ESTIMATE, estimate_rows, estimates_written
from taihu.run.estimating import TABLE as ESTIMATES

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

EXPECTATION = pa.schema(
    [
        ("source", pa.string()),
        ("party", pa.string()),
        ("party_name", pa.string()),
        ("region_code", pa.string()),
        ("business_date", pa.date32()),
        ("due_at", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("arrival_id", pa.string()),
    ]
)
HOLD = pa.schema(
    [
        ("arrival_id", pa.string()),
        ("source", pa.string()),
        ("party", pa.string()),
        ("party_name", pa.string()),
        ("region_code", pa.string()),
        ("day_from", pa.date32()),
        ("day_to", pa.date32()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("row_count", pa.int64()),
        ("received_at", pa.string()),
        ("is_open", pa.bool_()),
    ]
)
ARRIVAL = pa.schema(
    [
        ("arrival_id", pa.string()),
        ("source", pa.string()),
        ("party", pa.string()),
        ("day_from", pa.date32()),
        ("day_to", pa.date32()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("row_count", pa.int64()),
        ("received_at", pa.string()),
        ("sequence", pa.int64()),
    ]
)

SCORE = pa.decimal128(5, 4)
SCORECARD = pa.schema(
    [
        ("source", pa.string()),
        ("day", pa.date32()),
        *(
            (name, pa.int64())
            for name in ("owed_count", "delivered_count", "on_time_count", "file_count", "row_count", "refused_row_count")
        ),
        *((name, SCORE) for name in DIMENSIONS),
    ]
)


def export(ws: Workspace) -> list[str]:
    """Write the ``ops`` tables whose content changed; returns their names."""
    names = PartyNames(ws)
    arrivals, debts, quarantine = ws.ledger.arrivals(), ws.ledger.expectations(), ws.ledger.quarantine_counts()
    cards = scorecard(arrivals, debts, quarantine, ZoneInfo(ws.tree.file.time_zone))
    written = []
    estimated = estimate_rows(ws, debts, names)
    for table, schema, rows in (
        *(((ESTIMATES, ESTIMATE, estimated),) if estimated is not None else ()),
        ("ops.expectation", EXPECTATION, _expectations(debts, names, arrivals)),
        ("ops.hold", HOLD, _holds(ws, names, arrivals, quarantine)),
        ("ops.arrival", ARRIVAL, _arrivals(arrivals)),
        ("ops.scorecard", SCORECARD, map(_scored, cards)),
        ("ops.calendar", CALENDAR, calendar_rows(ws.calendar, ws.tree.file.weeks, _calendar_span(ws))),
    ):
        data = pa.Table.from_pylist(list(rows), schema=schema)
        if ws.write_if_changed(table, data):
            written.append(table)
    if estimated is not None:
        estimates_written(ws, debts)
    return written


class PartyNames:
    """Names and regions of parties by their key, from every reference table that sources name as theirs."""

    def __init__(self, ws: Workspace) -> None:
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        for name in {source.file.party.in_ for source in ws.tree.sources.values() if source.file.party and source.file.party.in_}:
            key = ws.tree.sources[name].file.key[0]
            self._rows[name] = {str(row[key]): row for row in ws.clean_rows(f"clean.{name}").to_pylist()}
        self._reference = {source.name: source.file.party.in_ for source in ws.tree.sources.values() if source.file.party}
        self._titles = {source.name: source.file.title for source in ws.tree.sources.values()}
        expected = {source.name: source.file.expect for source in ws.tree.sources.values()}
        self._regions = {name: expect.where.get("region_code") for name, expect in expected.items() if expect is not None}

    def row(self, source: str, party: str) -> dict[str, Any]:
        return self._rows.get(self._reference.get(source) or "", {}).get(party, {})

    def name(self, source: str, party: str) -> str:
        row = self.row(source, party)
        found = next((str(row[column]) for column in row if column.endswith("_name") and row[column]), None)
        return found or (self._titles[source].zh if party == source else party)

    def region(self, source: str, party: str) -> str | None:
        """The party's region; of a party that could not be told, the one that all parties of the source are of."""
        value = self.row(source, party).get("region_code") or self._regions.get(source)
        return str(value) if value is not None else None


def _expectations(debts: Iterable[Expectation], names: PartyNames, arrivals: Sequence[Arrival]) -> Iterable[dict[str, Any]]:
    reasons = {arrival.id: arrival.reason for arrival in arrivals if arrival.state in ("held", "rejected")}
    for debt in debts:
        yield {
            "source": debt.source,
            "party": debt.party,
            "party_name": names.name(debt.source, debt.party),
            "region_code": names.region(debt.source, debt.party),
            "business_date": debt.day,
            "due_at": instant_text(debt.due_at),
            "state": debt.state,
            "reason": reasons.get(debt.arrival_id or "", ""),
            "arrival_id": debt.arrival_id,
        }


def _holds(
    ws: Workspace, names: PartyNames, arrivals: Sequence[Arrival], quarantine: Mapping[tuple[str, str], int]
) -> Iterable[dict[str, Any]]:
    """Held and rejected arrivals, and accepted ones with quarantined rows (a row per reason)."""
    by_source: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        by_source.setdefault(arrival.source, []).append(arrival)
    covered = {(source, *at): winner for source, own in by_source.items() for at, winner in winners_of(own).items()}
    winners = set(covered.values())
    for arrival in (arrival for arrival in arrivals if arrival.state in ("held", "rejected")):
        for scope in arrival.scopes or [None]:
            party = scope.party if scope else ""
            replaced = scope is not None and all((arrival.source, scope.party, day) in covered for day in scope.span.days())
            yield _hold_row(arrival, names, party, scope, arrival.reason, arrival.rows, is_open=not replaced)
    known = {arrival.id: arrival for arrival in arrivals}
    undecided = ws.ledger.undecided_counts() if quarantine else {}
    for (arrival_id, reason), count in sorted(quarantine.items()):
        arrival = known[arrival_id]
        if arrival.state == "accepted":
            scope = arrival.scopes[0] if arrival.scopes else None
            yield _hold_row(
                arrival,
                names,
                scope.party if scope else "",
                scope,
                reason,
                count,
                is_open=arrival.id in winners and (arrival_id, reason) in undecided,
            )


def _hold_row(arrival: Arrival, names: PartyNames, party: str, scope: Any, reason: str, rows: int, *, is_open: bool) -> dict[str, Any]:
    return {
        "arrival_id": arrival.id,
        "source": arrival.source,
        "party": party,
        "party_name": names.name(arrival.source, party) if party else "",
        "region_code": names.region(arrival.source, party),
        "day_from": scope.span.start if scope else None,
        "day_to": scope.span.end - dt.timedelta(days=1) if scope else None,
        "state": arrival.state,
        "reason": reason,
        "detail": arrival.detail if arrival.state != "accepted" else "",
        "row_count": rows,
        "received_at": instant_text(arrival.received_at or arrival.landed_at),
        "is_open": is_open,
    }


def _scored(card: Card) -> dict[str, Any]:
    counts = {"owed_count": card.owed, "delivered_count": card.delivered, "on_time_count": card.on_time, "file_count": card.files}
    rows = {"row_count": card.rows, "refused_row_count": sum(card.refused.values())}
    return {"source": card.source, "day": card.day, **counts, **rows, **{name: card.score(name) for name in DIMENSIONS}}


def _arrivals(arrivals: Sequence[Arrival]) -> Iterable[dict[str, Any]]:
    for arrival in arrivals:
        parties = sorted({scope.party for scope in arrival.scopes})
        yield {
            "arrival_id": arrival.id,
            "source": arrival.source,
            "party": parties[0] if len(parties) == 1 else None,
            "day_from": min((scope.span.start for scope in arrival.scopes), default=None),
            "day_to": max((scope.span.end - dt.timedelta(days=1) for scope in arrival.scopes), default=None),
            "state": arrival.state,
            "reason": arrival.reason,
            "row_count": arrival.rows,
            "received_at": instant_text(arrival.received_at or arrival.landed_at),
            "sequence": arrival.sequence,
        }


def _calendar_span(ws: Workspace) -> Span:
    """The years around the project's beginning: enough for every comparison that a report may ask for."""
    first = dt.date(ws.started_at.year - 1, 1, 1)
    return Span(first, dt.date(first.year + 3, 1, 1))
