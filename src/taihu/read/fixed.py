"""Texts of fixed width: columns by where they stand. A Chinese character is as wide as two Latin ones, as in the print-outs of banks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_LEAST_LINES, _LEAST_COLUMNS = 3, 3
_ALL = 0.999


def _width(char: str) -> int:
    return 1 if char < "\u0300" else 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def spread(line: str) -> str:
    """A line with one character for every display column; the second half of a wide one is U+0000."""
    if line.isascii():
        return line.expandtabs(8)
    return "".join(char + "\x00" * (_width(char) - 1) for char in line.expandtabs(8) if _width(char))


def split_fixed(line: str, starts: Sequence[int]) -> list[str]:
    """The cells of a line; one that reaches over the next start keeps its text whole."""
    wide = spread(line)
    ends = [*starts[1:], max(len(wide), starts[-1])]
    return [wide[start:end].replace("\x00", "") for start, end in zip(starts, ends, strict=True)]


def runs_over(line: str, starts: Sequence[int]) -> bool:
    """Whether a line has no gaps, and words where cells should begin or hardly any cells."""
    wide = spread(line).replace("\u3000", " ")
    if "  " in wide.strip():
        return False
    cells = sum(1 for cell in split_fixed(line, starts) if cell.strip())
    return 1 < cells <= len(starts) / 2 or any(wide[at - 1 : at].strip() for at in starts[1:])


def find_columns(lines: Sequence[str]) -> list[int]:
    """Display columns where cells begin: after columns that are blank in every full line; empty if the text is not tabular."""
    spreads = [spread(line.rstrip()) for line in lines]
    gaps = [_gaps(line) for line in spreads]
    usual = sorted(gaps)[len(gaps) * 3 // 4] if gaps else 0
    full = [line for line, count in zip(spreads, gaps, strict=True) if count >= max(2, usual * 0.6)]
    if len(full) < max(_LEAST_LINES, len(lines) * 0.6):
        return []
    longest = max(map(len, full))
    blanks = [sum(1 for line in full if n >= len(line) or line[n] in " \u3000") for n in range(longest)]
    empty = [count >= _ALL * len(full) for count in blanks]
    starts = [n for n in range(longest) if not empty[n] and (n == 0 or empty[n - 1])]
    # One blank below no name of the first line parts words, not columns.
    ends = [*starts[1:], longest]
    kept = [start for start, end in zip(starts, ends, strict=True) if start < 2 or empty[start - 2] or full[0][start:end].strip()]
    return kept if len(kept) >= _LEAST_COLUMNS else []


def _gaps(line: str) -> int:
    return sum(1 for n in range(1, len(line)) if line[n] not in " \u3000\x00" and line[n - 1] in " \u3000" and line[:n].strip())
