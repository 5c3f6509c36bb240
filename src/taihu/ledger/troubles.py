"""Verbs of what would not come: dead letters of single items, and logins that were refused.

A dead letter is an item that was found and could not be fetched. It is tried again by every run until it is declared dead; then
only a person brings it back. A refused login is remembered with a fingerprint of everything it was made of, so that a run every
ten minutes does not lock the account, and a new password is tried at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.types import Item
from taihu.ledger.outcomes import OutcomeVerbs
from taihu.ledger.records import Letter, RefusedLogin
from taihu.ledger.store import instant_in, instant_out

if TYPE_CHECKING:
    from sqlalchemy import Connection


class TroubleVerbs(OutcomeVerbs):
    """What could not be had, and who was not let in."""

    def letters(self, source: str | None = None) -> list[Letter]:
        """Items that could not be fetched so far, the longest known first."""
        table = self._t.letter
        query = table.select().order_by(table.c.first_at, table.c.mark)
        if source is not None:
            query = query.where(table.c.source == source)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [self._letter(row) for row in rows]

    def letters_put(self, letters: Sequence[Letter]) -> None:
        """Remember items that could not be fetched; a letter replaces the one of the same item."""
        rows = [
            {
                "source": letter.source,
                "mark": letter.id,
                "item": self._seal_json(_plain(letter.item), f"letter.item:{letter.source}"),
                "reason": letter.reason,
                "detail": self._sealer.seal(letter.detail, "letter.detail"),
                "failures": letter.failures,
                "first_at": instant_in(letter.first_at),
                "last_at": instant_in(letter.last_at),
                "is_dead": letter.is_dead,
            }
            for letter in letters
        ]
        if rows:
            with self._write() as connection:
                self._put(connection, self._t.letter, rows)

    def letter_id(self, source: str, item: Item) -> str:
        """The short mark that names an item's dead letter."""
        return self._sealer.fingerprint(f"item:{source}", item.key)

    def letters_revived(self, source: str, ids: Collection[str] | None = None) -> int:
        """Count these letters (all of the source if None) from zero again, and drop the cursor, so that the next run finds them.

        Returns:
            How many letters there were.
        """
        table, cursor = self._t.letter, self._t.cursor
        change = table.update().where(table.c.source == source)
        if ids is not None:
            change = change.where(table.c.mark.in_(list(ids)))
        with self._write() as connection:
            count = connection.execute(change.values(failures=0, is_dead=False)).rowcount
            if count:
                connection.execute(cursor.delete().where(cursor.c.source == source))
        return count

    def letter_given_up(self, source: str, letter_id: str, *, who: str, why: str) -> None:
        """A person decides that an item is not wanted any more: it counts as known from now on."""
        table = self._t.letter
        at = (table.c.source == source) & (table.c.mark == letter_id)
        with self._write() as connection:
            row = connection.execute(table.select().where(at)).first()
            if row is not None:
                self._put(connection, self._t.item, [self._item_row(source, self._letter(row).item, None)], keep=True)
                connection.execute(table.delete().where(at))
                self._audit(connection, "item.give_up", f"{source}/{letter_id}", who=who, detail=why)

    def login_refused(self, account: str, facts: str, what: str) -> None:
        """Remember that a login was refused.

        Args:
            facts: Everything that the login was made of, the password too; only a fingerprint of it is kept.
            what: What the server said, in one sentence.
        """
        row = {
            "account": self._known("account", account),
            "mark": self._sealer.fingerprint("refused login", facts),
            "what": self._sealer.seal(what, f"refusal:{account}"),
            "at": self._now_text(),
        }
        with self._write() as connection:
            self._put(connection, self._t.refusal, [row])

    def login_refused_before(self, account: str, facts: str) -> RefusedLogin | None:
        """The refusal of exactly this login, if there was one."""
        table = self._t.refusal
        mark = self._sealer.fingerprint("refused login", facts)
        query = table.select().where((table.c.account == self._known("account", account)) & (table.c.mark == mark))
        with self._read() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._refused(row)

    def refused_logins(self) -> list[RefusedLogin]:
        """Every refusal that is remembered, also of passwords that have been changed since."""
        with self._read() as connection:
            return [self._refused(row) for row in connection.execute(self._t.refusal.select().order_by(self._t.refusal.c.at))]

    def login_tried_again(self, account: str) -> bool:
        """Forget an account's refused login; whether there was one."""
        table = self._t.refusal
        with self._write() as connection:
            return bool(connection.execute(table.delete().where(table.c.account == self._known("account", account))).rowcount)

    def _letters_answered(self, connection: Connection, source: str, marks: Collection[str]) -> None:
        """These items were fetched after all."""
        table = self._t.letter
        waiting = {row.mark for row in connection.execute(table.select().where(table.c.source == source))}
        answered = waiting.intersection(marks)
        if answered:
            connection.execute(table.delete().where((table.c.source == source) & table.c.mark.in_(answered)))

    def _item_row(self, source: str, item: Item, arrival_id: str | None) -> dict[str, Any]:
        return {
            "source": source,
            "mark": self._sealer.fingerprint(f"item:{source}", item.key),
            "item_key": self._known("item", item.key),
            "arrival_id": arrival_id,
            "seen_at": self._now_text(),
        }

    def _letter(self, row: Any) -> Letter:
        item = self._open_json(row.item, f"letter.item:{row.source}")
        received = item.get("received_at")
        return Letter(
            id=row.mark,
            source=row.source,
            item=Item(item["key"], item["name"], item["size"], dt.datetime.fromisoformat(received) if received else None, item["meta"]),
            reason=row.reason,
            detail=self._sealer.open(row.detail, "letter.detail"),
            failures=row.failures,
            first_at=instant_out(row.first_at),
            last_at=instant_out(row.last_at),
            is_dead=row.is_dead,
        )

    def _refused(self, row: Any) -> RefusedLogin:
        account = self._named("account", row.account)
        return RefusedLogin(account, self._sealer.open(row.what, f"refusal:{account}"), instant_out(row.at))


def _plain(item: Item) -> dict[str, Any]:
    received = item.received_at.isoformat() if item.received_at else None
    return {"key": item.key, "name": item.name, "size": item.size, "received_at": received, "meta": dict(item.meta)}
