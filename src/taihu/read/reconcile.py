"""The totals that a table states about itself, beside what its rows add up to.

Agreement, disagreement and absence are three things: a total is equal, is not, or is not there although it was agreed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from taihu.core.types import Note, StatedTotal
from taihu.manifest.layout import LayoutFile, Total
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, plain
from taihu.read.header import Header
from taihu.read.rows import Rows, group_label, is_declared_total


@dataclass(slots=True)
class Totals:
    """What was stated, which agreed totals are missing, and which may be."""

    stated: list[StatedTotal] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a table by column: by place as it was sent, and by name with the columns that were made of remarks."""

    rows: Rows
    columns: Sequence[Sequence[Cell]]
    named: Mapping[str, Sequence[Cell]]


def table_totals(grid: Grid, header: Header, layout: LayoutFile, data: Data) -> Totals:
    """All totals that a table states."""
    at = {name: n for n, name in enumerate(header.names) if name}
    found = Totals()
    declared: dict[int, list[int]] = {
        n: [index for index in data.rows.totals if is_declared_total(total, grid.rows[index], header.width)]
        for n, total in enumerate(layout.totals)
        if total.row is not None
    }
    for n, total in enumerate(layout.totals):
        if total.row is None:
            stated, complete = _line_totals(grid, total, data), True
        else:
            wider = sorted({index for m, indexes in declared.items() if m >= n for index in indexes})
            stated = _row_totals(grid, total, declared[n], wider, at, data)
            complete = _is_complete(total, declared[n], wider, data.rows, len(grid.rows))
        found.stated.extend(stated)
        wanted = max(1, len(total.of)) if total.row is not None else 1
        if data.rows.data and (len(stated) < wanted or not complete):
            label = total.row or total.line or ""
            if total.required:
                found.missing.append(label)
            else:
                found.notes.append(Note("total_missing", detail=f"not found: {label}"))
    known = {index for indexes in declared.values() for index in indexes}
    found.stated.extend(_undeclared(grid, header, [n for n in data.rows.totals if n not in known], data))
    return found


def _is_complete(total: Total, own: Sequence[int], wider: Sequence[int], rows: Rows, end: int) -> bool:
    """Whether every data row lies in a group that has its total."""
    if not total.adds.startswith("group"):
        return bool(own)
    spans = [_span(total, index, wider, end) for index in own]
    starts = [start for start, _ in spans]
    return all((n := bisect_right(starts, index) - 1) >= 0 and index < spans[n][1] for index in rows.data)


def _row_totals(grid: Grid, total: Total, own: Sequence[int], wider: Sequence[int], at: Mapping[str, int], data: Data) -> list[StatedTotal]:
    if not own:
        return []
    # A total of the whole table is its last one; earlier ones of the same name were sums of pages.
    indexes = own if total.adds != "all rows" else own[-1:]
    names = total.of or tuple(name for name in at if control.may_be_added(name))
    meant = _where(total.where, data)
    rows = [data.rows.data[n] for n in meant]
    found = []
    for index in indexes:
        row = grid.rows[index]
        start, end = _span(total, index, wider, len(grid.rows))
        chosen = meant[bisect_left(rows, start) : bisect_left(rows, end)]
        label = group_label(total, row) if total.adds.startswith("group") else None
        for name in names:
            stated = control.amount(row[at[name]]) if name in at and at[name] < len(row) else None
            if stated is not None:
                found.append(
                    control.compared(label or total.row or "", name, stated, _sum(name, total.less, chosen, data), grid.position(index))
                )
    return found


def _span(total: Total, index: int, wider: Sequence[int], end: int) -> tuple[int, int]:
    """The rows of the grid that a total row adds up. Totals are listed from the narrowest to the widest: a wider one ends a group too."""
    if total.adds == "group above":
        return max((n for n in wider if n < index), default=-1) + 1, index
    if total.adds == "group below":
        return index, min((n for n in wider if n > index), default=end)
    return (0, index) if total.adds == "all above" else (0, end)


def _where(conditions: Mapping[str, str], data: Data) -> list[int]:
    """Numbers of the data rows that have these cells; none if a header is not there."""
    if any(name not in data.named for name in conditions):
        return []
    wanted = [(data.named[name], plain(text)) for name, text in conditions.items()]
    return [n for n in range(len(data.rows.data)) if all(plain(cells[n]) == text for cells, text in wanted)]


def _sum(name: str, less: Sequence[str], chosen: Sequence[int], data: Data) -> Decimal:
    """The sum of a column over the chosen rows, less those of other columns."""

    def of(column: str) -> Decimal:
        cells = data.named.get(column, [])
        return control.sum_of([cells[n] for n in chosen]) if cells else Decimal(0)

    return control.settled(of(name) - sum((of(column) for column in less), Decimal(0)))


def _line_totals(grid: Grid, total: Total, data: Data) -> list[StatedTotal]:
    place = control.find_line(control.line_regex(total.line or ""), grid, data.rows.outside)
    if place is None:
        return []
    chosen = _where(total.where, data)
    found = _sum(total.sum, total.less, chosen, data) if total.sum else None
    return list(control.stated_in_line(total, place[1], len(chosen), found, grid.position(place[0])))


def _undeclared(grid: Grid, header: Header, indexes: list[int], data: Data) -> list[StatedTotal]:
    """Totals that nobody declared, beside what they may mean: all rows, those above, those since the total before or its like."""
    totals: list[StatedTotal] = []
    since, since_like = 0, dict[str, int]()
    count = len(data.rows.data)
    for index in indexes:
        row = grid.rows[index]
        label = control.total_label(row)
        upto = sum(1 for n in data.rows.data if n < index)
        spans = dict.fromkeys([(0, count), (0, upto), (since, upto), (since_like.get(plain(label), 0), upto)])
        usual = (since, upto) if control.is_subtotal(label) else (0, count)
        for n, name in enumerate(header.names):
            stated = control.amount(row[n]) if n < len(row) else None
            if name is None or stated is None or not control.may_be_added(name):
                continue
            sums = {span: control.sum_of(data.columns[n][slice(*span)]) for span in spans}
            means = {span: control.compared(label, name, stated, found, grid.position(index)) for span, found in sums.items()}
            totals.append(next((each for each in means.values() if each.agrees), means[usual]))
        since = since_like[plain(label)] = upto
    return totals
