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
_DECEIVING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 255
_LONGEST_PATH = 1024
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
    """Whether a name could do harm as a path or deceive a reader: absolute, with a drive, on a server, climbing up, with
    control characters or characters that turn the writing direction, a device of Windows, or longer than file systems allow.

    Members are never written to disk under their names; such an archive is refused because nobody honest makes one.
    """
    path = name.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path) or ".." in parts or _DECEIVING.search(name):
        return True
    if len(name) > _LONGEST_PATH or any(len(part.encode("utf-8", errors="replace")) > _LONGEST_NAME for part in parts):
        return True
    return any(_DEVICE.fullmatch(part.rstrip(". ")) for part in parts)


def is_clutter(name: str) -> bool:
    """Resource forks, lock files and other things that programs put into archives beside the data."""
    return bool(_CLUTTER.search(name.replace("\\", "/")))
