"""Maps and models after a load: what changed below them is followed exactly as far as it reaches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taihu.check import check_table

if TYPE_CHECKING:
    from taihu.engine.interface import Engine
    from taihu.manifest.tree import Model
    from taihu.model.build import Built
    from taihu.project.workspace import Workspace


def update_maps(ws: Workspace) -> list[str]:
    """Bring ``match.<domain>_map`` up to date with the keys that sources use; returns the tables that changed."""
    from taihu import match

    keys, golden = match.key_columns(ws.tree), match.golden_tables(ws.tree)
    domains = match.described(ws.tree)
    wanted = {key.table for key in keys} | {entry.table for entry in golden.values()}
    present = {table for table in wanted if ws.tables.exists(table)}
    for table in present:
        ws.view_clean(table)
    maps = match.update_maps(ws.engine, [key for key in keys if key.domain not in domains], golden, present=present)
    written = [table for domain, data in maps.items() if ws.write_if_changed(table := f"match.{domain}_map", data)]
    if not domains:
        return written
    from taihu.run.matching import match_described

    return written + match_described(ws, domains, golden, present)


def build_models(ws: Workspace) -> list[Built]:
    """Build the models whose inputs or definitions changed."""
    from taihu.model.build import build

    ws.progress.stage("build")
    return build(ws.graph, ws.tables, ws.engine, ws.ledger, progress=ws.progress.step, checked=partial(_checked, ws))


def _checked(ws: Workspace, engine: Engine, model: Model, table: str) -> str:
    """What is wrong with new rows of a model, in one sentence; empty if they may be used. Warnings go on record."""
    failures = check_table(engine, table, model.header.checks, where=model.path)
    for failure in failures:
        if failure.otherwise != "hold":
            ws.ledger.outcome("check", model.table, status="warn", reason=failure.reason, detail=failure.detail, rows_out=failure.rows)
    holding = [failure for failure in failures if failure.otherwise == "hold"]
    return "; ".join(f"{failure.rule}: {failure.rows}" for failure in holding)
