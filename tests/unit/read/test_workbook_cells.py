"""Cells that do not say what they show: errors, formulas without values, dates of two epochs, numbers shown as dates, cut ids."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from tests.made.binary_sheets import xls, xlsb
from tests.made.sheets import Error, Formula, Sheet, ods, spreadsheetml, with_part, xlsx

from taihu.core.types import FileRead
from taihu.read import read_blind

KINDS: dict[str, Callable[[list[Sheet]], bytes]] = {"xlsx": xlsx, "xls": xls, "xlsb": xlsb, "ods": ods, "spreadsheetml": spreadsheetml}
HEADER: list[Any] = ["编号", "日期", "金额"]


def _read(kind: str, rows: list[list[Any]]) -> FileRead:
    return read_blind(KINDS[kind]([Sheet("明细", [HEADER, *rows])]), f"a.{kind}")


def _notes(read: FileRead) -> set[tuple[str, str, str]]:
    return {(note.reason, note.position, note.column) for note in read.tables[0].notes}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?"])
def test_error_cells_keep_their_text_and_are_noted(kind: str, text: str) -> None:
    read = _read(kind, [["A1", dt.date(2026, 9, n), Error(text) if n == 2 else Decimal(n)] for n in range(1, 5)])
    assert read.tables[0].rows["金额"].to_pylist() == ["1", text, "3", "4"]
    assert _notes(read) == {("error_cell", "明细!3", "C")}


# Excel is the only program that writes xlsb, and it computes what it writes.
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"xlsb"}))
def test_formulas_without_values_are_noted_and_those_with_one_are_values(kind: str) -> None:
    rows = [["A1", dt.date(2026, 9, n), Formula("=1+1", None if n == 3 else Decimal(n))] for n in range(1, 5)]
    read = _read(kind, rows)
    # The old format has no way to leave the value out: it stands at 0, with a flag.
    assert read.tables[0].rows["金额"].to_pylist() == ["1", "2", "0" if kind == "xls" else None, "4"]
    assert _notes(read) == {("formula_without_value", "明细!4", "C")}


def test_a_workbook_that_no_program_has_computed() -> None:
    """openpyxl writes formulas and leaves their values to whoever opens the file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [["编号", "数量", "金额"], ["A1", 2, "=B2*3"], ["A2", 5, "=B3*3"]]:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    read = read_blind(buffer.getvalue(), "a.xlsx")
    assert _notes(read) == {("formula_without_value", "Sheet!2", "C"), ("formula_without_value", "Sheet!3", "C")}


def test_notes_of_one_column_do_not_crowd_out_another() -> None:
    rows = [["A1", Formula("=1"), Formula("=2") if n == 90 else Decimal(n)] for n in range(1, 100)]
    assert ("formula_without_value", "明细!91", "C") in _notes(_read("xlsx", rows))


@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb"])
def test_dates_of_both_epochs(kind: str, since_1904: bool) -> None:
    """1900-02-28 and earlier are shifted by the leap year that Excel believes in; see ECMA-376, 18.17.4.1."""
    days = [dt.date(2026, 9, 30), dt.date(2024, 2, 29), dt.date(1999, 12, 31), dt.datetime(2026, 9, 30, 23, 59, 59)]
    maker: Any = KINDS[kind]
    rows: list[list[Any]] = [HEADER, *(["A1", day, Decimal(1)] for day in days)]
    read = read_blind(maker([Sheet("明细", rows)], since_1904=since_1904), f"a.{kind}")
    assert read.tables[0].rows["日期"].to_pylist() == ["2026-09-30", "2024-02-29", "1999-12-31", "2026-09-30 23:59:59"]


def _formatted(value: float, pattern: str) -> FileRead:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("明细")
        page.write_row(0, 0, ["编号", "值", "金额"])
        for n in range(1, 6):
            page.write_row(n, 0, [f"A{n}", n, n * 10])
        page.write_number(3, 1, value, book.add_format({"num_format": pattern}))
    return read_blind(buffer.getvalue(), "a.xlsx")


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("yyyy/m/d", "2026-09-30"),
        ("m月d日", "2026-09-30"),
        ("[$-804]yyyy年m月d日;@", "2026-09-30"),
        ('0.00"d"', "46295"),
        ("#,##0.00", "46295"),
    ],
)
def test_a_format_tells_dates_from_numbers(pattern: str, shown: str) -> None:
    read = _formatted(46295, pattern)
    assert read.tables[0].rows["值"].to_pylist() == ["1", "2", shown, "4", "5"]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_lost_their_digits_are_noted_by_column(kind: str) -> None:
    whole = "1234567890123456789"
    as_text = _read(kind, [["1.23457E+18", dt.date(2026, 9, n), Decimal(n)] for n in range(1, 5)])
    as_number = _read(kind, [[1234567890123456789 + n * 1000, dt.date(2026, 9, n), Decimal(n)] for n in range(1, 5)])
    kept = _read(kind, [[whole, dt.date(2026, 9, n), Decimal(n)] for n in range(1, 5)])
    assert ("id_in_scientific_notation", "明细!2", "A") in _notes(as_text)
    assert {note[0] for note in _notes(as_number)} & {"id_in_scientific_notation", "digits_lost"}
    assert kept.tables[0].rows["编号"].to_pylist() == [whole] * 4
    assert not _notes(kept)


def test_positions_inside_an_archive_name_the_member() -> None:
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("九月.xlsx", xlsx([Sheet("明细", [HEADER, ["A1", dt.date(2026, 9, 1), Error("#REF!")]])]))
    assert _notes(read_blind(buffer.getvalue(), "a.zip")) == {("error_cell", "九月.xlsx>明细!2", "C")}


def test_an_error_written_by_hand_without_a_formula() -> None:
    content = xlsx([Sheet("明细", [HEADER, ["A1", dt.date(2026, 9, 1), Decimal(5)]])])
    content = with_part(content, r"xl/worksheets/sheet1\.xml", r'<c r="C2"[^>]*><v>5</v></c>', '<c r="C2" t="e"><v>#REF!</v></c>')
    assert _notes(read_blind(content, "a.xlsx")) == {("error_cell", "明细!2", "C")}
