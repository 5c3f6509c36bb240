"""Delimited texts too large for memory: read in pieces of whole records, each in the child, and handed on as they come.

A piece is judged by itself and by what the pieces before it fixed: encoding, dialect, header. What only a whole file can tell (totals
that add up all rows, tables below each other, rows that stand for several) is not guessed: such a file is held with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead, Note, TableRead

if TYPE_CHECKING:
    from taihu.guard.confined import Buffer
    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.read.grid import Grid
    from taihu.read.header import Header

LARGE = 128 << 20
PIECE = 8 << 20
_MOST_PIECE = 64 << 20
_MOST_NOTES = 1000
_TASK = "taihu.read.large:answer"
_ONLY_WHOLE = ("totals", "unpivot", "outside", "noted", "units", "states", "columns_at")

Sink = Callable[[pa.Table], None]


def is_large_text(head: bytes, size: int, name: str) -> bool:
    """Whether a file is read in pieces: a delimited text of more than 128 MB, in an encoding whose line ends are bytes of their own."""
    from taihu.formats.kind import kind_of

    return size > LARGE and b"\x00" not in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")) and kind_of(head, name) == "csv"


def read_large(
    file: BinaryIO, name: str, sink: Sink, *, read: Read | None = None, layouts: Mapping[str, LayoutFile] | None = None
) -> FileRead:
    """Read a delimited text in pieces.

    Args:
        file: Its bytes, from the beginning.
        name: Its name.
        sink: Takes the rows, piece by piece: text columns as :class:`taihu.core.types.TableRead` has them, with ``_src_row``.
        read: The source's contract; without one the file is read blind.
        layouts: The source's layouts by name.

    Returns:
        The file as if it had been read whole, but ``rows`` of its table holds the first piece alone, and ``more`` counts the others.
        Where there are no tables, what the sink was given must not be used.
    """
    state: dict[str, Any] = {"contract": _contract(read), "layouts": {key: _json(each) for key, each in (layouts or {}).items()}, "line": 1}
    table: TableRead | None = None
    rest, size = b"", PIECE
    try:
        while True:
            block = file.read(size)
            piece = rest + block
            end = piece.rfind(b"\n") + 1 if block else len(piece)
            used, part = (0, None) if not end else _asked(state, piece[:end], name, is_last=not block)
            if part is not None:
                sink(part.rows)
                notes = _few([*(table.notes if table else ()), *part.notes], state)
                table = replace(table or part, notes=notes, more=table.more + part.rows.num_rows if table else 0)
            if not block:
                break
            rest = piece[used:]
            size = PIECE if used else size * 2
            if size > _MOST_PIECE:
                raise ContentRefused("damaged_file", f"a record of more than {_MOST_PIECE >> 20} MB", where=str(state["line"]))
    except ContentRefused as refused:
        return FileRead("csv", state.get("encoding"), (), refused.reason, refused.what)
    if table is not None:
        more = [Note(reason, detail=f"{count:,} more of these") for reason, count in state.get("more_notes", {}).items()]
        table = replace(table, notes=(*table.notes, *more))
    held, detail = state.get("held") or (None, "")
    if held is None and state.get("ragged"):
        held, detail = "ragged_row", f"{state['ragged']} rows with another number of fields than the header: {', '.join(state['places'])}"
    return FileRead("csv", state.get("encoding"), () if table is None else (table,), held, detail)


def _few(notes: Sequence[Note], state: dict[str, Any]) -> tuple[Note, ...]:
    """The first notes; how many others there were is counted by reason."""
    counts = state.setdefault("more_notes", {})
    for note in notes[_MOST_NOTES:]:
        counts[note.reason] = counts.get(note.reason, 0) + 1
    return tuple(notes[:_MOST_NOTES])


def _contract(read: Read | None) -> dict[str, Any] | None:
    return None if read is None else {"encoding": read.encoding, "delimiter": read.delimiter, "layouts": list(read.layouts)}


def _json(layout: LayoutFile) -> str:
    return layout.model_dump_json(exclude_defaults=True)


def _asked(state: dict[str, Any], content: bytes, name: str, *, is_last: bool) -> tuple[int, TableRead | None]:
    """Let the child read a piece; gives how many bytes of it were used, and its rows."""
    from taihu.guard.children import shared_child
    from taihu.read.wire import unpacked

    said, body = shared_child().ask(_TASK, {"state": state, "is_last": is_last, "name": name}, content)
    try:
        file, used, told = unpacked(said["file"], body), int(said["used"]), dict(said["state"])
        if not 0 <= used <= len(content):
            raise ValueError("more was used than there is")
    except Exception as error:  # there is no end to what may be wrong in the answer of a process that was taken over
        raise ContentRefused("reader_crashed", f"its answer makes no sense ({type(error).__name__})") from None
    state.update(told)
    return used, file.tables[0] if file.tables else None


def answer(said: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], Sequence[Buffer]]:
    """In the child: read one piece and pack what was found."""
    from taihu.read.delimited import joined, records
    from taihu.read.wire import packed

    state, contract = dict(said["state"]), said["state"]["contract"] or {}
    text = _text(content, state, contract.get("encoding"))
    if said["is_last"]:
        text = text.rstrip("\x1a")
    dialect = _dialect(text, state, contract.get("delimiter"))
    if state["line"] == 1 and dialect.stated:
        raise ContentRefused("too_large", "a text that names its delimiter in its first line is only read whole")
    left: list[str] = []
    grid = joined(list(records([text], dialect, state["line"], left=None if said["is_last"] else left)))
    rest = "".join(left)
    state["line"] += _line_ends(text.removesuffix(rest))
    table = _table(grid, said["name"], state) if grid.rows else None
    file = FileRead("csv", state["encoding"], () if table is None else (table,))
    told, buffers = packed(file)
    return {"file": told, "used": len(content) - len(rest.encode(state["encoding"])), "state": state}, buffers


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _text(content: bytes, state: dict[str, Any], declared: str | None) -> str:
    """The piece as text; what the encoding of the first ones cannot be is refused."""
    from taihu.formats.text import decode

    if state.get("encoding") in (None, "ascii"):
        state["encoding"] = decode(content, declared).encoding.removesuffix("-sig")
    try:
        return content.decode(state["encoding"]).removeprefix("\ufeff" if state["line"] == 1 else "")
    except UnicodeDecodeError:
        raise ContentRefused("mojibake", f"bytes after line {state['line']} are not valid {state['encoding']}") from None


def _dialect(text: str, state: dict[str, Any], delimiter: str | None) -> Any:
    from taihu.read.dialect import Dialect, find_dialect

    if "dialect" not in state:
        state["dialect"] = asdict(find_dialect(text, delimiter))
    dialect = Dialect(**{**state["dialect"], "columns_at": tuple(state["dialect"]["columns_at"])})
    if dialect.escapes or dialect.shields or dialect.columns_at:
        raise ContentRefused("too_large", "a text with escaped characters or of fixed width is only read whole")
    return dialect


def _table(grid: Grid, name: str, state: dict[str, Any]) -> TableRead:
    """The rows of a piece, with what is noticed about them added to the state."""
    from taihu.manifest.layout import LayoutFile
    from taihu.read.columns import columns_of_rows
    from taihu.read.header import Header
    from taihu.read.rows import sorted_rows

    is_first = "names" not in state
    if is_first:
        header, layout = _header(grid, state)
        state["names"], state["layout"] = list(header.names), _json(layout)
        state["header_row"] = grid.lines[header.last] if header.is_stated else None
    else:
        header, layout = Header(-1, -1, tuple(state["names"])), LayoutFile.model_validate_json(state["layout"])
    _only_one_table(grid, state)
    rows = sorted_rows(grid, header, layout)
    if rows.totals or rows.end < len(grid.rows):
        at = grid.position(rows.totals[0] if rows.totals else rows.end)
        raise ContentRefused("too_large", f"the total or end of the table on line {at} can only be judged in a file that is read whole")
    state["ragged"] = state.get("ragged", 0) + len(rows.ragged)
    state["places"] = [*state.get("places", []), *map(grid.position, rows.ragged[:5])][:5]
    _garbled(grid, state)
    indexes = pa.array(rows.data, pa.int64())
    names = {n: name or f"column_{n + 1}" for n, name in enumerate(header.names)}
    columns = [column.take(indexes) for column in columns_of_rows(grid.rows, len(names))]
    return TableRead(
        name="",
        rows=pa.table([*columns, grid.positions(rows.data)], names=[*names.values(), "_src_row"]),
        header_row=state["header_row"],
        header_cells={name: str(n + 1) for n, name in names.items()},
        notes=_few([*grid.notes, *rows.notes], state),
        layout=state.get("chosen", ""),
    )


def _header(grid: Grid, state: dict[str, Any]) -> tuple[Header, LayoutFile]:
    """Where the table begins and by which rules: those of the layout that knows most of its names, or found."""
    from taihu.manifest.layout import LayoutFile
    from taihu.read.blind import guess_header
    from taihu.read.header import difference, find_header

    if state["contract"] is None:
        header = guess_header(grid)
        if header is None:
            raise ContentRefused("no_table", "no table was found")
        names = header.names + (None,) * (grid.width - len(header.names))
        return replace(header, names=names), LayoutFile(header=tuple(dict.fromkeys(name for name in names if name)) or ("",))
    wanted = state["contract"]["layouts"] or list(state["layouts"])
    layouts = {key: LayoutFile.model_validate_json(state["layouts"][key]) for key in wanted if key in state["layouts"]}
    fits = [(key, header) for key, layout in layouts.items() if (header := find_header(grid, layout)) is not None]
    if not fits:
        raise ContentRefused("unknown_layout", difference([grid], layouts))
    state["chosen"], header = max(fits, key=lambda fit: len(layouts[fit[0]].header))
    layout = layouts[state["chosen"]]
    unknown = [field for field in _ONLY_WHOLE if getattr(layout, field)]
    if unknown:
        raise ContentRefused(
            "too_large", f"layout {state['chosen']} asks for {', '.join(unknown)}, which only a file that is read whole can tell"
        )
    return header, layout


def _only_one_table(grid: Grid, state: dict[str, Any]) -> None:
    from taihu.read.blind import blocks

    if state["contract"] is None and len(blocks(grid)) > 1:
        raise ContentRefused("too_large", "tables that stand below or beside each other are only parted in a file that is read whole")


def _garbled(grid: Grid, state: dict[str, Any]) -> None:
    from taihu.read.grids import Grids, checked

    found = checked(Grids("csv", grids=[grid]))
    if found.held and not state.get("held"):
        state["held"] = [found.held, found.held_detail]
