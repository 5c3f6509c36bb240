"""Verbs of reports: publications, their figures and files, and the outbox.

A message is ``pending``, then ``sending`` (written before the channel is touched), then ``sent``, ``failed`` or, when the process
died or the answer was lost in between, ``ambiguous``: it may have left. An ambiguous message is never sent again by itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.errors import NotFound
from taihu.core.ids import canonical_json, derived_id
from taihu.core.types import Span
from taihu.ledger.arrivals import ArrivalVerbs
from taihu.ledger.process import Process, this_process
from taihu.ledger.records import FigureRow, OutboxRow, Output, Publication
from taihu.ledger.store import instant_in, instant_out, maybe_in, maybe_out

if TYPE_CHECKING:
    from sqlalchemy import Connection


class PublishingVerbs(ArrivalVerbs):
    """Publications, figures, outputs, outbox."""

    def publication_made(self, publication: Publication) -> None:
        """A report's version pins its tables; making the same publication again changes nothing."""
        row = {
            "id": publication.id,
            "report": publication.report,
            "version": publication.version,
            "day_from": publication.span.start.isoformat(),
            "day_to": publication.span.end.isoformat(),
            "issued_at": instant_in(publication.issued_at),
            "tables": canonical_json(dict(publication.tables)),
            "previous": publication.previous,
            "complete": publication.complete,
            "reviewed": publication.reviewed,
        }
        table = self._t.publication
        with self._write() as connection:
            if connection.execute(table.select().where(table.c.id == publication.id)).first() is None:
                connection.execute(table.insert(), row)
                self._audit(
                    connection, "publish", publication.id, who="taihu", detail=f"{publication.report} version {publication.version}"
                )

    def publication_reviewed(self, publication_id: str, *, who: str, why: str = "") -> None:
        """A person approved a publication; audited."""
        table = self._t.publication
        full = self._full_id(table, publication_id, "publication")
        with self._write() as connection:
            connection.execute(table.update().where(table.c.id == full).values(reviewed=True))
            self._audit(connection, "approve", full, who=who, detail=why)

    def publication(self, id_or_prefix: str) -> Publication:
        """One publication by its id or the first characters of it."""
        table = self._t.publication
        full = self._full_id(table, id_or_prefix, "publication")
        with self._read() as connection:
            return _publication_of(connection.execute(table.select().where(table.c.id == full)).one())

    def publications(self, report: str | None = None) -> list[Publication]:
        """Publications in the order they were made."""
        table = self._t.publication
        query = table.select().order_by(table.c.sequence)
        if report is not None:
            query = query.where(table.c.report == report)
        with self._read() as connection:
            return [_publication_of(row) for row in connection.execute(query)]

    def pinned_versions(self) -> dict[str, set[int]]:
        """For each table the versions that some publication needs; vacuuming keeps them."""
        pinned: dict[str, set[int]] = {}
        for publication in self.publications():
            for name, version in publication.tables.items():
                pinned.setdefault(name, set()).add(version)
        return pinned

    def figures_recorded(self, publication_id: str, figures: Sequence[FigureRow]) -> None:
        """The figures of a publication; recording again replaces those with the same id."""
        rows = [
            {
                "publication_id": publication_id,
                "id": figure.id,
                "ordinal": number,
                "measure": figure.measure,
                "mart": figure.mart,
                "day_from": figure.span.start.isoformat(),
                "day_to": figure.span.end.isoformat(),
                "facts": self._seal_json(
                    {
                        "filter": [list(pair) for pair in figure.filter],
                        "value": _decimal_in(figure.value),
                        "parts": [[name, _decimal_in(value)] for name, value in figure.parts],
                        "format": figure.format,
                        "unit": figure.unit,
                        "is_estimated": figure.is_estimated,
                    },
                    f"figure:{publication_id}:{figure.id}",
                ),
            }
            for number, figure in enumerate({figure.id: figure for figure in figures}.values())
        ]
        with self._write() as connection:
            self._put(connection, self._t.figure, rows)

    def figure(self, id_or_prefix: str) -> FigureRow:
        """A figure by its id or the first characters of it; if several publications print it, the newest one's."""
        table, publication = self._t.figure, self._t.publication
        full = self._full_id(table, id_or_prefix, "figure")
        query = table.outerjoin(publication, publication.c.id == table.c.publication_id).select().with_only_columns(*table.c)
        with self._read() as connection:
            row = connection.execute(query.where(table.c.id == full).order_by(publication.c.sequence.desc())).first()
        return self._figure_of(row)

    def figures(self, publication_id: str) -> list[FigureRow]:
        """The figures of a publication in their order."""
        table = self._t.figure
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.publication_id == publication_id).order_by(table.c.ordinal)).all()
        return [self._figure_of(row) for row in rows]

    def output_recorded(self, publication_id: str, *, name: str, sha256: str, audience: str, lang: str, format: str) -> None:
        """A rendered file of a publication was archived as an object."""
        self.outputs_recorded([Output(publication_id, name, sha256, audience, lang, format)])

    def outputs_recorded(self, outputs: Sequence[Output]) -> None:
        """:meth:`output_recorded` for many files in one transaction."""
        rows = [
            {
                "publication_id": each.publication_id,
                "name": self._known("output", each.name),
                "ordinal": number,
                "sha256": each.sha256,
                "audience": self._known("audience", each.audience),
                "lang": each.lang,
                "format": each.format,
            }
            for number, each in enumerate(outputs)
        ]
        with self._write() as connection:
            self._put(connection, self._t.output, rows)

    def outputs(self, publication_id: str) -> list[Output]:
        """The rendered files of a publication by name."""
        table = self._t.output
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.publication_id == publication_id)).all()
        found = [
            Output(
                row.publication_id, self._named("output", row.name), row.sha256, self._named("audience", row.audience), row.lang, row.format
            )
            for row in rows
        ]
        return sorted(found, key=lambda output: output.name)

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

    def outbox_pending(self, *, publication: str | None = None) -> list[OutboxRow]:
        """Messages that may be sent now, in order; those that a dead process was sending become ``ambiguous`` first."""
        table = self._t.outbox
        with self._write() as connection:
            for row in connection.execute(table.select().where(table.c.state == "sending")).all():
                sender = Process.parse(row.sender)
                if sender is None or not self._may_live(sender):
                    self._outbox_move(
                        connection, row.id, "ambiguous", ("sending",), error="the sending process ended before the answer came"
                    )
        return [
            row
            for row in self.outbox(states=("pending", "failed"), publication=publication)
            if row.state == "pending" or (row.not_before is not None and row.not_before <= self._now())
        ]

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

    def _figure_of(self, row: Any) -> FigureRow:
        facts = self._open_json(row.facts, f"figure:{row.publication_id}:{row.id}")
        return FigureRow(
            id=row.id,
            publication_id=row.publication_id,
            measure=row.measure,
            mart=row.mart,
            span=_span(row),
            filter=tuple((column, value) for column, value in facts["filter"]),
            value=_decimal_out(facts["value"]),
            parts=tuple((name, Decimal(value)) for name, value in facts["parts"]),
            format=facts["format"],
            unit=facts["unit"],
            is_estimated=facts["is_estimated"],
        )


def _publication_of(row: Any) -> Publication:
    return Publication(
        id=row.id,
        report=row.report,
        version=row.version,
        span=_span(row),
        issued_at=instant_out(row.issued_at),
        tables=json.loads(row.tables),
        previous=row.previous,
        complete=row.complete,
        reviewed=row.reviewed,
    )


def _span(row: Any) -> Span:
    return Span(dt.date.fromisoformat(row.day_from), dt.date.fromisoformat(row.day_to))


def _decimal_in(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _decimal_out(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
