"""Sheets of an xlsx whose XML is proven regular, taken apart by Arrow's kernels instead of one object for each cell.

A pattern over all of a sheet's cells proves that they are written as every program writes them: each with its place, an optional
style and type, and a value of the kind that the type says. Then places, kinds and values are parted at what always stands between
them. What a style or an entry of the shared texts with several runs means is not judged here but asked of calamine, which is given
the same workbook with these cells taken out and questions put in (:func:`hollowed`). Anything else, an error cell or a duration for
example, leaves the workbook to calamine.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from taihu.formats.zip_directory import open_zip, read_member
from taihu.read.columns import ColumnRows, clean_texts, float_texts, one_binary
from taihu.read.grid import column_number
from taihu.read.limits import MAX_WORKBOOK

# A smaller sheet is not worth asking twice.
LEAST = 1 << 20
_BLOCK = 2 << 20
_MOST_COLUMNS = 16_384
_BEGIN, _END = b"<sheetData>", b"</sheetData>"
_TEXT = r"(?:[^<&\x00-\x08\x0b-\x1f]|&(?:amp|lt|gt|quot|apos|#[0-9]{2,7});)+"
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_FORMULA = r"(?:<f(?: [^<>]*)?>(?:[^<]*</f>)?)?"
_FORMS = (
    r"(?: t=\"(?:s|n|b|str|inlineStr)\")?(?: ?/>|></c>)",
    rf"(?: t=\"n\")?>{_FORMULA}<v>{_NUMBER}</v></c>",
    r" t=\"s\"><v>[0-9]{1,7}</v></c>",
    rf" t=\"b\">{_FORMULA}<v>[01]</v></c>",
    rf" t=\"str\">{_FORMULA}<v>{_TEXT}</v></c>",
    rf" t=\"inlineStr\"><is><t(?: xml:space=\"preserve\")?>{_TEXT}</t></is></c>",
)
_CELL = rf"<c r=\"[A-Z]{{1,3}}[1-9][0-9]{{0,6}}\"(?: s=\"[0-9]{{1,5}}\")?(?:{'|'.join(_FORMS)})"
_ROW = r"<row(?: r=\"[1-9][0-9]{0,6}\")?(?: [A-Za-z0-9:]{2,}=\"[^\"<>&]*\")*"
_SHEET = rf"^(?:{_ROW} ?(?:/>|>\n?(?:{_CELL})*</row>)\n?)*$"
_KEEPING_BLANKS = b'<si><t xml:space="preserve">'
_ENTRY = rf"^<si><t>{_TEXT}</t>(?:<phoneticPr [^<>]*/>)?$"
_KIND = re.compile(r'(?: s="(\d+)")?(?: t="(\w+)")? ?')
# Up to fifteen digits: a float that is read from such a text has no shorter one.
_SHORTEST = r"^(?:0|-?(?:[1-9][0-9]{0,14}|(?:0|[1-9][0-9]{0,5})\.[0-9]{0,8}[1-9]))$"
_ESCAPED = "_x[0-9A-Fa-f]{4}_"
_ENTITY = re.compile("&(#?)([a-z0-9]+);")
_NAMED = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
# Days on which everybody agrees: after the 29th of February 1900 that never was, before the end of the calendar.
_FIRST_DAY, _LAST_DAY = 61.0, 2_900_000.0
_DAY = 86_400_000
_ZERO_DAY = dt.datetime(1899, 12, 30)
_ASKED_DAY = 40_000.25
_DAYS_TO_1904 = 1462


class Irregular(Exception):
    """A sheet holds what only calamine reads."""


@dataclass(frozen=True, slots=True)
class Told:
    """What calamine said of a workbook.

    Attributes:
        texts: The shared texts, clean.
        styles: Whether a number of each style is shown as a moment; None where it is neither that nor a number.
        days: What is to be added to the number of a day: not 0 where days are counted from 1904.
    """

    texts: pa.Array
    styles: Sequence[bool | None]
    days: int


def is_regular(xml: bytes) -> bool:
    """Whether every cell of a sheet is written as this module reads it."""
    begin, end = xml.find(_BEGIN), xml.rfind(_END)
    head = xml[: max(begin, 0)]
    if len(xml) < LEAST or begin < 0 or end < begin or b"<!" in head or not _is_utf8(head):
        return False
    return bool(pc.match_substring_regex(one_binary(xml, begin + len(_BEGIN), end), _SHEET)[0].as_py())


def _is_utf8(head: bytes) -> bool:
    declared = re.search(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)""", head)
    return not head.startswith((b"\xff\xfe", b"\xfe\xff")) and (declared is None or declared[1].lower() == b"utf-8")


def hollowed(content: bytes, sheets: Mapping[str, bytes], regular: Sequence[str]) -> tuple[bytes, SharedTexts]:
    """The workbook with questions in place of the cells of its regular sheets, and its shared texts.

    The first cell of each sheet says which one it is; the first sheet shows each style and the shared texts that are more than one run.

    Args:
        content: The workbook.
        sheets: The XML of its sheets by member.
        regular: The members that are regular.
    """
    target = io.BytesIO()
    with open_zip(content) as archive, zipfile.ZipFile(target, "w") as made:
        names = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
        parts = {name: sheets.get(name) or read_member(archive, archive.getinfo(name), MAX_WORKBOOK) for name in names}
        shared = SharedTexts(parts.get("xl/sharedStrings.xml", b""))
        questions = _questions(shared.asked, parts.get("xl/styles.xml", b""))
        for name, part in parts.items():
            if name in regular:
                number = regular.index(name)
                mark = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{number}</t></is></c></row>'
                cells = mark + (questions if number == 0 else "")
                part = part[: part.find(_BEGIN) + len(_BEGIN)] + cells.encode() + part[part.rfind(_END) :]
            made.writestr(name, part)
    return target.getvalue(), shared


def _questions(texts: Sequence[int], styles: bytes) -> str:
    """Rows with some shared texts in the first column and a number of each style in the second."""
    formats = styles.partition(b"<cellXfs")[2].partition(b"</cellXfs>")[0].count(b"<xf")
    rows = []
    for n in range(max(len(texts), formats)):
        text = f'<c r="A{n + 2}" t="s"><v>{texts[n]}</v></c>' if n < len(texts) else ""
        style = f'<c r="B{n + 2}" s="{n}"><v>{_ASKED_DAY}</v></c>' if n < formats else ""
        rows.append(f'<row r="{n + 2}">{text}{style}</row>')
    return "".join(rows)


class SharedTexts:
    """The shared texts of a workbook: those of one run are read here, calamine is asked for the others.

    Attributes:
        asked: The indexes of the others.
    """

    def __init__(self, xml: bytes) -> None:
        if not _is_utf8(xml[:200]) or b"<!" in xml or xml.count(b"<si") != xml.count(b"</si>"):
            raise Irregular
        # A byte of another encoding is refused by the cast, and calamine says so better.
        try:
            entries = pc.split_pattern(one_binary(xml.replace(_KEEPING_BLANKS, b"<si><t>")), "</si>").flatten().cast(pa.string())[:-1]
        except pa.ArrowInvalid:
            raise Irregular from None
        if len(entries):
            # The first one has the beginning of the list before it.
            first = entries[0].as_py()
            entries = pa.concat_arrays([pa.array([first[first.find("<si") :]], pa.string()), entries[1:]])
        plain = pc.and_(pc.match_substring_regex(entries, _ENTRY), pc.invert(pc.match_substring_regex(entries, _ESCAPED)))
        self._is_plain = plain
        self.asked = pc.indices_nonzero(pc.invert(plain)).to_pylist()
        texts = pc.list_element(pc.split_pattern(entries.filter(plain), "</t>", max_splits=1), 0)
        self._plain = _unescaped(pc.utf8_slice_codeunits(texts, len("<si><t>")))

    def with_answers(self, texts: Sequence[str]) -> pa.Array:
        """All of them clean, given those that were asked."""
        if len(texts) != len(self.asked):
            raise Irregular
        order = pc.sort_indices(pc.sort_indices(pc.invert(self._is_plain)))
        return clean_texts(pa.concat_arrays([self._plain, pa.array(texts, pa.string())]).take(order))


def told(sheets: Sequence[Any], shared: SharedTexts) -> Told:
    """The answers to the questions of :func:`hollowed`.

    Args:
        sheets: The regular sheets in their order, as calamine opened them.
        shared: The shared texts.

    Raises:
        Irregular: They are not those that were asked.
    """
    rows = sheets[0].to_python()
    if [[row[0] for row in sheet.to_python(nrows=1)] for sheet in sheets] != [[str(number)] for number in range(len(sheets))]:
        raise Irregular
    texts = [row[0] for row in rows[1 : len(shared.asked) + 1]]
    shown = [row[1] for row in rows[1:] if len(row) > 1 and row[1] != ""]
    days = {round((value - _ZERO_DAY) / dt.timedelta(1) - _ASKED_DAY, 6) for value in shown if isinstance(value, dt.datetime)}
    if not days <= {0, _DAYS_TO_1904} or len(days) > 1:
        raise Irregular
    styles = [isinstance(value, dt.datetime) if isinstance(value, (dt.datetime, float)) else None for value in shown]
    return Told(shared.with_answers(texts), styles, int(max(days, default=0)))


def regular_rows(xml: bytes, told: Told) -> ColumnRows:
    """The cells of a regular sheet from A1 on, taken over a block of rows at a time.

    Raises:
        Irregular: The places are not in order, or a value is none that is read here.
    """
    parts: list[tuple[int, dict[int, pa.Array]]] = []
    count, last = 0, -1
    try:
        for block in _blocks(xml):
            cells = _Cells(block)
            if not cells.count:
                continue
            last = cells.last_after(last)
            parts.append((cells.last_row - count, cells.by_column(count, told)))
            count = cells.last_row
    except (pa.ArrowInvalid, pa.ArrowIndexError):
        raise Irregular from None
    width = max((column for _, columns in parts for column in columns), default=-1) + 1
    empty = [pa.nulls(height, pa.string()) for height, _ in parts]
    columns = [[part.get(n, none) for (_, part), none in zip(parts, empty, strict=True)] for n in range(width)]
    return ColumnRows([pa.chunked_array(chunks, pa.string()) for chunks in columns], count)


def _blocks(xml: bytes) -> Iterator[bytes]:
    """Whole rows, about as many bytes at a time as the processor keeps near."""
    at, end = xml.find(_BEGIN) + len(_BEGIN), xml.rfind(_END)
    while at < end:
        stop = xml.find(b"</row>", at + _BLOCK, end)
        stop = end if stop < 0 else stop + len(b"</row>")
        yield xml[at:stop]
        at = stop


class _Cells:
    """The cells of a block with a value: row (from 1), column (from 0), kind and text of each, sorted as they stand."""

    def __init__(self, block: bytes) -> None:
        heads, rests = _parted(block)
        self.count = len(heads)
        self._values, _ = _halves(rests, "<")
        places, kinds = _halves(heads, '"')
        self._kinds = kinds.dictionary_encode()
        if pc.any(pc.match_substring(self._kinds.dictionary, "<f")).as_py():
            self._kinds = pc.replace_substring_regex(kinds, "><f.*", "").dictionary_encode()
        self._rows = pc.ascii_ltrim(places, "ABCDEFGHIJKLMNOPQRSTUVWXYZ").cast(pa.int64())
        letters = pc.ascii_rtrim(places, "0123456789").dictionary_encode()
        numbers = pa.array(map(column_number, letters.dictionary.to_pylist()), pa.int64())
        self._columns = numbers.take(letters.indices)

    @property
    def last_row(self) -> int:
        return int(self._rows[-1].as_py())

    def last_after(self, last: int) -> int:
        """The place of the last cell as a number; all places must be in order, and after those of the block before."""
        places = pc.add(pc.multiply(self._rows, _MOST_COLUMNS), self._columns)
        in_order = pc.all(pc.greater(places[1:], places[:-1]), min_count=0).as_py()
        if not in_order or places[0].as_py() <= last or pc.max(self._columns).as_py() >= _MOST_COLUMNS:
            raise Irregular
        return int(places[-1].as_py())

    def by_column(self, before: int, told: Told) -> dict[int, pa.Array]:
        """The texts of each column that has any, for all rows after those before."""
        height = self.last_row - before
        order = pc.sort_indices(self._columns)
        values, rows, kinds = self._values.take(order), self._rows.take(order), self._kinds.indices.take(order)
        readers = [_Kind(kind, told) for kind in self._kinds.dictionary.to_pylist()]
        found: dict[int, pa.Array] = {}
        at = 0
        for column, size in _runs(self._columns.take(order)):
            texts = _texts(values.slice(at, size), kinds.slice(at, size), readers)
            if size < height:
                places = pc.index_in(pa.array(range(before + 1, before + height + 1), pa.int64()), value_set=rows.slice(at, size))
                texts = texts.take(places)
            found[column] = texts
            at += size
        return found


def _parted(block: bytes) -> tuple[pa.Array, pa.Array]:
    """For each cell with a value what stands before it (place, style, type, formula), and the value with what follows."""
    cells = pc.split_pattern(one_binary(block), '<c r="').flatten()[1:].cast(pa.binary()).cast(pa.string())
    parts = pc.split_pattern(cells, "><v>", max_splits=1)
    with_value = pc.equal(pc.list_value_length(parts), 2)
    if not pc.all(with_value, min_count=0).as_py():
        if b"<is>" in block:
            # A text in its cell is as good as a value.
            plain = block.replace(b'<is><t xml:space="preserve">', b"<v>").replace(b"<is><t>", b"<v>").replace(b"</t></is>", b"</v>")
            return _parted(plain)
        parts = parts.filter(with_value)
    pairs = pa.FixedSizeListArray.from_arrays(parts.flatten(), 2)
    return pc.list_element(pairs, 0), pc.list_element(pairs, 1)


def _halves(texts: pa.Array, mark: str) -> tuple[pa.Array, pa.Array]:
    """What stands before the first mark in each text, and what after it."""
    pairs = pa.FixedSizeListArray.from_arrays(pc.split_pattern(texts, mark, max_splits=1).flatten(), 2)
    return pc.list_element(pairs, 0), pc.list_element(pairs, 1)


def _runs(columns: pa.Array) -> Iterator[tuple[int, int]]:
    """Each of the sorted numbers, and how often it stands there."""
    runs = pc.run_end_encode(columns)
    before = 0
    for column, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield column, end - before
        before = end


def _texts(values: pa.Array, kinds: pa.Array, readers: Sequence[_Kind]) -> pa.Array:
    present = kinds.unique().to_pylist()
    if len(present) == 1:
        return readers[present[0]].texts(values)
    texts = pa.nulls(len(values), pa.string())
    for kind in present:
        mask = pc.equal(kinds, kind)
        texts = pc.replace_with_mask(texts, mask, readers[kind].texts(values.filter(mask)))
    return texts


class _Kind:
    """Style and type of cells, and how their values become texts."""

    def __init__(self, attributes: str, told: Told) -> None:
        found = _KIND.fullmatch(attributes)
        if found is None:
            raise Irregular
        self._told = told
        self._style = None if found[1] is None else int(found[1])
        self._type = found[2] or "n"

    def texts(self, values: pa.Array) -> pa.Array:
        """The texts of values, as :func:`taihu.read.columns.canonical_texts` gives them of what calamine reads."""
        if self._type == "s":
            return self._told.texts.take(values.cast(pa.int32()))
        if self._type == "b":
            return pc.if_else(pc.equal(values, "1"), "true", "false")
        if self._type != "n":
            return _written_texts(values)
        if self._style is None:
            return _number_texts(values)
        is_moment = self._told.styles[self._style] if self._style < len(self._told.styles) else None
        if is_moment is None:
            raise Irregular
        return _moment_texts(values.cast(pa.float64()), self._told.days) if is_moment else _number_texts(values)


def _written_texts(values: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(values, _ESCAPED)).as_py():
        raise Irregular
    return clean_texts(_unescaped(values))


def _unescaped(texts: pa.Array) -> pa.Array:
    escaped = pc.match_substring(texts, "&")
    if not pc.any(escaped).as_py():
        return texts
    found = texts.filter(escaped).dictionary_encode()
    plain = pa.array([_ENTITY.sub(_character, text) for text in found.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, escaped, plain.take(found.indices))


def _character(entity: re.Match[str]) -> str:
    if not entity[1]:
        return _NAMED[entity[2]]
    number = int(entity[2])
    if number < 32 or 0xD800 <= number < 0xE000 or number > 0x10FFFF:
        raise Irregular
    return chr(number)


def _number_texts(values: pa.Array) -> pa.Array:
    shortest = pc.match_substring_regex(values, _SHORTEST)
    if pc.all(shortest).as_py():
        return values
    others = pc.invert(shortest)
    return pc.replace_with_mask(values, others, float_texts(values.filter(others).cast(pa.float64())))


def _moment_texts(values: pa.Array, days: int) -> pa.Array:
    """Moments to the millisecond, as calamine rounds them; whole days are dates."""
    if not pc.all(pc.and_(pc.greater_equal(values, _FIRST_DAY), pc.less(values, _LAST_DAY))).as_py():
        raise Irregular
    since = pc.add(pc.round(pc.multiply(values, float(_DAY)), round_mode="half_towards_infinity").cast(pa.int64()), days * _DAY)
    moments = pc.add(since, round(_ZERO_DAY.replace(tzinfo=dt.UTC).timestamp() * 1000)).cast(pa.timestamp("ms"))
    whole = pc.equal(pc.floor(values), values)
    if pc.all(whole).as_py():
        return moments.cast(pa.date32()).cast(pa.string())
    seconds = moments.cast(pa.timestamp("s"), safe=False)
    texts = seconds.cast(pa.string())
    exact = pc.equal(seconds.cast(pa.timestamp("ms")), moments)
    if not pc.all(exact).as_py():
        texts = pc.if_else(exact, texts, moments.cast(pa.timestamp("us")).cast(pa.string()))
    return pc.if_else(whole, moments.cast(pa.date32()).cast(pa.string()), texts) if pc.any(whole).as_py() else texts
