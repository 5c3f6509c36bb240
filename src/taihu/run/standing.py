"""Which of a source's arrivals counts: the one that was received last, whenever it was landed, read or released.

A mail that could only be fetched on the second try, or a file that a person lets through a week later, does not overtake its
own correction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from taihu.core.types import Scope, Span
from taihu.ledger.records import Arrival, ArrivalState
from taihu.manifest.tree import Source
from taihu.run.intake import Intake, envelope_party, stop
from taihu.run.meant import stated_span

if TYPE_CHECKING:
    from taihu.run.recorded import Recorded
    from taihu.run.references import References

Winners = Mapping[tuple[str, dt.date], str]
Claims = Mapping[tuple[str, dt.date], str]


def order_of(arrival: Arrival) -> tuple[dt.datetime, int]:
    """By this arrivals of a source follow each other; the ledger's winners are chosen by the same."""
    return (arrival.received_at or arrival.landed_at, arrival.sequence)


class Standing:
    """The arrivals of one source with what has become of them, this run's included.

    Args:
        known: What is recorded of it.
        winners: Arrival of each party and day before this run.
    """

    def __init__(self, source: Source, known: Recorded, winners: Winners) -> None:
        self._source = source
        self._winners = winners
        arrivals = sorted(known.arrivals, key=order_of)
        self.ordered = [arrival.id for arrival in arrivals]
        self._order = {arrival.id: order_of(arrival) for arrival in arrivals}
        self._known = {arrival.id: arrival for arrival in arrivals}
        self._by_content: dict[str, list[tuple[str, ArrivalState, str]]] = {}
        for arrival in arrivals:
            if arrival.state != "landed":
                self._by_content.setdefault(arrival.sha256, []).append((arrival.id, arrival.state, arrival.kind))
        accepted = [arrival.id for arrival in arrivals if arrival.state == "accepted"]
        self._current = set(accepted[-1:] if source.file.load == "snapshot" else winners.values())

    def took(self, intake: Intake) -> None:
        """An arrival of this run has been judged."""
        arrival = intake.arrival
        self._by_content.setdefault(arrival.sha256, []).append((arrival.id, intake.state, intake.kind))
        self._known[arrival.id] = replace(arrival, scopes=tuple(intake.scopes), state=intake.state)
        if intake.state in ("accepted", "nil"):
            if self._source.file.load == "snapshot" and intake.rows is None:
                self._current.add(arrival.id)  # says the same as what counts
            elif self._source.file.load == "snapshot":
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
        if current and self._source.file.load == "snapshot" and self._source.file.expect is not None:
            return replace(again, state="accepted", detail=current[-1], scopes=self._spoken_again(arrival, current[-1], references))
        stranger = self._stranger(arrival, [each for each, _, _ in twins], references)
        if stranger is not None:
            party = envelope_party(self._source, arrival, references)
            return stop(replace(again, scopes=references.presumed_scopes(self._source, arrival, party)), "identical_content", stranger)
        waiting = [each for each, state, _ in twins if state == "held"]
        if current or waiting:
            return replace(again, detail=[*waiting, *current][-1])
        return stop(again, "identical_content", twin)

    def _spoken_again(self, arrival: Arrival, twin: str, references: References) -> tuple[Scope, ...]:
        """What an unchanged table speaks for: the day that it states, or on which it came."""
        before, received = self._known[twin], (arrival.received_at or arrival.landed_at).astimezone(references.zone).date()
        rule = self._source.file.period
        span: Span | None = Span(received, received + dt.timedelta(days=1))
        if rule.found_in in ("file name", "subject"):
            span = stated_span(rule, arrival, received) or span
        elif rule.found_in in ("sheet", "cell", "label") or (rule.found_in == "rows" and self._source.file.business_date):
            return before.scopes
        parties = dict.fromkeys(scope.party for scope in before.scopes) or {self._source.name: None}
        return tuple(Scope(party, span) for party in parties if span)

    def _stranger(self, arrival: Arrival, twins: Iterable[str], references: References) -> str | None:
        """The twin that makes this content suspicious: all twins came from other parties, or were meant for other days."""
        if self._source.file.load == "snapshot" or self._source.file.read.kinds == ("typed",):
            return None
        mine, last = self._meant(arrival, references), None
        for twin in twins:
            theirs = self._meant(self._known[twin], references)
            same_party = mine[0] == theirs[0] or None in (mine[0], theirs[0])
            same_days = mine[1] == theirs[1] or None in (mine[1], theirs[1])
            if same_party and same_days:
                return None
            last = twin
        return last

    def _meant(self, arrival: Arrival, references: References) -> tuple[str | None, Span | None]:
        """Party and days by the envelope alone; None where it does not tell."""
        received = (arrival.received_at or arrival.landed_at).astimezone(references.zone).date()
        return envelope_party(self._source, arrival, references), stated_span(self._source.file.period, arrival, received)

    def overtaken(self, intakes: Iterable[Intake], claims: Claims) -> list[str]:
        """Held arrivals of which everything that they would speak for has been told by something received later."""
        held = {id_: arrival.scopes for id_, arrival in self._known.items() if arrival.state == "held"}
        held |= {intake.arrival.id: tuple(intake.scopes) for intake in intakes if intake.state == "held"}
        if self._source.file.load == "snapshot":
            newest = max((self._order[each] for each in self._current), default=None)
            return [each for each in held if newest is not None and self._order[each] < newest]
        if self._source.file.load != "replace":
            return []
        winners = {**self._winners, **claims}
        gone = []
        for each, scopes in held.items():
            days = [(scope.party, day) for scope in scopes for day in scope.span.days()]
            if days and all(at in winners and self._order[winners[at]] > self._order[each] for at in days):
                gone.append(each)
        return gone

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
