"""Verbs of arrivals: what was received, what was made of it, and which arrival speaks for which party and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.errors import NotFound
from taihu.core.ids import derived_id
from taihu.core.types import Scope, Span, StatedTotal
from taihu.ledger.collecting import CollectVerbs
from taihu.ledger.lake import StampVerbs
from taihu.ledger.records import Arrival, ArrivalDecision, NoteRow, Outcome, QuarantinedRow, TotalsState, winners_of
from taihu.ledger.store import chunks, day_out, instant_out

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

_SHORTEST_PREFIX = 4
_LISTED = {
    "hold": "taihu hold list shows those that are open",
    "publication": "taihu report list shows them",
    "figure": "taihu explain list shows them",
}
_ARRIVAL = (
    *("id", "source", "state", "reason", "sha256", "size", "kind", "received_at", "landed_at", "sequence"),
    *("rows", "layout", "totals_state", "envelope", "reading"),
)


class ArrivalVerbs(CollectVerbs, StampVerbs):
    """What was received and what became of it."""

    def arrivals(
        self, *, source: str | None = None, states: Iterable[str] | None = None, sha256: str | None = None, ids: Sequence[str] | None = None
    ) -> list[Arrival]:
        """Arrivals in the order of landing.

        Args:
            source: Only of this source.
            states: Only in these states.
            sha256: Only with this content; finds what was received before.
            ids: Only these.
        """
        if ids is not None:
            found = [arrival for part in chunks(list(dict.fromkeys(ids))) for arrival in self._arrivals(source, states, sha256, part)]
            return sorted(found, key=lambda arrival: arrival.sequence)
        return self._arrivals(source, states, sha256, None)

    def arrival(self, id_or_prefix: str) -> Arrival:
        """One arrival by its id or the first characters of it.

        Raises:
            NotFound: None has it, or more than one has.
        """
        table = self._t.arrival
        return self._loaded(table.select().where(table.c.id == self._full_id(table, id_or_prefix, "arrival")))[0]

    def arrivals_decided(
        self,
        source: str,
        decisions: Sequence[ArrivalDecision],
        *,
        table: str | None = None,
        version: int | None = None,
        stamps: Mapping[str, str] | None = None,
    ) -> None:
        """What reading and checking made of arrivals, with the partition stamps of the table they were written to, in one transaction.

        Deciding again replaces what an earlier decision left: scopes, notes, quarantined rows, holds.

        Args:
            source: The arrivals' source.
            decisions: One for each arrival.
            table: The clean table that was written.
            version: Its version.
            stamps: Partition to content stamp of the partitions that were written.
        """
        with self._write() as connection:
            decided = {row.id: row.decided for row in self._rows_of(connection, [decision.arrival_id for decision in decisions])}
            for decision in decisions:
                if decision.arrival_id not in decided:
                    raise NotFound(f"there is no arrival {decision.arrival_id}")
            full = [decision for decision in decisions if decision.state != "superseded"]
            self._forget(connection, [decision.arrival_id for decision in full if decided[decision.arrival_id]])
            self._write_readings(connection, decisions)
            self._write_scopes(connection, source, full)
            self._write_findings(connection, source, full)
            self._write_holds(connection, source, decisions, [arrival_id for arrival_id, before in decided.items() if before])
            now = self._now()
            self._outcomes(
                connection,
                [
                    Outcome("decide", each.arrival_id, each.state, each.reason, each.detail, each.rows + len(each.refusals), each.rows, now)
                    for each in decisions
                ],
            )
            if table is not None:
                self._stamp(connection, table, stamps or {}, version=version, definition=None, removed=())

    def quarantined(self, *, arrival: str | None = None, source: str | None = None) -> list[QuarantinedRow]:
        """Refused rows: codes and places."""
        return [
            QuarantinedRow(row.arrival_id, row.source, row.reason, self._sealer.open(row.position, "quarantine.position"), row.column)
            for row in self._findings(self._t.quarantine, arrival, source)
        ]

    def quarantine_counts(self, *, source: str | None = None) -> dict[tuple[str, str], int]:
        """Number of refused rows by arrival and reason, without opening a seal."""
        from sqlalchemy import func

        table = self._t.quarantine
        query = (
            table.select().with_only_columns(table.c.arrival_id, table.c.reason, func.count()).group_by(table.c.arrival_id, table.c.reason)
        )
        if source is not None:
            query = query.where(table.c.source == source)
        with self._read() as connection:
            return {(arrival_id, reason): count for arrival_id, reason, count in connection.execute(query)}

    def notes(self, *, arrival: str | None = None, source: str | None = None) -> list[NoteRow]:
        """What was noticed about arrivals."""
        return [
            NoteRow(
                row.arrival_id,
                row.source,
                row.reason,
                self._sealer.open(row.position, "note.position"),
                row.column,
                self._sealer.open(row.detail, "note.detail"),
            )
            for row in self._findings(self._t.note, arrival, source)
        ]

    def items_rejected(self, source: str, reasons: Collection[str]) -> list[Arrival]:
        """Arrivals whose item counts as fetched and which were rejected for one of these reasons, oldest first."""
        item, arrival = self._t.item, self._t.arrival
        fetched = item.select().with_only_columns(item.c.arrival_id).where(item.c.source == source)
        query = arrival.select().where(arrival.c.state == "rejected", arrival.c.reason.in_(list(reasons)), arrival.c.id.in_(fetched))
        return self._loaded(query.order_by(arrival.c.sequence))

    def winners(self, source: str) -> dict[tuple[str, dt.date], str]:
        """For each party and day the arrival that speaks for it."""
        return winners_of(self._arrivals(source, ("accepted", "nil"), None, None))

    def _arrivals(self, source: str | None, states: Iterable[str] | None, sha256: str | None, ids: Sequence[str] | None) -> list[Arrival]:
        table = self._t.arrival
        query = table.select().order_by(table.c.sequence)
        if source is not None:
            query = query.where(table.c.source == source)
        if states is not None:
            query = query.where(table.c.state.in_([states] if isinstance(states, str) else list(states)))
        if sha256 is not None:
            query = query.where(table.c.sha256 == sha256)
        if ids is not None:
            query = query.where(table.c.id.in_(list(ids)))
        return self._loaded(query)

    def _loaded(self, query: Select[Any]) -> list[Arrival]:
        scope, arrival = self._t.scope, self._t.arrival
        wanted = query.with_only_columns(arrival.c.id).order_by(None)
        parts = scope.select().with_only_columns(*(scope.c[name] for name in ("arrival_id", "party", "day_from", "day_to", "is_nil")))
        with self._read() as connection:
            rows = connection.execute(query.with_only_columns(*(arrival.c[name] for name in _ARRIVAL))).all()
            spoken = connection.execute(parts.where(scope.c.arrival_id.in_(wanted)).order_by(scope.c.arrival_id, scope.c.ordinal)).all()
        scopes: dict[str, list[Scope]] = {}
        for arrival_id, party, first, end, is_nil in spoken:
            scopes.setdefault(arrival_id, []).append(Scope(self._named("party", party), Span(day_out(first), day_out(end)), is_nil))
        return [self._arrival_of(row, tuple(scopes.get(row[0], ()))) for row in rows]

    def _arrival_of(self, row: Sequence[Any], scopes: tuple[Scope, ...]) -> Arrival:
        """The arrival of a row with the columns of ``_ARRIVAL``."""
        id_, source, state, reason, sha256, size, kind, received_at, landed_at, sequence, rows, layout, totals_state, sealed, read = row
        envelope = self._open_json(sealed, f"arrival.envelope:{id_}")
        reading = self._open_json(read, f"arrival.reading:{id_}") if read else {}
        return Arrival(
            id=id_,
            source=source,
            state=state,
            reason=reason,
            detail=reading.get("detail", ""),
            sha256=sha256,
            size=size,
            kind=kind,
            item_key=envelope["key"],
            name=envelope["name"],
            meta=envelope["meta"],
            received_at=instant_out(received_at),
            landed_at=instant_out(landed_at),
            sequence=sequence,
            scopes=scopes,
            rows=rows,
            layout=layout,
            header_cells=reading.get("header_cells", {}),
            totals_state=totals_state,
            totals=tuple(_total_out(total) for total in reading.get("totals", ())),
        )

    def _rows_of(self, connection: Connection, ids: Sequence[str]) -> list[Any]:
        """Id, and whether it was decided before."""
        table = self._t.arrival
        query = table.select().with_only_columns(table.c.id, table.c.reading.is_not(None).label("decided"))
        return [row for part in chunks(ids) for row in connection.execute(query.where(table.c.id.in_(list(part))))]

    def _forget(self, connection: Connection, ids: Sequence[str]) -> None:
        for part in chunks(ids):
            for table in (self._t.scope, self._t.quarantine, self._t.note):
                connection.execute(table.delete().where(table.c.arrival_id.in_(list(part))))

    def _write_readings(self, connection: Connection, decisions: Sequence[ArrivalDecision]) -> None:
        from sqlalchemy import bindparam

        changes: dict[str, list[dict[str, Any]]] = {"full": [], "kept": []}
        for each in decisions:
            facts = {"which": each.arrival_id, "state": each.state, "reason": each.reason}
            if each.state == "superseded":
                changes["kept"].append({**facts, "reading": self._reading_kept(connection, each)})
            else:
                known = {"rows": each.rows, "layout": each.layout, "totals_state": _totals_state(each.totals)}
                changes["full"].append({**facts, **known, "reading": self._reading_of(each)})
        table = self._t.arrival
        plain = table.update().where(table.c.id == bindparam("which"))
        kinds = [{"which": each.arrival_id, "kind": each.kind} for each in decisions if each.kind]
        for rows in (*changes.values(), kinds):
            if rows:
                connection.execute(plain.values({name: bindparam(name) for name in rows[0] if name != "which"}), rows)

    def _reading_of(self, decision: ArrivalDecision) -> bytes:
        reading = {
            "detail": decision.detail,
            "header_cells": dict(decision.header_cells),
            "totals": [_total_in(total) for total in decision.totals],
        }
        return self._seal_json(reading, f"arrival.reading:{decision.arrival_id}")

    def _reading_kept(self, connection: Connection, decision: ArrivalDecision) -> bytes:
        """What was known of a superseded arrival, with the decision's detail."""
        table, context = self._t.arrival, f"arrival.reading:{decision.arrival_id}"
        row = connection.execute(table.select().where(table.c.id == decision.arrival_id)).one()
        reading = self._open_json(row.reading, context) if row.reading else {"header_cells": {}, "totals": []}
        return self._seal_json({**reading, "detail": decision.detail}, context)

    def _write_scopes(self, connection: Connection, source: str, decisions: Sequence[ArrivalDecision]) -> None:
        rows = [
            {
                "arrival_id": each.arrival_id,
                "ordinal": number,
                "source": source,
                "party": self._known("party", scope.party),
                "day_from": scope.span.start.isoformat(),
                "day_to": scope.span.end.isoformat(),
                "is_nil": scope.is_nil,
            }
            for each in decisions
            for number, scope in enumerate(each.scopes)
        ]
        if rows:
            connection.execute(self._t.scope.insert(), rows)

    def _write_findings(self, connection: Connection, source: str, decisions: Sequence[ArrivalDecision]) -> None:
        refused = [
            {
                "arrival_id": each.arrival_id,
                "source": source,
                "reason": refusal.reason,
                "position": self._sealer.seal(refusal.position, "quarantine.position"),
                "column": refusal.column,
            }
            for each in decisions
            for refusal in each.refusals
        ]
        noticed = [
            {
                "arrival_id": each.arrival_id,
                "source": source,
                "reason": note.reason,
                "position": self._sealer.seal(note.position, "note.position"),
                "column": note.column,
                "detail": self._sealer.seal(note.detail, "note.detail"),
            }
            for each in decisions
            for note in each.notes
        ]
        if refused:
            connection.execute(self._t.quarantine.insert(), refused)
        if noticed:
            connection.execute(self._t.note.insert(), noticed)

    def _write_holds(
        self, connection: Connection, source: str, decisions: Sequence[ArrivalDecision], decided_before: Sequence[str]
    ) -> None:
        """Open a hold for each held arrival; whatever else was decided ends the holds that an earlier decision opened."""
        table = self._t.hold
        now = self._now_text()
        held = {each.arrival_id: derived_id("hold", each.arrival_id, each.reason) for each in decisions if each.state == "held"}
        since: dict[str, str] = {}
        for part in chunks(decided_before):
            old = connection.execute(table.select().where(table.c.arrival_id.in_(list(part)), table.c.released_at.is_(None))).all()
            for row in old:
                since[row.id] = row.opened_at
                if row.id != held.get(row.arrival_id):
                    connection.execute(table.update().where(table.c.id == row.id).values(released_at=now, ended="decided anew"))
        opened = []
        for each in decisions:
            if each.state == "held":
                hold_id, first = held[each.arrival_id], next(iter(each.scopes), None)
                opened.append(
                    {
                        "id": hold_id,
                        "arrival_id": each.arrival_id,
                        "source": source,
                        "party": self._known("party", first.party if first else ""),
                        "day_from": first.span.start.isoformat() if first else None,
                        "day_to": first.span.end.isoformat() if first else None,
                        "reason": each.reason,
                        "detail": self._sealer.seal(each.detail, f"hold:{hold_id}"),
                        "opened_at": since.get(hold_id, now),
                        "released_at": None,
                        "ended": "",
                    }
                )
        self._put(connection, table, opened)

    def _findings(self, table: Any, arrival: str | None, source: str | None) -> Sequence[Any]:
        query = table.select().order_by(table.c.sequence)
        if arrival is not None:
            query = query.where(table.c.arrival_id == arrival)
        if source is not None:
            query = query.where(table.c.source == source)
        with self._read() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return rows

    def _full_id(self, table: Any, id_or_prefix: str, what: str) -> str:
        """The one id of a table that starts with these characters."""
        query = table.select().with_only_columns(table.c.id).limit(2)
        if len(id_or_prefix) >= _SHORTEST_PREFIX:
            with self._read() as connection:
                exact = connection.execute(query.where(table.c.id == id_or_prefix)).first()
                found = connection.execute(query.where(table.c.id.startswith(id_or_prefix, autoescape=True)).distinct()).all()
            if exact or len(found) == 1:
                return str((exact or found[0])[0])
            if found:
                raise NotFound(f"more than one {what} starts with {id_or_prefix}", fix="give more characters of its id")
        raise NotFound(
            f"there is no {what} {id_or_prefix}", fix=_LISTED.get(what, f"give at least {_SHORTEST_PREFIX} characters of its id")
        )


def _totals_state(totals: Sequence[StatedTotal]) -> TotalsState:
    if any(total.agrees is False for total in totals):
        return "disagree"
    return "agree" if any(total.agrees for total in totals) else "absent"


def _total_in(total: StatedTotal) -> list[str | None]:
    return [
        total.label,
        total.column,
        format(total.stated, "f"),
        None if total.computed is None else format(total.computed, "f"),
        total.position,
    ]


def _total_out(stored: Sequence[Any]) -> StatedTotal:
    label, column, stated, computed, position = stored
    return StatedTotal(label, column, Decimal(stated), None if computed is None else Decimal(computed), position)
