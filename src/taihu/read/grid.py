"""A grid of texts: what every format is turned into before a layout or the blind reader looks for tables in it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import Note, Position, StatedTotal
from taihu.read.columns import SPACES, ColumnRows, columns_of_rows, counts_of_rows
from taihu.read.columns import Cell as Cell

Merged = tuple[int, int, int, int]
"""First row, first column, last row, last column; all 0-based and inclusive."""

_WORDS_APART = re.compile(r"[\s\u3000\xa0]+")
_EQUALS_TEXT = re.compile(r'="((?:[^"]|"")*)"')


@dataclass(slots=True)
class Grid:
    """Rows of cell texts; empty cells are None.

    Attributes:
        name: Sheet name, or the archive member's, or empty.
        rows: Lists of cells, or :class:`taihu.read.columns.ColumnRows`; cells are changed by :meth:`put` alone.
        sheet: What positions call the sheet; empty for text files.
        lines: 1-based physical line (text) or row (sheet) of each row.
        merged: Merged ranges, or None when the format does not tell.
        is_text: Whether a row's number of fields means something (a workbook's rows all have the same).
        widths: Number of fields of each row of a text, as it was written.
        notes: What was noticed while the cells were read.
        stated: Control totals that the reader itself compared (an invoice's amount and tax).
        header_at: Index of the header where the format tells it.
        regular: How many rows were split by Arrow (see :mod:`taihu.read.regular`).
        left: Column of the sheet in which the rows begin; not 0 for a part of a sheet.
        hidden_rows: Indexes of the rows that the workbook hides.
        hidden_columns: Indexes of the columns that it hides.
        is_hidden: Whether the whole sheet is hidden.
        sheets: What positions call the sheet of each row, where a table goes on over several (pages).
        outside: Rows that are known to stand outside of the table (headings and numbers of pages).
    """

    name: str
    rows: Sequence[list[Cell]]
    lines: Sequence[int]
    sheet: str = ""
    member: str = ""
    merged: Sequence[Merged] | None = None
    is_text: bool = False
    widths: Sequence[int] = ()
    notes: list[Note] = field(default_factory=list)
    stated: Sequence[StatedTotal] = ()
    header_at: int | None = None
    regular: int = 0
    left: int = 0
    hidden_rows: Collection[int] = frozenset()
    hidden_columns: Collection[int] = frozenset()
    is_hidden: bool = False
    sheets: Sequence[str] = ()
    outside: frozenset[int] = frozenset()

    def position(self, index: int, columns: str = "") -> str:
        """The ``_src_row`` text of a row."""
        sheet = self.sheets[index] if self.sheets else self.sheet
        return Position(self.lines[index], sheet, self.member, columns).text

    def column(self, index: int) -> str:
        """How a column is named in positions: a letter in sheets, a field number in texts."""
        index += self.left
        return letter(index) if self.sheet or not self.is_text else str(index + 1)

    def part(self, top: int, bottom: int, left: int = 0, right: int | None = None) -> Grid:
        """The rows from ``top`` to before ``bottom`` and the columns from ``left`` to before ``right`` as a grid of their own."""
        end = max((len(row) for row in self.rows[top:bottom]), default=0) if right is None else right
        whole = left == 0 and right is None
        inside = [area for area in self.merged or () if area[0] >= top and area[2] < bottom and area[1] >= left and area[3] < end]
        widths = self.widths[top:bottom]
        return replace(
            self,
            rows=self.rows[top:bottom] if whole else [row[left:end] for row in self.rows[top:bottom]],
            lines=self.lines[top:bottom],
            widths=widths if whole else [max(0, min(width, end) - left) for width in widths],
            merged=None if self.merged is None else [(a - top, b - left, c - top, d - left) for a, b, c, d in inside],
            notes=list(self.notes) if top == 0 and left == 0 else [],
            stated=self.stated if top == 0 and left == 0 else (),
            header_at=None,
            left=self.left + left,
            hidden_rows=frozenset(n - top for n in self.hidden_rows if top <= n < bottom),
            hidden_columns=frozenset(n - left for n in self.hidden_columns if left <= n < end),
            sheets=self.sheets[top:bottom],
            outside=frozenset(n - top for n in self.outside if top <= n < bottom),
        )

    def positions(self, indexes: Sequence[int]) -> pa.Array:
        """The ``_src_row`` texts of rows."""
        if self.sheets:
            return pa.array([self.position(index) for index in indexes], pa.string())
        if isinstance(self.lines, range) and len(indexes) and len(indexes) == indexes[-1] - indexes[0] + 1:
            before = pa.scalar(self.lines[indexes[0]] - 1, pa.int64())
            lines = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), len(indexes)), start=before).cast(pa.string())
        else:
            lines = pa.array(self.lines, pa.int64()).take(pa.array(indexes, pa.int64())).cast(pa.string())
        front = Position(0, self.sheet, self.member).text.removesuffix("0")
        return pc.binary_join_element_wise(front, lines, "") if front else lines

    def columns(self, width: int) -> list[pa.ChunkedArray]:
        """The first ``width`` columns."""
        return columns_of_rows(self.rows, width)

    def counts(self) -> pa.ChunkedArray:
        """How many cells of each row hold a value."""
        return counts_of_rows(self.rows)

    @property
    def width(self) -> int:
        """Number of cells of the widest row."""
        return len(self.rows.columns) if isinstance(self.rows, ColumnRows) else max(map(len, self.rows), default=0)

    def width_from(self, index: int) -> int:
        """Number of cells of the widest row from ``index`` on that holds a value."""
        if isinstance(self.rows, ColumnRows) and not self.widths:
            return self.width
        widths = pa.array(self.widths or list(map(len, self.rows)), pa.int32())
        return pc.max(pc.if_else(pc.greater(self.counts(), 0), widths, 0).slice(index)).as_py() or 0

    @property
    def is_blank(self) -> bool:
        if isinstance(self.rows, ColumnRows):
            return all(column.null_count == len(column) for column in self.rows.columns)
        return not any(cell is not None for row in self.rows for cell in row)

    def put(self, cells: Mapping[int, Mapping[int, Cell]]) -> None:
        """Change cells: by the index of their column, then of their row; rows grow where they are too short."""
        if not isinstance(self.rows, ColumnRows):
            for column, changed in cells.items():
                for index, text in changed.items():
                    row = self.rows[index]
                    row.extend([None] * (column + 1 - len(row)))
                    row[column] = text
            return
        columns = self.columns(max(self.width, *(column + 1 for column in cells)))
        for column, changed in cells.items():
            texts = columns[column].to_pylist()
            for index, text in changed.items():
                texts[index] = text
            columns[column] = pa.chunked_array([pa.array(texts, pa.string())])
        self.rows = ColumnRows(columns, len(self.rows))


def letter(index: int) -> str:
    """Spreadsheet letter of a 0-based column."""
    text, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def column_number(letters: str) -> int:
    """0-based column of spreadsheet letters."""
    number = 0
    for char in letters.upper():
        number = number * 26 + ord(char) - 64
    return number - 1


def clean_text(value: str) -> Cell:
    """A text cell without the blanks around it; ``="00123"`` is the text 00123; nothing but blanks is None."""
    text = value.strip(SPACES)
    if text.startswith('="') and (match := _EQUALS_TEXT.fullmatch(text)):
        text = match[1].replace('""', '"').strip(SPACES)
    elif text.startswith("'") and text[1:].isdecimal():
        text = text[1:]
    return text or None


def canonical(value: object) -> Cell:
    """The one text of a typed cell: shortest round-trip numbers, integers without ``.0``, ISO dates, true and false.

    A float of 10^16 and more has lost digits of whatever was typed; it keeps its exponent, so that an id in such a cell is refused.
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return _moment_text(value)


def _float_text(value: float) -> Cell:
    if value != value or value in (float("inf"), float("-inf")):
        return None
    if value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    return text.upper() if abs(value) >= 1e16 else format(Decimal(text), "f")


def _moment_text(value: object) -> Cell:
    if isinstance(value, dt.datetime):
        # Serial day numbers are floats; what is off by less than half a millisecond was meant to be whole.
        rounded = value + dt.timedelta(microseconds=500)
        rounded = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
        return rounded.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
        return f"{sign}{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return clean_text(str(value))


def plain(text: Cell) -> str:
    """A header or label in the form in which it is compared: NFKC, no blanks, one kind of brackets, lower case."""
    return "" if text is None else _plain(text)


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    if text.isascii():
        return "".join(text.split()).lower()
    return _WORDS_APART.sub("", unicodedata.normalize("NFKC", text)).lower()


def one_line(text: Cell) -> str:
    """A header as it is kept: line breaks and runs of blanks become one blank; none between Chinese characters."""
    if text is None:
        return ""
    joined = _WORDS_APART.sub(" ", text).strip()
    return re.sub(r"(?<=[\u2e80-\u9fff\uff00-\uffef]) (?=[\u2e80-\u9fff\uff00-\uffef])", "", joined)


def filled(row: list[Cell]) -> int:
    """Number of cells with a value."""
    return len(row) - row.count(None)


def first_cell(row: Sequence[Cell]) -> str:
    """The first non-empty cell, or an empty text."""
    for cell in row:
        if cell is not None:
            return cell
    return ""
