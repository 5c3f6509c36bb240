"""The mailbox connector over dovecot, also behind a proxy with the manners of 163.com and QQ."""

from __future__ import annotations

import datetime as dt
import imaplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.contract.connector.contract import NOW, PASSWORD, ConnectorContract
from tests.contract.connector.test_mailbox import MailWorld, mail
from tests.servers.dovecot import Dovecot, missing, quoted
from tests.servers.imap_manners import Manners, MannersProxy
from tests.unit.formats.test_hostile_mails import CONTENT, HOSTILE

from taihu.core.errors import NotFound, TerminalError
from taihu.core.types import Span
from taihu.formats.mail_headers import crlf

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@dataclass
class DovecotWorld(MailWorld):
    server: Dovecot = field(default_factory=lambda: Dovecot("bi", PASSWORD))

    def deliver(self, raw: bytes, folder: str = "INBOX") -> int:
        self.server.deliver(raw, folder, NOW)
        return 0

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return self.server.refused_logins()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DovecotWorld]:
    world = DovecotWorld(tmp_path)
    with world.server:
        yield world


class TestDovecot(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[DovecotWorld]:
        world = DovecotWorld(tmp_path)
        with world.server:
            yield world


def contents(world: MailWorld) -> list[bytes]:
    return sorted(each.content for each in world.run())


def test_the_last_mail_is_not_taken_for_a_new_one(world: DovecotWorld) -> None:
    """The trap is real on this server: it answers ``n:*`` with its last mail although n lies above it."""
    for n in range(3):
        world.put(n)
    assert len(world.run()) == 3
    with world.server.client() as imap:
        imap.select("INBOX", readonly=True)
        assert imap.uid("FETCH", "4:*", "(UID)")[1] == [b"3 (UID 3)"]
    assert world.run() == []
    new = world.put(3)
    assert contents(world) == [new]


def test_a_folder_that_was_made_anew_in_another_order_gives_nothing_twice(world: DovecotWorld) -> None:
    raws = [mail(b"content %d" % n, message_id=f"<{n}@dealer.example>") for n in range(5)]
    raws.append(mail(b"without a Message-ID"))
    world.more = {"folder": "流向/华东"}
    world.server.deliver_many(raws, "流向/华东")
    assert len(world.run()) == 6
    before = world.cursor
    with world.server.client() as imap:
        assert imap.delete(quoted("流向/华东"))[0] == "OK"
    world.server.deliver_many([*reversed(raws), mail(b"new", message_id="<9@dealer.example>")], "流向/华东")
    assert contents(world) == [b"new"]
    assert before is not None and world.cursor is not None
    assert before.split(":")[1] != world.cursor.split(":")[1], "the folder should have got another UIDVALIDITY"
    assert world.run() == []


def test_several_folders_with_chinese_names_are_one_source(world: DovecotWorld) -> None:
    world.more = {"folder": ["INBOX", "流向/华东 & 华北"]}
    world.deliver(mail(b"a", message_id="<a@x>"))
    world.deliver(mail(b"b", message_id="<b@x>"), "流向/华东 & 华北")
    world.deliver(mail(b"a", message_id="<a@x>"), "流向/华东 & 华北")
    fetched = world.run()
    assert sorted((each.item.meta["folder"], each.content) for each in fetched) == [("INBOX", b"a"), ("流向/华东 & 华北", b"b")]
    assert world.run() == []


def test_nothing_is_marked_or_moved_unless_asked(world: DovecotWorld) -> None:
    for n in range(3):
        world.put(n)
    before = world.server.state()
    assert len(world.run()) == 3
    assert world.server.state() == before
    assert all(b"\\Seen" not in flags for flags in before.values())


def test_mails_are_marked_once_everything_in_them_is_landed(world: DovecotWorld) -> None:
    world.more = {"after": "mark seen"}
    world.deliver(mail(b"1", more={"二.xlsx": b"2"}, message_id="<1@x>"))
    world.deliver(mail(b"3", message_id="<2@x>"))
    world.deliver(mail(b"4", name="readme.txt", message_id="<3@x>"))
    with world.connections() as connections:
        connector = connections.open(world.source)
        given = [connector.fetch(item).item for item in connector.discover(None, set())]
        assert not any(b"\\Seen" in flags for flags in world.server.state().values())
        connector.landed(given[:1])
        assert not any(b"\\Seen" in flags for flags in world.server.state().values())
        connector.landed(given[1:])
    state = world.server.state()
    seen = {key.decode().split()[-1] for key, flags in state.items() if b"\\Seen" in flags}
    assert seen == {"<1@x>", "<2@x>"}, "what gave nothing stays as it was"


def test_mails_are_moved_and_a_crash_before_that_is_made_up_for(world: DovecotWorld) -> None:
    world.more = {"after": "move to 已收取"}
    with pytest.raises(NotFound, match="folder"):
        world.run()
    with world.server.client() as imap:
        imap.create(quoted("已收取"))
    for n in range(3):
        world.put(n)
    with world.connections() as connections:
        connector = connections.open(world.source)
        fetched = [connector.fetch(item) for item in connector.discover(None, set())]
        world.known |= {each.item.key for each in fetched}
        world.cursor = connector.cursor()  # committed; the process dies here
    assert len(world.server.state()) == 3
    assert world.run() == []
    assert world.server.state() == {}
    assert len(world.server.state("已收取")) == 3
    cursor = world.cursor
    assert world.run() == [] and world.cursor == cursor
    world.put(7)
    world.run(remember=False)
    world.known |= {each.item.key for each in world.run(remember=False)}  # the batch was committed, its cursor was not
    assert len(world.server.state()) == 1
    assert world.run() == []
    assert len(world.server.state("已收取")) == 4


@pytest.mark.parametrize(("capability", "moves"), [("IMAP4rev1 UIDPLUS ID", True), ("IMAP4rev1 ID", False)])
def test_a_server_without_the_move_command(tmp_path: Path, capability: str, moves: bool) -> None:
    world = DovecotWorld(tmp_path, server=Dovecot("bi", PASSWORD, capability=capability), more={"after": "move to done"})
    with world.server as server:
        with server.client() as imap:
            imap.create("done")
        content = world.put(1)
        if moves:
            assert contents(world) == [content]
            assert (len(server.state()), len(server.state("done"))) == (0, 1)
        else:
            with pytest.raises(TerminalError, match="cannot move"):
                world.run()


def test_what_gave_nothing_is_not_fetched_again_even_when_the_cursor_is_lost(world: DovecotWorld) -> None:
    for n in range(5):
        world.deliver(mail(b"x" * 20_000, name="readme.txt", message_id=f"<{n}@x>" if n else None))
    with MannersProxy(world.server.port, "plain") as proxy:
        world.server.port, behind = proxy.port, world.server.port
        assert world.run() == []
        first = proxy.received
        world.cursor = None
        assert world.run() == []
        second = proxy.received - first
        world.server.port = behind
    assert first > 5 * 20_000 > 10_000 > second
    world.where = {"subject": "*销售流向*", "attachment": "readme*"}
    assert len(world.run()) == 5, "another rule asks for something else"


@pytest.mark.parametrize("manners", ["identified", "unknowing"])
def test_servers_with_manners_of_their_own(world: DovecotWorld, manners: Manners) -> None:
    content = world.put(1)
    with MannersProxy(world.server.port, manners) as proxy:
        if manners == "identified":
            with imaplib.IMAP4(proxy.host, proxy.port) as plain:
                plain.login("bi", PASSWORD)
                assert plain.select("INBOX")[0] == "NO", "the proxy should refuse whoever does not say who asks"
            proxy.commands.clear()
        world.server.port, behind = proxy.port, world.server.port
        assert contents(world) == [content]
        world.server.port = behind
    assert ("ID" in proxy.commands) == (manners == "identified")
    if manners == "identified":
        assert proxy.commands.index("ID") < proxy.commands.index("EXAMINE")


def test_recipients_and_several_patterns(world: DovecotWorld) -> None:
    def to(address: str, name: str) -> bytes:
        return mail(name.encode(), name=name, message_id=f"<{address}{name}>").replace(
            b"To: bi@", b"To: =?utf-8?q?BI?= <" + address.encode() + b">, bi@"
        )

    world.where = {"to": ["*+pos@*", "stock@*"], "attachment": ["*.csv", "*.xls?"]}
    for raw in (
        to("bi+pos@a.example", "a.csv"),
        to("stock@a.example", "b.xlsx"),
        to("stock@a.example", "c.pdf"),
        to("other@a.example", "d.csv"),
    ):
        world.deliver(raw)
    assert contents(world) == [b"a.csv", b"b.xlsx"]


def test_big_mails_come_part_by_part(world: DovecotWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = mail(b"wanted" * 3000, more={"不要.pdf": b"unwanted" * 9000, "second.xlsx": bytes(range(256)) * 100}, message_id="<big@x>")
    forwarded = mail(b"outer" * 3000, message_id="<fwd@x>")
    boundary = forwarded.split(b'boundary="')[1].split(b'"')[0]
    nested = forwarded.replace(
        b"--" + boundary + b"--",
        b"--" + boundary + b"\nContent-Type: message/rfc822\n\n" + mail(b"inner" * 3000) + b"\n--" + boundary + b"--",
    )
    gbk = (
        b"Message-ID: <gbk@x>\r\nSubject: " + "销售流向".encode("gbk") + b"\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="'
        + "昞流向.xlsx".encode("gbk")
        + b'"\r\n\r\n'
        + b"single part\r\n" * 1000
    )
    for each in (raw, nested, gbk):
        world.deliver(each)
    whole = [(each.item.key, each.item.name, each.content) for each in world.run(remember=False)]
    assert len(whole) == 5
    monkeypatch.setattr("taihu.collect.mailbox.BIG_MAIL", 5000)
    monkeypatch.setattr("taihu.collect.mail_parts.AT_ONCE", 1001)
    with MannersProxy(world.server.port, "plain") as proxy:
        world.server.port, behind = proxy.port, world.server.port
        parted = [(each.item.key, each.item.name, each.content) for each in world.run(remember=False)]
        world.server.port = behind
    assert parted == whole, "the same items, however they were fetched"
    assert proxy.received < 200_000, "what is not wanted is not fetched"
    with world.connections() as connections:
        connector = connections.open(world.source)
        items = list(connector.discover(None, set()))
        assert [connector.fetch(item).content for item in items] == [content for _, _, content in whole], "fetched again"


def test_dates_are_those_of_the_server(world: DovecotWorld) -> None:
    world.server.deliver(mail(b"x"), "INBOX", dt.datetime(2026, 9, 15, 7, 55, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert world.run()[0].item.received_at == dt.datetime(2026, 9, 14, 23, 55, tzinfo=dt.UTC)


@pytest.mark.parametrize("part_by_part", [False, True])
def test_twelve_hostile_mails(world: DovecotWorld, monkeypatch: pytest.MonkeyPatch, part_by_part: bool) -> None:
    monkeypatch.setattr("taihu.collect.mailbox.BIG_MAIL", 0 if part_by_part else 32_000_000)
    world.where = {}
    world.server.deliver_many(crlf(hostile.raw).replace(b"<1@x>", b"<hostile-%d@x>" % n) for n, hostile in enumerate(HOSTILE.values()))
    fetched = world.run()
    assert sorted((each.item.name, each.item.meta["subject"]) for each in fetched) == sorted((h.name, h.subject) for h in HOSTILE.values())
    assert {each.content for each in fetched} == {CONTENT}


def test_a_backfill_looks_at_mails_that_can_tell_of_its_days(world: DovecotWorld) -> None:
    for day in (1, 10, 20):
        world.server.deliver(mail(b"%d" % day, message_id=f"<{day}@x>"), "INBOX", dt.datetime(2026, 9, day, 1, tzinfo=dt.UTC))
    with world.connections() as connections:
        connector = connections.open(world.source)
        span = Span(dt.date(2026, 9, 9), dt.date(2026, 9, 11))
        assert [connector.fetch(item).content for item in connector.discover(None, set(), span)] == [b"10", b"20"]


def test_many_mails_are_marked_in_portions(world: DovecotWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taihu.collect.mailbox.AT_ONCE", 2)
    world.more = {"after": "mark seen"}
    for n in range(5):
        world.put(n)
    assert len(world.run()) == 5
    assert all(b"\\Seen" in flags for flags in world.server.state().values())
