"""Whether what was read of a hostile file is what was meant: every cell right, or said not to be; and no row from nowhere."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from tests.corpus.documents import HELD, READ, Meant
from tests.made.sheets import Error, Value

_ROW = re.compile(r"(?:.*[>!])?([A-Z]{0,3})(\d+)(?:/.*)?", re.DOTALL)
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_INVENTED = re.compile(r"column_\w{1,3}")


class _Table(Protocol):
    """What a reader gives: columns of texts with ``_src_row``, and notes."""

    rows: Any
    header_row: int | None
    header_cells: Mapping[str, str]
    notes: Sequence[Any]


@dataclass
class Verdict:
    """What is wrong with a reading: cells that are silently wrong, a file that should have been held, one that should not."""

    held: str | None = None
    silent: list[str] = field(default_factory=list)
    missed: bool = False
    refused: bool = False


def judge(must: str, meant: Sequence[Meant], held: str | None, tables: Sequence[_Table], *, loose: bool = False) -> Verdict:
    """Compare.

    Args:
        must: What the generator says: ``read``, ``held`` or ``either``.
        meant: The tables of the file.
        held: The reader's reason, or None.
        tables: What it read.
        loose: Texts are compared under NFKC without blanks (a page has no exact texts), and only the columns that are meant.
    """
    verdict = Verdict(held)
    if held:
        verdict.refused = must == READ
        return verdict
    if must == HELD:
        verdict.missed = True
        return verdict
    if len(tables) != len(meant):
        verdict.silent.append(f"{len(tables)} tables where {len(meant)} are meant")
    for truth, table in zip(meant, tables, strict=False):
        verdict.silent += _differences(truth, table, loose)
    return verdict


def _differences(truth: Meant, table: _Table, loose: bool) -> Iterable[str]:
    records: list[Mapping[str, str | None]] = table.rows.to_pylist()
    names = [name for name in table.rows.column_names if name != "_src_row"]
    wanted = list(truth.names)
    if loose:
        known = {_loose(name): name for name in names}
        names = [known.get(_loose(name), str(name)) for name in wanted]
        if set(names) - set(table.rows.column_names):
            return [f"columns {sorted(set(names) - set(table.rows.column_names))} are not there"]
    found = [None if _INVENTED.fullmatch(name) else name for name in names]
    if not loose and found != wanted:
        return [f"columns {found} where {wanted} are meant"]
    out = []
    if len(records) != len(truth.rows):
        out.append(f"{len(records)} rows where {len(truth.rows)} are meant")
    if truth.header_row != table.header_row and truth.lines:
        out.append(f"header in row {table.header_row} where it is in row {truth.header_row}")
    said = _Said(table)
    for n, (record, row) in enumerate(zip(records, truth.rows, strict=False)):
        line = int(_ROW.fullmatch(str(record["_src_row"]))[2])  # type: ignore[index]
        if truth.lines and line != truth.lines[n]:
            out.append(f"row {n} is said to stand in line {line}, not {truth.lines[n]}")
        for column, (name, value) in enumerate(zip(names, row, strict=True)):
            cell = record[name]
            text = None if cell is None else str(cell)
            if (n, column) in truth.lost:
                if not (said.of(line, name, sum(lost == column for _, lost in truth.lost)) or (text or "").startswith("#")):
                    out.append(f"row {n}, {name}: {text!r} is not said to be lost")
            elif not (_is_loosely(text, value) if loose else is_meant(text, value)):
                out.append(f"row {n}, {name}: {text!r} where {value!r} is meant")
    return out


class _Said:
    """What the notes of a table say of its cells: one by one, or of many in a column (``12 cells``) with the first one's place."""

    def __init__(self, table: _Table) -> None:
        self._letters = table.header_cells
        self._cells: set[tuple[int, str]] = set()
        self._columns: dict[str, str] = {}
        for note in table.notes:
            match = _ROW.fullmatch(note.position)
            if match:
                self._cells.add((int(match[2]), note.column or match[1]))
                self._columns[note.column or match[1]] = note.detail

    def of(self, line: int, name: str, lost: int) -> bool:
        columns = {name, self._letters.get(name, name)}
        return any((line, column) in self._cells or self._columns.get(column, "").startswith(f"{lost} cells") for column in columns)


def is_meant(text: str | None, value: Value) -> bool:
    """Whether a text is a typed value: numbers by value in plain digits, dates in ISO form, texts letter by letter."""
    if value is None or text is None:
        return text is None and (value is None or (isinstance(value, str) and not value.strip()))
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, (int, Decimal)):
        return bool(_PLAIN_NUMBER.fullmatch(text)) and Decimal(text) == value
    if isinstance(value, dt.datetime):
        return text == value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return text in (value.isoformat(), f"{value.isoformat()} 00:00:00")
    if isinstance(value, Error):
        return text == value.text
    return text.replace("\r\n", "\n") == str(value).strip(" \t\u3000\xa0\n")


def _loose(text: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(text)).split())


def _is_loosely(text: str | None, value: Value) -> bool:
    return is_meant(text, value) or (text is not None and value is not None and _loose(text) == _loose(value))
