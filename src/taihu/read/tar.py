"""Members of tar archives, read as a stream: old, GNU and pax names, names in GBK; only plain files are taken.

Links, devices and sparse files are refused one by one: a link is a path out of the archive, and a sparse file states bytes that
it does not have. The bytes of a member are read only when its stated size is affordable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from taihu.core.errors import ContentRefused
from taihu.formats.kind import is_tar_header
from taihu.formats.text import decode
from taihu.read.expanding import Counted, Exhausted, Opening, Part

BLOCK = 512
_EXTENDED = frozenset("LKxXg")
_FOLDERS = frozenset("5DV")
_REFUSED = {"1": "a link", "2": "a link", "3": "a device", "4": "a device", "6": "a device", "S": "a sparse file", "M": "part of a file"}
_WITHOUT_BYTES = frozenset("123456")
_LONGEST_HEADER = 1 << 20


@dataclass(slots=True)
class _Next:
    """What extended headers say of the member that follows them."""

    path: bytes = b""
    size: int | None = None
    is_sparse: bool = False

    def take(self, kind: str, body: bytes) -> None:
        if kind == "L":
            self.path = body.rstrip(b"\x00")
        elif kind in "xX":
            for key, value in _records(body):
                if key == b"path" or key == b"GNU.sparse.name":
                    self.path = value
                elif key == b"size" and value.isdigit():
                    self.size = int(value[:20])
                self.is_sparse |= key.startswith(b"GNU.sparse.")


@dataclass(frozen=True, slots=True)
class _Head:
    """One member's header."""

    name: str
    kind: str
    size: int
    block: bytes = field(repr=False)
    is_sparse: bool = False

    @property
    def is_folder(self) -> bool:
        return self.kind in _FOLDERS or (self.kind in "0\x00" and self.name.endswith("/"))

    def refusal(self) -> str:
        """What it is instead of a plain file; empty if it is one."""
        if self.is_sparse:
            return "a sparse file"
        return _REFUSED.get(self.kind, "" if self.kind in "07\x00" else "an unknown kind of member")


def tar_parts(stream: Counted, opening: Opening) -> Iterator[Part]:
    """The files in a tar archive.

    Args:
        stream: The archive, expanded where it was compressed.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``, for the archive as a whole.
    """
    for head in _heads(stream):
        refused = _refused(head, opening)
        if head.is_folder or refused is not None:
            _skip_bytes(stream, head)
            if refused is not None:
                yield Part(head.name, refused=refused)
            continue
        content = stream.exactly(head.size)
        if len(content) != head.size:
            raise _cut_off()
        stream.skip(-head.size % BLOCK)
        yield Part(head.name, content)


def _heads(stream: Counted) -> Iterator[_Head]:
    """Headers of members; the caller reads or skips the bytes of each before it asks for the next."""
    known = _Next()
    while True:
        block = stream.exactly(BLOCK)
        if len(block) == BLOCK and not block.strip(b"\x00"):
            return
        if not is_tar_header(block):
            # An archive ends with a block of zeros; one that merely stops may have lost members.
            raise _cut_off()
        kind, size = block[156:157].decode("latin-1"), _number(block[124:136])
        if kind in _EXTENDED:
            known.take(kind, _extended(stream, size))
            continue
        name = known.path or _stated_name(block)
        yield _Head(decode(name).text, kind, known.size if known.size is not None else size, block, known.is_sparse)
        known = _Next()


def _refused(head: _Head, opening: Opening) -> ContentRefused | None:
    instead = "" if head.is_folder else head.refusal()
    if instead:
        return ContentRefused("unsafe_member", f"a member is {instead}")
    try:
        opening.budget.afford(head.size)
    except Exhausted:
        raise
    except ContentRefused as refused:
        return refused
    return None


def _skip_bytes(stream: Counted, head: _Head) -> None:
    if head.kind == "S":
        # The map of an old sparse file may go on in blocks of its own.
        more = head.block[482]
        while more:
            more = stream.exactly(BLOCK).ljust(BLOCK, b"\x00")[504]
    if head.kind in _WITHOUT_BYTES:
        return
    stream.skip(head.size + (-head.size % BLOCK))


def _extended(stream: Counted, size: int) -> bytes:
    if size > _LONGEST_HEADER:
        raise ContentRefused("too_large", "a header of the tar archive is too long")
    body = stream.exactly(size)
    stream.skip(-size % BLOCK)
    return body


def _stated_name(block: bytes) -> bytes:
    name = block[:100].split(b"\x00", 1)[0]
    prefix = block[345:500].split(b"\x00", 1)[0] if block[257:263] == b"ustar\x00" else b""
    return prefix + b"/" + name if prefix else name


def _number(text: bytes) -> int:
    """A size: octal digits, or base 256 with the highest bit set."""
    if text[0] & 0x80:
        if text[0] & 0x40:
            raise _cut_off()
        return int.from_bytes(text, "big") & ~(1 << (8 * len(text) - 1))
    digits = text.split(b"\x00", 1)[0].strip()
    try:
        return int(digits or b"0", 8)
    except ValueError:
        raise _cut_off() from None


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records of a pax header: length, a space, key, ``=``, value and a line end."""
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 12)
        length = body[at:space] if space > 0 else b""
        if not length.isdigit() or int(length) <= len(length) + 1:
            return
        key, _, value = body[space + 1 : at + int(length)].rstrip(b"\n").partition(b"=")
        yield key, value
        at += int(length)


def _cut_off() -> ContentRefused:
    return ContentRefused("damaged_file", "the tar archive is damaged or cut off")
