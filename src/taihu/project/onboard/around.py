"""Proposes what a layout says of the sheet around its table: that the table repeats, which of two is meant, what stands outside.

The same table again and again in a sheet, a shop above each, one sheet a month: what tells the rows apart is then no cell of the
table, and without it they would all look alike. Whatever is proposed was seen at every table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from taihu.core.types import Text
from taihu.manifest.layout import Place
from taihu.project.onboard.looking import FileTable
from taihu.project.onboard.words import term_of
from taihu.read.grid import first_cell, plain
from taihu.read.outside import pairs
from taihu.read.propose import propose_type

_WORTH = frozenset({"warehouse", "region", "store_name", "store_code", "distributor_name", "customer_name", "supplier_name", "channel"})
_LONGEST = 40
_NUMBERED = re.compile(
    r"\s*(?:[一二三四五六七八九十]{1,3}[、.．]|[(（][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[、.．]).*|.*(?:明细|清单|汇总)\s*[:：]?\s*"
)
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)20\d{2}(?!\d)")
_PLAIN_SHEET = re.compile(r"(?:sheet|工作表|表|table)?\s*[\d()（）]*", re.IGNORECASE)
Way = Literal["below", "beside"]
_TITLE, _SHEET, _MONTH = "标题", "工作表", "月份"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Keys of a layout that speak of what is around its tables, each with what was seen."""

    repeats: tuple[Way, ...] = ()
    anchor: str | None = None
    sheet: str | None = None
    outside: Mapping[str, Place] = field(default_factory=dict)
    year: Place | None = None
    notes: Mapping[str, Text] = field(default_factory=dict)

    def keys(self) -> dict[str, Any]:
        """What of it the layout says."""
        said = {"repeats": self.repeats, "anchor": self.anchor, "outside": dict(self.outside), "year": self.year}
        return {key: value for key, value in said.items() if value}


def labels_of(one: FileTable) -> dict[str, str]:
    """Labels above a table whose values its rows need and no column has: who it is of, and its day."""
    if one.grid is None or one.header is None:
        return {}
    own = {(term.role, term.key) for name in one.header.names if name for term in [term_of(name)]}
    roles, keys = {role for role, _ in own if role}, {key for _, key in own}
    found: dict[str, str] = {}
    for row in one.grid.rows[: one.header.first]:
        for label, value in pairs(row):
            label, term = label.strip("# "), term_of(label)
            is_day = term.role == "day" and propose_type(label, [value]).type == "date"
            if (term.key in keys) or (term.role and term.role in roles) or len(value) > _LONGEST:
                continue
            if value and (is_day or term.key in _WORTH):
                found.setdefault(label, value)
    return found


def arrangements(seen: Sequence[FileTable], names: Callable[[FileTable], Hashable]) -> list[tuple[str, ...]]:
    """How each table stands in its sheet among those of the same header: the titles that tell them apart, or beside each other.

    Tables that are arranged in another way are never read by one layout, and mean something else.

    Args:
        names: The header in the form in which it is compared.
    """
    found: dict[int, tuple[str, ...]] = {}
    together: dict[Hashable, list[FileTable]] = {}
    for one in seen:
        together.setdefault((one.path, one.member, one.table.name, names(one)), []).append(one)
    for sheet in together.values():
        parts = apart(sheet) if len(sheet) > 1 else [sheet]
        starts = tuple(sorted(_start(_title(part[0])) for part in parts)) if len(parts) > 1 else ()
        ways = ("beside",) if len(sheet) > 1 and "beside" in _ways(sheet) else ()
        found |= dict.fromkeys(map(id, sheet), starts or ways)
    return [found[id(one)] for one in seen]


def apart(seen: Sequence[FileTable]) -> list[list[FileTable]]:
    """Tables of one header that mean different things: in every sheet the same two or more titles, one above each."""
    if any(labels_of(one) for one in seen):
        return [list(seen)]
    titled: dict[str, list[FileTable]] = {}
    for sheet in _sheets(seen):
        titles = [_title(one) for one in sheet]
        if len(sheet) < 2 or len(set(titles)) < len(sheet) or not all(_NUMBERED.fullmatch(title) for title in titles):
            return [list(seen)]
        for title, one in zip(titles, sheet, strict=True):
            titled.setdefault(_start(title), []).append(one)
    count = len(_sheets(seen))
    is_whole = len(titled) > 1 and all(start and len(found) == count for start, found in titled.items())
    starts = list(titled)
    is_whole = is_whole and not any(a != b and plain(a).startswith(plain(b)) for a in starts for b in starts)
    return list(titled.values()) if is_whole else [list(seen)]


def surroundings(seen: Sequence[FileTable], *, anchored: bool) -> Surroundings:
    """What a layout of these tables says of the sheets in which they stand.

    Args:
        anchored: Whether other tables of the same header stand in the sheets and mean something else.
    """
    found = _of_labels(seen)
    found = _with_anchor(found, seen) if anchored else _with_repeats(found, seen)
    return _with_sheets(found, seen)


def _of_labels(seen: Sequence[FileTable]) -> Surroundings:
    labels = [labels_of(one) for one in seen]
    common = [label for label in labels[0] if all(label in each for each in labels)]
    notes = {label: _values([each[label] for each in labels]) for label in common}
    return Surroundings(outside={label: Place(label=label) for label in common}, notes=notes)


def _values(values: Sequence[str]) -> Text:
    distinct = list(dict.fromkeys(values))
    shown = ", ".join(distinct[:3]) + (" …" if len(distinct) > 3 else "")
    return Text(f"{len(values)} 张表都有：{shown}", f"at {len(values)} of {len(values)} tables: {shown}")


def _with_anchor(found: Surroundings, seen: Sequence[FileTable]) -> Surroundings:
    """The text above the table, which tells it from the others; it is a column too, for all of them are rows of one source."""
    start = _start(_title(seen[0]))
    note = Text("同一工作表中另有表头相同的表", "another table of the same header stands in the sheet")
    column = Text("各表以此区分", "tells the tables apart")
    return replace(
        found, anchor=start, outside={**found.outside, _TITLE: Place(line=start)}, notes={**found.notes, "anchor": note, _TITLE: column}
    )


def _with_repeats(found: Surroundings, seen: Sequence[FileTable]) -> Surroundings:
    """The same table several times; what tells its repetitions apart is a label, else the first line above each."""
    sheets = [sheet for sheet in _sheets(seen) if len(sheet) > 1]
    if not sheets:
        return found
    ways = {way for sheet in sheets for way in _ways(sheet)}
    most = max(map(len, sheets))
    notes = {**found.notes, "repeats": Text(f"一张工作表中最多 {most} 次", f"up to {most} times in one sheet")}
    outside = dict(found.outside)
    titles = [_title(one) for sheet in sheets for one in sheet]
    if not outside and "beside" not in ways and len(set(titles)) > 1 and all(titles) and all(map(_begins_with_title, seen)):
        outside[_TITLE] = Place(line="{text}")
        notes[_TITLE] = _values(titles)
    repeats: tuple[Way, ...] = ("below", "beside")
    return replace(found, repeats=tuple(way for way in repeats if way in ways), outside=outside, notes=notes)


def _ways(sheet: Sequence[FileTable]) -> Iterator[Way]:
    rows = {one.grid.lines[one.header.first] for one in sheet if one.grid and one.header}
    if len(rows) > 1:
        yield "below"
    if len(rows) < len(sheet):
        yield "beside"


def _with_sheets(found: Surroundings, seen: Sequence[FileTable]) -> Surroundings:
    """One sheet a month, or one for each shop: its name is a column."""
    names = list(dict.fromkeys(one.grid.sheet for one in seen if one.grid is not None and one.kind == "excel"))
    if len(names) < 2 or len({(one.path, one.member) for one in seen}) == len(names) or any(map(_PLAIN_SHEET.fullmatch, names)):
        return found
    if any(term_of(name).role == "day" for one in seen if one.header for name in one.header.names if name):
        return found
    months = {_month_pattern(name) for name in names}
    note = Text(f"工作表 {', '.join(names[:3])}", f"sheets {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")
    pattern = months.pop() if len(months) == 1 else None
    if pattern is None:
        return replace(found, outside={**found.outside, _SHEET: Place(sheet="*")}, notes={**found.notes, _SHEET: note})
    year = None if "{yyyy}" in pattern else _year(seen)
    if "{yyyy}" not in pattern and year is None:
        unknown = Text("文件没有写明年份：月份按文字读", "the files do not say the year: months are read as texts")
        return replace(found, outside={**found.outside, _MONTH: Place(sheet="*")}, notes={**found.notes, _MONTH: unknown})
    place = {**found.outside, _MONTH: Place(sheet=pattern)}
    return replace(found, sheet=pattern, outside=place, year=year, notes={**found.notes, _MONTH: note})


def _month_pattern(name: str) -> str | None:
    """``2026年7月`` as ``{yyyy}年{m}月``; None if it names no month."""
    match = re.fullmatch(r"(?:(20\d{2})(年?|[-_.]))?(\d{1,2})(月?)", name)
    if match is None or not (match[4] or (match[1] and len(match[3]) == 2)) or not 1 <= int(match[3]) <= 12:
        return None
    month = "{m}" if match[4] else "{mm}"
    return (f"{{yyyy}}{match[2]}" if match[1] else "") + month + match[4]


def _year(seen: Sequence[FileTable]) -> Place | None:
    """Where the year stands: in the names of the files, or in a line above the tables."""
    if all(len(_YEAR.findall(one.path.stem)) == 1 for one in seen):
        return Place(file_name="{yyyy}")
    above = [" ".join(cell for row in one.grid.rows[: one.header.first] for cell in row if cell) for one in seen if one.grid and one.header]
    return Place(line="{yyyy}年") if above and all(re.search(r"(?<!\d)20\d{2}年", text) for text in above) else None


def _sheets(seen: Sequence[FileTable]) -> list[list[FileTable]]:
    """The tables by the sheet in which they stand."""
    found: dict[tuple[object, ...], list[FileTable]] = {}
    for one in seen:
        found.setdefault((one.path, one.member, one.grid.sheet if one.grid else "", one.grid.name if one.grid else ""), []).append(one)
    return list(found.values())


def _above(one: FileTable) -> Iterator[list[str]]:
    if one.grid is not None and one.header is not None:
        for row in one.grid.rows[: one.header.first]:
            cells = [cell for cell in row if cell is not None]
            if cells:
                yield cells


def _title(one: FileTable) -> str:
    """The one cell in the line right above a table; empty if there is none."""
    lines = list(_above(one))
    return lines[-1][0].strip() if lines and len(lines[-1]) == 1 and len(lines[-1][0]) <= _LONGEST else ""


def _begins_with_title(one: FileTable) -> bool:
    return one.grid is not None and len(list(_above(one))) == 1 and first_cell(one.grid.rows[0]) != ""


def _start(title: str) -> str:
    """How a title begins, up to what changes from file to file."""
    number = re.match(r"\s*[(（]?\d{1,2}[、.．)）]", title)
    head = number[0] if number else ""
    return head + _DIGITS.split(title[len(head) :], maxsplit=1)[0].strip()
