"""The portal connector over the portal of ``taihu.testing``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.connector.contract import NOW, PASSWORD, ConnectorContract, World, source_file

from taihu.core.errors import AccessRefused, TerminalError
from taihu.core.types import Span
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import Account
from taihu.manifest.tree import Source
from taihu.testing.servers import PortalServer

LOGIN = [{"goto": "/login"}, {"fill": {"#user": "account.user", "#password": "account.password"}}, {"click": "text=登录"}]
LIST = [
    {"goto": "/reports"},
    {"download": "table.downloads a.download", "paginate": {"param": "page", "until": "a.next"}, "expect": {"kind": "xlsx"}},
]
EXPORT = [{"goto": "/reports"}, {"fetch": "/report/daily/export", "with": {"from": "period.start", "to": "period.last"}}]


@dataclass
class PortalWorld(World):
    protocol: ClassVar[str] = "http"

    server: PortalServer = field(default_factory=lambda: PortalServer("V1", PASSWORD, page_size=2))
    steps: list[dict[str, Any]] = field(default_factory=lambda: list(LIST))
    until: dt.date = dt.date(2027, 12, 31)

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        return Account(kind="portal", url=self.url, user="V1", password="env:X")

    def recipe(self) -> PortalFile:
        return PortalFile.model_validate(
            {
                "login": LOGIN,
                "logged_in_if": "css=.user-menu",
                "steps": self.steps,
                "hosts": [self.address[0]],
                "terms": {"allowed_by": "agreement", "until": self.until},
            }
        )

    @property
    def source(self) -> Source:
        return Source("pos", "sources/pos", source_file({"via": "portal", "account": "account"}), portal=self.recipe())

    def put(self, number: int) -> bytes:
        content = b"PK\x03\x04 workbook %d" % number
        self.server.deliver(f"销售{number}.xlsx", content, NOW + dt.timedelta(minutes=number))
        return content

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        downloads = self.server.downloads
        self.server = PortalServer("V1", PASSWORD, page_size=2, port=self.server.port).start()
        self.server.downloads = downloads

    def refused_logins(self) -> int:
        return self.server.refused_logins


class TestPortal(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[PortalWorld]:
        world = PortalWorld(tmp_path)
        world.server.start()
        yield world
        world.server.stop()

    def test_all_pages_are_followed_oldest_file_first(self, world: PortalWorld) -> None:
        contents = [world.put(n) for n in range(7)]
        fetched = world.run()
        assert [each.content for each in fetched] == contents
        assert fetched[3].item.name == "销售3.xlsx"
        assert fetched[3].item.received_at == NOW + dt.timedelta(minutes=3)

    def test_the_session_is_kept_between_runs(self, world: PortalWorld) -> None:
        for n in range(3):
            world.put(n)
            world.run()
        assert world.server.logins == 1

    @pytest.mark.parametrize("requests", [2, 3, 5])
    def test_a_session_that_ends_in_the_middle_is_renewed(self, world: PortalWorld, requests: int) -> None:
        world.server.session_requests = requests
        contents = [world.put(n) for n in range(9)]
        fetched = world.run()
        assert [each.content for each in fetched] == contents
        assert world.server.logins > 1
        assert world.server.refused_logins == 0

    def test_a_file_that_is_a_login_page_is_landed_with_a_suspicion(self, world: PortalWorld) -> None:
        world.server.deliver("销售.xlsx", world.server.login_page(), NOW)
        good = world.put(1)
        fetched = world.run()
        assert [each.content for each in fetched] == [world.server.login_page(), good]
        assert fetched[0].meta["suspicion"] == "login_page"
        assert fetched[1].meta["suspicion"] == "wrong_kind", "it begins like a workbook and is none"
        assert world.server.logins == 1

    def test_a_file_published_again_is_a_new_version(self, world: PortalWorld) -> None:
        world.put(0)
        world.run()
        world.server.deliver("销售0.xlsx", b"PK\x03\x04 corrected", NOW + dt.timedelta(days=1))
        assert [each.content for each in world.run()] == [b"PK\x03\x04 corrected"]

    def test_an_export_asks_for_the_period(self, world: PortalWorld) -> None:
        asked: list[dict[str, str]] = []

        def export(query: dict[str, str]) -> tuple[str, bytes]:
            asked.append(query)
            return f"日报_{query['from']}.xlsx", b"PK\x03\x04" + query["from"].encode()

        world.server.export = export
        world.steps = EXPORT
        fetched = world.run()
        assert [each.item.name for each in fetched] == ["日报_2026-09-14.xlsx"]
        assert world.run() == []
        with world.connections() as connections:
            connector = connections.open(world.source)
            span = Span(dt.date(2026, 9, 1), dt.date(2026, 9, 8))
            assert [connector.fetch(item).content for item in connector.discover(None, world.known, span)] == [b"PK\x03\x042026-09-01"]
        assert asked[-1] == {"from": "2026-09-01", "to": "2026-09-07"}

    def test_the_permission_ends(self, world: PortalWorld) -> None:
        world.until = dt.date(2026, 9, 14)
        with pytest.raises(TerminalError, match="permission"):
            world.run()
        assert world.server.requests == []

    def test_other_hosts_are_not_contacted(self, world: PortalWorld) -> None:
        world.steps = [{"goto": "http://localhost:1/x"}, LIST[1]]
        with pytest.raises(AccessRefused, match="host"):
            world.run()

    def test_a_changed_page_says_which_selector_fits_nothing(self, world: PortalWorld) -> None:
        world.steps = [{"goto": "/reports"}, {"click": "text=下载全部"}, LIST[1]]
        with pytest.raises(TerminalError, match="下载全部"):
            world.run()

    def test_more_pages_than_allowed_are_reported(self, world: PortalWorld) -> None:
        for n in range(9):
            world.put(n)
        world.steps = [LIST[0], {"download": "a.download", "paginate": {"param": "page", "until": "a.next", "most": 2}}]
        with world.connections() as connections:
            connector = connections.open(world.source)
            assert len(list(connector.discover(None, set()))) == 4
            assert any("paginate" in text for text in connector.waiting())
