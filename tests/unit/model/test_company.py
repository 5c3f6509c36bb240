"""The example company's own models: built from invented rows, every summed column of every mart traced back to them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.types import Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.lake.tables import Tables
from taihu.ledger.ledger import Ledger
from taihu.manifest.project import Weeks
from taihu.model import lineage
from taihu.model.build import build
from taihu.model.dialect import formatted, to_spark
from taihu.model.graph import Graph
from taihu.model.inputs import arrow_schema
from taihu.model.measures import check_reports
from taihu.model.tests import run_model_test
from taihu.model.trace import trace_query
from taihu.project.load import load_tree
from taihu.run.date_table import CALENDAR, calendar_rows

COMPANY = Path(__file__).resolve().parents[3] / "examples" / "company_a"
DAYS = [dt.date(2026, 8, 30) + dt.timedelta(days=n) for n in range(40)]
FOREVER = dt.date(2000, 1, 1), None

pytestmark = pytest.mark.skipif(not (COMPANY / "taihu.yml").exists(), reason="examples/company_a is not in this checkout")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph(load_tree(COMPANY))


def put(tables: Tables, graph: Graph, table: str, rows: list[dict[str, Any]]) -> None:
    schema = arrow_schema(graph.types(table))
    for number, row in enumerate(rows, start=2):
        row.setdefault("_src_id", f"arrival of {table}")
        row.setdefault("_src_row", str(number))
        if "_month" in schema.names:
            row["_month"] = row["business_date"].strftime("%Y-%m")
    data = pa.Table.from_pylist(rows, schema=schema)
    by = "_month" if "_month" in schema.names else None
    if by and tables.exists(table):
        tables.replace_partitions(table, data, sorted({row["_month"] for row in rows}))
    else:
        tables.replace(table, data, by=by)


def money(text: str) -> Decimal:
    return Decimal(text)


def sales(code: str, days: list[dt.date], factor: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "document_date": day,
            "business_date": day,
            "document_number": f"{code}-{day}-{place}",
            "distributor_code": code,
            "product_code": product,
            "unit_name": unit,
            "quantity": Decimal(place * factor - 1),
            "gross_amount": Decimal(place * factor - 1) * money("3.37"),
        }
        for day in days
        for place, (product, unit) in enumerate([("P101", "箱"), ("P102", "瓶"), ("P999", "瓶")])
    ]


def fill(tables: Tables, graph: Graph) -> None:
    start, end = FOREVER
    put(tables, graph, "clean.erp_products", [product("P101", 12, "0.13"), product("P102", 6, "0.09")])
    places = [("D0001", "EAST"), ("D0006", "NORTH")]
    put(tables, graph, "clean.distributors", [
        {"distributor_code": code, "region_code": region, "valid_from": start, "valid_to": end} for code, region in places
    ])  # fmt: skip
    put(tables, graph, "clean.stores", [{"store_code": "S001", "region_code": "SOUTH", "valid_from": start, "valid_to": end}])
    put(tables, graph, "clean.targets", [
        {"region_code": region, "channel_code": "DISTRIBUTOR", "month": month, "target_revenue": money("310000.01")}
        for region in ("EAST", "NORTH") for month in ("2026年9月", "2026年10月", "2026年12月")
    ])  # fmt: skip
    put(tables, graph, "clean.sell_out_huadong", sales("D0001", DAYS))
    put(tables, graph, "clean.sell_out_huabei", sales("D0006", DAYS, 3))
    put(tables, graph, "clean.distributor_stock", [
        {"distributor_code": code, "stock_date": day, "business_date": day, "product_code": "P101", "unit_name": "箱",
         "opening_quantity": 7, "inbound_quantity": 3, "outbound_quantity": 2, "closing_quantity": 8}
        for code in ("D0001", "D0006") for day in DAYS if day.weekday() < 5
    ])  # fmt: skip
    put(tables, graph, "clean.tmall_orders", [
        {"order_number": f"T{day}{n}", "paid_at": dt.datetime(day.year, day.month, day.day, 17, tzinfo=dt.UTC) - dt.timedelta(days=1),
         "business_date": day, "order_status": "交易关闭" if n == 2 else "交易成功", "product_code": "P102", "quantity": n + 1,
         "paid_amount": money("19.99"), "refund_amount": money("1.01") if n else None, "province": "江苏省" if n else "Mars"}
        for day in DAYS for n in range(3)
    ])  # fmt: skip
    put(tables, graph, "clean.retailer_pos", [
        {"store_code": "S001", "sale_date": day, "business_date": day, "product_code": "P102", "quantity": 5,
         "gross_amount": money("50.05")}
        for day in DAYS
    ])  # fmt: skip
    put(tables, graph, "clean.fx_rates", [
        {"rate_date": day, "business_date": day, "currency_code": "HKD", "mid_rate": money("91.234567")}
        for day in DAYS if day.weekday() < 5
    ])  # fmt: skip
    put(tables, graph, "clean.erp_deliveries", [
        {"delivery_number": f"L{day}", "line_number": 1, "delivered_at": dt.datetime(day.year, day.month, day.day, 1, tzinfo=dt.UTC),
         "business_date": day, "distributor_code": "D0001", "product_code": "P101", "unit_name": "箱", "quantity": 2,
         "currency_code": "HKD" if day.day % 2 else "CNY", "net_amount": money("88.88")}
        for day in DAYS
    ])  # fmt: skip
    put(tables, graph, "clean.distributor_purchases", [
        {"distributor_code": "D0001", "received_on": day, "business_date": day, "delivery_number": f"L{day - dt.timedelta(days=2)}",
         "product_code": "P101", "unit_name": "箱", "quantity": 2 if day.day % 3 else 1, "gross_amount": money("88.88"),
         "currency_code": "CNY"}
        for day in DAYS
    ])  # fmt: skip
    put(tables, graph, "clean.issued_invoices", [
        {"invoice": f"26{day:%Y%m%d}", "issued_on": day, "business_date": day, "buyer_name": "D0001", "gross_amount": money("100.44"),
         "net_amount": money("88.88"), "tax_amount": money("11.56"), "invoice_remark": f"发货期间：{day:%Y%m%d}-{day:%Y%m%d}"}
        for day in DAYS
    ])  # fmt: skip
    put(tables, graph, "clean.bank_statement", [
        {"flow_number": f"B{day}", "booked_on": day, "business_date": day, "booking_type": "支付宝提现", "credit_amount": money("7.07"),
         "debit_amount": money("0.00"), "booking_text": f"结算{day - dt.timedelta(days=1):%Y%m%d}"}
        for day in DAYS
    ])  # fmt: skip
    for platform in ("sycm", "jd"):
        put(tables, graph, f"clean.{platform}_item_day", [
            {"business_date": day, "platform_item_number": "7", "paid_amount": money("12.34")} for day in DAYS
        ])  # fmt: skip
    sources = (
        "sell_out_huadong",
        "sell_out_huabei",
        "distributor_stock",
        "tmall_orders",
        "retailer_pos",
        "erp_deliveries",
        "distributor_purchases",
    )
    keys = [(source, code) for source in sources for code in ("P101", "P102")]
    put(tables, graph, "match.product_map", [
        {"source": source, "product_key": code, "product_id": code, "valid_from": start, "valid_to": dt.date(9999, 12, 31)}
        for source, code in keys
    ])  # fmt: skip
    put(tables, graph, "match.store_map", [
        {"source": "retailer_pos", "store_key": "S001", "store_id": "S001", "valid_from": start, "valid_to": dt.date(9999, 12, 31)}
    ])  # fmt: skip
    year = Span(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    tables.replace("ops.calendar", pa.Table.from_pylist(list(calendar_rows(Calendar(packaged_notices()), Weeks(), year)), schema=CALENDAR))
    names = ["business_date", "region_code", "source", "party", "party_name", "state", "reason", "due_at", "arrival_id"]
    values = [DAYS[0], "EAST", "sell_out_huadong", "D0001", "D0001", "arrived", "", "2026-08-31T00:00:00Z", "a1"]
    tables.replace("ops.expectation", pa.table({name: [value] for name, value in zip(names, values, strict=True)}))


def product(code: str, pack: int, vat: str) -> dict[str, Any]:
    return {"product_code": code, "product_name": code, "each_unit": "瓶", "pack_unit": "箱", "pack_size": pack, "vat_rate": Decimal(vat)}


def open_all(engine: DuckDBEngine, tables: Tables) -> None:
    for table in tables.names():
        engine.view_files(table, tables.files(table), tables.schema(table))


def test_every_summed_column_of_every_mart_equals_its_listed_rows(
    graph: Graph, engine: DuckDBEngine, ledger: Ledger, tmp_path: Path
) -> None:
    tables = Tables(tmp_path / "lake")
    fill(tables, graph)
    results = build(graph, tables, engine, ledger)
    assert [(result.table, result.problem) for result in results if result.status != "built"] == []
    open_all(engine, tables)
    span = Span(dt.date(2026, 9, 21), dt.date(2026, 9, 26))
    inputs = {row[0] for row in engine.rows("SELECT DISTINCT _src_id FROM core.sell_out UNION SELECT DISTINCT _src_id FROM core.pos")}
    traced = 0
    for mart in (name for name in graph.order if name.startswith("mart.")):
        types = graph.types(mart)
        for column in (name for name, kind in types.items() if kind.startswith(("DECIMAL", "BIGINT"))):
            for region in (None, "EAST"):
                filters = [("region_code", region)] if region else []
                where = f"business_date >= DATE '{span.start}' AND business_date < DATE '{span.end}'"
                where += f" AND region_code = '{region}'" if region else ""
                (published,) = engine.rows(f"SELECT COALESCE(SUM({column}), 0) FROM {mart} WHERE {where}")[0]
                sql = trace_query(graph, mart, column, filters, span)
                rows = engine.rows(f"SELECT _src_id, _src_row, _table, contribution FROM ({sql})")
                assert sum(Decimal(row[3]) for row in rows) == Decimal(published), (mart, column, region)
                if mart != "mart.arrivals":
                    assert all(row[0] and row[1] and row[2] for row in rows), (mart, column)
                traced += len(rows)
    assert traced > 500
    assert inputs


def test_a_traced_row_names_its_table_and_the_cells_it_came_from(
    graph: Graph, engine: DuckDBEngine, ledger: Ledger, tmp_path: Path
) -> None:
    tables = Tables(tmp_path / "lake")
    fill(tables, graph)
    build(graph, tables, engine, ledger)
    open_all(engine, tables)
    day = Span(dt.date(2026, 9, 21), dt.date(2026, 9, 22))
    rows = engine.rows(trace_query(graph, "mart.daily_kpi", "net_revenue_cny", [("region_code", "NORTH")], day))
    assert {row[2] for row in rows} == {"core.sell_out"}
    assert {row[0] for row in rows} == {"arrival of clean.sell_out_huabei"}
    cells = lineage.source_columns(graph, "mart.daily_kpi", "net_revenue_cny")
    assert cells["clean.sell_out_huabei"] == ["gross_amount"]
    assert cells["clean.tmall_orders"] == ["paid_amount", "refund_amount"]
    assert lineage.source_columns(graph, "mart.daily_kpi", "sell_out_quantity")["clean.sell_out_huadong"] == ["unit_name", "quantity"]


def test_one_changed_month_builds_fast_and_only_what_it_reaches(graph: Graph, engine: DuckDBEngine, ledger: Ledger, tmp_path: Path) -> None:
    tables = Tables(tmp_path / "lake")
    fill(tables, graph)
    build(graph, tables, engine, ledger)
    assert build(graph, tables, engine, ledger) == []
    november = dt.date(2026, 11, 3)
    put(tables, graph, "clean.sell_out_huadong", sales("D0001", [november]))
    results = build(graph, tables, engine, ledger)
    done = {result.table: (result.status, result.partitions) for result in results}
    assert done.pop("mart.weekly_kpi") == ("built", ())
    assert done.pop("mart.reconciliation") == ("built", ())
    assert done.pop("mart.diverted_sales") == ("same", ("2026-11",))
    assert done.pop("mart.daily_kpi") == ("built", ("2026-11", "2026-12"))
    assert done.pop("mart.daily_revenue") == ("built", ("2026-11",))
    assert done.pop("core.sell_out") == ("built", ("2026-11",))
    assert done == {"mart.stock_days": ("built", ("2026-11", "2026-12"))}
    assert all(result.reason == "changed: core.sell_out" for result in results if result.table.startswith("mart."))
    again = Tables(tmp_path / "again")
    for table in tables.names():
        if table.split(".")[0] in ("clean", "match", "ops"):
            again.replace(table, tables.read(table), by=tables.partition_column(table))
    whole = {result.table: result.status for result in build(graph, again, engine, _NoStamps())}
    assert set(whole.values()) == {"built"}
    for table in graph.order:
        assert tables.stamps(table) == again.stamps(table), table


def test_the_models_pass_their_own_tests(graph: Graph, engine: DuckDBEngine) -> None:
    tested = [table for table in graph.order if graph.model(table).test is not None]
    assert len(tested) >= 10
    assert {table: problems for table in tested if (problems := run_model_test(engine, graph, table))} == {}


def test_reports_fit_their_marts(graph: Graph) -> None:
    check_reports(graph)


def test_every_model_has_a_spark_text_that_spark_can_parse(graph: Graph) -> None:
    for table in graph.order:
        text = to_spark(graph, table)
        assert sqlglot.parse_one(text, dialect="spark") is not None
        assert sqlglot.parse_one(formatted(graph, table), dialect="duckdb") == graph.parsed(table)


class _NoStamps:
    """A ledger that knows nothing: everything is built from scratch."""

    def partition_stamps(self, table: str) -> dict[str, str]:
        return {}

    def definition(self, table: str) -> str | None:
        return None

    def stamps_set(self, table: str, stamps: Any, *, version: int | None, definition: str = "", removed: Any = ()) -> None:
        return None
