"""The totals that a table states about itself, beside what its rows add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taihu.core.types import StatedTotal
from taihu.manifest.layout import LayoutFile, Total
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, first_cell, plain
from taihu.read.header import Header
from taihu.read.rows import Rows, is_declared_total


def table_totals(
    grid: Grid, header: Header, layout: LayoutFile, rows: Rows, columns: list[list[Cell]]
) -> tuple[list[StatedTotal], list[str]]:
    """All totals that the file states and the labels of agreed ones that are missing."""
    at = {name: n for n, name in enumerate(header.names) if name}
    found: list[StatedTotal] = []
    missing: list[str] = []
    declared: set[int] = set()
    for total in layout.totals:
        if total.row is not None:
            indexes = [n for n in rows.totals if is_declared_total(total, grid.rows[n], header.width)]
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


def _line_totals(grid: Grid, total: Total, rows: Rows, at: Mapping[str, int], columns: list[list[Cell]]) -> list[StatedTotal]:
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


def _undeclared(grid: Grid, header: Header, indexes: list[int], rows: Rows, columns: list[list[Cell]]) -> list[StatedTotal]:
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
