"""Rows beside reference tables: what is listed passes, what is not is named at its place, without a table nothing is claimed."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.check.test_check_arrival import SOURCE

from taihu.check.arrival import check_arrival
from taihu.check.verdict import CheckContext, Verdict
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import Check

DAY = dt.date(2026, 9, 18)
REFERENCES = {
    "clean.stores": pa.table(
        {
            "store_code": ["S1", "S2", "S3", "S3"],
            "valid_from": [None, dt.date(2024, 1, 1), dt.date(2024, 1, 1), dt.date(2026, 9, 18)],
            "valid_to": [None, dt.date(2026, 9, 18), dt.date(2025, 1, 1), None],
        }
    ),
    "clean.erp_products": pa.table({"product_code": ["P1", "P2", "P3"], "product_name": ["清泉水550ml", "果汁1L", "礼盒"]}),
    "clean.distributors": pa.table(
        {
            "distributor_code": ["D1", "D2", "D3", "D4", "D5"],
            "city": ["杭州", "北京", "深圳", "深圳", "杭州"],
            "region_code": ["EAST", "NORTH", "SOUTH", "WEST", "EAST"],
        }
    ),
}
STORES = {"column": "store_code", "in": "stores", "valid": {"from": "valid_from", "to": "valid_to"}}


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


def judge(engine: DuckDBEngine, rule: dict[str, Any], party: str = "", known: dict[str, pa.Table] = REFERENCES, **columns: Any) -> Verdict:
    count = len(next(iter(columns.values())))
    rows = pa.table({"document_date": pa.array([DAY] * count, pa.date32()), **columns, "_src_row": [f"流向!{n + 2}" for n in range(count)]})
    source = SOURCE.model_copy(update={"checks": (Check.model_validate({**rule, "else": "quarantine"}),), "outside_period": "accept"})
    return check_arrival(engine, rows, source, context=CheckContext(party=party, reference=known.get))


def refused(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(each.reason, each.position, each.column) for each in verdict.refusals]


def test_codes_that_are_not_listed_or_have_ended(engine: DuckDBEngine) -> None:
    codes = ["S1", "S9", "S2", "S3", None, "S1", "S3", "S1"]
    verdict = judge(engine, {"listed": STORES}, store_code=pa.array(codes, pa.string()))
    assert refused(verdict) == [("not_listed", "流向!3", "store_code"), ("not_valid", "流向!4", "store_code")]
    named = judge(
        engine, {"listed": {"column": "shop", "in": "stores", "by": "store_code"}, "reason": "unknown_party"}, shop=["S9", *["S1"] * 7]
    )
    assert refused(named) == [("unknown_party", "流向!2", "shop")]


def test_names_with_another_net_content(engine: DuckDBEngine) -> None:
    names = ["清泉天然水 0.55L", "清泉水750ml", "果汁1L", "果汁2升", "礼盒500g", "水", "清泉水550毫升", "果汁（大）"]
    codes = ["P1", "P1", "P2", "P2", "P3", "P9", "P1", "P2"]
    rule = {"net_content": {"name": "product_name", "code": "product_code", "in": "erp_products"}}
    verdict = judge(engine, rule, product_name=names, product_code=codes)
    assert refused(verdict) == [("net_content_disagrees", place, "product_name") for place in ("流向!3", "流向!5")]


@pytest.mark.parametrize(("party", "places"), [("D1", ["流向!3"]), ("D2", ["流向!2"]), ("D3", ["流向!2", "流向!3"]), ("D9", [])])
def test_customers_of_another_territory(engine: DuckDBEngine, party: str, places: list[str]) -> None:
    rule = {
        "territory": {
            "customer": "customer_name",
            "in": "distributors",
            "party": "distributor_code",
            "place": "city",
            "territory": "region_code",
        }
    }
    names = [
        "杭州好邻居超市",
        "北京惠民超市",
        "深圳校园超市",
        "拉萨便利店",
        "好邻居",
        None,
        "某客户1",
        "某客户2",
        "某客户3",
        "某客户4",
        "某客户5",
    ]
    verdict = judge(engine, rule, party, customer_name=pa.array(names, pa.string()))
    assert [place for _, place, _ in refused(verdict)] == places, "深圳 is listed in two territories and says nothing"


def test_without_the_table_nothing_is_claimed(engine: DuckDBEngine) -> None:
    for known in ({}, {"clean.stores": REFERENCES["clean.stores"].slice(0, 0)}):
        verdict = judge(engine, {"listed": STORES}, known=known, store_code=["S9"])
        assert (refused(verdict), [note.reason for note in verdict.notes], verdict.passed) == ([], ["not_checked"], [])
