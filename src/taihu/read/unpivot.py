"""Wide columns as rows: ``线上/数量`` becomes channel 线上 and column 数量, ``9月`` becomes the first day of that month."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence

import pyarrow as pa

from taihu.core.errors import ContentRefused
from taihu.formats.patterns import match_pattern
from taihu.manifest.layout import LayoutFile, Unpivot
from taihu.read.grid import Cell, Grid
from taihu.read.header import Header

_DATE = re.compile(r"\{(?:yyyy|yy|mm|m|dd|d)\}(?:[^{*]*?\{(?:mm|m|dd|d)\})*")
_FIELD = re.compile(r"\{(yyyy|yy|mm|m|dd|d)\}|(\*)|(\?)")
_DIGITS = {"yyyy": r"\d{4}", "yy": r"\d{2}", "mm": r"\d{2}", "m": r"\d{1,2}", "dd": r"\d{2}", "d": r"\d{1,2}"}
_INSIDE = "\0"

Groups = dict[tuple[str, ...], dict[str, int]]


def wide_groups(names: Mapping[int, str], rule: Unpivot, year: int | None) -> Groups:
    """Wide columns by the key that their header holds; inside a key, value name to column number.

    Raises:
        ContentRefused: ``ambiguous_date`` if dates without a year of their own go back: a year ends among them.
    """
    groups: Groups = {}
    for n, name in names.items():
        parts = next((found for pattern in rule.columns if (found := _parts(name, pattern, rule.split, year)) is not None), None)
        if parts is None:
            continue
        value = next((part for part, into in zip(parts, rule.into, strict=False) if into == "*"), None)
        keys = tuple(part for part, into in zip(parts, rule.into, strict=False) if into != "*")
        value = value or (rule.into[len(parts)] if len(rule.into) > len(parts) else "value")
        groups.setdefault(keys, {})[value] = n
    _check_order(groups, rule)
    return groups


def _parts(name: str, pattern: str, split: str, year: int | None) -> list[str] | None:
    """The parts of a header that fits a pattern, a date as ISO text; None if it does not fit."""
    if not _DATE.search(pattern):
        return name.split(split) if _regex(pattern).fullmatch(name) else None
    wanted = _DATE.sub(lambda date: date[0].replace(split, _INSIDE), pattern).split(split)
    wanted = [part.replace(_INSIDE, split) for part in wanted]
    found = re.fullmatch(re.escape(split).join(f"({_regex(part).pattern})" for part in wanted), unicodedata.normalize("NFKC", name))
    if found is None:
        return None
    parts: list[str] = []
    for part, text in zip(wanted, found.groups(), strict=True):
        if _DATE.search(part):
            match = match_pattern(part, text, year)
            if match is None or match.span is None:
                return None
            text = match.span.start.isoformat()
        parts.append(text)
    return parts


def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern of headers as a regular expression without groups."""
    out, at = [], 0
    for field in _FIELD.finditer(pattern):
        out.append(re.escape(pattern[at : field.start()]))
        out.append(_DIGITS[field[1]] if field[1] else ".*" if field[2] else ".")
        at = field.end()
    return re.compile("".join([*out, re.escape(pattern[at:])]))


def _check_order(groups: Groups, rule: Unpivot) -> None:
    dates = [pattern for pattern in rule.columns if _DATE.search(pattern)]
    if not dates or any("{yy" in pattern for pattern in dates):
        return
    parts = _DATE.sub(_INSIDE, dates[0]).split(rule.split)
    place = next(n for n, part in enumerate(parts) if _INSIDE in part)
    place = sum(1 for into in rule.into[:place] if into != "*")
    keys = sorted((min(group.values()), key) for key, group in groups.items())
    days = [key[place] for _, key in keys if place < len(key)]
    for before, after in itertools.pairwise(days):
        if after < before:
            raise ContentRefused("ambiguous_date", f"the dates of the columns have no year and go back from {before} to {after}")


def value_names(names: Mapping[int, str], rule: Unpivot, year: int | None) -> dict[int, str]:
    """Column number to the name that the wide column's values get."""
    return {n: value for group in wide_groups(names, rule, year).values() for value, n in group.items()}


def _values(groups: Groups) -> list[str]:
    return list(dict.fromkeys(value for group in groups.values() for value in group))


def value_cells(header: Header, layout: LayoutFile, year: int | None) -> dict[str, str]:
    """Value columns of an unpivoted table stand in another column for every row: ``/2`` is the second of the row's position."""
    if layout.unpivot is None:
        return {}
    groups = wide_groups({n: name for n, name in enumerate(header.names) if name}, layout.unpivot, year)
    return {value: f"/{number}" for number, value in enumerate(_values(groups), start=1)}


def unpivoted(
    grid: Grid,
    rule: Unpivot,
    data: Sequence[int],
    names: Mapping[int, str],
    columns: Sequence[Sequence[Cell]],
    added: Mapping[str, Sequence[Cell]],
    year: int | None,
) -> pa.Table:
    """Wide columns as rows: one row per data row and key (``线上``), its value columns named by the part that is ``*``.

    ``into`` with one name more than a header has parts names the value column; with as many names and no ``*`` it is ``value``.
    """
    groups = wide_groups(names, rule, year)
    wide = {n for group in groups.values() for n in group.values()}
    fixed = {**{names[n]: columns[n] for n in names if n not in wide}, **added}
    key_names = [into for into in rule.into if into != "*"][: len(next(iter(groups), ()))]
    values = _values(groups)
    out: dict[str, list[Cell]] = {name: [] for name in [*fixed, *key_names, *values, "_src_row"]}
    for row, index in enumerate(data):
        for keys, group in groups.items():
            if all(columns[n][row] is None for n in group.values()):
                continue
            for name, cells in fixed.items():
                out[name].append(cells[row])
            for key, part in zip(key_names, keys, strict=False):
                out[key].append(part)
            for value in values:
                out[value].append(columns[group[value]][row] if value in group else None)
            places = ",".join(grid.column(group[value]) if value in group else "" for value in values)
            out["_src_row"].append(grid.position(index, places))
    return pa.table([pa.array(cells, pa.string()) for cells in out.values()], names=list(out))
