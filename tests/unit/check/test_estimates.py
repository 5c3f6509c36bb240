"""Estimates of days that are not there: what they rest on, and whether their intervals hold what they claim."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Mapping

import pytest

from taihu.check.estimates import FEWEST_DAYS, Estimate, estimates, together
from taihu.demo.dates import is_workday

FIRST = dt.date(2026, 6, 1)
HOLIDAY = dt.date(2026, 9, 25)
Company = dict[str, dict[dt.date, float]]


class Days:
    def is_workday(self, day: dt.date) -> bool:
        return is_workday(day)


def company(seed: int, days: int = 133, growth: float = 0.0) -> Company:
    """Twenty parties with their own level, week and noise; days that are good or bad for all; every seventh sells now and then."""
    chance = random.Random(seed)
    dates = [FIRST + dt.timedelta(days=n) for n in range(days)]
    common = {day: chance.gauss(0, 0.1) for day in dates}
    made: Company = {}
    for number in range(20):
        level, noise = math.exp(chance.gauss(9, 1)), chance.uniform(0.1, 0.5)
        week = [chance.uniform(0.7, 1.3) for _ in range(5)] + [chance.uniform(0.05, 0.6)] * 2
        sums = {}
        for n, day in enumerate(dates):
            rests = number % 7 == 6 and chance.random() < 0.7
            usual = week[day.weekday() if is_workday(day) else 6]
            sums[day] = 0.0 if rests else level * usual * math.exp(common[day] + chance.gauss(0, noise) + growth * n / 7)
        made[f"D{number:04}"] = sums
    return made


def without(known: Company, gaps: list[tuple[str, dt.date]]) -> Company:
    return {party: {day: value for day, value in sums.items() if (party, day) not in gaps} for party, sums in known.items()}


def backtest(truth: Company, seed: int, within: float) -> tuple[int, int, int, int, int]:
    """Hide one to five parties on each of the last 28 days: days held by the interval, too low, all; sums held, all."""
    chance = random.Random(seed)
    held = below = count = sums_held = sums = 0
    for day in sorted(next(iter(truth.values())))[-28:]:
        gaps = [(party, day) for party in chance.sample(sorted(truth), chance.randint(1, 5))]
        made = estimates(without(truth, gaps), gaps, Days(), weeks=8, within=within)
        assert set(made) == set(gaps)
        for (party, _), one in made.items():
            held += one.lower <= truth[party][day] <= one.upper
            below += truth[party][day] < one.lower
        _, lower, upper = together({at: (one.amount, one.lower, one.upper) for at, one in made.items()})
        sums_held += lower <= sum(truth[party][day] for party, _ in gaps) <= upper
        count, sums = count + len(gaps), sums + 1
    return held, below, count, sums_held, sums


@pytest.mark.parametrize(("within", "growth"), [(0.8, 0.0), (0.9, 0.02)])
def test_intervals_hold_about_what_they_claim(within: float, growth: float) -> None:
    """Over three companies; misses lie on both sides, so an interval that is only wide on one of them does not pass."""
    found = [backtest(company(seed, growth=growth), seed, within) for seed in (101, 102, 103)]
    held, below, count, sums_held, sums = (sum(part) for part in zip(*found, strict=True))
    assert within - 0.06 <= held / count <= within + 0.08
    assert 0.2 * (1 - within) <= below / count <= 0.8 * (1 - within)
    assert within - 0.12 <= sums_held / sums <= within + 0.12


def test_a_wider_claim_gives_a_wider_interval_around_one_middle() -> None:
    truth = company(7)
    at = ("D0003", max(truth["D0003"]))
    made = [estimates(without(truth, [at]), [at], Days(), weeks=8, within=within)[at] for within in (0.5, 0.8, 0.95)]
    assert len({one.amount for one in made}) == 1
    assert made[2].lower < made[1].lower < made[0].lower < made[0].amount < made[0].upper < made[1].upper < made[2].upper


def steady(parties: int = 8, days: int = 56) -> Company:
    """Everybody sells 100 on workdays and 40 on days off."""
    dates = [FIRST + dt.timedelta(days=n) for n in range(days)]
    return {f"D{n}": {day: 100.0 if is_workday(day) else 40.0 for day in dates} for n in range(parties)}


def only(known: Mapping[str, Mapping[dt.date, float]], at: tuple[str, dt.date]) -> Estimate | None:
    return estimates(known, [at], Days(), weeks=8, within=0.8).get(at)


def test_the_calendar_and_the_others_move_the_middle() -> None:
    """A weekday off counts as a day off; where the others sold double, so probably did the one that is missing; four are too few."""
    known = steady(days=116)
    assert HOLIDAY.weekday() == 4 and not is_workday(HOLIDAY)
    alone = only({"D0": known["D0"]}, ("D0", HOLIDAY))
    assert alone is not None and (alone.amount, alone.lower, alone.upper, alone.method) == (40.0, 40.0, 40.0, "same_weekday")
    day = FIRST + dt.timedelta(days=115 - 14)
    for others, amount, method in ((6, 200.0, "same_weekday_and_peers"), (4, 100.0, "same_weekday")):
        company = {name: sums for name, sums in known.items() if int(name[1:]) <= others}
        doubled = {name: {**sums, day: 200.0} for name, sums in company.items()}
        made = only(without(doubled, [("D0", day)]), ("D0", day))
        assert is_workday(day) and made is not None and (made.amount, made.method) == (amount, method)


def test_only_days_before_it_and_within_the_weeks_are_looked_at() -> None:
    known = steady(parties=1, days=140)
    sums = known["D0"]
    day = FIRST + dt.timedelta(days=100)
    early = {at: value for at, value in sums.items() if at < day - dt.timedelta(weeks=8)}
    wild = {at: 9999.0 if at in early or at > day else value for at, value in sums.items() if at != day}
    made = only({"D0": wild}, ("D0", day))
    assert made is not None and (made.amount, made.upper, made.days) == (100.0, 100.0, 56)


def test_too_little_is_known_of_some() -> None:
    sums = dict(list(steady(1)["D0"].items())[:FEWEST_DAYS])
    day = max(sums) + dt.timedelta(days=1)
    assert only({"D0": sums}, ("D0", day)) is not None
    assert only({"D0": dict(list(sums.items())[1:])}, ("D0", day)) is None and only({}, ("D0", day)) is None


def test_a_party_that_sells_now_and_then_is_expected_at_its_mean() -> None:
    """The median of such days would be nothing."""
    days = [FIRST + dt.timedelta(days=n) for n in range(56)]
    sums = {day: 700.0 if n % 5 == 0 else 0.0 for n, day in enumerate(days)}
    made = only({"D0": sums}, ("D0", days[-1] + dt.timedelta(days=1)))
    assert made is not None and made.method == "mean_of_days"
    assert 0 < made.amount < 350 and (made.lower, made.upper) == (0.0, 700.0)


def test_sums_of_estimates() -> None:
    """The days of one party err together, parties on their own: 3 and 4 on one side, 6 and 8 on the other."""
    day = FIRST
    parts = {("A", day): (10.0, 9.0, 12.0), ("A", day + dt.timedelta(days=1)): (10.0, 8.0, 14.0), ("B", day): (100.0, 96.0, 108.0)}
    amount, lower, upper = together(parts)
    assert (amount, lower, upper) == (120.0, 115.0, 130.0) and together({}) == (0, 0, 0)
