"""The values of all columns of a table, and what was noticed about them, by row number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.china.characters import stored_form
from taihu.china.refused import ValueRefused
from taihu.clean.values import EXCEL_DIGITS, Reader, Value, arrow_type, reader_of
from taihu.formats.error_cells import ERROR_CELLS
from taihu.manifest.source import Column, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa


_WORN_TOGETHER = 5


@dataclass(slots=True)
class Findings:
    """Refusals, flags and notices by row number."""

    refused: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    flags: dict[int, list[str]] = field(default_factory=dict)
    noticed: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def refuse(self, row: int, reason: str, column: str) -> None:
        self.refused.setdefault(row, []).append((reason, column))

    def notice(self, row: int, reason: str, column: str) -> None:
        self.flags.setdefault(row, []).append(reason)
        self.noticed.setdefault((reason, column), []).append(row)


class ColumnTyping:
    """Types one column after the other and collects the findings.

    Args:
        source: The contract.
        zone: Zone of instants that name none.
        count: Rows of the table.
    """

    def __init__(self, source: SourceFile, zone: str, count: int) -> None:
        self._source = source
        self._zone = zone
        self._count = count
        self.findings = Findings()

    def typed(self, name: str, texts: pa.ChunkedArray | None, canonical: pa.ChunkedArray | None) -> pa.Array:
        """The values of a column; ``canonical`` has those that a scan has already found."""
        import pyarrow as pa

        column = self._source.columns[name]
        kind = arrow_type(column)
        if texts is None:
            if self._is_needed(name, column):
                for row in range(self._count):
                    self.findings.refuse(row, "value_missing", name)
            return pa.nulls(self._count, kind)
        places = dict(enumerate(texts.to_pylist())) if canonical is None else _leftovers(texts, canonical)
        read = self._read(name, column, places)
        if canonical is None:
            return pa.array([read.get(row) for row in range(self._count)], kind)
        return _merged(canonical, read, kind)

    def _is_needed(self, name: str, column: Column) -> bool:
        """Whether a row without a value is refused at once: not where something may stand for it."""
        if column.part:
            return False
        is_key = name in self._source.key or name == self._source.business_date
        return is_key or (column.required and column.if_missing is None)

    def _read(self, name: str, column: Column, places: Mapping[int, str | None]) -> dict[int, Any]:
        known = _distinct(places.values(), reader_of(column, self._zone), self._source.missing)
        if column.type == "text":
            _refuse_worn_ids(known)
        needed = self._is_needed(name, column)
        read: dict[int, Any] = {}
        for row, text in places.items():
            result = known[text]
            if isinstance(result, str):
                self.findings.refuse(row, result, name)
                continue
            if result.flag:
                self.findings.notice(row, result.flag, name)
            if result.value is None and needed:
                self.findings.refuse(row, "value_missing", name)
            read[row] = result.value
        return read


def _refuse_worn_ids(known: dict[str | None, Value | str]) -> None:
    """A workbook keeps fifteen digits: where every long number of a column ends in zeros from there on, all of them are damaged.

    One such number alone may be right, so this takes a column's worth of them.
    """
    texts = [text for text, value in known.items() if text and isinstance(value, Value) and isinstance(value.value, str)]
    numbers = [text for text in texts if len(text.strip()) > EXCEL_DIGITS and text.strip().isdecimal()]
    if len(numbers) >= _WORN_TOGETHER and all(set(text.strip()[EXCEL_DIGITS:]) == {"0"} for text in numbers):
        known.update(dict.fromkeys(numbers, "id_in_scientific_notation"))


def _leftovers(texts: pa.ChunkedArray, canonical: pa.ChunkedArray) -> dict[int, str | None]:
    """Row number to text, where the scan found no value."""
    import pyarrow.compute as pc

    rows = pc.indices_nonzero(canonical.is_null())
    return dict(zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True))


def _merged(canonical: pa.ChunkedArray, read: Mapping[int, Any], kind: pa.DataType) -> pa.Array:
    """The scan's values, with those that Python read put in."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = canonical.combine_chunks() if isinstance(canonical, pa.ChunkedArray) else canonical
    if pa.types.is_timestamp(kind):
        array = pc.assume_timezone(pc.cast(array, pa.timestamp("us")), "UTC") if getattr(array.type, "tz", None) is None else array
    array = pc.cast(array, kind)
    if not read:
        return array
    mask = [False] * len(array)
    for row in read:
        mask[row] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array([read[row] for row in sorted(read)], kind))


def _distinct(texts: Iterable[str | None], reader: Reader, missing: Sequence[str]) -> dict[str | None, Value | str]:
    """Each distinct text with its value, or the reason code why it was refused."""
    known: dict[str | None, Value | str] = {None: Value(None)}
    absent = {"", *missing}
    for text in texts:
        if text in known or text is None:
            continue
        if stored_form(text) in absent:
            known[text] = Value(None)
            continue
        if text in ERROR_CELLS:
            known[text] = "error_cell"
            continue
        try:
            known[text] = reader(text)
        except ValueRefused as refusal:
            known[text] = refusal.reason
    return known
