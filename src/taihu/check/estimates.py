"""What a party that has not reported probably sold: its own comparable days, moved by what the others did on that day.

An estimate says what is likely missing from a figure. It is no fact: it stands in a table of its own, with the interval that its method
claims, and goes when the file comes. The middle is the median of the party's days of the same weekday and kind (workday or day off);
where enough others have reported, it is moved by their median ratio to the same middle of theirs, so a holiday or a promotion
needs no model. The interval is where the party's own known days lie around a middle that was made without them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, Protocol

FEWEST_DAYS = 14
_FEWEST_ALIKE = 4
_FEWEST_PEERS = 5
_MOST_PEERS = 100
_SPARSE = 0.55

Method = Literal["same_weekday", "same_weekday_and_peers", "mean_of_days"]
Sums = Mapping[dt.date, float]


class Workdays(Protocol):
    """What is asked of a working calendar."""

    def is_workday(self, day: dt.date) -> bool: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """A day of one party.

    Attributes:
        amount: The middle, ``lower`` and ``upper`` the interval around it.
        method: ``same_weekday``, the same moved by its peers, or ``mean_of_days`` for a party that sells only now and then.
        days: Known days that it rests on.
    """

    amount: float
    lower: float
    upper: float
    method: Method
    days: int


def estimates(
    known: Mapping[str, Sums], wanted: Collection[tuple[str, dt.date]], calendar: Workdays, *, weeks: int, within: float
) -> dict[tuple[str, dt.date], Estimate]:
    """Estimate the wanted days; a party with less than fourteen known days before one gets none for it.

    Args:
        known: By party the sum of every day that it has reported; a day without sales is 0, a day that is not known is absent.
        wanted: Party and day.
        weeks: How many weeks before the day are looked at.
        within: Share of days whose true value the interval should hold, such as 0.8.
    """
    found: dict[tuple[str, dt.date], Estimate] = {}
    by_day: dict[dt.date, list[str]] = {}
    for party, day in sorted(wanted):
        first = day - dt.timedelta(weeks=weeks)
        if sum(first <= at < day for at in known.get(party, ())) >= FEWEST_DAYS:
            by_day.setdefault(day, []).append(party)
    for day, parties in by_day.items():
        window = _Window(known, day - dt.timedelta(weeks=weeks), day, calendar)
        found |= {(party, day): window.estimate(party, within) for party in parties}
    return found


def together(parts: Mapping[tuple[Any, ...], Sequence[float]]) -> tuple[float, float, float]:
    """The sum of estimates (amount, lower, upper): the days of one party err together, the parties on their own.

    Args:
        parts: By party and whatever else tells them apart, amount, lower and upper bound.
    """
    amount = sum(part[0] for part in parts.values())
    below: dict[str, float] = {}
    above: dict[str, float] = {}
    for (party, *_), (middle, lower, upper) in parts.items():
        below[party] = below.get(party, 0.0) + middle - lower
        above[party] = above.get(party, 0.0) + upper - middle
    return amount, amount - math.hypot(*below.values()), amount + math.hypot(*above.values())


class _Window:
    """The weeks before one day, of all parties."""

    def __init__(self, known: Mapping[str, Sums], first: dt.date, day: dt.date, calendar: Workdays) -> None:
        self._day = day
        self._works = {at: calendar.is_workday(at) for at in _days(first, day)}
        self._known = {party: {at: value for at, value in sums.items() if first <= at < day} for party, sums in known.items()}
        self._today = {party: sums[day] for party, sums in known.items() if day in sums}
        self._groups = {party: self._grouped(sums) for party, sums in self._known.items()}
        self._peers = sorted(self._known, key=lambda party: (-sum(self._known[party].values()), party))[:_MOST_PEERS]
        self._moves: dict[dt.date, dict[str, float]] = {}

    def _grouped(self, sums: Sums) -> dict[object, list[float]]:
        """Values by weekday and kind of day, by kind of day, and all."""
        groups: dict[object, list[float]] = {}
        for at, value in sums.items():
            for group in ((at.weekday(), self._works[at]), self._works[at], None):
                groups.setdefault(group, []).append(value)
        return groups

    def estimate(self, party: str, within: float) -> Estimate:
        sums = self._known[party]
        middle, alike = self._middle(party, self._day)
        if middle <= 0 or sum(value != 0 for value in alike) < _SPARSE * len(alike):
            return _of_sparse(alike, list(sums.values()), within)
        move = self._move(party, self._day)
        ratios = []
        for at, value in sums.items():
            own, _ = self._middle(party, at)
            moved = self._move(party, at) if move is not None else 1.0
            if own > 0 and moved:
                ratios.append(value / (own * moved))
        amount = middle * (move or 1.0)
        lower, upper = _interval(ratios, within)
        method: Method = "same_weekday" if move is None else "same_weekday_and_peers"
        return Estimate(amount, amount * min(lower, 1.0), amount * max(upper, 1.0), method, len(sums))

    def _middle(self, party: str, at: dt.date) -> tuple[float, list[float]]:
        """The median of a party's other days of the same weekday and kind, and these days; of the same kind where they are few, of
        all where those are."""
        groups, value = self._groups[party], self._known[party].get(at)
        works = self._works[at]
        alike: list[float] = []
        for group in ((at.weekday(), works), works, None):
            alike = list(groups.get(group, ()))
            if value is not None:
                alike.remove(value)
            if len(alike) >= _FEWEST_ALIKE:
                break
        return median(alike), alike

    def _move(self, party: str, at: dt.date) -> float | None:
        """How the others did on a day, as the median of their ratios; None where too few have reported."""
        if at not in self._moves:
            self._moves[at] = self._ratios(at)
        others = [ratio for peer, ratio in self._moves[at].items() if peer != party]
        return median(others) if len(others) >= _FEWEST_PEERS else None

    def _ratios(self, at: dt.date) -> dict[str, float]:
        found = {}
        for peer in self._peers:
            sums = self._known[peer]
            value = self._today.get(peer) if at == self._day else sums.get(at)
            if value is None or len(sums) < FEWEST_DAYS:
                continue
            middle, _ = self._middle(peer, at)
            if middle > 0:
                found[peer] = value / middle
        return found


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _of_sparse(alike: Sequence[float], values: Sequence[float], within: float) -> Estimate:
    """A party that sells now and then: the mean of such days, between the bounds of all its days."""
    amount = sum(alike) / len(alike)
    lower, upper = _interval(values, within)
    return Estimate(amount, min(lower, amount), max(upper, amount), "mean_of_days", len(values))


def _interval(values: Sequence[float], within: float) -> tuple[float, float]:
    """Bounds that the next value lies between with this probability, if it comes like the ones before."""
    ordered = sorted(values)
    outside = (1 - within) / 2
    below = max(math.floor((len(ordered) + 1) * outside), 1)
    above = min(math.ceil((len(ordered) + 1) * (1 - outside)), len(ordered))
    return ordered[below - 1], ordered[above - 1]
