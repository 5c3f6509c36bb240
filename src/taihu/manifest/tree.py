"""All the files of a project, parsed: what the rooms of the house are handed instead of paths.

``project`` fills it from a folder; everything below ``project`` only reads it. Identity comes from where a file lies:
``sources/tmall_orders/`` is source ``tmall_orders``, ``models/mart/sales/daily_revenue.sql`` is table ``mart.daily_revenue``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taihu.core.errors import ManifestError, UsageError
from taihu.manifest.corrections import Correction
from taihu.manifest.glossary import Term
from taihu.manifest.layout import LayoutFile
from taihu.manifest.model import FeedFile, ModelHeader, ModelTest
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import ProjectFile
from taihu.manifest.report import ReportFile
from taihu.manifest.roles import RolesFile
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import Document, bind

Layer = Literal["core", "mart"]
_HEADER = re.compile(r"\A\s*/\*(?P<yaml>.*?)\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """One source folder. ``path`` is relative to the project (``sources/NAME``)."""

    name: str
    path: str
    file: SourceFile
    layouts: Mapping[str, LayoutFile] = field(default_factory=dict)
    portal: PortalFile | None = None
    corrections: Sequence[Correction] = ()

    @property
    def table(self) -> str:
        return f"clean.{self.name}"


@dataclass(frozen=True, slots=True)
class Model:
    """One ``.sql`` file. ``sql`` is the statement without the header comment; ``path`` is relative to the project."""

    layer: Layer
    area: str
    name: str
    path: str
    header: ModelHeader
    sql: str
    sql_line: int = 1
    test: ModelTest | None = None

    @property
    def table(self) -> str:
        return f"{self.layer}.{self.name}"


@dataclass(frozen=True, slots=True)
class ProjectTree:
    """A loaded project. Terms and measures share the glossary: a measure is a term with ``measure``."""

    file: ProjectFile
    sources: Mapping[str, Source]
    models: Mapping[str, Model]
    feeds: Mapping[str, FeedFile]
    glossary: Mapping[str, Term]
    reports: Mapping[str, ReportFile]
    roles: RolesFile
    story: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> Source:
        """The source of this name.

        Raises:
            UsageError: There is none.
        """
        if name not in self.sources:
            raise UsageError(f"there is no source {name!r}", fix=f"sources: {', '.join(self.sources)}")
        return self.sources[name]

    def sources_of_feed(self, feed: str) -> list[Source]:
        return [source for source in self.sources.values() if source.file.feeds == feed]


def parse_model(text: str, *, layer: Layer, area: str, name: str, path: str, test: ModelTest | None = None) -> Model:
    """Split a model's text into its header and its statement.

    Raises:
        ManifestError: If the header comment is missing or wrong; lines are those of the ``.sql`` file.
    """
    match = _HEADER.match(text)
    if not match:
        raise ManifestError("the file does not begin with a /* header */", where=f"{path}:1", fix="see docs/models.md")
    before = text[: match.start("yaml")].count("\n")
    document = Document("\n" * before + match["yaml"], path)
    header = bind(ModelHeader, document)
    sql = text[match.end() :]
    start = match.end() + len(sql) - len(sql.lstrip())
    return Model(layer, area, name, path, header, sql.strip(), text[:start].count("\n") + 1, test)
