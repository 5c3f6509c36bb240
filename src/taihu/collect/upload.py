"""``via: upload``: nothing is polled; a person hands in a file with ``taihu upload FILE --source NAME``."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

from taihu.collect.interface import MOST_BYTES, Connector, Health
from taihu.core.errors import ContentRefused, NotFound
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span, Text


class UploadConnector(Connector):
    """Files that a person hands in."""

    title = Text("手工上传", "Upload")
    is_polled = False

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        return iter(())

    def fetch(self, item: Item) -> Fetched:
        raise NotFound("an upload cannot be fetched again", where=item.name, fix="hand the file in again")

    def submit(self, path: Path, *, who: str) -> Fetched:
        """A file as an item with its bytes, ready to be landed; the same content under the same name is the same item.

        Args:
            who: Who hands it in.
        """
        if not path.is_file():
            raise NotFound("no such file", where=str(path))
        if path.stat().st_size > MOST_BYTES:
            raise ContentRefused("too_large", where=path.name)
        content = path.read_bytes()
        key = derived_id("upload", path.name, sha256_of(content))
        item = Item(key, path.name, len(content), self.around.clock.now(), {"via": "upload", "who": who})
        return Fetched(item, content)

    def probe(self) -> Health:
        return Health(True, "waits for uploads")
