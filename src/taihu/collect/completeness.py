"""Whether a file of a drop is finished: the one place where that is decided, for every protocol.

Waiting a moment and looking whether the size has changed proves nothing: a writer that stalls for two seconds is taken for done.
So a marker or a manifest counts first; without them a file must have been left alone for the settle window by the *server's* clock,
and must end as its format demands.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import cached_property

from taihu.collect.drop import DAMAGED_AFTER, DropOptions, FileSeen, Versions, marker_fits, settle_window
from taihu.collect.sidecar import Listed, find_listed, is_manifest, listed_by, manifest_name
from taihu.collect.store import Store
from taihu.core.errors import ContentRefused

MOST_MANIFESTS = 100
MANIFEST_BYTES = 10_000_000
_SHORTEST_DOUBT = dt.timedelta(minutes=5)
_TAIL = 1 << 17
_HEAD = 1 << 16


class Completeness:
    """The judgement over one listing.

    Args:
        now: Our time, which only measures how long something has been watched, or bounds what is far off.
    """

    def __init__(self, options: DropOptions, store: Store, listing: Sequence[FileSeen], versions: Versions, now: dt.datetime) -> None:
        self._options = options
        self._store = store
        self._listing = listing
        self._versions = versions
        self._now = now
        self._window = settle_window(options)

    def is_ready(self, entry: FileSeen, mark: str) -> bool:
        """Whether a file may be read now; what it holds is judged afterwards (:class:`ContentCheck`).

        Args:
            mark: Of this version in the cursor.
        """
        if self._options.marker is not None:
            marker = self._by_name.get(entry.name + self._options.marker)
            return marker is not None and marker_fits(entry, self._store.exact(marker))
        if self._options.manifest is not None:
            listed = self.listed(entry)
            return listed is not None and listed.size in (None, entry.size)
        return self._store.appears_whole or self._store.is_left_alone(entry) or self._is_settled(entry, mark, self._window)

    def listed(self, entry: FileSeen) -> Listed | None:
        """What the manifests say of a file; None without one."""
        return find_listed(self._manifests, entry.name) if self._options.manifest is not None else None

    def needs_an_end(self, entry: FileSeen, mark: str) -> bool:
        """Whether a file without its format's end is still being written; after a long time it is damaged, and the reader says so."""
        if self._options.marker is not None or self._options.manifest is not None or self._store.appears_whole:
            return False
        return not self._is_settled(entry, mark, DAMAGED_AFTER * max(self._window, _SHORTEST_DOUBT))

    def _is_settled(self, entry: FileSeen, mark: str, window: dt.timedelta) -> bool:
        if not window:
            return True
        at = entry.modified_at
        if at is not None and self._age(entry, at) >= window:
            return True
        return self._now - self._versions.first_seen(mark, self._now) >= window

    def _age(self, entry: FileSeen, at: dt.datetime) -> dt.timedelta:
        """How old a file is at least: by the server's clock; else by the newest time in the listing, or by ours if that is beyond doubt."""
        now = self._store.clock(entry)
        if now is not None:
            return now - at
        trust = self._store.clock_trust
        ages = [self._newest - at] if self._newest is not None else []
        if trust is not None:
            ages.append(self._now - trust - at)
        return max(ages, default=dt.timedelta())

    @cached_property
    def _newest(self) -> dt.datetime | None:
        # A date in the future was set by whoever sent the file and says nothing of the clock.
        times = [at for entry in self._listing for at in (entry.modified_at, entry.accessed_at) if at is not None and at <= self._now]
        return max(times, default=None)

    @cached_property
    def _by_name(self) -> dict[str, FileSeen]:
        return {entry.name: entry for entry in self._listing}

    @cached_property
    def _manifests(self) -> dict[str, Listed]:
        """What the newest manifests list; the newer one counts where two name the same file."""
        options = self._options.manifest
        assert options is not None, "asked only where a manifest is agreed"
        sidecars = [entry for entry in self._listing if is_manifest(entry.own_name, options) and entry.size <= MANIFEST_BYTES]
        sidecars.sort(key=lambda each: (each.modified, each.name))
        found: dict[str, Listed] = {}
        for manifest in sidecars[-MOST_MANIFESTS:]:
            content = self._store.read(manifest)
            whole = self._store.appears_whole or self._store.is_left_alone(manifest) or self._is_settled(manifest, "", self._window)
            for name, listed in (listed_by(content, manifest.own_name, options, is_whole=whole) if content else {}).items():
                found[manifest_name(manifest.name, name)] = listed
        return found


class ContentCheck:
    """Takes a file's bytes as they come and says at the end whether they are all of it.

    Args:
        listed: What a manifest says of it.
        needs_an_end: Whether the content must end as its format demands.
    """

    def __init__(self, entry: FileSeen, listed: Listed | None, needs_an_end: bool) -> None:
        self._entry = entry
        self._listed = listed
        self._needs_an_end = needs_an_end
        self._digest = hashlib.new(listed.algorithm, usedforsecurity=False) if listed and listed.digest else None
        self._first, self._last, self._size = b"", b"", 0

    def update(self, chunk: bytes) -> None:
        if self._digest is not None:
            self._digest.update(chunk)
        if len(self._first) < _HEAD:
            self._first += chunk[: _HEAD - len(self._first)]
        self._last = chunk[-_TAIL:] if len(chunk) >= _TAIL else (self._last + chunk)[-_TAIL:]
        self._size += len(chunk)

    def finish(self, whole: bytes | None = None) -> None:
        """Judge what came.

        Args:
            whole: All of it, where it is in memory.

        Raises:
            ContentRefused: ``incomplete_drop`` (it may be complete later) or ``manifest_disagrees`` (it will not).
        """
        if self._digest is not None and self._listed is not None and self._digest.hexdigest() != self._listed.digest:
            raise ContentRefused("manifest_disagrees", where=self._entry.name)
        if not self._needs_an_end:
            return
        from taihu.formats.closes import closes_properly, end_closes
        from taihu.formats.kind import kind_of

        name = self._entry.own_name
        if whole is not None:
            closes = closes_properly(whole, kind_of(whole, name))
        else:
            closes = end_closes(self._last, self._size, kind_of(self._first, name))
        if not closes:
            raise ContentRefused("incomplete_drop", "the file has not the end that its format demands", where=name)
