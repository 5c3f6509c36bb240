"""Matching in a run: records out of the clean tables, decisions out of the ledger, maps and questions into the lake.

A domain whose records and decisions are as they were is left alone, so a morning on which no list changed scores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from taihu.core.ids import derived_id
from taihu.manifest.matching import described_kinds
from taihu.manifest.missing import UNKNOWN

if TYPE_CHECKING:
    from taihu.match import Described, Golden
    from taihu.project.workspace import Workspace


def match_described(
    ws: Workspace, domains: Mapping[str, Sequence[Described]], golden: Mapping[str, Golden], present: set[str]
) -> list[str]:
    """Bring map, golden records and questions of the described domains up to date; returns the tables that changed."""
    written = []
    for domain, entries in domains.items():
        written += _match(ws, domain, entries, golden.get(domain), present)
    return written


def decisions_stamp(ws: Workspace) -> str:
    """Changes with every decision about a pair: the maps have to be made again then."""
    return derived_id("verdicts", [[each.id for each in ws.ledger.verdicts(domain).values()] for domain in described_kinds(ws.tree)])


def _match(ws: Workspace, domain: str, entries: Sequence[Described], golden: Golden | None, present: set[str]) -> list[str]:
    from taihu.match import kind_of, read_records
    from taihu.match.golden import golden_ids, golden_records, golden_table, map_table, review_table
    from taihu.match.resolve import Verdict, resolve

    kind = kind_of(described_kinds(ws.tree)[domain])
    source_of = {source.table: source.name for source in ws.tree.sources.values()}
    records = {each.id: each for each in read_records(ws.engine, entries, golden, present=present, source_of=source_of)}
    decided = ws.ledger.verdicts(domain)
    verdicts = [Verdict(left, right, decision.kind == "match.same") for (left, right), decision in decided.items()]
    stamp = derived_id("match", list(records.values()), verdicts, repr(kind.model), kind.keys, kind.exclusive, kind.strict)
    if ws.ledger.definition(f"run.match.{domain}") == stamp:
        return []
    resolved = resolve(list(records.values()), kind, verdicts)
    ids = golden_ids(domain, resolved.groups, records, _ids_before(ws, domain))
    today = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone)).date()
    name = f"match.{domain}"
    before = ws.tables.read(name) if ws.tables.exists(name) else None
    made = {
        f"{name}_map": map_table(domain, ids, records, resolved),
        name: golden_table(domain, kind, golden_records(ids, records, kind), before, today),
        f"{name}_review": review_table(domain, resolved.questions, records),
    }
    written = [table for table, data in made.items() if ws.write_if_changed(table, data)]
    ws.ledger.stamps_set(f"run.match.{domain}", {}, version=0, definition=stamp)
    return written


def _ids_before(ws: Workspace, domain: str) -> dict[str, str]:
    """Golden id of each ``source/key`` in the map as it stands; what was unknown had none."""
    table = f"match.{domain}_map"
    if not ws.tables.exists(table):
        return {}
    rows = ws.tables.read(table).select(["source", f"{domain}_key", f"{domain}_id"]).to_pylist()
    found = (tuple(row.values()) for row in rows)
    return {f"{source}/{key}": golden for source, key, golden in found if golden != UNKNOWN}
