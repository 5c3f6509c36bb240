"""Files that are one compressed stream: gz, bz2 and xz; a tar archive inside is taken apart as it comes out."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from taihu.core.errors import ContentRefused
from taihu.formats.kind import is_tar_header
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.read.expanding import Counted, Opening, Part, everything
from taihu.read.tar import BLOCK, tar_parts
from taihu.read.zips import broken

SUFFIXES = {"gz": (".gz", ".tgz"), "bz2": (".bz2", ".tbz", ".tbz2"), "xz": (".xz", ".txz")}
_PIECE = 1 << 16
_XZ_MEMORY = 512 << 20
_MOST_STREAMS = 100_000


class _Machine(Protocol):
    """What bz2 and lzma call a decompressor."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib in the manner of the other two; it compares checksum and length at the end of each stream."""

    def __init__(self) -> None:
        self._machine = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        return not self._machine.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._machine.decompress(self._machine.unconsumed_tail + data, max(0, max_length))


_MACHINES: dict[str, Callable[[], _Machine]] = {
    "gz": _Gzip,
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}


class _Stream:
    """A compressed file as a stream; several streams behind each other are one file, with zeros allowed between them."""

    def __init__(self, content: bytes, kind: str) -> None:
        self._content = content
        self._kind = kind
        self._at = 0
        self._count = 1
        self._machine = _MACHINES[kind]()

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self._machine.eof and not self._next_stream():
                return b""
            piece = b""
            if self._machine.needs_input:
                piece = self._content[self._at : self._at + _PIECE]
                self._at += len(piece)
                if not piece:
                    raise EOFError("the stream is cut off")
            data = self._machine.decompress(piece, size)
            if data:
                return data

    def _next_stream(self) -> bool:
        self._at -= len(self._machine.unused_data)
        while self._at < len(self._content) and self._content[self._at] == 0:
            self._at += 1
        if self._at >= len(self._content):
            return False
        self._count += 1
        if self._count > _MOST_STREAMS:
            raise ContentRefused("too_large", f"more than {_MOST_STREAMS:,} compressed streams in one file")
        self._machine = _MACHINES[self._kind]()
        return True


def stream_parts(content: bytes, name: str, kind: str, opening: Opening) -> Iterator[Part]:
    """What a compressed file holds: the files of a tar archive, or the one file.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``.
    """
    try:
        head = Counted(_Stream(content, kind), len(content), opening.budget).exactly(BLOCK)
        if is_tar_header(head):
            expanded = Counted(_Stream(content, kind), len(content), opening.budget)
            yield from tar_parts(expanded, opening)
            # The checksum of all of it stands behind the end of the archive.
            while expanded.read():
                pass
            return
        whole = everything(lambda: _Stream(content, kind), len(content), opening.budget)
    except BROKEN_ARCHIVE as error:
        raise broken(error) from None
    yield Part(_without_suffix(name, kind), whole)


def plain_tar_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """What a tar archive holds that is not compressed.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``.
    """
    yield from tar_parts(Counted(io.BytesIO(content), len(content), opening.budget), opening)


def _without_suffix(name: str, kind: str) -> str:
    for suffix in SUFFIXES[kind]:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)] or "content"
    return name or "content"
