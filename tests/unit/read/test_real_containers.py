"""Every file of three foreign collections gives its tables or a clear refusal, and can be taken apart without an exception."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihu.core.reasons import REASONS
from taihu.read import read_blind
from taihu.read.archives import unpack

REAL = Path(__file__).parents[4] / "shared" / "real-data"
FOLDERS = ("calamine-sheets/tests", "messytables-horror/horror", "ofd-einvoice")
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"real files are not at {REAL}")

# Kind, and either the reason for the refusal or the tables: name, row of the header, rows, columns.
EXPECTED: dict[str, tuple[str, str | list[tuple[str, int | None, int, int]]]] = {
    "calamine-sheets/tests/any_sheets.ods": ("ods", [("Visible", None, 4, 2)]),
    "calamine-sheets/tests/any_sheets.xls": ("xls", [("Visible", None, 4, 2)]),
    "calamine-sheets/tests/any_sheets.xlsb": ("xlsb", [("Visible", None, 4, 2)]),
    "calamine-sheets/tests/any_sheets.xlsx": ("xlsx", [("Visible", None, 4, 2)]),
    "calamine-sheets/tests/date.ods": ("ods", [("Sheet1", None, 4, 2)]),
    "calamine-sheets/tests/date.xls": ("xls", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date.xlsb": ("xlsb", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date.xlsx": ("xlsx", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date_1904.xls": ("xls", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date_1904.xlsb": ("xlsb", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date_1904.xlsx": ("xlsx", [("Sheet1", None, 3, 2)]),
    "calamine-sheets/tests/date_iso.xlsx": ("xlsx", [("Sheet", None, 6, 1)]),
    "calamine-sheets/tests/errors.xlsx": ("xlsx", [("Feuil1", None, 7, 1)]),
    "calamine-sheets/tests/header-row.xlsx": ("xlsx", [("Sheet1", 9, 1, 4)]),
    "calamine-sheets/tests/inventory-table.xlsx": ("xlsx", [("Sheet1", 1, 4, 3)]),
    "calamine-sheets/tests/issue_594_dos.ods": ("ods", "too_large"),
    "calamine-sheets/tests/merge_cells.xls": ("xls", [("Sheet1", 1, 1, 3)]),
    "calamine-sheets/tests/merge_cells.xlsx": ("xlsx", [("Sheet1", 1, 1, 3)]),
    "calamine-sheets/tests/merged_range.xls": ("xls", [("Sheet1", 1, 2, 7), ("Sheet2", 1, 2, 5)]),
    "calamine-sheets/tests/merged_range.xlsx": ("xlsx", [("Sheet1", 1, 2, 7), ("Sheet2", 1, 2, 5)]),
    "calamine-sheets/tests/no-header.xlsx": ("xlsx", [("Feuille 1", None, 2, 2)]),
    "calamine-sheets/tests/number_rows_repeated.ods": ("ods", [("Sheet1", 1, 4, 2), ("Sheet2", 2, 4, 2), ("Sheet3", 3, 4, 2)]),
    "calamine-sheets/tests/pass_protected.ods": ("ods", "wrong_password"),
    "calamine-sheets/tests/pass_protected.xlsb": ("encrypted-office", "wrong_password"),
    "calamine-sheets/tests/pass_protected.xlsx": ("encrypted-office", "wrong_password"),
    "calamine-sheets/tests/special_cells.ods": ("ods", [("sheet1", 1, 4, 1)]),
    "calamine-sheets/tests/temperature-table.xlsx": ("xlsx", [("Sheet1", 1, 2, 2), ("Sheet2", 1, 2, 2)]),
    "calamine-sheets/tests/too_small.xls": ("csv", "no_table"),
    "calamine-sheets/tests/whitespace_trim.xlsx": ("xlsx", [("inlineStr", 1, 1, 3), ("SharedStrings", 1, 1, 3)]),
    "messytables-horror/horror/blank_line.ods": ("ods", [("Sheet1", 1, 3, 3)]),
    "messytables-horror/horror/complex.csv": ("csv", [("", 1, 3, 4)]),
    "messytables-horror/horror/complex.html": ("html", [("", 1, 2, 1)]),
    "messytables-horror/horror/encrypted_no_password.xls": ("encrypted-office", [("simple.csv", 1, 6, 3)]),
    "messytables-horror/horror/example.tsv": ("csv", [("", 1, 140, 17)]),
    "messytables-horror/horror/excel_pasting.csv": ("csv", [("", 4, 14, 9)]),
    "messytables-horror/horror/null.csv": ("csv", [("", None, 10, 4)]),
    "messytables-horror/horror/rowcolspan.html": ("html", [("", None, 10, 5)]),
    "messytables-horror/horror/simple.psv": ("csv", [("", 1, 28, 6)]),
    "messytables-horror/horror/simple.ssv": ("csv", [("", 1, 6, 3)]),
    "messytables-horror/horror/simple.unknown": ("empty", "empty_file"),
    "messytables-horror/horror/simple.xls": ("xls", [("simple.csv", 1, 6, 3)]),
    "messytables-horror/horror/simple.zip": ("zip", [("simple.csv", 1, 6, 3)]),
    "messytables-horror/horror/skip_initials.csv": ("csv", [("", 1, 2, 2)]),
    "messytables-horror/horror/small.csv": ("csv", "no_table"),
    "messytables-horror/horror/span_rich.xls": ("xls", [("Sheet1", 1, 5, 4)]),
    "messytables-horror/horror/spanish_chars.csv": ("csv", [("", 1, 114, 8)]),
    "ofd-einvoice/ofdrw-converter/src/test/resources/draw_param_ref.ofd": ("ofd", [("发票", 1, 1, 19), ("发票明细", 1, 100, 12)]),
    "ofd-einvoice/ofdrw-converter/src/test/resources/发票示例.ofd": ("ofd", [("发票", 1, 1, 19), ("发票明细", 1, 3, 12)]),
}
ZIPPED = {"xlsx", "xlsb", "ods", "ofd", "zip"}


def test_no_file_is_left_out() -> None:
    files = {path.relative_to(REAL).as_posix() for folder in FOLDERS for path in (REAL / folder).rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith((".txt", ".md"))} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_tables_or_a_refusal(name: str) -> None:
    kind, expected = EXPECTED[name]
    read = read_blind((REAL / name).read_bytes(), Path(name).name)
    assert read.kind == kind
    if isinstance(expected, str):
        assert (read.held, read.tables) == (expected, ())
        assert REASONS[expected].fix.zh and REASONS[expected].fix.en
    else:
        assert read.held is None
        assert [(t.name, t.header_row, t.rows.num_rows, t.rows.num_columns - 1) for t in read.tables] == expected


@pytest.mark.parametrize("name", sorted(name for name, (kind, _) in EXPECTED.items() if kind in ZIPPED))
def test_what_is_zipped_can_be_taken_apart(name: str) -> None:
    found = list(unpack((REAL / name).read_bytes(), name, kind="zip"))
    assert found and not [file.member for file in found if file.refused]


def test_the_invoice_carries_its_data() -> None:
    """The reader of invoices goes on from here: the data lies in the container as an attachment."""
    name = next(name for name in EXPECTED if name.endswith("发票示例.ofd"))
    members = {file.member: file for file in unpack((REAL / name).read_bytes(), name, kind="zip")}
    assert len(members) == 16
    assert members["Doc_0/Attachs/original_invoice.xml"].kind == "xml"


def test_a_workbook_under_a_known_password() -> None:
    content = (REAL / "calamine-sheets/tests/pass_protected.xlsx").read_bytes()
    opened = list(unpack(content, "x.xlsx", ("no", "123")))
    assert [(file.kind, file.refused) for file in opened] == [("xlsx", "")]
    assert [file.refused for file in unpack(content, "x.xlsx", ("no",))] == ["wrong_password"]
