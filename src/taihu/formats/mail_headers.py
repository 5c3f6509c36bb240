"""Mails as Chinese mail programs really write them.

The standard library and the usual mail packages garble two everyday things: raw GBK bytes in headers and file names, and
characters beyond GB 2312 (镕, 囍) in texts labelled ``gb2312``. So the structure of a mail comes from the standard
library, and every text in its headers is decoded here, from the raw bytes.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import email
import email.utils
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes

from taihu.formats.text import codec_name, decode

_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?]*)?\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"\r?\n[ \t]*")
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_KEPT = b"(kept) "
_RUN = re.compile(rb"(?:^[A-Za-z0-9+/]{57,128}\r?\n){30,}", re.MULTILINE)
_PUT_BACK = re.compile(re.escape(_KEPT.decode()) + r"(\d+)(?:\r\n|\Z)")
_LF = re.compile(rb"(?<!\r)\n")
_RECEIVING = frozenset({"to", "cc", "bcc", "delivered-to", "x-original-to"})
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class MailPart:
    """One leaf of a mail: a body or an attachment.

    ``index`` counts the leaves from 0 in the order of the mail; ``is_embedded``: other parts can refer to it (Content-ID).
    """

    index: int
    name: str
    content_type: str
    content: bytes
    charset: str = ""
    disposition: str = ""
    is_embedded: bool = False

    @property
    def is_inline_image(self) -> bool:
        """Whether it is a picture that the body shows (a logo in a signature), not one that somebody attached."""
        return (
            self.content_type.startswith("image/")
            and self.disposition != "attachment"
            and (self.is_embedded or self.disposition == "inline")
        )

    @property
    def is_attachment(self) -> bool:
        """Whether people would call it an attachment: it has a name, says so, or is not a text."""
        return bool(self.name) or self.disposition == "attachment" or not self.content_type.startswith(("text/", "multipart/"))

    @property
    def text(self) -> str:
        """The content as text, in its declared charset if that fits."""
        return decode(self.content, self.charset or None).text


@dataclass(frozen=True, slots=True)
class Mail:
    """What matters of a mail. ``sender`` is the bare address in lower case; ``date`` is what the sender claims (aware) or None."""

    message_id: str
    date: dt.datetime | None
    sender: str
    subject: str
    parts: list[MailPart]
    sender_name: str = ""
    recipients: tuple[str, ...] = ()


def parse_mail(raw: bytes) -> Mail:
    """Take a mail apart; attachments of forwarded mails (``message/rfc822``) are leaves like all others.

    Args:
        raw: The mail as the server gave it.
    """
    message = _parsed(raw)
    return _envelope(message, [_part(index, leaf) for index, leaf in enumerate(_leaves(message, 0))])


def _parsed(raw: bytes) -> Message:
    """A mail's structure. The parser looks at every line, so long runs of base64 are kept from it and put back afterwards."""
    if _KEPT in raw:
        return email.message_from_bytes(raw)
    runs: list[bytes] = []

    def keep(found: re.Match[bytes]) -> bytes:
        runs.append(found[0])
        return b"%s%d\r\n" % (_KEPT, len(runs) - 1)

    def put_back(found: re.Match[str]) -> str:
        run = runs[int(found[1])].decode("ascii")
        return run if found[0].endswith("\n") else run.rstrip("\r\n")  # a line break before a boundary belongs to the boundary

    message = email.message_from_bytes(_RUN.sub(keep, raw))
    for part in message.walk() if runs else ():
        text = _payload(part)
        if isinstance(text, str) and _KEPT.decode() in text:
            part.set_payload(_PUT_BACK.sub(put_back, text))
    return message


def parse_head(raw: bytes) -> Mail:
    """What the headers of a mail say, without its parts; ``raw`` may hold some of the headers only."""
    return _envelope(email.message_from_bytes(head_of(raw) + b"\r\n\r\n"), [])


def parse_part(index: int, raw: bytes) -> MailPart:
    """One leaf from its own MIME headers and its encoded content (empty where only the headers are at hand)."""
    return _part(index, email.message_from_bytes(raw))


def head_of(raw: bytes) -> bytes:
    """The header block of a mail."""
    if raw.startswith((b"\n", b"\r\n")):
        return b""
    end = raw.find(b"\n\r\n")
    shorter = raw.find(b"\n\n", 0, end if end >= 0 else len(raw))
    end = end if shorter < 0 else shorter
    return raw if end < 0 else raw[:end].removesuffix(b"\r")


def crlf(raw: bytes) -> bytes:
    """A mail as it travels: files on this machine end their lines with LF alone, and the same mail must give the same bytes."""
    return raw if b"\r\n" in head_of(raw) else _LF.sub(b"\r\n", raw)


def _envelope(message: Message, parts: list[MailPart]) -> Mail:
    name, address = _sender(message)
    return Mail(
        message_id=header_text(message, "Message-ID").strip(),
        date=_date(message),
        sender=address.lower(),
        subject=header_text(message, "Subject").strip(),
        parts=parts,
        sender_name=name,
        recipients=tuple(_recipients(message)),
    )


def header_text(message: Message, name: str) -> str:
    """The first header of this name as text; empty when it is absent."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return decode_header(_raw(value))
    return ""


def decode_header(raw: bytes) -> str:
    """Decode a raw header value: encoded words in any mixture with raw UTF-8 or GBK bytes."""
    return _decode_words(_FOLD.sub(" ", _eight_bit(raw)))


def _raw(value: object) -> bytes:
    """The bytes of a header as they came; the parser keeps those beyond ASCII as surrogates."""
    text = str(value)
    try:
        return text.encode("ascii", errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape")


def _eight_bit(raw: bytes) -> str:
    """Raw header bytes as text: ASCII, else strict UTF-8, else GB18030 (what Chinese programs send unlabelled)."""
    for name in ("ascii", "utf-8"):
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", errors="replace")


def _decode_words(text: str) -> str:
    """Replace encoded words; neighbours in one charset are joined as bytes first, for characters cut in two."""
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    at = 0
    for match in _WORD.finditer(text):
        between = text[at : match.start()]
        if pending and between.strip():
            out.append(_word_text(*pending))
            pending = None
        if between.strip() or (pending is None and at == 0):
            out.append(between)
        charset, content = match[1].lower(), _word_bytes(match[2], match[3])
        if pending and pending[0] == charset:
            content = pending[1] + content
        elif pending:
            out.append(_word_text(*pending))
        pending = (charset, content)
        at = match.end()
    if pending:
        out.append(_word_text(*pending))
    return "".join(out) + text[at:]


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", errors="replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    return _base64(raw)


def _base64(raw: bytes) -> bytes:
    """Base64 that forgives missing padding and stray characters."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.split(b"=")[0] if raw.count(b"=") <= 2 else raw)
    try:
        return base64.b64decode(clean[: len(clean) - (len(clean) % 4 == 1)] + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return raw


def _word_text(charset: str, content: bytes) -> str:
    name = codec_name(charset)
    if name:
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            pass
    return decode(content).text


def _parameters(message: Message, header: str) -> dict[str, str]:
    """Parameters of a structured header, with RFC 2231 continuations and charsets, encoded words and raw bytes."""
    for key, value in message.raw_items():
        if key.lower() == header:
            return _parse_parameters(_FOLD.sub(" ", _eight_bit(_raw(value))))
    return {}


def _parse_parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAMETER.finditer(text):
        name, value = match[1].lower(), _unquoted(match[2].strip())
        base, *rest = name.split("*")
        if not rest:
            plain.setdefault(base, _decode_words(value))
            continue
        number = int(rest[0]) if rest[0].isdecimal() else 0
        pieces.setdefault(base, {})[number] = (rest[-1] == "", value)
    for base, numbered in pieces.items():
        plain[base] = _joined(numbered)
    return plain


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return value.strip('"')


def _joined(numbered: dict[int, tuple[bool, str]]) -> str:
    charset, content, any_extended = "", b"", False
    for position, number in enumerate(sorted(numbered)):
        extended, value = numbered[number]
        if extended and position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        any_extended |= extended
        content += unquote_to_bytes(value) if extended else value.encode()
    if not any_extended:
        return _decode_words(content.decode())
    return _word_text(charset, content) if charset else decode(content).text


def _payload(message: Message) -> Any:
    """What the parser kept: parts, or a text with its bytes. ``get_payload()`` would decode it by a charset that may be nonsense."""
    return message._payload  # type: ignore[attr-defined]


def _children(message: Message) -> list[Message]:
    payload = _payload(message)
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    children = _children(message)
    kind = message.get_content_type()
    if not children or depth >= _MAX_DEPTH or kind == "message/delivery-status":
        yield message
        return
    if kind == "message/rfc822" and str(message.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        # Some programs encode a forwarded mail although the standard forbids it; the parser then saw only its base64.
        yield from _leaves(email.message_from_bytes(_base64(b"".join(child.as_bytes() for child in children))), depth + 1)
        return
    for child in children:
        yield from _leaves(child, depth + 1)


def _part(index: int, leaf: Message) -> MailPart:
    disposition = _parameters(leaf, "content-disposition")
    kind = _parameters(leaf, "content-type")
    content = _decoded(leaf)
    stated = leaf.get("Content-Disposition", "")
    return MailPart(
        index=index,
        name=(disposition.get("filename") or kind.get("name") or "").strip(),
        content_type=leaf.get_content_type(),
        content=content if isinstance(content, bytes) else b"".join(child.as_bytes() for child in _children(leaf)),
        charset=kind.get("charset", ""),
        disposition=str(stated).split(";")[0].strip().lower(),
        is_embedded=leaf.get("Content-ID") is not None,
    )


def _decoded(leaf: Message) -> object:
    """A leaf's content without its transfer encoding."""
    encoding = header_text(leaf, "Content-Transfer-Encoding").strip()
    payload = _payload(leaf)
    if encoding.lower() == "base64" and isinstance(payload, str):
        try:  # what is flawless needs no forgiving decoder, which splits it into lines and takes three times the memory
            return binascii.a2b_base64(payload.encode("ascii").translate(None, b"\r\n"), strict_mode=True)
        except (UnicodeEncodeError, binascii.Error):
            pass
    try:
        return leaf.get_payload(decode=True)
    except (ValueError, TypeError):  # a charset that is nonsense (a null character in it, RFC 2231 where it may not be)
        bare = Message()
        bare["Content-Transfer-Encoding"] = encoding
        bare.set_payload(payload)
        return bare.get_payload(decode=True)


def _sender(message: Message) -> tuple[str, str]:
    for key, value in message.raw_items():
        if key.lower() != "from":
            continue
        text = _FOLD.sub(" ", _eight_bit(_raw(value)))
        for name, address in email.utils.getaddresses([text]):
            if "@" in address:
                return _decode_words(name), address
        found = _ADDRESS.search(text)
        return ("", found.group(0)) if found else (_decode_words(text).strip(), "")
    return "", ""


def _recipients(message: Message) -> Iterator[str]:
    """Addresses that the mail was meant for, in lower case."""
    for key, value in message.raw_items():
        if key.lower() in _RECEIVING:
            for found in _ADDRESS.finditer(_FOLD.sub(" ", _eight_bit(_raw(value)))):
                yield found.group(0).lower()


def _date(message: Message) -> dt.datetime | None:
    stated = header_text(message, "Date")
    try:
        parsed = email.utils.parsedate_to_datetime(stated)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)
