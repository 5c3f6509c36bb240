"""Recorded corrections: applied to exactly one row, skipped once the sender has fixed it, never silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taihu.china.refused import ValueRefused
from taihu.clean.values import reader_of
from taihu.core.errors import ManifestError
from taihu.core.types import Note
from taihu.manifest.corrections import Correction
from taihu.manifest.source import SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

BUSINESS_DATE = "business_date"


def apply_corrections(
    table: pa.Table, corrections: Sequence[Correction], source: SourceFile, zone: str, flags: dict[int, list[str]]
) -> tuple[pa.Table, list[Note]]:
    """The table with all corrections that name one of its rows; ``flags`` gains ``corrected`` by row number.

    Raises:
        ManifestError: If a correction names a column that the source lacks or a value that the column cannot hold.
    """
    notes: list[Note] = []
    for correction in corrections:
        found = _rows(table, _typed(correction.row, source, zone, table.column_names))
        if not found:
            continue
        position = table["_src_row"][found[0]].as_py()
        if len(found) > 1:
            notes.append(Note("correction_ambiguous", position, detail=f"{len(found)} rows"))
            continue
        was = _typed(correction.was, source, zone, table.column_names)
        if any(table[name][found[0]].as_py() != value for name, value in was.items()):
            notes.append(Note("correction_expired", position, column=", ".join(correction.set)))
            continue
        table = _set(table, found[0], _typed(correction.set, source, zone, table.column_names))
        flags.setdefault(found[0], []).append("corrected")
        notes.append(Note("corrected", position, column=", ".join(correction.set), detail=correction.because))
    return table, notes


def _typed(values: Mapping[str, Any], source: SourceFile, zone: str, present: Sequence[str]) -> dict[str, Any]:
    """Column values as the table holds them; ``business_date`` is the source's own column of it."""
    typed: dict[str, Any] = {}
    for given, value in values.items():
        name = source.business_date if given == BUSINESS_DATE and given not in source.columns and source.business_date else given
        if name not in source.columns:
            if name not in present:
                raise ManifestError(f"a correction names {given!r}, which is not a column", where="corrections.yml")
            typed[name] = value
            continue
        column = source.columns[name]
        if column.personal:
            raise ManifestError(f"a correction cannot name personal data ({given!r})", where="corrections.yml")
        try:
            typed[name] = None if value is None else reader_of(column.model_copy(update={"scale": 1}), zone)(str(value)).value
        except ValueRefused as refusal:
            raise ManifestError(f"{given!r} has a value that the column cannot hold ({refusal.reason})", where="corrections.yml") from None
    return typed


def _rows(table: pa.Table, wanted: Mapping[str, Any]) -> list[int]:
    columns = [table[name].to_pylist() for name in wanted]
    values = tuple(wanted.values())
    return [number for number, row in enumerate(zip(*columns, strict=True)) if row == values]


def _set(table: pa.Table, row: int, values: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    for name, value in values.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        column = table[name].to_pylist()
        column[row] = value
        table = table.set_column(place, field, pa.array(column, field.type))
    return table
