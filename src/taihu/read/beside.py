"""What a list beside a file states of its rows (清单.csv with rows and sums), compared with what was read.

Agreement, disagreement and absence are three states; the last two hold the file.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from taihu.core.types import FileRead, StatedBeside, StatedTotal
from taihu.read import totals as control
from taihu.read.grid import Cell, plain
from taihu.read.statements import disagreement


def with_stated(read: FileRead, stated: StatedBeside) -> FileRead:
    """The file with the totals of the list added to its first table; held if one disagrees or is not there.

    A sum adds up the column in all tables of the file; a column that none of them has adds up to nothing.
    """
    if not read.tables:
        return read
    totals: list[StatedTotal] = []
    missing: list[str] = []
    if stated.rows is not None:
        name, text = stated.rows
        count = control.number(text)
        if count is None:
            missing.append(name)
        else:
            totals.append(StatedTotal(name, None, count, Decimal(sum(table.count for table in read.tables)), stated.place))
    for header, (name, text) in stated.sums.items():
        amount = control.amount(text)
        if amount is None:
            missing.append(name)
        else:
            totals.append(control.compared(name, header, amount, control.sum_of(_cells(read, header)), stated.place))
    tables = (replace(read.tables[0], totals=(*read.tables[0].totals, *totals)), *read.tables[1:])
    read = replace(read, tables=tables)
    wrong = next((total for total in totals if not total.agrees), None)
    if read.held or (wrong is None and not missing):
        return read
    if wrong is not None:
        return replace(read, held="total_disagrees", held_detail=disagreement(wrong))
    return replace(read, held="total_missing", held_detail=f"{stated.place}: no number for {', '.join(missing)}")


def _cells(read: FileRead, header: str) -> list[Cell]:
    import pyarrow as pa

    columns = [table.rows.column(name) for table in read.tables for name in table.rows.column_names if plain(name) == plain(header)]
    return [cell for column in columns for cell in column.cast(pa.string()).to_pylist()]
