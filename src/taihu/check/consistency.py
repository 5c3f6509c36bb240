"""The contract's ``consistent`` rules on the rows of one arrival: all of them vote together, and each says what happens then.

The rows accepted before vote too. What is found is a remark, a refused row or a held file as the rule says; only where the contract
says ``repair: vote``, and the odds are high, is the value of the majority taken. The row then carries the mark, the ledger the
evidence, and the sender's own cell stays what it is in the sealed object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taihu.check.spelling import misspellings
from taihu.check.verdict import CheckContext, Finding, Repair
from taihu.check.voting import Dependency, dissents
from taihu.core.types import Note
from taihu.manifest.consistency import Consistent
from taihu.manifest.source import Check, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

_SURE = 3.0
_ENOUGH_FOR_SPELLING = 3.0
_HISTORY = 20_000


@dataclass(frozen=True, slots=True)
class Named:
    """A cell that was named: row, column, the value proposed (None: only that it is wrong), evidence without values, log odds."""

    row: int
    column: str
    proposed: Any
    by: tuple[str, ...]
    evidence: str
    odds: float


def named_cells(rows: pa.Table, rules: Sequence[Consistent], history: pa.Table | None = None) -> list[Named]:
    """The cells of ``rows`` that the rules contradict; ``history`` votes and is not judged."""
    import pyarrow as pa

    used = sorted({name for rule in rules for name in (*rule.by, *rule.columns)})
    wanted = [*used, *(["_src_id"] if "_src_id" in rows.column_names else [])]
    voters = rows.select(wanted)
    if history is not None and history.num_rows and set(wanted) <= set(history.column_names):
        voters = pa.concat_tables([voters, history.select(wanted).slice(max(history.num_rows - _HISTORY, 0))], promote_options="permissive")
    found: dict[tuple[int, str], Named] = {}
    for one in dissents(voters, [Dependency(rule.by, rule.columns) for rule in rules if rule.by]):
        if one.row < rows.num_rows:
            found[one.row, one.column] = Named(one.row, one.column, one.proposed, one.by, one.evidence, one.odds)
    for name in dict.fromkeys(name for rule in rules if not rule.by for name in rule.columns):
        values = voters[name].to_pylist()
        for odd in misspellings([None if value is None else str(value) for value in values]):
            if odd.row < rows.num_rows:
                said = f"{odd.rows} rows have the usual {'spelling' if odd.proposed is not None else 'form'}"
                proposed = odd.proposed if isinstance(values[odd.row], str) else None
                found.setdefault((odd.row, name), Named(odd.row, name, proposed, (), said, _ENOUGH_FOR_SPELLING))
    return [found[place] for place in sorted(found)]


def consistency(rows: pa.Table, source: SourceFile, context: CheckContext) -> tuple[list[tuple[Check, list[Finding]]], list[Repair]]:
    """Findings of each ``consistent`` check, and the repairs that the contract asks for."""
    checks = [check for check in source.checks if check.consistent]
    if not checks:
        return [], []
    cells = named_cells(rows, [check.consistent for check in checks if check.consistent], context.previous(context.party))
    positions = rows["_src_row"].to_pylist()
    findings: dict[int, list[Finding]] = {number: [] for number in range(len(checks))}
    repairs = []
    for cell in cells:
        number, rule = _rule_of(cell, checks)
        if rule.repair == "vote" and cell.proposed is not None and cell.odds >= _SURE:
            repairs.append(Repair(cell.row, cell.column, cell.proposed, Note("voted", positions[cell.row], cell.column, cell.evidence)))
        else:
            findings[number].append(Finding("value_disagrees", cell.evidence, [positions[cell.row]], cell.column))
    return [(check, findings[number]) for number, check in enumerate(checks)], repairs


def _rule_of(cell: Named, checks: Sequence[Check]) -> tuple[int, Consistent]:
    rules = [(number, check.consistent) for number, check in enumerate(checks) if check.consistent]
    return next((number, rule) for number, rule in rules if rule.by == cell.by and cell.column in rule.columns)


def repaired(rows: pa.Table, repairs: Sequence[Repair]) -> pa.Table:
    """The rows with the values of the majority, each marked in ``dq_flags``."""
    import pyarrow as pa

    if not repairs:
        return rows
    flags = rows["dq_flags"].to_pylist()
    by_column: dict[str, dict[int, Any]] = {}
    for repair in repairs:
        by_column.setdefault(repair.column, {})[repair.row] = repair.value
        flags[repair.row] = ",".join(dict.fromkeys([*filter(None, (flags[repair.row] or "").split(",")), "voted"]))
    for name, changed in {**by_column, "dq_flags": dict(enumerate(flags))}.items():
        place = rows.schema.get_field_index(name)
        values = [changed.get(number, value) for number, value in enumerate(rows[name].to_pylist())]
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows
