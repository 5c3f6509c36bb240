"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over an open SSH channel: list, read, nothing else.

Written out because of two things that clients of this protocol do not give: names as the bytes that the server sent (GBK names are no
UTF-8, and a client that decodes them fails on the whole folder), and many requests under way at once over many files, without which
each small file costs four journeys to the server.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

PIECE = 32_768
UNDER_WAY = 64
_LONGEST_ANSWER = 1 << 22

_INIT, _VERSION, _OPEN, _CLOSE, _READ, _FSTAT, _OPENDIR, _READDIR, _STAT = 1, 2, 3, 4, 5, 8, 11, 12, 17
_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
OK, END, NO_SUCH_FILE, PERMISSION_DENIED = 0, 1, 2, 3


class Channel(Protocol):
    """What an SSH library's channel offers."""

    def sendall(self, data: bytes) -> Any: ...
    def recv(self, most: int) -> bytes: ...


class SftpStatus(Exception):
    """The server answered with a status that is no success."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"SFTP status {code}")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server tells of a file; ``mode`` is 0 where it does not say what it is."""

    size: int = 0
    mode: int = 0
    accessed: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read in one go: its bytes, and its attributes after the last of them."""

    content: bytes
    after: Attributes


class SftpProtocol:
    """A conversation with the server's SFTP subsystem."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self._last = 0
        self._out = bytearray()
        self._early: dict[int, tuple[int, bytes]] = {}
        channel.sendall(struct.pack(">IBI", 5, _INIT, 3))
        kind, body = self._packet()
        if kind != _VERSION or struct.unpack_from(">I", body)[0] < 3:
            raise EOFError("the server speaks no SFTP version 3")

    def entries(self, folder: bytes) -> list[tuple[bytes, Attributes]]:
        """Names and attributes of what is in a folder, without the folder itself and the one above."""
        handle = self._handle(self._take(self._ask(_OPENDIR, _text(folder))))
        found: list[tuple[bytes, Attributes]] = []
        try:
            asked = [self._ask(_READDIR, _text(handle))]
            while asked:
                kind, body = self._take(asked.pop(0))
                if kind == _NAME:
                    names = _names(body)
                    found += [each for each in names if each[0] not in (b".", b"..")]
                    asked.append(self._ask(_READDIR, _text(handle)))
                elif _code(kind, body) != END:
                    raise SftpStatus(_code(kind, body))
        finally:
            self._close([handle])
        return found

    def stat(self, path: bytes) -> Attributes:
        """The attributes of what a path leads to."""
        return _attributes_of(self._take(self._ask(_STAT, _text(path))))

    def read_many(self, files: Sequence[tuple[bytes, int]]) -> list[Read]:
        """Files of known size (path, bytes), all asked for at once; what is beyond the stated size is not read."""
        opening = [self._ask(_OPEN, _text(path) + struct.pack(">II", 1, 0)) for path, _ in files]
        answers = [self._take(request) for request in opening]
        handles = [body[4:] for kind, body in answers if kind == _HANDLE]
        try:
            for answer in answers:
                self._handle(answer)
            asked = [self._ask_for(handle, 0, size) for handle, (_, size) in zip(handles, files, strict=True)]
            contents = [
                b"".join(self._pieces(handle, requests, size)) for handle, requests, (_, size) in zip(handles, asked, files, strict=True)
            ]
            # Only now: what changed while it was read shall show.
            states = [self._ask(_FSTAT, _text(handle)) for handle in handles]
            return [Read(content, _attributes_of(self._take(state))) for content, state in zip(contents, states, strict=True)]
        finally:
            self._close(handles)

    def chunks(self, path: bytes, size: int) -> Iterator[bytes]:
        """A file of known size piece by piece, with some pieces asked for ahead."""
        handle = self._handle(self._take(self._ask(_OPEN, _text(path) + struct.pack(">II", 1, 0))))
        try:
            at = 0
            while at < size:
                window = min(size - at, PIECE * UNDER_WAY)
                whole = b"".join(self._pieces(handle, self._ask_for(handle, at, window), window, at))
                if whole:
                    yield whole
                at += len(whole)
                if len(whole) < window:
                    return
        finally:
            self._close([handle])

    def first_byte(self, path: bytes) -> Attributes:
        """The attributes of a file after its first byte was read: now the server has noted the time of the access."""
        return self.read_many([(path, 1)])[0].after

    def _ask_for(self, handle: bytes, start: int, size: int) -> list[int]:
        return [
            self._ask(_READ, _text(handle) + struct.pack(">QI", at, min(PIECE, start + size - at)))
            for at in range(start, start + size, PIECE)
        ]

    def _pieces(self, handle: bytes, requests: Sequence[int], size: int, start: int = 0) -> Iterator[bytes]:
        """The answers in order; a server may give less than was asked for, then the rest is asked for again."""
        ended = False
        for number, request in enumerate(requests):
            piece = self._data(self._take(request))
            at = start + number * PIECE + len(piece)
            until = min(start + size, start + (number + 1) * PIECE)
            if ended:
                continue
            if piece:
                yield piece
            while at < until:
                piece = self._data(self._take(self._ask(_READ, _text(handle) + struct.pack(">QI", at, until - at))))
                if not piece:
                    ended = True
                    break
                yield piece
                at += len(piece)

    def _data(self, answer: tuple[int, bytes]) -> bytes:
        kind, body = answer
        if kind == _DATA:
            return body[4:]
        if _code(kind, body) == END:
            return b""
        raise SftpStatus(_code(kind, body))

    def _handle(self, answer: tuple[int, bytes]) -> bytes:
        kind, body = answer
        if kind != _HANDLE:
            raise SftpStatus(_code(kind, body))
        return body[4:]

    def _close(self, handles: Sequence[bytes]) -> None:
        for request in [self._ask(_CLOSE, _text(handle)) for handle in handles]:
            self._take(request)

    def _ask(self, kind: int, body: bytes) -> int:
        """Queue a request; requests leave together, when an answer is waited for."""
        self._last += 1
        self._out += struct.pack(">IBI", len(body) + 5, kind, self._last) + body
        return self._last

    def _take(self, request: int) -> tuple[int, bytes]:
        """The answer to a request; those that come earlier are kept."""
        if self._out:
            out, self._out = bytes(self._out), bytearray()
            self._channel.sendall(out)
        while request not in self._early:
            kind, body = self._packet()
            self._early[struct.unpack_from(">I", body)[0]] = (kind, body[4:])
        return self._early.pop(request)

    def _packet(self) -> tuple[int, bytes]:
        length = struct.unpack(">I", self._exactly(4))[0]
        if not 5 <= length <= _LONGEST_ANSWER:
            raise EOFError("not an SFTP answer")
        packet = self._exactly(length)
        return packet[0], packet[1:]

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            received = self._channel.recv(1 << 18)
            if not received:
                raise EOFError("the server closed the channel")
            self._buffer += received
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return taken


def _text(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def _code(kind: int, body: bytes) -> int:
    if kind != _STATUS:
        raise EOFError("not the answer to what was asked")
    code: int = struct.unpack_from(">I", body)[0]
    return code


def _attributes_of(answer: tuple[int, bytes]) -> Attributes:
    kind, body = answer
    if kind != _ATTRS:
        raise SftpStatus(_code(kind, body))
    return _attributes(body, 0)[0]


def _names(body: bytes) -> list[tuple[bytes, Attributes]]:
    count, at, found = struct.unpack_from(">I", body)[0], 4, []
    for _ in range(count):
        length = struct.unpack_from(">I", body, at)[0]
        name = body[at + 4 : at + 4 + length]
        at += 4 + length
        at += 4 + struct.unpack_from(">I", body, at)[0]  # the line as ls would write it
        attributes, at = _attributes(body, at)
        found.append((name, attributes))
    return found


def _attributes(body: bytes, at: int) -> tuple[Attributes, int]:
    flags = struct.unpack_from(">I", body, at)[0]
    at += 4
    size = mode = accessed = modified = 0
    if flags & 1:
        size = struct.unpack_from(">Q", body, at)[0]
        at += 8
    if flags & 2:
        at += 8
    if flags & 4:
        mode = struct.unpack_from(">I", body, at)[0]
        at += 4
    if flags & 8:
        accessed, modified = struct.unpack_from(">II", body, at)
        at += 8
    if flags & 0x80000000:
        count = struct.unpack_from(">I", body, at)[0]
        at += 4
        for _ in range(2 * count):
            at += 4 + struct.unpack_from(">I", body, at)[0]
    return Attributes(size, mode, accessed, modified), at
