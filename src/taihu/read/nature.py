"""What a cell looks like (a number, a date, a code, words), and whether a row of another width still stands under its header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from taihu.formats.error_cells import ERROR_CELLS
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid

_DATE = re.compile(r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}|\d{8}(?:\d{6})?|\d{1,2}:\d{2}")
_WHOLE_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?: \d{1,2}:\d{2}(?::\d{2})?)?")
_CODE = re.compile(r"[A-Za-z]{0,4}\d{4,}|\S*\*{2,}\S*")
_MOSTLY = 0.9
_LEAST = 3


def is_value(cell: Cell) -> bool:
    """A number, date or code: what stands in data and not in a header."""
    return cell is not None and nature(cell) != "words"


def nature(cell: str) -> str:
    """``number``, ``date``, ``code``, ``error`` or ``words``."""
    if cell in ERROR_CELLS:
        return "error"
    if _DATE.match(cell):
        return "date"
    if control.number(cell) is not None:
        return "number"
    return "code" if _CODE.fullmatch(cell) else "words"


def is_remark(cell: str) -> bool:
    """Whether a cell that stands alone in its row is a remark: a bare number, date or code is a row whose other cells are empty."""
    return control.number(cell) is None and not _CODE.fullmatch(cell) and not _WHOLE_DATE.fullmatch(cell)


def natures(grid: Grid, rows: Sequence[int], width: int) -> list[str | None]:
    """The nature that nearly all cells of each column have; None where there is none."""
    found: list[str | None] = []
    for column in range(width):
        cells = [grid.rows[n][column] for n in rows if column < len(grid.rows[n])]
        counts = Counter(nature(cell) for cell in cells if cell is not None)
        usual, count = counts.most_common(1)[0] if counts else ("", 0)
        found.append(usual if count >= max(_LEAST, _MOSTLY * counts.total()) else None)
    return found


def contradicts(row: Sequence[Cell], columns: Sequence[str | None]) -> bool:
    """Whether two or more cells of a row are of another nature than their columns."""
    cells = zip(row, columns, strict=False)
    return sum(1 for cell, usual in cells if cell is not None and usual is not None and nature(cell) != usual) > 1


def conforms(row: Sequence[Cell], columns: Sequence[str | None]) -> bool:
    """Whether no cell of a row contradicts its column, and the columns of more than half of its cells speak for it."""
    cells = [(cell, usual) for cell, usual in zip(row, columns, strict=False) if cell is not None]
    told = [(nature(cell), usual) for cell, usual in cells if usual is not None]
    return len(told) > len(cells) / 2 and all(seen == usual for seen, usual in told)
