"""A day that a party need not report: a person's decision with a reason, on record, that may be taken back.

A waiver is kept apart from what is owed: it may come before the day is owed (a warehouse that closes next week), it outlives every
judging anew, and what comes after all is taken as ever.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.core.errors import NotFound, UsageError
from taihu.core.types import Span
from taihu.ledger.records import ExpectationState
from taihu.run.operations import PartyNames
from taihu.run.owing import judge_all
from taihu.run.references import References

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WaivedDay:
    """One day of a waiver: its state before, and after it (None: not owed, or not owed yet)."""

    day: dt.date
    before: ExpectationState | None
    after: ExpectationState | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """What a waiver does, or would do."""

    source: str
    party: str
    name: str
    span: Span
    days: Sequence[WaivedDay]
    undo: bool = False

    @property
    def changed(self) -> int:
        """Days whose state it changes now."""
        return sum(day.before != day.after for day in self.days)


def plan_waiver(ws: Workspace, source: str, party: str, span: Span, *, undo: bool = False) -> Waiver:
    """What a waiver would change; nothing is written.

    Args:
        party: Key or name of the party; the source's own name where it is its own party.
        undo: The waiver is taken back.

    Raises:
        UsageError: There is no such source, or nobody owes anything in it.
        NotFound: There is no such party, or nothing to take back.
    """
    if ws.tree.source(source).file.expect is None:
        raise UsageError(f"nothing is expected of {source}", where=f"sources/{source}/source.yml", fix="only what is owed can be waived")
    key, name = _party_of(ws, source, party)
    known = {debt.day: debt.state for debt in ws.ledger.expectations(source=source, span=span) if debt.party == key}
    waived = {day for owner, day in ws.ledger.waivers([source])[source] if owner == key}
    if undo and not waived.intersection(span.days()):
        raise NotFound(f"nothing of {key} is waived in {span}", where=source, fix="taihu status shows what is waived")
    days = [WaivedDay(day, known.get(day), _after(known.get(day), undo=undo)) for day in span.days()]
    return Waiver(source, key, name, span, days, undo)


def waive(ws: Workspace, source: str, party: str, span: Span, *, who: str, why: str, undo: bool = False) -> Waiver:
    """Waive the days of a party, or take that back, and judge the source anew.

    Raises:
        AccessRefused: ``roles.yml`` names who may waive, and ``who`` is not among them.
        UsageError: No reason is given, there is no such source, or nobody owes anything in it.
        NotFound: There is no such party, or nothing to take back.
    """
    from taihu.guard.roles import require

    if not why.strip():
        raise UsageError("a day is waived for a reason", fix="add --because REASON")
    planned = plan_waiver(ws, source, party, span, undo=undo)
    require(ws.tree.roles, who, "waive")
    ws.ledger.waived(source, planned.party, span, who=who, why=why, undo=undo)
    judged = {debt.day: debt.state for debt in judge_all(ws, [source]) if debt.party == planned.party}
    days = [WaivedDay(day.day, day.before, judged.get(day.day)) for day in planned.days]
    return Waiver(source, planned.party, planned.name, span, days, undo)


def _after(state: ExpectationState | None, *, undo: bool) -> ExpectationState | None:
    """What a day becomes; a waiver changes nothing of what has come."""
    if state in (None, "arrived", "late", "nil"):
        return state
    return ("missing" if state == "waived" else state) if undo else "waived"


def _party_of(ws: Workspace, source: str, text: str) -> tuple[str, str]:
    """Key and name of a party by either."""
    names = PartyNames(ws)
    parties = {party.key: names.name(source, party.key) for party in References(ws, ws.tree.sources[source]).parties}
    found = [key for key, name in parties.items() if text in (key, name)]
    if len(found) == 1:
        return found[0], parties[found[0]]
    if len(found) > 1:
        raise NotFound(f"{len(found)} parties of {source} are called {text}", fix=f"give the key: {', '.join(found)}")
    some = ", ".join(list(parties)[:8]) + (", ..." if len(parties) > 8 else "")
    raise NotFound(f"{source} has no party {text!r}", fix=f"parties: {some}")
