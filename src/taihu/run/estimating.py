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
from taihu.core.ids import derived_id
from taihu.engine.types import quoted, text_literal
from taihu.ledger.records import Expectation
from taihu.manifest.source import EstimateRule
from taihu.manifest.tree import ProjectTree, Source
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
_MADE_FROM = "run.estimates"
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


def estimates_stamp(ws: Workspace, debts: Sequence[Expectation]) -> str:
    """All that the estimates of today are made of: with the same stamp the same rows come out."""
    today = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone)).date()
    rules = {name: source.file.model_dump_json() for name, source in ws.tree.sources.items() if source.file.estimate is not None}
    owed = sorted((debt.source, debt.party, debt.day, debt.state, debt.arrival_id or "") for debt in debts if debt.source in rules)
    versions = {table: version for table, version in ws.ledger.stamped_tables().items() if table.startswith("clean.")}
    return derived_id("estimates", today, rules, owed, versions, ws.calendar.version)


def estimates_written(ws: Workspace, debts: Sequence[Expectation]) -> None:
    """Remember what the table was made from, so that it is not made anew from the same."""
    ws.ledger.stamps_set(_MADE_FROM, {}, version=0, definition=estimates_stamp(ws, debts))


def estimate_rows(ws: Workspace, debts: Sequence[Expectation], names: PartyNames) -> list[Row] | None:
    """The table as of now; None where nothing is estimated, or from nothing else than what the table was made from.

    Args:
        debts: All that is owed, as judged by this run.
    """
    rules = {name: source.file.estimate for name, source in ws.tree.sources.items() if source.file.estimate is not None}
    if not rules or (ws.tables.exists(TABLE) and ws.ledger.definition(_MADE_FROM) == estimates_stamp(ws, debts)):
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
    gaps = [at for at, debt in states.items() if debt.state in GAPS]
    for column, rule, group in peer_groups(ws.tree, rules):
        wanted = [at for at in gaps if rules[at[0]] == rule and at[0] in group and (*at, column) not in kept]
        if wanted:
            made = _estimated(ws, group, column, rule, wanted, states)
            rows += [_row(ws, names, at, column, estimate, open_before.get((*at, column))) for at, estimate in made.items()]
    return sorted(rows, key=lambda row: (*_place(row), row["estimated_column"], row["created_at"], row["replaced_on"] or dt.date.max))


def _place(row: Row) -> Place:
    return row["source"], row["party"], row["business_date"]


def _replaced(row: Row, debt: Expectation | None, today: dt.date) -> Row:
    """The row with the day from which on it no longer stands for anything, and the arrival that took its place."""
    return {**row, "replaced_on": today, "replaced_by": debt.arrival_id if debt is not None else None}


def peer_groups(tree: ProjectTree, rules: Mapping[str, EstimateRule]) -> list[tuple[str, EstimateRule, list[str]]]:
    """Estimated column, rule, and the sources whose parties are peers: those of one feed, or one source alone."""
    found: dict[tuple[str, str, EstimateRule], list[str]] = {}
    for name, rule in rules.items():
        feed = tree.sources[name].file.feeds
        for column in rule.of:
            peers = [other for other, its in rules.items() if column in its.of and tree.sources[other].file.feeds == feed]
            found[feed or f"source {name}", column, rule] = peers if feed else [name]
    return [(column, rule, peers) for (_, column, rule), peers in found.items()]


def _estimated(
    ws: Workspace, group: Sequence[str], column: str, rule: EstimateRule, gaps: Sequence[Place], states: Mapping[Place, Expectation]
) -> dict[Place, Estimate]:
    """Estimates of the gaps; parties of two sources that have one name stay two."""
    weeks = max(parse_duration(rule.from_).days // 7, 1)
    first, last = min(day for *_, day in gaps) - dt.timedelta(weeks=weeks), max(day for *_, day in gaps)
    known: dict[str, dict[dt.date, float]] = defaultdict(dict)
    sums = {name: _sums(ws, ws.tree.sources[name], column, first, last) for name in group}
    for (name, party, day), debt in states.items():
        if name in sums and debt.state in _KNOWN and first <= day <= last:
            known[_peer(name, party)][day] = sums[name].get((party, day), 0.0)
    for name, own in sums.items():
        for (party, day), value in own.items():
            if (name, party, day) not in states:  # delivered before anything was owed
                known[_peer(name, party)][day] = value
    wanted = {(_peer(name, party), day): (name, party, day) for name, party, day in gaps}
    made = estimates(known, wanted, ws.calendar, weeks=weeks, within=float(parse_share(rule.within)))
    return {wanted[at]: estimate for at, estimate in made.items()}


def _peer(source: str, party: str) -> str:
    return f"{source}|{party}"


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
        "amount": cents(estimate.amount),
        "lower_amount": cents(estimate.lower),
        "upper_amount": cents(estimate.upper),
        "within": parse_share(rule.within),
        "method": estimate.method,
        "day_count": estimate.days,
        "created_at": instant_text(ws.clock.now()),
        "replaced_on": None,
        "replaced_by": None,
    }
    same = before is not None and all(before[name] == row[name] for name in ("amount", "lower_amount", "upper_amount", "within", "method"))
    return row | {"created_at": before["created_at"]} if same and before is not None else row


def cents(value: float) -> Decimal:
    """An estimated amount as it is kept."""
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
