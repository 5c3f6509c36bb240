"""What a connector is: it discovers items and fetches their bytes; it never parses them and never writes a table.

The cursor belongs to the connector (nobody else reads it) and only saves work. What has been collected is known by the keys of
items, so a lost cursor costs time and never a duplicate, and a late, back-dated or corrected file is found all the same.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from taihu.core.clock import Clock
from taihu.core.errors import ManifestError
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.project import Account
from taihu.manifest.strict import Frozen
from taihu.manifest.tree import Source

NOT_FINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".uploading")
MOST_BYTES = 500_000_000


class Revealing(Protocol):
    """A secret that shows its value only where it is used."""

    def reveal(self) -> str: ...


class Refused(Protocol):
    """A login that a server refused: when, and what it said."""

    @property
    def at(self) -> dt.datetime: ...
    @property
    def what(self) -> str: ...


class SessionStore(Protocol):
    """What is kept of logins between runs: the session, sealed, so that the next run need not log in again, and refusals."""

    def session_put(self, account: str, content: bytes) -> None: ...
    def session_get(self, account: str) -> bytes | None: ...
    def login_refused(self, account: str, facts: str, what: str) -> None: ...
    def login_refused_before(self, account: str, facts: str) -> Refused | None: ...


class TraceStore(Protocol):
    """Where the traces of failed walks and the page structures of good ones are kept, sealed."""

    def trace_put(self, source: str, content: bytes) -> None: ...
    def outline_put(self, source: str, content: bytes) -> None: ...
    def outline_get(self, source: str) -> bytes | None: ...


class Closable(Protocol):
    def close(self) -> None: ...


Shared = TypeVar("Shared", bound=Closable)


@dataclass(slots=True)
class Surroundings:
    """All that a connector may use of the world around its source.

    Attributes:
        account_name: Name of the account in ``taihu.yml``; empty when the source names none.
        root: The project's folder; relative paths start here.
        shared: Open connections by account, so that five sources in one mailbox make one login.
        refused: Refused logins by account, from this run and from those before it. A connector that logs in without
            :meth:`connected` raises what stands here before it tries, and puts a refusal here.
    """

    clock: Clock
    root: Path
    secret: Callable[[str], Revealing]
    account_name: str = ""
    account: Account | None = None
    sessions: SessionStore | None = None
    traces: TraceStore | None = None
    shared: dict[str, Closable] = field(default_factory=dict)
    refused: MutableMapping[str, Exception] = field(default_factory=dict)

    def login(self, source: Source) -> Account:
        """The account, where a connector cannot do without one."""
        if self.account is None:
            raise ManifestError(
                f"via: {source.file.collect.via} needs an account",
                where=f"{source.path}/source.yml",
                fix="name one of taihu.yml in collect: account:",
            )
        return self.account

    def password(self) -> str:
        """The account's password; empty if it has none."""
        reference = self.account.password if self.account else None
        return self.secret(reference).reveal() if reference else ""

    def connected(self, open_connection: Callable[[], Shared]) -> Shared:
        """The account's open connection, opened at the first call; a refused login is not tried again."""
        if self.account_name not in self.shared:
            if self.account_name in self.refused:
                raise self.refused[self.account_name]
            from taihu.core.errors import AccessRefused

            try:
                self.shared[self.account_name] = open_connection()
            except AccessRefused as error:
                self.refused[self.account_name] = error
                raise
        return self.shared[self.account_name]  # type: ignore[return-value]

    def disconnect(self) -> None:
        """Close the account's connection; the next use opens a new one."""
        connection = self.shared.pop(self.account_name, None)
        if connection is not None:
            connection.close()


@dataclass(frozen=True, slots=True)
class Health:
    """What a dry try showed.

    Attributes:
        warning: What works but should not stay so (a connection without encryption); empty if nothing.
    """

    ok: bool
    detail: str
    warning: str = ""


class NoOptions(Frozen):
    """A connector that needs nothing beside its account."""


class Connector(ABC):
    """One source's way to its bytes.

    Args:
        source: The source and its files.
        around: Clock, account, secrets and shared connections.

    Attributes:
        title: What people call this way in; documents and diagrams show it.
        Options: Model of the keys that stand beside ``via`` and ``account`` in ``collect:``.
        account_kinds: Kinds of account that it can log in with; empty where any or none will do.
        is_polled: False where nothing is ever asked (a person hands files in).
        answers_in_full: An answer speaks for every day that was over by then, so a day without rows had none (a database).
        gives_rows: Its objects are rows in Parquet that we wrote (a database), no files of anybody else.
        says_unchanged: A poll that works and gives nothing says that what it gave before still stands (a web address).
    """

    title: ClassVar[Text]
    Options: ClassVar[type[Frozen]] = NoOptions
    account_kinds: ClassVar[tuple[str, ...]] = ()
    is_polled: ClassVar[bool] = True
    answers_in_full: ClassVar[bool] = False
    says_unchanged: ClassVar[bool] = False
    gives_rows: ClassVar[bool] = False

    def __init__(self, source: Source, around: Surroundings) -> None:
        self.source = source
        self.around = around
        self.options = self.Options.model_validate(source.file.collect.options)

    @abstractmethod
    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        """Items that are there and not yet ``known``, oldest first.

        Args:
            cursor: What :meth:`cursor` gave after the last run, or None.
            known: Keys of items that were collected before.
            span: Business days that are asked for (backfill); most connectors ignore it.

        Raises:
            TransientError: The server cannot be reached; trying again may help.
            AccessRefused: The server refused the account; trying again may lock it.
        """

    @property
    def asks_for_days(self) -> bool:
        """Whether :meth:`discover` asks the source for the days of ``span``; else it lists what is there, whatever the days."""
        return False

    @abstractmethod
    def fetch(self, item: Item) -> Fetched:
        """The bytes of an item that :meth:`discover` has just given."""

    def cursor(self) -> str | None:
        """The cursor that is right once everything fetched so far has been landed; it never passes an item that was not fetched."""
        return None

    def waiting(self) -> Sequence[str]:
        """Names of what is there but not finished (no marker yet, still growing); it is looked at again by the next run."""
        return ()

    def nothing(self) -> Sequence[Item]:
        """What was looked at since the last call and gives nothing: remembered by its key, so that it is not fetched again."""
        return ()

    def landed(self, items: Sequence[Item]) -> None:  # noqa: B027 - most connectors leave the originals alone
        """These items are committed: now the originals may be marked or moved, where the source asks for it.

        Called after every commit, at the end also with no items, and possibly again for the same items after a crash.
        """

    @classmethod
    def asked_again(cls, cursor: str | None, keys: Sequence[Sequence[str]]) -> str | None:
        """The cursor with which the next run asks for the rows of these keys; None for a connector that knows no keys."""
        return None

    @abstractmethod
    def probe(self) -> Health:
        """Try to reach the source without collecting anything."""

    def reset(self) -> None:
        """Forget a broken connection."""
        self.around.disconnect()
