"""The sheets behind the report: every figure with its id and what it is compared with, the trends, the charts' numbers.

The report sheet holds formulas over these, so a reader can follow a number to its row, sort, filter and add their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taihu.core.figures import ChartBlock, Figure, ReportFigures, TableBlock, Tiles
from taihu.core.types import Lang
from taihu.deliver.words import against_word, word
from taihu.deliver.workbook import Book, formula, number
from taihu.render import theme
from taihu.render.charts import short_label
from taihu.render.numbers import scale_for, unit_word

_AGAINST = ("target", "day", "week", "year")
_VALUE = 4
_BASES = {against: _VALUE + 2 + place for place, against in enumerate(_AGAINST)}
_NUMERATOR = _VALUE + 2 + len(_AGAINST)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure's value and its bases stand, as references from another sheet."""

    sheet: str
    row: int

    @property
    def value(self) -> str:
        return self._cell(_VALUE)

    def base(self, against: str) -> str:
        return self._cell(_BASES[against])

    @property
    def link(self) -> str:
        """A hyperlink within the workbook."""
        return f"internal:'{self.sheet}'!A{self.row + 1}"

    def _cell(self, column: int) -> str:
        return f"'{self.sheet}'!${chr(65 + column)}${self.row + 1}"


def all_figures(figures: ReportFigures) -> Iterator[Figure]:
    """Every figure of the report once, in the order of the blocks."""
    seen: set[str] = set()
    for block in figures.blocks:
        rows: Sequence[Figure] = ()
        if isinstance(block, Tiles):
            rows = block.figures
        elif isinstance(block, TableBlock):
            rows = [figure for row in block.rows for figure in row.figures]
        for figure in rows:
            if figure.id not in seen:
                seen.add(figure.id)
                yield figure


def cell_value(figure: Figure) -> tuple[str, float | None]:
    """A ratio's formula over its parts, if it is one, and the value that its cell shows."""
    if figure.value is None:
        return "", None
    if len(figure.parts) == 2:
        above, below = (value for _, value in figure.parts)
        if below and abs(above / below - figure.value) < Decimal("0.00001"):
            return "/", number(above) / number(below)
    return "", number(figure.value)


def write_figures(book: Book, figures: ReportFigures, lang: Lang) -> dict[str, Place]:
    """The sheet of all figures as a native table; returns where each of them stands."""
    name = word("data_sheet", lang)
    sheet = book.sheet(name)
    listed = list(all_figures(figures))
    bases = [word("target_value", lang), *(f"{against_word(against, figures.span, lang)} {word('base', lang)}" for against in _AGAINST[1:])]
    headers = [
        *(word(key, lang) for key in ("figure", "measure", "filter", "period", "value", "unit")),
        *bases,
        *(word(key, lang) for key in ("numerator", "denominator", "mart", "estimated")),
    ]
    plain, small = book.style(), book.style(font_color=theme.MUTED, font_size=9)
    places: dict[str, Place] = {}
    for row, figure in enumerate(listed, start=1):
        places[figure.id] = Place(name, row)
        condition = "; ".join(f"{column}={value}" for column, value in figure.filter)
        for column, text in enumerate((figure.id, figure.label.in_(lang), condition, str(figure.span))):
            sheet.write_string(row, column, text, small if column in (0, 3) else plain)
        numeric = book.style(num_format="0.00%" if figure.format == "percent" else "#,##0.00####")
        operator, value = cell_value(figure)
        if operator and value is not None:
            above, below = chr(65 + _NUMERATOR), chr(66 + _NUMERATOR)
            formula(sheet, row, _VALUE, f"={above}{row + 1}{operator}{below}{row + 1}", value, numeric)
        elif value is not None:
            sheet.write_number(row, _VALUE, value, numeric)
        sheet.write_string(row, _VALUE + 1, "" if figure.format == "percent" else unit_word(figure.unit, lang), plain)
        for comparison in figure.comparisons:
            if comparison.base is not None and comparison.against in _BASES:
                sheet.write_number(row, _BASES[comparison.against], number(comparison.base), numeric)
        for place, (_, part) in enumerate(figure.parts[:2]):
            sheet.write_number(row, _NUMERATOR + place, number(part), numeric)
        sheet.write_string(row, _NUMERATOR + 2, figure.mart, small)
        sheet.write_string(row, _NUMERATOR + 3, "E" if figure.is_estimated else "", plain)
    _as_table(sheet, book, headers, len(listed), "Figures")
    for column, width in enumerate((18, 14, 42, 24, 18, 8, *(18,) * 6, 22, 10)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 1)
    _on_paper(sheet)
    return places


def _as_table(sheet: Any, book: Book, headers: Sequence[str], rows: int, name: str) -> None:
    """Make what was written a native table: named, filtered, banded."""
    head = book.style(bold=True, font_color=theme.PAPER, bg_color=theme.LAKE, text_wrap=True)
    sheet.set_row(0, 24)
    columns = [{"header": header, "header_format": head} for header in headers]
    sheet.add_table(0, 0, max(rows, 1), len(headers) - 1, {"name": name, "columns": columns, "style": "Table Style Light 1"})


def _trends(figures: ReportFigures, lang: Lang) -> dict[str, tuple[Figure, str, Sequence[Decimal | None]]]:
    """By figure: itself, the names of its row, its daily values."""
    trends: dict[str, tuple[Figure, str, Sequence[Decimal | None]]] = {}
    for block in figures.blocks:
        if isinstance(block, Tiles):
            for figure, trend in zip(block.figures, block.trends, strict=False):
                trends.setdefault(figure.id, (figure, "", trend))
        elif isinstance(block, TableBlock):
            for row in block.rows:
                if row.figures and row.trend:
                    members = " / ".join(label.in_(lang) for label in row.labels)
                    trends.setdefault(row.figures[0].id, (row.figures[0], members, row.trend))
    return trends


def write_trends(book: Book, figures: ReportFigures, lang: Lang) -> dict[str, str]:
    """The sheet of daily values behind the sparklines; returns each figure's range."""
    trends = _trends(figures, lang)
    ranges: dict[str, str] = {}
    if not trends:
        return ranges
    name = word("trend_sheet", lang)
    sheet = book.sheet(name)
    longest = max(len(trend) for _, _, trend in trends.values())
    head = book.style(bold=True, font_color=theme.PAPER, bg_color=theme.LAKE)
    for column, text in enumerate((word("figure", lang), word("measure", lang), word("filter", lang))):
        sheet.write_string(0, column, text, head)
    for place in range(longest):
        sheet.write_number(0, 3 + place, place - longest + 1, head)
    for row, (key, (figure, members, trend)) in enumerate(trends.items(), start=1):
        for column, text in enumerate((key, figure.label.in_(lang), members)):
            sheet.write_string(row, column, text, book.style())
        for place, value in enumerate(trend):
            if value is not None:
                sheet.write_number(row, 3 + place, number(value), book.style(num_format="#,##0.00##"))
        ranges[key] = f"'{name}'!{_letters(3)}{row + 1}:{_letters(2 + len(trend))}{row + 1}"
    sheet.set_column(0, 2, 20)
    sheet.set_column(3, 3 + longest, 14)
    sheet.freeze_panes(1, 3)
    _on_paper(sheet)
    return ranges


def write_charts(book: Book, figures: ReportFigures, lang: Lang) -> list[dict[str, Any]]:
    """The sheet of the charts' numbers, in the unit of their axis; returns the options of each native chart's series."""
    blocks = [block for block in figures.blocks if isinstance(block, ChartBlock)]
    if not blocks:
        return []
    name = word("chart_sheet", lang)
    sheet = book.sheet(name)
    head = book.style(bold=True, font_color=theme.PAPER, bg_color=theme.LAKE)
    made = []
    left = 0
    for block in blocks:
        scale = scale_for(block.format, block.unit, lang, [value for series in block.series for value in series.values], together=True)
        sheet.write_string(0, left, block.title.in_(lang), book.style(bold=True))
        sheet.write_string(1, left, scale.unit.strip(), head)
        for row, text in enumerate(block.x, start=2):
            sheet.write_string(row, left, short_label(text.in_(lang), lang), book.style())
        last = max(len(block.x) + 1, 2)
        series_options = []
        for place, series in enumerate(block.series, start=1):
            sheet.write_string(1, left + place, series.label.in_(lang), head)
            for row, value in enumerate(series.values, start=2):
                if value is not None:
                    sheet.write_number(row, left + place, number(scale.scaled(value)), book.style(num_format="#,##0.00"))
            options = {"name": [name, 1, left + place], "categories": [name, 2, left, last, left]}
            series_options.append({**options, "values": [name, 2, left + place, last, left + place]})
        made.append({"block": block, "unit": scale.unit.strip(), "series": series_options})
        sheet.set_column(left, left + len(block.series), 13)
        left += len(block.series) + 2
    _on_paper(sheet)
    return made


def _on_paper(sheet: Any) -> None:
    """A sheet of numbers prints on as many pages as it is long, never wide."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _letters(column: int) -> str:
    """A column's letters."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
