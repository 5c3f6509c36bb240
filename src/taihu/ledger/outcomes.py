"""Outcomes (a row for every step, success or not) and the audit chain.

Each audit entry's digest covers the entry before it, so a changed or missing entry breaks the chain. The digest is taken
over the sealed columns as they are stored: a verifier needs the file and SHA-256, no keys. :mod:`taihu.guard.audit` signs checkpoints.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.ids import canonical_json
from taihu.ledger.records import AuditEntry, Outcome
from taihu.ledger.store import Store, instant_in, instant_out

if TYPE_CHECKING:
    from sqlalchemy import Connection

_START = "0" * 64


class OutcomeVerbs(Store):
    """What happened, and who did it."""

    def outcome(
        self,
        step: str,
        subject: str,
        *,
        status: str,
        reason: str = "",
        detail: str = "",
        rows_in: int | None = None,
        rows_out: int | None = None,
    ) -> None:
        """Record how a step ended.

        Args:
            step: ``collect``, ``check``, ``build``, ``report``, ``send``.
            subject: The source, arrival, table or publication.
            status: ``ok``, or what else it came to.
            reason: A code of :mod:`taihu.core.reasons`.
            detail: One line for people; sealed.
            rows_in: Rows that went in.
            rows_out: Rows that came out.
        """
        self.outcomes_recorded([Outcome(step, subject, status, reason, detail, rows_in, rows_out, self._now())])

    def outcomes_recorded(self, outcomes: Sequence[Outcome]) -> None:
        """Record many outcomes in one transaction."""
        with self._write() as connection:
            self._outcomes(connection, outcomes)

    def outcomes(self, *, step: str | None = None, subject: str | None = None, limit: int = 1000) -> list[Outcome]:
        """The newest outcomes, oldest first."""
        table = self._t.outcome
        query = table.select().order_by(table.c.sequence.desc()).limit(limit)
        if step is not None:
            query = query.where(table.c.step == step)
        if subject is not None:
            query = query.where(table.c.subject == self._known("subject", subject))
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [self._outcome_of(row) for row in reversed(rows)]

    def newest_outcomes(self, step: str) -> dict[str, Outcome]:
        """The newest outcome of a step for each of its subjects."""
        from sqlalchemy import func, select

        table = self._t.outcome
        newest = select(func.max(table.c.sequence)).where(table.c.step == step).group_by(table.c.subject)
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.sequence.in_(newest))).all()
        return {self._named("subject", row.subject): self._outcome_of(row) for row in rows}

    def audited(self, action: str, subject: str, *, who: str, detail: str = "") -> None:
        """Append to the audit chain.

        Args:
            action: What was done: ``hold.release``, ``unmask``, ``export``, ``erase``, ``send``.
            subject: To what: an id, a table, a destination.
            who: The person's short name, or ``taihu``.
            detail: Columns, filter, row count, purpose; never values. Sealed.
        """
        with self._write() as connection:
            self._audit(connection, action, subject, who=who, detail=detail)

    def audit_trail(self, *, after: int = 0) -> list[AuditEntry]:
        """The chain's entries in order, opened."""
        return [
            AuditEntry(
                sequence=row.sequence,
                at=instant_out(row.at),
                who=self._named("who", row.who),
                action=row.action,
                subject=self._named("subject", row.subject),
                detail=self._sealer.open(row.detail, "audit.detail"),
                previous=row.previous,
                digest=row.digest,
            )
            for row in self._audit_rows(after)
        ]

    def audit_links(self) -> Iterator[tuple[int, str, str, str]]:
        """For each entry its number, the stored ``previous`` and ``digest``, and the digest that its stored columns really have."""
        for row in self._audit_rows(0):
            yield row.sequence, row.previous, row.digest, _digest(row.previous, row.at, row.who, row.action, row.subject, row.detail)

    def audit_head(self) -> tuple[int, str]:
        """Number and digest of the newest entry; ``(0, "000...")`` before the first."""
        with self._read() as connection:
            return self._head(connection)

    def _outcome_of(self, row: Any) -> Outcome:
        return Outcome(
            row.step,
            self._named("subject", row.subject),
            row.status,
            row.reason,
            self._sealer.open(row.detail, "outcome.detail"),
            row.rows_in,
            row.rows_out,
            instant_out(row.at),
        )

    def _audit_rows(self, after: int) -> Sequence[Any]:
        table = self._t.audit
        with self._read() as connection:
            return connection.execute(table.select().where(table.c.sequence > after).order_by(table.c.sequence)).all()

    def _head(self, connection: Connection) -> tuple[int, str]:
        table = self._t.audit
        row = connection.execute(table.select().order_by(table.c.sequence.desc()).limit(1)).first()
        return (row.sequence, row.digest) if row else (0, _START)

    def _audit(self, connection: Connection, action: str, subject: str, *, who: str, detail: str) -> None:
        number, previous = self._head(connection)
        at, sealed_who, sealed_subject = self._now_text(), self._known("who", who), self._known("subject", subject)
        sealed_detail = self._sealer.seal(detail, "audit.detail")
        row = {
            "sequence": number + 1,
            "at": at,
            "who": sealed_who,
            "action": action,
            "subject": sealed_subject,
            "detail": sealed_detail,
            "previous": previous,
            "digest": _digest(previous, at, sealed_who, action, sealed_subject, sealed_detail),
        }
        connection.execute(self._t.audit.insert(), row)

    def _outcomes(self, connection: Connection, outcomes: Sequence[Outcome]) -> None:
        if outcomes:
            connection.execute(
                self._t.outcome.insert(),
                [
                    {
                        "step": outcome.step,
                        "subject": self._known("subject", outcome.subject),
                        "status": outcome.status,
                        "reason": outcome.reason,
                        "detail": self._sealer.seal(outcome.detail, "outcome.detail"),
                        "rows_in": outcome.rows_in,
                        "rows_out": outcome.rows_out,
                        "at": instant_in(outcome.at),
                    }
                    for outcome in outcomes
                ],
            )


def _digest(previous: str, at: str, who: bytes, action: str, subject: bytes, detail: bytes) -> str:
    """SHA-256 of the canonical JSON of an entry's stored columns, binary ones in hexadecimal."""
    return hashlib.sha256(canonical_json([previous, at, who.hex(), action, subject.hex(), detail.hex()]).encode()).hexdigest()
