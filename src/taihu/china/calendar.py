"""The Chinese working calendar: which days are worked, and how sure that is.

The State Council announces next year's days off and make-up workdays only in November. A year that is not announced yet is
answered from its weekdays and statutory days and says ``provisional``: deadlines still exist, and nobody is misled about them.
Rows are kept in the public JSON form (name, date, isOffDay), so a user's imported notice and the packaged table are read alike.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from taihu.core.types import Span

Status = Literal["announced", "provisional"]
_DAY = dt.timedelta(days=1)
_FURTHEST = 60


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One day that differs from its weekday, or bears a holiday's name; ``year`` is the year of the notice that says so."""

    day: dt.date
    name: str
    is_workday: bool
    year: int
    status: Status = "announced"


class Calendar:
    """Working days by a table of announced exceptions.

    Args:
        rows: Exceptions from weekdays. Of two rows for one day the later one counts, so overrides are appended.
    """

    def __init__(self, rows: Iterable[CalendarRow]) -> None:
        self._rows: dict[dt.date, CalendarRow] = {}
        self._years: dict[int, Status] = {}
        for row in rows:
            self._rows[row.day] = row
            if self._years.get(row.year) != "announced":
                self._years[row.year] = row.status
        announced = {year for year, status in self._years.items() if status == "announced"}
        self._rows = {
            day: row for day, row in self._rows.items() if row.status == "announced" or row.year not in announced
        }  # a notice replaces the whole provisional year, also the days that it does not mention

    @classmethod
    def from_table(cls, rows: Iterable[Mapping[str, Any]]) -> Calendar:
        """Build from mappings with ``day`` (date or ISO text), ``name``, ``is_workday``, ``status`` and perhaps ``year``."""
        return cls(_row_of(mapping) for mapping in rows)

    def is_workday(self, day: dt.date) -> bool:
        """True if people work on this day."""
        row = self._rows.get(day)
        return row.is_workday if row else day.weekday() < 5

    def status(self, day: dt.date) -> Status:
        """``announced`` if the notice for the day's year is in the table, else ``provisional``."""
        return self._years.get(day.year, "provisional")

    def name(self, day: dt.date) -> str:
        """The holiday that the day off, or the make-up workday, belongs to; empty on other days."""
        row = self._rows.get(day)
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

    @property
    def announced_years(self) -> tuple[int, ...]:
        """Years whose notice is in the table."""
        return tuple(sorted(year for year, status in self._years.items() if status == "announced"))


def rows_from_json(text: str) -> list[CalendarRow]:
    """Rows of one public year file (``{"year": …, "days": […]}``), or of several under ``years``.

    Raises:
        ValueError: If the text is not of that form.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a calendar file is a JSON object with year and days")
    years: Sequence[Any] = document.get("years", [document])
    rows = []
    for year in years:
        try:
            status: Status = "provisional" if year.get("status") == "provisional" else "announced"
            number = int(year["year"])
            for day in year["days"]:
                rows.append(CalendarRow(dt.date.fromisoformat(day["date"]), str(day["name"]), not day["isOffDay"], number, status))
        except (KeyError, TypeError) as error:
            raise ValueError(f"the calendar file lacks {error}") from None
    return rows


def packaged_rows() -> list[CalendarRow]:
    """The table in the wheel: notices of 2018 to 2026, then statutory days of later years as provisional."""
    return rows_from_json(resources.files("taihu.china").joinpath("data/calendar_cn.json").read_text(encoding="utf-8"))


def _row_of(mapping: Mapping[str, Any]) -> CalendarRow:
    day = mapping["day"] if isinstance(mapping["day"], dt.date) else dt.date.fromisoformat(str(mapping["day"]))
    status: Status = "provisional" if mapping.get("status") == "provisional" else "announced"
    return CalendarRow(day, str(mapping["name"]), bool(mapping["is_workday"]), int(mapping.get("year", day.year)), status)
