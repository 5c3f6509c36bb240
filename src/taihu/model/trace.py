"""From a figure back to its rows: the final SELECT of a mart, taken apart.

A mart's final SELECT groups one relation whose rows carry ``_src_id`` and ``_src_row``. Without the SUM and the GROUP BY, and
with the figure's filter on the grouped expressions, the same statement lists the rows that the figure adds up; what they
contribute sums to the figure exactly, because nothing is rounded after the SUM but by the CAST to the column's own scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import NotFound
from taihu.core.types import Span
from taihu.model.graph import Graph
from taihu.model.sums import summand

if TYPE_CHECKING:
    from sqlglot import exp

DATE_COLUMN = "business_date"


def trace_query(graph: Graph, mart: str, column: str, filters: Sequence[tuple[str, str]], span: Span | None) -> str:
    """SQL that lists the rows behind one sum of a mart.

    Its columns are ``_src_id``, ``_src_row``, ``_table`` (the table that the row was taken from, in which its ``_src_id`` stands),
    ``business_date`` (where the mart has one) and ``contribution``; rows that add nothing are left out; the largest
    contributions come first. Ratios are traced part by part, ``last`` over the span of its one day.

    Args:
        mart: Table name, such as ``mart.daily_kpi``.
        column: The summed column.
        filters: Column and value pairs on the mart's dimensions.
        span: Business dates, as the figure has them; None for all.

    Raises:
        NotFound: There is no such mart or column.
        ManifestError: The column is not a plain sum, so no list of rows adds up to it.
    """
    from sqlglot import exp

    query = _marked(graph, mart)
    outputs = {item.alias.lower(): item.this for item in query.expressions}
    for name in [column, *(name for name, _ in filters)]:
        if name not in outputs:
            raise NotFound(f"{mart} has no column {name!r}", fix=f"it has: {', '.join(outputs)}")
    amount = summand(graph.model(mart), query, column).copy()
    conditions = [_equals(outputs[name], value) for name, value in filters]
    if span is not None and DATE_COLUMN in outputs:
        day = outputs[DATE_COLUMN]
        conditions += [exp.GTE(this=day.copy(), expression=_date(span.start)), exp.LT(this=day.copy(), expression=_date(span.end))]
    conditions.append(exp.NEQ(this=exp.paren(amount.copy()), expression=exp.Literal.number(0)))
    parts = [exp.alias_(item, name) for name, item in _provenance(query).items()]
    if DATE_COLUMN in outputs:
        parts.append(exp.alias_(outputs[DATE_COLUMN].copy(), DATE_COLUMN))
    query.set("expressions", [*parts, exp.alias_(amount, "contribution")])
    for part in ("group", "order", "distinct"):
        query.set(part, None)
    query = query.where(*conditions, copy=False)
    order = "ABS(contribution) DESC, _src_id, _src_row, contribution"
    return f"SELECT * FROM (\n{query.sql(dialect='duckdb', comments=False)}\n) AS traced ORDER BY {order}"


def _marked(graph: Graph, mart: str) -> exp.Select:
    """A copy of the mart's statement whose grouped relation also tells the table that each row comes from."""
    from sqlglot import exp

    if mart not in graph.models:
        raise NotFound(
            f"there is no mart {mart!r}", fix=f"there are: {', '.join(name for name in graph.models if name.startswith('mart.'))}"
        )
    query = graph.parsed(mart).copy()
    source = (query.args.get("from_") or query.args["from"]).this
    ctes = {cte.alias.lower(): cte for cte in query.ctes}
    cte = ctes.get(source.name.lower()) if isinstance(source, exp.Table) and not source.db else None
    if cte is not None and not query.args.get("joins"):
        resolver = graph.resolver(mart)
        relations = resolver.ctes(query)

        def tables_of(branch: exp.Select) -> list[str] | None:
            found = resolver.resolve_within(branch, relations).columns.get("_src_id")
            return None if found is None else sorted({table for table, _ in found})

        _mark(cte, ctes, tables_of, set())
    return query


def _mark(cte: exp.CTE, ctes: dict[str, exp.CTE], tables_of: Callable[[exp.Select], list[str] | None], done: set[str]) -> None:
    """Let the rows of a relation tell their table; where its rows come from another relation of several tables, that one says."""
    from sqlglot import exp

    if cte.alias.lower() in done:
        return
    done.add(cte.alias.lower())
    for branch in [branch for branch in _branches(cte.this) if "_table" not in branch.named_selects]:
        tables = tables_of(branch)
        if tables is None:
            continue
        inner, is_star = _carrier(branch)
        below = ctes.get(inner[1].lower()) if inner and len(tables) > 1 else None
        if below is not None and inner is not None:
            _mark(below, ctes, tables_of, done)
            if not is_star:
                branch.append("expressions", exp.alias_(exp.column("_table", table=inner[0]), "_table"))
        else:
            branch.append("expressions", exp.alias_(exp.Literal.string(tables[0] if len(tables) == 1 else ""), "_table"))


def _carrier(branch: exp.Select) -> tuple[tuple[str, str] | None, bool]:
    """Alias and name of the relation that a SELECT takes ``_src_id`` from, and whether by ``alias.*``."""
    from sqlglot import exp

    sources = [(branch.args.get("from_") or branch.args["from"]).this, *(join.this for join in branch.args.get("joins") or ())]
    names = {source.alias_or_name: (source.alias_or_name, source.name) for source in sources if isinstance(source, exp.Table)}
    for item in branch.expressions:
        column = item.unalias()
        if isinstance(column, exp.Column) and (column.is_star or item.alias_or_name == "_src_id"):
            return names.get(column.table), column.is_star
    return None, False


def _provenance(query: exp.Select) -> dict[str, Any]:
    """Where each row comes from, as far as the grouped relation tells."""
    from sqlglot import exp

    source = (query.args.get("from_") or query.args["from"]).this
    name = source.alias_or_name
    ctes = {cte.alias.lower(): cte for cte in query.ctes}
    offered: set[str] = set()
    if source.name.lower() in ctes:
        offered = {item.alias_or_name.lower() for item in next(_branches(ctes[source.name.lower()].this)).expressions}
    elif source.db in ("core", "clean", "feed"):
        offered = {"_src_id", "_src_row"}
    null = exp.cast(exp.null(), "TEXT")
    found: dict[str, Any] = {
        item: exp.column(item, table=name, quoted=False) if item in offered else null.copy() for item in ("_src_id", "_src_row", "_table")
    }
    if "_src_id" not in offered and "arrival_id" in offered:
        found["_src_id"] = exp.column("arrival_id", table=name)
    if source.db:
        found["_table"] = exp.Literal.string(f"{source.db}.{source.name}")
    return found


def _branches(query: Any) -> Any:
    """The SELECTs that a stack of UNION ALL consists of."""
    from sqlglot import exp

    if isinstance(query, exp.SetOperation):
        yield from _branches(query.left)
        yield from _branches(query.right)
    elif isinstance(query, (exp.Subquery, exp.Paren)):
        yield from _branches(query.this)
    else:
        yield query


def _equals(item: Any, value: str) -> Any:
    from sqlglot import exp

    return exp.EQ(this=exp.cast(item.copy(), "TEXT"), expression=exp.Literal.string(value))


def _date(day: Any) -> Any:
    from sqlglot import exp

    return exp.cast(exp.Literal.string(day.isoformat()), "DATE")
