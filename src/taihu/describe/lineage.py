"""Lineage as pages and as a file: every column of every model down to the header that a sender wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence

from taihu.core.types import Lang
from taihu.describe.blocks import Block, Grid, Heading, Paragraph, Picture, code, inline, plain
from taihu.describe.catalog import Catalog, Origin
from taihu.describe.words import LINEAGE, t


def lineage_chapter(lang: Lang) -> list[Block]:
    return [
        Heading(plain(t(lang, "血缘", "Lineage")), 2),
        Paragraph(inline(LINEAGE.in_(lang))),
        Picture(f"lineage.{lang}.svg", t(lang, "表血缘图", "Table lineage")),
    ]


def lineage_pages(catalog: Catalog, lang: Lang) -> list[Block]:
    """Every column of every model with the columns, and the senders' headers, that it comes from."""
    blocks: list[Block] = [
        Heading(plain(t(lang, "列血缘", "Column lineage")), 1),
        Picture(f"lineage.{lang}.svg", t(lang, "表血缘图", "Table lineage")),
    ]
    head = [plain(t(lang, "列", "Column")), plain(t(lang, "来源列", "From")), plain(t(lang, "文件中的列名", "Header in the file"))]
    for table in catalog.of_role("mart", "fact", "dimension"):
        rows = [[code(c.name), plain(_origins(c.origins)), plain(_headers(catalog, c.origins))] for c in table.columns]
        made = (
            t(lang, "由 ", "Made from ") + ", ".join(f"`{name}`" for name in table.inputs)
            if table.inputs
            else t(lang, "由模型本身给出。", "Given by the model itself.")
        )
        blocks += [Heading(inline(f"{table.title.in_(lang)} `{table.name}`"), 2), Paragraph(inline(made)), Grid(head, rows)]
    return blocks


def by_column(origins: Sequence[Origin]) -> dict[str, list[str]]:
    """Origins as column to the tables that have it."""
    found: dict[str, list[str]] = {}
    for table, column in origins:
        found.setdefault(column, []).append(table)
    return found


def _origins(origins: Sequence[Origin]) -> str:
    return "; ".join(f"{column} ({', '.join(tables)})" for column, tables in by_column(origins).items())


def _headers(catalog: Catalog, origins: Sequence[Origin]) -> str:
    found: dict[str, None] = {}
    for table, name in origins:
        known = catalog.tables.get(table)
        if known and known.role == "source":
            found |= {header: None for column in known.columns if column.name == name for header in column.headers if header != name}
    return " / ".join(found)


def lineage_json(catalog: Catalog) -> bytes:
    """Tables with their inputs and columns with their origins, for other programs."""
    tables = {
        table.name: {
            "inputs": sorted(table.inputs),
            "columns": {column.name: [f"{name}.{origin}" for name, origin in column.origins] for column in table.columns},
        }
        for table in catalog.tables.values()
    }
    return (json.dumps({"tables": tables}, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
