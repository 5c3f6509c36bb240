"""``taihu read FILE``: the tables of any file, with or without a source's contract."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.decide import show_proposals
from taihu.cli.options import HERE, Json, Project
from taihu.cli.read_view import columns_of, show_file, show_summary
from taihu.core.errors import UsageError

if TYPE_CHECKING:
    from taihu.core.types import FileRead, TableRead
    from taihu.project.onboard.unknown import ProposedLayout


def read(
    files: Annotated[
        list[Path], typer.Argument(help="Any files, or folders of them: workbook, text, HTML, PDF, archive, mail.", exists=True)
    ],
    source: Annotated[str | None, typer.Option("--source", "-s", help="Read it as this source of the project would.")] = None,
    out: Annotated[Path | None, typer.Option("--csv", help="Write each table as UTF-8 CSV into this folder.")] = None,
    rows: Annotated[int, typer.Option(help="So many rows are shown of each table.")] = 5,
    password: Annotated[list[str] | None, typer.Option(help="Reference to a password (env:NAME, file:PATH); several are tried.")] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Show header, rows, proposed types and control totals of every table in a file."""
    names = _names_of(files)
    taken: dict[str, Path] = {}
    results = []
    for number, (name, path) in enumerate(names.items(), start=1):
        with console.busy(f"{number}/{len(names)} {name}" if len(names) > 1 else name):
            result, proposals = _read(path, source, project, password or [])
        results.append((name, result))
        if out is not None:
            _write_csv(result, out, _stem(path, taken), quiet=json)
        if len(names) == 1 and not json:
            show_file(result, name, [_types(table) for table in result.tables], rows)
            show_proposals(proposals, source or "")
        elif len(names) == 1:
            proposed = [{"table": each.place, "layout": each.text} for each in proposals]
            console.show_json(as_json(result) | ({"proposed_layouts": proposed} if source else {}))
    if len(names) != 1 and json:
        console.show_json({"schema": "taihu.read/1", "files": [{"file": name} | as_json(result) for name, result in results]})
    elif len(names) != 1:
        show_summary(results)
    raise typer.Exit(3 if any(result.held for _, result in results) else 0)


def _names_of(files: list[Path]) -> dict[str, Path]:
    """The files to read, each under the name that it is shown by; those of a folder under their way in it."""
    found: dict[str, Path] = {}
    for path in files:
        if path.is_dir():
            inside = (each for each in sorted(path.rglob("*")) if each.is_file() and not any(part.startswith(".") for part in each.parts))
            found |= {str(each.relative_to(path.parent) if len(files) > 1 else each.relative_to(path)): each for each in inside}
        else:
            found[path.name if path.name not in found else str(path)] = path
    if not found:
        raise UsageError(console.t("文件夹里没有文件", "there are no files in the folder"), fix=", ".join(map(str, files)))
    return found


def _stem(path: Path, taken: dict[str, Path]) -> str:
    """What the CSV files of a file are called; with its extension, then with a number, where another file has that name."""
    wanted = [path.stem, path.name, *(f"{path.name}-{n}" for n in range(2, len(taken) + 3))]
    stem = next(name for name in wanted if name not in taken)
    taken[stem] = path
    return stem


def _read(file: Path, source: str | None, project: Path, references: list[str]) -> tuple[FileRead, list[ProposedLayout]]:
    """What was read, and layouts for what no layout of the source fits."""
    from taihu.read import read_file

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(console.t(f"无法读取 {file}：{error.strerror}", f"{file} cannot be read: {error.strerror}"), fix="") from None
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


def _types(table: TableRead) -> dict[str, str]:
    from taihu.read.propose import propose_types

    return dict(propose_types(table))


def _write_csv(result: FileRead, folder: Path, stem: str, *, quiet: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, table in enumerate(result.tables, start=1):
        path = folder / (f"{stem}.csv" if len(result.tables) == 1 else f"{stem}.{number}.csv")
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            names = columns_of(table)
            writer.writerow(names)
            for row in table.rows.select(names).to_pylist():
                writer.writerow(["" if row[name] is None else row[name] for name in names])
        if not quiet:
            console.say(str(path))
