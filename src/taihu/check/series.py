"""The daily series of a party, before and in an arrival, and the days of the arrival that are far from what they should be."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from taihu.check.verdict import CheckContext, Finding
from taihu.core.clock import day_column
from taihu.core.errors import ManifestError
from taihu.core.types import Note
from taihu.manifest.source import Anomalies

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.check.regression import Floats

_LONGEST = 1100
_DAY = dt.timedelta(days=1)

Key = tuple[str, ...]


@dataclass(slots=True)
class _Far:
    """Series of one day that are far off: how far the farthest is, and the places of their rows."""

    series: int = 0
    farthest: float = 0.0
    places: list[str] = field(default_factory=list)


def anomaly_findings(rows: pa.Table, rule: Anomalies, day: str, context: CheckContext) -> tuple[list[Finding], list[Note]]:
    """Days that a person should look at, and notes about days that are only worth a word.

    Args:
        rows: The rows of one party.
        day: Column of the business date.

    Raises:
        ManifestError: If numpy, which only this rule needs, is not installed.
    """
    from taihu.check.anomalies import HOLD, SHORTEST, WARN, judge

    if find_spec("numpy") is None:
        raise ManifestError("a check of anomalies needs the package numpy", where="source.yml", fix="pip install 'taihu[anomalies]'")
    history = context.previous(context.party)
    sums = _sums(rows, rule, day, context.zone)
    before = _sums(history, rule, day, context.zone) if history is not None and history.num_rows else {}
    judged_days = sorted({date for _, date in sums} | {date for span in context.spans for date in span.days()})
    days = _axis(judged_days, before)
    known = (judged_days[0] - days[0]).days if judged_days else 0
    if context.calendar is None or known < SHORTEST:
        return [], [Note("not_checked", column=rule.of, detail=f"{known} days are known before it, at least {SHORTEST} are needed")]
    scored = judge(days, _series({**before, **sums}, days), context.calendar, promotions=_promotions(rule, context))
    places = _places(rows, rule, day, context.zone)
    strong: dict[dt.date, _Far] = defaultdict(_Far)
    mild: dict[dt.date, _Far] = defaultdict(_Far)
    for date in judged_days:
        for key, judged in scored.items():
            score = float(judged.scores[(date - days[0]).days])
            if abs(score) >= WARN:
                far = (strong if abs(score) >= HOLD else mild)[date]
                far.series += 1
                far.farthest = max(far.farthest, score, key=abs)
                far.places += places.get((key, date), ())
    findings = [
        Finding("anomaly_suspected", _said(date, far, len(scored)), far.places, rule.of, of_file=True) for date, far in strong.items()
    ]
    notes = [
        Note("anomaly_suspected", far.places[0] if far.places else "", rule.of, _said(date, far, len(scored))) for date, far in mild.items()
    ]
    return findings, notes


def _said(day: dt.date, far: _Far, of: int) -> str:
    side = "above" if far.farthest > 0 else "below"
    what = f"{far.series} of {of} series are" if of > 1 else "it is"
    return f"{day}: {what} far from such days, at most {abs(far.farthest):.0f} standard deviations {side}"


def _axis(judged: Sequence[dt.date], before: Mapping[tuple[Key, dt.date], float]) -> list[dt.date]:
    """All days from the first that is known on; those to be judged are the last ones."""
    if not judged:
        return []
    first = min((date for _, date in before), default=judged[0])
    count = (judged[0] - min(first, judged[0])).days
    earlier = [judged[0] - _DAY * number for number in range(min(count, _LONGEST), 0, -1)]
    return [*earlier, *(judged[0] + _DAY * number for number in range((judged[-1] - judged[0]).days + 1))]


def _sums(rows: pa.Table, rule: Anomalies, day: str, zone: str) -> dict[tuple[Key, dt.date], float]:
    """The sum of the column by series and day; negative sums count as none, so returns do not look like sales."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keyed = rows.select(list(rule.by)).append_column("_day", day_column(rows[day], zone))
    keyed = keyed.append_column("_value", pc.cast(rows[rule.of], pa.float64()))
    summed = keyed.group_by([*rule.by, "_day"]).aggregate([("_value", "sum")])
    keys = zip(*(summed[name].to_pylist() for name in rule.by), strict=True) if rule.by else ((),) * summed.num_rows
    found: dict[tuple[Key, dt.date], float] = {}
    for key, date, value in zip(keys, summed["_day"].to_pylist(), summed["_value_sum"].to_pylist(), strict=True):
        if date is not None and value is not None:
            found[tuple(str(part) for part in key), date] = max(value, 0.0)
    return found


def _series(sums: Mapping[tuple[Key, dt.date], float], days: Sequence[dt.date]) -> dict[Key, Floats]:
    import numpy as np

    place = {date: number for number, date in enumerate(days)}
    series: dict[Key, Floats] = {}
    for (key, date), value in sums.items():
        if date in place:
            series.setdefault(key, np.zeros(len(days)))[place[date]] = value
    return series


def _places(rows: pa.Table, rule: Anomalies, day: str, zone: str) -> dict[tuple[Key, dt.date], list[str]]:
    places: dict[tuple[Key, dt.date], list[str]] = {}
    keys = zip(*(rows[name].to_pylist() for name in rule.by), strict=True) if rule.by else ((),) * rows.num_rows
    for key, date, position in zip(keys, day_column(rows[day], zone).to_pylist(), rows["_src_row"].to_pylist(), strict=True):
        places.setdefault((tuple(str(part) for part in key), date), []).append(position)
    return places


def _promotions(rule: Anomalies, context: CheckContext) -> dict[str, set[dt.date]]:
    """Days of each promotion of the reference table ``promotion_name, valid_from, valid_to``; the last day is not in it."""
    known = context.reference(f"clean.{rule.promotions}") if rule.promotions else None
    found: dict[str, set[dt.date]] = defaultdict(set)
    for row in known.select(["promotion_name", "valid_from", "valid_to"]).to_pylist() if known is not None else ():
        if row["valid_from"] and row["valid_to"]:
            length = (row["valid_to"] - row["valid_from"]).days
            found[str(row["promotion_name"])] |= {row["valid_from"] + _DAY * number for number in range(min(length, _LONGEST))}
    return found
