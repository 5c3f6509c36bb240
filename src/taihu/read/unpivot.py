"""Wide columns as rows: ``线上/数量`` becomes channel 线上 and column 数量, ``9月`` becomes a date."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

import pyarrow as pa

from taihu.manifest.layout import LayoutFile, Unpivot
from taihu.read.grid import Cell, Grid
from taihu.read.header import Header


def _wide_groups(names: Mapping[int, str], rule: Unpivot) -> dict[tuple[str, ...], dict[str, int]]:
    """Wide columns by the key that their header holds; inside a key, value name to column number."""
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for n, name in names.items():
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in rule.columns):
            continue
        parts = name.split(rule.split)
        value = next((part for part, into in zip(parts, rule.into, strict=False) if into == "*"), None)
        keys = tuple(part for part, into in zip(parts, rule.into, strict=False) if into != "*")
        value = value or (rule.into[len(parts)] if len(rule.into) > len(parts) else "value")
        groups.setdefault(keys, {})[value] = n
    return groups


def _values(groups: Mapping[tuple[str, ...], Mapping[str, int]]) -> list[str]:
    return list(dict.fromkeys(value for group in groups.values() for value in group))


def value_cells(header: Header, layout: LayoutFile) -> dict[str, str]:
    """Value columns of an unpivoted table stand in another column for every row: ``/2`` is the second of the row's position."""
    if layout.unpivot is None:
        return {}
    groups = _wide_groups({n: name for n, name in enumerate(header.names) if name}, layout.unpivot)
    return {value: f"/{number}" for number, value in enumerate(_values(groups), start=1)}


def unpivoted(grid: Grid, layout: LayoutFile, data: Sequence[int], names: Mapping[int, str], columns: list[list[Cell]]) -> pa.Table:
    """Wide columns as rows: one row per data row and key (``线上``), its value columns named by the part that is ``*``.

    ``into`` with one name more than a header has parts names the value column; with as many names and no ``*`` it is ``value``.
    """
    rule = layout.unpivot
    assert rule is not None
    groups = _wide_groups(names, rule)
    wide = {n for group in groups.values() for n in group.values()}
    fixed = [n for n in names if n not in wide]
    key_names = [into for into in rule.into if into != "*"][: len(next(iter(groups), ()))]
    values = _values(groups)
    out: dict[str, list[Cell]] = {name: [] for name in [*(names[n] for n in fixed), *key_names, *values, "_src_row"]}
    for row, index in enumerate(data):
        for keys, group in groups.items():
            if all(columns[n][row] is None for n in group.values()):
                continue
            for n in fixed:
                out[names[n]].append(columns[n][row])
            for key, part in zip(key_names, keys, strict=False):
                out[key].append(part)
            for value in values:
                out[value].append(columns[group[value]][row] if value in group else None)
            places = ",".join(grid.column(group[value]) if value in group else "" for value in values)
            out["_src_row"].append(grid.position(index, places))
    return pa.table([pa.array(cells, pa.string()) for cells in out.values()], names=list(out))
