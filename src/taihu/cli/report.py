"""``taihu report``: list, rebuild and approve reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project

report_app = typer.Typer(help="List publications, make one again, show its files.", no_args_is_help=True)


@report_app.command("list")
def list_(project: Project = HERE, json: Json = False) -> None:
    """Publications, newest last."""
    with open_project(project) as ws:
        publications = ws.ledger.publications()
    if json:
        rows = [
            {
                "id": p.id,
                "report": p.report,
                "version": p.version,
                "span": str(p.span),
                "issued_at": p.issued_at,
                "complete": p.complete,
                "reviewed": p.reviewed,
            }
            for p in publications
        ]
        console.show_json({"schema": "taihu.publications/1", "publications": rows})
        return
    for p in publications:
        mark = console.t("完整", "complete") if p.complete else console.t("不完整", "incomplete")
        console.say(f"{p.id}  {p.report:<10} {p.span!s:<24} v{p.version}  {mark}")


@report_app.command()
def rebuild(
    publication: Annotated[str, typer.Argument(help="Id (or its beginning) of a publication.")],
    project: Project = HERE,
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option(help="Also write the files into this folder.")] = None,
    json: Json = False,
) -> None:
    """Render a publication again from its pinned tables and compare the bytes with what was archived."""
    from taihu.run import reporting

    with open_project(project, as_of) as ws:
        files = reporting.rebuild(ws, ws.ledger.publication(publication), out)
    same = all(file.same for file in files)
    if json:
        console.show_json(
            {
                "schema": "taihu.rebuild/1",
                "same": same,
                "files": [{"name": f.name, "same": f.same, "archived": f.archived, "rebuilt": f.rebuilt} for f in files],
            }
        )
    else:
        for file in files:
            console.say(f"{'=' if file.same else '≠'} {file.name}  {file.rebuilt[:16]}")
        console.say(_verdict([file.name for file in files if not file.same]))
    raise typer.Exit(0 if same else 1)


def _verdict(differing: list[str]) -> str:
    """What it means that files are, or are not, what was archived."""
    t = console.t
    if not differing:
        return t("与归档的字节完全相同", "the same bytes as were archived")
    if any(name.endswith(".json") for name in differing):
        return t("数字或其说明与归档不同", "the figures, or what is said of them, are not those that were archived")
    return t(
        "数字相同，版面不同：文件由另一版本的 taihu 生成",
        "the figures are the same, their layout is not: the archived files were made by another version of taihu",
    )
