"""JSON Schema of every file that users write, exported from the models that read them, so that editors and the loader agree."""

from __future__ import annotations

from typing import Any

from taihu.manifest.corrections import Correction
from taihu.manifest.glossary import Term
from taihu.manifest.layout import LayoutFile
from taihu.manifest.model import FeedFile, ModelHeader, ModelTest
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import LocalFile, ProjectFile
from taihu.manifest.report import ReportFile
from taihu.manifest.roles import RolesFile
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import Frozen

FILES: dict[str, type[Frozen]] = {
    "taihu": ProjectFile,
    "taihu.local": LocalFile,
    "source": SourceFile,
    "layout": LayoutFile,
    "portal": PortalFile,
    "correction": Correction,
    "term": Term,
    "model": ModelHeader,
    "model.test": ModelTest,
    "feed": FeedFile,
    "report": ReportFile,
    "roles": RolesFile,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Name of each file to its JSON Schema; ``glossary`` and ``corrections`` are made of their entries' schemas."""
    result = {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}
        for name, model in FILES.items()
    }
    result["glossary"] = {"type": "object", "additionalProperties": result["term"]}
    result["corrections"] = {"type": "array", "items": result["correction"]}
    return result
