"""Patterns of file names and subjects, such as ``流向_{party}_{yyyy}{mm}{dd}``: no regular expressions for people to write."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from taihu.core.types import Span

_FIELDS = {
    "party": r"(?P<party{n}>[^\s_/\\]+?)",
    "text": r"(?P<text{n}>\S(?:.*?\S)?)",
    "yyyy": r"(?P<yyyy{n}>\d{{4}})",
    "yy": r"(?P<yy{n}>\d{{2}})",
    "mm": r"(?P<mm{n}>\d{{2}})",
    "m": r"(?P<m{n}>\d{{1,2}})",
    "dd": r"(?P<dd{n}>\d{{2}})",
    "d": r"(?P<d{n}>\d{{1,2}})",
}
_TOKEN = re.compile(r"\{(\w+)\}|(\*)|(\?)")


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """What a pattern found: the party's key, the half-open span of days, a text; None where the pattern has no such field."""

    party: str | None
    span: Span | None
    text: str | None = None


def pattern_regex(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern; ``*`` is any text, ``?`` one character, the rest literal; matched anywhere.

    Raises:
        ValueError: On an unknown ``{field}``.
    """
    out, at, counts = [], 0, dict.fromkeys(_FIELDS, 0)
    for token in _TOKEN.finditer(pattern):
        out.append(re.escape(pattern[at : token.start()]))
        at = token.end()
        if token[2] or token[3]:
            out.append(".*?" if token[2] else ".")
            continue
        if token[1] not in _FIELDS:
            raise ValueError(
                f"unknown field {{{token[1]}}} in pattern {pattern!r}; known: {', '.join('{' + name + '}' for name in _FIELDS)}"
            )
        counts[token[1]] += 1
        out.append(_FIELDS[token[1]].format(n=counts[token[1]]))
    out.append(re.escape(pattern[at:]))
    # Digits next to the pattern belong to another number: a date must not be cut out of a longer one.
    starts = r"(?<!\d)" if pattern.startswith(("{yy", "{m", "{d")) else ""
    ends = r"(?!\d)" if pattern.endswith(("yy}", "{mm}", "{m}", "{dd}", "{d}")) else ""
    ends = r"(?=$|[\s_/\\.])" if pattern.endswith("{party}") else r"\s*$" if pattern.endswith("{text}") else ends
    return re.compile(starts + "".join(out) + ends)


def match_pattern(pattern: str, text: str, year: int | None = None) -> PatternMatch | None:
    """Find the pattern in a text; None when it does not occur or its numbers are no date.

    A pattern without a day speaks for the month; with two dates for the days from the first to the last, both included.

    Args:
        pattern: The pattern.
        text: Where it is looked for.
        year: The year of dates that the pattern gives no year for.
    """
    found = pattern_regex(pattern).search(text)
    if not found:
        return None
    groups = found.groupdict()
    if year is not None and not groups.get("yyyy1") and not groups.get("yy1"):
        groups["yyyy1"] = str(year)
    try:
        days = [span for n in (1, 2) if (span := _span(groups, n)) is not None]
    except ValueError:
        return None
    span = Span(days[0].start, days[-1].end) if days and days[0].start < days[-1].end else None
    if days and span is None:
        return None
    return PatternMatch(groups.get("party1"), span, groups.get("text1"))


def year_in(pattern: str, text: str) -> int | None:
    """The year where a pattern with ``{yyyy}`` or ``{yy}`` finds one."""
    found = pattern_regex(pattern).search(text)
    groups = found.groupdict() if found else {}
    year = groups.get("yyyy1") or (f"20{groups['yy1']}" if groups.get("yy1") else None)
    return int(year) if year else None


def _span(groups: dict[str, str], n: int) -> Span | None:
    year = groups.get(f"yyyy{n}") or groups.get("yyyy1")
    if year is None and (short := groups.get(f"yy{n}") or groups.get("yy1")):
        year = "20" + short
    month = groups.get(f"mm{n}") or groups.get(f"m{n}")
    day = groups.get(f"dd{n}") or groups.get(f"d{n}")
    if n == 2 and day and not month:
        month = groups.get("mm1") or groups.get("m1")
    if year is None or month is None:
        return None
    if day is None:
        start = dt.date(int(year), int(month), 1)
        return Span(start, (start + dt.timedelta(days=32)).replace(day=1))
    start = dt.date(int(year), int(month), int(day))
    return Span(start, start + dt.timedelta(days=1))
