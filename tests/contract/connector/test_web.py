"""The web connector over a real HTTP server."""

from __future__ import annotations

import datetime as dt
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

NOTICES = """<table><tr><td><a href="/files/甲.xlsx">甲.xlsx</a></td><td>{day}</td></tr>
<tr><td><a href="files/乙.xlsx">乙.xlsx</a></td><td>2026-09-01</td></tr><tr><td><a href="http://other.example/x.xlsx">丙</a></td></tr></table>"""


@dataclass
class WebWorld(World):
    protocol: ClassVar[str] = "http"

    server: WebServer = field(default_factory=WebServer)
    one_item_a_put: bool = False
    has_login: bool = False
    options: dict[str, str] = field(default_factory=lambda: {"path": "/销售/rates.html"})

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        return Account(kind="http", url=self.url)

    @property
    def source(self) -> Source:
        return Source("rates", "sources/rates", source_file({"via": "web", "account": "account", **self.options}))

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
        assert world.server.requests == [("/robots.txt", 404), ("/销售/rates.html", 200), ("/销售/rates.html", 304)]

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
        world.run()
        world.put(1)
        world.server.requests.clear()
        world.server.fail_next(403)
        with pytest.raises(AccessRefused):
            world.run()
        assert len(world.server.requests) == 1

    def test_what_the_site_asks_programs_to_leave_alone_is_left_alone(self, world: WebWorld) -> None:
        world.put(0)
        world.server.publish("/robots.txt", "User-agent: *\nDisallow: /销售/\n", content_type="text/plain; charset=utf-8")
        with pytest.raises(AccessRefused, match=r"robots\.txt"):
            world.run()
        assert [path for path, _ in world.server.requests] == ["/robots.txt"]
        world.server.publish("/robots.txt", "User-agent: other\nDisallow: /\n", content_type="text/plain")
        assert len(world.run()) == 1

    def test_the_site_is_asked_once_a_day(self, world: WebWorld) -> None:
        world.put(0)
        for day in (0, 0, 1, 1):
            world.clock.move_to(NOW + dt.timedelta(days=day))
            world.run()
        assert [path for path, _ in world.server.requests].count("/robots.txt") == 2

    def test_files_that_a_page_links_to_on_listed_hosts_only(self, world: WebWorld) -> None:
        world.server.publish("/notices.html", NOTICES.format(day="2026-09-01"))
        world.server.publish("/files/甲.xlsx", b"PK one")
        world.server.publish("/files/乙.xlsx", b"PK two")
        world.options = {"path": "/notices.html", "links": "table a"}
        assert [(each.item.name, each.content) for each in world.run()] == [("乙.xlsx", b"PK two"), ("甲.xlsx", b"PK one")]
        assert world.run() == []
        world.server.publish("/notices.html", NOTICES.format(day="2026-09-02"))
        assert [each.item.name for each in world.run()] == ["甲.xlsx"], "published again on another day"
        with world.connections() as connections:
            connector = connections.open(world.source)
            list(connector.discover(None, set()))
            assert connector.waiting() == ["links to other.example (hosts:)"]

    def test_a_page_that_is_gone_is_told(self, world: WebWorld) -> None:
        with pytest.raises(NotFound, match="404"):
            world.run()
