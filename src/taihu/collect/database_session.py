"""A login at a database: read-only, one consistent view for each source, rows in batches of text.

Each kind of database is one module with one class; which one is asked for by the account's ``kind:``.
"""

from __future__ import annotations

import datetime as dt
import importlib
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from taihu.collect.database_dialect import Dialect
from taihu.collect.hosts import is_this_machine
from taihu.core.errors import ManifestError

if TYPE_CHECKING:
    import pyarrow as pa

APPLICATION = "taihu"
CONNECT_SECONDS = 30
BATCH_ROWS = 65_536

KINDS = {
    "sqlite": "taihu.collect.database_sqlite:SQLiteSession",
    "postgresql": "taihu.collect.database_postgresql:PostgreSQLSession",
    "mysql": "taihu.collect.database_mysql:MySQLSession",
    "sqlserver": "taihu.collect.database_sqlserver:SQLServerSession",
    "oracle": "taihu.collect.database_oracle:OracleSession",
}


@dataclass(frozen=True, slots=True)
class Login:
    """Where a database is and who comes.

    Attributes:
        account: Name of the account, for messages.
        root: The project's folder, where relative paths start.
        authority: Certificate of the authority that vouches for the server; None for the public ones.
        seconds: A statement that takes longer is given up.
    """

    account: str
    root: Path
    host: str
    port: int | None
    database: str
    user: str
    password: str = field(repr=False)
    tls: bool
    authority: Path | None
    seconds: int

    @property
    def where(self) -> str:
        return f"account {self.account}"

    def require_server(self) -> None:
        """A host, a database and encryption, unless the server is on this machine.

        Raises:
            ManifestError: One of them is missing.
        """
        if not self.host or not self.database:
            raise ManifestError("the account names no host or no database", where=self.where, fix="add host: and database: to it")
        if not self.tls and not is_this_machine(self.host):
            raise ManifestError(
                "a database on another machine is only asked over an encrypted connection",
                where=self.where,
                fix="remove tls: false; authority: names the certificate of a server that has its own",
            )


class Session(ABC):
    """An open login."""

    dialect: ClassVar[Dialect]

    @abstractmethod
    def __init__(self, login: Login) -> None:
        """Log in.

        Raises:
            AccessRefused: The server knows us not, or not with this password.
            TransientError: The server cannot be reached.
        """

    @abstractmethod
    def begin(self) -> None:
        """Begin a view in which nothing changes while a source is read, where the server has such a thing."""

    @abstractmethod
    def end(self) -> None:
        """End the view; nothing was changed."""

    @abstractmethod
    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        """The rows of a query while they come; every column is text, the first batch comes also without rows.

        Raises:
            TransientError: The connection broke.
            TerminalError: The server refuses the query.
        """

    @abstractmethod
    def may_write(self) -> bool:
        """Whether the login could change anything in this database (it is never tried)."""

    @abstractmethod
    def close(self) -> None:
        """Log out."""

    def value(self, query: str) -> str | None:
        """The first value of a query's first row."""
        found = [column for batch in self.batches(query) for column in batch.column(0).to_pylist()]
        return None if not found else found[0]


def open_session(kind: str, login: Login) -> Session:
    """A new session.

    Raises:
        ManifestError: The kind is not known, or its driver is not installed.
    """
    if kind not in KINDS:
        raise ManifestError(f"there is no database of kind {kind!r}", where=login.where, fix=f"known kinds: {', '.join(KINDS)}")
    module, _, name = KINDS[kind].partition(":")
    session: type[Session] = getattr(importlib.import_module(module), name)
    try:
        return session(login)
    except ModuleNotFoundError as error:
        raise ManifestError(
            f"the driver for {kind} is not installed ({error.name})", where=login.where, fix=f"pip install 'taihu[{kind}]'"
        ) from None


def first_line(error: BaseException) -> str:
    """What a driver said, short; the first line has the reason, what follows repeats the query."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:300] if lines else type(error).__name__


def plain_text(value: Any) -> str | None:
    """A value that a driver gave, as exact text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text_of_bytes(bytes(value))
    return str(value)


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()


def text_batches(cursor: Any, *, texts: bool = False) -> Iterator[pa.RecordBatch]:
    """Rows of an executed DB-API cursor as batches of text.

    Args:
        texts: The driver gives nothing but texts and None.
    """
    import pyarrow as pa

    names = [column[0] for column in cursor.description]
    schema = pa.schema([(name, pa.string()) for name in names])
    is_first = True
    while rows := cursor.fetchmany(BATCH_ROWS):
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(column if texts else [plain_text(value) for value in column], pa.string()) for column in columns]
        yield pa.record_batch(arrays, schema=schema)
        is_first = False
    if is_first:
        yield pa.RecordBatch.from_pylist([], schema=schema)
