"""The lunisolar calendar (农历): sales around the Spring Festival are compared by it, and five statutory holidays hang on it.

The rules are those of GB/T 33661-2017: months begin on the day of the new moon at 120° E, and a month without a principal solar term
is a leap month. They need an ephemeris, so what follows from them is kept as a table of one number a year. The table ends in 2080,
before the first years in which a new moon falls so close to midnight that published calendars differ.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

_FIRST_YEAR = 1999
_FIRST_DAY = dt.date(1999, 2, 16)
_SHORT = 29

_FARTHEST = 200  # two Spring Festivals are at most 385 days apart

# A year: bit n is set if its month n (counted from 0, a leap month after its namesake) has 30 days; from bit 13 on the number of
# the month that is followed by a leap month of the same number, 0 in years without.
_YEARS = (
    0x00749,
    0x00693,
    0x0952B,
    0x0052B,
    0x00A5B,
    0x0555A,
    0x0056A,
    0x0FB55,
    0x00BA4,
    0x00B49,
    0x0BA93,
    0x00A95,
    0x0052D,
    0x08AAD,
    0x00AB5,
    0x135AA,
    0x005D2,
    0x00DA5,
    0x0DD4A,
    0x00D4A,
    0x00C95,
    0x0952E,
    0x00556,
    0x00AB5,
    0x055B2,
    0x006D2,
    0x0CEA5,
    0x00725,
    0x0064B,
    0x0AC97,
    0x00CAB,
    0x0055A,
    0x06AD6,
    0x00B69,
    0x17752,
    0x00B52,
    0x00B25,
    0x0DA4B,
    0x00A4B,
    0x004AB,
    0x0A55B,
    0x005AD,
    0x00B6A,
    0x05B52,
    0x00D92,
    0x0FD25,
    0x00D25,
    0x00A55,
    0x0B4AD,
    0x004B6,
    0x005B5,
    0x06DAA,
    0x00EC9,
    0x11E92,
    0x00E92,
    0x00D26,
    0x0CA56,
    0x00A57,
    0x004D6,
    0x086D5,
    0x00755,
    0x00749,
    0x06E93,
    0x00693,
    0x0F52B,
    0x0052B,
    0x00A5B,
    0x0B55A,
    0x0056A,
    0x00B65,
    0x0974A,
    0x00B4A,
    0x11A95,
    0x00A95,
    0x0052D,
    0x0CAAD,
    0x00AB5,
    0x005AA,
    0x08BA5,
    0x00DA5,
    0x00D4A,
    0x07C95,
)
LAST_YEAR = _FIRST_YEAR + len(_YEARS) - 1

_MONTHS = ("正月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "冬月", "腊月")
_TENS = ("初", "十", "廿")
_DIGITS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")


@dataclass(frozen=True, slots=True, order=True)
class LunarDate:
    """A day by the lunisolar calendar; ``year`` is the Gregorian year in which it began."""

    year: int
    month: int
    is_leap: bool
    day: int

    @property
    def name(self) -> str:
        """Its name in Chinese without the year, such as 闰六月初一."""
        return f"{'闰' if self.is_leap else ''}{_MONTHS[self.month - 1]}{_day_name(self.day)}"


def lunar_date(day: dt.date) -> LunarDate | None:
    """The lunar date of a day; None outside February 1999 to the end of the lunar year 2080."""
    if not _FIRST_DAY <= day < _month_starts()[-1][0]:
        return None
    starts = _month_starts()
    first, year, month, is_leap = starts[bisect_right(starts, (day, 9999)) - 1]
    return LunarDate(year, month, is_leap, (day - first).days + 1)


def solar_date(year: int, month: int, day: int, *, is_leap: bool = False) -> dt.date | None:
    """The day of a lunar date; None if the table has no such date."""
    for first, *of in _month_starts():
        if of == [year, month, is_leap]:
            found = first + dt.timedelta(days=day - 1)
            return found if lunar_date(found) == LunarDate(year, month, is_leap, day) else None
    return None


@cache
def new_year(year: int) -> dt.date | None:
    """The first day of the Spring Festival (正月初一) of a year; None outside the table."""
    return solar_date(year, 1, 1)


def new_year_offset(day: dt.date) -> int | None:
    """Days from the nearest Spring Festival's first day, negative before it; None outside the table."""
    offsets = [(day - first).days for first in (new_year(day.year + step) for step in (-1, 0, 1)) if first is not None]
    nearest = min(offsets, key=abs, default=None)
    return nearest if nearest is not None and abs(nearest) <= _FARTHEST else None


@cache
def _month_starts() -> list[tuple[dt.date, int, int, bool]]:
    """First day, year, number and leap mark of every month; the last entry is only the end of the table."""
    starts, day = [], _FIRST_DAY
    for number, packed in enumerate(_YEARS):
        leap = packed >> 13
        months = [(month, False) for month in range(1, 13)]
        if leap:
            months.insert(leap, (leap, True))
        for position, (month, is_leap) in enumerate(months):
            starts.append((day, _FIRST_YEAR + number, month, is_leap))
            day += dt.timedelta(days=_SHORT + (packed >> position & 1))
    return [*starts, (day, LAST_YEAR + 1, 1, False)]


def _day_name(day: int) -> str:
    if day in (20, 30):
        return f"{_DIGITS[day // 10 - 1]}十"
    return f"{_TENS[(day - 1) // 10]}{_DIGITS[(day - 1) % 10]}"
