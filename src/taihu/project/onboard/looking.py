"""Unknown files of a folder, and the tables that the reader finds in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from taihu.read import look_at
from taihu.read.seen import Seen, Unreadable

_CLUTTER = (".", "~$")


@dataclass(frozen=True, slots=True)
class FileTable(Seen):
    """One table, and the file in which it was found."""

    path: Path = Path()

    @property
    def place(self) -> str:
        """What people call it."""
        inside = "/".join(part for part in (self.member, self.table.name if self.kind == "excel" else "") if part)
        return f"{self.path.name} > {inside}" if inside else self.path.name


@dataclass(frozen=True, slots=True)
class Unread:
    """A file (or member) of which nothing can be proposed, by reason code."""

    path: Path
    member: str
    reason: str
    detail: str


def files_of(place: Path) -> list[Path]:
    """The file, or all files below a folder; hidden ones and Office's lock files are left out."""
    if place.is_file():
        return [place]
    paths = (path for path in sorted(place.rglob("*")) if path.is_file())
    return [path for path in paths if not any(part.startswith(_CLUTTER) for part in path.relative_to(place).parts)]


def tables_of(path: Path, content: bytes, passwords: Sequence[str] = ()) -> Iterator[FileTable | Unread]:
    """The tables of one file, and what of it could not be read."""
    for one in look_at(content, path.name, passwords=passwords):
        if isinstance(one, Unreadable):
            yield Unread(path, one.member, one.reason, one.detail)
        else:
            yield FileTable(**{each.name: getattr(one, each.name) for each in fields(Seen)}, path=path)
