"""Dates and instants as senders write them, exact or refused.

General date parsers guess: they read ``24.3.5`` as 2005 and 13月1日 as January. Here a short year or a day-first form is read only
where the source declares the order, a day that the month does not have is ``invalid_date``, and everything is Shanghai time unless
the source or the text names a zone.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from taihu.china.characters import DIGITS, parse_form, stored_form
from taihu.china.numerals import numeral
from taihu.china.refused import ValueRefused
from taihu.core.clock import SHANGHAI

Order = Literal["year first", "day first", "month first"]

_WEEKDAY = r"(?:\s*\(?(?:星期|周)(?P<weekday>[一二三四五六日天])\)?)?"
_TIME = (
    r"(?:(?:T|\s+|(?<=[日号])|(?=[上下]午))\s*(?P<noon>[上下]午)?\s*"
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"秒?分?\s*(?P<half>[AaPp][Mm])?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_LONG = re.compile(
    r"(?P<y>\d{4})\s*(?:[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<d>\d{1,2})|年\s*(?P<m2>\d{1,2})\s*月\s*(?P<d2>\d{1,2})\s*[日号]?)"
    + _WEEKDAY
    + _TIME
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<hour2>\d{2})(?P<minute2>\d{2})(?P<second2>\d{2})?)?" + _TIME)
_SHORT = re.compile(r"(?P<a>\d{1,4})([-/.])(?P<b>\d{1,2})\2(?P<c>\d{1,4})" + _TIME)
_SHORT_CHINESE = re.compile(r"(?P<y>\d{2})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?" + _TIME)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ENGLISH = (
    re.compile(rf"(?P<d>\d{{1,2}})[- ]{_NAME}[- ](?P<y>\d{{4}}|\d{{2}})" + _TIME, re.IGNORECASE),
    re.compile(rf"{_NAME} (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})" + _TIME, re.IGNORECASE),
    re.compile(rf"(?P<y>\d{{4}})-{_NAME}-(?P<d>\d{{1,2}})" + _TIME, re.IGNORECASE),
)
_IN_WORDS = re.compile(f"([{''.join(DIGITS)}]{{4}})(?=年)|([{''.join(DIGITS)}十拾廿卅]{{1,4}})(?=[月日号])")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d{1,15}))?")
_YEARLESS = re.compile(r"\d{1,2}(?:月\d{1,2}[日号]?|[-/.]\d{1,2})")
_OLDEST_SHORT = 80  # a two-digit year from here on may be of the last century
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
    kept = arabic(parse_form(stored_form(text)))
    for pattern in (_LONG, _COMPACT):
        match = pattern.fullmatch(kept)
        if match:
            return _from(match, int(match["y"]), int(match["m"] or match["m2"]) if pattern is _LONG else int(match["m"]), _day_part(match))
    if kept.isascii():
        if kept[:1].isdecimal() and (kept.isdecimal() or _SERIAL.fullmatch(kept)):
            return _from_number(kept)
        for pattern in _ENGLISH:
            match = pattern.fullmatch(kept)
            if match:
                return _from_english(match, order)
    match = _SHORT.fullmatch(kept)
    if match:
        return _from_short(match, order)
    match = _SHORT_CHINESE.fullmatch(kept)
    if match:
        if order != "year first":
            raise ValueRefused("ambiguous_date")
        return _from(match, _century(match["y"]), int(match["m"]), int(match["d"]), is_short=True)
    raise ValueRefused("ambiguous_date" if _YEARLESS.fullmatch(kept) else "invalid_date")


def arabic(text: str) -> str:
    """``二〇二四年三月五日`` and the capitals of cheques (``贰零贰肆年零叁月``) with Arabic digits; what is no numeral stays."""
    return text if text.isascii() else _IN_WORDS.sub(_number_of, text)


def _number_of(match: re.Match[str]) -> str:
    if match[1]:
        return "".join(str(DIGITS[character]) for character in match[1])
    try:
        return str(int(numeral(match[2].replace("廿", "二十").replace("卅", "三十").lstrip("零〇"))))
    except ValueRefused:
        return match[0]


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


def is_day_number(text: str) -> bool:
    """Whether a date is written as the number of its day in a workbook (``46280``)."""
    return _SERIAL.fullmatch(parse_form(stored_form(text))) is not None


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
    if groups.get("weekday") and "一二三四五六日".index(groups["weekday"].replace("天", "日")) != date.weekday():
        raise ValueRefused("invalid_date")
    if hour is None:
        return Parsed(date, is_short=is_short)
    try:
        fraction = (groups.get("fraction") or "").ljust(6, "0")[:6]
        second = groups.get("second") or groups.get("second2") or 0
        minute = int(groups.get("minute") or groups.get("minute2") or 0)
        time = dt.time(_hour(int(hour), groups.get("noon"), groups.get("half")), minute, int(second), int(fraction or 0))
    except ValueError:
        raise ValueRefused("invalid_date") from None
    return Parsed(date, time, _zone(groups.get("zone")), True, is_short)


def _hour(hour: int, noon: str | None, half: str | None) -> int:
    """The hour of a day, from one before or after noon."""
    if not noon and not half:
        return hour
    is_late = noon == "下午" or (half or "").lower() == "pm"
    if not 1 <= hour <= 12 or (noon and half):
        raise ValueRefused("invalid_date")
    return hour % 12 + (12 if is_late else 0)


def _century(year: str) -> int:
    if len(year) == 4:
        return int(year)
    if len(year) != 2 or int(year) >= _OLDEST_SHORT:
        raise ValueRefused("invalid_date")
    return 2000 + int(year)


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
    serial = _SERIAL.fullmatch(text)
    if serial:
        if int(serial[1]) not in _SERIALS:
            raise ValueRefused("invalid_date")
        day = _EPOCH + dt.timedelta(days=int(serial[1]))
        second = round(Decimal(f"0.{serial[2]}") * 86400) if serial[2] else 0  # a workbook's fraction of a day is worth no more
        moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)
        return Parsed(moment.date(), moment.time(), None, second > 0)
    if len(text) in (10, 13) and text[0] == "1":
        number = int(text)
        instant = _UTC_EPOCH + dt.timedelta(milliseconds=number if len(text) == 13 else number * 1000)
        return Parsed(instant.date(), instant.time(), dt.UTC, True)
    raise ValueRefused("ambiguous_date" if len(text) == 6 else "invalid_date")


def _from_english(match: re.Match[str], order: Order | None) -> Parsed:
    """``5-Mar-2024``; with two digits for the year (``5-Mar-24``) only where days come first."""
    is_short = len(match["y"]) == 2
    if is_short and order != "day first":
        raise ValueRefused("ambiguous_date")
    return _from(match, _century(match["y"]), _MONTHS.index(match["name"][:3].lower()) + 1, int(match["d"]), is_short=is_short)


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
    if len(day) > 2 or len(month) > 2:
        raise ValueRefused("invalid_date")
    return _from(match, _century(year), int(month), int(day), is_short=len(year) == 2)
