"""Every key that a user may write has a description and an example, because editors and the reference show them."""

from __future__ import annotations

from pydantic import BaseModel

from taihu.project.schemas import FILES, schemas


def nested(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model in seen:
        return seen
    seen.add(model)
    for field in model.model_fields.values():
        for part in [field.annotation, *getattr(field.annotation, "__args__", ())]:
            for inner in [part, *getattr(part, "__args__", ())]:
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    nested(inner, seen)
    return seen


def test_every_field_has_description_and_example() -> None:
    models: set[type[BaseModel]] = set()
    for model in FILES.values():
        nested(model, models)
    lacking = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description or not field.examples
    ]
    described_elsewhere = {"Frozen"}
    assert [name for name in lacking if name.split(".")[0] not in described_elsewhere] == []
    assert len(models) > 25


def test_schemas_refuse_unknown_keys() -> None:
    for name, schema in schemas().items():
        if schema.get("type") == "object" and "properties" in schema:
            assert schema["additionalProperties"] is False, name
