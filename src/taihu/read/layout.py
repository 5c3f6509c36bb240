"""A layout turns a grid into rows of text: header by name, rows by rule, totals reconciled, everything left out accounted for."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from taihu.core.types import Note, StatedTotal, TableRead
from taihu.manifest.layout import LayoutFile, RowRule, Total, Unpivot
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, filled, first_cell, plain
from taihu.read.header import Header, moved_columns
from taihu.read.nature import conforms, is_remark, natures
from taihu.read.units import broken_agreement, factors, stated_units

_FEW = 3


@dataclass(slots=True)
class Shaped:
    """A table that a layout read, with the reason why it must not be used, if there is one."""

    table: TableRead
    held: str | None = None
    held_detail: str = ""


@dataclass(slots=True)
class _Rows:
    """Where each row of the grid went."""

    data: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ragged: list[int] = field(default_factory=list)
    end: int = 0


def apply_layout(
    grid: Grid, header: Header, name: str, layout: LayoutFile, *, ends_with_newline: bool = True, forgive: bool = False
) -> Shaped:
    """Read one grid as a layout says.

    Args:
        grid: The grid.
        header: Where :func:`taihu.read.header.find_header` found the header.
        name: The layout's name.
        layout: Its rules.
        ends_with_newline: Whether the text ended with a line end; a short last line without one was cut off.
        forgive: Only note rows of another width whose cells all look like those of their columns; for people who look at the result.
    """
    _fill_down(grid, header)
    rows = _sorted_rows(grid, header, layout)
    if forgive and grid.is_text:
        _forgive(grid, header, rows, ends_with_newline)
    columns = _columns(grid, header, rows.data)
    totals, missing = _totals(grid, header, layout, rows, columns)
    totals.extend(grid.stated)
    moved = moved_columns(header, layout)
    notes = [*grid.notes, *rows.notes]
    if moved:
        notes.append(Note("columns_moved", grid.position(header.last), moved[0], ", ".join(moved)))
    cells = {column: grid.column(n) for n, column in enumerate(header.names) if column} | _value_cells(header, layout)
    table = TableRead(
        name=grid.name or grid.member,
        rows=_arrow(grid, header, layout, rows.data, columns),
        header_row=grid.lines[header.last] if header.is_stated else None,
        header_cells=cells,
        totals=tuple(totals),
        notes=tuple(notes),
        layout=name,
    )
    held, detail = _verdict(grid, header, rows, totals, missing, ends_with_newline)
    if held is None and (broken := broken_agreement(layout.units, [unit for _, unit in stated_units(grid.rows[n] for n in rows.outside)])):
        held, detail = "unit_disagrees", broken
    return Shaped(table, held, detail)


def _fill_down(grid: Grid, header: Header) -> None:
    """Merged cells among the data mean that their text counts for all their rows; amounts are never repeated."""
    areas = [area for area in grid.merged or () if area[0] > header.last and area[2] > area[0] and area[1] < len(header.names)]
    for top, left, bottom, _right in areas:
        name = header.names[left] or ""
        text = grid.rows[top][left] if top < len(grid.rows) and left < len(grid.rows[top]) else None
        if text is None or (control.number(text) is not None and control.may_be_added(name)):
            continue
        last = min(bottom, len(grid.rows) - 1)
        if last == top:
            continue
        for index in range(top + 1, last + 1):
            row = grid.rows[index]
            row.extend([None] * (left + 1 - len(row)))
            row[left] = text
        grid.notes.append(Note("merged_cells", grid.position(top), name, f"to row {grid.lines[last]}"))


def _matches(rule: RowRule, row: list[Cell]) -> bool:
    if rule.first_cell and plain(first_cell(row)).startswith(tuple(map(plain, rule.first_cell))):
        return True
    return bool(rule.any_cell) and bool({plain(cell) for cell in row if cell} & {plain(text) for text in rule.any_cell})


def _is_declared_total(total: Total, row: list[Cell], width: int) -> bool:
    if total.row is None:
        return False
    label, wanted = plain(first_cell(row)), plain(total.row)
    return label == wanted or (label.startswith(wanted) and filled(row) < max(2, width))


def _sorted_rows(grid: Grid, header: Header, layout: LayoutFile) -> _Rows:
    """Tell data from totals, remarks and repeated headers, from the header down to where the layout says that the table ends."""
    rows = _Rows(outside=list(range(header.first)), end=len(grid.rows))
    lines = [control.line_regex(total.line) for total in layout.totals if total.line]
    names = [plain(name) for name in header.names if name]
    width = header.width
    for index in range(header.last + 1, len(grid.rows)):
        row = grid.rows[index]
        if filled(row) == 0:
            continue
        if any(_is_declared_total(total, row, width) for total in layout.totals):
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
    _note_totals_inside(grid, rows)
    rows.outside.extend(range(rows.end, len(grid.rows)))
    rows.notes.extend(_below(grid, rows, width))
    return rows


def _why_aside(
    row: list[Cell], layout: LayoutFile, width: int, lines: Sequence[re.Pattern[str]], names: Sequence[str]
) -> tuple[str | None, str]:
    """Where a row goes that is not data (``total`` or ``outside``; None for data), and the reason that is noted."""
    count = filled(row)
    total = count < width and control.is_total_row(row, width)
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


def _data_follows(grid: Grid, layout: LayoutFile, index: int, width: int) -> bool:
    """Whether rows as full as data stand below a total row that should have been the end."""
    for row in grid.rows[index + 1 :]:
        if filled(row) and (_matches(layout.until, row) or control.is_total_row(row, width)):
            return False
        if filled(row) > max(2, width // 2):
            return True
    return False


def _note_totals_inside(grid: Grid, rows: _Rows) -> None:
    last = rows.data[-1] if rows.data else -1
    noted = {note.position for note in rows.notes}
    for index in rows.totals:
        if index < last and grid.position(index) not in noted:
            rows.notes.append(Note("total_row", grid.position(index)))


def _below(grid: Grid, rows: _Rows, width: int) -> list[Note]:
    """What is below the end of the table and as full as a row of it is not remarks; say that it was not read."""
    full = [n for n in range(rows.end, len(grid.rows)) if filled(grid.rows[n]) > max(2, width // 2) and n not in rows.totals]
    return [Note("rows_after_end", grid.position(full[0]), detail=f"{len(full)} rows")] if full else []


def _is_ragged(grid: Grid, index: int, header: Header) -> bool:
    row = grid.rows[index]
    too_many = any(cell is not None for cell in row[len(header.names) :])
    return too_many or grid.widths[index] < header.width


def _forgive(grid: Grid, header: Header, rows: _Rows, ends_with_newline: bool) -> None:
    """Short rows of a sender that leaves out empty cells at the end are only noted; all others with another width stay ragged.

    Such a sender does so in all rows, and each cell looks like the others of its column. A row with cells too many never passes.
    """
    beyond = {n for n in rows.data if any(cell is not None for cell in grid.rows[n][header.width :])}
    if len(beyond) > len(rows.data) / 2:
        beyond = set()
    short = [n for n in rows.ragged if grid.widths[n] < header.width and n not in beyond]
    others = [n for n in rows.data if n not in beyond and n not in short]
    usual = natures(grid, others if len(others) >= _FEW else [*others, *short], len(header.names))
    leaves_out = len(short) >= max(2, len(rows.data) / 20) and all(grid.rows[n][-1] is not None for n in rows.data if grid.rows[n])
    rows.ragged = sorted(beyond)
    for n in short:
        is_cut = n == len(grid.rows) - 1 and not ends_with_newline
        if leaves_out and not is_cut and conforms(grid.rows[n], usual):
            rows.notes.append(Note("ragged_row", grid.position(n)))
        else:
            rows.ragged.append(n)
    rows.ragged.sort()


def _columns(grid: Grid, header: Header, data: Sequence[int]) -> list[list[Cell]]:
    """The data by column."""
    chosen = [grid.rows[index] for index in data]
    return [[row[n] if n < len(row) else None for row in chosen] for n in range(len(header.names))]


def _totals(grid: Grid, header: Header, layout: LayoutFile, rows: _Rows, columns: list[list[Cell]]) -> tuple[list[StatedTotal], list[str]]:
    """All totals that the file states and the labels of agreed ones that are missing."""
    at = {name: n for n, name in enumerate(header.names) if name}
    found: list[StatedTotal] = []
    missing: list[str] = []
    declared: set[int] = set()
    for total in layout.totals:
        if total.row is not None:
            indexes = [n for n in rows.totals if _is_declared_total(total, grid.rows[n], header.width)]
            declared.update(indexes)
            stated = _row_totals(grid, total, indexes, at, columns)
        else:
            stated = _line_totals(grid, total, rows, at, columns)
        found.extend(stated)
        wanted = len(total.of) if total.row is not None else 1
        if total.required and rows.data and len(stated) < max(1, wanted):
            missing.append(total.row or total.line or "")
    found.extend(_undeclared(grid, header, [n for n in rows.totals if n not in declared], rows, columns))
    return found, missing


def _row_totals(grid: Grid, total: Total, indexes: list[int], at: Mapping[str, int], columns: list[list[Cell]]) -> list[StatedTotal]:
    if not indexes:
        return []
    # A total of the whole table is its last one; earlier ones of the same name were sums of pages.
    index = indexes[-1]
    row = grid.rows[index]
    names = total.of or tuple(name for name in at if control.may_be_added(name))
    cells = {name: (row[at[name]] if at[name] < len(row) else None, columns[at[name]]) for name in names if name in at}
    return control.stated_in_row(total.row or "", cells, grid.position(index))


def _line_totals(grid: Grid, total: Total, rows: _Rows, at: Mapping[str, int], columns: list[list[Cell]]) -> list[StatedTotal]:
    place = control.find_line(control.line_regex(total.line or ""), grid, rows.outside)
    if place is None:
        return []

    def where(conditions: Mapping[str, str]) -> list[int]:
        wanted = {at[name]: plain(text) for name, text in conditions.items() if name in at}
        if len(wanted) < len(conditions):
            return []
        return [n for n in range(len(rows.data)) if all(plain(columns[column][n]) == text for column, text in wanted.items())]

    def cells(name: str) -> Sequence[Cell]:
        return columns[at[name]] if name in at else [None] * len(rows.data)

    return list(control.stated_in_line(total, place[1], where, cells, grid.position(place[0])))


def _undeclared(grid: Grid, header: Header, indexes: list[int], rows: _Rows, columns: list[list[Cell]]) -> list[StatedTotal]:
    """Totals that nobody declared, beside what they may mean: all rows, those above, or those since the total before."""
    totals: list[StatedTotal] = []
    since = 0
    for index in indexes:
        row = grid.rows[index]
        upto = sum(1 for n in rows.data if n < index)
        spans = [(0, len(rows.data)), (0, upto), (since, upto)]
        for n, name in enumerate(header.names):
            stated = control.number(row[n]) if n < len(row) else None
            if name is None or stated is None or not control.may_be_added(name):
                continue
            sums = [control.sum_of(columns[n][start:end]) for start, end in spans]
            wanted = control.settled(stated)
            computed = wanted if wanted in sums else sums[2 if control.is_subtotal(row) else 0]
            totals.append(StatedTotal(first_cell(row), name, wanted, computed, grid.position(index)))
        since = upto
    return totals


def _verdict(
    grid: Grid, header: Header, rows: _Rows, totals: Sequence[StatedTotal], missing: Sequence[str], ends_with_newline: bool
) -> tuple[str | None, str]:
    if rows.ragged and rows.ragged[-1] == rows.data[-1] and rows.end == len(grid.rows) and not ends_with_newline:
        last = rows.ragged[-1]
        if last == len(grid.rows) - 1 and grid.widths[last] < header.width:
            return "damaged_file", f"the last line ({grid.position(last)}) is cut off"
    wrong = [total for total in totals if total.agrees is False]
    if wrong:
        first = wrong[0]
        what = first.column or "rows"
        return "total_disagrees", f"{first.label} ({first.position}): {what} stated {first.stated}, found {first.computed}"
    if missing:
        return "total_missing", "not found: " + ", ".join(missing)
    if rows.ragged:
        places = ", ".join(grid.position(index) for index in rows.ragged[:5])
        return "ragged_row", f"{len(rows.ragged)} rows with another number of fields than the header: {places}"
    return None, ""


def _arrow(grid: Grid, header: Header, layout: LayoutFile, data: Sequence[int], columns: list[list[Cell]]) -> pa.Table:
    names = _names(grid, header, columns)
    scaled = factors(layout.units)
    for n, name in names.items():
        factor = scaled.get(plain(name)) or scaled.get(plain(name).rsplit("/", 1)[-1])
        if factor and factor != 1:
            columns[n] = [_scaled(cell, factor) for cell in columns[n]]
    if layout.unpivot is not None:
        return _unpivoted(grid, layout, data, names, columns)
    positions = [grid.position(index) for index in data]
    arrays = [pa.array(columns[n], pa.string()) for n in names] + [pa.array(positions, pa.string())]
    return pa.table(arrays, names=[*names.values(), "_src_row"])


def _names(grid: Grid, header: Header, columns: list[list[Cell]]) -> dict[int, str]:
    """Column number to name; a column without a name is kept under its place when it has values."""
    names = {}
    for n, name in enumerate(header.names):
        if name:
            names[n] = name
        elif any(cell is not None for cell in columns[n]):
            names[n] = f"column_{grid.column(n)}"
    return names


def _scaled(cell: Cell, factor: Decimal) -> Cell:
    value = control.number(cell)
    return cell if value is None else format(control.settled(value * factor), "f")


def _wide_groups(names: Mapping[int, str], rule: Unpivot) -> dict[tuple[str, ...], dict[str, int]]:
    """Wide columns by the key that their header holds; inside a key, value name to column number."""
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for n, name in names.items():
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in rule.columns):
            continue
        parts = name.split(rule.split)
        value = next((part for part, into in zip(parts, rule.into, strict=False) if into == "*"), None)
        keys = tuple(part for part, into in zip(parts, rule.into, strict=False) if into != "*")
        value = value or (rule.into[len(parts)] if len(rule.into) > len(parts) else "value")
        groups.setdefault(keys, {})[value] = n
    return groups


def _values(groups: Mapping[tuple[str, ...], Mapping[str, int]]) -> list[str]:
    return list(dict.fromkeys(value for group in groups.values() for value in group))


def _value_cells(header: Header, layout: LayoutFile) -> dict[str, str]:
    """Value columns of an unpivoted table stand in another column for every row: ``/2`` is the second of the row's position."""
    if layout.unpivot is None:
        return {}
    groups = _wide_groups({n: name for n, name in enumerate(header.names) if name}, layout.unpivot)
    return {value: f"/{number}" for number, value in enumerate(_values(groups), start=1)}


def _unpivoted(grid: Grid, layout: LayoutFile, data: Sequence[int], names: Mapping[int, str], columns: list[list[Cell]]) -> pa.Table:
    """Wide columns as rows: one row per data row and key (``线上``), its value columns named by the part that is ``*``.

    ``into`` with one name more than a header has parts names the value column; with as many names and no ``*`` it is ``value``.
    """
    rule = layout.unpivot
    assert rule is not None
    groups = _wide_groups(names, rule)
    wide = {n for group in groups.values() for n in group.values()}
    fixed = [n for n in names if n not in wide]
    key_names = [into for into in rule.into if into != "*"][: len(next(iter(groups), ()))]
    values = _values(groups)
    out: dict[str, list[Cell]] = {name: [] for name in [*(names[n] for n in fixed), *key_names, *values, "_src_row"]}
    for row, index in enumerate(data):
        for keys, group in groups.items():
            if all(columns[n][row] is None for n in group.values()):
                continue
            for n in fixed:
                out[names[n]].append(columns[n][row])
            for key, part in zip(key_names, keys, strict=False):
                out[key].append(part)
            for value in values:
                out[value].append(columns[group[value]][row] if value in group else None)
            places = ",".join(grid.column(group[value]) if value in group else "" for value in values)
            out["_src_row"].append(grid.position(index, places))
    return pa.table([pa.array(cells, pa.string()) for cells in out.values()], names=list(out))
