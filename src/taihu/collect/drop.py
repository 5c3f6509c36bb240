"""What is the same in every file drop: which files count, which are finished, and how a version is known.

Order of trust: a marker or a manifest beside the file; else names that say "not finished"; else the file has been left alone for a
while *by the server's clock* and closes as its format demands. The newest modification time seen is never a cursor: late and
back-dated files count too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import Field

from taihu.collect.interface import NOT_FINISHED
from taihu.collect.sidecar import ManifestOptions, is_manifest
from taihu.core.ids import derived_id
from taihu.manifest.strict import Frozen
from taihu.manifest.words import Duration, parse_duration

# A file that was left alone for so many settle windows and still has no proper end is not being written: it is damaged.
DAMAGED_AFTER = 12
DEEPEST = 8


class DropOptions(Frozen):
    """Which files of which folder, and how one knows that they are finished."""

    path: str | None = Field(default=None, description="Folder or file", examples=["inbox/distributors"])
    pattern: str = Field(default="*", description="File name pattern", examples=["stock_*.csv"])
    subfolders: bool = Field(default=False, description=f"Look into subfolders too ({DEEPEST} deep at most)", examples=[True])
    marker: str | None = Field(default=None, description="Suffix of the file that says an upload is finished", examples=[".ok"])
    manifest: ManifestOptions | None = Field(
        default=None,
        description="Files beside the data that list names with size, hash, rows or sums; a file counts once it is listed",
        examples=[{"file": "*.manifest"}],
    )
    settle: Duration = Field(
        default="5 minutes",
        description="Without marker and manifest: how long a file must have been left alone, by the server's clock",
        examples=["15 minutes"],
    )


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One entry of a listing.

    Attributes:
        name: Path below the folder that was asked for, as text.
        modified: Time of the last change, in whole units of whatever the server counts (seconds or nanoseconds); 0 if it tells none.
        modified_at: The same as an instant, as far as the server tells it.
        mark: What the server says of the content (an ETag).
        path: What the server calls it; a store reads by this alone.
        accessed_at: Time of the last access, where the server tells it.
    """

    name: str
    size: int
    modified: int
    modified_at: dt.datetime | None
    mark: str = ""
    path: str = ""
    accessed_at: dt.datetime | None = None

    @property
    def own_name(self) -> str:
        """The name without its folder."""
        return self.name.rsplit("/", 1)[-1]

    def identity(self) -> list[str | int]:
        """What tells this version from others."""
        return [self.name, self.size, self.modified, *([self.mark] if self.mark else [])]

    def version(self, folder: str) -> str:
        """A short mark of this version of the file, from what a listing shows."""
        return derived_id("file version", folder, *self.identity(), length=12)


def wanted(entries: Iterable[FileSeen], options: DropOptions) -> list[FileSeen]:
    """Files that the source asks for and whose names do not say that they are unfinished, oldest first."""
    found = [entry for entry in entries if _is_wanted(entry, options)]
    return sorted(found, key=lambda each: (each.modified, each.name))


def _is_wanted(entry: FileSeen, options: DropOptions) -> bool:
    name = entry.own_name
    if name.startswith((".", "~$")) or name.lower().endswith(NOT_FINISHED):
        return False
    if options.marker is not None and name.endswith(options.marker):
        return False
    if options.manifest is not None and is_manifest(entry.own_name, options.manifest):
        return False
    return fnmatchcase(name.casefold(), options.pattern.casefold())


def finished(entries: Iterable[FileSeen], options: DropOptions, waiting: list[str]) -> Iterator[FileSeen]:
    """Of the wanted files those whose marker is there, if markers are agreed; the others' names go to ``waiting``."""
    entries = list(entries)
    by_name = {entry.name: entry for entry in entries}
    for entry in wanted(by_name.values(), options):
        if options.marker is None or marker_fits(entry, by_name.get(entry.name + options.marker)):
            yield entry
        else:
            waiting.append(entry.name)


def marker_fits(entry: FileSeen, marker: FileSeen | None) -> bool:
    """Whether the marker belongs to this version: one that is older belongs to the version before, which is being replaced."""
    return marker is not None and (not marker.modified or marker.modified >= entry.modified)


def settle_window(options: DropOptions) -> dt.timedelta:
    """How long a file must have been left alone."""
    return parse_duration(options.settle)


class Versions:
    """The cursor of a file drop: marks of the versions that were collected and are still there, and since when others are watched.

    A mark alone was collected. ``mark@seconds`` waits: it was first seen so at that time of our clock. Where the server's clock
    cannot be known, that a version is still the same some minutes later is the proof that it was left alone.
    """

    def __init__(self, cursor: str | None) -> None:
        tokens = cursor.split() if cursor else []
        self._before = {token for token in tokens if "@" not in token}
        self._watched = {mark: int(since) for mark, _, since in (token.partition("@") for token in tokens) if since.isdecimal()}
        self._now: set[str] = set()
        self._waiting: dict[str, int] = {}

    def seen_before(self, mark: str) -> bool:
        """Whether this version was collected by an earlier run; it is kept in the cursor."""
        if mark in self._before:
            self._now.add(mark)
            return True
        return False

    def done(self, mark: str) -> None:
        """This version has been fetched, or is known by its content."""
        self._now.add(mark)

    def first_seen(self, mark: str, now: dt.datetime) -> dt.datetime:
        """Since when this version is watched; from now on if it was not."""
        since = self._waiting.setdefault(mark, self._watched.get(mark, int(now.timestamp())))
        return dt.datetime.fromtimestamp(since, dt.UTC)

    def text(self) -> str | None:
        waiting = {f"{mark}@{since}" for mark, since in self._waiting.items() if mark not in self._now}
        return " ".join(sorted(self._now | waiting)) or None
