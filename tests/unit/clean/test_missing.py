"""What stands for values that are not there: marked, noted, and only where the contract says so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from taihu.clean import Cleaned, clean_table
from taihu.clean.scan import WORTH_A_SCAN
from taihu.core.errors import ManifestError
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import SourceFile, Valid
from taihu.manifest.strict import parse

TEXT = """
title: {zh: 流向, en: Sell-out}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: mailbox}
load: replace
columns:
  sold_on:      {type: date, order: year first, required: true}
  store_code:   {type: text, if_missing: unknown}
  product_code: {type: text}
  quantity:     {type: quantity}
  unit_price:   {type: number, optional: true, if_missing: {take: list_price, from: price_list, by: product_code}}
  gross_amount: {type: money, currency: CNY, tax: included, required: true, if_missing: {derive: quantity * unit_price}}
business_date: sold_on
missing: ["--"]
"""
SOURCE = parse(SourceFile, TEXT, "source.yml")
HEADERS = ("sold_on", "store_code", "product_code", "quantity", "gross_amount")
DAY = dt.date(2026, 9, 18)
PRICES = [
    ("P1", "3.335", None, DAY),
    ("P1", "4", DAY, None),
    ("P2", "5", None, None),
    ("P2", "6", None, None),
    ("P3", "7", None, None),
    ("P3", "7", None, None),
]


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


def reference(name: str) -> tuple[pa.Table, Valid]:
    assert name == "price_list"
    rows = [
        {"product_code": code, "list_price": Decimal(price), "valid_from": start, "valid_to": end} for code, price, start, end in PRICES
    ]
    schema = pa.schema(
        [("product_code", pa.string()), ("list_price", pa.decimal128(18, 6))] + [(n, pa.date32()) for n in ("valid_from", "valid_to")]
    )
    return pa.Table.from_pylist(rows, schema), Valid(**{"from": "valid_from", "to": "valid_to"})


def cleaned(
    engine: DuckDBEngine, *lines: str, source: SourceFile = SOURCE, look_up: Any = reference, headers: tuple[str, ...] = HEADERS
) -> Cleaned:
    """``lines`` are cells joined by commas; an empty one is no cell."""
    cells = [line.split(",") for line in lines]
    columns = {name: pa.array([row[place] or None for row in cells], pa.string()) for place, name in enumerate(headers)}
    table = pa.table({**columns, "_src_row": [str(number) for number in range(2, len(lines) + 2)]})
    return clean_table(engine, table, source, tokenizer=lambda kind, text: text, reference=look_up)


def told(result: Cleaned) -> list[tuple[str, str, str]]:
    return [(note.reason, note.position, note.column) for note in result.notes]


def test_the_unknown_member_is_counted(engine: DuckDBEngine) -> None:
    result = cleaned(engine, "2026-09-18,S1,P3,1,7", "2026-09-18,,P3,1,7", "2026-09-18,--,P3,1,7")
    assert result.table["store_code"].to_pylist() == ["S1", "unknown", "unknown"]
    (note,) = [note for note in result.notes if note.reason == "unknown_member"]
    assert (note.position, note.column, note.detail) == ("3", "store_code", "and 1 more from here on")
    assert result.table["dq_flags"].to_pylist()[1:] == ["unknown_member,derived"] * 2, "the price is derived as well: the file has none"


def test_values_follow_from_the_row_and_from_the_reference_table(engine: DuckDBEngine) -> None:
    """The entry of the row's own day counts, then the amount is made of it and rounded half up; what is there stays."""
    result = cleaned(engine, "2026-09-17,S1,P1,1,", "2026-09-18,S1,P1,2,", "2026-09-18,S1,P3,2,1.23", "2026-09-17,S1,P1,-1,")
    rows = result.table.select(["unit_price", "gross_amount"]).to_pylist()
    assert [(row["unit_price"], row["gross_amount"]) for row in rows] == [
        (Decimal("3.335"), Decimal("3.34")),
        (Decimal(4), Decimal(8)),
        (Decimal(7), Decimal("1.23")),
        (Decimal("3.335"), Decimal("-3.34")),
    ]
    assert result.refusals == [] and set(told(result)) == {("derived", "2", "unit_price"), ("derived", "2", "gross_amount")}


@pytest.mark.parametrize(
    ("line", "price"),
    [("2026-09-18,S1,P2,1,", None), ("2026-09-18,S1,P9,1,", None), ("2026-09-18,S1,P3,,", Decimal(7)), ("2026-09-18,S1,,1,", None)],
)
def test_what_a_rule_cannot_tell_is_refused_and_never_guessed(engine: DuckDBEngine, line: str, price: Decimal | None) -> None:
    """Two prices, no entry, no quantity, no product: the required amount is missing; where it is there, only the price stays empty."""
    result = cleaned(engine, line, "2026-09-18,S1,P3,1,7")
    assert [(r.reason, r.position, r.column) for r in result.refusals] == [("value_missing", "2", "gross_amount")]
    assert result.table["_src_row"].to_pylist() == ["3"]
    assert cleaned(engine, line + "5").table["unit_price"].to_pylist() == [price]


def test_without_the_reference_table_nothing_is_taken(engine: DuckDBEngine) -> None:
    for nothing in (lambda _: None, lambda _: (pa.table({}), None)):
        result = cleaned(engine, "2026-09-18,S1,P1,2,", look_up=nothing)
        assert [refusal.reason for refusal in result.refusals] == ["value_missing"]


def test_a_refused_row_and_a_total_are_not_filled(engine: DuckDBEngine) -> None:
    result = cleaned(engine, "2026-09-18,,P1,x,", "合计,,,9,", "2026-13-18,,P1,1,")
    assert [(r.reason, r.position) for r in result.refusals] == [("invalid_number", "2"), ("invalid_date", "4")]
    assert told(result) == [("total_row", "3", "")] and result.table.num_rows == 0


def test_a_value_that_does_not_fit_the_column_is_none(engine: DuckDBEngine) -> None:
    result = cleaned(engine, "2026-09-18,S1,P1,999999999999999,")
    assert [refusal.reason for refusal in result.refusals] == ["value_missing"], "4 x 10^15 is beyond the column"


def test_large_tables_are_filled_alike(engine: DuckDBEngine) -> None:
    """The scan of large tables leaves the same gaps."""
    lines = [f"2026-09-18,{'S1' if n % 3 else ''},P1,{n},{'' if n % 2 else 4 * n}" for n in range(WORTH_A_SCAN + 10)]
    result = cleaned(engine, *lines)
    assert result.refusals == [] and result.table["gross_amount"].to_pylist() == [Decimal(4 * n) for n in range(len(lines))]
    assert result.table["store_code"].to_pylist() == ["S1" if n % 3 else "unknown" for n in range(len(lines))]


def test_a_rule_that_cannot_be_evaluated_is_the_contracts_fault(engine: DuckDBEngine) -> None:
    source = parse(SourceFile, TEXT.replace("quantity * unit_price", "quantity * no_such_column"), "source.yml")
    with pytest.raises(ManifestError, match="if_missing of gross_amount"):
        cleaned(engine, "2026-09-18,S1,P1,2,", source=source)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("if_missing: unknown", "if_missing: unkown", "unknown value 'unkown', did you mean 'unknown'"),
        ("type: quantity", "type: quantity, if_missing: unknown", "a member of a text column"),
        ("type: text, if_missing: unknown", "type: text, required: true, if_missing: unknown", "never without a value"),
        ("type: text, if_missing: unknown", "type: text, personal: person, if_missing: unknown", "nothing stands for a personal value"),
        ("derive: quantity * unit_price", "derive: quantity, by: [store_code]", "say derive: EXPRESSION, or take: COLUMN"),
        ("take: list_price, from: price_list, by: product_code", "take: list_price", "say derive: EXPRESSION, or take: COLUMN"),
        ("take: list_price, ", "tak: list_price, ", "unknown key 'tak', did you mean 'take'?"),
        ("order: year first, ", "order: year first, if_missing: {derive: DATE '2026-01-01'}, ", "if_missing cannot fill it"),
    ],
)
def test_policies_that_make_no_sense_are_refused_at_load(old: str, new: str, what: str) -> None:
    with pytest.raises(ManifestError) as error:
        parse(SourceFile, TEXT.replace(old, new, 1), "source.yml")
    assert what in error.value.what
