"""MySQL and MariaDB through PyMySQL: the wire has texts, and they are taken as they are."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taihu.collect.database_dialect import MYSQL
from taihu.collect.database_session import APPLICATION, CONNECT_SECONDS, Login, Session, first_line, text_batches
from taihu.core.errors import AccessRefused, TerminalError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa

_REFUSED = frozenset({1044, 1045, 1049, 1130, 1142, 1143, 1227, 1698, 1862, 3118, 3159, 4151})
_PASSES = frozenset({1040, 1053, 1077, 1079, 1203, 1205, 1213, 1226, 1317, 1927, 1969, 2002, 2003, 2006, 2013, 2014, 2055, 3024})
_SILENT_SECONDS = 300
_READING = ("SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "LOCK TABLES", "REPLICATION", "BINLOG", "EXECUTE")


class MySQLSession(Session):
    """One connection; each view is ``START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY``."""

    dialect = MYSQL

    def __init__(self, login: Login) -> None:
        import pymysql

        login.require_server()
        self._where = login.where
        try:
            self._connection: Any = pymysql.connect(
                host=login.host,
                port=login.port or 3306,
                user=login.user,
                password=login.password,
                database=login.database,
                charset="utf8mb4",
                autocommit=True,
                conv={},
                program_name=APPLICATION,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=_SILENT_SECONDS,
                ssl=_tls(login) if login.tls else None,
                ssl_disabled=not login.tls,
            )
        except (pymysql.Error, OSError) as error:
            raise _no_connection(error, login) from None
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._run("SET SESSION time_zone = '+00:00'")
        try:
            self._run(f"SET SESSION max_statement_time = {login.seconds}")
        except TerminalError:  # MySQL's name, and its milliseconds
            self._run(f"SET SESSION max_execution_time = {login.seconds * 1000}")

    def begin(self) -> None:
        self._run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def end(self) -> None:
        self._run("ROLLBACK")

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        from pymysql.cursors import SSCursor

        with self._told(), self._connection.cursor(SSCursor) as cursor:
            cursor.execute(query)
            yield from text_batches(cursor)

    def may_write(self) -> bool:
        grants = [text for batch in self.batches("SHOW GRANTS") for text in batch.column(0).to_pylist()]
        return any(_writes(grant) for grant in grants)

    def close(self) -> None:
        # A result that was not read to its end must not be waited for.
        self._connection._force_close()

    def _run(self, statement: str) -> None:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's errors as ours, by the server's error numbers."""
        import pymysql

        try:
            yield
        except (pymysql.Error, OSError) as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            broken = isinstance(error, (OSError, pymysql.err.InterfaceError)) or number in _PASSES
            kind = TransientError if broken else TerminalError
            said = str(error.args[1]) if len(error.args) > 1 else first_line(error)
            raise kind(f"the database answered: {said[:300]}", where=self._where, fix="check query: and columns: of the source") from None


def _writes(grant: str) -> bool:
    """Whether a line of SHOW GRANTS allows more than reading."""
    rights = grant.upper().removeprefix("GRANT ").partition(" ON ")[0]
    return any(not right.strip().startswith(_READING) for right in rights.split(","))


def _tls(login: Login) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(login.authority) if login.authority else None)


def _no_connection(error: BaseException, login: Login) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "doesn't support SSL" in str(cause):
            return TerminalError(
                "no encrypted connection to the database could be made",
                where=login.where,
                fix="name the server's authority: in the account",
            )
        cause = cause.__cause__ or cause.__context__
    if error.args and error.args[0] in _REFUSED:
        return AccessRefused("the database server refused the login", where=login.where, fix="check user:, password: and database:")
    return TransientError("the database server cannot be reached", where=login.where, fix="check host: and port: of the account")
