"""What a model may not do, because lineage, tracing or building it again could not follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError
from taihu.manifest.tree import Model
from taihu.model.places import place_of
from taihu.model.rules import columns_of, require_columns

if TYPE_CHECKING:
    from sqlglot import exp

# A table must come out the same whenever it is built.
_MOVING = {"now", "today", "random", "uuid", "gen_random_uuid", "get_current_timestamp", "current_localtimestamp", "setseed", "nextval"}

# An instant without a zone (TIMESTAMP) and single-precision numbers are left out on purpose.
_KEPT = {"TEXT", "VARCHAR", "BIGINT", "INT", "INTEGER", "SMALLINT", "TINYINT", "DECIMAL", "DOUBLE", "DATE", "TIMESTAMPTZ", "BOOLEAN"}


def check_query(model: Model, query: exp.Select) -> None:
    """Rules of the dialect.

    Raises:
        ManifestError: With ``file:line`` of the first thing that is not allowed.
    """
    from sqlglot import exp

    for node in query.walk():
        if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
            raise _refused(model, node, "UNION BY NAME hides which column goes where", "write the columns of both parts in one order")
        if isinstance(node, exp.Columns):
            raise _refused(model, node, "COLUMNS() cannot be followed to its source", "write the columns out")
        if isinstance(node, exp.Pivot):
            raise _refused(model, node, "PIVOT and UNPIVOT cannot be followed", "use CASE, or unpivot: in the layout of the source")
        if isinstance(node, exp.With) and node.args.get("recursive"):
            raise _refused(model, node, "WITH RECURSIVE cannot be followed", "join to core.date or another dimension")
        moving = isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Rand, exp.Uuid))
        if moving or (isinstance(node, exp.Anonymous) and node.name.lower() in _MOVING):
            raise _refused(model, node, "a model may not ask for the time or for chance", "join to core.date, or read a column")
    _check_final(model, query)


def _check_final(model: Model, query: exp.Select) -> None:
    from sqlglot import exp

    seen: set[str] = set()
    for item in query.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            raise _refused(model, item, "the final SELECT lists its columns", "write them out, each as CAST(... AS TYPE) AS name")
        if not isinstance(item, exp.Alias) or not isinstance(item.this, exp.Cast):
            name = item.alias_or_name or "a column"
            raise _refused(
                model, item, f"{name} has no CAST in the final SELECT", f"write CAST(... AS TYPE) AS {item.alias_or_name or 'name'}"
            )
        if item.alias.lower() in seen:
            raise _refused(model, item, f"column {item.alias!r} occurs twice", "give one of them another name")
        seen.add(item.alias.lower())
        kind = item.this.to.sql(dialect="duckdb")
        if kind.split("(")[0] not in _KEPT:
            raise _refused(
                model, item, f"{item.alias} is a {kind}, which tables do not keep", f"cast it to one of {', '.join(sorted(_KEPT))}"
            )
    for part in ("limit", "offset"):
        if query.args.get(part):
            raise _refused(model, query, f"the final SELECT has a {part.upper()}", "a model holds all rows; reports choose")


def check_header(model: Model, types: Mapping[str, str]) -> None:
    """The header names only columns that the model has.

    Raises:
        ManifestError: With the file's first line.
    """
    header = model.header
    if (header.kind == "incremental") != (header.partition is not None):
        raise ManifestError(
            "kind: incremental and partition: belong together", where=f"{model.path}:1", fix="partition: month of business_date"
        )
    by = header.partition_column
    if by is not None and types.get(by) != "DATE":
        raise ManifestError(f"partition: {by!r} is not a DATE column of the model", where=f"{model.path}:1")
    named: list[tuple[str, Sequence[str]]] = [("grain", header.grain)]
    try:
        for check in header.checks:
            named += [
                ("unique", check.unique or ()),
                ("not_null", check.not_null or ()),
                ("sql", columns_of(check.sql) if check.sql else ()),
            ]
        for rule, names in named:
            require_columns(rule, names, types)
    except ManifestError as error:
        raise ManifestError(error.what, where=f"{model.path}:1") from None


def _refused(model: Model, node: Any, what: str, fix: str) -> ManifestError:
    return ManifestError(what, where=place_of(model, node), fix=fix)
