"""Verbs of the outbox: what is to leave, leaves once.

A message is ``pending``, then ``sending`` (written before the channel is touched), then ``sent``, ``failed`` or, when the process
died or the answer was lost in between, ``ambiguous``: it may have left. An ambiguous message is never sent again by itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import NotFound
from taihu.core.ids import canonical_json, derived_id
from taihu.ledger.outcomes import OutcomeVerbs
from taihu.ledger.process import Process, this_process
from taihu.ledger.records import OutboxRow
from taihu.ledger.store import instant_out, maybe_in, maybe_out

if TYPE_CHECKING:
    from sqlalchemy import Connection


class OutboxVerbs(OutcomeVerbs):
    """Messages and what became of them."""

    def outbox_put(
        self,
        publication_id: str,
        *,
        channel: str,
        recipient: str,
        outputs: Iterable[str] = (),
        meta: Mapping[str, str] | None = None,
        key: str = "",
    ) -> str:
        """A message is to leave; putting the same one again changes nothing, so a re-run never sends twice.

        Args:
            publication_id: What it carries.
            channel: ``smtp``, ``folder``, ``wecom``; an account's name may follow (``smtp:outgoing``).
            recipient: Address or folder; sealed.
            outputs: SHA-256 of the archived objects that it carries.
            meta: What the channel needs (subject, names of the files); sealed.
            key: Tells two messages of one publication to one recipient apart (the language).

        Returns:
            The message's id, derived from publication, channel, recipient and key; channels use it as Message-ID.
        """
        message_id = derived_id("outbox", publication_id, channel, self._sealer.fingerprint("recipient", recipient), key)
        row = {
            "id": message_id,
            "publication_id": publication_id,
            "channel": channel,
            "letter": self._seal_json({"recipient": recipient, "meta": dict(meta or {})}, f"outbox:{message_id}"),
            "outputs": canonical_json(list(outputs)),
            "state": "pending",
            "attempts": 0,
            "error": self._sealer.seal("", f"outbox.error:{message_id}"),
            "receipt": self._sealer.seal("", f"outbox.receipt:{message_id}"),
            "sender": "",
            "created_at": self._now_text(),
            "not_before": None,
            "sent_at": None,
        }
        with self._write() as connection:
            self._put(connection, self._t.outbox, [row], keep=True, key=["id"])
        return message_id

    def outbox_pending(self, *, publication: str | None = None, repeatable: Collection[str] = ()) -> list[OutboxRow]:
        """Messages that may be sent now, in order.

        Those that a dead process was sending become ``ambiguous`` first, or ``pending`` again where sending twice is sending once.

        Args:
            publication: Only of this one.
            repeatable: Channels for which a second sending changes nothing, such as a folder.
        """
        table = self._t.outbox
        lost = "the sending process ended before the answer came"
        with self._write() as connection:
            for row in connection.execute(table.select().where(table.c.state == "sending")).all():
                sender = Process.parse(row.sender)
                if sender is None or not self._may_live(sender):
                    state = "pending" if row.channel in repeatable else "ambiguous"
                    self._outbox_move(connection, row.id, state, ("sending",), error=lost)
        now = self._now()
        waiting = self.outbox(states=("pending", "failed"), publication=publication)
        return [row for row in waiting if row.state == "pending" or (row.not_before is not None and row.not_before <= now)]

    def outbox(self, *, states: Iterable[str] | None = None, publication: str | None = None) -> list[OutboxRow]:
        """Messages in the order they were put."""
        table = self._t.outbox
        query = table.select().order_by(table.c.sequence)
        if states is not None:
            query = query.where(table.c.state.in_(list(states)))
        if publication is not None:
            query = query.where(table.c.publication_id == publication)
        with self._read() as connection:
            return [self._outbox_of(row) for row in connection.execute(query)]

    def outbox_sending(self, message_id: str) -> None:
        """To be written just before the channel is touched.

        Raises:
            NotFound: It is not waiting any more: sent, ambiguous, or another process sends it now.
        """
        with self._write() as connection:
            self._outbox_move(connection, message_id, "sending", ("pending", "failed"), sender=this_process().text, attempt=True)

    def outbox_sent(self, message_id: str, *, receipt: str = "") -> None:
        """The channel confirmed; ``receipt`` is its answer. Audited."""
        with self._write() as connection:
            self._outbox_move(
                connection, message_id, "sent", ("sending", "pending", "failed", "ambiguous"), receipt=receipt, sent_at=self._now_text()
            )
            self._audit(connection, "send", message_id, who="taihu", detail=receipt)

    def outbox_failed(self, message_id: str, *, error: str, retry_at: dt.datetime | None = None) -> None:
        """The channel refused; it is tried again from ``retry_at`` on, or never without."""
        with self._write() as connection:
            self._outbox_move(
                connection, message_id, "failed", ("sending", "pending", "failed"), error=error, not_before=maybe_in(retry_at)
            )

    def outbox_ambiguous(self, message_id: str, *, error: str) -> None:
        """No answer came: it may have left. It waits for a person, or for a channel that can look it up."""
        with self._write() as connection:
            self._outbox_move(connection, message_id, "ambiguous", ("sending",), error=error)

    def outbox_resent(self, message_id: str, *, who: str, why: str) -> None:
        """A person lets an ambiguous or failed message leave again; audited."""
        with self._write() as connection:
            self._outbox_move(connection, message_id, "pending", ("ambiguous", "failed"))
            self._audit(connection, "resend", message_id, who=who, detail=why)

    def _outbox_move(
        self,
        connection: Connection,
        message_id: str,
        state: str,
        allowed: Sequence[str],
        *,
        error: str = "",
        receipt: str = "",
        sender: str = "",
        sent_at: str | None = None,
        not_before: str | None = None,
        attempt: bool = False,
    ) -> None:
        """Change a message's state, if it is in one of the states that this may follow."""
        table = self._t.outbox
        values: dict[str, Any] = {
            "state": state,
            "error": self._sealer.seal(error, f"outbox.error:{message_id}"),
            "receipt": self._sealer.seal(receipt, f"outbox.receipt:{message_id}"),
            "sender": sender,
            "sent_at": sent_at,
            "not_before": not_before,
        }
        if attempt:
            values["attempts"] = table.c.attempts + 1
        done = connection.execute(table.update().where(table.c.id == message_id, table.c.state.in_(list(allowed))).values(**values))
        if done.rowcount != 1:
            raise NotFound(f"the message {message_id} cannot become {state}", fix="see its state with taihu status")

    def _outbox_of(self, row: Any) -> OutboxRow:
        letter = self._open_json(row.letter, f"outbox:{row.id}")
        return OutboxRow(
            id=row.id,
            publication_id=row.publication_id,
            channel=row.channel,
            recipient=letter["recipient"],
            state=row.state,
            outputs=tuple(json.loads(row.outputs)),
            meta=letter["meta"],
            attempts=row.attempts,
            error=self._sealer.open(row.error, f"outbox.error:{row.id}"),
            created_at=instant_out(row.created_at),
            not_before=maybe_out(row.not_before),
            sent_at=maybe_out(row.sent_at),
            receipt=self._sealer.open(row.receipt, f"outbox.receipt:{row.id}"),
        )
