"""Oracle through oracledb in its thin mode. Its SQL is tested as text; no server was at hand."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.database_dialect import ORACLE
from taihu.collect.database_session import APPLICATION, BATCH_ROWS, CONNECT_SECONDS, Login, Session, first_line, text_batches
from taihu.core.errors import AccessRefused, TerminalError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa

# Wrong name or password, locked, expired, no right to log in, unknown service.
_REFUSED = ("ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "DPY-6001", "DPY-4001", "ORA-12514")
# Connections lost or not to be had, lock timeouts, a snapshot that became too old.
_PASSES = ("DPY-4011", "DPY-6005", "DPY-4024", "ORA-03113", "ORA-03114", "ORA-12541", "ORA-12170", "ORA-01555", "ORA-30006", "ORA-01033")
MAY_WRITE = (
    "SELECT TO_CHAR((SELECT COUNT(*) FROM session_privs WHERE privilege IN ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE'))"
    " + (SELECT COUNT(*) FROM user_tables)"
    " + (SELECT COUNT(*) FROM user_tab_privs_recd WHERE privilege IN ('INSERT', 'UPDATE', 'DELETE'))) AS may_write FROM dual"
)


class OracleSession(Session):
    """One connection; each view is ``SET TRANSACTION READ ONLY``."""

    dialect = ORACLE

    def __init__(self, login: Login) -> None:
        import oracledb

        login.require_server()
        self._where = login.where
        context = ssl.create_default_context(cafile=str(login.authority) if login.authority else None) if login.tls else None
        try:
            self._connection: Any = oracledb.connect(
                user=login.user,
                password=login.password,
                host=login.host,
                port=login.port or (2484 if login.tls else 1521),
                service_name=login.database,
                protocol="tcps" if login.tls else "tcp",
                ssl_context=context,
                program=APPLICATION,
                tcp_connect_timeout=float(CONNECT_SECONDS),
            )
        except (oracledb.Error, OSError) as error:
            if any(code in str(error) for code in _REFUSED):
                fix = "check user:, password: and database: (the service's name)"
                raise AccessRefused("the database server refused the login", where=login.where, fix=fix) from None
            fix = "check host: and port: of the account"
            raise TransientError("the database server cannot be reached", where=login.where, fix=fix) from None
        self._connection.module = APPLICATION
        self._connection.call_timeout = login.seconds * 1000
        self._run("ALTER SESSION SET TIME_ZONE = '+00:00'")

    def begin(self) -> None:
        self.end()
        self._run("SET TRANSACTION READ ONLY")

    def end(self) -> None:
        with self._told():
            self._connection.rollback()

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        with self._told(), self._connection.cursor() as cursor:
            cursor.arraysize = cursor.prefetchrows = min(BATCH_ROWS, 10_000)
            cursor.outputtypehandler = _exact
            cursor.execute(query)
            yield from text_batches(cursor)

    def may_write(self) -> bool:
        return self.value(MAY_WRITE) not in (None, "0")

    def close(self) -> None:
        with suppress(Exception):  # what is broken already is closed
            self._connection.close()

    def _run(self, statement: str) -> None:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _told(self) -> Iterator[None]:
        import oracledb

        try:
            yield
        except (oracledb.Error, OSError) as error:
            kind = TransientError if isinstance(error, OSError) or any(code in str(error) for code in _PASSES) else TerminalError
            raise kind(
                f"the database answered: {first_line(error)}", where=self._where, fix="check query: and columns: of the source"
            ) from None


def _exact(cursor: Any, metadata: Any) -> Any:
    """Numbers as decimals and long texts as texts."""
    import decimal

    import oracledb

    if metadata.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(decimal.Decimal, arraysize=cursor.arraysize)
    if metadata.type_code in (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB):
        return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
    return None
