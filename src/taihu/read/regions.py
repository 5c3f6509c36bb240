"""Where in a sheet the tables of the layouts stand: one or several, below or beside each other, of one layout or of different ones.

Every table becomes a grid of its own, so that whoever reads its rows need not know what else the sheet holds; positions stay
those of the sheet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import Note
from taihu.manifest.layout import LayoutFile
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, filled, plain
from taihu.read.header import Header, combined_names, find_header, header_at
from taihu.read.outside import Around
from taihu.read.rows import ends_table

_SEARCHED_ROWS = 300
_SHORT = 2

Columns = tuple[int, int | None]
"""The first column and the one behind the last; None for all that there are."""


@dataclass(frozen=True, slots=True)
class Region:
    """A table that a layout finds: its part of the grid, its header there, and what stands around it."""

    name: str
    layout: LayoutFile
    grid: Grid
    header: Header
    around: Around
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """A header in the whole grid: rows ``first`` to ``last``, and the columns that hold the layout's names, both ends included."""

    name: str
    layout: LayoutFile
    first: int
    last: int
    left: int
    right: int
    start: int | None = None

    def overlaps(self, other: _Place) -> bool:
        return self.first <= other.last and other.first <= self.last and self.left <= other.right and other.left <= self.right


def find_regions(grid: Grid, layouts: Mapping[str, LayoutFile], file_name: str = "") -> list[Region]:
    """The tables of a grid in the order of their headers; empty if no layout fits."""
    if len(layouts) == 1:
        name, layout = next(iter(layouts.items()))
        if layout.anchor is None and not layout.repeats:
            header = find_header(grid, layout)
            return [] if header is None else [Region(name, layout, grid, header, Around(grid, file_name))]
    found = {name: list(_places(grid, name, layout)) for name, layout in layouts.items()}
    anchored = [name for name, layout in layouts.items() if layout.anchor is not None]
    claimed = {name: _anchored(grid, layouts[name], found[name]) if name in anchored else found[name] for name in layouts}
    places = _chosen([place for each in claimed.values() for place in each])
    rivals = _rivals(grid, places, [place for name in anchored for place in found[name]])
    if len(places) == 1 and not rivals:
        (place,) = places
        return [Region(place.name, place.layout, grid, _header(grid, place), Around(grid, file_name))]
    return _cut(grid, places, rivals, file_name)


def _places(grid: Grid, name: str, layout: LayoutFile) -> Iterator[_Place]:
    """All places of a grid that hold a layout's header, from top to bottom and from left to right."""
    if layout.header_line is not None:
        header = find_header(grid, layout)
        if header is not None:
            wanted = {plain(each) for each in layout.header}
            named = [n for n, each in enumerate(header.names) if each and (not wanted or plain(each) in wanted)]
            yield _Place(name, layout, header.first, header.last, named[0], named[-1])
        return
    for end in _ends(grid, layout):
        yield from _places_at(grid, name, layout, end)


def _ends(grid: Grid, layout: LayoutFile) -> Iterator[int]:
    """Rows that may be a header's last one: all of the first ones, and further down those that hold a name of the layout as it is."""
    parts = {part for name in layout.header for part in (name, *name.split("/"))}
    probe = {form for part in parts for form in (part, unicodedata.normalize("NFKC", part), plain(part))}
    yield from range(min(len(grid.rows), _SEARCHED_ROWS))
    if len(grid.rows) > _SEARCHED_ROWS:
        names = pa.array(sorted(probe), pa.string())
        further = [pc.indices_nonzero(pc.is_in(column.slice(_SEARCHED_ROWS), value_set=names)) for column in grid.columns(grid.width)]
        yield from sorted({_SEARCHED_ROWS + n for found in further for n in found.to_pylist()})


def _places_at(grid: Grid, name: str, layout: LayoutFile, end: int) -> Iterator[_Place]:
    first = end - layout.header_rows + 1
    if first < 0 or filled(grid.rows[end]) < min(2, len(layout.header)):
        return
    wanted = {plain(each) for each in layout.header}
    names = [plain(each) for each in combined_names(grid, first, end)]
    if not wanted <= set(names):
        return
    for left, right in _windows(names, wanted):
        yield _Place(name, layout, first, end, left, right)


def _windows(names: Sequence[str], wanted: set[str]) -> Iterator[tuple[int, int]]:
    """The shortest runs of columns that hold every wanted name."""
    seen: dict[str, int] = {}
    before = -1
    for n, name in enumerate(names):
        if name in wanted:
            seen[name] = n
            left = min(seen.values()) if len(seen) == len(wanted) else -1
            if left > before:
                before = left
                yield left, n


def _anchored(grid: Grid, layout: LayoutFile, places: Sequence[_Place]) -> Iterator[_Place]:
    """For every cell with the layout's anchor the nearest header below it, or to its right."""
    left = list(places)
    for row, column in _cells_with(grid, layout.anchor or ""):
        fits = [place for place in left if _is_under(place, row, column)]
        nearest = min(fits, key=lambda place: (place.last, abs(place.left - column)), default=None)
        if nearest is not None:
            left = [place for place in left if place is not nearest]
            yield replace(nearest, start=min(row, nearest.first))


def _is_under(place: _Place, row: int, column: int) -> bool:
    """Whether a header is below a cell, or in its row and to its right."""
    return place.last >= row and (place.right > column if place.first <= row else place.right >= column)


def _cells_with(grid: Grid, text: str) -> Iterator[tuple[int, int]]:
    wanted = plain(text)
    for index, row in enumerate(grid.rows):
        for column, cell in enumerate(row):
            if cell is not None and (cell.startswith(text) or (len(cell) < 100 and plain(cell).startswith(wanted))):
                yield index, column


def _chosen(places: Sequence[_Place]) -> list[_Place]:
    """Of places that overlap the one whose layout says most; of a layout that does not repeat the first; in the order of the sheet."""
    kept: list[_Place] = []
    vain: list[_Place] = []
    for place in sorted(places, key=lambda each: (each.layout.anchor is None, -len(each.layout.header), each.first, each.left)):
        if any(place.overlaps(other) for other in (*kept, *vain)):
            continue
        (vain if any(_repeats_in_vain(place, other) for other in kept) else kept).append(place)
    return sorted(kept, key=lambda each: (each.first, each.left))


def _repeats_in_vain(place: _Place, other: _Place) -> bool:
    """Whether a layout's header stands again where the layout does not say that its table does."""
    if place.name != other.name:
        return False
    beside = place.first <= other.last and other.first <= place.last
    return ("beside" if beside else "below") not in place.layout.repeats


def _rivals(grid: Grid, places: Sequence[_Place], candidates: Sequence[_Place]) -> list[_Place]:
    """Tables with the header of one that has an anchor, and without its anchor: they end it and are not read.

    A header that follows upon data without a blank or a title between them is that of a new page and ends nothing.
    """
    found: list[_Place] = []
    for rival in candidates:
        if any(rival.overlaps(other) for other in (*places, *found)):
            continue
        above = grid.rows[rival.first - 1] if rival.first else []
        beside = any(rival.first <= other.last and other.first <= rival.last for other in places)
        if beside or (filled(above) <= _SHORT and not control.is_total_row(above, _SHORT + 1)):
            found.append(rival)
    return found


def _cut(grid: Grid, chosen: Sequence[_Place], rivals: Sequence[_Place], file_name: str) -> list[Region]:
    """A part of the grid for each of several tables."""
    places = [*chosen, *rivals]
    spans = [_columns(grid, place, places) for place in places]
    starts = [_start(grid, place, spans[n], places, spans) for n, place in enumerate(places)]
    above = grid.rows[: min((place.first if place.start is None else place.start) for place in places)] if places else []
    regions = []
    for n, place in enumerate(chosen):
        left, right = spans[n]
        below = [starts[m] for m, other in enumerate(places) if other.first > place.last and _share(spans[m], spans[n])]
        bottom = min(below, default=len(grid.rows))
        part = grid.part(starts[n], bottom, left, right)
        unread = [other for m, other in enumerate(places) if m >= len(chosen) and starts[m] == bottom]
        part.notes.extend(Note("rows_after_end", grid.position(other.last)) for other in unread[:1])
        moved = replace(place, first=place.first - starts[n], last=place.last - starts[n])
        around = Around(grid, file_name, above)
        regions.append(Region(place.name, place.layout, part, _header(part, moved), around, bottom == len(grid.rows)))
    return regions


def _header(grid: Grid, place: _Place) -> Header:
    return header_at(grid, place.layout, place.first, place.last)


def _share(one: Columns, other: Columns) -> bool:
    return (one[1] is None or other[0] < one[1]) and (other[1] is None or one[0] < other[1])


def _columns(grid: Grid, place: _Place, places: Sequence[_Place]) -> Columns:
    """The columns of a table: all of the sheet's, less those of the tables beside it."""
    beside = [other for other in places if other is not place and _is_beside(grid, place, other)]
    lefts = [_left_edge(grid, place, other, places) for other in beside if other.right < place.left]
    rights = [_left_edge(grid, other, place, places) for other in beside if other.left > place.right]
    return max(lefts, default=0), min(rights, default=None)


def _is_beside(grid: Grid, one: _Place, other: _Place) -> bool:
    """Whether the tables stand beside each other: their headers share rows, or neither has names over the other's columns."""
    if one.left <= other.right and other.left <= one.right:
        return False
    if one.first <= other.last and other.first <= one.last:
        return True
    upper, lower = sorted((one, other), key=lambda each: each.first)
    row = grid.rows[upper.last]
    return not any(n < len(row) and row[n] is not None for n in range(lower.left, lower.right + 1))


def _left_edge(grid: Grid, place: _Place, before: _Place, places: Sequence[_Place]) -> int:
    """Where a table begins that has another one to its left: behind a column without a name, else as far before its names as that one."""
    for column in range(place.left - 1, before.right, -1):
        if all(_is_unnamed(grid, each, column) for each in (place, before)):
            return column + 1
    if place.name != before.name:
        return place.left
    first = min((each for each in places if each.name == place.name and each.first == place.first), key=lambda each: each.left)
    return max(before.right + 1, place.left - (first.left - _leading(grid, first)))


def _leading(grid: Grid, place: _Place) -> int:
    """The first column of the run of names that a table's names stand in."""
    left = place.left
    while left > 0 and not _is_unnamed(grid, place, left - 1):
        left -= 1
    return left


def _is_unnamed(grid: Grid, place: _Place, column: int) -> bool:
    return all(column >= len(row) or row[column] is None for row in grid.rows[place.first : place.last + 1])


def _start(grid: Grid, place: _Place, span: Columns, places: Sequence[_Place], spans: Sequence[Columns]) -> int:
    """The first line that belongs to a table: its anchor's, else the short lines right above its header; all of them for the first one."""
    above = [other.last for m, other in enumerate(places) if other.last < place.first and _share(spans[m], span)]
    if not above:
        return 0
    start, floor = place.first, max(above)
    if place.start is not None:
        return max(place.start, floor + 1)
    layouts = [other.layout for other in places if other.last == floor]
    while start - 1 > floor:
        row: list[Cell] = grid.rows[start - 1][span[0] : span[1]]
        count = filled(row)
        if count == 0 or count > _SHORT or control.is_total_row(row, _SHORT + 1) or any(ends_table(row, each) for each in layouts):
            break
        start -= 1
    return start
