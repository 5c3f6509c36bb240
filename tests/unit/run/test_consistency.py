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
