"""Weeks that years are made of: a company compares week 20 with week 20, and must say what week 20 is.

ISO 8601 weeks begin on Monday. A retail week may begin on any day and is numbered by the same rule. A fiscal year of 52 or 53 whole
weeks ends on one weekday, the last of a month or the one nearest to the month's end; its quarters have 4-4-5 weeks (or 4-5-4, 5-4-4),
and a 53rd week lengthens the last period.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Literal

_WEEK = dt.timedelta(days=7)
_DAY = dt.timedelta(days=1)

Pattern = Literal["4-4-5", "4-5-4", "5-4-4"]


@dataclass(frozen=True, slots=True)
class Week:
    """A numbered week of a year; ``start`` is its first day."""

    year: int
    number: int
    start: dt.date


@dataclass(frozen=True, slots=True)
class FiscalWeek:
    """A week of a fiscal year, with the quarter (1 to 4) and the period (1 to 12) that it belongs to."""

    year: int
    quarter: int
    period: int
    number: int
    start: dt.date


@dataclass(frozen=True, slots=True)
class FiscalYears:
    """How fiscal years are cut.

    Attributes:
        pattern: Weeks of the three periods of a quarter.
        last_weekday: Weekday on which every year ends, 0 for Monday.
        month: Month at whose end the year ends.
        ends: ``last``: the last such weekday in the month; ``nearest``: the one nearest to the month's last day.
    """

    pattern: Pattern = "4-4-5"
    last_weekday: int = 6
    month: int = 12
    ends: Literal["last", "nearest"] = "nearest"

    def last_day(self, year: int) -> dt.date:
        """The last day of a fiscal year, which is named after the year in which its last month lies."""
        end = dt.date(year, self.month, calendar.monthrange(year, self.month)[1])
        back = end - _DAY * ((end.weekday() - self.last_weekday) % 7)
        return back + _WEEK if self.ends == "nearest" and (end - back).days > 3 else back

    def weeks_in(self, year: int) -> int:
        """52 or 53."""
        return (self.last_day(year) - self.last_day(year - 1)).days // 7

    def week_of(self, day: dt.date) -> FiscalWeek:
        """The fiscal week that a day belongs to."""
        year = next(year for year in range(day.year - 1, day.year + 3) if day <= self.last_day(year))
        first = self.last_day(year - 1) + _DAY
        number = (day - first).days // 7 + 1
        lengths = [int(weeks) for weeks in self.pattern.split("-")] * 4
        period, end = 1, lengths[0]
        while number > end and period < 12:
            end += lengths[period]
            period += 1
        return FiscalWeek(year, (period - 1) // 3 + 1, period, number, first + _WEEK * (number - 1))


def week_of(day: dt.date, first_weekday: int = 0) -> Week:
    """The week of a day where weeks begin on ``first_weekday`` (0 for Monday, which gives ISO 8601 weeks).

    A week belongs to the year that holds most of its days, so the first week of a year is the one with four or more days in it.
    """
    start = day - _DAY * ((day.weekday() - first_weekday) % 7)
    year = (start + 3 * _DAY).year
    fourth = dt.date(year, 1, 4)
    first = fourth - _DAY * ((fourth.weekday() - first_weekday) % 7)
    return Week(year, (start - first).days // 7 + 1, start)
