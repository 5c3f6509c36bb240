"""Sums over a mart, asked once per span: the only arithmetic between the tables and the figures.

A ratio is a ratio of these sums, a comparison is the same question for another span; nothing is ever averaged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError
from taihu.core.types import Span
from taihu.manifest.glossary import Aggregate, Term

if TYPE_CHECKING:
    from taihu.engine.interface import Engine

Filter = tuple[tuple[str, str], ...]
Sums = Mapping[str, Decimal | None]

RATIO_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Value:
    """A measure's value with the numerator and denominator of a ratio."""

    value: Decimal | None
    parts: tuple[tuple[str, Decimal], ...] = ()


class Cube:
    """Asks one mart for sums; answers are remembered, so tiles, tables, charts and audiences share them.

    Args:
        split: Columns by which audiences are kept apart. One question by these columns answers every audience: sums of sums are exact.
    """

    def __init__(self, engine: Engine, mart: str, columns: Sequence[str], split: Sequence[str] = ()) -> None:
        self._engine = engine
        self.mart = mart
        self.columns = tuple(columns)
        self._split = tuple(name for name in dict.fromkeys(split) if name in self.columns)
        self._known: dict[object, list[tuple[Any, ...]]] = {}

    def sums(
        self, names: Sequence[str], span: Span, where: Filter, by: Sequence[str] = ()
    ) -> dict[tuple[str, ...], dict[str, Decimal | None]]:
        """Sums of ``names`` over the span and filter, by the text of the grouping columns.

        Raises:
            ManifestError: The mart has no such column.
        """
        wanted = tuple(sorted(set(names)))
        for name in [*wanted, *by, *(column for column, _ in where)]:
            if name not in self.columns:
                raise ManifestError(f"{self.mart} has no column {name!r}", where=self.mart, fix=f"it has: {', '.join(self.columns)}")
        split = self._split if all(column in self._split for column, _ in where) else ()
        asked = () if split else tuple(where)
        key = (wanted, span, asked, tuple(by))
        if key not in self._known:
            self._known[key] = self._ask(wanted, span, asked, (*split, *by))
        rows = self._known[key]
        for column, value in where if split else ():
            place = split.index(column)
            rows = [row for row in rows if row[place] == value]
        return _added(rows, len(split), len(by), wanted)

    def _ask(self, names: Sequence[str], span: Span, where: Filter, by: Sequence[str]) -> list[tuple[Any, ...]]:
        groups = [f'CAST("{name}" AS VARCHAR)' for name in by]
        sums = [f'SUM("{name}")' for name in names]
        conditions = " AND ".join(["business_date >= ? AND business_date < ?", *(f'"{name}" = ?' for name, _ in where)])
        tail = f" GROUP BY {', '.join(groups)} ORDER BY {', '.join(groups)}" if by else ""
        sql = f"SELECT {', '.join([*groups, *sums])} FROM {self.mart} WHERE {conditions}{tail}"
        return self._engine.rows(sql, [span.start, span.end, *(value for _, value in where)])


def _added(
    rows: Sequence[tuple[Any, ...]], skip: int, width: int, names: Sequence[str]
) -> dict[tuple[str, ...], dict[str, Decimal | None]]:
    """Sums by the ``width`` columns after the first ``skip`` ones; without columns there is one sum even of no rows, as in SQL."""
    found: dict[tuple[str, ...], dict[str, Decimal | None]] = {} if width else {(): dict.fromkeys(names)}
    start = skip + width
    for row in rows:
        key = tuple(str(part) for part in row[skip:start])
        into = found.setdefault(key, dict.fromkeys(names))
        for name, value in zip(names, row[start:], strict=True):
            if value is not None:
                into[name] = _exact(value) + (into[name] or 0)
    return found


def _exact(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    raise TypeError(f"a sum of {type(value).__name__} is not exact; CAST the column to DECIMAL in the model")


def value_of(aggregate: Aggregate, sums: Sums) -> Value:
    """A measure from the sums of its columns."""
    if aggregate.ratio:
        top, bottom = (sums.get(name) for name in aggregate.ratio)
        parts = tuple((name, sums.get(name) or Decimal(0)) for name in aggregate.ratio)
        if top is None or not bottom:
            return Value(None, parts)
        return Value((top / bottom).quantize(RATIO_PLACES, ROUND_HALF_UP), parts)
    return Value(sums.get(aggregate.columns[0]))


def change(value: Decimal | None, base: Decimal | None, *, points: bool) -> Decimal | None:
    """Relative change against a base; for a percent figure the difference in points."""
    if value is None or base is None:
        return None
    if points:
        return (value - base).quantize(RATIO_PLACES, ROUND_HALF_UP)
    return (value / base - 1).quantize(RATIO_PLACES, ROUND_HALF_UP) if base > 0 else None


def shifted(span: Span, against: str) -> Span:
    """The span that ``span`` is compared with.

    ``day`` is the equally long period just before, ``week`` the same weekdays a week earlier, ``year`` the same dates a year earlier.
    """
    if against == "day":
        return Span(span.start - (span.end - span.start), span.start)
    if against == "week":
        return Span(span.start - dt.timedelta(days=7), span.end - dt.timedelta(days=7))
    return Span(_year_before(span.start), _year_before(span.end))


def _year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def span_of(term: Term, span: Span) -> Span:
    """The days that a measure reads of a period: all of them, or for ``last`` only the last one."""
    assert term.measure is not None
    return Span(span.end - dt.timedelta(days=1), span.end) if term.measure.last else span
