"""A layout turns a grid into rows of text: header by name, rows by rule, totals reconciled, everything left out accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from taihu.core.types import Note, StatedTotal, TableRead
from taihu.manifest.layout import LayoutFile
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, plain
from taihu.read.header import Header, moved_columns
from taihu.read.reconcile import table_totals
from taihu.read.rows import Rows, forgive_short_rows, sorted_rows
from taihu.read.units import broken_agreement, factors, stated_units
from taihu.read.unpivot import unpivoted, value_cells


@dataclass(slots=True)
class Shaped:
    """A table that a layout read, with the reason why it must not be used, if there is one."""

    table: TableRead
    held: str | None = None
    held_detail: str = ""


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
        forgive: Only note units and rows of another width whose cells all look like those of their columns; for people who look on.
    """
    _fill_down(grid, header)
    rows = sorted_rows(grid, header, layout)
    if forgive and grid.is_text:
        forgive_short_rows(grid, header, rows, ends_with_newline)
    columns = _columns(grid, header, rows.data)
    totals, missing = table_totals(grid, header, layout, rows, columns)
    totals.extend(grid.stated)
    units = [(rows.outside[n], unit) for n, unit in stated_units(grid.rows[index] for index in rows.outside)]
    moved = moved_columns(header, layout)
    notes = [*grid.notes, *rows.notes]
    if moved:
        notes.append(Note("columns_moved", grid.position(header.last), moved[0], ", ".join(moved)))
    if forgive:
        notes += [Note("unit_stated", grid.position(index), detail=unit.word) for index, unit in units if not unit.is_plain]
    cells = {column: grid.column(n) for n, column in enumerate(header.names) if column} | value_cells(header, layout)
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
    if held is None and not forgive and (broken := broken_agreement(layout.units, [unit for _, unit in units])):
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


def _columns(grid: Grid, header: Header, data: Sequence[int]) -> list[list[Cell]]:
    """The data by column."""
    chosen = [grid.rows[index] for index in data]
    return [[row[n] if n < len(row) else None for row in chosen] for n in range(len(header.names))]


def _verdict(
    grid: Grid, header: Header, rows: Rows, totals: Sequence[StatedTotal], missing: Sequence[str], ends_with_newline: bool
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
        return unpivoted(grid, layout, data, names, columns)
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
