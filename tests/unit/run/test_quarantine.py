"""Refused rows: let in, put aside, read again after a fix, sent back; every decision on record, with a reason and a name."""

from pathlib import Path

import openpyxl
import pytest
from tests.unit.run.conftest import Shop, amounts, at, shop

from taihu.core.errors import AccessRefused, ManifestError, NotFound, UsageError
from taihu.project.workspace import Workspace
from taihu.run.quarantine import decide, export, opened, refused_rows, rerun

__all__ = ["shop"]
WHY = {"who": "lead", "why": "the price is right"}


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    """A rule refuses the second row for its price; the third has an amount that cannot be read."""
    shop.sales("A", "1", "1:100 1:13 1:12x 1:40", at(2, 7))
    assert shop.run(at(2, 9)).quarantined == 2
    return shop


def places(ws: Workspace, *, decided: bool = False) -> dict[str, str]:
    return {row.reason: row.position for row in refused_rows(ws, decided=decided)}


def values(ws: Workspace) -> list[int]:
    return sorted(int(amount) for _, _, amount in amounts(ws))


def arrival_of(ws: Workspace) -> str:
    return refused_rows(ws, decided=True)[0].arrival_id


def test_a_row_is_let_in_and_taken_back(loaded: Shop) -> None:
    with loaded.open() as ws:
        place = places(ws)["price_out_of_band"]
        assert decide(ws, "release", arrival_of(ws), [place], **WHY) == [place]
        loaded.run(at(2, 10), ws)
        assert values(ws) == [13, 40, 100] and set(places(ws)) == {"invalid_number"}
        assert [each.kind for each in ws.ledger.decisions()] == ["quarantine.release"]
        assert decide(ws, "undo", arrival_of(ws), [], who="lead", why="it was not") == [place]
        loaded.run(at(2, 11), ws)
        assert values(ws) == [40, 100] and places(ws)["price_out_of_band"] == place


def test_a_row_that_is_put_aside_is_not_asked_about_again(loaded: Shop) -> None:
    with loaded.open() as ws:
        own = arrival_of(ws)
        decide(ws, "reject", own, [], **WHY)
        result = loaded.run(at(2, 10), ws)
        assert (result.quarantined, places(ws), values(ws)) == (0, {}, [40, 100])
        assert set(places(ws, decided=True)) == {"price_out_of_band", "invalid_number"}
        assert not [row for row in ws.tables.read("ops.hold").to_pylist() if row["is_open"]]
        decide(ws, "undo", own, [places(ws, decided=True)["invalid_number"]], **WHY)
        assert set(places(ws)) == {"invalid_number"}


def test_a_value_that_cannot_be_read_is_mended_and_read_again(loaded: Shop) -> None:
    with loaded.open() as ws:
        with pytest.raises(UsageError, match="could not be read"):
            decide(ws, "release", arrival_of(ws), [places(ws)["invalid_number"]], **WHY)
        assert not ws.ledger.decisions(), "nothing is on record of what could not be done"
    loaded.edit("sources/sales/source.yml", "net_amount <> 13", "net_amount <> 14")
    with loaded.open() as ws:
        loaded.run(at(2, 10), ws)
        assert values(ws) == [40, 100], "a changed contract alone moves nothing"
        own = arrival_of(ws)
        assert rerun(ws, who="lead", why="rule mended") == [own]
        loaded.run(at(2, 11), ws)
        assert values(ws) == [13, 40, 100] and set(places(ws)) == {"invalid_number"}


def test_what_is_refused(loaded: Shop) -> None:
    with loaded.open() as ws:
        own = arrival_of(ws)
        with pytest.raises(UsageError, match="for a reason"):
            decide(ws, "reject", own, [], who="lead", why=" ")
        with pytest.raises(NotFound, match="no such row"):
            decide(ws, "reject", own, ["99"], **WHY)
        with pytest.raises(NotFound):
            decide(ws, "undo", own, [], **WHY)
    loaded.edit("roles.yml", "lead: {rows: all}", "lead: {rows: all, may: [release]}")
    with loaded.open() as ws:
        with pytest.raises(AccessRefused):
            decide(ws, "reject", own, [], who="east", why="x")
        with pytest.raises(AccessRefused):
            rerun(ws, who="east", why="x")
        decide(ws, "reject", own, [], **WHY)


def test_a_row_with_two_bad_values_is_one_row(shop: Shop) -> None:
    """Nothing is left of the first file, and a fourth of the second: both are held, however many values of a row are bad."""
    shop.put("sales", "sales_A_1.csv", "日期,金额\n2026-13-01,1x\n", at(2, 7))
    bad = "2026-13-01,1x\n" * 6
    shop.put("sales", "sales_B_1.csv", "日期,金额\n" + "2026-11-01,5\n" * 18 + bad, at(2, 7))
    with shop.open() as ws:
        shop.run(at(2, 9), ws)
        told = {hold.party: hold.detail for hold in ws.ledger.holds()}
        assert list(told.values()).count("1 of 1 rows were refused, too many to use the rest") == 1
        assert told["B"] == "6 of 24 rows were refused, too many to use the rest" and amounts(ws) == []


def test_the_contract_says_how_many_rows_may_be_refused(shop: Shop) -> None:
    """One of three rows is too many for a tenth; the released file counts without the row that cannot be read."""
    shop.edit("sources/sales/source.yml", "checks:\n  - {sql: net_amount <", "quarantine_budget: 10 %\nchecks:\n  - {sql: net_amount <")
    shop.sales("A", "1", "1:100 1:12x 1:40", at(2, 7))
    with shop.open() as ws:
        shop.run(at(2, 9), ws)
        (hold,) = ws.ledger.holds()
        assert (hold.reason, hold.detail) == ("invalid_number", "1 of 3 rows were refused, the contract allows 10 %")
        assert amounts(ws) == []
        ws.ledger.hold_released(hold.id, who="lead", why="seen")
        shop.run(at(2, 10), ws)
        assert values(ws) == [40, 100] and set(places(ws)) == {"invalid_number"}


@pytest.mark.parametrize("share", ["2", "two", "101 %", "-1 %"])
def test_a_budget_is_a_share(shop: Shop, share: str) -> None:
    shop.edit(
        "sources/sales/source.yml", "checks:\n  - {sql: net_amount <", f"quarantine_budget: {share}\nchecks:\n  - {{sql: net_amount <"
    )
    with pytest.raises(ManifestError, match=r"not a share such as '2 %'"), shop.open():
        pass


def test_rows_go_back_to_the_sender_as_texts(loaded: Shop, tmp_path: Path) -> None:
    loaded.sales("B", "1", "1:=1+1 1:70 1:80", at(2, 9))
    loaded.run(at(2, 10))
    with loaded.open() as ws:
        rows = opened(ws, refused_rows(ws, source="sales"))
        assert export(ws, tmp_path / "out" / "refused.xlsx", rows, who="lead", lang="zh") == 3
        assert ws.ledger.decisions() == []
    sheet = openpyxl.load_workbook(tmp_path / "out" / "refused.xlsx").active
    told = list(sheet.iter_rows(values_only=True))
    assert told[0] == ("来源", "文件", "位置", "列", "内容", "原因", "处理办法")
    assert {row[4] for row in told[1:]} >= {"12x", "=1+1"}
    assert {row[1] for row in told[1:]} == {"sales_A_1.csv", "sales_B_1.csv"}
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)
