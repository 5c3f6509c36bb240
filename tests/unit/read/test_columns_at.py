"""Layouts of one source that part the columns at different places: the one that fits is used, and two that fit differently hold."""

from __future__ import annotations

import pytest
from tests.made.pdfs import Canvas, placed_pdf, written_pdf

from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_file

NAMES = ["商品编码", "数量", "金额"]
ROWS = [[f"{n:09d}00", f"{n + 100}", f"{n}.50"] for n in range(1, 6)]


def _read(content: bytes, name: str, *places: list[float], as_: str = "pdf", encoding: str | None = None) -> FileRead:
    layouts = {f"l{n}": LayoutFile.model_validate({"header": NAMES, "columns_at": at}) for n, at in enumerate(places)}
    return read_file(content, name, read=Read.model_validate({"as": as_, "encoding": encoding}), layouts=layouts)


def _rows(read: FileRead) -> list[list[str | None]]:
    return [list(row.values())[:-1] for row in read.tables[0].rows.to_pylist()]


def _page(lefts: list[float]) -> bytes:
    return placed_pdf([list(zip(lefts, row, strict=True)) for row in [NAMES, *ROWS]])


@pytest.mark.parametrize(("lefts", "layout"), [([30.0, 85.0, 120.0], "l0"), ([30.0, 85.0, 103.5], "l1")])
def test_each_page_by_the_layout_whose_columns_fit(lefts: list[float], layout: str) -> None:
    """A code that ends where the quantity begins is one word to everybody who does not know where the columns are."""
    read = _read(_page(lefts), "a.pdf", [0, 84, 115], [0, 84, 103])
    assert (read.held, read.tables[0].layout, _rows(read)) == (None, layout, ROWS)


def test_without_the_places_columns_that_touch_are_held() -> None:
    read = _read(_page([30.0, 85.0, 120.0]), "a.pdf", [])
    assert read.held in ("cells_unclear", "unknown_layout")


def test_two_layouts_that_cut_the_rows_differently() -> None:
    lines = [[(30.0, "商品编码"), (90.0, "数量"), (140.0, "金额")]]
    lines += [[(30.0, "000001"), (118.0, "3")], [(30.0, "000002"), (90.0, "5"), (140.0, "1.00")]]
    read = _read(placed_pdf(lines), "a.pdf", [0, 84, 115], [0, 84, 135])
    assert read.held == "cells_unclear"


def test_a_text_that_crosses_the_border_is_nobody_s() -> None:
    lines = [list(zip([30.0, 85.0, 120.0], row, strict=True)) for row in [NAMES, *ROWS, ["ABCDEFGHIJKLMNOP", "7", "1.00"]]]
    lines[-1][1] = (112.0, "7")
    assert _read(placed_pdf(lines), "a.pdf", [0, 84, 115]).held == "cells_unclear"


def test_a_report_that_shows_whole_lines_is_cut_where_the_layout_says() -> None:
    """Nothing but the layout tells where 000000001007 is to be cut when the line was shown at once."""
    canvas = Canvas()
    for n, row in enumerate([NAMES, *ROWS]):
        text = row[0].ljust(11 - (4 if n == 0 else 0)) + row[1].rjust(6 - (2 if n == 0 else 0)) + row[2].rjust(8 - (2 if n == 0 else 0))
        canvas.text(40, 60 + n * 14, text.replace("  ", "  "))
    at = [40, 40 + 11 * 4.5, 40 + 17 * 4.5]
    assert _rows(_read(written_pdf([canvas]), "a.pdf", at)) == ROWS


def test_texts_of_fixed_width() -> None:
    text = "编号    数量  金额\n000012     3  1.50\n00001300010011.50\n"
    layouts = {
        "old": LayoutFile.model_validate({"header": ["编号", "数量", "金额"], "columns_at": [0, 4, 6]}),
        "new": LayoutFile.model_validate({"header": ["编号", "数量", "金额"], "columns_at": [0, 6, 12]}),
    }
    read = read_file(text.encode("gb18030"), "a.txt", read=Read.model_validate({"as": "csv", "encoding": "gb18030"}), layouts=layouts)
    assert (read.held, read.tables[0].layout) == (None, "new")
    assert _rows(read) == [["000012", "3", "1.50"], ["000013", "000100", "11.50"]]
