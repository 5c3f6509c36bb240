"""The landing zone: every file that was received or sent, once, sealed and named by the SHA-256 of its clear bytes.

Objects are never changed. The same bytes give the same name, so landing something twice changes nothing, and what comes out is
compared with its name, so a damaged or exchanged object is noticed before anybody reads it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Protocol

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, NotFound
from taihu.core.ids import sha256_of
from taihu.core.types import ObjectRef
from taihu.formats.kind import kind_of
from taihu.lake import durable

_NAME = re.compile(r"[0-9a-f]{64}")


class Sealing(Protocol):
    """What seals an object; :class:`taihu.guard.envelope.Envelope` does."""

    def seal(self, content: bytes, context: str = "") -> bytes: ...

    def open(self, sealed: bytes, context: str = "") -> bytes: ...


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
            durable.make_folder(path.parent)
            temporary = durable.temporary_path(path.parent, sha256[:16])
            temporary.unlink(missing_ok=True)
            temporary.write_bytes(self._envelope.seal(content, sha256))
            durable.finish(temporary, path, mode=0o400, before=lambda: reached("object.before_rename"))
            reached("object.renamed")
        return ObjectRef(sha256, len(content), kind_of(content, name))

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
