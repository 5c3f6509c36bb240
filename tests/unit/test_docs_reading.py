"""The pictures of docs/reading.md: every sheet that is drawn there is read by the layout below it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import xlsxwriter

from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.manifest.strict import parse
from taihu.read import read_file

PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
PICTURES = re.findall(r"```sheet *([^\n]*)\n(.*?)```\n```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
# Tables, rows of all of them and totals that agree, in the order of the page.
EXPECTED = [(1, 2, 2), (1, 1, 0), (2, 2, 4), (2, 3, 0), (1, 1, 0), (1, 1, 0), (1, 1, 0), (1, 1, 0), (1, 5, 0), (1, 2, 0), (1, 3, 6)]
EXPECTED += [(1, 2, 3), (1, 2, 1), (1, 3, 2)]


def _book(name: str, picture: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet(name or "Sheet1")
        for line in picture.splitlines()[1:]:
            number, *cells = (part.strip() for part in line.split("|"))
            for column, cell in enumerate(cells):
                if re.fullmatch(r"[\d.]+", cell):
                    page.write_number(int(number) - 1, column, float(cell))
                elif cell:
                    page.write_string(int(number) - 1, column, cell)
    return buffer.getvalue()


def test_the_page_has_a_picture_for_every_expectation() -> None:
    assert len(PICTURES) == len(EXPECTED)


@pytest.mark.parametrize(("number", "expected"), list(enumerate(EXPECTED)))
def test_picture(number: int, expected: tuple[int, int, int]) -> None:
    name, picture, text = PICTURES[number]
    layouts = {f"layout_{n}": parse(LayoutFile, part, "reading.md") for n, part in enumerate(text.split("---\n"))}
    read = read_file(_book(name, picture), "a.xlsx", read=Read.model_validate({"as": "excel"}), layouts=layouts)
    assert read.held is None, read.held_detail
    totals = [total for table in read.tables for total in table.totals]
    assert (len(read.tables), sum(table.rows.num_rows for table in read.tables), len(totals)) == expected
    assert all(total.agrees for total in totals)
