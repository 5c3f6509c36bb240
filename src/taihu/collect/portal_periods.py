"""Which periods a portal is asked for: whole days, weeks or months, so that a file is known by the period that it speaks for."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from taihu.core.types import Span


def whole_periods(each: str, back: int, today: dt.date) -> list[Span]:
    """The last ``back`` periods that were over before today, oldest first."""
    if each == "day":
        starts = [today - dt.timedelta(days=n) for n in range(back, -1, -1)]
    elif each == "week":
        monday = today - dt.timedelta(days=today.weekday())
        starts = [monday - dt.timedelta(weeks=n) for n in range(back, -1, -1)]
    else:
        months = today.year * 12 + today.month - 1
        starts = [dt.date(n // 12, n % 12 + 1, 1) for n in range(months - back, months + 1)]
    return [Span(start, end) for start, end in pairwise(starts)]


def divided(each: str, span: Span) -> list[Span]:
    """A span that was asked for (backfill) cut where periods begin."""
    cuts = [day for day in span.days() if each == "day" or (day.weekday() == 0 if each == "week" else day.day == 1)]
    return [Span(start, end) for start, end in pairwise(sorted({span.start, *cuts, span.end}))]
