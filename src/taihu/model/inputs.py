"""Columns and types of the tables that models read but do not make: clean tables, feeds, maps, golden records.

They are known from the project's files alone, so a misspelt column is found before anything runs, and a source that has not
delivered yet is an empty table with the right types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from taihu.manifest.checked import CheckedType
from taihu.manifest.matching import ATTRIBUTES, DescribedKind, described_kinds
from taihu.manifest.source import Column
from taihu.manifest.tree import ProjectTree, Source

if TYPE_CHECKING:
    import pyarrow as pa

PROVENANCE = {"_src_id": "VARCHAR", "_src_row": "VARCHAR", "dq_flags": "VARCHAR"}
MONTH = "_month"

_TYPES = {
    "text": "VARCHAR",
    "phone": "VARCHAR",
    "integer": "BIGINT",
    "money": "DECIMAL(18, 2)",
    "quantity": "DECIMAL(18, 3)",
    "number": "DECIMAL(18, 6)",
    "percent": "DECIMAL(18, 6)",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "boolean": "BOOLEAN",
    **dict.fromkeys(get_args(CheckedType), "VARCHAR"),
}


def column_type(column: Column) -> str:
    """The SQL type that a column of a source has in its clean table."""
    return "VARCHAR" if column.personal else _TYPES[column.type]


def feed_type(name: str) -> str:
    """The SQL type of a type named in a feed file; SQL types may be written as they are."""
    return _TYPES.get(name, name)


def party_key(tree: ProjectTree, source: Source) -> str | None:
    """The column that the party adds to the clean table: the key of the reference table it is looked up in."""
    party = source.file.party
    if party is None or party.in_ is None or party.in_ not in tree.sources:
        return None
    keys = tree.sources[party.in_].file.key
    return keys[0] if keys else None


def clean_columns(tree: ProjectTree, source: Source) -> dict[str, str]:
    """Column to SQL type of ``clean.<source>``."""
    columns = {name: column_type(column) for name, column in source.file.columns.items()}
    key = party_key(tree, source)
    if key:
        columns.setdefault(key, "VARCHAR")
    if source.file.business_date:
        columns.setdefault("business_date", "DATE")
    columns |= PROVENANCE
    if source.file.business_date and source.file.load != "snapshot":
        columns[MONTH] = "VARCHAR"
    return columns


def feed_columns(tree: ProjectTree, feed: str) -> dict[str, str]:
    """Column to SQL type of ``feed.<feed>``: the source's name, the feed's own columns, where each row came from."""
    listed = {name: feed_type(kind) for name, kind in tree.feeds[feed].columns.items()}
    return {"source": "VARCHAR", **listed, **PROVENANCE}


def map_columns(domain: str) -> dict[str, str]:
    """Column to SQL type of ``match.<domain>_map``."""
    dates = {"valid_from": "DATE", "valid_to": "DATE"}
    return {"source": "VARCHAR", f"{domain}_key": "VARCHAR", f"{domain}_id": "VARCHAR", **dates, "decided_by": "VARCHAR"}


def golden_columns(domain: str, kind: DescribedKind) -> dict[str, str]:
    """Column to SQL type of ``match.<domain>``, the golden records of a described domain with the days on which each state held."""
    said = dict.fromkeys(ATTRIBUTES[kind], "VARCHAR")
    return {f"{domain}_id": "VARCHAR", **said, "key_count": "BIGINT", "valid_from": "DATE", "valid_to": "DATE"}


def domains(tree: ProjectTree) -> list[str]:
    """Match domains that some source declares."""
    return sorted({domain for source in tree.sources.values() for domain in source.file.match_domains.values()})


def outer_tables(tree: ProjectTree) -> dict[str, dict[str, str]]:
    """All tables that are not models, with their columns; ``ops`` tables are not listed, the ledger defines them."""
    tables = {source.table: clean_columns(tree, source) for source in tree.sources.values()}
    tables |= {f"feed.{feed}": feed_columns(tree, feed) for feed in tree.feeds}
    tables |= {f"match.{domain}_map": map_columns(domain) for domain in domains(tree)}
    return tables | {f"match.{domain}": golden_columns(domain, kind) for domain, kind in described_kinds(tree).items()}


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The Arrow schema of columns that are given by SQL type."""
    import pyarrow as pa

    plain = {
        "VARCHAR": pa.string(),
        "TEXT": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "INT": pa.int32(),
        "SMALLINT": pa.int16(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
        "BOOLEAN": pa.bool_(),
    }
    fields = []
    for name, kind in columns.items():
        if kind.startswith("DECIMAL"):
            precision, scale = (int(part) for part in kind.removeprefix("DECIMAL(").removesuffix(")").split(","))
            fields.append(pa.field(name, pa.decimal128(precision, scale)))
        else:
            fields.append(pa.field(name, plain.get(kind, pa.string())))
    return pa.schema(fields)
