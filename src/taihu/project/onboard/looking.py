"""Looks at unknown files: every table in them with the grid that it stands in, its header, and how its bytes were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taihu.core.errors import ContentRefused
from taihu.core.types import TableRead
from taihu.formats.text import decode
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import FileKind
from taihu.read.archives import Unpacked, unpack
from taihu.read.blind import find_tables
from taihu.read.dialect import Dialect, find_dialect
from taihu.read.grid import Grid
from taihu.read.grids import SHEETS, Grids, grids_of, is_invoice
from taihu.read.header import Header
from taihu.read.typed import TYPED, read_typed

_CLUTTER = (".", "~$")


@dataclass(frozen=True, slots=True)
class Seen:
    """One table of one file.

    Attributes:
        path: The file.
        file: The file's bytes, or those of the member that the table stands in.
        kind: What ``read: as`` calls it.
        dialect: Of a text.
        grid, header, layout: Where the table stands and what reads it; None where cells are typed already.
        others: Other grids of the same file that hold cells.
        table: Its rows as they were found.
    """

    path: Path
    file: Unpacked
    kind: FileKind
    encoding: str | None
    dialect: Dialect | None
    grid: Grid | None
    header: Header | None
    layout: LayoutFile | None
    others: Sequence[Grid]
    table: TableRead

    @property
    def place(self) -> str:
        """What people call it."""
        inside = "/".join(part for part in (self.file.member, self.table.name if self.kind == "excel" else "") if part)
        return f"{self.path.name} > {inside}" if inside and inside != self.path.name else self.path.name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file (or member) of which nothing can be proposed, by reason code."""

    path: Path
    member: str
    reason: str
    detail: str


def files_of(place: Path) -> list[Path]:
    """The file, or all files below a folder; hidden ones and Office's lock files are left out."""
    if place.is_file():
        return [place]
    paths = (path for path in sorted(place.rglob("*")) if path.is_file())
    return [path for path in paths if not any(part.startswith(_CLUTTER) for part in path.relative_to(place).parts)]


def look_at(path: Path, content: bytes, passwords: Sequence[str] = ()) -> Iterator[Seen | Unreadable]:
    """The tables of one file, and what of it could not be read."""
    for file in unpack(content, path.name, passwords):
        if file.refused:
            yield Unreadable(path, file.member, file.refused, file.detail)
            continue
        try:
            found = list(_tables(path, file))
        except ContentRefused as refused:
            yield Unreadable(path, file.member, refused.reason, refused.what)
            continue
        if not found:
            yield Unreadable(path, file.member, "no_table", "no table with a header was found")
        yield from found


def _tables(path: Path, file: Unpacked) -> Iterable[Seen]:
    if file.kind in TYPED and not is_invoice(file):
        return [Seen(path, file, "typed", None, None, None, None, None, (), read_typed(file))]
    grids = grids_of(file)
    if grids.held:
        raise ContentRefused(grids.held, grids.held_detail)
    dialect = find_dialect(decode(file.content).text) if file.kind == "csv" else None
    return [
        Seen(path, file, _kind(file), grids.encoding, dialect, found.grid, found.header, found.layout, _others(grids, found.grid), table)
        for found in find_tables(grids)
        if found.header.is_stated and (table := found.shaped.table).rows.num_rows and _is_table(file, found.header)
    ]


def _is_table(file: Unpacked, header: Header) -> bool:
    """Lines of prose are a text of one column too."""
    return file.kind != "csv" or sum(name is not None for name in header.names) > 1


def _others(grids: Grids, grid: Grid) -> list[Grid]:
    return [other for other in grids.grids if (other.sheet, other.name) != (grid.sheet, grid.name) and not other.is_blank]


def _kind(file: Unpacked) -> FileKind:
    if file.kind in SHEETS:
        return "excel"
    if file.kind == "pdf":
        return "pdf"
    return "html" if file.kind == "html" else "csv" if file.kind == "csv" else "invoice"
