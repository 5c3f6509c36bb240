"""PostgreSQL through ADBC, which reads with COPY: fast, and in batches."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.database_dialect import POSTGRESQL
from taihu.collect.database_session import APPLICATION, CONNECT_SECONDS, Login, Session, first_line
from taihu.core.errors import AccessRefused, TerminalError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_BYTES = 1 << 19
# What the client library says, in English whatever the server speaks. All else comes from a server that does not let us in.
_UNREACHABLE = (
    "could not translate host name", "connection refused", "timeout expired", "timed out", "no route to host", "network is unreachable",
    "server closed the connection", "connection reset", "could not receive data", "could not send", "ssl syscall error", "eof detected",
    "starting up", "shutting down", "too many connections", "too many clients", "remaining connection slots", "recovery mode",
    "unexpected eof", "invalid response", "expected authentication request", "not connected", "canceling statement due to",
    "terminating connection",
)  # fmt: skip
_TLS_REFUSED = ("certificate", "does not support ssl", "ssl error")
_MAY_WRITE = """
SELECT CAST(COALESCE(bool_or(has_table_privilege(c.oid, 'INSERT') OR has_table_privilege(c.oid, 'UPDATE')
  OR has_table_privilege(c.oid, 'DELETE')), false) AS TEXT) AS may_write
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
"""


class PostgreSQLSession(Session):
    """One connection whose transactions are all ``REPEATABLE READ READ ONLY``."""

    dialect = POSTGRESQL

    def __init__(self, login: Login) -> None:
        import adbc_driver_postgresql
        from adbc_driver_manager import AdbcConnection, Error

        login.require_server()
        self._where = login.where
        try:
            self._database: Any = adbc_driver_postgresql.connect(_address(login))
            self._connection: Any = AdbcConnection(self._database)
            self._connection.set_autocommit(False)
        except Error as error:
            raise _refused(error, login) from None

    def begin(self) -> None:
        self.end()

    def end(self) -> None:
        """The driver is always in a transaction; the next query begins a new view."""
        with self._told():
            self._connection.rollback()

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        with self._told(), AdbcStatement(self._connection) as statement:
            statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            statement.set_sql_query(query)
            handle, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(handle.address) as reader:
                is_empty = True
                for batch in reader:
                    is_empty = False
                    yield batch
                if is_empty:
                    yield pa.RecordBatch.from_pylist([], schema=reader.schema)

    def may_write(self) -> bool:
        return self.value(_MAY_WRITE) == "true"

    def close(self) -> None:
        for each in (self._connection, self._database):
            with suppress(Exception):  # what is broken already is closed
                each.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's errors as ours: a broken connection passes, what the server says about the query does not."""
        import pyarrow as pa
        from adbc_driver_manager import Error

        try:
            yield
        except (Error, pa.ArrowException, OSError) as error:
            # Classes 08 (connection), 40 (serialisation), 53 (resources), 55 (locks) and 57 (shutdown, timeout) pass.
            state = getattr(error, "sqlstate", None) or ""
            passes = state[:2] in ("08", "40", "53", "55", "57") if state else any(each in str(error).lower() for each in _UNREACHABLE)
            kind = TransientError if passes else TerminalError
            raise kind(
                f"the database answered: {first_line(error)}", where=self._where, fix="check query: and columns: of the source"
            ) from None


def _address(login: Login) -> str:
    """The connection string of libpq."""
    settings = {
        "default_transaction_isolation": "repeatable\\ read",
        "default_transaction_read_only": "on",
        "statement_timeout": str(login.seconds * 1000),
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "standard_conforming_strings": "on",
    }
    parts = {
        "host": login.host,
        "port": str(login.port or 5432),
        "dbname": login.database,
        "user": login.user,
        "password": login.password,
        "application_name": APPLICATION,
        "connect_timeout": str(CONNECT_SECONDS),
        "keepalives_idle": "60",
        "client_encoding": "UTF8",
        "sslmode": "verify-full" if login.tls else "disable",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
    if login.tls:
        parts["sslrootcert"] = str(login.authority) if login.authority else "system"
    return " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _refused(error: BaseException, login: Login) -> Exception:
    """Why there is no connection. A refusal is recognised by what it is not, because servers speak their own language."""
    said = str(error).lower()
    if any(each in said for each in _UNREACHABLE):
        return TransientError("the database server cannot be reached", where=login.where, fix="check host: and port: of the account")
    if any(each in said for each in _TLS_REFUSED):
        return TerminalError(
            "no encrypted connection to the database could be made", where=login.where, fix="name the server's authority: in the account"
        )
    return AccessRefused(
        "the database server refused the login", where=login.where, fix="check user:, password: and database: of the account"
    )
