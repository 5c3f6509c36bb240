"""The working calendar of a project: the packaged notices, replaced year by year by files in ``calendar/``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.errors import ManifestError, UsageError
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.china.calendar import Calendar, Notice

FOLDER = "calendar"


@dataclass(frozen=True, slots=True)
class ImportedYear:
    """A year that a file brings: the notice, its file in the project, and the days that are worked otherwise than before."""

    notice: Notice
    path: Path
    changed: tuple[dt.date, ...]


def calendar_of(root: Path, name: str) -> Calendar:
    """The calendar called ``name``; only ``cn`` is packaged.

    Raises:
        ManifestError: There is no such calendar, or an imported file cannot be read.
    """
    from taihu.china.calendar import Calendar, notices_from_json, packaged_notices

    if name != "cn":
        raise ManifestError(f"unknown calendar {name!r}", where="taihu.yml:1", fix="the packaged calendar is cn")
    notices = packaged_notices()
    for path in sorted((root / FOLDER).glob("*.json")):
        try:
            notices += notices_from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ManifestError(f"not a calendar file: {error}", where=f"{FOLDER}/{path.name}:1") from None
    return Calendar(notices)


def read_notices(root: Path, calendar: Calendar, file: Path) -> list[ImportedYear]:
    """The years of a file in the public form, beside what ``calendar`` says now; writes nothing.

    Raises:
        UsageError: The file is not there or not of that form.
    """
    from taihu.china.calendar import Calendar, notices_from_json

    try:
        notices = notices_from_json(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", fix="name a file with the days of a year") from None
    except ValueError as error:
        raise UsageError(f"not a calendar file: {error}", where=str(file), fix="year, papers, days with name, date, isOffDay") from None
    known = [calendar.notice(year) for year in calendar.known_years]
    after = Calendar([*known, *notices])
    return [ImportedYear(notice, root / FOLDER / f"{notice.year}.json", _changed(calendar, after, notice.year)) for notice in notices]


def write_notices(years: list[ImportedYear]) -> None:
    """Keep the years in the project, where they replace the packaged ones."""
    from taihu.china.calendar import notice_json

    for year in years:
        year.path.parent.mkdir(exist_ok=True)
        fresh = year.path.with_suffix(".new")
        fresh.write_text(notice_json(year.notice), encoding="utf-8")
        fresh.replace(year.path)


def _changed(before: Calendar, after: Calendar, year: int) -> tuple[dt.date, ...]:
    """Days of the year, and of the December before, that are worked otherwise; an announcement alone changes none."""
    days = Span(dt.date(year - 1, 12, 1), dt.date(year + 1, 1, 1)).days()
    return tuple(day for day in days if before.is_workday(day) != after.is_workday(day))
