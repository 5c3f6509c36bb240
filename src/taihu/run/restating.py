"""What changed in figures that had been published, and why.

Both publications pin their tables, so the comparison is between what was printed then and what is true now, and it can be
made again at any time with the same result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from taihu.core.figures import RestatementRow
from taihu.core.types import Span, Text
from taihu.engine.interface import Engine
from taihu.ledger.records import Publication
from taihu.manifest.tree import ProjectTree
from taihu.run.cube import Cube, Filter
from taihu.run.marts import Marts

Opener = Callable[[str, str, int], None]
Behind = Callable[[str, str], Collection[str]]


def restatements(
    tree: ProjectTree, marts: Marts, now: Publication, before: Publication, *, where: Filter, open_as: Opener, behind: Behind
) -> list[RestatementRow]:
    """Differences between two publications in the daily (or weekly) sums of the report's key figures.

    Args:
        open_as: ``open_as(name, table, version)`` offers a pinned table under another name.
        behind: ``behind(mart, column)`` gives the clean tables that the column is made of.
    """
    measures = _measures(tree, now)
    if not measures:
        return []
    span = Span(dt.date.min, before.span.end)
    rows: list[tuple[RestatementRow, Span, str, str]] = []
    for mart, names in measures.items():
        if mart not in now.tables or mart not in before.tables:
            continue
        if now.tables[mart] == before.tables[mart]:
            continue
        columns = {name: tree.glossary[name].measure.sum for name in names}  # type: ignore[union-attr]
        then = _open(mart, before, "before", open_as)
        old, new = (_daily(cube, [c for c in columns.values() if c], span, where) for cube in (marts.cube(mart, then), marts.cube(mart)))
        days = 7 if marts.is_weekly(mart) else 1
        for name, column in columns.items():
            term = tree.glossary[name]
            for day in sorted(set(old) | set(new)):
                first, second = (old.get(day, {}).get(column or "") or Decimal(0), new.get(day, {}).get(column or "") or Decimal(0))
                if first != second:
                    row = RestatementRow(day, term.name.text, first, second, term.format, "", Text("", ""))
                    rows.append((row, Span(day, day + dt.timedelta(days=days)), mart, column or ""))
    if not rows:
        return []
    causes = _Causes(tree, marts.engine, now, before, open_as, region=dict(where).get("region_code"))
    told = []
    for row, period, mart, column in sorted(rows, key=lambda each: (each[0].business_date, each[0].measure.en)):
        cause, detail = causes.of(period, behind(mart, column))
        told.append(replace(row, cause=cause, detail=detail))
    return told


def _measures(tree: ProjectTree, publication: Publication) -> dict[str, list[str]]:
    """Measures of the report's tiles that are plain sums, by mart."""
    found: dict[str, list[str]] = {}
    for block in tree.reports[publication.report].blocks:
        if block.tiles:
            for name in block.tiles.show:
                aggregate = tree.glossary[name].measure
                if aggregate is not None and aggregate.sum:
                    found.setdefault(block.tiles.from_, []).append(name)
    return found


def _open(table: str, publication: Publication, prefix: str, open_as: Opener) -> str:
    name = f"{prefix}.{table.replace('.', '_')}"
    open_as(name, table, publication.tables[table])
    return name


def _daily(cube: Cube, columns: Sequence[str], span: Span, where: Filter) -> dict[dt.date, Mapping[str, Decimal | None]]:
    return {dt.date.fromisoformat(key[0]): sums for key, sums in cube.sums(columns, span, where, ["business_date"]).items()}


class _Causes:
    """Arrivals that came between two publications, by the days they speak for; of one region only where the reader sees no other."""

    def __init__(
        self, tree: ProjectTree, engine: Engine, now: Publication, before: Publication, open_as: Opener, *, region: str | None
    ) -> None:
        self._tree = tree
        self._rematched = _rematched(engine, now, before, open_as)
        fresh: list[dict[str, Any]] = []
        regions: dict[tuple[str, str], str | None] = {}
        self._fresh = fresh
        self._names: dict[tuple[str, str], str] = {}
        table = "ops.arrival"
        if table not in now.tables:
            return
        new = _open(table, now, "now", open_as)
        known = "SELECT NULL AS arrival_id, NULL AS state WHERE false"
        if table in before.tables:
            known = f"SELECT arrival_id, state FROM {_open(table, before, 'before', open_as)}"
        fresh = engine.query(
            f"SELECT a.* FROM {new} AS a ANTI JOIN ({known}) AS b ON a.arrival_id = b.arrival_id AND a.state = b.state"
            " WHERE a.state IN ('accepted', 'nil', 'superseded') ORDER BY a.sequence"
        ).to_pylist()
        if "ops.expectation" in now.tables:
            debts = _open("ops.expectation", now, "now", open_as)
            rows = engine.rows(f"SELECT DISTINCT source, party, party_name, region_code FROM {debts} ORDER BY ALL")
            self._names = {(row[0], row[1]): row[2] for row in rows}
            regions = {(row[0], row[1]): row[3] for row in rows}
        self._fresh = [row for row in fresh if region is None or regions.get((row["source"], row["party"] or "")) in (None, region)]

    def of(self, period: Span, tables: Collection[str]) -> tuple[str, Text]:
        """The cause of a change within ``period``: ``data``, ``matching``, ``reference`` or ``definition``, with what came.

        What flows into the measure itself (``tables``) is named; other data of the period only where nothing of it came: it may
        decide which rows count.
        """
        covering = [row for row in self._fresh if row["day_from"] and row["day_from"] < period.end and row["day_to"] >= period.start]
        data = [row for row in covering if self._tree.sources[row["source"]].file.load != "snapshot"]
        own = [row for row in data if self._tree.sources[row["source"]].table in tables]
        if data:
            return "data", self._listed(own or data)
        if self._rematched:
            return "matching", self._rematched
        references = [row for row in self._fresh if self._tree.sources[row["source"]].file.load == "snapshot"]
        return (
            ("reference", self._listed(references)) if references else ("definition", Text("模型定义变更", "a model's definition changed"))
        )

    def _listed(self, rows: Sequence[Mapping[str, Any]]) -> Text:
        named: dict[str, tuple[str, str]] = {}
        for row in rows:
            source, party = row["source"], row["party"] or ""
            title = self._tree.sources[source].file.title
            name = self._names.get((source, party), "")
            name = "" if name in (source, title.zh, title.en) else name  # a source without parties is its own
            named.setdefault(
                f"{source}/{party}", (f"{name}（{title.zh}）" if name else title.zh, f"{name} ({title.en})" if name else title.en)
            )
        shown = list(named.values())[:3]
        more = len(named) - len(shown)
        return Text(
            "、".join(zh for zh, _ in shown) + (f" 等 {len(named)} 项" if more else ""),
            "; ".join(en for _, en in shown) + (f" and {more} more" if more else ""),
        )


def _rematched(engine: Engine, now: Publication, before: Publication, open_as: Opener) -> Text | None:
    """Keys that had a golden id before and have another one now; nothing if there are none. A key that becomes known is none of them."""
    moved: list[tuple[str, str]] = []
    for table in sorted(set(now.tables) & set(before.tables)):
        if not (table.startswith("match.") and table.endswith("_map")) or now.tables[table] == before.tables[table]:
            continue
        domain = table.removeprefix("match.").removesuffix("_map")
        key, golden = f"{domain}_key", f"{domain}_id"
        new, old = _open(table, now, "now", open_as), _open(table, before, "before", open_as)
        moved += engine.rows(
            f"SELECT DISTINCT n.source, n.{key} FROM {new} AS n JOIN {old} AS o ON o.source = n.source AND o.{key} = n.{key}"
            f" AND o.valid_from = n.valid_from WHERE o.{golden} <> n.{golden} AND o.{golden} <> 'unknown' ORDER BY ALL"
        )
    if not moved:
        return None
    shown = [f"{source} {key}" for source, key in moved[:3]]
    more = len(moved) - len(shown)
    return Text("、".join(shown) + (f" 等 {len(moved)} 个编码" if more else ""), "; ".join(shown) + (f" and {more} more" if more else ""))
