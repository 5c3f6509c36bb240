"""Where chart marks stand, and that drawn charts hold what was planned."""

from __future__ import annotations

import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from taihu.core.figures import ChartBlock, Series
from taihu.core.types import Text
from taihu.render.charts import chart_png, chart_svg, plan_chart, plan_trend, ticks

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4)


def block(kind: str, *values: list[str | None], x: list[str] | None = None) -> ChartBlock:
    series = [Series(Text(f"序列{n}", f"Series {n}"), [None if v is None else Decimal(v) for v in one]) for n, one in enumerate(values)]
    labels = x or [f"2026-11-{20 + n}" for n in range(len(values[0]))]
    return ChartBlock(Text("图", "Chart"), kind, [Text(one, one) for one in labels], series, "money", "CNY")  # type: ignore[arg-type]


@given(amounts, amounts, st.booleans())
def test_ticks_are_few_even_and_hold_the_range(one: Decimal, other: Decimal, from_zero: bool) -> None:
    low, high = min(one, other), max(one, other)
    marks = ticks(low, high, from_zero=from_zero)
    assert 4 <= len(marks) <= 7
    assert len({after - before for before, after in itertools.pairwise(marks)}) == 1
    assert marks[0] <= low and high <= marks[-1]
    if from_zero:
        assert Decimal(0) in marks


def test_bars_stand_on_zero_but_a_line_far_from_it_may_leave_it_out() -> None:
    values = ["9000", "9400", "9200"]
    assert plan_chart(block("bar", values, values), "zh")["ticks"][0]["label"] == "0"
    assert plan_chart(block("line", values), "zh")["ticks"][0]["label"] == "9,000"


def test_stacked_bars_stand_on_each_other_and_negative_ones_below_zero() -> None:
    planned = plan_chart(block("stacked", ["30", "10"], ["20", None], ["-50", "5"]), "en")
    first, second, third = (series["spans"] for series in planned["series"])
    assert first[0][0] == planned["zero"] and first[0][1] == second[0][0]
    assert third[0][0] == planned["zero"] and third[0][1] < planned["zero"]
    assert second[1] is None


def test_days_lose_their_year_and_weekends_are_marked() -> None:
    planned = plan_chart(block("line", ["1", "2", "3"], x=["2026-11-20", "2026-11-21", "2026-11-22"]), "en")
    assert [item["label"] for item in planned["labels"]] == ["20 Nov", "21 Nov", "22 Nov"]
    assert planned["weekends"] == [1, 2]
    assert plan_chart(block("line", ["1"], x=["2026-11-20"]), "zh")["labels"][0]["label"] == "11/20"


def test_lying_bars_fill_the_width_and_carry_their_numbers() -> None:
    planned = plan_chart(block("bar", ["20000", "50000", None], x=["华东", "华北", "华南"]), "zh")
    assert planned["kind"] == "hbar"
    assert planned["series"][0]["spans"] == [[0.0, 0.4], [0.0, 1.0], None]
    assert planned["series"][0]["texts"] == ["20,000", "50,000", "—"]


def test_a_trend_keeps_its_gaps_and_a_flat_one_lies_in_the_middle() -> None:
    assert plan_trend([Decimal(1), None, Decimal(3)]) == [[0.0, 0.0], None, [1.0, 1.0]]
    assert plan_trend([Decimal(2), Decimal(2)]) == [[0.0, 0.5], [1.0, 0.5]]
    assert plan_trend([None, Decimal(2)]) == []
    assert plan_trend([None, Decimal(1), None, None, None, Decimal(2), None]) == [[0.0, 0.0], [1.0, 1.0]]


def test_a_chart_is_drawn_with_outlines_only_and_twice_alike() -> None:
    for one in (
        block("stacked", ["1", "-2"], ["3", "4"]),
        block("line", ["1", None, "3"]),
        block("bar", ["1", "2"]),
        block("bar", [], x=[]),
    ):
        svg = chart_svg(one, "zh")
        assert svg.startswith(b"<svg") and b"<text" not in svg and b"font-family" not in svg
        assert svg == chart_svg(one, "zh")
    assert chart_png(block("line", ["1", "2"]), "en", width=200, height=100).startswith(b"\x89PNG")
