"""Hostile files of every kind that people send, each with what it means and whether a reader must hold it.

A document with a fault of content (:mod:`tests.corpus.documents`) is written in every format that can hold it; files so made are then
renamed, cut, packed, encrypted and damaged; and some kinds have faults of their own. Everything depends on the seed alone.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.corpus.documents import FAULTS, Document, Meant, document
from tests.made.binary_sheets import xls, xlsb
from tests.made.sheets import Error, Formula, Value, html_page, ods, spreadsheetml, xlsx


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes:
        name: As it is sent; its extension may lie.
        kind: The format that it is written in.
        fault: What is wrong with it.
        must: ``read``, ``held``, or ``either`` where both are right.
        tables: What it means.
        passwords: That open it, if it is locked.
        loose: Its texts have no exact form (a page).
    """

    name: str
    kind: str
    fault: str
    content: bytes
    must: str
    tables: tuple[Meant, ...] = ()
    passwords: tuple[str, ...] = ()
    loose: bool = False

    @property
    def title(self) -> str:
        return f"{self.kind}: {self.fault}"


Writer = Callable[[Document], bytes]
_CODECS = {
    "zh": ("gb18030", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"),
    "zh-hant": ("big5hkscs", "utf-8-sig", "utf-16"),
    "ja": ("cp932", "utf-8", "utf-16"),
    "en": ("utf-8", "utf-8-sig", "utf-16-le"),
}
_EXTENSIONS = (".xls", ".xlsx", ".csv", ".txt", ".dat", ".pdf", ".zip", "", ".html", ".json", ".XLS", ".csv.xls")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, (Error, Formula)):
        return value.text
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _as_texts(made: Document) -> None:
    """Texts and pages know no types: what is meant is then what is written."""
    for sheet in made.sheets:
        sheet.rows = [[None if value is None else _plain(value) for value in row] for row in sheet.rows]
    for meant in made.tables:
        meant.rows = [[None if value is None else _plain(value) for value in row] for row in meant.rows]


def _encoding(made: Document) -> str:
    text = "".join(_plain(value) for sheet in made.sheets for row in sheet.rows for value in row)
    for _ in range(8):
        encoding = made.chance.choice(_CODECS[made.table.language])
        try:
            text.encode(encoding)
            return encoding
        except UnicodeEncodeError:
            continue
    return "utf-8"


def _delimited(delimiter: str) -> Writer:
    def write(made: Document) -> bytes:
        end = made.chance.choice(("\r\n", "\r\n", "\n"))
        pads = made.chance.random() < 0.5
        out, starts = io.StringIO(newline=""), []
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        for row in made.rows:
            starts.append(out.getvalue().count("\n") + 1)
            cells = [_plain(value) for value in row]
            writer.writerow(cells + [""] * (len(made.rows[0]) - len(cells)) if pads and cells else cells)
        for meant in made.tables:
            meant.lines = [starts[line - 1] for line in meant.lines]
            meant.header_row = None if meant.header_row is None else starts[meant.header_row - 1]
        return out.getvalue().encode(_encoding(made))

    return write


def _columns(made: Document) -> bytes:
    """A print-out: columns of a fixed width, numbers to the right."""
    rows = [[_plain(value) for value in row] for row in made.rows]
    width = max(map(len, rows))
    widths = [max((_width(row[n]) for row in rows if n < len(row) and len(row) > 1), default=1) + 2 for n in range(width)]
    lines = []
    for row in rows:
        padded = [text + " " * (size - _width(text)) for text, size in zip(row, widths, strict=False)]
        lines.append("".join(padded).rstrip() if len(row) > 1 else "".join(row))
    return ("\r\n".join(lines) + "\r\n").encode(_encoding(made))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def _page(made: Document) -> bytes:
    encoding = made.chance.choice(("gbk", "utf-8", "gb2312"))
    return html_page(made.sheets, "gb18030" if encoding == "gb2312" else encoding, charset=encoding)


def _workbook(made: Document) -> bytes:
    return xlsx(
        made.sheets, since_1904=made.since_1904, inline=not any(sheet.merged for sheet in made.sheets) and made.chance.random() < 0.3
    )


_TYPED: dict[str, Writer] = {
    "xlsx": _workbook,
    "xlsb": lambda made: xlsb(made.sheets, since_1904=made.since_1904),
    "xls": lambda made: xls(made.sheets, since_1904=made.since_1904),
    "ods": lambda made: ods(made.sheets),
    "spreadsheetml": lambda made: spreadsheetml(made.sheets, sparse=made.chance.random() < 0.7),
}
_TEXTS: dict[str, Writer] = {"csv": _delimited(","), "tsv": _delimited("\t"), "fixed": _columns, "html": _page}
_WRITERS = {**_TYPED, **_TEXTS}
_NAMES = {"xlsx": "流向.xlsx", "xlsb": "流向.xlsb", "xls": "流向.xls", "ods": "流向.ods", "spreadsheetml": "流向.xls", "csv": "流向.csv",
          "tsv": "流向.txt", "fixed": "流向.txt", "html": "流向.xls"}  # fmt: skip
# What a print-out cannot hold: its cells are told apart by blanks, and its lines by their form.
_NOT_FIXED = frozenset({
    "two tables, one below the other", "a column without a name", "an empty column", "cells with line breaks", "one row only",
    "names with line breaks and blanks", "blank rows and columns around", "wide periods", "key and value pairs above",
    "title merged over the width, facts, blank row", "unit in the title", "total row first", "header repeated on each page",
    "sixty columns", "numbers written as texts",
})  # fmt: skip


def written(fault: str, kind: str, chance: Random) -> Hostile | None:
    """The document with this fault in this format; None if the format cannot hold it."""
    made = document(fault, chance)
    flat = kind in ("csv", "tsv", "fixed")
    if (kind in _TEXTS and made.needs_types) or (flat and (made.needs_merges or len(made.sheets) > 1)):
        return None
    if kind == "xlsb" and fault == "formulas without values":
        return None
    if (made.since_1904 and kind in ("ods", "spreadsheetml")) or (kind == "fixed" and fault in _NOT_FIXED):
        return None
    if kind in _TEXTS:
        _as_texts(made)
    if kind == "html":
        # A page has neither sheets nor empty ones, and a break inside a cell is a blank.
        made.sheets = [sheet for sheet in made.sheets if sheet.rows and any(sheet.rows)]
        for meant in made.tables:
            meant.rows = [[value.replace("\n", " ") if isinstance(value, str) else value for value in row] for row in meant.rows]
    return Hostile(_NAMES[kind], kind, fault, _WRITERS[kind](made), made.must, tuple(made.tables))


def _by_content(chance: Random) -> Iterator[Hostile]:
    for fault in FAULTS:
        for kind in _WRITERS:
            file = written(fault, kind, chance)
            if file is not None:
                yield file


def corpus(seed: int) -> list[Hostile]:
    """All files of a seed."""
    from tests.corpus import other_kinds, underway

    chance = Random(f"hostile/{seed}")
    own = [*other_kinds.texts(chance), *other_kinds.workbooks(chance), *other_kinds.records(chance), *other_kinds.pages(chance)]
    return [*_by_content(chance), *own, *other_kinds.no_tables(), *underway.files(chance)]


def sound(kind: str, chance: Random, fault: str) -> Hostile:
    """A readable file of a kind, for what happens to it on its way."""
    file = written(fault, kind, chance)
    assert file is not None
    return file
