"""One invoice in several files of one mail or archive is one invoice: the form that is trusted most is kept.

What the tax authority's XML says is data, OFD carries that data with a page around it, and a PDF only shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from taihu.core.types import FileRead, Member, Note, TableRead
from taihu.read.invoice import AMOUNT, IDENTITY, TAX, TOTAL
from taihu.read.totals import number

TRUST = {"xml": 0, "ofd": 1, "pdf": 2}
Reading = tuple[Member | None, FileRead]
Figures = tuple[Decimal | None, ...]
Kept = dict[tuple[bool, str], tuple[str, Figures]]
"""Whether it is a head or a line of goods and its identity, to the file that told it and its figures."""


def once(reads: Sequence[Reading]) -> list[Reading]:
    """The readings with every invoice in only one of them; two that state different figures hold the file.

    Args:
        reads: What was read of each file; those without invoices are left as they are.
    """
    kept: Kept = {}
    out = list(reads)
    for at in sorted(range(len(out)), key=lambda at: TRUST.get(out[at][1].kind, len(TRUST))):
        member, read = out[at]
        name = member.path if member else ""
        tables: list[TableRead] = []
        own: Kept = {}
        wrong = ""
        for table in read.tables:
            if IDENTITY not in table.rows.column_names:
                tables.append(table)
                continue
            left, found, disagrees = _left(table, kept, name)
            own |= found
            wrong = wrong or disagrees
            tables.append(left)
        for key, value in own.items():
            kept.setdefault(key, value)
        read = replace(read, tables=tuple(tables))
        out[at] = (member, replace(read, held="invoice_disagrees", held_detail=wrong) if wrong and not read.held else read)
    return out


def _left(table: TableRead, kept: Kept, name: str) -> tuple[TableRead, Kept, str]:
    """The rows of a table whose invoices no other file has told, those invoices, and where two files disagree."""
    is_head = TOTAL in table.rows.column_names
    rows: list[int] = []
    notes, wrong = list(table.notes), ""
    found: Kept = {}
    for n, row in enumerate(table.rows.to_pylist()):
        key = (is_head, row[IDENTITY] or "")
        other = kept.get(key)
        figures = tuple(number(row.get(column)) for column in (AMOUNT, TAX, TOTAL))
        if other is None or not key[1]:
            rows.append(n)
            found[key] = (name, figures)
            continue
        if any(a is not None and b is not None and a != b for a, b in zip(figures, other[1], strict=True)):
            wrong = wrong or f"{row['_src_row']} and {other[0]}"
        notes.append(Note("same_invoice", row["_src_row"], IDENTITY, other[0]))
    if len(rows) == table.rows.num_rows:
        return table, found, ""
    import pyarrow as pa

    return replace(table, rows=table.rows.take(pa.array(rows, pa.int64())), notes=tuple(notes)), found, wrong
