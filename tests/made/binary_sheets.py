"""Workbooks in the two binary formats of Excel, for which Python has no writer: xls (BIFF8, MS-XLS) and xlsb (MS-XLSB).

Only what a reader needs: texts, numbers, dates, booleans, errors, merged ranges, hidden rows.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Sequence
from decimal import Decimal

from tests.made.compound import compound_file
from tests.made.sheets import Error, Formula, Sheet, Value

_ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}
_GENERAL, _DAY, _STAMP = 0, 1, 2
_FORMATS = (0, 14, 22)
_MOST = 8000


def _serial(value: dt.date, since_1904: bool) -> float:
    start = dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30)
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    return (moment - start) / dt.timedelta(days=1)


def _style(value: Value) -> int:
    return _STAMP if isinstance(value, dt.datetime) else _DAY if isinstance(value, dt.date) else _GENERAL


def xls(sheets: Sequence[Sheet], *, since_1904: bool = False, compound: bool = True) -> bytes:
    """BIFF8 in its OLE container; without it the stream alone, as some old exporters write it."""
    texts: dict[str, int] = {}
    pages = [_xls_sheet(sheet, texts, since_1904) for sheet in sheets]
    head = _record(0x0809, struct.pack("<HHHHLL", 0x600, 5, 0x0DBB, 0x07CC, 0x41, 6)) + _record(0x42, struct.pack("<H", 1200))
    head += _record(0x22, struct.pack("<H", since_1904))
    head += b"".join(_record(0xE0, struct.pack("<HH16x", 0, number)) for number in _FORMATS)
    names = [_unicode(sheet.name, "<B") for sheet in sheets]
    tail = _strings(texts) + _record(0x0A, b"")
    at = len(head) + sum(4 + 6 + len(name) for name in names) + len(tail)
    bounds = b""
    for sheet, name, page in zip(sheets, names, pages, strict=True):
        bounds += _record(0x85, struct.pack("<LBB", at, sheet.is_hidden, 0) + name)
        at += len(page)
    stream = head + bounds + tail + b"".join(pages)
    return compound_file({"Workbook": stream.ljust(4096, b"\0")}) if compound else stream


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _unicode(text: str, count: str) -> bytes:
    wide = any(char > "\xff" for char in text)
    return struct.pack(count, len(text)) + bytes([wide]) + text.encode("utf-16-le" if wide else "latin-1")


def _strings(texts: dict[str, int]) -> bytes:
    """The table of shared texts, continued in further records where it is long."""
    parts, current = [], struct.pack("<LL", len(texts), len(texts))
    for text in texts:
        packed = _unicode(text, "<H")
        if len(current) + len(packed) > _MOST:
            parts.append(current)
            current = b""
        current += packed
    parts.append(current)
    return b"".join(_record(0xFC if n == 0 else 0x3C, part) for n, part in enumerate(parts))


def _xls_sheet(sheet: Sheet, texts: dict[str, int], since_1904: bool) -> bytes:
    width = max((len(row) for row in sheet.rows), default=0)
    out = [_record(0x0809, struct.pack("<HHHHLL", 0x600, 16, 0x0DBB, 0x07CC, 0x41, 6))]
    out.append(_record(0x200, struct.pack("<LLHHH", 0, len(sheet.rows), 0, width, 0)))
    for row, cells in enumerate(sheet.rows):
        out.append(_record(0x208, struct.pack("<HHHHHHL", row, 0, len(cells), 0xFF, 0, 0, 0x120 if row in sheet.hidden else 0x100)))
        for column, value in enumerate(cells):
            if value is not None:
                out.append(_xls_cell(struct.pack("<HHH", row, column, _style(value)), value, texts, since_1904))
    if sheet.merged:
        areas = b"".join(struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in sheet.merged)
        out.append(_record(0xE5, struct.pack("<H", len(sheet.merged)) + areas))
    return b"".join([*out, _record(0x0A, b"")])


def _xls_cell(place: bytes, value: Value, texts: dict[str, int], since_1904: bool) -> bytes:
    if isinstance(value, str):
        return _record(0xFD, place + struct.pack("<L", texts.setdefault(value, len(texts))))
    if isinstance(value, (bool, Error)):
        code = _ERRORS[value.text] if isinstance(value, Error) else int(value)
        return _record(0x205, place + struct.pack("<BB", code, isinstance(value, Error)))
    if isinstance(value, Formula):
        # One that was never computed has zero as its result, and asks to be computed when the file is opened.
        result = struct.pack("<d", float(value.value or 0))
        return _record(0x06, place + result + struct.pack("<HLH", 2 * (value.value is None), 0, 3) + b"\x1e\x01\x00")
    number = _serial(value, since_1904) if isinstance(value, dt.date) else float(value if value is not None else 0)
    return _record(0x203, place + struct.pack("<d", number))


def xlsb(sheets: Sequence[Sheet], *, since_1904: bool = False) -> bytes:
    """The binary twin of xlsx, texts shared."""
    texts: dict[str, int] = {}
    pages = [_xlsb_sheet(sheet, texts, since_1904) for sheet in sheets]
    book = _brt(131) + _brt(153, struct.pack("<LLL", since_1904, 0, 0)) + _brt(143)
    for number, sheet in enumerate(sheets, start=1):
        book += _brt(156, struct.pack("<LL", sheet.is_hidden, number) + _wide(f"rId{number}") + _wide(sheet.name))
    strings = _brt(159, struct.pack("<LL", len(texts), len(texts))) + b"".join(_brt(19, b"\0" + _wide(text)) for text in texts)
    styles = _brt(278) + _brt(617, struct.pack("<L", len(_FORMATS)))
    styles += b"".join(_brt(47, struct.pack("<HH12x", 0, number)) for number in _FORMATS) + _brt(618) + _brt(279)
    parts = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "xl/workbook.bin": book + _brt(144) + _brt(132),
        "xl/sharedStrings.bin": strings + _brt(160),
        "xl/styles.bin": styles,
        "xl/_rels/workbook.bin.rels": _relations(len(sheets)),
        **{f"xl/worksheets/sheet{number}.bin": page for number, page in enumerate(pages, start=1)},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _relations(sheets: int) -> str:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    each = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.bin") for n in range(1, sheets + 1)]
    each += [("rIdS", "sharedStrings", "sharedStrings.bin"), ("rIdT", "styles", "styles.bin")]
    inner = "".join(f'<Relationship Id="{ident}" Type="{kind}/{what}" Target="{target}"/>' for ident, what, target in each)
    return (
        f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'
    )


def _brt(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(content), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 127 else 0)])
        size >>= 7
        if not size:
            return head + length + content


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<L", len(encoded) // 2) + encoded


def _xlsb_sheet(sheet: Sheet, texts: dict[str, int], since_1904: bool) -> bytes:
    width = max((len(row) for row in sheet.rows), default=1)
    out = [_brt(129), _brt(148, struct.pack("<LLLL", 0, max(0, len(sheet.rows) - 1), 0, max(0, width - 1))), _brt(145)]
    for row, cells in enumerate(sheet.rows):
        if any(value is not None for value in cells):
            flags = bytes([0, 0x10 if row in sheet.hidden else 0, 0])
            out.append(_brt(0, struct.pack("<LLH", row, 0, 300) + flags + struct.pack("<L", 0)))
            out += [_xlsb_cell(column, value, texts, since_1904) for column, value in enumerate(cells) if value is not None]
    out.append(_brt(146))
    if sheet.merged:
        areas = b"".join(_brt(176, struct.pack("<LLLL", top, bottom, left, right)) for top, left, bottom, right in sheet.merged)
        out.append(_brt(177, struct.pack("<L", len(sheet.merged))) + areas + _brt(178))
    return b"".join([*out, _brt(130)])


def _xlsb_cell(column: int, value: Value, texts: dict[str, int], since_1904: bool) -> bytes:
    place = struct.pack("<LL", column, _style(value))
    if isinstance(value, str):
        return _brt(7, place + struct.pack("<L", texts.setdefault(value, len(texts))))
    if isinstance(value, Error):
        return _brt(3, place + bytes([_ERRORS[value.text]]))
    if isinstance(value, bool):
        return _brt(4, place + bytes([value]))
    if isinstance(value, Formula):
        assert value.value is not None, "Excel, the only writer of xlsb, computes its formulas"
        return _brt(9, place + struct.pack("<dHLL", float(value.value), 0, 0, 0))
    number = _serial(value, since_1904) if isinstance(value, dt.date) else float(value if value is not None else 0)
    assert not isinstance(value, Decimal) or number == float(value)
    return _brt(5, place + struct.pack("<d", number))
