"""Delimited texts as grids: the record's physical line is kept, the number of its fields too, nothing is dropped."""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from taihu.core.errors import ContentRefused
from taihu.read.columns import Cell, ColumnRows, columns_of_rows
from taihu.read.dialect import Dialect, find_dialect
from taihu.read.fixed import runs_over, split_fixed
from taihu.read.grid import Grid, clean_text
from taihu.read.regular import FIELD_LIMIT, MOST_LINES_A_RECORD, can_be_regular, split_regular

# Stands for a delimiter that is a character of its cell; no text has it.
_SHIELD = "\ufdd0"
# Characters that are split at once; a text of less than the least is not worth the way to Arrow.
_PIECE, _LEAST = 1 << 21, 1 << 14


def read_delimited(text: str, delimiter: str | None = None, columns_at: tuple[int, ...] = ()) -> Grid:
    """One text as a grid.

    Args:
        text: Decoded text; any kind of line end.
        delimiter: What the contract says; found by :func:`taihu.read.dialect.find_dialect` when absent.
        columns_at: Where the columns of a text of fixed width begin, if the contract says so.

    Raises:
        ContentRefused: ``damaged_file`` when a quote is opened and never closed.
    """
    text = text.removeprefix("\ufeff").rstrip("\x1a")
    dialect = Dialect(" ", columns_at=columns_at) if columns_at else find_dialect(text, delimiter)
    if dialect.columns_at:
        return _fixed(text, dialect.columns_at, found=not columns_at)
    if dialect.stated:
        # The line that names the delimiter is no record; its line number stays counted.
        text = re.sub(r"\A[^\r\n]*", "", text, count=1)
    if dialect.escapes:
        # Only quotes are escaped: any other backslash is a character of the cell (a path, say).
        text = text.replace('\\"', '""')
    if dialect.shields:
        text = text.replace(f"\\{dialect.delimiter}", _SHIELD)
    return joined(list(records(_blocks(text), dialect)))


def _blocks(text: str) -> Iterator[str]:
    """Whole lines, so that nothing is left of a block."""
    at = 0
    while at < len(text):
        end = text.find("\n", at + _PIECE - 1) + 1 or len(text)
        yield text[at:end]
        at = end


def _fixed(text: str, starts: tuple[int, ...], *, found: bool) -> Grid:
    """Where the columns were found, a line of words that runs over their places is no row: it is one cell."""
    parts = [
        [] if not line.strip() else [line] if found and runs_over(line, starts) else split_fixed(line, starts)
        for line in re.split(r"\r\n|\r|\n", text)
    ]
    rows = [[clean_text(part) for part in row] for row in parts]
    return Grid(name="", rows=rows, lines=range(1, len(rows) + 1), is_text=True, widths=[len(starts) for _ in rows])


@dataclass(slots=True)
class Records:
    """Consecutive records: by row as the careful reader gives them, or by column.

    Attributes:
        lines: The line on which each begins.
        widths: How many fields each has.
    """

    rows: Sequence[list[Cell]]
    lines: Sequence[int]
    widths: Sequence[int]


def joined(parts: Sequence[Records]) -> Grid:
    """All records of a text as a grid: by column as soon as some of them are."""
    widths = array("i")
    for part in parts:
        widths.extend(part.widths)
    lines = _lines(parts)
    regular = sum(len(part.rows) for part in parts if isinstance(part.rows, ColumnRows))
    if not regular:
        return Grid(name="", rows=[row for part in parts for row in part.rows], lines=lines, is_text=True, widths=widths)
    width = max(widths)
    columns = [columns_of_rows(part.rows, width) for part in parts]
    whole = [pa.chunked_array([chunk for column in each for chunk in column.chunks]) for each in zip(*columns, strict=True)]
    return Grid(name="", rows=ColumnRows(whole, len(lines), widths), lines=lines, is_text=True, widths=widths, regular=regular)


def _lines(parts: Sequence[Records]) -> Sequence[int]:
    """The lines of all records: mostly one after the other."""
    first, count = next((part.lines[0] for part in parts if part.lines), 1), 0
    for part in parts:
        if part.lines != range(first + count, first + count + len(part.lines)):
            return array("q", chain.from_iterable(part.lines for part in parts))
        count += len(part.lines)
    return range(first, first + count)


def records(blocks: Iterable[str], dialect: Dialect, line: int = 1, *, left: list[str] | None = None) -> Iterator[Records]:
    """The records of a text, piece by piece.

    Args:
        blocks: The text in order.
        dialect: How its cells are parted.
        line: The number of its first line.
        left: For a text that goes on elsewhere: gets the lines of a last record that does not end here.

    Raises:
        ContentRefused: ``damaged_file``.
    """
    text = _Text(blocks)
    may_be_regular = can_be_regular(dialect)
    while piece := text.piece():
        regular = split_regular(piece, dialect, line) if may_be_regular and len(piece) >= _LEAST else None
        if regular is None:
            part, line = _careful(piece, text, dialect, line, left)
            yield part
            continue
        text.put_back(piece[regular.size :])
        count, width = len(regular.lines), len(regular.columns)
        rows = ColumnRows([pa.chunked_array([column]) for column in regular.columns], count)
        yield Records(rows, regular.lines, array("i", [width]) * count)
        line += regular.ends


class _Text:
    """A text that is taken off in pieces of whole lines."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = iter(blocks)
        self._rest = ""

    def piece(self) -> str:
        """The next lines, at least as much as a block unless little is left; empty at the end."""
        text, self._rest = self._rest, ""
        while not (len(text) >= _PIECE and "\n" in text):
            block = next(self._blocks, "")
            if not block:
                return text
            text += block
        end = text.rfind("\n") + 1
        self._rest = text[end:]
        return text[:end]

    def put_back(self, text: str) -> None:
        self._rest = text + self._rest


def _careful(piece: str, text: _Text, dialect: Dialect, line: int, left: list[str] | None) -> tuple[Records, int]:
    """The records that begin in a piece, read one by one, and the line after them; the last one may reach over the piece's end."""
    csv.field_size_limit(FIELD_LIMIT)
    delimiter = dialect.delimiter
    rows, lines, widths = list[list[Cell]](), list[int](), list[int]()
    feed = _Feed(piece, text)
    reader = csv.reader(feed, delimiter=delimiter, quotechar=dialect.quote, skipinitialspace=delimiter != " ")
    start = line
    try:
        for record in reader:
            rows.append([clean_text(field.replace(_SHIELD, delimiter) if dialect.shields else field) for field in record])
            lines.append(line)
            widths.append(len(record))
            if start + reader.line_num - 1 - line >= MOST_LINES_A_RECORD:
                raise ContentRefused("damaged_file", f"a quote opened on line {line} is not closed", where=str(line))
            line = start + reader.line_num
            if feed.is_over_piece:
                break
            feed.record = []
    except csv.Error as error:
        raise ContentRefused("damaged_file", f"line {line}: {error}", where=str(line)) from None
    if left is not None and feed.is_ended and feed.record:
        left.extend(feed.record)
        return Records(rows[:-1], lines[:-1], widths[:-1]), lines[-1]
    if feed.is_ended and len(feed.record) > 1 and "".join(feed.record).count(dialect.quote) % 2:
        raise ContentRefused("damaged_file", f"a quote opened on line {lines[-1]} is not closed", where=str(lines[-1]))
    feed.give_back()
    return Records(rows, lines, widths), line


class _Feed:
    """Lines for the careful reader: those of a piece, and as many after it as its last record needs."""

    def __init__(self, piece: str, text: _Text) -> None:
        self._text = text
        self._piece, self._at, self._left = piece, 0, len(piece)
        self._lines = iter(io.StringIO(piece, newline=""))
        self.record: list[str] = []
        self.is_ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self._piece, self._at = self._text.piece(), 0
            self._lines = iter(io.StringIO(self._piece, newline=""))
            self.is_ended = not self._piece
            line = next(self._lines)
        self._at += len(line)
        self._left -= len(line)
        self.record.append(line)
        return line

    @property
    def is_over_piece(self) -> bool:
        return self._left <= 0

    def give_back(self) -> None:
        self._text.put_back(self._piece[self._at :])
