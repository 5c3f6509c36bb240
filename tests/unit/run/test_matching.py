"""A domain whose keys are described, from clean tables to map, questions, decisions and a restatement with the cause matching."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, at
from tests.unit.run.test_reporting import made, of

from taihu.core.errors import AccessRefused, ManifestError, UsageError
from taihu.core.figures import Restatements
from taihu.manifest.matching import described_kinds
from taihu.model.inputs import golden_columns
from taihu.project.workspace import Workspace
from taihu.run import reviewing

HEAD = """\
title: {zh: 名单, en: List}
owner: o
purpose: p
retention: 1 months
entity: cn
"""
FILES = {
    "sources/stores/source.yml": HEAD
    + """\
collect: {via: folder, path: inbox/stores, pattern: "*.csv"}
period: {from: received}
load: snapshot
key: [store_code]
read: {as: csv, layouts: [list]}
columns:
  store_code:  {from: 编码, type: text, required: true, match: store}
  store_name:  {from: 名称, type: text, describes: store.name}
  tax_number:  {from: 税号, type: text, describes: store.uscc}
  address:     {from: 地址, type: text, describes: store.address}
  region_code: {from: 大区, type: text}
""",
    "sources/stores/layouts/list.yml": "header: [编码, 名称, 税号, 地址, 大区]\n",
    "sources/flow/source.yml": HEAD
    + """\
collect: {via: folder, path: inbox/flow, pattern: "*.csv"}
period: {from: rows}
load: replace
read: {as: csv, layouts: [list]}
trust: 7
columns:
  sold_on:       {from: 日期, type: date, order: year first, required: true}
  customer_code: {from: 客户编码, type: text, match: store}
  customer_name: {from: 客户名称, type: text, describes: store.name}
  customer_address: {from: 客户地址, type: text, describes: store.address}
  customer_phone: {from: 电话, type: phone, personal: contact, describes: store.phone}
  net_amount:    {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
""",
    "sources/flow/layouts/list.yml": "header: [日期, 客户编码, 客户名称, 客户地址, 电话, 金额]\n",
    "models/mart/sales/daily_sales.sql": """\
/*
title: {zh: 每日销售, en: Daily sales}
grain: [business_date, region_code]
kind: incremental
partition: month of business_date
owner: o
*/
WITH matched AS (
  SELECT line._src_id, line._src_row, line.business_date, line.net_amount, COALESCE(store.region_code, 'WEST') AS region_code
  FROM clean.flow AS line
  LEFT JOIN match.store_map AS known
    ON known.source = 'flow' AND known.store_key = line.customer_code
   AND line.business_date >= known.valid_from AND line.business_date < known.valid_to
  LEFT JOIN clean.stores AS store ON store.store_code = known.store_id
)
SELECT
  CAST(matched.business_date AS DATE)                      AS business_date,
  CAST(matched.region_code AS TEXT)                        AS region_code,
  CAST(SUM(matched.net_amount) AS DECIMAL(18, 2))          AS net_amount_cny,
  CAST(SUM(matched.net_amount * 2) AS DECIMAL(18, 2))      AS target_amount_cny
FROM matched
GROUP BY 1, 2
""",
}
STORES = """\
编码,名称,税号,地址,大区
S1,苏州恒鑫贸易有限公司,91330100TN4R3PYAX3,江苏省苏州市金鸡湖路128号,EAST
S2,杭州宏泰食品有限公司,,浙江省杭州市中山路9号,EAST
"""
LINES = {
    "C1": "恒鑫商贸,苏州金鸡湖路128号,13800001111,100",
    "C2": "宏太食品,杭州中山路200号,13900002222,30",
    "C3": "广州盛德化工有限公司,广州市人民路1号,13700003333,5",
}


@pytest.fixture
def stores(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    for name, text in FILES.items():
        shop.write(name, text)
    shop.put("stores", "stores.csv", STORES, at(1))
    return shop


def flow(shop: Shop, day: int, lines: dict[str, str]) -> None:
    rows = "".join(f"2026-11-{day:02d},{code},{line}\n" for code, line in lines.items())
    shop.put("flow", f"flow_{day}.csv", f"日期,客户编码,客户名称,客户地址,电话,金额\n{rows}", at(day + 1, 7))


def mapped(ws: Workspace) -> dict[str, tuple[str, str]]:
    rows = ws.tables.read("match.store_map").to_pylist()
    return {f"{row['source']}/{row['store_key']}": (row["store_id"], row["decided_by"]) for row in rows}


def golden(ws: Workspace, which: str) -> list[dict[str, Any]]:
    return [row for row in ws.tables.read("match.store").to_pylist() if row["store_id"] == which]


def test_keys_are_matched_asked_decided_and_restated(stores: Shop) -> None:
    flow(stores, 1, LINES)
    with stores.open() as ws:
        stores.run(at(2), ws, reports=True)
        found = mapped(ws)
        assert found["flow/C1"] == ("S1", "score") and found["stores/S2"] == ("S2", "exact_key")
        assert found["flow/C2"][1] == found["flow/C3"][1] == "new" and found["flow/C2"][0] != found["flow/C3"][0]
        (pair,) = reviewing.open_pairs(ws, "store")
        assert {pair.left.id, pair.right.id} == {"flow/C2", "stores/S2"} and pair.why == "middle"
        assert "13900002222" not in str(pair), "a telephone is a token here as well"
        (state,) = golden(ws, "S1")
        assert (state["name"], state["uscc"], state["key_count"]) == ("苏州恒鑫贸易有限公司", "91330100TN4R3PYAX3", 2)
        assert state["phone"].startswith("tk_"), "what only the less trusted source knows is not lost"
        reviewing.decide(ws, pair, True, who="lead", why="同一门头")
        assert reviewing.open_pairs(ws) == [] and [each.id for each in reviewing.decided_pairs(ws)] == [pair.id]
    flow(stores, 2, {"C1": LINES["C1"]})
    with stores.open() as ws:
        (second,) = stores.run(at(3), ws, reports=True).publications
        assert mapped(ws)["flow/C2"] == ("S2", "person")
        rows = of(made(ws, second, ("region_code", "EAST")), Restatements).rows
        assert [(row.business_date.day, row.before, row.after, row.cause) for row in rows] == [(1, Decimal(100), Decimal(130), "matching")]
        assert "flow C2" in rows[0].detail.en
        first, then = golden(ws, "S2")
        assert (first["key_count"], first["valid_to"].day, then["key_count"], then["valid_from"].day) == (1, 3, 2, 3)
        keys = ws.tables.read("clean.flow")["customer_code"].to_pylist()
        assert sorted(keys) == ["C1", "C1", "C2", "C3"], "facts keep the keys of their source"
        (pair,) = reviewing.decided_pairs(ws)
        reviewing.decide(ws, pair, None, who="lead", why="看错了")
        stores.run(at(3, 9), ws)
        assert mapped(ws)["flow/C2"][0] == found["flow/C2"][0], "a key that is split off has the id that it had before"
        assert [each.id for each in reviewing.open_pairs(ws)] == [pair.id], "and the question is there again"


def test_a_run_without_news_scores_nothing(stores: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    flow(stores, 1, LINES)
    with stores.open() as ws:
        stores.run(at(2), ws)
        versions = {table: ws.tables.version(table) for table in ws.tables.names() if table.startswith("match.")}
        assert set(versions) == {"match.store", "match.store_map", "match.store_review"}
    flow(stores, 2, LINES)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr("taihu.match.resolve.score", refuse)
    with stores.open() as ws:
        stores.run(at(3), ws)
        assert {table: ws.tables.version(table) for table in versions} == versions
    flow(stores, 3, {"C9": "新客户,,,1"})
    with stores.open() as ws, pytest.raises(AssertionError):
        stores.run(at(4), ws)


def test_the_golden_table_is_what_models_are_told(stores: Shop) -> None:
    flow(stores, 1, LINES)
    with stores.open() as ws:
        stores.run(at(2), ws)
        assert described_kinds(ws.tree) == {"store": "party"}
        assert ws.tables.read("match.store").column_names == list(golden_columns("store", "party"))


def test_who_may_and_why(stores: Shop) -> None:
    flow(stores, 1, LINES)
    stores.edit("roles.yml", "lead: {rows: all}", "lead: {rows: all, may: [match]}")
    with stores.open() as ws:
        stores.run(at(2), ws)
        (pair,) = reviewing.open_pairs(ws)
        with pytest.raises(UsageError, match="reason"):
            reviewing.decide(ws, pair, True, who="lead", why=" ")
        with pytest.raises(AccessRefused):
            reviewing.decide(ws, pair, True, who="east", why="x")
        with pytest.raises(UsageError, match="describes"):
            reviewing.open_pairs(ws, "product")
        assert len(reviewing.open_pairs(ws)) == 1


def test_what_describes_nothing_is_refused_when_the_project_is_loaded(stores: Shop) -> None:
    stores.edit("sources/flow/source.yml", "match: store", "optional: false")
    with pytest.raises(ManifestError, match="exactly one column"), stores.open():
        pass


def test_the_command(stores: Shop) -> None:
    flow(stores, 1, LINES)
    stores.run(at(2))
    root = stores.root
    (pair,) = call(root, "review", "--json")["pairs"]
    assert pair["decision"] is None and pair["left"]["says"]["name"] == "宏太食品" and 0.2 <= pair["probability"] < 0.9
    assert pair["id"] in call(root, "review", "store"), "without a keyboard it lists"
    call(root, "review", "--same", pair["id"], "--who", "lead", code=1)
    made = call(root, "review", "--same", pair["id"][:6], "--because", "同一门头", "--who", "lead", "--json")
    assert made == {"schema": "taihu.reviewed/1", "id": pair["id"], "domain": "store", "same": True}
    assert call(root, "review", "--json")["pairs"] == []
    (decided,) = call(root, "review", "--decided", "--json")["pairs"]
    assert (decided["decision"]["same"], decided["decision"]["who"], decided["decision"]["why"]) == (True, "lead", "同一门头")
    call(root, "review", "--undo", pair["id"], "--because", "看错了", "--who", "lead")
    assert len(call(root, "review", "--json")["pairs"]) == 1
    call(root, "review", "--undo", pair["id"], "--because", "x", code=1)


def test_the_keyboard(stores: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from taihu.cli import review

    flow(stores, 1, LINES)
    with stores.open() as ws:
        stores.run(at(2), ws)
        keys, reasons = iter("xynuyq"), iter(["同一门头", "看错了", "两家"])
        monkeypatch.setattr("typer.getchar", lambda: next(keys))
        monkeypatch.setattr("typer.prompt", lambda *_, **__: next(reasons))
        (pair,) = reviewing.open_pairs(ws)
        review._Session(ws, "lead", "").play([pair, pair, pair])
        kinds = [(each.kind, each.why) for each in ws.ledger.decisions() if each.kind.startswith("match.")]
        assert kinds == [("match.same", "同一门头"), ("match.apart", "看错了"), ("match.undo", "taken back"), ("match.same", "两家")]
