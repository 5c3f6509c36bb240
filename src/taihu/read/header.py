"""Finding a layout's header in a grid, and saying how an unknown header differs from the nearest known one."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taihu.manifest.layout import LayoutFile
from taihu.read.grid import Cell, Grid, filled, one_line, plain

_SEARCHED_ROWS = 300
_RESEMBLES = 0.2  # rows that share less with a layout may be data, and data is not quoted


@dataclass(frozen=True, slots=True)
class Header:
    """Where a header stands: indexes of its first and last row, and each column's name (None = no name).

    A table without a header (``is_stated`` false) begins after ``last`` and its columns are named by their places.
    """

    first: int
    last: int
    names: tuple[str | None, ...]
    is_stated: bool = True

    @property
    def width(self) -> int:
        return next((n + 1 for n in range(len(self.names) - 1, -1, -1) if self.names[n] is not None), 0)


def find_header(grid: Grid, layout: LayoutFile) -> Header | None:
    """The header of a layout in a grid: at its line, or the first row(s) that hold at least its names; None if there is none."""
    wanted = {plain(name): name for name in layout.header}
    if layout.header_line is not None:
        last = next((n for n, line in enumerate(grid.lines) if line == layout.header_line), None)
        ends = [] if last is None else [last]
    else:
        ends = list(range(min(len(grid.rows), _SEARCHED_ROWS)))
    for end in ends:
        first = end - layout.header_rows + 1
        if first < 0 or filled(grid.rows[end]) == 0:
            continue
        present = {plain(name) for name in combined_names(grid, first, end) if name}
        if wanted.keys() <= present and (wanted or len(present) > 1):
            return header_at(grid, layout, first, end)
    return None


def header_at(grid: Grid, layout: LayoutFile, first: int, last: int) -> Header:
    """The header in these rows, its names written as the layout writes them."""
    wanted = {plain(name): name for name in layout.header}
    names = combined_names(grid, first, last)
    return Header(first, last, _unique(tuple(wanted.get(plain(name), name) if name else None for name in names)))


def combined_names(grid: Grid, first: int, last: int) -> list[str | None]:
    """Names of the columns under one or more header rows: upper cells filled to the right, levels joined with ``/``."""
    rows = grid.rows[first : last + 1]
    width = max((len(row) for row in rows), default=0)
    if len(rows) == 1:
        return [one_line(cell) or None for cell in rows[0]]
    levels = [list(row) + [None] * (width - len(row)) for row in rows]
    merged = [area for area in grid.merged or () if area[0] <= last and area[2] >= first]
    if merged:
        _fill_merged(levels, merged, grid, first)
    else:
        _fill_right(levels)
    return [_joined([level[column] for level in levels]) for column in range(width)]


def _fill_merged(levels: list[list[Cell]], merged: Sequence[tuple[int, int, int, int]], grid: Grid, first: int) -> None:
    for top, left, bottom, right in merged:
        row = grid.rows[top] if top < len(grid.rows) else []
        text = row[left] if left < len(row) else None
        for line in range(max(top, first), min(bottom, first + len(levels) - 1) + 1):
            for column in range(left, min(right + 1, len(levels[0]))):
                levels[line - first][column] = text


def _fill_right(levels: list[list[Cell]]) -> None:
    """Without merged ranges: an upper text reaches to the right over columns that have a name of their own below."""
    for upper, lower in itertools.pairwise(levels):
        carried: Cell = None
        for column, text in enumerate(upper):
            if text is not None:
                carried = text if lower[column] is not None else None
            elif lower[column] is not None:
                upper[column] = carried
            else:
                carried = None


def _joined(parts: Sequence[Cell]) -> str | None:
    names: list[str] = []
    for part in parts:
        name = one_line(part)
        if name and (not names or names[-1] != name):
            names.append(name)
    return "/".join(names) or None


def _unique(names: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """A name that occurs again gets ``#2``, ``#3``: two columns of one name are never one."""
    seen: dict[str, int] = {}
    out: list[str | None] = []
    for name in names:
        if name is None:
            out.append(None)
            continue
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(out)


def stands_twice(header: Header, layout: LayoutFile) -> bool:
    """Whether every name of the layout stands in the header again: a second table beside the one that is read."""
    present = {plain(name) for name in header.names if name}
    return bool(layout.header) and all(f"{plain(name)}#2" in present for name in layout.header)


def moved_columns(header: Header, layout: LayoutFile) -> list[str]:
    """Names of the layout that stand in another order than it lists them."""
    at = {name: n for n, name in enumerate(header.names) if name}
    found = [name for name in layout.header if name in at]
    in_file = sorted(found, key=at.__getitem__)
    return [name for name, other in zip(found, in_file, strict=True) if name != other]


def difference(grids: Sequence[Grid], layouts: Mapping[str, LayoutFile]) -> str:
    """How the file's likeliest header differs from the nearest known one, in one line for people."""
    best: tuple[float, str, set[str], set[str], str] | None = None
    for grid in grids:
        for end in range(min(len(grid.rows), _SEARCHED_ROWS)):
            if filled(grid.rows[end]) < 2:
                continue
            for name, layout in layouts.items():
                rows = layout.header_rows
                present = {cell for cell in combined_names(grid, max(0, end - rows + 1), end) if cell}
                wanted = set(layout.header)
                known = {plain(cell) for cell in wanted} & {plain(cell) for cell in present}
                score = len(known) / (len(wanted | present) or 1)
                if score >= _RESEMBLES and (best is None or score > best[0]):
                    missing = {cell for cell in wanted if plain(cell) not in known}
                    new = {cell for cell in present if plain(cell) not in known}
                    best = (score, name, missing, new, grid.position(end))
    if best is None:
        return "no row resembles the header of any layout (" + ", ".join(layouts) + ")"
    _, name, missing, new, position = best
    return f"nearest layout {name!r}, header at {position}: missing {_listed(missing, new)}; new {_listed(new, set())}"


def _listed(names: set[str], others: set[str]) -> str:
    parts = []
    for name in sorted(names):
        close = difflib.get_close_matches(name, sorted(others), n=1, cutoff=0.4)
        parts.append(f"{name} (renamed to {close[0]}?)" if close else name)
    return ", ".join(parts[:12]) or "nothing"
