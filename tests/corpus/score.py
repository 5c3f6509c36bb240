"""The score of what was read against what was meant, cell by cell."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

Cells = Sequence[Sequence[str | None]]
_INVENTED = re.compile(r"column_?\w{1,3}|Unnamed: \d+|(?:col|f)\d+")


def bag(tables: Iterable[tuple[Sequence[str | None] | None, Cells]]) -> Counter[tuple[int, int, str]]:
    """Non-empty cells, the header's too, each with its table and column."""
    cells: Counter[tuple[int, int, str]] = Counter()
    for number, (names, rows) in enumerate(tables):
        for row in ([names] if names else []) + list(rows):
            for column, text in enumerate(row):
                if text is not None and (stripped := text.strip(" \t\u3000\xa0\r\n")):
                    cells[number, column, stripped.replace("\r\n", "\n")] += 1
    return cells


def f1(found: Counter[tuple[int, int, str]], meant: Counter[tuple[int, int, str]]) -> float:
    """Harmonic mean of precision and recall; 1 when both are empty."""
    both = (found & meant).total()
    return 2 * both / (found.total() + meant.total()) if found.total() + meant.total() else 1.0


def named(names: Sequence[str]) -> list[str | None]:
    """Names without those that the reader made up for columns that have none."""
    return [None if _INVENTED.fullmatch(name) else name for name in names]


def written_tables(folder: Path) -> list[tuple[list[str | None], list[list[str]]]]:
    """The tables that ``taihu read --csv`` wrote into a folder."""
    tables = []
    for path in sorted(folder.iterdir(), key=lambda path: [int(part) for part in re.findall(r"\.(\d+)\.csv$", path.name)]):
        with path.open(encoding="utf-8", newline="") as handle:
            names, *rows = csv.reader(handle)
        tables.append((named(names), rows))
    return tables
