"""The connector of mail files over .eml files, an mbox and a Maildir; the other side writes them with the standard library."""

from __future__ import annotations

import datetime as dt
import mailbox
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import NOW, ConnectorContract, World, source_file
from tests.contract.connector.test_mailbox import MailWorld, mail

from taihu.core.errors import ContentRefused, NotFound
from taihu.manifest.tree import Source


@dataclass
class FilesWorld(World):
    shape: str = "eml"
    has_server: bool = False
    has_login: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shape == "eml":
            (self.path / "里面").mkdir(parents=True)
        elif self.shape == "maildir":
            mailbox.Maildir(self.path)
        else:
            mailbox.mbox(self.path).close()

    @property
    def path(self) -> Path:
        return self.root / ("mails.mbox" if self.shape == "mbox" else "mails")

    @property
    def account(self) -> None:
        return None

    @property
    def source(self) -> Source:
        collect = {"via": "mail_files", "path": self.path.name, "where": {"subject": "*销售流向*", "attachment": "*.xls*"}, **self.more}
        return Source("mails", "sources/mails", source_file(collect))

    def put(self, number: int) -> bytes:
        content = b"PK content %d" % number
        self.deliver(mail(content, message_id=f"<{number}@dealer.example>"), str(number))
        return content

    def deliver(self, raw: bytes, name: str) -> None:
        if self.shape == "eml":
            (self.path / "里面" / f"{name}.eml").write_bytes(raw)
        elif self.shape == "maildir":
            mailbox.Maildir(self.path).add(raw)
        else:
            box = mailbox.mbox(self.path)
            box.add(raw)
            box.close()


class _Files(ConnectorContract):
    shape = ""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[FilesWorld]:
        yield FilesWorld(tmp_path, shape=self.shape)

    def test_the_same_mail_in_a_mailbox_is_the_same_item(self, world: FilesWorld, tmp_path: Path) -> None:
        raws = [mail(b"x", message_id="<1@x>"), mail(b"a,b\n1,2\n", name="7bit.xls", message_id="<2@x>"), mail(b"without id")]
        raws[1] = raws[1].replace(b"base64", b"7bit").replace(b"YSxiCjEsMgo=", b"a,b\n1,2\nFrom here on\n")
        with (other := MailWorld(tmp_path)).server:
            for number, raw in enumerate(raws):
                world.deliver(raw, str(number))
                other.deliver(raw.replace(b"\n", b"\r\n"))
            files = {each.item.key: (each.item.name, each.content) for each in world.run()}
            assert files == {each.item.key: (each.item.name, each.content) for each in other.run()}
        assert sorted(content for _, content in files.values()) == [b"a,b\r\n1,2\r\nFrom here on\r\n\r\n", b"without id", b"x"]


class TestEml(_Files):
    shape = "eml"

    def test_a_changed_file_is_looked_at_again(self, world: FilesWorld) -> None:
        world.put(1)
        world.run()
        world.deliver(mail(b"corrected", message_id="<1@dealer.example>"), "1")
        assert [each.content for each in world.run()] == [b"corrected"]

    def test_a_mail_that_is_still_being_written_waits(self, world: FilesWorld) -> None:
        raw = mail(b"x" * 1000, message_id="<1@x>")
        path = world.path / "a.eml"
        path.write_bytes(raw[:900])
        os.utime(path, (NOW.timestamp() - 5, NOW.timestamp() - 5))
        (world.path / "b.eml.part").write_bytes(raw)
        with world.connections() as connections:
            connector = connections.open(world.source)
            assert list(connector.discover(None, set())) == []
            assert list(connector.waiting()) == ["a.eml"]
        path.write_bytes(raw)
        os.utime(path, (NOW.timestamp() - 5, NOW.timestamp() - 5))
        assert [each.content for each in world.run()] == [b"x" * 1000]

    def test_when_it_was_received_is_what_the_last_server_wrote(self, world: FilesWorld) -> None:
        raw = mail(b"x", message_id="<1@x>")
        world.deliver(b"Received: from a by b\n\twith SMTP; Tue, 15 Sep 2026 07:59:58 +0800\nReceived: older; nonsense\n" + raw, "a")
        assert world.run()[0].item.received_at == dt.datetime(2026, 9, 14, 23, 59, 58, tzinfo=dt.UTC)

    def test_what_gave_nothing_is_remembered(self, world: FilesWorld) -> None:
        world.deliver(mail(b"x", name="readme.txt", message_id="<1@x>"), "a")
        assert world.run() == []
        assert len(world.known) == 1
        world.cursor = None
        assert world.run() == []
        assert len(world.known) == 1

    def test_a_file_beyond_the_limit_is_refused_without_being_read(self, world: FilesWorld) -> None:
        with (world.path / "big.eml").open("wb") as file:
            file.write(mail(b"x", message_id="<1@x>"))
            file.truncate(2_000_000_000)  # sparse
        with world.connections() as connections:
            connector = connections.open(world.source)
            (item,) = connector.discover(None, set())
            with pytest.raises(ContentRefused) as caught:
                connector.fetch(item)
        assert (caught.value.reason, item.size) == ("too_large", 2_000_000_000)

    def test_a_mail_that_cannot_be_taken_apart_stops_no_other(self, world: FilesWorld) -> None:
        nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
        world.deliver("Subject: 销售流向\n".encode() + nested, "a")
        content = world.put(1)
        with world.connections() as connections:
            connector = connections.open(world.source)
            got = []
            for item in connector.discover(None, set()):
                try:
                    got.append(connector.fetch(item).content)
                except ContentRefused as error:
                    got.append(error.reason)
        assert sorted(map(str, got)) == sorted(["damaged_file", str(content)])

    def test_a_missing_folder_is_told(self, world: FilesWorld) -> None:
        world.more = {"path": "没有"}
        with pytest.raises(NotFound, match="not there"):
            world.run()

    def test_one_file_by_itself(self, world: FilesWorld) -> None:
        world.put(5)
        world.more = {"path": "mails/里面/5.eml"}
        assert [each.content for each in world.run()] == [b"PK content 5"]
        assert world.run() == []


class TestMbox(_Files):
    shape = "mbox"

    def test_an_mbox_that_was_just_changed_waits(self, world: FilesWorld) -> None:
        world.put(1)
        os.utime(world.path, (NOW.timestamp() - 5, NOW.timestamp() - 5))
        assert world.run() == []
        os.utime(world.path, (NOW.timestamp() - 400, NOW.timestamp() - 400))
        assert len(world.run()) == 1

    def test_lines_that_look_like_a_separator_stay_in_their_mail(self, world: FilesWorld) -> None:
        raw = mail(b"x", message_id="<1@x>").replace("请查收附件".encode(), b"")
        raw = raw.replace(b"\n\n--", b"\n\nFrom now on, at 12:34, all is different\n\nFrom here\n\n--", 1)
        world.deliver(raw, "a")
        world.put(2)
        assert sorted(each.content for each in world.run()) == [b"PK content 2", b"x"]


class TestMaildir(_Files):
    shape = "maildir"

    def test_a_mail_that_was_read_meanwhile_is_nothing_new(self, world: FilesWorld) -> None:
        world.put(1)
        assert len(world.run()) == 1
        box, cursor = mailbox.Maildir(world.path), world.cursor
        for key in list(box.iterkeys()):
            message = box[key]
            message.set_subdir("cur")
            message.add_flag("SR")
            box[key] = message
        assert next(path.name for path in (world.path / "cur").iterdir()).endswith(":2,RS")
        assert world.run() == []
        assert world.cursor == cursor


del _Files
