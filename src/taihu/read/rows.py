"""Which rows below a header are data, which are totals, and which are neither: everything left out is accounted for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import Note
from taihu.manifest.layout import LayoutFile, RowRule, Total
from taihu.read import totals as control
from taihu.read.columns import Cell
from taihu.read.dialect import DELIMITERS
from taihu.read.grid import Grid, filled, first_cell, plain
from taihu.read.header import Header
from taihu.read.nature import conforms, contradicts, is_remark, natures

_FEW = 3
_LABEL_COLUMNS = 4


@dataclass(slots=True)
class Rows:
    """Where each row of the grid went."""

    data: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ragged: list[int] = field(default_factory=list)
    end: int = 0


def _matches(rule: RowRule, row: list[Cell]) -> bool:
    if rule.first_cell and plain(first_cell(row)).startswith(tuple(map(plain, rule.first_cell))):
        return True
    return bool(rule.any_cell) and bool({plain(cell) for cell in row if cell} & {plain(text) for text in rule.any_cell})


def is_declared_total(total: Total, row: list[Cell], width: int) -> bool:
    """Whether a row is the total that the layout names: by its first cell; a group's by any label (``华东小计``) that it begins or ends."""
    if total.row is None:
        return False
    label, wanted = plain(first_cell(row)), plain(total.row)
    if label == wanted or (label.startswith(wanted) and filled(row) < max(2, width)):
        return True
    return total.adds.startswith("group") and filled(row) < width and group_label(total, row) is not None


def group_label(total: Total, row: list[Cell]) -> str | None:
    """The label of a group's total row: the cell that begins or ends with the layout's words."""
    wanted = plain(total.row)
    return next((cell for cell in row[:_LABEL_COLUMNS] if cell and (plain(cell).startswith(wanted) or plain(cell).endswith(wanted))), None)


def sorted_rows(grid: Grid, header: Header, layout: LayoutFile) -> Rows:
    """Tell data from totals, remarks and repeated headers, from the header down to where the layout says that the table ends."""
    rows = Rows(outside=list(range(header.first)), end=len(grid.rows))
    lines = [control.line_regex(total.line) for total in layout.totals if total.line]
    names = [plain(name) for name in header.names if name]
    width = header.width
    after = header.last + 1
    for index in _unlike_data(grid, header, layout):
        rows.data.extend(range(after, index))
        after = index + 1
        row = grid.rows[index]
        if filled(row) == 0:
            continue
        if index in grid.outside:
            rows.outside.append(index)
            continue
        if any(is_declared_total(total, row, width) for total in layout.totals):
            rows.totals.append(index)
            if _matches(layout.until, row) and not _data_follows(grid, layout, index, width):
                rows.end = index + 1
                break
            continue
        if _matches(layout.until, row):
            rows.end = index
            break
        aside, reason = _why_aside(row, layout, width, lines, names)
        if reason:
            rows.notes.append(Note(reason, grid.position(index)))
        if aside is None:
            rows.data.append(index)
            if grid.is_text and _is_ragged(grid, index, header):
                rows.ragged.append(index)
        else:
            (rows.totals if aside == "total" else rows.outside).append(index)
    else:
        rows.data.extend(range(after, len(grid.rows)))
    if layout.states is None:
        _full_total(grid, rows)
    _note_totals_inside(grid, rows)
    rows.outside.extend(range(rows.end, len(grid.rows)))
    rows.notes.extend(_below(grid, rows, width))
    return rows


def _full_total(grid: Grid, rows: Rows) -> None:
    """A total in the last row of a table that has nothing but numbers beside its first column: no cell of it is empty.

    Where the label is Chinese (合计) it is one. The tables of statistics offices end with a Total of numbers that were rounded each for
    itself; there it is one if it adds up.
    """
    last = rows.data[-1] if len(rows.data) > 2 else -1
    cells = grid.rows[last] if last >= 0 else []
    label = first_cell(cells)
    if not cells or not control.is_total_label(label):
        return
    stated = [(n, control.number(cell.rstrip("%"))) for n, cell in enumerate(cells) if cell and cell != label]
    if any(value is None for _, value in stated):
        return
    sums = ((value, control.sum_of([grid.rows[k][n] for k in rows.data[:-1]])) for n, value in stated)
    if not label.isascii() or all(value == total for value, total in sums):
        rows.data.pop()
        rows.totals.append(last)
        rows.notes.append(Note("total_row", grid.position(last)))


def _unlike_data(grid: Grid, header: Header, layout: LayoutFile) -> list[int]:
    """Rows below the header that may be something else than data; only they are looked at one by one.

    All others hold more than two cells, none of them beyond the names, and do not begin like a total, a header or a rule of the layout.
    """
    below, width = header.last + 1, header.width
    columns = [column.slice(below) for column in grid.columns(max(grid.width, len(header.names), 1))]
    counts = grid.counts().slice(below)
    few = 2 if width > 2 or any(total.line for total in layout.totals) else width - 1
    suspect = pc.less_equal(counts, few)
    for mask in (*_labelled(columns, counts, header, layout), *(column.is_valid() for column in columns[len(header.names) :])):
        suspect = pc.or_(suspect, mask)
    if grid.is_text:
        suspect = pc.or_(suspect, pc.less(pa.array(grid.widths[below:], pa.int32()), width))
    anywhere = {plain(text) for text in (*layout.until.any_cell, *layout.skip.any_cell)}
    for column in columns if anywhere else []:
        texts = [text for text in column.unique().to_pylist() if plain(text) in anywhere]
        suspect = pc.or_(suspect, pc.is_in(column, value_set=pa.array(texts, pa.string())))
    found = {below + n for n in pc.indices_nonzero(suspect).to_pylist()}
    return sorted(found.union(n for n in grid.outside if n >= below))


def _labelled(columns: Sequence[pa.ChunkedArray], counts: pa.ChunkedArray, header: Header, layout: LayoutFile) -> Iterator[pa.ChunkedArray]:
    """Which rows begin like the header or a rule, and which of those with less cells have the label of a total in front."""
    rules = [*layout.until.first_cell, *layout.skip.first_cell, *(total.row for total in layout.totals if total.row)]
    begins = tuple(plain(label) for label in (*rules, *[name for name in header.names if name][:1]))
    first = pc.coalesce(*columns)
    yield _among(first, first, rf"^\s*{_first_of(begins)}", lambda text: plain(text).startswith(begins))
    groups = tuple(plain(total.row) for total in layout.totals if total.row and total.adds.startswith("group"))
    marks = f"{control.TOTAL_MARKS}|{_first_of(groups)}"
    short = pc.less(counts, header.width + (layout.states is not None))

    def is_label(text: str) -> bool:
        return control.is_total_label(text) or plain(text).startswith(groups) or plain(text).endswith(groups)

    if pc.any(short).as_py():
        for column in columns[:_LABEL_COLUMNS]:
            yield _among(column, column.filter(short), marks, is_label)


def _first_of(labels: Sequence[str]) -> str:
    """A pattern for the first characters of labels and for those that become others when labels are compared."""
    return f"[{re.escape(''.join({label[0] for label in labels if label}))}\\x0b]|[^\\x00-\\x7f\\x{{3400}}-\\x{{9fff}}]"


def _among(column: pa.ChunkedArray, some: pa.ChunkedArray, marks: str, is_wanted: Callable[[str], bool]) -> pa.ChunkedArray:
    """Which texts of a column are among the wanted ones of some of them; marks is a pattern that all wanted ones hold."""
    texts = some.drop_null()
    likely = texts.filter(pc.match_substring_regex(texts, marks, ignore_case=True)).unique()
    return pc.is_in(column, value_set=pa.array(filter(is_wanted, likely.to_pylist()), pa.string()))


def _why_aside(
    row: list[Cell], layout: LayoutFile, width: int, lines: Sequence[re.Pattern[str]], names: Sequence[str]
) -> tuple[str | None, str]:
    """Where a row goes that is not data (``total`` or ``outside``; None for data), and the reason that is noted."""
    count = filled(row)
    # In a table that states totals of others a total row has no cell less than the rest.
    total = control.is_total_row(row, width if layout.states is None else width + 1)
    if _matches(layout.skip, row):
        return "outside", "total_row" if total else ""
    if total:
        return "total", "total_row"
    if count <= 2 and any(line.search(control.line_text(row)) for line in lines):
        return "outside", ""
    if count == len(names) > 1 and plain(first_cell(row)) == names[0] and [plain(cell) for cell in row if cell] == names:
        return "outside", "repeated_header"
    if count == 1 and width > 2 and row[0] is not None and is_remark(row[0]):
        return "outside", "remark_row"
    return None, ""


def ends_table(row: list[Cell], layout: LayoutFile) -> bool:
    """Whether a row is one of those that stand below a table: a total, or where the layout says that it ends."""
    return _matches(layout.until, row) or _matches(layout.skip, row) or any(is_declared_total(total, row, 3) for total in layout.totals)


def _data_follows(grid: Grid, layout: LayoutFile, index: int, width: int) -> bool:
    """Whether rows as full as data stand below a total row that should have been the end."""
    for row in grid.rows[index + 1 :]:
        if filled(row) and (_matches(layout.until, row) or control.is_total_row(row, width)):
            return False
        if filled(row) > max(2, width // 2):
            return True
    return False


def _note_totals_inside(grid: Grid, rows: Rows) -> None:
    last = rows.data[-1] if rows.data else -1
    noted = {note.position for note in rows.notes}
    for index in rows.totals:
        if index < last and grid.position(index) not in noted:
            rows.notes.append(Note("total_row", grid.position(index)))


def _below(grid: Grid, rows: Rows, width: int) -> list[Note]:
    """What is below the end of the table and as full as a row of it is not remarks; say that it was not read."""
    counts = grid.counts().slice(rows.end).to_pylist()
    full = [n for n, count in enumerate(counts, start=rows.end) if count > max(2, width // 2) and n not in rows.totals]
    return [Note("rows_after_end", grid.position(full[0]), detail=f"{len(full)} rows")] if full else []


def _is_ragged(grid: Grid, index: int, header: Header) -> bool:
    row = grid.rows[index]
    too_many = any(cell is not None for cell in row[len(header.names) :])
    return too_many or grid.widths[index] < header.width


def _is_of_another_dialect(row: list[Cell], width: int) -> bool:
    return filled(row) == 1 and any(first_cell(row).count(delimiter) == width - 1 for delimiter in DELIMITERS)


def forgive_short_rows(grid: Grid, header: Header, rows: Rows, ends_with_newline: bool) -> None:
    """Short rows of a sender that leaves out empty cells at the end are only noted; all others with another width stay ragged.

    Such a sender does so in all rows, and each cell looks like the others of its column. A row with cells too many never passes.
    """
    # What looks like a remark may be a row whose cells another character parts.
    above = range(header.last, header.last + (header.last >= 0 and not header.is_stated))
    foreign = {n for n in (*rows.outside, *above) if header.width > 2 and _is_of_another_dialect(grid.rows[n], header.width)}
    if not rows.ragged and len(foreign) < 2 and max(grid.widths, default=0) <= header.width:
        return
    beyond = {n for n in rows.data if any(cell is not None for cell in grid.rows[n][header.width :])}
    if len(beyond) > len(rows.data) / 2:
        beyond = set()
    longer = {n for n in rows.data if grid.widths[n] > header.width}
    if len(longer) < len(rows.data) / 2:
        # Empty cells too many at the end, or one too many in the middle that moved the others to the right?
        usual = natures(grid, [n for n in rows.data if n not in longer], len(header.names))
        beyond |= {n for n in longer if contradicts(grid.rows[n], usual)}
    short = [n for n in rows.ragged if grid.widths[n] < header.width and n not in beyond]
    others = [n for n in rows.data if n not in beyond and n not in short]
    usual = natures(grid, others if len(others) >= _FEW else [*others, *short], len(header.names))
    beyond |= foreign if len(foreign) > 1 else set()
    leaves_out = len(short) >= max(2, len(rows.data) / 20) and all(grid.rows[n][-1] is not None for n in rows.data if grid.rows[n])
    rows.ragged = sorted(beyond)
    for n in short:
        is_cut = n == len(grid.rows) - 1 and not ends_with_newline
        if leaves_out and not is_cut and conforms(grid.rows[n], usual):
            rows.notes.append(Note("ragged_row", grid.position(n)))
        else:
            rows.ragged.append(n)
    rows.ragged.sort()
