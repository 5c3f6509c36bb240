"""Rows that contradict each other, from the file to the clean table and the proposed corrections."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.unit.run.conftest import Shop, at

from taihu.manifest.corrections import Correction
from taihu.run.proposing import proposed_corrections

CUSTOMERS = """\
title: {zh: 客户, en: Customers}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/customers, pattern: "*.csv"}
period: {from: received}
load: snapshot
key: [number]
read: {as: csv, layouts: [list]}
columns:
  number: {from: 编号, type: text, required: true}
  town:   {from: 城市, type: text}
  area:   {from: 省份, type: text}
checks:
  - {consistent: {by: [town], columns: [area]%s}, else: warn}
"""


def _with(tmp_path: Path, repair: str) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.write("sources/customers/source.yml", CUSTOMERS % repair)
    shop.write("sources/customers/layouts/list.yml", "header: [编号, 城市, 省份]\n")
    rows = [("苏州", "江苏省"), ("广州", "广东省"), ("沈阳", "辽宁省")] * 6 + [("苏州", "江苏")]
    text = "编号,城市,省份\n" + "".join(f"{number},{town},{area}\n" for number, (town, area) in enumerate(rows))
    shop.put("customers", "customers.csv", text, at(2, 7))
    return shop


def test_a_correction_is_proposed_and_can_be_taken_over(tmp_path: Path) -> None:
    shop = _with(tmp_path, "")
    with shop.open() as ws:
        shop.run(at(2), ws)
        assert ws.tables.read("clean.customers")["area"].to_pylist()[-1] == "江苏"  # nothing is changed by itself
        entries = proposed_corrections(ws, ws.tree.source("customers"))
    (entry,) = entries
    assert entry["row"] == {"number": "18"}
    assert entry["set"] == {"area": "江苏省"} and entry["was"] == {"area": "江苏"}
    assert Correction(**entry).because == "6 rows of the same town in 1 file agree on another value, 0 on this one, spelled almost alike"
    shop.write("sources/customers/corrections.yml", yaml.safe_dump(entries, allow_unicode=True))
    with shop.open() as ws:
        assert len(ws.tree.source("customers").corrections) == 1


def test_a_vote_that_the_contract_asks_for_is_marked(tmp_path: Path) -> None:
    shop = _with(tmp_path, ", repair: vote")
    with shop.open() as ws:
        shop.run(at(2), ws)
        rows = {row["number"]: row for row in ws.tables.read("clean.customers").to_pylist()}
        assert (rows["18"]["area"], rows["18"]["dq_flags"]) == ("江苏省", "voted")
        assert {row["dq_flags"] for number, row in rows.items() if number != "18"} == {""}
        assert proposed_corrections(ws, ws.tree.source("customers")) == []


BANK = """\
title: {zh: 对账单, en: Bank}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/bank, pattern: "*.csv"}
expect: {for: the day before, every: day, by: "08:30", since: 2026-11-01}
period: {from: rows}
load: replace
read: {as: csv, layouts: [list]}
columns:
  day:     {from: 日期, type: date, required: true}
  income:  {from: 收入, type: money, currency: CNY, tax: none, required: true}
  balance: {from: 余额, type: money, currency: CNY, tax: none, required: true}
business_date: day
checks:
  - {identity: {equals: balance, plus: [income], after: [day]}, else: hold}
"""


def test_a_missing_statement_does_not_hold_every_later_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.write("sources/bank/source.yml", BANK)
    shop.write("sources/bank/layouts/list.yml", "header: [日期, 收入, 余额]\n")

    def statement(day: int, income: int, balance: int, came: int) -> None:
        shop.put("bank", f"bank_{day}.csv", f"日期,收入,余额\n2026-11-{day:02d},{income},{balance}\n", at(came, 7))

    with shop.open() as ws:
        for day, income, balance, came in ((1, 10, 110, 2), (3, 5, 135, 4), (4, 5, 139, 5)):
            statement(day, income, balance, came)
            shop.run(at(came), ws)
        states = {each.name: (each.state, each.reason) for each in ws.ledger.arrivals(source="bank")}
        assert states["bank_3.csv"] == ("accepted", ""), "the second is missing, which is not its fault"
        assert states["bank_4.csv"] == ("held", "identity_broken"), "nothing lies between it and the third, so it is compared"
        notes = {(note.reason, note.detail) for note in ws.ledger.notes(source="bank")}
        assert ("not_carried_over", "balance") in notes
        statement(2, 20, 130, 6)
        shop.run(at(6), ws)
        assert sorted(row["balance"] for row in ws.tables.read("clean.bank").to_pylist()) == [110, 130, 135]
