"""What was read of a file, as bytes that pass between processes, and back.

The process that reads is not trusted any more once a hostile file is in it, so nothing here is unpickled: the values are JSON of
known shape, the rows are Arrow streams whose offsets and texts are checked before anybody uses them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from taihu.core.reasons import reason_of
from taihu.core.types import FileRead, Member, Note, StatedTotal, TableRead
from taihu.guard.confined import Buffer


def packed(file: FileRead) -> tuple[dict[str, Any], list[Buffer]]:
    """A mapping for JSON, and the bytes of an Arrow stream for each table."""
    tables, rows = packed_tables(file.tables)
    said = {
        "kind": file.kind,
        "encoding": file.encoding,
        "held": file.held,
        "held_detail": file.held_detail,
        "cells": dict(file.cells),
        "members": [[m.path, m.kind, m.size, m.sha256, m.parent, m.reason, m.detail] for m in file.members],
        "tables": tables,
    }
    return said, rows


def packed_tables(tables: Sequence[TableRead]) -> tuple[list[dict[str, Any]], list[Buffer]]:
    """Tables for JSON, and the bytes of the Arrow stream of each."""
    streams = [_stream(table.rows) for table in tables]
    sizes = [sum(memoryview(buffer).nbytes for buffer in stream) for stream in streams]
    said = [_packed_table(table, size) for table, size in zip(tables, sizes, strict=True)]
    return said, [buffer for stream in streams for buffer in stream]


def unpacked_tables(said: Sequence[Mapping[str, Any]], body: bytes) -> list[TableRead]:
    """The tables again; raises like :func:`unpacked`."""
    tables: list[TableRead] = []
    at = 0
    for table in said:
        end = at + _whole(table["size"])
        tables.append(_table(table, memoryview(body)[at:end]))
        at = end
    if at != len(body):
        raise ValueError("bytes are left over")
    return tables


def unpacked(said: Mapping[str, Any], body: bytes) -> FileRead:
    """The file again.

    Raises:
        ValueError, TypeError, KeyError, ArithmeticError: It is not of the shape that :func:`packed` gives.
    """
    tables = unpacked_tables(said["tables"], body)
    if said["held"] is not None:
        reason_of(said["held"])
    return FileRead(
        kind=_text(said["kind"]),
        encoding=None if said["encoding"] is None else _text(said["encoding"]),
        tables=tuple(tables),
        held=said["held"],
        held_detail=_text(said["held_detail"]),
        cells=_texts(said["cells"]),
        members=tuple(_member(*member) for member in said["members"]),
    )


def _packed_table(table: TableRead, size: int) -> dict[str, Any]:
    return {
        "size": size,
        "name": table.name,
        "header_row": table.header_row,
        "header_cells": dict(table.header_cells),
        "totals": [
            [total.label, total.column, str(total.stated), None if total.computed is None else str(total.computed), total.position]
            for total in table.totals
        ],
        "notes": [[note.reason, note.position, note.column, note.detail] for note in table.notes],
        "layout": table.layout,
    }


def _table(said: Mapping[str, Any], stream: memoryview) -> TableRead:
    rows = pa.ipc.open_stream(pa.py_buffer(stream)).read_all()
    rows.validate(full=True)
    return TableRead(
        name=_text(said["name"]),
        rows=rows,
        header_row=None if said["header_row"] is None else _whole(said["header_row"]),
        header_cells=_texts(said["header_cells"]),
        totals=tuple(_total(*total) for total in said["totals"]),
        notes=tuple(_note(*note) for note in said["notes"]),
        layout=_text(said["layout"]),
    )


class _Buffers(io.RawIOBase):
    """What an Arrow stream consists of, one after the other; the cells are not copied."""

    def __init__(self) -> None:
        self.found: list[Buffer] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.found.append(data)
        return len(memoryview(data))


def _stream(rows: pa.Table) -> list[Buffer]:
    sink = _Buffers()
    with pa.ipc.new_stream(pa.PythonFile(sink, "w"), rows.schema) as writer:
        writer.write_table(rows)
    return sink.found


def _member(path: Any, kind: Any, size: Any, sha256: Any, parent: Any, reason: Any, detail: Any) -> Member:
    if reason:
        reason_of(reason)
    return Member(_text(path), _text(kind), _whole(size), _text(sha256), _text(parent), _text(reason), _text(detail))


def _total(label: Any, column: Any, stated: Any, computed: Any, position: Any) -> StatedTotal:
    return StatedTotal(
        label=_text(label),
        column=None if column is None else _text(column),
        stated=Decimal(_text(stated)),
        computed=None if computed is None else Decimal(_text(computed)),
        position=_text(position),
    )


def _note(reason: Any, position: Any, column: Any, detail: Any) -> Note:
    return Note(reason_of(reason).code, _text(position), _text(column), _text(detail))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value


def _texts(value: Any) -> dict[str, str]:
    return {_text(key): _text(text) for key, text in value.items()}
