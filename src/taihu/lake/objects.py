"""The landing zone: every file that was received or sent, once, sealed and named by the SHA-256 of its clear bytes.

Objects are never changed. The same bytes give the same name, so landing something twice changes nothing, and what comes out is
compared with its name, so a damaged or exchanged object is noticed before anybody reads it.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Container, Iterator
from hashlib import sha256 as sha256_hash
from pathlib import Path
from typing import IO, BinaryIO, Protocol, TypeVar, cast

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, NotFound
from taihu.core.ids import sha256_of
from taihu.core.types import ObjectRef
from taihu.formats.kind import kind_of
from taihu.lake import durable

_NAME = re.compile(r"[0-9a-f]{64}")
_KIND_BYTES = 1 << 16

T = TypeVar("T")


class GrowingSeal(Protocol):
    """One object while it is sealed; :class:`taihu.guard.envelope.Sealing` is one."""

    def update(self, chunk: bytes) -> bytes: ...

    def finish(self) -> bytes: ...

    def head(self, context: str) -> bytes: ...


class Sealing(Protocol):
    """What seals an object; :class:`taihu.guard.envelope.Envelope` does."""

    def seal(self, content: bytes, context: str = "") -> bytes: ...

    def open(self, sealed: bytes, context: str = "") -> bytes: ...

    def sealing(self) -> GrowingSeal: ...


class SealedFile(io.RawIOBase):
    """A file that is sealed and hashed while it is written: no clear byte reaches the disk, and memory holds one segment.

    ``seek(0)`` followed by ``truncate()`` begins anew, for a writer whose source broke off; nothing else can be changed.
    """

    def __init__(self, file: IO[bytes], envelope: Sealing) -> None:
        self._file = file
        self._envelope = envelope
        self._begin()

    def _begin(self) -> None:
        self._seal, self._hash, self.size, self.first = self._envelope.sealing(), sha256_hash(), 0, b""
        self._at = 0
        self._file.seek(0)
        self._file.truncate()
        self._file.write(bytes(len(self._seal.head(""))))

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: object) -> int:
        clear = bytes(data)  # type: ignore[call-overload]
        if self._at != self.size:
            raise io.UnsupportedOperation("a sealed file is written from its beginning to its end")
        self._hash.update(clear)
        if len(self.first) < _KIND_BYTES:
            self.first += clear[: _KIND_BYTES - len(self.first)]
        with durable.room(Path(self._file.name).parent):
            self._file.write(self._seal.update(clear))
        self.size += len(clear)
        self._at = self.size
        return len(clear)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("a sealed file can only go back to its beginning")
        self._at = 0
        return 0

    def truncate(self, size: int | None = None) -> int:
        if self._at or size:
            raise io.UnsupportedOperation("a sealed file can only be emptied")
        self._begin()
        return 0

    def finish(self) -> str:
        """Write what is left and the header; gives the SHA-256 of the clear bytes."""
        sha256 = self._hash.hexdigest()
        self._file.write(self._seal.finish())
        self._file.seek(0)
        self._file.write(self._seal.head(sha256))
        self._file.flush()
        return sha256


class Objects:
    """A folder of sealed objects.

    Args:
        root: The folder; it is made when the first object is put.
        envelope: What seals them. The object's SHA-256 is the context, so a sealed file under another name does not open.
    """

    def __init__(self, root: Path | str, envelope: Sealing) -> None:
        self._root = Path(root)
        self._envelope = envelope

    def put(self, content: bytes, name: str = "") -> ObjectRef:
        """Seal and keep bytes; bytes that are kept already are left alone.

        Args:
            content: The clear bytes.
            name: File name, which only helps to tell kinds of plain text apart.
        """
        sha256 = sha256_of(content)
        path = self._path(sha256)
        if not path.exists():
            sealed = self._envelope.seal(content, sha256)
            with durable.room(self._root):
                durable.make_folder(path.parent)
                # Two threads may be sealing the same bytes: an attachment that came in two mails.
                temporary = durable.temporary_path(path.parent, f"{sha256[:16]}-{secrets.token_hex(4)}")
                try:
                    temporary.write_bytes(sealed)
                    durable.finish(temporary, path, mode=0o400, before=lambda: reached("object.before_rename"))
                finally:
                    temporary.unlink(missing_ok=True)
            reached("object.renamed")
        return ObjectRef(sha256, len(content), kind_of(content, name))

    def put_written(self, write: Callable[[BinaryIO], T], name: str = "") -> tuple[ObjectRef, T]:
        """Seal and keep what ``write`` writes, piece by piece; memory does not grow with the object.

        Args:
            write: Writes the clear bytes from the first to the last; what it raises leaves nothing behind.
            name: As for :meth:`put`. Of archives, the kind is only known to be one, since it stands at their end.

        Returns:
            The object, and what ``write`` returned.
        """
        with durable.room(self._root):
            durable.make_folder(self._root)
        temporary = durable.temporary_path(self._root, secrets.token_hex(8))
        try:
            with durable.room(self._root), temporary.open("xb") as file:
                sealed = SealedFile(file, self._envelope)
                result = write(cast(BinaryIO, sealed))
                sha256 = sealed.finish()
            path = self._path(sha256)
            if not path.exists():
                durable.make_folder(path.parent)
                durable.finish(temporary, path, mode=0o400, before=lambda: reached("object.before_rename"))
                reached("object.renamed")
        finally:
            temporary.unlink(missing_ok=True)
        return ObjectRef(sha256, sealed.size, kind_of(sealed.first, name)), result

    def get(self, sha256: str) -> bytes:
        """The clear bytes.

        Raises:
            NotFound: There is no such object.
            IntegrityError: The stored bytes are not what was put.
        """
        path = self._path(sha256)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"object {sha256[:12]} is not in the lake", fix="it may have been removed when its retention ended") from None
        content = self._envelope.open(sealed, sha256)
        if sha256_of(content) != sha256:
            raise IntegrityError(f"object {sha256[:12]} does not match its name", fix="restore it from a backup")
        return content

    def exists(self, sha256: str) -> bool:
        return self._path(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Remove an object for good (its retention has ended, or a person is erased)."""
        path = self._path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            durable.sync_folder(path.parent)

    def names(self) -> Iterator[str]:
        """The SHA-256 of every object."""
        for path in sorted(self._root.glob("??/*")):
            sha256 = path.parent.name + path.name
            if _NAME.fullmatch(sha256):
                yield sha256

    def sweep_orphans(self, known: Container[str] | None = None) -> list[str]:
        """Remove what a crash left behind: unfinished files and, if ``known`` is given, objects that nothing refers to.

        The caller holds the lease of the landing zone, so nothing found here is still being written.
        """
        removed = [path.name for path in durable.sweep(self._root)]
        for sha256 in list(self.names()) if known is not None else []:
            if known is not None and sha256 not in known:
                self.remove(sha256)
                removed.append(sha256)
        return removed

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise NotFound("an object is named by 64 hexadecimal digits", fix="use the sha256 that the arrival lists")
        return self._root / sha256[:2] / sha256[2:]
