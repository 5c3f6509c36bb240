"""JSON Schema of every file that users write, exported from the models that read them, so that editors and the loader agree."""

from __future__ import annotations

from typing import Any

from taihu.collect.registry import connector, connector_names
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
    result["source"] = _with_connectors(result["source"])
    result["glossary"] = {"type": "object", "additionalProperties": result["term"]}
    result["corrections"] = {"type": "array", "items": result["correction"]}
    return result


def _with_connectors(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of ``source.yml`` with the options of every connector: what may stand beside ``via:`` depends on it."""
    definitions = schema["$defs"]
    common = definitions.pop("Collect")
    kinds = []
    for via in connector_names():
        options = connector(via).Options.model_json_schema(by_alias=True)
        definitions |= options.pop("$defs", {})
        title = f"Collect via {via}"
        definitions[title] = {
            **options,
            "title": title,
            "properties": {**common["properties"], "via": {**common["properties"]["via"], "const": via}, **options.get("properties", {})},
            "required": ["via", *options.get("required", ())],
            "additionalProperties": False,
        }
        kinds.append({"$ref": f"#/$defs/{title}"})
    schema["properties"]["collect"] = {**{k: v for k, v in schema["properties"]["collect"].items() if k != "$ref"}, "oneOf": kinds}
    return schema
