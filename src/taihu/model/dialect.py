"""The same model text for another engine, and in one layout for people."""

from __future__ import annotations

from taihu.model.graph import Graph


def to_spark(graph: Graph, table: str) -> str:
    """The model's statement in Spark SQL. Nulls sort as they do in DuckDB; comments are left out."""
    return graph.parsed(table).sql(dialect="spark", pretty=True, comments=False)


def formatted(graph: Graph, table: str) -> str:
    """The model's statement in one layout, as documents show it."""
    return graph.parsed(table).sql(dialect="duckdb", pretty=True, max_text_width=100)
