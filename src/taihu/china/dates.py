"""Dates and instants as senders write them, exact or refused.

General date parsers guess: they read ``24.3.5`` as 2005 and 13月1日 as January. Here a short year or a day-first form is read only
where the source declares the order, a day that the month does not have is ``invalid_date``, and everything is Shanghai time unless
the source or the text names a zone.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from taihu.china.characters import DIGITS, parse_form
from taihu.china.numerals import numeral
from taihu.china.refused import ValueRefused
from taihu.core.clock import SHANGHAI

Order = Literal["year first", "day first", "month first"]

_TIME = (
    r"(?:[T\s]+(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"秒?分?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_LONG = re.compile(
    r"(?P<y>\d{4})\s*(?:[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<d>\d{1,2})|年\s*(?P<m2>\d{1,2})\s*月\s*(?P<d2>\d{1,2})\s*[日号]?)"
    r"(?:\s*(?:星期|周)[一二三四五六日天])?" + _TIME
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<hour2>\d{2})(?P<minute2>\d{2})(?P<second2>\d{2})?)?" + _TIME)
_SHORT = re.compile(r"(?P<a>\d{1,4})([-/.])(?P<b>\d{1,2})\2(?P<c>\d{1,4})" + _TIME)
_SHORT_CHINESE = re.compile(r"(?P<y>\d{2})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?" + _TIME)
_NINE = "〇零一二三四五六七八九"
_WORDS = re.compile(f"(?P<y>[{_NINE}]{{4}})年(?P<m>[{_NINE}十]{{1,3}})月(?P<d>[{_NINE}十廿卅]{{1,3}})[日号]?")
_YEARLESS = re.compile(r"\d{1,2}(?:月\d{1,2}[日号]?|[-/.]\d{1,2})")
_EPOCH = dt.date(1899, 12, 30)
_SERIALS = range(36526, 73051)  # 2000-01-01 .. 2100-01-01 in a workbook
_FOREVER = dt.date(9999, 12, 31)
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A date with its time of day, and whether its year was short."""

    day: dt.date
    time: dt.time = dt.time(0)
    zone: dt.tzinfo | None = None
    has_time: bool = False
    is_short: bool = False

    def instant(self, zone: dt.tzinfo) -> dt.datetime:
        """The instant in UTC; ``zone`` counts where the text named none."""
        return dt.datetime.combine(self.day, self.time, self.zone or zone).astimezone(dt.UTC)


@lru_cache(maxsize=65536)
def parse(text: str, order: Order | None = None) -> Parsed:
    """Read a date, perhaps with a time of day.

    Raises:
        ValueRefused: ``invalid_date`` or ``ambiguous_date``.
    """
    kept = parse_form(text)
    for pattern in (_LONG, _COMPACT):
        match = pattern.fullmatch(kept)
        if match:
            return _from(match, int(match["y"]), int(match["m"] or match["m2"]) if pattern is _LONG else int(match["m"]), _day_part(match))
    if kept.isascii() and kept.isdecimal():
        return _from_number(kept)
    match = _SHORT.fullmatch(kept)
    if match:
        return _from_short(match, order)
    match = _SHORT_CHINESE.fullmatch(kept)
    if match:
        if order != "year first":
            raise ValueRefused("ambiguous_date")
        return _from(match, 2000 + int(match["y"]), int(match["m"]), int(match["d"]), is_short=True)
    match = _WORDS.fullmatch(kept)
    if match:
        return _from_words(match)
    raise ValueRefused("ambiguous_date" if _YEARLESS.fullmatch(kept) else "invalid_date")


def parse_date(text: str, order: Order | None = None) -> dt.date:
    """The business date that ``text`` states; a text with a zone is turned to Shanghai's day first.

    Raises:
        ValueRefused: ``invalid_date``, or ``ambiguous_date`` for a short or day-first form without a declared ``order``.
    """
    return read_date(text, order)[0]


def read_date(text: str, order: Order | None = None) -> tuple[dt.date, bool]:
    """Like :func:`parse_date`, and whether the year was written with two digits."""
    parsed = parse(text, order)
    if parsed.zone is not None:
        return parsed.instant(SHANGHAI).astimezone(SHANGHAI).date(), parsed.is_short
    return parsed.day, parsed.is_short


def parse_timestamp(text: str, zone: dt.tzinfo | str = SHANGHAI, order: Order | None = None) -> dt.datetime:
    """The instant in UTC that ``text`` states; ``zone`` counts where the text names none.

    Raises:
        ValueRefused: ``invalid_date`` or ``ambiguous_date``.
    """
    return parse(text, order).instant(ZoneInfo(zone) if isinstance(zone, str) else zone)


def _day_part(match: re.Match[str]) -> int:
    groups = match.groupdict()
    return int(groups["d"] or groups["d2"])


def _from(match: re.Match[str], year: int, month: int, day: int, *, is_short: bool = False) -> Parsed:
    groups = match.groupdict()
    hour = groups.get("hour") or groups.get("hour2")
    date = _date(year, month, day)
    if hour is None:
        return Parsed(date, is_short=is_short)
    try:
        fraction = (groups.get("fraction") or "").ljust(6, "0")[:6]
        second = groups.get("second") or groups.get("second2") or 0
        time = dt.time(int(hour), int(groups.get("minute") or groups.get("minute2") or 0), int(second), int(fraction or 0))
    except ValueError:
        raise ValueRefused("invalid_date") from None
    return Parsed(date, time, _zone(groups.get("zone")), True, is_short)


def _zone(text: str | None) -> dt.tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return dt.UTC
    offset = dt.timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def _date(year: int, month: int, day: int) -> dt.date:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise ValueRefused("invalid_date") from None
    if not 1900 <= year < 2200 and date != _FOREVER:
        raise ValueRefused("invalid_date")
    return date


def _from_number(text: str) -> Parsed:
    """A workbook's day number, or seconds or milliseconds since 1970."""
    number = int(text)
    if len(text) == 5 and number in _SERIALS:
        return Parsed(_EPOCH + dt.timedelta(days=number))
    if len(text) in (10, 13) and text[0] == "1":
        instant = _UTC_EPOCH + dt.timedelta(milliseconds=number if len(text) == 13 else number * 1000)
        return Parsed(instant.date(), instant.time(), dt.UTC, True)
    raise ValueRefused("ambiguous_date" if len(text) == 6 else "invalid_date")


def _from_short(match: re.Match[str], order: Order | None) -> Parsed:
    a, b, c = match["a"], match["b"], match["c"]
    if order is None:
        raise ValueRefused("ambiguous_date")
    if order == "year first":
        year, month, day = a, b, c
    elif order == "day first":
        day, month, year = a, b, c
    else:
        month, day, year = a, b, c
    if len(year) not in (2, 4) or len(day) > 2 or len(month) > 2:
        raise ValueRefused("invalid_date")
    is_short = len(year) == 2
    return _from(match, int(year) + (2000 if is_short else 0), int(month), int(day), is_short=is_short)


def _from_words(match: re.Match[str]) -> Parsed:
    year = int("".join(str(DIGITS[character]) for character in match["y"]))
    day = match["d"].replace("廿", "二十").replace("卅", "三十")
    return Parsed(_date(year, int(numeral(match["m"])), int(numeral(day))))
