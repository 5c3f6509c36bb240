"""What a report says, in the words and numbers of one language: made once, laid out by the PDF and the mail alike.

Everything on a page is a text that is ready to print, a tone or a share to draw, so no format can round or name a figure in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from taihu.core.figures import Arrivals, ChartBlock, Comparison, Figure, Holds, Notes, ReportFigures, TableBlock, Tiles
from taihu.core.types import Lang
from taihu.deliver.elements import Banner, Cell, Chart, Chip, Column, Delta, Page, Row, Section, Target, Tile
from taihu.deliver.evidence import holds_section, restatements_section, sources_section
from taihu.deliver.words import against_word, instant_words, joined, span_text, word
from taihu.render.charts import plan_chart, plan_trend
from taihu.render.numbers import DASH, Scale, headed, number_text, percent_text, scale_for
from taihu.render.theme import Tone

_LEVEL = Decimal("0.0005")
_NEARLY = Decimal("0.1")
_WEEKS = 8  # points of a trend over weeks


def page_of(figures: ReportFigures, lang: Lang) -> Page:
    """The report in one language."""
    sections: list[Section] = []
    banner = None
    tail: list[Section] = []
    for block in figures.blocks:
        if isinstance(block, Arrivals):
            banner = banner_of(block, lang)
            if block.sources:
                tail.append(sources_section(block, lang))
        elif isinstance(block, ChartBlock):
            chart = Chart(block.title.in_(lang), as_of_text(block, lang), plan_chart(block, lang))
            if sections and sections[-1].kind == "charts" and len(sections[-1].charts) < 2:
                sections[-1] = Section("charts", "", charts=[*sections[-1].charts, chart])
            else:
                sections.append(Section("charts", "", charts=[chart]))
        elif isinstance(block, Notes):
            if block.paragraphs:
                sections.append(Section("notes", word("notes", lang), paragraphs=list(block.paragraphs)))
        elif isinstance(block, Tiles):
            if not block.figures:
                continue
            sections.append(Section("tiles", word("key_figures", lang), as_of_text(block, lang), tiles=tile_rows(tiles_of(block, lang))))
        elif isinstance(block, TableBlock):
            sections.append(_table(block, lang))
        elif isinstance(block, Holds):
            sections.append(holds_section(block, lang))
        else:
            sections.append(restatements_section(block, figures.currency, lang))
    return Page(
        lang=lang,
        title=figures.title.in_(lang),
        period=span_text(figures.span, lang),
        finding=figures.finding.in_(lang),
        chips=chips_of(figures, lang),
        banner=banner,
        sections=[*sections, *tail],
        legend=word("legend", lang),
        publication=word("publication", lang, figures.publication),
        issued=word("issued", lang, instant_words(figures.issued_at, figures.time_zone, lang)),
        version=word("version", lang, figures.version),
        explain=word("explain", lang),
    )


def chips_of(figures: ReportFigures, lang: Lang) -> list[Chip]:
    """Whose data, which version, complete or not, reviewed or not."""
    return [
        Chip(figures.audience.in_(lang) if figures.audience else word("everyone", lang), "flat"),
        Chip(word("version", lang, figures.version), "flat"),
        Chip(word("complete", lang), "good") if figures.complete else Chip(word("incomplete", lang), "warn"),
        Chip(word("reviewed", lang), "good") if figures.reviewed else Chip(word("not_reviewed", lang), "warn"),
    ]


def banner_of(block: Arrivals, lang: Lang) -> Banner:
    """Who reported and who did not, by name."""
    parties = sorted({name.in_(lang) for source in block.sources if source.expected > 1 for name in source.missing})
    sources = [source.title.in_(lang) for source in block.sources if source.expected <= 1 and source.missing]
    who = block.parties_are.in_(lang) if block.parties_are else word("parties", lang)
    completeness = word("completeness", lang, percent_text(block.completeness))
    if block.parties_expected == 0 and not sources:
        return Banner(word("nothing_due", lang), "", "flat", 1.0)
    if block.parties_reported < block.parties_expected:
        headline = word("some_in", lang, block.parties_expected, block.parties_reported, joined(parties, lang) or DASH, who)
    elif parties:
        headline = word("with_gaps", lang, block.parties_expected, len(parties), joined(parties, lang, most=4), who)
    else:
        headline = word("all_in", lang, block.parties_expected, who)
    detail = [completeness, *([word("sources_missing", lang, joined(sources, lang))] if sources else [])]
    all_in = block.parties_reported >= block.parties_expected and not sources and not parties
    return Banner(
        headline, "  ".join(detail), "good" if all_in else "warn", round(float(block.completeness), 4), estimate_text(block, lang)
    )


def estimate_text(block: Arrivals, lang: Lang) -> str:
    """What is probably missing, with its interval, marked as an estimate."""
    said = []
    for gap in block.estimates:
        scale = scale_for("money", gap.unit, lang, [gap.amount, gap.lower, gap.upper])
        bounds = (scale.with_unit(gap.amount), percent_text(gap.within, 0), scale.text(gap.lower), scale.text(gap.upper))
        said.append(word("estimate", lang, gap.parties, *bounds, word(f"tax_{gap.tax}", lang)))
        said += [word("estimate_unknown", lang, gap.unknown)] if gap.unknown else []
    return ("；" if lang == "zh" else "; ").join(said)


def as_of_text(block: Tiles | TableBlock | ChartBlock, lang: Lang) -> str:
    return word("as_of", lang, block.as_of.isoformat()) if block.as_of else word("no_as_of", lang)


# figures -------------------------------------------------------------------------------------------------------------


def tiles_of(block: Tiles, lang: Lang) -> list[Tile]:
    trends = [*block.trends, *[()] * len(block.figures)]
    return [_tile(figure, trend, lang) for figure, trend in zip(block.figures, trends, strict=False)]


def tile_rows(tiles: Sequence[Tile]) -> list[list[Tile]]:
    """Tiles in rows of at most four, as even as can be: five are three and two."""
    rows = -(-len(tiles) // 4) or 1
    each = -(-len(tiles) // rows) or 1
    return [list(tiles[start : start + each]) for start in range(0, len(tiles), each)]


def _tile(figure: Figure, trend: Sequence[Decimal | None], lang: Lang) -> Tile:
    scale = scale_for(figure.format, figure.unit, lang, [figure.value])
    return Tile(
        label=figure.label.in_(lang),
        value=scale.text(figure.value),
        unit=scale.unit,
        estimated=figure.is_estimated,
        figure=figure.id,
        target=next(
            (target_of(figure, comparison, scale, lang) for comparison in figure.comparisons if comparison.against == "target"), None
        ),
        deltas=[delta_of(figure, comparison, lang) for comparison in figure.comparisons if comparison.against != "target"],
        trend=plan_trend(trend),
    )


def target_of(figure: Figure, comparison: Comparison, scale: Scale, lang: Lang) -> Target | None:
    """The bar under a tile; None where there is no target."""
    if comparison.base is None:
        return None
    label = word("target", lang, scale.with_unit(comparison.base))
    share = min(max(comparison.change or Decimal(0), Decimal(0)), Decimal(1))
    return Target(label, percent_text(comparison.change), round(float(share), 4), target_tone(comparison.change, figure.good))


def target_tone(attained: Decimal | None, good: str) -> Tone:
    """Green on the good side of the target, amber within a tenth of it, red beyond; no colour without a good side."""
    if attained is None or good == "none":
        return "flat"
    short = 1 - attained if good == "up" else attained - 1
    return "good" if short <= 0 else "warn" if short <= _NEARLY else "bad"


def delta_of(figure: Figure, comparison: Comparison, lang: Lang) -> Delta:
    """One change with its arrow (direction) and tone (good or bad)."""
    label = against_word(comparison.against, figure.span, lang)
    if comparison.change is None:
        return Delta(comparison.against, label, "", DASH, "flat")
    tone = change_tone(comparison.change, figure.good)
    if abs(comparison.change) < _LEVEL:
        return Delta(comparison.against, label, "", word("flat", lang), "flat")
    size = abs(comparison.change) * 100
    text = number_text(size, 1) + (word("points", lang) if figure.format == "percent" else "%")
    return Delta(comparison.against, label, "▲" if comparison.change > 0 else "▼", text, tone)


def change_tone(change: Decimal, good: str) -> Tone:
    if good == "none" or abs(change) < _LEVEL:
        return "flat"
    return "good" if (change > 0) == (good == "up") else "bad"


# tables --------------------------------------------------------------------------------------------------------------


def measure_scales(block: TableBlock, lang: Lang) -> list[Scale]:
    """One scale for each measure's column."""
    if not block.rows:
        return []
    return [
        scale_for(first.format, first.unit, lang, [row.figures[place].value for row in block.rows], together=True)
        for place, first in enumerate(block.rows[0].figures)
    ]


def table_columns(block: TableBlock, lang: Lang) -> list[Column]:
    """Dimensions, each measure with its comparisons, the trend."""
    columns = [Column("label", dimension.in_(lang)) for dimension in block.dimensions]
    if not block.rows:
        return columns
    for figure, scale in zip(block.rows[0].figures, measure_scales(block, lang), strict=True):
        columns.append(Column("number", headed(figure.label.in_(lang), scale.unit, lang)))
        for comparison in figure.comparisons:
            if comparison.against == "target":
                columns.append(Column("target", word("attained_short", lang)))
            else:
                columns.append(Column("delta", against_word(comparison.against, figure.span, lang)))
    days = max((len(row.trend) for row in block.rows), default=0)
    if days > 1:
        columns.append(Column("trend", trend_words(block, lang)))
    return columns


def trend_words(block: TableBlock, lang: Lang) -> str:
    """How far a trend reaches back: a report of one week over a weekly table shows weeks."""
    points = max((len(row.trend) for row in block.rows), default=0)
    span = next((figure.span for row in block.rows for figure in row.figures), None)
    weekly = span is not None and (span.end - span.start).days in (1, 7) and points == _WEEKS
    return word("trend_weeks" if weekly else "trend", lang, points)


def _table(block: TableBlock, lang: Lang) -> Section:
    columns = table_columns(block, lang)
    scales = measure_scales(block, lang)
    has_trend = any(column.kind == "trend" for column in columns)
    rows: list[Row] = []
    above: list[str] = []
    for row in block.rows:
        labels = [label.in_(lang) for label in row.labels]
        labels += [""] * (len(block.dimensions) - len(labels))
        cells: list[Cell] = []
        same = row.level > 0
        for place, label in enumerate(labels):
            same = same and place < len(above) and above[place] == label and place < len(labels) - 1
            cells.append(Cell(label, quiet=same))
        for figure, scale in zip(row.figures, scales, strict=True):
            cells.append(Cell(scale.text(figure.value), estimated=figure.is_estimated))
            cells.extend(_compared(figure, comparison, lang) for comparison in figure.comparisons)
        if has_trend:
            cells.append(Cell("", points=plan_trend(row.trend)))
        rows.append(Row(cells, is_total=row.level == 0, opens_group=bool(rows) and len(labels) > 1 and labels[:1] != above[:1]))
        above = labels
    return Section("table", block.title.in_(lang), as_of_text(block, lang), columns=columns, rows=rows)


def _compared(figure: Figure, comparison: Comparison, lang: Lang) -> Cell:
    if comparison.against == "target":
        if comparison.change is None:
            return Cell(DASH, tone="flat")
        share = round(float(min(max(comparison.change, Decimal(0)), Decimal(1))), 4)
        return Cell(percent_text(comparison.change), tone=target_tone(comparison.change, figure.good), share=share)
    delta = delta_of(figure, comparison, lang)
    return Cell(f"{delta.arrow} {delta.text}".strip(), tone=delta.tone)
