"""Debts follow the Chinese working calendar: every day is a data day, deadlines are working mornings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.types import Scope, Span
from taihu.ledger.records import Arrival
from taihu.manifest.source import Expect
from taihu.run.expecting import Owed, Party, data_days, judge, owed

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(packaged_notices())
DAILY = Expect.model_validate({"for": "every day since the last due date", "every": "workday", "by": "08:00"})
D = dt.date


def due(day: dt.date, hour: int = 8) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), ZONE).astimezone(dt.UTC)


def test_monday_owes_friday_to_sunday() -> None:
    assert data_days(DAILY, D(2026, 9, 14), CALENDAR) == [D(2026, 9, 11), D(2026, 9, 12), D(2026, 9, 13)]


def test_first_workday_after_national_day_owes_the_whole_holiday() -> None:
    days = data_days(DAILY, D(2026, 10, 8), CALENDAR)
    assert days == Span(D(2026, 9, 30), D(2026, 10, 8)).days()


def test_make_up_sunday_is_a_due_day() -> None:
    debts = owed(DAILY, [Party("D1", None, None, {})], first=D(2026, 9, 18), today=D(2026, 9, 21), zone=ZONE, calendar=CALENDAR)
    assert [(debt.day, debt.due_at) for debt in debts] == [
        (D(2026, 9, 18), due(D(2026, 9, 20))),
        (D(2026, 9, 19), due(D(2026, 9, 20))),
        (D(2026, 9, 20), due(D(2026, 9, 21))),
    ]


def test_a_party_owes_nothing_outside_its_validity() -> None:
    party = Party("D1", D(2026, 9, 16), D(2026, 9, 18), {})
    debts = owed(DAILY, [party], first=D(2026, 9, 14), today=D(2026, 9, 21), zone=ZONE, calendar=CALENDAR)
    assert [debt.day for debt in debts] == [D(2026, 9, 16), D(2026, 9, 17)]


@given(first=st.dates(D(2026, 1, 1), D(2026, 11, 1)), length=st.integers(1, 60))
def test_every_day_is_owed_exactly_once(first: dt.date, length: int) -> None:
    today = first + dt.timedelta(days=length)
    debts = owed(DAILY, [Party("D1", None, None, {})], first=first, today=today, zone=ZONE, calendar=CALENDAR)
    days = [debt.day for debt in debts]
    assert len(days) == len(set(days))
    assert days == Span(first, first + dt.timedelta(days=len(days))).days()


def arrival(state: str, scopes: tuple[Scope, ...], received: dt.datetime, sequence: int = 1) -> Arrival:
    return Arrival(f"a{sequence}", "s", state, "", "", "0" * 64, 1, "xlsx", "k", "n", {}, received, received, sequence, scopes)  # type: ignore[arg-type]


def test_states_of_debts() -> None:
    day = D(2026, 9, 15)
    span = Span(day, D(2026, 9, 16))
    debts = [Owed(party, day, due(D(2026, 9, 16))) for party in ("in_time", "late", "nil", "held", "waived", "missing")]
    arrivals = {
        "a1": arrival("accepted", (Scope("in_time", span),), due(D(2026, 9, 16), 7), 1),
        "a2": arrival("accepted", (Scope("late", span),), due(D(2026, 9, 16), 10), 2),
        "a3": arrival("nil", (Scope("nil", span, is_nil=True),), due(D(2026, 9, 16), 7), 3),
        "a4": arrival("held", (Scope("held", span),), due(D(2026, 9, 16), 7), 4),
    }
    winners = {("in_time", day): "a1", ("late", day): "a2", ("nil", day): "a3"}
    now = due(D(2026, 9, 16), 11)
    rows = judge("s", debts, winners=winners, arrivals=arrivals, waived=frozenset({("waived", day)}), grace="15 minutes", now=now)
    assert {row.party: row.state for row in rows} == {
        party: party.replace("in_time", "arrived") for party in ("in_time", "late", "nil", "held", "waived", "missing")
    }
    early = judge("s", debts[-1:], winners={}, arrivals={}, waived=frozenset(), grace="15 minutes", now=due(D(2026, 9, 16), 7))
    assert early[0].state == "expected"
