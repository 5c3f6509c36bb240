"""Blocks as the typeset design document, and the catalog as one HTML page of the data dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from taihu.core.types import Lang
from taihu.describe.blocks import Block, Heading, Paragraph, Picture, text_of, to_data
from taihu.describe.catalog import PROVENANCE, ROLE_NAMES, Catalog, Role, Table
from taihu.describe.lineage import by_column
from taihu.describe.state import State
from taihu.describe.words import KINDS, t
from taihu.render import theme
from taihu.render.typeset import packaged, typeset

_ROLES: tuple[Role, ...] = ("mart", "fact", "dimension", "map", "source", "operations")


def design_pdf(catalog: Catalog, blocks: Sequence[Block], state: State, pictures: Mapping[str, bytes], lang: Lang) -> bytes:
    """The design document as PDF.

    Args:
        catalog: Whose title stands on the cover.
        blocks: The document; its first two blocks (title and age) go to the cover.
        state: Its instant is the creation date of the file.
        pictures: SVG by the name that the blocks use.
        lang: Language of the page.
    """
    heading, age, *body = blocks
    assert isinstance(heading, Heading) and isinstance(age, Paragraph)
    project, title = catalog.tree.file.title.text.in_(lang), text_of(heading.text)
    used = {block.name for block in body if isinstance(block, Picture)}
    data = {
        "title": f"{project} · {title}",
        "project": project,
        "heading": title,
        "as_of": text_of(age.text),
        "contents": t(lang, "目录", "Contents"),
        "lang": lang,
        "blocks": to_data(body),
    }
    files: dict[str, str | bytes] = {"main.typ": packaged("taihu.describe", "document.typ")}
    files |= {name: pictures[name] for name in sorted(used)}
    return typeset(files, data=data, issued_at=state.as_of, where="design document")[0]


def dictionary_html(catalog: Catalog, state: State, lang: Lang) -> bytes:
    """The data dictionary: every table and column, with a filter box, in one page that loads nothing."""
    groups = [
        {"name": ROLE_NAMES[role].in_(lang), "tables": [_table(catalog, table, state, lang) for table in catalog.of_role(role)]}
        for role in _ROLES
    ]
    text: str = _template().render(
        lang=lang,
        title=f"{catalog.tree.file.title.text.in_(lang)} · {t(lang, '数据字典', 'Data dictionary')}",
        groups=[group for group in groups if group["tables"]],
        colours=theme.named_colours(),
        words={
            "filter": t(lang, "筛选表、列、说明…", "Filter tables, columns, meanings…"),
            "column": t(lang, "列", "Column"),
            "name": t(lang, "名称", "Name"),
            "type": t(lang, "类型", "Type"),
            "meaning": t(lang, "说明", "Meaning"),
            "origin": t(lang, "来自", "From"),
            "grain": t(lang, "粒度", "Grain"),
            "owner": t(lang, "负责人", "Owner"),
            "made": t(lang, "输入", "Made from"),
            "used": t(lang, "用于", "Read by"),
            "rows": t(lang, "行", "rows"),
            "if_missing": t(lang, "缺失时", "If missing"),
            "token": t(lang, "令牌", "token"),
        },
    )
    return text.encode()


def _table(catalog: Catalog, table: Table, state: State, lang: Lang) -> dict[str, Any]:
    rows = state.rows(table.name)
    columns = sorted(table.columns, key=lambda column: column.name in PROVENANCE)
    return {
        "name": table.name,
        "title": table.title.in_(lang),
        "meaning": table.meaning.in_(lang),
        "grain": ", ".join(table.grain),
        "owner": table.owner,
        "path": table.path,
        "rows": "" if rows is None else f"{rows:,}",
        "inputs": table.inputs,
        "readers": [other.name for other in catalog.tables.values() if table.name in other.inputs],
        "columns": [
            {
                "name": column.name,
                "label": column.label.in_(lang),
                "type": column.type,
                "meaning": column.meaning.in_(lang),
                "unit": (column.term.unit or "") if column.term else "",
                "values": [(code, title.text.in_(lang)) for code, title in column.term.values.items()] if column.term else [],
                "not": column.term.not_ if column.term else (),
                "personal": KINDS[column.personal].in_(lang) if column.personal else "",
                "key": column.name in table.grain,
                "origins": by_column(column.origins),
                "if_missing": column.if_missing,
                "headers": [header for header in column.headers if header != column.name],
            }
            for column in columns
        ],
    }


@lru_cache(maxsize=1)
def _template() -> Any:
    import jinja2

    text = resources.files("taihu.describe").joinpath("templates", "dictionary.html.j2").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(text)
