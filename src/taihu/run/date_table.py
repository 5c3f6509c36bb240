"""``ops.calendar``: one row a day with everything that the date dimension of a Chinese company is asked for."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from taihu.china.festivals import festival_day
from taihu.china.lunar import lunar_date, new_year_offset
from taihu.china.weeks import FiscalYears, week_of
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.china.calendar import Calendar
    from taihu.manifest.project import Weeks

CALENDAR = pa.schema(
    [
        ("date", pa.date32()),
        ("is_workday", pa.bool_()),
        ("is_makeup", pa.bool_()),
        ("holiday_name", pa.string()),
        ("status", pa.string()),
        ("workday_of_month", pa.int32()),
        ("workdays_in_month", pa.int32()),
        ("lunar_year", pa.int32()),
        ("lunar_month", pa.int32()),
        ("lunar_day", pa.int32()),
        ("is_leap_month", pa.bool_()),
        ("lunar_name", pa.string()),
        ("spring_festival_offset", pa.int32()),
        ("shopping_festival", pa.string()),
        ("festival_phase", pa.string()),
        ("iso_year", pa.int32()),
        ("iso_week", pa.int32()),
        ("week_start", pa.date32()),
        ("retail_year", pa.int32()),
        ("retail_week", pa.int32()),
        ("retail_week_start", pa.date32()),
        ("fiscal_year", pa.int32()),
        ("fiscal_quarter", pa.int32()),
        ("fiscal_period", pa.int32()),
        ("fiscal_week", pa.int32()),
    ]
)
_DAYS_KEPT = 4096  # of one process, which may make the table every minute (``taihu serve``): eleven years
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def calendar_rows(calendar: Calendar, weeks: Weeks, span: Span) -> Iterable[dict[str, Any]]:
    """The rows of whole months, in order of days.

    Args:
        span: Must begin on the first day of a month; workdays are counted from there.
    """
    fiscal = weeks.fiscal
    years = FiscalYears(fiscal.pattern, _WEEKDAYS.index(fiscal.last_day), fiscal.month, fiscal.ends)
    first_weekday = _WEEKDAYS.index(weeks.first_day)
    elapsed = in_month = 0
    for day in span.days():
        if day.day == 1:
            elapsed, in_month = 0, len(calendar.workdays(_month_of(day)))
        elapsed += calendar.is_workday(day)
        yield {
            "date": day,
            **_working(calendar, day),
            "workday_of_month": elapsed,
            "workdays_in_month": in_month,
            **_festive(day),
            **_weeks(day, first_weekday, years),
        }


def _working(calendar: Calendar, day: dt.date) -> dict[str, Any]:
    return {
        "is_workday": calendar.is_workday(day),
        "is_makeup": calendar.is_makeup_workday(day),
        "holiday_name": calendar.name(day),
        "status": calendar.status(day),
    }


@functools.lru_cache(_DAYS_KEPT)
def _festive(day: dt.date) -> dict[str, Any]:
    lunar, festival = lunar_date(day), festival_day(day)
    return {
        "lunar_year": lunar.year if lunar else None,
        "lunar_month": lunar.month if lunar else None,
        "lunar_day": lunar.day if lunar else None,
        "is_leap_month": lunar.is_leap if lunar else None,
        "lunar_name": lunar.name if lunar else None,
        "spring_festival_offset": new_year_offset(day),
        "shopping_festival": festival.festival if festival else "",
        "festival_phase": festival.phase if festival else "",
    }


@functools.lru_cache(_DAYS_KEPT)
def _weeks(day: dt.date, first_weekday: int, years: FiscalYears) -> dict[str, Any]:
    iso, retail, fiscal = week_of(day), week_of(day, first_weekday), years.week_of(day)
    return {
        "iso_year": iso.year,
        "iso_week": iso.number,
        "week_start": iso.start,
        "retail_year": retail.year,
        "retail_week": retail.number,
        "retail_week_start": retail.start,
        "fiscal_year": fiscal.year,
        "fiscal_quarter": fiscal.quarter,
        "fiscal_period": fiscal.period,
        "fiscal_week": fiscal.number,
    }


def _month_of(day: dt.date) -> Span:
    return Span(day, (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1))
