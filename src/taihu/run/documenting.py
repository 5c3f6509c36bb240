"""Documents from the project's files and the state of its last run: gathered here, written by ``describe``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from taihu.describe.state import State
    from taihu.project.workspace import Workspace


SCORE = "score.json"


def state(ws: Workspace, score: Mapping[str, Any] | None = None) -> State:
    """What the documents say beyond the project's files: counts and versions, and the newest report for everybody."""
    from taihu.describe.state import state_of
    from taihu.run.figures import Audience
    from taihu.run.reporting import figures_of

    if score is None and (ws.root / SCORE).is_file():
        score = json.loads((ws.root / SCORE).read_text(encoding="utf-8"))
    publications = [publication for publication in ws.ledger.publications() if publication.report in ws.tree.reports]
    figures = None
    if publications:
        daily = [each for each in publications if ws.tree.reports[each.report].every == "workday"]
        newest = (daily or publications)[-1]
        ws.open_pinned(newest)
        figures = figures_of(ws, newest, Audience())
    return state_of(ws.ledger, ws.tables, figures=figures, score=score, zone=ZoneInfo(ws.tree.file.time_zone))


def generate(ws: Workspace, score: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """All documents of the project by name."""
    from taihu.describe.generate import generate as described

    return described(ws.tree, state(ws, score))


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the documents, each under a temporary name first; documents that are no longer made are removed."""
    known = {folder / name for name in files}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(content)
        temporary.replace(path)
    for path in folder.rglob("*"):
        if path.is_file() and path not in known:
            path.unlink()


def stale(ws: Workspace, folder: Path) -> list[str]:
    """Documents in ``folder`` that are not what would be made now, each with the reason; nothing is drawn for that."""
    from taihu.describe.generate import check

    return [f"{each.name} ({each.why})" for each in check(folder, ws.tree, state(ws))]
