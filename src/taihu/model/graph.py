"""The graph of a project's models: each is parsed once, checked, and put after what it reads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ManifestError
from taihu.core.ids import derived_id
from taihu.manifest.tree import Model, ProjectTree
from taihu.model.feeds import check_feeds, feed_sql
from taihu.model.inputs import MONTH, outer_tables
from taihu.model.lineage import Relation, Resolver
from taihu.model.lints import check_header, check_query
from taihu.model.places import place_of
from taihu.model.sums import check_mart

if TYPE_CHECKING:
    from sqlglot import exp

_NOT_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


class Graph:
    """Parsed models in the order in which they are built.

    Attributes:
        tree: The project.
        order: Table names, each after the tables that it reads.

    Raises:
        ManifestError: A model cannot be parsed, reads something that does not exist, forms a circle or breaks a rule of
            the dialect; with ``file:line``.
    """

    def __init__(self, tree: ProjectTree) -> None:
        check_feeds(tree)
        self.tree = tree
        self.models: dict[str, Model] = {model.table: model for model in tree.models.values()}
        self._outer = outer_tables(tree)
        self._parsed = {table: _parse(model) for table, model in self.models.items()}
        self._reads = {table: self._find_reads(model) for table, model in self.models.items()}
        self.order: list[str] = self._sorted()
        self._relations: dict[str, Relation] = {}
        self._types: dict[str, dict[str, str]] = {}
        for table in self.order:
            check_query(self.models[table], self._parsed[table])
            self._relations[table] = self.resolver(table).resolve(self._parsed[table])
            check_header(self.models[table], self.types(table))
            if self.models[table].layer == "mart":
                check_mart(self.models[table], self._parsed[table], self._grouped_columns(table))

    # what a model is

    def model(self, table: str) -> Model:
        return self.models[table]

    def parsed(self, table: str) -> exp.Select:
        """The parsed statement; callers copy it before they change it."""
        query: exp.Select = self._parsed[table]
        return query

    def relation(self, table: str) -> Relation:
        """Columns of a model with the columns that its text reads for each."""
        return self._relations[table]

    def types(self, table: str) -> dict[str, str]:
        """Column to SQL type of a model (as its final select casts it), clean table, feed or map; empty for ``ops``."""
        if table not in self.models:
            return dict(self._outer.get(table, {}))
        if table not in self._types:
            casts = {item.alias: item.this.to.sql(dialect="duckdb") for item in self._parsed[table].expressions}
            self._types[table] = {name: "VARCHAR" if kind == "TEXT" else kind for name, kind in casts.items()}
        return dict(self._types[table])

    def is_partitioned(self, table: str) -> bool:
        """True for models that are built month by month."""
        return table in self.models and self.models[table].header.kind == "incremental"

    # what it stands between

    def reads(self, table: str) -> tuple[str, ...]:
        """Tables and feeds that the model names, sorted."""
        return self._reads[table]

    def inputs(self, table: str) -> tuple[str, ...]:
        """Stored tables that a build of the model opens: like :meth:`reads`, with feeds replaced by their clean tables."""
        found: set[str] = set()
        for name in self._reads[table]:
            schema, _, feed = name.partition(".")
            found |= {source.table for source in self.tree.sources_of_feed(feed)} if schema == "feed" else {name}
        return tuple(sorted(found))

    def feeds(self, table: str) -> tuple[str, ...]:
        return tuple(name.removeprefix("feed.") for name in self._reads[table] if name.startswith("feed."))

    def upstream(self, table: str) -> tuple[str, ...]:
        """All stored tables that a model depends on, however far."""
        found: set[str] = set()
        waiting = [table]
        while waiting:
            name = waiting.pop()
            if name in self.models:
                new = set(self.inputs(name)) - found
                found |= new
                waiting += new
        return tuple(sorted(found))

    def downstream(self, table: str) -> tuple[str, ...]:
        """All models that depend on a table, in building order."""
        return tuple(name for name in self.order if table in self.upstream(name))

    @cached_property
    def definitions(self) -> dict[str, str]:
        """A fingerprint of what each model computes: comments and layout of the text do not count."""
        result = {}
        for table, model in self.models.items():
            text = self._parsed[table].sql(dialect="duckdb", comments=False)
            feeds = [feed_sql(self.tree, feed) for feed in self.feeds(table)]
            header = (model.header.kind, model.header.partition, model.header.reads, model.header.grain)
            result[table] = derived_id("definition", text, feeds, header)
        return result

    def resolver(self, table: str) -> Resolver:
        """Resolves names inside the model ``table``."""
        model = self.models[table]
        return Resolver(self._relation_of, lambda node: place_of(model, node))

    # inside

    def _relation_of(self, table: str) -> Relation | None:
        if table in self._relations:
            known = {name: frozenset({(table, name)}) for name in self._relations[table].columns}
            return Relation(known | ({MONTH: frozenset({(table, MONTH)})} if self.is_partitioned(table) else {}))
        if table in self._outer:
            return Relation({name: frozenset({(table, name)}) for name in self._outer[table]})
        return Relation({}, table) if table.startswith("ops.") else None

    def _grouped_columns(self, table: str) -> set[str]:
        """Columns of what stands in the FROM of a model's final SELECT."""
        query = self._parsed[table]
        source = (query.args.get("from_") or query.args["from"]).this if query.args.get("from_") or query.args.get("from") else None
        if source is None:
            return set()
        if source.args.get("db"):
            relation = self._relation_of(f"{source.db}.{source.name}".lower())
        else:
            relation = self.resolver(table).ctes(query).get(source.name.lower())
        return set(relation.columns) if relation else set()

    def _find_reads(self, model: Model) -> tuple[str, ...]:
        from sqlglot import exp

        query = self._parsed[model.table]
        found = set()
        for node in query.find_all(exp.Table):
            if not isinstance(node.this, exp.Identifier):
                continue
            name = f"{node.db}.{node.name}".lower() if node.db else node.name.lower()
            if not node.db:
                if name not in _ctes_of(query):
                    raise self._no_table(model, node, name)
                continue
            if name not in self.models and name not in self._outer and not name.startswith("ops."):
                raise self._no_table(model, node, name)
            if model.layer == "core" and name.startswith("mart."):
                raise ManifestError(f"a core model may not read {name}", where=place_of(model, node), fix="move the model to models/mart")
            found.add(name)
        return tuple(sorted(found))

    def _no_table(self, model: Model, node: Any, name: str) -> ManifestError:
        known = [*self.models, *self._outer]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [other for other in known if other.endswith(f".{name}")]
        hint = f", did you mean {close[0]!r}?" if close else ""
        return ManifestError(f"there is no table {name!r}{hint}", where=place_of(model, node))

    def _sorted(self) -> list[str]:
        order: list[str] = []
        path: list[str] = []

        def visit(table: str) -> None:
            if table in order or table not in self.models:
                return
            if table in path:
                circle = " -> ".join([*path[path.index(table) :], table])
                raise ManifestError(f"models read each other in a circle: {circle}", where=f"{self.models[table].path}:1")
            path.append(table)
            for name in self._reads[table]:
                visit(name)
            order.append(path.pop())

        for table in sorted(self.models):
            visit(table)
        return order


def _parse(model: Model) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [statement for statement in sqlglot.parse(model.sql, dialect="duckdb") if statement is not None]
    except SqlglotError as error:
        details: Mapping[str, Any] = (getattr(error, "errors", None) or [{}])[0]
        line = model.sql_line + int(details.get("line") or 1) - 1
        near = f" near {details['highlight']!r}" if details.get("highlight") else ""
        raise ManifestError(
            f"not valid SQL{near}: {details.get('description') or 'it cannot be parsed'}", where=f"{model.path}:{line}"
        ) from None
    _check_parentheses(model)
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise ManifestError("a model is one SELECT, with CTEs in front", where=f"{model.path}:{model.sql_line}")
    return statements[0]


def _check_parentheses(model: Model) -> None:
    """The parser forgives a parenthesis that is missing after CAST; engines do not."""
    text = _NOT_CODE.sub("", model.sql)
    if text.count("(") != text.count(")"):
        what = f"not valid SQL: {text.count('(')} opening and {text.count(')')} closing parentheses"
        raise ManifestError(what, where=f"{model.path}:{model.sql_line}")


def _ctes_of(query: exp.Select) -> set[str]:
    from sqlglot import exp

    return {cte.alias.lower() for cte in query.find_all(exp.CTE)}
