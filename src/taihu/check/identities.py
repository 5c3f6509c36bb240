"""Sums that must come out: opening + in - out = closing, a running balance, amount + tax = total.

The difference that is allowed is the contract's, or what is usual for this party. Some parties never report samples and breakage, so
their sums are always off by a few pieces; others are exact, and there a difference of one is news. What is usual is learned from the
differences of the rows accepted before: most of the small ones, and none of the large ones, which are the faults themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any

from taihu.check.verdict import CheckContext, Finding
from taihu.core.types import Note
from taihu.manifest.consistency import Identity

if TYPE_CHECKING:
    import pyarrow as pa

_ENOUGH_HISTORY = 30
_ENOUGH_DIFFERENCES = 8
_USUAL_SHARE = 0.02
_SPREADS = 3

# The balance that the last row left, by the values of ``per``.
Closing = dict[tuple[Any, ...], Decimal | None]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The difference that is allowed, and the ``rows`` of history it was learned from (0: none)."""

    allowed: Decimal
    rows: int = 0


def identity_findings(rows: pa.Table, rule: Identity, context: CheckContext) -> tuple[list[Finding], list[Note]]:
    """The rows of one party whose sum is off by more than is allowed; a row that lacks a value fails.

    Where days before the arrival are still owed, nothing is carried over from the file before them: one statement that is missing
    or held must not hold every later one. The note says so.
    """
    history = context.previous(context.party) if rule.within == "learned" or rule.after else None
    tolerance = learned(history, rule) if rule.within == "learned" else Tolerance(Decimal(rule.within))
    last = closing(history, rule)
    is_apart = _follows(rows, rule, last) and context.has_gap(context.party)
    notes = [Note("not_carried_over", detail=rule.equals)] if is_apart else []
    off = differences(rows, rule, {} if is_apart else last)
    positions = rows["_src_row"].to_pylist()
    places = [position for position, amount in zip(positions, off, strict=True) if amount is None or abs(amount) > tolerance.allowed]
    if not places:
        return [], notes
    usual = f", usual for this party up to {tolerance.allowed} in {tolerance.rows} rows" if tolerance.rows else ""
    return [Finding("identity_broken", f"{len(places)} of {rows.num_rows} rows do not add up{usual}", places, rule.equals)], notes


def differences(rows: pa.Table, rule: Identity, last: Closing | None = None) -> list[Decimal | None]:
    """What each row's sum is off by: result less what it should be; None where a value is missing.

    Args:
        last: What the rows before left behind, as :func:`closing` gives it.
    """
    values = {name: rows[name].to_pylist() for name in rule.columns}
    carried = _carried(rows, rule, values, last or {}) if rule.after else [Decimal(0)] * rows.num_rows
    off: list[Decimal | None] = []
    for number, before in enumerate(carried):
        parts = [values[name][number] for name in (*rule.plus, *rule.minus)]
        result = values[rule.equals][number]
        if result is None or None in parts:
            off.append(None)
        elif before is None:  # the first row of all has nothing before it
            off.append(Decimal(0))
        else:
            plus, minus = parts[: len(rule.plus)], parts[len(rule.plus) :]
            off.append(Decimal(result) - before - sum(map(Decimal, plus)) + sum(map(Decimal, minus)))
    return off


def _carried(rows: pa.Table, rule: Identity, values: dict[str, list[Any]], last: Closing) -> list[Decimal | None]:
    """The balance that the row before left, by ``per`` in the order of ``after``; None for the first row."""
    name, left = rule.carried or rule.equals, dict(last)
    before: list[Decimal | None] = [None] * rows.num_rows
    for number in _order([tuple(values[column][number] for column in rule.after) for number in range(rows.num_rows)]):
        key = tuple(values[column][number] for column in rule.per)
        before[number] = left.get(key)
        balance = values[name][number]
        left[key] = None if balance is None else Decimal(balance)
    return before


def _follows(rows: pa.Table, rule: Identity, last: Closing) -> bool:
    """Whether something of the rows accepted before is carried over to these."""
    keys = set(zip(*(rows[name].to_pylist() for name in rule.per), strict=True)) if rule.per else {()}
    return bool(keys & set(last))


def closing(history: pa.Table | None, rule: Identity) -> Closing:
    """What the rows accepted before left behind, by the values of ``per``."""
    if not rule.after or history is None:
        return {}
    name = rule.carried or rule.equals
    rows = history.select(list(dict.fromkeys((*rule.after, *rule.per, name))))
    for column in rule.after:
        rows = rows.filter(rows[column].is_valid())
    if not rows.num_rows:
        return {}
    first, newest = ([rows[column][number].as_py() for column in rule.after] for number in (0, -1))
    # Only the last moments of a history that grows every day become Python values; its direction is that of all of it.
    rows = _latest(rows, rule)
    values = {column: rows[column].to_pylist() for column in rows.column_names}
    moments = [tuple(values[column][number] for column in rule.after) for number in range(rows.num_rows)]
    last: Closing = {}
    for number in _order(moments, runs_backwards=first > newest):
        balance = values[name][number]
        last[tuple(values[column][number] for column in rule.per)] = None if balance is None else Decimal(balance)
    return last


def _latest(rows: pa.Table, rule: Identity) -> pa.Table:
    """Those rows of each ``per`` that have the largest value in the first column of ``after``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moment = rule.after[0]
    if not rule.per:
        return rows.filter(pc.equal(rows[moment], pc.max(rows[moment])))
    texts = [pc.cast(rows[column], pa.string()) for column in rule.per]
    key = pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
    newest = pa.table({"key": key, "moment": rows[moment]}).group_by("key").aggregate([("moment", "max")])
    return rows.filter(pc.equal(rows[moment], newest["moment_max"].take(pc.index_in(key, value_set=newest["key"]))))


def _order(moments: Sequence[tuple[Any, ...]], runs_backwards: bool | None = None) -> list[int]:
    """Row numbers in time; rows of one moment stay as they are listed, from below where the list runs backwards."""
    numbers = [number for number, moment in enumerate(moments) if None not in moment]
    if runs_backwards is None:
        runs_backwards = bool(numbers) and moments[numbers[0]] > moments[numbers[-1]]
    if runs_backwards:
        numbers.reverse()
    return sorted(numbers, key=lambda number: moments[number])


def learned(history: pa.Table | None, rule: Identity) -> Tolerance:
    """The difference that is usual for a party: exact where its history is exact.

    Differences are usual where at least one row in fifty has one. The largest one within three spreads of their median size is
    allowed; the spread is the median absolute deviation, and half the median where whole pieces make that too small. Half of
    the differences would have to be faults before they moved it.
    """
    if history is None or history.num_rows < _ENOUGH_HISTORY:
        return Tolerance(Decimal(0))
    off = [abs(amount) for amount in differences(history, rule) if amount]
    if len(off) < max(_ENOUGH_DIFFERENCES, _USUAL_SHARE * history.num_rows):
        return Tolerance(Decimal(0), history.num_rows)
    centre = median(off)
    spread = max(median(abs(amount - centre) for amount in off), centre / 2)
    return Tolerance(max(amount for amount in off if amount <= centre + _SPREADS * spread), history.num_rows)
