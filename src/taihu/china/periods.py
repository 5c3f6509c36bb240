"""Periods in words: 2026年9月, 2026Q3, 2026年上半年, 2026年9月上旬, 2026-W38, 2026-09-01至2026-09-03."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from taihu.china.characters import parse_form, stored_form
from taihu.china.dates import arabic, parse_date
from taihu.china.refused import ValueRefused
from taihu.core.types import Span

_YEAR = re.compile(r"(\d{4})年?(?:度|全年)?")
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?(?:份)?")
_COMPACT_MONTH = re.compile(r"(\d{4})(\d{2})")
_TEN_DAYS = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?(上|中|下)旬")
_HALF_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?(上|下)半月")
_QUARTER = re.compile(r"(\d{4})年?(?:[-/]?Q([1-4])|第?([一二三四1-4])季度?)", re.IGNORECASE)
_HALF = re.compile(r"(\d{4})年?(?:(上|下)半年|[-/]?H([12]))", re.IGNORECASE)
_QUARTER_FIRST = re.compile(r"Q([1-4])[-/]?(\d{4})年?", re.IGNORECASE)
_WEEK = re.compile(r"(\d{4})(?:-?W(\d{1,2})|年?第(\d{1,2})周)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:至|到|~|--)\s*|\s+-\s+")
_HYPHEN = re.compile(  # between two periods of one form
    r"(\d{4}年\d{1,2}月\d{1,2}日?|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2}|\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4}\.\d{1,2}"
    r"|\d{4}年\d{1,2}月?)-((?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{1,2}日|[\d/.-]{6,10})"
)
_NAMED_YEAR = re.compile(r"(\d{4}年)(\d{1,2}月)?")
_ELLIPTIC = re.compile(r"\d{1,2}月(?:\d{1,2}日)?|\d{1,2}日")
_DAY = dt.timedelta(days=1)


def month_span(year: int, month: int) -> Span:
    """All days of one month.

    Raises:
        ValueRefused: ``invalid_date``.
    """
    if not 1 <= month <= 12 or not 1900 <= year < 2200:
        raise ValueRefused("invalid_date")
    return Span(dt.date(year, month, 1), dt.date(year + month // 12, month % 12 + 1, 1))


def parse_period(text: str) -> Span:
    """The half-open span of days that a period's text names; a single date is a span of one day.

    Raises:
        ValueRefused: ``invalid_date`` or ``ambiguous_date``.
    """
    kept = arabic(parse_form(stored_form(text)))
    pieces = _BETWEEN.split(kept)
    hyphen = _HYPHEN.fullmatch("".join(kept.split())) if len(pieces) == 1 else None
    if len(pieces) == 2 or hyphen:
        first, last = _pair(*(hyphen.groups() if hyphen else pieces))
        if last.end <= first.start:
            raise ValueRefused("invalid_date")
        return Span(first.start, last.end)
    kept = "".join(kept.split())
    for pattern, span in _FORMS:
        match = pattern.fullmatch(kept)
        if match:
            return span(match)
    day = parse_date(text)
    return Span(day, day + _DAY)


def _pair(first: str, last: str) -> tuple[Span, Span]:
    """Both ends of a range; the second may leave out the year and the month that the first one names (1-3月, 3月5日至11日)."""
    named = _NAMED_YEAR.match(first)
    if named and _ELLIPTIC.fullmatch(last):
        month = named[2] or ""
        if last.endswith("月") and not first.endswith(("月", "日")):
            first += "月"
        last = named[1] + (month + last if "月" not in last else last)
    return parse_period(first), parse_period(last)


def _ten_days(match: re.Match[str]) -> Span:
    month = month_span(int(match[1]), int(match[2]))
    start = {"上": 0, "中": 10, "下": 20}[match[3]]
    end = month.end if start == 20 else month.start + (start + 10) * _DAY
    return Span(month.start + start * _DAY, end)


def _half_month(match: re.Match[str]) -> Span:
    month = month_span(int(match[1]), int(match[2]))
    middle = month.start + 15 * _DAY
    return Span(month.start, middle) if match[3] == "上" else Span(middle, month.end)


def _quarter(match: re.Match[str]) -> Span:
    number = int(match[2]) if match[2] else "一二三四".find(match[3]) + 1 or int(match[3])
    return _quarter_span(int(match[1]), number)


def _quarter_span(year: int, number: int) -> Span:
    return Span(month_span(year, 3 * number - 2).start, month_span(year, 3 * number).end)


def _half(match: re.Match[str]) -> Span:
    is_first = match[2] == "上" or match[3] == "1"
    year = int(match[1])
    return Span(month_span(year, 1 if is_first else 7).start, month_span(year, 6 if is_first else 12).end)


def _week(match: re.Match[str]) -> Span:
    try:
        monday = dt.date.fromisocalendar(int(match[1]), int(match[2] or match[3]), 1)
    except ValueError:
        raise ValueRefused("invalid_date") from None
    return Span(monday, monday + 7 * _DAY)


_FORMS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Span]]] = [
    (_YEAR, lambda match: Span(month_span(int(match[1]), 1).start, month_span(int(match[1]), 12).end)),
    (_MONTH, lambda match: month_span(int(match[1]), int(match[2]))),
    (_COMPACT_MONTH, lambda match: month_span(int(match[1]), int(match[2]))),
    (_TEN_DAYS, _ten_days),
    (_HALF_MONTH, _half_month),
    (_QUARTER, _quarter),
    (_QUARTER_FIRST, lambda match: _quarter_span(int(match[2]), int(match[1]))),
    (_HALF, _half),
    (_WEEK, _week),
]
