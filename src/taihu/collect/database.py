"""``via: database``: what a query gives, as one Parquet object a time, with the query beside it.

Only the listed columns are selected. With a watermark, each poll asks for rows changed since the last one less an overlap
(rows that were never updated have no time of update, and long transactions appear late); of the overlap only rows that are
new or differ are kept. A poll that gives exactly what the last one gave is nothing new. Deletes leave no trace that a watermark
could see: for them the set of all keys is an object of its own from time to time, and loading removes the rows that are not in it.

Few rows are held; many are read once and written while they come. Only a whole table that has come before and is large is read twice:
first to see whether it changed.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from taihu.collect.database_cursor import Standing, earlier
from taihu.collect.database_dialect import Question
from taihu.collect.database_rows import MOST_REMEMBERED, Mark, Window, named, read_ahead, write_parquet
from taihu.collect.database_session import Login, Session, open_session
from taihu.collect.interface import Connector, Health, Surroundings
from taihu.core.clock import instant_text
from taihu.core.errors import NotFound, TaihuError
from taihu.core.ids import derived_id
from taihu.core.types import KEY_SET, Fetched, Item, Span, Text
from taihu.manifest.strict import Frozen
from taihu.manifest.tree import Source
from taihu.manifest.words import Duration, OneOrMany, parse_duration

if TYPE_CHECKING:
    import pyarrow as pa

MOST_HELD = 50_000
_DAYS = {"every day": 1, "every week": 7}


class DatabaseOptions(Frozen):
    """What is asked, and how changes are found."""

    query: str = Field(description="SELECT whose listed columns are collected", examples=["select * from delivery_line"])
    watermark: OneOrMany = Field(
        default=(), description="Columns whose first non-null value says when a row changed", examples=[["updated_at", "created_at"]]
    )
    overlap: Duration = Field(default="2 days", description="How far back the watermark is read again", examples=["2 days"])
    reconcile: Literal["every day", "every week", "never"] = Field(
        default="every day",
        description="How often the keys are compared to find deletes (load: upsert); never, where the query gives a part of the table",
        examples=["every day"],
    )
    timeout: Duration = Field(default="60 minutes", description="A statement that takes longer is given up", examples=["60 minutes"])


@dataclass(slots=True)
class _Reading:
    """A query's rows on their way: what is kept of each batch, and what will be known at the end."""

    query: str
    last: Standing
    following: Standing
    window: Window | None
    mark: Mark

    def taken(self, batches: Generator[pa.RecordBatch], names: Sequence[str]) -> Generator[pa.RecordBatch]:
        for batch in read_ahead(batches):
            batch = named(batch, names)
            yield self.mark.take(batch if self.window is None else self.window.fresh(batch))

    def anew(self) -> _Reading:
        """The same reading from its beginning."""
        return replace(self, window=Window(self.last.seen, MOST_REMEMBERED) if self.window is not None else None, mark=Mark())

    def end(self) -> Standing:
        """The standing after these rows."""
        seen = self.window.seen if self.window is not None else ""
        # Without new rows the last object is still the last one.
        rows = self.mark.text if self.mark.rows or self.window is None else self.last.rows
        return replace(self.following, seen=seen, rows=rows)


class DatabaseConnector(Connector):
    """One query against one database; a whole table, or with a watermark the rows that changed since the last poll."""

    title = Text("数据库", "Database")
    Options = DatabaseOptions
    account_kinds = ("sqlite", "postgresql", "mysql", "sqlserver", "oracle")
    answers_in_full = True
    gives_rows = True
    options: DatabaseOptions

    def __init__(self, source: Source, around: Surroundings) -> None:
        super().__init__(source, around)
        self._cursor: str | None = None
        self._ready: dict[str, Callable[[Item], Fetched]] = {}
        self._after: dict[str, Standing] = {}

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        # Begun again after a failure, it goes on from what has been fetched.
        self._cursor = self._cursor or cursor
        last = Standing.of(cursor)
        session = self._session()
        session.begin()
        try:
            standing = yield from self._changed(session, last, known)
            if self._compares_keys:
                yield from self._all_keys(standing, known)
        finally:
            self._ready = {}
        if self._is_open(session):
            session.end()

    # rows --------------------------------------------------------------------------------------------------------------

    def _changed(self, session: Session, last: Standing, known: Container[str]) -> Generator[Item, None, Standing]:
        """The item with the rows that are new, if there are any; gives the standing after it, or that before if nobody fetched it."""
        reading = self._reading(session, last)
        rows = reading.taken(session.batches(reading.query), self._names)
        held: list[pa.RecordBatch] = []
        for batch in rows:
            held.append(batch)
            if reading.mark.rows > MOST_HELD:
                break
        is_large = reading.mark.rows > MOST_HELD
        if is_large and last.rows and reading.window is None:
            held = []
            for _ in rows:
                pass
        following = reading.end()
        if not is_large or not held:
            is_new = reading.mark.rows > 0 if reading.window is not None else following.rows != last.rows
            key = self._key(last, following.rows)
            if not is_new or key in known:
                self._cursor = following.text
                return following
        else:
            key = derived_id("rows", self.options.query, last.rows, last.watermark, "not read yet")
        item = self._item(key, reading.query, None if is_large else reading.mark.rows)
        self._ready[key] = lambda wanted: self._rows(wanted, reading, chain(held, rows) if held else None, is_large=is_large)
        yield item
        rows.close()
        return self._after.get(key, last)

    def _reading(self, session: Session, last: Standing) -> _Reading:
        question = self._question(session)
        if not self.options.watermark:
            return _Reading(question.rows(), last, replace(last, again=()), None, Mark())
        since = self._since(last.watermark) if last.watermark else ""
        newest = session.value(question.newest(since)) or last.watermark
        following = replace(last, watermark=newest, again=())
        query = question.rows(since=since, last=last.watermark, following=self._since(newest) if newest else "", again=last.again)
        return _Reading(query, last, following, Window(last.seen, MOST_REMEMBERED), Mark())

    def _rows(self, item: Item, reading: _Reading, ready: Iterator[pa.RecordBatch] | None, *, is_large: bool) -> Fetched:
        metadata = {"query": self.options.query, "after": reading.last.rows}
        if not is_large and ready is not None:
            sink = io.BytesIO()
            write_parquet(sink, ready, metadata)
            self._landing(item.key, reading.end())
            return Fetched(replace(item, size=len(sink.getvalue())), sink.getvalue())
        begun = [ready] if ready is not None else []

        def write(file: BinaryIO) -> Item:
            if begun:
                now, batches = reading, begun.pop()
            else:
                now = reading.anew()
                batches = now.taken(self._session().batches(now.query), self._names)
            write_parquet(file, batches, metadata)
            following = now.end()
            self._landing(item.key, following)
            meta = {**item.meta, "rows": str(now.mark.rows)}
            return replace(item, key=self._key(reading.last, following.rows), size=file.tell(), meta=meta)

        return Fetched(item, write=write)

    def _key(self, last: Standing, rows: str) -> str:
        """The result before is part of the key and of the object: a table that goes back to an earlier state has changed all the same."""
        return derived_id("rows", self.options.query, last.rows, rows)

    # keys --------------------------------------------------------------------------------------------------------------

    def _all_keys(self, standing: Standing, known: Container[str]) -> Iterator[Item]:
        """The item with all keys, on the day on which it is due; the first rows are all there are, so nothing can be missing then."""
        today = self._today()
        compared = dt.date.fromisoformat(standing.compared) if standing.compared else None
        if compared is not None and (today - compared).days < _DAYS[self.options.reconcile]:
            return
        done = replace(standing, compared=today.isoformat()).text
        key = derived_id("keys", self.options.query, today.isoformat())
        if compared is None or key in known:
            self._cursor = done
            return
        query = self._question(self._session()).keys()
        item = self._item(key, query, None, kind=KEY_SET)

        def write(file: BinaryIO) -> Item:
            mark = Mark()
            batches = (mark.take(named(batch, self._key_names)) for batch in self._session().batches(query))
            write_parquet(file, batches, {"query": self.options.query, "keys": today.isoformat()})
            self._cursor = done
            return replace(item, size=file.tell(), meta={**item.meta, "rows": str(mark.rows)})

        self._ready[key] = lambda wanted: Fetched(wanted, write=write)
        yield item

    @property
    def _compares_keys(self) -> bool:
        return self.options.reconcile in _DAYS and self.source.file.load == "upsert"

    def _today(self) -> dt.date:
        return self.around.clock.now().astimezone(ZoneInfo(self.source.file.zone or "Asia/Shanghai")).date()

    @classmethod
    def asked_again(cls, cursor: str | None, keys: Sequence[Sequence[str]]) -> str:
        """The cursor with which the rows of these keys (texts as in the key set) come with the next poll."""
        return Standing.of(cursor).asking_again(keys).text

    # the rest of the contract ------------------------------------------------------------------------------------------

    def fetch(self, item: Item) -> Fetched:
        if item.key not in self._ready:
            raise NotFound("the result is no longer at hand", where=item.name, fix="run again")
        return self._ready[item.key](item)

    def cursor(self) -> str | None:
        return self._cursor

    def probe(self) -> Health:
        try:
            session = self._session()
            rows = session.value(self._question(session).count())
            warning = "the login may write; give it the right to read only" if session.may_write() else ""
            session.end()
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, f"{rows} rows", warning)

    # inside ------------------------------------------------------------------------------------------------------------

    def _here(self, name: str) -> str:
        """What a column of the contract is called in the query."""
        column = self.source.file.columns[name]
        return column.from_[0] if column.from_ else name

    @property
    def _names(self) -> Sequence[str]:
        return list(dict.fromkeys(self._here(name) for name in self.source.file.read_columns))

    @property
    def _key_names(self) -> Sequence[str]:
        return [self._here(name) for name in self.source.file.key]

    def _question(self, session: Session) -> Question:
        return Question(session.dialect, self.options.query, self._names, self._key_names, self.options.watermark)

    def _session(self) -> Session:
        account = self.around.login(self.source)

        def login() -> Session:
            authority = self.around.root / account.authority if account.authority else None
            seconds = int(parse_duration(self.options.timeout).total_seconds())
            return open_session(
                account.kind,
                Login(
                    self.around.account_name,
                    self.around.root,
                    account.host or "",
                    account.port,
                    account.database or "",
                    account.user or "",
                    self.around.password(),
                    account.tls,
                    authority,
                    seconds,
                ),
            )

        return self.around.connected(login)

    def _is_open(self, session: Session) -> bool:
        """Whether it is still the account's connection: after a failure there is another one, or none."""
        return self.around.shared.get(self.around.account_name) is session

    def _landing(self, key: str, following: Standing) -> None:
        self._after[key] = following
        self._cursor = following.text

    def _since(self, watermark: str) -> str:
        return earlier(watermark, parse_duration(self.options.overlap), f"{self.source.path}/source.yml")

    def _item(self, key: str, query: str, rows: int | None, *, kind: str = "rows") -> Item:
        now = self.around.clock.now()
        meta = {"via": "database", "kind": kind, "query": query, "asked_at": instant_text(now)}
        name = f"{self.source.name}.parquet" if kind == "rows" else f"{self.source.name}.keys.parquet"
        return Item(key, name, None, now, meta if rows is None else {**meta, "rows": str(rows)})
