"""Big mails part by part: only what is wanted of them is fetched, in pieces, so that memory holds one decoded part and no more."""

from __future__ import annotations

import binascii
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.collect.mail_rules import MailOptions, Piece, pieces_of_part
from taihu.core.errors import TransientError
from taihu.core.ids import sha256_of
from taihu.formats.mail_headers import MailPart, head_of, parse_head, parse_part
from taihu.formats.mail_structure import Leaf, leaves_of

if TYPE_CHECKING:
    import datetime as dt

    from taihu.collect.mail_session import MailSession

AT_ONCE = 4_000_000
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class BigMail:
    """A mail whose parts are fetched one by one."""

    session: MailSession
    folder: str
    uid: int
    identity: str
    subject: str
    date: dt.datetime | None
    leaves: list[Leaf]

    def pieces(self, options: MailOptions) -> Iterator[Piece]:
        """What the source asks for; what it does not ask for is not fetched."""
        for index, leaf in enumerate(self.leaves):
            stated = parse_part(index, self._section(leaf.head))
            if options.wants_part(stated) or options.looks_into(stated):
                yield from pieces_of_part(self._loaded(stated, leaf), self.subject, options)

    def content(self, index: int) -> bytes:
        """The decoded content of one part."""
        leaf = self.leaves[index]
        return self._loaded(parse_part(index, self._section(leaf.head)), leaf).content

    def _loaded(self, stated: MailPart, leaf: Leaf) -> MailPart:
        if leaf.encoding == "base64":
            content = self._base64(leaf)
        else:
            head = head_of(self._section(leaf.head))
            raw = b"".join([head, b"\r\n\r\n" if head else b"\r\n", *self._chunks(leaf)])
            content = parse_part(stated.index, raw).content
        return MailPart(stated.index, stated.name, stated.content_type, content, stated.charset, stated.disposition, stated.is_embedded)

    def _base64(self, leaf: Leaf) -> bytes:
        decoded, rest = io.BytesIO(), b""
        for chunk in self._chunks(leaf):
            clean = rest + _NOT_BASE64.sub(b"", chunk)
            whole = len(clean) - len(clean) % 4
            rest = clean[whole:]
            decoded.write(binascii.a2b_base64(clean[:whole]))
        if rest:
            decoded.write(binascii.a2b_base64(rest[: len(rest) - (len(rest) % 4 == 1)] + b"=" * (-len(rest) % 4)))
        return decoded.getvalue()

    def _chunks(self, leaf: Leaf) -> Iterator[bytes]:
        """The encoded content, until a piece is short: not every server states the right size, but none may give less than it stated."""
        start = 0
        while True:
            piece = self.session.section(self.folder, self.uid, leaf.section, start, AT_ONCE) or b""
            yield piece
            start += len(piece)
            if len(piece) < AT_ONCE:
                break
        if start < leaf.size:
            raise self._lost()

    def _section(self, section: str) -> bytes:
        found = self.session.section(self.folder, self.uid, section)
        if found is None:
            raise self._lost()
        return found

    def _lost(self) -> TransientError:
        return TransientError("a part of a big mail did not come", where=f"{self.folder}, {self.subject}")


def big_mail(session: MailSession, folder: str, uid: int) -> BigMail | None:
    """A mail by its structure; None if it is gone, or if the server describes it in a way that cannot be understood."""
    leaves = leaves_of(session.structure(folder, uid))
    head = session.section(folder, uid, "HEADER") if leaves else None
    if head is None:
        return None
    mail = parse_head(head)
    return BigMail(session, folder, uid, mail.message_id or sha256_of(head_of(head)), mail.subject, mail.date, leaves)
