"""The report as an Excel workbook: a sheet to read, and behind it the sheets that its formulas read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taihu.core.figures import Comparison, Figure, ReportFigures, TableBlock, TableRow, Tiles
from taihu.core.types import Lang
from taihu.deliver.datasheets import Place, cell_value, write_charts, write_figures, write_trends
from taihu.deliver.elements import Listing, Page, Section
from taihu.deliver.page import (
    as_of_text,
    delta_of,
    measure_scales,
    page_of,
    target_of,
    target_tone,
    trend_words,
)
from taihu.deliver.words import against_word, word
from taihu.deliver.workbook import Book, formula, number, number_format
from taihu.render import theme
from taihu.render.numbers import DASH, Scale, headed, scale_for

_GRID = 8
_TILE = 2
_ITEM = 2
_WIDTH = 15.2
_LEVEL = 0.0005
_ASIDE = 28  # characters that fit two columns beside the banner's headline
_BOLD = 1.2  # half characters of bold type to a unit of column width
_INDENTED = 0.95  # the same, of a label that wraps at words and stands in from the edge
_CHART_ROWS, _ROW_PIXELS, _COLUMN_PIXELS = 13, 20, 111


def render(figures: ReportFigures, lang: Lang) -> bytes:
    """The workbook; the same figures give the same bytes."""
    page = page_of(figures, lang)
    book = Book(page.finding, f"{page.title} {page.period}", figures.issued_at)
    sheet = book.sheet(word("report_sheet", lang))
    places = write_figures(book, figures, lang)
    charts = write_charts(book, figures, lang)
    trends = write_trends(book, figures, lang)
    _ReportSheet(book, sheet, figures, page, places, trends, charts).write()
    return book.close()


@dataclass(slots=True)
class _Cursor:
    row: int = 0

    def down(self, rows: int = 1) -> int:
        self.row += rows
        return self.row


class _ReportSheet:
    """Lays the report out on a grid of equal columns; two columns hold a tile, four a chart."""

    def __init__(
        self,
        book: Book,
        sheet: Any,
        figures: ReportFigures,
        page: Page,
        places: dict[str, Place],
        trends: dict[str, str],
        charts: list[dict[str, Any]],
    ) -> None:
        self.book, self.sheet, self.figures, self.page = book, sheet, figures, page
        self.places, self.trends, self.charts = places, trends, charts
        self.lang: Lang = page.lang
        tables = [_column_count(block) for block in figures.blocks if isinstance(block, TableBlock)]
        self.width = max([_GRID, *tables])
        self.at = _Cursor()
        self._sparks: list[tuple[str, str]] = []
        self._blocks: dict[type, list[Any]] = {}
        for block in figures.blocks:
            if not (isinstance(block, Tiles) and not block.figures):  # as the page leaves it out
                self._blocks.setdefault(type(block), []).append(block)

    def write(self) -> None:
        self._set_up()
        self._head()
        sections = iter(self.page.sections)
        for section in sections:
            if section.kind == "notes":
                for text in section.paragraphs:
                    self._wide(text, self.book.style(font_color=theme.MUTED, text_wrap=True, indent=1), height=30)
            elif section.kind == "tiles":
                self._tiles(section)
            elif section.kind == "table":
                self._table(section)
            elif section.kind == "charts":
                self._charts(len(section.charts))
            else:
                self._words(section)
        self._foot()
        self._draw_sparks()

    # frame -----------------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        sheet = self.sheet
        sheet.hide_gridlines(2)
        sheet.set_column(0, self.width - 1, _WIDTH)
        sheet.set_default_row(15)
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.45, bottom=0.55)
        sheet.fit_to_pages(1, 0)
        sheet.center_horizontally()
        sheet.set_footer(f"&L&8{self.page.publication}  {self.page.version}  {self.page.issued}&R&8&P / &N")
        sheet.set_zoom(100)

    def _wide(self, text: str, style: Any, *, height: float, first: int = 0, last: int | None = None) -> None:
        """A text across the sheet, in a row of its own."""
        self.sheet.set_row(self.at.row, height)
        self._merged(self.at.row, first, self.at.row, self.width - 1 if last is None else last, text, style)
        self.at.down()

    def _merged(self, top: int, left: int, bottom: int, right: int, text: str, style: Any) -> None:
        if (top, left) == (bottom, right):
            self.sheet.write_string(top, left, text, style)
        else:
            self.sheet.merge_range(top, left, bottom, right, "", style)
            self.sheet.write_string(top, left, text, style)

    def _head(self) -> None:
        page, book = self.page, self.book
        chips = len(page.chips)
        self.sheet.set_row(0, 22)
        self._merged(
            0, 0, 0, self.width - chips - 1, f"{page.title}    {page.period}", book.style(font_color=theme.LAKE, bold=True, font_size=11)
        )
        for place, chip in enumerate(page.chips):
            style = book.style(font_color=theme.TONES[chip.tone], bg_color=theme.LIGHT_TONES[chip.tone], align="center", font_size=9)
            self.sheet.write_string(0, self.width - chips + place, chip.text, style)
        self.at.down()
        self._wide(
            page.finding, book.style(bold=True, font_size=18, text_wrap=True), height=10 + 24 * _lines(page.finding, self.width, 0.62)
        )
        if page.banner:
            tone = page.banner.tone
            style = {"bg_color": theme.LIGHT_TONES[tone], "font_color": theme.TONES[tone]}
            headline = book.style(bold=True, indent=1, text_wrap=True, font_size=11, **style)
            detail = page.banner.detail
            if len(detail) <= _ASIDE:
                self.sheet.set_row(self.at.row, 12 + 14.5 * _lines(page.banner.headline, self.width - 2, 1.05))
                self._merged(self.at.row, 0, self.at.row, self.width - 3, page.banner.headline, headline)
                aside = book.style(align="right", indent=1, text_wrap=True, **style)
                self._merged(self.at.row, self.width - 2, self.at.row, self.width - 1, detail, aside)
                self.at.down()
            else:
                self._wide(page.banner.headline, headline, height=8 + 14.5 * _lines(page.banner.headline, self.width, 1.05))
                self._wide(detail, book.style(indent=1, text_wrap=True, **style), height=4 + 13 * _lines(detail, self.width))
            if page.banner.estimate:
                text = page.banner.estimate
                self._wide(text, book.style(italic=True, indent=1, text_wrap=True, **style), height=6 + 13 * _lines(text, self.width, 0.95))

    def _title(self, title: str, as_of: str) -> None:
        self.sheet.set_row(self.at.row, 9)
        self.at.down()
        self.sheet.set_row(self.at.row, 21)
        self._merged(self.at.row, 0, self.at.row, self.width - 4, title, self.book.style(bold=True, font_size=12))
        quiet = self.book.style(font_color=theme.FAINT, font_size=8, align="right")
        self._merged(self.at.row, self.width - 3, self.at.row, self.width - 1, as_of, quiet)
        self.at.down()

    def _foot(self) -> None:
        small = {"font_color": theme.FAINT, "font_size": 8}
        self.at.down()
        self._wide(self.page.legend, self.book.style(text_wrap=True, valign="top", **small), height=24)
        page = self.page
        self._wide(f"{page.publication}  |  {page.version}  |  {page.issued}  |  {page.explain}", self.book.style(**small), height=14)
        self.sheet.print_area(0, 0, self.at.row, self.width - 1)

    # tiles -----------------------------------------------------------------------------------------------------------

    def _tiles(self, section: Section) -> None:
        block: Tiles = self._blocks[Tiles].pop(0)
        self._title(section.title, section.as_of)
        across = self.width // _TILE
        for start in range(0, len(block.figures), across):
            row = block.figures[start : start + across]
            lines = max(sum(1 for each in figure.comparisons if each.against != "target") for figure in row)
            has_target = any(each.against == "target" and each.base is not None for figure in row for each in figure.comparisons)
            heights = [18, 30, 27, *([16] if has_target else []), *[15] * lines, 13]
            for place, height in enumerate(heights):
                self.sheet.set_row(self.at.row + place, height)
            for place, figure in enumerate(row):
                self._tile(figure, place * _TILE, has_target, len(heights))
            self.at.down(len(heights))
            if start + across < len(block.figures):
                self.sheet.set_row(self.at.row, 7)
                self.at.down()

    def _tile(self, figure: Figure, left: int, has_target: bool, height: int) -> None:
        """One key figure in two columns: name, value, trend, target, changes, id; framed by its outer borders."""
        top, right = self.at.row, left + 1
        scale = scale_for(figure.format, figure.unit, self.lang, [figure.value])

        def frame(row: int, side: str, **more: Any) -> Any:
            edges: dict[str, Any] = {side: 1, f"{side}_color": theme.HAIRLINE}
            if row == 0:
                edges |= {"top": 1, "top_color": theme.HAIRLINE}
            if row == height - 1:
                edges |= {"bottom": 1, "bottom_color": theme.HAIRLINE}
            return self.book.style(**edges, **({"indent": 1} | more))

        for row in range(height):
            self.sheet.write_blank(top + row, left, None, frame(row, "left"))
            self.sheet.write_blank(top + row, right, None, frame(row, "right"))
        unit = "" if scale.unit == "%" else scale.unit.strip()
        name = headed(figure.label.in_(self.lang), unit, self.lang)
        self.sheet.write_string(top, left, name, frame(0, "left", font_color=theme.MUTED))
        look = {"bold": True, "font_size": 20, "align": "left", "num_format": number_format(scale, estimated=False)}
        if figure.is_estimated:
            look |= {"font_color": theme.MUTED, "italic": True}
        self._value(top + 1, left, figure, scale, frame(1, "left", **look))
        estimate = "E" if figure.is_estimated else ""
        self.sheet.write_string(top + 1, right, estimate, frame(1, "right", font_color=theme.MUTED, valign="bottom", align="left"))
        self._spark(figure, top + 2, left, right)
        line = 3
        if has_target:
            self._tile_target(figure, scale, top + line, left, frame, line)
            line += 1
        for comparison in figure.comparisons:
            if comparison.against != "target":
                label = against_word(comparison.against, figure.span, self.lang)
                self.sheet.write_string(top + line, left, label, frame(line, "left", font_color=theme.MUTED, font_size=9))
                self._change(top + line, right, figure, comparison, lambda here=line, **style: frame(here, "right", **style))
                line += 1
        link = self.places[figure.id].link
        self.sheet.write_url(top + height - 1, left, link, frame(height - 1, "left", font_color=theme.FAINT, font_size=7), figure.id)

    def _value(self, row: int, column: int, figure: Figure, scale: Scale, style: Any) -> None:
        """A figure's value in the unit of its scale, as a formula over the sheet of figures."""
        _, value = cell_value(figure)
        if value is None:
            self.sheet.write_string(row, column, DASH, style)
            return
        text = f"={self.places[figure.id].value}"
        divisor = number(scale.divisor)
        if scale.unit != "%" and divisor != 1:
            formula(self.sheet, row, column, f"{text}/{int(divisor)}", value / divisor, style)
        else:
            formula(self.sheet, row, column, text, value, style)

    def _spark(self, figure: Figure, row: int, left: int, right: int) -> None:
        from xlsxwriter.utility import xl_rowcol_to_cell

        if figure.id not in self.trends:
            return
        if right > left:
            edges = {"left": 1, "right": 1, "left_color": theme.HAIRLINE, "right_color": theme.HAIRLINE}
            self.sheet.merge_range(row, left, row, right, "", self.book.style(**edges))
        self._sparks.append((self.trends[figure.id], xl_rowcol_to_cell(row, left)))

    def _draw_sparks(self) -> None:
        """All small charts as one group: they look alike, and each group costs the writer a palette of its own."""
        if self._sparks:
            look = {"type": "column", "series_color": "#8FB8C2", "last_point": True, "last_color": theme.LAKE}
            self.sheet.add_sparkline(
                0, 0, {**look, "range": [each for each, _ in self._sparks], "location": [cell for _, cell in self._sparks]}
            )

    def _tile_target(self, figure: Figure, scale: Scale, row: int, left: int, frame: Any, line: int) -> None:
        comparison = next((each for each in figure.comparisons if each.against == "target"), None)
        target = target_of(figure, comparison, scale, self.lang) if comparison else None
        if comparison is None or target is None:
            return
        self.sheet.write_string(row, left, target.label, frame(line, "left", font_color=theme.MUTED, font_size=9))
        style = frame(line, "right", bold=True, align="right", num_format="0.0%", font_color=theme.TONES[target.tone], font_size=9)
        self._attained(row, left + 1, figure, comparison, style)

    def _attained(self, row: int, column: int, figure: Figure, comparison: Comparison, style: Any) -> None:
        _, value = cell_value(figure)
        if value is None or not comparison.base or comparison.change is None:
            self.sheet.write_string(row, column, DASH, style)
            return
        place = self.places[figure.id]
        formula(self.sheet, row, column, f"={place.value}/{place.base('target')}", value / number(comparison.base), style)

    def _change(self, row: int, column: int, figure: Figure, comparison: Comparison, style: Any) -> None:
        """A change against a base: arrow by direction, colour by good or bad."""
        delta = delta_of(figure, comparison, self.lang)
        _, value = cell_value(figure)
        look: dict[str, Any] = {"font_color": theme.TONES[delta.tone], "align": "right", "font_size": 9, "bold": True}
        if value is None or comparison.change is None or comparison.base is None:
            self.sheet.write_string(row, column, DASH, style(**look))
            return
        place = self.places[figure.id]
        base = number(comparison.base)
        if not delta.arrow:
            look["num_format"] = ";".join([f'"{delta.text}"'] * 3)
        elif figure.format == "percent":
            look["num_format"] = f'"▲" 0.0"{word("points", self.lang)}";"▼" 0.0"{word("points", self.lang)}"'
        else:
            look["num_format"] = '"▲" 0.0%;"▼" 0.0%'
        if figure.format == "percent":
            formula(self.sheet, row, column, f"=({place.value}-{place.base(comparison.against)})*100", (value - base) * 100, style(**look))
        else:
            formula(self.sheet, row, column, f"={place.value}/{place.base(comparison.against)}-1", value / base - 1, style(**look))

    # tables ----------------------------------------------------------------------------------------------------------

    def _table(self, section: Section) -> None:
        block: TableBlock = self._blocks[TableBlock].pop(0)
        self._title(section.title, section.as_of)
        scales = measure_scales(block, self.lang)
        headers = self._headers(block, scales)
        looks = [{"align": "left", "indent": 1}] * len(block.dimensions) + [{"align": "right", "indent": 1}] * (
            len(headers) - len(block.dimensions)
        )
        bold = {"font_color": theme.PAPER, "bg_color": theme.LAKE, "font_size": 9, "bold": True, "text_wrap": True}
        heads = [self.book.style(**bold, **look) for look in looks]
        top = self.at.row
        self.sheet.set_row(top, 30 if any(_lines(header, 1, _BOLD) > 1 for header in headers) else 20)
        spread = self._spread(block, len(headers))
        details = [row for row in block.rows if row.level > 0]
        totals = [row for row in block.rows if row.level == 0]
        for offset, row in enumerate(details, start=1):
            tall = max(_lines(label.in_(self.lang), 1 if place else 1 + spread, _INDENTED) for place, label in enumerate(row.labels))
            self.sheet.set_row(top + offset, 4 + 13 * tall)
            self._table_row(block, row, scales, top + offset, spread, total_over=None)
        columns = [{"header": header, "header_format": head} for header, head in zip(headers, heads, strict=True)]
        if details and not spread:
            name = f"Table{top}"
            options = {"name": name, "columns": columns, "style": None, "autofilter": False}
            self.sheet.add_table(top, 0, top + len(details), len(headers) - 1, options)
        else:
            for header, head in zip(headers[:1], heads[:1], strict=True):
                self._merged(top, 0, top, spread, header, head)
            for place, (header, head) in enumerate(zip(headers[1:], heads[1:], strict=True), start=1 + spread):
                self.sheet.write_string(top, place, header, head)
        self.at.down(len(details) + 1)
        for row in totals:
            self.sheet.set_row(self.at.row, 19)
            self._table_row(block, row, scales, self.at.row, spread, total_over=(details, top + 1) if details else None)
            self.at.down()

    def _spread(self, block: TableBlock, columns: int) -> int:
        """Columns beside its own that the first label takes where it would break and the sheet has room; a native table cannot do that."""
        longest = max((_lines(row.labels[0].in_(self.lang), 1, _INDENTED) for row in block.rows if row.labels), default=1)
        return min(longest - 1, self.width - columns)

    def _headers(self, block: TableBlock, scales: Sequence[Scale]) -> list[str]:
        """Different names for all columns, as a native table asks for."""
        headers = [dimension.in_(self.lang) for dimension in block.dimensions]
        for figure, scale in zip(block.rows[0].figures if block.rows else [], scales, strict=True):
            headers.append(headed(figure.label.in_(self.lang), scale.unit, self.lang))
            for comparison in figure.comparisons:
                if comparison.against == "target":
                    headers += [word("target_value", self.lang), word("attained_short", self.lang)]
                else:
                    headers.append(against_word(comparison.against, figure.span, self.lang))
        if _has_trend(block):
            headers.append(trend_words(block, self.lang))
        seen: dict[str, int] = {}
        for place, header in enumerate(headers):
            seen[header] = seen.get(header, 0) + 1
            headers[place] = header if seen[header] == 1 else f"{header} {seen[header]}"
        return headers

    def _table_row(
        self,
        block: TableBlock,
        row: TableRow,
        scales: Sequence[Scale],
        at: int,
        spread: int,
        *,
        total_over: tuple[list[TableRow], int] | None,
    ) -> None:
        is_total = row.level == 0
        edge: dict[str, Any] = {"bottom": 1, "bottom_color": theme.HAIRLINE}
        if is_total:
            edge = {"top": 2, "top_color": theme.LAKE, "bg_color": theme.LAKE_LIGHT, "bold": True}

        def style(**more: Any) -> Any:
            return self.book.style(**{**edge, **more})

        column = 0
        for label in [*(label.in_(self.lang) for label in row.labels), *[""] * (len(block.dimensions) - len(row.labels))]:
            last = column if column else spread
            self._merged(at, column, at, last, label, style(indent=1, text_wrap=True, valign="vcenter"))
            column = last + 1
        for place, (figure, scale) in enumerate(zip(row.figures, scales, strict=True)):
            look: dict[str, Any] = {"num_format": number_format(scale, estimated=figure.is_estimated), "align": "right", "indent": 1}
            if figure.is_estimated:
                look |= {"italic": True, "font_color": theme.MUTED}
            if total_over and self._adds_up(figure, total_over[0], place):
                self._sum(at, column, figure, scale, total_over, place, style(**look))
            else:
                self._value(at, column, figure, scale, style(**look))
            column += 1
            for comparison in figure.comparisons:
                if comparison.against == "target":
                    self._target_cells(at, column, figure, comparison, scale, style)
                    column += 2
                else:
                    self._change(at, column, figure, comparison, lambda **more: style(**{**more, "font_size": 10, "bold": is_total}))
                    column += 1
        if _has_trend(block):
            self.sheet.write_blank(at, column, None, style())
            if row.trend and row.figures:
                self._spark(row.figures[0], at, column, column)

    def _target_cells(self, at: int, column: int, figure: Figure, comparison: Comparison, scale: Scale, style: Any) -> None:
        quiet = style(num_format=number_format(scale), align="right", indent=1, font_color=theme.MUTED, bold=False)
        if comparison.base is None:
            self.sheet.write_string(at, column, DASH, quiet)
        else:
            divisor = number(scale.divisor) if scale.unit != "%" else 1.0
            text = f"={self.places[figure.id].base('target')}" + (f"/{int(divisor)}" if divisor != 1 else "")
            formula(self.sheet, at, column, text, number(comparison.base) / divisor, quiet)
        tone = target_tone(comparison.change, figure.good)
        self._attained(at, column + 1, figure, comparison, style(num_format="0.0%", align="right", indent=1, font_color=theme.TONES[tone]))

    def _adds_up(self, figure: Figure, details: list[TableRow], place: int) -> bool:
        """True if the total is the plain sum of its rows, so that it can be written as one."""
        if figure.format not in ("money", "quantity") or figure.parts or figure.value is None:
            return False
        return sum((row.figures[place].value or Decimal(0) for row in details), Decimal(0)) == figure.value

    def _sum(self, at: int, column: int, figure: Figure, scale: Scale, over: tuple[list[TableRow], int], place: int, style: Any) -> None:
        details, first = over
        letter = chr(65 + column)
        divisor = number(scale.divisor)
        values = [0.0 if row.figures[place].value is None else number(row.figures[place].value or Decimal(0)) / divisor for row in details]
        formula(self.sheet, at, column, f"=SUM({letter}{first + 1}:{letter}{first + len(details)})", sum(values), style)

    # charts and words ------------------------------------------------------------------------------------------------

    def _charts(self, count: int) -> None:
        self.sheet.set_row(self.at.row, 9)
        self.at.down()
        share = self.width / count
        for place in range(count):
            made = self.charts.pop(0)
            block = made["block"]
            chart = _native_chart(self.book, made, headed(block.title.in_(self.lang), made["unit"], self.lang))
            chart.set_size({"width": int(share * _COLUMN_PIXELS) - 6, "height": _CHART_ROWS * _ROW_PIXELS})
            left, right = int(place * share), -int(-(place + 1) * share // 1)
            offset = int((place * share - left) * _COLUMN_PIXELS)
            options = {"object_position": 1, "x_offset": offset, "description": block.title.in_(self.lang)}
            self.sheet.insert_chart(self.at.row, left, chart, options)
            note = as_of_text(block, self.lang)
            row = self.at.row + _CHART_ROWS
            quiet = self.book.style(font_color=theme.FAINT, font_size=8, align="right")
            self._merged(row, right - 2, row, right - 1, note, quiet)
        self.at.down(_CHART_ROWS + 1)

    def _words(self, section: Section) -> None:
        """A table of words; the wide column takes what the others leave."""
        self._title(section.title, section.as_of)
        if section.rows:
            self._words_rows(section)
        else:
            for text in section.paragraphs:
                self._wide(text, self.book.style(font_color=theme.MUTED, indent=1), height=17)
        if section.listing:
            self._listing(section.listing)

    def _listing(self, listing: Listing) -> None:
        """Items side by side, each in two columns."""
        self._wide(listing.title, self.book.style(font_color=theme.MUTED, font_size=9, bold=True, indent=1), height=20)
        across = self.width // _ITEM
        name, note = self.book.style(font_size=9, font_color=theme.INK), self.book.style(font_size=8, font_color=theme.MUTED)
        plain = self.book.style(font_size=9, font_color=theme.INK, indent=1, text_wrap=True)
        for start in range(0, len(listing.items), across):
            line = listing.items[start : start + across]
            tall = max(_lines(f"{item.text}  {item.note}", _ITEM) for item in line)
            self.sheet.set_row(self.at.row, 2 + 12.5 * tall)
            for place, item in enumerate(line):
                self._merged(self.at.row, place * _ITEM, self.at.row, place * _ITEM + _ITEM - 1, item.text, plain)
                if item.note:
                    self.sheet.write_rich_string(self.at.row, place * _ITEM, name, item.text, note, f"  {item.note}", plain)
            self.at.down()

    def _words_rows(self, section: Section) -> None:
        spans = _spans([column.kind for column in section.columns], self.width)
        head = self.book.style(font_color=theme.MUTED, bg_color=theme.MIST, font_size=9, bold=True, indent=1)
        self.sheet.set_row(self.at.row, 17)
        for (left, right), column in zip(spans, section.columns, strict=True):
            self._merged(self.at.row, left, self.at.row, right, column.label, head)
        self.at.down()
        colours: dict[str, str] = {tone: colour for tone, colour in theme.TONES.items()}
        for row in section.rows:
            tall = max(
                _lines(cell.text, right - left + 1) + (_lines(cell.note, right - left + 1, 1.4) if cell.note else 0)
                for (left, right), cell in zip(spans, row.cells, strict=True)
            )
            self.sheet.set_row(self.at.row, 4 + 13.5 * tall)
            for (left, right), cell in zip(spans, row.cells, strict=True):
                colour = colours.get(cell.tone, theme.INK)
                look = {"bottom": 1, "bottom_color": theme.HAIRLINE, "indent": 1, "text_wrap": True, "font_size": 9}
                style = self.book.style(font_color=colour, **look)
                self._merged(self.at.row, left, self.at.row, right, cell.text, style)
                if cell.note:
                    note = self.book.style(font_color=theme.MUTED, font_size=8)
                    self.sheet.write_rich_string(
                        self.at.row, left, self.book.style(font_color=colour, font_size=9), cell.text, note, f"\n{cell.note}", style
                    )
            self.at.down()


def _column_count(block: TableBlock) -> int:
    figures = block.rows[0].figures if block.rows else []
    compared = sum(2 if each.against == "target" else 1 for figure in figures for each in figure.comparisons)
    return len(block.dimensions) + len(figures) + compared + (1 if _has_trend(block) else 0)


def _has_trend(block: TableBlock) -> bool:
    return any(row.trend for row in block.rows)


def _spans(kinds: Sequence[str], width: int) -> list[tuple[int, int]]:
    """Columns of the grid for each column of words: one each, the wide one the rest."""
    spare = width - len(kinds)
    spans = []
    left = 0
    for place, kind in enumerate(kinds):
        extra = spare if kind == "wide" else 0
        if spare >= 2 and place == 0:
            extra += 1
        elif spare >= 2 and kind == "wide":
            extra -= 1
        spans.append((left, left + extra))
        left += extra + 1
    return spans


def _lines(text: str, columns: int, density: float = 1.25) -> int:
    """Lines that a text needs in so many columns of the grid."""
    halves = sum(2 if ord(character) > 0x2E80 else 1 for character in text)
    return max(1, -(-halves // int(columns * _WIDTH * density)))


def _native_chart(book: Book, made: dict[str, Any], title: str) -> Any:
    """A chart that Excel draws from the cells, in the report's colours."""
    block = made["block"]
    kinds: dict[str, dict[str, str]] = {
        "line": {"type": "line"},
        "stacked": {"type": "column", "subtype": "stacked"},
        "bar": {"type": "column"},
    }
    chart: Any = book.file.add_chart(kinds[block.kind])
    font = {"name": theme.OFFICE_FONT, "size": 8, "color": theme.MUTED}
    for order, series in enumerate(made["series"]):
        colour = theme.SERIES[order % len(theme.SERIES)]
        look: dict[str, Any] = {"line": {"color": colour, "width": 2}} if block.kind == "line" else {"fill": {"color": colour}, "gap": 45}
        chart.add_series({**series, **look})
    chart.set_title({"name": title, "name_font": {"name": theme.OFFICE_FONT, "size": 11, "color": theme.INK, "bold": True}})
    plain_axis = {"num_font": font, "line": {"color": theme.FAINT}, "major_tick_mark": "none", "minor_tick_mark": "none"}
    chart.set_x_axis(
        {**plain_axis, "num_font": {**font, "rotation": 360}, "interval_unit": max(1, -(-len(block.x) // 10)), "label_position": "low"}
    )
    values = {"num_format": "#,##0.##" if block.format in ("days", "percent", "number") else "#,##0"}
    gridlines = {"visible": True, "line": {"color": theme.HAIRLINE, "width": 0.5}}
    chart.set_y_axis({**plain_axis, **values, "line": {"none": True}, "major_gridlines": gridlines})
    chart.set_legend({"none": True} if len(made["series"]) < 2 else {"position": "top", "font": font})
    chart.set_chartarea({"border": {"color": theme.HAIRLINE}, "fill": {"color": theme.PAPER}})
    chart.show_blanks_as("gap")
    return chart
