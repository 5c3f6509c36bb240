"""The graph: order, what is refused and where, and which column comes from which."""

from __future__ import annotations

import pytest

from taihu.core.errors import ManifestError
from taihu.model import lineage
from taihu.model.feeds import feed_sql
from taihu.model.graph import Graph

SALE = """/*
title: {zh: 表, en: Table}
grain: [_src_id, _src_row]
owner: o
kind: incremental
partition: month of business_date
*/
SELECT
  CAST(line.source AS TEXT) AS source,
  CAST(line.business_date AS DATE) AS business_date,
  CAST(line.product_code AS TEXT) AS product_code,
  CAST(line.quantity AS DECIMAL(18, 3)) AS quantity,
  CAST(line._src_id AS TEXT) AS _src_id,
  CAST(line._src_row AS TEXT) AS _src_row
FROM feed.sale AS line
"""
HEADER = "/*\ntitle: {zh: 表, en: Table}\ngrain: [x]\nowner: o\n*/\n"


def refused(make_tree, models: dict[str, str], **more) -> ManifestError:  # type: ignore[no-untyped-def]
    with pytest.raises(ManifestError) as error:
        Graph(make_tree(models, **more))
    return error.value


def test_models_come_after_what_they_read(make_tree) -> None:  # type: ignore[no-untyped-def]
    graph = Graph(make_tree())
    assert graph.order == ["core.product", "core.sale", "mart.daily"]
    assert graph.reads("core.sale") == ("feed.sale",)
    assert graph.inputs("core.sale") == ("clean.shop_a", "clean.shop_b")
    assert graph.upstream("mart.daily") == ("clean.prices", "clean.shop_a", "clean.shop_b", "core.product", "core.sale")
    assert graph.downstream("clean.prices") == ("core.product", "mart.daily")
    assert graph.types("core.sale")["quantity"] == "DECIMAL(18, 3)"


def test_lineage_goes_down_to_the_columns_of_sources(make_tree) -> None:  # type: ignore[no-untyped-def]
    graph = Graph(make_tree())
    assert lineage.columns(graph)["mart.daily"]["amount_cny"] == [
        ("clean.prices", "price"),
        ("clean.shop_a", "quantity"),
        ("clean.shop_b", "quantity"),
    ]
    assert lineage.columns(graph)["core.sale"]["business_date"] == [("clean.shop_a", "sold_on"), ("clean.shop_b", "sold_on")]
    assert lineage.direct(graph)["mart.daily"]["amount_cny"] == [("core.product", "price"), ("core.sale", "quantity")]
    assert lineage.source_columns(graph, "mart.daily", "amount_cny")["clean.shop_a"] == ["quantity"]


LINEAGE = [
    ("SELECT CAST(a.n AS TEXT) AS x FROM (SELECT s.quantity AS n FROM core.sale AS s) AS a", ["quantity"]),
    ("SELECT CAST(a.n AS TEXT) AS x FROM (SELECT quantity, business_date FROM core.sale) AS a(n, d)", ["quantity"]),
    ("WITH a AS (SELECT * EXCLUDE (source) FROM core.sale) SELECT CAST(a.product_code AS TEXT) AS x FROM a", ["product_code"]),
    ("WITH a AS (SELECT * REPLACE (source AS quantity) FROM core.sale) SELECT CAST(a.quantity AS TEXT) AS x FROM a", ["source"]),
    ("WITH a AS (SELECT s.* FROM core.sale AS s)"
     " SELECT CAST(SUM(a.quantity) OVER (PARTITION BY a.source) AS TEXT) AS x FROM a", ["quantity", "source"]),
    ("SELECT CAST((SELECT MAX(i.quantity) FROM core.sale AS i WHERE i.source = s.source) AS TEXT) AS x FROM core.sale AS s", ["quantity"]),
    ("WITH a AS (SELECT quantity AS n, n * 2 AS twice FROM core.sale) SELECT CAST(a.twice AS TEXT) AS x FROM a", ["quantity"]),
    ("WITH a AS (SELECT source AS n FROM core.sale UNION ALL SELECT product_code FROM core.sale)"
     " SELECT CAST(a.n AS TEXT) AS x FROM a", ["product_code", "source"]),
    ("SELECT CAST(CASE WHEN s.source = 'a' THEN s.quantity ELSE v.n END AS TEXT) AS x FROM core.sale AS s CROSS JOIN (VALUES (1)) AS v(n"
     ")", ["quantity", "source"]),
    ("SELECT CAST(list_sum(list_transform([s.quantity], q -> q + 1)) AS TEXT) AS x FROM core.sale AS s", ["quantity"]),
    ("SELECT CAST('fixed' AS TEXT) AS x FROM core.sale AS s", []),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), LINEAGE)
def test_lineage_of_one_statement(make_tree, sql: str, expected: list[str]) -> None:  # type: ignore[no-untyped-def]
    graph = Graph(make_tree({"core.sale": SALE, "mart.made": HEADER + sql}))
    assert [column for table, column in lineage.direct(graph)["mart.made"]["x"] if table == "core.sale"] == expected


WRONG = [
    ("SELECT CAST(s.source AS TEXT) AS x FROM core.sael AS s", "there is no table 'core.sael', did you mean 'core.sale'?", 6),
    ("SELECT\n  CAST(s.quantitty AS TEXT) AS x\nFROM core.sale AS s", "did you mean 'quantity'?", 7),
    ("SELECT CAST(t.source AS TEXT) AS x FROM core.sale AS s", "there is no table 't' in this FROM", 6),
    ("SELECT CAST(s.source AS TEXT) AS x\nFROM core.sale AS s\nWHERE s.nothing = 1", "no column 'nothing'", 8),
    ("SELECT CAST(s.source AS TEXT) AS x FROM sale AS s", "there is no table 'sale'", 6),
    ("SELECT s.* FROM core.sale AS s", "lists its columns", 6),
    ("SELECT s.source AS x FROM core.sale AS s", "no CAST", 6),
    ("SELECT CAST(s.source AS TEXT) AS x, CAST(s.source AS TEXT) AS x FROM core.sale AS s", "occurs twice", 6),
    ("SELECT CAST(s.business_date AS TIMESTAMP) AS x FROM core.sale AS s", "is a TIMESTAMP", 6),
    ("WITH a AS (\nSELECT source FROM core.sale UNION BY NAME"
     " SELECT source FROM core.sale)\nSELECT CAST(a.source AS TEXT) AS x FROM a", "UNION BY NAME", 7),
    ("WITH a AS (SELECT COLUMNS('q.*') FROM core.sale) SELECT CAST(a.quantity AS TEXT) AS x FROM a", "COLUMNS()", 6),
    ("WITH a AS (UNPIVOT core.sale ON quantity INTO NAME n VALUE v) SELECT CAST(a.v AS TEXT) AS x FROM a", "", 6),
    ("WITH a AS (SELECT * FROM core.sale PIVOT (SUM(quantity) FOR source IN ('a'))) SELECT CAST(a.a AS TEXT) AS x FROM a", "PIVOT", 6),
    ("WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT CAST(a.n AS TEXT) AS x FROM a", "RECURSIVE", 6),
    ("SELECT CAST(CURRENT_DATE AS DATE) AS x FROM core.sale AS s", "time or for chance", 6),
    ("SELECT CAST(now() AS TIMESTAMPTZ) AS x FROM core.sale AS s", "time or for chance", 6),
    ("SELECT CAST(random() AS DOUBLE) AS x FROM core.sale AS s", "time or for chance", 6),
    ("SELECT CAST(s.source AS TEXT) AS x FROM core.sale AS s LIMIT 5", "LIMIT", 6),
    ("SELECT CAST(s.source AS TEXT) AS y FROM core.sale AS s", "grain: there is no column 'x'", 1),
    ("SELECT CAST(s.source AS TEXT AS x FROM core.sale AS s", "not valid SQL", 6),
    ("DELETE FROM core.sale", "a model is one SELECT", 6),
    ("SELECT CAST(1 AS INT) AS x; SELECT CAST(1 AS INT) AS x", "a model is one SELECT", 6),
    ("WITH a AS (SELECT source FROM core.sale UNION ALL SELECT source, quantity FROM core.sale)"
     " SELECT CAST(a.source AS TEXT) AS x FROM a", "1 and 2 columns", 6),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "words", "line"), WRONG)
def test_what_is_wrong_is_said_with_its_line(make_tree, sql: str, words: str, line: int) -> None:  # type: ignore[no-untyped-def]
    error = refused(make_tree, {"core.sale": SALE, "mart.made": HEADER + sql})
    assert words in str(error)
    assert error.where == f"models/mart/area/made.sql:{line}"


def test_circles_and_layers(make_tree) -> None:  # type: ignore[no-untyped-def]
    one, two = (HEADER + f"SELECT CAST(o.x AS TEXT) AS x FROM core.{name} AS o" for name in ("two", "one"))
    assert "core.one -> core.two -> core.one" in str(refused(make_tree, {"core.one": one, "core.two": two}))
    mart = HEADER + "SELECT CAST(s.source AS TEXT) AS x FROM core.sale AS s"
    core = HEADER + "SELECT CAST(m.x AS TEXT) AS x FROM mart.m AS m"
    assert "core model may not read mart.m" in str(refused(make_tree, {"core.sale": SALE, "mart.m": mart, "core.c": core}))


def test_headers_that_do_not_fit(make_tree) -> None:  # type: ignore[no-untyped-def]
    assert "belong together" in str(refused(make_tree, {"core.sale": SALE.replace("partition: month of business_date\n", "")}))
    assert "not a DATE column" in str(refused(make_tree, {"core.sale": SALE.replace("month of business_date", "month of source")}))
    checked = SALE.replace("owner: o\n", "owner: o\nchecks:\n  - {not_null: [quantitty], else: hold}\n")
    assert "did you mean 'quantity'?" in str(refused(make_tree, {"core.sale": checked}))


def test_a_source_must_provide_the_columns_of_its_feed(make_tree) -> None:  # type: ignore[no-untyped-def]
    feed = "title: {zh: 销售, en: Sales}\ncolumns: {business_date: date, product_code: text, quantity: quantity, store_code: text}\n"
    error = refused(make_tree, {"core.sale": SALE}, feed=feed)
    assert error.where == "sources/shop_a/source.yml"
    assert "store_code" in str(error)


def test_a_feed_stacks_its_sources_with_their_names(make_tree, engine) -> None:  # type: ignore[no-untyped-def]
    import pyarrow as pa

    tree = make_tree()
    for number, name in enumerate(("shop_a", "shop_b")):
        columns = {
            "business_date": "2026-09-01",
            "product_code": "P1",
            "quantity": str(number),
            "_src_id": name,
            "_src_row": "2",
            "dq_flags": "",
        }
        engine.register(f"clean.{name}", pa.table({key: [value] for key, value in columns.items()}))
    rows = engine.rows(f"SELECT source, quantity, _src_id FROM ({feed_sql(tree, 'sale')}) ORDER BY 1")
    assert [(row[0], str(row[1]), row[2]) for row in rows] == [("shop_a", "0.000", "shop_a"), ("shop_b", "1.000", "shop_b")]
    assert engine.rows(feed_sql(make_tree(sources={}), "sale")) == []


def test_comments_and_layout_are_not_part_of_a_definition(make_tree) -> None:  # type: ignore[no-untyped-def]
    before = Graph(make_tree({"core.sale": SALE})).definitions["core.sale"]
    commented = SALE.replace("SELECT\n", "SELECT -- all of it\n   ")
    assert Graph(make_tree({"core.sale": commented})).definitions["core.sale"] == before
    assert Graph(make_tree({"core.sale": SALE.replace("line.quantity", "line.quantity + 1")})).definitions["core.sale"] != before
    assert (
        Graph(make_tree({"core.sale": SALE.replace("owner: o\n", "owner: o\nreads: 3 days before\n")})).definitions["core.sale"] != before
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT CAST(s.source AS TEXT) AS x, CAST(SUM(p.quantity) AS DECIMAL(18, 3)) AS n FROM core.sale AS s "
         "INNER JOIN core.sale AS p ON p.source = s.source GROUP BY 1", "groups one relation"),
        ("SELECT CAST(s.source AS TEXT) AS x, CAST(SUM(s.quantity) AS DECIMAL(18, 3)) AS n FROM core.sale AS s GROUP BY 1 "
         "HAVING SUM(s.quantity) > 1", "filters before"),
        ("WITH a AS (SELECT source, quantity FROM core.sale) SELECT CAST(a.source AS TEXT) AS x, "
         "CAST(SUM(a.quantity) AS DECIMAL(18, 3)) AS n FROM a GROUP BY 1", "where its rows come from"),
        ("SELECT CAST(MIN(s.source) AS TEXT) AS x FROM core.sale AS s", "cannot be traced"),
    ],
)  # fmt: skip
def test_a_mart_whose_figures_could_not_be_explained(make_tree, sql: str, words: str) -> None:  # type: ignore[no-untyped-def]
    assert words in str(refused(make_tree, {"core.sale": SALE, "mart.made": HEADER + sql}))
    Graph(make_tree({"core.sale": SALE, "core.made": HEADER + sql}))
