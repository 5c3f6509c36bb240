"""What a page of a report consists of: texts that are ready to print, tones and shares to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from taihu.core.types import Lang
from taihu.render.charts import Drawing
from taihu.render.theme import Tone

Points = list[list[float] | None]


@dataclass(frozen=True, slots=True)
class Delta:
    """A change against something: ``较上周同期 ▲ 5.1%``."""

    against: str
    label: str
    arrow: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Target:
    """How much of a target is reached; ``share`` is cut at 1 for the bar."""

    label: str
    text: str
    share: float
    tone: Tone


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    unit: str
    estimated: bool
    figure: str
    target: Target | None
    deltas: Sequence[Delta]
    trend: Points


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: ``label``, ``number``, ``target``, ``delta``, ``trend``, ``text`` or ``wide`` (text that may fill the line).

    ``weight`` is its share of the width that is left over; 0 is as wide as its text.
    """

    kind: str
    label: str
    weight: float = 0


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    tone: Tone | str = ""
    note: str = ""
    share: float | None = None
    points: Points | None = None
    estimated: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    cells: Sequence[Cell]
    is_total: bool = False
    opens_group: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    as_of: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in order, told in short below the rows that somebody has to look at; each item has a text and a note."""

    title: str
    items: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """One block: ``tiles`` (in rows), ``table``, ``charts``, ``rows`` (a table of words) or ``notes``."""

    kind: str
    title: str
    as_of: str = ""
    tiles: Sequence[Sequence[Tile]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    charts: Sequence[Chart] = ()
    paragraphs: Sequence[str] = ()
    listing: Listing | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """Who reported; ``estimate`` says what is probably missing from the figures, and is empty where nothing is estimated."""

    headline: str
    detail: str
    tone: Tone
    share: float
    estimate: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report in one language."""

    lang: Lang
    title: str
    period: str
    finding: str
    chips: Sequence[Chip]
    banner: Banner | None
    sections: Sequence[Section]
    legend: str
    publication: str
    issued: str
    version: str
    explain: str


def plain(value: Any) -> Any:
    """A page, or a part of it, in the types that JSON knows; unlike ``dataclasses.asdict`` it copies no texts."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))
