"""Slides: a few fixed layouts on a 16:9 page, with native charts and tables that their reader can edit.

There is no layout engine in a presentation, so each layout places its parts itself. Only the name of the font is stored.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taihu.core.figures import ChartBlock
from taihu.core.types import Lang
from taihu.render import theme
from taihu.render.archives import settled
from taihu.render.charts import short_label
from taihu.render.numbers import scale_for

_STYLE = "{http://schemas.openxmlformats.org/presentationml/2006/main}style"
_WIDTH, _HEIGHT = 13.333, 7.5
_LEFT, _TOP, _WIDE = 0.62, 1.55, 12.1


@dataclass(frozen=True, slots=True)
class SlideTile:
    """A number on a slide: its name, itself, a remark, and how good it is."""

    label: str
    value: str
    note: str = ""
    tone: theme.Tone = "flat"


class Deck:
    """A presentation that is built slide by slide.

    Args:
        title: The deck's name, in the properties and on every slide's foot.
        issued_at: The instant that it speaks of; never the present.
        lang: The language of the numbers in its charts.
    """

    def __init__(self, title: str, *, issued_at: dt.datetime, lang: Lang) -> None:
        from pptx import Presentation
        from pptx.util import Inches

        self._title, self._issued_at, self._lang = title, issued_at, lang
        self._deck = Presentation()
        self._deck.slide_width, self._deck.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
        properties = self._deck.core_properties
        properties.title, properties.author, properties.last_modified_by = title, "Taihu", "Taihu"
        properties.created = properties.modified = issued_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)

    def cover(self, title: str, subtitle: str, remark: str = "") -> None:
        """The first slide."""
        slide = self._blank()
        self._rectangle(slide, 0, 0, _WIDTH, _HEIGHT, theme.LAKE)
        self._rectangle(slide, _LEFT, 4.62, 1.3, 0.06, theme.SERIES[1])
        self._text(slide, _LEFT, 2.2, _WIDE, 2.2, [title], size=40, bold=True, colour=theme.PAPER, anchor="bottom")
        self._text(slide, _LEFT, 4.85, _WIDE, 0.8, [subtitle], size=18, colour="#D5E6EA")
        self._text(slide, _LEFT, 6.7, _WIDE, 0.4, [remark], size=11, colour="#9DBCC4")

    def points(self, title: str, points: Sequence[str], *, remark: str = "") -> None:
        """A statement and what supports it."""
        slide = self._titled(title)
        size = 22 if len(points) <= 5 else 18 if len(points) <= 7 else 14
        step = min(4.8 / max(len(points), 1), 1.0)
        for place, point in enumerate(points):
            top = _TOP + 0.05 + place * step
            self._rectangle(slide, _LEFT + 0.02, top + step / 2 - 0.05, 0.1, 0.1, theme.SERIES[1])
            self._text(slide, _LEFT + 0.38, top, _WIDE - 0.4, step, [point], size=size, anchor="middle")
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [remark], size=12, colour=theme.MUTED)

    def columns(self, title: str, columns: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Two to four headed columns of short texts side by side."""
        slide = self._titled(title)
        width = (_WIDE - 0.3 * (len(columns) - 1)) / max(len(columns), 1)
        for place, (head, points) in enumerate(columns):
            left = _LEFT + place * (width + 0.3)
            self._rectangle(slide, left, _TOP, width, 4.95, theme.MIST)
            self._rectangle(slide, left, _TOP, width, 0.06, theme.LAKE)
            self._text(slide, left + 0.2, _TOP + 0.2, width - 0.4, 0.6, [head], size=17, bold=True, colour=theme.LAKE)
            self._text(slide, left + 0.2, _TOP + 0.85, width - 0.4, 3.9, list(points), size=14, gap=7)

    def tiles(self, title: str, tiles: Sequence[SlideTile], *, remark: str = "") -> None:
        """Up to eight big numbers."""
        slide = self._titled(title)
        across = min(max(len(tiles), 1), 4)
        width = (_WIDE - 0.25 * (across - 1)) / across
        for place, tile in enumerate(tiles[:8]):
            left, top = _LEFT + place % across * (width + 0.25), _TOP + 0.1 + place // across * 2.35
            self._rectangle(slide, left, top, width, 2.1, theme.MIST)
            self._rectangle(slide, left, top, 0.06, 2.1, theme.TONES[tile.tone] if tile.tone != "flat" else theme.LAKE)
            self._text(slide, left + 0.2, top + 0.15, width - 0.4, 0.4, [tile.label], size=13, colour=theme.MUTED)
            self._text(
                slide,
                left + 0.2,
                top + 0.52,
                width - 0.4,
                0.9,
                [tile.value],
                size=30 if _length(tile.value) <= 9 else 22,
                bold=True,
                anchor="middle",
            )
            self._text(slide, left + 0.2, top + 1.42, width - 0.4, 0.5, [tile.note], size=12, colour=theme.TONES[tile.tone])
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [remark], size=12, colour=theme.MUTED)

    def picture(self, title: str, png: bytes, *, remark: str = "") -> None:
        """A picture as large as the slide allows, in its own proportions."""
        from pptx.util import Inches

        slide = self._titled(title)
        room = 4.85 if remark else 5.25
        shape = slide.shapes.add_picture(io.BytesIO(png), Inches(_LEFT), Inches(_TOP))
        factor = min(Inches(_WIDE) / shape.width, Inches(room) / shape.height)
        shape.width, shape.height = int(shape.width * factor), int(shape.height * factor)
        shape.left, shape.top = int((Inches(_WIDTH) - shape.width) / 2), int(Inches(_TOP) + (Inches(room) - shape.height) / 2)
        shape._element.nvPicPr.cNvPr.set("descr", title)
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [remark], size=12, colour=theme.MUTED)

    def table(self, title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], *, remark: str = "") -> None:
        """A native table; columns are as wide as their longest text asks for."""
        from pptx.util import Inches, Pt

        slide = self._titled(title)
        height = min(0.42, 4.9 / (len(rows) + 1))
        shape = slide.shapes.add_table(
            len(rows) + 1, len(headers), Inches(_LEFT), Inches(_TOP), Inches(_WIDE), Inches(height * (len(rows) + 1))
        )
        table = shape.table
        lengths = [max(_length(str(line[place])) for line in [headers, *rows]) + 3 for place in range(len(headers))]
        for place, length in enumerate(lengths):
            table.columns[place].width = int(Inches(_WIDE) * length / sum(lengths))
        size = 13 if len(rows) <= 9 else 11 if len(rows) <= 14 else 9
        for number, line in enumerate([headers, *rows]):
            table.rows[number].height = Inches(height)
            for place, text in enumerate(line):
                cell = table.cell(number, place)
                cell.margin_top = cell.margin_bottom = Pt(2)
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb(theme.LAKE if number == 0 else theme.MIST if number % 2 == 0 else theme.PAPER)
                self._write(cell.text_frame, [str(text)], size=size, bold=number == 0, colour=theme.PAPER if number == 0 else theme.INK)
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [remark], size=12, colour=theme.MUTED)

    def chart(self, title: str, block: ChartBlock, *, remark: str = "") -> None:
        """A native chart with its numbers, editable in the presentation."""
        from pptx.chart import data as chart_data
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
        from pptx.util import Inches, Pt

        slide = self._titled(title)
        scale = scale_for(
            block.format, block.unit, self._lang, [value for series in block.series for value in series.values], together=True
        )
        new_data: Any = chart_data.CategoryChartData
        data = new_data(number_format="#,##0.0")
        data.categories = [short_label(text.in_(self._lang), self._lang) for text in block.x]
        for series in block.series:
            data.add_series(
                series.label.in_(self._lang), [None if value is None else float(scale.scaled(value)) for value in series.values]
            )
        kinds = {"line": XL_CHART_TYPE.LINE, "stacked": XL_CHART_TYPE.COLUMN_STACKED, "bar": XL_CHART_TYPE.COLUMN_CLUSTERED}
        frame = slide.shapes.add_chart(kinds[block.kind], Inches(_LEFT), Inches(_TOP), Inches(_WIDE), Inches(4.8), data)
        chart = frame.chart
        chart.has_title, chart.has_legend = False, len(block.series) > 1
        chart.font.size, chart.font.name = Pt(12), theme.OFFICE_FONT
        chart.font.color.rgb = _rgb(theme.MUTED)
        if chart.has_legend:
            chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
        chart.value_axis.major_gridlines.format.line.color.rgb = _rgb(theme.HAIRLINE)
        chart.value_axis.format.line.fill.background()
        chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = "#,##0", False
        _thin_labels(chart, len(block.x))
        if block.kind != "line":
            chart.plots[0].gap_width = 55
        for order, series in enumerate(chart.plots[0].series):
            colour = _rgb(theme.SERIES[order % len(theme.SERIES)])
            if block.kind == "line":
                series.format.line.color.rgb, series.format.line.width, series.smooth = colour, Pt(2.25), False
            else:
                series.format.fill.solid()
                series.format.fill.fore_color.rgb = colour
        self._text(
            slide,
            _LEFT,
            6.45,
            _WIDE,
            0.4,
            [" ".join(part for part in (remark, f"({scale.unit.strip()})") if part)],
            size=12,
            colour=theme.MUTED,
        )

    def to_bytes(self) -> bytes:
        """The presentation; the same slides give the same bytes."""
        result = io.BytesIO()
        self._deck.save(result)
        return settled(result.getvalue(), self._issued_at)

    # parts -----------------------------------------------------------------------------------------------------------

    def _blank(self) -> Any:
        return self._deck.slides.add_slide(self._deck.slide_layouts[6])

    def _titled(self, title: str) -> Any:
        slide = self._blank()
        self._rectangle(slide, _LEFT, 0.48, 0.07, 0.74, theme.LAKE)
        self._text(slide, _LEFT + 0.18, 0.4, _WIDE - 0.2, 0.9, [title], size=26 if _length(title) <= 64 else 21, bold=True, anchor="middle")
        number = len(self._deck.slides)
        self._text(slide, _LEFT, 7.0, _WIDE - 1, 0.3, [self._title], size=10, colour=theme.FAINT)
        self._text(slide, _WIDTH - 1.6, 7.0, 1.0, 0.3, [str(number)], size=10, colour=theme.FAINT, right=True)
        return slide

    def _rectangle(self, slide: Any, left: float, top: float, width: float, height: float, colour: str) -> None:
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.util import Inches

        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(left), Inches(top), Inches(width), Inches(height))
        shape.fill.solid()
        shape.fill.fore_color.rgb = _rgb(colour)
        shape.line.fill.background()
        shape._element.remove(shape._element.find(_STYLE))  # the theme's style would add a shadow

    def _text(
        self, slide: Any, left: float, top: float, width: float, height: float, lines: Sequence[str], *, anchor: str = "top", **style: Any
    ) -> None:
        from pptx.enum.text import MSO_ANCHOR
        from pptx.util import Inches

        if not any(lines):
            return
        frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.vertical_anchor = {"top": MSO_ANCHOR.TOP, "middle": MSO_ANCHOR.MIDDLE, "bottom": MSO_ANCHOR.BOTTOM}[anchor]
        self._write(frame, lines, **style)

    def _write(
        self,
        frame: Any,
        lines: Sequence[str],
        *,
        size: float,
        bold: bool = False,
        colour: str = theme.INK,
        gap: float = 0,
        right: bool = False,
    ) -> None:
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(gap)
            if right:
                paragraph.alignment = PP_ALIGN.RIGHT
            run = paragraph.add_run()
            run.text = line
            run.font.size, run.font.bold, run.font.name = Pt(size), bold, theme.OFFICE_FONT
            run.font.color.rgb = _rgb(colour)
            _east_asian(run)


def _east_asian(run: Any) -> None:
    """Name the font of Chinese characters too, for which the library has no word."""
    from lxml import etree

    namespace = "http://schemas.openxmlformats.org/drawingml/2006/main"
    properties = run._r.get_or_add_rPr()
    element = etree.SubElement(properties, f"{{{namespace}}}ea")
    element.set("typeface", theme.OFFICE_FONT)


def _thin_labels(chart: Any, count: int) -> None:
    """Print about ten labels of a long axis, for which the library has no word either."""
    from lxml import etree

    axis = chart.category_axis._element
    skip = etree.SubElement(axis, axis.tag.replace("catAx", "tickLblSkip").replace("dateAx", "tickLblSkip"))
    skip.set("val", str(-(-count // 10) or 1))
    after = axis.find(axis.tag.split("}")[0] + "}noMultiLvlLbl")
    if after is not None:
        after.addprevious(skip)


def _rgb(colour: str) -> Any:
    from pptx.dml import color

    make: Any = color.RGBColor
    return make(*bytes.fromhex(colour.lstrip("#")))


def _length(text: str) -> int:
    """The length of a text in halves of a Chinese character."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)
