"""Missing values from the contract to the figure: filled by rule, marked, explained, and told in the dictionary."""

from __future__ import annotations

import pytest
from tests.unit.run.conftest import Shop, amounts, at

from taihu.core.errors import ManifestError
from taihu.describe.catalog import catalog_of
from taihu.describe.pages import dictionary_html
from taihu.describe.state import State
from taihu.run.explaining import explain, latest_figures

RULE = "net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true, if_missing: {derive: pieces * price}}"
PRICE = "{type: number, optional: true, if_missing: {take: price, from: prices, by: goods}}"
PRICES = """\
title: {zh: 价目, en: Prices}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/prices, pattern: "*.csv"}
period: {from: received}
load: snapshot
key: [goods, valid_from]
valid: {from: valid_from}
read: {as: csv, layouts: [list]}
columns:
  goods:      {from: 货号, type: text, required: true}
  price:      {from: 单价, type: number, required: true}
  valid_from: {from: 自, type: date, order: year first, required: true}
"""


@pytest.fixture
def gaps(shop: Shop) -> Shop:
    """Sales without an amount in two rows; the price list has a price for one of their goods."""
    old = "net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true}"
    shop.edit(
        "sources/sales/source.yml",
        old,
        f"{RULE}\n  pieces: {{from: 件数, type: quantity}}\n  goods: {{from: 货号, type: text}}\n  price: {PRICE}",
    )
    shop.write("sources/sales/layouts/standard.yml", "header: [日期, 货号, 件数, 金额]\n")
    shop.write("sources/prices/source.yml", PRICES)
    shop.write("sources/prices/layouts/list.yml", "header: [货号, 单价, 自]\n")
    shop.put("prices", "prices.csv", "货号,单价,自\nG1,2.5,2026-01-01\n", at(1))
    shop.put("sales", "sales_A_1.csv", "日期,货号,件数,金额\n2026-11-01,G1,4,\n2026-11-01,G1,1,2\n2026-11-01,G9,1,\n", at(2, 7))
    return shop


def test_a_derived_amount_is_in_the_figure_and_says_so(gaps: Shop) -> None:
    with gaps.open() as ws:
        result = gaps.run(at(2), ws, reports=True)
        assert result.quarantined == 1, "no price is known for G9"
        assert [int(value) for _, _, value in amounts(ws)] == [2, 10]
        listed = next(row for row in latest_figures(ws) if row["measure"] == "revenue" and not row["filter"])
        story = explain(ws, listed["id"])
        assert story["recomputed"] == listed["value"] == "12.00"
        cells = {(cell["column"], cell["cell"], cell["text"], cell.get("derived")) for cell in story["parts"][0]["cells"]}
        assert cells == {
            ("net_amount", "2:4", None, "pieces * price"),
            ("pieces", "2:3", "4", None),
            ("net_amount", "3:4", "2", None),
        }


def test_the_dictionary_tells_the_rules(gaps: Shop) -> None:
    with gaps.open() as ws:
        catalog = catalog_of(ws.tree)
    told = {column.name: column.if_missing for column in catalog.tables["clean.sales"].columns if column.if_missing}
    assert told == {"net_amount": "pieces * price", "price": "prices.price by goods"}
    assert "缺失时: <code>prices.price by goods</code>" in dictionary_html(catalog, State(), "zh").decode()


def test_a_reference_that_is_not_there_is_an_error_at_load(gaps: Shop) -> None:
    gaps.edit("sources/sales/source.yml", "from: prices", "from: prises")
    with pytest.raises(ManifestError, match="did you mean 'prices'") as error, gaps.open():
        pass
    assert error.value.where == "sources/sales/source.yml:20"
