"""Text that has places on a page instead of cells (PDF without ruled lines, OFD): lines by height, columns by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taihu.read.grid import Cell, Grid, clean_text, filled


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text: left and right end, height of its baseline (growing downwards), in one unit."""

    left: float
    right: float
    y: float
    text: str


def rows_of(words: Sequence[Word], tolerance: float = 2.0) -> list[list[Word]]:
    """Words by lines from top to bottom, each from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.y, word.left)):
        if lines and word.y - lines[-1][0].y <= tolerance:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda word: word.left) for line in lines]


def lines_of(words: Sequence[Word], tolerance: float = 2.0) -> list[str]:
    """The text of a page, line by line."""
    return [" ".join(word.text for word in line) for line in rows_of(words, tolerance)]


def placed_grid(words: Sequence[Word], name: str, columns_at: Sequence[float] = (), tolerance: float = 2.0) -> Grid | None:
    """A page as a grid; None if it holds no text.

    Args:
        words: The pieces of text of the page.
        name: Name of the grid.
        columns_at: Where columns begin; found from the gaps that all full lines share when there are none.
        tolerance: How far the baselines of one line may differ.
    """
    lines = rows_of(words, tolerance)
    if not lines:
        return None
    starts = list(columns_at) or _starts(lines)
    rows: list[list[Cell]] = []
    for line in lines:
        parts: list[list[str]] = [[] for _ in starts]
        for word in line:
            middle = (word.left + word.right) / 2 if columns_at else word.left + min(1.0, (word.right - word.left) / 2)
            column = max((n for n, start in enumerate(starts) if start <= middle), default=0)
            parts[column].append(word.text)
        rows.append([clean_text(" ".join(part)) for part in parts])
    return Grid(name, rows, range(1, len(rows) + 1), sheet=name)


def _starts(lines: Sequence[Sequence[Word]]) -> list[float]:
    """Left ends of the columns: what lies between gaps that no full line crosses.

    Titles and remarks cross any gap, so only the lines with nearly as many pieces as the fullest ones are asked.
    """
    most = sorted(len(line) for line in lines)[-max(1, len(lines) // 4)]
    full = [line for line in lines if len(line) >= max(2, most * 0.6)] or list(lines)
    spans = sorted((word.left, word.right) for line in full for word in line)
    starts: list[float] = []
    end = float("-inf")
    for left, right in spans:
        if left > end + 0.5:
            starts.append(left)
        end = max(end, right)
    return [start - 0.25 for start in starts] or [0.0]


def is_tabular(grid: Grid) -> bool:
    """Whether at least two rows fill at least two columns."""
    return sum(filled(row) >= 2 for row in grid.rows) >= 2
