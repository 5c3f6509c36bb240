"""A writer of ``winmail.dat`` (MS-OXTNEF) by ``struct``."""

from __future__ import annotations

import struct

MESSAGE, ATTACHMENT = 1, 2


def attribute(level: int, ident: int, data: bytes) -> bytes:
    return struct.pack("<BLL", level, ident, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(values: dict[tuple[int, int], bytes]) -> bytes:
    """MAPI properties by (type, number); counted types get their counts and padding."""
    out = struct.pack("<L", len(values))
    for (kind, key), value in values.items():
        out += struct.pack("<HH", kind, key)
        if kind in (0x1E, 0x1F, 0x102, 0x0D):
            out += struct.pack("<LL", 1, len(value)) + value + bytes(-len(value) % 4)
        else:
            out += value
    return out


def winmail(attachments: list[tuple[str, bytes, str | None]], *, page: int = 936, text: str = "", html: bytes = b"") -> bytes:
    """A ``winmail.dat``.

    Args:
        attachments: Short name (in the code page), content and, if not None, the long name (in UTF-16).
        page: The stated code page.
    """
    codec = {936: "gbk", 950: "big5", 1252: "cp1252"}[page]
    out = struct.pack("<LH", 0x223E9F78, 1) + attribute(MESSAGE, 0x00089006, struct.pack("<L", 0x00010000))
    out += attribute(MESSAGE, 0x00069007, struct.pack("<LL", page, 0))
    if text:
        out += attribute(MESSAGE, 0x0002800C, text.encode(codec) + b"\0")
    if html:
        # A named property stands in front, as Outlook writes them: its name must be passed over.
        named = struct.pack("<HH", 0x1E, 0x8001) + bytes(16) + struct.pack("<LL", 1, 8) + "ab".encode("utf-16-le") + bytes(4)
        body = properties({(0x102, 0x1013): html, (0x3, 0x3FDE): struct.pack("<L", page), (0xB, 0x0E1F): struct.pack("<L", 1)})
        out += attribute(MESSAGE, 0x00069003, struct.pack("<L", 4) + named + struct.pack("<LL", 1, 3) + b"xy\0\0" + body[4:])
    for name, content, long_name in attachments:
        out += attribute(ATTACHMENT, 0x00069002, bytes(14))
        out += attribute(ATTACHMENT, 0x0006800F, content)
        out += attribute(ATTACHMENT, 0x00018010, name.encode(codec) + b"\0")
        if long_name is not None:
            out += attribute(ATTACHMENT, 0x00069005, properties({(0x1F, 0x3707): long_name.encode("utf-16-le") + b"\0\0"}))
    return out


def winmail_with_mail(inner: bytes, name: str) -> bytes:
    """A ``winmail.dat`` that carries another mail as an object."""
    interface = bytes.fromhex("0703020000000000c000000000000046")
    out = struct.pack("<LH", 0x223E9F78, 1) + attribute(MESSAGE, 0x00069007, struct.pack("<LL", 936, 0))
    out += attribute(ATTACHMENT, 0x00069002, bytes(14))
    held = properties({(0x0D, 0x3701): interface + inner, (0x1F, 0x3001): name.encode("utf-16-le") + b"\0\0"})
    return out + attribute(ATTACHMENT, 0x00069005, held)
