"""Tables in HTML pages and SpreadsheetML 2003, both of which travel as ``.xls``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.core.types import Note
from taihu.read.grid import Cell, Grid, Merged, canonical, clean_text, letter
from taihu.read.limits import MAX_CELLS

_SPAN_LIMIT = 1000
_MOST_SPANNED = 1_000_000
_SPREADSHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"


def read_html(text: str) -> list[Grid]:
    """Every table of a page that holds no other table, spans expanded: a spanned cell's text stands in its first place."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    grids: list[Grid] = []
    tables = tree.css("table")
    frames = {_frame_of(table) for table in tables}
    for table in tables:
        if table.mem_id in frames:
            continue
        rows, merged = _table(table)
        if any(cell is not None for row in rows for cell in row):
            grids.append(Grid(name="", rows=rows, lines=range(1, len(rows) + 1), merged=merged))
    if len(grids) > 1:
        for number, grid in enumerate(grids, start=1):
            grid.name = grid.sheet = f"table {number}"
    return grids


def _frame_of(table: Any) -> int:
    """Identity of the nearest table around this one; 0 if there is none."""
    around = table.parent
    while around is not None and around.tag != "table":
        around = around.parent
    return 0 if around is None else int(around.mem_id)


def _table(table: Any) -> tuple[list[list[Cell]], list[Merged]]:
    rows: list[list[Cell]] = []
    merged: list[Merged] = []
    taken: dict[tuple[int, int], bool] = {}
    lines = table.css("tr")
    for number, row in enumerate(lines):
        cells: list[Cell] = []
        column = 0
        for cell in row.iter():
            if cell.tag not in ("td", "th"):
                continue
            while taken.pop((number, column), False):
                cells.append(None)
                column += 1
            across, down = _span(cell, "colspan"), min(_span(cell, "rowspan"), len(lines) - number)
            cells.append(clean_text(cell.text(deep=True, separator=" ")))
            cells.extend([None] * (across - 1))
            if len(taken) + across * down > _MOST_SPANNED:
                raise ContentRefused("too_large", "a table of too many cells")
            for later in range(1, down):
                for offset in range(across):
                    taken[(number + later, column + offset)] = True
            if across > 1 or down > 1:
                merged.append((number, column, number + down - 1, column + across - 1))
            column += across
        while taken.pop((number, column), False):
            cells.append(None)
            column += 1
        rows.append(cells)
        if len(rows) * max(1, column) > MAX_CELLS:
            raise ContentRefused("too_large", "a table of too many cells")
    return rows, merged


def _span(cell: Any, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    digits = re.match(r"\s*(\d{1,6})", value)
    return min(max(1, int(digits[1])), _SPAN_LIMIT) if digits else 1


def read_spreadsheetml(content: bytes) -> list[Grid]:
    """Worksheets of SpreadsheetML 2003, with ``ss:Index`` gaps and merged cells.

    Raises:
        ContentRefused: ``damaged_file``.
    """
    import xml.etree.ElementTree as ElementTree

    if b"<!ENTITY" in content[:4096]:
        raise ContentRefused("damaged_file", "the XML declares entities")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ContentRefused("damaged_file", f"not well-formed XML ({error})") from None
    return [_worksheet(sheet) for sheet in root.iter(f"{_SPREADSHEET}Worksheet")]


def _worksheet(sheet: Any) -> Grid:
    rows: list[list[Cell]] = []
    merged: list[Merged] = []
    hidden: list[int] = []
    notes: list[Note] = []
    name = sheet.get(f"{_SPREADSHEET}Name", "")
    for row in sheet.iter(f"{_SPREADSHEET}Row"):
        wanted = int(row.get(f"{_SPREADSHEET}Index", len(rows) + 1))
        if wanted > MAX_CELLS // 10:
            raise ContentRefused("too_large", f"a sheet of {wanted:,} rows")
        while len(rows) < wanted - 1:
            rows.append([])
        cells: list[Cell] = []
        if row.get(f"{_SPREADSHEET}Hidden") == "1":
            hidden.append(len(rows))
        for column, value, across, down, reason in _cells(row):
            if column > 16_384:
                raise ContentRefused("too_large", f"a sheet of {column:,} columns")
            cells.extend([None] * (column - len(cells)))
            cells.append(value)
            if reason:
                notes.append(Note(reason, f"{name}!{len(rows) + 1}", letter(column)))
            if across or down:
                merged.append((len(rows), column, len(rows) + down, column + across))
        rows.append(cells)
    return Grid(name=name, rows=rows, lines=range(1, len(rows) + 1), sheet=name, merged=merged, notes=notes, hidden_rows=frozenset(hidden))


def _cells(row: Any) -> Iterator[tuple[int, Cell, int, int, str]]:
    """Column, text, how many cells it covers to the right and below, and what is wrong with it."""
    column = 0
    for cell in row.findall(f"{_SPREADSHEET}Cell"):
        column = int(cell.get(f"{_SPREADSHEET}Index", column + 1)) - 1
        data = cell.find(f"{_SPREADSHEET}Data")
        value = None if data is None else _typed("".join(data.itertext()), data.get(f"{_SPREADSHEET}Type", "String"))
        kind = "" if data is None else data.get(f"{_SPREADSHEET}Type", "")
        uncomputed = cell.get(f"{_SPREADSHEET}Formula") is not None and value is None and kind != "String"
        across = int(cell.get(f"{_SPREADSHEET}MergeAcross", 0))
        reason = "error_cell" if kind == "Error" else "formula_without_value" if uncomputed else ""
        yield column, value, across, int(cell.get(f"{_SPREADSHEET}MergeDown", 0)), reason
        column += 1 + across


def _typed(text: str, kind: str) -> Cell:
    if kind == "Number":
        try:
            return canonical(float(text))
        except ValueError:
            return clean_text(text)
    if kind == "Boolean":
        return "true" if text.strip() == "1" else "false"
    if kind == "DateTime":
        return clean_text(text.replace("T00:00:00.000", "").replace("T", " ").removesuffix(".000"))
    return clean_text(text)
