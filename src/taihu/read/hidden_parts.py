"""Which rows, columns and sheets a workbook hides: its reader gives all cells alike, the marks are read from the file itself.

Rows and columns of xlsx, xls and ods; hidden sheets of all kinds. (Rows of xlsb: :mod:`taihu.read.workbook_marks`.)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence

from taihu.formats.compound import open_compound
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import open_zip, read_member
from taihu.read.grid import Grid

_ROW = re.compile(rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_COLUMN = re.compile(rb'<col\b(?=[^>]*\bhidden="(?:1|true)")(?=[^>]*\bmin="(\d+)")(?=[^>]*\bmax="(\d+)")')
_ODS = re.compile(rb"<table:table\s([^>]*)>|<table:table-row\b([^>]*)>|<table:table-column\b([^>]*)>")
_ODS_GONE = re.compile(rb'table:visibility="(?:collapse|filter)"')
_ODS_NAME = re.compile(rb'table:name="([^"]*)"')
_ODS_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d{1,7})"')
_MOST_XML = 512 << 20
_MOST_COLUMNS = 16_384
_HEAD = struct.Struct("<HH")
_SHEET, _END, _ROW_RECORD, _COLUMN_RECORD = 0x0085, 0x000A, 0x0208, 0x007D


def mark_hidden(content: bytes, kind: str, grids: Sequence[Grid], sheets: Mapping[str, bytes], shown: Mapping[str, bool]) -> None:
    """Set what is hidden on each grid.

    Args:
        content: The workbook.
        kind: Its kind.
        grids: Its sheets.
        sheets: Sheet name to its XML (xlsx).
        shown: Sheet name to whether the sheet is shown.
    """
    for grid in grids:
        grid.is_hidden = not shown.get(grid.name, True)
    if kind == "xlsx":
        for grid in grids:
            xml = sheets.get(grid.name, b"")
            if b" hidden=" in xml:
                grid.hidden_rows = frozenset(int(number) - 1 for number in _ROW.findall(xml))
                spans = [(int(low) - 1, min(int(high), _MOST_COLUMNS)) for low, high in _COLUMN.findall(xml)]
                grid.hidden_columns = frozenset(n for low, high in spans for n in range(low, high))
        return
    marks = dict(_of_ods(content) if kind == "ods" else _of_xls(content) if kind == "xls" else ())
    for grid in grids:
        grid.hidden_rows, grid.hidden_columns = marks.get(grid.name, (frozenset(), frozenset()))


Marks = tuple[frozenset[int], frozenset[int]]


def _of_ods(content: bytes) -> Iterator[tuple[str, Marks]]:
    import html

    with open_zip(content) as archive:
        xml = read_member(archive, archive.getinfo("content.xml"), _MOST_XML)
    if b"table:visibility=" not in xml:
        return
    name, row, column = "", 0, 0
    rows, columns = set[int](), set[int]()
    for found in _ODS.finditer(xml):
        if found[1] is not None:
            yield name, (frozenset(rows), frozenset(columns))
            title = _ODS_NAME.search(found[1])
            name, row, column = html.unescape(title[1].decode()) if title else "", 0, 0
            rows, columns = set(), set()
            continue
        attributes = found[2] if found[2] is not None else found[3]
        times = int(repeated[1]) if (repeated := _ODS_REPEATED.search(attributes)) else 1
        gone = _ODS_GONE.search(attributes) is not None
        if found[2] is not None:
            rows.update(range(row, row + min(times, 1 << 20)) if gone else ())
            row += times
        else:
            columns.update(range(column, column + min(times, _MOST_COLUMNS)) if gone else ())
            column += times
    yield name, (frozenset(rows), frozenset(columns))


def _of_xls(content: bytes) -> Iterator[tuple[str, Marks]]:
    try:
        with open_compound(content) as ole:
            book = next(name for name in ("Workbook", "Book") if ole.exists(name))
            stream = ole.openstream(book).read()
    except (ValueError, OSError, StopIteration, *BROKEN_ARCHIVE):
        return
    for kind, body in _records(stream, 0):
        if kind == _SHEET and len(body) >= 8:
            start, count = int.from_bytes(body[:4], "little"), body[6]
            text = body[8:]
            name = text[: count * 2].decode("utf-16-le", "replace") if body[7] & 1 else text[:count].decode("latin-1")
            yield name, _marks_of_sheet(stream, start)


def _marks_of_sheet(stream: bytes, start: int) -> Marks:
    rows, columns = set[int](), set[int]()
    for kind, body in _records(stream, start):
        if kind == _ROW_RECORD and len(body) >= 14 and body[12] & 0x20:
            rows.add(int.from_bytes(body[:2], "little"))
        elif kind == _COLUMN_RECORD and len(body) >= 10 and body[8] & 1:
            first, last = _HEAD.unpack_from(body)
            columns.update(range(first, min(last, 255) + 1))
    return frozenset(rows), frozenset(columns)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of a part of an old workbook, up to its end."""
    while at + 4 <= len(stream):
        kind, size = _HEAD.unpack_from(stream, at)
        if kind == _END:
            return
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size
