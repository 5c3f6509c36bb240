"""What the contract puts in place of values that are not there (``if_missing:``): marked in the row, noted with its place, never guessed.

A rule that gives nothing, because a column it needs is empty too or a reference table has no entry or two, leaves the cell empty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from taihu.clean.columns import Findings
from taihu.core.clock import day_column
from taihu.core.errors import ManifestError, TerminalError
from taihu.engine.types import quoted, sql_type
from taihu.manifest.listed import Valid
from taihu.manifest.missing import Replacement
from taihu.manifest.source import SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

# The current rows of a reference source and the columns of their validity; None where it cannot be had.
Lookup = Callable[[str], "tuple[pa.Table, Valid | None] | None"]
_ROWS, _REFERENCE = "clean_missing.rows", "clean_missing.reference"
_NUMBER, _DAY = "_row", "_day"


def filled(
    engine: Engine, table: pa.Table, source: SourceFile, zone: str, findings: Findings, reference: Lookup, left_out: Collection[int]
) -> pa.Table:
    """The table with its gaps filled where the contract says how; a rule may use what another one has filled in.

    ``findings`` gains the flags ``derived`` and ``unknown_member``, and refuses required values that are still missing.

    Args:
        left_out: Numbers of rows that are no data.

    Raises:
        ManifestError: A rule cannot be evaluated.
    """
    policies = {name: column.if_missing for name, column in source.columns.items() if column.if_missing is not None}
    is_moving = bool(policies)
    while is_moving:
        is_moving = False
        for name, policy in policies.items():
            gaps = _gaps(table, name, findings, left_out)
            if not gaps:
                continue
            if isinstance(policy, Replacement):
                values = _by_rule(engine, table, name, policy, gaps, source, zone, reference)
            else:
                values = dict.fromkeys(gaps, policy)
            for row in sorted(values):
                findings.notice(row, "derived" if isinstance(policy, Replacement) else "unknown_member", name)
            if values:
                table, is_moving = _put(table, name, values), True
    for name in policies:
        for row in _gaps(table, name, findings, left_out) if source.columns[name].required else ():
            findings.refuse(row, "value_missing", name)
    return table


def _gaps(table: pa.Table, name: str, findings: Findings, left_out: Collection[int]) -> list[int]:
    """Rows without a value in the column; those that are refused or no data stay as they are."""
    import pyarrow.compute as pc

    rows = pc.indices_nonzero(table[name].is_null()).to_pylist()
    return [row for row in rows if row not in findings.refused and row not in left_out]


def _by_rule(
    engine: Engine,
    table: pa.Table,
    name: str,
    rule: Replacement,
    gaps: list[int],
    source: SourceFile,
    zone: str,
    reference: Lookup,
) -> Mapping[int, object]:
    """The values that a rule gives, by row."""
    import pyarrow as pa

    known = reference(rule.from_) if rule.from_ else None
    if rule.take and (known is None or not known[0].num_rows):
        return {}
    kind = sql_type(table.schema.field(name).type)
    rows = table.take(pa.array(gaps, pa.int64())).append_column(_NUMBER, pa.array(gaps, pa.int64()))
    try:
        if rule.take:
            assert known is not None
            days = rows[source.business_date] if source.business_date else pa.chunked_array([pa.nulls(len(gaps), pa.date32())])
            engine.register(_ROWS, rows.append_column(_DAY, day_column(days, zone)))
            engine.register(_REFERENCE, known[0])
            found = engine.rows(_taken(rule, kind, known[1] if source.business_date else None))
        else:
            engine.register(_ROWS, rows)
            found = engine.rows(f"SELECT {_NUMBER}, TRY(CAST(({rule.derive}) AS {kind})) FROM {_ROWS}")
    except TerminalError as error:
        raise ManifestError(f"if_missing of {name} cannot be evaluated: {error.what}", where="source.yml", fix=str(rule)) from None
    finally:
        engine.drop(_ROWS)
        engine.drop(_REFERENCE)
    return {row: value for row, value in found if value is not None}


def _taken(rule: Replacement, kind: str, valid: Valid | None) -> str:
    """One value for each row, where the entries that count on its day agree on one."""
    assert rule.take
    same = [f"row.{quoted(column)} = entry.{quoted(column)}" for column in rule.by]
    if valid is not None:
        same.append(f"(entry.{quoted(valid.from_)} IS NULL OR row.{_DAY} >= entry.{quoted(valid.from_)})")
        same += [f"(entry.{quoted(valid.to)} IS NULL OR row.{_DAY} < entry.{quoted(valid.to)})"] if valid.to else []
    value = f"entry.{quoted(rule.take)}"
    return (
        f"SELECT row.{_NUMBER}, TRY_CAST(min({value}) AS {kind}) FROM {_ROWS} AS row JOIN {_REFERENCE} AS entry ON {' AND '.join(same)}"
        f" GROUP BY 1 HAVING count(DISTINCT {value}) = 1"
    )


def _put(table: pa.Table, name: str, values: Mapping[int, object]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    mask = [False] * table.num_rows
    for row in values:
        mask[row] = True
    whole = table[name].combine_chunks() if isinstance(table[name], pa.ChunkedArray) else table[name]
    new = pa.array([values[row] for row in sorted(values)], field.type)
    return table.set_column(place, field, pc.replace_with_mask(whole, pa.array(mask), new))
