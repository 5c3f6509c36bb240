"""A feed: all sources that tell the same kind of fact, under one set of columns.

The SQL is generated with every column written out, so a source that lacks one is found at load and lineage can follow each.
"""

from __future__ import annotations

import difflib

from taihu.core.errors import ManifestError
from taihu.engine.types import quoted, text_literal
from taihu.manifest.tree import ProjectTree, Source
from taihu.model.inputs import PROVENANCE, clean_columns, feed_columns, feed_type


def feed_sql(tree: ProjectTree, feed: str) -> str:
    """The query behind ``feed.<feed>``: one branch per source, sources in the order of their names.

    Raises:
        ManifestError: No source declares the feed, or one of them lacks a column.
    """
    sources = sorted(tree.sources_of_feed(feed), key=lambda source: source.name)
    if not sources:
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in feed_columns(tree, feed).items())
        return f"SELECT {columns} WHERE FALSE"
    return "\nUNION ALL\n".join(_branch(tree, feed, source) for source in sources)


def feed_lineage(tree: ProjectTree, feed: str) -> dict[str, list[tuple[str, str]]]:
    """Each column of a feed with the clean columns that it is made of."""
    sources = sorted(tree.sources_of_feed(feed), key=lambda source: source.name)
    names = [*tree.feeds[feed].columns, *PROVENANCE]
    lineage = {name: [(source.table, _own_column(source, name)) for source in sources] for name in names}
    return {"source": [], **lineage}


def check_feeds(tree: ProjectTree) -> None:
    """Every feed that a source names exists, and every source of a feed provides its columns.

    Raises:
        ManifestError: With the place in ``source.yml``.
    """
    for source in tree.sources.values():
        feed = source.file.feeds
        if feed is None:
            continue
        if feed not in tree.feeds:
            close = difflib.get_close_matches(feed, sorted(tree.feeds), n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise ManifestError(f"feeds: {feed!r} has no .feed.yml{hint}", where=f"{source.path}/source.yml")
        _branch(tree, feed, source)


def _branch(tree: ProjectTree, feed: str, source: Source) -> str:
    known = clean_columns(tree, source)
    columns = [f"  CAST({text_literal(source.name)} AS VARCHAR) AS source"]
    for name, kind in tree.feeds[feed].columns.items():
        if name not in known:
            raise ManifestError(
                f"source {source.name} feeds {feed!r} but has no column {name!r}",
                where=f"{source.path}/source.yml",
                fix=f"add {name}: under columns:, or take it out of {feed}.feed.yml",
            )
        columns.append(f"  CAST({quoted(name)} AS {feed_type(kind)}) AS {quoted(name)}")
    columns += [f"  {quoted(name)}" for name in PROVENANCE]
    return "SELECT\n" + ",\n".join(columns) + f"\nFROM {source.table}"


def _own_column(source: Source, name: str) -> str:
    """The contract's own name of a feed column: ``business_date`` is the column that the source names as such."""
    if name == "business_date" and name not in source.file.columns and source.file.business_date:
        return source.file.business_date
    return name
