"""Limits that are checked before memory is taken: hostile and broken files declare sizes that no laptop has."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Mapping

import pyarrow.compute as pc

from taihu.core.errors import ContentRefused
from taihu.formats.compound import OLE_MAGIC, open_compound
from taihu.formats.zip_directory import MAX_ENTRIES, open_zip, overlapping, prove_member, read_member
from taihu.read.columns import one_binary

MAX_CELLS = 20_000_000
# From here on a sheet must hold a cell for every so many places: what people's stray cells make is less empty than that.
_SPARSE_FROM = 2_000_000
_MOST_EMPTY = 2_000
MAX_EXPANDED = 1 << 30
MAX_WORKBOOK = 512 << 20
MAX_MAIL = 128 << 20
MAX_RATIO = 200
RATIO_FROM = 64 << 20
MAX_MEMBERS = MAX_ENTRIES
MAX_DEPTH = 4

_CELL = re.compile(rb"[<:]c\s")
_CELL_PLACE = re.compile(rb"[<:]c\s(?:[^<>]*?\s)?r\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ROW_PLACE = re.compile(rb"[<:]row\s(?:[^<>]*?\s)?r\s*=\s*[\"'](\d{1,7})[\"']")
# What stands beyond columns Z, AZ, CZ, IZ and ZZ, each with the number of columns up to there.
_BEYOND = (
    ("[A-Z]{2}", 26),
    ("[B-Z][A-Z]|A[A-Z]{2}", 52),
    ("[D-Z][A-Z]|[A-C][A-Z]{2}", 104),
    ("[J-Z][A-Z]|[A-I][A-Z]{2}", 260),
    ("[A-Z]{3}", 702),
)
_COUNTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*>\s*)?<(?:\w+:)?sst\b([^>]*)>")
_UNIQUE = re.compile(rb'uniqueCount\s*=\s*["\'](\d+)')
# The record that begins the list of texts of an xlsb: its type, its size, then how often texts are used and how many there are.
_BINARY_STRINGS = b"\x9f\x01\x08"
_RECORD = struct.Struct("<HH")
_BEGINNING, _STRINGS = 0x0809, 0x00FC
_OLD_COLUMNS = 256
# Blank, number, label, boolean or error, formula, rich string, RK, label of the list; and those that hold several columns.
_RANGE_RECORDS = frozenset({0x00BD, 0x00BE})
_CELL_RECORDS = _RANGE_RECORDS | {
    0x0001,
    0x0002,
    0x0003,
    0x0004,
    0x0005,
    0x0006,
    0x0201,
    0x0203,
    0x0204,
    0x0205,
    0x0206,
    0x0406,
    0x00D6,
    0x027E,
    0x00FD,
}
_REPEATED_ROWS = re.compile(rb"<table:table-row\b([^>]*)>(.*?)(?=<table:table-row\b|</table:table>)", re.DOTALL)
_REPEATED_CELLS = re.compile(rb"<table:(?:covered-)?table-cell\b([^>]*?)(/?)>")
_ROWS_COUNT = re.compile(rb'number-rows-repeated="(\d+)"')
_CELLS_COUNT = re.compile(rb'number-columns-repeated="(\d+)"')


def check_expansion(archive: zipfile.ZipFile, most: int = MAX_EXPANDED) -> None:
    """Refuse an archive that says it expands too far; what it really expands to is counted again while reading.

    Raises:
        ContentRefused: ``too_large``.
    """
    infos = archive.infolist()
    expanded = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos) or 1
    if len(infos) > MAX_MEMBERS or expanded > most or (expanded > RATIO_FROM and expanded / packed > MAX_RATIO):
        raise ContentRefused("too_large", f"{len(infos)} members that expand to {expanded:,} bytes")


def check_workbook(content: bytes, kind: str) -> dict[str, bytes]:
    """Refuse a workbook whose declared cells would not fit into memory; gives the XML of its sheets by member name.

    The XML is handed back because error cells and formulas without values can only be seen there. Every other member is expanded
    once without being kept: the reader of workbooks believes the sizes that the archive states.

    Raises:
        ContentRefused: ``too_large``.
        zipfile.BadZipFile: The archive lies about a member, or is damaged.
    """
    if kind == "xls":
        _check_biff(content)
    if kind not in ("xlsx", "xlsb", "ods"):
        return {}
    sheets: dict[str, bytes] = {}
    cells = 0
    with open_zip(content) as archive:
        check_expansion(archive, MAX_WORKBOOK)
        infos = archive.infolist()
        if overlapping(infos):
            raise ContentRefused("too_large", "members of the archive overlap")
        if len({info.filename for info in infos}) != len(infos):
            raise zipfile.BadZipFile("two members have one name")
        for info in infos:
            if kind == "ods" and info.filename == "content.xml":
                _check_ods(read_member(archive, info, MAX_WORKBOOK))
            elif kind == "xlsb" and info.filename.startswith("xl/worksheets/") and info.filename.endswith(".bin"):
                cells += _check_binary_sheet(read_member(archive, info, MAX_WORKBOOK))
            elif kind == "xlsx" and info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                sheets[info.filename] = read_member(archive, info, MAX_WORKBOOK)
            else:
                _check_counts(prove_member(archive, info), info.file_size)
    _check_sheets(sheets)
    _check_total(cells)
    return sheets


def _check_span(rows: int, columns: int, cells: int) -> int:
    """The room that a sheet takes; refuse one that is too large, or that a few cells far apart blow up."""
    room = rows * columns
    if room > MAX_CELLS or (room > _SPARSE_FROM and room > _MOST_EMPTY * cells):
        raise ContentRefused("too_large", f"a sheet of {rows:,} rows and {columns:,} columns")
    return room


def _check_total(cells: int) -> None:
    if cells > MAX_CELLS:
        raise ContentRefused("too_large", f"a workbook of {cells:,} cells")


def _check_counts(head: bytes, size: int) -> None:
    """Refuse a list of texts that states more entries than its bytes can hold: room for them is taken before the first is read.

    How often the texts are used (``count``, which is larger in every long sheet) costs nothing.
    """
    counts = _COUNTS.match(head)
    stated = [int.from_bytes(head[7:11], "little")] if head.startswith(_BINARY_STRINGS) else []
    stated += [int(number[:12]) for number in _UNIQUE.findall(counts[1])] if counts else []
    if any(number > size for number in stated):
        raise zipfile.BadZipFile("a list states more entries than it can hold")


def _check_sheets(sheets: Mapping[str, bytes]) -> None:
    """Refuse sheets that span too many cells together; where they end exactly is sought only where a bound is too large."""
    bounds = [_bound(xml) for xml in sheets.values()]
    if None not in bounds and sum(bound[0] * bound[1] for bound in bounds if bound) <= _SPARSE_FROM:
        return
    total = 0
    for xml, bound in zip(sheets.values(), bounds, strict=True):
        cells = len(_CELL.findall(xml)) if bound is None else sum(xml.count(mark) for mark in (b"<c ", b":c "))
        try:
            total += _check_span(*(bound or _extent(xml)), cells)
        except ContentRefused:
            total += _check_span(*_extent(xml), cells)
    _check_total(total)


def _bound(xml: bytes) -> tuple[int, int] | None:
    """Rows and columns beyond which no cell stands, found in one pass or a few; None if they are too many for that.

    The last row says how many there are; a pattern shows that no other place in the sheet is further down or to the right.
    """
    last = _ROW_PLACE.search(xml, max(0, xml.rfind(b"<row ")))
    if last is None:
        return None if _CELL_PLACE.search(xml) else (0, 0)
    rows = int(last[1])
    text = one_binary(xml)
    for columns, count in _BEYOND:
        if rows * count > MAX_CELLS:
            return None
        beyond = rf"""\br\s*=\s*["'](?:{columns}|[A-Z]*{_more_than(rows)})"""
        if not pc.any(pc.match_substring_regex(text, beyond.encode())).as_py():
            return rows, count
    return None


def _more_than(number: int) -> str:
    """A pattern for the whole numbers above one, without leading zeros."""
    digits = str(number)
    parts = [rf"[1-9]\d{{{len(digits)},}}"]
    for at, digit in enumerate(digits):
        if digit < "9":
            parts.append(rf"{digits[:at]}[{int(digit) + 1}-9]\d{{{len(digits) - at - 1}}}")
    return f"(?:{'|'.join(parts)})"


def _extent(xml: bytes) -> tuple[int, int]:
    """Rows and columns that the places of cells span."""
    rows, letters = 0, b""
    for found in _CELL_PLACE.finditer(xml):
        rows = max(rows, int(found[2]))
        letters = max(letters, found[1], key=lambda text: (len(text), text))
    columns = 0
    for byte in letters:
        columns = columns * 26 + byte - 64
    return rows, columns


def _check_biff(content: bytes) -> None:
    """Refuse an old workbook whose cells span too much: its reader takes room for all of a sheet between its outermost cells."""
    try:
        with open_compound(content) as ole:
            name = next(name for name in ("Workbook", "Book") if ole.exists(name))
            stream = ole.openstream(name).read()
    except (ValueError, OSError, StopIteration):
        # Where the container cannot be opened, its reader would take room for as many tables as the header states.
        if content.startswith(OLE_MAGIC):
            raise zipfile.BadZipFile("the container cannot be opened") from None
        stream = content
    total, rows, columns, cells, at = 0, 0, 0, 0, 0
    while at + 4 <= len(stream):
        kind, size = _RECORD.unpack_from(stream, at)
        at += 4
        if kind in _CELL_RECORDS and size >= 4:
            row, column = _RECORD.unpack_from(stream, at)
            if kind in _RANGE_RECORDS and size >= 6:
                column = int.from_bytes(stream[at + size - 2 : at + size], "little")
            if column >= _OLD_COLUMNS:
                raise zipfile.BadZipFile("a cell beyond the last column")
            rows, columns, cells = max(rows, row + 1), max(columns, column + 1), cells + 1
        elif kind == _BEGINNING:
            total, rows, columns, cells = total + _check_span(rows, columns, cells), 0, 0, 0
        elif kind == _STRINGS and size >= 8 and int.from_bytes(stream[at + 4 : at + 8], "little") > len(stream):
            raise zipfile.BadZipFile("a list states more entries than it can hold")
        at += size
    _check_total(total + _check_span(rows, columns, cells))


def _check_binary_sheet(content: bytes) -> int:
    """The widest and longest place that the records of an xlsb sheet name; only the heads of the records are read."""
    at, rows, columns, cells = 0, 0, 0, 0
    while at + 2 <= len(content):
        kind = content[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (content[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while at < len(content):
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        if kind <= 11 and size >= 4:
            number = int.from_bytes(content[at : at + 4], "little") + 1
            rows, columns = (max(rows, number), columns) if kind == 0 else (rows, max(columns, number))
            cells += kind != 0
        at += size
    return _check_span(rows, columns, cells)


def _check_ods(xml: bytes) -> None:
    _check_closed(xml)
    if b"-repeated=" not in xml:
        return
    cells = 0
    for row in _REPEATED_ROWS.finditer(xml):
        count = _ROWS_COUNT.search(row[1])
        width, pending, any_value = 0, 0, False
        for cell in _REPEATED_CELLS.finditer(row[2]):
            repeated = _CELLS_COUNT.search(cell[1])
            number = int(repeated[1]) if repeated else 1
            if cell[2] and b"value" not in cell[1]:
                pending += number
                continue
            width, pending, any_value = width + pending + number, 0, True
        cells += width * (int(count[1]) if count else 1) if any_value else 0
        if cells > MAX_CELLS:
            raise ContentRefused("too_large", f"a sheet of more than {cells:,} cells")


def _check_closed(xml: bytes) -> None:
    """Tags that close others than those that are open: what reads the cells would look for the end of the table for ever."""
    from xml.parsers import expat

    if xml[:1] != b"<":
        return  # protected by a password, or nothing that the reader would begin to read
    try:
        expat.ParserCreate().Parse(xml, True)
    except (expat.ExpatError, ValueError) as error:
        raise ContentRefused("damaged_file", f"the sheets are no XML ({error})") from None
