"""The S3 connector over moto's server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import source_file
from tests.contract.connector.drop_contract import DropContract, DropWorld
from tests.servers.s3 import S3Server

from taihu.core.errors import AccessRefused, ManifestError
from taihu.manifest.project import Account
from taihu.manifest.tree import Source


@dataclass
class S3World(DropWorld):
    protocol = "http"
    via = "s3"

    server: Any = None
    waits: bool = False
    prefix: str = ""
    has_login: bool = False

    @property
    def server_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.port

    @property
    def path(self) -> str:
        return f"{self.prefix}/库存"

    @property
    def account(self) -> Account:
        return Account(kind="s3", url=self.url, user=self.server.key, password="env:X")

    @property
    def source(self) -> Source:
        options = {"via": "s3", "account": "account", "bucket": self.server.bucket, "path": self.path, **self.more}
        return Source("drop", "sources/drop", source_file(options))

    def deliver(self, name: str, content: bytes, age: float = 3600) -> None:
        self.server.put(f"{self.path}/{name}", content)

    def deliver_huge(self, name: str) -> None:
        pytest.skip("an object of this size would have to be sent")

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()
        self.server.set_up()
        self.deliver("销售0.csv", b"a,b\n0,x\n")
        self.deliver("销售0.csv.ok", b"")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server("drop") as server:
        server.set_up()
        yield server


class TestS3(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path, server: S3Server) -> S3World:
        return S3World(tmp_path, server=server, prefix=tmp_path.name)

    def absent(self, world: DropWorld) -> str:
        pytest.skip("a prefix without objects is no error: nothing has come yet")


def test_a_wrong_key_is_tried_once(tmp_path: Path) -> None:
    with S3Server("drop", checks_keys=True) as server:
        server.set_up()
        world = S3World(tmp_path, server=server, prefix="x", password=server.secret)
        content = world.put(0)
        world.password = "wrong"
        for _ in range(2):
            with world.connections() as connections, pytest.raises(AccessRefused) as caught:
                list(connections.open(world.source).discover(None, set()))
            assert "wrong" not in str(caught.value)
        assert server.log_text().count(" 403 ") == 1
        world.password = server.secret
        assert [each.content for each in world.run()] == [content]


def test_a_bucket_in_the_hosts_name_and_more_than_one_page(tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Tencent COS and Aliyun OSS want. No resolver knows the host, so the way to it is by a proxy, which is the server itself."""
    world = S3World(tmp_path, server=server, prefix="many")
    client = server.client()
    for number in range(20):
        client.put_object(Bucket="drop", Key=f"many/库存/{number}.csv", Body=b"")
    account = world.account.model_copy(update={"url": f"http://{{bucket}}.oss.example:{server.port}", "tls": False})
    world.__class__ = type("Hosted", (S3World,), {"account": account})
    world.more = {"pattern": "*.csv", "subfolders": True}
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert len(world.run()) == 20, "the listing goes on after its first page"
    assert server.log_text().count("GET http://drop.oss.example") + server.log_text().count('"GET /?') >= 3


def test_files_do_not_travel_in_the_clear(tmp_path: Path, server: S3Server) -> None:
    world = S3World(tmp_path, server=server)
    account = world.account.model_copy(update={"url": "http://minio.example:9000"})
    world.__class__ = type("Clear", (S3World,), {"account": account})
    with pytest.raises(ManifestError, match="encryption"):
        world.run()
