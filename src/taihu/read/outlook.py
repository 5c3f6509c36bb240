"""Mails that Outlook saved as ``.msg``: their attachments, the mails inside them, and the body where nothing is attached."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.formats.compound import open_compound
from taihu.read import mapi
from taihu.read.expanding import Exhausted, Opening, Part
from taihu.read.limits import MAX_DEPTH

_EMBEDDED = 5
_OLE_OBJECT = 6
_TOP_HEADER, _EMBEDDED_HEADER, _ATTACHMENT_HEADER = 32, 24, 8
_LONGEST_TEXT = 4 << 20
_STREAM = 2


def msg_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """The attachments of a saved mail, with those of mails inside it (``subject.msg/name``); the body if there are none.

    Raises:
        ContentRefused: ``damaged_file``, ``too_large``.
    """
    try:
        ole = open_compound(content)
    except ValueError as error:
        raise ContentRefused("damaged_file", f"the saved mail cannot be opened ({error})") from None
    with ole:
        if sum(entry.size for entry in ole.direntries if entry is not None and entry.entry_type == _STREAM) > 2 * len(content):
            raise ContentRefused("too_large", "streams of the saved mail overlap")
        yield from _Message(ole, (), opening).parts(0)


class _Message:
    """One mail in the compound file: the whole, or one that is attached."""

    def __init__(self, ole: Any, place: tuple[str, ...], opening: Opening) -> None:
        self._ole = ole
        self._place = place
        self._opening = opening
        self._entry = ole.root if not place else ole.direntries[ole._find(list(place))]
        header = _EMBEDDED_HEADER if place else _TOP_HEADER
        numbers = _fixed(self._stream(place, "__properties_version1.0"), header)
        self.page = numbers.get(mapi.MESSAGE_CODE_PAGE, 0)
        self._html_page = numbers.get(mapi.INTERNET_CODE_PAGE, 0) or self.page

    def parts(self, depth: int) -> Iterator[Part]:
        if depth > MAX_DEPTH:
            raise ContentRefused("too_large", f"mails are packed more than {MAX_DEPTH} deep")
        found = False
        storages = sorted(kid.name for kid in self._entry.kids if kid.name.startswith("__attach_version1.0_#"))
        for number, storage in enumerate(storages, start=1):
            for part in self._attachment((*self._place, storage), number, depth):
                found = True
                yield part
        if not found:
            yield from self._body()

    def _attachment(self, place: tuple[str, ...], number: int, depth: int) -> Iterator[Part]:
        texts = {key: self._text(place, key) for key in (mapi.ATTACH_LONG_NAME, mapi.DISPLAY_NAME, mapi.ATTACH_SHORT_NAME)}
        name = mapi.attachment_name(texts, number)
        method = _fixed(self._stream(place, "__properties_version1.0"), _ATTACHMENT_HEADER).get(mapi.ATTACH_METHOD, 1)
        inner = (*place, _stream_name(mapi.ATTACH_DATA, mapi.TYPE_OBJECT))
        try:
            if method == _EMBEDDED and self._ole.exists(list(inner)):
                self._opening.budget.count()
                message = _Message(self._ole, inner, self._opening)
                prefix = _as_name(message.subject or name) + ".msg"
                for part in message.parts(depth + 1):
                    yield Part(f"{prefix}/{part.name}", part.content, part.refused)
            elif method != _OLE_OBJECT and not self._text(place, mapi.ATTACH_MIME_TYPE).lower().startswith("image/"):
                yield Part(name, self._stream(place, _stream_name(mapi.ATTACH_DATA, mapi.TYPE_BINARY), required=True))
        except Exhausted:
            raise
        except ContentRefused as refused:
            yield Part(name, refused=refused)

    def _body(self) -> Iterator[Part]:
        html = self._property(self._place, mapi.BODY_HTML, mapi.TYPE_BINARY)
        if not html:
            html = self._text(self._place, mapi.BODY_HTML).encode("utf-8", errors="replace")
        rtf = self._property(self._place, mapi.BODY_RTF, mapi.TYPE_BINARY)
        body = mapi.body_of(html, rtf, self._text(self._place, mapi.BODY_TEXT), self._html_page)
        if body is not None:
            yield Part(*body)

    @property
    def subject(self) -> str:
        return self._text(self._place, mapi.SUBJECT)

    def _text(self, place: tuple[str, ...], key: int) -> str:
        for kind in (mapi.TYPE_UNICODE, mapi.TYPE_STRING):
            raw = self._property(place, key, kind)
            if raw:
                return mapi.text_of(raw[:_LONGEST_TEXT], kind, self.page)
        return ""

    def _property(self, place: tuple[str, ...], key: int, kind: int) -> bytes:
        return self._stream(place, _stream_name(key, kind))

    def _stream(self, place: tuple[str, ...], name: str, *, required: bool = False) -> bytes:
        """The bytes of a stream; streams may share sectors, so each one is counted before it is read."""
        path = [*place, name]
        try:
            if not self._ole.exists(path):
                if required:
                    raise ContentRefused("damaged_file", "an attachment of the mail is missing")
                return b""
            self._opening.budget.spend(self._ole.get_size(path))
            return bytes(self._ole.openstream(path).read())
        except (OSError, IndexError, ValueError, struct.error, RecursionError, TypeError) as error:
            raise ContentRefused("damaged_file", f"the saved mail cannot be opened ({type(error).__name__})") from None


def _stream_name(key: int, kind: int) -> str:
    return f"__substg1.0_{key:04X}{kind:04X}"


def _fixed(properties: bytes, header: int) -> dict[int, int]:
    """Whole numbers of a property stream: 16 bytes an entry, the type in the lower half of the tag."""
    found = {}
    for at in range(header, min(len(properties), 1 << 20) - 15, 16):
        kind, key = struct.unpack_from("<HH", properties, at)
        if kind == 0x0003:
            found[key] = struct.unpack_from("<L", properties, at + 8)[0]
    return found


def _as_name(subject: str) -> str:
    """A subject as a step of a way: what cannot stand in a name is replaced."""
    return "".join("_" if char in '/\\<>:"|?*' or not char.isprintable() else char for char in subject).strip()[:80] or "mail"
