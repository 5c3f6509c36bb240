"""Daily series of random companies with planted faults, for ``./do soak anomalies``.

The world is not the detector's: effects have their own size and place in every series, shopping festivals come up to three days
early or late, some promotions are known and some are not, levels change when an outlet opens, and noise has a memory.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from taihu.china.calendar import Calendar, packaged_notices
from taihu.china.lunar import new_year_offset

FIRST, LAST = dt.date(2023, 3, 1), dt.date(2025, 12, 31)
DAYS = [FIRST + dt.timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
CALENDAR = Calendar(packaged_notices())
KINDS = ("dense", "campaign", "sparse")
FAULTS_A_YEAR = 2.0

_POS = {day: place for place, day in enumerate(DAYS)}
_OFFSETS = np.asarray([new_year_offset(day) or 0 for day in DAYS])
_WORKS = np.asarray([CALENDAR.is_workday(day) for day in DAYS])
_WEEKDAY = np.asarray([day.weekday() for day in DAYS])
_LEFT = np.asarray(
    [sum(CALENDAR.is_workday(d) for d in DAYS[p : p + 31] if d.month == day.month and d > day) for p, day in enumerate(DAYS)]
)


@dataclass(slots=True)
class Series:
    """One series; ``faults`` are windows of places (first, last) with the kind of fault planted there."""

    values: np.ndarray
    faults: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Company:
    """The series of a company by kind and name, and the days of the promotions that it knows of."""

    series: dict[str, dict[str, Series]]
    promotions: dict[str, list[dt.date]]


def company(seed: int, *, each: int = 12) -> Company:
    """A random company with ``each`` series of every kind."""
    rng = np.random.default_rng(seed)
    promotions = {f"promotion {n}": _promotion(rng) for n in range(4)}
    shared = _shared(rng)
    made = {kind: {f"{kind} {n}": _series(kind, rng, shared, promotions) for n in range(each)} for kind in KINDS}
    return Company(made, promotions)


def _promotion(rng: np.random.Generator) -> list[dt.date]:
    found = []
    for _ in range(3):
        start = int(rng.integers(0, len(DAYS) - 10))
        found += DAYS[start : start + int(rng.integers(3, 10))]
    return found


def _shared(rng: np.random.Generator) -> np.ndarray:
    """What happens to the whole company and is in no calendar: a flood, a strike, a price rise."""
    shock = np.zeros(len(DAYS))
    for _ in range(3):
        start = int(rng.integers(0, len(DAYS) - 10))
        shock[start : start + int(rng.integers(1, 5))] += rng.choice([-1.2, -0.8, 0.6])
    return shock


def _series(kind: str, rng: np.random.Generator, shared: np.ndarray, promotions: dict[str, list[dt.date]]) -> Series:
    if kind == "sparse":
        return _sparse(rng)
    log = rng.uniform(6.5, 10) + rng.normal(0, 0.15) * np.arange(len(DAYS)) / 365
    log += _week(kind, rng) + _spring(kind, rng) + _festivals(kind, rng) + shared * rng.uniform(0.7, 1.2)
    log += _month_end(rng) if kind == "dense" else 0
    for days in promotions.values():
        if rng.random() < 0.7:
            log[[_POS[day] for day in days]] += rng.uniform(0.2, 0.9)
    for _ in range(int(rng.integers(1, 4))):  # promotions that nobody told us of
        start = int(rng.integers(0, len(DAYS) - 12))
        length = int(rng.integers(3, 9))
        log[start : start + length] += rng.uniform(0.15, 0.6)
    if rng.random() < 0.5:
        log[int(rng.integers(100, len(DAYS) - 100)) :] += rng.normal(0, 0.3)
    log += _noise(rng, rng.uniform(0.08, 0.2))
    series = Series(np.round(np.exp(log), 2))
    _plant(series, rng)
    return series


def _week(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "campaign":
        return rng.normal(0, 0.15, 7)[_WEEKDAY] + np.where(_WORKS, 0.0, rng.uniform(0, 0.3))
    weekend = rng.uniform(-2.0, -0.8)
    return rng.normal(0, 0.1, 7)[_WEEKDAY] + np.where(_WORKS, np.where(_WEEKDAY >= 5, weekend * 0.15, 0.0), weekend)


def _spring(kind: str, rng: np.random.Generator) -> np.ndarray:
    depth = rng.uniform(0.3, 1.0) if kind == "campaign" else rng.uniform(1.5, 3.0)
    stock_up = rng.uniform(0.2, 0.7)
    at = _OFFSETS + rng.integers(-2, 3)
    return np.where((at >= -28) & (at < -8), stock_up, 0.0) - depth * np.exp(-np.square((at - 2.0) / 4.5))


def _festivals(kind: str, rng: np.random.Generator) -> np.ndarray:
    size = rng.uniform(0.9, 2.2) if kind == "campaign" else rng.uniform(0, 0.25)
    effect = np.zeros(len(DAYS))
    for year in range(2023, 2026):
        for month, day in ((6, 18), (11, 11)):
            shift = int(rng.integers(-3, 4))
            scale = size * rng.uniform(0.6, 1.4)
            peak = _POS[dt.date(year, month, day)]
            for before, share in ((24, 0.2), (12, 0.4), (6, 0.5)):
                effect[peak - before + shift : peak - before + 6 + shift] += scale * share
            effect[peak - 1 : peak + 1] += scale
            effect[peak + 1 : peak + 4] -= scale * 0.2
    return effect


def _month_end(rng: np.random.Generator) -> np.ndarray:
    push = rng.uniform(0.2, 1.0)
    return np.where(_WORKS & (_LEFT < 3), push * (1 - 0.25 * _LEFT), 0.0)


def _noise(rng: np.random.Generator, sigma: float) -> np.ndarray:
    memory, noise = rng.uniform(0.1, 0.5), np.zeros(len(DAYS))
    shocks = rng.standard_t(8, len(DAYS)) * sigma
    for place in range(1, len(DAYS)):
        noise[place] = memory * noise[place - 1] + shocks[place]
    return noise


def _plant(series: Series, rng: np.random.Generator) -> None:
    wanted = rng.poisson(FAULTS_A_YEAR * len(DAYS) / 365.25)
    usual = float(np.median(series.values))
    for place in rng.permutation(np.arange(20, len(DAYS)))[:wanted]:
        fault = str(rng.choice(["ten times", "case for each", "each for case", "no rows", "twice", "partial"]))
        if fault == "no rows" and series.values[place] < 0.2 * usual:
            fault = "ten times"
        factor = {"ten times": 10, "case for each": rng.choice([12, 24]), "each for case": 1 / rng.choice([12, 24])}
        factor |= {"no rows": 0, "twice": 2, "partial": rng.uniform(0.25, 0.6)}
        series.values[place] = np.round(series.values[place] * factor[fault], 2)
        series.faults.append((int(place), int(place), fault))


def _sparse(rng: np.random.Generator) -> Series:
    rate, width = rng.uniform(0.08, 0.4), rng.uniform(0.25, 0.6)
    active = (rng.random(len(DAYS)) < rate) & _WORKS & ((_OFFSETS < -3) | (_OFFSETS > 6))
    values = np.where(active, np.round(np.exp(rng.normal(rng.uniform(4, 8), width, len(DAYS))), 2), 0.0)
    series = Series(values)
    places = np.flatnonzero(active)[3:-3]
    for place in rng.permutation(places)[: rng.poisson(FAULTS_A_YEAR * len(DAYS) / 365.25)]:
        fault = str(rng.choice(["ten times", "case for each", "silence"], p=[0.35, 0.4, 0.25]))
        if fault == "silence":
            length = int(rng.uniform(25, 45) / rate)
            last = min(int(place) + length, len(DAYS) - 1)
            if any(first <= last and place <= end for first, end, _ in series.faults):
                continue
            values[place : last + 1] = 0
            series.faults.append((int(place), last, fault))
        elif values[place] and not any(first <= place <= end for first, end, _ in series.faults):
            values[place] = np.round(values[place] * {"ten times": 10, "case for each": rng.choice([12, 24])}[fault], 2)
            series.faults.append((int(place), int(place), fault))
    return series
