"""Reports are due by the working calendar; a missed morning is covered by the next report."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.types import Span
from taihu.ledger.records import Publication
from taihu.manifest.report import ReportFile
from taihu.run.planning import DueReport, due_report

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(packaged_notices())
TITLE = {"zh": "日报", "en": "Daily"}
DAILY = ReportFile.model_validate(
    {"title": TITLE, "every": "workday", "at": "08:30", "period": "since last report", "blocks": ["arrivals"]}
)
WEEKLY = ReportFile.model_validate(
    {"title": TITLE, "every": "week", "on": "first workday", "at": "08:30", "period": "last week", "blocks": ["arrivals"]}
)
D = dt.date


def at(day: dt.date, hour: int, minute: int = 30) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), ZONE).astimezone(dt.UTC)


def ask(report: ReportFile, now: dt.datetime, published: list[Publication], started: dt.datetime | None = None) -> DueReport | None:
    return due_report("r", report, published=published, started_at=started or at(D(2026, 9, 1), 8), now=now, zone=ZONE, calendar=CALENDAR)


def out(start: dt.date, end: dt.date) -> Publication:
    return Publication("p", "r", 1, Span(start, end), at(end, 8), {})


def test_monday_covers_friday_to_sunday() -> None:
    due = ask(DAILY, at(D(2026, 9, 14), 8), [out(D(2026, 9, 10), D(2026, 9, 11))])
    assert due is not None and due.span == Span(D(2026, 9, 11), D(2026, 9, 14))


def test_not_due_before_its_time_nor_twice() -> None:
    assert ask(DAILY, at(D(2026, 9, 15), 8, 29), [out(D(2026, 9, 11), D(2026, 9, 14))]) is None
    assert ask(DAILY, at(D(2026, 9, 14), 9), [out(D(2026, 9, 11), D(2026, 9, 14))]) is None


def test_nothing_goes_out_on_a_holiday_and_the_first_morning_covers_it_all() -> None:
    published = [out(D(2026, 9, 29), D(2026, 9, 30))]
    assert ask(DAILY, at(D(2026, 10, 3), 9), published) is None
    due = ask(DAILY, at(D(2026, 10, 8), 9), published)
    assert due is not None and due.span == Span(D(2026, 9, 30), D(2026, 10, 8))


def test_a_missed_morning_is_caught_up_by_the_next() -> None:
    due = ask(DAILY, at(D(2026, 9, 24), 9), [out(D(2026, 9, 21), D(2026, 9, 22))])
    assert due is not None and due.span == Span(D(2026, 9, 22), D(2026, 9, 24))


def test_weekly_goes_out_on_the_first_workday_of_the_week() -> None:
    assert ask(WEEKLY, at(D(2026, 10, 5), 9), [out(D(2026, 9, 21), D(2026, 9, 28))]) is None
    due = ask(WEEKLY, at(D(2026, 10, 8), 9), [out(D(2026, 9, 21), D(2026, 9, 28))])
    assert due is not None and due.span == Span(D(2026, 9, 28), D(2026, 10, 5))
