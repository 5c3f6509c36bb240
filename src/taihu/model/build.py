"""Building tables from models: only what changed, in the order of the graph, each in one commit.

A table's stamp is that of its stored content, so a change is followed exactly as far as it reaches: a month that comes out the
same as before is not written, and what reads it is not built again. The ledger keeps for every partition a fingerprint
of what it was built from. The table is committed first and the fingerprint after it; a crash between the two costs one
rebuild that finds nothing to write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from taihu.core.errors import NotFound, TerminalError
from taihu.core.ids import canonical_json, derived_id
from taihu.engine.types import quoted, text_literal
from taihu.lake.tables import Tables
from taihu.manifest.tree import Model
from taihu.model.feeds import feed_sql
from taihu.model.graph import Graph
from taihu.model.inputs import MONTH, arrow_schema
from taihu.model.partitions import UNDATED, months_read, months_touched

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

# Tables of so many rows are read into memory once; larger ones are read from their files by every query.
_SMALL = 200_000

Status = Literal["built", "same", "planned", "held", "failed", "blocked"]

# The engine, the model, and the name under which its new rows can be queried; returns what is wrong with them, or "".
Checked = Callable[["Engine", Model, str], str]


class Stamps(Protocol):
    """The part of the ledger that a build uses."""

    def partition_stamps(self, table: str) -> dict[str, str]: ...

    def definition(self, table: str) -> str | None: ...

    def stamps_set(
        self, table: str, stamps: Mapping[str, str], *, version: int | None, definition: str = "", removed: Iterable[str] = ()
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Built:
    """What was done with one model, or why not. Models with nothing to do are not listed.

    Attributes:
        status: ``built``: a new version; ``same``: computed, nothing different came out; ``planned``: would be built; ``held``: a check
            of the model refused the new rows, the old ones stay; ``failed``: the statement could not be run; ``blocked``: it
            reads a table that was held or failed.
        partitions: Months that were computed; empty for tables without partitions.
        version: The table's version now; None if it does not exist.
        rows: Number of rows that were computed.
        reason: What had changed.
        problem: Why it was held, failed or blocked.
    """

    table: str
    status: Status
    partitions: tuple[str, ...] = ()
    version: int | None = None
    rows: int = 0
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Work:
    """What has to be computed: ``months`` None means everything."""

    months: tuple[str, ...] | None
    reason: str
    definition: str
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Content stamps of the input tables by partition, of whole tables, and which inputs are followed month by month."""

    stamps: Mapping[str, Mapping[str, str]]
    moving: Set[str]
    whole: Mapping[str, str]

    @property
    def fixed(self) -> dict[str, str]:
        return {name: stamp for name, stamp in self.whole.items() if name not in self.moving}


@dataclass(slots=True)
class _State:
    """What a build has learned so far."""

    stamps: dict[str, dict[str, str]] = field(default_factory=dict)
    views: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def build(
    graph: Graph,
    tables: Tables,
    engine: Engine,
    ledger: Stamps,
    *,
    only: Sequence[str] | None = None,
    plan_only: bool = False,
    progress: Callable[[str], None] | None = None,
    checked: Checked | None = None,
) -> list[Built]:
    """Bring the tables of all models up to date.

    Args:
        engine: Gives its settings; the work is done in a fresh engine, so tables that the caller has opened stay as they are.
        only: Build only these tables (their inputs are taken as they are).
        plan_only: Say what would be done; where a model would be built, what reads it counts as changed.
        progress: Called with each table's name before it is computed.
        checked: Called before new rows are written; see :class:`Built` for what happens if it finds something.
    """
    with closing(engine.fresh()) as own:
        builder = _Builder(graph, tables, own, ledger, checked)
        results = []
        for table in graph.order:
            if only is not None and table not in only:
                continue
            result = builder.plan(table) if plan_only else builder.make(table, progress)
            if result is not None:
                results.append(result)
        return results


class _Builder:
    def __init__(self, graph: Graph, tables: Tables, engine: Engine, ledger: Stamps, checked: Checked | None) -> None:
        self.graph = graph
        self.tables = tables
        self.engine = engine
        self.ledger = ledger
        self.checked = checked
        self.state = _State()

    def plan(self, table: str) -> Built | None:
        """What would be done; the stamps of its table are then unknown, which makes its readers look changed."""
        work = self._work(table)
        if work is None or work.months == ():
            return None
        months = self._fingerprints(table, self._inputs(table)) if work.months is None else work.months
        self.state.stamps[table] = {**self._stamps(table), **{month: "planned" for month in months}}
        return Built(table, "planned", work.months or (), self._version(table), 0, work.reason)

    def make(self, table: str, progress: Callable[[str], None] | None) -> Built | None:
        """Compute, check and write what changed."""
        bad = [name for name in self.graph.inputs(table) if name in self.state.broken]
        if bad:
            self.state.broken[table] = f"it reads {bad[0]}"
            return Built(table, "blocked", (), self._version(table), 0, "", f"it reads {', '.join(bad)}")
        work = self._work(table)
        if work is None:
            return None
        if work.months == ():
            # Months that had no rows and have no input any more: there is nothing to compute, only to forget.
            self.ledger.stamps_set(table, {}, version=None, removed=work.removed)
            return None
        if progress:
            progress(table)
        months = work.months or ()
        try:
            rows = self._computed(table, work)
            problem = self.checked(self.engine, self.graph.model(table), "build.rows") if self.checked else ""
        except TerminalError as error:
            self.state.broken[table] = error.what
            return Built(table, "failed", months, self._version(table), 0, work.reason, f"{self.graph.model(table).path}: {error}")
        finally:
            self.engine.drop("build.rows")
        if problem:
            self.state.broken[table] = problem
            return Built(table, "held", months, self._version(table), rows.num_rows, work.reason, problem)
        before = self._version(table)
        version = self._written(table, rows, work)
        self.state.stamps.pop(table, None)
        self._remember(table, version, work)
        return Built(table, "same" if version == before else "built", months, version, rows.num_rows, work.reason)

    def _remember(self, table: str, version: int, work: _Work) -> None:
        """Tell the ledger what the computed partitions were built from.

        It is found out again, because a build can make months (those that only a table without months gives rows to) and end
        others (those that have no rows and no input any more).
        """
        after = self._fingerprints(table, self._inputs(table))
        known = set(self.ledger.partition_stamps(table))
        stamps = {month: stamp for month, stamp in after.items() if work.months is None or month in work.months}
        self.ledger.stamps_set(table, stamps, version=version, definition=work.definition, removed=sorted(known - set(after)))

    # what has changed

    def _work(self, table: str) -> _Work | None:
        inputs = self._inputs(table)
        known = _read_definition(self.ledger.definition(table))
        text = canonical_json({"definition": self.graph.definitions[table], "inputs": inputs.whole})
        stored = self.ledger.partition_stamps(table)
        stamps = self._fingerprints(table, inputs)
        removed = tuple(sorted(set(stored) - set(stamps)))
        reason = self._reason_for_all(table, known, inputs)
        changed = _changed(_different(known.get("inputs", {}), inputs.whole))
        stale = tuple(month for month, stamp in stamps.items() if stored.get(month) != stamp)
        if reason or (stale and not self.graph.is_partitioned(table)):
            return _Work(None, reason or changed, text)
        return _Work(stale, changed, text, removed) if stale or removed else None

    def _inputs(self, table: str) -> _Inputs:
        stamps = {name: self._stamps(name) for name in self.graph.inputs(table)}
        moving = {name for name in stamps if self.graph.is_partitioned(table) and self._is_by_month(name)}
        return _Inputs(stamps, moving, {name: derived_id("table", sorted(parts.items())) for name, parts in stamps.items()})

    def _reason_for_all(self, table: str, known: Mapping[str, Any], inputs: _Inputs) -> str:
        """Why the whole table has to be computed, or ''."""
        if not self.tables.exists(table):
            return "the table is new"
        if known.get("definition") != self.graph.definitions[table]:
            return "the definition changed"
        by = MONTH if self.graph.is_partitioned(table) else None
        if self.tables.partition_column(table) != by:
            return "the table is partitioned in another way"
        before = {name: stamp for name, stamp in known.get("inputs", {}).items() if name in inputs.fixed}
        changed = _different(before, inputs.fixed)
        return _changed(changed) if changed and by else ""

    def _fingerprints(self, table: str, inputs: _Inputs) -> dict[str, str]:
        """For each month that the table has or could have ('' without months), a fingerprint of all that its rows are made of."""
        definition = self.graph.definitions[table]
        if not self.graph.is_partitioned(table):
            return {"": derived_id("built from", definition, inputs.whole)}
        lookback = self.graph.model(table).header.lookback_days
        months = months_touched({month for name in inputs.moving for month in inputs.stamps[name]}, lookback)
        result = {}
        for month in sorted(months | set(self._stamps(table))):
            window = set(months_read(month, lookback))
            read = {name: {part: stamp for part, stamp in inputs.stamps[name].items() if part in window} for name in sorted(inputs.moving)}
            result[month] = derived_id("built from", definition, inputs.fixed, read)
        return result

    def _stamps(self, table: str) -> dict[str, str]:
        if table not in self.state.stamps:
            self.state.stamps[table] = self.tables.stamps(table) if self.tables.exists(table) else {}
        return self.state.stamps[table]

    def _is_by_month(self, table: str) -> bool:
        if self.tables.exists(table):
            return self.tables.partition_column(table) == MONTH
        return self.graph.is_partitioned(table) or MONTH in self.graph.types(table)

    def _version(self, table: str) -> int | None:
        return self.tables.version(table) if self.tables.exists(table) else None

    # computing and writing

    def _computed(self, table: str, work: _Work) -> pa.Table:
        """The new rows, also offered to the checks as ``build.rows``."""
        model = self.graph.model(table)
        months: set[str] | None = None
        if work.months is not None:
            months = {part for month in work.months for part in months_read(month, model.header.lookback_days)}
        for name in self.graph.inputs(table):
            self._offer(name, months)
        for feed in self.graph.feeds(table):
            self.engine.view(f"feed.{feed}", feed_sql(self.graph.tree, feed))
        rows = self.engine.query(_statement(model, list(self.graph.types(table)), work.months))
        self.engine.register("build.rows", rows)
        return rows

    def _offer(self, table: str, months: set[str] | None) -> None:
        """Open an input; of one that is kept by month, only the months that are read."""
        if not self.tables.exists(table):
            types = self.graph.types(table)
            if not types:
                raise NotFound(f"there is no table {table}", fix="taihu run writes the ops tables before models are built")
            if self.state.views.get(table) != ("empty",):
                self.engine.register(table, arrow_schema(types).empty_table())
                self.state.views[table] = ("empty",)
            return
        partitions = tuple(sorted(months)) if months is not None and self._is_by_month(table) else None
        key = (self.tables.version(table), partitions)
        if self.state.views.get(table) != key:
            schema = _with_missing(self.tables.schema(table), arrow_schema(self.graph.types(table)))
            if self.tables.row_count(table) <= _SMALL:
                self.engine.register(table, _in_schema(self.tables.read(table, partitions=partitions), schema))
            else:
                self.engine.view_files(table, self.tables.files(table, partitions=partitions), schema)
            self.state.views[table] = key

    def _written(self, table: str, rows: pa.Table, work: _Work) -> int:
        if not self.graph.is_partitioned(table):
            return self.tables.replace(table, rows)
        if work.months is None:
            return self.tables.replace(table, rows, by=MONTH)
        return self.tables.replace_partitions(table, rows, list(work.months), MONTH)


def _statement(model: Model, columns: Sequence[str], months: Sequence[str] | None) -> str:
    """The model's own text, restricted to the wanted months, in an order that makes equal content equal files."""
    text = model.sql.rstrip().rstrip(";")
    order = ", ".join(quoted(name) for name in [*model.header.grain, *(name for name in columns if name not in model.header.grain)])
    by = model.header.partition_column
    if by is None:
        return f"SELECT * FROM (\n{text}\n) AS built ORDER BY {order}"
    month = f"COALESCE(strftime(built.{quoted(by)}, '%Y-%m'), {text_literal(UNDATED)})"
    where = f"WHERE {month} IN ({', '.join(text_literal(name) for name in months)})" if months is not None else ""
    return f"SELECT built.*, {month} AS {MONTH} FROM (\n{text}\n) AS built {where} ORDER BY {order}"


def _with_missing(stored: pa.Schema, declared: pa.Schema) -> pa.Schema:
    """The stored columns, followed by declared ones that the table does not have yet."""
    import pyarrow as pa

    return pa.schema([*stored, *(item for item in declared if item.name not in stored.names)])


def _in_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the columns that they lack, which are null."""
    import pyarrow as pa

    for item in schema:
        if item.name not in rows.schema.names:
            rows = rows.append_column(item, pa.nulls(rows.num_rows, item.type))
    return rows


def _read_definition(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _different(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _changed(names: Sequence[str]) -> str:
    return f"changed: {', '.join(names)}" if names else "built from something else than is there now"
