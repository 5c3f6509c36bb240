"""Verbs of portals: what their pages looked like when all went well, and the traces of walks that failed; all of it sealed.

A trace holds a picture of somebody's page, so only the newest few of a source are kept.
"""

from __future__ import annotations

from taihu.ledger.records import Trace
from taihu.ledger.store import Store, instant_out

MOST_TRACES = 5


class PortalVerbs(Store):
    """Structures of pages and traces."""

    def outline_put(self, source: str, content: bytes) -> None:
        """Keep the structure of a source's pages after a walk that went well."""
        row = {"source": source, "content": self._sealer.seal_bytes(content, f"outline:{source}"), "stored_at": self._now_text()}
        with self._write() as connection:
            self._put(connection, self._t.outline, [row])

    def outline_get(self, source: str) -> bytes | None:
        """The structure of a source's pages when they were last walked well."""
        table = self._t.outline
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.source == source)).first()
        return None if row is None else self._sealer.open_bytes(row.content, f"outline:{source}")

    def trace_put(self, source: str, content: bytes) -> None:
        """Keep the trace of a walk that failed; the oldest make room."""
        table = self._t.trace
        row = {"source": source, "content": self._sealer.seal_bytes(content, f"trace:{source}"), "at": self._now_text()}
        with self._write() as connection:
            connection.execute(table.insert(), row)
            kept = table.select().with_only_columns(table.c.sequence).where(table.c.source == source)
            numbers = [each.sequence for each in connection.execute(kept.order_by(table.c.sequence.desc()))]
            if len(numbers) > MOST_TRACES:
                connection.execute(table.delete().where(table.c.source == source, table.c.sequence <= numbers[MOST_TRACES]))

    def traces(self, source: str) -> list[Trace]:
        """The traces of a source, the newest first."""
        table = self._t.trace
        query = table.select().where(table.c.source == source).order_by(table.c.sequence.desc())
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [Trace(source, instant_out(row.at), self._sealer.open_bytes(row.content, f"trace:{source}")) for row in rows]
