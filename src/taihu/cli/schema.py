"""``taihu schema``: JSON Schema of the files that users write, for editors."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated

import typer

from taihu.cli import console


def schema(folder: Annotated[Path | None, typer.Argument(help="Folder to write them into; without it they are listed.")] = None) -> None:
    """Write the JSON Schemas of taihu.yml, source.yml, layouts, portal, glossary, model headers, reports and roles."""
    from taihu.project.schemas import schemas

    for name, value in schemas().items():
        if folder is None:
            console.say(name)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.schema.json").write_text(json_.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
