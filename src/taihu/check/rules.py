"""Row rules: signs and absent values on the Arrow columns, all conditions in SQL in one scan.

Arrivals are small and many; planning a query takes longer than everything else about them, so the engine is asked only where
the project wrote SQL, and then once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.check.verdict import Finding
from taihu.core.errors import ManifestError, TerminalError
from taihu.manifest.source import Check

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

ROWS = "checks.arrival_rows"
_ORDER = "_check_row"


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition that every row must meet; a row for which it is null fails."""

    name: str
    reason: str
    sql: str = ""
    column: str = ""
    check: Check | None = None


def row_rules(check: Check) -> list[RowRule]:
    """The row conditions of one check; none if it is not about single rows."""
    if check.same_sign:
        return [RowRule(rule_name(check), "sign_disagrees", column=check.same_sign[0], check=check)]
    if check.sql:
        return [RowRule(rule_name(check), check.reason or "rule_failed", check.sql, check=check)]
    if check.not_null:
        return [RowRule(f"not_null({name})", "value_missing", column=name, check=check) for name in check.not_null]
    return []


def rule_name(check: Check) -> str:
    """A short name of a check, for the outcome and for people."""
    kind = check.kinds[0]
    value = getattr(check, kind)
    if isinstance(value, tuple):
        return f"{kind}({', '.join(value)})"
    if check.consistent:
        return f"consistent({', '.join(check.consistent.by)}: {', '.join(check.consistent.columns)})"
    if check.identity:
        return f"identity({check.identity.equals})"
    if check.anomalies:
        return f"anomalies({', '.join([check.anomalies.of, *check.anomalies.by])})"
    if check.listed:
        return f"listed({check.listed.column})"
    return kind if kind in ("price_band", "rows", "days_covered", "net_content", "territory") else f"{kind}({value})"


def failed_rows(engine: Engine, rows: pa.Table, rules: Sequence[RowRule]) -> list[list[int]]:
    """For each rule the numbers of the rows that fail it.

    Raises:
        ManifestError: If a rule does not fit the table.
    """
    conditions = [rule for rule in rules if rule.sql]
    by_scan = dict(zip((rule.name for rule in conditions), _scanned(engine, rows, conditions), strict=True))
    return [by_scan[rule.name] if rule.sql else _tested(rows, rule) for rule in rules]


def _tested(rows: pa.Table, rule: RowRule) -> list[int]:
    """Rows that fail a rule about signs or absent values."""
    import pyarrow.compute as pc

    check = rule.check
    try:
        if check is not None and check.same_sign:
            one, two = (pc.sign(rows[name]) for name in check.same_sign)
            agree = pc.or_(pc.equal(one, two), pc.equal(pc.multiply(one, two), 0))
            failing = pc.invert(pc.fill_null(agree, False))
        else:
            failing = pc.is_null(rows[rule.column])
    except KeyError as error:
        raise ManifestError(f"the check {rule.name} names {error}, which is not a column", where="source.yml") from None
    numbers: list[int] = pc.indices_nonzero(failing).to_pylist()
    return numbers


def _scanned(engine: Engine, rows: pa.Table, rules: Sequence[RowRule]) -> list[list[int]]:
    """Rows that fail conditions in SQL; a condition that is null fails."""
    if not rules or not rows.num_rows:
        return [[] for _ in rules]
    numbered = rows.append_column(_ORDER, row_numbers(rows.num_rows))
    tests = ", ".join(f"NOT coalesce(({rule.sql}), false) AS fails_{number}" for number, rule in enumerate(rules))
    any_of = " OR ".join(f"fails_{number}" for number in range(len(rules)))
    engine.register(ROWS, numbered)  # stays until the next arrival takes its place
    try:
        failed = engine.query(f"SELECT * FROM (SELECT {_ORDER}, {tests} FROM {ROWS}) WHERE {any_of} ORDER BY {_ORDER}")
    except TerminalError as error:
        raise ManifestError(
            f"a check cannot be evaluated: {error.what}", where="source.yml", fix=", ".join(rule.name for rule in rules)
        ) from None
    return [failed[_ORDER].filter(failed[f"fails_{number}"]).to_pylist() for number in range(len(rules))]


def row_numbers(count: int) -> pa.Array:
    """0, 1, 2 ... without a Python number for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), count), start=-1)


def places_of(positions: pa.ChunkedArray, numbers: Sequence[int]) -> list[str]:
    """Positions of some rows; those of the others never become Python texts."""
    import pyarrow as pa

    found: list[str] = positions.take(pa.array(numbers, pa.int64())).to_pylist() if numbers else []
    return found


def duplicates(rows: pa.Table, key: Sequence[str], technical: Sequence[str]) -> tuple[list[int], list[int]]:
    """Rows that share a key with another: those that only repeat an earlier row in every column, and those that contradict.

    A repeat can be left out without losing anything; of contradicting rows nobody can say which one is right.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keyed = rows.select(list(key)).append_column(_ORDER, row_numbers(rows.num_rows))
    counted = keyed.group_by(list(key)).aggregate([(_ORDER, "count"), (_ORDER, "min")])
    if counted.num_rows == rows.num_rows:
        return [], []
    repeated = counted.filter(pc.greater(counted[f"{_ORDER}_count"], 1)).select(list(key))
    marked = repeated.append_column("_shared", pa.array([True] * repeated.num_rows))
    if any(column.null_count for column in keyed.columns):  # a join does not match nulls; keys with nulls are few
        shared = _shared_slowly(keyed, list(key))
    else:
        shared = sorted(keyed.join(marked, keys=list(key), join_type="inner")[_ORDER].to_pylist())
    left_aside = [name for name in technical if name in rows.column_names and name not in key]
    compared = rows.take(pa.array(shared, pa.int64())).drop_columns(left_aside)
    first: dict[tuple[object, ...], list[tuple[int, tuple[object, ...]]]] = {}
    for number, values in zip(shared, zip(*(column.to_pylist() for column in compared.columns), strict=True), strict=True):
        row_key = tuple(values[compared.schema.get_field_index(name)] for name in key)
        first.setdefault(row_key, []).append((number, values))
    repeats: list[int] = []
    contradicting: list[int] = []
    for group in first.values():
        if len({values for _, values in group}) == 1:
            repeats += [number for number, _ in group[1:]]
        else:
            contradicting += [number for number, _ in group]
    return sorted(repeats), sorted(contradicting)


def _shared_slowly(keyed: pa.Table, key: list[str]) -> list[int]:
    seen: dict[tuple[object, ...], list[int]] = {}
    for number, values in enumerate(zip(*(keyed[name].to_pylist() for name in key), strict=True)):
        seen.setdefault(values, []).append(number)
    return sorted(number for numbers in seen.values() if len(numbers) > 1 for number in numbers)


def duplicate_findings(rows: pa.Table, key: Sequence[str], positions: pa.ChunkedArray, technical: Sequence[str]) -> list[Finding]:
    """Findings of a ``unique`` rule."""
    repeats, contradicting = duplicates(rows, key, technical)
    findings = []
    if repeats:
        findings.append(Finding("duplicate_row", "repeats an earlier row", places_of(positions, repeats), key[-1]))
    if contradicting:
        findings.append(Finding("duplicate_row", "contradicts another row of its key", places_of(positions, contradicting), key[-1]))
    return findings
