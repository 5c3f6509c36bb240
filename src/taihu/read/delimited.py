"""Delimited texts as grids: the record's physical line is kept, the number of its fields too, nothing is dropped."""

from __future__ import annotations

import csv
import io
from collections import Counter

from taihu.core.errors import ContentRefused
from taihu.read.grid import Grid, clean_text

DELIMITERS = (",", "\t", ";", "|", "，", "；", "^", "~")
_FIELD_LIMIT = 1 << 20
_MOST_LINES_A_RECORD = 200


def read_delimited(text: str, delimiter: str | None = None) -> Grid:
    """One text as a grid.

    Args:
        text: Decoded text; any kind of line end.
        delimiter: What the contract says; found by :func:`find_delimiter` when absent.

    Raises:
        ContentRefused: ``damaged_file`` when a quote is opened and never closed.
    """
    text = text.removeprefix("\ufeff").rstrip("\x1a")
    used = delimiter or find_delimiter(text)
    rows, lines, widths = _records(text, used)
    return Grid(name="", rows=rows, lines=lines, is_text=True, widths=widths)


def _records(text: str, delimiter: str) -> tuple[list[list[str | None]], list[int], list[int]]:
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    widths: list[int] = []
    line = 1
    try:
        for record in reader:
            rows.append([clean_text(field) for field in record])
            lines.append(line)
            widths.append(len(record))
            if reader.line_num - line >= _MOST_LINES_A_RECORD:
                raise ContentRefused("damaged_file", f"a quote opened on line {line} is not closed", where=str(line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ContentRefused("damaged_file", f"line {line}: {error}", where=str(line)) from None
    if rows and reader.line_num > lines[-1] and _is_open(text, lines[-1]):
        raise ContentRefused("damaged_file", f"a quote opened on line {lines[-1]} is not closed", where=str(lines[-1]))
    return rows, lines, widths


def _is_open(text: str, line: int) -> bool:
    """Whether the record that begins on this line has an odd number of quotes up to the end of the text."""
    return "".join(text.splitlines(keepends=True)[line - 1 :]).count('"') % 2 == 1


def find_delimiter(text: str) -> str:
    """The delimiter that gives the most lines the same number of fields; a comma when nothing separates anything."""
    lines = [line for line in text[: 1 << 18].splitlines() if line.strip()][:400]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        counts = Counter(_separators(line, delimiter) for line in lines)
        counts.pop(0, None)
        if not counts:
            continue
        width, same = max(counts.items(), key=lambda pair: (pair[1] * min(pair[0], 8), pair[0]))
        # Prefer what holds for many lines; more fields only break ties.
        score = same / len(lines) * (1 + min(width, 20) / 100) * (1 if width > 1 or same > 1 else 0.5)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _separators(line: str, delimiter: str) -> int:
    """Delimiters outside quotes."""
    if '"' not in line:
        return line.count(delimiter)
    return sum(part.count(delimiter) for part in line.split('"')[::2])
