"""Limits that are checked before memory is taken: hostile and broken files declare sizes that no laptop has."""

from __future__ import annotations

import re
import zipfile

from taihu.core.errors import ContentRefused
from taihu.formats.zip_directory import MAX_ENTRIES, open_zip, overlapping, prove_member, read_member

MAX_CELLS = 20_000_000
MAX_EXPANDED = 1 << 30
MAX_WORKBOOK = 512 << 20
MAX_MAIL = 128 << 20
MAX_RATIO = 200
RATIO_FROM = 64 << 20
MAX_MEMBERS = MAX_ENTRIES
MAX_DEPTH = 4

_FAR_CELL = re.compile(rb'<c r="(?:[A-Z]{3}\d|[A-Z]{1,2}\d{6})')
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
_LAST_ROW = re.compile(rb'<row [^>]*?\br="(\d{1,7})"')
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
    if kind not in ("xlsx", "xlsb", "ods"):
        return {}
    sheets: dict[str, bytes] = {}
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
                _check_binary_sheet(read_member(archive, info, MAX_WORKBOOK))
            elif kind == "xlsx" and info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                sheets[info.filename] = read_member(archive, info, MAX_WORKBOOK)
            else:
                prove_member(archive, info)
    for xml in sheets.values():
        _check_sheet(xml)
    return sheets


def _check_sheet(xml: bytes) -> None:
    tail = xml.rfind(b"<row ")
    last = _LAST_ROW.match(xml, tail) if tail >= 0 else None
    rows = int(last[1]) if last else 0
    if rows * 702 <= MAX_CELLS and not _FAR_CELL.search(xml):
        return
    widest = longest = 0
    for cell in _CELL.finditer(xml):
        number = 0
        for byte in cell[1]:
            number = number * 26 + byte - 64
        widest, longest = max(widest, number), max(longest, int(cell[2]))
    if widest * max(longest, 1) > MAX_CELLS:
        raise ContentRefused("too_large", f"a sheet of {longest:,} rows and {widest:,} columns")


def _check_binary_sheet(content: bytes) -> None:
    """The widest and longest place that the records of an xlsb sheet name; only the heads of the records are read."""
    at, rows, columns = 0, 0, 0
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
        at += size
    if rows * columns > MAX_CELLS:
        raise ContentRefused("too_large", f"a sheet of {rows:,} rows and {columns:,} columns")


def _check_ods(xml: bytes) -> None:
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
