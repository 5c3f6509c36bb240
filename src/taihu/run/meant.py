"""The days that a file was meant for when its rows cannot tell: what its name, its subject or the day it came says.

A login page in place of today's file must not hide that yesterday's is missing. A date in a name is either the business day or
the day of sending; a file cannot speak for a day that was not over when it came, and that tells the two apart.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from taihu.core.types import Span
from taihu.formats.patterns import match_pattern
from taihu.ledger.records import Arrival
from taihu.manifest.source import Period
from taihu.run.expecting import Owed, end_of_day
from taihu.run.postconditions import asked_span

_LONGEST = 62
_FULL = re.compile(r"(?<!\d)(20\d\d)(?:(\d\d)(\d\d)|([-_./年])\s?(\d{1,2})[-_./月]\s?(\d{1,2}))(?!\d)")
_SHORT = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日")


def dates_in(text: str, received: dt.date) -> list[dt.date]:
    """Dates in a file name or subject, in their order; one without a year is the last such day up to ``received``."""
    found = []
    for match in _FULL.finditer(text):
        month, day = (match[2], match[3]) if match[2] else (match[5], match[6])
        found.append((int(match[1]), int(month), int(day)))
    if not found:
        for match in _SHORT.finditer(text):
            month, day = int(match[1]), int(match[2])
            found.append((received.year - ((month, day) > (received.month, received.day)), month, day))
    dates = []
    for year, month, day in found:
        try:
            dates.append(dt.date(year, month, day))
        except ValueError:
            continue
    return dates


def stated_span(rule: Period, arrival: Arrival, received: dt.date) -> Span | None:
    """The span that the envelope states: what a portal was asked for, the source's own pattern, or dates in name or subject."""
    asked = asked_span(arrival)
    if asked:
        return asked
    texts = (arrival.name, arrival.meta.get("subject", ""))
    if rule.pattern and rule.found_in in ("file name", "subject"):
        found = match_pattern(rule.pattern, texts[rule.found_in == "subject"])
        if found and found.span:
            return found.span
    for text in texts:
        dates = dates_in(text, received)
        if dates and dates[0] <= dates[-1] <= dates[0] + dt.timedelta(days=_LONGEST):
            return Span(dates[0], dates[-1] + dt.timedelta(days=1))
    return None


def meant_days(
    stated: Span | None, debts: Sequence[Owed], still_open: Sequence[Owed], received: dt.datetime, local: dt.tzinfo
) -> list[dt.date]:
    """The owed days that an arrival was meant for; empty if neither its envelope nor the day it came tells.

    Args:
        stated: What the envelope states.
        debts: All debts of the party.
        still_open: Those that nothing speaks for.
        received: When it came.
        local: Zone of business days.
    """
    if stated is not None:
        spoken = [debt.day for debt in debts if debt.day in stated and end_of_day(debt.day, local) <= received]
        if spoken:
            return spoken
        sent = [debt.day for debt in debts if debt.due_at.astimezone(local).date() in stated]
        if sent:
            return sent
    came = received.astimezone(local).date()
    return [debt.day for debt in still_open if debt.due_at.astimezone(local).date() == came]
