"""Whose an arrival is: by sender, subject, file name, cell or column; and what stops it."""

from __future__ import annotations

import pytest
from tests.unit.run.conftest import Shop, amounts, at

from taihu.core.types import Item
from taihu.project.workspace import Workspace
from taihu.run.loading import load_source

RULE = 'party: {from: file name, in: parties, pattern: "sales_{party}_"}'
MAILS = "编码,名称,大区,邮箱\nA,甲店,EAST,a@dealer.example\nB,乙店,WEST,b@dealer.example\n"


def land(ws: Workspace, text: str, name: str = "file.csv", **meta: str) -> None:
    """As a connector lands it: sealed object and envelope, in one transaction."""
    item = Item(name, name, received_at=at(2, 7), meta=meta)
    ws.ledger.arrival_landed("sales", item, ws.objects.put(text.encode(), name))


@pytest.mark.parametrize(
    ("rule", "text", "meta", "expected"),
    [
        ("{from: sender, in: parties, by: mail_address}", "日期,金额\n2026-11-01,5\n", {"sender": "甲 <A@dealer.example>"}, ["A"]),
        ("{from: sender, in: parties, by: mail_address}", "日期,金额\n2026-11-01,5\n", {"sender": "x@dealer.example"}, []),
        ('{from: subject, in: parties, pattern: "流向_{party}_"}', "日期,金额\n2026-11-01,5\n", {"subject": "转发：流向_B_11月"}, ["B"]),
        ("{from: cell, in: parties, cell: B1}", "客户,B\n日期,金额\n2026-11-01,5\n", {}, ["B"]),
        ("{from: cell, in: parties, by: party_name, cell: B1}", "客户,甲店\n日期,金额\n2026-11-01,5\n", {}, ["A"]),
        ("{from: cell, in: parties, cell: B1}", "客户,Z\n日期,金额\n2026-11-01,5\n", {}, []),
    ],
)
def test_the_party_of_a_file(shop: Shop, rule: str, text: str, meta: dict[str, str], expected: list[str]) -> None:
    shop.edit("sources/sales/source.yml", RULE, f"party: {rule}")
    shop.edit(
        "sources/parties/source.yml",
        "  region_code:",
        "  mail_address: {from: 邮箱, type: text, personal: contact, optional: true}\n  region_code:",
    )
    shop.put("parties", "parties.csv", MAILS, at(1))
    with shop.open() as ws:
        shop.run(at(2), ws)
        land(ws, text, **meta)
        (intake,) = load_source(ws, ws.tree.sources["sales"]).intakes
        assert [party for party, _, _ in amounts(ws)] == expected
        assert (intake.state, intake.reason) == (("accepted", "") if expected else ("held", "unknown_party"))


def test_the_party_of_every_row(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", RULE, "party: {from: column, in: parties, column: party_code}")
    shop.edit("sources/sales/source.yml", "columns:\n", "columns:\n  party_code: {from: 编码, type: text}\n")
    with shop.open() as ws:
        shop.run(at(2), ws)
        rows = "".join(f"{party},2026-11-01,{amount}\n" for amount, party in enumerate(["A", "A", "B", "B", "B", ""], 1))
        land(ws, f"编码,日期,金额\n{rows}")
        (intake,) = load_source(ws, ws.tree.sources["sales"]).intakes
        assert intake.state == "accepted" and {scope.party for scope in intake.scopes} == {"A", "B"}
        assert [party for party, _, _ in amounts(ws)] == ["A", "A", "B", "B", "B"]
        assert [(row.reason, row.column) for row in ws.ledger.quarantined()] == [("value_missing", "party_code")], "refused, not dropped"


def test_the_reasons_that_stop_a_file(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2), ws)
    contents = {
        "empty_file": "",
        "login_page": "<html><body><form action='/login'>用户名<input name='user'><input type='password'></form></body></html>",
        "unknown_layout": "天,数\n2026-11-01,5\n",
        "mojibake": "日期,金额\n2026-11-01,锟斤拷锟斤拷\n",
    }
    for reason, text in contents.items():
        land(ws, text, f"sales_A_{reason}.csv")
    found = {intake.arrival.name: intake for intake in load_source(ws, ws.tree.sources["sales"]).intakes}
    for reason in contents:
        intake = found[f"sales_A_{reason}.csv"]
        assert intake.reason == reason and intake.state == ("rejected" if reason in ("empty_file", "login_page") else "held")
        assert ws.objects.get(intake.arrival.sha256) == contents[reason].encode(), "the bytes are kept"
    assert amounts(ws) == []


def test_a_file_that_names_another_party_waits(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", RULE, 'party: {from: column, in: parties, column: party_code, confirm: "sales_{party}_*"}')
    shop.edit("sources/sales/source.yml", "columns:\n", "columns:\n  party_code: {from: 编码, type: text}\n")
    with shop.open() as ws:
        shop.run(at(2), ws)
        for name, party in (("sales_A_1.csv", "A"), ("sales_B_2.csv", "A"), ("flow.csv", "B")):
            land(ws, f"编码,日期,金额,备注\n{party},2026-11-01,5,{name}\n", name)
        found = {intake.arrival.name: intake for intake in load_source(ws, ws.tree.sources["sales"]).intakes}
        assert [(name, intake.state, intake.reason) for name, intake in sorted(found.items())] == [
            ("flow.csv", "accepted", ""),
            ("sales_A_1.csv", "accepted", ""),
            ("sales_B_2.csv", "held", "party_disagrees"),
        ]
        assert found["sales_B_2.csv"].detail == "the file's name says B, not A"


@pytest.mark.parametrize(
    ("said", "state", "reasons"), [("ignore", "accepted", []), ("note", "accepted", ["columns_added"]), ("hold", "held", ["columns_added"])]
)
def test_columns_that_the_layout_does_not_list(shop: Shop, said: str, state: str, reasons: list[str]) -> None:
    (path,) = (shop.root / "sources" / "sales" / "layouts").glob("*.yml")
    path.write_text(path.read_text(encoding="utf-8") + f"new_columns: {said}\n", encoding="utf-8")
    with shop.open() as ws:
        shop.run(at(2), ws)
        land(ws, "日期,仓库,金额\n2026-11-01,W1,5\n", "sales_A_1.csv")
        (intake,) = load_source(ws, ws.tree.sources["sales"]).intakes
        assert intake.state == state
        assert [(note.reason, note.column, note.detail) for note in intake.notes] == [(reason, "2", "仓库") for reason in reasons]
