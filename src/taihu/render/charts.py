"""Charts: their geometry is planned here, exact and testable; typst draws it with the packaged font.

A chart library in a JavaScript engine costs 85 MB and 0.6 s before the first chart; this costs nothing beyond the typst that
sets the PDF anyway, and the same drawing appears in the PDF, as PNG in the mail and as SVG in documents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from taihu.core.figures import ChartBlock
from taihu.core.types import Lang
from taihu.render import theme
from taihu.render.numbers import Scale, number_text, scale_for
from taihu.render.typeset import typeset

Drawing = dict[str, Any]
"""A planned chart: positions as shares (0 to 1) of the plot's width and height from its lower left, texts ready to print."""

_STEPS = tuple(Decimal(step) for step in (2, 5, 10, 20, 25, 50, 100))
_MOST_LABELS = 8


def ticks(low: Decimal, high: Decimal, *, about: int = 4, from_zero: bool = True) -> list[Decimal]:
    """Round numbers that span from at most ``low`` to at least ``high``, zero among them unless it may be left out.

    Zero is left out only of lines that stay far from it; bars without their zero would lie.
    """
    if from_zero or low < high / 2:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    if low == high:
        high = low + 1
    rough = (high - low) / about
    magnitude = Decimal(1).scaleb(rough.adjusted() - 1)
    fitting = [_fitting(low, high, factor * magnitude) for factor in _STEPS]
    return min((marks for marks in fitting if 4 <= len(marks) <= 7), key=lambda marks: (marks[-1] - marks[0], len(marks)))


def _fitting(low: Decimal, high: Decimal, step: Decimal) -> list[Decimal]:
    """Multiples of a step around a range."""
    first = (low / step).to_integral_value(rounding=ROUND_FLOOR)
    last = (high / step).to_integral_value(rounding=ROUND_CEILING)
    return [(first + n) * step for n in range(int(last - first) + 1)] if last - first < 20 else []


def plan_chart(block: ChartBlock, lang: Lang) -> Drawing:
    """Everything that has to be drawn of a chart, without a size yet."""
    values = [value for series in block.series for value in series.values]
    scale = scale_for(block.format, block.unit, lang, values, together=True)
    marks = ticks(*_extent(block), from_zero=block.kind != "line")
    low, high = marks[0], marks[-1]
    count = max(len(block.x), 1)
    horizontal = block.kind == "bar" and len(block.series) == 1 and len(block.x) > 0
    if horizontal and low == 0:
        high = _extent(block)[1] or high  # a lying bar has no axis to read, so the longest one fills the width
    labels = [short_label(text.in_(lang), lang) for text in block.x]
    every = 1 if block.kind == "bar" else -(-count // _MOST_LABELS)
    return {
        "kind": "hbar" if horizontal else block.kind,
        "unit": scale.unit,
        "zero": max(_share(Decimal(0), low, high), 0.0),
        "ticks": [{"at": _share(mark, low, high), "label": _tick_text(mark, marks, scale)} for mark in marks],
        "labels": [{"at": _middle(n, count), "label": label} for n, label in enumerate(labels) if (count - 1 - n) % every == 0],
        "count": count,
        "weekends": [n for n, text in enumerate(block.x) if _is_weekend(text.en) or _is_weekend(text.zh)],
        "series": _series(block, lang, low, high, scale),
    }


def chart_svg(block: ChartBlock, lang: Lang, *, width: int = 520, height: int = 220) -> bytes:
    """The chart as SVG; its letters are outlines of the packaged font, so it looks the same everywhere."""
    return typeset({"main.typ": _page()}, data=_sized(block, lang, width, height), format="svg", where=f"chart {block.title.en}")[0]


def chart_png(block: ChartBlock, lang: Lang, *, width: int = 520, height: int = 220, ppi: float = 144) -> bytes:
    """The chart as PNG; 144 pixels an inch are twice the size of a screen's points."""
    return typeset({"main.typ": _page()}, data=_sized(block, lang, width, height), format="png", ppi=ppi, where=f"chart {block.title.en}")[
        0
    ]


def plan_trend(values: Sequence[Decimal | None]) -> list[list[float] | None]:
    """Points of a sparkline: from its smallest to its greatest value, gaps where there is no value.

    Where most days have no value (a mart by weeks), the values that there are stand side by side.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return []
    values = known if len(known) * 2 < len(values) else values
    low, high = min(known), max(known)
    step = max(len(values) - 1, 1)
    return [
        None if value is None else [round(n / step, 5), _share(value, low, high) if high > low else 0.5] for n, value in enumerate(values)
    ]


def _page() -> str:
    return """
#import "charts.typ": chart
#import "theme.typ": base
#let d = json("data.json")
#show: base
#set page(width: d.width * 1pt, height: d.height * 1pt, margin: 4pt, fill: white)
#chart(d.chart, (d.width - 8) * 1pt, (d.height - 8) * 1pt)
"""


def _sized(block: ChartBlock, lang: Lang, width: int, height: int) -> Drawing:
    return {"chart": plan_chart(block, lang), "width": width, "height": height}


def _extent(block: ChartBlock) -> tuple[Decimal, Decimal]:
    """Smallest and greatest height that bars or lines reach."""
    if block.kind != "stacked":
        known = [value for series in block.series for value in series.values if value is not None]
        return min(known, default=Decimal(0)), max(known, default=Decimal(0))
    columns = [[value for value in column if value is not None] for column in zip(*(series.values for series in block.series), strict=True)]
    lows = [sum((value for value in column if value < 0), Decimal(0)) for column in columns]
    highs = [sum((value for value in column if value > 0), Decimal(0)) for column in columns]
    return min(lows, default=Decimal(0)), max(highs, default=Decimal(0))


def _series(block: ChartBlock, lang: Lang, low: Decimal, high: Decimal, scale: Scale) -> list[Drawing]:
    count = max(len(block.x), 1)
    up, down = [Decimal(0)] * count, [Decimal(0)] * count
    made: list[Drawing] = []
    for order, series in enumerate(block.series):
        spans: list[list[float] | None] = []
        for n, value in enumerate(series.values):
            if value is None:
                spans.append(None)
            elif block.kind == "stacked":
                side = up if value >= 0 else down
                spans.append([_share(side[n], low, high), _share(side[n] + value, low, high)])
                side[n] += value
            else:
                spans.append([_share(Decimal(0), low, high), _share(value, low, high)])
        made.append(
            {
                "label": series.label.in_(lang),
                "colour": theme.SERIES[order % len(theme.SERIES)],
                "points": [None if span is None else [_middle(n, count), span[1]] for n, span in enumerate(spans)],
                "spans": spans,
                "texts": [scale.text(value) for value in series.values],
                "last": next((scale.text(value) for value in reversed(series.values) if value is not None), ""),
            }
        )
    return made


def _share(value: Decimal, low: Decimal, high: Decimal) -> float:
    return round(float((value - low) / (high - low)), 5)


def _middle(n: int, count: int) -> float:
    return round((n + 0.5) / count, 5)


def _tick_text(mark: Decimal, marks: Sequence[Decimal], scale: Scale) -> str:
    """A tick in as few decimals as tell the ticks apart."""
    step = scale.scaled(marks[1] - marks[0]).normalize()
    digits = max(0, -int(step.as_tuple().exponent))
    return number_text(scale.scaled(mark), digits)


def _day(label: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(label)
    except ValueError:
        return None


def short_label(label: str, lang: Lang) -> str:
    """The label of an axis: an ISO day without its year; everything else as it is."""
    day = _day(label)
    if day is None:
        return label
    return f"{day.month}/{day.day}" if lang == "zh" else f"{day.day} {_MONTHS[day.month - 1]}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_weekend(label: str) -> bool:
    day = _day(label)
    return day is not None and day.isoweekday() >= 6
