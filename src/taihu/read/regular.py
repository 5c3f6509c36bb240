"""Pieces of a delimited text that every reader of CSV would split alike, split by Arrow's; anything else is left to the careful reader.

A piece is regular when it is proven so before it is split: one kind of line end, no blank line, quotes that only surround whole fields
(doubled inside), and as many fields in every record as in its first. Then Python's reader and Arrow's give the same fields.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from taihu.read.columns import clean_texts, one_binary
from taihu.read.dialect import Dialect

FIELD_LIMIT = 1 << 20
MOST_LINES_A_RECORD = 200
_MOST_OPEN = 100
_FIRST_RECORD = 1 << 16
# What clean_text takes away at the edges of a cell, in UTF-8.
_EDGES = rb"(?:[ \t\x00]|\xc2\xa0|\xe3\x80\x80|\xef\xbb\xbf|\xe2\x80\x8b)"


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of one width: their cells by column, the line on which each begins, how many characters and line ends they were."""

    columns: list[pa.Array]
    lines: Sequence[int]
    size: int
    ends: int


def can_be_regular(dialect: Dialect) -> bool:
    """Whether Arrow knows the characters of a dialect at all."""
    characters = dialect.delimiter + dialect.quote
    return len(characters) == 2 and characters.isascii() and not (dialect.escapes or dialect.shields or dialect.columns_at)


def split_regular(text: str, dialect: Dialect, line: int) -> Piece | None:
    """The records of a piece of text, or None if it is not regular.

    Args:
        text: Whole lines. Records that the piece does not end are left out.
        dialect: Delimiter and quote.
        line: The number of its first line.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return None
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        return None
    quotes = _Quotes(content, dialect) if dialect.quote.encode() in content else None
    if quotes is not None:
        if not quotes.are_regular:
            return None
        content = content[: quotes.end]
    if not content:
        return None
    table = _split(content, dialect, quotes is not None and quotes.hold_lines)
    if table is None:
        return None
    ends = content.count(b"\n")
    count = ends + (not content.endswith(b"\n"))
    holds_lines = quotes is not None and quotes.hold_lines
    lines = quotes.lines(line, count) if quotes is not None and holds_lines else range(line, line + count)
    if len(lines) != table.num_rows or _has_long_record(lines, line + count):
        return None
    columns = [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]
    if any(column.nbytes > FIELD_LIMIT and (pc.max(pc.binary_length(column)).as_py() or 0) > FIELD_LIMIT for column in columns):
        return None
    unclean = _unclean(dialect.delimiter, dialect.quote)
    if holds_lines or pc.match_substring_regex(one_binary(content), unclean)[0].as_py():
        columns = [clean_texts(column) for column in columns]
    return Piece(columns, lines, len(text) if quotes is None or quotes.end >= quotes.size else len(content.decode()), ends)


def _split(content: bytes, dialect: Dialect, holds_lines: bool) -> pa.Table | None:
    from pyarrow import csv as arrow

    head = io.StringIO(content[:_FIRST_RECORD].decode(errors="ignore"), newline="")
    width = len(next(csv.reader(head, delimiter=dialect.delimiter, quotechar=dialect.quote)))
    names = [str(n) for n in range(width)]
    try:
        return arrow.read_csv(
            pa.BufferReader(content),
            read_options=arrow.ReadOptions(column_names=names, use_threads=False, block_size=len(content) + 1),
            parse_options=arrow.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                double_quote=True,
                newlines_in_values=holds_lines,
                # Left out, so that there are less records than lines, and the piece is not regular.
                ignore_empty_lines=True,
            ),
            convert_options=arrow.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None


def _has_long_record(lines: Sequence[int], end: int) -> bool:
    """Whether a record has more lines than the careful reader takes for one."""
    return not isinstance(lines, range) and any(
        following - line > MOST_LINES_A_RECORD for line, following in zip(lines, [*lines[1:], end], strict=True)
    )


@lru_cache(maxsize=64)
def _unclean(delimiter: str, quote: str) -> bytes:
    """A pattern for cells that have blanks around them or begin with ``'`` or ``=``."""
    marks = re.escape(delimiter.encode()) + re.escape(quote.encode())
    return rb"(?:^|[\n" + marks + rb"])(?:" + _EDGES + rb"|['=])|" + _EDGES + rb"(?:$|[\r\n" + marks + rb"])"


class _Quotes:
    """Where quotes stand in a piece of text, and whether they do nothing but surround whole fields."""

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        self.size = self.end = len(content)
        # A line end before and after saves looking for the edges.
        self._bytes = _numbers(b"\n" + content + b"\n")
        self._is_quote = pc.equal(self._bytes, ord(dialect.quote))
        places = pc.indices_nonzero(self._is_quote).cast(pa.int64())
        if len(places) % 2:
            last = places[-2 * _MOST_OPEN + 1 :].to_pylist()
            self.end = _before_open(content, last, are_all=len(last) == len(places))
            places = places.filter(pc.less_equal(places, self.end))
        self.are_regular = len(places) % 2 == 0 and (len(places) == 0 or self._surround_fields(places, dialect))
        self.hold_lines = False
        if self.are_regular and len(places):
            self._inside = self._inside_of(places)
            self.hold_lines = bool(pc.any(self._inside).as_py())

    def _surround_fields(self, places: pa.Array, dialect: Dialect) -> bool:
        pairs = pa.FixedSizeListArray.from_arrays(places, 2)
        opening, closing = pc.list_element(pairs, 0), pc.list_element(pairs, 1)
        edge = pa.array([ord(dialect.delimiter), 10, 13], pa.uint8())
        none = pa.array([-1], pa.int64())
        before = pc.is_in(self._bytes.take(pc.subtract(opening, 1)), value_set=edge)
        after = pc.is_in(self._bytes.take(pc.add(closing, 1)), value_set=edge)
        # A doubled quote is an end and a beginning side by side.
        doubled_before = pc.equal(pc.subtract(opening, 1), pa.concat_arrays([none, closing[:-1]]))
        doubled_after = pc.equal(pc.add(closing, 1), pa.concat_arrays([opening[1:], none]))
        return bool(pc.all(pc.and_(pc.or_(before, doubled_before), pc.or_(after, doubled_after))).as_py())

    def _inside_of(self, places: pa.Array) -> pa.Array:
        """For each line end up to the end of the records, whether it stands inside quotes."""
        self._ends = pc.indices_nonzero(pc.equal(self._bytes[1 : self.end + 1], 10))
        before = pc.cumulative_sum(self._is_quote[1 : self.end + 1].cast(pa.int32())).take(self._ends)
        return pc.equal(pc.bit_wise_and(before, 1), 1)

    def lines(self, line: int, count: int) -> Sequence[int]:
        """The lines on which records begin; ``count`` lines there are."""
        outside = pc.indices_nonzero(pc.invert(self._inside)).to_pylist()
        return [line, *(line + n + 1 for n in outside if n + 1 < count)]


def _numbers(content: bytes) -> Any:
    return pa.UInt8Array.from_buffers(pa.uint8(), len(content), [None, pa.py_buffer(content)])


def _before_open(content: bytes, places: Sequence[int], *, are_all: bool) -> int:
    """The end of the last record before the quote that is not closed; places are those of the last quotes, counted from one."""
    for n in range(len(places) - 1, -1 if are_all else 0, -2):
        at = content.rfind(b"\n", places[n - 1] if n else 0, places[n] - 1)
        if at >= 0:
            return at + 1
    return 0
