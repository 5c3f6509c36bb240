"""``taihu docs``: the documents of a project, generated from its files and its last run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project


def docs(
    project: Project = HERE,
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write into; generated/ of the project if absent.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a document is stale.")] = False,
    json: Json = False,
) -> None:
    """Design document, data dictionary, lineage, diagrams and slides; --check says whether they are up to date."""
    from taihu.run import documenting

    with open_project(project, as_of) as ws:
        folder = out or ws.root / "generated"
        stale = documenting.stale(ws, folder)
        files = {} if check else documenting.generate(ws)
        if not check:
            documenting.write(folder, files)
    if json:
        console.show_json({"schema": "taihu.docs/1", "folder": str(folder), "files": sorted(files), "stale": stale})
    elif check:
        for name in stale:
            console.say(f"* {name}")
        console.say(console.t("已过期：运行 taihu docs", "stale: run taihu docs") if stale else console.t("全部为最新", "all fresh"))
    else:
        for name in sorted(files):
            console.say(f"  {folder / name}")
    raise typer.Exit(1 if check and stale else 0)
