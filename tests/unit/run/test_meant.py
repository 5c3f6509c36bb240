"""Which days a file was meant for when its rows cannot tell."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.run.conftest import Shop, arrival, at, debts

from taihu.core.clock import SHANGHAI
from taihu.core.types import Span
from taihu.project.workspace import Workspace
from taihu.run.expecting import Owed
from taihu.run.meant import dates_in, meant_days

D = dt.date
RECEIVED = D(2026, 10, 9)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("流向_20261008.xlsx", [D(2026, 10, 8)]),
        ("2026-10-01至2026-10-08", [D(2026, 10, 1), D(2026, 10, 8)]),
        ("2026年10月8日销售", [D(2026, 10, 8)]),
        ("10月8日销售", [D(2026, 10, 8)]),
        ("12月31日销售", [D(2025, 12, 31)]),
        ("D0004_20261032", []),
        ("订单号 120261008123", []),
        ("第3版", []),
    ],
)
def test_dates_in_names_and_subjects(text: str, dates: list[dt.date]) -> None:
    assert dates_in(text, RECEIVED) == dates


@given(st.text(), st.dates(D(2000, 1, 1), D(2099, 1, 1)))
def test_any_text_gives_dates_or_none(text: str, received: dt.date) -> None:
    assert all(2000 <= day.year <= 2099 or day.year == received.year - 1 for day in dates_in(text, received))


def owed(day: int, due: int) -> Owed:
    return Owed("A", D(2026, 11, day), at(due, 8, 0).astimezone(dt.UTC))


@pytest.mark.parametrize(
    ("stated", "received", "meant"),
    [
        (2, at(3, 7), [2]),  # the business day
        (3, at(3, 7), [2]),  # the day of sending: the third was not over yet
        (3, at(4, 7), [3]),  # a day later the same name is the business day
        (None, at(3, 7), [2]),  # nothing stated: what was due on the day on which it came
        (9, at(3, 7), [2]),  # a day that nobody owes says nothing
    ],
)
def test_a_date_is_the_business_day_or_the_day_of_sending(stated: int | None, received: dt.datetime, meant: list[int]) -> None:
    known = [owed(1, 2), owed(2, 3), owed(3, 4)]
    span = Span(D(2026, 11, stated), D(2026, 11, stated + 1)) if stated else None
    found = meant_days(span, known, known, received, SHANGHAI)
    assert [day.day for day in found] == meant


def test_a_broken_file_of_today_does_not_hide_that_yesterdays_is_missing(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 7), ws)
    shop.run(at(3, 7), ws)
    shop.put("sales", "sales_A_today.csv", "<html><form><input type=password></form></html>", at(3, 7, 40))
    shop.run(at(3, 9), ws)
    assert arrival(ws, "sales_A_today.csv").state == "rejected"
    assert (debts(ws, "sales")["A", 1], debts(ws, "sales")["A", 2]) == ("missing", "rejected")
    shop.put("sales", "sales_A_20261101.csv", "<html><form><input type=password></form></html> ", at(3, 9, 10))
    shop.run(at(3, 10), ws)
    assert debts(ws, "sales")["A", 1] == "rejected", "its name says the first"
