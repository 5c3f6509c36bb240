"""Summary sheets and lists of files, found without a layout: a column names the other sheets (or files), others state their totals.

Only what most of the named tables confirm is taken for a total; the rest of them then disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa

from taihu.core.types import FileRead, Member, TableRead
from taihu.manifest.layout import LayoutFile, States
from taihu.read import totals as control
from taihu.read.grid import Cell, plain
from taihu.read.statements import Seen, reconciled, statements_of

Reads = Sequence[tuple[Member | None, FileRead]]
_LEAST = 2
_LONGEST = 500


def with_lists(reads: Reads) -> list[tuple[Member | None, FileRead]]:
    """What was read blind, with what its summary sheets and lists of files state of its tables."""
    found = list(reads)
    for home, (_, read) in enumerate(reads):
        for k, table in enumerate(read.tables):
            states = _states(reads, home, k) if table.rows.num_rows <= _LONGEST else None
            if states is not None:
                found = _stated(found, home, k, states)
    return found


def _stated(reads: Reads, home: int, k: int, states: States) -> list[tuple[Member | None, FileRead]]:
    """Reconcile one list with the tables that it names; the list itself stays where it is."""
    table = reads[home][1].tables[k]
    statements = list(statements_of(table, LayoutFile(header=("",), states=states)))
    seen = [Seen(member, read, statements if n == home else (), states.file is not None) for n, (member, read) in enumerate(reads)]
    without = [each for m, each in enumerate(reads[home][1].tables) if m != k]
    seen[home] = replace(seen[home], read=replace(reads[home][1], tables=tuple(without)))
    done = reconciled(seen, is_complete=False)
    member, read = done[home]
    tables = list(read.tables)
    # A list whose tables are all elsewhere keeps what nothing was found for.
    tables.insert(k, table)
    done[home] = member, replace(read, tables=tuple(tables))
    return done


def _states(reads: Reads, home: int, k: int) -> States | None:
    """What the rows of a table state of others; None if they name none."""
    table = reads[home][1].tables[k]
    if not all(pa.types.is_string(column.type) for column in table.rows.columns):
        return None  # typed records of a program
    sheets = {plain(each.name): [each] for m, each in enumerate(reads[home][1].tables) if m != k and each.name}
    files = {
        plain(member.path.replace(">", "/").rsplit("/", 1)[-1]): list(read.tables)
        for n, (member, read) in enumerate(reads)
        if n != home and member is not None and read.tables
    }
    for name in _names(table):
        cells = table.rows.column(name).to_pylist()
        for known, key in ((sheets, "sheet"), (files, "file")):
            named = [(n, known[base]) for n, cell in enumerate(cells) if (base := plain(cell).rsplit("/", 1)[-1]) in known]
            if len(named) < _LEAST or len(named) < len([cell for cell in cells if cell]) * 2 / 3:
                continue
            rows, sums = _confirmed(table, name, named)
            if rows or sums:
                return States.model_validate({key: name, "rows": rows, "sums": sums})
    return None


def _names(table: TableRead) -> list[str]:
    """Columns of texts: what brings types of its own (Parquet) lists no sheets."""
    return [field.name for field in table.rows.schema if not field.name.startswith("_src_") and pa.types.is_string(field.type)]


def _confirmed(table: TableRead, key: str, named: Sequence[tuple[int, Sequence[TableRead]]]) -> tuple[str | None, dict[str, str]]:
    """The columns whose numbers are, for most of the named tables, their counts of rows or the sums of one of their columns."""
    rows: str | None = None
    sums: dict[str, str] = {}
    for name in _names(table):
        if name == key:
            continue
        cells: list[Cell] = table.rows.column(name).to_pylist()
        stated = [(amount, tables) for n, tables in named if (amount := control.amount(cells[n])) is not None]
        if len(stated) < _LEAST:
            continue
        counts = [amount[0] == sum(each.rows.num_rows for each in tables) for amount, tables in stated]
        if rows is None and sum(counts) * 2 > len(counts):
            rows = name
            continue
        column = _column(stated)
        if column is not None:
            sums[name] = column
    return rows, sums


def _column(stated: Sequence[tuple[tuple[Decimal, Decimal], Sequence[TableRead]]]) -> str | None:
    hits: dict[str, int] = {}
    for amount, tables in stated:
        for column, total in _sums(tables).items():
            if total and control.compared("", column, amount, total, "").agrees:
                hits[column] = hits.get(column, 0) + 1
    best = max(hits, key=hits.__getitem__, default=None)
    return best if best is not None and hits[best] * 2 > len(stated) else None


def _sums(tables: Sequence[TableRead]) -> Mapping[str, Decimal]:
    names = [name for name in _names(tables[0]) if control.may_be_added(name) and all(name in each.rows.column_names for each in tables)]
    return {name: control.sum_of([cell for each in tables for cell in each.rows.column(name).to_pylist()]) for name in names}
