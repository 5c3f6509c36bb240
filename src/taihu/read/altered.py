"""Cells that Excel altered before they were sent: ids that lost their digits, numbers that became dates, dates that became numbers.

Excel keeps fifteen digits and shows the rest as zeros or as an exponent; an id is gone then, and no reader can bring it back. It is
said column by column, for people and for whoever proposes types; values of a contract's types are refused one by one in any case.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import Note, TableRead

_EXPONENT = r"^[+-]?\d(?:\.\d+)?[eE]\+\d{2}$"
_LONG = r"^\d{16,30}$"
_DATE = r"^\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2}(?:\.\d+)?)?$"
# Days since 1900: the years 2000 to 2049.
_SERIAL = r"^(?:3[7-9]|4\d|5[0-3])\d{3}(?:\.\d+)?$"
_OF_NUMBERS = re.compile(r"数量|金额|单价|[数數]量|金[额額]|余额|库存|quantity|amount|price|qty", re.IGNORECASE)
_OF_DATES = re.compile(r"日期|时间|時間|日付|\bdate\b|\btime\b", re.IGNORECASE)
_ZEROS = re.compile(r"\d{15}0+")
_FEW = 3


def altered_cells(table: TableRead) -> list[Note]:
    """A note for each column that holds such cells, with the place of the first and how many there are."""
    notes = []
    for name in table.rows.column_names:
        column = table.rows[name]
        if name == "_src_row" or not pa.types.is_string(column.type):
            continue
        found = {"id_in_scientific_notation": _matching(column, _EXPONENT), "digits_lost": _cut(column)}
        if _OF_NUMBERS.search(name) and not _OF_DATES.search(name):
            found["number_as_date"] = _matching(column, _DATE)
        elif _OF_DATES.search(name):
            found["date_as_number"] = _matching(column, _SERIAL)
        for reason, places in found.items():
            if places:
                position = str(table.rows["_src_row"][places[0]].as_py())
                notes.append(Note(reason, position, table.header_cells.get(name, name), f"{len(places)} cells"))
    return notes


def _matching(column: pa.ChunkedArray, pattern: str) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, pattern), False)).to_pylist()
    return found


def _cut(column: pa.ChunkedArray) -> list[int]:
    """Numbers of sixteen and more digits, all of which end in zeros from the sixteenth on; one or two may do so by chance."""
    places = _matching(column, _LONG)
    if len(places) < _FEW or not all(_ZEROS.fullmatch(str(column[n].as_py())) for n in places):
        return []
    return places
