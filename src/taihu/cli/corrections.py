"""``taihu corrections``: what the rows propose for a source's ``corrections.yml``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project


def corrections(
    project: Project = HERE,
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    json: Json = False,
) -> None:
    """Propose corrections: cells that the other rows contradict, with the evidence. Nothing is changed."""
    from taihu.run.proposing import proposed_corrections

    with open_project(project) as ws:
        named = [ws.tree.source(source)] if source else list(ws.tree.sources.values())
        found: dict[str, list[dict[str, Any]]] = {each.name: proposed_corrections(ws, each) for each in named}
    if json:
        console.show_json({"schema": "taihu.corrections/1", "sources": found})
        return
    if not any(found.values()):
        console.say(console.t("没有建议的更正", "no correction is proposed"))
    for name, entries in found.items():
        if entries:
            import yaml

            print(f"# sources/{name}/corrections.yml")
            print(yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=140), end="")
