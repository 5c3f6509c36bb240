"""The connector of every file drop; a protocol adds a store, and nothing else.

Small files are read while they are discovered, several in one go where the protocol can, because only their content shows whether
they are finished; large ones are written piece by piece to where they are sealed, so memory stays small.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, ClassVar

from taihu.collect.completeness import Completeness, ContentCheck
from taihu.collect.drop import DEEPEST, DropOptions, FileSeen, Versions, wanted
from taihu.collect.interface import MOST_BYTES, Connector, Health, Surroundings
from taihu.collect.sidecar import Listed
from taihu.collect.store import Store, bounded, require_same
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, NotFound, TaihuError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span
from taihu.manifest.strict import Frozen
from taihu.manifest.tree import Source

# A file up to this size is held in memory; so many bytes of small ones are asked for together.
HELD_BYTES = 32_000_000
TOGETHER_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that may be fetched: its listing, its mark in the cursor, and what must be true of its content."""

    entry: FileSeen
    mark: str
    listed: Listed | None
    needs_an_end: bool

    def check(self) -> ContentCheck:
        return ContentCheck(self.entry, self.listed, self.needs_an_end)


class DropConnector(Connector):
    """Files of one folder. A changed file under the same name is a new version; each version is fetched once."""

    Options: ClassVar[type[Frozen]] = DropOptions
    options: DropOptions

    def __init__(self, source: Source, around: Surroundings) -> None:
        super().__init__(source, around)
        self._cursor: Versions | None = None
        self._waiting: list[str] = []
        self._offers: dict[str, Offer] = {}
        self._held: dict[str, bytes] = {}
        self._problems: dict[str, ContentRefused] = {}
        self._done: set[str] = set()

    @abstractmethod
    def store(self) -> Store:
        """The place, reached and logged in; a broken connection is opened again by the next call after :meth:`reset`."""

    @property
    def folder(self) -> str:
        """The folder as the source names it; a relative path starts where the login ends up."""
        return (self.options.path or ".").rstrip("/") or "/"

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        fetched = {offer.mark for key, offer in self._offers.items() if key in self._done}
        self._cursor = versions = Versions(cursor)
        for mark in fetched:  # a listing that is begun again after a lost connection need not read them again
            versions.done(mark)
        self._waiting = []
        store = self.store()
        listing = store.walk(self.folder, DEEPEST if self.options.subfolders else 0)
        rules = Completeness(self.options, store, listing, versions, self.around.clock.now())
        fresh = self._fresh(listing, versions, known, rules, store, fetched)
        for group in _together(fresh, store.at_once):
            yield from self._offered(group, known, versions)

    def fetch(self, item: Item) -> Fetched:
        if item.key in self._problems:
            raise self._problems[item.key]
        offer = self._offers.get(item.key)
        if offer is None:
            raise NotFound("the file is no longer there as it was listed", where=item.name, fix="run again")
        if offer.entry.size > HELD_BYTES:
            return Fetched(item, write=partial(self._write, item, offer))
        held = self._held.pop(item.key, None)
        content = self._read([offer])[0] if held is None else held
        if isinstance(content, ContentRefused):
            raise content
        if held is None and self._key(offer.entry, content) != item.key:
            raise NotFound("the file is no longer there as it was listed", where=item.name, fix="run again")
        self._fetched(item.key, offer)
        return Fetched(item, content)

    def cursor(self) -> str | None:
        return self._cursor.text() if self._cursor else None

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            store = self.store()
            files, _ = store.entries(self.folder)
            return Health(True, f"{len(files)} files in {self.folder}", warning=store.warning())
        except (AccessRefused, ManifestError):
            raise
        except TaihuError as error:
            return Health(False, str(error))

    def _fresh(
        self, listing: Sequence[FileSeen], versions: Versions, known: Container[str], rules: Completeness, store: Store, fetched: set[str]
    ) -> Iterator[Offer]:
        """What is not known yet and may be read now, oldest first."""
        unseen = [(entry, entry.version(self.folder)) for entry in wanted(listing, self.options)]
        unseen = [(store.exact(entry), mark) for entry, mark in unseen if not versions.seen_before(mark) and mark not in fetched]
        for entry, mark in sorted(unseen, key=lambda each: (each[0].modified, each[0].name)):
            if store.knows_versions and self._key(entry) in known:
                versions.done(mark)
            elif entry.size > MOST_BYTES:
                yield Offer(entry, mark, None, False)
            elif rules.is_ready(entry, mark):
                yield Offer(entry, mark, rules.listed(entry), rules.needs_an_end(entry, mark))
            else:
                self._waiting.append(entry.name)

    def _offered(self, group: Sequence[Offer], known: Container[str], versions: Versions) -> Iterator[Item]:
        """Items of files whose content is whole, with the content of small ones in hand."""
        self._held = {}
        small = [offer for offer in group if offer.entry.size <= HELD_BYTES]
        contents = dict(zip((offer.mark for offer in small), self._read(small), strict=True)) if small else {}
        for offer in group:
            content = contents.pop(offer.mark, None)
            if isinstance(content, ContentRefused):
                if content.reason == "incomplete_drop":
                    self._waiting.append(offer.entry.name)
                    continue
                key = self._key(offer.entry, content.reason.encode())
                self._problems[key] = content
            elif offer.entry.size > MOST_BYTES:
                key = self._key(offer.entry, b"too large")
                self._problems[key] = ContentRefused("too_large", where=offer.entry.own_name)
            else:
                key = self._key(offer.entry, content)
                if key in known:
                    versions.done(offer.mark)
                    continue
                self._offers[key] = offer
                if content is not None:
                    self._held[key] = content
            entry = offer.entry
            yield Item(key, entry.own_name, entry.size, entry.modified_at, self._meta(entry, offer.listed))

    def _read(self, offers: Sequence[Offer]) -> list[bytes | ContentRefused]:
        """The contents of small files, or why one cannot be had as it is."""
        store = self.store()
        try:
            contents: Sequence[bytes | ContentRefused] = store.read_many([offer.entry for offer in offers])
        except (ContentRefused, NotFound, AccessRefused):
            # One of them is the reason; the others can be had.
            contents = [_alone(store, offer.entry) for offer in offers]
        return [_judged(offer, content) for offer, content in zip(offers, contents, strict=True)]

    def _write(self, item: Item, offer: Offer, file: BinaryIO) -> Item:
        """A large file, piece by piece."""
        store, check, size = self.store(), offer.check(), 0
        for chunk in bounded(store.chunks(offer.entry), offer.entry):
            check.update(chunk)
            file.write(chunk)
            size += len(chunk)
        require_same(store, offer.entry, size)
        check.finish()
        self._fetched(item.key, offer)
        return item

    def _fetched(self, key: str, offer: Offer) -> None:
        self._done.add(key)
        if self._cursor is not None:
            self._cursor.done(offer.mark)

    def _key(self, entry: FileSeen, content: bytes | None = None) -> str:
        """The identity of a version: by what the listing shows, or by its content where that is too coarse."""
        store = self.store()
        if store.knows_versions:
            return derived_id("file", self.folder, *entry.identity())
        sha256 = sha256_of(content) if content is not None else sha256_of(bounded(store.chunks(entry), entry))
        return derived_id("file", self.options.path, entry.name, sha256)

    def _meta(self, entry: FileSeen, listed: Listed | None) -> dict[str, str]:
        stated = {"stated": listed.stated.text()} if listed and listed.stated else {}
        return {"path": f"{self.folder}/{entry.name}", "via": self.source.file.collect.via, **stated}


def _together(offers: Iterator[Offer], at_once: int) -> Iterator[list[Offer]]:
    """Groups of small files to ask for in one go; a large one stands alone."""
    group: list[Offer] = []
    size = 0
    for offer in offers:
        if group and (len(group) >= at_once or size + offer.entry.size > TOGETHER_BYTES):
            yield group
            group, size = [], 0
        group.append(offer)
        size += offer.entry.size
    if group:
        yield group


def _alone(store: Store, entry: FileSeen) -> bytes | ContentRefused:
    try:
        return store.read(entry)
    except ContentRefused as error:
        return error
    except NotFound:
        return ContentRefused("incomplete_drop", "the file is no longer there as it was listed", where=entry.own_name)
    except AccessRefused:
        return ContentRefused("file_denied", where=entry.own_name)


def _judged(offer: Offer, content: bytes | ContentRefused) -> bytes | ContentRefused:
    if isinstance(content, ContentRefused):
        return content
    check = offer.check()
    check.update(content)
    try:
        check.finish(content)
    except ContentRefused as error:
        return error
    return content
