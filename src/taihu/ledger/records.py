"""What the ledger gives and takes: plain frozen values, with nothing of the database in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from taihu.core.figures import Figure
from taihu.core.types import Item, Note, Refusal, Scope, Span, StatedTotal

ArrivalState = Literal["landed", "accepted", "nil", "held", "rejected", "superseded"]
ExpectationState = Literal["expected", "arrived", "nil", "late", "missing", "rejected", "held", "waived"]
TotalsState = Literal["agree", "disagree", "absent"]
AttemptKind = Literal["away", "items", "refused", "paused", "project", "answer"]
OutboxState = Literal["pending", "sending", "sent", "failed", "ambiguous"]


class Sealer(Protocol):
    """What the ledger needs to keep names and addresses out of its file; :class:`taihu.guard.seal.Sealer` is one."""

    def seal(self, text: str, context: str = "") -> bytes: ...

    def open(self, sealed: bytes, context: str = "") -> str: ...

    def seal_bytes(self, content: bytes, context: str = "") -> bytes: ...

    def open_bytes(self, sealed: bytes, context: str = "") -> bytes: ...

    def seal_same(self, text: str, context: str = "") -> bytes: ...

    def open_same(self, sealed: bytes, context: str = "") -> str: ...

    def fingerprint(self, domain: str, text: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something received from a source, with all that is known of it.

    Attributes:
        sequence: Order of landing in this ledger.
        received_at: When it reached the server; ``landed_at`` when the server does not say.
        totals: Control totals that the file states, as reconciled.
    """

    id: str
    source: str
    state: ArrivalState
    reason: str
    detail: str
    sha256: str
    size: int
    kind: str
    item_key: str
    name: str
    meta: Mapping[str, str]
    received_at: dt.datetime
    landed_at: dt.datetime
    sequence: int
    scopes: tuple[Scope, ...] = ()
    rows: int = 0
    layout: str = ""
    header_cells: Mapping[str, str] = field(default_factory=dict)
    totals_state: TotalsState = "absent"
    totals: tuple[StatedTotal, ...] = ()


def winners_of(arrivals: Iterable[Arrival]) -> dict[tuple[str, dt.date], str]:
    """For each party and day the arrival of one source that speaks for it: the accepted or nil one that was received last.

    Received, not landed: a mail that could only be fetched on the second try does not overtake its own correction.
    """
    counting = [arrival for arrival in arrivals if arrival.state in ("accepted", "nil")]
    found: dict[tuple[str, dt.date], str] = {}
    for arrival in sorted(counting, key=lambda each: (each.received_at, each.sequence)):
        for scope in arrival.scopes:
            found.update(((scope.party, day), arrival.id) for day in scope.span.days())
    return found


@dataclass(frozen=True, slots=True)
class ArrivalDecision:
    """What reading and checking made of one arrival.

    ``held`` opens a hold with the same reason; any other state closes the holds of the arrival. ``superseded`` changes state,
    reason and detail only and keeps what was known of the arrival.
    """

    arrival_id: str
    state: ArrivalState
    reason: str = ""
    detail: str = ""
    kind: str = ""
    rows: int = 0
    layout: str = ""
    scopes: Sequence[Scope] = ()
    header_cells: Mapping[str, str] = field(default_factory=dict)
    totals: Sequence[StatedTotal] = ()
    notes: Sequence[Note] = ()
    refusals: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A refused row: code and place, never its content."""

    arrival_id: str
    source: str
    reason: str
    position: str
    column: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """Something noticed about an arrival."""

    arrival_id: str
    source: str
    reason: str
    position: str
    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """One business day that a party owes us, and what became of it."""

    source: str
    party: str
    day: dt.date
    due_at: dt.datetime
    state: ExpectationState = "expected"
    arrival_id: str | None = None
    arrived_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """An arrival that is kept out of the figures until somebody decides, or a better file comes.

    ``party`` and ``span`` are those of the arrival's first scope; empty and None when it could not be read that far.
    """

    id: str
    arrival_id: str
    source: str
    party: str
    span: Span | None
    reason: str
    detail: str
    opened_at: dt.datetime
    released_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided: who, when and why."""

    id: str
    kind: str
    subject: str
    who: str
    why: str
    decided_at: dt.datetime


@dataclass(frozen=True, slots=True)
class BreakerState:
    """Whether a source is left alone for now.

    Attributes:
        failures: Contacts in which the source was away, since it was last there.
        last_error: What the last failed attempt said; empty after one that worked.
        retry_at: When an open breaker lets one attempt through.
    """

    source: str
    is_open: bool = False
    failures: int = 0
    last_error: str = ""
    opened_at: dt.datetime | None = None
    retry_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One contact with a source."""

    source: str
    ok: bool
    error: str
    items: int
    at: dt.datetime
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, or what may become one: an item that was found and could not be fetched.

    Attributes:
        id: Short mark of the item inside its source.
        reason: A code of :mod:`taihu.core.reasons`.
        detail: What happened, in one sentence.
        failures: Runs in which it could not be fetched.
        is_dead: It is not tried any more until a person says so.
    """

    id: str
    source: str
    item: Item
    reason: str
    detail: str
    failures: int
    first_at: dt.datetime
    last_at: dt.datetime
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A login that a server refused; it is not tried again with the same password."""

    account: str
    what: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of a walk through a portal that failed; ``content`` is a ZIP."""

    source: str
    at: dt.datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of a report: the table versions it pins. ``tables`` maps table to version."""

    id: str
    report: str
    version: int
    span: Span
    issued_at: dt.datetime
    tables: Mapping[str, int]
    previous: str | None = None
    complete: bool = False
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A published figure: what ``taihu explain`` starts from."""

    id: str
    publication_id: str
    measure: str
    mart: str
    span: Span
    filter: tuple[tuple[str, str], ...] = ()
    value: Decimal | None = None
    parts: tuple[tuple[str, Decimal], ...] = ()
    format: str = ""
    unit: str = ""
    is_estimated: bool = False

    @classmethod
    def of(cls, figure: Figure, publication_id: str) -> FigureRow:
        """The row of a report's figure."""
        return cls(
            id=figure.id,
            publication_id=publication_id,
            measure=figure.measure,
            mart=figure.mart,
            span=figure.span,
            filter=tuple((column, value) for column, value in figure.filter),
            value=figure.value,
            parts=tuple((name, value) for name, value in figure.parts),
            format=figure.format,
            unit=figure.unit,
            is_estimated=figure.is_estimated,
        )


@dataclass(frozen=True, slots=True)
class Output:
    """A rendered file of a publication; its bytes are the object ``sha256``."""

    publication_id: str
    name: str
    sha256: str
    audience: str
    lang: str
    format: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message that is to leave exactly once.

    Attributes:
        outputs: SHA-256 of the objects that it carries.
        meta: What the channel needs: subject, account, message id.
        not_before: A failed message waits until then.
    """

    id: str
    publication_id: str
    channel: str
    recipient: str
    state: OutboxState
    outputs: tuple[str, ...]
    meta: Mapping[str, str]
    attempts: int
    error: str
    created_at: dt.datetime
    not_before: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended for one subject, success or not."""

    step: str
    subject: str
    status: str
    reason: str
    detail: str
    rows_in: int | None
    rows_out: int | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the audit chain; ``digest`` covers everything before it."""

    sequence: int
    at: dt.datetime
    who: str
    action: str
    subject: str
    detail: str
    previous: str
    digest: str
