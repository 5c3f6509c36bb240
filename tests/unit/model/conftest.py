"""A small project in memory: two shops that feed one fact, a price list, and models that the tests write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.engine.duckdb import DuckDBEngine
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger.ledger import Ledger
from taihu.manifest.model import FeedFile, ModelTest
from taihu.manifest.project import ProjectFile
from taihu.manifest.roles import RolesFile
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse
from taihu.manifest.tree import ProjectTree, Source, parse_model

SHOP = """
title: {zh: 店, en: Shop}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: x}
load: replace
feeds: sale
business_date: sold_on
columns:
  sold_on: {type: date}
  product_code: {type: text, match: product}
  quantity: {type: quantity}
"""
PRICES = """
title: {zh: 价, en: Prices}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: y}
load: snapshot
key: [product_code]
columns:
  product_code: {type: text}
  price: {type: money, currency: CNY, tax: included}
"""
FEED = "title: {zh: 销售, en: Sales}\ncolumns: {business_date: date, product_code: text, quantity: quantity}\n"

HEADER = "/*\ntitle: {{zh: 表, en: Table}}\ngrain: [{grain}]\nowner: o\n{more}*/\n"
BY_MONTH = "kind: incremental\npartition: month of business_date\n"

SALE = HEADER.format(grain="_src_id, _src_row", more=BY_MONTH) + (
    "SELECT\n  CAST(line.source AS TEXT) AS source,\n  CAST(line.business_date AS DATE) AS business_date,\n"
    "  CAST(line.product_code AS TEXT) AS product_code,\n  CAST(line.quantity AS DECIMAL(18, 3)) AS quantity,\n"
    "  CAST(line._src_id AS TEXT) AS _src_id,\n  CAST(line._src_row AS TEXT) AS _src_row\nFROM feed.sale AS line\n"
)
PRODUCT = HEADER.format(grain="product_code", more="") + (
    "SELECT\n  CAST(listed.product_code AS TEXT) AS product_code,\n  CAST(listed.price AS DECIMAL(18, 2)) AS price\n"
    "FROM clean.prices AS listed\n"
)
DAILY = HEADER.format(grain="business_date", more=BY_MONTH) + (
    "WITH fact AS (\n  SELECT sale.business_date, sale.quantity * product.price AS amount, sale._src_id, sale._src_row\n"
    "  FROM core.sale AS sale\n  LEFT JOIN core.product AS product ON product.product_code = sale.product_code\n)\n"
    "SELECT\n  CAST(fact.business_date AS DATE) AS business_date,\n  CAST(SUM(fact.amount) AS DECIMAL(18, 2)) AS amount_cny\n"
    "FROM fact\nGROUP BY 1\n"
)

MakeTree = Callable[..., ProjectTree]


def _source(name: str, text: str) -> Source:
    return Source(name, f"sources/{name}", parse(SourceFile, text, f"sources/{name}/source.yml"))


@pytest.fixture
def make_tree() -> MakeTree:
    """Call with model texts by table name; without any, the project has a feed, a dimension and a mart."""

    def make(
        models: dict[str, str] | None = None, tests: dict[str, str] | None = None, sources: dict[str, str] | None = None, feed: str = FEED
    ) -> ProjectTree:
        texts = {"core.sale": SALE, "core.product": PRODUCT, "mart.daily": DAILY} if models is None else models
        parsed = {}
        for table, text in texts.items():
            layer, _, name = table.partition(".")
            path = f"models/{layer}/area/{name}.sql"
            test = parse(ModelTest, tests[table], f"{name}.test.yml") if tests and table in tests else None
            parsed[table] = parse_model(text, layer=layer, area="area", name=name, path=path, test=test)  # type: ignore[arg-type]
        files = {"shop_a": SHOP, "shop_b": SHOP, "prices": PRICES} if sources is None else sources
        project = ProjectFile(name="small", title={"zh": "小", "en": "Small"}, entities={"cn": {"currency": "CNY"}})  # type: ignore[arg-type]
        feeds = {"sale": parse(FeedFile, feed, "sale.feed.yml")}
        return ProjectTree(
            file=project, sources={name: _source(name, text) for name, text in files.items()}, models=parsed, feeds=feeds,
            glossary={}, reports={}, roles=RolesFile(roles={}),
        )  # fmt: skip

    return make


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(memory_limit="200MB") as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    clock = FixedClock(dt.datetime(2026, 10, 12, tzinfo=dt.UTC))
    sealer = Sealer(Keyring.create(tmp_path / "keys", root=b"r" * 32))
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite", sealer=sealer, clock=clock)
    yield opened
    opened.close()
