"""``via: mailbox``: attachments of mails, by sender, subject and file name.

An item is known by its mail's Message-ID, its place in the mail and its content, never by its UID: folders are restored,
moved and renumbered, and the same mail must then not be taken for a new one. UIDs only save work: the cursor is
``uidvalidity:uid`` of the last mail that was looked at completely.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from pydantic import Field

from taihu.collect.interface import MOST_BYTES, Connector, Health
from taihu.collect.mail_session import Envelope, MailSession
from taihu.core.errors import AccessRefused, ContentRefused, NotFound, TaihuError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span, Text
from taihu.formats.mail_headers import MailPart, parse_mail
from taihu.manifest.strict import Frozen

BATCH_MAILS = 50
BATCH_BYTES = 16_000_000


class MailRule(Frozen):
    """Which mails and attachments belong to the source; shell patterns."""

    sender: str = Field(default="*", alias="from", description="Sender address", examples=["*@*.example"])
    subject: str = Field(default="*", description="Subject", examples=["*销售流向*"])
    attachment: str = Field(default="*", description="File name of the attachment", examples=["*.xls*"])


class MailboxOptions(Frozen):
    """Which folder, and which mails in it."""

    folder: str = Field(default="INBOX", description="Mail folder", examples=["INBOX"])
    where: MailRule = Field(default_factory=MailRule, description="Mail rule", examples=[{"subject": "*销售流向*"}])


class MailboxConnector(Connector):
    """Attachments of the mails in one folder."""

    title = Text("邮箱", "Mailbox")
    Options = MailboxOptions
    account_kinds = ("imap",)
    options: MailboxOptions

    _uid_validity = 0
    _looked_at = 0
    _started = False

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        uid_validity, after = _parse_cursor(cursor)
        folder = self._session().folder(self.options.folder, after, uid_validity)
        self._started = True
        self._uid_validity = folder.uid_validity
        self._looked_at = after if uid_validity == folder.uid_validity else 0
        self._open: dict[str, int] = {}
        self._bytes: dict[str, bytes] = {}
        self._place: dict[str, tuple[int, int]] = {}
        uids = sorted(uid for uid in folder.envelopes if uid > self._looked_at)
        wanted = [folder.envelopes[uid] for uid in uids if self._matches(folder.envelopes[uid])]
        given: set[str] = set()
        for batch in _batches(wanted):
            for item in self._items(batch, known):
                if item.key not in given:
                    given.add(item.key)
                    yield item
                else:
                    self._open.pop(item.key, None)
        self._looked_at = max([self._looked_at, folder.uid_next - 1, *uids])

    def fetch(self, item: Item) -> Fetched:
        if item.size is not None and item.size > MOST_BYTES:
            raise ContentRefused("too_large", where=item.name)
        content = self._bytes.pop(item.key, None)
        if content is None:
            content = self._again(item)
        self._open.pop(item.key, None)
        return Fetched(item, content)

    def cursor(self) -> str | None:
        if not self._started:
            return None
        unfetched = min(self._open.values(), default=None)
        reached = self._looked_at if unfetched is None else min(self._looked_at, unfetched - 1)
        return f"{self._uid_validity}:{reached}"

    def probe(self) -> Health:
        try:
            count = self._session().count(self.options.folder)
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, f"{count} mails in {self.options.folder}")

    def _session(self) -> MailSession:
        account = self.around.login(self.source)
        return self.around.connected(lambda: MailSession(account, self.around.password()))

    def _matches(self, envelope: Envelope) -> bool:
        rule = self.options.where
        return _like(envelope.sender, rule.sender) and _like(envelope.subject, rule.subject)

    def _items(self, batch: Sequence[Envelope], known: Container[str]) -> Iterator[Item]:
        """Items of some mails; the bytes are kept until they are fetched or the next mails come."""
        self._bytes.clear()
        small = [envelope.uid for envelope in batch if envelope.size <= MOST_BYTES]
        raw = self._session().raw(self.options.folder, small) if small else {}
        for envelope in batch:
            if envelope.uid in raw:
                yield from self._attachments(envelope, raw[envelope.uid], known)
            elif envelope.size > MOST_BYTES:
                key = derived_id("mail", envelope.message_id, envelope.size)
                if key not in known:
                    yield Item(key, envelope.subject, envelope.size, envelope.received_at, self._meta(envelope))
            self._looked_at = max(self._looked_at, envelope.uid)

    def _attachments(self, envelope: Envelope, raw: bytes, known: Container[str]) -> Iterator[Item]:
        mail = parse_mail(raw)
        identity = mail.message_id or sha256_of(raw)
        items = []
        for part in mail.parts:
            if not (part.is_attachment and _like(part.name, self.options.where.attachment)):
                continue
            key = _key(identity, part)
            if key in known:
                continue
            self._open[key] = envelope.uid
            self._bytes[key] = part.content
            self._place[key] = (envelope.uid, part.index)
            meta = {**self._meta(envelope), "part": str(part.index)}
            if mail.date is not None:
                meta["sent_at"] = mail.date.isoformat()
            items.append(Item(key, part.name, len(part.content), envelope.received_at or mail.date, meta))
        yield from items

    def _meta(self, envelope: Envelope) -> dict[str, str]:
        return {
            "via": "mailbox",
            "folder": self.options.folder,
            "sender": envelope.sender,
            "subject": envelope.subject,
            "message_id": envelope.message_id,
            "uid": f"{self._uid_validity}:{envelope.uid}",
        }

    def _again(self, item: Item) -> bytes:
        """The content of an item whose bytes are not at hand any more (another item was fetched first, or the connection broke)."""
        uid, index = self._place.get(item.key, (0, 0))
        raw = self._session().raw(self.options.folder, [uid]).get(uid) if uid else None
        if raw is None:
            raise NotFound(
                "the mail is no longer in its folder", where=f"{self.options.folder}, {item.name}", fix="ask the sender to send it again"
            )
        return next(part.content for part in parse_mail(raw).parts if part.index == index)


def _key(identity: str, part: MailPart) -> str:
    return derived_id("mail part", identity, part.index, sha256_of(part.content))


def _like(text: str, pattern: str) -> bool:
    return pattern == "*" or fnmatchcase(text.casefold(), pattern.casefold())


def _parse_cursor(cursor: str | None) -> tuple[int | None, int]:
    validity, _, uid = (cursor or "").partition(":")
    return (int(validity), int(uid)) if validity.isdecimal() and uid.isdecimal() else (None, 0)


def _batches(envelopes: Iterable[Envelope]) -> Iterator[list[Envelope]]:
    """Mails in groups of bounded number and size, so that a round trip serves many small ones and memory stays small."""
    batch: list[Envelope] = []
    size = 0
    for envelope in envelopes:
        if batch and (len(batch) >= BATCH_MAILS or size + envelope.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(envelope)
        size += envelope.size
    if batch:
        yield batch
