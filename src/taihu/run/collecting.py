"""From the outside world to sealed objects: each item once, each source for itself.

An item is fetched, sealed and recorded with the cursor in one ledger transaction, so a crash costs at most the items in hand,
and they are simply fetched again. A source that fails leaves an outcome; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taihu.core.errors import AccessRefused, TaihuError, TerminalError
from taihu.core.types import Fetched, Item, ObjectRef
from taihu.manifest.tree import Source

if TYPE_CHECKING:
    from taihu.collect import Connector
    from taihu.project.workspace import Workspace

BATCH = 50


def collect_all(ws: Workspace, sources: Sequence[Source]) -> dict[str, int | str]:
    """Collect from every source; gives the number of new arrivals, or in words why the source failed."""
    from taihu.collect import Connections, connector

    result: dict[str, int | str] = {}
    with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger) as connections:
        for source in sources:
            if not connector(source.file.collect.via).is_polled:
                continue
            try:
                result[source.name] = collect(ws, source, connections.open(source))
            except Exception as error:  # one source must not stop the others, whatever its libraries raise
                result[source.name] = _failed(ws, source, error)
            ws.progress.step(source.name)
    return result


def collect(ws: Workspace, source: Source, connector: Connector) -> int:
    """Land all new items of one source; returns how many."""
    known = ws.ledger.known_items(source.name)
    landed = 0
    batch: list[tuple[Item, ObjectRef]] = []
    failure: TaihuError | None = None
    try:
        for item in connector.discover(ws.ledger.cursor(source.name), known):
            if item.key in known:
                continue
            try:
                final, sealed = _sealed(ws, connector.fetch(item))
            except AccessRefused:
                raise
            except TerminalError as error:
                _dead_letter(ws, source, item, error)
                failure = error
                continue
            if final.key in known:
                continue
            batch.append((final, sealed))
            landed += 1
            if len(batch) >= BATCH:
                _land(ws, source, connector, batch)
    except Exception:
        _land(ws, source, connector, batch)
        raise
    if failure is not None:
        # The cursor stays, or what could not be had would never be offered again; what was landed is known by its key.
        _land(ws, source, connector, batch)
        if not landed:
            raise failure
    else:
        _land(ws, source, connector, batch, connector.cursor())
    ws.ledger.attempt(source.name, ok=failure is None, error=failure.what if failure else "", items=landed)
    return landed


def _sealed(ws: Workspace, fetched: Fetched) -> tuple[Item, ObjectRef]:
    """The item, as it is known with its last byte, and its object; what is too large for memory is sealed while it comes."""
    if fetched.write is None:
        return fetched.item, ws.objects.put(fetched.content, fetched.item.name)
    sealed, item = ws.objects.put_written(fetched.write, fetched.item.name)
    return item, sealed


def _land(ws: Workspace, source: Source, connector: Connector, batch: list[tuple[Item, ObjectRef]], cursor: str | None = None) -> None:
    """Record the sealed objects together; the cursor moves in the same transaction. Only then are the originals touched."""
    nothing = connector.nothing()
    if nothing:
        ws.ledger.items_remembered(source.name, nothing)
    if batch or (cursor is not None and cursor != ws.ledger.cursor(source.name)):
        ws.ledger.arrivals_landed(source.name, batch, cursor=cursor)
    items = [item for item, _ in batch]
    batch.clear()
    try:
        connector.landed(items)
    except TaihuError as error:  # what was landed is safe; the next run tries the rest again
        ws.ledger.outcome("collect", source.name, status="failed", reason="original_untouched", detail=error.what)


def _dead_letter(ws: Workspace, source: Source, item: Item, error: TerminalError) -> None:
    """An item that cannot be had: remembered as an outcome, tried again by the next run."""
    reason = getattr(error, "reason", "not_collected")
    ws.ledger.outcome("collect", f"{source.name}/{item.key}", status="failed", reason=reason, detail=type(error).__name__)


def _failed(ws: Workspace, source: Source, error: Exception) -> str:
    reason = "access_refused" if isinstance(error, AccessRefused) else getattr(error, "reason", "not_collected")
    what = error.what if isinstance(error, TaihuError) else f"the connector failed unexpectedly ({type(error).__name__})"
    ws.ledger.attempt(source.name, ok=False, error=what)
    ws.ledger.outcome("collect", source.name, status="failed", reason=reason, detail=what)
    return what
