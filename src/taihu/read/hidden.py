"""Hidden rows, columns and sheets of workbooks: which they are, and what a layout says shall become of them.

A hidden row is mostly one that somebody filtered away before sending: whether it counts is for a person to say, once, in the layout.
"""

from __future__ import annotations

from dataclasses import replace

from taihu.core.types import Note
from taihu.manifest.layout import LayoutFile
from taihu.read.grid import Grid
from taihu.read.header import Header
from taihu.read.rows import Rows

_NAMED = 5


def without_hidden_columns(grid: Grid, header: Header, layout: LayoutFile) -> tuple[Grid, Header]:
    """Grid and header as a layout that skips hidden columns sees them."""
    gone = {n for n in _hidden_columns(grid, header) if layout.hidden.columns == "skip"}
    if not gone:
        return grid, header
    rows = [[None if n in gone else cell for n, cell in enumerate(row)] for row in grid.rows]
    names = tuple(None if n in gone else name for n, name in enumerate(header.names))
    note = Note("hidden_columns", grid.position(header.last), detail=f"left out: {_letters(grid, gone)}")
    return replace(grid, rows=rows, notes=[*grid.notes, note], hidden_columns=frozenset()), replace(header, names=names)


def settle_hidden(grid: Grid, header: Header, layout: LayoutFile, rows: Rows) -> tuple[tuple[str | None, str], list[Note]]:
    """Leave out the hidden data rows of a layout that skips them; why the table is held for what is hidden; notes of the rest."""
    held: tuple[str | None, str] = (None, "")
    notes: list[Note] = []
    hidden = [n for n in rows.data if n in grid.hidden_rows] if grid.hidden_rows else []
    if hidden:
        places = ", ".join(grid.position(n) for n in hidden[:_NAMED])
        detail = f"{len(hidden)} hidden rows: {places}"
        if layout.hidden.rows == "hold":
            held = ("hidden_rows", detail)
        elif layout.hidden.rows == "skip":
            detail = f"{len(hidden)} hidden rows left out: {places}"
            rows.data = [n for n in rows.data if n not in grid.hidden_rows]
            rows.ragged = [n for n in rows.ragged if n not in grid.hidden_rows]
        notes.append(Note("hidden_rows", grid.position(hidden[0]), detail=detail))
    columns = _hidden_columns(grid, header)
    if columns:
        detail = f"hidden columns: {_letters(grid, columns)}"
        if layout.hidden.columns == "hold" and held[0] is None:
            held = ("hidden_columns", detail)
        notes.append(Note("hidden_columns", grid.position(header.last), detail=detail))
    return held, notes


def _hidden_columns(grid: Grid, header: Header) -> set[int]:
    """Hidden columns with a name or with cells below."""
    return {
        n
        for n in grid.hidden_columns
        if (n < len(header.names) and header.names[n]) or any(n < len(row) and row[n] is not None for row in grid.rows[header.last + 1 :])
    }


def _letters(grid: Grid, columns: set[int]) -> str:
    return ", ".join(grid.column(n) for n in sorted(columns))
