"""A mail that was taken apart, as plain values and bytes that pass between processes, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from taihu.formats.mail_headers import Mail, MailPart, parse_mail


def answer(said: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """In the reading child: take a mail apart."""
    return packed(parse_mail(content))


def packed(mail: Mail) -> tuple[dict[str, Any], list[bytes]]:
    """A mapping for JSON, and the content of each part."""
    said = {
        "message_id": mail.message_id,
        "date": None if mail.date is None else mail.date.isoformat(),
        "sender": mail.sender,
        "subject": mail.subject,
        "sender_name": mail.sender_name,
        "recipients": list(mail.recipients),
        "parts": [
            [part.index, part.name, part.content_type, part.charset, part.disposition, part.is_embedded, len(part.content)]
            for part in mail.parts
        ],
    }
    return said, [part.content for part in mail.parts]


def unpacked(said: Mapping[str, Any], body: bytes) -> Mail:
    """The mail again.

    Raises:
        ValueError, TypeError, KeyError: It is not of the shape that :func:`packed` gives.
    """
    parts: list[MailPart] = []
    at = 0
    for index, name, content_type, charset, disposition, is_embedded, size in said["parts"]:
        if not isinstance(index, int) or not isinstance(size, int) or size < 0:
            raise TypeError("not a count")
        texts = map(_text, (name, content_type, charset, disposition))
        name, content_type, charset, disposition = texts
        parts.append(MailPart(index, name, content_type, body[at : at + size], charset, disposition, bool(is_embedded)))
        at += size
    if at != len(body):
        raise ValueError("the parts are not what was said")
    date = None if said["date"] is None else dt.datetime.fromisoformat(said["date"])
    if date is not None and date.tzinfo is None:
        raise ValueError("not an instant")
    names = {key: _text(said[key]) for key in ("message_id", "sender", "subject", "sender_name")}
    return Mail(date=date, parts=parts, recipients=tuple(map(_text, said["recipients"])), **names)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
