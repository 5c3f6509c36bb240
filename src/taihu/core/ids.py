"""Identifiers derived from content.

An id is a hash of what it names, so the same input gives the same id in every process and on every machine, a step that
is done twice is recognised, and no random value ever makes two equal tables differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and exact decimals; dates and instants become ISO text."""

    def plain(item: Any) -> Any:
        if isinstance(item, Decimal):
            return format(item, "f")
        if hasattr(item, "isoformat"):
            return item.isoformat()
        if isinstance(item, (set, frozenset)):
            return sorted(item)
        if hasattr(item, "__dataclass_fields__"):
            return {name: getattr(item, name) for name in item.__dataclass_fields__}
        raise TypeError(f"{type(item).__name__} has no canonical form")

    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=plain)


def derived_id(kind: str, *parts: Any, length: int = 16) -> str:
    """A hexadecimal id of ``length`` characters from a kind and the parts that identify one thing of it."""
    digest = hashlib.blake2b(canonical_json([kind, *parts]).encode(), digest_size=32).hexdigest()
    return digest[:length]


def sha256_of(chunks: bytes | Iterable[bytes]) -> str:
    """The SHA-256 of bytes, or of a stream of them, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
        digest.update(chunk)
    return digest.hexdigest()
