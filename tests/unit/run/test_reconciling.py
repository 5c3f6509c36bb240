"""Deletes in a database, rows that its watermark never showed, and key sets that cannot be believed."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.ledger.ledger import Ledger
from taihu.project.workspace import Workspace
from taihu.run.execution import run


@pytest.fixture(autouse=True)
def _without_holds_of_big_orders(shop: Shop) -> None:
    shop.edit(
        "sources/orders/source.yml",
        "  - {sql: quantity < 1000, reason: rule_failed, else: hold}",
        "  - {sql: quantity <> 13, else: quarantine}",
    )


def sql(shop: Shop, statement: str, *values: Any) -> None:
    with sqlite3.connect(shop.root / "erp.sqlite") as database:
        database.execute(statement, values)
    database.close()


def orders(ws: Workspace) -> dict[str, Decimal]:
    return {row["number"]: row["quantity"] for row in ws.tables.read("clean.orders").to_pylist()}


def told(ws: Workspace, reason: str) -> list[str]:
    return [note.detail for note in ws.ledger.notes(source="orders") if note.reason == reason]


def key_sets(ws: Workspace) -> list[tuple[str, str]]:
    return [(each.state, each.reason) for each in ws.ledger.arrivals(source="orders") if each.meta.get("kind") == "keys"]


def test_deleted_rows_leave_the_table_on_the_next_day(shop: Shop) -> None:
    with shop.open() as ws:
        for number in range(2, 7):
            shop.order(f"O{number}", 1, "5")
        shop.run(at(2), ws)
        assert key_sets(ws) == [], "the first rows are all that there are"
        sql(shop, "delete from orders where number in ('O3', 'O4')")
        shop.run(at(2, 18), ws)
        assert len(orders(ws)) == 6, "the keys are compared once a day"
        before = ws.ledger.partition_stamps("clean.orders")
        result = shop.run(at(3), ws)
        assert sorted(orders(ws)) == ["O1", "O2", "O5", "O6"] and "clean.orders" in result.tables
        assert ws.ledger.partition_stamps("clean.orders") != before, "models that read the month are built again"
        assert [note.partition(" ")[0] for note in told(ws, "deleted_at_source")] == ["number=O3", "number=O4"]
        (outcome,) = ws.ledger.outcomes(step="reconcile", subject="orders")
        assert (outcome.status, outcome.rows_in, outcome.rows_out) == ("accepted", 4, 2)
        assert key_sets(ws) == [("accepted", "")]
        shop.run(at(3, 18), ws)
        shop.run(at(4), ws)
        assert len(key_sets(ws)) == 2 and len(orders(ws)) == 4 and len(told(ws, "deleted_at_source")) == 2


def test_a_row_that_was_deleted_and_comes_back_is_there_again(shop: Shop) -> None:
    with shop.open() as ws:
        shop.order("O2", 1, "5")
        shop.run(at(2), ws)
        sql(shop, "delete from orders where number = 'O2'")
        shop.run(at(3), ws)
        assert sorted(orders(ws)) == ["O1"]
        shop.order("O2", 3, "7")
        shop.run(at(4), ws)
        assert orders(ws) == {"O1": Decimal(5), "O2": Decimal(7)}


def test_an_empty_or_shrunken_key_set_is_held_until_a_person_lets_it_through(shop: Shop) -> None:
    with shop.open() as ws:
        for number in range(2, 51):
            shop.order(f"O{number}", 1, "5")
        shop.run(at(2), ws)
        sql(shop, "delete from orders")
        result = shop.run(at(3), ws)
        assert key_sets(ws) == [("held", "keys_shrunk")] and len(orders(ws)) == 50 and result.exit_code == 3
        for number in range(1, 40):
            shop.order(f"O{number}", 1, "5")
        shop.run(at(4), ws)
        assert key_sets(ws) == [("superseded", "replaced"), ("held", "keys_shrunk")], "11 of 50 are more than 20 %"
        (hold,) = ws.ledger.holds(source="orders")
        shop.order("O60", 4, "1")
        shop.run(at(4, 12), ws)
        ws.ledger.hold_released(hold.id, who="lead", why="last year was archived")
        shop.run(at(4, 13), ws)
        assert len(orders(ws)) == 40 and "O60" in orders(ws), "what came after the keys is not judged by them"
        assert key_sets(ws)[-1] == ("accepted", "") and ws.ledger.holds(source="orders") == []
        shop.run(at(5), ws)
        assert len(orders(ws)) == 40 and key_sets(ws)[-1] == ("accepted", "")


def test_a_row_that_the_watermark_missed_is_fetched_once(shop: Shop) -> None:
    with shop.open() as ws:
        shop.order("O9", 20, "5")
        shop.run(at(21), ws)
        shop.order("late", 2, "3")
        shop.order("x'; drop table orders --", 3, "4")
        shop.order("refused", 4, "13")
        shop.run(at(21, 12), ws)
        assert "late" not in orders(ws), "its time lies far before the overlap"
        shop.run(at(22), ws)
        assert sorted(told(ws, "row_missed")) == ["late", "refused", "x'; drop table orders --"]
        shop.run(at(22, 12), ws)
        assert orders(ws)["late"] == Decimal(3) and orders(ws)["x'; drop table orders --"] == Decimal(4)
        assert [row.reason for row in ws.ledger.quarantined(source="orders")] == ["rule_failed"]
        landed = len(ws.ledger.arrivals(source="orders"))
        shop.run(at(23), ws)
        shop.run(at(23, 12), ws)
        assert len(ws.ledger.arrivals(source="orders")) == landed + 1, "only the keys of the day: what was refused has come"
        assert len(told(ws, "row_missed")) == 3


def test_keys_are_compared_as_they_are_in_the_table(shop: Shop) -> None:
    """Spaces, full-width digits and personal keys are not what was deleted."""
    shop.edit(
        "sources/orders/source.yml",
        "number:     {type: text, required: true}",
        "number:     {from: number, type: text, required: true, personal: contact}",
    )
    with shop.open() as ws:
        shop.order(" 13800138000 ", 1, "5")
        shop.order("１３９００１３９０００", 1, "6")
        shop.run(at(2), ws)
        assert len(orders(ws)) == 3 and not any("138" in number for number in orders(ws))
        shop.run(at(3), ws)
        assert len(orders(ws)) == 3 and told(ws, "deleted_at_source") == [] and told(ws, "row_missed") == []
        sql(shop, "delete from orders where number like '%138%'")
        shop.run(at(4), ws)
        assert len(orders(ws)) == 2 and "138" not in str(told(ws, "deleted_at_source"))


def test_a_table_without_days_and_a_source_that_never_compares(shop: Shop) -> None:
    shop.edit("sources/orders/source.yml", "business_date: ordered_on\n", "period: {from: received}\n")
    shop.edit("sources/orders/source.yml", 'expect: {for: the day before, every: day, by: "08:30", since: 2026-11-01}\n', "")
    with shop.open() as ws:
        shop.order("O2", 1, "5")
        shop.run(at(2), ws)
        sql(shop, "delete from orders where number = 'O2'")
        shop.run(at(3), ws)
        assert sorted(orders(ws)) == ["O1"]
    shop.edit("sources/orders/source.yml", "overlap: 2 days", "overlap: 2 days, reconcile: never")
    with shop.open() as ws:
        sql(shop, "delete from orders")
        shop.run(at(5), ws)
        assert sorted(orders(ws)) == ["O1"] and len(key_sets(ws)) == 1


class PowerCut(BaseException):
    """The process dies here."""


def test_a_crash_after_the_removal_removes_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.order("O2", 1, "5")
    shop.run(at(2))
    sql(shop, "delete from orders where number = 'O1'")
    shop.order("O3", 3, "8")

    def cut(self: Ledger, name: str, *arguments: Any, **named: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patched, pytest.raises(PowerCut), shop.open() as ws:
        patched.setattr(Ledger, "arrivals_decided", cut)
        shop.clock.move_to(at(4))
        run(ws, sources=["orders"], reports=False)
    shop.run(at(4, 9))
    with shop.open() as ws:
        assert orders(ws) == {"O2": Decimal(5), "O3": Decimal(8)}
        assert len(told(ws, "deleted_at_source")) == 1 and key_sets(ws) == [("accepted", "")]
