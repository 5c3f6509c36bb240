"""Every debt judged as of now, for all sources or some: what a run writes at its end, a waiver at once, and ``status`` only shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from taihu.ledger.records import Arrival, Expectation
from taihu.manifest.tree import Source
from taihu.run.expecting import judge
from taihu.run.recorded import Recorded, recorded
from taihu.run.references import References

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


def judge_all(ws: Workspace, names: Collection[str] | None = None) -> list[Expectation]:
    """Judge the debts of these sources (or of all) and record what is new; returns them.

    Debts that are recorded and that nobody owes any more (the reference table or ``expect:`` was changed) are forgotten, unless
    something came for them.
    """
    rows: list[Expectation] = []
    expecting = _expecting(ws, names)
    known = recorded(ws, [source.name for source in expecting])
    for source in expecting:
        judged = _judged(ws, source, known[source.name])
        owed = {(debt.party, debt.day) for debt in judged}
        until = max((debt.day for debt in judged), default=dt.date.min)
        gone = [
            (debt.party, debt.day)
            for debt in known[source.name].expectations
            if debt.arrival_id is None and debt.day <= until and (debt.party, debt.day) not in owed
        ]
        if gone:
            ws.ledger.expectations_dropped(source.name, gone)
        rows += judged
    before = {debt for each in known.values() for debt in each.expectations}
    ws.ledger.expectations_set([debt for debt in rows if debt not in before])
    return rows


def judge_now(ws: Workspace, names: Collection[str] | None = None) -> list[Expectation]:
    """The debts of these sources (or of all) as they stand at this moment; nothing is recorded.

    Time alone makes a day missing: who asks an hour after the last run must not be told that it is not due yet.
    """
    expecting = _expecting(ws, names)
    known = recorded(ws, [source.name for source in expecting])
    return [debt for source in expecting for debt in _judged(ws, source, known[source.name])]


def _expecting(ws: Workspace, names: Collection[str] | None) -> list[Source]:
    return [source for name, source in ws.tree.sources.items() if source.file.expect is not None and (names is None or name in names)]


def _judged(ws: Workspace, source: Source, known: Recorded) -> list[Expectation]:
    assert source.file.expect is not None
    references = References(ws, source, known)
    arrivals = {arrival.id: arrival for arrival in known.arrivals}
    return judge(
        source.name,
        references.debts,
        winners={**_unchanged(ws, source, references, arrivals.values()), **references.winners},
        arrivals=arrivals,
        waived=references.waived,
        grace=source.file.expect.grace,
        now=ws.clock.now(),
        asked_at=_answered_at(ws, source, arrivals.values()),
        zone=references.zone,
    )


def _unchanged(ws: Workspace, source: Source, references: References, arrivals: Iterable[Arrival]) -> dict[tuple[str, dt.date], str]:
    """Days on which a whole table was asked for again and had not changed: what came before still speaks."""
    from taihu.collect import connector

    if source.file.load != "snapshot" or not connector(source.file.collect.via).says_unchanged:
        return {}
    accepted = [arrival for arrival in arrivals if arrival.state == "accepted"]
    found: dict[tuple[str, dt.date], str] = {}
    for attempt in ws.ledger.attempts(source.name):
        before = [arrival.id for arrival in accepted if arrival.landed_at <= attempt.at]
        if attempt.ok and before:
            found[source.name, attempt.at.astimezone(references.zone).date()] = before[-1]
    return found


def _answered_at(ws: Workspace, source: Source, arrivals: Iterable[Arrival]) -> dt.datetime | None:
    """When a database source last answered in full and all its answers were loaded; None for everything that is sent."""
    from taihu.collect import connector

    if not connector(source.file.collect.via).answers_in_full or any(arrival.state == "landed" for arrival in arrivals):
        return None
    return max((attempt.at for attempt in ws.ledger.attempts(source.name) if attempt.ok), default=None)
