"""Long numbers that lost their last digits on the way: Excel keeps fifteen and shows the rest as zeros or as an exponent.

An id is gone then, and no reader can bring it back; it is said column by column, for people and for whoever proposes types.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from taihu.core.types import Note, TableRead

_EXPONENT = r"^[+-]?\d(?:\.\d+)?[eE]\+\d{2}$"
_LONG = r"^\d{16,30}$"
_ZEROS = re.compile(r"\d{15}0+")
_FEW = 3


def lost_digits(table: TableRead) -> list[Note]:
    """A note for each column that holds such numbers, with the place of the first and how many there are."""
    notes = []
    for name in table.rows.column_names:
        column = table.rows[name]
        if name == "_src_row" or not pa.types.is_string(column.type):
            continue
        for reason, places in (("id_in_scientific_notation", _matching(column, _EXPONENT)), ("digits_lost", _cut(column))):
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
