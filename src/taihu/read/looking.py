"""Looks at unknown files, in the child: every table in them with the grid that it stands in, its header, and how its bytes were read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ContentRefused
from taihu.formats.text import decode
from taihu.manifest.source import FileKind
from taihu.read.archives import Unpacked, unpack
from taihu.read.blind import find_tables
from taihu.read.dialect import find_dialect
from taihu.read.grid import Grid
from taihu.read.grids import SHEETS, Grids, grids_of, is_invoice
from taihu.read.header import Header
from taihu.read.layout import Shaped
from taihu.read.seen import Seen, Unreadable, packed_grid, packed_seen, packed_value
from taihu.read.typed import TYPED, read_typed
from taihu.read.wire import packed_tables

if TYPE_CHECKING:
    from taihu.guard.confined import Buffer


def look(said: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], Sequence[Buffer]]:
    """The tables of one file, and what of it could not be read."""
    found = list(_look(content, said["name"], said["passwords"]))
    tables, buffers = packed_tables([one.table for one in found if isinstance(one, Seen)])
    packed = iter(tables)
    seen = [packed_seen(one, next(packed)) for one in found if isinstance(one, Seen)]
    return {"seen": seen, "unreadable": [[one.member, one.reason, one.detail] for one in found if isinstance(one, Unreadable)]}, buffers


def cells(said: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], Sequence[Buffer]]:
    """All cells of one member, as texts and as the values that a workbook holds."""
    file = next(file for file in unpack(content, said["name"], said["passwords"]) if file.member == said["member"])
    grids = grids_of(file, encoding=said["encoding"], delimiter=said["delimiter"]).grids
    typed = _typed(file.content) if file.kind in SHEETS - {"spreadsheetml"} else {}
    text = decode(file.content, said["encoding"]).text if file.kind == "csv" else ""
    return {"grids": [packed_grid(grid) for grid in grids], "typed": typed, "text": text}, []


def _typed(content: bytes) -> dict[str, list[list[Any]]]:
    import python_calamine as calamine

    with calamine.load_workbook(io.BytesIO(content)) as book:
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    return {name: [[packed_value(value) for value in row] for row in rows] for name, rows in sheets.items()}


def _look(content: bytes, name: str, passwords: Sequence[str]) -> Iterator[Seen | Unreadable]:
    closed = bool(passwords) and any(file.refused == "wrong_password" for file in unpack(content, name))
    for file in unpack(content, name, passwords):
        if file.refused:
            yield Unreadable(file.member, file.refused, file.detail)
            continue
        try:
            found = list(_tables(file, closed))
        except ContentRefused as refused:
            yield Unreadable(file.member, refused.reason, refused.what)
            continue
        if not found:
            yield Unreadable(file.member, "no_table", "no table with a header was found")
        yield from found


def _tables(file: Unpacked, closed: bool) -> Iterator[Seen]:
    if file.kind in TYPED and not is_invoice(file):
        yield Seen(file.member, file.name, file.kind, "typed", None, None, None, None, None, (), read_typed(file), closed)
        return
    grids = grids_of(file)
    if grids.held:
        raise ContentRefused(grids.held, grids.held_detail)
    dialect = find_dialect(decode(file.content).text) if file.kind == "csv" else None
    for found in find_tables(grids):
        table = found.shaped.table
        if found.header.is_stated and table.rows.num_rows and _is_table(file, found.header) and not _is_prose(found.shaped):
            others = _others(grids, found.grid)
            yield Seen(
                file.member,
                file.name,
                file.kind,
                _kind(file),
                grids.encoding,
                dialect,
                found.grid,
                found.header,
                found.layout,
                others,
                table,
                closed,
            )


def _is_table(file: Unpacked, header: Header) -> bool:
    """Lines of prose are a text of one column too."""
    return file.kind != "csv" or sum(name is not None for name in header.names) > 1


def _is_prose(shaped: Shaped) -> bool:
    """A text in which rows of another width than the header are more than a few was never a table of it."""
    return shaped.held == "ragged_row" and int(shaped.held_detail.partition(" ")[0]) > shaped.table.rows.num_rows / 3


def _others(grids: Grids, grid: Grid) -> list[str]:
    return [
        other.sheet or other.name for other in grids.grids if (other.sheet, other.name) != (grid.sheet, grid.name) and not other.is_blank
    ]


def _kind(file: Unpacked) -> FileKind:
    if file.kind in SHEETS:
        return "excel"
    if file.kind == "pdf":
        return "pdf"
    return "html" if file.kind == "html" else "csv" if file.kind == "csv" else "invoice"
