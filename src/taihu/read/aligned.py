"""Several tables of one file whose columns stand in different places: each row then says itself where its cells are.

A value is followed back to its cell by the row's position and the column of its header. Where two tables have a header in
different columns, or rows on the same lines, the columns go into the position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import TableRead


def aligned(tables: Sequence[TableRead]) -> list[TableRead]:
    """The tables with positions that lead to the right cell whichever table a row came from."""
    if len(tables) < 2:
        return list(tables)
    places: dict[str, set[str]] = {}
    for table in tables:
        for name, cell in table.header_cells.items():
            places.setdefault(name, set()).add(cell)
    moving = [name for name, cells in places.items() if len(cells) > 1]
    if not moving and _share_lines(tables):
        moving = [name for name, cells in places.items() if not any(cell.startswith("/") for cell in cells)]
    if not moving or any(cell.startswith("/") for name in moving for cell in places[name]):
        return list(tables)
    return [_told(table, moving, _columns_said(tables)) for table in tables]


def _share_lines(tables: Sequence[TableRead]) -> bool:
    """Whether rows of two tables stand on one line; only tables of one sheet can."""
    seen: dict[str, set[str]] = {}
    names = [table.name for table in tables]
    for table in tables:
        if names.count(table.name) > 1:
            lines = {position.split("/", 1)[0] for position in table.rows.column("_src_row").to_pylist()}
            if seen.setdefault(table.name, set()) & lines:
                return True
            seen[table.name] |= lines
    return False


def _columns_said(tables: Sequence[TableRead]) -> int:
    """How many columns the rows of these tables name already."""
    return max((int(cell[1:]) for table in tables for cell in table.header_cells.values() if cell.startswith("/")), default=0)


def _told(table: TableRead, moving: Sequence[str], said: int) -> TableRead:
    columns = [table.header_cells.get(name, "") for name in moving]
    positions: pa.Array | pa.ChunkedArray
    if said:
        texts = [_with_columns(position, columns, said) for position in table.rows.column("_src_row").to_pylist()]
        positions = pa.array(texts, pa.string())
    else:
        positions = pc.binary_join_element_wise(table.rows.column("_src_row"), ",".join(columns), "/")
    cells = {name: f"/{moving.index(name) + said + 1}" if name in moving else cell for name, cell in table.header_cells.items()}
    at = table.rows.column_names.index("_src_row")
    return replace(table, rows=table.rows.set_column(at, "_src_row", positions), header_cells=cells)


def _with_columns(position: str, columns: Sequence[str], said: int) -> str:
    """A position that names more columns than the ``said`` ones that it may name already."""
    place, _, before = position.rpartition("/") if "/" in position else (position, "", "")
    named = before.split(",") if before else []
    return f"{place}/{','.join([*named, *[''] * (said - len(named)), *columns])}"
