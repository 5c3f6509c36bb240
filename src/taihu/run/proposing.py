"""Corrections that the rows themselves propose: what the votes over the whole clean table of a source say, as ``corrections.yml``.

An arrival is judged beside the earlier rows of its party; here all parties and files vote. Nothing is changed: a person checks an
entry, asks the sender, and puts it into the source's ``corrections.yml``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.check import named_cells

if TYPE_CHECKING:
    from taihu.manifest.tree import Source
    from taihu.project.workspace import Workspace


def proposed_corrections(ws: Workspace, source: Source) -> list[dict[str, Any]]:
    """Entries for the source's ``corrections.yml``, the surest first.

    Cells of personal columns are left out, since a correction cannot name them, and so are rows that no columns tell from others.
    A cell that is wrong without a known value has ``set`` with null.
    """
    rules = [check.consistent for check in source.file.checks if check.consistent]
    if not rules or not ws.tables.exists(source.table):
        return []
    rows = ws.tables.read(source.table)
    names = _identifying(source)
    keys = list(zip(*(rows[name].to_pylist() for name in names), strict=True))
    times = Counter(keys)
    cells = [cell for cell in named_cells(rows, rules) if times[keys[cell.row]] == 1 and not source.file.columns[cell.column].personal]
    return [
        {
            "row": {name: _plain(value) for name, value in zip(names, keys[cell.row], strict=True)},
            "set": {cell.column: _plain(cell.proposed)},
            "was": {cell.column: _plain(rows[cell.column][cell.row].as_py())},
            "because": cell.evidence,
        }
        for cell in sorted(cells, key=lambda cell: (-cell.odds, cell.row, cell.column))
    ]


def _identifying(source: Source) -> tuple[str, ...]:
    """Columns that name one row: the key, a unique rule, else all that are not personal."""
    unique = next((check.unique for check in source.file.checks if check.unique), None)
    return source.file.key or unique or tuple(name for name, column in source.file.columns.items() if not column.personal)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | dt.datetime) else value
