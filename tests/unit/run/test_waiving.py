"""Waivers: before and after the day is owed, taken back, overtaken by what comes, on record."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.unit.run.conftest import Shop, arrival, at, debts

from taihu.core.errors import AccessRefused, NotFound, UsageError
from taihu.core.types import Span
from taihu.project.workspace import Workspace
from taihu.run.waiving import plan_waiver, waive


def days(first: int, last: int) -> Span:
    return Span(dt.date(2026, 11, first), dt.date(2026, 11, last + 1))


def test_a_missing_day_is_waived_and_owed_again_when_that_is_taken_back(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2, 9), ws)
    assert debts(ws, "sales") == {("A", 1): "arrived", ("B", 1): "missing"}
    made = waive(ws, "sales", "乙店", days(1, 1), who="lead", why="店铺装修")
    assert [(made.party, day.before, day.after) for day in made.days] == [("B", "missing", "waived")]
    assert debts(ws, "sales")["B", 1] == "waived"
    shop.run(at(2, 10), ws)
    assert debts(ws, "sales")["B", 1] == "waived", "judging anew keeps it"
    made = waive(ws, "sales", "B", days(1, 1), who="lead", why="装修推迟", undo=True)
    assert (made.changed, debts(ws, "sales")["B", 1]) == (1, "missing")
    trail = [(entry.action, entry.who, entry.subject, entry.detail) for entry in ws.ledger.audit_trail()]
    assert trail == [
        ("waive", "lead", "sales/2026-11-01..2026-11-01/B", "店铺装修"),
        ("waive.undo", "lead", "sales/2026-11-01..2026-11-01/B", "装修推迟"),
    ]


def test_days_to_come_are_waived_before_they_are_owed(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 7), ws)
    made = waive(ws, "sales", "B", days(3, 4), who="lead", why="盘点")
    assert [day.after for day in made.days] == [None, None]
    shop.run(at(5, 9), ws)
    assert {day: state for (party, day), state in debts(ws, "sales").items() if party == "B"} == {
        1: "missing",
        2: "missing",
        3: "waived",
        4: "waived",
    }


def test_what_comes_after_a_waiver_is_taken_and_a_correction_of_it_too(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 9), ws)
    waive(ws, "sales", "B", days(1, 1), who="lead", why="停电")
    shop.sales("B", "1", "1:70", at(3, 10))
    shop.run(at(3, 11), ws)
    assert debts(ws, "sales")["B", 1] == "late"
    shop.sales("B", "1_new", "1:75", at(4, 10))
    shop.run(at(4, 11), ws)
    assert debts(ws, "sales")["B", 1] == "late"
    assert (arrival(ws, "sales_B_1.csv").state, arrival(ws, "sales_B_1_new.csv").state) == ("superseded", "accepted")
    made = plan_waiver(ws, "sales", "B", days(1, 1), undo=True)
    assert [(day.before, day.after) for day in made.days] == [("late", "late")], "taking it back changes nothing of what has come"


def test_a_waived_day_keeps_a_held_file_waiting_for_its_decision(shop: Shop, ws: Workspace) -> None:
    shop.sales("B", "1", "1:2000000", at(2, 7))
    shop.run(at(2, 9), ws)
    assert debts(ws, "sales")["B", 1] == "held"
    waive(ws, "sales", "B", days(1, 1), who="lead", why="不追")
    assert debts(ws, "sales")["B", 1] == "waived"
    (hold,) = ws.ledger.holds()
    ws.ledger.hold_released(hold.id, who="lead", why="核对无误")
    shop.run(at(2, 10), ws)
    assert debts(ws, "sales")["B", 1] == "arrived", "it came in time"


def test_a_plan_writes_nothing(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 9), ws)
    made = plan_waiver(ws, "sales", "B", days(1, 3))
    assert [(day.before, day.after) for day in made.days] == [("missing", "waived"), (None, None), (None, None)]
    assert (debts(ws, "sales")["B", 1], ws.ledger.waivers(["sales"])["sales"], ws.ledger.audit_trail()) == ("missing", {}, [])


def test_a_source_that_is_its_own_party(shop: Shop, ws: Workspace) -> None:
    shop.edit("sources/orders/source.yml", "query: select * from orders", "query: select * from orders where 1 = 1")
    shop.run(at(2, 7), ws)
    waive(ws, "orders", "orders", days(2, 2), who="lead", why="ERP 停机")
    assert set(ws.ledger.waivers(["orders"])["orders"]) == {("orders", dt.date(2026, 11, 2))}


def test_what_cannot_be_waived_is_said(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 9), ws)
    with pytest.raises(UsageError, match="no source 'sale'") as refused:
        plan_waiver(ws, "sale", "B", days(1, 1))
    assert "sales" in refused.value.fix
    with pytest.raises(NotFound, match="no party 'C'") as refused:
        plan_waiver(ws, "sales", "C", days(1, 1))
    assert refused.value.fix == "parties: A, B"
    with pytest.raises(UsageError, match="nothing is expected of parties"):
        plan_waiver(ws, "parties", "parties", days(1, 1))
    with pytest.raises(UsageError, match="for a reason"):
        waive(ws, "sales", "B", days(1, 1), who="lead", why=" ")
    with pytest.raises(NotFound, match="nothing of B is waived"):
        waive(ws, "sales", "B", days(1, 1), who="lead", why="x", undo=True)
    assert ws.ledger.audit_trail() == []


def test_only_those_named_for_it_may_waive(shop: Shop) -> None:
    shop.edit("roles.yml", "lead: {rows: all}", "lead: {rows: all, may: [waive]}")
    shop.run(at(2, 9))
    with shop.open() as ws:
        with pytest.raises(AccessRefused, match="east may not waive") as refused:
            waive(ws, "sales", "B", days(1, 1), who="east", why="x")
        assert "lead" in refused.value.fix
        assert (debts(ws, "sales")["B", 1], ws.ledger.waivers(["sales"])["sales"]) == ("missing", {})
        waive(ws, "sales", "B", days(1, 1), who="lead", why="x")
        assert debts(ws, "sales")["B", 1] == "waived"


def test_two_parties_of_one_name_are_told_apart_by_key(shop: Shop) -> None:
    shop.put("parties", "parties.csv", "编码,名称,大区\nA,甲店,EAST\nB,甲店,WEST\n", at(1))
    shop.run(at(2, 9))
    with shop.open() as ws, pytest.raises(NotFound, match="2 parties of sales are called 甲店") as refused:
        plan_waiver(ws, "sales", "甲店", days(1, 1))
    assert "A, B" in refused.value.fix
