"""All documents of a project at once, and whether those that lie in a folder are still true.

Documents are made of the project's files and of the state of ledger and lake, without a clock. An index remembers a
fingerprint of both, so that staleness is found without drawing anything again, and a hash of each file, so that a document
that somebody edited is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import taihu.describe.chapters as chapters
from taihu.core.clock import instant_text
from taihu.core.ids import derived_id
from taihu.core.types import Lang, Text
from taihu.describe.blocks import Bullets, Heading, Paragraph, inline, plain, to_markdown
from taihu.describe.catalog import Catalog, catalog_of
from taihu.describe.diagrams import data_flow, lineage, star_schema
from taihu.describe.lineage import lineage_json, lineage_pages
from taihu.describe.pages import design_pdf, dictionary_html
from taihu.describe.slides import slides
from taihu.describe.state import State
from taihu.describe.words import t
from taihu.manifest.tree import ProjectTree
from taihu.render.diagrams import diagram_svg

INDEX = "index.json"
LANGUAGES: tuple[Lang, ...] = ("zh", "en")
EDITION = 1
"""Raised when the documents' own text or layout changes, so that older ones count as stale."""

Why = Literal["missing", "edited", "files changed", "newer data", "not ours"]

WHY_NAMES: Mapping[Why, Text] = {
    "missing": Text("缺少", "missing"),
    "edited": Text("被人改过", "edited by hand"),
    "files changed": Text("项目文件已改动", "the project's files have changed"),
    "newer data": Text("数据有更新", "there is newer data"),
    "not ours": Text("不是生成的文件", "not made by taihu"),
}


@dataclass(frozen=True, slots=True)
class Stale:
    """A document that is not what would be made now."""

    name: str
    why: Why


def generate(tree: ProjectTree, state: State | None = None, *, languages: Sequence[Lang] = LANGUAGES) -> dict[str, bytes]:
    """All documents by file name; the same tree and state give the same bytes.

    Args:
        tree: The project.
        state: What ledger and lake hold (see :func:`taihu.describe.state.state_of`); the design alone without it.
        languages: Languages in which each document is made.
    """
    state = state or State()
    catalog = catalog_of(tree)
    files: dict[str, bytes] = {"lineage.json": lineage_json(catalog)}
    for lang in languages:
        files |= _documents(catalog, state, lang)
    files["README.md"] = _contents(catalog, state, sorted(files)).encode()
    files[INDEX] = _index(tree, state, files)
    return dict(sorted(files.items()))


def _documents(catalog: Catalog, state: State, lang: Lang) -> dict[str, bytes]:
    pictures = {
        f"data_flow.{lang}.svg": diagram_svg(data_flow(catalog, state, lang)),
        f"star_schema.{lang}.svg": diagram_svg(star_schema(catalog, lang)),
        f"lineage.{lang}.svg": diagram_svg(lineage(catalog, lang)),
    }
    design = chapters.design(catalog, state, lang)
    return {
        **pictures,
        f"design.{lang}.md": to_markdown(design).encode(),
        f"design.{lang}.pdf": design_pdf(catalog, design, state, pictures, lang),
        f"dictionary.{lang}.html": dictionary_html(catalog, state, lang),
        f"lineage.{lang}.md": to_markdown(lineage_pages(catalog, lang)).encode(),
        f"slides.{lang}.pptx": slides(catalog, state, lang),
    }


_TITLES = {
    "data_flow": Text("数据流图", "Data-flow diagram"),
    "design": Text("技术设计文档", "Technical design document"),
    "dictionary": Text("数据字典", "Data dictionary"),
    "lineage": Text("血缘", "Lineage"),
    "slides": Text("演示文稿", "Presentation"),
    "star_schema": Text("星型模型图", "Entity-relationship diagram of the star schema"),
}


def _contents(catalog: Catalog, state: State, names: Sequence[str]) -> str:
    items = []
    for name in names:
        title = _TITLES[name.split(".")[0]]
        lang: Lang = "zh" if ".zh." in name else "en"
        items.append(inline(f"[{title.in_(lang)}]({name})"))
    made = t("en", "", "Made by `taihu docs` from the project's files and its ledger; edits are overwritten. ")
    return to_markdown(
        [
            Heading(plain(f"{catalog.tree.file.title.zh} · {catalog.tree.file.title.en}")),
            Paragraph(inline(made + chapters.as_of(state, "en"))),
            Bullets(items),
        ]
    )


# staleness ---------------------------------------------------------------------------------------------------------------


def check(folder: Path, tree: ProjectTree, state: State | None = None) -> list[Stale]:
    """Documents in ``folder`` that are not what :func:`generate` would make now; empty if all are fresh.

    Args:
        folder: Where the documents lie.
        tree: The project as it is now.
        state: The state as it is now; without it only the project's files are compared.
    """
    path = folder / INDEX
    if not path.is_file():
        return [Stale(INDEX, "missing")]
    index = json.loads(path.read_text(encoding="utf-8"))
    known: dict[str, str] = index["files"]
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {INDEX}
    stale = [Stale(name, "not ours") for name in sorted(found - set(known))]
    why: Why | None = None
    if index["tree"] != _tree_stamp(tree):
        why = "files changed"
    elif state is not None and index["state"] != _state_stamp(state):
        why = "newer data"
    for name, digest in sorted(known.items()):
        if name not in found:
            stale.append(Stale(name, "missing"))
        elif _digest((folder / name).read_bytes()) != digest:
            stale.append(Stale(name, "edited"))
        elif why is not None:
            stale.append(Stale(name, why))
    return stale


def _index(tree: ProjectTree, state: State, files: Mapping[str, bytes]) -> bytes:
    index = {
        "about": "made by taihu, do not edit",
        "as_of": instant_text(state.as_of),
        "tree": _tree_stamp(tree),
        "state": _state_stamp(state),
        "files": {name: _digest(content) for name, content in sorted(files.items())},
    }
    return (json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tree_stamp(tree: ProjectTree) -> str:
    """A fingerprint of everything that documents say of the project's files; this machine's addresses are not in it."""
    project = tree.file.model_dump(mode="json", exclude={"accounts", "lake", "ledger", "keys", "output", "engine"})
    return derived_id(
        "documents",
        EDITION,
        project,
        {name: source.file.model_dump(mode="json") for name, source in tree.sources.items()},
        {name: [model.header.model_dump(mode="json"), model.sql] for name, model in tree.models.items()},
        {name: feed.model_dump(mode="json") for name, feed in tree.feeds.items()},
        {name: term.model_dump(mode="json") for name, term in tree.glossary.items()},
        {name: report.model_dump(mode="json") for name, report in tree.reports.items()},
        tree.roles.model_dump(mode="json"),
        dict(tree.story),
        length=32,
    )


def _state_stamp(state: State) -> str:
    return derived_id("state", state, length=32)
