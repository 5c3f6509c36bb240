"""What a source's contract makes of a file's texts: typed rows and refusals, as plain values, without ledger, lake or vault."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from taihu.clean import clean_table
from taihu.core.types import FileRead, Refusal
from taihu.manifest.source import SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine


def typed_tables(file: FileRead, source: SourceFile, zone: str) -> tuple[list[pa.Table], list[Refusal]]:
    """Every table of a file typed by the contract, and what was refused.

    Personal values stand as ``[contact]``, ``[person]``: a token needs a vault, and nobody who tries a contract needs either.

    Raises:
        ContentRefused: ``unknown_layout`` if the headers do not provide the columns.
    """
    tables: list[pa.Table] = []
    refusals: list[Refusal] = []
    for table in file.tables:
        cleaned = clean_table(_engine(), table.rows, source, tokenizer=lambda kind, _: f"[{kind}]", zone=zone)
        tables.append(cleaned.table)
        refusals += cleaned.refusals
    return tables, refusals


@cache
def _engine() -> Engine:
    """One engine for all files that are tried: starting one takes longer than most files."""
    from taihu.engine.duckdb import DuckDBEngine

    return DuckDBEngine(threads=1)


def typed(file: FileRead, source: SourceFile, zone: str) -> dict[str, Any]:
    """Rows, refusals by reason and column, and for each summable column its sum: what an expectation states of the typed rows."""
    tables, refusals = typed_tables(file, source, zone)
    refused = Counter(f"{refusal.reason} {refusal.column}" for refusal in refusals)
    return {
        "rows": sum(table.num_rows for table in tables),
        "refused": dict(sorted(refused.items())),
        "sums": {name: _sum(tables, name) for name, column in source.columns.items() if column.type in ("money", "quantity")},
        "personal": sorted(name for name, column in source.columns.items() if column.personal),
    }


def _sum(tables: list[pa.Table], name: str) -> str:
    import pyarrow.compute as pc

    values = [value for table in tables if (value := pc.sum(table[name]).as_py()) is not None]
    return str(sum(values)) if values else "0"
