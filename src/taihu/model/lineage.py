"""Column lineage: which columns a value comes from, down to the columns of the clean tables.

The models keep to a dialect that can be followed exactly: no ``UNION BY NAME``, ``COLUMNS()`` or ``PIVOT``, columns of joined
tables with their table's name. That makes resolving names a walk over the parsed query, hundreds of times cheaper than a
general optimizer, and every name that does not exist is found on the way.

Lineage is of values: what a column's expression reads, not what a join or filter lets through.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError
from taihu.model.feeds import feed_lineage

if TYPE_CHECKING:
    from sqlglot import exp

    from taihu.model.graph import Graph

Leaf = tuple[str, str]
Leaves = frozenset[Leaf]
NOTHING: Leaves = frozenset()


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns of something that can stand in FROM; ``open_table`` names a table whose columns are not known beforehand."""

    columns: Mapping[str, Leaves]
    open_table: str | None = None

    def get(self, name: str) -> Leaves | None:
        if name in self.columns:
            return self.columns[name]
        return frozenset({(self.open_table, name)}) if self.open_table is not None else None


@dataclass(slots=True)
class _Scope:
    """Names that a select can use: its own sources, those of the queries around it, and the CTEs in reach."""

    ctes: Mapping[str, Relation]
    sources: dict[str, Relation] = field(default_factory=dict)
    aliases: dict[str, Leaves] = field(default_factory=dict)
    outer: _Scope | None = None


class Resolver:
    """Resolves the column names of one query.

    Args:
        relation_of: Gives the columns of a table by its name, None if there is no such table.
        where: Makes ``file:line`` of a node of the parsed query.
    """

    def __init__(self, relation_of: Callable[[str], Relation | None], where: Callable[[Any], str]) -> None:
        self._relation_of = relation_of
        self._where = where

    def resolve(self, query: Any) -> Relation:
        """The query's columns with what each is made of.

        Raises:
            ManifestError: A table or column does not exist, or a name could mean two things.
        """
        return self._query(query, _Scope({}))

    def resolve_within(self, query: Any, ctes: Mapping[str, Relation]) -> Relation:
        """Like :meth:`resolve` for a part of a query, with the CTEs that are in reach there."""
        return self._query(query, _Scope(ctes))

    def ctes(self, query: Any) -> dict[str, Relation]:
        """The columns of each CTE of a query."""
        return dict(self._with(query, _Scope({})).ctes)

    def _with(self, node: Any, scope: _Scope) -> _Scope:
        with_ = node.args.get("with_") or node.args.get("with")
        if with_ is None:
            return _Scope(scope.ctes, outer=scope.outer)
        ctes = dict(scope.ctes)
        for cte in with_.expressions:
            relation = self._query(cte.this, _Scope(ctes, outer=scope.outer))
            ctes[cte.alias.lower()] = _renamed(relation, [name.name.lower() for name in _alias_columns(cte)])
        return _Scope(ctes, outer=scope.outer)

    def _query(self, node: Any, scope: _Scope) -> Relation:
        from sqlglot import exp

        scope = self._with(node, scope)
        if isinstance(node, exp.SetOperation):
            left, right = self._query(node.left, scope), self._query(node.right, scope)
            if left.open_table is None and right.open_table is None and len(left.columns) != len(right.columns):
                raise ManifestError(
                    f"the parts of a UNION have {len(left.columns)} and {len(right.columns)} columns", where=self._where(node.right)
                )
            pairs = zip(left.columns.items(), right.columns.values(), strict=False)
            return Relation({name: mine | theirs for (name, mine), theirs in pairs})
        if isinstance(node, (exp.Subquery, exp.Paren)):
            return self._query(node.this, scope)
        if isinstance(node, exp.Values):
            return Relation({f"col{place}": NOTHING for place, _ in enumerate(node.expressions[0].expressions)})
        if not isinstance(node, exp.Select):
            raise ManifestError(f"{type(node).__name__} is not a query that a model may hold", where=self._where(node))
        return self._select(node, scope)

    def _select(self, select: exp.Select, scope: _Scope) -> Relation:
        from sqlglot import exp

        for source in _sources(select):
            relation = self._source(source, scope)
            scope.sources[source.alias_or_name.lower()] = relation
        columns: dict[str, Leaves] = {}
        for projection in select.expressions:
            inner = projection.this if isinstance(projection, exp.Alias) else projection
            if isinstance(inner, exp.Star):
                columns.update(self._star(inner, scope.sources.values(), scope))
            elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
                columns.update(self._star(inner.this, [self._named_source(inner, scope)], scope))
            else:
                name = projection.alias_or_name.lower() or f"col{len(columns)}"
                columns[name] = scope.aliases[name] = self._leaves(inner, scope)
        for part in _other_parts(select):
            self._leaves(part, scope)
        return Relation(columns)

    def _star(self, star: Any, relations: Iterable[Relation], scope: _Scope) -> Iterator[tuple[str, Leaves]]:
        dropped = {_bare(item) for item in (star.args.get("except_") or star.args.get("except") or ())}
        replaced = {item.alias.lower(): item for item in (star.args.get("replace") or ())}
        for relation in relations:
            for name, leaves in relation.columns.items():
                if name in replaced:
                    yield name, self._leaves(replaced[name].this, scope)
                elif name not in dropped:
                    yield name, leaves

    def _source(self, source: Any, scope: _Scope) -> Relation:
        from sqlglot import exp

        named = [name.name.lower() for name in _alias_columns(source)]
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            name = source.name.lower()
            if not source.db and name in scope.ctes:
                return _renamed(scope.ctes[name], named)
            full = f"{source.db}.{name}" if source.db else name
            relation = self._relation_of(full)
            if relation is None:
                raise ManifestError(f"there is no table {full!r}", where=self._where(source))
            return _renamed(relation, named)
        if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query):
            return _renamed(self._query(source.this, _Scope(scope.ctes, outer=scope)), named)
        if isinstance(source, exp.Values):
            return _renamed(self._query(source, scope), named)
        # A table function such as range(): its columns are named by the alias, its values come from its arguments.
        leaves = self._leaves(source, scope)
        return Relation(dict.fromkeys(named or [source.alias_or_name.lower()], leaves))

    def _leaves(self, node: Any, scope: _Scope) -> Leaves:
        """Leaves of all columns in an expression, queries inside it included."""
        from sqlglot import exp

        if node is None:
            return NOTHING
        found: set[Leaf] = set()
        waiting: list[Any] = [node]
        while waiting:
            item = waiting.pop()
            if isinstance(item, exp.Query) and not isinstance(item, exp.Table):
                inner = self._query(item, _Scope(scope.ctes, outer=scope))
                found.update(*inner.columns.values())
            elif isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
                found |= self._column(item, scope)
            elif isinstance(item, exp.Lambda):
                names = {name.name for name in item.expressions}
                waiting += [c for c in item.this.find_all(exp.Column) if c.name not in names]
            elif isinstance(item, exp.Expression):
                waiting += [child for child in item.iter_expressions() if not isinstance(child, exp.TableAlias)]
        return frozenset(found)

    def _column(self, column: exp.Column, scope: _Scope) -> Leaves:
        name = column.name.lower()
        if column.table:
            relation = self._named_source(column, scope)
            leaves = relation.get(name)
            if leaves is None:
                raise self._unknown(column, f"{column.table} has no column {name!r}", relation.columns)
            return leaves
        here: _Scope | None = scope
        while here is not None:
            candidates = [leaves for relation in here.sources.values() if (leaves := relation.get(name)) is not None]
            if candidates:
                return frozenset().union(*candidates)
            if name in here.aliases:
                return here.aliases[name]
            here = here.outer
        known = [name for relation in scope.sources.values() for name in relation.columns]
        raise self._unknown(column, f"there is no column {name!r} here", known)

    def _named_source(self, column: exp.Column, scope: _Scope) -> Relation:
        here: _Scope | None = scope
        while here is not None:
            if column.table.lower() in here.sources:
                return here.sources[column.table.lower()]
            here = here.outer
        raise self._unknown(column, f"there is no table {column.table!r} in this FROM", scope.sources)

    def _unknown(self, column: exp.Column, what: str, known: Iterable[str]) -> ManifestError:
        close = difflib.get_close_matches(column.name.lower(), sorted(set(known)), n=1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        return ManifestError(what + hint, where=self._where(column))


def direct(graph: Graph) -> dict[str, dict[str, list[Leaf]]]:
    """For every model and feed, each column with the columns of the tables that its own text reads."""
    result = {f"feed.{feed}": feed_lineage(graph.tree, feed) for feed in graph.tree.feeds}
    for table in graph.order:
        result[table] = {name: sorted(leaves) for name, leaves in graph.relation(table).columns.items()}
    return result


def columns(graph: Graph) -> dict[str, dict[str, list[Leaf]]]:
    """For every model, each column with the columns of clean tables (and maps and ``ops`` tables) that it is made of."""
    steps = direct(graph)
    known: dict[Leaf, Leaves] = {}

    def end(leaf: Leaf) -> Leaves:
        table, name = leaf
        if leaf not in known:
            parents = steps[table].get(name) if table in steps else None
            known[leaf] = frozenset({leaf}) if parents is None else frozenset().union(*(end(parent) for parent in parents))
        return known[leaf]

    return {table: {name: sorted(end((table, name))) for name in steps[table]} for table in graph.order}


def source_columns(graph: Graph, table: str, column: str) -> dict[str, list[str]]:
    """The clean tables behind a column, each with the columns that flow into it, in the order of the contract.

    This names the cells of a traced row: the row's arrival tells the source, and the header map of its layout the cells.
    """
    found = set(columns(graph)[table][column])
    return {
        source.table: names
        for source in graph.tree.sources.values()
        if (names := [name for name in source.file.columns if (source.table, name) in found])
    }


def _sources(select: exp.Select) -> Iterator[Any]:
    from sqlglot import exp

    from_ = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or ()
    for node in [from_, *joins]:
        if node is not None:
            source = node.this
            yield source
            yield from (join.this for join in (source.args.get("joins") or ()) if isinstance(join, exp.Join))
    yield from select.args.get("laterals") or ()


def _other_parts(select: exp.Select) -> Iterator[Any]:
    """Everything besides the projections that names columns."""
    for join in select.args.get("joins") or ():
        yield join.args.get("on")
    for part in ("where", "having", "qualify"):
        yield select.args.get(part)
    for part in ("group", "order"):
        yield select.args.get(part)


def _renamed(relation: Relation, names: list[str]) -> Relation:
    if not names:
        return relation
    return Relation(dict(zip(names, relation.columns.values(), strict=False)))


def _alias_columns(node: Any) -> list[Any]:
    alias = node.args.get("alias")
    return list(alias.args.get("columns") or ()) if alias is not None and not isinstance(alias, str) else []


def _bare(item: Any) -> str:
    return str(item.name).lower()
