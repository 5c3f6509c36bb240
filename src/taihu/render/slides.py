"""Slides: a few fixed layouts on a 16:9 page, with native charts and tables that their reader can edit.

There is no layout engine in a presentation, so each layout places its parts itself. Only the name of the font is stored.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from taihu.core.figures import ChartBlock
from taihu.core.types import Lang
from taihu.render import theme
from taihu.render.archives import settled
from taihu.render.charts import short_label
from taihu.render.numbers import Scale, headed, scale_for

_STYLE = "{http://schemas.openxmlformats.org/presentationml/2006/main}style"
_WIDTH, _HEIGHT = 13.333, 7.5
_LEFT, _TOP, _WIDE = 0.62, 1.55, 12.1
_FOLD, _FOLDS = 16, 3  # rows that a table may have before its rest stands beside it, and tables that have room side by side
_ROOM = 4.9
_LINE = 1.5  # height of a line of the font, in its size
_HALF = 0.53  # width of half a Chinese character or of a letter, in the font's size
_GAP = 7  # points between paragraphs


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
        head_size = next((size for size in (17, 15, 13) if all(_lines(head, width - 0.4, size) == 1 for head, _ in columns)), 12)
        size = next((size for size in (14, 13, 12, 11, 10) if all(_tall(points, width - 0.4, size) < 3.9 for _, points in columns)), 9)
        for place, (head, points) in enumerate(columns):
            left = _LEFT + place * (width + 0.3)
            self._rectangle(slide, left, _TOP, width, 4.95, theme.MIST)
            self._rectangle(slide, left, _TOP, width, 0.06, theme.LAKE)
            self._text(slide, left + 0.2, _TOP + 0.2, width - 0.4, 0.6, [head], size=head_size, bold=True, colour=theme.LAKE)
            self._text(slide, left + 0.2, _TOP + 0.85, width - 0.4, 3.9, list(points), size=size, gap=_GAP)

    def tiles(self, title: str, tiles: Sequence[SlideTile], *, remark: str = "", below: ChartBlock | None = None) -> None:
        """Up to eight big numbers; under one row of them there is room for a chart.

        Args:
            below: The chart that stands under up to four numbers; where there are more, a slide of its own follows.
        """
        slide = self._titled(title)
        if below and len(tiles) > 4:
            self.chart(below.title.in_(self._lang), below, remark=remark)
        elif below:
            head = headed(below.title.in_(self._lang), self._scale(below).unit, self._lang)
            self._text(slide, _LEFT, 3.6, _WIDE, 0.35, [head], size=13, bold=True)
            self._draw(slide, below, 3.9, 2.55)
        across = min(max(len(tiles), 1), 4)
        width = (_WIDE - 0.25 * (across - 1)) / across
        tall = 1.8 if below and len(tiles) <= 4 else 2.1
        for place, tile in enumerate(tiles[:8]):
            left, top = _LEFT + place % across * (width + 0.25), _TOP + 0.1 + place // across * 2.35
            self._rectangle(slide, left, top, width, tall, theme.MIST)
            self._rectangle(slide, left, top, 0.06, tall, theme.TONES[tile.tone] if tile.tone != "flat" else theme.LAKE)
            self._text(slide, left + 0.2, top + 0.15, width - 0.4, 0.4, [tile.label], size=13, colour=theme.MUTED)
            self._text(
                slide,
                left + 0.2,
                top + 0.52,
                width - 0.4,
                tall - 1.2,
                [tile.value],
                size=30 if _length(tile.value) <= 9 else 22,
                bold=True,
                anchor="middle",
            )
            self._text(slide, left + 0.2, top + tall - 0.68, width - 0.4, 0.5, [tile.note], size=12, colour=theme.TONES[tile.tone])
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
        """A native table, a long one in parts side by side; columns are as wide as their longest text asks for."""
        slide = self._titled(title)
        parts = min(-(-len(rows) // _FOLD) or 1, _FOLDS)
        each = -(-len(rows) // parts) or 1
        width = (_WIDE - 0.25 * (parts - 1)) / parts
        lengths = [max(_length(str(line[place])) for line in [headers, *rows]) + (3 if parts == 1 else 2) for place in range(len(headers))]
        height = min(0.42, _ROOM / (each + 1))
        size = max(min(13 if each <= 9 else 11, int((height * 72 - 4) / _LINE), int(width * 72 / (sum(lengths) * _HALF))), 8)
        for part in range(parts):
            lines = [headers, *rows[part * each : (part + 1) * each]]
            self._part(slide, _LEFT + part * (width + 0.25), width, lines, lengths, height=height, size=size)
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [remark], size=12, colour=theme.MUTED)

    def chart(self, title: str, block: ChartBlock, *, remark: str = "") -> None:
        """A native chart with its numbers, editable in the presentation."""
        slide = self._titled(title)
        self._draw(slide, block, _TOP, 4.8)
        said = headed(remark, self._scale(block).unit, self._lang)
        self._text(slide, _LEFT, 6.45, _WIDE, 0.4, [said], size=12, colour=theme.MUTED)

    def to_bytes(self) -> bytes:
        """The presentation; the same slides give the same bytes."""
        result = io.BytesIO()
        self._deck.save(result)
        return settled(result.getvalue(), self._issued_at)

    # parts -----------------------------------------------------------------------------------------------------------

    def _part(
        self,
        slide: Any,
        left: float,
        width: float,
        lines: Sequence[Sequence[str]],
        lengths: Sequence[int],
        *,
        height: float,
        size: float,
    ) -> None:
        """One table of a slide; the first of its lines is the head."""
        from pptx.util import Inches, Pt

        shape = slide.shapes.add_table(len(lines), len(lengths), Inches(left), Inches(_TOP), Inches(width), Inches(height * len(lines)))
        table = shape.table
        for place, length in enumerate(lengths):
            table.columns[place].width = int(Inches(width) * length / sum(lengths))
        for number, line in enumerate(lines):
            table.rows[number].height = Inches(height)
            for place, text in enumerate(line):
                cell = table.cell(number, place)
                cell.margin_top = cell.margin_bottom = Pt(2)
                if width < _WIDE:
                    cell.margin_left = cell.margin_right = Pt(3)
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb(theme.LAKE if number == 0 else theme.MIST if number % 2 == 0 else theme.PAPER)
                look = {"bold": True, "colour": theme.PAPER} if number == 0 else {"colour": theme.INK}
                blank = "\N{NO-BREAK SPACE}"  # a cell without any letter is as tall as the largest font
                self._write(cell.text_frame, [str(text) or blank], size=size, align="center" if place else "left", **look)

    def _scale(self, block: ChartBlock) -> Scale:
        values = [value for series in block.series for value in series.values]
        return scale_for(block.format, block.unit, self._lang, values, together=True)

    def _draw(self, slide: Any, block: ChartBlock, top: float, height: float) -> None:
        """A native chart across the slide."""
        from pptx.chart import data as chart_data
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
        from pptx.util import Inches, Pt

        scale = self._scale(block)
        new_data: Any = chart_data.CategoryChartData
        data = new_data(number_format="#,##0.0")
        data.categories = [short_label(text.in_(self._lang), self._lang) for text in block.x]
        for series in block.series:
            data.add_series(
                series.label.in_(self._lang), [None if value is None else float(scale.scaled(value)) for value in series.values]
            )
        kinds = {"line": XL_CHART_TYPE.LINE, "stacked": XL_CHART_TYPE.COLUMN_STACKED, "bar": XL_CHART_TYPE.COLUMN_CLUSTERED}
        frame = slide.shapes.add_chart(kinds[block.kind], Inches(_LEFT), Inches(top), Inches(_WIDE), Inches(height), data)
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

    def _blank(self) -> Any:
        return self._deck.slides.add_slide(self._deck.slide_layouts[6])

    def _titled(self, title: str) -> Any:
        slide = self._blank()
        self._rectangle(slide, _LEFT, 0.48, 0.07, 0.74, theme.LAKE)
        self._text(slide, _LEFT + 0.18, 0.4, _WIDE - 0.2, 0.9, [title], size=26 if _length(title) <= 64 else 21, bold=True, anchor="middle")
        number = len(self._deck.slides)
        self._text(slide, _LEFT, 7.0, _WIDE - 1, 0.3, [self._title], size=10, colour=theme.FAINT)
        self._text(slide, _WIDTH - 1.6, 7.0, 1.0, 0.3, [str(number)], size=10, colour=theme.FAINT, align="right")
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
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(gap)
            if align != "left":
                paragraph.alignment = PP_ALIGN.CENTER if align == "center" else PP_ALIGN.RIGHT
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


def _lines(text: str, width: float, size: float) -> int:
    """Lines that a text needs in so many inches; English breaks at words and so fills less of a line."""
    return -(-_length(text) // max(int(width * 72 / (size * _HALF)), 1))


def _tall(points: Sequence[str], width: float, size: float) -> float:
    """Height of paragraphs in inches."""
    return sum(_lines(point, width, size) * size * _LINE + _GAP for point in points) / 72


def _length(text: str) -> int:
    """The length of a text in halves of a Chinese character."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)
