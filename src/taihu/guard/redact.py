"""Takes secrets and personal data out of whatever is about to be logged, whoever wrote the message.

Messages of libraries hold addresses with passwords, answers of servers and file names; so every log line passes here: as a
structlog processor (:func:`redact`) and as a filter of the standard library's handlers (:class:`RedactingFilter`).
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from html import entities
from typing import Any, Final
from urllib.parse import quote, quote_plus

from taihu.guard.mask import mask_mail, mask_phone
from taihu.guard.secrets import Secret, known_values

_HIDDEN: Final = "[secret]"
_PHONE: Final = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)")
_IDENTITY: Final = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
_CARD: Final = re.compile(r"(?<!\d)\d{16,19}(?!\d)")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+@")
_NAMED: Final = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|secret|token|access_token|api_?key|key|sign|signature|cookie|authorization)(\"?\s*[=:]\s*\"?)"
    r"((?:bearer|basic)\s+)?[^\s\"'&;,}]+"
)
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_KEYS: Final = re.compile(r"(?i)pass(word|wd|phrase)|secret|token|cookie|authorization|api_?key|webhook")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def redact_text(text: str) -> str:
    """A text without secrets and without phone, identity, card numbers and mail addresses in clear."""
    for form in _forms(known_values()):
        if form in text:
            text = text.replace(form, _HIDDEN)
    text = _USER_IN_URL.sub(f"{_HIDDEN}@", text)
    text = _NAMED.sub(lambda match: f"{match[1]}{match[2]}{_HIDDEN}", text)
    text = _IDENTITY.sub(lambda match: "[identity]" if is_identity_number(match[0]) else match[0], text)
    text = _CARD.sub(lambda match: "[card]" if is_card_number(match[0]) else match[0], text)
    text = _PHONE.sub(lambda match: mask_phone(match[0]), text)
    return _MAIL.sub(lambda match: mask_mail(match[0]), text)


def hide_values(text: str, values: Iterable[str]) -> str:
    """A text without these secrets, in whatever form they stand in it; for pages and traces that are kept as evidence."""
    wanted = frozenset(value for value in values if value)
    for form in _forms(wanted):
        text = text.replace(form, _HIDDEN)
    for value in wanted:
        text = _in_markup(value).sub(_HIDDEN, text)
    return text


@lru_cache(maxsize=32)
def _in_markup(value: str) -> re.Pattern[str]:
    """The value as any page may write it: each of its marks plain, by name or by number."""
    parts = []
    for mark in value:
        numbered = [f"&#0*{ord(mark)};", f"&#[xX]0*(?i:{ord(mark):x});"]
        named = [] if mark.isalnum() else [re.escape(f"&{name}") for name, each in entities.html5.items() if each == mark]
        parts.append(f"(?:{'|'.join([*sorted(named, key=len, reverse=True), *numbered, re.escape(mark)])})")
    return re.compile("".join(parts))


def redact_value(value: Any) -> Any:
    """The same for nested values; what is not text, number or container is shown as its redacted ``repr``."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        # A phone number is one even when somebody logs it as a number.
        return redact_text(str(value)) if isinstance(value, int) and redact_text(str(value)) != str(value) else value
    if isinstance(value, Secret):
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _HIDDEN if _KEYS.search(str(key)) and item else redact_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return f"[{len(value)} bytes]"
    return redact_text(str(value) if isinstance(value, BaseException) else repr(value))


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor; it stands after the one that formats exceptions."""
    for name in list(event):
        event[name] = _HIDDEN if _KEYS.search(name) and event[name] else redact_value(event[name])
    return event


class RedactingFilter(logging.Filter):
    """For handlers of the standard library: libraries log through it too."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text, record.exc_info = redact_text(record.exc_text), None
        return True


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a resident identity number: a birth date and the check digit of GB 11643."""
    if not re.fullmatch(r"\d{6}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", text):
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True)) % 11
    return "10X98765432"[rest] == text[17].upper()


def is_card_number(text: str) -> bool:
    """Whether digits pass the Luhn check of bank cards and start like a UnionPay, Visa or Mastercard number."""
    if text[0] not in "3456":
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(text))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


@lru_cache(maxsize=4)
def _forms(values: frozenset[str]) -> tuple[str, ...]:
    """The secrets as they may stand in a message: plain, in an address, in a header, in a dump of bytes; long ones first."""
    found = set()
    for value in values:
        quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
        found |= {value, repr(value)[1:-1], *quoted, *(_ESCAPE.sub(lambda match: match[0].lower(), text) for text in quoted)}
        found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        if len(value) >= 8:
            found |= {*_in_base64(value.encode()), value.encode().hex(), value.encode().hex().upper()}
    return tuple(sorted(found, key=len, reverse=True))


def _in_base64(content: bytes) -> set[str]:
    """What base64 makes of bytes wherever they stand in what is encoded (after ``user:``, say), without the marks at the seams."""
    found = {base64.b64encode(content).decode().rstrip("=")}
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + content).decode()
        inner = text[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found
