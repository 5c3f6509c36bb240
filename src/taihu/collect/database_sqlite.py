"""SQLite through ADBC: a file of the project or beside it, opened read-only."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.database_dialect import SQLITE
from taihu.collect.database_session import BATCH_ROWS, Login, Session, first_line
from taihu.core.errors import NotFound, TerminalError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa


class SQLiteSession(Session):
    """One open file."""

    dialect = SQLITE

    def __init__(self, login: Login) -> None:
        import adbc_driver_sqlite
        from adbc_driver_manager import AdbcConnection

        path = login.root / login.database
        if not login.database or not path.is_file():
            raise NotFound("the database file is not there", where=str(login.database), fix="correct database: of the account")
        self._name = path.name
        self._database: Any = adbc_driver_sqlite.connect(f"{path.resolve().as_uri()}?mode=ro")
        with self._told():
            self._connection: Any = AdbcConnection(self._database)
            self._connection.set_autocommit(False)

    def begin(self) -> None:
        self.end()

    def end(self) -> None:
        """The driver is always in a transaction; the next read begins a new view."""
        with self._told():
            self._connection.rollback()

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        """The driver takes a column's type from its first batch; one that has no value there would lose all that follow.

        Then the query is asked again with a mark before each text, so that no value is null.
        """
        import pyarrow as pa

        with self._told():
            with self._answer(query) as reader:
                first = next(iter(reader), None)
                if first is None or first.num_rows < BATCH_ROWS or all(pa.types.is_string(field.type) for field in reader.schema):
                    yield _as_texts(first if first is not None else pa.RecordBatch.from_pylist([], schema=reader.schema))
                    yield from map(_as_texts, reader)
                    return
                names = list(reader.schema.names)
            with self._answer(_marked(query, names)) as reader:
                yield from map(_unmarked, reader)

    @contextmanager
    def _answer(self, query: str) -> Iterator[pa.RecordBatchReader]:
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        with AdbcStatement(self._connection) as statement:
            statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
            statement.set_sql_query(query)
            handle, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(handle.address) as reader:
                yield reader

    def may_write(self) -> bool:
        return False

    def close(self) -> None:
        for each in (self._connection, self._database):
            with suppress(Exception):  # what is broken already is closed
                each.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's errors as ours."""
        import pyarrow as pa
        from adbc_driver_manager import Error, OperationalError

        fix = "check query: and columns: of the source"
        try:
            yield
        except (Error, pa.ArrowException, OSError) as error:
            kind = TransientError if isinstance(error, OperationalError) or "locked" in str(error) else TerminalError
            raise kind(f"the database answered: {first_line(error)}", where=self._name, fix=fix) from None


def _marked(query: str, names: list[str]) -> str:
    quoted = [SQLITE.quoted(name) for name in names]
    chosen = [f"CASE WHEN {each} IS NULL THEN '' ELSE '=' || {each} END AS {each}" for each in quoted]
    return f"SELECT {', '.join(chosen)} FROM ({query})"


def _unmarked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Texts without the mark in front; the empty text stands for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(None, pa.string())
    columns = [pc.if_else(pc.equal(column, ""), nothing, pc.utf8_slice_codeunits(column, 1)) for column in batch.columns]
    return pa.record_batch(columns, names=batch.schema.names)


def _as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with columns that have no value at all as texts too."""
    import pyarrow as pa

    return pa.record_batch([column.cast(pa.string()) for column in batch.columns], names=batch.schema.names)
