"""Verbs of passwords that came in mails: kept sealed, with the arrivals that waited for them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taihu.core.types import Item
from taihu.ledger.arrivals import ArrivalVerbs
from taihu.ledger.store import chunks, instant_in, instant_out

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class PasswordNote:
    """What one mail said: passwords to try, never shown."""

    key: str
    received_at: dt.datetime
    passwords: tuple[str, ...] = field(repr=False)


class PasswordVerbs(ArrivalVerbs):
    """Passwords by mail."""

    def passwords_found(
        self, source: str, *, cursor_of: str, notes: Sequence[PasswordNote], seen: Sequence[Item], cursor: str | None, again: Iterable[str]
    ) -> None:
        """Keep what mails said, remember the mails, move their cursor, and let the arrivals that waited be read again: one transaction.

        Args:
            cursor_of: Name under which the mails' items and cursor are kept.
            again: Ids of held arrivals that may be opened now.
        """
        table = self._t.password_note
        rows = [
            {
                "source": source,
                "mark": self._sealer.fingerprint(f"item:{cursor_of}", note.key),
                "content": self._sealer.seal(json.dumps(note.passwords), f"password:{source}"),
                "received_at": instant_in(note.received_at),
            }
            for note in notes
        ]
        with self._write() as connection:
            if rows:
                self._put(connection, table, rows, keep=True)
            self._remember(connection, cursor_of, [(item, None) for item in seen])
            if cursor is not None:
                self._move(connection, cursor_of, cursor)
            self._read_again(connection, list(again))

    def password_notes(self, source: str) -> list[PasswordNote]:
        """What mails said for this source, oldest first."""
        table = self._t.password_note
        query = table.select().where(table.c.source == source).order_by(table.c.received_at, table.c.mark)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            PasswordNote(row.mark, instant_out(row.received_at), tuple(json.loads(self._sealer.open(row.content, f"password:{source}"))))
            for row in rows
        ]

    def _read_again(self, connection: Connection, ids: Sequence[str]) -> None:
        arrival = self._t.arrival
        for part in chunks(ids):
            connection.execute(arrival.update().where(arrival.c.id.in_(list(part)), arrival.c.state == "held").values(state="landed"))
