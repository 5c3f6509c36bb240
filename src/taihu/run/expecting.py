"""Who owes what, and did it come: the one rule that is the schedule, the catch-up and the backfill.

``due = expected(calendar, parties valid on that day) - done``. Every calendar day is a data day; deadlines follow the
working calendar, so the first working morning after a holiday is owed the whole holiday. Nothing here waits or polls: whoever
pokes the planner gets the same answer for the same instant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from taihu.core.clock import SHANGHAI
from taihu.core.types import Span
from taihu.ledger.records import Arrival, Expectation, ExpectationState
from taihu.manifest.source import Expect
from taihu.manifest.words import parse_duration


class WorkCalendar(Protocol):
    """What is asked of a working calendar."""

    def is_workday(self, day: dt.date) -> bool: ...


@dataclass(frozen=True, slots=True)
class Party:
    """One party of a reference table with its validity (half-open) and its row's other values."""

    key: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    values: Mapping[str, str]

    def valid_on(self, day: dt.date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Owed:
    """One business day that one party owes, and until when."""

    party: str
    day: dt.date
    due_at: dt.datetime


def is_due_day(expect: Expect, day: dt.date, calendar: WorkCalendar) -> bool:
    """Whether a delivery is due on ``day``."""
    if expect.every == "day":
        return True
    if not calendar.is_workday(day):
        return False
    if expect.every == "workday":
        return True
    first = day - dt.timedelta(days=day.weekday()) if expect.every.endswith("week") else day.replace(day=1)
    return not any(calendar.is_workday(earlier) for earlier in Span(first, day).days())


def data_days(expect: Expect, due_day: dt.date, calendar: WorkCalendar) -> list[dt.date]:
    """The business days that the delivery due on ``due_day`` has to bring; one of a month to date tells the earlier ones again."""
    if expect.for_ == "the day":
        return [due_day]
    if expect.for_ == "the day before":
        return [due_day - dt.timedelta(days=1)]
    previous = due_day - dt.timedelta(days=1)
    while not is_due_day(expect, previous, calendar):
        previous -= dt.timedelta(days=1)
    return Span(previous, due_day).days()


def owed(expect: Expect, parties: Sequence[Party], *, first: dt.date, today: dt.date, zone: ZoneInfo, calendar: WorkCalendar) -> list[Owed]:
    """All that is owed by deliveries due up to and including ``today``, for business days from ``first`` on."""
    by = dt.time.fromisoformat(expect.by)
    result: list[Owed] = []
    day = first
    while day <= today:
        if is_due_day(expect, day, calendar):
            due_at = dt.datetime.combine(day, by, zone).astimezone(dt.UTC)
            for data_day in data_days(expect, day, calendar):
                if data_day >= first:
                    result += [Owed(party.key, data_day, due_at) for party in parties if party.valid_on(data_day)]
        day += dt.timedelta(days=1)
    return result


_SETBACKS = ("held", "rejected")


def judge(
    source: str,
    debts: Iterable[Owed],
    *,
    winners: Mapping[tuple[str, dt.date], str],
    arrivals: Mapping[str, Arrival],
    waived: frozenset[tuple[str, dt.date]],
    grace: str,
    now: dt.datetime,
    asked_at: dt.datetime | None = None,
    zone: ZoneInfo = SHANGHAI,
) -> list[Expectation]:
    """The state of every debt: what arrived (in time or late), what is held or rejected, what is missing.

    In time is what was usable in time: a correction of it that comes a week later makes no party late.

    Args:
        asked_at: When a database last answered in full. It has spoken for every day that was over by then: a day of which it
            gave no rows had none.
        zone: Zone of business days.
    """
    patience = parse_duration(grace)
    setbacks, first = _setbacks(arrivals.values()), _first_told(arrivals.values())
    result = []
    for debt in debts:
        at = (debt.party, debt.day)
        arrival = arrivals.get(winners[at]) if at in winners else None
        if arrival is not None:
            arrived_at = min(first.get(at, arrival.received_at), arrival.received_at)
            nil = any(scope.is_nil and scope.party == debt.party and debt.day in scope.span for scope in arrival.scopes)
            state: ExpectationState = "nil" if nil else "late" if arrived_at > debt.due_at + patience else "arrived"
            result.append(Expectation(source, debt.party, debt.day, debt.due_at, state, arrival.id, arrived_at))
        elif at in waived:
            result.append(Expectation(source, debt.party, debt.day, debt.due_at, "waived", None, None))
        elif at in setbacks:
            setback = setbacks[at]
            result.append(
                Expectation(
                    source,
                    debt.party,
                    debt.day,
                    debt.due_at,
                    "held" if setback.state == "held" else "rejected",
                    setback.id,
                    setback.received_at,
                )
            )
        elif asked_at is not None and asked_at >= min(debt.due_at, end_of_day(debt.day, zone)):
            result.append(Expectation(source, debt.party, debt.day, debt.due_at, "nil", None, None))
        else:
            state = "missing" if now > debt.due_at + patience else "expected"
            result.append(Expectation(source, debt.party, debt.day, debt.due_at, state, None, None))
    return result


def end_of_day(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The instant at which a business day is over, in UTC."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


def _first_told(arrivals: Iterable[Arrival]) -> dict[tuple[str, dt.date], dt.datetime]:
    """When something usable first came for each party and day, whatever has replaced it since."""
    found: dict[tuple[str, dt.date], dt.datetime] = {}
    for arrival in arrivals:
        if arrival.state in ("accepted", "nil") or (arrival.state == "superseded" and arrival.reason == "replaced"):
            for scope in arrival.scopes:
                for day in scope.span.days():
                    at = (scope.party, day)
                    found[at] = min(found.get(at, arrival.received_at), arrival.received_at)
    return found


def _setbacks(arrivals: Iterable[Arrival]) -> dict[tuple[str, dt.date], Arrival]:
    """The newest held or rejected arrival of each party and day."""
    found: dict[tuple[str, dt.date], Arrival] = {}
    for arrival in arrivals:
        if arrival.state in _SETBACKS:
            for scope in arrival.scopes:
                for day in scope.span.days():
                    known = found.get((scope.party, day))
                    if known is None or known.sequence < arrival.sequence:
                        found[(scope.party, day)] = arrival
    return found
