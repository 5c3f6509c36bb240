"""Which of a source's arrivals counts: the one that was received last, whenever it was landed, read or released.

A mail that could only be fetched on the second try, or a file that a person lets through a week later, does not overtake its
own correction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from taihu.ledger.records import Arrival, ArrivalState
from taihu.manifest.tree import Source
from taihu.run.intake import Intake, envelope_party, stop

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.references import References

Winners = Mapping[tuple[str, dt.date], str]
Claims = Mapping[tuple[str, dt.date], str]


def order_of(arrival: Arrival) -> tuple[dt.datetime, int]:
    """By this arrivals of a source follow each other; the ledger's winners are chosen by the same."""
    return (arrival.received_at or arrival.landed_at, arrival.sequence)


class Standing:
    """The arrivals of one source with what has become of them, this run's included.

    Args:
        winners: Arrival of each party and day before this run.
    """

    def __init__(self, ws: Workspace, source: Source, winners: Winners) -> None:
        self._source = source
        self._winners = winners
        known = sorted(ws.ledger.arrivals(source=source.name), key=order_of)
        self.ordered = [arrival.id for arrival in known]
        self._order = {arrival.id: order_of(arrival) for arrival in known}
        self._by_content: dict[str, list[tuple[str, ArrivalState, str]]] = {}
        for arrival in known:
            if arrival.state != "landed":
                self._by_content.setdefault(arrival.sha256, []).append((arrival.id, arrival.state, arrival.kind))
        accepted = [arrival.id for arrival in known if arrival.state == "accepted"]
        self._current = set(accepted[-1:] if source.file.load == "snapshot" else winners.values())

    def took(self, intake: Intake) -> None:
        """An arrival of this run has been judged."""
        arrival = intake.arrival
        self._by_content.setdefault(arrival.sha256, []).append((arrival.id, intake.state, intake.kind))
        if intake.state in ("accepted", "nil"):
            if self._source.file.load == "snapshot":
                self._current = {max({arrival.id, *self._current}, key=lambda each: self._order[each])}
            else:
                self._current.add(arrival.id)

    def is_overtaken(self, arrival: Arrival) -> bool:
        """Whether a snapshot that was received later counts."""
        return arrival.id not in self._current

    def twin_of(self, arrival: Arrival, references: References) -> Intake | None:
        """The verdict on bytes that came before; None if they have to be read.

        What counts now or waits for a person is put aside; what something newer has replaced is held. Bytes that were rejected
        are rejected again for their own reason, and a nil return speaks for the next period that is owed.
        """
        twins = [twin for twin in self._by_content.get(arrival.sha256, ()) if twin[0] != arrival.id]
        if not twins:
            return None
        states = {state for _, state, _ in twins}
        twin, _, kind = twins[-1]
        again = Intake(arrival, "superseded", "identical_content", kind=kind)
        current = [each for each, _, _ in twins if each in self._current]
        if "nil" in states:
            owed = references.oldest_owed(self._source, arrival, envelope_party(self._source, arrival, references))
            return None if owed else replace(again, detail=current[-1] if current else twin)
        if "rejected" in states:
            return None
        waiting = [each for each, state, _ in twins if state == "held"]
        if current or waiting:
            return replace(again, detail=[*waiting, *current][-1])
        return stop(again, "identical_content", twin)

    def claims(self, intakes: Iterable[Intake]) -> Claims:
        """Arrival of each party and day that this run's arrivals speak for and that nothing received later speaks for."""
        claims: dict[tuple[str, dt.date], str] = {}
        for intake in intakes:
            if intake.state not in ("accepted", "nil"):
                continue
            own = intake.arrival.id
            for scope in intake.scopes:
                for day in scope.span.days():
                    at = (scope.party, day)
                    other = claims.get(at) or self._winners.get(at)
                    if other is None or self._order[other] <= self._order[own]:
                        claims[at] = own
        return claims
