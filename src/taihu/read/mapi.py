"""What mails of Outlook have in common, as a ``.msg`` file and as ``winmail.dat``: numbered properties, texts in a code page,
and bodies in compressed RTF that wrap the HTML of the mail."""

from __future__ import annotations

import re
from collections.abc import Mapping

from taihu.core.errors import ContentRefused
from taihu.formats.text import decode

SUBJECT = 0x0037
BODY_TEXT = 0x1000
BODY_RTF = 0x1009
BODY_HTML = 0x1013
DISPLAY_NAME = 0x3001
ATTACH_DATA = 0x3701
ATTACH_SHORT_NAME = 0x3704
ATTACH_METHOD = 0x3705
ATTACH_LONG_NAME = 0x3707
ATTACH_MIME_TYPE = 0x370E
INTERNET_CODE_PAGE = 0x3FDE
MESSAGE_CODE_PAGE = 0x3FFD

TYPE_UNICODE = 0x001F
TYPE_STRING = 0x001E
TYPE_BINARY = 0x0102
TYPE_OBJECT = 0x000D

_CODE_PAGES = {65001: "utf-8", 936: "gb18030", 54936: "gb18030", 20936: "gb18030", 950: "big5hkscs", 932: "cp932", 949: "cp949"}
_CODE_PAGES |= {1200: "utf-16-le", 20127: "ascii", 28591: "latin-1", **{page: f"cp{page}" for page in (437, 850, 874, *range(1250, 1259))}}
_MOST_BODY = 16 << 20
_PRELOADED = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def codec_of(page: int) -> str | None:
    """The codec of a Windows code page; None if the page is unknown."""
    return _CODE_PAGES.get(page)


def text_of(raw: bytes, kind: int, page: int) -> str:
    """A text property: UTF-16, or bytes in the mail's code page (if they fit it), without its closing zero."""
    if kind == TYPE_UNICODE:
        return raw.decode("utf-16-le", errors="replace").rstrip("\x00")
    return decode(raw.rstrip(b"\x00"), codec_of(page)).text


def attachment_name(texts: Mapping[int, str], number: int) -> str:
    """The name that people know an attachment by: the long one, else what is shown, else the short one."""
    for key in (ATTACH_LONG_NAME, DISPLAY_NAME, ATTACH_SHORT_NAME):
        name = texts.get(key, "").strip()
        if name:
            return name.replace("/", "_") if key == DISPLAY_NAME else name
    return f"attachment{number}"


def body_of(html: bytes, rtf: bytes, text: str, page: int) -> tuple[str, bytes] | None:
    """The mail's body as a file: its HTML, the HTML inside its RTF, or its text; in UTF-8 unless it is HTML as it was sent."""
    if html.strip():
        return "body.html", html if codec_of(page) is None or b"charset" in html[:4096].lower() else _declared(html, page)
    if rtf:
        found = html_in_rtf(uncompressed(rtf))
        if found.strip():
            return "body.html", found.encode("utf-8", errors="replace")
    return ("body.txt", text.encode("utf-8", errors="replace")) if text.strip() else None


def _declared(html: bytes, page: int) -> bytes:
    return decode(html, codec_of(page)).text.encode("utf-8", errors="replace")


def uncompressed(rtf: bytes) -> bytes:
    """RTF as Outlook stores it: compressed by references into a ring of 4,096 bytes (MS-OXRTFCP), or as it is.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``.
    """
    if len(rtf) < 16:
        return b""
    size, magic = int.from_bytes(rtf[4:8], "little"), rtf[8:12]
    if magic == b"MELA":
        return rtf[16 : 16 + size]
    if magic != b"LZFu":
        raise ContentRefused("damaged_file", "the body of the mail is damaged")
    if size > min(_MOST_BODY, 20 * len(rtf)):
        raise ContentRefused("too_large", f"it expands to {size:,} bytes")
    return _unfolded(rtf, size)


def _unfolded(rtf: bytes, size: int) -> bytes:
    """Runs of eight items, each a byte or a reference into what came before; a reference to the place of writing is the end."""
    ring = bytearray(_PRELOADED.ljust(4096, b"\x00"))
    write, at, out = len(_PRELOADED), 16, bytearray()
    while at < len(rtf) and len(out) < size:
        control, at = rtf[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                copied, at = rtf[at : at + 1], at + 1
            elif at + 2 > len(rtf):
                return bytes(out[:size])
            else:
                offset, length = rtf[at] << 4 | rtf[at + 1] >> 4, (rtf[at + 1] & 15) + 2
                at += 2
                if offset == write:
                    return bytes(out[:size])
                # A reference may run into what it is just writing: ring bytes repeat with the distance between the two.
                distance = (write - offset) & 4095
                seen = bytes(ring[(offset + step) & 4095] for step in range(min(length, distance)))
                copied = (seen * (length // len(seen) + 1))[:length]
            for byte in copied:
                ring[write] = byte
                write = write + 1 & 4095
            out += copied
    return bytes(out[:size])


_TOKEN = re.compile(
    rb"\\(?P<word>[a-z]+)(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<symbol>[^a-z'\r\n])|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]+)|(?P<other>[\r\n\\]+)"
)
_SYMBOLS = {b"~": "\xa0", b"\\": "\\", b"{": "{", b"}": "}"}
_SPACES = {b"par": b"\r\n", b"line": b"\r\n", b"tab": b"\t"}
_ONLY_RTF = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pntext", b"mhtmltag"})


def html_in_rtf(rtf: bytes) -> str:
    """The HTML that an RTF body was made from (MS-OXRTFEX); empty if it was made from something else."""
    return _Html().of(rtf) if b"\\fromhtml1" in rtf[:1024] else ""


class _Html:
    """Walks through the RTF: markup stands in groups of its own, text between them, and what only RTF needs is marked as such."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._raw = bytearray()
        self._codec = "cp1252"
        self._states: list[tuple[bool, bool]] = []
        self._is_hidden = self._is_skipped = self._is_replaced = False

    def of(self, rtf: bytes) -> str:
        for token in _TOKEN.finditer(rtf):
            if token["brace"]:
                self._brace(token["brace"])
            elif token["word"]:
                self._control(token["word"], token["number"])
            elif not (self._is_hidden or self._is_skipped):
                self._write(token)
        self._flush()
        return "".join(self._out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            self._states.append((self._is_hidden, self._is_skipped))
        elif self._states:
            self._is_hidden, self._is_skipped = self._states.pop()

    def _control(self, word: bytes, number: bytes | None) -> None:
        if word == b"ansicpg":
            self._codec = codec_of(int(number or 0)) or self._codec
        elif word == b"htmltag":
            self._is_skipped = False
        elif word == b"htmlrtf":
            self._is_hidden = number != b"0"
        elif word in _ONLY_RTF:
            self._is_skipped = True
        elif self._is_hidden or self._is_skipped:
            return
        elif word == b"u":
            self._flush()
            self._out.append(chr(int(number or 0) & 0xFFFF))
            self._is_replaced = True
        elif word in _SPACES:
            self._raw += _SPACES[word]

    def _write(self, token: re.Match[bytes]) -> None:
        piece = bytes([int(token["hex"], 16)]) if token["hex"] else token["text"] or b""
        if token["symbol"] in _SYMBOLS:
            self._flush()
            self._out.append(_SYMBOLS[token["symbol"]])
        # A character beyond the code page is followed by one for programs that do not know it.
        self._raw += piece[1:] if self._is_replaced else piece
        self._is_replaced = False

    def _flush(self) -> None:
        self._out.append(self._raw.decode(self._codec, errors="replace"))
        self._raw.clear()
