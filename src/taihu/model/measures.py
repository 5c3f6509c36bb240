"""Reports and the marts they read must fit: found when the project is loaded, not on the morning of the report."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from taihu.core.errors import ManifestError
from taihu.manifest.glossary import Aggregate
from taihu.manifest.report import BlockSpec, ReportFile
from taihu.model.graph import Graph
from taihu.model.sums import summand
from taihu.model.trace import DATE_COLUMN

_EXACT = ("DECIMAL", "BIGINT", "INT", "SMALLINT", "TINYINT")


def check_reports(graph: Graph) -> None:
    """Every measure, dimension, split and row filter of every report exists in the mart that it is read from.

    Sums must be of exact numbers and traceable, so that each figure can be explained.

    Raises:
        ManifestError: With the report's file.
    """
    for name, report in graph.tree.reports.items():
        where = f"reports/{name}/report.yml:1"
        for block in report.blocks:
            _check_block(graph, report, block, where)


def _check_block(graph: Graph, report: ReportFile, block: BlockSpec, where: str) -> None:
    spec = block.tiles or block.table or block.chart
    if spec is None:
        return
    mart = spec.from_
    if mart not in graph.models:
        raise ManifestError(f"there is no mart {mart!r}{_hint(mart, list(graph.models))}", where=where)
    types = graph.types(mart)
    dimensions = [DATE_COLUMN, *(block.table.rows if block.table else ())]
    dimensions += [item for item in ((block.chart.x, block.chart.by) if block.chart else ()) if item]
    for column in [*dimensions, *_filters(graph, report)]:
        if column not in types:
            raise ManifestError(f"{mart} has no column {column!r}{_hint(column, list(types))}", where=where)
    for measure in (spec.show,) if isinstance(spec.show, str) else spec.show:
        for aggregate in _aggregates(graph, measure, where):
            _check_aggregate(graph, mart, measure, aggregate, where)


def _check_aggregate(graph: Graph, mart: str, measure: str, aggregate: Aggregate, where: str) -> None:
    types = graph.types(mart)
    for column in aggregate.columns:
        if column not in types:
            raise ManifestError(f"measure {measure} needs {column!r}, which {mart} does not have{_hint(column, list(types))}", where=where)
        if aggregate.distinct is None:
            if not types[column].startswith(_EXACT):
                raise ManifestError(
                    f"{mart}.{column} is {types[column]}: its sum would not be exact", where=where, fix="cast it to DECIMAL in the model"
                )
            summand(graph.model(mart), graph.parsed(mart), column)


def _aggregates(graph: Graph, measure: str, where: str) -> Iterator[Aggregate]:
    term = graph.tree.glossary.get(measure)
    measures = [name for name, other in graph.tree.glossary.items() if other.measure]
    if term is None or term.measure is None:
        raise ManifestError(f"there is no measure {measure!r} in the glossary{_hint(measure, measures)}", where=where)
    yield term.measure
    if term.target:
        yield term.target


def _filters(graph: Graph, report: ReportFile) -> set[str]:
    """Columns that recipients' rows are filtered by; a mart without them could not be shown to that role."""
    columns: set[str] = set()
    for send in report.send:
        rows = graph.tree.roles.roles[send.role].rows if send.role in graph.tree.roles.roles else "all"
        columns |= set(rows) if isinstance(rows, dict) else set()
        columns |= {send.split} if send.split else set()
    return columns


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""
