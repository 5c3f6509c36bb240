"""Cells that say nothing although their column is listed: formula errors, and formulas that were saved without a value.

A formula without a value looks like an empty cell, and an optional column would take it for one.
"""

from __future__ import annotations

from collections.abc import Sequence

from taihu.china.characters import header_form
from taihu.core.types import TableRead
from taihu.formats.error_cells import ERROR_CELLS
from taihu.manifest.tree import Source

_REASONS = ("error_cell", "formula_without_value")


def unusable_cells(source: Source, tables: Sequence[TableRead]) -> tuple[str, str] | None:
    """Reason and place of the first such cell in a listed column of a data row; None if there is none.

    Errors that the source lists as missing values (``missing: ["#N/A"]``) are none.
    """
    listed = {header_form(header) for name, column in source.file.columns.items() for header in column.from_ or (name,)}
    expected = ERROR_CELLS & set(source.file.missing)
    for table in tables:
        noted = [note for note in table.notes if note.reason in _REASONS]
        if not noted:
            continue
        names = {cell: name for name, cell in table.header_cells.items() if header_form(name) in listed}
        wide = any(cell.startswith("/") for cell in names)
        positions = table.rows["_src_row"].to_pylist()
        rows = {str(position).partition("/")[0]: n for n, position in enumerate(positions)}
        for note in noted:
            row = rows.get(note.position)
            if row is None or not (wide or note.column in names):
                continue
            name = names.get(note.column)
            if name in table.rows.column_names and table.rows[name][row].as_py() in expected:
                continue
            return note.reason, f"{note.position}, column {note.column}"
    return None
