"""What calamine does not tell of a workbook: which cells show an error, which formulas were never computed, the merged ranges of
xlsb and ods, the hidden rows of xlsb (those of other kinds: :mod:`taihu.read.hidden_parts`).

Read from the bytes of each format, and only as much of them as is needed.
"""

from __future__ import annotations

import contextlib
import html
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from taihu.core.errors import ContentRefused
from taihu.formats.compound import open_compound
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import open_zip, read_member
from taihu.read.columns import one_binary

Cell = tuple[int, int]
_MOST_PART = 256 << 20
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_ERROR = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*\bt="e"[^>]*>(?:<f\b.*?(?:/>|</f>))?<v>([^<]*)</v>', re.DOTALL)
_EMPTY_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*><f\b[^>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"', re.DOTALL)
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_MARKING = frozenset({0x85, 0x809, 0x205, 0x06, 0x206, 0x406})
_MARKING_BINARY = frozenset({0, 3, 11, 156, 176})
_MARKED_ODS = re.compile(rb'columns-spanned="|value-type="error"|table:formula="')


@dataclass
class Marks:
    """Places in one sheet, 0-based: rows and columns."""

    errors: dict[Cell, str] = field(default_factory=dict)
    uncomputed: list[Cell] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] | None = None


def marks_of(content: bytes, kind: str, names: Sequence[str], sheets_xml: Mapping[str, bytes]) -> dict[str, Marks]:
    """The marks of each sheet that has any.

    Args:
        content: The workbook.
        kind: ``xlsx``, ``xlsb``, ``xls`` or ``ods``.
        names: Of all its sheets, in their order.
        sheets_xml: Of an xlsx: the XML of its sheets by member.

    Raises:
        ContentRefused: ``damaged_file``.
    """
    try:
        if kind == "xls":
            return dict(zip(names, _xls_marks(content), strict=False))
        if kind == "ods":
            return _ods_marks(_member(content, "content.xml"))
        members = sheet_members(content, kind)
        if kind == "xlsb":
            return {name: _xlsb_marks(_member(content, member)) for name, member in members.items()}
        return {name: _xlsx_marks(sheets_xml[member]) for name, member in members.items() if _may_be_marked(sheets_xml.get(member, b""))}
    except (*BROKEN_ARCHIVE, IndexError, ValueError, struct.error) as error:
        raise ContentRefused("damaged_file", f"not a readable {kind} workbook ({type(error).__name__})") from None


def _member(content: bytes, name: str) -> bytes:
    with open_zip(content) as archive:
        return read_member(archive, archive.getinfo(name), _MOST_PART) if name in archive.namelist() else b""


def sheet_members(content: bytes, kind: str) -> dict[str, str]:
    """Sheet name to the archive member that holds it."""
    book = "workbook.bin" if kind == "xlsb" else "workbook.xml"
    targets = {}
    for relation in _RELATION.findall(_member(content, f"xl/_rels/{book}.rels")):
        ident, target = re.search(rb'\bId="([^"]*)"', relation), re.search(rb'\bTarget="([^"]*)"', relation)
        if ident and target:
            path = target[1].decode()
            targets[ident[1].decode()] = path.lstrip("/") if path.startswith("/") else f"xl/{path}"
    if kind == "xlsb":
        sheets = [_bundled(body) for kind_, body in _binary_records(_member(content, "xl/workbook.bin")) if kind_ == 156]
    else:
        found = _SHEET.findall(_member(content, "xl/workbook.xml"))
        sheets = [(ident.decode(), html.unescape(name.decode())) for name, ident in found]
    return {name: targets.get(ident, "") for ident, name in sheets}


def _may_be_marked(xml: bytes) -> bool:
    """Whether a sheet may hold errors or formulas, in one pass over it."""
    suspicious = pc.any(pc.match_substring_regex(one_binary(xml), rb't="e"|<f')).as_py()
    return bool(suspicious and (b't="e"' in xml or _EMPTY_FORMULA.search(xml))) or not _is_usual(xml)


def _is_usual(xml: bytes) -> bool:
    """Whether cells are written as Excel writes them: without a prefix, with their address first."""
    return b"<c r=" in xml or (b":c " not in xml and b"<c " not in xml)


def _xlsx_marks(xml: bytes) -> Marks:
    if not _is_usual(xml):
        scanned: Marks = _parsed(xml, _XlsxScan())
        return scanned
    marks = Marks()
    for found in _ERROR.finditer(xml):
        marks.errors[int(found[2]) - 1, _column(found[1])] = found[3].decode()
    marks.uncomputed = [(int(found[2]) - 1, _column(found[1])) for found in _EMPTY_FORMULA.finditer(xml)]
    return marks


def _column(letters: bytes) -> int:
    index = 0
    for byte in letters:
        index = index * 26 + byte - 64
    return index - 1


def _parsed(xml: bytes, scan: Any) -> Any:
    """What a scan has found when the XML is through."""
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = scan.start, scan.end, scan.text
    parser.EntityDeclHandler = _refuse_entities
    parser.buffer_text = True
    with contextlib.suppress(expat.ExpatError):
        # The reader itself says what it makes of XML that is not well-formed.
        parser.Parse(xml, True)
    return scan.found


def _refuse_entities(*_: object) -> None:
    raise ContentRefused("damaged_file", "the XML declares entities")


class _XlsxScan:
    """A sheet whose elements have a prefix, or whose cells and rows do not say where they stand."""

    def __init__(self) -> None:
        self.found = Marks()
        self._row = self._at = -1
        self._kind, self._shown, self._formula = "", "", False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row, self._at = int(attributes.get("r", self._row + 2)) - 1, -1
        elif name == "c":
            letters = attributes.get("r", "").rstrip("0123456789").encode()
            self._at = _column(letters) if letters else self._at + 1
            self._kind, self._shown, self._formula = attributes.get("t", ""), "", False
        elif name == "f":
            self._formula, self._shown = True, ""
        elif name == "v":
            self._shown = ""

    def text(self, text: str) -> None:
        self._shown += text

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "f":
            self._shown = ""
        elif name == "c" and self._kind == "e":
            self.found.errors[self._row, self._at] = self._shown.strip()
        elif name == "c" and self._formula and not self._shown.strip():
            self.found.uncomputed.append((self._row, self._at))


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Records of BIFF that may carry a mark: place, kind and content."""
    at, head = 0, struct.Struct("<HH")
    while at + 4 <= len(stream):
        kind, size = head.unpack_from(stream, at)
        if kind in _MARKING:
            yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _xls_marks(content: bytes) -> list[Marks]:
    """The marks of the sheets of an old workbook, in the order of its directory of sheets."""
    try:
        with open_compound(content) as ole:
            name = next(name for name in ("Workbook", "Book") if ole.exists(name))
            stream = ole.openstream(name).read()
    except (ValueError, OSError, StopIteration):
        return []
    starts: list[int] = []
    by_start: dict[int, Marks] = {}
    marks = Marks()
    for at, kind, body in _records(stream):
        if kind == 0x85 and len(body) >= 4:
            starts.append(int.from_bytes(body[:4], "little"))
        elif kind == 0x809:
            marks = by_start.setdefault(at, Marks())
        elif kind == 0x205 and len(body) >= 8 and body[7]:
            marks.errors[struct.unpack_from("<HH", body)] = _ERRORS.get(body[6], "#N/A")
        elif kind in (0x06, 0x206, 0x406) and len(body) >= 16:
            _mark_formula(marks, body)
    return [by_start.get(start, Marks()) for start in starts]


def _mark_formula(marks: Marks, body: bytes) -> None:
    """A formula's last result: an error, or nothing yet (zero, and to be computed when the file is opened)."""
    place = struct.unpack_from("<HH", body)
    if body[12:14] == b"\xff\xff":
        if body[6] == 2:
            marks.errors[place] = _ERRORS.get(body[8], "#N/A")
    elif body[14] & 2 and not any(body[6:14]):
        marks.uncomputed.append(place)


def _binary_records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """Records of xlsb that may carry a mark: kind and content."""
    at = 0
    while at + 2 <= len(part):
        kind, at = part[at], at + 1
        if kind & 0x80:
            kind, at = (kind & 0x7F) | (part[at] & 0x7F) << 7, at + 1
        size = shift = 0
        while at < len(part):
            byte, at = part[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        if kind in _MARKING_BINARY:
            yield kind, part[at : at + size]
        at += size


def _bundled(body: bytes) -> tuple[str, str]:
    """Relation and name of a sheet."""
    length = int.from_bytes(body[8:12], "little") * 2
    ident = body[12 : 12 + length].decode("utf-16-le", errors="replace")
    rest = body[12 + length :]
    return ident, rest[4 : 4 + int.from_bytes(rest[:4], "little") * 2].decode("utf-16-le", errors="replace")


def _xlsb_marks(part: bytes) -> Marks:
    marks, row = Marks(merged=[]), -1
    for kind, body in _binary_records(part):
        if kind == 0 and len(body) >= 12:
            row = int.from_bytes(body[:4], "little")
            if body[11] & 0x10:
                marks.hidden.append(row)
        elif kind in (3, 11) and len(body) >= 9:
            marks.errors[row, int.from_bytes(body[:4], "little")] = _ERRORS.get(body[8], "#N/A")
        elif kind == 176 and len(body) >= 16 and marks.merged is not None:
            top, bottom, left, right = struct.unpack_from("<LLLL", body)
            marks.merged.append((top, left, bottom, right))
    return marks


def _ods_marks(xml: bytes) -> dict[str, Marks]:
    found: dict[str, Marks] = _parsed(xml, _OdsScan()) if _MARKED_ODS.search(xml) else {}
    return found


class _OdsScan:
    """The sheets of an OpenDocument, with its repeated rows and cells."""

    def __init__(self) -> None:
        self.found: dict[str, Marks] = {}
        self._marks = Marks()
        self._row = self._at = 0
        self._rows = self._cells = 1
        self._cell: Mapping[str, str] = {}
        self._shown = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "table:table":
            self._marks = self.found[attributes.get("table:name", "")] = Marks(merged=[])
            self._row = 0
        elif tag == "table:table-row":
            self._rows, self._at = _count(attributes, "table:number-rows-repeated"), 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._cells, self._cell, self._shown = _count(attributes, "table:number-columns-repeated"), attributes, ""

    def text(self, text: str) -> None:
        self._shown += text

    def end(self, tag: str) -> None:
        if tag == "table:table-row":
            self._row += self._rows
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._mark()
            self._at += self._cells

    def _mark(self) -> None:
        down, across = _count(self._cell, "table:number-rows-spanned"), _count(self._cell, "table:number-columns-spanned")
        if down * across > 1 and self._marks.merged is not None:
            self._marks.merged.append((self._row, self._at, self._row + down - 1, self._at + across - 1))
        if "table:formula" not in self._cell:
            return
        shown = self._shown.strip()
        if self._cell.get("calcext:value-type") == "error" or shown.startswith(("#", "Err:")):
            self._marks.errors[self._row, self._at] = shown
        elif "office:value-type" not in self._cell:
            self._marks.uncomputed.append((self._row, self._at))


def _count(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, int(text[:9])) if text.isdecimal() else 1
