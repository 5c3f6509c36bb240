"""``via: mailbox``: mails over IMAP, by folder, sender, recipient, subject and file name.

UIDs only save work: the cursor holds for each folder ``uidvalidity:uid`` of the last mail that was looked at completely, and begins
with a mark of the rule, because what a changed rule asks for may lie below it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import Field

from taihu.collect.interface import Health, Surroundings
from taihu.collect.mail_items import LARGEST_MAIL, Envelope, MailConnector, Ref, part_key
from taihu.collect.mail_parts import BigMail, big_mail
from taihu.collect.mail_rules import MailOptions
from taihu.collect.mail_session import MailSession
from taihu.core.errors import TerminalError
from taihu.core.ids import derived_id
from taihu.core.types import Item, Span, Text
from taihu.manifest.tree import Source
from taihu.manifest.words import OneOrMany

BATCH_MAILS = 50
BATCH_BYTES = 16_000_000
BIG_MAIL = 32_000_000
AT_ONCE = 200


class MailboxOptions(MailOptions):
    """Which folders, which mails in them, and what becomes of a mail afterwards."""

    folder: OneOrMany = Field(default=("INBOX",), description="Mail folder or folders", examples=[["INBOX", "流向/华东"]])
    after: str = Field(
        default="keep",
        description="What happens to a mail once all of it is safe: keep, mark seen, or move to a folder",
        examples=["keep", "mark seen", "move to 已收取"],
        pattern=r"^(keep|mark seen|move to \S.*)$",
    )


@dataclass(slots=True)
class Position:
    """How far a folder was looked through; ``due``: mails of which everything is landed and that are not yet marked or moved."""

    uid_validity: int
    looked_at: int = 0
    due: set[int] = field(default_factory=set)


class MailboxConnector(MailConnector):
    """Mails of some folders of one account."""

    title = Text("邮箱", "Mailbox")
    Options = MailboxOptions
    account_kinds = ("imap",)
    options: MailboxOptions

    def __init__(self, source: Source, around: Surroundings) -> None:
        self._positions: dict[str, Position] | None = None
        self._landed: set[str] = set()
        super().__init__(source, around)

    def _begin(self, span: Span | None = None) -> None:
        super()._begin(span)
        self._owed: dict[Ref, set[str]] = {}
        self._parted: set[Ref] = set()

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._begin(span)
        self._positions = positions = _parse_cursor(cursor, self.options.mark)
        if self.options.after.startswith("move to "):
            self._session().check_can_move(self._target)
        with suppress(TerminalError):  # what an earlier run could not mark any more; if it still cannot be done, `landed` tells it
            self._finish_due()
        for name in self.options.folder:
            yield from self._in_folder(name, known, positions)

    def _in_folder(self, name: str, known: Container[str], positions: dict[str, Position]) -> Iterator[Item]:
        mark = _folder_mark(name)
        position = positions.get(mark, Position(0))
        folder = self._session().folder(name, position.looked_at, position.uid_validity)
        if folder.uid_validity != position.uid_validity:
            position = Position(folder.uid_validity)
        positions[mark] = position
        uids = sorted(uid for uid in folder.envelopes if uid > position.looked_at)
        wanted = [folder.envelopes[uid] for uid in uids if self._is_new(folder.envelopes[uid], known)]
        for batch in _batches(wanted):
            yield from self._in_batch(name, batch, known, position)
        position.looked_at = max([position.looked_at, folder.uid_next - 1, *uids])

    def _in_batch(self, name: str, batch: Sequence[Envelope], known: Container[str], position: Position) -> Iterator[Item]:
        """Items of some mails; the bytes are kept until they are fetched or the next mails come."""
        self._held.clear()
        small = [_uid(envelope) for envelope in batch if envelope.size <= BIG_MAIL]
        raw = self._session().raw(name, small) if small else {}
        for envelope in batch:
            uid = _uid(envelope)
            if envelope.size > LARGEST_MAIL:
                yield from self._refuse(envelope, "too_large", known)
            elif envelope.size > BIG_MAIL:
                yield from self._in_big_mail(envelope, known)
            elif uid in raw:
                yield from self._items_of(envelope, raw.pop(uid), known)
            position.looked_at = max(position.looked_at, uid)

    def _in_big_mail(self, envelope: Envelope, known: Container[str]) -> Iterator[Item]:
        mail = self._big(envelope.ref)
        self._parted.add(envelope.ref)
        if mail is not None:
            for item in self._items(envelope, mail.identity, mail.pieces(self.options), mail.date, known):
                yield item
                self._held.clear()
        elif (raw := self._raw(envelope.ref)) is not None:
            yield from self._items_of(envelope, raw, known)

    def cursor(self) -> str | None:
        if self._positions is None:
            return None
        texts = [self.options.mark]
        for name in self.options.folder:
            mark = _folder_mark(name)
            position = self._positions.get(mark)
            if position is None or not position.uid_validity:
                continue
            reached = min([position.looked_at, *(int(uid) - 1 for place, uid in self._open.values() if place == name)])
            due = sorted(position.due | {int(uid) for place, uid in self._owed if place == name and uid <= reached})  # type: ignore[operator]
            texts.append(f"{mark}:{position.uid_validity}:{reached}" + (":" + ",".join(map(str, due)) if due else ""))
        return " ".join(texts)

    def landed(self, items: Sequence[Item]) -> None:
        if self.options.after == "keep":
            return
        self._landed.update(item.key for item in items)
        for ref in [ref for ref, keys in self._owed.items() if keys <= self._landed]:
            del self._owed[ref]
            self._position(ref[0]).due.add(int(ref[1]))
        self._finish_due()

    def _finish_due(self) -> None:
        for name in self.options.folder:
            position = self._position(name)
            while position.due:  # in portions: servers take lines of a few thousand characters
                portion = sorted(position.due)[:AT_ONCE]
                self._finish(name, portion, position.uid_validity)
                position.due.difference_update(portion)

    def _position(self, folder: str) -> Position:
        return (self._positions or {}).get(_folder_mark(folder), Position(0))

    def _finish(self, folder: str, uids: list[int], uid_validity: int) -> None:
        if self.options.after == "mark seen":
            self._session().mark_seen(folder, uids, uid_validity)
        else:
            self._session().move(folder, uids, uid_validity, self._target)

    def _given(self, ref: Ref, keys: set[str]) -> None:
        if self.options.after != "keep" and keys:
            self._owed[ref] = {key for key in keys if key in self._places}

    @property
    def _target(self) -> str:
        return self.options.after.removeprefix("move to ")

    def probe(self) -> Health:
        return self._probed(self.options.folder, lambda name: self._session().count(name))

    def _session(self) -> MailSession:
        account = self.around.login(self.source)
        return self.around.connected(lambda: MailSession(account, self.around.password()))

    def _big(self, ref: Ref) -> BigMail | None:
        return big_mail(self._session(), ref[0], int(ref[1]))

    def _raw(self, ref: Ref) -> bytes | None:
        return self._session().raw(ref[0], [int(ref[1])]).get(int(ref[1]))

    def _again(self, ref: Ref, index: int, key: str) -> bytes | None:
        mail = self._big(ref) if ref in self._parted else None
        if mail is None:
            return super()._again(ref, index, key)
        content = mail.content(index) if index < len(mail.leaves) else b""
        return content if part_key(mail.identity, index, content) == key else None

    def _meta(self, envelope: Envelope) -> dict[str, str]:
        return {**super()._meta(envelope), "uid": f"{self._position(envelope.ref[0]).uid_validity}:{envelope.ref[1]}"}


def _uid(envelope: Envelope) -> int:
    return int(envelope.ref[1])


def _folder_mark(name: str) -> str:
    return derived_id("mail folder", name, length=6)


def _parse_cursor(cursor: str | None, rule: str) -> dict[str, Position]:
    """Positions by mark of the folder; none if the cursor was written under another rule."""
    texts = (cursor or "").split()
    if not texts or texts[0] != rule:
        return {}
    positions = {}
    for text in texts[1:]:
        mark, validity, uid, *due = text.split(":")
        positions[mark] = Position(int(validity), int(uid), {int(each) for each in due[0].split(",")} if due else set())
    return positions


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
