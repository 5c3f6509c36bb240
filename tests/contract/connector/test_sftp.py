"""The SFTP connector over asyncssh's server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.connector.contract import PASSWORD
from tests.contract.connector.drop_contract import DropContract, DropWorld

from taihu.core.errors import IntegrityError, ManifestError
from taihu.manifest.project import Account
from taihu.testing.servers import SftpServer


@dataclass
class SftpWorld(DropWorld):
    protocol: ClassVar[str] = "ssh"
    via = "sftp"

    server: Any = None

    def __post_init__(self) -> None:
        self.server = SftpServer(self.root / "server", "bi", PASSWORD, key_file=self.root / "host_key")
        self.server.start()
        self.folder.mkdir()
        self.pin(self.server.known_hosts)

    def pin(self, line: str) -> None:
        (self.root / "known_hosts").write_text(line)

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        host, port = self.address
        if self.through:
            self.pin(f"[{host}]:{port} {self.server.known_hosts.split(maxsplit=1)[1]}")
        return Account(kind="sftp", host=host, port=port, user="bi", password="env:X", known_hosts="known_hosts")

    @property
    def folder(self) -> Path:
        return self.root / "server" / "库存"

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = SftpServer(self.root / "server", "bi", PASSWORD, key_file=self.root / "host_key", port=self.server.port).start()

    def refused_logins(self) -> int:
        return int(self.server.refused_logins)


class TestSftp(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[SftpWorld]:
        world = SftpWorld(tmp_path)
        yield world
        world.server.stop()

    def test_without_markers_a_file_must_have_been_left_alone_by_the_servers_clock(self, world: SftpWorld) -> None:
        world.more = {}
        now = dt.datetime.now(dt.UTC)
        for seconds, name in ((10, "fresh.csv"), (-3600, "clock ahead.csv"), (600, "old.csv")):
            world.server.deliver(f"库存/{name}", b"a,b\n1,", received_at=now - dt.timedelta(seconds=seconds))
        for hours_wrong in (-9, 9):
            world.clock.move_to(now + dt.timedelta(hours=hours_wrong))
            assert [each.item.name for each in world.run(remember=False)] == ["old.csv"]
        world.clock.move_to(now)
        assert [each.item.name for each in world.run()] == ["old.csv"]
        # A file that was given a time of its own choice is watched instead: unchanged for five minutes between two runs.
        world.clock.move_to(now + dt.timedelta(minutes=6))
        assert sorted(each.item.name for each in world.run()) == ["clock ahead.csv", "fresh.csv"]

    def test_another_host_key_than_the_pinned_one_stops_before_the_login(self, world: SftpWorld) -> None:
        world.put(0)
        with SftpServer(world.root / "other", "bi", PASSWORD) as stranger:
            kind, key = stranger.known_hosts.split()[1:]
        world.pin(f"[{world.server.host}]:{world.server.port} {kind} {key}\n")
        with pytest.raises(IntegrityError, match="another host key"):
            world.run()
        assert world.server.logins == world.server.refused_logins == 0

    def test_an_unpinned_server_is_not_contacted(self, world: SftpWorld) -> None:
        world.pin("other.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5PpS7WJ8yqk0Jmbxg0k6NQhVw3rM0XwK9rJgW0Yb1S\n")
        with pytest.raises(IntegrityError, match="pinned"):
            world.run()
        (world.root / "known_hosts").unlink()
        with pytest.raises(ManifestError, match="host key"):
            world.run()

    def test_a_connection_cut_in_the_middle_is_got_over(self, world: SftpWorld) -> None:
        contents = [world.put(n) for n in range(6)]
        fetched = []
        with world.connections() as connections:
            connector = connections.open(world.source)
            for item in connector.discover(None, set()):
                fetched.append(connector.fetch(item))
                if len(fetched) in (1, 4):
                    world.server.drop_connections()
        assert [each.content for each in fetched] == contents

    def test_two_sources_make_one_login(self, world: SftpWorld) -> None:
        world.put(0)
        with world.connections() as connections:
            for _ in range(2):
                assert len(list(connections.open(world.source).discover(None, set()))) == 1
        assert world.server.logins == 1
