"""The embedded engine: DuckDB in this process, without extensions and without a database file.

Tables live in the lake; DuckDB only sees them as views over Parquet files or Arrow data, so the engine stays replaceable and a
crash leaves nothing of it behind. Only calls that exist in DuckDB 1.5 and 2.x are used.
"""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import TerminalError
from taihu.engine.types import quoted, split_name, sql_type, text_literal

if TYPE_CHECKING:
    import pyarrow as pa


class DuckDBEngine:
    """One in-memory DuckDB connection; calls from several threads take turns.

    Args:
        memory_limit: Most memory that DuckDB itself takes; larger work spills to ``temp_directory``.
        threads: Number of DuckDB's worker threads.
        temp_directory: Where it spills; without one, a query that does not fit in memory fails.
        small: All of the data was small when the engine was started. A query that gives Arrow data is then bound once instead of
            twice, which saves a third of a short one's time (2.9 for 4.2 ms) and holds the result twice for a moment.
    """

    def __init__(self, memory_limit: str = "400MB", threads: int = 2, *, temp_directory: str | None = None, small: bool = False) -> None:
        import duckdb

        # That second copy is meant, here and where rows become Python values.
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
        self._is_small = small
        settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": temp_directory or "",
        }
        self._error: type[Exception] = duckdb.Error
        self._binder_error: type[Exception] = duckdb.BinderException
        # Their messages name columns and tables; other messages may quote values, which must not reach logs.
        self._about_names = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
        self._version = "duckdb" + str(duckdb.__version__).split(".", maxsplit=1)[0]
        self._scratch = itertools.count(1)
        self._start(duckdb.connect(":memory:", config=settings), "")

    def _start(self, connection: Any, catalog: str) -> None:
        self._lock = threading.RLock()
        self._connection = connection
        self._catalog = catalog
        self._arrow: dict[str, pa.Schema] = {}
        self._schemas: set[str] = set()
        self._views: set[str] = set()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")

    def view_files(self, table: str, files: Sequence[str], schema: pa.Schema) -> None:
        """Offer the rows of Parquet files as ``table``; columns that a file lacks are null.

        Columns whose value stands in the path (``/_month=2026-09/``) are read from there.
        """
        if files:
            self._view_of_files(table, files, schema)
        else:
            self.register(table, schema.empty_table())

    def _view_of_files(self, table: str, files: Sequence[str], schema: pa.Schema) -> None:
        paths = ", ".join(text_literal(_glob_escaped(path)) for path in files)
        hive = any(f"/{name}=" in files[0] for name in schema.names)
        options = f"union_by_name = true, hive_partitioning = {str(hive).lower()}"
        if hive:
            options += ", hive_types_autocast = false"
        source = f"read_parquet([{paths}], {options})"
        columns = ", ".join(f"CAST({quoted(f.name)} AS {sql_type(f.type)}) AS {quoted(f.name)}" for f in schema)
        with self._lock:
            try:
                self._create(table, f"SELECT {columns} FROM {source}")
            except TerminalError as error:
                if not isinstance(error.__context__, self._binder_error):
                    raise
                # A column younger than all of these files: an empty relation in front lends its name and type.
                lent = ", ".join(f"CAST(NULL AS {sql_type(f.type)}) AS {quoted(f.name)}" for f in schema)
                self._create(table, f"SELECT {columns} FROM (SELECT {lent} WHERE false UNION ALL BY NAME SELECT * FROM {source})")
            self._release_arrow(table)

    def register(self, table: str, data: pa.Table) -> None:
        """Offer Arrow data as ``table``; it is read in place, not copied."""
        with self._lock:
            self._connection.register(_arrow_name(table), data)
            if self._arrow.get(table) != data.schema:  # else the view that is there shows the new rows
                self._create(table, f"SELECT * FROM {quoted(_arrow_name(table))}")
                self._arrow[table] = data.schema

    def view(self, table: str, sql: str) -> None:
        """Offer the result of a query as ``table``, computed when it is read."""
        with self._lock:
            self._create(table, sql)
            self._release_arrow(table)

    def drop(self, table: str) -> None:
        """Forget ``table``; nothing happens if it is not known."""
        with self._lock:
            if table in self._views:
                self._run(f"DROP VIEW IF EXISTS {_table(table)}", ())
                self._views.discard(table)
            self._release_arrow(table)

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The result of a query as Arrow data. Sums of integers should be cast: Arrow has no 128-bit integers."""
        with self._lock:
            try:
                if self._is_small:
                    return _arrow(self._connection.execute(sql, list(params)))
                return _arrow(self._connection.sql(sql, params=list(params)))
            except self._error as error:
                raise self._translated(error) from None

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The result of a query as Python values."""
        with self._lock:
            try:
                result = self._connection.execute(sql, list(params))
                if any("TIME ZONE" in str(column[1]) for column in result.description or ()):
                    # Fetched one by one, instants would need a further library (pytz); Arrow makes them aware by itself.
                    return list(zip(*(column.to_pylist() for column in _arrow(result).columns), strict=True))
                found: list[tuple[Any, ...]] = result.fetchall()
                return found
            except self._error as error:
                raise self._translated(error) from None

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement whose result is not wanted."""
        with self._lock:
            self._run(sql, params)

    def content_stamp(self, sql_or_table: str) -> str:
        """A stamp of names, types and rows that does not depend on the order of the rows.

        Equal stamps mean equal content as long as one engine and major version is asked: they are for finding out what changed,
        not for keeping. Two sums of differently salted 64-bit row hashes make an accidental match practically impossible.
        """
        source = f"({sql_or_table})" if " " in sql_or_table.strip() else _table(sql_or_table)
        with self._lock:
            described = self.rows(f"DESCRIBE SELECT * FROM {source}")
            names = [str(row[0]) for row in described]
            columns = ", ".join(quoted(name) for name in sorted(names)) or "1"
            sums = self.rows(
                f"SELECT count(*), sum(CAST(hash({columns}) AS HUGEINT)), sum(CAST(hash('salt', {columns}) AS HUGEINT)) FROM {source}"
            )[0]
        from taihu.core.ids import derived_id

        types = sorted((str(row[0]), str(row[1])) for row in described)
        return derived_id("content", self._version, types, *(str(value) for value in sums), length=32)

    def fresh(self) -> DuckDBEngine:
        """An engine without tables that shares this one's memory and threads; its caller closes it first."""
        with self._lock:
            catalog = f"scratch_{next(self._scratch)}"
            connection = self._connection.cursor()
            connection.execute(f"ATTACH ':memory:' AS {catalog}")
            connection.execute(f"USE {catalog}")
        other = object.__new__(DuckDBEngine)
        other._error, other._binder_error, other._about_names = self._error, self._binder_error, self._about_names
        other._version, other._scratch, other._is_small = self._version, self._scratch, self._is_small
        other._start(connection, catalog)
        return other

    def close(self) -> None:
        """Give back memory and temporary files."""
        with self._lock:
            if self._catalog:
                self._connection.execute("USE memory")
                self._connection.execute(f"DETACH {self._catalog}")
            self._connection.close()

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, sql: str, params: Sequence[Any]) -> Any:
        try:
            return self._connection.execute(sql, list(params))
        except self._error as error:
            raise self._translated(error) from None

    def _translated(self, error: Exception) -> TerminalError:
        if isinstance(error, self._about_names):
            return TerminalError(str(error).split("\n\n")[0].strip())
        kind = type(error).__name__.removesuffix("Exception")
        fix = "raise the engine's memory limit" if kind == "OutOfMemory" else "look for values that do not fit the types of the statement"
        return TerminalError(f"the engine stopped with a {kind} error", fix=fix)

    def _create(self, table: str, sql: str) -> None:
        schema, _ = split_name(table)
        if schema not in self._schemas:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            self._schemas.add(schema)
        self._run(f"CREATE OR REPLACE VIEW {_table(table)} AS {sql}", ())
        self._views.add(table)

    def _release_arrow(self, table: str) -> None:
        if self._arrow.pop(table, None) is not None:
            self._connection.unregister(_arrow_name(table))


def _arrow_name(table: str) -> str:
    schema, name = split_name(table)
    return f"_arrow_{schema}_{name}"


def _arrow(relation: Any) -> pa.Table:
    table: pa.Table = relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.fetch_arrow_table()
    return table


def _table(table: str) -> str:
    schema, name = split_name(table)
    return f"{quoted(schema)}.{quoted(name)}"


def _glob_escaped(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
