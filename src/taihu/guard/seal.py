"""Seals small texts: what the ledger and the vault must keep but nobody may read from their files.

Two seals, because the ledger sometimes has to find a value again:

* :meth:`Sealer.seal` (AES-256-GCM, a fresh nonce each time) for what is only read back;
* :meth:`Sealer.seal_same` (AES-SIV) gives equal seals for equal texts, so it can be a key.

:meth:`Sealer.fingerprint` is a keyed hash for lookups that never need the text again. A plain hash would not do: all
mobile numbers of China can be hashed in two core-hours.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from taihu.core.errors import IntegrityError
from taihu.guard.keys import Keyring


class Sealer:
    """Seals texts under one named key of the keyring.

    Args:
        keyring: Where the key comes from.
        name: Its name: ``ledger``, ``vault``.
    """

    def __init__(self, keyring: Keyring, name: str = "ledger") -> None:
        self._keyring = keyring
        self._name = name
        self._ciphers: dict[tuple[str, int], Any] = {}
        self._mark = keyring.key(f"{name}:fingerprint", generation=1)

    def seal(self, text: str, context: str = "") -> bytes:
        """Seal a text; ``context`` (table, column and row) must be given again to open it, so a seal cannot be moved."""
        return self.seal_bytes(text.encode(), context)

    def open(self, sealed: bytes, context: str = "") -> str:
        """Open a sealed text; an :class:`IntegrityError` if it was changed or moved."""
        return self.open_bytes(sealed, context).decode()

    def seal_bytes(self, content: bytes, context: str = "") -> bytes:
        """Seal bytes (a session's cookies)."""
        generation = self._keyring.generation
        head, nonce = b"\x01" + generation.to_bytes(2, "big"), os.urandom(12)
        sealed: bytes = self._cipher("gcm", generation).encrypt(nonce, content, head + context.encode())
        return head + nonce + sealed

    def open_bytes(self, sealed: bytes, context: str = "") -> bytes:
        """Open sealed bytes."""
        from cryptography.exceptions import InvalidTag

        head, nonce, body = sealed[:3], sealed[3:15], sealed[15:]
        if len(sealed) < 31 or head[0] != 1:
            raise _broken(self._name)
        try:
            opened: bytes = self._cipher("gcm", int.from_bytes(head[1:], "big")).decrypt(nonce, body, head + context.encode())
        except InvalidTag:
            raise _broken(self._name) from None
        return opened

    def seal_same(self, text: str, context: str = "") -> bytes:
        """Seal so that equal texts of one context have equal seals, under the first generation for ever."""
        sealed: bytes = self._cipher("siv", 1).encrypt(text.encode(), [context.encode()])
        return b"\x02" + sealed

    def open_same(self, sealed: bytes, context: str = "") -> str:
        """Open what :meth:`seal_same` sealed."""
        from cryptography.exceptions import InvalidTag

        if sealed[:1] != b"\x02":
            raise _broken(self._name)
        try:
            opened: bytes = self._cipher("siv", 1).decrypt(sealed[1:], [context.encode()])
        except (InvalidTag, ValueError):
            raise _broken(self._name) from None
        return opened.decode()

    def fingerprint(self, domain: str, text: str) -> str:
        """A keyed hash (HMAC-SHA256, 32 hexadecimal digits) to look a text up by; it cannot be guessed without the key."""
        return hmac.new(self._mark, f"{domain}\x00{text}".encode(), hashlib.sha256).hexdigest()[:32]

    def _cipher(self, kind: str, generation: int) -> Any:
        cipher = self._ciphers.get((kind, generation))
        if cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

            if kind == "gcm":
                cipher = AESGCM(self._keyring.key(self._name, generation=generation))
            else:
                cipher = AESSIV(self._keyring.key(f"{self._name}:same", generation=generation, length=64))
            self._ciphers[kind, generation] = cipher
        return cipher


def _broken(name: str) -> IntegrityError:
    return IntegrityError("a sealed text does not open", where=name, fix="it was changed or moved, or the keyring is another project's")
