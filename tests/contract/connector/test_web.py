"""The web connector over a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from tests.contract.connector.contract import NOW, ConnectorContract, World, source_file

from taihu.core.errors import AccessRefused, NotFound
from taihu.manifest.project import Account
from taihu.manifest.tree import Source
from taihu.testing.servers import WebServer


@dataclass
class WebWorld(World):
    protocol: ClassVar[str] = "http"

    server: WebServer = field(default_factory=WebServer)
    one_item_a_put: bool = False
    has_login: bool = False

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        return Account(kind="http", url=self.url)

    @property
    def source(self) -> Source:
        return Source("rates", "sources/rates", source_file({"via": "web", "account": "account", "path": "/销售/rates.html"}))

    def put(self, number: int) -> bytes:
        content = f"<html><body><table><tr><td>{number}</td></tr></table></body></html>"
        self.server.publish("/销售/rates.html", content, modified_at=NOW)
        return content.encode()

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        pages = self.server.pages
        self.server = WebServer(port=self.server.port).start()
        self.server.pages.update(pages)


class TestWeb(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[WebWorld]:
        world = WebWorld(tmp_path)
        world.server.start()
        yield world
        world.server.stop()

    def test_an_unchanged_page_is_not_downloaded_again(self, world: WebWorld) -> None:
        world.put(0)
        world.run()
        world.run()
        assert [status for _, status in world.server.requests] == [200, 304]

    @pytest.mark.parametrize("etags", [True, False])
    def test_a_page_that_goes_back_has_changed(self, world: WebWorld, etags: bool) -> None:
        world.server.etags = etags
        keys = []
        for n in (1, 2, 1):
            world.server.publish("/销售/rates.html", f"<p>{n}</p>")
            keys += [each.item.key for each in world.run()]
        assert len(set(keys)) == 3
        assert world.run() == []

    def test_a_busy_site_is_tried_again(self, world: WebWorld) -> None:
        content = world.put(0)
        world.server.fail_next(503, 429)
        assert [each.content for each in world.run()] == [content]

    def test_a_refusal_is_not(self, world: WebWorld) -> None:
        world.put(0)
        world.server.fail_next(403)
        with pytest.raises(AccessRefused):
            world.run()
        assert len(world.server.requests) == 1

    def test_a_page_that_is_gone_is_told(self, world: WebWorld) -> None:
        with pytest.raises(NotFound, match="404"):
            world.run()
