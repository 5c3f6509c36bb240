"""PDF: ruled tables over pages, tables without lines, radicals of browsers, invoices, pictures."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.made.pdfs import placed_pdf, table_pdf

from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file
from taihu.render.fonts import folder

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


def test_fixed_width_by_the_layout() -> None:
    text = "编号  数量金额\n000012  3 1.50\n00001310011.50\n"
    layout = LayoutFile.model_validate({"header": ["编号", "数量", "金额"], "columns_at": [0, 6, 9]})
    read = read_file(text.encode("gb18030"), "a.txt", read=Read.model_validate({"as": "csv"}), layouts={"a": layout})
    assert read.held == "unknown_layout"
    wider = text.replace("数量金额", "数 金额")
    layout = LayoutFile.model_validate({"header": ["编号", "数", "金额"], "columns_at": [0, 6, 9]})
    read = read_file(wider.encode("gb18030"), "a.txt", read=Read.model_validate({"as": "csv"}), layouts={"a": layout})
    assert (read.held, _rows(read)) == (None, [["000012", "3", "1.50"], ["000013", "100", "11.50"]])


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


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")
def test_a_browser_s_radicals_are_the_characters_that_they_look_like(tmp_path: Path) -> None:
    font = folder() / "NotoSansSC.ttf"
    rows = "".join(f"<tr><td>2026-09-0{n}</td><td>金门大米</td><td>{n}</td><td>{n}.50</td></tr>" for n in range(1, 6))
    style = f"@font-face{{font-family:packaged;src:url({font.as_uri()})}}body{{font-family:packaged}}"
    header = "<tr><th>日期</th><th>商品</th><th>数量</th><th>金额</th></tr>"
    page = f"<meta charset=utf-8><style>{style}</style><table border=1>{header}{rows}</table>"
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--allow-file-access-from-files",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/p",
        f"--print-to-pdf={tmp_path}/a.pdf",
    ]
    subprocess.run([*command, (tmp_path / "a.html").as_uri()], check=True, capture_output=True, timeout=120)
    read = read_blind((tmp_path / "a.pdf").read_bytes(), "a.pdf")
    assert read.held is None
    assert read.tables[0].rows.column_names[:4] == ["日期", "商品", "数量", "金额"]
    assert read.tables[0].rows["商品"].to_pylist() == ["金门大米"] * 5
