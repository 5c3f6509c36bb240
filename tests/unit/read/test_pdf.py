"""PDF: ruled tables over pages, tables without lines, radicals of browsers, invoices, pictures."""

from __future__ import annotations

import io
import random
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.made.pdfs import CHROMIUM, Canvas, browser_pdf, html_table, placed_pdf, table_pdf, typst_pdf, written_pdf

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead
from taihu.guard.children import Limits
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file
from taihu.read.isolated import _limits
from taihu.read.pdf import read_pdf
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


def _canvas(rows: Sequence[Sequence[str]] = (HEADER, *ROWS[:5]), **how: Any) -> Canvas:
    canvas = Canvas()
    for n, row in enumerate(rows):
        for left, cell in zip((40, 120, 200, 300, 360), row, strict=True):
            canvas.text(left, 60 + 16 * n, cell, **how)
    return canvas


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_pages_that_are_shown_turned(rotate: int) -> None:
    assert _rows(read_blind(written_pdf([_canvas()], rotate=rotate), "a.pdf")) == ROWS[:5]


@pytest.mark.parametrize(
    ("turn", "place"),
    [("0 1 -1 0", lambda x, y: (y, x)), ("0 -1 1 0", lambda x, y: (595 - y, 842 - x)), ("-1 0 0 -1", lambda x, y: (595 - x, y))],
)
def test_text_that_is_written_turned(turn: str, place: Callable[[float, float], tuple[float, float]]) -> None:
    """Landscape tables are often written sideways on upright pages."""
    canvas = Canvas()
    for n, row in enumerate([HEADER, *ROWS[:5]]):
        for left, cell in zip((40, 120, 200, 300, 360), row, strict=True):
            x, up = place(left, 60 + 16 * n)
            canvas.text(x, 842 - up, cell, turn=turn)
    assert _rows(read_blind(written_pdf([canvas]), "a.pdf")) == ROWS[:5]


def test_texts_shown_letter_by_letter_and_twice_for_bold() -> None:
    canvas = _canvas(glyphwise=True)
    for n, cell in enumerate(HEADER):
        canvas.text((40, 120, 200, 300, 360)[n] + 0.3, 60, cell)
    read = read_blind(written_pdf([canvas]), "a.pdf")
    assert (read.tables[0].rows.column_names[:-1], _rows(read)) == (HEADER, ROWS[:5])


def test_a_watermark_across_the_page_is_left_out_with_a_note() -> None:
    canvas = _canvas()
    canvas.text(150, 430, "仅供对账使用", size=40, turn="0.7 0.7 -0.7 0.7")
    read = read_blind(written_pdf([canvas]), "a.pdf")
    assert _rows(read) == ROWS[:5]
    assert [(note.reason, note.detail) for note in read.tables[0].notes] == [("slanted_text", "6 characters")]


def test_pages_that_are_pictures() -> None:
    scanned, recognised = Canvas(), _canvas(mode=3)
    scanned.picture()
    recognised.picture()
    for page in (scanned, recognised):
        read = read_blind(written_pdf([page]), "a.pdf")
        assert (read.held, read.held_detail) == ("no_table", "its pages are pictures; there is no text in them")
    assert read_blind(written_pdf([_canvas(), scanned]), "a.pdf").held == "cells_unclear"


def test_passwords() -> None:
    content = written_pdf([_canvas()], password="身份证后六位".encode("gb18030").hex()[:10])
    assert read_blind(content, "a.pdf").held == "wrong_password"
    assert read_blind(content, "a.pdf", passwords=["wrong"]).held == "wrong_password"
    read = read_blind(content, "a.pdf", passwords=["wrong", "身份证后六位".encode("gb18030").hex()[:10]])
    assert (read.held, _rows(read)) == (None, ROWS[:5])


def _twice(content: bytes) -> bytes:
    return zlib.compress(zlib.compress(content, 9), 9)


BOMBS = {
    "one stream": written_pdf([zlib.compress(b" " * (80 << 20), 9)]),
    "many streams": written_pdf([zlib.compress(b" " * (60 << 20), 9)] * 3),
    "packed twice": written_pdf([_twice(b" " * (80 << 20))], filters="[/FlateDecode/FlateDecode]"),
    "run lengths": written_pdf([zlib.compress(b"\x81 " * (3 << 20))], filters="[/FlateDecode/RunLengthDecode]"),
    "characters": written_pdf([zlib.compress(b"BT /F1 9 Tf 1 0 0 1 9 9 Tm <" + b"4e2d" * 70_000 + b"> Tj ET")]),
    "lines": written_pdf([zlib.compress(b"".join(b"%d 0 m %d 9 l S\n" % (n % 500, n % 500) for n in range(21_000)))]),
    "pages": written_pdf([zlib.compress(b"")] * 1001),
    "crossings": written_pdf(
        [zlib.compress(b"".join(b"%.2f 0 m %.2f 800 l S 0 %.2f m 590 %.2f l S\n" % ((n * 1.5,) * 4) for n in range(2100)))]
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_expands_too_far_is_refused(bomb: str) -> None:
    content = BOMBS[bomb]
    assert len(content) < 1 << 20
    with pytest.raises(ContentRefused) as refused:
        read_pdf(content)
    assert refused.value.reason == "too_large"
    assert _rows(read_blind(written_pdf([_canvas()]), "a.pdf")) == ROWS[:5]


@pytest.mark.parametrize("bomb", ["one stream", "many streams", "packed twice"])
def test_memory_is_not_taken_for_what_is_refused(bomb: str) -> None:
    tracemalloc.start()
    with pytest.raises(ContentRefused):
        read_pdf(BOMBS[bomb])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 << 20


def test_a_merged_header_that_each_page_repeats() -> None:
    upper = "table.cell(rowspan: 2)[日期], table.cell(colspan: 2)[线上], table.cell(colspan: 2)[线下]"
    cells = ", ".join(f"[{cell}]" for row in ROWS for cell in (row[0], row[3], row[4], row[3], row[4]))
    body = f"#table(columns: 5, table.header({upper}, [数量], [金额], [数量], [金额]), {cells})"
    read = read_blind(typst_pdf(body, height=300), "a.pdf")
    assert read.held is None
    assert read.tables[0].rows.column_names[:-1] == ["日期", "线上/数量", "线上/金额", "线下/数量", "线下/金额"]
    assert _rows(read) == [[row[0], row[3], row[4], row[3], row[4]] for row in ROWS]
    assert {row["_src_row"].split("!")[0] for row in read.tables[0].rows.to_pylist()} == {"page 1", "page 2", "page 3"}


def test_wrapped_cells_and_a_box_that_holds_all_rows() -> None:
    wrapped = [
        ["日期", "客户", "金额"],
        ["2026-09-01", "苏州工业园区金鸡湖商贸有限责任公司", "1.00"],
        ["2026-09-02", "Example Trading Shanghai", "2.00"],
    ]
    for ruled in (True, False):
        read = read_blind(table_pdf(wrapped, ruled=ruled, columns=["70pt", "90pt", "60pt"], inset="(x: 4pt, y: 8pt)"), "a.pdf")
        assert (read.held, _rows(read)) == (None, wrapped[1:])
    canvas = _canvas()
    for x in (35, 115, 195, 295, 355, 450):
        canvas.line(x, 48, x, 150)
    for y in (48, 65, 150):
        canvas.line(35, y, 450, y)
    read = read_blind(written_pdf([canvas]), "a.pdf")
    assert (read.held, _rows(read)) == (None, ROWS[:5])


def test_numbers_that_were_too_wide_for_their_column_are_noted() -> None:
    rows = [*ROWS[:4], [*ROWS[4][:4], "########"]]
    read = read_blind(table_pdf([HEADER, *rows], ruled=True), "a.pdf")
    assert [(note.reason, note.position, note.column) for note in read.tables[0].notes] == [("error_cell", "page 1!6", "E")]


def test_another_reader_of_pdf_finds_the_same_cells() -> None:
    import pdfplumber

    content = table_pdf([HEADER, *ROWS], ruled=True, height=300)
    with pdfplumber.open(io.BytesIO(content)) as document:
        theirs = [row for page in document.pages for table in page.extract_tables() for row in table]
    assert [HEADER, *_rows(read_blind(content, "a.pdf"))] == theirs


def test_pages_get_more_time_than_their_bytes_say() -> None:
    content = written_pdf([_canvas()] * 5)
    assert _limits(content, None).seconds > Limits.for_size(len(content)).seconds
    assert _limits(b"a,b\n1,2\n", None) == Limits.for_size(8)


def test_changed_bytes_give_tables_or_a_reason() -> None:
    content = written_pdf([_canvas()], filters="/FlateDecode")
    rng = random.Random()
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(8, len(damaged))] = rng.randrange(256)
        try:
            read_pdf(bytes(damaged))
        except ContentRefused as refused:
            assert refused.reason in ("damaged_file", "no_table", "too_large", "wrong_password")
