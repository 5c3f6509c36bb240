"""Sealed objects: every object has a data key of its own, wrapped by the keyring.

Rotation rewraps 64 bytes instead of rewriting the object, and destroying the header destroys the object. The body is the published
construction of Tink's ``AES256_GCM_HKDF_1MB`` streaming cipher, byte for byte, so an independent program can open it and a
test does: 1 MiB segments, each bound to its place by a counter and to the end by a last-segment flag, so bytes cut off,
swapped or repeated are noticed. The context (the object's SHA-256) is bound to the wrapped key, and every object has a data key of its
own: so a body under another object's header does not open, and an object can be sealed before its hash is known. (Version 1 bound the
context to the body as well; it can still be opened.)

    magic "TAIHUOBJ" | version 2 (1) | length of the wrapped key (2) | wrapped key (64) | Tink stream
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from taihu.core.errors import IntegrityError
from taihu.guard.keys import Keyring

_NAME: Final = b"TAIHUOBJ"
MAGIC: Final = _NAME + b"\x02"
_FIRST: Final = _NAME + b"\x01"
HEAD: Final = len(MAGIC) + 2 + 64
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
        sealing = self.sealing()
        yield sealing.head(context)
        for chunk in chunks:
            if sealed := sealing.update(chunk):
                yield sealed
        yield sealing.finish()

    def sealing(self) -> Sealing:
        """Begin an object whose context is only known at its end."""
        return Sealing(self._keyring, self._name)

    def open_stream(self, chunks: Iterable[bytes], context: str = "") -> Iterator[bytes]:
        """Open a stream; pieces already handed out are right, the end is only trustworthy when the iteration ends."""
        source = iter(chunks)
        head = _at_least(source, b"", len(MAGIC) + 2)
        length = _wrapped_length(head)
        head = _at_least(source, head, len(MAGIC) + 2 + length)
        end = len(MAGIC) + 2 + length
        data_key = self._keyring.unwrap(self._name, head[len(MAGIC) + 2 : end], context.encode())
        bound = context.encode() if head.startswith(_FIRST) else b""
        yield from decrypted(_joined(head[end:], source), data_key, bound)

    def rewrap(self, sealed: bytes, context: str = "") -> bytes:
        """The same object with its data key wrapped under the keyring's newest generation; the body is not touched."""
        start = len(MAGIC) + 2
        end = start + _wrapped_length(sealed)
        data_key = self._keyring.unwrap(self._name, sealed[start:end], context.encode())
        wrapped = self._keyring.wrap(self._name, data_key, context.encode())
        return sealed[: len(MAGIC)] + len(wrapped).to_bytes(2, "big") + wrapped + sealed[end:]


class Sealing:
    """One object while it is sealed: pieces of the body first, the header (always ``HEAD`` bytes, and it comes first) when all is known."""

    def __init__(self, keyring: Keyring, name: str) -> None:
        self._keyring = keyring
        self._name = name
        self._data_key = os.urandom(32)
        self._body = Encryption(self._data_key, b"")

    def update(self, chunk: bytes) -> bytes:
        """The sealed bytes that are ready after these clear ones."""
        return self._body.update(chunk)

    def finish(self) -> bytes:
        """The last sealed bytes."""
        return self._body.finish()

    def head(self, context: str) -> bytes:
        """What stands before the body; ``context`` must be given again to open the object."""
        return _head(self._keyring.wrap(self._name, self._data_key, context.encode()))


class Encryption:
    """A Tink stream as it grows: its header, then one ciphertext segment after another."""

    def __init__(self, key: bytes, context: bytes, *, segment: int = SEGMENT) -> None:
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._cipher = _cipher(key, salt, context)
        self._ready = bytes([_HEADER]) + salt + self._prefix
        self._buffer = bytearray()
        self._counter, self._room, self._segment = 0, segment - _HEADER - _TAG, segment

    def update(self, chunk: bytes) -> bytes:
        """Take clear bytes; gives what is ready (nothing, until a segment is full)."""
        self._buffer += chunk
        parts, start = [self._ready], 0
        # A full segment is only sent once more bytes are known to follow: the last one carries the flag.
        with memoryview(self._buffer) as clear:
            while len(clear) - start > self._room:
                parts.append(self._cipher.encrypt(_nonce(self._prefix, self._counter, last=False), clear[start : start + self._room], None))
                start += self._room
                self._counter, self._room = self._counter + 1, self._segment - _TAG
        if start:
            del self._buffer[:start]
        self._ready = b""
        return b"".join(parts)

    def finish(self) -> bytes:
        """The rest, with the last segment's flag."""
        last = self._cipher.encrypt(_nonce(self._prefix, self._counter, last=True), bytes(self._buffer), None)
        return self._ready + bytes(last)


def encrypted(chunks: Iterable[bytes], key: bytes, context: bytes, *, segment: int = SEGMENT) -> Iterator[bytes]:
    """The Tink stream of some bytes."""
    stream = Encryption(key, context, segment=segment)
    for chunk in chunks:
        if sealed := stream.update(chunk):
            yield sealed
    yield stream.finish()


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


def _head(wrapped: bytes) -> bytes:
    return MAGIC + len(wrapped).to_bytes(2, "big") + wrapped


def _wrapped_length(head: bytes) -> int:
    if len(head) < len(MAGIC) + 2 or not head.startswith((MAGIC, _FIRST)):
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
