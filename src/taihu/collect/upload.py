"""``via: upload``: nothing is polled; a person hands in a file with ``taihu upload FILE --source NAME``.

A file may be handed in for any other source too: the mail went astray, the portal is down and somebody took the export by hand.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

from taihu.collect.interface import MOST_BYTES, Connector, Health
from taihu.core.clock import Clock
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

    def probe(self) -> Health:
        return Health(True, "waits for uploads")


def handed_in(path: Path, clock: Clock, *, who: str, sender: str = "", subject: str = "") -> Fetched:
    """A file as an item with its bytes, ready to be landed; the same content under the same name is the same item.

    Args:
        who: Who hands it in.
        sender: From whom it really is, where the source knows its parties by their address.
        subject: What its mail said, where the source looks there.

    Raises:
        NotFound: There is no such file.
        ContentRefused: It is too large.
    """
    if not path.is_file():
        raise NotFound("no such file", where=str(path), fix="give the path of a file")
    if path.stat().st_size > MOST_BYTES:
        raise ContentRefused("too_large", where=path.name)
    content = path.read_bytes()
    meta = {"via": "upload", "who": who, "sender": sender, "subject": subject}
    key = derived_id("upload", path.name, sha256_of(content))
    item = Item(key, path.name, len(content), clock.now(), {name: text for name, text in meta.items() if text})
    return Fetched(item, content)
