"""Verbs of expectations, holds and decisions: who owes us what, what is kept out of the figures, and who said so."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from taihu.core.errors import NotFound
from taihu.core.ids import derived_id
from taihu.core.types import Span
from taihu.ledger.arrivals import ArrivalVerbs
from taihu.ledger.records import Decision, Expectation, ExpectationState, Hold
from taihu.ledger.store import chunks, day_out, instant_in, instant_out, maybe_in, maybe_out

if TYPE_CHECKING:
    from sqlalchemy import Connection

_EXPECTATION = ("source", "party", "day", "due_at", "state", "arrival_id", "arrived_at")
_RELEASED = "released"
_OVERTAKEN = "overtaken"
_WAIVE, _UNDO = "waive", "waive.undo"
_SAME, _APART, _OPEN = "match.same", "match.apart", "match.undo"


class DecidingVerbs(ArrivalVerbs):
    """Expectations, holds, decisions."""

    def expectations_set(self, rows: Sequence[Expectation]) -> None:
        """Record expectations by source, party and day; rows that say what is known already are not written."""
        if not rows:
            return
        table = self._t.expectation
        wanted = {(row["source"], row["party"], row["day"]): row for row in map(self._expectation_in, rows)}
        days = [day for _, _, day in wanted]
        columns = [table.c[name] for name in _EXPECTATION]
        query = table.select().with_only_columns(*columns).where(table.c.source.in_({source for source, _, _ in wanted}))
        query = query.where(table.c.day.between(min(days), max(days)))
        with self._write() as connection:
            known = {(row[0], row[1], row[2]): tuple(row) for row in connection.execute(query)}
            self._put(connection, table, [row for key, row in wanted.items() if known.get(key) != tuple(row.values())])

    def expectations(
        self, *, source: str | None = None, span: Span | None = None, state: ExpectationState | None = None
    ) -> list[Expectation]:
        """Expectations by source, day and party; ``span`` limits the business days."""
        table = self._t.expectation
        query = table.select().with_only_columns(*(table.c[name] for name in _EXPECTATION)).order_by(table.c.source, table.c.day)
        if source is not None:
            query = query.where(table.c.source == source)
        if state is not None:
            query = query.where(table.c.state == state)
        if span is not None:
            query = query.where(table.c.day >= span.start.isoformat(), table.c.day < span.end.isoformat())
        with self._read() as connection:
            rows = connection.execute(query).all()
        found = [
            Expectation(source, self._named("party", party), day_out(day), instant_out(due_at), state, arrival_id, maybe_out(arrived_at))
            for source, party, day, due_at, state, arrival_id, arrived_at in rows
        ]
        return sorted(found, key=lambda each: (each.source, each.day, each.party))

    def expectations_dropped(self, source: str, keys: Sequence[tuple[str, dt.date]]) -> None:
        """Forget expectations (party, day) that a changed manifest or reference table no longer asks for."""
        table = self._t.expectation
        with self._write() as connection:
            for party, day in keys:
                where = (table.c.source == source, table.c.party == self._known("party", party), table.c.day == day.isoformat())
                connection.execute(table.delete().where(*where))

    def holds(self, *, open_only: bool = True, source: str | None = None) -> list[Hold]:
        """Holds, oldest first."""
        table = self._t.hold
        query = table.select().order_by(table.c.opened_at, table.c.id)
        if open_only:
            query = query.where(table.c.released_at.is_(None))
        if source is not None:
            query = query.where(table.c.source == source)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [self._hold_of(row) for row in rows]

    def hold(self, id_or_prefix: str) -> Hold:
        """One hold by its id or the first characters of it."""
        table = self._t.hold
        full = self._full_id(table, id_or_prefix, "hold")
        with self._read() as connection:
            return self._hold_of(connection.execute(table.select().where(table.c.id == full)).one())

    def hold_released(self, hold_id: str, *, who: str, why: str) -> None:
        """A person lets a held arrival through: it goes back to ``landed`` and is read again.

        The next decision asks :meth:`released` which reasons no longer hold it.

        Raises:
            NotFound: There is no such open hold.
        """
        table, arrival = self._t.hold, self._t.arrival
        full = self._full_id(table, hold_id, "hold")
        with self._write() as connection:
            row = connection.execute(table.select().where(table.c.id == full)).one()
            if row.released_at is not None:
                raise NotFound(f"the hold {hold_id} is not open any more", fix="see taihu hold list")
            connection.execute(table.update().where(table.c.id == full).values(released_at=self._now_text(), ended=_RELEASED))
            connection.execute(arrival.update().where(arrival.c.id == row.arrival_id, arrival.c.state == "held").values(state="landed"))
            self._decide(connection, "hold.release", row.arrival_id, who=who, why=why)

    def released(self, arrival_id: str) -> frozenset[str]:
        """Reason codes that a person has released this arrival from."""
        table = self._t.hold
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.arrival_id == arrival_id, table.c.ended == _RELEASED)).all()
        return frozenset(row.reason for row in rows)

    def released_arrivals(self, source: str | None = None) -> frozenset[str]:
        """Ids of the arrivals that a person has released from some hold."""
        table = self._t.hold
        query = table.select().with_only_columns(table.c.arrival_id).where(table.c.ended == _RELEASED)
        if source is not None:
            query = query.where(table.c.source == source)
        with self._read() as connection:
            return frozenset(row.arrival_id for row in connection.execute(query))

    def decided(self, kind: str, subject: str, *, who: str, why: str) -> str:
        """Record a person's decision and audit it.

        Args:
            kind: ``approve``, ``waive``, ``close``, ``definition.from`` ...
            subject: What it is about.
            who: The person's short name.
            why: Their reason; sealed.

        Returns:
            The decision's id.
        """
        with self._write() as connection:
            return self._decide(connection, kind, subject, who=who, why=why)

    def waived(self, source: str, party: str, span: Span, *, who: str, why: str, undo: bool = False) -> str:
        """A person decides that a party need not report some days, or takes that back; audited.

        Returns:
            The decision's id.
        """
        last = span.end - dt.timedelta(days=1)
        with self._write() as connection:
            return self._decide(connection, _UNDO if undo else _WAIVE, f"{source}/{span.start}..{last}/{party}", who=who, why=why)

    def waivers(self, sources: Collection[str]) -> dict[str, dict[tuple[str, dt.date], Decision]]:
        """What stands waived of each of these sources: the decision behind each party and day."""
        all_found: dict[str, dict[tuple[str, dt.date], Decision]] = {name: {} for name in sources}
        for decision in self.decisions(kinds=(_WAIVE, _UNDO)):
            name, days, party = decision.subject.split("/", 2)
            if name not in all_found:
                continue
            found = all_found[name]
            first, _, last = days.partition("..")
            for day in Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last) + dt.timedelta(days=1)).days():
                if decision.kind == _WAIVE:
                    found[party, day] = decision
                else:
                    found.pop((party, day), None)
        return all_found

    def matched(self, domain: str, left: str, right: str, same: bool | None, *, who: str, why: str) -> str:
        """A person decides whether two keys of a domain stand for one thing; None takes that back. Audited.

        Args:
            left: ``source/key``; the order of the two does not matter.

        Returns:
            The decision's id.
        """
        kind = _OPEN if same is None else _SAME if same else _APART
        with self._write() as connection:
            return self._decide(connection, kind, json.dumps([domain, *sorted((left, right))], ensure_ascii=False), who=who, why=why)

    def verdicts(self, domain: str) -> dict[tuple[str, str], Decision]:
        """What stands decided of the pairs of a domain, oldest first; its kind is ``match.same`` or ``match.apart``."""
        found: dict[tuple[str, str], Decision] = {}
        for decision in self.decisions(kinds=(_SAME, _APART, _OPEN)):
            name, left, right = json.loads(decision.subject)
            if name == domain:
                found.pop((left, right), None)
                if decision.kind != _OPEN:
                    found[left, right] = decision
        return found

    def holds_overtaken(self, arrivals: Sequence[str]) -> int:
        """What a newer file speaks for needs nobody's word any more: end the open holds of these arrivals; returns how many."""
        table = self._t.hold
        count = 0
        with self._write() as connection:
            for part in chunks(list(arrivals)):
                where = (table.c.arrival_id.in_(list(part)), table.c.released_at.is_(None))
                count += connection.execute(table.update().where(*where).values(released_at=self._now_text(), ended=_OVERTAKEN)).rowcount
        return count

    def decisions(self, *, kind: str | None = None, kinds: Sequence[str] = (), subject: str | None = None) -> list[Decision]:
        """Decisions, oldest first; of one kind or of some kinds."""
        table = self._t.decision
        query = table.select().order_by(table.c.sequence)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        if kinds:
            query = query.where(table.c.kind.in_(list(kinds)))
        if subject is not None:
            query = query.where(table.c.subject == self._known("subject", subject))
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            Decision(
                row.id,
                row.kind,
                self._named("subject", row.subject),
                self._named("who", row.who),
                self._sealer.open(row.why, f"decision:{row.id}"),
                instant_out(row.decided_at),
            )
            for row in rows
        ]

    def _decide(self, connection: Connection, kind: str, subject: str, *, who: str, why: str) -> str:
        at = self._now_text()
        decision_id = derived_id("decision", kind, subject, who, why, at)
        row = {
            "id": decision_id,
            "kind": kind,
            "subject": self._known("subject", subject),
            "who": self._known("who", who),
            "why": self._sealer.seal(why, f"decision:{decision_id}"),
            "decided_at": at,
        }
        self._put(connection, self._t.decision, [row], keep=True, key=["id"])
        self._audit(connection, kind, subject, who=who, detail=why)
        return decision_id

    def _expectation_in(self, row: Expectation) -> dict[str, Any]:
        """The row's columns, in the order of ``_EXPECTATION``."""
        return {
            "source": row.source,
            "party": self._known("party", row.party),
            "day": row.day.isoformat(),
            "due_at": instant_in(row.due_at),
            "state": row.state,
            "arrival_id": row.arrival_id,
            "arrived_at": maybe_in(row.arrived_at),
        }

    def _hold_of(self, row: Any) -> Hold:
        span = Span(dt.date.fromisoformat(row.day_from), dt.date.fromisoformat(row.day_to)) if row.day_from else None
        return Hold(
            id=row.id,
            arrival_id=row.arrival_id,
            source=row.source,
            party=self._named("party", row.party),
            span=span,
            reason=row.reason,
            detail=self._sealer.open(row.detail, f"hold:{row.id}"),
            opened_at=instant_out(row.opened_at),
            released_at=maybe_out(row.released_at),
        )
