"""The Graph connector over a stand-in for its protocol; Microsoft's own service was never asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.connector.contract import PASSWORD, ConnectorContract, World, source_file
from tests.contract.connector.test_mailbox import MailWorld, mail
from tests.servers.graph import GraphServer

from taihu.collect.graph_session import CLOUDS, GraphSession, _endpoints
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, NotFound
from taihu.manifest.project import Account
from taihu.manifest.tree import Source

USER = "bi@company-a.example"


@dataclass
class GraphWorld(World):
    protocol: ClassVar[str] = "http"

    server: GraphServer = field(default_factory=lambda: GraphServer(user=USER, secret=PASSWORD))
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def account(self) -> Account:
        self.server.scheme = "https" if self.tls else "http"
        return Account(kind="graph", url=self.url, user=USER, tenant="tenant-1", application="app-1", password="env:X")

    @property
    def source(self) -> Source:
        collect = {"via": "graph", "account": "account", "where": {"subject": "*销售流向*", "attachment": "*.xls*"}, **self.more}
        return Source("mails", "sources/mails", source_file(collect))

    def put(self, number: int) -> bytes:
        content = b"PK content %d" % number
        self.server.deliver(mail(content, message_id=f"<{number}@dealer.example>"))
        return content

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return self.server.refused_logins

    def raw_requests(self) -> int:
        return sum(path.endswith("/$value") for path, _ in self.server.requests)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    world = GraphWorld(tmp_path)
    with world.server:
        yield world


def contents(world: GraphWorld) -> list[bytes]:
    return [each.content for each in world.run()]


class TestGraph(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[GraphWorld]:
        world = GraphWorld(tmp_path)
        with world.server:
            yield world


def test_later_rounds_ask_for_what_is_new_only(world: GraphWorld) -> None:
    put = [world.put(n) for n in range(5)]
    assert contents(world) == put
    world.server.requests.clear()
    new = world.put(5)
    assert contents(world) == [new]
    assert world.raw_requests() == 1
    assert sum("delta" in path for path, _ in world.server.requests) == 1


def test_a_link_that_is_gone_resyncs_without_duplicates(world: GraphWorld) -> None:
    for n in range(5):
        world.put(n)
    world.run()
    world.server.expire_links()
    new = world.put(5)
    assert contents(world) == [new]
    assert 410 in {status for _, status in world.server.requests}
    world.server.requests.clear()
    assert world.run() == []
    assert {status for _, status in world.server.requests} == {200}, "the link of the new round is kept"


def test_being_throttled_is_waited_for_and_does_not_begin_anew(world: GraphWorld) -> None:
    put = [world.put(n) for n in range(8)]
    with world.connections() as connections:
        connector = connections.open(world.source)
        got = []
        for item in connector.discover(None, set()):
            got.append(connector.fetch(item).content)
            if len(got) in (3, 6):
                world.server.fail_next((429, 1.0))
    assert got == put
    assert len(world.server.waited) == 2
    assert min(world.server.waited) >= 1.0, "Retry-After"
    assert world.raw_requests() <= 8 + 2 + 2, "mails that were fetched are not fetched again"


def test_a_token_that_ran_out_is_renewed(world: GraphWorld) -> None:
    put = [world.put(n) for n in range(4)]
    with world.connections() as connections:
        connector = connections.open(world.source)
        got = []
        for item in connector.discover(None, set()):
            got.append(connector.fetch(item).content)
            world.server.expire_tokens()
    assert got == put
    assert world.server.refused_logins == 0


def test_folders_by_path_with_chinese_names_and_quotes(world: GraphWorld) -> None:
    world.more = {"folder": ["INBOX", "流向/经销商's"]}
    world.server.deliver(mail(b"a", message_id="<a@x>"))
    world.server.deliver(mail(b"b", message_id="<b@x>"), "流向/经销商's")
    fetched = world.run()
    assert [(each.item.meta["folder"], each.content) for each in fetched] == [("INBOX", b"a"), ("流向/经销商's", b"b")]
    world.more = {"folder": "没有"}
    with pytest.raises(NotFound, match="folder"):
        world.run()


def test_what_gave_nothing_is_remembered_and_a_mail_that_is_gone_is_left_out(world: GraphWorld) -> None:
    world.server.deliver(mail(b"x", name="readme.txt", message_id="<1@x>"))
    gone = world.server.deliver(mail(b"y", message_id="<2@x>"))
    del world.server.mails[gone]
    world.server.folders["inbox"].mails.remove(gone)
    assert world.run() == []
    world.cursor = None
    assert world.run() == []
    assert world.raw_requests() == 1


def test_a_mail_beyond_the_limit_is_refused_and_stops_no_other(world: GraphWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taihu.collect.graph_session.LARGEST_MAIL", 5000)
    world.server.deliver(mail(b"x" * 9000, message_id="<big@x>"))
    small = world.put(1)
    with world.connections() as connections:
        connector = connections.open(world.source)
        got: list[object] = []
        for item in connector.discover(None, set()):
            try:
                got.append(connector.fetch(item).content)
            except ContentRefused as error:
                got.append(error.reason)
    assert got == ["too_large", small]


def test_the_same_mail_over_imap_is_the_same_item(world: GraphWorld, tmp_path: Path) -> None:
    raw = mail(b"x", message_id="<1@x>")
    world.server.deliver(raw)
    with (other := MailWorld(tmp_path)).server:
        other.deliver(raw)
        assert [each.item.key for each in other.run()] == [each.item.key for each in world.run()]


def test_a_mailbox_without_permission_is_told(world: GraphWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(1)
    world.server.fail_next((403, 0), (403, 0))
    with pytest.raises(AccessRefused) as caught:
        world.run()
    assert "Mail.Read" in caught.value.fix


def test_endpoints_of_both_clouds() -> None:
    account = Account(kind="graph", user=USER, tenant="t", application="a", password="env:X")
    assert _endpoints(account, "global") == ("https://login.microsoftonline.com", "https://graph.microsoft.com")
    assert _endpoints(account, "china") == ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn")
    with pytest.raises(ManifestError, match="https"):
        _endpoints(account.model_copy(update={"url": "http://graph.example"}), "global")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_scope_names_the_cloud(world: GraphWorld, cloud: str) -> None:
    world.put(1)
    world.more = {"cloud": cloud}
    assert len(world.run()) == 1


@pytest.mark.parametrize("key", ["tenant", "application", "user", "password"])
def test_what_an_account_needs(key: str) -> None:
    account = Account(kind="graph", user=USER, tenant="t", application="a", password="env:X").model_copy(update={key: None})
    with pytest.raises(ManifestError, match=key):
        GraphSession(account, "x", "global")
