"""A layout turns a grid into rows of text: header by name, rows by rule, totals reconciled, everything left out accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from taihu.core.types import Note, StatedTotal, TableRead
from taihu.manifest.layout import LayoutFile
from taihu.read import totals as control
from taihu.read.columns import Cell, Column
from taihu.read.grid import Grid, plain
from taihu.read.header import Header, moved_columns, stands_twice
from taihu.read.hidden import settle_hidden, without_hidden_columns
from taihu.read.outside import Around, outside_values, year_of
from taihu.read.reconcile import Data, table_totals
from taihu.read.remarks import take_out_remarks
from taihu.read.rows import Rows, forgive_short_rows, sorted_rows
from taihu.read.statements import disagreement
from taihu.read.units import Stated, broken_agreement, factors, stated_units
from taihu.read.unpivot import unpivoted, value_cells, value_names, wide_groups


@dataclass(slots=True)
class Shaped:
    """A table that a layout read, with the reason why it must not be used, if there is one."""

    table: TableRead
    held: str | None = None
    held_detail: str = ""


def apply_layout(
    grid: Grid,
    header: Header,
    name: str,
    layout: LayoutFile,
    *,
    around: Around | None = None,
    ends_with_newline: bool = True,
    forgive: bool = False,
) -> Shaped:
    """Read one table as a layout says.

    Args:
        grid: The grid, or the part of it that holds the table.
        header: Where the header stands in it.
        name: The layout's name.
        layout: Its rules.
        around: What else the sheet and the file say, for values outside the table.
        ends_with_newline: Whether the text ended with a line end; a short last line without one was cut off.
        forgive: Only note units and rows of another width whose cells all look like those of their columns; for people who look on.
    """
    around = around or Around(grid)
    grid, header = without_hidden_columns(grid, header, layout)
    _fill_down(grid, header)
    rows = sorted_rows(grid, header, layout)
    if forgive and grid.is_text:
        forgive_short_rows(grid, header, rows, ends_with_newline)
    hidden, hidden_notes = settle_hidden(grid, header, layout, rows)
    columns = _columns(grid, header, rows.data)
    remarks = take_out_remarks(header, layout, columns)
    named = {each: columns[n] for n, each in enumerate(header.names) if each} | {each: cells for each, (_, cells) in remarks.items()}
    totals = table_totals(grid, header, layout, Data(rows, columns, named))
    lines = [grid.rows[n] for n in rows.outside]
    values = outside_values(layout, around, lines)
    units = [(rows.outside[n] if n < len(lines) else header.first, unit) for n, unit in stated_units([*lines, *around.above])]
    notes = [*grid.notes, *rows.notes, *hidden_notes, *totals.notes]
    moved = moved_columns(header, layout)
    if moved:
        notes.append(Note("columns_moved", grid.position(header.last), moved[0], ", ".join(moved)))
    if forgive:
        notes += [Note("unit_stated", grid.position(index), detail=unit.word) for index, unit in units if not unit.is_plain]
    year = year_of(layout, around, lines)
    added = {**{each: cells for each, (_, cells) in remarks.items()}, **{each: [value] * len(rows.data) for each, value in values.items()}}
    cells = {column: grid.column(n) for n, column in enumerate(header.names) if column}
    table = TableRead(
        name=grid.name or grid.member,
        rows=_arrow(grid, header, layout, rows.data, columns, added, year),
        header_row=grid.lines[header.last] if header.is_stated else None,
        header_cells=cells | {each: grid.column(n) for each, (n, _) in remarks.items()} | value_cells(header, layout, year),
        totals=(*totals.stated, *grid.stated),
        notes=tuple(notes),
        layout=name,
    )
    verdicts = (
        _verdict(grid, header, rows, table.totals, totals.missing, ends_with_newline),
        hidden,
        (None, "") if forgive else _around_verdict(header, layout, values, [unit for _, unit in units], rows, year),
    )
    held, detail = next((verdict for verdict in verdicts if verdict[0]), (None, ""))
    return Shaped(table, held, detail)


def _around_verdict(
    header: Header, layout: LayoutFile, values: Mapping[str, str | None], units: Sequence[Stated], rows: Rows, year: int | None
) -> tuple[str | None, str]:
    """Whether what stands around a table is what was agreed: its unit, the values that it is about, no second table beside it."""
    if stands_twice(header, layout):
        return "table_repeats", "every column of the layout stands in the header again"
    if broken := broken_agreement(layout.units, units):
        return "unit_disagrees", broken
    absent = [name for name, value in values.items() if value is None]
    if layout.year is not None and year is None:
        absent.append("year")
    if absent and rows.data:
        return "outside_missing", "not found: " + ", ".join(absent)
    if layout.unpivot is not None and not wide_groups({n: name for n, name in enumerate(header.names) if name}, layout.unpivot, year):
        return "unknown_layout", f"no header fits {', '.join(layout.unpivot.columns)}"
    twice = [name for name in (*layout.outside, *layout.noted) if name in header.names]
    return ("unknown_layout", f"both a header and outside the table: {', '.join(twice)}") if twice else (None, "")


def _fill_down(grid: Grid, header: Header) -> None:
    """Merged cells among the data mean that their text counts for all their rows; amounts are never repeated."""
    areas = [area for area in grid.merged or () if area[0] > header.last and area[2] > area[0] and area[1] < len(header.names)]
    repeated: dict[int, dict[int, Cell]] = {}
    for top, left, bottom, _right in areas:
        name = header.names[left] or ""
        text = grid.rows[top][left] if top < len(grid.rows) and left < len(grid.rows[top]) else None
        if text is None or (control.number(text) is not None and control.may_be_added(name)):
            continue
        last = min(bottom, len(grid.rows) - 1)
        if last == top:
            continue
        repeated.setdefault(left, {}).update((index, text) for index in range(top + 1, last + 1))
        grid.notes.append(Note("merged_cells", grid.position(top), name, f"to row {grid.lines[last]}"))
    if repeated:
        grid.put(repeated)


def _columns(grid: Grid, header: Header, data: Sequence[int]) -> list[Column]:
    """The data by column."""
    columns = grid.columns(len(header.names))
    if data and len(data) == data[-1] - data[0] + 1:
        return [Column(column.slice(data[0], len(data))) for column in columns]
    indexes = pa.array(data, pa.int64())
    return [Column(column.take(indexes)) for column in columns]


def _verdict(
    grid: Grid, header: Header, rows: Rows, totals: Sequence[StatedTotal], missing: Sequence[str], ends_with_newline: bool
) -> tuple[str | None, str]:
    if rows.ragged and rows.ragged[-1] == rows.data[-1] and rows.end == len(grid.rows) and not ends_with_newline:
        last = rows.ragged[-1]
        if last == len(grid.rows) - 1 and grid.widths[last] < header.width:
            return "damaged_file", f"the last line ({grid.position(last)}) is cut off"
    wrong = [total for total in totals if total.agrees is False]
    if wrong:
        return "total_disagrees", disagreement(wrong[0])
    if missing:
        return "total_missing", "not found: " + ", ".join(missing)
    if rows.ragged:
        places = ", ".join(grid.position(index) for index in rows.ragged[:5])
        return "ragged_row", f"{len(rows.ragged)} rows with another number of fields than the header: {places}"
    return None, ""


def _arrow(
    grid: Grid,
    header: Header,
    layout: LayoutFile,
    data: Sequence[int],
    columns: list[Column],
    added: Mapping[str, Sequence[Cell]],
    year: int | None,
) -> pa.Table:
    names = _names(grid, header, columns)
    scaled = factors(layout.units)
    values = value_names(names, layout.unpivot, year) if layout.unpivot else {}
    for n, name in names.items():
        factor = scaled.get(plain(name)) or scaled.get(plain(values.get(n, name)))
        if factor and factor != 1:
            columns[n] = Column.of([_scaled(cell, factor) for cell in columns[n]])
    if layout.unpivot is not None:
        return unpivoted(grid, layout.unpivot, data, names, columns, added, year)
    others = [pa.array(cells, pa.string()) for cells in added.values()]
    return pa.table([*(columns[n].texts for n in names), *others, grid.positions(data)], names=[*names.values(), *added, "_src_row"])


def _names(grid: Grid, header: Header, columns: list[Column]) -> dict[int, str]:
    """Column number to name; a column without a name is kept under its place when it has values."""
    names = {}
    for n, name in enumerate(header.names):
        if name:
            names[n] = name
        elif not columns[n].is_empty:
            names[n] = f"column_{grid.column(n)}"
    return names


def _scaled(cell: Cell, factor: Decimal) -> Cell:
    value = control.number(cell)
    return cell if value is None else format(control.settled(value * factor), "f")
