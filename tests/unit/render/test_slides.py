"""Slides: native, editable, and the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import time
import zipfile
from decimal import Decimal

from pptx import Presentation
from pptx.util import Inches, Pt

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


def test_a_long_table_stands_side_by_side_and_stays_on_its_slide() -> None:
    made = Deck("质量", issued_at=ISSUED, lang="zh")
    rows = [[f"错误 {n}", str(n), ""] for n in range(48)]
    made.table("错误", ["错误", "植入", "发现"], rows)
    slide = Presentation(io.BytesIO(made.to_bytes())).slides[0]
    tables = [shape for shape in slide.shapes if shape.has_table]
    assert [len(shape.table.rows) for shape in tables] == [17, 17, 17]
    shown = [[cell.text.strip() for cell in row.cells] for shape in tables for row in list(shape.table.rows)[1:]]
    assert shown == rows
    assert all(shape.left + shape.width <= Inches(13.333) and shape.top + shape.height <= Inches(6.5) for shape in tables)
    assert all(one.left + one.width < other.left for one, other in itertools.pairwise(tables))
    frames = [cell.text_frame for shape in tables for row in shape.table.rows for cell in row.cells]
    sizes = [run.font.size for frame in frames for paragraph in frame.paragraphs for run in paragraph.runs]
    assert len(sizes) == 3 * 17 * 3 and min(sizes) >= Pt(8)  # also a blank cell has a run: without one its row would grow
