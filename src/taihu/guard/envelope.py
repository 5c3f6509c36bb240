"""Sealed objects: every object has a data key of its own, wrapped by the keyring.

Rotation rewraps 80 bytes instead of rewriting the object, and destroying the header destroys the object. The body is the published
construction of Tink's ``AES256_GCM_HKDF_1MB`` streaming cipher, byte for byte, so an independent program can open it and a
test does: 1 MiB segments, each bound to its place by a counter and to the end by a last-segment flag, so bytes cut off,
swapped, repeated or taken from another object are noticed.

    magic "TAIHUOBJ" | version 1 (1) | length of the wrapped key (2) | wrapped key | Tink stream
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from taihu.core.errors import IntegrityError
from taihu.guard.keys import Keyring

MAGIC: Final = b"TAIHUOBJ\x01"
SEGMENT: Final = 1 << 20
_TAG: Final = 16
_SALT: Final = 32
_PREFIX: Final = 7
_HEADER: Final = 1 + _SALT + _PREFIX


class Envelope:
    """Seals and opens objects under one named key of a keyring.

    Args:
        keyring: Where the wrapping key comes from.
        name: Its name; raw objects and archived reports use ``objects``.
    """

    def __init__(self, keyring: Keyring, name: str = "objects") -> None:
        self._keyring = keyring
        self._name = name

    def seal(self, content: bytes, context: str = "") -> bytes:
        """Seal bytes; ``context`` (the object's SHA-256) must be given again to open them."""
        return b"".join(self.seal_stream([content], context))

    def open(self, sealed: bytes, context: str = "") -> bytes:
        """Open sealed bytes.

        Raises:
            IntegrityError: One bit was changed, the end is missing, or the context is another one.
        """
        return b"".join(self.open_stream([sealed], context))

    def seal_stream(self, chunks: Iterable[bytes], context: str = "") -> Iterator[bytes]:
        """Seal a stream in pieces of at most about one MiB, so memory does not grow with the object."""
        data_key = os.urandom(32)
        wrapped = self._keyring.wrap(self._name, data_key, context.encode())
        yield MAGIC + len(wrapped).to_bytes(2, "big") + wrapped
        yield from encrypted(chunks, data_key, context.encode())

    def open_stream(self, chunks: Iterable[bytes], context: str = "") -> Iterator[bytes]:
        """Open a stream; pieces already handed out are right, the end is only trustworthy when the iteration ends."""
        source = iter(chunks)
        head = _at_least(source, b"", len(MAGIC) + 2)
        length = _wrapped_length(head)
        head = _at_least(source, head, len(MAGIC) + 2 + length)
        end = len(MAGIC) + 2 + length
        data_key = self._keyring.unwrap(self._name, head[len(MAGIC) + 2 : end], context.encode())
        yield from decrypted(_joined(head[end:], source), data_key, context.encode())

    def rewrap(self, sealed: bytes, context: str = "") -> bytes:
        """The same object with its data key wrapped under the keyring's newest generation; the body is not touched."""
        start = len(MAGIC) + 2
        end = start + _wrapped_length(sealed)
        data_key = self._keyring.unwrap(self._name, sealed[start:end], context.encode())
        wrapped = self._keyring.wrap(self._name, data_key, context.encode())
        return MAGIC + len(wrapped).to_bytes(2, "big") + wrapped + sealed[end:]


def encrypted(chunks: Iterable[bytes], key: bytes, context: bytes, *, segment: int = SEGMENT) -> Iterator[bytes]:
    """The Tink stream of some bytes: its header, then one ciphertext segment after another."""
    salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
    cipher = _cipher(key, salt, context)
    yield bytes([_HEADER]) + salt + prefix
    buffer = bytearray()
    counter, room = 0, segment - _HEADER - _TAG
    for chunk in chunks:
        buffer += chunk
        # A full segment is only sent once more bytes are known to follow: the last one carries the flag.
        while len(buffer) > room:
            yield cipher.encrypt(_nonce(prefix, counter, last=False), bytes(buffer[:room]), None)
            del buffer[:room]
            counter, room = counter + 1, segment - _TAG
    yield cipher.encrypt(_nonce(prefix, counter, last=True), bytes(buffer), None)


def decrypted(chunks: Iterable[bytes], key: bytes, context: bytes, *, segment: int = SEGMENT) -> Iterator[bytes]:
    """The clear bytes of a Tink stream."""
    source = iter(chunks)
    head = _at_least(source, b"", _HEADER)
    if len(head) < _HEADER or head[0] != _HEADER:
        raise _damaged()
    prefix = head[1 + _SALT : _HEADER]
    cipher = _cipher(key, head[1 : 1 + _SALT], context)
    buffer = bytearray(head[_HEADER:])
    counter, room = 0, segment - _HEADER
    for chunk in source:
        buffer += chunk
        while len(buffer) > room:
            yield _opened(cipher, _nonce(prefix, counter, last=False), bytes(buffer[:room]))
            del buffer[:room]
            counter, room = counter + 1, segment
    while len(buffer) > room:
        yield _opened(cipher, _nonce(prefix, counter, last=False), bytes(buffer[:room]))
        del buffer[:room]
        counter, room = counter + 1, segment
    yield _opened(cipher, _nonce(prefix, counter, last=True), bytes(buffer))


def _cipher(key: bytes, salt: bytes, context: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(hashes.SHA256(), 32, salt=salt, info=context).derive(key))


def _nonce(prefix: bytes, counter: int, *, last: bool) -> bytes:
    return prefix + counter.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _opened(cipher: Any, nonce: bytes, segment: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        opened: bytes = cipher.decrypt(nonce, segment, None)
    except (InvalidTag, ValueError):
        raise _damaged() from None
    return opened


def _damaged() -> IntegrityError:
    return IntegrityError("a sealed object was changed or cut off", fix="restore the object from a backup; its hash names it")


def _wrapped_length(head: bytes) -> int:
    if len(head) < len(MAGIC) + 2 or not head.startswith(MAGIC):
        raise _damaged()
    return int.from_bytes(head[len(MAGIC) : len(MAGIC) + 2], "big")


def _at_least(source: Iterator[bytes], have: bytes, wanted: int) -> bytes:
    """Bytes from the source until there are enough, or it ends."""
    collected = bytearray(have)
    while len(collected) < wanted:
        chunk = next(source, None)
        if chunk is None:
            break
        collected += chunk
    return bytes(collected)


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
