"""Refused rows: let in, put aside, read again after a fix, sent back; every decision on record, with a reason and a name."""

from pathlib import Path

import openpyxl
import pytest
from tests.unit.run.conftest import Shop, amounts, at, shop

from taihu.core.errors import AccessRefused, NotFound, UsageError
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
