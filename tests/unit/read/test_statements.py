"""Bank statements and customs declarations as PDF: every cell, by a layout and without; what touches is held."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from tests.made.pdfs import Canvas, written_pdf
from tests.made.statements import Made, boc, cmb, customs, icbc

from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file

MAKERS = {"icbc": icbc, "cmb": cmb, "boc": boc, "customs": customs}


def _rows(read: FileRead) -> list[list[str]]:
    return [[cell or "" for cell in list(row.values())[:-1]] for table in read.tables for row in table.rows.to_pylist()]


def _by_layout(made: Made, **keys: object) -> FileRead:
    layout = LayoutFile.model_validate({"header": made.header, **keys})
    return read_file(made.content, "a.pdf", read=Read.model_validate({"as": "pdf"}), layouts={"layout": layout})


@pytest.mark.parametrize("count", [1, 5, 17, 45])
@pytest.mark.parametrize("maker", MAKERS)
def test_every_cell(maker: str, count: int) -> None:
    made = MAKERS[maker](random.Random(), min(count, 8) if maker == "customs" else count)
    for read in (read_blind(made.content, "a.pdf"), _by_layout(made)):
        assert read.held is None, read.held_detail
        assert [name for table in read.tables for name in table.rows.column_names[:-1]] == made.header
        assert _rows(read) == made.rows


def test_positions_name_page_and_row() -> None:
    read = read_blind(icbc(random.Random(1), 30).content, "a.pdf")
    positions = read.tables[0].rows["_src_row"].to_pylist()
    assert positions[0] == "page 1!4"
    assert [positions[14], positions[-1]] == ["page 2!4", "page 3!5"]
    assert [note.position for note in read.tables[0].notes if note.reason == "repeated_header"] == ["page 2!3", "page 3!3"]


def test_the_total_of_the_statement_is_compared() -> None:
    made = boc(random.Random(2), 20)
    read = _by_layout(made, totals=[{"row": "合计", "of": ["借方发生额", "贷方发生额"]}])
    assert [(total.column, total.agrees) for total in read.tables[0].totals] == [("借方发生额", True), ("贷方发生额", True)]


def test_the_boxes_of_a_declaration_are_cells_with_their_labels() -> None:
    cells = set(_by_layout(customs(random.Random(3), 2)).cells.values())
    assert {"进口日期 20260912", "提运单号 11234567890", "境内收货人(91310000MA1FL0XX0X) 上海甲贸易有限公司"} <= cells


def _moved(change: Callable[[Canvas, float], None]) -> FileRead:
    page = Canvas()
    for n, row in enumerate([["日期", "摘要", "金额"], ["2026-09-01", "货款", "100.00"], ["2026-09-02", "工资", "7.00"]]):
        for left, cell in zip((40, 120, 300), row, strict=True):
            page.text(left, 60 + 18 * n, cell)
    change(page, 60 + 18 * 3)
    return read_blind(written_pdf([page]), "a.pdf")


def _too_long(page: Canvas, y: float) -> None:
    page.text(40, y, "2026-09-03")
    page.text(120, y, "一段很长很长很长很长很长的摘要文字一直写到")
    page.text(309, y, "8.00")


def _between(page: Canvas, y: float) -> None:
    page.text(40, y, "2026-09-03")
    page.text(120, y, "上海")
    page.text(300, y, "8.00")
    page.text(120, y + 18, "东方")
    for left, cell in zip((40, 120, 300), ["2026-09-04", "其他", "9.00"], strict=True):
        page.text(left, y + 28, cell)


def _over(page: Canvas, y: float) -> None:
    page.text(40, y, "2026-09-03")
    page.text(120, y, "货款")
    page.text(300, y, "8.00")
    page.text(302, y, "9.00")


def _astray(page: Canvas, y: float) -> None:
    page.text(80, y, "2026-09-03 2026-09-04 2026-09-05")
    page.text(300, y, "8.00")


@pytest.mark.parametrize("change", [_too_long, _over, _astray])
def test_what_may_belong_to_two_cells_is_held(change: Callable[[Canvas, float], None]) -> None:
    read = _moved(change)
    assert read.held == "cells_unclear"
    assert "page 1" in read.held_detail


def test_a_line_close_to_the_row_below_is_its_own() -> None:
    """Ten points above the next row and eighteen below the last one, the line can only be the next row's first."""
    assert _rows(_moved(_between))[-1] == ["2026-09-04", "东方其他", "9.00"]


def _paged(first: str, number: float) -> FileRead:
    page = Canvas()
    rows = [["日期", "金额", "对方"], ["2026-09-01", "100.00", "甲"], ["2026-09-02", "7.00", first]]
    for n, row in enumerate(rows):
        for left, cell in zip((40, 120, 300), row, strict=True):
            page.text(left, 60 + 18 * n, cell)
    page.text(300, 60 + 36 + number, "1")
    return read_blind(written_pdf([page]), "a.pdf")


def test_a_last_digit_on_a_line_of_its_own_is_no_page_number() -> None:
    assert _rows(_paged("乙公司622202123456789012", 10))[-1][2] == "乙公司6222021234567890121"
    far = _paged("乙公司", 300)
    assert (far.held, _rows(far)[-1][2]) == (None, "乙公司")


def test_dates_that_break_behind_their_hyphen() -> None:
    page = Canvas()
    for y, (day, tail, amount) in enumerate([("2026-09-", "01", "1.00"), ("2026-09-", "02", "2.00")]):
        page.text(42, 100 + 40 * y, day)
        page.text(42, 110 + 40 * y, tail)
        page.text(150, 105 + 40 * y, amount)
    for x in (40, 140, 240):
        page.line(x, 66, x, 166)
    for y in (66, 86, 126, 166):
        page.line(40, y, 240, y)
    page.text(42, 80, "日期")
    page.text(150, 80, "金额")
    assert _rows(read_blind(written_pdf([page]), "a.pdf")) == [["2026-09-01", "1.00"], ["2026-09-02", "2.00"]]
