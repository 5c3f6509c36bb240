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

REFUSED = {
    "issue_594_dos.ods": "too_large",
    "pass_protected.ods": "wrong_password",
    "pass_protected.xlsb": "wrong_password",
    "pass_protected.xlsx": "wrong_password",
    "too_small.xls": "no_table",
    "simple.unknown": "empty_file",
    "small.csv": "no_table",
    "README.md": "no_table",  # prose
}


def _read(path: Path) -> FileRead:
    return read_blind(path.read_bytes(), path.name)


def test_only_what_must_be_refused_is_refused() -> None:
    reads = {path.name: _read(path) for folder in (SHEETS, HORROR) for path in sorted(folder.iterdir())}
    assert len(reads) == 29 + 18
    assert {name: read.held for name, read in reads.items() if read.held} == REFUSED
    assert all(read.tables for name, read in reads.items() if name not in REFUSED)


@pytest.mark.parametrize("name", ["date.ods", "date.xls", "date.xlsb", "date.xlsx", "date_1904.xls", "date_1904.xlsb", "date_1904.xlsx"])
def test_dates_of_both_epochs(name: str) -> None:
    rows = _read(SHEETS / name).tables[0].rows.to_pylist()
    assert rows[0]["column_A"] == "2021-01-01"
    assert [row["column_B"] for row in rows][:3] == ["15", "16", "17"]


@pytest.mark.parametrize("suffix", ["xls", "xlsb", "xlsx", "ods"])
def test_visible_sheet(suffix: str) -> None:
    (table,) = _read(SHEETS / f"any_sheets.{suffix}").tables
    assert (table.name, table.header_row) == ("Visible", None)
    assert [list(row.values()) for row in table.rows.to_pylist()][:2] == [["1", "2", "Visible!1"], ["3", "4", "Visible!2"]]


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
