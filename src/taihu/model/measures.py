"""Reports and the marts they read must fit: found when the project is loaded, not on the morning of the report."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from taihu.core.errors import ManifestError
from taihu.manifest.glossary import Aggregate
from taihu.manifest.report import BlockSpec, ReportFile
from taihu.model.graph import Graph
from taihu.model.sums import summand
from taihu.model.trace import DATE_COLUMN

_EXACT = ("DECIMAL", "BIGINT", "INT", "SMALLINT", "TINYINT")


Place = Callable[[str, tuple[str | int, ...]], str]


def _first_line(file: str, _: tuple[str | int, ...]) -> str:
    return f"{file}:1"


def check_reports(graph: Graph, place: Place = _first_line) -> None:
    """Every measure, dimension, split and row filter of every report exists in the mart that it is read from.

    Sums must be of exact numbers and traceable, so that each figure can be explained.

    Args:
        graph: The parsed models.
        place: Gives ``file:line`` of a place in a file of the project, by the file and the keys that lead there.

    Raises:
        ManifestError: With the file and line of what does not fit.
    """
    for name, report in graph.tree.reports.items():
        file = f"reports/{name}/report.yml"
        for number, block in enumerate(report.blocks):
            _check_block(graph, report, block, file, number, place)


def _check_block(graph: Graph, report: ReportFile, block: BlockSpec, file: str, number: int, place: Place) -> None:
    spec = block.tiles or block.table or block.chart
    if spec is None:
        return
    here: tuple[str | int, ...] = ("blocks", number, "tiles" if block.tiles else "table" if block.table else "chart")
    mart = spec.from_
    if mart not in graph.models:
        raise ManifestError(f"there is no mart {mart!r}{_hint(mart, list(graph.models))}", where=place(file, (*here, "from")))
    types = graph.types(mart)
    wanted: list[tuple[str, str, tuple[str | int, ...]]] = [(DATE_COLUMN, file, (*here, "from"))]
    wanted += [(column, file, (*here, "rows", n)) for n, column in enumerate(block.table.rows if block.table else ())]
    if block.chart:
        wanted += [(column, file, (*here, key)) for key, column in (("x", block.chart.x), ("by", block.chart.by)) if column]
    for column, where, path in [*wanted, *_filters(graph, report, file)]:
        if column not in types:
            raise ManifestError(f"{mart} has no column {column!r}{_hint(column, list(types))}", where=place(where, path))
    for n, measure in enumerate((spec.show,) if isinstance(spec.show, str) else spec.show):
        said = place(file, (*here, "show", n))
        for aggregate in _aggregates(graph, measure, said):
            _check_aggregate(graph, mart, measure, aggregate, said)


def _check_aggregate(graph: Graph, mart: str, measure: str, aggregate: Aggregate, where: str) -> None:
    types = graph.types(mart)
    for column in aggregate.columns:
        if column not in types:
            raise ManifestError(f"measure {measure} needs {column!r}, which {mart} does not have{_hint(column, list(types))}", where=where)
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


def _filters(graph: Graph, report: ReportFile, file: str) -> list[tuple[str, str, tuple[str | int, ...]]]:
    """Columns that recipients' rows are filtered by, with their place; a mart without them could not be shown to that role."""
    columns: list[tuple[str, str, tuple[str | int, ...]]] = []
    for number, send in enumerate(report.send):
        role = graph.tree.roles.roles.get(send.role)
        rows = role.rows if role is not None and isinstance(role.rows, dict) else {}
        columns += [(column, "roles.yml", ("roles", send.role, "rows", column)) for column in rows]
        columns += [(send.split, file, ("send", number, "split"))] if send.split else []
    return columns


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""
