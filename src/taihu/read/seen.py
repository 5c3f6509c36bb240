"""What a look at an unknown file found, for those who propose how it is read; and how it passes between processes.

Like :mod:`taihu.read.wire`, nothing here trusts the process that looked: values of known shape, nothing unpickled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taihu.core.reasons import reason_of
from taihu.core.types import TableRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import FileKind
from taihu.read.dialect import Dialect
from taihu.read.grid import Cell, Grid
from taihu.read.header import Header

Value = str | int | float | bool | dt.datetime | dt.date | dt.time | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One table of one file.

    Attributes:
        member: The way to the member that it stands in; empty when nothing was packed.
        name: That member's name, or the file's.
        file_kind: Kind by magic bytes.
        kind: What ``read: as`` calls it.
        encoding, dialect: Of a text.
        grid, header, layout: Where the table stands and what reads it; None where cells are typed already.
        others: Names of the other sheets (or tables) with cells.
        table: Its rows as they were found.
        needs_password: Whether a password opened what it stands in.
    """

    member: str
    name: str
    file_kind: str
    kind: FileKind
    encoding: str | None
    dialect: Dialect | None
    grid: Grid | None
    header: Header | None
    layout: LayoutFile | None
    others: Sequence[str]
    table: TableRead
    needs_password: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file (or member) in which no table could be found, by reason code."""

    member: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of one member: as texts, as the values that a workbook holds, and the text of a text file."""

    grids: Sequence[Grid]
    typed: Mapping[str, Sequence[Sequence[Value]]]
    text: str


def packed_grid(grid: Grid) -> dict[str, Any]:
    return {
        "name": grid.name,
        "sheet": grid.sheet,
        "member": grid.member,
        "rows": [list(row) for row in grid.rows],
        "lines": list(grid.lines),
        "merged": None if grid.merged is None else [list(area) for area in grid.merged],
        "is_text": grid.is_text,
        "left": grid.left,
    }


def unpacked_grid(said: Mapping[str, Any]) -> Grid:
    """A grid again; ``TypeError`` or ``ValueError`` if it is none."""
    rows = [[_cell(cell) for cell in row] for row in said["rows"]]
    lines = [int(line) for line in said["lines"]]
    merged = None if said["merged"] is None else [(int(a), int(b), int(c), int(d)) for a, b, c, d in said["merged"]]
    if len(rows) != len(lines):
        raise ValueError("rows and lines differ")
    return Grid(
        name=str(said["name"]),
        rows=rows,
        lines=lines,
        sheet=str(said["sheet"]),
        member=str(said["member"]),
        merged=merged,
        is_text=bool(said["is_text"]),
        left=int(said["left"]),
    )


def _cell(cell: Any) -> Cell:
    if cell is not None and not isinstance(cell, str):
        raise TypeError("not a cell")
    return cell


def packed_seen(seen: Seen, table: Mapping[str, Any]) -> dict[str, Any]:
    """For JSON; the rows of the table travel beside it."""
    dialect, header = seen.dialect, seen.header
    return {
        "member": seen.member,
        "name": seen.name,
        "file_kind": seen.file_kind,
        "kind": seen.kind,
        "encoding": seen.encoding,
        "dialect": dialect and [dialect.delimiter, dialect.quote, dialect.escapes, list(dialect.columns_at), dialect.stated],
        "grid": seen.grid and packed_grid(seen.grid),
        "header": header and [header.first, header.last, list(header.names)],
        "layout": seen.layout and seen.layout.model_dump_json(exclude_defaults=True),
        "others": list(seen.others),
        "needs_password": seen.needs_password,
        "table": dict(table),
    }


def unpacked_seen(said: Mapping[str, Any], table: TableRead) -> Seen:
    """A look again; raises where it is not of the shape that :func:`packed_seen` gives."""
    dialect, header, layout = said["dialect"], said["header"], said["layout"]
    return Seen(
        member=str(said["member"]),
        name=str(said["name"]),
        file_kind=str(said["file_kind"]),
        kind=_kind(said["kind"]),
        encoding=None if said["encoding"] is None else str(said["encoding"]),
        dialect=None
        if dialect is None
        else Dialect(str(dialect[0]), str(dialect[1]), bool(dialect[2]), tuple(map(int, dialect[3])), bool(dialect[4])),
        grid=None if said["grid"] is None else unpacked_grid(said["grid"]),
        header=None if header is None else Header(int(header[0]), int(header[1]), tuple(map(_cell, header[2]))),
        layout=None if layout is None else LayoutFile.model_validate_json(layout),
        others=tuple(map(str, said["others"])),
        table=table,
        needs_password=bool(said["needs_password"]),
    )


def _kind(text: Any) -> FileKind:
    known: tuple[FileKind, ...] = ("excel", "csv", "html", "pdf", "invoice", "typed")
    return next(kind for kind in known if kind == text)


def unpacked_unreadable(said: Sequence[Any]) -> Unreadable:
    return Unreadable(str(said[0]), reason_of(str(said[1])).code, str(said[2]))


def packed_value(value: object) -> Any:
    """A typed cell for JSON."""
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return [type(value).__name__, value.isoformat()]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def unpacked_value(said: Any) -> Value:
    if isinstance(said, list):
        return {"datetime": dt.datetime, "date": dt.date, "time": dt.time}[said[0]].fromisoformat(said[1])  # type: ignore[attr-defined,no-any-return]
    if said is not None and not isinstance(said, (str, int, float, bool)):
        raise TypeError("not a value")
    return said
