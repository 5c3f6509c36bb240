"""Exchange rates by date and type. A day without a rate takes the last one before it, and the answer says so.

Banks quote no rates on holidays, so a spot rate is carried forward for as long as the longest holiday lasts, never longer and never
backward. An average or a budget rate counts for its own period only.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from taihu.china.refused import ValueRefused
from taihu.core.types import Span

RateType = Literal["spot", "average", "budget"]
LONGEST_CARRY = 12  # days: eight of a long holiday with the weekends at both ends


@dataclass(frozen=True, slots=True)
class Rate:
    """One quotation.

    Attributes:
        base: ISO 4217 code of the currency that is priced.
        quote: Of the currency of the price.
        type: Spot, average of a period, or budget.
        span: The days that it was quoted for; one day for a spot rate.
        price: Units of ``quote`` for ``per`` units of ``base`` (central banks quote JPY by the hundred).
        per: Units of ``base``.
    """

    base: str
    quote: str
    type: RateType
    span: Span
    price: Decimal
    per: int = 1


@dataclass(frozen=True, slots=True)
class Applied:
    """The rate that counts on a day, where it comes from, and how many days it was carried forward."""

    rate: Rate
    carried: int

    def convert(self, amount: Decimal) -> Decimal:
        """``amount`` of ``base`` in ``quote``, not rounded."""
        return amount * self.rate.price / self.rate.per


class RateTable:
    """Rates for looking up by day.

    Raises:
        ValueRefused: ``conflicting_rates`` if two rates of one type and pair overlap, ``invalid_number`` if a price is not positive.
    """

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[tuple[str, str, RateType], list[Rate]] = defaultdict(list)
        for rate in sorted(rates, key=lambda each: each.span.start):
            known = self._rates[rate.base, rate.quote, rate.type]
            if rate.price <= 0 or rate.per <= 0:
                raise ValueRefused("invalid_number")
            if known and known[-1].span.end > rate.span.start:
                raise ValueRefused("conflicting_rates")
            known.append(rate)

    def on(self, day: dt.date, base: str, quote: str, type: RateType = "spot") -> Applied:
        """The rate of a day.

        Raises:
            ValueRefused: ``unknown_rate``; a rate of another type, the other direction or a later day is never taken instead.
        """
        known = self._rates.get((base, quote, type), [])
        place = bisect_right(known, day, key=lambda each: each.span.start)
        if place == 0:
            raise ValueRefused("unknown_rate")
        rate = known[place - 1]
        carried = max(0, (day - rate.span.end).days + 1)
        if carried > (LONGEST_CARRY if type == "spot" else 0):
            raise ValueRefused("unknown_rate")
        return Applied(rate, carried)
