"""Thirty-five mails that others wrote, many of them malformed: every part arrives, from dovecot and from files alike."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from tests.contract.connector.contract import PASSWORD
from tests.contract.connector.test_mail_files import FilesWorld
from tests.contract.connector.test_mailbox_dovecot import DovecotWorld
from tests.servers.dovecot import Dovecot, missing

from taihu.core.ids import sha256_of
from taihu.core.types import Fetched
from taihu.formats.mail_headers import crlf

REAL = Path(__file__).parents[4] / "shared" / "real-data" / "mime-mikel" / "spec" / "fixtures" / "emails"
EVERYTHING = {"where": {}, "body": "always", "inline_images": True}

# Nothing has to be quarantined. These are landed in another shape than the standard library gives, or cannot be, each for its defect:
DEFECTS = {
    "attachment_message_rfc822_inline_image.eml": "its last part promises parts and ends: StartBoundaryNotFound; it has no bytes to land",
    "raw_email4.eml": "its last boundary is missing: CloseBoundaryNotFound; what stands before the end is its last part",
    "raw_email_with_mimepart_without_content_type.eml": "the delivery report is one part to us, three heads to the standard library",
}

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"real mails are not at {REAL}")


def mails() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(REAL.rglob("*.eml"))}


def leaves(message: Message) -> Iterator[bytes]:
    """The bytes of every part, as the standard library decodes them, without our code."""
    for part in message.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            yield content


def check(fetched: list[Fetched]) -> None:
    """Each part of each mail is there, under its mail; what several mails of one Message-ID share is one item."""
    landed: dict[str, set[bytes]] = {}
    for each in fetched:
        landed.setdefault(each.item.meta["message_id"], set()).add(each.content)
    lost = []
    for name, raw in mails().items():
        message = email.message_from_bytes(crlf(raw))
        here = landed.get(str(message.get("Message-ID", "")).strip(), set())
        lost += [(name, content) for content in leaves(message) if content not in here]
    unexplained = [name for name, _ in lost if name not in DEFECTS]
    assert unexplained == []
    assert [(name, content) for name, content in lost if content and name != "raw_email_with_mimepart_without_content_type.eml"] == []
    reports = [each for each in fetched if each.item.meta["part"] == "1" and b"Reporting-MTA" in each.content]
    assert len(reports) == 1, "the delivery report, whole"
    assert len(fetched) == len({each.item.key for each in fetched})


def test_there_are_thirty_five_and_their_defects_are_those_named() -> None:
    assert len(mails()) == 35
    defective = {name for name, raw in mails().items() if any(part.defects for part in email.message_from_bytes(crlf(raw)).walk())}
    assert defective == {"attachment_message_rfc822_inline_image.eml", "raw_email4.eml"}


def test_every_part_comes_from_files(tmp_path: Path) -> None:
    world = FilesWorld(tmp_path, more=EVERYTHING)
    for name, raw in mails().items():
        world.deliver(raw, name)
    fetched = world.run()
    check(fetched)
    assert world.run() == []


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_every_part_comes_from_dovecot_and_is_the_same_item(tmp_path: Path) -> None:
    world = DovecotWorld(tmp_path, server=Dovecot("bi", PASSWORD), more=EVERYTHING)
    files = FilesWorld(tmp_path, more=EVERYTHING)
    with world.server:
        world.server.deliver_many(crlf(raw) for raw in mails().values())
        fetched = world.run()
        check(fetched)
        for name, raw in mails().items():
            files.deliver(raw, name)
        here = {each.item.key: sha256_of(each.content) for each in fetched}
        there = {each.item.key: sha256_of(each.content) for each in files.run()}
        assert here == there
        assert world.run() == []


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_they_are_the_same_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = DovecotWorld(tmp_path, server=Dovecot("bi", PASSWORD), more=EVERYTHING)
    with world.server:
        world.server.deliver_many(crlf(raw) for raw in mails().values())
        whole = world.run(remember=False)
        monkeypatch.setattr("taihu.collect.mailbox.BIG_MAIL", 0)
        monkeypatch.setattr("taihu.collect.mail_parts.AT_ONCE", 777)
        parted = {each.content for each in world.run(remember=False)}
    # dovecot takes the fragment of a boundary at the end of raw_email4.eml for one, the standard library for text.
    fragment = b"\r\n--mimepart_427e4cb4ca329_133ae40413c81ef-\r\n"
    assert {each.content for each in whole} - parted == {fragment}
    assert len(parted) > 40
