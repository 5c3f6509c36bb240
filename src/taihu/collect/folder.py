"""``via: folder``: a folder (or one file) on this machine or a mounted share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from taihu.collect.drop import DropOptions, FileSeen, Versions, finished, still_growing
from taihu.collect.interface import MOST_BYTES, Connector, Health
from taihu.core.errors import ContentRefused, ManifestError, NotFound, TransientError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span, Text


class FolderConnector(Connector):
    """Files of one folder. A file is known by its name and content: touching it is nothing new, changing it is a new version."""

    title = Text("人工维护表格", "Excel sheets")
    Options = DropOptions
    options: DropOptions

    _cursor: Versions | None = None
    _waiting: Sequence[str] = ()

    @property
    def folder(self) -> Path:
        """The folder, absolute; a relative path starts at the project."""
        if self.options.path is None:
            raise ManifestError("via: folder needs path:", where=f"{self.source.path}/source.yml")
        return self.around.root / self.options.path

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        versions = self._cursor = Versions(cursor)
        waiting: list[str] = []
        self._waiting = waiting
        self._bytes: dict[str, tuple[bytes, str]] = {}
        for entry in finished(self._entries(), self.options, waiting):
            mark = entry.version(self.options.path or "")
            if versions.seen_before(mark):
                continue
            if entry.size > MOST_BYTES:
                yield Item(derived_id("file", entry.name, mark), entry.name, entry.size, entry.modified_at, self._meta(entry))
                continue
            content = self._read(entry)
            if content is None or (
                self.options.marker is None and still_growing(content, entry.name, entry.modified_at, self.around.clock.now())
            ):
                waiting.append(entry.name)
                continue
            key = derived_id("file", self.options.path, entry.name, sha256_of(content))
            if key in known:
                versions.done(mark)
                continue
            self._bytes = {key: (content, mark)}
            yield Item(key, entry.name, entry.size, entry.modified_at, self._meta(entry))

    def fetch(self, item: Item) -> Fetched:
        if item.size is not None and item.size > MOST_BYTES:
            raise ContentRefused("too_large", where=item.name)
        held = self._bytes.get(item.key)
        if held is None:
            raise NotFound("the file is no longer there as it was listed", where=item.name, fix="run again")
        if self._cursor is not None:
            self._cursor.done(held[1])
        return Fetched(item, held[0])

    def cursor(self) -> str | None:
        return self._cursor.text() if self._cursor else None

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            return Health(True, f"{len(self._entries())} files")
        except (TransientError, NotFound) as error:
            return Health(False, str(error))

    def _meta(self, entry: FileSeen) -> dict[str, str]:
        return {"path": f"{self.options.path}/{entry.name}", "via": "folder"}

    def _entries(self) -> list[FileSeen]:
        place = self.folder
        try:
            files = [place] if place.is_file() else [path for path in place.iterdir() if path.is_file()]
            return [seen for path in files if (seen := _seen(path)) is not None]
        except FileNotFoundError:
            raise NotFound("the folder is not there", where=str(self.options.path), fix="make it, or correct collect: path:") from None
        except OSError as error:
            raise TransientError(f"the folder cannot be listed ({type(error).__name__})", where=str(self.options.path)) from error

    def _read(self, entry: FileSeen) -> bytes | None:
        """The content; None if the file changed while it was read."""
        place = self.folder
        path = place if place.is_file() else place / entry.name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TransientError(f"the file cannot be read ({type(error).__name__})", where=entry.name) from error
        return content if _seen(path) == entry and len(content) == entry.size else None


def _seen(path: Path) -> FileSeen | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return FileSeen(path.name, status.st_size, status.st_mtime_ns, dt.datetime.fromtimestamp(status.st_mtime, dt.UTC))
