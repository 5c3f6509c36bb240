"""The map tables ``match.<domain>_map``: which golden member a source's key stands for, from when to when, who decided.

Facts keep the keys that their sender uses; only these maps say what a key means, so a merge, a split or a late master record
re-keys nothing. Here keys are equal or they are not (domains whose keys are described are matched in ``resolve``): a key without an
equal one in the master data belongs to the member ``unknown`` and can be listed by ``decided_by``, and nothing is ever lost in a join. So
does a key that was missing (``if_missing: unknown``).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.engine.types import quoted, text_literal
from taihu.manifest.missing import UNKNOWN
from taihu.manifest.tree import ProjectTree, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

_ALWAYS = "DATE '1900-01-01' AS valid_from, DATE '9999-12-31' AS valid_to"


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of a clean table whose values are keys of a domain."""

    domain: str
    source: str
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Golden:
    """The reference table that lists the members of a domain, and its column with their ids."""

    table: str
    column: str


def key_columns(tree: ProjectTree) -> list[KeyColumn]:
    """All columns that declare ``match:``, by domain, source and name."""
    found = [
        KeyColumn(domain, source.name, source.table, column)
        for source in tree.sources.values()
        for column, domain in source.file.match_domains.items()
    ]
    return sorted(found, key=lambda key: (key.domain, key.source, key.column))


def golden_tables(tree: ProjectTree) -> dict[str, Golden]:
    """For each domain its list of members: the snapshot source whose only key is the domain's code.

    That is a key column with ``match: <domain>``, or else one that is named ``<domain>_code`` or ``<domain>_id``.
    """
    golden: dict[str, Golden] = {}
    for domain in sorted({key.domain for key in key_columns(tree)}):
        candidates = [(_rank(source, domain), source) for source in tree.sources.values()]
        ranked = sorted(((rank, source) for rank, source in candidates if rank), key=lambda pair: (pair[0], pair[1].name))
        if ranked:
            golden[domain] = Golden(ranked[0][1].table, ranked[0][1].file.key[0])
    return golden


def _rank(source: Source, domain: str) -> int:
    """1 for a declared list of members, 2 for one by name, 0 for any other source."""
    if source.file.load != "snapshot" or len(source.file.key) != 1:
        return 0
    key = source.file.key[0]
    if source.file.columns[key].match == domain:
        return 1
    return 2 if key in (f"{domain}_code", f"{domain}_id") else 0


def update_maps(
    engine: Engine, keys: Sequence[KeyColumn], golden: Mapping[str, Golden], *, present: Container[str] | None = None
) -> dict[str, pa.Table]:
    """The map of every domain, computed anew from the distinct keys; rows are in canonical order.

    Args:
        engine: Knows the clean tables by name.
        keys: Columns with keys, from :func:`key_columns`.
        golden: List of members by domain, from :func:`golden_tables`.
        present: Names of the tables that exist; the others are taken as empty. None if all do.
    """
    maps: dict[str, pa.Table] = {}
    for domain in sorted({key.domain for key in keys}):
        own = [key for key in keys if key.domain == domain and _is_present(key.table, present)]
        members = golden.get(domain)
        if members is not None and not _is_present(members.table, present):
            members = None
        maps[domain] = engine.query(_map_sql(domain, own, members))
    return maps


def _is_present(table: str, present: Container[str] | None) -> bool:
    return present is None or table in present


def _map_sql(domain: str, keys: Sequence[KeyColumn], golden: Golden | None) -> str:
    branches = [_used_sql(key) for key in keys] or ["SELECT CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS key"]
    members = "SELECT CAST(NULL AS VARCHAR) AS id"
    if golden is not None:
        members = f"SELECT DISTINCT CAST({quoted(golden.column)} AS VARCHAR) AS id FROM {golden.table}"
    return f"""
        WITH used AS ({" UNION ".join(branches)}), member AS ({members})
        SELECT used.source, used.key AS {quoted(f"{domain}_key")},
          coalesce(member.id, {text_literal(UNKNOWN)}) AS {quoted(f"{domain}_id")},
          {_ALWAYS},
          CASE WHEN member.id IS NOT NULL THEN 'exact_key'
               WHEN used.key = {text_literal(UNKNOWN)} THEN 'missing' ELSE 'unmatched' END AS decided_by
        FROM used LEFT JOIN member ON member.id = used.key
        WHERE used.key IS NOT NULL
        ORDER BY used.source, used.key"""


def _used_sql(key: KeyColumn) -> str:
    return f"SELECT DISTINCT {text_literal(key.source)} AS source, CAST({quoted(key.column)} AS VARCHAR) AS key FROM {key.table}"
