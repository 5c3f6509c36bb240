"""What is the same in every file drop: which files count, which are finished, and how a version is known.

Order of trust: a marker beside the file; else names that say "not finished"; else the file has been left alone for a while
*and* closes as its format demands. The newest modification time seen is never a cursor: late and back-dated files count too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import Field

from taihu.collect.interface import NOT_FINISHED
from taihu.core.ids import derived_id
from taihu.manifest.strict import Frozen

SETTLE = dt.timedelta(minutes=5)


class DropOptions(Frozen):
    """Which files of which folder, and how one knows that they are finished."""

    path: str | None = Field(default=None, description="Folder or file", examples=["inbox/distributors"])
    pattern: str = Field(default="*", description="File name pattern", examples=["stock_*.csv"])
    marker: str | None = Field(default=None, description="Suffix of the file that says an upload is finished", examples=[".ok"])


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One entry of a listing; ``modified`` in whole units of whatever the server counts (seconds or nanoseconds)."""

    name: str
    size: int
    modified: int
    modified_at: dt.datetime

    def version(self, folder: str) -> str:
        """A short mark of this version of the file, from what a listing shows."""
        return derived_id("file version", folder, self.name, self.size, self.modified, length=12)


def finished(entries: Iterable[FileSeen], options: DropOptions, waiting: list[str]) -> Iterator[FileSeen]:
    """Files that match the pattern and are not still being written, oldest first; the others' names go to ``waiting``."""
    by_name = {entry.name: entry for entry in entries}
    for entry in sorted(by_name.values(), key=lambda each: (each.modified, each.name)):
        if not _is_wanted(entry.name, options):
            continue
        if options.marker is not None:
            marker = by_name.get(entry.name + options.marker)
            # A marker older than the file belongs to the version before, and this one is being uploaded over it.
            if marker is None or marker.modified < entry.modified:
                waiting.append(entry.name)
                continue
        yield entry


def _is_wanted(name: str, options: DropOptions) -> bool:
    if name.startswith((".", "~$")) or name.lower().endswith(NOT_FINISHED):
        return False
    if options.marker is not None and name.endswith(options.marker):
        return False
    return fnmatchcase(name.casefold(), options.pattern.casefold())


def settled(modified_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a file was left alone for a while; a server whose clock runs ahead a little does not make it older."""
    return abs(now - modified_at) >= SETTLE


def still_growing(content: bytes, name: str, modified_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a file that was just changed does not yet end as its format demands (texts have no such end)."""
    from taihu.formats.closes import closes_properly
    from taihu.formats.kind import kind_of

    return not settled(modified_at, now) and not closes_properly(content, kind_of(content, name))


class Versions:
    """The cursor of a file drop: marks of the versions that were collected and are still there."""

    def __init__(self, cursor: str | None) -> None:
        self._before = set(cursor.split()) if cursor else set()
        self._now: set[str] = set()

    def seen_before(self, mark: str) -> bool:
        """Whether this version was collected by an earlier run; it is kept in the cursor."""
        if mark in self._before:
            self._now.add(mark)
            return True
        return False

    def done(self, mark: str) -> None:
        """This version has been fetched, or is known by its content."""
        self._now.add(mark)

    def text(self) -> str | None:
        return " ".join(sorted(self._now)) or None
