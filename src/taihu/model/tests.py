"""A model's own test: rows in, rows out, written as a table beside the model.

``given`` may leave out columns (they are null) and tables (they are empty); ``expect`` compares the columns that it names and the
number of rows, in any order.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError, TerminalError
from taihu.engine.types import quoted
from taihu.manifest.tree import Model
from taihu.model.graph import Graph

if TYPE_CHECKING:
    from taihu.engine.interface import Engine

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def run_model_test(engine: Engine, graph: Graph, table: str) -> list[str]:
    """Run the test of one model; every difference is one line of the answer, so an empty list means that it passes.

    Args:
        engine: Gives its settings; the test runs in a fresh engine.

    Raises:
        ManifestError: The model has no test, or the test names a table, column or CTE that does not exist.
    """
    model = graph.model(table)
    where = model.path.removesuffix(".sql") + ".test.yml"
    if model.test is None:
        raise ManifestError(f"{table} has no test", where=where)
    with closing(engine.fresh()) as own:
        _offer(own, graph, model, model.test.given, where)
        problems: list[str] = []
        for name, rows in model.test.ctes.items():
            problems += [f"CTE {name}: {line}" for line in _compared(own, _cte_query(graph, table, name, where), rows, where)]
        if model.test.expect is not None:
            problems += _compared(own, model.sql.rstrip().rstrip(";"), model.test.expect, where)
        return problems


def _offer(engine: Engine, graph: Graph, model: Model, given: Mapping[str, Sequence[Mapping[str, Any]]], where: str) -> None:
    for name in given:
        if name not in graph.reads(model.table):
            close = difflib.get_close_matches(name, graph.reads(model.table), n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise ManifestError(f"given: the model does not read {name!r}{hint}", where=where)
    for name in graph.reads(model.table):
        rows = given.get(name, ())
        types = graph.types(name) or {**dict.fromkeys(_columns_used(graph, model.table, name), "VARCHAR"), **_guessed(rows)}
        for row in rows:
            unknown = [column for column in row if column not in types]
            if unknown:
                close = difflib.get_close_matches(unknown[0], list(types), n=1)
                hint = f", did you mean {close[0]!r}?" if close else ""
                raise ManifestError(f"given: {name} has no column {unknown[0]!r}{hint}", where=where)
        _register(engine, name, types, rows)


def _register(engine: Engine, name: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of YAML values as a typed table: the engine reads the texts, as it would read a file."""
    import pyarrow as pa

    texts = {column: pa.array([_text(row.get(column)) for row in rows], pa.string()) for column in types}
    engine.register(f"given.{name.replace('.', '__')}", pa.table(texts))
    columns = ", ".join(f"CAST({quoted(column)} AS {kind}) AS {quoted(column)}" for column, kind in types.items())
    engine.view(name, f"SELECT {columns} FROM given.{quoted(name.replace('.', '__'))}")


def _columns_used(graph: Graph, table: str, name: str) -> list[str]:
    """Columns that a model reads of a table that the ledger defines, by the names that the model itself uses."""
    from sqlglot import exp

    query = graph.parsed(table)
    aliases = {node.alias_or_name for node in query.find_all(exp.Table) if f"{node.db}.{node.name}" == name}
    return sorted({column.name for column in query.find_all(exp.Column) if column.table in aliases})


def _guessed(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Types of a table that only its rows describe."""
    types: dict[str, str] = {}
    for row in rows:
        for column, value in row.items():
            if isinstance(value, bool):
                kind = "BOOLEAN"
            elif isinstance(value, int):
                kind = "BIGINT"
            else:
                kind = "DATE" if isinstance(value, str) and _DAY.fullmatch(value) else "VARCHAR"
            if value is not None or column not in types:
                types[column] = kind
    return types


def _cte_query(graph: Graph, table: str, name: str, where: str) -> str:
    from sqlglot import exp

    query = graph.parsed(table).copy()
    names = {cte.alias.lower() for cte in query.ctes}
    if name not in names:
        raise ManifestError(f"ctes: the model has no CTE {name!r}", where=where, fix=f"it has: {', '.join(sorted(names))}")
    with_ = query.args.get("with_") or query.args["with"]
    return f"{with_.sql(dialect='duckdb', comments=False)} SELECT * FROM {exp.to_identifier(name)}"


def _compared(engine: Engine, sql: str, expected: Sequence[Mapping[str, Any]], where: str) -> list[str]:
    try:
        found = engine.query(sql).to_pylist()
    except TerminalError as error:
        return [f"the statement fails: {error.what}"]
    for row in expected:
        unknown = [column for column in row if found and column not in found[0]]
        if unknown:
            raise ManifestError(f"expect: the result has no column {unknown[0]!r}", where=where, fix=f"it has: {', '.join(found[0])}")
    left = list(found)
    problems = []
    for row in expected:
        match = next((index for index, item in enumerate(left) if all(_equal(item[name], value) for name, value in row.items())), None)
        if match is None:
            problems.append(f"expected but not there: {_row_text(row)}")
        else:
            left.pop(match)
    names = list(expected[0]) if expected else []
    return problems + [f"there but not expected: {_row_text({name: item[name] for name in names or item})}" for item in left]


def _equal(found: Any, expected: Any) -> bool:
    if found is None or expected is None:
        return found is None and expected is None
    if isinstance(found, bool) or isinstance(expected, bool):
        return bool(found is expected)
    if isinstance(found, (Decimal, int, float)):
        try:
            return Decimal(str(found)) == Decimal(str(expected))
        except InvalidOperation:
            return False
    return _text(found) == _text(expected)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


def _row_text(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_text(value)}" for name, value in row.items())
