"""Rows beside a reference table: codes that are not listed or do not count on the day, names of another pack, customers elsewhere.

A code that nobody knows joins to nothing later on, and its sales would quietly leave every region; a code that was used again for a
new pack joins to the wrong product. Where the reference table has not come yet nothing is claimed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from taihu.check.verdict import CheckContext, Finding
from taihu.china.units import net_content
from taihu.core.clock import day_column
from taihu.core.types import Note
from taihu.manifest.listed import Listed, NetContent, Territory, Valid
from taihu.manifest.source import Check

if TYPE_CHECKING:
    import pyarrow as pa

Outcome = tuple[list[Finding], list[Note]]


def listed_findings(rows: pa.Table, check: Check, day: str | None, context: CheckContext) -> Outcome:
    """Rows whose code is not in the reference table, and rows of a day on which it does not count; an empty code says nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rule = check.listed
    assert rule is not None
    known = context.reference(f"clean.{rule.in_}")
    if known is None or not known.num_rows:
        return [], [_not_checked(rule.column, rule.in_)]
    codes, listed = rows[rule.column], known[rule.by or rule.column]
    strange = pc.and_(pc.is_valid(codes), pc.invert(pc.is_in(codes, value_set=pc.unique(listed))))
    unlisted = rows["_src_row"].filter(strange).to_pylist()
    findings = (
        [Finding(check.reason or "not_listed", f"{len(unlisted)} rows are not on {rule.in_}", unlisted, rule.column)] if unlisted else []
    )
    spans = _spans(known, rule, rule.valid) if rule.valid and day else {}
    if spans and day:
        part = rows.filter(pc.is_in(codes, value_set=pa.array(sorted(spans), codes.type)))
        told = zip(
            part[rule.column].to_pylist(), day_column(part[day], context.zone).to_pylist(), part["_src_row"].to_pylist(), strict=True
        )
        places = [place for code, date, place in told if date is not None and not any(start <= date < end for start, end in spans[code])]
        if places:
            findings.append(
                Finding("not_valid", f"{len(places)} rows of days on which {rule.in_} has ended or not begun", places, rule.column)
            )
    return findings, []


def _spans(known: pa.Table, rule: Listed, valid: Valid) -> dict[Any, list[tuple[dt.date, dt.date]]]:
    """The days of each code that does not count for ever."""
    first = known[valid.from_].to_pylist()
    last = known[valid.to].to_pylist() if valid.to else [None] * known.num_rows
    spans: dict[Any, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for code, start, end in zip(known[rule.by or rule.column].to_pylist(), first, last, strict=True):
        spans[code].append((start or dt.date.min, end or dt.date.max))
    return {code: found for code, found in spans.items() if code is not None and (dt.date.min, dt.date.max) not in found}


def net_content_findings(rows: pa.Table, rule: NetContent, context: CheckContext) -> Outcome:
    """Rows whose name states another net content than the listed name of their code."""
    known = context.reference(f"clean.{rule.in_}")
    if known is None or not known.num_rows:
        return [], [_not_checked(rule.name, rule.in_)]
    contents = {
        code: content
        for code, name in zip(known["product_code"].to_pylist(), known["product_name"].to_pylist(), strict=True)
        if name and (content := net_content(name))
    }
    said = zip(rows[rule.code].to_pylist(), rows[rule.name].to_pylist(), rows["_src_row"].to_pylist(), strict=True)
    places = [place for code, name, place in said if name and code in contents and net_content(name) not in ("", contents[code])]
    found = Finding("net_content_disagrees", f"{len(places)} rows name another net content than {rule.in_}", places, rule.name)
    return [found] if places else [], []


def territory_findings(rows: pa.Table, rule: Territory, context: CheckContext) -> Outcome:
    """Rows whose customer's name begins with a place in which only parties of another territory are listed."""
    known = context.reference(f"clean.{rule.in_}")
    if known is None or not known.num_rows:
        return [], [_not_checked(rule.customer, rule.in_)]
    territories: dict[str, set[str]] = defaultdict(set)
    own = set()
    for party, place, territory in zip(*(known[name].to_pylist() for name in (rule.party, rule.place, rule.territory)), strict=True):
        if place and territory:
            territories[place].add(territory)
            own |= {territory} if party == context.party else set()
    if not own:
        return [], []
    elsewhere = tuple(place for place, found in territories.items() if len(found) == 1 and not found & own)
    names, positions = rows[rule.customer].to_pylist(), rows["_src_row"].to_pylist()
    places = [position for name, position in zip(names, positions, strict=True) if name and name.startswith(elsewhere)]
    found = Finding("outside_territory", f"{len(places)} rows of customers in another territory", places, rule.customer)
    return [found] if places else [], []


def _not_checked(column: str, reference: str) -> Note:
    return Note("not_checked", column=column, detail=f"{reference} is empty")
