"""Days of a series that are not what they should be: scored in standard deviations, never changed.

Three kinds of series need three ways. A dense one with half a year behind it is compared with the calendar (``regression``). A
shorter one has no calendar effects to learn yet: its days are compared with each other by how rare they are (ECOD). A sparse one
is counted: an amount far above all others, or a silence far longer than its rhythm allows. From 6 standard deviations on a day is
worth a word, from 8 on a person should look before anybody uses it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from taihu.check.regression import Design, describe_days, robust_residuals, spread

if TYPE_CHECKING:
    from taihu.check.regression import Bools, Floats, Ints
    from taihu.china.calendar import Calendar

WARN, HOLD = 6.0, 8.0
SHORTEST, ENOUGH = 28, 180

_SPARSE = 0.55
_GUARD = 14
_PEERS = 5
_WIDEST = 40.0
_NARROWEST_COUNT = 0.2

Name = TypeVar("Name")
Method = Literal["calendar", "rarity", "counts", "none"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A series with a score for every day.

    Attributes:
        method: ``calendar``, ``rarity`` or ``counts``; ``none`` if there is too little to judge by (every score is 0).
        scores: Distance of each day from what it should be, in standard deviations; positive above, negative below.
        expected: What each day should have been; for sparse series the usual amount of a day that has one.
    """

    method: Method
    scores: Floats
    expected: Floats


def judge(
    days: Sequence[dt.date],
    series: Mapping[Name, Floats],
    calendar: Calendar,
    *,
    promotions: Mapping[str, Collection[dt.date]] | None = None,
) -> dict[Name, Judged]:
    """Score every day of every series.

    Series of five or more that are judged by the calendar correct each other: what happens to all of them on one day is news, but
    not an error of one of them.

    Args:
        days: Consecutive days, the same for all series.
        series: By name the value of each day, 0 where there is none. Negative values are compared by their size.
        promotions: Days of promotions that are known, by name.
    """
    import numpy as np

    judged: dict[Name, Judged] = {}
    residuals: dict[Name, Floats] = {}
    fits: dict[Name, Floats] = {}
    design = None
    works = np.asarray([calendar.is_workday(day) for day in days], dtype=np.bool_)
    for name, given in series.items():
        values = np.abs(np.asarray(given, dtype=np.float64))
        method = _method_of(values)
        if method == "calendar":
            design = design or describe_days(days, calendar, promotions or {})
            residuals[name], fits[name] = _compared(values, design)
        elif method == "none":
            judged[name] = Judged(method, np.zeros(len(values)), values)
        else:
            design = design or describe_days(days, calendar, promotions or {})
            judged[name] = _by_counts(values, works) if method == "counts" else _by_rarity(values, works, design.classes >= 2)
    for name, own in _corrected(residuals).items():
        lived = own[~np.isnan(own)]
        assert design is not None
        local = _surprise(lived)
        scores = np.zeros(len(own))
        scores[len(own) - len(lived) :] = np.clip(local / _spreads(local, design.classes[-len(lived) :]), -_WIDEST, _WIDEST)
        judged[name] = Judged("calendar", scores, np.expm1(fits[name]))
    return {name: judged[name] for name in series}


def _method_of(values: Floats) -> Method:
    import numpy as np

    begun = np.flatnonzero(values)
    if len(begun) < 8 or len(values) - begun[0] < SHORTEST:
        return "none"
    lived = values[begun[0] :]
    if np.count_nonzero(lived) < _SPARSE * len(lived):
        return "counts"
    return "calendar" if len(lived) >= ENOUGH else "rarity"


def _compared(values: Floats, design: Design) -> tuple[Floats, Floats]:
    """Residuals and fit from the first day on that has a value; not a number and 0 before it."""
    import numpy as np

    first = int(np.flatnonzero(values)[0])
    residuals, fit = np.full(len(values), np.nan), np.zeros(len(values))
    residuals[first:], fit[first:] = robust_residuals(values[first:], Design(design.matrix[first:], design.prior, design.classes[first:]))
    return residuals, fit


def _corrected(residuals: Mapping[Name, Floats]) -> dict[Name, Floats]:
    """Residuals less what all the others did on that day, as far as a series usually goes with them."""
    import numpy as np

    if len(residuals) <= _PEERS:
        return dict(residuals)
    names, table = list(residuals), np.vstack(list(residuals.values()))
    corrected = {}
    for row, name in enumerate(names):
        others = np.delete(table, row, axis=0)
        known = np.count_nonzero(~np.isnan(others), axis=0) >= _PEERS
        usual = np.zeros(table.shape[1])
        usual[known] = np.nanmedian(others[:, known], axis=0)
        corrected[name] = table[row] - _share(table[row], usual) * usual
    return corrected


def _share(own: Floats, usual: Floats) -> float:
    """How far a series goes along when all the others move: the median ratio on the days on which they moved, by how far they did."""
    import numpy as np

    moved = (np.abs(usual) > 3 * spread(usual)) & ~np.isnan(own)
    if not np.any(moved):
        return 1.0
    ratios = own[moved] / usual[moved]
    order = np.argsort(ratios)
    weights = np.cumsum(np.square(usual[moved])[order])
    return float(np.clip(ratios[order][np.searchsorted(weights, weights[-1] / 2)], 0.0, 1.5))


def _spreads(residuals: Floats, classes: Ints) -> Floats:
    """How widely each day may scatter: like all days, more where its kind of day does, and more while the days before it did."""
    import numpy as np

    base = spread(residuals)
    wide = np.full(len(residuals), base)
    for kind in np.unique(classes):
        members = residuals[classes == kind]
        if len(members) >= _GUARD:
            sizes = np.abs(members)  # of special days also the tenth that was told worst counts: their effects differ from year to year
            widest = float(np.quantile(sizes, 0.9)) / 1.645 if kind else 0.0
            wide[classes == kind] = max(base, 1.4826 * float(np.median(sizes)), widest)
    recent = 1.4826 * np.median(np.abs(_before(residuals)), axis=1)
    spreads: Floats = np.maximum(wide, recent)
    return spreads


def _surprise(residuals: Floats) -> Floats:
    """What the days before do not tell: less the level that they have settled on, and less what is left of yesterday.

    A lasting change is thus told once and not every day. Yesterday counts up to two spreads, so that a fault casts no shadow.
    """
    import numpy as np

    base = spread(residuals)
    level = np.median(_before(residuals), axis=1)
    local = residuals - np.sign(level) * np.maximum(np.abs(level) - base / 2, 0.0)
    today = np.clip(local, -2 * base, 2 * base)
    yesterday = np.concatenate([np.zeros(1), today[:-1]])
    memory = float(np.clip(yesterday @ today / max(float(yesterday @ yesterday), 1e-12), 0.0, 0.8))
    surprise: Floats = local - memory * yesterday
    return surprise


def _before(residuals: Floats) -> Floats:
    """For each day the residuals of the fourteen days before it."""
    import numpy as np

    padded = np.concatenate([np.full(_GUARD, np.median(residuals[:_GUARD])), residuals])
    windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, _GUARD)[: len(residuals)]
    return windows


def _by_rarity(values: Floats, works: Bools, is_special: Bools) -> Judged:
    """ECOD (Li and others, 2022): how far out in the tails a day lies, by its level, its step and its distance from its weekday.

    The score of that method has no unit. Here it only says which days are rare; how far they are off is measured from the median of
    its weekday, or of all days off. Nothing is said of the Spring Festival and the shopping
    festivals: a short series has seen none before.
    """
    import numpy as np

    lived = np.arange(len(values)) >= np.flatnonzero(values)[0]
    log = np.log1p(values)
    weekday = np.arange(len(log)) % 7
    kind = np.where(works, weekday, 7)
    known = lived & ~is_special
    usual = np.full(len(log), float(np.median(log[known])) if np.any(known) else 0.0)
    for number in np.unique(kind[known]):
        usual[kind == number] = np.median(log[known & (kind == number)])
    off = log - usual
    rarity = ecod(np.column_stack([log, np.diff(log, prepend=log[:1]), off])[lived])
    is_rare = np.zeros(len(log), dtype=np.bool_)
    is_rare[lived] = rarity > np.quantile(rarity, 0.95)
    deviations = np.clip((off - np.median(off[known])) / max(spread(off[known]), 0.1), -_WIDEST, _WIDEST)
    return Judged("rarity", np.where(is_rare & known, deviations, 0.0), np.expm1(usual))


def ecod(features: Floats) -> Floats:
    """Outlier scores from empirical cumulative distributions; rows are points, the higher the rarer."""
    import numpy as np

    count = len(features)
    left = np.empty_like(features)
    right = np.empty_like(features)
    for column in range(features.shape[1]):
        ordered = np.sort(features[:, column])
        left[:, column] = -np.log(np.searchsorted(ordered, features[:, column], side="right") / count)
        right[:, column] = -np.log((count - np.searchsorted(ordered, features[:, column], side="left")) / count)
    centred = features - features.mean(axis=0)
    deviation = np.maximum(features.std(axis=0), 1e-12)
    is_left = (centred**3).mean(axis=0) / deviation**3 < 0
    both = np.where(is_left, left, right)
    scores: Floats = np.maximum.reduce([left.sum(axis=1), right.sum(axis=1), both.sum(axis=1)])
    return scores


def _by_counts(values: Floats, works: Bools) -> Judged:
    """A sparse series: amounts beside its other amounts, and silences beside its rhythm.

    The probability of a silence is that of so many working days without an amount in a row; it is scored once, on the day on which
    it becomes too long, or on its last day if it never does.
    """
    import numpy as np

    active = np.flatnonzero(values)
    log = np.log(values[active])
    usual = float(np.median(log))
    scores = np.zeros(len(values))
    scores[active] = np.clip((log - usual) / max(spread(log - usual), _NARROWEST_COUNT), 0.0, _WIDEST)
    worked = np.cumsum(works)
    rate = min(len(active) / max(int(worked[-1] - worked[active[0]]), 1), 0.95)
    for start, end in zip(active, np.append(active[1:], len(values)), strict=True):
        silence = _normal(-np.log1p(-rate) * (worked[start + 1 : end] - worked[start]))
        if len(silence):
            place = min(int(np.searchsorted(silence, WARN)), len(silence) - 1)
            scores[start + 1 + place] = -silence[place]
    return Judged("counts", scores, np.full(len(values), math.exp(usual)))


def _normal(improbability: Floats) -> Floats:
    """Standard deviations of a normal distribution beyond which the probability is ``exp(-improbability)`` (asymptotic; 0 near it)."""
    import numpy as np

    twice = np.maximum(2 * improbability, 4.0)
    deviations: Floats = np.where(improbability < 2.0, 0.0, np.sqrt(np.maximum(twice - np.log(2 * np.pi * twice), 0.0)))
    return deviations
