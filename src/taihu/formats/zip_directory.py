"""Opening a zip that may be hostile: its directory is measured before the standard library makes an object of every entry.

A directory of ten million entries fits into a small archive and would cost gigabytes; and entries that share their bytes
(an overlapping bomb) expand a kilobyte to terabytes although each of them looks harmless.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

MAX_ENTRIES = 10_000
_END = b"PK\x05\x06"
_ENTRY = b"PK\x01\x02"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_LONGEST_COMMENT = 1 << 16
_PIECE = 1 << 20
_HEAD = 4096


class TooManyEntries(zipfile.BadZipFile):
    """The directory has more entries than anybody sends."""


def open_zip(content: bytes, opener: Any = zipfile.ZipFile) -> Any:
    """The archive, opened from memory.

    Args:
        content: All its bytes; what stands before the archive (a program that unpacks it, a few stray bytes) is passed over.
        opener: ``zipfile.ZipFile`` or a class like it.

    Raises:
        TooManyEntries: The directory holds more than ``MAX_ENTRIES``.
        zipfile.BadZipFile: It is no zip archive; and whatever else ``BROKEN_ARCHIVE`` lists.
    """
    place = directory_place(content)
    if place is not None and content.count(_ENTRY, *place) > MAX_ENTRIES:
        raise TooManyEntries(f"the directory has more than {MAX_ENTRIES:,} entries")
    return opener(io.BytesIO(content))


def directory_place(content: bytes) -> tuple[int, int] | None:
    """Where the central directory begins and ends; None if there is none."""
    end = content.rfind(_END, max(0, len(content) - _LONGEST_COMMENT - 22))
    if end < 0 or end + 22 > len(content):
        return None
    size = int(struct.unpack_from("<L", content, end + 12)[0])
    locator = end - 20
    if size == 0xFFFFFFFF and locator >= 56 and content.startswith(_LOCATOR64, locator):
        record = content.rfind(_END64, 0, locator)
        if record < 0 or record + 48 > locator:
            return None
        size, end = int(struct.unpack_from("<Q", content, record + 40)[0]), record
    start = end - size
    if start < 0 or (size and not content.startswith(_ENTRY, start)):
        return None
    return start, end


def is_appended_zip(content: bytes) -> bool:
    """Whether bytes that begin as something else end with a zip archive of at least one entry, and with nothing behind it."""
    place = directory_place(content)
    if place is None or place[1] == place[0]:
        return False
    end = content.rfind(_END)
    return end + 22 + int.from_bytes(content[end + 20 : end + 22], "little") == len(content)


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A member's bytes, at most ``most``, read in pieces.

    ``ZipFile.read`` expands all of a member before it cuts off what is more than the directory states, so a lie costs gigabytes.

    Raises:
        zipfile.BadZipFile: It is not what the directory says, in size or checksum; and whatever else ``BROKEN_ARCHIVE`` lists.
    """
    buffer = io.BytesIO()
    with archive.open(info) as stream:
        while buffer.tell() <= most and (piece := stream.read(_PIECE)):
            buffer.write(piece)
    if buffer.tell() != info.file_size:
        raise zipfile.BadZipFile("a member is not as long as the archive says")
    return buffer.getvalue()


def prove_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Expand a member without keeping it, so that others who believe its stated size may; gives its first bytes.

    Raises:
        zipfile.BadZipFile: As :func:`read_member`.
    """
    size, head = 0, b""
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):
            head = head or piece[:_HEAD]
            size += len(piece)
    if size != info.file_size:
        raise zipfile.BadZipFile("a member is not as long as the archive says")
    return head


def overlapping(infos: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether two entries share bytes of the archive, as only bombs do."""
    end = -1
    for info in sorted(infos, key=lambda each: each.header_offset):
        if info.header_offset < end:
            return True
        end = info.header_offset + 30 + info.compress_size
    return False
