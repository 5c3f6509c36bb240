"""Names inside archives: Windows programs in China write them in GBK without saying so, and some names are attacks."""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib

from taihu.formats.text import decode

# Whatever the standard library meets in an archive that was cut off, damaged or made by an attacker.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    KeyError, IndexError, OverflowError,
)  # fmt: skip
_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075
_DRIVE = re.compile(r"^[A-Za-z]:")
_CLUTTER = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$)", re.IGNORECASE)


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a zip member: its UTF-8 flag, then its Unicode extra field, then UTF-8 or GB18030 by its bytes.

    Args:
        info: As ``zipfile`` gives it when the archive was opened without ``metadata_encoding``.
    """
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.orig_filename
    return _unicode_path(info.extra, raw) or decode(raw).text


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Info-ZIP's Unicode path field, where it belongs to this very name."""
    at = 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + size]
        if tag == _UNICODE_PATH and len(body) > 5 and struct.unpack_from("<I", body, 1)[0] == zlib.crc32(raw):
            return body[5:].decode("utf-8", errors="replace")
        at += 4 + size
    return None


def is_unsafe(name: str) -> bool:
    """Whether a name points outside its archive: absolute, with a drive, or climbing up. We never write members to
    disk under their names; such an archive is refused because nobody honest makes one."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or bool(_DRIVE.match(name)) or ".." in parts or "\x00" in name


def is_clutter(name: str) -> bool:
    """Resource forks, lock files and other things that programs put into archives beside the data."""
    return bool(_CLUTTER.search(name.replace("\\", "/")))
