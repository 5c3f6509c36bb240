import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.festivals import festival_day
from taihu.china.weeks import FiscalYears, week_of

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2080, 12, 31))
SATURDAY, SUNDAY = 5, 6


@given(DAYS)
def test_weeks_from_monday_are_iso_weeks_and_so_is_the_default_fiscal_year(day: dt.date) -> None:
    year, number, weekday = day.isocalendar()
    week, fiscal = week_of(day), FiscalYears().week_of(day)
    assert (week.year, week.number, week.start) == (year, number, day - dt.timedelta(days=weekday - 1))
    assert (fiscal.year, fiscal.number, fiscal.start) == (year, number, week.start)


@given(DAYS, st.integers(0, 6))
def test_a_week_has_seven_days_of_one_number_and_lies_mostly_in_its_year(day: dt.date, first_weekday: int) -> None:
    week = week_of(day, first_weekday)
    days = [week.start + dt.timedelta(days=number) for number in range(7)]
    assert week.start.weekday() == first_weekday and day in days
    assert {week_of(each, first_weekday) for each in days} == {week}
    assert sum(each.year == week.year for each in days) >= 4
    following = week_of(week.start + dt.timedelta(days=7), first_weekday)
    assert following.number == week.number + 1 or (following.number == 1 and week.number in (52, 53))


@given(
    DAYS,
    st.builds(
        FiscalYears,
        pattern=st.sampled_from(["4-4-5", "4-5-4", "5-4-4"]),
        last_weekday=st.integers(0, 6),
        month=st.integers(1, 12),
        ends=st.sampled_from(["last", "nearest"]),
    ),
)
def test_fiscal_years_have_whole_weeks_and_no_day_is_left_over(day: dt.date, years: FiscalYears) -> None:
    week = years.week_of(day)
    assert week.start <= day < week.start + dt.timedelta(days=7)
    assert years.weeks_in(week.year) in (52, 53) and 1 <= week.number <= years.weeks_in(week.year)
    assert week.quarter == (week.period + 2) // 3
    last = years.last_day(week.year)
    assert last.weekday() == years.last_weekday
    end = years.week_of(last)
    assert (end.period, end.number) == (12, years.weeks_in(week.year))
    assert years.week_of(last + dt.timedelta(days=1)).number == 1
    if years.ends == "last":
        assert last.month == years.month and (last + dt.timedelta(days=7)).month != years.month


def test_2026_has_a_week_53_in_its_last_period() -> None:
    years = FiscalYears()
    assert [years.weeks_in(year) for year in range(2020, 2027)] == [53, 52, 52, 52, 52, 52, 53]
    week = years.week_of(dt.date(2026, 12, 31))
    assert (week.quarter, week.period, week.number) == (4, 12, 53)
    lengths = [
        sum(years.week_of(dt.date(2025, 12, 29) + dt.timedelta(days=7 * n)).period == period for n in range(53)) for period in range(1, 13)
    ]
    assert lengths == [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 6]


@pytest.mark.parametrize(
    ("year", "last"),
    # Fiscal years of American retail (4-5-4, the Saturday nearest to 31 January), as their federation prints them.
    [
        (2023, dt.date(2024, 2, 3)),
        (2024, dt.date(2025, 2, 1)),
        (2025, dt.date(2026, 1, 31)),
        (2017, dt.date(2018, 2, 3)),
        (2012, dt.date(2013, 2, 2)),
    ],
)
def test_the_published_retail_calendar(year: int, last: dt.date) -> None:
    years = FiscalYears("4-5-4", SATURDAY, 1, "nearest")
    assert years.last_day(year + 1) == last
    assert years.weeks_in(2024) == 53 and years.weeks_in(2018) == 53 and years.weeks_in(2013) == 53 and years.weeks_in(2025) == 52


def test_a_week_that_begins_on_saturday() -> None:
    assert week_of(dt.date(2026, 11, 25), SATURDAY).start == dt.date(2026, 11, 21)
    assert week_of(dt.date(2026, 1, 1), SUNDAY).start == dt.date(2025, 12, 28)


def test_phases_of_the_shopping_festivals_follow_each_other() -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(365)]
    phases = [(found.festival, found.phase) for day in days if (found := festival_day(day))]
    order = list(dict.fromkeys(phases))
    names = ("presale", "opening", "main", "peak", "after")
    assert order == [(festival, phase) for festival in ("618", "double_11") for phase in names]
    for festival, first, last in (("618", (5, 20), (6, 22)), ("double_11", (10, 20), (11, 15))):
        span = [day for day in days if (found := festival_day(day)) and found.festival == festival]
        assert (span[0].month, span[0].day) == first and (span[-1].month, span[-1].day) == last
        assert (span[-1] - span[0]).days + 1 == len(span), "no day between the phases is ordinary"
    peak = festival_day(dt.date(2026, 11, 11))
    assert peak and peak.phase == "peak" and festival_day(dt.date(2026, 6, 18)) and festival_day(dt.date(2026, 8, 1)) is None
