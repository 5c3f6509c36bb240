"""``winmail.dat``: how Exchange wraps attachments for receivers that it takes for Outlook (TNEF, MS-OXTNEF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from taihu.core.errors import ContentRefused
from taihu.read import mapi
from taihu.read.expanding import Opening, Part

SIGNATURE = 0x223E9F78
ATT_BODY = 0x0002800C
ATT_MAPI_PROPS = 0x00069003
ATT_CODE_PAGE = 0x00069007
ATT_ATTACH_TITLE = 0x00018010
ATT_ATTACH_DATA = 0x0006800F
ATT_ATTACH_BEGINS = 0x00069002
ATT_ATTACHMENT = 0x00069005
_MOST_PROPERTIES = 20_000
_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_COUNTED = frozenset({0x001E, 0x001F, 0x0102, 0x000D})
_INTERFACE = 16


@dataclass(slots=True)
class _Attachment:
    """What the attributes of one attachment say."""

    title: bytes = b""
    data: bytes = b""
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class _Wrapped:
    """What the attributes of a ``winmail.dat`` say."""

    page: int = 0
    body: bytes = b""
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)


def tnef_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """The attachments of a ``winmail.dat``; the body where nothing is attached.

    Raises:
        ContentRefused: ``damaged_file``, ``too_large``.
    """
    wrapped = _taken_apart(content, opening)
    found = False
    for number, attachment in enumerate(wrapped.attachments, start=1):
        texts = _texts(attachment.properties, wrapped.page)
        if texts.get(mapi.ATTACH_MIME_TYPE, "").lower().startswith("image/"):
            continue
        titled = mapi.text_of(attachment.title, mapi.TYPE_STRING, wrapped.page).strip()
        name = texts.get(mapi.ATTACH_LONG_NAME, "").strip() or titled or mapi.attachment_name(texts, number)
        kind, inner = attachment.properties.get(mapi.ATTACH_DATA, (0, b""))
        # An attached mail or object is written behind the id of its interface; a mail is a winmail.dat of its own.
        data = attachment.data or (inner[_INTERFACE:] if kind == mapi.TYPE_OBJECT else inner)
        opening.budget.spend(len(data))
        found = True
        yield Part(name, data)
    if not found:
        texts = _texts(wrapped.properties, wrapped.page)
        rtf = wrapped.properties.get(mapi.BODY_RTF, (0, b""))[1]
        html = wrapped.properties.get(mapi.BODY_HTML, (0, b""))[1]
        text = texts.get(mapi.BODY_TEXT, "") or mapi.text_of(wrapped.body, mapi.TYPE_STRING, wrapped.page)
        body = mapi.body_of(html, rtf, text, _number(wrapped.properties.get(mapi.INTERNET_CODE_PAGE)) or wrapped.page)
        if body is not None:
            yield Part(*body)


def _taken_apart(content: bytes, opening: Opening) -> _Wrapped:
    wrapped = _Wrapped()
    for ident, data in _attributes(content):
        if ident == ATT_CODE_PAGE and len(data) >= 4:
            wrapped.page = int.from_bytes(data[:4], "little")
        elif ident == ATT_BODY:
            wrapped.body = data
        elif ident == ATT_MAPI_PROPS:
            wrapped.properties = _properties(data)
        elif ident == ATT_ATTACH_BEGINS:
            opening.budget.count()
            wrapped.attachments.append(_Attachment())
        elif not wrapped.attachments:
            continue
        elif ident == ATT_ATTACH_TITLE:
            wrapped.attachments[-1].title = data
        elif ident == ATT_ATTACH_DATA:
            wrapped.attachments[-1].data = data
        elif ident == ATT_ATTACHMENT:
            wrapped.attachments[-1].properties = _properties(data)
    return wrapped


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute's id and bytes; its checksum is the sum of its bytes."""
    if len(content) < 6 or struct.unpack_from("<L", content)[0] != SIGNATURE:
        raise _damaged()
    at = 6
    while at < len(content):
        if at + 11 > len(content):
            raise _damaged()
        ident, size = struct.unpack_from("<LL", content, at + 1)
        data = content[at + 9 : at + 9 + size]
        end = at + 9 + size + 2
        if content[at] not in (1, 2) or end > len(content) or sum(data) & 0xFFFF != struct.unpack_from("<H", content, end - 2)[0]:
            raise _damaged()
        yield ident, data
        at = end


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Properties by number, each with its type; of several values the first; named properties are passed over."""
    found: dict[int, tuple[int, bytes]] = {}
    try:
        count, at = min(struct.unpack_from("<L", data)[0], _MOST_PROPERTIES), 4
        for _ in range(count):
            kind, key = struct.unpack_from("<HH", data, at)
            at += 4
            if key >= 0x8000:
                at = _past_name(data, at)
            values, at = _values(data, at, kind)
            if key < 0x8000 and values:
                found.setdefault(key, (kind & 0x0FFF, values[0]))
    except struct.error:
        raise _damaged() from None
    return found


def _past_name(data: bytes, at: int) -> int:
    by_text = struct.unpack_from("<L", data, at + 16)[0]
    if not by_text:
        return at + 24
    length = int(struct.unpack_from("<L", data, at + 20)[0])
    return at + 24 + length + (-length % 4)


def _values(data: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
    base, several = kind & 0x0FFF, bool(kind & 0x1000)
    if base not in _FIXED and base not in _COUNTED:
        raise _damaged()
    number = 1
    if several or base in _COUNTED:
        number = struct.unpack_from("<L", data, at)[0]
        at += 4
    if number > len(data):
        raise _damaged()
    values: list[bytes] = []
    for _ in range(number):
        size = _FIXED.get(base, 0)
        if base in _COUNTED:
            size = struct.unpack_from("<L", data, at)[0]
            at += 4
        if at + size > len(data):
            raise _damaged()
        if not values:
            values.append(data[at : at + size])
        at += size + (-size % 4)
    return values, at


def _texts(properties: dict[int, tuple[int, bytes]], page: int) -> dict[int, str]:
    return {key: mapi.text_of(raw, kind, page) for key, (kind, raw) in properties.items() if kind in (mapi.TYPE_STRING, mapi.TYPE_UNICODE)}


def _number(value: tuple[int, bytes] | None) -> int:
    return int.from_bytes(value[1][:4], "little") if value is not None and value[0] == 0x0003 else 0


def _damaged() -> ContentRefused:
    return ContentRefused("damaged_file", "winmail.dat is damaged or cut off")
