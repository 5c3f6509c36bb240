"""Random mornings against a model of a few dictionaries: holds, winners, items and the audit chain never drift from it."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taihu.core.clock import FixedClock
from taihu.core.types import Item, ObjectRef, Refusal, Scope, Span
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger
from taihu.ledger.records import ArrivalDecision

START = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
FIRST = dt.date(2026, 9, 1)
SOURCES = ("mail", "portal")


class Mornings(RuleBasedStateMachine):
    """Lands, decides, decides again, releases, and closes the ledger in between."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FixedClock(START)
        self.sealer = Sealer(Keyring.create(Path(self.folder.name) / "keys", root=bytes(32)))
        self.ledger = self.opened()
        self.arrivals: dict[str, dict[str, Any]] = {}
        self.items: dict[str, set[str]] = {source: set() for source in SOURCES}
        self.holds: dict[str, str] = {}
        self.released: dict[str, set[str]] = {}
        self.audited = 0

    def opened(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.folder.name}/ledger.sqlite", sealer=self.sealer, clock=self.clock)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()

    @rule(source=st.sampled_from(SOURCES), key=st.integers(0, 5), content=st.integers(0, 3), minutes=st.integers(0, 3))
    def land(self, source: str, key: int, content: int, minutes: int) -> None:
        received = START + dt.timedelta(minutes=minutes)
        item = Item(f"k{key}", f"文件{key}", 1, received)
        arrival = self.ledger.arrival_landed(source, item, ObjectRef(f"{content:064x}", 1, "csv"))
        self.items[source].add(item.key)
        self.arrivals.setdefault(
            arrival, {"source": source, "state": "landed", "received": received, "order": len(self.arrivals), "scopes": (), "refused": 0}
        )

    @precondition(lambda self: self.arrivals)
    @rule(
        which=st.integers(0, 100),
        state=st.sampled_from(["accepted", "nil", "held", "rejected", "superseded"]),
        reason=st.sampled_from(["mojibake", "total_disagrees"]),
        days=st.lists(st.tuples(st.sampled_from(["D0001", "华东"]), st.integers(0, 3), st.integers(1, 3)), max_size=2),
        refused=st.integers(0, 2),
    )
    def decide(self, which: int, state: Any, reason: str, days: list[tuple[str, int, int]], refused: int) -> None:
        arrival = sorted(self.arrivals)[which % len(self.arrivals)]
        known = self.arrivals[arrival]
        scopes = tuple(
            Scope(party, Span(FIRST + dt.timedelta(days=first), FIRST + dt.timedelta(days=first + length))) for party, first, length in days
        )
        refusals = [Refusal("invalid_date", str(number)) for number in range(refused)]
        decision = ArrivalDecision(arrival, state, reason, scopes=scopes, refusals=refusals)
        self.ledger.arrivals_decided(known["source"], [decision])
        known["state"] = state
        if state != "superseded":
            known.update(scopes=scopes, refused=refused)
        self.holds.pop(arrival, None)
        if state == "held":
            self.holds[arrival] = reason
            self.released.get(arrival, set()).discard(reason)

    @precondition(lambda self: self.holds)
    @rule(which=st.integers(0, 100))
    def release(self, which: int) -> None:
        arrival = sorted(self.holds)[which % len(self.holds)]
        [hold] = [hold for hold in self.ledger.holds() if hold.arrival_id == arrival]
        self.ledger.hold_released(hold.id, who="lead", why="looked at")
        self.released.setdefault(arrival, set()).add(self.holds.pop(arrival))
        self.arrivals[arrival]["state"] = "landed"
        self.audited += 1

    @rule()
    def close_and_open(self) -> None:
        self.ledger.close()
        self.ledger = self.opened()

    @invariant()
    def same_as_the_model(self) -> None:
        if not hasattr(self, "ledger"):
            return
        found = {arrival.id: arrival for arrival in self.ledger.arrivals()}
        assert {name: (each.state, each.scopes) for name, each in found.items()} == {
            name: (known["state"], known["scopes"]) for name, known in self.arrivals.items()
        }
        assert {hold.arrival_id: hold.reason for hold in self.ledger.holds()} == self.holds
        for arrival, known in self.arrivals.items():
            assert self.ledger.released(arrival) == self.released.get(arrival, set())
            assert len(self.ledger.quarantined(arrival=arrival)) == known["refused"]
        for source in SOURCES:
            assert self.ledger.known_items(source) == self.items[source]
            assert self.ledger.winners(source) == self.winners(source)
        assert [entry.sequence for entry in self.ledger.audit_trail()] == list(range(1, self.audited + 1))
        assert all(stored == computed for _, _, stored, computed in self.ledger.audit_links())

    def winners(self, source: str) -> dict[tuple[str, dt.date], str]:
        """The slow, plain way."""
        best: dict[tuple[str, dt.date], tuple[dt.datetime, int, str]] = {}
        for arrival, known in self.arrivals.items():
            if known["source"] == source and known["state"] in ("accepted", "nil"):
                for scope in known["scopes"]:
                    for day in scope.span.days():
                        rank = (known["received"], known["order"], arrival)
                        best[scope.party, day] = max(best.get((scope.party, day), rank), rank)
        return {key: rank[2] for key, rank in best.items()}


TestMornings = Mornings.TestCase
TestMornings.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
