"""What a file drop needs of a protocol: list a folder, read a file, and tell what time the server has.

A protocol is a thin module that keeps to this; which files count and when they are finished is decided elsewhere, once for all.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from taihu.collect.drop import FileSeen
from taihu.core.errors import ContentRefused, TransientError


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in a listing: its name below the folder that was asked for, and what the server calls it."""

    name: str
    path: str


class Store(ABC):
    """A place with folders and files, reached and logged in.

    Attributes:
        appears_whole: A file is there with its last byte or not at all, so nobody needs to wait for it (objects in a bucket).
        clock_trust: Where :meth:`clock` gives none: how far the server's clock may be off ours, so that a file that is older than
            this is old by any clock. None: its times mean nothing to us.
        at_once: So many small files are asked for in one go by :meth:`read_many`.
        knows_versions: False where a listing is too coarse to tell versions apart, so content must.
    """

    appears_whole: ClassVar[bool] = False
    clock_trust: dt.timedelta | None = dt.timedelta(hours=1)
    at_once: ClassVar[int] = 1
    knows_versions: bool = True

    @abstractmethod
    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        """Plain files and folders of one folder, as a person wrote it; links are neither."""

    @abstractmethod
    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        """A file piece by piece; never much more than its listed size is read."""

    def below(self, folder: Folder) -> tuple[list[FileSeen], list[Folder]]:
        """:meth:`entries` of a folder that came from a listing."""
        return self.entries(folder.path)

    def exact(self, entry: FileSeen) -> FileSeen:
        """The entry with an exact time, where a listing has only a rough one; asked only for what is not known yet."""
        return entry

    def walk(self, folder: str, deepest: int) -> list[FileSeen]:
        """All files of a folder and of those below it, ``deepest`` levels down."""
        files, folders = self.entries(folder)
        level = folders
        for _ in range(deepest):
            below: list[Folder] = []
            for each in level:
                inner, further = self.below(each)
                files += [replace(entry, name=f"{each.name}/{entry.name}") for entry in inner]
                below += [Folder(f"{each.name}/{one.name}", one.path) for one in further]
            level = below
        return files

    def read(self, entry: FileSeen) -> bytes:
        """A whole file.

        Raises:
            ContentRefused: It is no longer the version that was listed.
            TransientError: The download ended early.
        """
        content = b"".join(bounded(self.chunks(entry), entry))
        require_same(self, entry, len(content))
        return content

    def read_many(self, entries: Sequence[FileSeen]) -> list[bytes]:
        """:meth:`read` for several files."""
        return [self.read(entry) for entry in entries]

    def is_same(self, entry: FileSeen) -> bool:
        """Whether the file is still the version that was listed (asked after reading)."""
        return True

    def clock(self, entry: FileSeen) -> dt.datetime | None:
        """What time it is on the server; None if it does not show.

        Args:
            entry: A file that may be touched to find out.
        """
        return None

    def is_left_alone(self, entry: FileSeen) -> bool:
        """Whether it is certain that nobody has the file open for writing."""
        return False

    def warning(self) -> str:
        """What a careful operator should know of this way in (no encryption, say); empty if nothing."""
        return ""

    @abstractmethod
    def close(self) -> None: ...


def bounded(chunks: Iterator[bytes], entry: FileSeen) -> Iterator[bytes]:
    """No more than the listed size and one piece: a file that grew is not read to its end.

    Raises:
        ContentRefused: It is longer than it was listed.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > entry.size:
            raise ContentRefused("incomplete_drop", "the file is still being written", where=entry.name)
        yield chunk


def require_same(store: Store, entry: FileSeen, size: int) -> None:
    """Refuse what ended early, or is no longer the version that was listed.

    Args:
        size: So many bytes came.
    """
    same = store.is_same(entry)
    if size == entry.size and same:
        return
    if same:
        raise TransientError("the download ended early", where=entry.own_name)
    raise ContentRefused("incomplete_drop", "the file changed while it was read", where=entry.own_name)


def instant(seconds: float) -> dt.datetime:
    """Seconds since 1970 as an instant."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
