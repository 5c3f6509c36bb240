"""Verbs of collecting: what a source gave, where its cursor stands, how its server treats us.

Object, arrival and cursor are written in one transaction: after a crash an item is either landed and never fetched again,
or not landed and fetched again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from taihu.core.ids import derived_id
from taihu.core.types import Item, ObjectRef
from taihu.ledger.records import Attempt, AttemptKind, BreakerState
from taihu.ledger.store import instant_in, instant_out, maybe_out
from taihu.ledger.troubles import TroubleVerbs

if TYPE_CHECKING:
    from sqlalchemy import Connection


class CollectVerbs(TroubleVerbs):
    """What a source gave us and how it treats us."""

    def cursor(self, source: str) -> str | None:
        """Where collecting goes on; None before the first time."""
        table = self._t.cursor
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.source == source)).first()
        return None if row is None else self._sealer.open(row.value, f"cursor:{source}")

    def cursor_moved(self, source: str, cursor: str) -> None:
        """Move the cursor without an arrival."""
        with self._write() as connection:
            self._move(connection, source, cursor)

    def known_items(self, source: str) -> set[str]:
        """Keys of all items that were fetched or looked at before."""
        table = self._t.item
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.source == source)).all()
        return {self._named("item", row.item_key) for row in rows}

    def arrival_landed(self, source: str, item: Item, obj: ObjectRef, *, cursor: str | None = None) -> str:
        """An item's bytes are safe as an object: record object, arrival, item and cursor in one transaction.

        Returns:
            The arrival's id, derived from source, item and content; landing the same twice changes nothing.
        """
        return self.arrivals_landed(source, [(item, obj)], cursor=cursor)[0]

    def arrivals_landed(self, source: str, landed: Sequence[tuple[Item, ObjectRef]], *, cursor: str | None = None) -> list[str]:
        """:meth:`arrival_landed` for many items of a source in one transaction."""
        now = self._now()
        ids = [derived_id("arrival", source, item.key, obj.sha256) for item, obj in landed]
        with self._write() as connection:
            stored = [
                {"sha256": obj.sha256, "size": obj.size, "kind": obj.kind, "landed_at": instant_in(now)}
                for obj in {obj.sha256: obj for _, obj in landed}.values()
            ]
            self._put(connection, self._t.object, stored, keep=True)
            rows = [
                {
                    "id": arrival_id,
                    "source": source,
                    "state": "landed",
                    "reason": "",
                    "sha256": obj.sha256,
                    "size": obj.size,
                    "kind": obj.kind,
                    "envelope": self._seal_json(
                        {"key": item.key, "name": item.name, "meta": dict(item.meta)}, f"arrival.envelope:{arrival_id}"
                    ),
                    "received_at": instant_in(item.received_at or now),
                    "landed_at": instant_in(now),
                    "rows": 0,
                    "layout": "",
                    "totals_state": "absent",
                }
                for arrival_id, (item, obj) in zip(ids, landed, strict=True)
            ]
            self._put(connection, self._t.arrival, rows, keep=True, key=["id"])
            self._remember(connection, source, [(item, arrival_id) for (item, _), arrival_id in zip(landed, ids, strict=True)])
            if cursor is not None:
                self._move(connection, source, cursor)
        return ids

    def item_remembered(self, source: str, item: Item, *, cursor: str | None = None) -> None:
        """An item was looked at and gave nothing; it is not fetched again."""
        self.items_remembered(source, [item], cursor=cursor)

    def items_remembered(self, source: str, items: Sequence[Item], *, cursor: str | None = None) -> None:
        """:meth:`item_remembered` for many items."""
        with self._write() as connection:
            self._remember(connection, source, [(item, None) for item in items])
            if cursor is not None:
                self._move(connection, source, cursor)

    def item_forgotten(self, source: str, key: str) -> None:
        """An item turned out to be not what was asked for: it counts as new again, and the next run fetches it once more."""
        table = self._t.item
        with self._write() as connection:
            mark = self._sealer.fingerprint(f"item:{source}", key)
            connection.execute(table.delete().where(table.c.source == source, table.c.mark == mark))

    def object_known(self, sha256: str) -> ObjectRef | None:
        """The object with this hash, if it ever landed."""
        table = self._t.object
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.sha256 == sha256)).first()
        return None if row is None else ObjectRef(row.sha256, row.size, row.kind)

    def attempt(self, source: str, *, ok: bool, error: str = "", items: int = 0, kind: AttemptKind = "away") -> None:
        """Record one contact with a source.

        Args:
            kind: What a failure was about. The breaker counts those since the last contact in which the source was not ``away``.
        """
        row = {
            "source": source,
            "ok": ok,
            "error": self._sealer.seal(error, "attempt.error"),
            "items": items,
            "at": self._now_text(),
            "kind": "" if ok else kind,
        }
        with self._write() as connection:
            connection.execute(self._t.attempt.insert(), row)

    def attempts(self, source: str, *, limit: int = 100) -> list[Attempt]:
        """The newest contacts with a source, oldest first."""
        table = self._t.attempt
        query = table.select().where(table.c.source == source).order_by(table.c.sequence.desc()).limit(limit)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            Attempt(row.source, row.ok, self._sealer.open(row.error, "attempt.error"), row.items, instant_out(row.at), row.kind or "")
            for row in reversed(rows)
        ]

    def breaker(self, source: str) -> BreakerState:
        """Whether the source is left alone, and in how many contacts it was away since it was last there."""
        breaker, attempt = self._t.breaker, self._t.attempt
        with self._read() as connection:
            row = connection.execute(breaker.select().where(breaker.c.source == source)).first()
            recent = attempt.select().where(attempt.c.source == source).order_by(attempt.c.sequence.desc()).limit(1000)
            failed = []
            for contact in connection.execute(recent):
                if contact.ok or contact.kind not in (None, "away"):
                    break
                failed.append(contact)
        return BreakerState(
            source=source,
            is_open=bool(row and row.is_open),
            failures=len(failed),
            last_error=self._sealer.open(failed[0].error, "attempt.error") if failed else "",
            opened_at=maybe_out(row.opened_at) if row and row.is_open else None,
            retry_at=maybe_out(row.retry_at) if row and row.is_open else None,
        )

    def breakers(self, sources: Collection[str]) -> dict[str, BreakerState]:
        """:meth:`breaker` of many sources; only those that are in trouble are looked at one by one."""
        from sqlalchemy import func, select

        breaker, attempt = self._t.breaker, self._t.attempt
        newest = select(func.max(attempt.c.sequence)).where(attempt.c.source.in_(list(sources))).group_by(attempt.c.source)
        away = attempt.c.ok.is_(False) & (attempt.c.kind.is_(None) | (attempt.c.kind == "away"))
        with self._read() as connection:
            troubled = set(connection.execute(select(breaker.c.source)).scalars())
            troubled |= set(connection.execute(select(attempt.c.source).where(attempt.c.sequence.in_(newest), away)).scalars())
        return {name: self.breaker(name) if name in troubled else BreakerState(name, False, 0, "", None, None) for name in sources}

    def breaker_opened(self, source: str, *, retry_at: dt.datetime, reason: str = "") -> None:
        """Leave the source alone until ``retry_at``."""
        row = {
            "source": source,
            "is_open": True,
            "reason": self._sealer.seal(reason, f"breaker:{source}"),
            "opened_at": self._now_text(),
            "retry_at": instant_in(retry_at),
        }
        with self._write() as connection:
            self._put(connection, self._t.breaker, [row])

    def breaker_closed(self, source: str) -> None:
        """Talk to the source again."""
        table = self._t.breaker
        with self._write() as connection:
            connection.execute(table.delete().where(table.c.source == source))

    def session_put(self, account: str, content: bytes) -> None:
        """Keep an account's session (cookies), sealed, so that the next run need not log in."""
        row = {
            "account": self._known("account", account),
            "content": self._sealer.seal_bytes(content, f"session:{account}"),
            "stored_at": self._now_text(),
        }
        with self._write() as connection:
            self._put(connection, self._t.session, [row])

    def session_get(self, account: str) -> bytes | None:
        """The kept session of an account."""
        table = self._t.session
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.account == self._known("account", account))).first()
        return None if row is None else self._sealer.open_bytes(row.content, f"session:{account}")

    def session_dropped(self, account: str) -> None:
        """Forget an account's session."""
        table = self._t.session
        with self._write() as connection:
            connection.execute(table.delete().where(table.c.account == self._known("account", account)))

    def _move(self, connection: Connection, source: str, cursor: str) -> None:
        row = {"source": source, "value": self._sealer.seal(cursor, f"cursor:{source}"), "moved_at": self._now_text()}
        self._put(connection, self._t.cursor, [row])

    def _remember(self, connection: Connection, source: str, items: Sequence[tuple[Item, str | None]]) -> None:
        rows = [self._item_row(source, item, arrival_id) for item, arrival_id in items]
        self._put(connection, self._t.item, rows, keep=True)
        self._letters_answered(connection, source, {row["mark"] for row in rows})
