"""From groups of records to golden ids, map tables and golden records.

An id stays with its things: a group keeps the id of the member that it holds, or else the one that most of its keys had before; only what
never had one gets a new one. What the sources say differently is settled by trust, value by value, and a golden record that changes
keeps its former state with the day on which it ended (slowly changing, type 2).
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from taihu.core.ids import derived_id
from taihu.match.resolve import EXACT, Kind, Question, Record, Resolved

if TYPE_CHECKING:
    import pyarrow as pa

NEW = "new"
ALWAYS, OPEN = dt.date(1900, 1, 1), dt.date(9999, 12, 31)


def golden_ids(domain: str, groups: Sequence[Sequence[str]], records: Mapping[str, Record], before: Mapping[str, str]) -> dict[str, str]:
    """The golden id of every record.

    Args:
        groups: Record ids that are one thing.
        before: Golden id of each record in the last map.
    """
    taken = {record.key for record in records.values() if record.is_member}
    chosen: dict[int, str] = {}
    for place, group in enumerate(groups):
        members = sorted(records[each].key for each in group if records[each].is_member)
        if members:
            used = Counter(before[each] for each in group if before.get(each) in members)
            chosen[place] = min(members, key=lambda member: (-used[member], member))
    claims = sorted(
        ((-votes, min(group), former, place) for place, group in enumerate(groups) for former, votes in _former(group, before).items()),
    )
    for _, _, former, place in claims:
        if place not in chosen and former not in taken:
            chosen[place] = former
            taken.add(former)
    for place, group in enumerate(groups):
        if place not in chosen:
            chosen[place] = _new_id(domain, min(group), taken)
            taken.add(chosen[place])
    return {each: chosen[place] for place, group in enumerate(groups) for each in group}


def _former(group: Sequence[str], before: Mapping[str, str]) -> Counter[str]:
    return Counter(before[each] for each in group if each in before)


def _new_id(domain: str, first: str, taken: set[str]) -> str:
    """An id from the first record of the group; another one where a group that was split off has kept that."""
    number = 0
    while (made := f"{domain}-{derived_id('golden', domain, first, number, length=12)}") in taken:
        number += 1
    return made


def map_table(domain: str, ids: Mapping[str, str], records: Mapping[str, Record], resolved: Resolved) -> pa.Table:
    """``match.<domain>_map``, in canonical order; ``decided_by`` says how a key came to its id: exact_key, uscc, barcode, score,
    person, or new for a key that is like no other.
    """
    import pyarrow as pa

    order = sorted(ids, key=lambda each: (records[each].source, records[each].key))
    how = [EXACT if records[each].is_member else resolved.decided_by.get(each, NEW) for each in order]
    return pa.table(
        {
            "source": pa.array([records[each].source for each in order], pa.string()),
            f"{domain}_key": pa.array([records[each].key for each in order], pa.string()),
            f"{domain}_id": pa.array([ids[each] for each in order], pa.string()),
            "valid_from": pa.array([ALWAYS] * len(order), pa.date32()),
            "valid_to": pa.array([OPEN] * len(order), pa.date32()),
            "decided_by": pa.array(how, pa.string()),
        }
    )


def golden_columns(domain: str, kind: Kind) -> dict[str, str]:
    """Column to SQL type of ``match.<domain>``."""
    attributes = dict.fromkeys(kind.attributes, "VARCHAR")
    return {f"{domain}_id": "VARCHAR", **attributes, "key_count": "BIGINT", "valid_from": "DATE", "valid_to": "DATE"}


def golden_records(ids: Mapping[str, str], records: Mapping[str, Record], kind: Kind) -> dict[str, tuple[str | None, ...]]:
    """The surviving value of each attribute of each golden id: of the most trusted source that has one, there the most frequent."""
    holders: dict[str, list[Record]] = {}
    for each in sorted(ids):
        holders.setdefault(ids[each], []).append(records[each])
    return {
        golden: (*(_surviving(holding, name) for name in kind.attributes), str(len(holding))) for golden, holding in sorted(holders.items())
    }


def _surviving(holding: Sequence[Record], name: str) -> str | None:
    said = [(record.trust, record.attributes[name]) for record in holding if record.attributes.get(name)]
    if not said:
        return None
    best = min(trust for trust, _ in said)
    counts = Counter(value for trust, value in said if trust == best)
    return max(counts, key=lambda value: (counts[value], len(value), value))


def golden_table(domain: str, kind: Kind, now: Mapping[str, tuple[str | None, ...]], before: pa.Table | None, today: dt.date) -> pa.Table:
    """``match.<domain>``: the states of every golden record, each with the days on which it held.

    Args:
        now: Values by golden id, from :func:`golden_records`.
        before: The table as it was; None if there is none.
        today: The day on which a changed state begins.
    """
    columns = list(golden_columns(domain, kind))
    rows: list[tuple[object, ...]] = []
    known: set[str] = set()
    for row in (tuple(each.values()) for each in (before.select(columns).to_pylist() if before is not None else [])):
        golden, *values, valid_from, valid_to = row
        if valid_to != OPEN or _values(now.get(golden)) == tuple(values):
            rows.append(row)
            known.add(golden)
        elif valid_from < today:
            rows.append((golden, *values, valid_from, today))
            known.add(golden)
    current = {row[0] for row in rows if row[-1] == OPEN}
    rows += [
        (golden, *_values(values), today if golden in known else ALWAYS, OPEN) for golden, values in now.items() if golden not in current
    ]
    return _table(domain, kind, sorted(rows, key=lambda row: (str(row[0]), str(row[-2]))))


def _values(said: tuple[str | None, ...] | None) -> tuple[object, ...]:
    return () if said is None else (*said[:-1], int(said[-1] or 0))


def _table(domain: str, kind: Kind, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    import pyarrow as pa

    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DATE": pa.date32()}
    columns = golden_columns(domain, kind)
    return pa.table(
        {name: pa.array([row[place] for row in rows], types[sql]) for place, (name, sql) in enumerate(columns.items())},
    )


def review_table(domain: str, questions: Sequence[Question], records: Mapping[str, Record]) -> pa.Table:
    """``match.<domain>_review``: pairs that wait for a person, the surest first, each with what both sources say (as JSON)."""
    import pyarrow as pa

    sides = [(each, records[each.left], records[each.right]) for each in questions]
    columns = {
        "id": [question_id(domain, each.left, each.right) for each in questions],
        "left_source": [left.source for _, left, _ in sides],
        "left_key": [left.key for _, left, _ in sides],
        "left_says": [_said(left) for _, left, _ in sides],
        "right_source": [right.source for _, _, right in sides],
        "right_key": [right.key for _, _, right in sides],
        "right_says": [_said(right) for _, _, right in sides],
        "why": [each.why for each in questions],
    }
    made = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return made.append_column("probability", pa.array([round(each.probability, 4) for each in questions], pa.float64()))


def question_id(domain: str, left: str, right: str) -> str:
    """The id of a question: the same pair has the same one in every run."""
    return derived_id("question", domain, *sorted((left, right)), length=10)


def _said(record: Record) -> str:
    return json.dumps({name: value for name, value in sorted(record.attributes.items()) if value}, ensure_ascii=False)
