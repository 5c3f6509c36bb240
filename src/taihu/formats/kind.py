"""What a file is, by its bytes. Extensions lie: HTML, tab-separated text and SpreadsheetML are all sent as ``.xls``.

Kinds: ``xlsx xlsb xls ods spreadsheetml html xml json csv parquet pdf ofd eml msg tnef zip 7z tar gz bz2 xz rar encrypted-office
docx pptx picture empty binary``. ``csv`` stands for any text that may hold a table; ``binary`` for what nothing here knows.
"""

from __future__ import annotations

import re

from taihu.formats.compound import OLE_MAGIC, root_names
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.text import decode, utf16_by_zeros
from taihu.formats.zip_directory import is_appended_zip, open_zip

_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"Rar!\x1a\x07", "rar"),
    (b"PAR1", "parquet"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF87a", "picture"),
    (b"GIF89a", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
)
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00\x04\x00")
_MAIL_HEADER = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]{1,40}:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}", re.ASCII)
_MAIL_KEYS = re.compile(r"^(?:From|Subject|Date|Message-ID|MIME-Version|Received|Return-Path):", re.IGNORECASE | re.MULTILINE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|table|meta|style|div|script|form)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
# Also what Hive and old mainframes put between fields.
_TEXT_CONTROL = b"\x01\t\n\r\x0b\x0c\x1a\x1b\x1c\x1d\x1e\x1f"
_OLE_NAMES = ("EncryptedPackage", "__properties_version1.0", "Workbook", "Book\0")
_JSON_BEGINS = re.compile(r'[\[{]\s*(?:["\[\]{}tfn]|-?\d)')
_JSON_FIELD = re.compile(r'[\[\s]*\{\s*"[^"\\\n]{1,100}"\s*:')
_OFFICE = {"xl/": "xlsx", "word/": "docx", "ppt/": "pptx"}
_HEAD = 8192
_WHOLE_JSON = 8 << 20


def kind_of(content: bytes, name: str = "") -> str:
    """The kind of a file.

    Args:
        content: All its bytes.
        name: Its name; used only where bytes cannot decide (a text that could be CSV or plain prose is ``csv`` in any case).
    """
    if not content.lstrip(b"\x00 \t\r\n\x1a\xef\xbb\xbf"):
        return "empty"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(content)
    if content.startswith(OLE_MAGIC):
        return _ole_kind(content)
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if _BZIP2.match(content):
        return "bz2"
    if is_tar_header(content[:512]):
        return "tar"
    if content.startswith(_BIFF) and not _looks_like_text(content):
        return "xls"
    kind = _text_kind(content) if _looks_like_text(content) else "binary"
    return _zip_kind(content) if kind in ("binary", "csv") and is_appended_zip(content) else kind


def is_tar_header(block: bytes) -> bool:
    """Whether 512 bytes are the header of a tar member: its checksum says so, in every dialect."""
    if len(block) < 512:
        return False
    stated = block[148:156].strip(b" \x00")
    if not stated or not stated.isdigit() or b"8" in stated or b"9" in stated:
        return False
    rest = block[:148] + b"        " + block[156:512]
    signed = sum(rest) - 256 * sum(1 for byte in rest if byte > 127)
    return int(stated, 8) in (sum(rest), signed)


def _zip_kind(content: bytes) -> str:
    try:
        with open_zip(content) as archive:
            names = set(archive.namelist())
            mimetype = b""
            if "mimetype" in names:
                with archive.open("mimetype") as stream:
                    mimetype = stream.read(80)
    except BROKEN_ARCHIVE:
        # A central directory that was cut off; the local headers still tell what it was meant to be.
        names, mimetype = _local_names(content), content[30:120] if content[30:38] == b"mimetype" else b""
    if "xl/workbook.xml" in names or any(name.startswith("xl/worksheets/") and name.endswith(".xml") for name in names):
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "OFD.xml" in names:
        return "ofd"
    if b"opendocument.spreadsheet" in mimetype:
        return "ods"
    if "[Content_Types].xml" in names:
        return next((kind for folder, kind in _OFFICE.items() if any(name.startswith(folder) for name in names)), "zip")
    return "zip"


def _local_names(content: bytes) -> set[str]:
    names: set[str] = set()
    at = content.find(b"PK\x03\x04")
    while at >= 0 and len(names) < 100 and at + 30 <= len(content):
        length = int.from_bytes(content[at + 26 : at + 28], "little")
        names.add(content[at + 30 : at + 30 + length].decode("utf-8", errors="replace"))
        at = content.find(b"PK\x03\x04", at + 30)
    return names


def _ole_kind(content: bytes) -> str:
    """OLE holds BIFF workbooks, encrypted Office packages, and mails of Outlook; the directory's names tell.

    An attached workbook brings its own names along, so those of the top level count; where the directory is lost, any will do.
    """
    top = root_names(content)
    names = top if top else {name for name in _OLE_NAMES if name.encode("utf-16-le") in content}
    if "EncryptedPackage" in names:
        return "encrypted-office"
    if "__properties_version1.0" in names:
        return "msg"
    if "Workbook" in names or "Book" in names or "Book\0" in names:
        return "encrypted-office" if _biff_is_encrypted(content) else "xls"
    # A cut-off file has lost its directory, but the stream's first record is still there.
    return "xls" if content[512:514] in (b"\x09\x08", b"\x09\x04") or len(content) <= 512 else "binary"


def _biff_is_encrypted(content: bytes) -> bool:
    """A FILEPASS record (0x2F) in the first records of the workbook stream; the stream starts on a sector."""
    at = 512
    while 0 < at < min(len(content), 1 << 20):
        if content[at : at + 2] in (b"\x09\x08", b"\x09\x04") and content[at + 2 : at + 4] in (b"\x10\x00", b"\x08\x00"):
            return _has_filepass(content, at)
        at += 512
    return False


def _has_filepass(content: bytes, at: int) -> bool:
    for _ in range(12):
        kind = int.from_bytes(content[at : at + 2], "little")
        if kind == 0x2F:
            return True
        if kind == 0x0A:
            return False
        at += 4 + int.from_bytes(content[at + 2 : at + 4], "little")
    return False


def _looks_like_text(content: bytes) -> bool:
    head = content[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if 0 in head:
        return utf16_by_zeros(head) is not None
    control = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROL)
    return control <= len(head) // 500


def _text_kind(content: bytes) -> str:
    text = _head_text(content).lstrip("\ufeff \t\r\n")
    start = text[:600]
    if start.startswith("<"):
        return _markup_kind(text)
    if start.startswith(("{", "[")):
        return "json" if _is_json(content, text) else "csv"
    if _MAIL_HEADER.match(text.replace("\r\n", "\n")) and len(_MAIL_KEYS.findall(text[:4000])) >= 2:
        return "eml"
    if _HTML.search(start) and "</" in text:
        return "html"
    return "csv"


def _head_text(content: bytes) -> str:
    """The beginning as text; what tells kinds apart is ASCII, so only UTF-16 and UTF-32 need to be decoded."""
    head = content[:_HEAD]
    if 0 in head or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(head[: len(head) // 4 * 4]).text
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _markup_kind(text: str) -> str:
    if "urn:schemas-microsoft-com:office:spreadsheet" in text and not _HTML.match(text):
        return "spreadsheetml"
    if _HTML.search(text[:4000]):
        return "html"
    return "xml"


def _is_json(content: bytes, text: str) -> bool:
    """A JSON document or JSON lines, whole or cut off; a first cell that merely begins with a bracket is not."""
    import json

    if _JSON_FIELD.match(text):
        return True

    try:
        json.loads(text.splitlines()[0])
        return True
    except (ValueError, RecursionError):
        pass
    if len(content) > _WHOLE_JSON:
        # Objects of all its values would cost many times its size, only to know its kind.
        return bool(_JSON_BEGINS.match(text)) and content.rstrip(b" \t\r\n\x00")[-1:] in (b"}", b"]")
    try:
        json.loads(decode(content).text)
    except (ValueError, RecursionError):
        return False
    return True
