"""Workbooks of all generations (xlsx, xlsb, xls, ods) as grids, by calamine; what calamine hides is read from the XML."""

from __future__ import annotations

import gc
import io
import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from taihu.core.errors import ContentRefused
from taihu.core.types import Note
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import open_zip, read_member
from taihu.read.columns import Cell, ColumnRows, canonical_texts
from taihu.read.grid import Grid, letter
from taihu.read.hidden_parts import mark_hidden
from taihu.read.limits import MAX_CELLS, check_workbook
from taihu.read.regular_sheet import Irregular, hollowed, is_regular, regular_rows, told
from taihu.read.workbook_marks import Marks, marks_of, sheet_members

# Of each column.
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
        try:
            found = by_arrow(content, sheets_xml)
        except (Irregular, calamine.CalamineError):
            found = _by_calamine(content)
    except calamine.PasswordError:
        raise ContentRefused("wrong_password", "the workbook is protected by a password") from None
    except (calamine.CalamineError, *BROKEN_ARCHIVE) as error:
        raise _refused(content, kind, error) from None
    except BaseException as error:
        # A panic of the Rust library is no Exception; it means that the file made no sense to it.
        if type(error).__name__ != "PanicException":
            raise
        raise ContentRefused("damaged_file", f"not a readable {kind} workbook (panic)") from None
    hiding = {member: xml for member, xml in sheets_xml.items() if b" hidden=" in xml}
    members = sheet_members(content, kind) if hiding else {}
    mark_hidden(content, kind, found.grids, {name: hiding[member] for name, member in members.items() if member in hiding}, found.shown)
    _amend(found.grids, marks_of(content, kind, found.names, {each: xml for each, xml in sheets_xml.items() if each not in found.regular}))
    return found.grids


@dataclass(frozen=True, slots=True)
class Opened:
    """The sheets with cells, the names of all, which of them are shown, and the members whose cells Arrow took apart."""

    grids: list[Grid]
    names: list[str]
    shown: dict[str, bool]
    regular: Collection[str] = ()


def by_arrow(content: bytes, sheets_xml: Mapping[str, bytes]) -> Opened:
    """A workbook with regular sheets, whose cells are not left to calamine.

    Raises:
        Irregular: It has none, or one that is not as it seemed.
        CalamineError: It is damaged.
    """
    import python_calamine as calamine

    regular = {member: xml for member, xml in sheets_xml.items() if is_regular(xml)}
    if not regular:
        raise Irregular
    asking, shared = hollowed(content, sheets_xml, list(regular))
    members = sheet_members(content, "xlsx")
    with calamine.load_workbook(io.BytesIO(asking)) as book:
        by_member = {members.get(name, ""): name for name in book.sheet_names}
        if not by_member.keys() >= regular.keys() or len(by_member) < len(book.sheet_names):
            raise Irregular
        answers = told([book.get_sheet_by_name(by_member[member]) for member in regular], shared)
        return _opened(book, {by_member[member]: regular_rows(xml, answers) for member, xml in regular.items()}, regular)


def _by_calamine(content: bytes) -> Opened:
    import python_calamine as calamine

    with calamine.load_workbook(io.BytesIO(content)) as book:
        return _opened(book, {}, ())


def _opened(book: Any, rows: Mapping[str, ColumnRows], regular: Collection[str]) -> Opened:
    import python_calamine as calamine

    sheets = book.sheets_metadata
    charts = {sheet.name for sheet in sheets if sheet.typ != calamine.SheetTypeEnum.WorkSheet}
    grids = [_grid(book.get_sheet_by_name(name), name, rows.get(name)) for name in book.sheet_names if name not in charts]
    shown = {sheet.name: sheet.visible == calamine.SheetVisibleEnum.Visible for sheet in sheets}
    return Opened(grids, list(book.sheet_names), shown, regular)


def _refused(content: bytes, kind: str, error: Exception) -> ContentRefused:
    if kind == "ods" and b"manifest:encryption-data" in _member(content, "META-INF/manifest.xml"):
        return ContentRefused("wrong_password", "the workbook is protected by a password")
    return ContentRefused("damaged_file", f"not a readable {kind} workbook ({type(error).__name__})")


def _grid(sheet: Any, name: str, rows: ColumnRows | None) -> Grid:
    if (sheet.total_height + 1) * (sheet.total_width + 1) > MAX_CELLS:
        raise ContentRefused("too_large", f"a sheet of {sheet.total_height:,} rows and {sheet.total_width:,} columns")
    rows = _rows(sheet) if rows is None else rows
    merged = sheet.merged_cell_ranges
    ranges = None if merged is None else [(a[0], a[1], b[0], b[1]) for a, b in merged]
    return Grid(name=name, rows=rows, lines=range(1, len(rows) + 1), sheet=name, merged=ranges)


def _rows(sheet: Any) -> ColumnRows:
    """The cells of a sheet from A1 on, taken over a block of rows at a time."""
    if sheet.start is None:
        return ColumnRows([], 0)
    blocks: list[list[pa.Array]] = []
    count, rows = 0, sheet.iter_rows()
    collects = gc.isenabled()
    # Lists of plain values have no cycles; looking for some takes a tenth of the time.
    gc.disable()
    try:
        while block := list(itertools.islice(rows, _BLOCK)):
            count += len(block)
            blocks.append([canonical_texts(cells) for cells in zip(*block, strict=True)])
    finally:
        if collects:
            gc.enable()
    before = [pa.chunked_array([pa.nulls(count, pa.string())])] * sheet.start[1]
    return ColumnRows([*before, *map(pa.chunked_array, zip(*blocks, strict=True))], count)


def _amend(grids: Sequence[Grid], marks: Mapping[str, Marks]) -> None:
    """Error cells (calamine gives them as empty) get their text back; formulas never computed are noted."""
    for grid in grids:
        mark = marks.get(grid.name)
        if mark is None:
            continue
        grid.merged = mark.merged if grid.merged is None else grid.merged
        errors: dict[int, dict[int, Cell]] = {}
        for (row, column), text in mark.errors.items():
            if row < len(grid.rows):
                errors.setdefault(column, {})[row] = text
        if errors:
            grid.put(errors)
        for reason, places in (("error_cell", list(mark.errors)), ("formula_without_value", mark.uncomputed)):
            counts: Counter[int] = Counter()
            for row, column in places:
                counts[column] += 1
                if row < len(grid.rows) and counts[column] <= _MOST_POSITIONS:
                    grid.notes.append(Note(reason, grid.position(row), letter(column)))
        if mark.hidden:
            grid.hidden_rows = frozenset(mark.hidden)


def _member(content: bytes, name: str) -> bytes:
    try:
        with open_zip(content) as archive:
            return read_member(archive, archive.getinfo(name), _MOST_PARTS)
    except BROKEN_ARCHIVE:
        return b""
