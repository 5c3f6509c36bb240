"""The two shopping festivals that bend every Chinese sales curve: 618 (June) and 双11 (November), by phase.

Platforms set their dates anew each year. The windows here are the usual ones of recent years (advance sale, opening, main sale, peak,
aftermath), good enough to know which days are not ordinary; a company's own promotions belong into a promotion calendar beside them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Phase = Literal["presale", "opening", "main", "peak", "after"]


@dataclass(frozen=True, slots=True)
class FestivalDay:
    """A festival (``618`` or ``double_11``) and its phase."""

    festival: str
    phase: Phase


_WINDOWS: tuple[tuple[str, Phase, tuple[int, int], tuple[int, int]], ...] = (
    ("618", "presale", (5, 20), (5, 30)),
    ("618", "opening", (5, 31), (6, 3)),
    ("618", "main", (6, 4), (6, 15)),
    ("618", "peak", (6, 16), (6, 18)),
    ("618", "after", (6, 19), (6, 22)),
    ("double_11", "presale", (10, 20), (10, 30)),
    ("double_11", "opening", (10, 31), (11, 3)),
    ("double_11", "main", (11, 4), (11, 9)),
    ("double_11", "peak", (11, 10), (11, 11)),
    ("double_11", "after", (11, 12), (11, 15)),
)


def festival_day(day: dt.date) -> FestivalDay | None:
    """The festival and phase of a day; None on ordinary days."""
    at = (day.month, day.day)
    return next((FestivalDay(festival, phase) for festival, phase, first, last in _WINDOWS if first <= at <= last), None)
