"""What counts after files were sent late, twice, corrected, empty or broken, and after a crash between table and ledger."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest
from tests.made.unruly import MARK
from tests.unit.run.conftest import Shop, amounts, arrival, at, debts

from taihu.core.errors import NotFound
from taihu.core.types import Span
from taihu.guard import children
from taihu.guard.children import shared_child
from taihu.ledger.ledger import Ledger
from taihu.project.workspace import Workspace
from taihu.read import isolated
from taihu.run.execution import run

D = Decimal


def test_a_file_replaces_the_days_of_its_party_and_no_other(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.sales("B", "1", "1:70", at(2, 7))
    shop.run(at(2), ws)
    version = ws.tables.version("clean.sales")
    shop.sales("A", "2", "1:90 1:10 2:40", at(3, 7))
    shop.run(at(3), ws)
    assert amounts(ws) == [("A", 1, D(10)), ("A", 1, D(90)), ("A", 2, D(40)), ("B", 1, D(70))]
    assert ws.tables.version("clean.sales") == version + 1
    first, second = arrival(ws, "sales_A_1.csv"), arrival(ws, "sales_A_2.csv")
    assert (first.state, first.reason, second.state) == ("superseded", "replaced", "accepted")
    notes = {(note.reason, note.position) for note in ws.ledger.notes(arrival=second.id)}
    assert ("restated", "2") in notes and ("restated", "3") in notes and ("restated", "4") not in notes
    shop.run(at(3, 9), ws)
    assert ws.tables.version("clean.sales") == version + 1, "nothing new, nothing written"


def test_of_two_files_in_one_batch_the_one_received_last_counts(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "a", "1:11", at(2, 7))
    shop.sales("A", "b", "1:22", at(2, 6))
    shop.run(at(2), ws)
    assert amounts(ws) == [("A", 1, D(11))]
    assert arrival(ws, "sales_A_b.csv").state == "superseded"
    assert ws.ledger.winners("sales")[("A", at(1).date())] == arrival(ws, "sales_A_a.csv").id


def test_a_file_that_lands_late_does_not_overtake_its_correction(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "corrected", "1:22", at(3, 7))
    shop.run(at(3), ws)
    shop.sales("A", "first", "1:11 2:5", at(3, 6))
    shop.run(at(3, 9), ws)
    assert amounts(ws) == [("A", 1, D(22)), ("A", 2, D(5))]
    assert arrival(ws, "sales_A_corrected.csv").state == "accepted"


def test_a_released_file_does_not_overtake_what_came_after_it(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "held", "1:2000000", at(3, 7))
    shop.run(at(3, 7), ws)
    (hold,) = ws.ledger.holds()
    assert hold.reason == "rule_failed" and amounts(ws) == [] and debts(ws, "sales")[("A", 1)] == "held"
    ws.ledger.hold_released(hold.id, who="lead", why="checked")
    shop.sales("A", "good", "1:20", at(3, 9))
    shop.run(at(3, 10), ws)
    assert amounts(ws) == [("A", 1, D(20))]
    assert arrival(ws, "sales_A_held.csv").state == "superseded"


def test_a_hold_ends_when_a_newer_file_says_all_that_it_would_say(shop: Shop, ws: Workspace) -> None:
    shop.run(at(3, 6), ws)
    shop.sales("A", "held", "1:2000000 2:5", at(3, 7))
    shop.run(at(3, 8), ws)
    shop.sales("A", "half", "1:20", at(3, 9))
    shop.run(at(3, 9), ws)
    (hold,) = ws.ledger.holds()
    assert hold.reason == "rule_failed", "the second day is still only in the held file"
    shop.sales("A", "rest", "2:7", at(3, 10))
    shop.run(at(3, 10), ws)
    assert ws.ledger.holds() == [] and amounts(ws) == [("A", 1, D(20)), ("A", 2, D(7))]
    with pytest.raises(NotFound, match="not open"):
        ws.ledger.hold_released(hold.id, who="lead", why="too late")


def test_a_hold_does_not_end_by_a_file_that_came_before_it(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:20", at(2, 7))
    shop.sales("A", "2", "1:2000000", at(2, 9))
    shop.run(at(2, 10), ws)
    assert [hold.reason for hold in ws.ledger.holds()] == ["rule_failed"]


def test_a_release_lets_through_what_was_released_and_nothing_else(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "held", "1:2000000 1:13 1:5", at(2, 7))
    shop.run(at(2), ws)
    (hold,) = ws.ledger.holds()
    ws.ledger.hold_released(hold.id, who="lead", why="checked")
    shop.run(at(2, 11), ws)
    assert amounts(ws) == [("A", 1, D(5)), ("A", 1, D(2000000))]
    assert [(row.reason, row.position) for row in ws.ledger.quarantined()] == [("price_out_of_band", "3")]


def test_only_touched_months_are_written(shop: Shop, ws: Workspace) -> None:
    shop.edit("sources/sales/source.yml", "2026-11-01", "2026-10-01")
    with shop.open() as own:
        shop.put("sales", "sales_A_1.csv", "日期,金额\n2026-10-31,7\n2026-11-01,8\n", at(2, 7))
        shop.run(at(2), own)
        (october,) = own.tables.files("clean.sales", partitions=["2026-10"])
        shop.sales("A", "2", "1:9", at(2, 9))
        shop.run(at(2, 10), own)
        assert own.tables.files("clean.sales", partitions=["2026-10"]) == [october]
        assert amounts(own) == [("A", 1, D(9)), ("A", 31, D(7))]


# nil returns -----------------------------------------------------------------------------------------------------------


def test_a_nil_return_speaks_for_the_oldest_day_that_is_owed(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 7), ws)
    shop.sales("A", "nil1", "", at(3, 7))
    shop.run(at(3), ws)
    assert debts(ws, "sales")[("A", 1)] == "nil" and debts(ws, "sales")[("A", 2)] == "missing"
    shop.sales("A", "nil2", "", at(3, 9))
    shop.run(at(3, 10), ws)
    assert debts(ws, "sales")[("A", 2)] == "nil", "the same empty form again speaks for the next day"
    shop.sales("A", "nil3", "", at(3, 11))
    shop.run(at(3, 12), ws)
    assert arrival(ws, "sales_A_nil3.csv").state == "superseded", "nothing is owed any more"


def test_a_nil_return_caught_up_with_yesterdays_file_takes_nothing_away(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    shop.sales("A", "1", "1:100", at(2, 9))
    shop.sales("A", "nil", "", at(3, 7))
    shop.run(at(3), ws)
    assert amounts(ws) == [("A", 1, D(100))]
    assert debts(ws, "sales")[("A", 1)] in ("arrived", "late") and debts(ws, "sales")[("A", 2)] == "nil"


def test_a_waived_day_is_not_what_a_nil_return_speaks_for(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    shop.run(at(3), ws)
    ws.ledger.waived("sales", "A", Span(at(1).date(), at(2).date()), who="lead", why="stocktaking")
    shop.sales("A", "nil", "", at(3, 9))
    shop.run(at(3, 10), ws)
    assert debts(ws, "sales")[("A", 1)] == "waived" and debts(ws, "sales")[("A", 2)] == "nil"


# the same bytes again --------------------------------------------------------------------------------------------------


def test_what_counts_sent_again_is_put_aside_however_often(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2), ws)
    for number in (2, 3, 4):
        shop.sales("A", str(number), "1:100", at(2, 7, number))
        shop.run(at(2, 9, number), ws)
    twins = [arrival(ws, f"sales_A_{number}.csv") for number in (2, 3, 4)]
    assert [(twin.state, twin.reason) for twin in twins] == [("superseded", "identical_content")] * 3
    assert ws.ledger.holds() == [] and amounts(ws) == [("A", 1, D(100))]


def test_an_old_version_sent_again_is_held(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 6))
    shop.sales("A", "2", "1:90", at(2, 7))
    shop.run(at(2), ws)
    shop.sales("A", "3", "1:100", at(2, 9))
    shop.run(at(2, 10), ws)
    again = arrival(ws, "sales_A_3.csv")
    assert (again.state, again.reason) == ("held", "identical_content") and amounts(ws) == [("A", 1, D(90))]


def test_rejected_bytes_sent_again_are_rejected_for_their_own_reason(shop: Shop, ws: Workspace) -> None:
    for number in (1, 2, 3):
        shop.put("sales", f"sales_A_{number}.csv", "", at(2, 7, number))
        shop.run(at(2, 9, number), ws)
    found = {(each.state, each.reason) for each in ws.ledger.arrivals(source="sales")}
    assert found == {("rejected", "empty_file")}
    assert debts(ws, "sales")[("A", 1)] == "rejected"


def test_a_snapshot_that_goes_back_is_held_and_the_current_one_put_aside(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    shop.put("parties", "b.csv", "编码,名称,大区\nA,甲店,EAST\n", at(2, 9))
    shop.run(at(2, 10), ws)
    assert [row["party_code"] for row in ws.tables.read("clean.parties").to_pylist()] == ["A"]
    first = (shop.root / "inbox/parties/parties.csv").read_bytes()
    shop.put("parties", "c.csv", first, at(2, 11))
    shop.put("parties", "d.csv", "编码,名称,大区\nA,甲店,EAST\n", at(2, 11))
    shop.run(at(2, 12), ws)
    assert (arrival(ws, "c.csv").state, arrival(ws, "d.csv").state) == ("held", "superseded")
    assert [row["party_code"] for row in ws.tables.read("clean.parties").to_pylist()] == ["A"]


# refused, not dropped --------------------------------------------------------------------------------------------------


def test_a_day_outside_the_period_holds_the_file(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100 28:5", at(2, 7))
    shop.run(at(2), ws)
    held = arrival(ws, "sales_A_1.csv")
    assert (held.state, held.reason) == ("held", "outside_period") and amounts(ws) == []


def test_rows_outside_the_stated_period_are_quarantined(shop: Shop) -> None:
    shop.edit(
        "sources/sales/source.yml", "{from: rows, if_empty: expected}", '{from: file name, pattern: "_{yyyy}{mm}{dd}", if_empty: expected}'
    )
    with shop.open() as ws:
        lines = " ".join(["2:100"] * 9)
        shop.sales("A", "20261102", f"{lines} 1:5", at(3, 7))
        result = shop.run(at(3), ws)
        assert len(amounts(ws)) == 9 and result.quarantined == 1
        assert [(row.reason, row.position) for row in ws.ledger.quarantined()] == [("outside_period", "11")]


def test_an_unknown_party_is_held(shop: Shop, ws: Workspace) -> None:
    shop.sales("Z", "1", "1:100", at(2, 7))
    shop.run(at(2), ws)
    assert (arrival(ws, "sales_Z_1.csv").state, arrival(ws, "sales_Z_1.csv").reason) == ("held", "unknown_party")


# databases ---------------------------------------------------------------------------------------------------------------


def orders(ws: Workspace) -> dict[str, Decimal]:
    return {row["number"]: row["quantity"] for row in ws.tables.read("clean.orders").to_pylist()}


def test_a_newer_row_wins_and_a_released_older_one_does_not_bring_it_back(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    shop.order("O1", 2, "5000")
    shop.order("O2", 2, "1")
    shop.run(at(3), ws)
    (hold,) = ws.ledger.holds()
    assert orders(ws) == {"O1": D(5)}
    shop.order("O1", 3, "6")
    shop.run(at(4), ws)
    assert orders(ws)["O1"] == D(6)
    ws.ledger.hold_released(hold.id, who="lead", why="checked")
    shop.run(at(4, 9), ws)
    assert orders(ws) == {"O1": D(6), "O2": D(1)}


def test_a_database_that_has_nothing_new_for_a_day_owes_nothing(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    assert debts(ws, "orders") == {("orders", 1): "arrived"}
    shop.run(at(3), ws)
    assert debts(ws, "orders")[("orders", 2)] == "nil", "it was asked on the 3rd and had no order of the 2nd"
    (shop.root / "erp.sqlite").rename(shop.root / "gone.sqlite")
    result = shop.run(at(4), ws)
    assert "orders" in result.failed and debts(ws, "orders")[("orders", 3)] in ("expected", "missing")
    shop.run(at(4, 12), ws)
    assert debts(ws, "orders")[("orders", 3)] == "missing"
    (shop.root / "gone.sqlite").rename(shop.root / "erp.sqlite")
    shop.order("O3", 3, "1")
    shop.run(at(5), ws)
    assert debts(ws, "orders")[("orders", 3)] in ("arrived", "late") and debts(ws, "orders")[("orders", 4)] == "nil"


# crashes ---------------------------------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("source", ["sales", "orders", "parties"])
def test_a_crash_between_table_and_ledger_changes_nothing(shop: Shop, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    calm = Shop(tmp_path / "calm")
    for each in (shop, calm):
        each.sales("A", "1", "1:100 1:50", at(2, 7))
        each.run(at(2))
        each.sales("A", "2", "1:100 1:60 2:5", at(3, 7))
        each.put("parties", "b.csv", "编码,名称,大区\nA,甲店,WEST\nB,乙店,WEST\n", at(3, 6))
        each.order("O2", 2, "3")
    decide = Ledger.arrivals_decided

    def cut(self: Ledger, name: str, *arguments: Any, **named: Any) -> None:
        if name == source:
            raise PowerCut
        decide(self, name, *arguments, **named)

    with monkeypatch.context() as patched, pytest.raises(PowerCut), shop.open() as ws:
        patched.setattr(Ledger, "arrivals_decided", cut)
        shop.clock.move_to(at(3))
        run(ws, reports=False)
    shop.run(at(3, 8, 31))
    calm.run(at(3, 8, 31))
    with shop.open() as ws, calm.open() as other:
        for table in ("clean.sales", "clean.orders", "clean.parties", "mart.daily_sales"):
            assert ws.tables.read(table).to_pylist() == other.tables.read(table).to_pylist(), table
        told = [[(note.reason, note.position, note.detail) for note in each.ledger.notes()] for each in (ws, other)]
        assert told[0] == told[1] and any(reason == "restated" for reason, _, _ in told[0])
        states = [{each.name: (each.state, each.reason) for each in each_ws.ledger.arrivals()} for each_ws in (ws, other)]
        assert states[0] == states[1]


def test_one_broken_source_does_not_stop_the_others(shop: Shop, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from taihu.collect.folder import FolderConnector

    shop.sales("A", "1", "1:100", at(2, 7))
    discover = FolderConnector.discover

    def burst(self: FolderConnector, *arguments: Any, **named: Any) -> Any:
        if self.source.name == "parties":
            raise ValueError("13800138000")
        return discover(self, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(FolderConnector, "discover", burst)
        result = shop.run(at(2), ws)
    assert set(result.failed) == {"parties"} and "138" not in result.failed["parties"]
    assert result.landed["sales"] == 1 and result.exit_code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="signals and limits as on Linux")
def test_files_that_break_their_reader_are_rejected_and_the_others_loaded(
    shop: Shop, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader really crashes, fills the memory and spins; the ledger says so and the next file is read."""
    monkeypatch.setattr(isolated, "_TASK", "tests.made.unruly:answer")
    monkeypatch.setattr(children, "_SECONDS", 3.0)
    ways = {"segfault": "reader_crashed", "allocate": "too_much_memory", "spin_in_c": "took_too_long"}
    for number, how in enumerate(ways, start=1):
        shop.put("sales", f"sales_A_{how}.csv", MARK + how.encode() + b" ,\n", at(2, number))
    shop.sales("B", "1", "1:70", at(2, 7))
    shop.run(at(2), ws)
    for how, reason in ways.items():
        broken = arrival(ws, f"sales_A_{how}.csv")
        assert (broken.state, broken.reason) == ("rejected", reason)
    assert amounts(ws) == [("B", 1, D(70))]
    assert debts(ws, "sales")[("A", 1)] != "received"


def test_a_run_with_nothing_new_starts_no_child(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2), ws)
    child = children.shared_child()
    assert child.pid is not None
    child.close()
    shop.run(at(2, 9), ws)
    assert child.pid is None


def test_a_project_that_rests_holds_no_process_and_reads_on(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2), ws)
    assert shared_child().pid is not None
    ws.rest()
    assert shared_child().pid is None
    shop.sales("A", "2", "2:40", at(3, 7))
    shop.run(at(3), ws)
    assert amounts(ws) == [("A", 1, D(100)), ("A", 2, D(40))]
