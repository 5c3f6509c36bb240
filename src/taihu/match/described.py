"""What the project's sources say about the keys of a domain, read from their clean tables.

A domain is matched by resemblance as soon as one source describes its keys (``describes: store.name``); all others keep to equal keys,
and nothing here is called for them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.engine.types import quoted, text_literal
from taihu.manifest.matching import DescribedKind, described_kinds
from taihu.manifest.missing import UNKNOWN
from taihu.manifest.tree import ProjectTree
from taihu.match.maps import Golden, KeyColumn, key_columns
from taihu.match.resolve import Record

if TYPE_CHECKING:
    from taihu.engine.interface import Engine
    from taihu.match.resolve import Kind

MEMBER_TRUST = 0


@dataclass(frozen=True, slots=True)
class Described:
    """A key column, and the columns beside it that describe the key, by attribute."""

    key: KeyColumn
    attributes: Mapping[str, str]
    trust: int


def described(tree: ProjectTree) -> dict[str, list[Described]]:
    """All key columns of the domains that are described, by domain."""
    found: dict[str, list[Described]] = {domain: [] for domain in described_kinds(tree)}
    for key in key_columns(tree):
        if key.domain not in found:
            continue
        file = tree.sources[key.source].file
        wanted = {name: column.describes for name, column in file.columns.items() if column.describes}
        attributes = {say.partition(".")[2]: name for name, say in wanted.items() if say.partition(".")[0] == key.domain}
        found[key.domain].append(Described(key, attributes, file.trust))
    return found


def kind_of(name: DescribedKind) -> Kind:
    """How things of a kind are compared."""
    from taihu.match.parties import PARTY
    from taihu.match.products import PRODUCT

    return PRODUCT if name == "product" else PARTY


def read_records(
    engine: Engine, entries: Sequence[Described], golden: Golden | None, *, present: Container[str], source_of: Mapping[str, str]
) -> list[Record]:
    """One record for each key of each source, with what the source says of it most often.

    Args:
        engine: Knows the clean tables by name.
        golden: The list of members, whose keys are golden ids.
        present: Tables that exist.
        source_of: Source by clean table.
    """
    records: dict[str, Record] = {}
    for entry in entries:
        table = entry.key.table
        if table not in present:
            continue
        is_member = golden is not None and (golden.table, golden.column) == (table, entry.key.column)
        said: dict[str, dict[str, str]] = {key: {} for (key,) in engine.rows(_keys_sql(table, entry.key.column))}
        for attribute, column in sorted(entry.attributes.items()):
            for key, value in engine.rows(_attribute_sql(table, entry.key.column, column)):
                said[key][attribute] = value
        for key, attributes in said.items():
            record = Record(entry.key.source, key, attributes, MEMBER_TRUST if is_member else entry.trust, is_member)
            # Two columns of one source may hold keys of one domain; what is described wins.
            if attributes or record.id not in records:
                records[record.id] = record
    if golden is not None and golden.table in present and not any(record.is_member for record in records.values()):
        for (key,) in engine.rows(_keys_sql(golden.table, golden.column)):
            record = Record(source_of[golden.table], key, {}, MEMBER_TRUST, is_member=True)
            records[record.id] = record
    return [records[name] for name in sorted(records)]


def _keys_sql(table: str, key: str) -> str:
    return f"SELECT DISTINCT CAST({quoted(key)} AS VARCHAR) FROM {table} WHERE {_told(key)} ORDER BY 1"


def _told(key: str) -> str:
    """A key that is missing (``if_missing: unknown``) is no thing that could be matched."""
    return f"{quoted(key)} <> {text_literal(UNKNOWN)}"


def _attribute_sql(table: str, key: str, column: str) -> str:
    """The value that stands most often beside each key; of equally frequent ones the last by order of text."""
    return f"""
        WITH said AS (
          SELECT CAST({quoted(key)} AS VARCHAR) AS key, CAST({quoted(column)} AS VARCHAR) AS value, count(*) AS times
          FROM {table} WHERE {_told(key)} AND {quoted(column)} IS NOT NULL GROUP BY 1, 2
        )
        SELECT key, value FROM said QUALIFY row_number() OVER (PARTITION BY key ORDER BY times DESC, value DESC) = 1"""
