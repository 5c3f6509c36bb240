"""``via: database``: what a query gives, as one Parquet object a time, with the query beside it.

Only the listed columns are selected. With a watermark, each poll asks for rows changed since the last one less an overlap
(rows that were never updated have no time of update, and long transactions appear late); of the overlap only rows that are
new or differ are kept. A poll that gives exactly what the last one gave is nothing new.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from taihu.collect.interface import Connector, Health
from taihu.core.clock import instant_text
from taihu.core.errors import ManifestError, NotFound, TaihuError, TerminalError, TransientError
from taihu.core.ids import derived_id
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.strict import Frozen
from taihu.manifest.words import Duration, OneOrMany, parse_duration

if TYPE_CHECKING:
    import pyarrow as pa

_FRACTION = re.compile(r"\.(\d+)")


CHANGED = "_changed"
MOST_REMEMBERED = 50_000


class DatabaseOptions(Frozen):
    """What is asked, and how changes are found."""

    query: str = Field(description="SELECT whose listed columns are collected", examples=["select * from delivery_line"])
    watermark: OneOrMany = Field(
        default=(), description="Columns whose first non-null value says when a row changed", examples=[["updated_at", "created_at"]]
    )
    overlap: Duration = Field(default="2 days", description="How far back the watermark is read again", examples=["2 days"])
    reconcile: Literal["every day", "every week", "never"] = Field(
        default="every day", description="How often the key set is compared to find deletes", examples=["every day"]
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """The cursor: the newest change, a mark of the last object, and marks of the rows that the next window shows again."""

    watermark: str = ""
    rows: str = ""
    seen: str = ""

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


class DatabaseConnector(Connector):
    """One query against one database; a whole table, or with a watermark the rows that changed since the last poll."""

    title = Text("数据库", "Database")
    Options = DatabaseOptions
    account_kinds = ("sqlite",)
    answers_in_full = True
    options: DatabaseOptions

    _cursor: str | None = None
    _held: tuple[str, bytes, str] | None = None

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._cursor = cursor
        last = _Last(**json.loads(cursor)) if cursor else _Last()
        query, parameters = self._query(last.watermark)
        result = self._ask(query, parameters)
        rows, following = self._changes(result, last) if self.options.watermark else (result, _Last(rows=_mark(result)))
        if (rows.num_rows == 0) if self.options.watermark else (following == last):
            self._cursor = following.text
            return
        # The result before is part of the key and of the object: a table that goes back to an earlier state has changed all the same.
        key = derived_id("rows", self.options.query, last.rows, following.rows)
        if key in known:
            self._cursor = following.text
            return
        content = _parquet(rows, {"query": self.options.query, "after": last.rows})
        self._held = (key, content, following.text)
        now = self.around.clock.now()
        meta = {
            "via": "database",
            "query": query,
            "parameters": json.dumps(parameters),
            "asked_at": instant_text(now),
            "rows": str(rows.num_rows),
        }
        yield Item(key, f"{self.source.name}.parquet", len(content), now, meta)

    def _changes(self, result: pa.Table, last: _Last) -> tuple[pa.Table, _Last]:
        """The rows of a watermark's window that did not come before, and what to remember of the window that is read next."""
        import pyarrow as pa

        changed: list[str | None] = result.column(CHANGED).to_pylist()
        hashes = _row_hashes(result)
        before = set(last.seen.split())
        fresh = result.filter(pa.array([each not in before for each in hashes], pa.bool_())).drop_columns([CHANGED])
        newest = max([last.watermark, *(each for each in changed if each)], key=_order)
        if not newest:
            return fresh, _Last(seen=" ".join(sorted(hashes)), rows=_mark(fresh) if fresh.num_rows else last.rows)
        since = _order(self._since(newest))
        window = sorted(mark for mark, each in zip(hashes, changed, strict=True) if not each or _order(each) >= since)
        # A window too wide to be remembered row by row comes again as a whole, and is merged by key.
        seen = " ".join(window) if len(window) <= MOST_REMEMBERED else ""
        return fresh, _Last(newest, _mark(fresh) if fresh.num_rows else last.rows, seen)

    def fetch(self, item: Item) -> Fetched:
        if self._held is None or self._held[0] != item.key:
            raise NotFound("the result is no longer at hand", where=item.name, fix="run again")
        self._cursor = self._held[2]
        return Fetched(item, self._held[1])

    def cursor(self) -> str | None:
        return self._cursor

    def keys(self) -> pa.Table:
        """The key columns of all rows that are in the database now; a key that was collected and is not here has been deleted."""
        columns = ", ".join(self._selected(name) for name in self.source.file.key)
        return self._ask(f"SELECT {columns} FROM ({self._base()}) AS source ORDER BY {', '.join(map(_quoted, self.source.file.key))}", [])

    def probe(self) -> Health:
        try:
            rows = self._ask(f"SELECT '=' || COUNT(*) AS rows FROM ({self._base()}) AS source", [])
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, f"{rows.column(0)[0].as_py()} rows")

    def reset(self) -> None:
        """Each query opens its own connection: there is nothing to forget."""

    def _base(self) -> str:
        return self.options.query.strip().rstrip(";")

    def _query(self, watermark: str) -> tuple[str, list[str]]:
        """The wrapped query and its parameters."""
        columns = [self._selected(name) for name in self.source.file.columns]
        changed = self._changed()
        order = ", ".join(_quoted(name) for name in self.source.file.key or self.source.file.columns)
        if changed is None:
            return f"SELECT {', '.join(columns)} FROM ({self._base()}) AS source ORDER BY {order}", []
        columns.append(f"{self._value(changed)} AS {CHANGED}")
        text = f"SELECT {', '.join(columns)} FROM ({self._base()}) AS source"
        if not watermark:
            return f"{text} ORDER BY {order}", []
        bound = "CAST(? AS INTEGER)" if watermark.isdecimal() else "?"
        return f"{text} WHERE {changed} >= {bound} OR {changed} IS NULL ORDER BY {order}", [self._since(watermark)]

    def _since(self, watermark: str) -> str:
        return earlier(watermark, parse_duration(self.options.overlap), f"{self.source.path}/source.yml")

    def _selected(self, name: str) -> str:
        """A column of the contract under its name."""
        column = self.source.file.columns[name]
        return f"{self._value(_of_source(column.from_[0] if column.from_ else name))} AS {_quoted(name)}"

    def _value(self, expression: str) -> str:
        """How a value travels.

        SQLite's columns have no type that could be trusted, and the driver takes it from the first thousand rows and turns
        what does not fit into nulls. So every value travels as text with a mark in front, and the contract types it later.
        """
        return f"CASE WHEN {expression} IS NULL THEN '' ELSE '=' || CAST({expression} AS TEXT) END"

    def _changed(self) -> str | None:
        """When a row changed: the first of the watermark's columns that has a value."""
        names = [_of_source(name) for name in self.options.watermark]
        return None if not names else names[0] if len(names) == 1 else f"COALESCE({', '.join(names)})"

    @property
    def _kind(self) -> str:
        return self.around.login(self.source).kind

    def _ask(self, query: str, parameters: list[str]) -> pa.Table:
        if self._kind != "sqlite":
            raise ManifestError(
                f"databases of kind {self._kind!r} cannot be read yet", where=f"account {self.around.account_name}", fix="sqlite can"
            )
        account = self.around.login(self.source)
        path = self.around.root / (account.database or "")
        if not account.database or not path.is_file():
            raise NotFound("the database file is not there", where=str(account.database), fix="correct database: of the account")
        return _sqlite(path, query, parameters)


def earlier(watermark: str, overlap: dt.timedelta, where: str) -> str:
    """A watermark moved back by the overlap, written exactly as the database writes its own (separator, fraction, zone)."""
    if watermark.isdecimal():
        return str(int(watermark) - int(overlap.total_seconds()))
    try:
        instant = dt.datetime.fromisoformat(watermark.replace("Z", "+00:00")) - overlap
    except ValueError:
        raise TerminalError("the watermark is not a time", where=where, fix="watermark: names columns with ISO times") from None
    if len(watermark) == 10:
        return instant.date().isoformat()
    fraction = _FRACTION.search(watermark)
    digits = f"{instant.microsecond:06d}"[: len(fraction[1])].ljust(len(fraction[1]), "0") if fraction else ""
    whole = instant.replace(microsecond=0, tzinfo=None).isoformat(sep=watermark[10])
    zone = re.search(r"(Z|[+-]\d\d:?\d\d)$", watermark)
    return (
        whole[: len(watermark.split(".")[0].removesuffix(zone[1] if zone else ""))]
        + (f".{digits}" if digits else "")
        + (zone[1] if zone else "")
    )


def _sqlite(path: Path, query: str, parameters: list[str]) -> pa.Table:
    """The result as text columns; the file is opened read-only."""
    import adbc_driver_sqlite
    import pyarrow as pa
    from adbc_driver_manager import AdbcConnection, AdbcStatement, Error, OperationalError

    try:
        with (
            adbc_driver_sqlite.connect(f"{path.resolve().as_uri()}?mode=ro") as database,
            AdbcConnection(database) as connection,
            AdbcStatement(connection) as statement,
        ):
            statement.set_sql_query(query)
            if parameters:
                batch = pa.record_batch({str(n): [value] for n, value in enumerate(parameters)})
                schema, array = batch.__arrow_c_array__()
                statement.bind(array, schema)
            stream, _ = statement.execute_query()
            result = pa.RecordBatchReader._import_from_c(stream.address).read_all()
    except OperationalError as error:
        raise _database_error(error, path, TransientError) from None
    except Error as error:
        raise _database_error(error, path, TerminalError) from None
    return pa.table({name: _unmarked(result.column(name)) for name in result.column_names})


def _unmarked(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts without the mark in front; the empty text stands for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = values.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), pc.utf8_slice_codeunits(texts, 1))


def _database_error(error: Exception, path: Path, kind: type[TaihuError]) -> TaihuError:
    text = str(error).splitlines()[0][:200]
    return kind(f"the database answered: {text}", where=path.name, fix="check query: and columns: of the source")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _of_source(name: str) -> str:
    """A column of the query. Qualified, because SQLite takes an unknown name in double quotes for a text."""
    return f"source.{_quoted(name)}"


def _order(watermark: str) -> tuple[int, str]:
    """Texts that sort as the database sorts its watermarks: whole numbers by value, times as written."""
    return (len(watermark), watermark) if watermark.isdecimal() else (0, watermark)


def _row_hashes(rows: pa.Table) -> list[str]:
    """A short hash of each row's values."""
    columns = [rows.column(name).to_pylist() for name in rows.column_names]
    return [hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest() for row in zip(*columns, strict=True)]


def _mark(rows: pa.Table) -> str:
    """A hash of a result: names and values, whatever the chunks."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getbuffer()).hexdigest()[:32]


def _parquet(rows: pa.Table, metadata: dict[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(rows.replace_schema_metadata(metadata), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
