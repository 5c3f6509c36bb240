"""What the documents say of the data: counts and versions, read once from ledger and lake.

Only counts leave here, never names, subjects or values, so the documents can be shown to anybody. There is no clock: the
documents are as old as the newest thing they speak of, and the same ledger and lake give the same documents.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.check.scorecard import Card, by_source, scorecard
from taihu.core.figures import ReportFigures
from taihu.ledger.records import winners_of

if TYPE_CHECKING:
    from taihu.lake.tables import Tables
    from taihu.ledger import Ledger
    from taihu.ledger.records import Arrival, Publication

NOTHING_YET = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class TableState:
    """A table of the lake as it stands."""

    name: str
    version: int
    rows: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """What came from one source: files by state, rows read, rows refused, newest business day that is in."""

    name: str
    states: Mapping[str, int]
    rows: int = 0
    quarantined: int = 0
    newest: dt.date | None = None

    @property
    def received(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class PublicationState:
    """A published version of a report."""

    id: str
    report: str
    version: int
    span: str
    issued_at: dt.datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the documents say beyond the project's own files.

    Attributes:
        as_of: Instant of the newest publication or arrival; :data:`NOTHING_YET` before the first.
        reasons: Held and rejected files by reason code.
        quarantine: Refused rows by reason code.
        totals: Files by whether their stated totals agree with their rows (``agree``, ``disagree``, ``absent``).
        debts: What was owed, by state.
        cards: Quality of each source over all days.
        figures: The newest daily figures of everybody's data, for the slides.
        score: A score of a simulated company, where there is one.
    """

    as_of: dt.datetime = NOTHING_YET
    tables: Mapping[str, TableState] = field(default_factory=dict)
    sources: Mapping[str, SourceState] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    quarantine: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    debts: Mapping[str, int] = field(default_factory=dict)
    cards: Sequence[Card] = ()
    publications: Sequence[PublicationState] = ()
    figures: ReportFigures | None = None
    score: Mapping[str, Any] | None = None

    @property
    def has_data(self) -> bool:
        return any(source.received for source in self.sources.values())

    @property
    def files(self) -> Counter[str]:
        """Files of all sources by state."""
        total: Counter[str] = Counter()
        for source in self.sources.values():
            total.update(source.states)
        return total

    def rows(self, table: str) -> int | None:
        """Rows of a table; None if it is not in the lake yet."""
        return self.tables[table].rows if table in self.tables else None


def state_of(
    ledger: Ledger,
    tables: Tables,
    *,
    figures: ReportFigures | None = None,
    score: Mapping[str, Any] | None = None,
    zone: dt.tzinfo = dt.UTC,
) -> State:
    """Read the state of a project.

    Args:
        ledger: The project's ledger.
        tables: The project's lake tables.
        figures: The newest figures of everybody's data; the slides show them.
        score: What ``taihu demo --score`` found, if this is a simulated company.
        zone: The project's zone.
    """
    arrivals, publications, debts = ledger.arrivals(), ledger.publications(), ledger.expectations()
    quarantine = ledger.quarantine_counts()
    reasons = Counter[str]()
    for (_, reason), count in quarantine.items():
        reasons[reason] += count
    return State(
        as_of=max([NOTHING_YET, *(a.landed_at for a in arrivals), *(p.issued_at for p in publications)]),
        tables={name: TableState(name, tables.version(name), tables.row_count(name)) for name in sorted(tables.names())},
        sources=_sources(ledger, arrivals, quarantine),
        reasons=dict(sorted(Counter(a.reason for a in arrivals if a.state in ("held", "rejected")).items())),
        quarantine=dict(sorted(reasons.items())),
        totals=dict(sorted(Counter(a.totals_state for a in arrivals if a.state != "landed").items())),
        debts=dict(sorted(Counter(debt.state for debt in debts).items())),
        cards=by_source(scorecard(arrivals, debts, quarantine, zone)),
        publications=[_published(p) for p in publications],
        figures=figures,
        score=score,
    )


def _sources(ledger: Ledger, arrivals: Sequence[Arrival], quarantine: Mapping[tuple[str, str], int]) -> dict[str, SourceState]:
    refused = Counter[str]()
    for (arrival_id, _), count in quarantine.items():
        refused[arrival_id] += count
    own: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        own.setdefault(arrival.source, []).append(arrival)
    return {
        name: SourceState(
            name,
            dict(sorted(Counter(a.state for a in rows).items())),
            sum(a.rows for a in rows if a.state == "accepted"),
            sum(refused[a.id] for a in rows),
            max((day for _, day in winners_of(rows)), default=None),
        )
        for name, rows in sorted(own.items())
    }


def _published(publication: Publication) -> PublicationState:
    return PublicationState(
        publication.id, publication.report, publication.version, str(publication.span), publication.issued_at, publication.complete
    )
