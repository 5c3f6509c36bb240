"""Who reported and what is held, as a report says it to one audience: read from the tables that its publication pins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from taihu.check.estimates import together
from taihu.core.clock import instant_text
from taihu.core.figures import Arrivals, EstimatedGap, HoldRow, Holds, SourceArrivals
from taihu.core.types import Span, Text
from taihu.ledger.records import Publication
from taihu.manifest.tree import ProjectTree
from taihu.run.cube import Filter
from taihu.run.estimating import GAPS, cents
from taihu.run.estimating import TABLE as ESTIMATES
from taihu.run.marts import Marts

REPORTED = ("arrived", "nil", "late")


def arrivals_of(tree: ProjectTree, marts: Marts, publication: Publication, where: Filter) -> Arrivals:
    """Of each source how many parties reported for the period, and who did not."""
    span = publication.span
    sql = "SELECT * FROM ops.expectation WHERE business_date >= ? AND business_date < ? ORDER BY source, party, business_date"
    rows = _seen(marts.listed(sql, [span.start, span.end]), where)
    sources = []
    for name in sorted({row["source"] for row in rows}):
        own = [row for row in rows if row["source"] == name]
        parties = sorted({row["party"] for row in own})
        missing = {row["party"]: row["party_name"] for row in own if row["state"] not in (*REPORTED, "waived")}
        late = len({row["party"] for row in own if row["state"] == "late"} - set(missing))
        as_of = max((row["business_date"] for row in own if row["state"] in REPORTED), default=None)
        title = tree.sources[name].file.title.text
        sources.append(
            SourceArrivals(
                name,
                title,
                len(parties),
                len(parties) - len(missing),
                late,
                [Text(missing[p], missing[p]) for p in sorted(missing)],
                as_of,
            )
        )
    feeding = [row for row in rows if row["party"] != row["source"]] or rows
    expected = {row["party"] for row in feeding}
    lacking = _silent(feeding)
    gaps = _estimates(tree, marts, publication, where, rows)
    return Arrivals(len(expected), len(expected) - len(lacking), completeness_of(rows), sources, estimates=gaps)


def _estimates(
    tree: ProjectTree, marts: Marts, publication: Publication, where: Filter, owed: Sequence[Mapping[str, Any]]
) -> list[EstimatedGap]:
    """What is probably missing, one entry for each currency and tax basis."""
    if ESTIMATES not in publication.tables:
        return []
    span = publication.span
    sql = f"SELECT * FROM {ESTIMATES} WHERE replaced_on IS NULL AND business_date >= ? AND business_date < ? AND tax_basis IS NOT NULL"
    groups: dict[tuple[str, str, Decimal], list[dict[str, Any]]] = {}
    for row in _seen(marts.listed(sql, [span.start, span.end]), where):
        groups.setdefault((row["unit"], row["tax_basis"], row["within"]), []).append(row)
    lacking = {(row["source"], row["party"]) for row in owed if row["state"] in GAPS and tree.sources[row["source"]].file.estimate}
    found = []
    for (unit, tax, within), rows in sorted(groups.items()):
        parties = {(row["source"], row["party"]) for row in rows}
        parts = {
            (f"{row['source']}|{row['party']}", row["business_date"], row["estimated_column"]): [
                float(row[name]) for name in ("amount", "lower_amount", "upper_amount")
            ]
            for row in rows
        }
        amount, lower, upper = map(cents, together(parts))
        lacking -= parties
        found.append(EstimatedGap(len({party for _, party in parties}), 0, amount, lower, upper, within, unit, tax))
    if found and lacking:
        found[-1] = replace(found[-1], unknown=len({party for _, party in lacking}))
    return found


def holds_of(tree: ProjectTree, marts: Marts, publication: Publication, where: Filter) -> Holds:
    """What is kept out of the period's figures, or came since and is held."""
    span = publication.span
    sql = (
        "SELECT * FROM ops.hold WHERE is_open"
        " AND ((day_from < ? AND day_to >= ?) OR received_at >= ? OR (day_from IS NULL AND received_at >= ?))"
        " ORDER BY source, party, day_from, reason, arrival_id"
    )
    since = instant_text(publication.issued_at - (span.end - span.start))
    rows = _seen(marts.listed(sql, [span.end, span.start, since, since]), where)
    listed = []
    for row in rows:
        title = tree.sources[row["source"]].file.title.text
        days = str(Span(row["day_from"], row["day_to"] + dt.timedelta(days=1))) if row["day_from"] and row["day_to"] else "-"
        party = row["party_name"] or row["party"] or "-"
        listed.append(HoldRow(title, Text(party, party), days, row["reason"], row["detail"] or "", row["row_count"], row["arrival_id"]))
    return Holds(listed)


def _seen(rows: Sequence[dict[str, Any]], where: Filter) -> list[dict[str, Any]]:
    """What the audience may see of the parties' rows. Parties are known by their region alone: whoever is shown the rows of
    something else is shown none of them."""
    for column, value in where:
        if column == "region_code":
            return [row for row in rows if row["region_code"] in (None, value)]
    return [] if where else list(rows)


def _silent(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Parties from which some source has nothing at all for the period; a gap of a day is listed at the source."""
    reported = {(row["source"], row["party"]) for row in rows if row["state"] in (*REPORTED, "waived")}
    return {row["party"] for row in rows if (row["source"], row["party"]) not in reported}


def completeness_of(rows: Sequence[Mapping[str, Any]]) -> Decimal:
    """Share of what is owed that has been reported, each party weighted alike per source and day."""
    if not rows:
        return Decimal(1)
    reported = sum(1 for row in rows if row["state"] in (*REPORTED, "waived"))
    return (Decimal(reported) / Decimal(len(rows))).quantize(Decimal("0.0001"), ROUND_HALF_UP)
