import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.clean.personal import personal_form
from taihu.clean.scan import WORTH_A_SCAN
from taihu.clean.table import Cleaned, clean_schema, clean_table
from taihu.core.errors import ContentRefused, ManifestError
from taihu.core.reasons import REASONS
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.corrections import Correction
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse

SOURCE = parse(
    SourceFile,
    """
title: {zh: 流向, en: Sell-out}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: mailbox}
load: replace
columns:
  document_date:   {from: 单据日期, type: date, order: year first}
  document_number: {from: 单据编号, type: text}
  customer_name:   {from: [客户名称, 终端名称], type: text}
  customer_phone:  {from: 联系电话, type: phone, personal: contact, optional: true}
  product_code:    {from: 商品编码, type: text, required: true}
  quantity:        {from: [数量, 销售数量], type: quantity}
  gross_amount:    {from: [含税金额, 金额], type: money, currency: CNY, tax: included}
  paid_at:         {type: timestamp, optional: true}
  line_number:     {type: integer, optional: true}
business_date: document_date
missing: ["--", 暂无]
""",
    "source.yml",
)
HEADERS = ["单据日期", "单据编号", "客户名称", "商品编码", "数量", "含税金额"]
GOOD = ["2026-09-18", "XS1", "家家乐", "P101", "12", "345.6"]


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


def token(kind: str, value: str) -> str:
    return f"{kind}:{len(value)}:{value[-2:]}"


def rows(*lines: list[str | None], headers: list[str] = HEADERS, first: int = 2) -> pa.Table:
    columns: dict[str, Any] = {header: pa.array([line[index] for line in lines], pa.string()) for index, header in enumerate(headers)}
    return pa.table({**columns, "_src_row": pa.array([f"流向!{first + n}" for n in range(len(lines))], pa.string())})


def cleaned(engine: DuckDBEngine, table: pa.Table, **named: Any) -> Cleaned:
    return clean_table(engine, table, SOURCE, tokenizer=token, **named)


def changed(**cells: str | None) -> list[str | None]:
    return [cells.get(header, cell) for header, cell in zip(HEADERS, GOOD, strict=True)]


def test_typed_values_and_their_place(engine: DuckDBEngine) -> None:
    result = cleaned(engine, rows(GOOD), added={"distributor_code": "D0007"})
    assert result.table.schema == clean_schema(SOURCE, ["distributor_code"])
    assert result.table.to_pylist() == [
        {
            "document_date": dt.date(2026, 9, 18),
            "document_number": "XS1",
            "customer_name": "家家乐",
            "customer_phone": None,
            "product_code": "P101",
            "quantity": Decimal("12.000"),
            "gross_amount": Decimal("345.60"),
            "paid_at": None,
            "line_number": None,
            "distributor_code": "D0007",
            "dq_flags": "",
            "_src_row": "流向!2",
        }
    ]
    assert result.refusals == [] and result.notes == []
    assert result.headers["gross_amount"] == "含税金额" and "paid_at" not in result.headers


@pytest.mark.parametrize(
    ("cells", "reason", "column"),
    [
        ({"单据日期": "2026-09-31"}, "invalid_date", "document_date"),
        ({"单据日期": "9月18日"}, "ambiguous_date", "document_date"),
        ({"单据日期": None}, "value_missing", "document_date"),
        ({"单据编号": "1.23457E+18"}, "id_in_scientific_notation", "document_number"),
        ({"单据编号": "1234570000000000000"}, "id_in_scientific_notation", "document_number"),
        ({"数量": "十二个"}, "invalid_number", "quantity"),
        ({"含税金额": "1,23"}, "invalid_number", "gross_amount"),
        ({"含税金额": "123456789012345678"}, "invalid_number", "gross_amount"),
        ({"商品编码": "暂无"}, "value_missing", "product_code"),
    ],
)
def test_a_refused_value_takes_its_row_out_and_names_the_place(
    engine: DuckDBEngine, cells: dict[str, str | None], reason: str, column: str
) -> None:
    result = cleaned(engine, rows(GOOD, changed(**cells), GOOD))
    assert [(r.reason, r.position, r.column) for r in result.refusals] == [(reason, "流向!3", column)]
    assert result.table["_src_row"].to_pylist() == ["流向!2", "流向!4"]


def test_ordinary_long_codes_are_not_taken_for_damaged_ones(engine: DuckDBEngine) -> None:
    codes = ["6901234567890", "2026091800000001", "1234567890123456789", "XS20260918-0001", "1E5", "0000", "20260918000000"]
    result = cleaned(engine, rows(*[changed(单据编号=code) for code in codes]))
    assert result.refusals == [] and result.table["document_number"].to_pylist() == codes


def test_a_column_of_ids_that_lost_their_last_digits(engine: DuckDBEngine) -> None:
    worn = [f"12345678901234{n}00" for n in range(6)]
    result = cleaned(engine, rows(*[changed(单据编号=code) for code in worn]))
    assert [r.reason for r in result.refusals] == ["id_in_scientific_notation"] * 6
    mixed = [*worn, "12345678901234567"]
    assert cleaned(engine, rows(*[changed(单据编号=code) for code in mixed])).refusals == []


CELLS = st.sampled_from(
    [
        "",
        "--",
        "2026-09-18",
        "26.9.18",
        "2026-02-30",
        "XS1",
        "1.2E+18",
        "12",
        "-3,5",
        "￥1.2万",
        "合计",
        "共3笔",
        " x ",
        "P1",
        "十二",
        "0.005",
    ]
)


@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_row_is_kept_or_accounted_for_and_no_text_leaks(engine: DuckDBEngine, lines: list[list[str | None]]) -> None:
    result = cleaned(engine, rows(*lines))
    kept = result.table["_src_row"].to_pylist()
    refused = {refusal.position for refusal in result.refusals}
    summed = {note.position for note in result.notes if note.reason == "total_row"}
    assert sorted([*kept, *refused, *summed]) == sorted(f"流向!{2 + n}" for n in range(len(lines)))
    for told in [*result.refusals, *result.notes]:
        assert told.reason in REASONS and told.column in ("", *SOURCE.columns)


def test_two_digit_years_are_read_as_declared_and_flagged(engine: DuckDBEngine) -> None:
    result = cleaned(engine, rows(GOOD, changed(单据日期="26.9.19")))
    assert result.table["document_date"].to_pylist() == [dt.date(2026, 9, 18), dt.date(2026, 9, 19)]
    assert result.table["dq_flags"].to_pylist() == ["", "two_digit_year"]
    assert [(n.reason, n.position, n.column) for n in result.notes] == [("two_digit_year", "流向!3", "document_date")]


def test_day_numbers_of_a_workbook_are_read_and_flagged(engine: DuckDBEngine) -> None:
    result = clean_table(engine, rows(GOOD, ["46283", *GOOD[1:]]), SOURCE, tokenizer=token)
    assert result.table["document_date"].to_pylist() == [dt.date(2026, 9, 18)] * 2
    assert [(n.reason, n.position, n.column) for n in result.notes] == [("date_as_number", "流向!3", "document_date")]


def test_a_total_row_is_left_out_with_a_note(engine: DuckDBEngine) -> None:
    blank: list[str | None] = [None] * 6
    total = [*["合计"], *blank[1:4], "24", "691.2"]
    page = [None, None, "本页小计:", None, "24", "691.2"]
    result = cleaned(engine, rows(GOOD, total, GOOD, page, ["合计（含退货）", *total[1:]]))
    assert [(n.reason, n.position) for n in result.notes] == [("total_row", "流向!3"), ("total_row", "流向!5"), ("total_row", "流向!6")]
    assert result.refusals == [] and result.table.num_rows == 2


def test_missing_words_are_null_and_rounding_is_noted(engine: DuckDBEngine) -> None:
    result = cleaned(engine, rows(changed(客户名称="--"), changed(含税金额="12.3456"), changed(含税金额="12.340000000000002")))
    assert result.table["customer_name"].to_pylist()[0] is None
    assert result.table["gross_amount"].to_pylist()[1:] == [Decimal("12.35"), Decimal("12.34")]
    assert [(n.reason, n.position) for n in result.notes] == [("rounded", "流向!3")]


def test_headers_are_found_by_any_of_their_names_but_never_guessed(engine: DuckDBEngine) -> None:
    other = ["单据 日期 ", "单据编号", "终端名称", "商品编码", "销售数量", "金额"]
    assert cleaned(engine, rows(GOOD, headers=other)).headers["quantity"] == "销售数量"
    with pytest.raises(ContentRefused, match="quantity") as absent:
        cleaned(engine, rows(GOOD, headers=[*HEADERS[:4], "件数", "含税金额"]))
    assert absent.value.reason == "unknown_layout"
    with pytest.raises(ContentRefused, match="both stand for"):
        cleaned(engine, rows([*GOOD, "1"], headers=[*HEADERS, "金额"]))


def test_personal_values_become_tokens_of_their_canonical_form(engine: DuckDBEngine) -> None:
    headers = [*HEADERS, "联系电话"]
    result = cleaned(engine, rows([*GOOD, "+86 138-1234-5678"], [*GOOD, "13812345678"], [*GOOD, None], [*GOOD, "无此号"], headers=headers))
    assert result.table["customer_phone"].to_pylist() == ["contact:11:78", "contact:11:78", None, "contact:3:此号"]
    assert "13812345678" not in str(result.table.to_pylist())
    assert personal_form("contact", " Sales@East.Example ") == "sales@east.example"


def test_an_empty_table_keeps_its_types(engine: DuckDBEngine) -> None:
    result = cleaned(engine, rows(headers=HEADERS))
    assert result.table.num_rows == 0 and result.table.schema == clean_schema(SOURCE)


def test_typed_rows_of_a_database_take_the_same_way(engine: DuckDBEngine) -> None:
    table = pa.table(
        {
            "单据日期": pa.array([dt.date(2026, 9, 18)]),
            "单据编号": ["A"],
            "客户名称": ["x"],
            "商品编码": ["P1"],
            "数量": pa.array([3], pa.int64()),
            "含税金额": pa.array([0.1 + 0.2], pa.float64()),
            "paid_at": pa.array([dt.datetime(2026, 9, 18, 0, 30)], pa.timestamp("us")),
            "line_number": pa.array([7.0], pa.float64()),
            "_src_row": ["1"],
        }
    )
    row = cleaned(engine, table).table.to_pylist()[0]
    assert row["gross_amount"] == Decimal("0.30") and row["quantity"] == 3 and row["line_number"] == 7
    assert row["paid_at"] == dt.datetime(2026, 9, 17, 16, 30, tzinfo=dt.UTC)


def correction(**changes: Any) -> Correction:
    given = {
        "row": {"document_number": "XS1", "business_date": "2026-09-18"},
        "set": {"quantity": 1},
        "was": {"quantity": 12},
        "because": "slip",
    }
    return Correction(**{**given, **changes})


def test_corrections_name_one_row_and_expire(engine: DuckDBEngine) -> None:
    result = cleaned(engine, rows(GOOD, changed(单据编号="XS2")), corrections=[correction()])
    assert result.table["quantity"].to_pylist() == [Decimal(1), Decimal(12)]
    assert result.table["dq_flags"].to_pylist() == ["corrected", ""]
    assert [(n.reason, n.position, n.column) for n in result.notes] == [("corrected", "流向!2", "quantity")]
    expired = cleaned(engine, rows(GOOD), corrections=[correction(was={"quantity": 144})])
    assert [n.reason for n in expired.notes] == ["correction_expired"] and expired.table["quantity"].to_pylist() == [Decimal(12)]
    twice = cleaned(engine, rows(GOOD, GOOD), corrections=[correction()])
    assert [n.reason for n in twice.notes] == ["correction_ambiguous"] and twice.table["quantity"].to_pylist() == [Decimal(12)] * 2
    other_party = correction(row={"document_number": "XS1", "distributor_code": "D2"})
    assert cleaned(engine, rows(GOOD), corrections=[other_party], added={"distributor_code": "D1"}).notes == []
    with pytest.raises(ManifestError, match="not a column"):
        cleaned(engine, rows(GOOD), corrections=[correction(set={"nope": 1})])


def test_the_scan_of_large_tables_agrees_with_reading_each_text(engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        changed(单据日期="26.9.19", 数量="1,200", 含税金额="￥3.2万"),
        changed(单据日期="2026-02-30"),
        changed(单据日期="2026/9/8", 含税金额="12.345"),
        changed(单据编号=" '00123\t", 客户名称="--"),
        changed(单据编号="1.23457E+18"),
        changed(单据编号="1234570000000000000", 数量="-3"),
        changed(客户名称="\u3000乐购 ", 含税金额=None),
        changed(单据日期="合计"),
    ]
    instants = ["2026-09-18 00:30:00", "2026-09-18T00:30:00Z", "2026-02-30 00:00:00", None, "1991-06-01 12:00:00"]
    lines = [[*line, instants[n % len(instants)], str(n)] for n, line in enumerate([*odd, *[GOOD] * 7])]
    many = [lines[n % len(lines)] for n in range(WORTH_A_SCAN + 100)]
    headers = [*HEADERS, "paid_at", "line_number"]
    scanned = cleaned(engine, rows(*many, headers=headers))
    monkeypatch.setattr("taihu.clean.table.WORTH_A_SCAN", 10**9)
    read = cleaned(engine, rows(*many, headers=headers))
    assert scanned.table.equals(read.table)
    assert scanned.refusals == read.refusals and scanned.notes == read.notes
    assert len(scanned.refusals) > 300
