"""The SMB connector over Samba."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import NOW, PASSWORD, source_file
from tests.contract.connector.drop_contract import DropContract, DropWorld
from tests.servers.samba import Samba, missing

from taihu.core.errors import ManifestError
from taihu.manifest.project import Account
from taihu.manifest.tree import Source

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@dataclass
class SmbWorld(DropWorld):
    protocol = "smb"
    via = "smb"

    server: Any = None
    before: int = 0

    def __post_init__(self) -> None:
        self.before = self.server.refused_logins()
        self.folder.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        return Path(self.server.files) / self.root.name / "库存"

    @property
    def path(self) -> str:
        return f"drop/{self.root.name}/库存"

    @property
    def server_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.port

    @property
    def account(self) -> Account:
        host, port = self.address
        return Account(kind="smb", host=host, port=port, user=self.server.name, password="env:X")

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return int(self.server.refused_logins()) - self.before


@pytest.fixture(scope="module")
def server() -> Iterator[Samba]:
    with Samba(PASSWORD) as server:
        yield server


class TestSmb(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path, server: Samba) -> SmbWorld:
        return SmbWorld(tmp_path, server=server)

    def test_the_clock_is_the_servers(self, world: SmbWorld) -> None:
        world.more = {}
        world.deliver("old.csv", b"a,b\n", 600)
        world.deliver("fresh.csv", b"a,b\n", 5)
        for ours in (NOW, NOW.replace(year=2060)):
            world.clock.move_to(ours)
            world.cursor, world.known = None, set()
            assert world.names() == ["old.csv"]

    def test_a_file_that_somebody_writes_cannot_be_opened(self, world: SmbWorld) -> None:
        import smbclient

        world.more = {"settle": "0 minutes"}
        place = rf"\\127.0.0.1\drop\{world.root.name}\库存\a.csv"
        connections: dict[str, Any] = {}
        how = {"port": world.server.port, "username": world.server.name, "password": PASSWORD, "connection_cache": connections}
        with smbclient.open_file(place, mode="wb", share_access="rw", **how) as file:
            file.write(b"a,b\n1,")
            file.flush()
            assert (world.names(), world.waiting()) == ([], ["a.csv"])
            file.write(b"2\n")
        smbclient.reset_connection_cache(connection_cache=connections)
        assert [each.content for each in world.run()] == [b"a,b\n1,2\n"]

    def test_a_share_must_be_named(self, world: SmbWorld) -> None:
        with world.connections() as connections:
            source = Source("drop", "sources/drop", source_file({"via": "smb", "account": "account"}))
            with pytest.raises(ManifestError, match="share"):
                list(connections.open(source).discover(None, set()))
