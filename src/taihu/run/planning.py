"""Which reports are due: the planner's answer for an instant, the same whoever asks.

A report that a missed morning owed is not sent twice the next day: the next one simply covers all days since the last
report, as the project file says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from taihu.core.types import Span
from taihu.ledger.records import Publication
from taihu.manifest.report import ReportFile
from taihu.run.expecting import WorkCalendar


@dataclass(frozen=True, slots=True)
class DueReport:
    """A report that should be out: for which business days, and since when."""

    report: str
    span: Span
    due_at: dt.datetime


def due_report(
    name: str,
    report: ReportFile,
    *,
    published: Sequence[Publication],
    started_at: dt.datetime,
    now: dt.datetime,
    zone: ZoneInfo,
    calendar: WorkCalendar,
) -> DueReport | None:
    """The report that is due at ``now`` and has not been published yet; None if it is out or not due."""
    slot = _last_slot(report, now=now, zone=zone, calendar=calendar)
    if slot is None or slot < started_at - dt.timedelta(days=1):
        return None
    day = slot.astimezone(zone).date()
    newest = max((publication.span.end for publication in published), default=None)
    if report.period == "last week":
        monday = day - dt.timedelta(days=day.weekday())
        span = Span(monday - dt.timedelta(days=7), monday)
        return None if newest is not None and newest >= span.end else DueReport(name, span, slot)
    if newest is not None and newest >= day:
        return None
    return DueReport(name, Span(newest or _day_after_previous_slot(report, day, calendar), day), slot)


def due_update(name: str, report: ReportFile, *, published: Sequence[Publication], now: dt.datetime, zone: ZoneInfo) -> DueReport | None:
    """The report that went out today and may still get a later version; None if there is none or ``updates: until`` is past."""
    if report.updates is None or not published:
        return None
    newest, here = published[-1], now.astimezone(zone)
    if newest.issued_at.astimezone(zone).date() != here.date() or here.time() > dt.time.fromisoformat(report.updates.until):
        return None
    return DueReport(name, newest.span, now)


def _is_report_day(report: ReportFile, day: dt.date, calendar: WorkCalendar) -> bool:
    if not calendar.is_workday(day):
        return False
    if report.every == "workday":
        return True
    monday = day - dt.timedelta(days=day.weekday())
    return not any(calendar.is_workday(earlier) for earlier in Span(monday, day).days())


def _last_slot(report: ReportFile, *, now: dt.datetime, zone: ZoneInfo, calendar: WorkCalendar) -> dt.datetime | None:
    """The last instant at or before ``now`` at which the report goes out, looking back a month."""
    at = dt.time.fromisoformat(report.at)
    today = now.astimezone(zone).date()
    for back in range(32):
        day = today - dt.timedelta(days=back)
        slot = dt.datetime.combine(day, at, zone)
        if slot <= now and _is_report_day(report, day, calendar):
            return slot.astimezone(dt.UTC)
    return None


def _day_after_previous_slot(report: ReportFile, day: dt.date, calendar: WorkCalendar) -> dt.date:
    """First day that the very first report covers: since the report day before it."""
    earlier = day - dt.timedelta(days=1)
    while not _is_report_day(report, earlier, calendar):
        earlier -= dt.timedelta(days=1)
    return earlier
