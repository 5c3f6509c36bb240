"""Cells kept by column: what a large sheet or text is held as, and how the typed cells of a workbook become texts, a column at a time.

A Python object for every cell costs most of the time and of the memory that reading takes. Arrow's kernels do what
:func:`taihu.read.grid.canonical` and :func:`taihu.read.grid.clean_text` do wherever both give the same text, which tests compare;
the few cells of another kind go through those two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

Cell = str | None

SPACES = " \t\r\n\u3000\xa0\ufeff\u200b\x00"
_BLOCK = 512
_INTEGERS_TO, _FRACTIONS_FROM = 1e15, 1e-4


class ColumnRows(Sequence[list[Cell]]):
    """The rows of columns of one length; a row is a list of its own, made when it is asked for.

    Args:
        columns: Texts; empty cells are null.
        count: Number of rows.
        widths: How many cells each row has, where they differ; cells beyond are null.
    """

    def __init__(self, columns: Sequence[pa.ChunkedArray], count: int, widths: Sequence[int] | None = None) -> None:
        self.columns = list(columns)
        self._count = count
        self._widths = widths
        self._block: tuple[int, list[list[Cell]]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[Cell]]:
        for start in range(0, self._count, _BLOCK):
            yield from self._made(start, min(start + _BLOCK, self._count))

    @overload
    def __getitem__(self, index: int) -> list[Cell]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[list[Cell]]: ...

    def __getitem__(self, index: int | slice) -> list[Cell] | Sequence[list[Cell]]:
        if isinstance(index, slice):
            start, stop, step = index.indices(self._count)
            if step != 1:
                return [self[n] for n in range(start, stop, step)]
            size = max(0, stop - start)
            widths = None if self._widths is None else self._widths[start : start + size]
            return ColumnRows([column.slice(start, size) for column in self.columns], size, widths)
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(index)
        start = at - at % _BLOCK
        if self._block[0] != start:
            self._block = (start, self._made(start, min(start + _BLOCK, self._count)))
        return self._block[1][at - start]

    def _made(self, start: int, end: int) -> list[list[Cell]]:
        if not self.columns:
            return [[] for _ in range(start, end)]
        rows = [list(row) for row in zip(*(column.slice(start, end - start).to_pylist() for column in self.columns), strict=True)]
        if self._widths is not None:
            width = len(self.columns)
            for row, own in zip(rows, self._widths[start:end], strict=True):
                if own < width:
                    del row[own:]
        return rows


class Column(Sequence[Cell]):
    """The cells of one column, which become Python objects when somebody asks for one of them."""

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._texts = texts
        self._cells: list[Cell] | None = None

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Column:
        """The column of these cells."""
        return cls(pa.chunked_array([pa.array(cells, pa.string())]))

    @property
    def texts(self) -> pa.ChunkedArray:
        return self._texts

    @property
    def is_empty(self) -> bool:
        return bool(self._texts.null_count == len(self._texts))

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._made())

    @overload
    def __getitem__(self, index: int) -> Cell: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Cell]: ...

    def __getitem__(self, index: int | slice) -> Cell | Sequence[Cell]:
        return self._made()[index]

    def _made(self) -> list[Cell]:
        if self._cells is None:
            self._cells = self._texts.to_pylist()
        return self._cells


def columns_of_rows(rows: Sequence[Sequence[Cell]], width: int) -> list[pa.ChunkedArray]:
    """The first ``width`` columns of rows that may be of different lengths."""
    if isinstance(rows, ColumnRows):
        empty = pa.chunked_array([pa.nulls(len(rows), pa.string())]) if width > len(rows.columns) else None
        return [rows.columns[n] if n < len(rows.columns) else empty for n in range(width)]
    return [pa.chunked_array([pa.array([row[n] if n < len(row) else None for row in rows], pa.string())]) for n in range(width)]


def counts_of_rows(rows: Sequence[Sequence[Cell]]) -> pa.ChunkedArray:
    """How many cells of each row hold a value."""
    if not isinstance(rows, ColumnRows):
        return pa.chunked_array([pa.array([len(row) - row.count(None) for row in rows], pa.int32())])
    total = pa.chunked_array([pa.repeat(pa.scalar(0, pa.int32()), len(rows))])
    for column in rows.columns:
        if column.null_count == len(column):
            continue
        total = pc.add(total, column.is_valid().cast(pa.int32()))
    return total


def one_binary(content: bytes, start: int = 0, end: int | None = None) -> pa.Array:
    """A part of some bytes as the only value of an array, not copied."""
    offsets = pa.array([start, len(content) if end is None else end], pa.int64()).buffers()[1]
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(content)])


def clean_texts(texts: pa.Array) -> pa.Array:
    """:func:`taihu.read.grid.clean_text` of every text."""
    from taihu.read.grid import clean_text

    trimmed = pc.utf8_trim(texts, characters=SPACES)
    odd = pc.fill_null(pc.or_(pc.starts_with(trimmed, "'"), pc.starts_with(trimmed, '="')), False)
    if pc.any(odd).as_py():
        cleaned = pa.array([clean_text(text) for text in trimmed.filter(odd).to_pylist()], pa.string())
        trimmed = pc.replace_with_mask(trimmed, odd, cleaned)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def canonical_texts(values: Sequence[Any]) -> pa.Array:
    """:func:`taihu.read.grid.canonical` of every typed cell of a column."""
    from taihu.read.grid import canonical

    kinds = set(map(type, values))
    if kinds == {str} and not any(values):
        # One cell far to the right makes thousands of columns without any.
        return pa.nulls(len(values), pa.string())
    if kinds == {str}:
        return clean_texts(pa.array(values, pa.string()))
    if kinds == {float}:
        return float_texts(pa.array(values, pa.float64()))
    if kinds == {dt.datetime}:
        return _moment_texts(pa.array(values, pa.timestamp("us")))
    if bool in kinds or {int, float} <= kinds:
        # Values that are equal although their texts may differ.
        return pa.array([canonical(value) for value in values], pa.string())
    texts = {value: canonical(value) for value in set(values)}
    return pa.array([texts[value] for value in values], pa.string())


def float_texts(values: pa.Array) -> pa.Array:
    """:func:`taihu.read.grid.canonical` of every float."""
    from taihu.read.grid import canonical

    size = pc.abs(values)
    whole = pc.and_(pc.equal(pc.trunc(values), values), pc.less(size, _INTEGERS_TO))
    plain = pc.or_(whole, pc.and_(pc.greater_equal(size, _FRACTIONS_FROM), pc.less(size, _INTEGERS_TO)))
    integers = pc.if_else(whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    texts = integers if pc.all(whole).as_py() else pc.if_else(whole, integers, values.cast(pa.string()))
    if not pc.all(plain).as_py():
        odd = pc.invert(plain)
        texts = pc.replace_with_mask(texts, odd, pa.array([canonical(value) for value in values.filter(odd).to_pylist()], pa.string()))
    return texts


def _moment_texts(values: pa.Array) -> pa.Array:
    from taihu.read.grid import canonical

    seconds = values.cast(pa.timestamp("s"), safe=False)
    if pc.all(pc.equal(seconds.cast(pa.timestamp("us")), values)).as_py():
        return seconds.cast(pa.string())
    return pa.array([canonical(value) for value in values.to_pylist()], pa.string())
