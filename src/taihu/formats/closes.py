"""Whether a file has the end that its kind must have: the cheapest proof that a transfer was not cut off."""

from __future__ import annotations

import io
import zipfile
import zlib

from taihu.formats.member_names import BROKEN_ARCHIVE

_ZIPPED = frozenset({"zip", "xlsx", "xlsb", "ods", "ofd"})


def closes_properly(content: bytes, kind: str) -> bool:
    """Whether the bytes end as a complete file of this kind ends.

    Kinds without an end of their own (text) close properly whenever they are not empty; their control totals must tell.
    """
    if kind in _ZIPPED:
        return _zip_closes(content)
    if kind in ("xls", "encrypted-office"):
        return _ole_closes(content)
    if kind == "parquet":
        return len(content) >= 12 and content.endswith(b"PAR1")
    if kind == "pdf":
        return b"%%EOF" in content[-2048:]
    if kind == "7z":
        return _7z_closes(content)
    if kind == "gz":
        return _gz_closes(content)
    if kind == "html":
        return _html_closes(content)
    if kind in ("xml", "spreadsheetml"):
        return content.rstrip(b"\x00 \t\r\n").endswith((b">", b">\x00"))
    return kind != "empty"


def _zip_closes(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return all(info.header_offset + 30 + info.compress_size <= len(content) for info in archive.infolist())
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
    rest = content
    while rest:
        try:
            machine.decompress(rest, 1 << 20)
        except zlib.error:
            return False
        if machine.eof:
            return True
        rest = machine.unconsumed_tail
    return False


def _html_closes(content: bytes) -> bool:
    """Every opened table is closed again; a page may lack </html>, a cut-off table may not lack its end."""
    lower = content.lower().replace(b"\x00", b"")
    return lower.count(b"<table") <= lower.count(b"</table")
