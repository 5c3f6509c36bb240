"""``taihu read FILE``: the tables of any file, with or without a source's contract."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.decide import show_proposals
from taihu.cli.options import HERE, Json, Project

if TYPE_CHECKING:
    from taihu.core.types import FileRead, TableRead
    from taihu.project.onboard.unknown import ProposedLayout


def read(
    file: Annotated[Path, typer.Argument(help="Any file: workbook, text, HTML, archive.", exists=True, dir_okay=False)],
    source: Annotated[str | None, typer.Option("--source", "-s", help="Read it as this source of the project would.")] = None,
    out: Annotated[Path | None, typer.Option("--csv", help="Write each table as UTF-8 CSV into this folder.")] = None,
    rows: Annotated[int, typer.Option(help="So many rows are shown of each table.")] = 5,
    password: Annotated[list[str] | None, typer.Option(help="Reference to a password (env:NAME, file:PATH); several are tried.")] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Show header, rows, proposed types and control totals of every table in a file."""
    result, proposals = _read(file, source, project, password or [])
    if out is not None:
        _write_csv(result, out, file.stem)
    if json:
        proposed = [{"table": each.place, "layout": each.text} for each in proposals]
        console.show_json(as_json(result) | ({"proposed_layouts": proposed} if source else {}))
    else:
        _show(result, rows)
        show_proposals(proposals, source or "")
    raise typer.Exit(3 if result.held else 0)


def _read(file: Path, source: str | None, project: Path, references: list[str]) -> tuple[FileRead, list[ProposedLayout]]:
    """What was read, and layouts for what no layout of the source fits."""
    from taihu.read import read_file

    content = file.read_bytes()
    if source is None:
        return read_file(content, file.name, passwords=resolved(references, Path.cwd())), []
    from taihu.project.load import load_tree
    from taihu.project.onboard.unknown import proposed_layouts

    tree = load_tree(project)
    entry = tree.source(source)
    account = tree.file.accounts.get(entry.file.collect.account or "")
    named = [*entry.file.read.passwords, *(account.passwords if account else ())]
    passwords = [*resolved(references, Path.cwd()), *resolved(named, project)]
    result = read_file(content, file.name, read=entry.file.read, layouts=entry.layouts, passwords=passwords)
    unknown = result.held == "unknown_layout"
    return result, proposed_layouts(content, file.name, entry.layouts, console.lang(), passwords) if unknown else []


def resolved(references: list[str], project: Path) -> list[str]:
    """Passwords behind references; one that is not there is told and left out."""
    from taihu.core.errors import ManifestError
    from taihu.guard.secrets import resolve

    found = []
    for reference in references:
        try:
            found.append(resolve(reference, base=project).reveal())
        except ManifestError as error:
            console.say(f"! {error.what}")
    return found


def as_json(result: FileRead) -> dict[str, Any]:
    """The shape that scripts rely on."""
    return {
        "schema": "taihu.read/1",
        "kind": result.kind,
        "encoding": result.encoding,
        "held": result.held,
        "detail": result.held_detail,
        "tables": [
            {
                "name": table.name,
                "header_row": table.header_row,
                "columns": columns_of(table),
                "types": _types(table),
                "rows": table.rows.num_rows,
                "totals": [
                    {
                        "label": total.label,
                        "column": total.column,
                        "stated": str(total.stated),
                        "computed": None if total.computed is None else str(total.computed),
                        "agrees": total.agrees,
                    }
                    for total in table.totals
                ],
                "notes": [{"reason": note.reason, "position": note.position, "column": note.column} for note in table.notes],
            }
            for table in result.tables
        ],
        "members": [
            {
                "path": member.path,
                "kind": member.kind,
                "size": member.size,
                "sha256": member.sha256,
                "parent": member.parent,
                "reason": member.reason or None,
            }
            for member in result.members
        ],
    }


def columns_of(table: TableRead) -> list[str]:
    return [name for name in table.rows.column_names if not name.startswith("_src_")]


def _types(table: TableRead) -> dict[str, str]:
    from taihu.read.propose import propose_types

    return dict(propose_types(table))


def _show(result: FileRead, limit: int) -> None:
    from rich.table import Table

    from taihu.core.details import detail_in
    from taihu.core.reasons import REASONS

    t = console.t
    console.say(f"{t('类型', 'kind')}: {result.kind}  {t('编码', 'encoding')}: {result.encoding or '-'}")
    if result.held:
        reason = REASONS[result.held]
        words = (console.tt(reason.title), detail_in(result.held, result.held_detail, console.lang()))
        console.say(f"{t('不可用', 'held')}: {t('；', '; ').join(word for word in words if word)}")
        console.say(f"  → {console.tt(reason.fix)}")
    for member in result.members:
        if member.reason:
            place = f"{member.path}: {console.tt(REASONS[member.reason].title)}"
            detail = detail_in(member.reason, member.detail, console.lang())
            console.say(f"  {place}{t('；', '; ')}{detail}" if detail else f"  {place}")
    screen = console.rich_console(err=False)
    for table in result.tables:
        types = _types(table)
        place = f"{t('表头行', 'header row')} {table.header_row}, {table.rows.num_rows} {t('行', 'rows')}"
        view = Table(title=f"{table.name or t('表', 'table')}  ({place})", title_justify="left")
        for name in columns_of(table):
            view.add_column(f"{name}\n[dim]{types.get(name, '')}[/dim]", overflow="fold")
        for row in table.rows.slice(0, limit).to_pylist():
            view.add_row(*["" if row[name] is None else str(row[name]) for name in columns_of(table)])
        screen.print(view)
        for total in table.totals:
            mark = {True: "=", False: "≠", None: "?"}[total.agrees]
            screen.print(
                f"  {total.label}: {t('文件写明', 'stated')} {total.stated} {mark} {t('明细', 'rows')} {total.computed}", markup=False
            )


def _write_csv(result: FileRead, folder: Path, stem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, table in enumerate(result.tables, start=1):
        path = folder / (f"{stem}.csv" if len(result.tables) == 1 else f"{stem}.{number}.csv")
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            names = columns_of(table)
            writer.writerow(names)
            for row in table.rows.select(names).to_pylist():
                writer.writerow(["" if row[name] is None else row[name] for name in names])
        console.say(str(path))
