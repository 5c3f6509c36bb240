"""What a daily series should have been, by the Chinese calendar: a robust regression on the logarithm of its values.

A distributor sells nothing on the fourth day of the Spring Festival and three times as much on the last workday of a quarter. Neither
is an error, and a decomposition into week and trend alerts on both. Here every day is described by what the calendar says of it, and
one bad day cannot bend the fit: residuals beyond about five spreads have no weight (Tukey's biweight, iteratively reweighted).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from taihu.china.festivals import festival_day
from taihu.china.lunar import new_year_offset

if TYPE_CHECKING:
    import numpy as np

    from taihu.china.calendar import Calendar

    Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
    Bools: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
    Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

# Days from the first day of the Spring Festival between which its effect is a straight line.
_SPRING = (-34, -28, -21, -15, -11, -8, -6, -4, -2, 0, 2, 4, 6, 8, 10, 13, 16, 20)
_KNOT_DAYS = 91
_TUKEY = 4.685
_ROUNDS = 25
_NARROWEST = 0.02
# How large effects usually are, in logarithms: a prior that decides only where a few days are all that is known.
_EVENT = 0.7
_TREND = 1.0
_FIRST_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Design:
    """Days as columns of numbers.

    Attributes:
        matrix: One row a day.
        prior: Usual size of each column's effect; infinite where nothing is held back.
        classes: For each day the kind of day that it is, by how well such days can be told: 0 ordinary, 1 near the end of a month, 2
            shopping festival, 3 Spring Festival.
    """

    matrix: Floats
    prior: Floats
    classes: Ints


def describe_days(days: Sequence[dt.date], calendar: Calendar, promotions: Mapping[str, Collection[dt.date]]) -> Design:
    """The design matrix of consecutive days.

    Args:
        promotions: Days of each known promotion; promotions of one name have one effect.
    """
    import numpy as np

    columns: list[Floats] = []
    prior: list[float] = []

    def add(column: Any, size: float) -> None:
        values = np.asarray(column, dtype=np.float64)
        if values.any():
            columns.append(values)
            prior.append(size)

    add(np.ones(len(days)), np.inf)
    marks = [_marks(day, calendar) for day in days]
    for name in sorted({name for found in marks for name in found}):
        add([name in found for found in marks], np.inf if name.startswith("weekday") else _EVENT)
    for tent in _spring_tents(days):
        add(tent, _EVENT)
    for promotion in sorted(promotions):
        running = frozenset(promotions[promotion])
        add([day in running for day in days], _EVENT)
    place = np.arange(len(days), dtype=np.float64)
    add((place - place.mean()) / 365.25, _TREND)
    for knot in range(_KNOT_DAYS, len(days) - _KNOT_DAYS // 2, _KNOT_DAYS):
        add(np.maximum(place - knot, 0.0) / 365.25, _TREND)
    if len(days) >= 540:  # a season of the year can be told from a trend only after more than one year
        turn = 2 * np.pi * np.asarray([day.timetuple().tm_yday for day in days]) / 365.25
        for harmonic in (1, 2):
            add(np.sin(harmonic * turn), _TREND)
            add(np.cos(harmonic * turn), _TREND)
    classes = [_class_of(day, found) for day, found in zip(days, marks, strict=True)]
    return Design(np.column_stack(columns), np.asarray(prior), np.asarray(classes))


@lru_cache(maxsize=20_000)
def _calendar_marks(day: dt.date) -> frozenset[str]:
    """What the fixed rules say of a day."""
    festival = festival_day(day)
    return frozenset({f"{festival.festival} {festival.phase}"} if festival is not None else ())


def _spring_tents(days: Sequence[dt.date]) -> list[Floats]:
    """The Spring Festival as a broken line: one column for each knot, 1 there and 0 at the knots beside it."""
    import numpy as np

    known = [new_year_offset(day) for day in days]
    offsets = np.asarray([_SPRING[-1] if offset is None else offset for offset in known], dtype=np.float64)
    heights = np.eye(len(_SPRING))[1:-1]
    return [np.interp(offsets, _SPRING, height) for height in heights]


def _marks(day: dt.date, calendar: Calendar) -> set[str]:
    """Names of everything that is special about a day."""
    marks = set(_calendar_marks(day))
    works = calendar.is_workday(day)
    if day.weekday():
        marks.add(f"weekday {day.weekday()}")
    if works and day.weekday() >= 5:
        marks.add("make-up workday")
    if not works and day.weekday() < 5:
        marks.add("day off")
    if not works and calendar.name(day):
        marks.add("holiday")
    if works:
        marks |= _month_end(day, calendar)
    return marks


def _class_of(day: dt.date, marks: Collection[str]) -> int:
    offset = new_year_offset(day)
    if offset is not None and -15 <= offset <= 16:
        return 3
    if festival_day(day) is not None:
        return 2
    return 1 if any(mark.startswith("workdays left") for mark in marks) else 0


def _month_end(day: dt.date, calendar: Calendar) -> set[str]:
    """The push before the month closes, on its last three workdays, and the quiet day after it."""
    following = day
    for rest in range(3):
        following = calendar.next_workday(following)
        if following.month != day.month:
            return {f"workdays left {rest}"} | ({"quarter end"} if day.month % 3 == 0 else set())
    return {"first workday"} if calendar.previous_workday(day).month != day.month else set()


def robust_residuals(values: Floats, design: Design) -> tuple[Floats, Floats]:
    """Residuals of the logarithm of values, and the fit itself, both in logarithms.

    Args:
        values: One number a day, none negative.
    """
    import numpy as np

    log = np.log1p(values)
    weights = np.ones(len(log))
    residuals, scale = log, _FIRST_SPREAD
    for turn in range(_ROUNDS):
        weighted = design.matrix * weights[:, None]
        gram = weighted.T @ design.matrix + np.diag(np.square(scale / design.prior) + 1e-9)
        effects = np.linalg.solve(gram, weighted.T @ log)
        before, residuals = residuals, log - design.matrix @ effects
        scale = spread(residuals)
        if turn < _ROUNDS // 3:  # least absolute deviations first: it finds the bulk before anything is cut off
            weights = scale / np.maximum(np.abs(residuals), scale)
            continue
        weights = np.square(np.maximum(1 - np.square(residuals / (_TUKEY * scale)), 0.0))
        if np.max(np.abs(residuals - before)) < 1e-4 * scale:
            break
    return residuals, log - residuals


def spread(residuals: Floats) -> float:
    """Their standard deviation as the median sees it, and never less than two per cent."""
    import numpy as np

    return max(1.4826 * float(np.median(np.abs(residuals - np.median(residuals)))), _NARROWEST)
