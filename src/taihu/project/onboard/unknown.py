"""Layouts for a file whose header fits no layout of its source: for a person to look at, to change and to save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taihu.core.types import Lang
from taihu.manifest.layout import LayoutFile
from taihu.project.onboard.layouts import names_of, propose_layout, with_unit
from taihu.project.onboard.looking import FileTable, tables_of
from taihu.project.onboard.texts import layout_text
from taihu.read.grid import plain
from taihu.read.propose import propose_types


@dataclass(frozen=True, slots=True)
class ProposedLayout:
    """A table that no layout reads, as people call it, and the text of a layout file that would."""

    place: str
    text: str


def proposed_layouts(
    content: bytes, name: str, known: Mapping[str, LayoutFile], lang: Lang, passwords: Sequence[str] = ()
) -> list[ProposedLayout]:
    """Layouts for the tables of a file that none of the known ones fits.

    Args:
        content: The file.
        name: Its name.
        known: The layouts of its source.
        lang: Language of the comments.
        passwords: Tried on whatever is encrypted.
    """
    found: dict[str, ProposedLayout] = {}
    for one in tables_of(Path(name), content, passwords):
        if not isinstance(one, FileTable) or one.header is None or one.grid is None or not one.header.is_stated:
            continue
        names = {plain(each) for each in names_of(one)}
        if any(layout.header and {plain(each) for each in layout.header} <= names for layout in known.values()):
            continue
        proposal = propose_layout("new", [one])
        if proposal.unit is not None:
            amounts = [header for header, kind in propose_types(one.table).items() if kind == "money"]
            if amounts:
                with_unit(proposal, amounts)
        text = layout_text(proposal, lang)
        found.setdefault(text, ProposedLayout(one.place, text))
    return list(found.values())
