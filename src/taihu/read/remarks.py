"""Remarks inside cells (``128.00(已退款12.30)``): their number becomes a column, their text leaves the cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from taihu.manifest.layout import LayoutFile
from taihu.read import totals as control
from taihu.read.columns import Cell, Column
from taihu.read.grid import plain
from taihu.read.header import Header

_NUMBER = r"[¥$]?\s*([-+]?[\d,]+(?:\.\d+)?)"


def take_out_remarks(header: Header, layout: LayoutFile, columns: list[Column]) -> Mapping[str, tuple[int, list[Cell]]]:
    """The columns that a layout makes of remarks: name to the column that they stood in and the numbers found there.

    Args:
        header: Names of the columns.
        layout: Says what the remarks look like.
        columns: Cells by column; those with a remark lose it.
    """
    at = {plain(name): n for n, name in enumerate(header.names) if name}
    found: dict[str, tuple[int, list[Cell]]] = {}
    for name, remark in layout.noted.items():
        column = at.get(plain(remark.in_))
        if column is None:
            found[name] = (0, [None] * len(columns[0] if columns else ()))
            continue
        pattern = _regex(remark.text)
        parted = [_parted(cell, pattern) for cell in columns[column]]
        columns[column] = Column.of([rest for rest, _ in parted])
        found[name] = (column, [number for _, number in parted])
    return found


def _regex(text: str) -> re.Pattern[str]:
    before, _, after = unicodedata.normalize("NFKC", text).partition("{sum}")
    return re.compile(re.escape(before.rstrip("¥$ ")) + r"\s*" + _NUMBER + r"\s*" + re.escape(after.lstrip()))


def _parted(cell: Cell, pattern: re.Pattern[str]) -> tuple[Cell, Cell]:
    """A cell without its remark, and the remark's number as text."""
    if cell is None:
        return None, None
    text = unicodedata.normalize("NFKC", cell)
    match = pattern.search(text)
    if match is None:
        return cell, None
    number = control.number(match[1])
    rest = (text[: match.start()] + text[match.end() :]).strip()
    return rest or None, None if number is None else format(number, "f")
