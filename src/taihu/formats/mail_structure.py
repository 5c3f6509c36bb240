"""What IMAP's BODYSTRUCTURE says of a mail: its leaves, so that a big mail can be fetched part by part and only where it is wanted.

Names are not taken from it: servers pass on what the sender wrote, and only the parts' own headers tell how it was encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(rb'\(|\)|"((?:[^"\\]|\\.)*)"|([^\s()"]+)', re.DOTALL)
_LITERAL = re.compile(rb"\{\d+\}\Z")
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: the section that fetches its content, the one that fetches its headers, and its size in octets as sent."""

    section: str
    head: str
    encoding: str
    size: int


def leaves_of(structure: bytes) -> list[Leaf]:
    """The leaves of a mail in its order; nothing if the server's answer cannot be understood.

    Args:
        structure: The answer from ``BODYSTRUCTURE (`` on; what the server sent as a literal stands in it as ``{n}`` or is left out.
    """
    body = _parsed(structure)
    return list(_leaves(body, "", "HEADER", 0)) if isinstance(body, list) and body else []


def without_literal(text: bytes) -> bytes:
    """A line that a literal follows, with an empty text in the literal's place."""
    return _LITERAL.sub(b'""', text)


def _parsed(structure: bytes) -> Any:
    """Nested lists of byte strings; the first list that closes."""
    stack: list[list[Any]] = []
    for token in _TOKEN.finditer(structure):
        text = token[0]
        if text == b"(":
            stack.append([])
        elif text == b")":
            if not stack:
                return None
            done = stack.pop()
            if not stack:
                return done
            stack[-1].append(done)
        elif stack:
            stack[-1].append(token[1] if token[1] is not None else text)
    return None


def _leaves(body: list[Any], section: str, head: str, depth: int) -> Iterator[Leaf]:
    if depth > _MAX_DEPTH:
        return
    if body and isinstance(body[0], list):
        for number, child in enumerate((each for each in body if isinstance(each, list) and _is_body(each)), 1):
            inner = f"{section}.{number}" if section else str(number)
            yield from _leaves(child, inner, f"{inner}.MIME", depth + 1)
        return
    section = section or "1"
    kind = b"/".join(part.lower() for part in body[:2] if isinstance(part, bytes))
    encoding = body[5].decode("ascii", "replace").lower() if len(body) > 5 and isinstance(body[5], bytes) else ""
    if kind == b"message/rfc822" and encoding != "base64" and len(body) > 8 and isinstance(body[8], list):
        inner_body = body[8]
        if inner_body and isinstance(inner_body[0], list):
            yield from _leaves(inner_body, section, f"{section}.HEADER", depth + 1)
        else:
            yield from _leaves(inner_body, f"{section}.1", f"{section}.HEADER", depth + 1)
        return
    size = int(body[6]) if len(body) > 6 and isinstance(body[6], bytes) and body[6].isdigit() else 0
    yield Leaf(section, head, encoding, size)


def _is_body(each: list[Any]) -> bool:
    """Whether a list inside a multipart is one of its parts (not parameters, disposition or language)."""
    return bool(each) and (isinstance(each[0], list) or (len(each) >= 7 and isinstance(each[5], bytes)))
