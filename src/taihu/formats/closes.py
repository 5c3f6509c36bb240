"""Whether a file has the end that its kind must have: the cheapest proof that a transfer was not cut off."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable

from taihu.formats.kind import is_tar_header
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import TooManyEntries, open_zip

# What expanded so far without an error is taken for whole; the reader decides whether it is too large.
_ENOUGH = 256 << 20
_ZIPPED = frozenset({"zip", "xlsx", "xlsb", "ods", "ofd"})


def closes_properly(content: bytes, kind: str) -> bool:
    """Whether the bytes end as a complete file of this kind ends.

    Kinds without an end of their own (text) close properly whenever they are not empty; their control totals must tell.
    """
    closes = _CLOSES.get(kind)
    return closes(content) if closes is not None else kind != "empty"


def end_closes(last: bytes, size: int, kind: str) -> bool:
    """The same from the last bytes alone, for a file too large for memory; in doubt it closes.

    Args:
        last: Its last 64 KiB or more (all of a smaller file).
        size: Its size in bytes.
    """
    if kind in _ZIPPED:
        at = last.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(last):
            return False
        length, start = int.from_bytes(last[at + 12 : at + 16], "little"), int.from_bytes(last[at + 16 : at + 20], "little")
        # With more than 4 GB, or something in front of the archive, the directory ends before its own statement.
        return 0xFFFFFFFF in (length, start) or start + length <= size - len(last) + at
    if kind == "parquet":
        return last.endswith(b"PAR1")
    if kind == "pdf":
        return b"%%EOF" in last[-2048:]
    if kind == "xz":
        return last.rstrip(b"\x00").endswith(b"YZ")
    if kind in ("xml", "spreadsheetml"):
        return last.rstrip(b"\x00 \t\r\n").endswith((b">", b">\x00"))
    return size > 0


def _zip_closes(content: bytes) -> bool:
    try:
        with open_zip(content) as archive:
            return all(info.header_offset + 30 + info.compress_size <= len(content) for info in archive.infolist())
    except TooManyEntries:
        return True
    except BROKEN_ARCHIVE:
        return False


def _ole_closes(content: bytes) -> bool:
    """All sectors that the file's allocation table uses are there (BIFF without OLE has only its EOF record)."""
    if not content.startswith(b"\xd0\xcf\x11\xe0"):
        return len(content) > 8
    if len(content) < 1024:
        return False
    sector = 1 << int.from_bytes(content[30:32], "little")
    if sector not in (512, 4096):
        return False
    tables = int.from_bytes(content[44:48], "little")
    last = -1
    for index in range(min(tables, 109)):
        position = int.from_bytes(content[76 + 4 * index : 80 + 4 * index], "little")
        start = (position + 1) * sector
        table = content[start : start + sector]
        if len(table) < sector:
            return False
        entries = [int.from_bytes(table[at : at + 4], "little") for at in range(0, sector, 4)]
        used = [number for number, entry in enumerate(entries) if entry != 0xFFFFFFFF]
        last = max(last, index * (sector // 4) + used[-1]) if used else last
    # The last sector may be short: some writers do not pad it.
    return len(content) > (last + 1) * sector


def _7z_closes(content: bytes) -> bool:
    if len(content) < 32:
        return False
    offset, size = int.from_bytes(content[12:20], "little"), int.from_bytes(content[20:28], "little")
    return 32 + offset + size <= len(content)


def _gz_closes(content: bytes) -> bool:
    machine = zlib.decompressobj(wbits=31)
    rest, size = content, 0
    while rest:
        try:
            size += len(machine.decompress(rest, 1 << 20))
        except zlib.error:
            return False
        if machine.eof or size > _ENOUGH:
            return True
        rest = machine.unconsumed_tail
    return False


def _bz2_closes(content: bytes) -> bool:
    machine = bz2.BZ2Decompressor()
    size = 0
    try:
        size += len(machine.decompress(content, 1 << 20))
        while not machine.eof and not machine.needs_input and size <= _ENOUGH:
            size += len(machine.decompress(b"", 1 << 20))
    except (OSError, ValueError, EOFError):
        return False
    return machine.eof or size > _ENOUGH


def _tar_closes(content: bytes) -> bool:
    """Headers lead from member to member until a block of zeros."""
    at = 0
    while at + 512 <= len(content):
        block = content[at : at + 512]
        if not block.strip(b"\x00"):
            return True
        if not is_tar_header(block):
            return False
        digits = block[124:136].split(b"\x00", 1)[0].strip()
        binary = block[124] & 0x80
        if not binary and digits and not digits.isdigit():
            return False
        try:
            size = int.from_bytes(block[125:136], "big") if binary else int(digits or b"0", 8)
        except ValueError:
            return False
        held = 0 if block[156:157] in b"123456" else size
        at += 512 + held + (-held % 512)
    return False


def _tnef_closes(content: bytes) -> bool:
    at = 6
    while at + 11 <= len(content):
        at += 11 + int.from_bytes(content[at + 5 : at + 9], "little")
    return at == len(content)


def _html_closes(content: bytes) -> bool:
    """Every opened table is closed again; a page may lack </html>, a cut-off table may not lack its end."""
    lower = content.lower().replace(b"\x00", b"")
    return lower.count(b"<table") <= lower.count(b"</table")


def _parquet_closes(content: bytes) -> bool:
    return len(content) >= 12 and content.endswith(b"PAR1")


def _markup_closes(content: bytes) -> bool:
    return content.rstrip(b"\x00 \t\r\n").endswith((b">", b">\x00"))


_CLOSES: dict[str, Callable[[bytes], bool]] = {
    **dict.fromkeys(("zip", "xlsx", "xlsb", "ods", "ofd"), _zip_closes),
    **dict.fromkeys(("xls", "encrypted-office", "msg"), _ole_closes),
    **dict.fromkeys(("xml", "spreadsheetml"), _markup_closes),
    "parquet": _parquet_closes,
    "pdf": lambda content: b"%%EOF" in content[-2048:],
    "7z": _7z_closes,
    "gz": _gz_closes,
    "bz2": _bz2_closes,
    "xz": lambda content: content.rstrip(b"\x00").endswith(b"YZ"),
    "tar": _tar_closes,
    "tnef": _tnef_closes,
    "html": _html_closes,
}
