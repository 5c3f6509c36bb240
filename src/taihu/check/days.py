"""Rules about the business days of an arrival: outside the period, missing days, number of rows, copied snapshots."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from statistics import median
from typing import TYPE_CHECKING

from taihu.check.verdict import Finding
from taihu.core.clock import day_column
from taihu.core.types import Span

if TYPE_CHECKING:
    import pyarrow as pa

_ENOUGH_DAYS = 5
_ENOUGH_ROWS = 3


def outside_findings(days: Sequence[dt.date | None], positions: Sequence[str], known: Span, column: str) -> list[Finding]:
    """Rows whose day is neither owed nor delivered before; all of them where no day is."""
    places = [position for day, position in zip(days, positions, strict=True) if day is None or day not in known]
    what = f"{len(places)} rows lie outside {known}" if known.start < known.end else f"{len(places)} rows of a party that owes nothing"
    return [Finding("outside_period", what, places, column)] if places else []


def missing_day_findings(days: Sequence[dt.date | None], owed: Collection[dt.date], column: str) -> list[Finding]:
    """Days without rows between the first and the last, and days that this delivery has to cover."""
    present = {day for day in days if day is not None}
    if not present:
        return []
    wanted = {*Span(min(present), max(present)).days(), *owed}
    absent = sorted(wanted - present)
    return [Finding("missing_day", str(day), column=column) for day in absent]


def row_count_findings(days: Sequence[dt.date | None], history: Sequence[dt.date | None]) -> list[Finding]:
    """Far fewer rows a day than this party has always sent."""
    usual = Counter(day for day in history if day is not None)
    counts = sorted(usual.values())
    if len(counts) < _ENOUGH_DAYS:
        return []
    middle = median(counts)
    spread = 1.4826 * median(abs(count - middle) for count in counts)
    lowest = min(middle - max(5 * spread, middle / 4), counts[0])
    return [
        Finding("row_count", f"{count} rows for {day}, usually {middle:g}")
        for day, count in sorted(Counter(day for day in days if day is not None).items())
        if count < lowest
    ]


def stale_findings(rows: pa.Table, columns: Sequence[str], day: str, history: pa.Table | None, zone: str) -> list[Finding]:
    """A snapshot that repeats the party's last one before it, key by key."""
    current = _snapshots(rows, columns, day, zone)
    known = _snapshots(history, columns, day, zone) if history is not None else {}
    findings = []
    for date in sorted(current):
        earlier = max((other for other in {**known, **current} if other < date), default=None)
        if earlier is None or len(current[date]) < _ENOUGH_ROWS:
            continue
        last = current.get(earlier) or known[earlier]
        if current[date] == last and any(values[-1] for values in last):
            findings.append(
                Finding("stale_stock", f"{date} repeats {earlier} in all {len(current[date])} rows", column=columns[-1], of_file=True)
            )
    return findings


def _snapshots(rows: pa.Table, columns: Sequence[str], day: str, zone: str) -> dict[dt.date, Counter[tuple[object, ...]]]:
    days: list[dt.date | None] = day_column(rows[day], zone).to_pylist()
    snapshots: dict[dt.date, Counter[tuple[object, ...]]] = {}
    for date, values in zip(days, zip(*(rows[name].to_pylist() for name in columns), strict=True), strict=True):
        if date is not None:
            snapshots.setdefault(date, Counter())[values] += 1
    return snapshots
