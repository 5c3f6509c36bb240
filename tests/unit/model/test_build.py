"""Building only what changed, and never more than once; what happens when a check or a statement says no."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from taihu.core.errors import ManifestError, NotFound
from taihu.core.types import Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.engine.interface import Engine
from taihu.lake.tables import Tables
from taihu.ledger.ledger import Ledger
from taihu.manifest.tree import Model
from taihu.model.build import build
from taihu.model.graph import Graph
from taihu.model.inputs import arrow_schema
from taihu.model.partitions import UNDATED, month_of, months_read, months_touched
from taihu.model.tests import run_model_test
from taihu.model.trace import trace_query

MakeTree = Callable[..., Any]


class Project:
    """The small project with a lake, so that a test reads as what happens to it."""

    def __init__(self, graph: Graph, folder: Path, engine: DuckDBEngine, ledger: Ledger) -> None:
        self.graph, self.engine, self.ledger = graph, engine, ledger
        self.tables = Tables(folder / "lake")

    def sell(self, shop: str, *days: str, quantity: str = "2", product: str = "P1") -> None:
        """Make these days the shop's whole content of their months."""
        schema = arrow_schema(self.graph.types(f"clean.{shop}"))
        rows = [
            {
                "sold_on": dt.date.fromisoformat(day),
                "business_date": dt.date.fromisoformat(day),
                "product_code": product,
                "quantity": Decimal(quantity),
                "_src_id": shop,
                "_src_row": str(place),
                "_month": day[:7],
            }
            for place, day in enumerate(days, start=2)
        ]
        self.tables.replace_partitions(f"clean.{shop}", pa.Table.from_pylist(rows, schema=schema), sorted({day[:7] for day in days}))

    def price(self, **prices: str) -> None:
        rows = [{"product_code": code, "price": Decimal(price)} for code, price in prices.items()]
        self.tables.replace("clean.prices", pa.Table.from_pylist(rows, schema=arrow_schema(self.graph.types("clean.prices"))))

    def build(self, **options: Any) -> dict[str, tuple[str, tuple[str, ...], str]]:
        results = build(self.graph, self.tables, self.engine, self.ledger, **options)
        return {result.table: (result.status, result.partitions, result.problem or result.reason) for result in results}

    def daily(self) -> dict[str, Decimal]:
        return {str(row["business_date"]): row["amount_cny"] for row in self.tables.read("mart.daily").to_pylist()}


@pytest.fixture
def project(make_tree: MakeTree, tmp_path: Path, engine: DuckDBEngine, ledger: Ledger) -> Project:
    made = Project(Graph(make_tree()), tmp_path, engine, ledger)
    made.price(P1="10.00")
    made.sell("shop_a", "2026-09-01", "2026-10-01")
    return made


def test_a_first_build_makes_everything_and_a_second_nothing(project: Project) -> None:
    assert {name: what[0] for name, what in project.build().items()} == {
        "core.product": "built",
        "core.sale": "built",
        "mart.daily": "built",
    }
    assert project.daily() == {"2026-09-01": Decimal("20.00"), "2026-10-01": Decimal("20.00")}
    versions = {name: project.tables.version(name) for name in project.tables.names()}
    assert project.build() == {}
    assert {name: project.tables.version(name) for name in project.tables.names()} == versions


def test_only_the_changed_month_is_built(project: Project) -> None:
    project.build()
    september = project.tables.files("mart.daily", partitions=["2026-09"])
    project.sell("shop_b", "2026-10-02", quantity="5")
    assert project.build() == {
        "core.sale": ("built", ("2026-10",), "changed: clean.shop_b"),
        "mart.daily": ("built", ("2026-10",), "changed: core.sale"),
    }
    assert project.daily()["2026-10-02"] == Decimal("50.00")
    assert project.tables.files("mart.daily", partitions=["2026-09"]) == september


def test_a_month_that_disappears_is_emptied(project: Project) -> None:
    project.build()
    empty = project.tables.read("clean.shop_a").slice(0, 0)
    project.tables.replace_partitions("clean.shop_a", empty, ["2026-09"])
    project.build()
    assert list(project.daily()) == ["2026-10-01"]
    assert project.build() == {}


def test_a_changed_table_without_months_builds_its_readers_whole(project: Project) -> None:
    project.build()
    project.price(P1="11.00")
    assert project.build() == {
        "core.product": ("built", (), "changed: clean.prices"),
        "mart.daily": ("built", (), "changed: core.product"),
    }
    assert set(project.daily().values()) == {Decimal("22.00")}


def test_a_change_that_makes_no_difference_ends_there(project: Project) -> None:
    project.build()
    rows = project.tables.read("clean.shop_a")
    flagged = rows.set_column(rows.schema.get_field_index("dq_flags"), "dq_flags", pa.array(["late"] * rows.num_rows))
    project.tables.replace("clean.shop_a", flagged, by="_month")
    assert {name: what[0] for name, what in project.build().items()} == {"core.sale": "same"}
    assert project.build() == {}


def test_a_changed_definition_builds_all_of_the_model(project: Project, make_tree: MakeTree) -> None:
    project.build()
    tree = make_tree()
    daily = tree.models["mart.daily"]
    doubled = replace(daily, sql=daily.sql.replace("SUM(fact.amount)", "SUM(fact.amount * 2)"))
    project.graph = Graph(replace(tree, models={**tree.models, "mart.daily": doubled}))
    assert project.build() == {"mart.daily": ("built", (), "the definition changed")}
    assert set(project.daily().values()) == {Decimal("40.00")}


def test_a_plan_writes_nothing(project: Project) -> None:
    assert {name: what[0] for name, what in project.build(plan_only=True).items()} == {
        "core.product": "planned",
        "core.sale": "planned",
        "mart.daily": "planned",
    }
    assert project.tables.names() == ["clean.prices", "clean.shop_a"]
    project.build()
    project.sell("shop_b", "2026-10-02")
    planned = project.build(plan_only=True)
    assert {name: what[1] for name, what in planned.items()} == {"core.sale": ("2026-10",), "mart.daily": ("2026-10",)}
    assert project.build(only=["core.sale"]).keys() == {"core.sale"}
    assert project.build().keys() == {"mart.daily"}


def test_a_check_that_holds_keeps_the_old_rows_and_stops_the_readers(project: Project) -> None:
    project.build()
    project.sell("shop_b", "2026-10-02", quantity="-7")

    def no_negatives(engine: Engine, model: Model, table: str) -> str:
        if model.table != "core.sale":
            return ""
        return "negative quantity" if engine.rows(f"SELECT count(*) FROM {table} WHERE quantity < 0")[0][0] else ""

    assert project.build(checked=no_negatives) == {
        "core.sale": ("held", ("2026-10",), "negative quantity"),
        "mart.daily": ("blocked", (), "it reads core.sale"),
    }
    assert project.daily()["2026-10-01"] == Decimal("20.00")
    assert project.build(checked=no_negatives)["core.sale"][0] == "held"
    project.sell("shop_b", "2026-10-02", quantity="7")
    assert {name: what[0] for name, what in project.build(checked=no_negatives).items()} == {"core.sale": "built", "mart.daily": "built"}


def test_a_statement_that_fails_stops_only_its_readers(make_tree: MakeTree, tmp_path: Path, engine: DuckDBEngine, ledger: Ledger) -> None:
    head = "/*\ntitle: {zh: a, en: a}\ngrain: [n]\nowner: o\n*/\n"
    texts = {"core.broken": "CAST(listed.product_code AS BIGINT) AS n", "core.fine": "CAST(listed.product_code AS TEXT) AS n"}
    models = {table: f"{head}SELECT {column} FROM clean.prices AS listed" for table, column in texts.items()}
    models["mart.reader"] = f"{head}SELECT CAST(b.n AS BIGINT) AS n FROM core.broken AS b"
    project = Project(Graph(make_tree(models)), tmp_path, engine, ledger)
    project.price(P1="1.00")
    results = project.build()
    assert {name: what[0] for name, what in results.items()} == {"core.broken": "failed", "core.fine": "built", "mart.reader": "blocked"}
    assert "models/core/area/broken.sql" in results["core.broken"][2]
    assert "P1" not in results["core.broken"][2]


def test_a_crash_between_the_table_and_the_ledger_heals(project: Project) -> None:
    class Crash(Exception):
        pass

    class Crashing:
        def __init__(self, ledger: Ledger) -> None:
            self.partition_stamps, self.definition = ledger.partition_stamps, ledger.definition

        def stamps_set(self, table: str, stamps: Any, **rest: Any) -> None:
            raise Crash

    with pytest.raises(Crash):
        build(project.graph, project.tables, project.engine, Crashing(project.ledger))
    assert project.tables.version("core.product") == 0
    statuses = {name: what[0] for name, what in project.build().items()}
    assert statuses == {"core.product": "same", "core.sale": "built", "mart.daily": "built"}
    assert project.tables.version("core.product") == 0


def test_the_callers_own_views_are_not_touched(project: Project) -> None:
    project.engine.register("core.sale", pa.table({"mine": [1]}))
    project.build()
    assert project.engine.rows("SELECT * FROM core.sale") == [(1,)]


def test_rows_without_a_date_are_kept_apart(project: Project) -> None:
    schema = arrow_schema(project.graph.types("clean.shop_b"))
    row = {"product_code": "P1", "quantity": Decimal(3), "_src_id": "s", "_src_row": "2", "_month": UNDATED}
    project.tables.replace_partitions("clean.shop_b", pa.Table.from_pylist([row], schema=schema), [UNDATED])
    project.build()
    assert project.tables.partitions("core.sale") == [UNDATED, "2026-09", "2026-10"]
    assert project.daily()["None"] == Decimal("30.00")
    assert project.build() == {}


def test_months_and_windows() -> None:
    assert month_of(dt.date(2026, 1, 31)) == "2026-01"
    assert months_read("2026-03", 0) == ["2026-03"]
    assert months_read("2026-03", 28) == ["2026-02", "2026-03"]
    assert months_read("2026-03", 29) == ["2026-01", "2026-02", "2026-03"]
    assert months_touched(["2025-12"], 0) == {"2025-12"}
    assert months_touched(["2025-12"], 28) == {"2025-12", "2026-01"}
    assert months_touched(["2026-01"], 28) == {"2026-01", "2026-02"}
    assert months_touched(["2026-01"], 29) == {"2026-01", "2026-02", "2026-03"}
    assert months_touched([UNDATED], 28) == {UNDATED}


@pytest.mark.parametrize("lookback", [0, 1, 28, 31, 90])
def test_a_month_touches_exactly_the_months_that_read_it(lookback: int) -> None:
    months = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]
    for month in months:
        readers = {other for other in months if month in months_read(other, lookback)}
        assert readers == months_touched([month], lookback) & set(months)


def test_a_figure_is_listed_row_by_row(project: Project) -> None:
    project.sell("shop_b", "2026-10-01", quantity="3", product="P2")
    project.build()
    for table in ("core.sale", "core.product"):
        project.engine.view_files(table, project.tables.files(table), project.tables.schema(table))
    sql = trace_query(project.graph, "mart.daily", "amount_cny", [], Span(dt.date(2026, 10, 1), dt.date(2026, 10, 2)))
    assert project.engine.rows(sql) == [("shop_a", "3", "core.sale", dt.date(2026, 10, 1), Decimal("20.00000"))]
    with pytest.raises(NotFound):
        trace_query(project.graph, "mart.daily", "nothing", [], None)
    with pytest.raises(NotFound):
        trace_query(project.graph, "mart.none", "amount_cny", [], None)


@pytest.mark.parametrize("column", ["MAX(s.quantity)", "SUM(s.quantity) / 2", "SUM(DISTINCT s.quantity)", "COUNT(DISTINCT s.source)"])
def test_what_is_not_a_sum_of_rows_cannot_be_traced(make_tree: MakeTree, column: str) -> None:
    text = f"SELECT CAST(s.source AS TEXT) AS source,\n  CAST({column} AS DECIMAL(18, 3)) AS n\nFROM core.sale AS s GROUP BY 1"
    models = {"core.sale": make_tree_sale(make_tree), "mart.m": f"/*\ntitle: {{zh: a, en: a}}\ngrain: [source]\nowner: o\n*/\n{text}"}
    with pytest.raises(ManifestError, match="cannot be traced") as error:
        trace_query(Graph(make_tree(models)), "mart.m", "n", [], None)
    assert error.value.where == "models/mart/area/m.sql:7"


def test_counts_and_filters_with_quotes_are_traced(make_tree: MakeTree, engine: DuckDBEngine) -> None:
    text = "SELECT CAST(s.source AS TEXT) AS source, CAST(COUNT(*) AS BIGINT) AS n FROM core.sale AS s GROUP BY 1"
    models = {"core.sale": make_tree_sale(make_tree), "mart.m": f"/*\ntitle: {{zh: a, en: a}}\ngrain: [source]\nowner: o\n*/\n{text}"}
    engine.register("core.sale", pa.table({"source": ["it's", "it's", "b"], "_src_id": ["1", "2", "3"], "_src_row": ["2", "2", "2"]}))
    rows = engine.rows(trace_query(Graph(make_tree(models)), "mart.m", "n", [("source", "it's")], None))
    assert rows == [("1", "2", "core.sale", 1), ("2", "2", "core.sale", 1)]


def make_tree_sale(make_tree: MakeTree) -> str:
    sale = make_tree().models["core.sale"]
    head = "/*\ntitle: {zh: a, en: a}\ngrain: [_src_id]\nowner: o\nkind: incremental\npartition: month of business_date\n*/\n"
    return head + str(sale.sql)


TEST = """
given:
  core.sale:
    - {business_date: 2026-09-01, product_code: P1, quantity: "3"}
    - {business_date: 2026-09-01, product_code: P2, quantity: 1}
  core.product:
    - {product_code: P1, price: "2.50"}
    - {product_code: P2, price: 4}
expect:
  - {business_date: 2026-09-01, amount_cny: "11.50"}
ctes:
  fact:
    - {business_date: 2026-09-01, amount: 7.5}
    - {business_date: 2026-09-01, amount: 4}
"""


def test_a_model_test_passes_and_fails_with_words(make_tree: MakeTree, engine: DuckDBEngine) -> None:
    assert run_model_test(engine, Graph(make_tree(tests={"mart.daily": TEST})), "mart.daily") == []
    wrong = TEST.replace('"11.50"', '"11.49"').replace("amount: 4}", "amount: 5}")
    problems = run_model_test(engine, Graph(make_tree(tests={"mart.daily": wrong})), "mart.daily")
    assert problems == [
        "CTE fact: expected but not there: business_date = 2026-09-01, amount = 5",
        "CTE fact: there but not expected: business_date = 2026-09-01, amount = 4.00000",
        "expected but not there: business_date = 2026-09-01, amount_cny = 11.49",
        "there but not expected: business_date = 2026-09-01, amount_cny = 11.50",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("core.sale:", "core.sail:", "did you mean 'core.sale'"),
        ("price: 4", "prize: 4", "did you mean 'price'"),
        ("  fact:", "  facts:", "no CTE 'facts'"),
        ("amount_cny: ", "amount_usd: ", "no column 'amount_usd'"),
    ],
)
def test_a_test_that_names_what_is_not_there(make_tree: MakeTree, engine: DuckDBEngine, old: str, new: str, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        run_model_test(engine, Graph(make_tree(tests={"mart.daily": TEST.replace(old, new)})), "mart.daily")
