"""Rules of a built table: unique, not null, SQL conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from taihu.core.errors import ManifestError, TerminalError
from taihu.engine.types import quoted
from taihu.manifest.model import ModelCheck

if TYPE_CHECKING:
    from taihu.engine.interface import Engine


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule of a table that does not hold: how many rows (or keys) break it, and what the model says must happen then."""

    rule: str
    reason: str
    rows: int
    otherwise: Literal["warn", "quarantine", "hold"]

    @property
    def detail(self) -> str:
        """One phrase for people."""
        return f"{self.rule} fails for {self.rows} {'key' if self.reason == 'duplicate_row' else 'row'}{'s' if self.rows > 1 else ''}"


def check_table(engine: Engine, table: str, checks: Sequence[ModelCheck], *, where: str = "") -> list[Failure]:
    """Test a table that the engine knows by name, in one scan for row rules and one pass per uniqueness rule.

    Args:
        table: ``schema.name``, or a query in parentheses such as the new partitions alone.
        where: ``path:line`` of the model, for errors.

    Raises:
        ManifestError: If a rule does not fit the table.
    """
    try:
        return [*_row_failures(engine, table, checks), *_unique_failures(engine, table, checks)]
    except TerminalError as error:
        raise ManifestError(f"a check of {table} cannot be evaluated: {error.what}", where=where) from None


def _row_failures(engine: Engine, table: str, checks: Sequence[ModelCheck]) -> list[Failure]:
    rules: list[tuple[str, str, str, ModelCheck]] = []
    for check in checks:
        rules += [(f"not_null({name})", f"{quoted(name)} IS NOT NULL", "value_missing", check) for name in check.not_null or ()]
        if check.sql:
            rules.append((f"sql({check.sql})", check.sql, "rule_failed", check))
    if not rules:
        return []
    counts = ", ".join(f"count(*) FILTER (WHERE NOT coalesce(({sql}), false))" for _, sql, _, _ in rules)
    broken = engine.rows(f"SELECT {counts} FROM {table} AS checked")[0]
    return [Failure(name, reason, int(count), check.else_) for (name, _, reason, check), count in zip(rules, broken, strict=True) if count]


def _unique_failures(engine: Engine, table: str, checks: Sequence[ModelCheck]) -> list[Failure]:
    failures = []
    for check in checks:
        if not check.unique:
            continue
        key = ", ".join(map(quoted, check.unique))
        repeated = engine.rows(f"SELECT count(*) FROM (SELECT {key} FROM {table} AS checked GROUP BY {key} HAVING count(*) > 1)")[0][0]
        if repeated:
            failures.append(Failure(f"unique({', '.join(check.unique)})", "duplicate_row", int(repeated), check.else_))
    return failures
