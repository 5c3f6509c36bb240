"""Delimited texts as grids: the record's physical line is kept, the number of its fields too, nothing is dropped."""

from __future__ import annotations

import csv
import io
import re

from taihu.core.errors import ContentRefused
from taihu.read.dialect import Dialect, find_dialect
from taihu.read.fixed import runs_over, split_fixed
from taihu.read.grid import Grid, clean_text

_FIELD_LIMIT = 1 << 20
# Stands for a delimiter that is a character of its cell; no text has it.
_SHIELD = "\ufdd0"
_MOST_LINES_A_RECORD = 200


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
    rows, lines, widths = _records(text, dialect)
    return Grid(name="", rows=rows, lines=lines, is_text=True, widths=widths)


def _fixed(text: str, starts: tuple[int, ...], *, found: bool) -> Grid:
    """Where the columns were found, a line of words that runs over their places is no row: it is one cell."""
    parts = [
        [] if not line.strip() else [line] if found and runs_over(line, starts) else split_fixed(line, starts)
        for line in re.split(r"\r\n|\r|\n", text)
    ]
    rows = [[clean_text(part) for part in row] for row in parts]
    return Grid(name="", rows=rows, lines=range(1, len(rows) + 1), is_text=True, widths=[len(starts) for _ in rows])


def _records(text: str, dialect: Dialect) -> tuple[list[list[str | None]], list[int], list[int]]:
    csv.field_size_limit(_FIELD_LIMIT)
    delimiter = dialect.delimiter
    if dialect.escapes:
        # Only quotes are escaped: any other backslash is a character of the cell (a path, say).
        text = text.replace('\\"', '""')
    shielded = f"\\{delimiter}" if dialect.shields else ""
    if shielded:
        text = text.replace(shielded, _SHIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=dialect.quote, skipinitialspace=delimiter != " ")
    rows: list[list[str | None]] = []
    lines: list[int] = []
    widths: list[int] = []
    line = 1
    try:
        for record in reader:
            rows.append([clean_text(field.replace(_SHIELD, delimiter) if shielded else field) for field in record])
            lines.append(line)
            widths.append(len(record))
            if reader.line_num - line >= _MOST_LINES_A_RECORD:
                raise ContentRefused("damaged_file", f"a quote opened on line {line} is not closed", where=str(line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ContentRefused("damaged_file", f"line {line}: {error}", where=str(line)) from None
    if rows and reader.line_num > lines[-1] and _is_open(text, lines[-1], dialect.quote):
        raise ContentRefused("damaged_file", f"a quote opened on line {lines[-1]} is not closed", where=str(lines[-1]))
    return rows, lines, widths


def _is_open(text: str, line: int, quote: str) -> bool:
    """Whether the record that begins on this line has an odd number of quotes up to the end of the text."""
    return "".join(text.splitlines(keepends=True)[line - 1 :]).count(quote) % 2 == 1
