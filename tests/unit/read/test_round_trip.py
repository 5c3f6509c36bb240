"""Any table that is written well is read back cell by cell, through every format and encoding."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file

HEADER = ["编号", "名称", "备注", "数量"]
LAYOUT = LayoutFile.model_validate({"header": HEADER})
CELL = st.text(alphabet="上海东方便利店ABCxyz019,;|\t\"'\n=.-()%￥ ", max_size=12)
ROW = st.tuples(st.integers(0, 10**9).map(lambda n: f"N{n}"), CELL, CELL, st.integers(-999, 999).map(str))


def _expected(cell: str) -> str | None:
    text = cell.strip(" \t\r\n")
    if len(text) > 1 and text.startswith("'") and text[1:].isdecimal():
        text = text[1:]
    if text.startswith('="') and text.endswith('"') and len(text) > 2 and '"' not in text[2:-1].replace('""', ""):
        text = text[2:-1].replace('""', '"').strip(" \t\r\n")
    return text or None


def _cells(rows: list[tuple[str, ...]]) -> list[list[str | None]]:
    return [[_expected(cell) for cell in row] for row in rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(ROW, min_size=1, max_size=12),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["gb18030", "utf-8", "utf-8-sig", "utf-16"]),
)
def test_delimited_text(rows: list[tuple[str, ...]], delimiter: str, encoding: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows(rows)
    contract = Read.model_validate({"as": "csv", "delimiter": delimiter, "encoding": encoding})
    read = read_file(buffer.getvalue().encode(encoding), "x.csv", read=contract, layouts={"a": LAYOUT})
    assert read.held is None, read.held_detail
    (table,) = read.tables
    assert [list(row.values())[:4] for row in table.rows.to_pylist()] == _cells(rows)
    lines = buffer.getvalue().split("\r\n")
    assert int(table.rows["_src_row"].to_pylist()[0]) == 2 and len(lines) > len(rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, min_size=1, max_size=12))
def test_workbook(rows: list[tuple[str, ...]]) -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet()
    for number, row in enumerate([HEADER, *rows]):
        for column, cell in enumerate(row):
            page.write_string(number, column, cell)
    book.close()
    read = read_file(buffer.getvalue(), "x.xlsx", read=Read.model_validate({"as": "excel"}), layouts={"a": LAYOUT})
    assert read.held is None, read.held_detail
    assert [list(row.values())[:4] for row in read.tables[0].rows.to_pylist()] == _cells(rows)


@pytest.mark.parametrize("preamble", [[], ["销售流向表"], ["销售流向表", "", "导出时间：2026-09-15 08:00"]])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_blind_reading_finds_header_rows_and_total(preamble: list[str], delimiter: str, encoding: str) -> None:
    rows = [[f"XS{n:04d}", "东方便利店", f"2026-09-{n + 1:02d}", str(n + 1), f"{n * 2.5 + 1:.2f}"] for n in range(15)]
    total = ["合计", "", "", str(sum(range(1, 16))), f"{sum(n * 2.5 + 1 for n in range(15)):.2f}"]
    lines = [*preamble, *(delimiter.join(row) for row in [["单号", "客户", "日期", "数量", "金额"], *rows, total])]
    read = read_blind("\r\n".join(lines).encode(encoding), "x.csv")
    (table,) = read.tables
    assert (read.held, table.header_row, table.rows.num_rows) == (None, len(preamble) + 1, 15)
    assert [(total.column, total.agrees) for total in table.totals] == [("数量", True), ("金额", True)]
    assert [list(row.values())[:5] for row in table.rows.to_pylist()] == rows


def test_blind_reading_parts_tables_below_each_other() -> None:
    first = "销售\n单号,客户,数量\nX1,一店,3\nX2,二店,4\n合计,,7\n\n"
    text = first + "退货\n\n门店,日期,金额\n一店,2026-09-15,2.50\n二店,2026-09-15,3.50\n\n三店,2026-09-16,1.00\n"
    read = read_blind(text.encode(), "x.csv")
    assert [(table.header_row, table.rows.num_rows, table.rows.column_names[0]) for table in read.tables] == [
        (2, 2, "单号"),
        (9, 3, "门店"),
    ]
    assert read.tables[1].rows["_src_row"].to_pylist() == ["10", "11", "13"]
    assert read.held is None
