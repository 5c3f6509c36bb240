"""What the checks are told about an arrival, and what they say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.core.types import Note, Refusal, Span

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.china.calendar import Calendar

Lookup = Callable[[str], "pa.Table | None"]


def _absent(_: str) -> None:
    return None


def _nothing() -> None:
    return None


def _no_gap(_: str) -> bool:
    return False


def _none_owed(_: str) -> Collection[dt.date]:
    return ()


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a rule may look at besides the arrival's own rows.

    Attributes:
        party: The party whose rows these are; empty if the source is its own party.
        party_column: Column that holds the party in files of several parties.
        spans: Days that the arrival speaks for.
        reference: The current rows of a reference table by its name (``clean.price_list``); None or no rows if there is none.
        previous: A party's accepted rows before this arrival, all days or the last ones; None if there are none.
        has_gap: Whether a party still owes days between what was accepted before and this arrival.
        owed: Days that a party has to cover with this delivery and that nothing has been accepted for.
        known: Days that are owed or were delivered before; rows elsewhere are outside the period.
        valid: Days on which a party is valid; None where its reference table does not limit them.
        calendar: Working calendar; without it no series is judged.
        accepted: For a source that is appended to: its rows from other arrivals.
        packs: Reference table with ``product_code, each_unit, pack_unit, pack_size, vat_rate``.
        zone: Zone of business days.
        rows_in: Rows before cleaning, and ``refusals`` of cleaning: both count towards the quarantine budget.
        released_rows: Places whose rows a person has let in; rules refuse them no more.
    """

    party: str = ""
    party_column: str | None = None
    spans: Sequence[Span] = ()
    reference: Lookup = _absent
    previous: Lookup = _absent
    has_gap: Callable[[str], bool] = _no_gap
    owed: Callable[[str], Collection[dt.date]] = _none_owed
    known: Span | None = None
    valid: Callable[[str], Span | None] = _absent
    calendar: Calendar | None = None
    accepted: Callable[[], pa.Table | None] = _nothing
    packs: str = "clean.erp_products"
    zone: str = "Asia/Shanghai"
    rows_in: int = 0
    refusals: Sequence[Refusal] = ()
    released_rows: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """A value that the contract lets the rows vote on (``repair: vote``): row number, column, new value, and what the ledger is told."""

    row: int
    column: str
    value: Any
    note: Note


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of all checks of one arrival.

    Attributes:
        refusals: Rows that must not be used (rules with ``else: quarantine``).
        hold: Reason code why the whole arrival must wait, or None.
        hold_detail: One sentence for people, without values of rows.
        notes: Everything else that was noticed, with its place where there is one.
        passed: Names of the rules that held.
        repairs: Values to take in place of the sent ones, where the contract says so.
    """

    refusals: Sequence[Refusal]
    hold: str | None
    hold_detail: str
    notes: Sequence[Note]
    passed: Sequence[str]
    repairs: Sequence[Repair] = ()


@dataclass(slots=True)
class Finding:
    """One broken rule: ``places`` are positions of rows; without any, the whole arrival is meant."""

    reason: str
    detail: str
    places: Sequence[str] = ()
    column: str = ""
    of_file: bool = False


@dataclass(slots=True)
class Tally:
    """Collects findings by what their rule says must happen."""

    refusals: list[Refusal] = field(default_factory=list)
    holds: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)

    def take(self, rule: str, findings: Sequence[Finding], otherwise: str) -> None:
        """Book the findings of one rule whose ``else`` is ``otherwise``."""
        if not findings:
            self.passed.append(rule)
        for finding in findings:
            if otherwise == "quarantine" and finding.places and not finding.of_file:
                self.refusals += [Refusal(finding.reason, place, finding.column) for place in finding.places]
                continue
            self.notes += _notes(finding)
            if otherwise == "hold" or (otherwise == "quarantine" and finding.of_file):
                self.holds.append(finding)


_MOST_NOTES = 50


def _notes(finding: Finding) -> list[Note]:
    if not finding.places:
        return [Note(finding.reason, column=finding.column, detail=finding.detail)]
    shown = finding.places[:_MOST_NOTES]
    notes = [Note(finding.reason, place, finding.column, finding.detail) for place in shown]
    if len(finding.places) > len(shown):
        notes.append(
            Note(finding.reason, finding.places[len(shown)], finding.column, f"and {len(finding.places) - len(shown)} more from here on")
        )
    return notes
