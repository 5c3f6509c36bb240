"""One received object to tables of text, as its source's contract says; or the reason why its rows must not be used.

Reading is replayable: the same bytes, contract and passwords give the same result; nothing is guessed, and a file that is
held still shows whatever could be read of it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from taihu.core.errors import ContentRefused
from taihu.core.ids import sha256_of
from taihu.core.types import FileRead, Member, Note, TableRead
from taihu.formats.kind import kind_of
from taihu.formats.login_page import is_login_page
from taihu.formats.patterns import pattern_regex
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read.aligned import aligned
from taihu.read.archives import Unpacked, unpack
from taihu.read.grid import Grid
from taihu.read.grids import READABLE, SHEETS, Grids, grids_of
from taihu.read.header import difference
from taihu.read.layout import Shaped, apply_layout
from taihu.read.regions import find_regions
from taihu.read.same_invoice import once
from taihu.read.statements import Seen, reconciled, statements_of
from taihu.read.typed import TYPED, read_typed

_KINDS = {"excel": SHEETS, "csv": frozenset({"csv"}), "html": frozenset({"html"}), "pdf": frozenset({"pdf"}), "typed": TYPED} | {
    "invoice": frozenset({"xml", "ofd", "pdf"})
}
# Kinds whose columns nothing but a layout may part.
_CUT = frozenset({"csv", "pdf"})
_CELL_ROWS, _CELL_COLUMNS = 30, 12


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is read and how: the contract, the name of what was received, passwords."""

    read: Read
    name: str
    passwords: Sequence[str]


def read_file(
    content: bytes, name: str, *, read: Read | None = None, layouts: Mapping[str, LayoutFile] | None = None, passwords: Sequence[str] = ()
) -> FileRead:
    """Read one object, in this process; see :func:`taihu.read.isolated.read_file`, which is what everybody else calls."""
    if read is None:
        from taihu.read.blind import read_blind

        return read_blind(content, name, passwords=passwords)
    kind = kind_of(content, name)
    known = layouts or {}
    chosen = {key: known[key] for key in read.layouts if key in known} if read.layouts else dict(known)
    try:
        # One member after the other, so that no more than one of them is held in memory.
        files = (file for file in unpack(content, name, passwords, kind) if _is_wanted(file, read) or _listing(file, chosen))
        seen = [_read_member(file, _Asked(read, name, passwords), chosen) for file in files]
        if not seen:
            raise ContentRefused("no_table", f"no member of the archive fits {read.member!r}")
        return merged(kind, once(_with_lists(seen, chosen)))
    except ContentRefused as refused:
        return FileRead(kind, None, (), refused.reason, refused.what)


def _is_wanted(file: Unpacked, read: Read) -> bool:
    """Whether a member is read; one that could not be opened counts wherever a wanted one might have been in it."""
    if not file.member or (file.refused and (file.may_hold_more or file.refused == "unsafe_name")):
        return True
    return fnmatch.fnmatchcase(file.name.rsplit("/", 1)[-1].lower(), read.member.lower())


def _listing(file: Unpacked, layouts: Mapping[str, LayoutFile]) -> dict[str, LayoutFile]:
    """The layouts whose list of files this member holds."""
    base = file.name.rsplit("/", 1)[-1].lower()
    return {
        name: layout
        for name, layout in layouts.items()
        if file.member and layout.states and layout.states.member and fnmatch.fnmatchcase(base, layout.states.member.lower())
    }


def _read_member(file: Unpacked, asked: _Asked, layouts: Mapping[str, LayoutFile]) -> Seen:
    member = seen_member(file)
    try:
        if file.refused:
            raise ContentRefused(file.refused, file.detail)
        lists = _listing(file, layouts)
        if lists:
            return replace(_read_one(file, READABLE, asked, lists), member=member)
        others = {key: layout for key, layout in layouts.items() if not (layout.states and layout.states.member)}
        kinds = {each for kind in asked.read.kinds for each in _KINDS[kind]}
        return replace(_read_one(file, kinds, asked, others), member=member)
    except ContentRefused as refused:
        return Seen(member, FileRead(file.kind, None, (), refused.reason, refused.what))


def _with_lists(seen: Sequence[Seen], layouts: Mapping[str, LayoutFile]) -> list[tuple[Member | None, FileRead]]:
    """What was read, reconciled with the summary sheets and lists of files; one that was agreed and is not there holds the file."""
    reads = reconciled(seen)
    found = {name for each in seen for name in each.layouts}
    absent = [name for name, layout in layouts.items() if layout.states and layout.states.required and name not in found]
    if absent and any(table.rows.num_rows for _, read in reads for table in read.tables) and not any(read.held for _, read in reads):
        member, read = reads[0]
        reads[0] = member, replace(read, held="total_missing", held_detail="not found: " + ", ".join(absent))
    return reads


def seen_member(file: Unpacked) -> Member | None:
    """The entry of an unpacked file in what is known of the whole; None for what was not packed."""
    return Member(file.member, file.kind, len(file.content), sha256_of(file.content), file.parent) if file.member else None


def merged(kind: str, reads: Sequence[tuple[Member | None, FileRead]]) -> FileRead:
    """The members of an archive as one file: its tables together, held for the first reason that there is."""
    held = next((read for _, read in reads if read.held), None)
    return FileRead(
        kind=kind,
        encoding=next((read.encoding for _, read in reads if read.encoding), None),
        tables=tuple(aligned([table for _, read in reads for table in read.tables])),
        held=held.held if held else None,
        held_detail=held.held_detail if held else "",
        cells=reads[0][1].cells if reads else {},
        members=tuple(replace(member, reason=read.held or "", detail=read.held_detail) for member, read in reads if member is not None),
    )


def _read_one(file: Unpacked, kinds: Collection[str], asked: _Asked, layouts: Mapping[str, LayoutFile]) -> Seen:
    if file.kind not in kinds:
        _refuse_kind(file, " or ".join(asked.read.kinds))
    if "typed" in asked.read.kinds and file.kind in TYPED:
        return Seen(None, FileRead(file.kind, None, (read_typed(file),)))
    results = [_by_layouts(file, asked, group) for group in _by_columns(file.kind, layouts)]
    fitting = [result for result in results if result.layouts]
    return _one_of(fitting) if fitting else results[0]


def _by_columns(kind: str, layouts: Mapping[str, LayoutFile]) -> list[dict[str, LayoutFile]]:
    """Layouts together that say the same about where columns begin: the cells are cut anew for each other way of cutting."""
    groups: dict[tuple[float, ...], dict[str, LayoutFile]] = {}
    for name, layout in layouts.items():
        groups.setdefault(layout.columns_at if kind in _CUT else (), {})[name] = layout
    return list(groups.values()) or [{}]


def _one_of(seen: Sequence[Seen]) -> Seen:
    """The reading by the columns that fit; two that cut the same rows differently hold the file."""
    sound = [each for each in seen if not each.read.held] or list(seen)
    first = sound[0]
    for other in sound[1:]:
        if [table.rows.to_pylist() for table in other.read.tables] != [table.rows.to_pylist() for table in first.read.tables]:
            names = ", ".join(sorted({name for each in sound for name in each.layouts}))
            detail = f"layouts that part the columns at different places all fit: {names}"
            return replace(first, read=replace(first.read, held="cells_unclear", held_detail=detail))
    return first


def _by_layouts(file: Unpacked, asked: _Asked, layouts: Mapping[str, LayoutFile]) -> Seen:
    """The file by layouts that all say the same about where its columns begin."""
    columns_at = next((layout.columns_at for layout in layouts.values()), ()) if file.kind in _CUT else ()
    read = asked.read
    grids = grids_of(file, encoding=read.encoding, delimiter=read.delimiter, columns_at=columns_at, passwords=asked.passwords)
    cells = cells_of(grids.grids)
    shaped, rest = _shaped(grids, layouts, asked.name)
    if not shaped:
        return Seen(None, _unknown(file, grids, layouts, cells))
    states = {key: layout for key, layout in layouts.items() if layout.states}
    tables = [item.table for item in shaped if item.table.layout not in states]
    statements = [
        statement for item in shaped if item.table.layout in states for statement in statements_of(item.table, states[item.table.layout])
    ]
    lists_files = any(layout.states and layout.states.file is not None for layout in states.values())
    if rest and tables:
        tables[0] = _with_notes(tables[0], rest)
    held = next((item for item in shaped if item.held), None)
    reason, detail = (grids.held, grids.held_detail) if grids.held else (held.held, held.held_detail) if held else (None, "")
    found = FileRead(file.kind, grids.encoding, tuple(tables), reason, detail, cells)
    return Seen(None, found, statements, lists_files, tuple(item.table.layout for item in shaped))


def _refuse_kind(file: Unpacked, expected: str) -> None:
    if file.kind == "empty":
        raise ContentRefused("empty_file")
    if is_login_page(file.content):
        raise ContentRefused("login_page")
    raise ContentRefused("wrong_kind", f"{file.kind} came where {expected} was agreed")


def _shaped(grids: Grids, layouts: Mapping[str, LayoutFile], file_name: str) -> tuple[list[Shaped], list[Note]]:
    """The tables of each grid by the layouts whose headers it has, and the grids that none fits."""
    shaped: list[Shaped] = []
    rest: list[Note] = []
    for grid in grids.grids:
        wanted = {name: layout for name, layout in layouts.items() if not grid.sheet or _is_named(grid.sheet, layout)}
        regions = find_regions(grid, wanted, file_name)
        # A sheet whose name no layout asks for was left out on purpose; one that was asked for is never passed over in silence.
        if not regions and not wanted and layouts:
            continue
        if not regions:
            rest.append(Note("unknown_layout", grid.position(0) if grid.rows else "", detail=f"{len(grid.rows)} rows not read"))
        for region in regions:
            if grid.is_hidden and region.layout.hidden.sheets == "skip":
                rest.append(Note("hidden_sheet", grid.position(0), detail=f"hidden sheet {grid.sheet} left out"))
                continue
            item = apply_layout(
                region.grid,
                region.header,
                region.name,
                region.layout,
                around=region.around,
                ends_with_newline=grids.ends_with_newline or not region.is_last,
            )
            shaped.append(_with_hidden_sheet(item, grid, region.layout) if grid.is_hidden else item)
    return shaped, rest


def _with_hidden_sheet(item: Shaped, grid: Grid, layout: LayoutFile) -> Shaped:
    detail = f"hidden sheet {grid.sheet}"
    if layout.hidden.sheets == "hold" and item.held is None:
        return Shaped(item.table, "hidden_sheet", detail)
    return replace(item, table=_with_notes(item.table, [Note("hidden_sheet", grid.position(0), detail=detail)]))


def _is_named(sheet: str, layout: LayoutFile) -> bool:
    return any(pattern_regex(pattern).fullmatch(sheet) for pattern in layout.sheet)


def _with_notes(table: TableRead, notes: Sequence[Note]) -> TableRead:
    return replace(table, notes=(*table.notes, *notes))


def _unknown(file: Unpacked, grids: Grids, layouts: Mapping[str, LayoutFile], cells: Mapping[str, str]) -> FileRead:
    """No layout fits: say how the header differs, and show the tables as they would be found without one."""
    from taihu.read.blind import blind_tables

    tables = tuple(blind_tables(grids))
    if grids.held:
        return FileRead(file.kind, grids.encoding, tables, grids.held, grids.held_detail, cells)
    if not grids.grids or all(grid.is_blank for grid in grids.grids):
        return FileRead(file.kind, grids.encoding, tables, "no_table", "the file holds no cells", cells)
    return FileRead(file.kind, grids.encoding, tables, "unknown_layout", difference(grids.grids, layouts), cells)


def cells_of(grids: Sequence[Grid]) -> dict[str, str]:
    """The first cells of the first grid by their A1 names, for contracts that find a party or a period in a cell."""
    from taihu.read.grid import letter

    cells: dict[str, str] = {}
    for grid in grids[:1]:
        for row, line, sheet in zip(grid.rows, grid.lines, grid.sheets or [grid.sheet] * len(grid.rows), strict=False):
            if line > _CELL_ROWS or sheet != grid.sheet:
                break
            for column, cell in enumerate(row[:_CELL_COLUMNS]):
                if cell is not None:
                    cells[f"{letter(column)}{line}"] = cell
    return cells
