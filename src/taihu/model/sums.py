"""The shape that a mart must have so that every figure in it can be explained.

Its final SELECT either groups nothing, or it groups one relation whose rows say where they come from, and each number is the
plain sum of what those rows contribute.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError
from taihu.manifest.tree import Model
from taihu.model.places import place_of

if TYPE_CHECKING:
    from sqlglot import exp


def is_grouped(query: exp.Select) -> bool:
    """True if the final SELECT makes one row of many."""
    from sqlglot import exp

    def own(node: Any) -> bool:
        return node.find_ancestor(exp.Select) is query and not isinstance(node.parent, exp.Window)

    return query.args.get("group") is not None or any(own(node) for item in query.expressions for node in item.find_all(exp.AggFunc))


def summand(model: Model, query: exp.Select, column: str) -> Any:
    """What one row adds to a column, as an expression over the relation that the mart groups.

    Raises:
        ManifestError: The column is neither ``CAST(SUM(x) AS ...)`` nor ``CAST(COUNT(*) AS ...)``, nor a plain value of a mart
            that groups nothing.
    """
    from sqlglot import exp

    item = next(item.this for item in query.expressions if item.alias.lower() == column)
    inner = item
    while isinstance(inner, (exp.Cast, exp.Paren)):
        inner = inner.this
    if isinstance(inner, exp.Sum) and not isinstance(inner.this, exp.Distinct):
        return inner.this
    if isinstance(inner, exp.Count) and isinstance(inner.this, exp.Star):
        return exp.Literal.number(1)
    if not is_grouped(query):
        return inner
    raise ManifestError(
        f"{column} cannot be traced: it is not the sum of its rows",
        where=place_of(model, item),
        fix=f"write CAST(SUM(...) AS TYPE) AS {column}, and compute what is summed in a CTE",
    )


def check_mart(model: Model, query: exp.Select, offered: Container[str]) -> None:
    """A mart that groups has the shape above.

    Args:
        offered: Columns of the relation in its FROM.

    Raises:
        ManifestError: With ``file:line``.
    """
    from sqlglot import exp

    if not is_grouped(query):
        return
    what = ""
    if query.args.get("joins"):
        what, fix = "the final SELECT of a mart groups one relation", "join in a CTE and group that"
    elif query.args.get("having") or query.args.get("qualify"):
        what, fix = "a mart filters before it groups, or its rows could not be listed", "filter in a CTE"
    elif "_src_id" not in offered or "_src_row" not in offered:
        what, fix = "the relation that a mart groups says where its rows come from", "select _src_id and _src_row in its CTE"
    if what:
        raise ManifestError(what, where=place_of(model, query), fix=fix)
    for item in query.expressions:
        if any(node.find_ancestor(exp.Select) is query for node in item.find_all(exp.AggFunc)):
            summand(model, query, item.alias.lower())
