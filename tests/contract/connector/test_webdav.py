"""The WebDAV connector over WsgiDAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import NOW, PASSWORD
from tests.contract.connector.drop_contract import DropContract, DropWorld
from tests.servers.webdav import Webdav

from taihu.collect.webdav import _entries
from taihu.core.errors import ManifestError, TransientError
from taihu.manifest.project import Account


@dataclass
class WebdavWorld(DropWorld):
    protocol = "http"
    via = "webdav"

    server: Any = None

    def __post_init__(self) -> None:
        self.server = Webdav(self.root / "server", "bi", PASSWORD).start()
        self.folder.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        return self.root / "server" / "库存"

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        return Account(kind="webdav", url=self.url, user="bi", password="env:X")

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return int(self.server.refused_logins)


class TestWebdav(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[WebdavWorld]:
        world = WebdavWorld(tmp_path)
        yield world
        world.server.stop()

    def test_the_clock_is_the_servers(self, world: WebdavWorld) -> None:
        world.more = {}
        world.deliver("old.csv", b"a,b\n", 600)
        world.deliver("fresh.csv", b"a,b\n", 5)
        for ours in (NOW, NOW.replace(year=2060)):
            world.clock.move_to(ours)
            world.cursor, world.known = None, set()
            assert world.names() == ["old.csv"]

    def test_another_etag_is_another_version(self, world: WebdavWorld) -> None:
        world.deliver("a.csv", b"a,b\n1,2\n", 5000)
        world.deliver("a.csv.ok", b"", 5000)
        (first,) = world.run()
        # The same size and the same second; only the ETag tells (WsgiDAV makes it of the file's inode too).
        (world.folder / "new").write_bytes(b"a,b\n3,4\n")
        os.utime(world.folder / "new", (world.folder / "a.csv").stat()[7:9])
        (world.folder / "new").replace(world.folder / "a.csv")
        (second,) = world.run()
        assert (first.content, second.content) == (b"a,b\n1,2\n", b"a,b\n3,4\n")

    def test_a_password_does_not_travel_in_the_clear(self, world: WebdavWorld) -> None:
        account = Account(kind="webdav", url="http://dav.example/out", user="bi", password="env:X")
        from taihu.collect.webdav import WebdavStore

        with pytest.raises(ManifestError, match="encryption"):
            WebdavStore(account, PASSWORD, "account")


_ONE = b'<multistatus xmlns="DAV:"><response><href>/a</href><propstat><prop>%s</prop></propstat></response></multistatus>'


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><body>login</body>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><multistatus xmlns="DAV:"/>',
        _ONE % b"<getlastmodified>gestern</getlastmodified>",
        _ONE % b"<getcontentlength>x</getcontentlength>",
        b"",
    ],
)
def test_what_is_no_listing_is_told(answer: bytes) -> None:
    with pytest.raises(TransientError, match="listing"):
        _entries(answer, "")
