"""How good a day's data was: six scores a source and day, from counts that the ledger has anyway.

The six are those of DAMA UK (The Six Primary Dimensions for Data Quality Assessment, 2013). Completeness and timeliness look at what was
owed as well, the others at what came. A day here is the day of work: on it something was due, or was received.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from taihu.core.types import Text
from taihu.ledger.records import Arrival, Expectation

Dimension = Literal["completeness", "timeliness", "validity", "uniqueness", "consistency", "accuracy"]
DIMENSIONS: dict[Dimension, Text] = {
    "completeness": Text("完整性", "Complete"),
    "timeliness": Text("及时性", "In time"),
    "validity": Text("有效性", "Valid"),
    "uniqueness": Text("唯一性", "Unique"),
    "consistency": Text("一致性", "Consistent"),
    "accuracy": Text("准确性", "Accurate"),
}

# What a reason speaks of; reasons that are not listed say that a value or a file could not be used: validity.
_ABOUT: dict[str, Dimension] = {
    **dict.fromkeys(("duplicate_row", "identical_content", "table_repeats", "same_invoice"), "uniqueness"),
    **dict.fromkeys(
        ("sign_disagrees", "identity_broken", "rule_failed", "outside_period", "invoice_disagrees", "value_disagrees"), "consistency"
    ),
    **dict.fromkeys(
        ("status_disagrees", "refund_exceeds_paid", "negative_stock", "net_content_disagrees", "party_disagrees"), "consistency"
    ),
    **dict.fromkeys(("price_out_of_band", "scale_suspected", "tax_basis_suspected", "total_disagrees", "unit_disagrees"), "accuracy"),
    **dict.fromkeys(("missing_day", "row_count", "too_few_rows", "version_shrunk", "value_missing"), "completeness"),
    **dict.fromkeys(("stale_stock", "wrong_period"), "timeliness"),
}
_CAME = ("arrived", "late", "nil")
_PLACES = Decimal("0.0001")


@dataclass(slots=True)
class Card:
    """The counts of one source and day.

    Attributes:
        owed: Deliveries that were due on the day (waived ones are not owed); ``delivered`` of them came by now, ``on_time`` in time.
        files: Files received on the day that were taken in, held or rejected.
        rows: Rows of those that were taken in, refused ones included.
        refused: Rows refused, by dimension.
        stopped: Files held or rejected, by dimension.
    """

    source: str
    day: dt.date | None
    owed: int = 0
    delivered: int = 0
    on_time: int = 0
    files: int = 0
    rows: int = 0
    refused: dict[Dimension, int] = field(default_factory=dict)
    stopped: dict[Dimension, int] = field(default_factory=dict)

    def score(self, dimension: Dimension) -> Decimal | None:
        """A share between 0 and 1; None where nothing was there to be measured.

        Of deliveries, files and rows the worst share counts: one file of four that is held for its prices is a quarter of the
        day, however good the rows of the others are.
        """
        shares = [_share(self.refused.get(dimension, 0), self.rows), _share(self.stopped.get(dimension, 0), self.files)]
        if dimension == "completeness":
            shares = [_share(self.owed - self.delivered, self.owed), *(shares if self.owed else ())]
        if dimension == "timeliness":
            shares = [_share(self.owed - self.on_time, self.owed), *(shares if self.owed else ())]
        return min((share for share in shares if share is not None), default=None)

    def add(self, other: Card) -> None:
        """Count another day in."""
        for name in ("owed", "delivered", "on_time", "files", "rows"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for own, more in ((self.refused, other.refused), (self.stopped, other.stopped)):
            for dimension, count in more.items():
                own[dimension] = own.get(dimension, 0) + count


def _share(bad: int, of: int) -> Decimal | None:
    return None if not of else (Decimal(of - min(bad, of)) / of).quantize(_PLACES, rounding="ROUND_DOWN")


def scorecard(
    arrivals: Iterable[Arrival],
    debts: Iterable[Expectation],
    quarantine: Mapping[tuple[str, str], int],
    zone: dt.tzinfo,
) -> list[Card]:
    """A card for every source and day on which something was due or received, in order.

    Args:
        arrivals: What was received; copies that a newer file replaced count as what they were.
        debts: What was owed.
        quarantine: Refused rows by arrival and reason.
        zone: Zone in which a day begins.
    """
    cards: dict[tuple[str, dt.date], Card] = {}

    def card(source: str, at: dt.datetime) -> Card:
        day = at.astimezone(zone).date()
        return cards.setdefault((source, day), Card(source, day))

    for debt in debts:
        if debt.state not in ("expected", "waived"):
            own = card(debt.source, debt.due_at)
            own.owed += 1
            own.delivered += debt.state in _CAME
            own.on_time += debt.state in ("arrived", "nil")
    refused: dict[str, list[tuple[str, int]]] = {}
    for (arrival_id, reason), count in quarantine.items():
        refused.setdefault(arrival_id, []).append((reason, count))
    for arrival in arrivals:
        if arrival.state != "landed":
            _count(card(arrival.source, arrival.received_at or arrival.landed_at), arrival, refused.get(arrival.id, ()))
    return [cards[key] for key in sorted(cards)]


def _count(card: Card, arrival: Arrival, refused: Sequence[tuple[str, int]]) -> None:
    card.files += 1
    if arrival.state in ("held", "rejected"):
        dimension = _ABOUT.get(arrival.reason, "validity")
        card.stopped[dimension] = card.stopped.get(dimension, 0) + 1
        return  # how many rows it has is not known for all of them
    card.rows += arrival.rows + sum(count for _, count in refused)
    for reason, count in refused:
        dimension = _ABOUT.get(reason, "validity")
        card.refused[dimension] = card.refused.get(dimension, 0) + count


def by_source(cards: Iterable[Card], since: dt.date | None = None) -> list[Card]:
    """The cards of each source added up; ``since`` leaves out earlier days."""
    found: dict[str, Card] = {}
    for card in cards:
        if since is None or (card.day and card.day >= since):
            found.setdefault(card.source, Card(card.source, None)).add(card)
    return [found[name] for name in sorted(found)]


def percent(score: Decimal | None) -> str:
    """``98.75 %``; nothing where nothing was measured. Only what is whole is 100 %."""
    if score is None:
        return ""
    return "100 %" if score == 1 else f"{score * 100:.2f} %"
