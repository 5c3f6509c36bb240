"""Values that stand outside a table: behind labels (``店铺名称：东方店``), in titles, in the names of sheets and files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from taihu.formats.patterns import match_pattern, year_in
from taihu.manifest.layout import LayoutFile, Place
from taihu.read.grid import Cell, Grid, column_number, plain

# A label has a character that is no digit, so that the colons of a time of day part nothing.
_NEXT_LABEL = r"(?=\s+(?=\S{0,12}[^\W\d])[^\s:：]{2,14}[:：]|\s*[;；，]\s*(?=\S{0,12}[^\W\d])[^\s:：]{2,14}[:：]|\s*$)"
_PAIR = re.compile(r"#*\s*(?P<label>[^:：;；，]*?[^\W\d][^:：;；，]*?)\s*[:：]\s*(?P<value>.*?)" + _NEXT_LABEL)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_COLON = re.compile(r"\s*:\s*")
_A1 = re.compile(r"([A-Za-z]{1,3})([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a table: the whole sheet that it is a part of, the lines above the sheet's first table, and the file's name."""

    sheet: Grid
    file_name: str = ""
    above: Sequence[Sequence[Cell]] = field(default_factory=tuple)


def pairs(row: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Labels and values of one line: ``店铺名称：A``, or the label in one cell and the value in the next."""
    cells = [cell for cell in row if cell is not None]
    for n, cell in enumerate(cells):
        found = [(match["label"], match["value"]) for match in _PAIR.finditer(cell)]
        following = cells[n + 1] if n + 1 < len(cells) else ""
        if not found and following:
            yield cell, following
        for label, value in found:
            yield label, _bare(value) or following


def _bare(value: str) -> str:
    """A value without the brackets around all of it."""
    value = value.strip()
    return value[1:-1].strip() if value[:1] + value[-1:] in ("[]", "【】") else value


def labelled(rows: Iterable[Sequence[Cell]], label: str) -> str | None:
    """The value behind a label in lines outside a table; None if the label is not there or nothing stands behind it."""
    wanted = plain(label).rstrip(":")
    for row in rows:
        for found, value in pairs(row):
            if plain(found).lstrip("#") == wanted and value:
                return value
    return None


def labelled_in(cells: Mapping[str, str], label: str) -> str | None:
    """The value behind a label among the first cells of a file by their A1 names."""
    rows: dict[int, list[tuple[int, str]]] = {}
    for name, cell in cells.items():
        match = _A1.fullmatch(name)
        if match:
            rows.setdefault(int(match[2]), []).append((column_number(match[1]), cell))
    return labelled(([cell for _, cell in sorted(rows[line])] for line in sorted(rows)), label)


def outside_values(layout: LayoutFile, around: Around, lines: Sequence[Sequence[Cell]]) -> dict[str, str | None]:
    """The layout's columns that stand outside the table; None for one that is not there.

    Args:
        layout: Says where they stand.
        around: Sheet and file.
        lines: The table's own lines above and below it.
    """
    rows = [*lines, *around.above]
    year = year_of(layout, around, lines)
    return {name: _value(place, around, rows, year) for name, place in layout.outside.items()}


def year_of(layout: LayoutFile, around: Around, lines: Sequence[Sequence[Cell]]) -> int | None:
    """The year of dates that say none, from where the layout says that it stands."""
    place = layout.year
    if place is None:
        return None
    rows = [*lines, *around.above]
    pattern = place.line or place.sheet or place.file_name
    if pattern is not None:
        return next((year for text in _texts(place, around, rows) if (year := year_in(_normal(pattern), text)) is not None), None)
    found = _YEAR.search(_value(place, around, rows, None) or "")
    return int(found[0]) if found else None


def _value(place: Place, around: Around, rows: Sequence[Sequence[Cell]], year: int | None) -> str | None:
    if place.label is not None:
        return labelled(rows, place.label)
    if place.cell is not None:
        return _cell(around.sheet, place.cell)
    pattern = place.line or place.sheet or place.file_name or ""
    for text in _texts(place, around, rows):
        found = match_pattern(_normal(pattern), text, year)
        if found is None:
            continue
        if found.text is not None:
            return found.text
        if found.span is not None:
            return found.span.start.isoformat()
        return text if "{" not in pattern else None
    return None


def _texts(place: Place, around: Around, rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    if place.sheet is not None:
        yield _normal(around.sheet.sheet)
    elif place.file_name is not None:
        yield _normal(re.sub(r"\.\w{1,5}$", "", around.file_name.rsplit("/", 1)[-1]))
    else:
        for row in rows:
            yield _normal(" ".join(cell for cell in row if cell is not None))


def _normal(text: str) -> str:
    """A text in which patterns are looked for: one kind of colons, no blanks around them."""
    return _COLON.sub(":", unicodedata.normalize("NFKC", text)).strip()


def _cell(sheet: Grid, name: str) -> str | None:
    match = _A1.fullmatch(name)
    if match is None:
        return None
    column, line = column_number(match[1]), int(match[2])
    row = next((row for row, number in zip(sheet.rows, sheet.lines, strict=False) if number == line), [])
    return row[column] if column < len(row) else None
