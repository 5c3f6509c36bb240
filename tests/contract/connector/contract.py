"""What every connector promises; each connector's test module inherits :class:`ConnectorContract` and brings its world.

The worlds are real: the servers of ``taihu.testing``, folders and database files. ``run`` does what a run does: discover,
fetch, remember the keys of what was landed and the cursor.
"""

from __future__ import annotations

import datetime as dt
import io
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.faults.cells import play

from taihu.collect import Connections, Connector, Patience
from taihu.core.clock import FixedClock
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TaihuError, TransientError
from taihu.core.ids import sha256_of
from taihu.core.types import Fetched
from taihu.ledger.records import RefusedLogin
from taihu.manifest.project import Account
from taihu.manifest.source import SourceFile
from taihu.manifest.tree import Source

PASSWORD = 's3cret-"Gu4rd&%+\\x'
NOW = dt.datetime(2026, 9, 15, 0, 30, tzinfo=dt.UTC)
QUICK = Patience(attempts=3, seconds=5, first_wait=0.001, longest_wait=0.002)


class Clear:
    """A secret for tests."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value


def source_file(collect: dict[str, Any], **more: Any) -> SourceFile:
    """A small source around ``collect``."""
    return SourceFile.model_validate(
        {
            "title": {"zh": "测试", "en": "Test"},
            "owner": "bi",
            "purpose": "tests",
            "retention": "1 month",
            "entity": "cn_wfoe",
            "collect": collect,
            "load": "append",
            "columns": {"a": "text", "b": "text"},
            **more,
        }
    )


def whole(fetched: Fetched) -> Fetched:
    """What is written piece by piece, in one piece."""
    if fetched.write is None:
        return fetched
    sink = io.BytesIO()
    item = fetched.write(sink)
    return Fetched(item, sink.getvalue(), fetched.meta)


class Sessions:
    """Keeps sessions and refused logins as the ledger does, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.refused: dict[str, tuple[str, RefusedLogin]] = {}

    def session_put(self, account: str, content: bytes) -> None:
        self.kept[account] = content

    def session_get(self, account: str) -> bytes | None:
        return self.kept.get(account)

    def login_refused(self, account: str, facts: str, what: str) -> None:
        self.refused[account] = sha256_of(facts.encode()), RefusedLogin(account, what, NOW)

    def login_refused_before(self, account: str, facts: str) -> RefusedLogin | None:
        mark, known = self.refused.get(account, ("", None))
        return known if mark == sha256_of(facts.encode()) else None


@dataclass
class World(ABC):
    """One source's outside.

    A world with a server is also run through a proxy that spoils the connection (``tests/faults``). For that its ``account``
    names :attr:`address` (or :attr:`url`) and never the server's own host and port, and :attr:`server_address` tells where
    the proxy forwards to. What a server says about itself (links, redirects, ``nextLink``) must be relative or follow the
    ``Host`` header, or the connector would leave the proxy. Whatever else depends on the address (a pinned host key, a list
    of allowed hosts) must be computed from :attr:`address` each time it is used.

    Attributes:
        protocol: What is spoken: ``http``, ``imap``, ``ssh``, ``ftp``, ``smb``, ``postgresql``, ``mysql``; it decides which faults
            the connector can meet. Empty without a server.
        cannot_meet: Faults that cannot be shown to this connector, each with its reason (beside those that follow from the protocol).
        one_item_a_put: False where an item is the whole state (a table, a page) instead of one file.
        through: Host and port of a proxy that stands before the server, or None.
        tls: The connection is encrypted from its first byte; the ``account`` says so too (``tls=self.tls``, :attr:`url`). The proxy
            speaks TLS then, with a certificate that ``SSL_CERT_FILE`` trusts, and the server stays as it is.
    """

    protocol: ClassVar[str] = ""
    cannot_meet: ClassVar[dict[str, str]] = {}

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    sessions: Sessions = field(default_factory=Sessions)
    known: set[str] = field(default_factory=set)
    cursor: str | None = None
    password: str = PASSWORD
    one_item_a_put: bool = True
    has_server: bool = True
    has_login: bool = True
    through: tuple[str, int] | None = None
    tls: bool = False

    @property
    def server_address(self) -> tuple[str, int]:
        """Host and port on which the server itself listens."""
        raise NotImplementedError

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that the account names: the proxy's if there is one, else the server's."""
        return self.through or self.server_address

    @property
    def url(self) -> str:
        """:attr:`address` as the first address of a site, without a slash at its end."""
        host, port = self.address
        return f"http{'s' if self.tls else ''}://{host}:{port}"

    @property
    @abstractmethod
    def account(self) -> Account | None: ...

    @property
    @abstractmethod
    def source(self) -> Source: ...

    @abstractmethod
    def put(self, number: int) -> bytes:
        """Let item ``number`` appear; gives its bytes (or those of the new state)."""

    def stop(self) -> None:
        """Take the server away."""
        raise NotImplementedError

    def start(self) -> None:
        """Bring it back under the same address, with the same content."""
        raise NotImplementedError

    def refused_logins(self) -> int:
        return 0

    def content_of(self, fetched: Fetched) -> bytes:
        """The bytes to compare; connectors that make an object of their own are compared by its content."""
        return fetched.content

    def connections(self) -> Connections:
        accounts = {"account": self.account} if self.account else {}
        return Connections(
            accounts, lambda reference: Clear(self.password), clock=self.clock, root=self.root, sessions=self.sessions, patience=QUICK
        )

    def run(self, most: int | None = None, *, remember: bool = True) -> list[Fetched]:
        """Collect like a run; ``most`` stops after so many items, as a crash would."""
        with self.connections() as connections:
            connector = connections.open(self.source)
            fetched: list[Fetched] = []
            for item in connector.discover(self.cursor, self.known):
                assert item.key not in self.known
                each = whole(connector.fetch(item))
                if each.item.key in self.known:
                    continue
                fetched.append(each)
                if len(fetched) == most:
                    break
            if remember:
                self.known |= {each.item.key for each in fetched} | {each.key for each in connector.nothing()}
                self.cursor = connector.cursor()
                connector.landed([each.item for each in fetched])
            return fetched


class ConnectorContract(ABC):
    """Inherit it, and give a fixture ``world``.

    Attributes:
        sampled_faults: Which columns of the fault matrix are played in the suite; ``./do soak faults`` plays all.
    """

    sampled_faults: ClassVar[tuple[str, ...]] = ("reset", "truncated")

    @pytest.fixture
    @abstractmethod
    def world(self, tmp_path: Path) -> Iterator[World]: ...

    def expected(self, world: World, contents: list[bytes]) -> list[bytes]:
        return sorted(contents) if world.one_item_a_put else contents[-1:]

    def test_everything_is_found_once_with_its_exact_bytes(self, world: World) -> None:
        contents = [world.put(n) for n in range(5)]
        fetched = world.run()
        assert sorted(world.content_of(each) for each in fetched) == self.expected(world, contents)
        assert len({each.item.key for each in fetched}) == len(fetched)
        assert all(each.item.name for each in fetched)
        assert all(each.item.received_at is None or each.item.received_at.tzinfo for each in fetched)

    def test_nothing_new_gives_nothing_and_keeps_the_cursor(self, world: World) -> None:
        world.put(0)
        world.run()
        cursor = world.cursor
        assert world.run() == []
        assert world.cursor == cursor

    def test_a_lost_cursor_gives_no_duplicate(self, world: World) -> None:
        for n in range(3):
            world.put(n)
        world.run()
        world.cursor = None
        assert world.run() == []

    def test_only_what_is_new_comes(self, world: World) -> None:
        world.put(0)
        world.run()
        new = world.put(1)
        assert [world.content_of(each) for each in world.run()] == [new]

    def test_the_cursor_never_passes_what_was_not_fetched(self, world: World) -> None:
        contents = [world.put(n) for n in range(4)]
        first = world.run(most=1)
        rest = world.run()
        assert sorted(world.content_of(each) for each in first + rest) == self.expected(world, contents)

    @pytest.mark.parametrize("seed", range(3))
    def test_crashes_anywhere_lose_nothing_and_double_nothing(self, world: World, seed: int) -> None:
        chance = random.Random(seed)
        contents = [world.put(0)]
        landed: list[Fetched] = []
        for _ in range(6):
            contents += [world.put(len(contents) + n) for n in range(chance.randrange(3))]
            survives = chance.random() < 0.6
            fetched = world.run(most=chance.choice([1, 2, None]), remember=survives)
            landed += fetched if survives else []
        landed += world.run()
        assert len({each.item.key for each in landed}) == len(landed)
        if world.one_item_a_put:
            assert sorted(world.content_of(each) for each in landed) == sorted(contents)
        else:
            assert [world.content_of(each) for each in landed][-1:] == contents[-1:]

    def test_keys_do_not_depend_on_the_run(self, world: World) -> None:
        for n in range(3):
            world.put(n)
        once = world.run(remember=False)
        again = world.run(remember=False)
        assert [(each.item.key, each.content) for each in once] == [(each.item.key, each.content) for each in again]

    def test_keys_and_cursor_show_no_names(self, world: World) -> None:
        world.put(0)
        fetched = world.run()
        shown = " ".join(each.item.key for each in fetched) + (world.cursor or "")
        assert "销售" not in shown

    def test_a_dry_try_tells_that_it_works(self, world: World) -> None:
        world.put(0)
        with world.connections() as connections:
            assert connections.open(world.source).probe().ok

    def test_a_server_that_is_away_is_tried_again_and_then_told(self, world: World) -> None:
        if not world.has_server:
            pytest.skip("there is no server that could be away")
        world.put(0)
        world.stop()
        with pytest.raises(TransientError) as caught:
            world.run()
        assert PASSWORD not in str(caught.value)
        world.start()
        assert len(world.run()) == 1

    def test_a_wrong_password_is_tried_once_even_by_two_sources(self, world: World) -> None:
        if not world.has_login:
            pytest.skip("there is no login")
        world.put(0)
        world.password = "wrong-" + PASSWORD
        with world.connections() as connections:
            for _ in range(2):
                with pytest.raises(AccessRefused) as caught:
                    list(connections.open(world.source).discover(None, set()))
                assert PASSWORD not in str(caught.value) + repr(caught.value.__dict__)
        assert world.refused_logins() == 1
        with world.connections() as later, pytest.raises(AccessRefused):
            list(later.open(world.source).discover(None, set()))
        assert world.refused_logins() == 1, "the next run must not try it either"
        world.password = PASSWORD
        assert len(world.run()) == 1, "another password is another login"

    def test_an_unknown_account_is_a_mistake_of_the_project(self, world: World) -> None:
        if world.account is None:
            pytest.skip("this kind needs no account")
        source = world.source
        with pytest.raises(ManifestError), Connections({}, lambda _: Clear(""), clock=world.clock, root=world.root) as connections:
            connections.open(source)

    def test_fetching_what_was_never_discovered_is_refused(self, world: World) -> None:
        world.put(0)
        with world.connections() as connections:
            connector: Connector = connections.open(world.source)
            list(connector.discover(None, set()))
            stranger = world.run(remember=False)[0].item
            object.__setattr__(stranger, "key", "0" * 16)
            object.__setattr__(stranger, "name", "stranger.bin")
            with pytest.raises((NotFound, TaihuError)):
                connector.fetch(stranger)

    def test_the_same_bytes_come_under_a_fault(self, world: World, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
        cell = play(world, fault, monkeypatch)
        if cell.verdict == "not applicable":
            pytest.skip(f"{cell.connector} under {fault}: {cell.note}")
        assert cell.verdict == "same"
