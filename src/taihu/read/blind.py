"""Reading without any configuration: where tables begin and end, which row is the header, which rows are totals.

This is for ``taihu read FILE`` and for onboarding, where a person looks at the result; a run never reads blind.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead, TableRead
from taihu.formats.kind import kind_of
from taihu.manifest.layout import Hidden, LayoutFile
from taihu.read.altered import altered_cells
from taihu.read.archives import Unpacked, unpack
from taihu.read.grid import Grid, filled, first_cell, plain
from taihu.read.grids import Grids, grids_of, is_invoice
from taihu.read.header import Header, combined_names
from taihu.read.layout import Shaped, apply_layout
from taihu.read.lists import with_lists
from taihu.read.nature import is_value
from taihu.read.same_invoice import once
from taihu.read.stated import stated_lines
from taihu.read.typed import TYPED, read_typed

_STATED = re.compile(r"[:：]\s*[\[(（]?\s*\d|^\s*\d+[.、)）]|：\[|https?://")
_YEAR = re.compile(r"(?:19|20)\d{2}(?:[-/.年](?:0?[1-9]|1[0-2])月?)?年?|(?:0?[1-9]|1[0-2])月")
_SENTENCE = re.compile(r"[。！？]|[.!?:：，,]$")
_LOOKED_AT = 60
_BESIDE = frozenset({"docx", "pptx", "picture"})


def read_blind(content: bytes, name: str, *, passwords: Sequence[str] = ()) -> FileRead:
    """Find the tables of any file.

    Args:
        content: Its bytes.
        name: Its name.
        passwords: Tried on whatever is encrypted.
    """
    from taihu.read.file import merged, seen_member

    kind = kind_of(content, name)
    reads = with_lists(once([(seen_member(file), _one(file, passwords)) for file in unpack(content, name, passwords, kind)]))
    result = merged(kind, reads)
    stopped = next((read for member, read in reads if read.held and not (member and read.kind in _BESIDE)), None)
    if result.tables and result.held:
        # A picture or a letter that came along with the tables stops nobody.
        return replace(result, held=stopped.held if stopped else None, held_detail=stopped.held_detail if stopped else "")
    if not result.held and not result.tables:
        return replace(result, held="no_table", held_detail="no table was found")
    return result


def _one(file: Unpacked, passwords: Sequence[str]) -> FileRead:
    from taihu.read.file import cells_of

    try:
        if file.refused:
            raise ContentRefused(file.refused, file.detail)
        if file.kind in TYPED and not is_invoice(file):
            table = read_typed(file)
            if len(table.rows.column_names) < 2:
                raise ContentRefused("no_table", "there are no records in it")
            return FileRead(file.kind, None, (_with_altered_cells(table),))
        grids = grids_of(file, passwords=passwords)
        shaped = list(_tables(grids))
    except ContentRefused as refused:
        return FileRead(file.kind, None, (), refused.reason, refused.what)
    held = next((item for item in shaped if item.held), None)
    reason, detail = (grids.held, grids.held_detail) if grids.held else (held.held, held.held_detail) if held else (None, "")
    return FileRead(file.kind, grids.encoding, tuple(item.table for item in shaped), reason, detail, cells_of(grids.grids))


def blind_tables(grids: Grids) -> list[TableRead]:
    """The tables of grids that no layout fits, for people to look at."""
    return [item.table for item in _tables(grids)]


@dataclass(frozen=True, slots=True)
class Found:
    """A table with what it was found by: the grid (or the part of one) that it stands in, its header, the layout that reads it."""

    grid: Grid
    header: Header
    layout: LayoutFile
    shaped: Shaped


def _tables(grids: Grids) -> Iterator[Shaped]:
    return (found.shaped for found in find_tables(grids))


def find_tables(grids: Grids) -> Iterator[Found]:
    """Every table of a file, as far as it can be told without a layout."""
    for grid in (block for whole in grids.grids for block in blocks(whole)):
        header = guess_header(grid)
        if header is None:
            continue
        layout = LayoutFile(
            header=tuple(dict.fromkeys(name for name in header.names if name)) or ("",),
            header_rows=header.last - header.first + 1,
            totals=tuple(stated_lines(grid, header)),
            hidden=Hidden(rows="read"),
        )
        shaped = apply_layout(grid, _widened(grid, header), "", layout, ends_with_newline=grids.ends_with_newline, forgive=True)
        many_rows = shaped.table.rows.num_rows > (0 if header.is_stated else 1)
        if many_rows or len([name for name in header.names if name]) > 1:
            shaped.table = _with_altered_cells(shaped.table)
            yield Found(grid, header, layout, shaped)


def _with_altered_cells(table: TableRead) -> TableRead:
    return replace(table, notes=(*table.notes, *altered_cells(table)))


def _widened(grid: Grid, header: Header) -> Header:
    """The header with a place for every column that has cells below it: nothing that was sent is left out."""
    width = grid.width_from(header.last + 1)
    return replace(header, names=header.names + (None,) * (width - len(header.names)))


def blocks(grid: Grid) -> list[Grid]:
    """Tables that stand below each other, parted by blank rows and each with a header of its own, or beside each other; else the grid."""
    return [part for block in _below(grid) for part in _beside(block)]


def _beside(grid: Grid) -> list[Grid]:
    """Tables of one header beside each other; names over them are the upper level of one table, unless a column is empty between them."""
    for index in range(min(len(grid.rows) - 1, _LOOKED_AT)):
        starts = _repeated(grid.rows[index])
        if not starts:
            continue
        above = grid.rows[index - 1] if index else []
        is_parted = all(not any(row[start - 1 : start]) for row in grid.rows[: index + 25] for start in starts[1:])
        below = grid.rows[index + 1]
        if (filled(above) > 1 and not is_parted) or not all(any(map(is_value, below[start:end])) for start, end in _spans(starts)):
            return [grid]
        return [grid.part(0, len(grid.rows), start if n else 0, end or grid.width) for n, (start, end) in enumerate(_spans(starts))]
    return [grid]


def _spans(starts: Sequence[int]) -> list[tuple[int, int | None]]:
    return list(zip(starts, [*starts[1:], None], strict=True))


def _repeated(row: Sequence[str | None]) -> list[int]:
    """The columns at which the names of a row begin anew; empty if they are not two names or more, all of them again and again."""
    named = [(n, plain(cell)) for n, cell in enumerate(row) if cell is not None]
    names = [name for _, name in named]
    again = next((n for n in range(2, len(names) // 2 + 1) if names == names[:n] * (len(names) // n)), 0)
    if not again or len(names) % again or len(set(names)) < again or any(is_value(cell) for cell in row if cell is not None):
        return []
    starts = [named[n][0] for n in range(0, len(named), again)]
    shapes = {tuple(named[k][0] - named[n][0] for k in range(n, n + again)) for n in range(0, len(named), again)}
    return starts if len(shapes) == 1 else []


def _below(grid: Grid) -> list[Grid]:
    starts = [0]
    for index in _after_blank(grid):
        if _begins_table(grid, starts[-1], index):
            starts.append(index)
    if len(starts) == 1:
        return [grid]
    return [grid.part(start, end) for start, end in itertools.pairwise([*starts, len(grid.rows)])]


def _after_blank(grid: Grid) -> list[int]:
    """Rows with cells whose row before has none."""
    blank = [0, *(n + 1 for n in pc.indices_nonzero(pc.equal(grid.counts(), 0)).to_pylist())]
    return [n for n, following in zip(blank, [*blank[1:], 0], strict=True) if 0 < n < len(grid.rows) and following != n + 1]


def _begins_table(grid: Grid, start: int, index: int) -> bool:
    """Whether a row after a blank one is a header: names over values, in columns that held values in the table above."""
    if filled(grid.rows[index]) == 1 and index + 1 < len(grid.rows) and filled(grid.rows[index + 1]) > 1:
        # Its title stands between them.
        return _begins_table(grid, start, index + 1)
    row, below = grid.rows[index], grid.rows[index + 1 : index + 4]
    if filled(row) < 2 or any(is_value(cell) for cell in row) or not below or filled(below[0]) < 2:
        return False
    above = [other for other in grid.rows[start:index] if filled(other) > 1]
    # Pairs of a label and its value above a table belong to it.
    if len(above) < 2 or max(filled(other) for other in above) == 2 or not any(is_value(cell) for cell in above[-1]):
        return False
    named = [n for n, cell in enumerate(row) if cell is not None]
    return any(n < len(below[0]) and is_value(below[0][n]) for n in named)


def guess_header(grid: Grid) -> Header | None:
    """The row that names most columns and is followed by rows of another nature; rows without a header get numbered names."""
    if grid.header_at is not None:
        return Header(grid.header_at, grid.header_at, tuple(_distinct(combined_names(grid, grid.header_at, grid.header_at))))
    if _is_prose(grid):
        return None
    best: tuple[float, int] | None = None
    for index in range(min(len(grid.rows), _LOOKED_AT)):
        score = 0.0 if index in grid.outside else _header_score(grid, index)
        if score > 0 and (best is None or score > best[0] + 1e-9):
            best = (score, index)
    if best is None:
        return _numbered(grid)
    last = best[1] + 1 if _has_lower_level(grid, best[1]) else best[1]
    first = last - 1 if last > best[1] or _is_upper_level(grid, last) else last
    names = combined_names(grid, first, last)
    width = max((n + 1 for n, name in enumerate(names) if name), default=0)
    return Header(first, last, tuple(_distinct(names[:width])))


def _header_score(grid: Grid, index: int) -> float:
    row = grid.rows[index]
    texts = [cell for cell in row if cell is not None]
    if not texts or (len(texts) == 1 and _column_count(grid) > 1):
        return 0.0
    if (any(is_value(cell) for cell in texts) and not _names_periods(texts)) or any(_STATED.search(cell) for cell in texts):
        return 0.0
    if len({plain(cell) for cell in texts}) < len(texts) * 0.8 or any(len(cell) > 40 or _SENTENCE.search(cell) for cell in texts):
        return 0.0
    below = [other for other in grid.rows[index + 1 : index + 25] if filled(other) > 1 or filled(other) == len(texts)]
    if not below:
        return 0.4 * len(texts) / max(1, _column_count(grid)) if index >= len(grid.rows) - 2 else 0.0
    width = len(row)
    typed = sum(1 for n in range(width) if row[n] is not None and any(n < len(other) and is_value(other[n]) for other in below[:6]))
    typical = sorted(filled(other) for other in below)[len(below) // 2]
    coverage = min(1.0, len(texts) / max(1, _column_count(grid)))
    return coverage * 2 + min(typed, 4) * 0.25 + (0.5 if len(texts) >= typical else 0.0) - index * 0.001


def _names_periods(texts: Sequence[str]) -> bool:
    """Wide tables name their columns by years or months; only their first columns have words."""
    periods = [bool(_YEAR.fullmatch(cell)) for cell in texts]
    return not periods[0] and sum(periods) >= 2 and all(period or not is_value(cell) for period, cell in zip(periods, texts, strict=True))


def _column_count(grid: Grid) -> int:
    counts = sorted(filled(row) for row in grid.rows[:400] if filled(row))
    return counts[len(counts) * 9 // 10] if counts else 0


def _is_upper_level(grid: Grid, last: int) -> bool:
    """Whether the row above is a second header level: merged ranges say so."""
    if last == 0 or filled(grid.rows[last - 1]) < 2:
        return False
    above = grid.rows[last - 1]
    # Names of one level lie under one name of the next; boxes of a form above a table begin anywhere.
    if any(area[0] == last and any(cell is not None for cell in above[area[1] + 1 : area[3] + 1]) for area in grid.merged or ()):
        return False
    return any(area[0] <= last - 1 <= area[2] and (area[3] > area[1] or area[2] == last) for area in grid.merged or ())


def _has_lower_level(grid: Grid, index: int) -> bool:
    """Whether names stand under a cell of this row that is merged across columns, or one name again and again under periods."""
    if index + 2 >= len(grid.rows):
        return False
    below = grid.rows[index + 1]
    wide = [area for area in grid.merged or () if area[0] == area[2] == index and area[3] > area[1]]
    cells = [below[n] if n < len(below) else None for area in wide for n in range(area[1], area[3] + 1)]
    if cells and all(cell is not None and not is_value(cell) for cell in cells):
        return True
    if _is_gapped_over_names(grid, index):
        return True
    periods = [n for n, cell in enumerate(grid.rows[index]) if cell is not None and _YEAR.fullmatch(cell)]
    named = [n for n, cell in enumerate(below) if cell is not None and not is_value(cell)]
    return len(periods) > 1 and named == periods and filled(below) == len(named) > len({below[n] for n in named})


def _is_gapped_over_names(grid: Grid, index: int) -> bool:
    """Whether a full row of names, some of them twice, stands under a row with gaps: a header whose cells were merged once."""
    upper, lower, rows = grid.rows[index], grid.rows[index + 1], grid.rows[index + 2 : index + 8]
    named = [n for n, cell in enumerate(lower) if cell is not None]
    if not 1 < filled(upper) < len(named) or len({plain(lower[n]) for n in named}) == len(named) or any(map(is_value, lower)):
        return False
    if named != list(range(named[0], named[-1] + 1)) or any(cell is not None and n not in named for n, cell in enumerate(upper)):
        return False
    return sum(all(n < len(row) and is_value(row[n]) for row in rows[:3]) for n in named) > 1


def _numbered(grid: Grid) -> Header | None:
    """A table without a header: its columns are named by their places. Words alone are a letter, and no table."""
    if grid.is_text and not any(is_value(cell) for row in grid.rows for cell in row):
        return None
    half = max(1, _column_count(grid) // 2)
    full = [n for n, row in enumerate(grid.rows) if filled(row) >= half]
    if not full:
        return None
    width = max(len(grid.rows[n]) for n in full)
    return Header(full[0] - 1, full[0] - 1, tuple(f"column_{grid.column(n)}" for n in range(width)), is_stated=False)


def _is_prose(grid: Grid) -> bool:
    """Whether a text has no columns, and most of its lines are words."""
    if not grid.is_text or any(filled(row) > 1 for row in grid.rows):
        return False
    lines = [first_cell(row) for row in grid.rows if filled(row)]
    return sum(1 for line in lines if not is_value(line)) > len(lines) / 2


def _distinct(names: Sequence[str | None]) -> Iterator[str | None]:
    seen: dict[str, int] = {}
    for name in names:
        if name is None:
            yield None
            continue
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}"
