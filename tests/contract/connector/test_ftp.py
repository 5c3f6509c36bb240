"""The FTP connector over vsftpd, in the clear and with both ways of TLS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import PASSWORD
from tests.contract.connector.drop_contract import DropContract, DropWorld
from tests.servers.vsftpd import Vsftpd, missing

from taihu.core.errors import TerminalError
from taihu.manifest.project import Account

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@dataclass
class FtpWorld(DropWorld):
    protocol = "ftp"
    via = "ftp"

    server: Any = None
    how: str = "none"
    settled_age: float = 4000  # the protocol tells no clock, so our own must be beyond doubt
    before: int = 0

    def __post_init__(self) -> None:
        self.before = self.server.refused_logins()
        self.folder.mkdir(parents=True)
        shutil.chown(self.folder, self.server.name)
        shutil.chown(self.folder.parent, self.server.name)

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
        ways: dict[str, Any] = {"tls": False} if self.how == "none" else {"authority": str(self.server.authority)}
        return Account(
            kind="ftp", host=host, port=port, user=self.server.name, password="env:X", implicit_tls=self.how == "implicit", **ways
        )

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return int(self.server.refused_logins()) - self.before


@pytest.fixture(scope="module")
def server() -> Iterator[Vsftpd]:
    with Vsftpd(PASSWORD) as server:
        yield server


class TestFtp(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path, server: Vsftpd) -> FtpWorld:
        return FtpWorld(tmp_path, server=server)

    def test_names_in_gbk_and_utf8_in_one_folder(self, world: FtpWorld) -> None:
        world.more = {"pattern": "*销售*"}
        raw = os.fsencode(world.folder)
        names = {"流向销售.csv".encode("gbk"): b"gbk", "库存销售.csv".encode(): b"utf-8", "月结销售 1.csv".encode("gbk"): b"blank"}
        for name, content in names.items():
            with open(raw + b"/" + name, "wb") as file:  # noqa: PTH123 - the name is bytes
                file.write(content)
            os.utime(raw + b"/" + name, (1_700_000_000, 1_700_000_000))
        found = {each.item.name: each.content for each in world.run()}
        assert found == {"流向销售.csv": b"gbk", "库存销售.csv": b"utf-8", "月结销售 1.csv": b"blank"}

    def test_a_folder_with_a_gbk_name(self, world: FtpWorld) -> None:
        raw = os.fsencode(world.folder.parent) + b"/" + "流向".encode("gbk")
        os.makedirs(raw + b"/" + "一月".encode("gbk"))  # noqa: PTH103 - the name is bytes
        with open(raw + b"/" + "一月".encode("gbk") + b"/a.csv", "wb") as file:  # noqa: PTH123
            file.write(b"x")
        world.more = {"subfolders": True, "settle": "0 minutes"}
        world.__class__ = type("Gbk", (FtpWorld,), {"path": f"{world.root.name}/流向"})
        assert [(each.item.meta["path"].split("/", 1)[1], each.content) for each in world.run()] == [("流向/一月/a.csv", b"x")]

    def test_plain_ftp_is_said_aloud(self, world: FtpWorld) -> None:
        with world.connections() as connections:
            assert "without TLS" in connections.open(world.source).probe().warning

    def test_a_second_poll_asks_for_no_times_again(self, world: FtpWorld) -> None:
        for n in range(5):
            world.put(n)
        world.run()
        log = world.server.folder / "vsftpd.log"
        asked = log.read_text(errors="replace").count('"MDTM ')
        assert asked >= 5
        assert world.run() == []
        assert log.read_text(errors="replace").count('"MDTM ') == asked

    def forbid(self, world: DropWorld) -> None:
        for name in ("a.csv", "b.csv"):
            world.deliver(name, name[:1].encode())
            world.deliver(f"{name}.ok", b"")
        (world.folder / "b.csv").chmod(0o000)


@pytest.mark.parametrize("how", ["explicit", "implicit"])
def test_ftp_over_tls(how: str, tmp_path: Path) -> None:
    with Vsftpd(PASSWORD, tls=how) as server:
        world = FtpWorld(tmp_path, server=server, how=how)
        contents = [world.put(n) for n in range(3)]
        large = os.urandom(3_000_000)
        world.deliver("large.csv", large)
        world.deliver("large.csv.ok", b"")
        assert sorted(each.content for each in world.run()) == sorted([*contents, large])
        with world.connections() as connections:
            assert connections.open(world.source).probe().warning == ""
        world.server.authority = tmp_path / "other.crt"
        from tests.servers.certificates import make_certificate

        make_certificate(tmp_path, "127.0.0.1")
        (tmp_path / "server.crt").rename(world.server.authority)
        with pytest.raises(TerminalError, match="certificate"):
            world.run()
        assert world.refused_logins() == 0
