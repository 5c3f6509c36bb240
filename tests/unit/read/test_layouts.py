"""Every shape that a layout can say: one small sheet each, read by the layout that docs/reading.md shows for it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import xlsxwriter

from taihu.core.details import detail_in
from taihu.core.errors import ManifestError
from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.manifest.strict import parse
from taihu.read import read_file

Rows = Sequence[Sequence[Any]]
SALES = "header: [商品, 数量, 金额]"


def book(
    sheets: Mapping[str, Rows],
    *,
    hidden_rows: Sequence[int] = (),
    hidden_columns: str = "",
    hidden_sheets: Sequence[str] = (),
    merges: Sequence[str] = (),
) -> bytes:
    """A workbook; rows and columns are hidden, and cells merged, in its first sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as made:
        pages = [made.add_worksheet(name) for name in sheets]
        for page, rows in zip(pages, sheets.values(), strict=True):
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if cell is not None:
                        page.write(number, column, cell)
            if page.name in hidden_sheets:
                page.hide()
        for number in hidden_rows:
            pages[0].set_row(number - 1, None, None, {"hidden": True})
        if hidden_columns:
            pages[0].set_column(hidden_columns, None, None, {"hidden": True})
        for merge in merges:
            first, _ = merge.split(":")
            row, column = int(first[1:]) - 1, ord(first[0]) - 65
            pages[0].merge_range(merge, sheets[pages[0].name][row][column])
    return buffer.getvalue()


def text(rows: Rows) -> bytes:
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows).encode()


def read(content: bytes, name: str = "a.xlsx", as_: str = "excel", contract: Mapping[str, Any] | None = None, **layouts: str) -> FileRead:
    known = {key: parse(LayoutFile, layout, f"{key}.yml") for key, layout in layouts.items()}
    file = read_file(content, name, read=Read.model_validate({"as": as_, **(contract or {})}), layouts=known)
    # Whatever holds a file is said in both languages.
    assert not file.held_detail or detail_in(file.held or "", file.held_detail, "zh"), file.held_detail
    return file


def rows_of(file: FileRead, table: int = 0, *columns: str) -> list[tuple[Any, ...]]:
    rows = file.tables[table].rows
    names = columns or tuple(name for name in rows.column_names if name != "_src_row")
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def totals_of(file: FileRead) -> list[tuple[str, str | None, str, str, bool | None]]:
    return [(t.label, t.column, str(t.stated), str(t.computed), t.agrees) for table in file.tables for t in table.totals]


def notes_of(file: FileRead) -> list[str]:
    return [note.reason for table in file.tables for note in table.notes]


A, B = [["苹果", 3, 30], ["梨", 2, 18]], [["桃", 5, 60], ["杏", 1, 7]]
A_ROWS, B_ROWS = [("苹果", "3", "30"), ("梨", "2", "18")], [("桃", "5", "60"), ("杏", "1", "7")]


# Several tables in one sheet


def test_tables_below_each_other() -> None:
    sheet = [["一店"], ["商品", "数量", "金额"], *A, ["合计", 5, 48], [], ["二店"], ["商品", "数量", "金额"], *B, ["合计", 6, 67]]
    layout = SALES + "\nrepeats: below\nuntil: {first_cell: 合计}\ntotals: [{row: 合计, of: [数量, 金额]}]"
    file = read(book({"日报": sheet}), sales=layout)
    assert file.held is None
    assert [rows_of(file, n) for n in range(2)] == [A_ROWS, B_ROWS]
    assert [total[4] for total in totals_of(file)] == [True] * 4
    assert [table.header_row for table in file.tables] == [2, 8]
    assert file.tables[1].rows["_src_row"].to_pylist() == ["日报!9", "日报!10"]


def test_a_total_that_disagrees_in_the_second_table_holds_the_file() -> None:
    sheet = [["商品", "数量", "金额"], *A, ["合计", 5, 48], [], ["商品", "数量", "金额"], *B, ["合计", 6, 68]]
    file = read(book({"日报": sheet}), sales=SALES + "\nrepeats: below\ntotals: [{row: 合计, of: [数量, 金额]}]")
    assert file.held == "total_disagrees"
    assert file.held_detail == "合计 (日报!9): 金额 stated 68, found 67"


@pytest.mark.parametrize("gap", [[None], []], ids=["blank-column", "no-gap"])
def test_tables_beside_each_other(gap: list[None]) -> None:
    header = ["商品", "数量", "金额"]
    sheet = [[*header, *gap, *header], *([*a, *gap, *b] for a, b in zip(A, B, strict=True)), ["桔", 4, 8]]
    file = read(book({"日报": sheet}), sales=SALES + "\nrepeats: beside")
    assert file.held is None
    assert [rows_of(file, n) for n in range(2)] == [[*A_ROWS, ("桔", "4", "8")], B_ROWS]
    # A row says in which columns its cells are: both tables have rows on one line.
    first, second = file.tables
    columns = "E,F,G" if gap else "D,E,F"
    assert second.rows["_src_row"].to_pylist() == [f"日报!2/{columns}", f"日报!3/{columns}"]
    assert first.rows["_src_row"].to_pylist()[0] == "日报!2/A,B,C"
    assert first.header_cells == second.header_cells == {"商品": "/1", "数量": "/2", "金额": "/3"}


def test_more_columns_than_the_layout_names_stay_with_their_table() -> None:
    header = ["序号", "商品", "数量", "金额", "备注"]
    sheet = [[*header, *header], [1, *A[0], "新", 1, *B[0], None], [2, *A[1], None, 2, *B[1], "赠"]]
    file = read(book({"日报": sheet}), sales=SALES + "\nrepeats: beside")
    assert [rows_of(file, n, "序号", "商品", "备注") for n in range(2)] == [
        [("1", "苹果", "新"), ("2", "梨", None)],
        [("1", "桃", None), ("2", "杏", "赠")],
    ]


def test_a_second_table_beside_the_first_is_never_passed_over() -> None:
    header = ["商品", "数量", "金额"]
    file = read(book({"日报": [[*header, None, *header], [*A[0], None, *B[0]]]}), sales=SALES)
    assert file.held == "table_repeats"


def test_both_below_and_beside() -> None:
    header = ["商品", "数量", "金额"]
    block = [[*header, None, *header], *([*a, None, *b] for a, b in zip(A, B, strict=True))]
    file = read(book({"日报": [*block, [], *block]}), sales=SALES + "\nrepeats: [below, beside]")
    assert [rows_of(file, n) for n in range(4)] == [A_ROWS, B_ROWS, A_ROWS, B_ROWS]


def test_different_tables_below_and_beside_each_other() -> None:
    sheet = [
        ["商品", "数量", "金额", None, "门店", "人数"],
        [*A[0], None, "东方店", 12],
        [*A[1], None, "西区店", 9],
        [],
        ["退货单号", "退货数量"],
        ["T1", 1],
    ]
    file = read(book({"日报": sheet}), sales=SALES, visits="header: [门店, 人数]", returns="header: [退货单号, 退货数量]")
    assert {table.layout: table.rows.num_rows for table in file.tables} == {"sales": 2, "visits": 2, "returns": 1}
    assert rows_of(file, 0) == A_ROWS
    assert rows_of(file, 1) == [("东方店", "12"), ("西区店", "9")]


def test_anchors_tell_tables_of_one_header_apart() -> None:
    header = ["商品", "数量", "金额"]
    sheet = [["一、销售明细"], header, *A, [], ["二、退货明细"], header, *B]
    layouts = {"sales": SALES + "\nanchor: 一、销售", "returns": SALES + "\nanchor: 二、退货"}
    file = read(book({"日报": sheet}), **layouts)
    assert [(table.layout, rows_of(file, n)) for n, table in enumerate(file.tables)] == [("sales", A_ROWS), ("returns", B_ROWS)]
    swapped = read(book({"日报": [*sheet[5:], [], *sheet[:4]]}), **layouts)
    assert [(table.layout, rows_of(swapped, n)) for n, table in enumerate(swapped.tables)] == [("returns", B_ROWS), ("sales", A_ROWS)]
    only = read(book({"日报": sheet}), returns=layouts["returns"])
    assert rows_of(only) == B_ROWS
    assert read(book({"日报": sheet[:4]}), returns=layouts["returns"]).held == "unknown_layout"


def test_an_anchor_to_the_left_of_its_table() -> None:
    header = ["商品", "数量", "金额"]
    sheet = [["本月", *header, None, "上月", *header], *([None, *a, None, None, *b] for a, b in zip(A, B, strict=True))]
    assert rows_of(read(book({"日报": sheet}), before=SALES + "\nanchor: 上月"), 0, "商品", "数量", "金额") == B_ROWS
    assert rows_of(read(book({"日报": sheet}), now=SALES + "\nanchor: 本月"), 0, "商品", "数量", "金额") == A_ROWS


def test_tables_of_a_text() -> None:
    header = ["商品", "数量", "金额"]
    content = text([["一店"], header, *A, [], ["二店"], header, *B])
    file = read(content, "a.csv", "csv", sales=SALES + "\nrepeats: below")
    assert [rows_of(file, n) for n in range(2)] == [A_ROWS, B_ROWS]
    assert file.tables[1].rows["_src_row"].to_pylist() == ["8", "9"]


def test_a_header_that_a_page_repeats_is_no_new_table() -> None:
    header = ["商品", "数量", "金额"]
    file = read(book({"日报": [header, *A, header, *B]}), sales=SALES, short="header: [商品, 数量]")
    assert (len(file.tables), rows_of(file)) == (1, [*A_ROWS, *B_ROWS])
    assert "repeated_header" in notes_of(file)


# Sheets


def test_one_sheet_a_month_with_the_month_from_its_name() -> None:
    header = ["商品", "数量", "金额"]
    sheets = {"2026年8月": [header, *A], "2026年9月": [header, *B], "说明": [["这里没有数据"]]}
    layout = SALES + '\nsheet: "{yyyy}年{m}月"\noutside: {月份: {sheet: "{yyyy}年{m}月"}}'
    file = read(book(sheets), sales=layout)
    assert file.held is None
    assert [rows_of(file, n, "商品", "月份") for n in range(2)] == [
        [("苹果", "2026-08-01"), ("梨", "2026-08-01")],
        [("桃", "2026-09-01"), ("杏", "2026-09-01")],
    ]


def test_months_in_sheet_names_and_the_year_in_the_file_name() -> None:
    header = ["商品", "数量", "金额"]
    layout = (
        SALES + '\nsheet: "{m}月"\nyear: {file_name: "{yyyy}年"}\noutside: {月份: {sheet: "{m}月"}, 门店: {file_name: "{text}_{yyyy}年"}}'
    )
    file = read(book({"8月": [header, *A], "12月": [header, *B]}), "东方店_2026年.xlsx", sales=layout)
    assert [rows_of(file, n, "月份", "门店")[0] for n in range(2)] == [("2026-08-01", "东方店"), ("2026-12-01", "东方店")]
    assert read(book({"8月": [header, *A]}), "东方店.xlsx", sales=layout).held == "outside_missing"


def test_several_patterns_of_sheets() -> None:
    header = ["商品", "数量", "金额"]
    sheets = {"华东店": [header, *A], "华南店": [header, *B], "汇总": [header, ["全部", 11, 115]]}
    file = read(book(sheets), sales=SALES + "\nsheet: [华东*, 华南*]\noutside: {门店: {sheet: '*'}}")
    assert [table.name for table in file.tables] == ["华东店", "华南店"]
    assert [rows_of(file, n, "门店")[0] for n in range(2)] == [("华东店",), ("华南店",)]


# What is hidden


def test_hidden_columns() -> None:
    sheet = {"日报": [["商品", "数量", "金额", "成本"], ["苹果", 3, 30, 21]]}
    content = book(sheet, hidden_columns="D:D")
    file = read(content, sales=SALES)
    assert (file.held, rows_of(file), notes_of(file)) == (None, [("苹果", "3", "30", "21")], ["hidden_columns"])
    skipped = read(content, sales=SALES + "\nhidden: {columns: skip}")
    assert (rows_of(skipped), notes_of(skipped)) == ([("苹果", "3", "30")], ["hidden_columns"])
    held = read(content, sales=SALES + "\nhidden: {columns: hold}")
    assert (held.held, held.held_detail) == ("hidden_columns", "hidden columns: D")


def test_hidden_sheets() -> None:
    header = ["商品", "数量", "金额"]
    content = book({"日报": [header, *A], "旧版": [header, *B], "字典": [["编码", "名称"], ["1", "甲"]]}, hidden_sheets=["旧版", "字典"])
    assert (read(content, sales=SALES).held, read(content, sales=SALES).held_detail) == ("hidden_sheet", "hidden sheet 旧版")
    skipped = read(content, sales=SALES + "\nhidden: {sheets: skip}")
    assert (skipped.held, [rows_of(skipped, n) for n in range(len(skipped.tables))]) == (None, [A_ROWS])
    assert notes_of(skipped) == ["hidden_sheet", "unknown_layout"]
    both = read(content, sales=SALES + "\nhidden: {sheets: read}")
    assert [rows_of(both, n) for n in range(2)] == [A_ROWS, B_ROWS]
    # A hidden sheet that no layout asks for by name holds nothing up.
    assert read(content, sales=SALES + "\nsheet: 日报").held is None


def test_rows_filtered_away_before_a_total_of_what_is_shown() -> None:
    content = book({"日报": [["商品", "数量", "金额"], *A, *B, ["合计", 6, 67]]}, hidden_rows=[2, 3])
    layout = SALES + "\ntotals: [{row: 合计, of: [数量, 金额]}]"
    assert read(content, sales=layout).held == "total_disagrees"
    shown = read(content, sales=layout + "\nhidden: {rows: skip}")
    assert (shown.held, rows_of(shown), notes_of(shown)) == (None, B_ROWS, ["hidden_rows"])


# Values outside the table


def test_labels_above_the_table_become_columns() -> None:
    sheet = [
        ["店铺名称：东方 一店", None, "账期:", "2026-09-01至2026-09-30"],
        ["制表人", "张三", None, "打印时间：2026-10-01 08:30:00"],
        [],
        ["商品", "数量", "金额"],
        *A,
        ["门店经理：李四"],
    ]
    layout = (
        SALES
        + """
until: {first_cell: 门店经理}
outside:
  店铺: {label: 店铺名称}
  开始: {line: "账期:{yyyy}-{mm}-{dd}"}
  制表: {label: 制表人}
  打印: {label: 打印时间}
  经理: {label: 门店经理}
  第一格: {cell: A5}
"""
    )
    file = read(book({"日报": sheet}), sales=layout)
    assert file.held is None
    assert rows_of(file, 0, "商品", "店铺", "开始", "制表", "打印", "经理", "第一格") == [
        (name, "东方 一店", "2026-09-01", "张三", "2026-10-01 08:30:00", "李四", "苹果") for name in ("苹果", "梨")
    ]
    lost = read(book({"日报": sheet[3:]}), sales=layout)
    assert (lost.held, lost.held_detail) == ("outside_missing", "not found: 店铺, 开始, 制表, 打印, 第一格")


def test_labels_of_the_sheet_count_for_all_its_tables_and_each_table_has_its_own() -> None:
    header = ["商品", "数量", "金额"]
    sheet = [["公司：A公司"], ["门店：一店"], header, *A, [], ["门店：二店"], header, *B]
    layout = SALES + "\nrepeats: below\noutside: {公司: {label: 公司}, 门店: {label: 门店}}"
    file = read(book({"日报": sheet}), sales=layout)
    assert [rows_of(file, n, "公司", "门店")[0] for n in range(2)] == [("A公司", "一店"), ("A公司", "二店")]


# Wide dates


@pytest.mark.parametrize(
    ("headers", "pattern", "days"),
    [
        (["2026-08", "2026-09"], "{yyyy}-{mm}", ["2026-08-01", "2026-09-01"]),
        (["2026年8月", "2026年12月"], "{yyyy}年{m}月", ["2026-08-01", "2026-12-01"]),
        (["8月", "9月"], "{m}月", ["2026-08-01", "2026-09-01"]),
        (["9/1", "9/30"], "{m}/{d}", ["2026-09-01", "2026-09-30"]),
        (["20260901", "20260902"], "{yyyy}{mm}{dd}", ["2026-09-01", "2026-09-02"]),
    ],
)
def test_periods_as_columns(headers: list[str], pattern: str, days: list[str]) -> None:
    sheet = [["2026年销售计划"], ["大区", "负责人", *headers], ["华东", "甲", 10, 20], ["华南", "乙", None, 5]]
    layout = f"""
header: [大区]
year: {{line: "{{yyyy}}年*计划"}}
unpivot: {{columns: ["{pattern}"], into: [日期, 目标]}}
"""
    file = read(book({"计划": sheet}), plan=layout)
    assert file.held is None
    assert rows_of(file, 0, "大区", "负责人", "日期", "目标") == [
        ("华东", "甲", days[0], "10"),
        ("华东", "甲", days[1], "20"),
        ("华南", "乙", days[1], "5"),
    ]
    assert file.tables[0].rows["_src_row"].to_pylist() == ["计划!3/C", "计划!3/D", "计划!4/D"]


def test_periods_over_names_in_two_rows() -> None:
    sheet = [["大区", "9/1", None, "9/2", None], [None, "数量", "金额", "数量", "金额"], ["华东", 1, 10, 2, 20]]
    layout = 'header: [大区]\nheader_rows: 2\nyear: {file_name: "{yyyy}"}\nunpivot: {columns: ["{m}/{d}/*"], into: [日期, "*"]}'
    file = read(book({"日报": sheet}, merges=["B1:C1", "D1:E1", "A1:A2"]), "日报2026.xlsx", plan=layout)
    assert rows_of(file, 0, "大区", "日期", "数量", "金额") == [("华东", "2026-09-01", "1", "10"), ("华东", "2026-09-02", "2", "20")]


def test_a_year_that_ends_among_the_columns_is_not_guessed() -> None:
    sheet = [["大区", "12/31", "1/1"], ["华东", 1, 2]]
    layout = 'header: [大区]\nyear: {file_name: "{yyyy}"}\nunpivot: {columns: ["{m}/{d}"], into: [日期, 数量]}'
    assert read(book({"日报": sheet}), "日报2026.xlsx", plan=layout).held == "ambiguous_date"
    with pytest.raises(ManifestError, match="says no year"):
        parse(LayoutFile, 'header: [大区]\nunpivot: {columns: ["{m}/{d}"], into: [日期, 数量]}', "plan.yml")


def test_no_wide_column_at_all_is_no_empty_table() -> None:
    layout = 'header: [大区]\nunpivot: {columns: ["{yyyy}-{mm}"], into: [月份, 目标]}'
    file = read(book({"计划": [["大区", "2026/08"], ["华东", 1]]}), plan=layout)
    assert (file.held, file.held_detail) == ("unknown_layout", "no header fits {yyyy}-{mm}")


# Units


def _unit(title: str | None, layout: str) -> FileRead:
    return read(book({"日报": [*([[title]] if title else []), ["商品", "数量", "金额"], ["苹果", 3, 1.25]]}), sales=SALES + layout)


def test_a_unit_that_a_title_states_is_applied() -> None:
    wan = "\nunits: [{unit: 万元, of: 金额}]"
    file = _unit("2026年9月（单位：人民币万元）", wan)
    assert (file.held, rows_of(file)) == (None, [("苹果", "3", "12500")])
    assert _unit("单位：元", wan).held_detail == "a title states 元, the layout says 万元"
    assert _unit(None, wan).held_detail == "no title states 万元, as the layout says"
    assert rows_of(_unit(None, "\nunits: [{unit: 万元, of: 金额, required: false}]")) == [("苹果", "3", "12500")]


@pytest.mark.parametrize(
    ("title", "held"),
    [
        ("单位：元", None), ("单位：箱", None), ("单位名称：华东公司", None), ("单位：华东公司", None),
        ("单位：万元", "unit_disagrees"), ("金额单位：千元", "unit_disagrees"),
        ("(单位:美元)", "unit_disagrees"), ("单位：箱、万元", "unit_disagrees"),
    ],
)  # fmt: skip
def test_a_unit_that_no_layout_says(title: str, held: str | None) -> None:
    assert _unit(title, "").held == held


def test_units_of_pieces() -> None:
    layout = "\nunits: [{unit: 千件, of: 数量}, {unit: 元, of: 金额}]"
    assert rows_of(_unit("单位：数量（千件）、金额（元）", layout)) == [("苹果", "3000", "1.25")]
    assert _unit("单位：件、元", layout).held_detail == "a title states 件, the layout says 千件"


# Remarks inside cells


def test_remarks_become_a_column_and_are_taken_off_the_stated_sum() -> None:
    rows = [
        ["收支", "金额", "状态"],
        ["支出", "100.00", "已退款(￥12.30)"],
        ["支出", "50.00", "支付成功"],
        ["共支出150.00元，实付137.70元"],
    ]
    layout = """
header: [收支, 金额]
noted: {已退款: {in: 状态, text: "已退款(￥{sum})"}}
totals:
  - {line: "共支出{sum}元", sum: 金额}
  - {line: "实付{sum}元", sum: 金额, less: 已退款, where: {收支: 支出}}
"""
    file = read(text(rows), "a.csv", "csv", bill=layout.replace("bill", ""))
    assert file.held is None, file.held_detail
    assert rows_of(file, 0, "金额", "状态", "已退款") == [("100.00", None, "12.30"), ("50.00", "支付成功", None)]
    assert [total[2:] for total in totals_of(file)] == [("150", "150", True), ("137.7", "137.7", True)]
    # Without the remark the same total disagrees.
    assert read(text(rows), "a.csv", "csv", bill=layout.replace("less: 已退款, ", "")).held == "total_disagrees"


def test_remarks_beside_the_amount_itself() -> None:
    rows = [["单号", "金额"], ["1", "128.00（已退款12.30）"], ["2", "20.00"], ["合计", "135.70"]]
    layout = """
header: [单号, 金额]
noted: {已退款: {in: 金额, text: "(已退款{sum})"}}
totals: [{row: 合计, of: 金额, less: 已退款}]
"""
    file = read(text(rows), "a.csv", "csv", bill=layout)
    assert (file.held, rows_of(file)) == (None, [("1", "128.00", "12.30"), ("2", "20.00", None)])
    assert file.tables[0].header_cells["已退款"] == "2"


# Totals

GROUPS = [
    ["大区", "商品", "数量", "金额"],
    ["华东", "苹果", 3, 30],
    [None, "梨", 2, 18],
    ["华东小计", None, 5, 48],
    ["华南", "桃", 5, 60],
    ["华南小计", None, 5, 60],
    ["总计", None, 10, 108],
]
GROUPED = """
header: [大区, 商品, 数量, 金额]
totals:
  - {row: 小计, of: [数量, 金额], adds: group above}
  - {row: 总计, of: [数量, 金额]}
"""


def test_every_subtotal_equals_its_group() -> None:
    file = read(book({"日报": GROUPS}, merges=["A2:A3"]), sales=GROUPED)
    assert (file.held, rows_of(file, 0, "大区", "商品")) == (None, [("华东", "苹果"), ("华东", "梨"), ("华南", "桃")])
    assert totals_of(file)[:4] == [
        ("华东小计", "数量", "5", "5", True),
        ("华东小计", "金额", "48", "48", True),
        ("华南小计", "数量", "5", "5", True),
        ("华南小计", "金额", "60", "60", True),
    ]


@pytest.mark.parametrize(("row", "column"), [(3, 2), (5, 3), (6, 3)])
def test_one_wrong_subtotal_holds_the_file(row: int, column: int) -> None:
    sheet = [list(each) for each in GROUPS]
    sheet[row][column] = int(str(sheet[row][column])) + 1
    file = read(book({"日报": sheet}), sales=GROUPED)
    assert file.held == "total_disagrees"
    assert f"日报!{row + 1}" in file.held_detail


def test_a_group_without_its_subtotal_is_incomplete() -> None:
    file = read(book({"日报": [*GROUPS[:5], GROUPS[6]]}), sales=GROUPED)
    assert (file.held, file.held_detail) == ("total_missing", "not found: 小计")


def test_groups_in_groups_and_labels_beside_the_group() -> None:
    sheet = [
        ["大区", "城市", "商品", "金额"],
        ["华东", "上海", "苹果", 1],
        ["华东", "上海", "梨", 2],
        ["华东", "小计", None, 3],
        ["华东", "杭州", "桃", 4],
        ["华东", "小计", None, 4],
        ["合计", None, None, 7],
        ["华南", "广州", "杏", 5],
        ["华南", "小计", None, 5],
        ["合计", None, None, 5],
        ["总计", None, None, 12],
    ]
    layout = """
header: [大区, 城市, 商品, 金额]
totals:                                # from the narrowest to the widest
  - {row: 小计, of: 金额, adds: group above}
  - {row: 合计, of: 金额, adds: group above}
  - {row: 总计, of: 金额}
"""
    file = read(book({"日报": sheet}), sales=layout)
    assert (file.held, len(rows_of(file))) == (None, 4)
    assert [(total[2], total[4]) for total in totals_of(file)] == [(each, True) for each in ("3", "4", "5", "7", "5", "12")]
    undeclared = read(book({"日报": sheet}), sales="header: [大区, 城市, 商品, 金额]")
    assert (undeclared.held, len(rows_of(undeclared))) == (None, 4)
    assert all(total[4] for total in totals_of(undeclared)) and len(totals_of(undeclared)) == 6


def test_totals_above_their_group_and_running_totals() -> None:
    sheet = [["项目", "单号", "金额"], ["甲类", None, 3], ["甲", "1", 1], ["甲", "2", 2], ["乙类", None, 4], ["乙", "3", 4]]
    layout = "header: [项目, 单号, 金额]\ntotals: [{row: 类, of: 金额, adds: group below}]"
    file = read(book({"日报": sheet}), sales=layout)
    assert (file.held, [total[:4] for total in totals_of(file)]) == (None, [("甲类", "金额", "3", "3"), ("乙类", "金额", "4", "4")])
    running = [["单号", "名", "金额"], ["1", "a", 1], ["累计", None, 1], ["2", "b", 2], ["累计", None, 3]]
    file = read(book({"日报": running}), sales="header: [单号, 金额]\ntotals: [{row: 累计, of: 金额, adds: all above}]")
    assert (file.held, [total[2:] for total in totals_of(file)]) == (None, [("1", "1", True), ("3", "3", True)])


@pytest.mark.parametrize(
    ("stated", "agrees"),
    [("12.35万元", True), ("12.34万元", False), ("12.3万", True), ("123,456.78", True), ("￥123,456.78", True), ("123,456.79", False),
     ("123456.8", False), ("0.12百万", True)],
)  # fmt: skip
def test_totals_are_exact_to_the_stated_decimals(stated: str, agrees: bool) -> None:
    rows = [["单号", "名", "金额"], ["1", "a", "100000.00"], ["2", "b", "23456.78"], ["合计", None, f'"{stated}"']]
    file = read(text(rows), "a.csv", "csv", sales="header: [单号, 金额]\ntotals: [{row: 合计, of: 金额}]")
    assert [total[4] for total in totals_of(file)] == [agrees]
    line = read(
        text([*rows[:3], [f'"总金额：{stated}"']]),
        "a.csv",
        "csv",
        sales='header: [单号, 金额]\ntotals: [{line: "总金额：{sum}", sum: 金额}]',
    )
    assert [total[4] for total in totals_of(line)] == [agrees]


def test_a_line_may_say_wan_behind_its_number() -> None:
    rows = [["单号", "金额"], ["1", "100000.00"], ["2", "23456.78"], ["共2笔，12.35万元"]]
    file = read(text(rows), "a.csv", "csv", sales='header: [单号, 金额]\ntotals: [{line: "共{rows}笔，{sum}万元", sum: 金额}]')
    assert (file.held, [total[2:] for total in totals_of(file)]) == (None, [("2", "2", True), ("123500", "123500", True)])


def test_agreement_disagreement_and_absence_are_three_states() -> None:
    layout = "header: [单号, 金额]\ntotals: [{row: 合计, of: 金额, required: false}]"
    rows = [["单号", "金额"], ["1", "10"], ["2", "20"]]
    there = read(text([*rows, ["合计", "30"]]), "a.csv", "csv", sales=layout)
    wrong = read(text([*rows, ["合计", "31"]]), "a.csv", "csv", sales=layout)
    absent = read(text(rows), "a.csv", "csv", sales=layout)
    assert [file.held for file in (there, wrong, absent)] == [None, "total_disagrees", None]
    assert [notes_of(file) for file in (there, absent)] == [[], ["total_missing"]]


# Tables that state totals of others

SHEETS = {"东方店": [["商品", "数量", "金额"], *A], "西区店": [["商品", "数量", "金额"], *B]}
SUMMARY = "header: [门店, 笔数, 销售额]\nsheet: 汇总\nstates: {sheet: 门店, rows: 笔数, sums: {销售额: 金额}}"
BY_SHEET = {"sales": SALES + "\nsheet: '*店'", "summary": SUMMARY}


def _summary(*rows: list[Any]) -> bytes:
    return book({"汇总": [["门店", "笔数", "销售额"], *rows], **SHEETS})


def test_a_summary_sheet_is_reconciled_with_the_other_sheets() -> None:
    file = read(_summary(["东方店", 2, 48], ["西区店", 2, 67], ["合计", 4, 115]), **BY_SHEET)
    assert (file.held, [table.name for table in file.tables]) == (None, ["东方店", "西区店"])
    assert totals_of(file) == [
        ("东方店", None, "2", "2", True),
        ("东方店", "金额", "48", "48", True),
        ("西区店", None, "2", "2", True),
        ("西区店", "金额", "67", "67", True),
    ]


@pytest.mark.parametrize(
    ("rows", "held", "detail"),
    [
        ([["东方店", 2, 48], ["西区店", 2, 68]], "total_disagrees", "西区店 (汇总!3): 金额 stated 68, found 67"),
        ([["东方店", 3, 48], ["西区店", 2, 67]], "total_disagrees", "东方店 (汇总!2): rows stated 3, found 2"),
        ([["东方店", 2, 48], ["西区店", 2, 67], ["北店", 1, 5]], "total_disagrees", "北店 (汇总!4): rows stated 1, found 0"),
        ([["东方店", 2, 48]], "total_missing", "not found: 西区店"),
        ([["东方店", 2, 48], ["西区店", 2, 67], ["合计", 4, 116]], "total_disagrees", "合计 (汇总!4): 销售额 stated 116, found 115"),
    ],
)
def test_a_summary_sheet_that_disagrees(rows: list[list[Any]], held: str, detail: str) -> None:
    file = read(_summary(*rows), **BY_SHEET)
    assert (file.held, file.held_detail) == (held, detail)


def test_a_summary_sheet_that_is_gone_or_in_another_unit() -> None:
    gone = read(book(SHEETS), **BY_SHEET)
    assert (gone.held, gone.held_detail) == ("total_missing", "not found: summary")
    assert read(book(SHEETS), sales=BY_SHEET["sales"], summary=SUMMARY.replace("笔数, sums", "笔数, required: false, sums")).held is None
    wan = book({"汇总": [["单位：万元"], ["门店", "笔数", "销售额"], ["东方店", 2, 0.0048], ["西区店", 2, 0.0067]], **SHEETS})
    file = read(wan, sales=BY_SHEET["sales"], summary=SUMMARY + "\nunits: [{unit: 万元, of: 销售额}]")
    assert (file.held, all(total[4] for total in totals_of(file))) == (None, True)


def test_a_summary_by_a_column_of_the_data() -> None:
    sheet = [
        ["门店", "商品", "金额"],
        ["一店", "苹果", 1],
        ["一店", "梨", 2],
        ["二店", "桃", 4],
        [],
        ["门店汇总", "合计金额"],
        ["一店", 3],
        ["二店", 4],
    ]
    layouts = {
        "sales": "header: [门店, 商品, 金额]",
        "summary": "header: [门店汇总, 合计金额]\nstates: {group: {门店汇总: 门店}, sums: {合计金额: 金额}}",
    }
    file = read(book({"日报": sheet}), **layouts)
    assert (file.held, [total[2:] for total in totals_of(file)]) == (None, [("3", "3", True), ("4", "4", True)])
    sheet[-1][1] = 5
    assert read(book({"日报": sheet}), **layouts).held == "total_disagrees"


def _archive(listing: Rows | None, **members: Rows) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if listing is not None:
            archive.writestr("清单.csv", text(listing))
        for name, rows in members.items():
            archive.writestr(f"明细/{name}.xlsx", book({"日报": rows}))
    return buffer.getvalue()


def test_a_list_of_files_in_the_archive() -> None:
    header = ["商品", "数量", "金额"]
    layouts = {
        "sales": SALES,
        "list": "header: [文件名, 行数, 金额合计]\nstates: {member: 清单.csv, file: 文件名, rows: 行数, sums: {金额合计: 金额}}",
    }
    contract = {"member": "*.xlsx"}
    listing = [["文件名", "行数", "金额合计"], ["a.xlsx", 2, "48.00"], ["明细/b.xlsx", 2, "67.00"]]
    members = {"a": [header, *A], "b": [header, *B]}
    file = read(_archive(listing, **members), "a.zip", contract=contract, **layouts)
    assert (file.held, len(file.tables), all(total[4] for total in totals_of(file))) == (None, 2, True)
    assert len(totals_of(file)) == 4
    cut = read(_archive(listing, a=members["a"], b=[header, B[0]]), "a.zip", contract=contract, **layouts)
    assert (cut.held, cut.held_detail) == ("total_disagrees", "b.xlsx" and cut.held_detail)
    assert "rows stated 2, found 1" in cut.held_detail
    lost = read(_archive(listing, a=members["a"]), "a.zip", contract=contract, **layouts)
    assert (lost.held, "rows stated 2, found 0" in lost.held_detail) == ("total_disagrees", True)
    more = read(_archive(listing, **members, c=[header, *A]), "a.zip", contract=contract, **layouts)
    assert (more.held, more.held_detail) == ("total_missing", "not found: 明细/c.xlsx")
    assert read(_archive(None, **members), "a.zip", contract=contract, **layouts).held == "total_missing"


# Found without any layout


def test_stated_totals_are_found_blind() -> None:
    rows = [
        ["对账单"],
        ["日期", "收支", "金额"],
        ["2026-09-01", "支出", "100.00"],
        ["2026-09-02", "支出", "20.00"],
        ["2026-09-03", "收入", "7.00"],
    ]
    for line, wanted in {
        "支出 120.00元，收入 7.00元": [("120", True), ("7", True)],
        "支出：120.00元": [("120", True)],
        "合计金额：127元": [("127", True)],
        "合计：0.01万元": [("100", True)],
        "合计：0.02万元": [("200", False)],
        "共3笔": [("3", True)],
        "支出：2笔 121.00元": [("2", True), ("121", False)],
    }.items():
        file = read_file(text([*rows, [f'"{line}"']]), "a.csv")
        assert [(total[2], total[4]) for total in totals_of(file)] == wanted, line
        assert file.held == ("total_disagrees" if not all(agrees for _, agrees in wanted) else None)
    # A line that states something else is no total of the rows.
    assert totals_of(read_file(text([*rows, ["期末余额：88.00元"], ["手续费 2.00元"]]), "a.csv")) == []


def test_a_summary_sheet_is_found_blind() -> None:
    more = {**SHEETS, "南店": [["商品", "数量", "金额"], ["李", 1, 9], ["枣", 1, 4]]}
    listed = [["门店", "笔数", "销售额"], ["东方店", 2, 48], ["西区店", 2, 67], ["南店", 2, 13]]
    file = read_file(book({"汇总": listed, **more}), "a.xlsx")
    assert (file.held, len(file.tables)) == (None, 4)
    assert [total[:3] for total in totals_of(file) if total[4]] == [
        ("东方店", None, "2"), ("东方店", "金额", "48"), ("西区店", None, "2"), ("西区店", "金额", "67"),
        ("南店", None, "2"), ("南店", "金额", "13"),
    ]  # fmt: skip
    listed[3][2] = 14
    wrong = read_file(book({"汇总": listed, **more}), "a.xlsx")
    assert (wrong.held, wrong.held_detail) == ("total_disagrees", "南店 (汇总!4): 金额 stated 14, found 13")
    # Numbers that are nobody's total are left alone.
    other = [["门店", "人数", "面积"], ["东方店", 7, 120], ["西区店", 9, 80], ["南店", 3, 60]]
    assert totals_of(read_file(book({"门店": other, **more}), "a.xlsx")) == []


def test_a_list_of_files_is_found_blind() -> None:
    header = ["商品", "数量", "金额"]
    listing = [["文件名", "行数"], ["a.xlsx", 2], ["明细/b.xlsx", 2]]
    file = read_file(_archive(listing, a=[header, *A], b=[header, *B]), "a.zip")
    assert (file.held, [total[:4] for total in totals_of(file)]) == (None, [("a.xlsx", None, "2", "2"), ("明细/b.xlsx", None, "2", "2")])


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods", "spreadsheetml"])
def test_hidden_rows_and_sheets_of_every_kind(kind: str) -> None:
    from tests.made import binary_sheets, sheets

    write = getattr(binary_sheets if kind in ("xls", "xlsb") else sheets, kind)
    rows = [["商品", "数量", "金额"], *A, *B]
    content = write([sheets.Sheet("日报", rows, hidden={2})])
    held = read(content, sales=SALES)
    assert (held.kind, held.held, held.held_detail) == (kind, "hidden_rows", "1 hidden rows: 日报!3")
    assert len(rows_of(read(content, sales=SALES + "\nhidden: {rows: read}"))) == 4
    assert rows_of(read(content, sales=SALES + "\nhidden: {rows: skip}")) == [A_ROWS[0], *B_ROWS]
    if kind == "spreadsheetml":
        return
    both = write([sheets.Sheet("日报", rows[:3]), sheets.Sheet("旧版", rows[:1] + rows[3:], is_hidden=True)])
    assert read(both, sales=SALES).held == "hidden_sheet"
    assert rows_of(read(both, sales=SALES + "\nhidden: {sheets: skip}")) == A_ROWS
