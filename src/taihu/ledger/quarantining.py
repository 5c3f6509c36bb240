"""Verbs of quarantine: what a person says of a refused row, and files that are to be read once more.

A row is named by its arrival and its place in the file, never by its content. Decisions are kept apart from the refusals, so they
outlive every reading anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from taihu.ledger.deciding import DecidingVerbs
from taihu.ledger.records import Decision

if TYPE_CHECKING:
    from sqlalchemy import Connection

RowDecision = Literal["release", "reject", "undo"]
_KINDS = ("quarantine.release", "quarantine.reject", "quarantine.undo")


class QuarantineVerbs(DecidingVerbs):
    """Decisions on refused rows."""

    def rows_decided(self, kind: RowDecision, arrival_id: str, positions: Sequence[str], *, who: str, why: str) -> None:
        """A person lets refused rows in, puts them aside for good, or takes either back; audited, in one transaction.

        What lets rows in or takes that back makes the arrival ``landed``: the next run reads it again.
        """
        before = self.row_decisions()
        moved = kind == "release" or any(_is(before.get((arrival_id, each)), "release") for each in positions)
        with self._write() as connection:
            for position in positions:
                self._decide(connection, f"quarantine.{kind}", f"{arrival_id}/{position}", who=who, why=why)
            if moved:
                self._read_again(connection, [arrival_id])

    def row_decisions(self) -> dict[tuple[str, str], Decision]:
        """What stands decided, by arrival and place; its kind is ``quarantine.release`` or ``quarantine.reject``."""
        found: dict[tuple[str, str], Decision] = {}
        for decision in self.decisions(kinds=_KINDS):
            arrival_id, position = decision.subject.split("/", 1)
            if decision.kind == "quarantine.undo":
                found.pop((arrival_id, position), None)
            else:
                found[arrival_id, position] = decision
        return found

    def released_rows(self) -> dict[str, frozenset[str]]:
        """Places whose rows a person has let in, by arrival."""
        found: dict[str, set[str]] = {}
        for (arrival_id, position), decision in self.row_decisions().items():
            if _is(decision, "release"):
                found.setdefault(arrival_id, set()).add(position)
        return {arrival_id: frozenset(places) for arrival_id, places in found.items()}

    def undecided_counts(self) -> dict[tuple[str, str], int]:
        """Number of refused rows by arrival and reason, less those that a person has put aside."""
        counts = Counter(self.quarantine_counts())
        aside: dict[str, set[str]] = {}
        for (arrival_id, position), decision in self.row_decisions().items():
            if _is(decision, "reject"):
                aside.setdefault(arrival_id, set()).add(position)
        for arrival_id, places in aside.items():
            counts.subtract((row.arrival_id, row.reason) for row in self.quarantined(arrival=arrival_id) if row.position in places)
        return {key: count for key, count in counts.items() if count > 0}

    def read_again(self, arrival_ids: Sequence[str], *, who: str, why: str) -> None:
        """The next run reads these arrivals once more, by the contract as it is then; audited."""
        with self._write() as connection:
            for arrival_id in arrival_ids:
                self._decide(connection, "quarantine.rerun", arrival_id, who=who, why=why)
            self._read_again(connection, arrival_ids)

    def _read_again(self, connection: Connection, arrival_ids: Sequence[str]) -> None:
        table = self._t.arrival
        where = (table.c.id.in_(list(arrival_ids)), table.c.state.in_(("accepted", "held")))
        connection.execute(table.update().where(*where).values(state="landed"))


def _is(decision: Decision | None, kind: RowDecision) -> bool:
    return decision is not None and decision.kind == f"quarantine.{kind}"
