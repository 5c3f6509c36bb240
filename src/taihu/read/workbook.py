"""Workbooks of all generations (xlsx, xlsb, xls, ods) as grids, by calamine; what calamine hides is read from the XML."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.errors import ContentRefused
from taihu.core.types import Note
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import open_zip, read_member
from taihu.read.columns import Cell, ColumnRows, canonical_texts
from taihu.read.grid import Grid
from taihu.read.hidden_parts import mark_hidden
from taihu.read.limits import MAX_CELLS, check_workbook

_ERROR = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*\bt="e"[^>]*>(?:<f\b.*?(?:/>|</f>))?<v>([^<]*)</v>', re.DOTALL)
_EMPTY_FORMULA = re.compile(rb'<c r="([A-Z]{1,3}\d+)"[^>]*><f\b[^>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_SHEET = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"', re.DOTALL)
_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_MOST_POSITIONS = 20
_MOST_PARTS = 64 << 20
_BLOCK = 8192


def read_workbook(content: bytes, kind: str) -> list[Grid]:
    """All worksheets with cells, hidden ones too, each as a grid.

    Raises:
        ContentRefused: ``damaged_file``, ``too_large`` or ``wrong_password``.
    """
    import python_calamine as calamine

    try:
        sheets_xml = check_workbook(content, kind)
        book = calamine.load_workbook(io.BytesIO(content))
        with book:
            grids = [_grid(book, name) for name in book.sheet_names if not _is_chart(calamine, book, name)]
            shown = {sheet.name: sheet.visible == calamine.SheetVisibleEnum.Visible for sheet in book.sheets_metadata}
    except calamine.PasswordError:
        raise ContentRefused("wrong_password", "the workbook is protected by a password") from None
    except (calamine.CalamineError, *BROKEN_ARCHIVE) as error:
        raise _refused(content, kind, error) from None
    except BaseException as error:
        # A panic of the Rust library is no Exception; it means that the file made no sense to it.
        if type(error).__name__ != "PanicException":
            raise
        raise ContentRefused("damaged_file", f"not a readable {kind} workbook (panic)") from None
    _amend(content, grids, sheets_xml)
    hiding = {member: xml for member, xml in sheets_xml.items() if b" hidden=" in xml}
    members = _sheet_members(content) if hiding else {}
    mark_hidden(content, kind, grids, {name: hiding[member] for name, member in members.items() if member in hiding}, shown)
    return grids


def _refused(content: bytes, kind: str, error: Exception) -> ContentRefused:
    if kind == "ods" and b"manifest:encryption-data" in _member(content, "META-INF/manifest.xml"):
        return ContentRefused("wrong_password", "the workbook is protected by a password")
    return ContentRefused("damaged_file", f"not a readable {kind} workbook ({type(error).__name__})")


def _is_chart(calamine: object, book: object, name: str) -> bool:
    worksheet = calamine.SheetTypeEnum.WorkSheet  # type: ignore[attr-defined]
    return any(sheet.name == name and sheet.typ != worksheet for sheet in book.sheets_metadata)  # type: ignore[attr-defined]


def _grid(book: object, name: str) -> Grid:
    sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]
    if (sheet.total_height + 1) * (sheet.total_width + 1) > MAX_CELLS:
        raise ContentRefused("too_large", f"a sheet of {sheet.total_height:,} rows and {sheet.total_width:,} columns")
    rows = _rows(sheet)
    merged = sheet.merged_cell_ranges
    ranges = None if merged is None else [(a[0], a[1], b[0], b[1]) for a, b in merged]
    return Grid(name=name, rows=rows, lines=range(1, len(rows) + 1), sheet=name, merged=ranges)


def _rows(sheet: Any) -> ColumnRows:
    """The cells of a sheet from A1 on, taken over a block of rows at a time."""
    if sheet.start is None:
        return ColumnRows([], 0)
    blocks: list[list[pa.Array]] = []
    count, rows = 0, sheet.iter_rows()
    while block := list(itertools.islice(rows, _BLOCK)):
        count += len(block)
        blocks.append([canonical_texts(cells) for cells in zip(*block, strict=True)])
    before = [pa.chunked_array([pa.nulls(count, pa.string())])] * sheet.start[1]
    return ColumnRows([*before, *map(pa.chunked_array, zip(*blocks, strict=True))], count)


def _amend(content: bytes, grids: list[Grid], sheets_xml: Mapping[str, bytes]) -> None:
    """Error cells (calamine gives them as empty) get their text back; formulas never computed are noted."""
    suspicious = {
        member: xml for member, xml in sheets_xml.items() if _is_suspicious(xml) and (b't="e"' in xml or _EMPTY_FORMULA.search(xml))
    }
    if not suspicious:
        return
    members = _sheet_members(content)
    for grid in grids:
        xml = suspicious.get(members.get(grid.name, ""))
        if xml is None:
            continue
        errors: dict[int, dict[int, Cell]] = {}
        for found in _ERROR.finditer(xml):
            _put(errors, grid, found[1].decode(), int(found[2]), found[3].decode())
            grid.notes.append(Note("error_cell", f"{grid.sheet}!{found[2].decode()}", found[1].decode()))
        if errors:
            grid.put(errors)
        for found in list(_EMPTY_FORMULA.finditer(xml))[:_MOST_POSITIONS]:
            grid.notes.append(Note("formula_without_value", f"{grid.sheet}!{found[1].decode()}"))


def _is_suspicious(xml: bytes) -> bool:
    """Whether a sheet holds errors or formulas; one pass instead of two."""
    return bool(pc.any(pc.match_substring_regex(pa.array([xml], pa.large_binary()), rb't="e"|<f')).as_py())


def _put(cells: dict[int, dict[int, Cell]], grid: Grid, column: str, row: int, text: str) -> None:
    index = 0
    for char in column:
        index = index * 26 + ord(char) - 64
    if row <= len(grid.rows):
        cells.setdefault(index - 1, {})[row - 1] = text


def _sheet_members(content: bytes) -> dict[str, str]:
    """Sheet name to the archive member that holds it."""
    import html

    targets = {}
    for relation in _RELATION.findall(_member(content, "xl/_rels/workbook.xml.rels")):
        ident, target = re.search(rb'\bId="([^"]*)"', relation), re.search(rb'\bTarget="([^"]*)"', relation)
        if ident and target:
            path = target[1].decode()
            targets[ident[1]] = path.lstrip("/") if path.startswith("/") else f"xl/{path}"
    sheets = _SHEET.findall(_member(content, "xl/workbook.xml"))
    return {html.unescape(name.decode()): targets.get(ident, "") for name, ident in sheets}


def _member(content: bytes, name: str) -> bytes:
    try:
        with open_zip(content) as archive:
            return read_member(archive, archive.getinfo(name), _MOST_PARTS)
    except BROKEN_ARCHIVE:
        return b""
