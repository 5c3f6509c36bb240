"""What reading a file gave, as plain values: what expectations of samples are made of and compared with."""

from __future__ import annotations

from typing import Any

from taihu.core.types import FileRead, TableRead


def reading(file: FileRead) -> dict[str, Any]:
    """Kind, encoding, hold, and of each table its layout, header, rows, totals and notes."""
    return {"kind": file.kind, "encoding": file.encoding, "held": file.held, "tables": [_table(table) for table in file.tables]}


def _table(table: TableRead) -> dict[str, Any]:
    rows = table.rows.to_pylist()
    return {
        "name": table.name,
        "layout": table.layout,
        "header_row": table.header_row,
        "columns": [name for name in table.rows.column_names if not name.startswith("_")],
        "rows": len(rows),
        "first": rows[0] if rows else None,
        "last": rows[-1] if rows else None,
        "totals": [
            {"label": total.label, "column": total.column, "stated": str(total.stated), "agrees": total.agrees} for total in table.totals
        ],
        "notes": sorted({note.reason for note in table.notes}),
    }
