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
    import pyarrow as pa

    from taihu.core.types import FileRead, TableRead
    from taihu.project.onboard.unknown import ProposedLayout

_HEAD = 1 << 16
_ROWS_AT_ONCE = 8192


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
            large = _is_large(path)
            target = out / f"{_stem(path, taken)}.csv" if out is not None else None
            result, proposals = (_read_large(path, source, project, target), []) if large else _read(path, source, project, password or [])
        results.append((name, result))
        if target is not None:
            written = ([target] if result.tables else []) if large else _write_csv(result, target)
            for each in [] if json else written:
                console.say(str(each))
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
    from taihu.read import read_file, with_stated

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(console.t(f"无法读取 {file}：{error.strerror}", f"{file} cannot be read: {error.strerror}"), fix="") from None
    if source is None:
        return read_file(content, file.name, passwords=resolved(references, Path.cwd())), []
    from taihu.collect import stated_beside
    from taihu.project.load import load_tree
    from taihu.project.onboard.unknown import proposed_layouts

    tree = load_tree(project)
    entry = tree.source(source)
    account = tree.file.accounts.get(entry.file.collect.account or "")
    named = [*entry.file.read.passwords, *(account.passwords if account else ())]
    passwords = [*resolved(references, Path.cwd()), *resolved(named, project)]
    result = read_file(content, file.name, read=entry.file.read, layouts=entry.layouts, passwords=passwords)
    stated = stated_beside(file, entry)
    result = with_stated(result, stated) if stated else result
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
                "rows": table.count,
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


def _is_large(file: Path) -> bool:
    """Whether a file is a text that is read in pieces; one that cannot be opened is for the ordinary way to say so."""
    from taihu.read.large import is_large_text

    try:
        with file.open("rb") as handle:
            return is_large_text(handle.read(_HEAD), file.stat().st_size, file.name)
    except OSError:
        return False


def _read_large(file: Path, source: str | None, project: Path, target: Path | None) -> FileRead:
    """A text that is too large for memory; its rows are written as they come."""
    from taihu.project.load import load_tree
    from taihu.read.large import read_large

    entry = load_tree(project).source(source) if source is not None else None
    contract, layouts = (entry.file.read, entry.layouts) if entry is not None else (None, {})
    with file.open("rb") as handle, _CsvFile(target) as rows:
        result = read_large(handle, file.name, rows.add, read=contract, layouts=layouts)
    if target is not None and not result.tables:
        target.unlink()
    return result


class _CsvFile:
    """A CSV file that is written table by table; without a path nothing is."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("w", encoding="utf-8", newline="") if path is not None else None
        self._has_header = False

    def __enter__(self) -> _CsvFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.close()

    def add(self, rows: pa.Table) -> None:
        """Append rows; their positions are left out."""
        if self._handle is None:
            return
        names = [name for name in rows.column_names if not name.startswith("_src_")]
        writer = csv.writer(self._handle)
        if not self._has_header:
            writer.writerow(names)
            self._has_header = True
        for batch in rows.select(names).to_batches(max_chunksize=_ROWS_AT_ONCE):
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _write_csv(result: FileRead, target: Path) -> list[Path]:
    """Each table as a file; several get numbers."""
    several = len(result.tables) > 1
    paths = [target.with_name(f"{target.stem}.{n}.csv") if several else target for n in range(1, len(result.tables) + 1)]
    for path, table in zip(paths, result.tables, strict=True):
        with _CsvFile(path) as file:
            file.add(table.rows)
    return paths
