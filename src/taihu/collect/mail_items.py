"""From mails to items, the same for every way to mails: IMAP, Microsoft Graph, files on this machine.

An item is known by its mail's Message-ID (or its headers, where it has none), its place in the mail and its content, never by where
the mail was found: folders are restored, moved and renumbered, and the same mail must then not be taken for a new one.
A mail that matches but holds nothing of what is asked for is remembered too, or it would be fetched again whenever a cursor is lost.
"""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from taihu.collect.interface import Connector, Health, Surroundings
from taihu.collect.mail_rules import MailOptions, Piece, pieces_of
from taihu.core.errors import AccessRefused, ContentRefused, NotFound, TaihuError, TerminalError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span
from taihu.formats.mail_headers import Mail, head_of
from taihu.formats.mail_wire import unpacked
from taihu.guard.children import shared_child
from taihu.manifest.tree import Source

# The largest that the known mail servers pass on is 150 MB; what states more is refused before anything of it is fetched.
LARGEST_MAIL = 200_000_000
Ref = tuple[str, int | str]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a listing tells of one mail; ``ref`` is where it is (its folder and number there), ``size`` 0 if unknown."""

    ref: Ref
    size: int
    received_at: dt.datetime | None
    message_id: str
    sender: str
    subject: str
    recipients: tuple[str, ...] = ()

    def mark(self, rule: str) -> str:
        """Key under which it is remembered that this mail gave nothing under a rule."""
        known_by = self.message_id or [self.sender, self.subject, self.received_at]
        return derived_id("mail looked at", rule, known_by, self.size)


class MailConnector(Connector):
    """What all connectors to mails share; they list envelopes and bring whole mails."""

    Options: ClassVar[type[MailOptions]] = MailOptions
    options: MailOptions

    def __init__(self, source: Source, around: Surroundings) -> None:
        super().__init__(source, around)
        self._fetched: set[str] = set()
        self._refused: dict[str, str] = {}
        self._empty: list[Item] = []
        self._begin()

    def _begin(self, span: Span | None = None) -> None:
        """A listing begins, also one that begins again after the connection broke."""
        # No mail can tell of a day that had not begun when it came; a day of slack for the zone.
        self._since = dt.datetime.combine(span.start, dt.time(), dt.UTC) - dt.timedelta(days=1) if span else None
        self._open: dict[str, Ref] = {}
        self._held: dict[str, bytes] = {}
        self._places: dict[str, tuple[Ref, Piece]] = {}

    @abstractmethod
    def _raw(self, ref: Ref) -> bytes | None:
        """A whole mail; None if it is no longer there."""

    def fetch(self, item: Item) -> Fetched:
        if item.key in self._refused:
            raise ContentRefused(self._refused[item.key], where=item.name)
        if item.key not in self._places:
            raise NotFound("the mail was not listed", where=item.name, fix="run again")
        ref, piece = self._places[item.key]
        content = self._linked(piece.url) if piece.url else self._held.pop(item.key, None)
        if content is None:
            content = self._again(ref, piece.index, item.key)
        if content is None:
            raise NotFound("the mail is no longer in its folder", where=f"{ref[0]}, {item.name}", fix="ask the sender to send it again")
        self._fetched.add(item.key)
        self._open.pop(item.key, None)
        return Fetched(item, content)

    def _probed(self, folders: Iterable[str], count: Callable[[str], int]) -> Health:
        """How many mails each folder has."""
        try:
            counts = [f"{count(name)} mails in {name}" for name in folders]
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, ", ".join(counts))

    def nothing(self) -> Sequence[Item]:
        given, self._empty = self._empty, []
        return given

    def _is_new(self, envelope: Envelope, known: Container[str]) -> bool:
        """Whether the mail belongs to the source and is not known to give nothing."""
        if self._since is not None and envelope.received_at is not None and envelope.received_at < self._since:
            return False
        wanted = self.options.wants(envelope.sender, envelope.recipients, envelope.subject)
        return wanted and envelope.mark(self.options.mark) not in known

    def _refuse(self, envelope: Envelope, reason: str, known: Container[str]) -> Iterator[Item]:
        """A mail that cannot be taken: an item that :meth:`fetch` refuses with its reason."""
        key = derived_id("mail", envelope.message_id, envelope.size)
        if key not in known:
            self._refused[key] = reason
            yield Item(key, envelope.subject or "mail", envelope.size or None, envelope.received_at, self._meta(envelope))

    def _items_of(self, envelope: Envelope, raw: bytes, known: Container[str]) -> Iterator[Item]:
        """Items of one whole mail; their bytes are kept until they are fetched or ``_held`` is emptied."""
        try:
            mail = taken_apart(raw)
        except ContentRefused as refused:  # one mail, not the source
            yield from self._refuse(envelope, refused.reason, known)
            return
        yield from self._items(envelope, _identity(mail, raw), pieces_of(mail, self.options), mail.date, known)

    def _items(
        self, envelope: Envelope, identity: str, pieces: Iterable[Piece], sent_at: dt.datetime | None, known: Container[str]
    ) -> Iterator[Item]:
        keys: set[str] = set()
        for piece in pieces:
            key = _key(identity, piece)
            if key in keys:
                continue
            keys.add(key)
            if key in known or key in self._places:
                continue
            self._places[key] = (envelope.ref, Piece(piece.index, piece.name, url=piece.url))
            if key not in self._fetched:
                self._open[key] = envelope.ref
            if not piece.url:
                self._held[key] = piece.content
            meta = {**self._meta(envelope), "part": str(piece.index)}
            if sent_at is not None:
                meta["sent_at"] = sent_at.isoformat()
            if piece.url:
                meta["url"] = piece.url
            elif piece.is_body:
                meta["is_body"] = "yes"
            size = None if piece.url else len(piece.content)
            yield Item(key, piece.name, size, envelope.received_at or sent_at, meta)
        if not keys:
            self._empty.append(Item(envelope.mark(self.options.mark), envelope.subject))
        self._given(envelope.ref, keys)

    def _given(self, ref: Ref, keys: set[str]) -> None:
        """All items of a mail have been given, or are known."""

    def _meta(self, envelope: Envelope) -> dict[str, str]:
        return {
            "via": self.source.file.collect.via,
            "folder": envelope.ref[0],
            "sender": envelope.sender,
            "subject": envelope.subject,
            "message_id": envelope.message_id,
        }

    def _again(self, ref: Ref, index: int, key: str) -> bytes | None:
        """A part whose bytes are not at hand any more (another item was fetched first, or the connection broke); None if it is gone."""
        raw = self._raw(ref)
        if raw is None:
            return None
        mail = taken_apart(raw)
        content = next((part.content for part in mail.parts if part.index == index), b"")
        return content if part_key(_identity(mail, raw), index, content) == key else None

    def _linked(self, url: str) -> bytes:
        """What a link in a mail leads to, from the hosts of the rule alone."""
        from taihu.collect.web_session import WebSession
        from taihu.formats.login_page import is_login_page

        session = WebSession(self.options.links.hosts if self.options.links else ())
        try:
            content = session.get(url).content
        except AccessRefused as error:  # the link's host refuses, not the account's: no reason to leave the mailbox alone
            raise TerminalError(f"the link was refused: {error.what}", where=error.where, fix=error.fix) from None
        if is_login_page(content):
            raise ContentRefused("login_page", where=url.split("?")[0])
        return content


def taken_apart(raw: bytes) -> Mail:
    """A whole mail, taken apart in the child that reads files.

    Raises:
        ContentRefused: ``damaged_file`` for what the parser of the standard library trips over (parts in parts without end), else
            ``reader_crashed``, ``took_too_long`` or ``too_much_memory``.
    """
    try:
        return unpacked(*shared_child().ask("taihu.formats.mail_wire:answer", {}, raw))
    except ContentRefused as refused:
        if refused.reason != "reader_failed":
            raise
        raise ContentRefused("damaged_file", f"the mail cannot be opened ({refused.what})") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ContentRefused("reader_crashed", f"its answer makes no sense ({type(error).__name__})") from None


def part_key(identity: str, index: int, content: bytes) -> str:
    """Key of a mail's part; ``identity`` is the mail's Message-ID or the hash of its headers."""
    return derived_id("mail part", identity, index, sha256_of(content))


def _key(identity: str, piece: Piece) -> str:
    return derived_id("mail link", identity, piece.url) if piece.url else part_key(identity, piece.index, piece.content)


def _identity(mail: Mail, raw: bytes) -> str:
    return mail.message_id or sha256_of(head_of(raw))
