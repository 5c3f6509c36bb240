"""From a publication's pinned tables to the one set of figures that every format prints.

A pure function of the pinned tables, the report's file and the publication: no clock, no ledger, no current state. Made
again years later it gives the same values, which is what ``taihu report rebuild`` shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from taihu.core.figures import (
    Arrivals,
    Block,
    ChartBlock,
    Comparison,
    Figure,
    Notes,
    ReportFigures,
    RestatementRow,
    Restatements,
    Series,
    TableBlock,
    TableRow,
    Tiles,
)
from taihu.core.ids import derived_id
from taihu.core.types import Span, Text
from taihu.ledger.records import Publication
from taihu.manifest.glossary import Term
from taihu.manifest.report import BlockSpec, ChartSpec, ReportFile, TableSpec, TilesSpec
from taihu.manifest.tree import ProjectTree
from taihu.run.completeness import arrivals_of, holds_of
from taihu.run.cube import RATIO_PLACES, Filter, Value, change, shifted, span_of, value_of
from taihu.run.marts import Marts

TREND_DAYS = 14
TREND_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose report it is: the row filter (column, value) and its name; no filter means all rows."""

    where: Filter = ()
    name: Text | None = None


class FigureMaker:
    """Makes the figures of one publication for one audience.

    Args:
        marts: The publication's open tables, shared by all its audiences.
        restated: Restatements since the previous publication of the report, already computed for this audience.
    """

    def __init__(
        self,
        tree: ProjectTree,
        marts: Marts,
        publication: Publication,
        *,
        audience: Audience,
        restated: Sequence[RestatementRow] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.tree = tree
        self.marts = marts
        self.publication = publication
        self.report: ReportFile = tree.reports[publication.report]
        self.audience = audience
        self.restated = restated
        self.notes = notes

    def make(self) -> ReportFigures:
        publication = self.publication
        blocks = [self._block(spec) for spec in self.report.blocks]
        return ReportFigures(
            report=publication.report,
            title=self.report.title.text,
            publication=publication.id,
            version=publication.version,
            span=publication.span,
            issued_at=publication.issued_at,
            time_zone=self.tree.file.time_zone,
            currency=self.report.currency,
            complete=publication.complete,
            reviewed=publication.reviewed,
            finding=finding_of(blocks),
            audience=self.audience.name,
            blocks=blocks,
        )

    # figures -----------------------------------------------------------------------------------------------------------

    def _where(self, mart: str) -> Filter:
        return self.audience.where

    def _figure(self, mart: str, name: str, where: Filter, against: Sequence[str], values: Mapping[str, Value]) -> Figure:
        term = self.tree.glossary[name]
        value = values["now"]
        comparisons = [self._comparison(term, kind, value.value, values[kind].value) for kind in against]
        span = span_of(term, self.publication.span)
        pairs = tuple(where)
        return Figure(
            id="f-" + derived_id("figure", self.publication.id, mart, name, str(span), pairs, length=12),
            measure=name,
            label=term.name.text,
            value=value.value,
            format=term.format,
            unit=term.unit or (self.report.currency if term.format == "money" else ""),
            good=term.good,
            mart=mart,
            span=span,
            filter=pairs,
            comparisons=comparisons,
            parts=value.parts,
        )

    def _comparison(self, term: Term, kind: str, value: Decimal | None, base: Decimal | None) -> Comparison:
        if kind == "target":
            share = (value / base).quantize(RATIO_PLACES, ROUND_HALF_UP) if value is not None and base else None
            return Comparison(kind, base, share)
        return Comparison(kind, base, change(value, base, points=term.format == "percent"))

    def _values(
        self, mart: str, names: Sequence[str], against: Sequence[str], where: Filter, by: Sequence[str] = ()
    ) -> dict[tuple[str, ...], dict[str, dict[str, Value]]]:
        """For every group: measure -> (``now`` and each comparison) -> value."""
        result: dict[tuple[str, ...], dict[str, dict[str, Value]]] = {}
        for kind in ("now", *against):
            for name in names:
                term = self.tree.glossary[name]
                aggregate = term.target if kind == "target" else term.measure
                span = self.publication.span if kind in ("now", "target") else shifted(self.publication.span, kind)
                if aggregate is None:
                    groups: dict[tuple[str, ...], Value] = {}
                else:
                    sums = self.marts.cube(mart).sums(self._all_columns(mart, names), span_of(term, span), where, by)
                    groups = {key: value_of(aggregate, row) for key, row in sums.items()}
                for key in [*result, *groups]:
                    measures = result.setdefault(key, {})
                    measures.setdefault(name, {})[kind] = groups.get(key, Value(None))
        for measures in result.values():
            for name in names:
                for kind in ("now", *against):
                    measures.setdefault(name, {}).setdefault(kind, Value(None))
        return result

    def _all_columns(self, mart: str, names: Sequence[str]) -> list[str]:
        """Columns of all measures together, so that one question answers them all."""
        terms = [self.tree.glossary[name] for name in names]
        return [column for term in terms for part in (term.measure, term.target) if part for column in part.columns]

    # blocks ------------------------------------------------------------------------------------------------------------

    def _block(self, spec: BlockSpec) -> Block:
        if spec.tiles:
            return self._tiles(spec.tiles)
        if spec.table:
            return self._table(spec.table)
        if spec.chart:
            return self._chart(spec.chart)
        if spec.builtin == "arrivals":
            return arrivals_of(self.tree, self.marts, self.publication, self.audience.where)
        if spec.builtin == "holds":
            return holds_of(self.tree, self.marts, self.publication, self.audience.where)
        if spec.builtin == "restatements":
            since = self.publication.previous or ""
            return Restatements(since, tuple(self.restated))
        return Notes(tuple(self.notes))

    def _tiles(self, spec: TilesSpec) -> Tiles:
        where = self._where(spec.from_)
        values = self._values(spec.from_, spec.show, spec.against, where)[()]
        figures = [self._figure(spec.from_, name, where, spec.against, values[name]) for name in spec.show]
        end = self.publication.span.end
        days = self._trend_days(spec.from_, end)
        window = Span(min(days), end)
        daily = self.marts.cube(spec.from_).sums(self._all_columns(spec.from_, spec.show), window, where, ["business_date"])
        trends = [self._trend(name, daily, days) for name in spec.show]
        return Tiles(figures, trends, self._as_of(spec.from_, spec.show))

    def _trend_days(self, mart: str, end: dt.date) -> list[dt.date]:
        """Dates of a trend: the last two weeks, or the Mondays of the last eight weeks where a mart has one row a week."""
        if self.marts.is_weekly(mart):
            monday = end - dt.timedelta(days=end.weekday() or 7)
            return [monday - dt.timedelta(weeks=back) for back in reversed(range(TREND_WEEKS))]
        return Span(end - dt.timedelta(days=TREND_DAYS), end).days()

    def _trend(
        self, name: str, daily: Mapping[tuple[str, ...], Mapping[str, Decimal | None]], days: Sequence[dt.date]
    ) -> list[Decimal | None]:
        aggregate = self.tree.glossary[name].measure
        assert aggregate is not None
        rows = {key[-1]: row for key, row in daily.items()}
        return [value_of(aggregate, rows[str(day)]).value if str(day) in rows else None for day in days]

    def _as_of(self, mart: str, names: Sequence[str]) -> dt.date | None:
        """Newest business date of the period with data of a shown measure; targets alone do not count as data."""
        columns = sorted(
            {column for name in names if (term := self.tree.glossary[name].measure) for column in (term.ratio or term.columns)[:1]}
        )
        newest = self.marts.newest(mart, columns, self.publication.span.end, self.audience.where)
        if newest is None:
            return None
        last = self.publication.span.end - dt.timedelta(days=1)
        return min(newest + dt.timedelta(days=6), last) if self.marts.is_weekly(mart) else newest

    def _table(self, spec: TableSpec) -> TableBlock:
        where = self._where(spec.from_)
        rows: list[TableRow] = []
        end = self.publication.span.end
        days = self._trend_days(spec.from_, end)
        window = Span(min(days), end)
        daily = self.marts.cube(spec.from_).sums(self._all_columns(spec.from_, spec.show), window, where, [*spec.rows, "business_date"])
        for key, values in sorted(
            self._values(spec.from_, spec.show, spec.against, where, spec.rows).items(), key=lambda item: self._order(spec.rows, item[0])
        ):
            pairs = (*where, *zip(spec.rows, key, strict=True))
            figures = [
                self._figure(spec.from_, name, pairs, spec.against if place == 0 else (), values[name])
                for place, name in enumerate(spec.show)
            ]
            if all(figure.value is None for figure in figures):
                continue
            own = {days: row for days, row in daily.items() if days[:-1] == key}
            rows.append(
                TableRow(
                    [self.member(column, value) for column, value in zip(spec.rows, key, strict=True)],
                    figures,
                    self._trend(spec.show[0], own, days),
                )
            )
        if spec.total:
            rows.append(self._total(spec, where))
        title = (
            spec.title.text
            if spec.title
            else Text(f"{self.tree.glossary[spec.show[0]].name.zh}明细", f"{self.tree.glossary[spec.show[0]].name.en} in detail")
        )
        return TableBlock(
            title,
            [self.tree.glossary[name].name.text if name in self.tree.glossary else Text(name, name) for name in spec.rows],
            rows,
            self._as_of(spec.from_, spec.show),
        )

    def _total(self, spec: TableSpec, where: Filter) -> TableRow:
        values = self._values(spec.from_, spec.show, spec.against, where)[()]
        figures = [
            self._figure(spec.from_, name, where, spec.against if place == 0 else (), values[name]) for place, name in enumerate(spec.show)
        ]
        return TableRow([Text("合计", "Total"), *[Text("", "")] * (len(spec.rows) - 1)], figures, level=0)

    def _order(self, columns: Sequence[str], key: Sequence[str]) -> tuple[Any, ...]:
        """Members in the glossary's order, unknown ones last."""
        order = []
        for column, value in zip(columns, key, strict=True):
            listed = list(self.tree.glossary[column].values) if column in self.tree.glossary else []
            order.append((listed.index(value) if value in listed else len(listed), value))
        return tuple(order)

    def member(self, column: str, value: str) -> Text:
        """The name of a dimension's member."""
        term = self.tree.glossary.get(column)
        if term and value in term.values:
            return term.values[value].text
        return Text("未知", "Unknown") if value == "unknown" else Text(value, value)

    def _chart(self, spec: ChartSpec) -> ChartBlock:
        term = self.tree.glossary[spec.show]
        assert term.measure is not None
        where = self._where(spec.from_)
        by = [*([spec.by] if spec.by else []), *([spec.x] if spec.x != "business_date" else [])]
        over_days = spec.x == "business_date"
        end = self.publication.span.end
        window = Span(end - dt.timedelta(days=int(spec.last.split()[0])), end) if over_days else self.publication.span
        sums = self.marts.cube(spec.from_).sums(term.measure.columns, window, where, [*by, "business_date"] if over_days else by)
        days = [str(day) for day in window.days()] if over_days else []
        members = sorted({key[0] for key in sums}, key=lambda v: self._order(by[:1], [v])) if spec.by else [""]
        xs = days or sorted({key[-1] for key in sums}, key=lambda v: self._order([spec.x], [v]))
        series = []
        for member in members:
            values = [value_of(term.measure, sums.get((member, x) if spec.by else (x,), {})).value for x in xs]
            series.append(Series(self.member(spec.by, member) if spec.by else term.name.text, values))
        labels = [Text(x, x) for x in xs] if over_days else [self.member(spec.x, x) for x in xs]
        title = spec.title.text if spec.title else term.name.text
        kind: Literal["line", "stacked", "bar"] = ("stacked" if spec.by else "line") if over_days else "bar"
        return ChartBlock(
            title,
            kind,
            labels,
            series,
            term.format,
            term.unit or (self.report.currency if term.format == "money" else ""),
            self._as_of(spec.from_, [spec.show]),
        )


def finding_of(blocks: Sequence[Block]) -> Text:
    """The report's headline: its first key figure, how it moved, and what is missing."""
    tiles = next((block for block in blocks if isinstance(block, Tiles)), None)
    arrivals = next((block for block in blocks if isinstance(block, Arrivals)), None)
    if tiles is None or not tiles.figures or tiles.figures[0].value is None:
        return Text("本期尚无数据", "No data for the period yet")
    first = tiles.figures[0]
    zh, en = [], []
    for comparison in first.comparisons:
        if comparison.change is None:
            continue
        if comparison.against == "week":
            percent = f"{abs(comparison.change) * 100:.1f}%"
            zh.append(("较上周同期增长" if comparison.change >= 0 else "较上周同期下降") + percent)
            en.append(("up " if comparison.change >= 0 else "down ") + f"{percent} on last week")
        elif comparison.against == "target":
            zh.append(f"达成目标的 {comparison.change * 100:.1f}%")
            en.append(f"at {comparison.change * 100:.1f}% of target")
    head_zh = first.label.zh + "，".join(zh)
    head_en = f"{first.label.en} {', '.join(en)}".strip()
    if arrivals is not None and arrivals.parties_reported < arrivals.parties_expected:
        lacking = arrivals.parties_expected - arrivals.parties_reported
        return Text(f"{head_zh}；{lacking} 家数据未到", f"{head_en}; {lacking} of {arrivals.parties_expected} parties not in")
    return Text(head_zh, head_en)
