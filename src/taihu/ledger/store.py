"""One transaction a verb: opens the database, begins and commits, seals and opens columns.

SQLite is used in WAL mode with ``synchronous=FULL``: when a verb returns, what it wrote survives a power cut. The few verbs whose
loss costs nothing but work that is done again (leases, what models were built from, contacts without news) commit asynchronously:
the next other commit flushes them too, and a power cut before it takes them back whole, the newest first. A write begins with
``BEGIN IMMEDIATE`` (on PostgreSQL with an advisory lock), so two processes queue at the start of a transaction and never fail in
the middle of one.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from taihu.core.boundary import reached
from taihu.core.clock import Clock
from taihu.core.errors import DiskFull, IntegrityError, ManifestError, TransientError
from taihu.core.ids import canonical_json, derived_id
from taihu.ledger.place import local_or_refused
from taihu.ledger.process import Process, lives
from taihu.ledger.records import Sealer
from taihu.ledger.schema import VERSION, Tables, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

_CHUNK = 400
# Sealed values that are remembered opened, a kilobyte or two each.
_OPENED = 4096
_ADVISORY_LOCK = "SELECT pg_advisory_xact_lock(7401870512)"


class Store:
    """The database under the verbs; use :meth:`taihu.ledger.Ledger.open`."""

    def __init__(self, engine: Engine, *, sealer: Sealer, clock: Clock) -> None:
        self._engine = engine
        if engine.dialect.name == "sqlite":
            self._reader = engine.execution_options(taihu_begin=("BEGIN",))
            self._writer = engine.execution_options(taihu_begin=("PRAGMA synchronous=FULL", "BEGIN IMMEDIATE"))
            self._writer_asynchronous = engine.execution_options(taihu_begin=("PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE"))
        else:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")
            writes = engine.execution_options(isolation_level="READ COMMITTED")
            self._writer = writes.execution_options(taihu_begin=(_ADVISORY_LOCK,))
            self._writer_asynchronous = writes.execution_options(taihu_begin=("SET LOCAL synchronous_commit = off", _ADVISORY_LOCK))
        self._sealer = sealer
        self._clock = clock
        self._t: Tables = tables()
        self._lock = threading.RLock()
        self._open = threading.local()
        self._same: dict[tuple[str, str], bytes] = {}
        self._same_back: dict[tuple[str, bytes], str] = {}
        self._opened: dict[tuple[str, bytes], Any] = {}
        self._prepare()

    @classmethod
    def open(cls, url: str, *, sealer: Sealer, clock: Clock) -> Self:
        """Open the ledger, making it if it is not there.

        Args:
            url: SQLAlchemy address: ``sqlite:///path`` (a local disk) or ``postgresql://...``.
            sealer: Seals the columns that could name somebody.
            clock: The only source of time.

        Raises:
            ManifestError: The file lies on a network drive, or the ledger is of another version.
            IntegrityError: The ledger was sealed with another keyring.
        """
        return cls(_engine(url), sealer=sealer, clock=clock)

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the ledger's file; nothing if it is sound. For ``taihu doctor``."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self._read() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check")]
        return [] if found == ["ok"] else found

    @contextmanager
    def together(self, *, asynchronous: bool = False) -> Iterator[None]:
        """Join all verbs inside into one transaction: all of them happen, or none.

        Args:
            asynchronous: A power cut soon after may take it back; for what is then simply found out again.
        """
        with self._write(asynchronous=asynchronous):
            yield

    @contextmanager
    def _write(self, *, asynchronous: bool = False) -> Iterator[Connection]:
        """A transaction that writes; inside :meth:`together` it is the one that is open already."""
        current: Connection | None = getattr(self._open, "connection", None)
        if current is not None:
            # A verb that fails inside is undone alone, so that its caller may go on.
            with current.begin_nested():
                yield current
            return
        writer = self._writer_asynchronous if asynchronous else self._writer
        with self._lock, _translated(), writer.connect() as connection:
            self._open.connection = connection
            try:
                with connection.begin():
                    yield connection
                    reached("ledger.before_commit")
                reached("ledger.committed")
            finally:
                self._open.connection = None

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """A consistent view for reading; inside :meth:`together` it sees what was written there."""
        current: Connection | None = getattr(self._open, "connection", None)
        if current is not None:
            yield current
            return
        with _translated(), self._reader.connect() as connection:
            yield connection

    def _prepare(self) -> None:
        import sqlalchemy as sa

        mark, layout = self._sealer.fingerprint("ledger", "keyring"), _layout(self._t)
        about = self._t.about
        known: dict[str, str] = {}
        with self._read() as connection:
            if sa.inspect(connection).has_table("about"):
                known = {row.name: row.value for row in connection.execute(about.select())}
        if not known:
            with self._write() as connection:
                self._t.metadata.create_all(connection)
                rows = [{"name": "schema", "value": VERSION}, {"name": "keyring", "value": mark}, {"name": "layout", "value": layout}]
                self._put(connection, about, rows, keep=True)
                known = {row.name: row.value for row in connection.execute(about.select())}
        if known["schema"] != VERSION:
            raise ManifestError(
                f"the ledger is of version {known['schema']}, this program writes {VERSION}", fix="use the version that made it"
            )
        if known["keyring"] != mark:
            raise IntegrityError("the ledger was sealed with another keyring", fix="set keys: to the keyring that belongs to it")
        if known.get("layout") != layout:
            self._add_what_is_new(layout)

    def _add_what_is_new(self, layout: str) -> None:
        """Tables, and nullable columns, that an older program of the same version did not know."""
        import sqlalchemy as sa

        with self._write() as connection:
            self._t.metadata.create_all(connection)
            quoted = connection.dialect.identifier_preparer.quote
            inspector = sa.inspect(connection)
            for table in self._t.metadata.tables.values():
                there = {column["name"] for column in inspector.get_columns(table.name)}
                for column in table.columns:
                    if column.name not in there:
                        kind = column.type.compile(connection.dialect)
                        connection.exec_driver_sql(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(column.name)} {kind}")
            self._put(connection, self._t.about, [{"name": "layout", "value": layout}])

    def _put(
        self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False, key: Sequence[str] = ()
    ) -> None:
        """Insert rows; where the key exists already, keep the old row or take the new values."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        columns = list(key) or [column.name for column in table.primary_key]
        statement = insert(table)
        if keep:
            statement = statement.on_conflict_do_nothing(index_elements=columns)
        else:
            changed = {name: statement.excluded[name] for name in rows[0] if name not in columns}
            statement = statement.on_conflict_do_update(index_elements=columns, set_=changed)
        connection.execute(statement, [dict(row) for row in rows])

    def _may_live(self, process: Process) -> bool:
        return lives(process, one_machine=self._is_one_machine)

    @property
    def _is_one_machine(self) -> bool:
        """Whether the ledger's disk and all who use it go down together."""
        return self._engine.dialect.name == "sqlite"

    def _now(self) -> dt.datetime:
        return self._clock.now()

    def _now_text(self) -> str:
        return instant_in(self._clock.now())

    def _seal_json(self, value: Any, context: str) -> bytes:
        return self._sealer.seal(canonical_json(value), context)

    def _open_json(self, sealed: bytes, context: str) -> Any:
        """The sealed value; remembered, as a morning looks at the same arrivals many times. Nobody changes what is given out."""
        known = self._opened.get((context, sealed))
        if known is None:
            if len(self._opened) >= _OPENED:
                self._opened.clear()
            known = self._opened[context, sealed] = json.loads(self._sealer.open(sealed, context))
        return known

    def _known(self, column: str, text: str) -> bytes:
        """The comparable seal of a text; remembered, as a morning asks for the same few parties thousands of times."""
        sealed = self._same.get((column, text))
        if sealed is None:
            sealed = self._same[column, text] = self._sealer.seal_same(text, column)
            self._same_back[column, sealed] = text
        return sealed

    def _named(self, column: str, sealed: bytes) -> str:
        text = self._same_back.get((column, sealed))
        if text is None:
            text = self._same_back[column, sealed] = self._sealer.open_same(sealed, column)
            self._same[column, text] = sealed
        return text


def _layout(tables: Tables) -> str:
    """A mark of all tables and columns, so that opening a ledger that has them all asks the database nothing more."""
    return derived_id("layout", {table.name: [column.name for column in table.columns] for table in tables.metadata.tables.values()})


def instant_in(instant: dt.datetime) -> str:
    """An aware instant as sortable text."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=8192)
def instant_out(text: str) -> dt.datetime:
    """The instant of :func:`instant_in`."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


@lru_cache(maxsize=8192)
def day_out(text: str) -> dt.date:
    """The day that is written as ``2026-09-15``."""
    return dt.date.fromisoformat(text)


def maybe_in(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant_in(instant)


def maybe_out(text: str | None) -> dt.datetime | None:
    return None if text is None else instant_out(text)


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces small enough for an ``IN`` list."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _engine(url: str) -> Engine:
    import sqlalchemy as sa

    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ManifestError("ledger: is not an address", fix="write sqlite:///lake/ledger.sqlite or postgresql://host/database") from None
    kind = address.get_backend_name()
    if kind == "sqlite":
        if not address.database or address.database == ":memory:":
            raise ManifestError("the ledger needs a file", fix="write ledger: sqlite:///lake/ledger.sqlite")
        path = Path(address.database)
        local_or_refused(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        engine = sa.create_engine(address, connect_args={"timeout": 30, "check_same_thread": False})
        sa.event.listen(engine, "connect", _sqlite_connected)
    elif kind == "postgresql":
        try:
            engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ModuleNotFoundError:
            raise ManifestError("a ledger on PostgreSQL needs the package psycopg", fix="pip install psycopg[binary]") from None
    else:
        raise ManifestError(f"a ledger cannot be kept in {kind}", fix="write sqlite:///lake/ledger.sqlite or postgresql://host/database")
    sa.event.listen(engine, "begin", _begins)
    return engine


def _sqlite_connected(connection: Any, record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them as readers and fail when they turn into writers.
    connection.isolation_level = None
    for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}").fetchall()


def _begins(connection: Connection) -> None:
    # What the pool keeps a connection with does not matter: a writer says each time how it commits.
    for statement in connection.get_execution_options().get("taihu_begin", ("BEGIN",) if connection.dialect.name == "sqlite" else ()):
        connection.exec_driver_sql(statement)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the database as errors of ours: a busy ledger may be tried again, a damaged one may not."""
    from sqlalchemy import exc

    try:
        yield
    except exc.OperationalError as error:
        text = str(error.orig).lower()
        if any(word in text for word in ("malformed", "not a database", "disk i/o")):
            raise IntegrityError("the ledger's file is damaged", fix="restore it from a backup") from None
        if "full" in text:
            raise DiskFull("the disk of the ledger is full", fix="free some space; the next run goes on") from None
        if any(word in text for word in ("readonly", "read-only", "unable to open")):
            raise ManifestError("the ledger cannot be written", fix="check free space and permissions of its folder") from None
        raise TransientError("the ledger is busy or cannot be reached", fix="another process writes; the next try may succeed") from None
    except exc.DatabaseError as error:
        if isinstance(error, (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)):
            raise
        raise IntegrityError("the ledger's file is damaged", fix="restore it from a backup") from None
