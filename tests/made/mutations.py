"""Changes that get past the first check of a format: members of archives, packed streams and checksums are changed from inside."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[bytes], bytes]
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"''", b",,,,", b"\t", b"\r", b"\n\n", b"<", b"</table>", b"<table>",
    b"<td colspan=9999999>", b"<tr rowspan=0>", b"&#0;", b"&#x110000;", b"&amp;", b"<!--", b"<![CDATA[", b"<?xml",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"%PDF-", b"PK\x03\x04", b"1e999", b"-0", b"NaN", b"\xed\xa0\x80",
    b"\xe5\x90\x88\xe8\xae\xa1", b"\xba\xcf\xbc\xc6", b"9" * 40, b"[" * 200, b"{" * 200, b"(" * 200, b"../../a", b"=?gbk?B?",
    b"--b\r\n", b"\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"$0", b"obj", b"endstream",
    b"<</Type/Page/Parent 3 0 R>>",
)  # fmt: skip


def mutated(content: bytes, chance: Random, *, most: int = 1 << 16, base: Change | None = None, others: Sequence[bytes] = ()) -> bytes:
    """A changed file of the same format.

    Args:
        content: The file.
        chance: Where from.
        most: So many bytes at most.
        base: What changes bytes without knowing what they are; a few crude changes if not given.
        others: Files whose parts may be put into it.
    """
    crude: Change = base if base is not None and chance.random() < 0.5 else lambda part: _crude(part, chance, others)
    inside = next((change for begins, change in _INSIDE if content.startswith(begins)), None)
    if inside is None and content[257:262] == b"ustar":
        inside = _tar
    changed = inside(content, chance, crude) if inside is not None and chance.random() < 0.85 else crude(content)
    return changed[:most]


def _crude(content: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(len(out) + 1)
        end = min(len(out), at + chance.choice((1, 2, 4, 16, 64, 512)))
        way = chance.randrange(9)
        if way == 0:
            del out[at:end]
        elif way == 1:
            out[at:at] = out[at:end] * chance.choice((1, 2, 30, 400))
        elif way == 2 and out:
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
        elif way == 3:
            out[at:at] = chance.choice(_TOKENS)
        elif way == 4:
            packed = struct.pack(chance.choice(("<L", ">L")), chance.choice(_NUMBERS))[: chance.choice((1, 2, 4))]
            out[at : at + len(packed)] = packed
        elif way == 5:
            out[at:end] = chance.randbytes(end - at)
        elif way == 6 and others:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            out[at:end] = other[start : start + chance.randrange(1, 256)]
        elif way == 7:
            other_at = chance.randrange(len(out) + 1)
            out[at:end] = out[other_at : other_at + end - at]
        else:
            del out[at:]
    return bytes(out)


def _zip(content: bytes, chance: Random, crude: Change) -> bytes:
    """One member of an archive is changed, left out or put in twice; the archive itself stays whole."""
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                (info.filename, archive.read(info))
                for info in archive.infolist()[:40]
                if not info.flag_bits & 1 and info.file_size < 1 << 20
            ]
        if not members:
            return crude(content)
        at = chance.randrange(len(members))
        name, inner = members[at]
        if chance.random() < 0.06:
            members.pop(at)
        else:
            members[at] = (name, mutated(inner, chance, base=crude))
        with zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, inner in members:
                archive.writestr(zipfile.ZipInfo(name), inner)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zlib.error, UnicodeError, struct.error):
        return crude(content)
    return buffer.getvalue()


def _stream(expand: Change, pack: Change) -> Callable[[bytes, Random, Change], bytes]:
    def change(content: bytes, chance: Random, crude: Change) -> bytes:
        try:
            inner = expand(content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            return crude(content)
        return pack(mutated(inner, chance, base=crude))

    return change


def _seven_zip(content: bytes, chance: Random, crude: Change) -> bytes:
    """The list of an archive is changed and both checksums are made to fit."""
    if len(content) < 32:
        return crude(content)
    offset, size = struct.unpack_from("<QQ", content, 12)
    begin = 32 + offset
    listed = crude(content[begin : begin + size])
    places = struct.pack("<QQL", offset, len(listed), zlib.crc32(listed))
    return content[:8] + struct.pack("<L", zlib.crc32(places)) + places + content[32:begin] + listed


def _tar(content: bytes, chance: Random, crude: Change) -> bytes:
    """A header is changed and its checksum made to fit."""
    headers = [at for at in range(0, len(content) - 511, 512) if content[at + 257 : at + 262] == b"ustar"]
    at = chance.choice(headers or [0])
    header = crude(content[at : at + 512])[:512].ljust(512, b"\0")
    blank = header[:148] + b" " * 8 + header[156:]
    return content[:at] + blank[:148] + b"%06o\0 " % sum(blank) + blank[156:] + content[at + 512 :]


_INSIDE: Sequence[tuple[bytes, Callable[[bytes, Random, Change], bytes]]] = (
    (b"PK\x03\x04", _zip),
    (b"7z\xbc\xaf\x27\x1c", _seven_zip),
    (b"\x1f\x8b", _stream(gzip.decompress, lambda inner: gzip.compress(inner, 1))),
    (b"BZh", _stream(bz2.decompress, lambda inner: bz2.compress(inner, 1))),
    (b"\xfd7zXZ\x00", _stream(lzma.decompress, lambda inner: lzma.compress(inner, preset=0))),
)
