"""PDF: ruled tables over pages, tables without lines, radicals of browsers, invoices, pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.made.pdfs import CHROMIUM, browser_pdf, html_table, placed_pdf, table_pdf

from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file
from taihu.read.pdf_page import pages_of

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")
HEADER = ["日期", "商品编码", "商品名称", "数量", "金额"]
ROWS = [[f"2026-09-{n + 1:02d}", f"{n:06d}", "半糖气泡水", str(n * 3 + 1), f"{n * 10 + 0.5:.2f}"] for n in range(30)]


def _rows(read: FileRead) -> list[list[str | None]]:
    return [list(row.values())[:-1] for row in read.tables[0].rows.to_pylist()]


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_over_pages_with_a_total(ruled: bool) -> None:
    total = ["合计", "", "", str(sum(int(row[3]) for row in ROWS)), f"{sum(float(row[4]) for row in ROWS):.2f}"]
    read = read_blind(
        table_pdf([HEADER, *ROWS, total], ruled=ruled, above=["出货明细表", "部门：销售一部"], below=["共30条记录"], height=300), "a.pdf"
    )
    assert (read.kind, read.held, len(read.tables)) == ("pdf", None, 1)
    assert read.tables[0].rows.column_names[:-1] == HEADER
    assert _rows(read) == ROWS
    assert [(total.column, total.agrees) for total in read.tables[0].totals] == [(None, True), ("数量", True), ("金额", True)]


def test_a_wrong_total_holds() -> None:
    read = read_blind(table_pdf([HEADER, *ROWS[:5], ["合计", "", "", "1", "1.00"]], ruled=True), "a.pdf")
    assert read.held == "total_disagrees"


def test_columns_that_touch_are_parted_by_the_layout() -> None:
    """A code that ends where the quantity begins is one word to everybody who does not know where the columns are."""
    lines = [[(30.0, "商品编码"), (85.0, "数量"), (120.0, "金额")]]
    lines += [[(30.0, f"{n:09d}00"), (85.0, f"{n + 100}"), (120.0, f"{n}.50")] for n in range(1, 6)]
    layout = LayoutFile.model_validate({"header": ["商品编码", "数量", "金额"], "columns_at": [0, 84, 115]})
    read = read_file(placed_pdf(lines), "a.pdf", read=Read.model_validate({"as": "pdf"}), layouts={"a": layout})
    assert read.held is None
    assert _rows(read) == [[f"{n:09d}00", f"{n + 100}", f"{n}.50"] for n in range(1, 6)]


INVOICE = [
    [(180, "电子发票（普通发票）"), (330, "发票号码：23442000000012345678")],
    [(330, "开票日期：2023年11月02日")],
    [(30, "名称：北京测试有限公司"), (260, "名称：深圳测试有限公司")],
    [(30, "统一社会信用代码/纳税人识别号：91110108339805094M"), (260, "统一社会信用代码/纳税人识别号：914403001922038216")],
    [(30, "*饮料*汽水"), (300, "100.00"), (360, "13%"), (420, "13.00")],
    [(60, "合"), (90, "计"), (300, "¥100.00"), (420, "¥13.00")],
    [(30, "价税合计（大写）"), (150, "壹佰壹拾叁圆整"), (330, "（小写）¥{total}")],
]


@pytest.mark.parametrize(("total", "held"), [("113.00", None), ("131.00", "total_disagrees")])
def test_an_invoice(total: str, held: str | None) -> None:
    lines = [[(left, text.format(total=total)) for left, text in line] for line in INVOICE]
    read = read_blind(placed_pdf(lines), "a.pdf")
    assert (read.held, read.tables[0].name) == (held, "发票")
    (row,) = read.tables[0].rows.to_pylist()
    assert (row["发票号码"], row["购买方名称"], row["销售方名称"]) == ("23442000000012345678", "北京测试有限公司", "深圳测试有限公司")
    assert (row["合计金额"], row["合计税额"], row["价税合计"], row["开票日期"]) == ("100.00", "13.00", total, "2023年11月02日")


def test_cut_off_and_foreign_bytes() -> None:
    content = table_pdf([HEADER, *ROWS], ruled=True)
    assert read_blind(content[: len(content) // 2], "a.pdf").held == "damaged_file"
    assert read_blind(b"%PDF-1.7\n" + b"x" * 2000 + b"%%EOF", "a.pdf").held in ("damaged_file", "no_table")


@needs_browser
def test_a_browser_s_radicals_are_the_characters_that_they_look_like(tmp_path: Path) -> None:
    rows = [[f"2026-09-0{n}", "金门长鱼", "车间门市客户", str(n), f"{n}.50"] for n in range(1, 6)]
    content = browser_pdf(html_table([["日期", "商品", "门店", "数量", "金额"], *rows]), tmp_path, style="td{border:1px solid}")
    shown = {char.text for page in pages_of(content) for char in page.chars}
    assert any("\u2e80" <= char <= "\u2fdf" for char in shown), "the browser wrote no radicals: nothing is proven"
    read = read_blind(content, "a.pdf")
    assert read.held is None
    assert _rows(read) == rows
