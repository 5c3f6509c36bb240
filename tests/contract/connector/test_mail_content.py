"""What of a mail is landed: bodies with tables, linked files from allowed hosts, no pictures of signatures."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.contract.connector.test_mail_files import FilesWorld

from taihu.core.errors import ContentRefused, NotFound, TerminalError
from taihu.core.types import Item
from taihu.testing.servers import WebServer

TABLE = "<table><tr><th>门店</th><th>销量</th></tr><tr><td>一店</td><td>12</td></tr></table>"


def mail(html: str, *, text: str = "正文", charset: str = "utf-8") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "a@dealer.example"
    message["Subject"] = "销售流向/日报"
    message["Message-ID"] = "<1@x>"
    message.set_content(text)
    message.add_alternative(html, subtype="html", charset=charset, cte="base64")
    return message


@pytest.fixture
def world(tmp_path: Path) -> FilesWorld:
    return FilesWorld(tmp_path)


@pytest.fixture
def site() -> Iterator[WebServer]:
    with WebServer() as site:
        yield site


@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
def test_a_table_in_the_body_is_a_file_of_its_own(world: FilesWorld, charset: str) -> None:
    world.deliver(mail(f"<p>请查收</p>{TABLE}", charset=charset).as_bytes(), "a")
    assert world.run() == [], "not asked for"
    world.more = {"body": "tables"}
    (fetched,) = world.run()
    assert fetched.item.name == "销售流向/日报.html"
    assert fetched.item.meta["is_body"] == "yes"
    assert "门店" in fetched.content.decode(charset)
    assert world.run() == []


def test_a_body_without_a_table_gives_nothing_unless_always(world: FilesWorld) -> None:
    world.deliver(mail("<p>没有</p>").as_bytes(), "a")
    world.more = {"body": "tables"}
    assert world.run() == []
    world.more = {"body": "always"}
    assert sorted(each.item.name.rpartition(".")[2] for each in world.run()) == ["html", "txt"]


def test_pictures_of_the_body_are_left_out(world: FilesWorld) -> None:
    message = mail("<p>看图</p><img src='cid:logo'>")
    message.get_payload()[1].add_related(b"\x89PNG logo", "image", "png", cid="<logo>")
    message.add_attachment(b"\x89PNG scan", "image", "png", filename="扫描.png")
    world.deliver(message.as_bytes(), "a")
    world.more = {"where": {}}
    assert [(each.item.name, each.content) for each in world.run()] == [("扫描.png", b"\x89PNG scan")]
    world.more = {"where": {}, "inline_images": True}
    assert [each.content for each in world.run()] == [b"\x89PNG logo"], "the other is known"


def test_linked_files_from_allowed_hosts(world: FilesWorld, site: WebServer) -> None:
    url = site.publish("/流向/9月 日报.xlsx", b"PK linked", content_type="application/octet-stream")
    site.publish("/other.pdf", b"%PDF")
    html = f"<a href='{url}?sig=a&amp;b=c'>下载</a> <a href='{site.url}/other.pdf'>x</a> <a href='https://evil.example/x.xlsx'>y</a>"
    world.deliver(mail(html, text=f"下载 {url}?sig=a&b=c").as_bytes(), "a")
    world.more = {"links": {"hosts": ["127.0.0.1"], "pattern": "*.xlsx"}}
    (fetched,) = world.run()
    assert (fetched.item.name, fetched.content) == ("9月 日报.xlsx", b"PK linked")
    assert fetched.item.meta["url"] == f"{url}?sig=a&b=c"
    assert fetched.item.meta["message_id"] == "<1@x>"
    assert len(site.requests) == 1
    assert world.run() == []
    assert len(site.requests) == 1


def _fetch(world: FilesWorld) -> Item:
    with world.connections() as connections:
        connector = connections.open(world.source)
        (item,) = connector.discover(None, set())
        return connector.fetch(item).item


def test_links_that_lead_nowhere(world: FilesWorld, site: WebServer) -> None:
    world.more = {"links": {"hosts": ["127.0.0.1"]}}
    world.deliver(mail(f"<a href='{site.url}/gone.xlsx'>x</a>").as_bytes(), "a")
    with pytest.raises(NotFound):
        _fetch(world)
    site.publish("/gone.xlsx", "<html><form><input type=password></form>请登录</html>")
    with pytest.raises(ContentRefused) as caught:
        _fetch(world)
    assert caught.value.reason == "login_page"
    site.fail_next(403)
    with pytest.raises(TerminalError, match="link was refused") as refused:
        _fetch(world)
    assert type(refused.value) is TerminalError, "the mailbox's account was not refused"
    site.fail_next(503)
    site.publish("/gone.xlsx", b"PK")
    assert _fetch(world).name == "gone.xlsx"


def test_a_redirect_to_another_host_is_not_followed(world: FilesWorld, site: WebServer) -> None:
    with WebServer() as other:
        other.publish("/x.xlsx", b"stolen")
        world.more = {"links": {"hosts": ["localhost"]}}
        world.deliver(mail(f"<a href='{other.url}/x.xlsx'>x</a>").as_bytes(), "a")
        assert world.run() == [], "127.0.0.1 is not on the list"
        assert other.requests == []
