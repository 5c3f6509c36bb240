"""Tables that lines on a page rule: their cells, merged ones too, as the lines enclose them."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from taihu.core.errors import ContentRefused
from taihu.read.grid import Merged
from taihu.read.pdf_page import Rule

_NEAR = 3.0
_TOUCH = 2.0
_SHORT = 4.0
_MOST_CROSSINGS = 4_000_000
_MOST_PLACES = 100_000

Intervals = dict[int, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A ruled table: where its rows and columns part, and the merged cells (first row, first column, last row, last column)."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[Merged, ...]

    @property
    def rows(self) -> int:
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        return len(self.xs) - 1

    def holds(self, x: float, y: float) -> bool:
        return self.xs[0] - 1 <= x <= self.xs[-1] + 1 and self.ys[0] <= y <= self.ys[-1]

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of a point inside."""
        row = min(max(bisect.bisect_right(self.ys, y) - 1, 0), self.rows - 1)
        return row, min(max(bisect.bisect_right(self.xs, x) - 1, 0), self.columns - 1)


def ruled_tables(rules: Sequence[Rule]) -> list[Ruled]:
    """The ruled tables of a page with at least two rows and two columns, from top to bottom.

    Raises:
        ContentRefused: ``too_large``.
    """
    across = _joined([(rule.top, rule.left, rule.right) for rule in rules if rule.right - rule.left >= rule.bottom - rule.top])
    down = _joined([(rule.left, rule.top, rule.bottom) for rule in rules if rule.right - rule.left < rule.bottom - rule.top])
    if len(across) * len(down) > _MOST_CROSSINGS:
        raise ContentRefused("too_large", f"a page draws {len(across):,} lines across and {len(down):,} down")
    tables = [_table(*group) for group in _touching(across, down)]
    found = [table for table in tables if table is not None and table.rows > 1 and table.columns > 1]
    return sorted(found, key=lambda table: (table.ys[0], table.xs[0]))


Line = tuple[float, float, float]
"""Where it lies, where it begins, where it ends."""


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Lines that lie on one another or go on after a short gap (dashes) as one; what stays short is no line of a table."""
    out: list[Line] = []
    by_place: list[list[Line]] = []
    for line in sorted(lines):
        if by_place and line[0] - by_place[-1][-1][0] <= 1.0:
            by_place[-1].append(line)
        else:
            by_place.append([line])
    for group in by_place:
        at = sum(line[0] for line in group) / len(group)
        start, end = None, 0.0
        for _, begin, stop in sorted(group, key=lambda line: line[1]):
            if start is None or begin > end + _NEAR:
                if start is not None:
                    out.append((at, start, end))
                start, end = begin, stop
            else:
                end = max(end, stop)
        if start is not None:
            out.append((at, start, end))
    return [line for line in out if line[2] - line[1] > _SHORT]


def _touching(across: Sequence[Line], down: Sequence[Line]) -> list[tuple[list[Line], list[Line]]]:
    """Groups of lines that hang together."""
    parents = list(range(len(across) + len(down)))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = parents[parents[n]]
            n = parents[n]
        return n

    ordered = sorted(range(len(across)), key=lambda n: across[n][0])
    heights = [across[n][0] for n in ordered]
    for number, (x, top, bottom) in enumerate(down):
        for place in range(bisect.bisect_left(heights, top - _TOUCH), bisect.bisect_right(heights, bottom + _TOUCH)):
            _, left, right = across[ordered[place]]
            if left - _TOUCH <= x <= right + _TOUCH:
                parents[root(len(across) + number)] = root(ordered[place])
    groups: dict[int, tuple[list[Line], list[Line]]] = {}
    for n, line in enumerate(across):
        groups.setdefault(root(n), ([], []))[0].append(line)
    for n, line in enumerate(down):
        groups.setdefault(root(len(across) + n), ([], []))[1].append(line)
    return [group for group in groups.values() if group[0] and group[1]]


def _table(across: Sequence[Line], down: Sequence[Line]) -> Ruled | None:
    # Outer lines may be missing: the ends of the others show where they would be.
    xs = _places([line[0] for line in down] + [min(line[1] for line in across), max(line[2] for line in across)])
    ys = _places([line[0] for line in across] + [min(line[1] for line in down), max(line[2] for line in down)])
    if len(xs) < 2 or len(ys) < 2:
        return None
    if (len(xs) - 1) * (len(ys) - 1) > _MOST_PLACES:
        raise ContentRefused("too_large", f"a ruled table of {len(ys) - 1:,} rows and {len(xs) - 1:,} columns")
    return Ruled(tuple(xs), tuple(ys), tuple(_cells(xs, ys, _by_place(across, ys), _by_place(down, xs))))


def _places(values: Sequence[float]) -> list[float]:
    """Distinct places; double lines are one."""
    places: list[list[float]] = []
    for value in sorted(values):
        if places and value - places[-1][-1] <= _NEAR:
            places[-1].append(value)
        else:
            places.append([value])
    return [sum(group) / len(group) for group in places]


def _by_place(lines: Sequence[Line], places: Sequence[float]) -> Intervals:
    found: Intervals = {}
    for at, start, end in lines:
        nearest = min(range(len(places)), key=lambda n: abs(places[n] - at))
        found.setdefault(nearest, []).append((start, end))
    return found


def _cells(xs: Sequence[float], ys: Sequence[float], across: Intervals, down: Intervals) -> list[Merged]:
    """What the lines enclose, from the smallest places upwards: neighbours without a line between them are one cell."""
    columns = len(xs) - 1
    parents = list(range((len(ys) - 1) * columns))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = parents[parents[n]]
            n = parents[n]
        return n

    for row in range(len(ys) - 1):
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns and not _parted(down.get(column + 1, ()), ys[row], ys[row + 1]):
                parents[root(here + 1)] = root(here)
            if row + 2 < len(ys) and not _parted(across.get(row + 1, ()), xs[column], xs[column + 1]):
                parents[root(here + columns)] = root(here)
    groups: dict[int, list[tuple[int, int]]] = {}
    for n in range(len(parents)):
        groups.setdefault(root(n), []).append(divmod(n, columns))
    return sorted(cell for places in groups.values() for cell in _rectangles(places))


def _parted(intervals: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    """Whether a line runs along most of a border."""
    return any(min(stop, end) - max(begin, start) >= 0.7 * (end - start) for begin, stop in intervals)


def _rectangles(places: Sequence[tuple[int, int]]) -> list[Merged]:
    """One cell; what encloses no rectangle is taken row by row."""
    top, bottom = min(row for row, _ in places), max(row for row, _ in places)
    left, right = min(column for _, column in places), max(column for _, column in places)
    if (bottom - top + 1) * (right - left + 1) == len(places):
        return [(top, left, bottom, right)]
    cells: list[Merged] = []
    for row, column in sorted(places):
        if cells and cells[-1][0] == row and cells[-1][3] == column - 1:
            cells[-1] = (row, cells[-1][1], row, column)
        else:
            cells.append((row, column, row, column))
    return cells
