"""Estimates of days that are owed and not there: a table beside the facts, with method and interval, closed when the file comes.

No fact, feed or measure reads them. A row is made when a day turns out to be missing, held or rejected, and made anew for a week, since
more of the other parties report in that time; from then on it stays as it is until something is accepted for the day, or nobody
owes it any more.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from taihu.check.estimates import Estimate, estimates
from taihu.core.clock import instant_text
from taihu.engine.types import quoted, text_literal
from taihu.ledger.records import Expectation
from taihu.manifest.source import EstimateRule
from taihu.manifest.tree import Source
from taihu.manifest.words import parse_duration, parse_share
from taihu.model.inputs import party_key

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.operations import PartyNames

TABLE = "ops.estimate"
GAPS = ("missing", "held", "rejected")
_KNOWN = ("arrived", "late", "nil")
_MADE_ANEW = dt.timedelta(days=7)
_CENT = Decimal("0.01")
_AMOUNT = pa.decimal128(18, 2)
ESTIMATE = pa.schema(
    [
        ("source", pa.string()),
        ("party", pa.string()),
        ("party_name", pa.string()),
        ("region_code", pa.string()),
        ("business_date", pa.date32()),
        ("estimated_column", pa.string()),
        ("unit", pa.string()),
        ("tax_basis", pa.string()),
        ("amount", _AMOUNT),
        ("lower_amount", _AMOUNT),
        ("upper_amount", _AMOUNT),
        ("within", pa.decimal128(5, 4)),
        ("method", pa.string()),
        ("day_count", pa.int64()),
        ("created_at", pa.string()),
        ("replaced_on", pa.date32()),
        ("replaced_by", pa.string()),
    ]
)
Row = dict[str, Any]
Place = tuple[str, str, dt.date]


def estimate_rows(ws: Workspace, debts: Sequence[Expectation], names: PartyNames) -> list[Row] | None:
    """The table as of now; None for a project in which nothing is estimated.

    Args:
        debts: All that is owed, as judged by this run.
    """
    rules = {name: source.file.estimate for name, source in ws.tree.sources.items() if source.file.estimate is not None}
    if not rules:
        return None
    today = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone)).date()
    before = ws.tables.read(TABLE).to_pylist() if ws.tables.exists(TABLE) else []
    states = {(debt.source, debt.party, debt.day): debt for debt in debts if debt.source in rules}
    open_before = {(*_place(row), str(row["estimated_column"])): row for row in open_estimates(before)}
    rows = [row for row in before if row["replaced_on"] is not None]
    for (source, party, day, column), row in open_before.items():
        debt = states.get((source, party, day))
        if debt is None or debt.state not in GAPS:
            rows.append(_replaced(row, debt, today))
        elif debt.day < today - _MADE_ANEW or column not in rules[debt.source].of:
            rows.append(row)
    kept = {(*_place(row), str(row["estimated_column"])) for row in open_estimates(rows)}
    for (source, column), group in _groups(ws, rules).items():
        gaps = [at for at, debt in states.items() if at[0] == source and debt.state in GAPS and (*at, column) not in kept]
        if gaps:
            made = _estimated(ws, group, column, gaps, states)
            rows += [_row(ws, names, at, column, estimate, open_before.get((*at, column))) for at, estimate in made.items()]
    return sorted(rows, key=lambda row: (*_place(row), row["estimated_column"], row["created_at"], row["replaced_on"] or dt.date.max))


def _place(row: Row) -> Place:
    return row["source"], row["party"], row["business_date"]


def _replaced(row: Row, debt: Expectation | None, today: dt.date) -> Row:
    """The row with the day from which on it no longer stands for anything, and the arrival that took its place."""
    return {**row, "replaced_on": today, "replaced_by": debt.arrival_id if debt is not None else None}


def _groups(ws: Workspace, rules: Mapping[str, EstimateRule]) -> dict[tuple[str, str], list[Source]]:
    """For each source and estimated column the sources whose parties are its peers: those of its feed."""
    found = {}
    for name, rule in rules.items():
        source = ws.tree.sources[name]
        for column in rule.of:
            others = [ws.tree.sources[other] for other, its in rules.items() if column in its.of]
            found[name, column] = [
                each for each in others if each.name == name or (source.file.feeds and each.file.feeds == source.file.feeds)
            ]
    return found


def _estimated(
    ws: Workspace, group: Sequence[Source], column: str, gaps: Sequence[Place], states: Mapping[Place, Expectation]
) -> dict[Place, Estimate]:
    """Estimates of the gaps of one source; parties of two sources that have one name stay two."""
    source = ws.tree.sources[gaps[0][0]]
    rule = source.file.estimate
    assert rule is not None
    weeks = max(parse_duration(rule.from_).days // 7, 1)
    first, last = min(day for *_, day in gaps) - dt.timedelta(weeks=weeks), max(day for *_, day in gaps)
    known: dict[str, dict[dt.date, float]] = defaultdict(dict)
    for each in group:
        sums = _sums(ws, each, column, first, last)
        reported = [at for at, debt in states.items() if at[0] == each.name and debt.state in _KNOWN and first <= at[2] <= last]
        for _, party, day in reported:
            known[f"{each.name}|{party}"][day] = sums.get((party, day), 0.0)
        for (party, day), value in sums.items():
            if (each.name, party, day) not in states:  # delivered before anything was owed
                known[f"{each.name}|{party}"][day] = value
    wanted = [(f"{source.name}|{party}", day) for _, party, day in gaps]
    made = estimates(known, wanted, ws.calendar, weeks=weeks, within=float(parse_share(rule.within)))
    return {(source.name, key.partition("|")[2], day): estimate for (key, day), estimate in made.items()}


def _sums(ws: Workspace, source: Source, column: str, first: dt.date, last: dt.date) -> dict[tuple[str, dt.date], float]:
    """What the accepted rows of a source add up to by party and day."""
    if not ws.tables.exists(source.table):
        return {}
    ws.view_clean(source.table)
    party = party_key(ws.tree, source) or (source.file.party.column if source.file.party else None)
    name = f"CAST({quoted(party)} AS VARCHAR)" if party else text_literal(source.name)
    sql = (
        f"SELECT {name}, business_date, SUM(CAST({quoted(column)} AS DOUBLE)) FROM {source.table}"
        f" WHERE business_date >= ? AND business_date <= ? AND {quoted(column)} IS NOT NULL GROUP BY 1, 2"
    )
    found = ws.engine.rows(sql, [first, last])
    return {(name, day): value for name, day, value in found if name is not None}


def _row(ws: Workspace, names: PartyNames, at: Place, column: str, estimate: Estimate, before: Row | None) -> Row:
    """One row; the instant at which it was made stays as long as its numbers do."""
    source, party, day = at
    meaning = ws.tree.sources[source].file.columns[column]
    rule = ws.tree.sources[source].file.estimate
    assert rule is not None
    row: Row = {
        "source": source,
        "party": party,
        "party_name": names.name(source, party),
        "region_code": names.region(source, party),
        "business_date": day,
        "estimated_column": column,
        "unit": meaning.currency if meaning.type == "money" else meaning.unit,
        "tax_basis": meaning.tax,
        "amount": _cents(estimate.amount),
        "lower_amount": _cents(estimate.lower),
        "upper_amount": _cents(estimate.upper),
        "within": parse_share(rule.within),
        "method": estimate.method,
        "day_count": estimate.days,
        "created_at": instant_text(ws.clock.now()),
        "replaced_on": None,
        "replaced_by": None,
    }
    same = before is not None and all(before[name] == row[name] for name in ("amount", "lower_amount", "upper_amount", "within", "method"))
    return row | {"created_at": before["created_at"]} if same and before is not None else row


def _cents(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP)


def open_estimates(rows: Iterable[Row]) -> list[Row]:
    """Rows that still stand for something that is not there."""
    return [row for row in rows if row["replaced_on"] is None]


def estimates_now(ws: Workspace, source: str | None = None) -> list[Row]:
    """Open estimates of days that are still not there, of one source or of all."""
    if not ws.tables.exists(TABLE):
        return []
    gaps = {(debt.source, debt.party, debt.day) for debt in ws.ledger.expectations(source=source) if debt.state in GAPS}
    return [row for row in open_estimates(ws.tables.read(TABLE).to_pylist()) if _place(row) in gaps]
