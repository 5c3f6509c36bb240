"""``glossary/<area>.yml``: every term and every measure once, in both languages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import Title


class Aggregate(Frozen):
    """How a measure is computed from a mart's columns; ratios are ratios of sums."""

    sum: str | None = Field(default=None, description="Sum of a column", examples=["net_revenue_cny"])
    ratio: tuple[str, str] | None = Field(default=None, description="Sum over sum", examples=[["net_revenue_cny", "target_revenue_cny"]])
    last: str | None = Field(default=None, description="Sum of a column on the last day of the period", examples=["closing_quantity"])

    @model_validator(mode="after")
    def _one(self) -> Aggregate:
        if sum(part is not None for part in (self.sum, self.ratio, self.last)) != 1:
            raise ValueError("a measure is exactly one of sum, ratio, last")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the mart that it reads."""
        return self.ratio or tuple(column for column in (self.sum, self.last) if column)


class Term(Frozen):
    """A column's meaning, or a measure."""

    name: Title = Field(description="Name in both languages", examples=[{"zh": "销售额", "en": "Revenue"}])
    meaning: Title | None = Field(default=None, description="Meaning in both languages", examples=[{"zh": "…", "en": "…"}])
    unit: str | None = Field(default=None, description="Unit or currency", examples=["CNY"])
    not_: tuple[str, ...] = Field(default=(), alias="not", description="What it is confused with", examples=[["gmv_cny"]])
    values: dict[str, Title] = Field(
        default_factory=dict, description="Names of a code's values", examples=[{"EAST": {"zh": "华东", "en": "East"}}]
    )
    measure: Aggregate | None = Field(default=None, description="How it is computed", examples=[{"sum": "net_revenue_cny"}])
    target: Aggregate | None = Field(default=None, description="Its target, from the same mart", examples=[{"sum": "target_revenue_cny"}])
    good: Literal["up", "down", "none"] = Field(default="none", description="Which direction is good", examples=["up"])
    format: Literal["money", "quantity", "percent", "days", "number"] = Field(
        default="number", description="How it is printed", examples=["money"]
    )
