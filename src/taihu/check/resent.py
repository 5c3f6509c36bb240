"""Rows of a source that is appended to, sent once more in another file together with new ones.

Where files replace a party's days, a newer file simply counts. Where they are appended, the overlap of two files would count twice:
of a row that was accepted before in every column, the repeat is named; of one with the same key and other values nobody can say
which is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taihu.check.verdict import Finding

if TYPE_CHECKING:
    import pyarrow as pa


def resent_findings(rows: pa.Table, accepted: pa.Table | None, key: Sequence[str], technical: Sequence[str]) -> list[Finding]:
    """Rows whose key another file brought before."""
    if accepted is None or not accepted.num_rows:
        return []
    import pyarrow.compute as pc

    accepted = accepted.filter(pc.is_in(accepted[key[0]], value_set=pc.unique(rows[key[0]])))
    names = [name for name in rows.column_names if name not in technical or name in key]
    before: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    for values in _tuples(accepted, names):
        before.setdefault(_of(values, names, key), set()).add(values)
    repeats: list[str] = []
    contradicting: list[str] = []
    for position, values in zip(rows["_src_row"].to_pylist(), _tuples(rows, names), strict=True):
        told = before.get(_of(values, names, key))
        if told is not None:
            (repeats if values in told else contradicting).append(position)
    findings = []
    if repeats:
        findings.append(Finding("duplicate_row", "was accepted before, in another file", repeats, key[-1]))
    if contradicting:
        findings.append(Finding("duplicate_row", "contradicts a row of its key in another file", contradicting, key[-1]))
    return findings


def _tuples(rows: pa.Table, names: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def _of(values: tuple[object, ...], names: Sequence[str], key: Sequence[str]) -> tuple[object, ...]:
    return tuple(values[names.index(name)] for name in key)
