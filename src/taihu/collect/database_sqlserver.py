"""SQL Server through pymssql. Its SQL is tested as text; no server was at hand."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.database_dialect import SQLSERVER
from taihu.collect.database_session import APPLICATION, CONNECT_SECONDS, Login, Session, first_line, text_batches
from taihu.core.errors import AccessRefused, TerminalError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa

# Login failed, database cannot be opened, password expired or must be changed, account locked or disabled.
_REFUSED = ("18456", "18452", "4060", "18487", "18488", "18486", "18470")
# Deadlock victim, lock timeout, resources, failover, broken connection.
_PASSES = ("1205", "1222", "701", "8645", "10928", "10929", "40197", "40501", "40613", "20003", "20004", "20006", "20047")
_SNAPSHOT = "SELECT CAST(snapshot_isolation_state AS varchar(1)) AS state FROM sys.databases WHERE database_id = DB_ID()"
MAY_WRITE = (
    "SELECT CAST(MAX(HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(t.name), 'OBJECT', p.name)) AS varchar(1)) AS may_write"
    " FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id"
    " CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE')) AS p(name)"
)


class SQLServerSession(Session):
    """One connection; views are SNAPSHOT where the database allows it, else READ COMMITTED, which never blocks the ERP for long."""

    dialect = SQLSERVER

    def __init__(self, login: Login) -> None:
        import pymssql

        login.require_server()
        self._where = login.where
        try:
            self._connection: Any = pymssql.connect(
                server=login.host,
                port=str(login.port or 1433),
                user=login.user,
                password=login.password,
                database=login.database,
                timeout=login.seconds,
                login_timeout=CONNECT_SECONDS,
                appname=APPLICATION,
                read_only=True,
                encryption="require" if login.tls else "off",
                use_datetime2=True,
                autocommit=True,
            )
        except pymssql.Error as error:
            if any(number in str(error) for number in _REFUSED):
                fix = "check user:, password: and database:"
                raise AccessRefused("the database server refused the login", where=login.where, fix=fix) from None
            fix = "check host: and port: of the account"
            raise TransientError("the database server cannot be reached", where=login.where, fix=fix) from None
        self._run("SET LOCK_TIMEOUT 60000")
        level = "SNAPSHOT" if self.value(_SNAPSHOT) == "1" else "READ COMMITTED"
        self._run(f"SET TRANSACTION ISOLATION LEVEL {level}")

    def begin(self) -> None:
        self.end()
        self._run("BEGIN TRANSACTION")

    def end(self) -> None:
        self._run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(query)
            yield from text_batches(cursor)

    def may_write(self) -> bool:
        return self.value(MAY_WRITE) == "1"

    def close(self) -> None:
        with suppress(Exception):  # what is broken already is closed
            self._connection.close()

    def _run(self, statement: str) -> None:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _told(self) -> Iterator[None]:
        import pymssql

        try:
            yield
        except (pymssql.Error, OSError) as error:
            number = str(error.args[0]) if error.args else ""
            kind = TransientError if isinstance(error, OSError) or any(each in number for each in _PASSES) else TerminalError
            raise kind(
                f"the database answered: {first_line(error)}", where=self._where, fix="check query: and columns: of the source"
            ) from None
