"""The Chinese working calendar: which days are worked, and how sure that is.

The State Council announces next year's days off and make-up workdays only in November. A year that is not announced yet is
answered from its weekdays and statutory days and says ``provisional``: deadlines still exist, and nobody is misled about them.
Notices are kept in the public JSON form (year, papers, days with name, date, isOffDay), so an imported notice and the packaged
table are read alike.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from taihu.china.lunar import new_year, solar_date
from taihu.core.ids import derived_id
from taihu.core.types import Span

Status = Literal["announced", "provisional"]
_DAY = dt.timedelta(days=1)
_FURTHEST = 60


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One day that differs from its weekday, or bears a holiday's name."""

    day: dt.date
    name: str
    is_workday: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """What is known of one year. A notice may also speak of last days of the year before (2018-12-31 is in that of 2019).

    Attributes:
        papers: Numbers or addresses of the State Council's notices that it was taken from.
    """

    year: int
    rows: tuple[CalendarRow, ...]
    papers: tuple[str, ...] = ()
    status: Status = "announced"


class Calendar:
    """Working days by the notices of the years.

    Args:
        notices: Of two for one year the later one counts, whole: a day that it does not mention follows its weekday.
    """

    def __init__(self, notices: Iterable[Notice]) -> None:
        self._notices = {notice.year: notice for notice in notices}
        self._rows: dict[dt.date, CalendarRow] = {}
        for year in sorted(self._notices):
            self._rows.update({row.day: row for row in self._notices[year].rows})
        self._assumed: dict[int, dict[dt.date, CalendarRow]] = {}

    def is_workday(self, day: dt.date) -> bool:
        """True if people work on this day."""
        row = self._row(day)
        return row.is_workday if row else day.weekday() < 5

    def status(self, day: dt.date) -> Status:
        """``announced`` if the notice for the day's year is known, else ``provisional``."""
        notice = self._notices.get(day.year)
        return notice.status if notice else "provisional"

    def name(self, day: dt.date) -> str:
        """The holiday that the day off, or the make-up workday, belongs to; empty on other days."""
        row = self._row(day)
        return row.name if row else ""

    def is_makeup_workday(self, day: dt.date) -> bool:
        """True for a Saturday or Sunday that is worked to make up for a day off."""
        return day.weekday() >= 5 and self.is_workday(day)

    def workdays(self, span: Span) -> list[dt.date]:
        """The working days of a span, in order."""
        return [day for day in span.days() if self.is_workday(day)]

    def next_workday(self, day: dt.date) -> dt.date:
        """The first working day after ``day``."""
        return self._step(day, _DAY)

    def previous_workday(self, day: dt.date) -> dt.date:
        """The last working day before ``day``."""
        return self._step(day, -_DAY)

    def _step(self, day: dt.date, step: dt.timedelta) -> dt.date:
        for _ in range(_FURTHEST):
            day += step
            if self.is_workday(day):
                return day
        raise ValueError("the calendar has no working day within 60 days")

    def _row(self, day: dt.date) -> CalendarRow | None:
        row = self._rows.get(day)
        if row is not None or day.year in self._notices:
            return row
        if day.year not in self._assumed:
            self._assumed[day.year] = {assumed.day: assumed for assumed in statutory_notice(day.year).rows}
        return self._assumed[day.year].get(day)

    @property
    def announced_years(self) -> tuple[int, ...]:
        """Years whose notice is known."""
        return tuple(sorted(year for year, notice in self._notices.items() if notice.status == "announced"))

    @property
    def known_years(self) -> tuple[int, ...]:
        """Years that something is known of, announced or not."""
        return tuple(sorted(self._notices))

    def notice(self, year: int) -> Notice:
        """What is known of a year; the statutory days where nothing has been announced."""
        return self._notices.get(year) or statutory_notice(year)

    @property
    def version(self) -> str:
        """A short mark of everything that was announced: two calendars with the same mark answer alike."""
        known = [
            (year, notice.status, sorted((str(row.day), row.name, row.is_workday) for row in notice.rows))
            for year, notice in sorted(self._notices.items())
        ]
        return derived_id("calendar", known, length=12)


def notices_from_json(text: str) -> list[Notice]:
    """The notices of one public year file (``{"year": …, "papers": […], "days": […]}``), or of several under ``years``.

    Raises:
        ValueError: If the text is not of that form, or a day is told twice or belongs to another year.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a calendar file is a JSON object with year and days")
    years: Sequence[Any] = document.get("years", [document])
    return [_notice_of(year) for year in years]


def _notice_of(document: Any) -> Notice:
    try:
        year = int(document["year"])
        rows = tuple(_row_of(day) for day in document["days"])
        papers = tuple(str(paper) for paper in document.get("papers", ()))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the calendar file lacks {error}") from None
    seen: set[dt.date] = set()
    for row in rows:
        if row.day in seen:
            raise ValueError(f"{row.day} is told twice")
        if row.day.year != year and not (row.day.year == year - 1 and row.day.month == 12):
            raise ValueError(f"{row.day} is not a day of {year} or of the December before")
        seen.add(row.day)
    if not rows:
        raise ValueError(f"there are no days of {year}")
    return Notice(year, rows, papers, "provisional" if document.get("status") == "provisional" else "announced")


def _row_of(day: Any) -> CalendarRow:
    if not isinstance(day["isOffDay"], bool):
        raise ValueError(f"isOffDay of {day['date']} is neither true nor false")
    return CalendarRow(dt.date.fromisoformat(str(day["date"])), str(day["name"]), not day["isOffDay"])


def notice_json(notice: Notice) -> str:
    """A notice in the public form."""
    days = ",\n".join(
        "    " + json.dumps({"name": row.name, "date": str(row.day), "isOffDay": not row.is_workday}, ensure_ascii=False)
        for row in notice.rows
    )
    papers = json.dumps(list(notice.papers), ensure_ascii=False)
    status = "" if notice.status == "announced" else f'\n  "status": "{notice.status}",'
    return f'{{\n  "year": {notice.year},{status}\n  "papers": {papers},\n  "days": [\n{days}\n  ]\n}}\n'


def packaged_notices() -> list[Notice]:
    """The table in the wheel: the State Council's notices of 2018 to 2026, each with its number."""
    return notices_from_json(resources.files("taihu.china").joinpath("data/calendar_cn.json").read_text(encoding="utf-8"))


def statutory_notice(year: int) -> Notice:
    """The days off that the law itself fixes, for a year without a notice: no make-up workdays, no bridges.

    Source: 全国年节及纪念日放假办法 (State Council order 795, in force since 2025-01-01), article 2, and article 6 for days on a
    weekend, which are made good on the next weekdays. Lunar days are left out where their date is not known (after 2080).
    """
    spring = new_year(year)
    found: list[tuple[dt.date | None, str, int]] = [
        (dt.date(year, 1, 1), "元旦", 1),
        (spring - _DAY if spring else None, "春节", 4),
        (_qingming(year), "清明节", 1),
        (dt.date(year, 5, 1), "劳动节", 2),
        (solar_date(year, 5, 5), "端午节", 1),
        (solar_date(year, 8, 15), "中秋节", 1),
        (dt.date(year, 10, 1), "国庆节", 3),
    ]
    holidays = sorted((first, name, days) for first, name, days in found if first is not None)
    off: dict[dt.date, str] = {}
    owed: list[tuple[dt.date, str]] = []
    for first, name, days in holidays:
        for day in (first + _DAY * number for number in range(days)):
            if day.weekday() >= 5:
                owed.append((first + _DAY * days, name))
            off[day] = "、".join(dict.fromkeys([*filter(None, [off.get(day)]), name]))
    for day, name in owed:
        while day in off or day.weekday() >= 5:
            day += _DAY
        off[day] = name
    return Notice(year, tuple(CalendarRow(day, name, False) for day, name in sorted(off.items())), status="provisional")


def _qingming(year: int) -> dt.date | None:
    """The day on which the sun reaches 15 degrees of ecliptic longitude, for 2000 to 2099 (the known rule of the century)."""
    if not 2000 <= year < 2100:
        return None
    return dt.date(year, 4, int((year - 2000) * 0.2422 + 4.81) - (year - 2000) // 4)
