"""Reading by contract: layouts obeyed, totals reconciled, bad files held with a reason and whatever could be read."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pyarrow as pa
import pytest

from taihu.core.reasons import REASONS
from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.manifest.strict import parse
from taihu.read import read_file

HEADER = ["单据日期", "单据编号", "客户名称", "商品编码", "单位", "数量", "含税金额"]
STANDARD = """
header: [单据日期, 单据编号, 客户名称, 商品编码, 单位, 数量, 含税金额]
skip: {first_cell: [小计]}
until: {first_cell: [合计, 备注]}
totals:
  - {row: 合计, of: [数量, 含税金额]}
"""
ROWS: list[list[Any]] = [
    ["2026-09-15", f"XS{n:03d}", "东方便利店", f"P{101 + n % 24}", "箱", n + 1, round(12.5 * (n + 1), 2)] for n in range(20)
]


def _total(rows: list[list[Any]]) -> list[Any]:
    return ["合计", None, None, None, None, sum(row[5] for row in rows), round(sum(row[6] for row in rows), 2)]


def _xlsx(rows: list[list[Any]], *, sheet: str = "流向明细", merges: list[str] | None = None) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    for merge in merges or []:
        page.merge_cells(merge)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _csv(rows: list[list[Any]], encoding: str = "gb18030", delimiter: str = ",", end: str = "\r\n") -> bytes:
    lines = [delimiter.join("" if cell is None else str(cell) for cell in row) for row in rows]
    return (end.join(lines) + end).encode(encoding)


def _read(content: bytes, layout: str = STANDARD, as_: str = "excel", passwords: tuple[str, ...] = (), **more: Any) -> FileRead:
    layouts = {"standard": parse(LayoutFile, layout, "standard.yml")}
    return read_file(content, "流向.xls", read=Read(**{"as": as_} | more), layouts=layouts, passwords=passwords)


def _notes(read: FileRead) -> list[tuple[str, str]]:
    return [(note.reason, note.position) for table in read.tables for note in table.notes]


def test_workbook_by_layout() -> None:
    read = _read(_xlsx([["华东经销商销售流向"], [None], HEADER, *ROWS, _total(ROWS), ["备注：含税"]]))
    (table,) = read.tables
    assert (read.held, read.kind, table.header_row, table.layout, table.name) == (None, "xlsx", 3, "standard", "流向明细")
    assert table.rows.column_names == [*HEADER, "_src_row"]
    assert table.rows.slice(0, 1).to_pylist()[0] == {
        "单据日期": "2026-09-15", "单据编号": "XS000", "客户名称": "东方便利店", "商品编码": "P101", "单位": "箱",
        "数量": "1", "含税金额": "12.5", "_src_row": "流向明细!4",
    }  # fmt: skip
    assert table.header_cells["含税金额"] == "G"
    assert [total.agrees for total in table.totals] == [True, True]
    assert _notes(read) == []
    assert read.cells["A1"] == "华东经销商销售流向"
    assert read.cells["B4"] == "XS000"


def test_moved_columns_are_read_by_name() -> None:
    order = [1, 0, 2, 3, 4, 6, 5]
    read = _read(_xlsx([[row[n] for n in order] for row in [HEADER, *ROWS]] + [[_total(ROWS)[n] for n in [0, 1, 2, 3, 4, 6, 5]]]))
    assert read.held is None
    assert ("columns_moved", "流向明细!1") in _notes(read)
    assert read.tables[0].rows["含税金额"].to_pylist() == [f"{12.5 * (n + 1):g}" for n in range(20)]


def test_unknown_header_is_held_with_a_difference_and_its_rows() -> None:
    read = _read(_xlsx([["单据日期", "单据编号", "客户名称", "商品编码", "单位", "销售数量", "含税金额"], *ROWS]))
    assert read.held == "unknown_layout"
    assert "数量 (renamed to 销售数量?)" in read.held_detail and "standard" in read.held_detail
    assert read.tables[0].rows.num_rows == 20


def test_disagreeing_and_missing_totals() -> None:
    wrong = _total(ROWS)
    wrong[6] += 0.01
    assert _read(_xlsx([HEADER, *ROWS, wrong])).held == "total_disagrees"
    read = _read(_xlsx([HEADER, *ROWS[:11]]))
    assert (read.held, read.tables[0].rows.num_rows) == ("total_missing", 11)
    cut = _read(_xlsx([HEADER, *ROWS[:11], _total(ROWS)]))
    assert cut.held == "total_disagrees"
    assert [total.agrees for total in cut.tables[0].totals] == [False, False]


def test_float_dust_in_a_stated_total_is_no_disagreement() -> None:
    rows = [["2026-09-15", f"X{n}", "店", "P101", "箱", 1, 0.1] for n in range(10)]
    stated = ["合计", None, None, None, None, 10, sum(0.1 for _ in range(10))]
    assert str(stated[6]) == "0.9999999999999999"
    assert _read(_xlsx([HEADER, *rows, stated])).held is None


def test_a_header_alone_is_a_nil_return_not_a_missing_total() -> None:
    read = _read(_xlsx([HEADER]))
    assert (read.held, read.tables[0].rows.num_rows) == (None, 0)


def test_total_row_among_the_data_is_noted_and_not_counted() -> None:
    read = _read(_xlsx([HEADER, *ROWS[:7], _total(ROWS[:7]), *ROWS[7:], _total(ROWS)]))
    assert read.held is None
    assert read.tables[0].rows.num_rows == 20
    assert ("total_row", "流向明细!9") in _notes(read)


@pytest.mark.parametrize("label", ["合计", "总计：", "小 计", "本页小计", "Total"])
def test_undeclared_total_rows(label: str) -> None:
    layout = "header: [单据日期, 数量, 含税金额]"
    total = _total(ROWS[:5])
    total[0] = label
    read = _read(_xlsx([HEADER, *ROWS[:5], total, *ROWS[5:]]), layout)
    assert (read.held, read.tables[0].rows.num_rows) == (None, 20)
    assert ("total_row", "流向明细!7") in _notes(read)


def test_a_customer_called_total_is_data() -> None:
    rows = [["合计食品商行", "X1", "店", "P101", "箱", 1, 2.0], *ROWS]
    assert _read(_xlsx([HEADER, *rows]), "header: [单据日期, 数量]").tables[0].rows.num_rows == 21


def test_two_row_header_with_merged_cells() -> None:
    layout = """
    header: [开单日期, 单号, 销售/单位, 销售/数量, 销售/含税金额]
    header_rows: 2
    until: {first_cell: [合计]}
    totals: [{row: 合计, of: [销售/数量, 销售/含税金额]}]
    """
    rows = [
        ["开单日期", "单号", "销售", None, None, "备注"],
        [None, None, "单位", "数量", "含税金额", None],
        ["2026-09-15", "X1", "箱", 3, 36.5, None],
        ["2026-09-15", "X2", "箱", 2, 24, "赠"],
        ["合计", None, None, 5, 60.5, None],
    ]
    for merges in (["C1:E1", "A1:A2", "B1:B2", "F1:F2"], []):
        read = _read(_xlsx(rows, merges=merges), layout)
        assert read.held is None
        assert read.tables[0].header_row == 2
        assert read.tables[0].header_cells["销售/含税金额"] == "E"
        assert read.tables[0].rows["备注"].to_pylist() == [None, "赠"]


def test_unpivot_with_positions_of_its_cells() -> None:
    layout = """
    header: [大区编码, 渠道编码]
    header_rows: 2
    until: {first_cell: [合计]}
    unpivot: {columns: ["*月/*"], split: "/", into: [月份, "*"]}
    units: [{unit: 万元, of: [未税目标], required: false}]
    """
    rows = [
        ["大区编码", "渠道编码", "2026年8月", "2026年9月"],
        [None, None, "未税目标", "未税目标"],
        ["EAST", "KA", 1.5, 2],
        ["WEST", "KA", None, 0.00037],
    ]
    table = _read(_xlsx(rows, sheet="指标"), layout).tables[0]
    assert table.rows.to_pylist() == [
        {"大区编码": "EAST", "渠道编码": "KA", "月份": "2026年8月", "未税目标": "15000", "_src_row": "指标!3/C"},
        {"大区编码": "EAST", "渠道编码": "KA", "月份": "2026年9月", "未税目标": "20000", "_src_row": "指标!3/D"},
        {"大区编码": "WEST", "渠道编码": "KA", "月份": "2026年9月", "未税目标": "3.7", "_src_row": "指标!4/D"},
    ]
    assert table.header_cells["未税目标"] == "/1"


def test_unpivot_of_one_level_names_its_value() -> None:
    layout = "{header: [大区], unpivot: {columns: ['20*年*月'], into: [月份, 目标]}}"
    table = _read(_xlsx([["大区", "2026年8月", "2026年9月"], ["EAST", 1, 2]]), layout).tables[0]
    assert table.rows.select(["月份", "目标"]).to_pylist() == [{"月份": "2026年8月", "目标": "1"}, {"月份": "2026年9月", "目标": "2"}]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_text_with_footer_and_counted_rows(encoding: str, end: str) -> None:
    layout = """
    header: [单据日期, 数量, 含税金额]
    until: {first_cell: [共]}
    totals: [{line: "共{rows}笔，合计{sum}元", sum: 含税金额}]
    """
    rows = [["导出时间：2026-09-16"], [], HEADER, *ROWS, [f"共20笔，合计{_total(ROWS)[6]}元"]]
    read = _read(_csv(rows, encoding, end=end), layout, "csv")
    assert (read.held, read.tables[0].header_row) == (None, 3)
    assert read.tables[0].rows["_src_row"].to_pylist()[0] == "4"
    assert [(total.column, total.agrees) for total in read.tables[0].totals] == [(None, True), ("含税金额", True)]


def test_text_total_of_chosen_rows() -> None:
    layout = """
    header: [单据日期, 单位, 含税金额]
    totals: [{line: "箱：{rows}笔 {sum}元", sum: 含税金额, where: {单位: 箱}}]
    """
    rows = [HEADER, *ROWS, ["2026-09-15", "Y", "店", "P101", "瓶", 1, 9.99]]
    assert _read(_csv([["箱：20笔 2,625.00元"], *rows]), layout, "csv").held is None
    read = _read(b"\xcf\xe4\xa3\xba20\xb1\xca 2625.00\xd4\xaa\r\n" + _csv(rows), layout, "csv")
    assert read.held is None
    assert [total.agrees for total in read.tables[0].totals] == [True, True]


def test_cut_off_text() -> None:
    content = _csv([HEADER, *ROWS])
    read = _read(content[:-30], "header: [单据日期, 数量]", "csv")
    assert read.held == "damaged_file"
    ragged = content.replace("东方便利店".encode("gb18030"), "东方,便利店".encode("gb18030"), 1)
    assert _read(ragged, "header: [单据日期, 数量]", "csv").held == "ragged_row"
    open_quote = content.replace("东方便利店".encode("gb18030"), '"东方便利店'.encode("gb18030"), 1)
    assert _read(open_quote, "header: [单据日期, 数量]", "csv").held == "damaged_file"


def test_mojibake() -> None:
    layout = "header: [单据日期, 数量]"
    garbled = [row[:2] + [row[2].encode().decode("gb18030", errors="replace")] + row[3:] for row in ROWS]
    assert _read(_csv([HEADER, *garbled]), layout, "csv").held == "mojibake"
    assert _read(_xlsx([HEADER, *garbled]), layout).held == "mojibake"
    replaced = [row[:2] + ["东方\ufffd\ufffd店"] + row[3:] for row in ROWS]
    read = _read(_xlsx([HEADER, *replaced]), layout)
    assert read.held_detail == "first at 流向明细!2, column C"
    assert (read.held, read.tables[0].rows.num_rows) == ("mojibake", 20)
    broken = _csv([HEADER, *ROWS])
    assert _read(broken[:80] + b"\xff" + broken[81:], layout, "csv", encoding="gb18030").held == "mojibake"


def test_html_saved_as_xls() -> None:
    cells = [HEADER, *ROWS, _total(ROWS)]
    page = "<html><meta charset=gb2312><body><table>" + "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else cell}&nbsp;</td>" for cell in row) + "</tr>" for row in cells
    )
    content = (page + "</table></body></html>").encode("gbk")
    read = _read(content, as_="html")
    assert (read.kind, read.held, read.tables[0].rows.num_rows, read.tables[0].header_row) == ("html", None, 20, 1)
    assert read.tables[0].rows["_src_row"].to_pylist()[0] == "2"
    assert _read(content[:-900], as_="html").held is not None
    assert _read(content).held == "wrong_kind"


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _aes_zip(members: dict[str, bytes], password: str) -> bytes:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_archives() -> None:
    content = _xlsx([HEADER, *ROWS, _total(ROWS)])
    read = _read(_zip({"说明.txt": b"hi", "__MACOSX/._a": b"x", "流向.xlsx": content}), member="*.xlsx")
    assert (read.kind, read.held) == ("zip", None)
    assert read.tables[0].rows["_src_row"].to_pylist()[0] == "流向.xlsx>流向明细!2"
    locked = _aes_zip({"流向.xlsx": content}, "秘密9")
    assert _read(locked, passwords=("falsch", "秘密9")).held is None
    assert _read(locked, passwords=("falsch",)).held == "wrong_password"
    assert _read(locked).held == "wrong_password"
    assert _read(locked[:-300], passwords=("秘密9",)).held == "damaged_file"
    assert _read(_zip({"../../etc/x.xlsx": content})).held == "unsafe_name"
    assert _read(_zip({"a.txt": b"hi"}), member="*.xlsx").held == "no_table"


def test_7z_and_gz() -> None:
    import gzip

    import py7zr

    content = _xlsx([HEADER, *ROWS, _total(ROWS)])
    for password in (None, "p1"):
        buffer = io.BytesIO()
        with py7zr.SevenZipFile(buffer, "w", password=password) as archive:
            archive.writestr(content, "流向.xlsx")
        assert _read(buffer.getvalue(), passwords=("p0", "p1")).held is None
        if password:
            assert _read(buffer.getvalue(), passwords=("p0",)).held == "wrong_password"
    assert _read(gzip.compress(content)).held is None
    assert _read(gzip.compress(content)[:-100]).held == "damaged_file"


def test_protected_workbook() -> None:
    import msoffcrypto.format.ooxml as ooxml

    buffer = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(_xlsx([HEADER, *ROWS, _total(ROWS)]))).encrypt("pw", buffer)
    assert _read(buffer.getvalue(), passwords=("no", "pw")).held is None
    assert _read(buffer.getvalue(), passwords=("no",)).held == "wrong_password"


def test_files_that_are_no_files() -> None:
    login = b'<html><form action="/login"><input type="password"></form></html>'
    whole = _xlsx([HEADER, *ROWS, _total(ROWS)])
    held = {
        "empty_file": _read(b""),
        "login_page": _read(login),
        "damaged_file": _read(whole[: len(whole) * 2 // 3]),
        "wrong_kind": _read(b"%PDF-1.7 x %%EOF"),
    }
    for reason, read in held.items():
        assert read.held == reason
        assert reason in REASONS
    assert _read(_zip({"a.xlsx": whole})[:-60]).held == "damaged_file"
    assert _read(whole, "header: [x]", "csv").held == "wrong_kind"


def test_too_large_is_refused_before_it_is_unpacked() -> None:
    bomb = _zip({"a.csv": b"0," * (150 << 20)})
    assert len(bomb) < 1 << 20
    assert _read(bomb, as_="csv").held == "too_large"
    far = _xlsx([HEADER])
    with zipfile.ZipFile(io.BytesIO(far)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in members if name.startswith("xl/worksheets/"))
    members[sheet] = members[sheet].replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    assert _read(_zip(members)).held == "too_large"


def test_canonical_cells_and_flagged_ones() -> None:
    import datetime as dt

    values = [
        1.0,
        0.1,
        1e-7,
        12345678901234567890.0,
        True,
        dt.date(2026, 9, 15),
        dt.datetime(2026, 9, 15, 8, 30),
        "00123",
        " a ",
        123456789012345,
    ]
    rows = _read(_xlsx([["列", "x"], *[[value, "y"] for value in values]]), "header: [列]").tables[0].rows
    assert rows["列"].to_pylist() == [
        "1", "0.1", "0.0000001", "1.234567890123457E+19", "true", "2026-09-15", "2026-09-15 08:30:00", "00123", "a", "123456789012345",
    ]  # fmt: skip
    content = _xlsx([["列", "x"], ["=1/0", "y"], ["=A1", "z"]])
    read = _read(content, "header: [列]")
    assert ("formula_without_value", "流向明细!2") in _notes(read)


def test_merged_store_cells_fill_down_but_amounts_do_not() -> None:
    rows = [["门店", "商品编码", "数量"], ["一店", "P1", 5], [None, "P2", None], ["二店", "P1", 1]]
    table = _read(_xlsx(rows, merges=["A2:A3", "C2:C3"]), "header: [门店, 数量]").tables[0]
    assert table.rows["门店"].to_pylist() == ["一店", "一店", "二店"]
    assert table.rows["数量"].to_pylist() == ["5", None, "1"]
    assert [note.reason for note in table.notes] == ["merged_cells"]


def test_what_lies_below_the_end_is_said() -> None:
    read = _read(_xlsx([HEADER, *ROWS, _total(ROWS), [None], ["备注"], HEADER, *ROWS[:2]]))
    assert read.held is None
    assert ("rows_after_end", "流向明细!25") in _notes(read)


def test_sheets_that_no_layout_reads_are_said() -> None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(_xlsx([HEADER, *ROWS, _total(ROWS)])))
    book.create_sheet("其他").append(["a", "b"])
    buffer = io.BytesIO()
    book.save(buffer)
    read = _read(buffer.getvalue())
    assert read.held is None
    assert _notes(read) == [("unknown_layout", "其他!1")]


def test_typed_rows_pass_through() -> None:
    import pyarrow.parquet as parquet

    buffer = io.BytesIO()
    parquet.write_table(pa.table({"id": pa.array([1, 2]), "name": ["a", None]}), buffer)
    read = _read(buffer.getvalue(), as_="typed")
    (table,) = read.tables
    assert table.rows.schema.field("id").type == pa.int64()
    assert table.rows["_src_row"].to_pylist() == ["1", "2"]
    assert table.header_row is None


def test_layout_is_chosen_by_its_header() -> None:
    layouts = {
        "short": parse(LayoutFile, "header: [单据日期, 数量]", "a.yml"),
        "full": parse(LayoutFile, STANDARD, "b.yml"),
    }
    content = _xlsx([HEADER, *ROWS, _total(ROWS)])
    read = read_file(content, "a.xlsx", read=Read(**{"as": "excel", "layouts": ["short", "full"]}), layouts=layouts)
    assert read.tables[0].layout == "full"
    only = read_file(content, "a.xlsx", read=Read(**{"as": "excel", "layouts": ["short"]}), layouts=layouts)
    assert only.tables[0].layout == "short"


def test_spreadsheetml() -> None:
    def cells(row: list[Any]) -> str:
        return "".join(
            f'<Cell><Data ss:Type="{"Number" if isinstance(cell, (int, float)) else "String"}">{cell}</Data></Cell>'
            if cell is not None
            else "<Cell/>"
            for cell in row
        )

    body = "".join(f"<Row>{cells(row)}</Row>" for row in [HEADER, *ROWS, _total(ROWS)])
    xml = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="流向"><Table>{body}</Table></Worksheet></Workbook>'
    ).encode()
    read = _read(xml)
    assert (read.kind, read.held, read.tables[0].rows.num_rows) == ("spreadsheetml", None, 20)
    assert _read(xml[:-200]).held == "damaged_file"


def test_hidden_rows_are_held_unless_the_layout_says_what_they_are() -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    page = book.add_worksheet("流向明细")
    for number, row in enumerate([HEADER, *ROWS, _total(ROWS)]):
        page.write_row(number, 0, row)
    page.set_row(3, None, None, {"hidden": True})
    book.close()
    content = buffer.getvalue()
    read = _read(content)
    assert (read.held, read.held_detail, read.tables[0].rows.num_rows) == ("hidden_rows", "1 hidden rows: 流向明细!4", 20)
    agreed = _read(content, STANDARD + "hidden: {rows: read}")
    assert (agreed.held, agreed.tables[0].rows.num_rows, _notes(agreed)) == (None, 20, [("hidden_rows", "流向明细!4")])
    # What is left out is missing from the stated total, which was made of all rows.
    skipped = _read(content, STANDARD + "hidden: {rows: skip}")
    assert (skipped.held, skipped.tables[0].rows.num_rows) == ("total_disagrees", 19)


@pytest.mark.parametrize("place", ["a.csv", "a.xls"])
def test_replacement_characters_in_gbk_are_the_only_chinese(place: str) -> None:
    text = "Date,Customer\n2026-09-01,No\ufffd\ufffd\n2026-09-02,West Side\n"
    if place == "a.xls":
        rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line.split(','))}</tr>" for line in text.splitlines())
        text = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><table>{rows}</table></html>'
    assert read_file(text.encode("gb18030"), place).held == "mojibake"


def test_a_long_sheet_of_few_texts() -> None:
    """Excel and xlsxwriter state how often the texts of the list are used; that may be far more than the list has bytes."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for line in range(3001):
            sheet.write_row(line, 0, ["东方便利店", "在售", "否"] if line else ["门店", "状态", "停用"])
    read = read_file(buffer.getvalue(), "a.xlsx")
    assert read.held is None and read.tables[0].rows.num_rows == 3000


def test_single_file_web_page_saved_as_xls() -> None:
    cells = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else cell}</td>" for cell in row) + "</tr>" for row in [HEADER, *ROWS, _total(ROWS)]
    )
    page = (
        "MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nFrom: Excel\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Location: file:///C:/1.htm\r\nContent-Type: text/html; charset=gb2312\r\n\r\n"
        f"<html><table>{cells}</table></html>\r\n--b--\r\n"
    ).encode("gbk")
    read = _read(page, as_="html", member="*")
    assert (read.kind, read.held) == ("eml", None)
    assert read.tables[0].rows.num_rows == 20


def test_any_cell_rules() -> None:
    layout = "{header: [单据日期, 数量], skip: {any_cell: [作废]}, until: {any_cell: [以下空白]}}"
    rows = [*ROWS[:3], ["2026-09-15", "X", "作废", None, None, 1, 1], *ROWS[3:5], [None, None, "以下空白"], ["制表人：李", None, "x"]]
    read = _read(_xlsx([HEADER, *rows]), layout)
    assert (read.held, read.tables[0].rows.num_rows) == (None, 5)


def test_several_sheets_by_pattern_are_all_read() -> None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(_xlsx([HEADER, *ROWS, _total(ROWS)], sheet="流向1日")))
    page = book.create_sheet("流向2日")
    for row in [HEADER, *ROWS[:3], _total(ROWS[:3])]:
        page.append(row)
    book.create_sheet("说明").append(["a", "b"])
    buffer = io.BytesIO()
    book.save(buffer)
    read = _read(buffer.getvalue(), STANDARD + 'sheet: "流向*"\n')
    assert [(table.name, table.rows.num_rows) for table in read.tables] == [("流向1日", 20), ("流向2日", 3)]
    assert read.held is None and _notes(read) == []


def test_no_reason_quotes_a_cell() -> None:
    """Details of held files are logged and reported; a customer's name must not get there, garbled or not."""
    name = "欧阳震华"
    rows = [row[:2] + [name] + row[3:] for row in ROWS]
    wrong = [*_total(rows)[:6], 1]
    for bad in (name.encode().decode("gb18030", errors="replace"), name + "\ufffd"):
        garbled = _read(_xlsx([HEADER, *(row[:2] + [bad] + row[3:] for row in ROWS)]))
        assert garbled.held == "mojibake" and bad[:2] not in garbled.held_detail
    reads = [_read(_xlsx([HEADER, *rows, wrong])), _read(_xlsx(rows)), _read(_xlsx([["单据日期", "x", "y"], *rows]))]
    reads.append(_read(_csv([HEADER, *rows])[:-30], "header: [单据日期]", "csv"))
    for read in reads:
        assert read.held is not None
        assert name not in read.held_detail
        assert all(name not in note.detail + note.column for table in read.tables for note in table.notes)
