"""The days of the simulated weeks: which of them China works on, and what a sender reports on a morning."""

from __future__ import annotations

import datetime as dt

FIRST_DAY = dt.date(2026, 8, 17)
FIRST_MORNING = dt.date(2026, 9, 15)
LAST_MORNING = dt.date(2026, 10, 12)
MISSED_MORNING = dt.date(2026, 9, 23)

# The State Council's notice for 2026, copied by hand: the simulator must not take the answer from the code under test.
_DAYS_OFF = frozenset([dt.date(2026, 9, n) for n in (25, 26, 27)] + [dt.date(2026, 10, n) for n in range(1, 8)])
_MAKE_UP_WORKDAYS = frozenset([dt.date(2026, 9, 20), dt.date(2026, 10, 10)])


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    """All calendar days from ``first`` to ``last``, both included."""
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def is_workday(day: dt.date) -> bool:
    """Whether China works on ``day`` (August to October 2026)."""
    return day in _MAKE_UP_WORKDAYS or (day.weekday() < 5 and day not in _DAYS_OFF)


def workday_from(day: dt.date) -> dt.date:
    """The day itself, or the next one on which China works."""
    while not is_workday(day):
        day += dt.timedelta(days=1)
    return day


MORNINGS = tuple(days(FIRST_MORNING, LAST_MORNING))
WORK_MORNINGS = tuple(day for day in MORNINGS if is_workday(day))
LAST_DAY = LAST_MORNING - dt.timedelta(days=1)
ALL_DAYS = tuple(days(FIRST_DAY, LAST_DAY))


def days_reported_on(morning: dt.date) -> list[dt.date]:
    """The days that a weekday-only sender reports on a working morning: all since its last report."""
    if morning == FIRST_MORNING:
        return days(FIRST_DAY, morning - dt.timedelta(days=1))
    previous = max(day for day in WORK_MORNINGS if day < morning)
    return days(previous, morning - dt.timedelta(days=1))


def _opens_the_week(day: dt.date) -> bool:
    """Whether a day is the first working day of its week."""
    monday = day - dt.timedelta(days=day.weekday())
    return is_workday(day) and not any(is_workday(earlier) for earlier in days(monday, day) if earlier < day)


def days_of_a_weekly(morning: dt.date) -> list[dt.date]:
    """The days that a sender of weekly files reports on a morning: none, except on the first working day of a week.

    On the first morning of all it sends what it had to send the day before.
    """
    if morning == FIRST_MORNING:
        return days(FIRST_DAY, max(day for day in days(FIRST_DAY, morning) if _opens_the_week(day)) - dt.timedelta(days=1))
    if not _opens_the_week(morning):
        return []
    return days(max(day for day in days(FIRST_DAY, morning) if day < morning and _opens_the_week(day)), morning - dt.timedelta(days=1))
