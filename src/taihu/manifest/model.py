"""The header of a model (the YAML in the first comment of its ``.sql``), its test, and a feed's columns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from taihu.manifest.source import Else
from taihu.manifest.strict import Frozen
from taihu.manifest.words import Title


class ModelCheck(Frozen):
    """A rule on a built table."""

    unique: tuple[str, ...] | None = Field(default=None, description="Columns that identify a row", examples=[["business_date"]])
    not_null: tuple[str, ...] | None = Field(default=None, description="Columns that always have a value", examples=[["net_revenue_cny"]])
    sql: str | None = Field(default=None, description="Row condition", examples=["net_revenue_cny is not null"])
    else_: Else = Field(alias="else", description="What happens when it fails", examples=["hold"])


class ModelHeader(Frozen):
    """What a model is."""

    title: Title = Field(description="Title in both languages", examples=[{"zh": "渠道日销售", "en": "Daily revenue"}])
    grain: tuple[str, ...] = Field(description="Columns that identify a row", examples=[["business_date", "channel_code"]])
    kind: Literal["full", "incremental"] = Field(default="full", description="Rebuilt whole, or by partition", examples=["incremental"])
    partition: str | None = Field(default=None, description="month of COLUMN", examples=["month of business_date"])
    reads: str = Field(
        default="0 days before", description="Window of earlier days that a day's rows depend on", examples=["28 days before"]
    )
    owner: str = Field(description="Who answers for it", examples=["regional-bi"])
    meaning: Title | None = Field(default=None, description="What it is for", examples=[{"zh": "…", "en": "…"}])
    checks: tuple[ModelCheck, ...] = Field(default=(), description="Rules on the built table", examples=[[]])

    @property
    def partition_column(self) -> str | None:
        return self.partition.removeprefix("month of ") if self.partition else None

    @property
    def lookback_days(self) -> int:
        return int(self.reads.split()[0])


class ModelTest(Frozen):
    """Rows in, rows out: ``given`` per input table, ``expect`` for the result or for one CTE."""

    given: dict[str, list[dict[str, Any]]] = Field(description="Rows per input table", examples=[{"core.sell_out": []}])
    expect: list[dict[str, Any]] | None = Field(default=None, description="Rows of the result", examples=[[]])
    ctes: dict[str, list[dict[str, Any]]] = Field(default_factory=dict, description="Rows of CTEs", examples=[{}])


class FeedFile(Frozen):
    """``<feed>.feed.yml``: the columns that every source of the feed provides."""

    title: Title = Field(description="Title", examples=[{"zh": "销售流向", "en": "Sell-out"}])
    columns: dict[str, str] = Field(description="Column to type", examples=[{"quantity": "quantity"}])
