"""From a published figure back to its rows, files and cells.

The figure names a mart, a span and a filter; the mart's own SQL, without its sums, lists the rows at the pinned versions;
column lineage names the clean column that the amount comes from; the contract and the arrival's header map name the cell; and the
cell's text is read again from the sealed object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.china.characters import stored_form
from taihu.core.errors import IntegrityError
from taihu.core.types import Position
from taihu.ledger.records import Arrival, FigureRow, Publication
from taihu.manifest.glossary import Aggregate
from taihu.manifest.missing import Replacement
from taihu.manifest.tree import Source
from taihu.run.cube import value_of
from taihu.run.intake import read_arrival

if TYPE_CHECKING:
    from taihu.model.graph import Graph
    from taihu.project.workspace import Workspace


def latest_figures(ws: Workspace) -> list[dict[str, Any]]:
    """Figures of the newest publication of each report, everybody's data first."""
    listing = []
    for report in ws.tree.reports:
        for publication in ws.ledger.publications(report)[-1:]:
            for figure in ws.ledger.figures(publication.id):
                listing.append(
                    {
                        "id": figure.id,
                        "report": report,
                        "publication": publication.id,
                        "measure": figure.measure,
                        "value": None if figure.value is None else str(figure.value),
                        "span": str(figure.span),
                        "filter": filter_text(figure),
                    }
                )
    return sorted(listing, key=lambda row: (row["report"], len(row["filter"]), row["measure"], row["id"]))


def filter_text(figure: FigureRow) -> str:
    return ", ".join(f"{column}={value}" for column, value in figure.filter)


def explain(ws: Workspace, figure_id: str, *, cells: int = 3, rows: int | None = 10) -> dict[str, Any]:
    """The whole story of a figure.

    Args:
        cells: So many rows of each part are opened in their source file.
        rows: So many rows of each part are listed; None for all.

    Returns:
        ``label``, ``value``, ``formula`` and ``parts``: for each summed column its published value, the sum of its rows,
        whether they are equal, the rows and the cells.

    Raises:
        IntegrityError: The pinned tables no longer give the published value.
    """
    figure = ws.ledger.figure(figure_id)
    publication = ws.ledger.publication(figure.publication_id)
    term = ws.tree.glossary[figure.measure]
    assert term.measure is not None
    graph = ws.graph
    _open_everything(ws, publication, graph, figure.mart)
    published = dict(figure.parts) if figure.parts else {term.measure.columns[0]: figure.value or Decimal(0)}
    parts = [_part(ws, graph, figure, column, value, cells, rows) for column, value in published.items()]
    return {
        "schema": "taihu.explain/1",
        "figure": figure.id,
        "publication": publication.id,
        "label": {"zh": term.name.zh, "en": term.name.en},
        "value": None if figure.value is None else str(figure.value),
        "unit": figure.unit,
        "span": str(figure.span),
        "filter": filter_text(figure),
        "mart": figure.mart,
        "formula": _formula(term.measure.ratio, term.measure.columns),
        "recomputed": _recomputed(term.measure, parts),
        "parts": parts,
    }


def _formula(ratio: Sequence[str] | None, columns: Sequence[str]) -> str:
    return f"SUM({ratio[0]}) / SUM({ratio[1]})" if ratio else f"SUM({columns[0]})"


def _recomputed(measure: Aggregate, parts: Sequence[dict[str, Any]]) -> str | None:
    """The value from the listed rows alone."""
    value = value_of(measure, {part["column"]: Decimal(part["computed"]) for part in parts}).value
    return None if value is None else str(value)


def _open_everything(ws: Workspace, publication: Publication, graph: Graph, mart: str) -> None:
    """Offer the mart's upstream tables at their pinned versions."""
    from taihu.model.feeds import feed_sql

    for table in graph.upstream(mart):
        if table.startswith("feed."):
            for source in ws.tree.sources_of_feed(table.removeprefix("feed.")):
                if source.table in publication.tables:
                    ws.open_as(source.table, source.table, publication.tables[source.table])
            ws.engine.view(table, feed_sql(ws.tree, table.removeprefix("feed.")))
        elif table in publication.tables:
            ws.open_as(table, table, publication.tables[table])
        else:
            raise IntegrityError(f"publication {publication.id[:8]} does not pin {table}")


def _part(ws: Workspace, graph: Graph, figure: FigureRow, column: str, published: Decimal, cells: int, limit: int | None) -> dict[str, Any]:
    from taihu.model.trace import trace_query

    sql = trace_query(graph, figure.mart, column, figure.filter, figure.span)
    traced = ws.engine.query(sql).to_pylist()
    computed = sum((Decimal(row["contribution"]) for row in traced), Decimal(0))
    arrivals = {arrival.id: arrival for arrival in ws.ledger.arrivals(ids=sorted({row["_src_id"] for row in traced if row["_src_id"]}))}
    listed = traced if limit is None else traced[:limit]
    wanted = traced[:cells]
    return {
        "column": column,
        "value": str(published),
        "computed": str(computed),
        "equal": computed == published,
        "row_count": len(traced),
        "file_count": len(arrivals),
        "sql": sql,
        "rows": [_row(row, arrivals.get(row["_src_id"])) for row in listed],
        "cells": [cell for row in wanted for cell in _cells_of_row(ws, graph, figure.mart, column, row, arrivals.get(row["_src_id"]))],
    }


def _row(row: dict[str, Any], arrival: Arrival | None) -> dict[str, Any]:
    return {
        "contribution": str(row["contribution"]),
        "business_date": str(row.get("business_date") or ""),
        "source": arrival.source if arrival else "",
        "arrival": row["_src_id"],
        "file": arrival.name if arrival else "",
        "position": row["_src_row"],
    }


def _cells_of_row(
    ws: Workspace, graph: Graph, mart: str, column: str, row: dict[str, Any], arrival: Arrival | None
) -> list[dict[str, Any]]:
    """The cells of one row that the column is computed from, with their text as it stands in the file."""
    from taihu.model.lineage import source_columns

    if arrival is None:
        return []
    source = ws.tree.sources[arrival.source]
    names = [name for name in source_columns(graph, mart, column).get(source.table, []) if name in source.file.columns]
    amounts = [name for name in names if source.file.columns[name].type in ("money", "quantity", "number", "percent", "integer")]
    rules = _rules_applied(ws, source, row, amounts)
    inputs = {name: _read_by(source, rule) for name, rule in rules.items()}
    asked = [*amounts, *(name for names in inputs.values() for name in names)]
    texts = cells_of(ws, arrival, [(row["_src_row"], name) for name in asked])
    derived = [name for name in rules if stored_form(texts.get((row["_src_row"], name)) or "") in ("", *source.file.missing)]
    wanted = dict.fromkeys([*amounts, *(name for each in derived for name in inputs[each])])
    found = []
    for name in wanted:
        header = header_of(source, arrival, name)
        text = texts.get((row["_src_row"], name))
        if header is not None or name in derived:
            found.append(
                {
                    "file": arrival.name,
                    "object": arrival.sha256,
                    "cell": cell_name(row["_src_row"], arrival.header_cells[header]) if header else None,
                    "header": header,
                    "column": name,
                    "text": text,
                    "position": row["_src_row"],
                    **({"derived": str(rules[name])} if name in derived else {}),
                }
            )
    return found


def _rules_applied(ws: Workspace, source: Source, row: dict[str, Any], names: Sequence[str]) -> dict[str, Replacement]:
    """The rules of these columns for missing values, if one of them gave a value of the row."""
    rules = {name: rule for name in names if isinstance(rule := source.file.columns[name].if_missing, Replacement)}
    if not rules:
        return {}
    sql = f"SELECT dq_flags FROM {source.table} WHERE _src_id = ? AND _src_row = ?"
    flags = ws.engine.rows(sql, [row["_src_id"], row["_src_row"]])
    return rules if any("derived" in (text or "").split(",") for (text,) in flags) else {}


def _read_by(source: Source, rule: Replacement) -> list[str]:
    """The source's columns that a rule reads."""
    from taihu.model.rules import columns_of

    return [name for name in (columns_of(rule.derive) if rule.derive else rule.by) if name in source.file.columns]


def header_of(source: Source, arrival: Arrival, column: str) -> str | None:
    """The sender's header that a clean column was read from in this arrival."""
    headers = source.file.columns[column].from_ or (column,)
    return next((header for header in headers if header in arrival.header_cells), None)


def cell_name(position: str, letter: str) -> str:
    """``Sheet1!G7`` for row 7 of a sheet; line and field for text."""
    return Position.parse(position).cell(letter)


def cells_of(ws: Workspace, arrival: Arrival, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
    """The text of cells (row position, clean column) as it stands in the sealed object."""
    source = ws.tree.sources[arrival.source]
    # Without units the numbers of a table under 万元 stay as they stand in its cells.
    plain = {name: layout.model_copy(update={"units": ()}) for name, layout in source.layouts.items()}
    file = read_arrival(ws, replace(source, layouts=plain), arrival)
    rows = {row["_src_row"]: row for table in file.tables for row in table.rows.to_pylist()}
    texts: dict[tuple[str, str], str | None] = {}
    for position, column in wanted:
        headers = (source.file.columns[column].from_ or (column,)) if column in source.file.columns else (column,)
        row = rows.get(position, {})
        value = next((row[header] for header in headers if header in row), None)
        texts[(position, column)] = None if value is None else str(value)
    return texts
