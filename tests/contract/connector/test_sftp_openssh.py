"""The SFTP connector over OpenSSH's own server, with a key to log in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import PASSWORD
from tests.contract.connector.drop_contract import DropContract, DropWorld
from tests.servers.sshd import Sshd, missing

from taihu.collect import Connections
from taihu.core.errors import AccessRefused, ManifestError
from taihu.manifest.project import Account

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


class Value:
    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value


@dataclass
class OpenSshWorld(DropWorld):
    """A server whose user logs in with a protected key; :attr:`password` is its passphrase."""

    protocol = "ssh"
    via = "sftp"

    server: Any = None
    has_login: bool = False  # nothing is sent when the passphrase is wrong; a key that the server does not know is a test below
    key: str = ""
    before: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.key = self.server.key.read_text()
        self.before = self.server.refused_logins()

    @property
    def folder(self) -> Path:
        return Path(self.server.files) / self.root.name / "库存"

    @property
    def path(self) -> str:
        return f"{self.root.name}/库存"

    @property
    def server_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.port

    @property
    def account(self) -> Account:
        host, port = self.address
        (self.root / "known_hosts").write_text(f"[{host}]:{port} {self.server.host_key}\n")
        return Account(
            kind="sftp", host=host, port=port, user=self.server.user, key="file:key", passphrase="env:X", known_hosts="known_hosts"
        )

    def connections(self) -> Connections:
        connections = super().connections()
        connections._secret = lambda reference: Value(self.key if reference == "file:key" else self.password)
        return connections

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return int(self.server.refused_logins()) - self.before


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    with Sshd(passphrase=PASSWORD) as server:
        yield server


class TestSftpOfOpenSsh(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path, server: Sshd) -> OpenSshWorld:
        return OpenSshWorld(tmp_path, server=server)

    def test_names_in_gbk_and_utf8_in_one_folder(self, world: OpenSshWorld) -> None:
        world.more = {"pattern": "*销售*"}
        raw = os.fsencode(world.folder)
        for name, content in {"流向销售.csv".encode("gbk"): b"gbk", "库存销售.csv".encode(): b"utf-8", b"\xff\xff.csv": b"neither"}.items():
            with open(raw + b"/" + name, "wb") as file:  # noqa: PTH123 - the name is bytes
                file.write(content)
            os.utime(raw + b"/" + name, (1_700_000_000, 1_700_000_000))
        assert {each.item.name: each.content for each in world.run()} == {"流向销售.csv": b"gbk", "库存销售.csv": b"utf-8"}

    def test_many_files_of_many_sizes(self, world: OpenSshWorld) -> None:
        world.more = {}
        contents = {f"f{n}.bin": os.urandom(size) for n, size in enumerate([0, 1, 32767, 32768, 32769, 65536, 200_000, 3_000_000] * 6)}
        for name, content in contents.items():
            world.deliver(name, content, 90000)
        assert {each.item.name: each.content for each in world.run()} == contents

    def test_a_key_that_the_server_does_not_know_is_tried_once(self, world: OpenSshWorld) -> None:
        world.put(0)
        world.server._make_key("other", PASSWORD)
        world.key = (world.server.folder / "other").read_text()
        (world.server.folder / "other").unlink()
        for _ in range(2):
            with world.connections() as connections, pytest.raises(AccessRefused) as caught:
                list(connections.open(world.source).discover(None, set()))
            assert "PRIVATE" not in str(caught.value)
        assert world.refused_logins() <= 1

    @pytest.mark.parametrize("passphrase", ["", "wrong"])
    def test_a_passphrase_that_does_not_open_the_key_is_told(self, world: OpenSshWorld, passphrase: str) -> None:
        world.password = passphrase
        with pytest.raises(ManifestError, match="key"):
            world.run()
        assert world.refused_logins() == 0
