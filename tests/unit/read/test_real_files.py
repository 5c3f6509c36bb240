"""Workbooks and small horrors of other people's test suites, read without any configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihu.core.types import FileRead
from taihu.read import read_blind

REAL = Path(__file__).parents[4] / "shared" / "real-data"
SHEETS = REAL / "calamine-sheets" / "tests"
HORROR = REAL / "messytables-horror" / "horror"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"real files are not at {REAL}")


def _a1(columns: str, row: int) -> list[str]:
    return [f"{column}{row}" for column in columns]


# File to reason and why it is refused.
REFUSED = {
    "issue_594_dos.ods": ("too_large", "it declares 17,179,869,184 cells"),
    "pass_protected.ods": ("wrong_password", "its password is not known"),
    "pass_protected.xlsb": ("wrong_password", "its password is not known"),
    "pass_protected.xlsx": ("wrong_password", "its password is not known"),
    "too_small.xls": ("no_table", "68 bytes that are no workbook"),
    "simple.unknown": ("empty_file", "it has no bytes"),
    "small.csv": ("no_table", "three letters"),
    "README.md": ("no_table", "prose"),
}


def _read(path: Path) -> FileRead:
    return read_blind(path.read_bytes(), path.name)


def test_only_what_must_be_refused_is_refused() -> None:
    reads = {path.name: _read(path) for folder in (SHEETS, HORROR) for path in sorted(folder.iterdir())}
    assert len(reads) == 29 + 18
    assert {name: read.held for name, read in reads.items() if read.held} == {name: reason for name, (reason, _) in REFUSED.items()}
    assert all(read.tables for name, read in reads.items() if name not in REFUSED)


ERRORS = ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"]
DATES = ["2021-01-01", "2021-01-02", "255:10:10"]
SHEETS_SEEN = [["1", "2"], ["3", "4"], ["5", "6"], ["This workbook contains 4 sheets: Visible, Hidden, VeryHidden and Chart", None]]
SAID_TWICE = [["C", "D"]] * 4
# Name, header row, columns and cells of each table of each workbook that is read; a column without a name is named by its place.
TABLES: dict[str, list[tuple[str, int | None, list[str], list[list[str | None]]]]] = {
    **{
        f"date{epoch}.{suffix}": [("Sheet1", None, ["column_A", "column_B"], [[day, str(n)] for n, day in enumerate(DATES, 15)])]
        for epoch in ("", "_1904")
        for suffix in ("xls", "xlsb", "xlsx")
    },
    "date.ods": [
        (
            "Sheet1",
            None,
            ["column_A", "column_B"],
            [["2021-01-01", "15"], ["2021-01-01 10:10:10", "16"], ["10:10:10", "17"], ["10:10:10.123456", "18"]],
        )
    ],
    **{f"any_sheets.{suffix}": [("Visible", None, ["column_A", "column_B"], SHEETS_SEEN)] for suffix in ("xls", "xlsb", "xlsx", "ods")},
    "date_iso.xlsx": [
        (
            "Sheet",
            None,
            ["column_A"],
            [["2021-01-01"], ["2021-01-01 10:10:10"], ["10:10:10"], ["This workbook contains datetime in ISO 8601"]],
        )
    ],
    "errors.xlsx": [("Feuil1", None, ["column_A"], [[text] for text in ERRORS])],
    "header-row.xlsx": [("Sheet1", 9, ["Columns", "Column A", "Column B", "Column C"], [["put data here", "1", "2", "3"]])],
    "inventory-table.xlsx": [
        (
            "Sheet1",
            1,
            ["Item", "Type", "Quantity"],
            [["1", "Apple", "50"], ["2", "Banana", "200"], ["3", "Orange", "60"], ["4", "Pear", "100"]],
        )
    ],
    **{
        f"merge_cells.{suffix}": [("Sheet1", 1, ["Row Merge", "column_B", "Not Merged"], [["Column Merge", "Chunk Merged", None]])]
        for suffix in ("xls", "xlsx")
    },
    **{
        f"merged_range.{suffix}": [
            ("Sheet1", 1, _a1("ABCEFGH", 1), [_a1("ABCEFGH", 3), _a1("ABCEFGH", 4)]),
            ("Sheet2", 1, _a1("ABCEF", 1), [[None, "B3", "C3", "E3", None], [None, "B4", "C3", "E4", None]]),
        ]
        for suffix in ("xls", "xlsx")
    },
    "no-header.xlsx": [("Feuille 1", None, ["column_A", "column_B"], [["a", "0"], ["b", "1"]])],
    "number_rows_repeated.ods": [(f"Sheet{n}", n, ["A", "B"], SAID_TWICE) for n in (1, 2, 3)],
    "special_cells.ods": [
        (
            "sheet1",
            1,
            ["Split Line"],
            [
                ["Value  With spaces"],
                ["Value   With 3 spaces"],
                ["Value   With spaces before and after"],
                ["Value   With 2 spaces before and after"],
            ],
        )
    ],
    "temperature-table.xlsx": [
        ("Sheet1", 1, ["label", "value"], [["celsius", "22.2222"], ["fahrenheit", "72"]]),
        ("Sheet2", 1, ["label2", "value2"], [["something", "12.5"], ["else", "64"]]),
    ],
    "whitespace_trim.xlsx": [
        ("inlineStr", 1, ["trimmed value", "value with tabs", "clean text"], [["line1\nline2", "line1\nline2", None]]),
        ("SharedStrings", 1, ["trimmed value", "preserved value", "clean text"], [["line1\nline2", "line1\nline2", None]]),
    ],
}


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_of_every_workbook(name: str) -> None:
    read = _read(SHEETS / name)
    assert read.held is None
    seen = []
    for table in read.tables:
        columns = table.rows.column_names[:-1]
        seen.append((table.name, table.header_row, columns, [[row[column] for column in columns] for row in table.rows.to_pylist()]))
    wanted = TABLES[name]
    assert [(*each[:3], each[3][: len(wanted[n][3])]) for n, each in enumerate(seen)] == wanted
    more = [row for n, each in enumerate(seen) for row in each[3][len(wanted[n][3]) :]]
    assert not [row for row in more if any(row)] or name == "date_iso.xlsx", more


def test_no_workbook_is_without_its_cells() -> None:
    names = {path.name for path in SHEETS.iterdir()}
    assert set(TABLES) == names - set(REFUSED) and len(TABLES) == 24


def test_error_cells_keep_their_text() -> None:
    (table,) = _read(SHEETS / "errors.xlsx").tables
    assert table.rows["column_A"].to_pylist()[:3] == ["#DIV/0!", "#NAME?", "#VALUE!"]
    assert {note.reason for note in table.notes} == {"error_cell"}


def test_horrors() -> None:
    csv = _read(HORROR / "complex.csv").tables[0]
    assert csv.rows.to_pylist()[2] == {
        "date": "2011-01-03",
        "another date": None,
        "temperature": "6,000,000",
        "place": "Galway",
        "_src_row": "4",
    }
    spanish = _read(HORROR / "spanish_chars.csv")
    assert (spanish.encoding, spanish.tables[0].rows.column_names[7]) == ("cp1252", "Descripción")
    pasted = _read(HORROR / "excel_pasting.csv").tables[0]
    assert (pasted.header_row, pasted.rows.column_names[:3], pasted.rows["2007"].to_pylist()[0]) == (4, ["Year", "2000", "2001"], "1,751")
    spans = _read(HORROR / "rowcolspan.html").tables[0].rows.to_pylist()
    assert list(spans[3].values())[:5] == [None, "36", None, None, "39"]
    assert _read(HORROR / "null.csv").tables[0].header_row is None
    assert _read(HORROR / "simple.zip").tables[0].rows["_src_row"].to_pylist()[0] == "simple.csv>2"
