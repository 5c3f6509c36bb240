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
