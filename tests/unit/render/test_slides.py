"""Slides: native, editable, and the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from decimal import Decimal

from pptx import Presentation

from taihu.core.figures import ChartBlock, Series
from taihu.core.types import Text
from taihu.render.slides import Deck, SlideTile

ISSUED = dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC)
CHART = ChartBlock(
    Text("销售额", "Revenue"),
    "stacked",
    [Text("2026-11-21", "2026-11-21")],
    [Series(Text("电商", "E-com"), [Decimal("1284700")])],
    "money",
    "CNY",
)


def deck() -> bytes:
    made = Deck("技术设计", issued_at=ISSUED, lang="zh")
    made.cover("太湖", "从邮件到日报", "2026-11-23")
    made.points("要点", ["一", "二"])
    made.columns("难点", [("口径", ["含税"]), ("时间", ["调休"])])
    made.tiles("结果", [SlideTile("销售额", "1,284.7 万元", "▲ 5.1%", "good")])
    made.table("数据源", ["数据源", "方式"], [["华东", "邮件"]])
    made.chart("走势", CHART)
    return made.to_bytes()


def test_slides_hold_native_tables_and_charts() -> None:
    slides = list(Presentation(io.BytesIO(deck())).slides)
    assert len(slides) == 6
    table = next(shape.table for shape in slides[4].shapes if shape.has_table)
    assert [cell.text for row in table.rows for cell in row.cells] == ["数据源", "方式", "华东", "邮件"]
    chart = next(shape.chart for shape in slides[5].shapes if shape.has_chart)
    assert list(chart.plots[0].categories) == ["11/21"]
    assert list(chart.series[0].values) == [128.47]


def test_chinese_letters_name_their_font() -> None:
    with zipfile.ZipFile(io.BytesIO(deck())) as archive:
        assert 'ea typeface="Microsoft YaHei"' in archive.read("ppt/slides/slide1.xml").decode()


def test_the_same_slides_have_the_same_bytes_at_another_time() -> None:
    first = deck()
    time.sleep(2.1)  # the ZIP format counts in steps of two seconds
    assert deck() == first
