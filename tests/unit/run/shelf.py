"""A connector of another package: numbered items on a shelf, with failures by script."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from taihu.collect import Connector, Health
from taihu.core.types import Fetched, Item, Span, Text


@dataclass
class Shelf:
    """What lies there, what goes wrong, and what was asked."""

    items: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    spans: list[Span | None] = field(default_factory=list)


class ShelfConnector(Connector):
    """Gives the shelf's items in order; a failure stands under ``list``, or under the name of an item."""

    title = Text("架子", "Shelf")
    shelf: ClassVar[Shelf] = Shelf()

    _done = 0

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._ask("list")
        self.shelf.spans.append(span)
        start = int(cursor or 0)
        for place, name in enumerate(list(self.shelf.items)[start:], start):
            if name not in known:
                yield Item(name, f"{name}.csv")
            self._done = place + 1

    def fetch(self, item: Item) -> Fetched:
        self._ask(item.key)
        return Fetched(item, self.shelf.items[item.key])

    def cursor(self) -> str | None:
        return str(self._done)

    @property
    def asks_for_days(self) -> bool:
        return True

    def probe(self) -> Health:
        return Health(True, "")

    def _ask(self, what: str) -> None:
        self.shelf.asked.append(what)
        if what in self.shelf.failures:
            raise self.shelf.failures[what]
