"""The mailbox connector over pymap."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.connector.contract import NOW, PASSWORD, QUICK, Clear, ConnectorContract, World, source_file

from taihu.collect import Connections
from taihu.core.errors import ContentRefused, ManifestError, NotFound, TerminalError
from taihu.manifest.project import Account
from taihu.manifest.tree import Source
from taihu.testing.servers import ImapServer


def mail(
    content: bytes,
    *,
    name: str = "华东销售流向.xlsx",
    sender: str = "a@dealer.example",
    subject: str = "9月15日 销售流向",
    message_id: str | None = None,
    more: dict[str, bytes] | None = None,
) -> bytes:
    """A mail with attachments, as a mail program writes it."""
    message = EmailMessage()
    message["From"] = f"经销商 <{sender}>"
    message["To"] = "bi@company-a.example"
    message["Subject"] = subject
    message["Date"] = NOW
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("请查收附件")
    for file_name, part in {name: content, **(more or {})}.items():
        message.add_attachment(part, maintype="application", subtype="octet-stream", filename=file_name)
    return message.as_bytes()


@dataclass
class MailWorld(World):
    protocol: ClassVar[str] = "imap"

    server: ImapServer = field(default_factory=lambda: ImapServer("bi", PASSWORD))
    where: dict[str, Any] = field(default_factory=lambda: {"subject": "*销售流向*", "attachment": "*.xls*"})

    @property
    def server_address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    more: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        host, port = self.address
        return Account(kind="imap", host=host, port=port, user="bi", password="env:X", tls=self.tls)

    @property
    def source(self) -> Source:
        return Source("mails", "sources/mails", source_file({"via": "mailbox", "account": "account", "where": self.where, **self.more}))

    def put(self, number: int) -> bytes:
        content = b"PK content %d" % number
        self.deliver(mail(content, message_id=f"<{number}@dealer.example>"))
        return content

    def deliver(self, raw: bytes, folder: str = "INBOX") -> int:
        return self.server.deliver(raw, folder, NOW)

    def stop(self) -> None:
        self.server.stop()
        self.kept = list(self.server._folders["INBOX"]._messages.values())

    def start(self) -> None:
        port = self.server.port
        self.server = ImapServer("bi", PASSWORD, port=port).start()
        self.put(0)

    def refused_logins(self) -> int:
        return self.server.refused_logins


class TestMailbox(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[MailWorld]:
        world = MailWorld(tmp_path)
        world.server.start()
        yield world
        world.server.stop()

    def test_the_rule_chooses_by_sender_subject_and_file_name(self, world: MailWorld) -> None:
        world.where = {"from": "*@dealer.example", "subject": "*销售流向*", "attachment": "*.xls*"}
        world.deliver(mail(b"right", more={"说明.pdf": b"other file"}))
        world.deliver(mail(b"other sender", sender="x@other.example"))
        world.deliver(mail(b"other subject", subject="你好"))
        fetched = world.run()
        assert [each.content for each in fetched] == [b"right"]
        assert fetched[0].item.name == "华东销售流向.xlsx"
        assert fetched[0].item.meta["sender"] == "a@dealer.example"
        assert fetched[0].item.meta["subject"] == "9月15日 销售流向"
        assert fetched[0].item.received_at == NOW

    def test_every_attachment_is_an_item_of_its_own(self, world: MailWorld) -> None:
        world.deliver(mail(b"one", more={"二.xlsx": b"two", "三.xls": b"three"}))
        assert sorted(each.content for each in world.run()) == [b"one", b"three", b"two"]

    def test_a_renumbered_folder_gives_nothing_twice(self, world: MailWorld) -> None:
        for n in range(4):
            world.put(n)
        world.run()
        world.server.renumber(reverse=True)
        new = world.put(9)
        assert [each.content for each in world.run()] == [new]
        assert world.run() == []

    def test_the_same_mail_twice_in_a_folder_is_one_item_and_a_new_mail_with_old_content_is_another(self, world: MailWorld) -> None:
        raw = mail(b"content", message_id="<a@dealer.example>")
        world.deliver(raw)
        world.deliver(raw)
        assert len(world.run()) == 1
        assert world.cursor is not None and world.cursor.endswith(":20260817:102")
        world.deliver(mail(b"content", message_id="<b@dealer.example>"))
        assert [each.content for each in world.run()] == [b"content"]

    def test_mails_that_give_nothing_are_not_looked_at_again(self, world: MailWorld) -> None:
        world.deliver(mail(b"x", name="readme.txt"))
        assert world.run() == []
        assert world.cursor is not None and world.cursor.endswith(":20260817:101")

    def test_five_sources_make_one_login_and_nothing_is_marked_as_read(self, world: MailWorld) -> None:
        for n in range(3):
            world.put(n)
        with world.connections() as connections:
            for _ in range(5):
                connector = connections.open(world.source)
                assert len([connector.fetch(item) for item in connector.discover(None, set())]) == 3
        assert world.server.logins == 1
        assert all(not message.permanent_flags for message in world.server._folders["INBOX"]._messages.values())

    def test_a_connection_cut_in_the_middle_is_got_over(self, world: MailWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("taihu.collect.mailbox.BATCH_MAILS", 3)
        contents = [world.put(n) for n in range(10)]
        fetched = []
        with world.connections() as connections:
            connector = connections.open(world.source)
            for item in connector.discover(None, set()):
                fetched.append(connector.fetch(item))
                if len(fetched) in (2, 5):
                    world.server.drop_connections()
        assert sorted(each.content for each in fetched) == contents

    def test_a_chinese_folder(self, world: MailWorld) -> None:
        world.server.deliver(mail(b"x"), "流向/华东", NOW)
        file = source_file({"via": "mailbox", "account": "account", "folder": "流向/华东"})
        with world.connections() as connections:
            connector = connections.open(Source("s", "sources/s", file))
            assert [connector.fetch(item).content for item in connector.discover(None, set())] == [b"x"]

    def test_a_missing_folder_is_told(self, world: MailWorld) -> None:
        file = source_file({"via": "mailbox", "account": "account", "folder": "没有"})
        with world.connections() as connections, pytest.raises(NotFound, match="folder"):
            list(connections.open(Source("s", "sources/s", file)).discover(None, set()))

    def test_an_attachment_beyond_the_limit_is_refused_without_being_loaded(
        self, world: MailWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("taihu.collect.mailbox.LARGEST_MAIL", 5000)
        world.deliver(mail(b"x" * 9000))
        small = world.put(1)
        with world.connections() as connections:
            connector = connections.open(world.source)
            contents, refused = [], []
            for item in connector.discover(None, set()):
                try:
                    contents.append(connector.fetch(item).content)
                except ContentRefused as error:
                    refused.append(error.reason)
        assert (contents, refused) == ([small], ["too_large"])

    def test_clear_text_is_only_for_this_machine(self, world: MailWorld) -> None:
        account = Account(kind="imap", host="mail.company-a.example", user="bi", password="env:X", tls=False)
        connections = Connections({"account": account}, lambda _: Clear("x"), clock=world.clock, root=world.root, patience=QUICK)
        with connections, pytest.raises(ManifestError, match="tls"):
            list(connections.open(world.source).discover(None, set()))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Subject: 销售流向\r\n".encode("gbk"), "报表.xlsx"),
        ("Subject: 销售流向\r\n".encode(), "报表.xlsx"),
        (b"Subject: =?gb2312?B?" + __import__("base64").b64encode("销售流向镕".encode("gbk")) + b"?=\r\n", "报表.xlsx"),
    ],
)
def test_chinese_headers_as_they_come(tmp_path: Path, header: bytes, name: str) -> None:
    world: Any = MailWorld(tmp_path)
    raw = (
        b"From: a@dealer.example\r\nMessage-ID: <1@x>\r\n" + header + b"MIME-Version: 1.0\r\n"
        b'Content-Type: application/octet-stream; name="' + name.encode("gbk") + b'"\r\n'
        b'Content-Disposition: attachment; filename="' + name.encode("gbk") + b'"\r\n\r\nhello\r\n'
    )
    with world.server:
        world.deliver(raw)
        fetched = world.run()
    assert [each.item.name for each in fetched] == [name]


def test_dates_of_the_server_are_instants(tmp_path: Path) -> None:
    world = MailWorld(tmp_path)
    zone = dt.timezone(dt.timedelta(hours=8))
    with world.server:
        world.server.deliver(mail(b"x"), "INBOX", dt.datetime(2026, 9, 15, 7, 55, tzinfo=zone))
        assert world.run()[0].item.received_at == dt.datetime(2026, 9, 14, 23, 55, tzinfo=dt.UTC)


@pytest.mark.parametrize("identification", ["required", "fatal"])
def test_servers_with_manners_of_their_own(tmp_path: Path, identification: Any) -> None:
    world = MailWorld(tmp_path, server=ImapServer("bi", PASSWORD, identification=identification))
    with world.server:
        content = world.put(1)
        assert [each.content for each in world.run()] == [content]


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


def test_tls_with_a_trusted_certificate_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = certificate(tmp_path)
    world = MailWorld(tmp_path, server=ImapServer("bi", PASSWORD, tls=context))
    with world.server:
        content = world.put(1)
        account = Account(kind="imap", host="localhost", port=world.server.port, user="bi", password="env:X")

        def run() -> list[bytes]:
            connections = Connections({"account": account}, lambda _: Clear(PASSWORD), clock=world.clock, root=tmp_path, patience=QUICK)
            with connections:
                connector = connections.open(world.source)
                return [connector.fetch(item).content for item in connector.discover(None, set())]

        with pytest.raises(TerminalError, match="certificate"):
            run()
        assert world.server.logins + world.server.refused_logins == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert run() == [content]
