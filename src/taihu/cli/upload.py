"""``taihu upload``: hand in a file that did not come by itself."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project


def upload(
    files: Annotated[list[Path], typer.Argument(help="Files to hand in.", metavar="FILE")],
    source: Annotated[str, typer.Option("--source", "-s", help="The source that they are of.")],
    sender: Annotated[str, typer.Option("--sender", help="Mail address of the sender, where the source knows its parties by it.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Subject of the mail, where the source looks there.")] = "",
    because: Annotated[str, typer.Option("--because", help="Why it is handed in; stays on record.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who hands it in; the login name if absent.")] = None,
    project: Project = HERE,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Hand in files for any source, as if they had come its way; the next run reads them."""
    from taihu.run import uploading

    with open_project(project, as_of) as ws:
        done = uploading.upload(ws, source, files, who=who or getpass.getuser(), why=because, sender=sender, subject=subject)
    if json:
        rows = [{"name": each.name, "arrival": each.arrival_id, "new": each.is_new} for each in done]
        console.show_json({"schema": "taihu.upload/1", "source": source, "files": rows})
        return
    for each in done:
        known = console.t("以前已收过", "was handed in before")
        console.say(f"{'✓' if each.is_new else '='} {each.name}  {each.arrival_id[:8] if each.is_new else known}")
    if any(each.is_new for each in done):
        console.say(console.t("已收下；下次 taihu run 时读取", "taken; the next taihu run reads it"))
