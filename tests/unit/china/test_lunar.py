"""The lunar table beside two sources that share nothing with it: a table of holidays, and the positions of sun and moon."""

import datetime as dt
from itertools import pairwise
from math import floor, radians, sin

import pytest

from taihu.china.lunar import LAST_YEAR, LunarDate, lunar_date, new_year, new_year_offset, solar_date

_EPOCH = dt.datetime(2000, 1, 1, 12)  # JD 2451545.0
_CHINA = dt.timedelta(hours=8)
_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "expected", "name"),
    [
        (dt.date(2026, 2, 17), LunarDate(2026, 1, False, 1), "正月初一"),
        (dt.date(2026, 2, 16), LunarDate(2025, 12, False, 29), "腊月廿九"),
        (dt.date(2026, 9, 25), LunarDate(2026, 8, False, 15), "八月十五"),
        (dt.date(2025, 7, 25), LunarDate(2025, 6, True, 1), "闰六月初一"),
        (dt.date(2033, 12, 22), LunarDate(2033, 11, True, 1), "闰冬月初一"),
        (dt.date(2023, 3, 21), LunarDate(2023, 2, False, 30), "二月三十"),
        (dt.date(2020, 6, 11), LunarDate(2020, 4, True, 20), "闰四月二十"),
    ],
)
def test_known_days(day: dt.date, expected: LunarDate, name: str) -> None:
    assert lunar_date(day) == expected and expected.name == name
    assert solar_date(expected.year, expected.month, expected.day, is_leap=expected.is_leap) == day


def test_days_outside_the_table_have_no_lunar_date() -> None:
    assert lunar_date(dt.date(1999, 2, 15)) is None and lunar_date(dt.date(1999, 2, 16)) == LunarDate(1999, 1, False, 1)
    assert lunar_date(dt.date(LAST_YEAR + 1, 6, 1)) is None
    assert solar_date(2026, 5, 1, is_leap=True) is None and solar_date(2026, 12, 31) is None
    assert new_year(1900) is None and new_year_offset(dt.date(2090, 1, 1)) is None


def test_the_distance_to_the_spring_festival() -> None:
    assert new_year_offset(dt.date(2026, 2, 17)) == 0
    assert new_year_offset(dt.date(2026, 1, 18)) == -30 and new_year_offset(dt.date(2026, 3, 4)) == 15
    assert new_year_offset(dt.date(2026, 12, 31)) == -37
    offsets = [new_year_offset(dt.date(2001, 1, 1) + _DAY * number) for number in range(20000)]
    assert all(offset is not None and -193 <= offset <= 193 for offset in offsets)


def test_festivals_agree_with_an_independent_table() -> None:
    from holidays.calendars.chinese import _ChineseLunisolar

    other = _ChineseLunisolar()
    for year in range(2000, LAST_YEAR + 1):
        assert new_year(year) == other.lunar_new_year_date(year)[0], year
        assert solar_date(year, 5, 5) == other.dragon_boat_date(year)[0], year
        assert solar_date(year, 8, 15) == other.mid_autumn_date(year)[0], year
        assert solar_date(year, 9, 9) == other.double_ninth_date(year)[0], year


def test_every_month_begins_with_the_new_moon_and_leap_months_lack_a_principal_term() -> None:
    """By the rules of GB/T 33661-2017, with short series for sun and moon (Meeus, Astronomical Algorithms, chapters 25 and 49)."""
    months = []
    day = dt.date(1999, 12, 8)  # the new moon before the December solstice of 1999
    for number in range(-1, round(LAST_YEAR + 0.9 - 2000) * 12 + 30):
        moon = _new_moon(number) + _CHINA
        near_midnight = min(moon.hour * 60 + moon.minute, 1440 - moon.hour * 60 - moon.minute) < 4
        lunar = lunar_date(moon.date())
        if lunar is None:
            break
        if not near_midnight:
            assert lunar.day == 1, (moon, lunar)
        months.append(moon.date() if lunar.day == 1 else moon.date() + _DAY * (1 if lunar.day > 15 else -1))
    assert day in months[:2] and len(months) > 990
    leap_months = 0
    for first, following in pairwise(months):
        lunar = lunar_date(first)
        has_term = _sun(first) // 30 != _sun(following) // 30
        assert lunar is not None
        if lunar.is_leap:
            leap_months += 1
            assert not has_term, first
        elif not has_term:  # rare: a winter month without a term that is no leap month, as in 2033 and 2034
            assert lunar.year in (2033, 2034) or lunar.month in (11, 12, 1), first
    assert leap_months == sum(
        1 for year in range(2000, LAST_YEAR + 1) for month in range(1, 13) if solar_date(year, month, 1, is_leap=True)
    )


def _new_moon(number: int) -> dt.datetime:
    """The new moon ``number`` since January 2000 in universal time, good to about a minute."""
    t = number / 1236.85
    days = 5.09766 + 29.530588861 * number + 0.00015437 * t * t
    e = 1 - 0.002516 * t
    sun, moon = radians(2.5534 + 29.10535670 * number), radians(201.5643 + 385.81693528 * number + 0.0107582 * t * t)
    node, ascending = radians(160.7108 + 390.67050284 * number - 0.0016118 * t * t), radians(124.7746 - 1.56375588 * number)
    days += -0.40720 * sin(moon) + 0.17241 * e * sin(sun) + 0.01608 * sin(2 * moon) + 0.01039 * sin(2 * node)
    days += 0.00739 * e * sin(moon - sun) - 0.00514 * e * sin(moon + sun) + 0.00208 * e * e * sin(2 * sun)
    days += -0.00111 * sin(moon - 2 * node) - 0.00057 * sin(moon + 2 * node) + 0.00056 * e * sin(2 * moon + sun)
    days += -0.00042 * sin(3 * moon) + 0.00042 * e * sin(sun + 2 * node) + 0.00038 * e * sin(sun - 2 * node)
    days += -0.00024 * e * sin(2 * moon - sun) - 0.00017 * sin(ascending) - 0.00007 * sin(moon + 2 * sun)
    days += 0.000325 * sin(radians(299.77 + 0.107408 * number)) + 0.000165 * sin(radians(251.88 + 0.016321 * number))
    universal = -_delta_t(number / 12.3685) / 86400
    return _EPOCH + dt.timedelta(days=days + universal)


def _delta_t(years: float) -> float:
    """Dynamical minus universal time in seconds; it has been near 69 since 2015, and half a minute more or less changes no day here."""
    return 64 + 0.3 * min(years, 20) + 0.1 * max(years - 20, 0)


def _sun(day: dt.date) -> float:
    """Apparent longitude of the sun in degrees at the beginning of a day in China, good to about a hundredth."""
    t = ((dt.datetime(day.year, day.month, day.day) - _CHINA - _EPOCH) / _DAY + 70 / 86400) / 36525
    anomaly = radians(357.52911 + 35999.05029 * t)
    centre = (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    longitude = 280.46646 + 36000.76983 * t + 0.0003032 * t * t + centre - 0.00569 - 0.00478 * sin(radians(125.04 - 1934.136 * t))
    return longitude - 360 * floor(longitude / 360)
