"""Arithmetic of months, the partitions of incremental tables.

Rows of one day may read earlier days (``reads: 28 days before``), so a month depends on the months that this window reaches into,
and a changed month touches the later months whose window reaches back into it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable

# Rows without a date are kept, in a partition of their own that no window reaches.
UNDATED = "0000-00"


def month_of(day: dt.date) -> str:
    return day.strftime("%Y-%m")


def months_between(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last``, both included."""
    year, month = _parts(first)
    result = []
    while (text := f"{year:04d}-{month:02d}") <= last:
        result.append(text)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return result


def months_read(month: str, lookback_days: int) -> list[str]:
    """The months that rows of ``month`` may read."""
    if month == UNDATED:
        return [UNDATED]
    year, number = _parts(month)
    return months_between(month_of(dt.date(year, number, 1) - dt.timedelta(days=lookback_days)), month)


def months_touched(months: Iterable[str], lookback_days: int) -> set[str]:
    """The months whose rows may read one of ``months``."""
    touched: set[str] = set()
    for month in months:
        if month == UNDATED:
            touched.add(month)
            continue
        year, number = _parts(month)
        last = dt.date(year, number, calendar.monthrange(year, number)[1])
        touched.update(months_between(month, month_of(last + dt.timedelta(days=lookback_days))))
    return touched


def _parts(month: str) -> tuple[int, int]:
    year, _, number = month.partition("-")
    return int(year), int(number)
