"""``report.yml``: what a report shows, when it goes out, to whom, and what makes it complete."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import Share, TimeOfDay, Title

Against = Literal["target", "day", "week", "year"]


class ReadyWhen(Frozen):
    required: tuple[str, ...] = Field(default=(), description="Sources that must be in", examples=[["erp_deliveries"]])
    completeness: Share = Field(default="100 %", description="Smallest share of usual value that reported", examples=["95 %"])


class Updates(Frozen):
    until: TimeOfDay = Field(description="Last version goes out by", examples=["12:00"])
    when: tuple[Literal["completeness", "figures"], ...] = Field(description="What makes a new version", examples=[["figures"]])


class MoveWithin(Frozen):
    percent: int = Field(description="Largest move of any tile", examples=[30])
    against: Against = Field(description="Compared with", examples=["week"])


class Auto(Frozen):
    complete: bool = Field(default=True, description="Only complete reports", examples=[True])
    holds: int = Field(default=0, description="At most so many holds", examples=[0])
    move_within: MoveWithin | None = Field(default=None, description="Largest move", examples=[{"percent": 30, "against": "week"}])


class Approve(Frozen):
    role: str = Field(description="Who approves", examples=["bi_lead"])
    auto: Auto | None = Field(default=None, description="When nobody needs to", examples=[{}])


class TilesSpec(Frozen):
    from_: str = Field(alias="from", description="Mart", examples=["mart.daily_kpi"])
    show: tuple[str, ...] = Field(description="Measures", examples=[["net_revenue"]])
    against: tuple[Against, ...] = Field(default=(), description="Comparisons", examples=[["target", "week"]])


class TableSpec(Frozen):
    from_: str = Field(alias="from", description="Mart", examples=["mart.daily_revenue"])
    rows: tuple[str, ...] = Field(description="Dimensions", examples=[["channel_code"]])
    show: tuple[str, ...] = Field(description="Measures", examples=[["net_revenue"]])
    against: tuple[Against, ...] = Field(default=(), description="Comparisons of the first measure", examples=[["week"]])
    total: bool = Field(
        default=True, description="Whether a last row holds the totals; false where adding the rows up means nothing", examples=[False]
    )
    title: Title | None = Field(default=None, description="Title", examples=[{"zh": "…", "en": "…"}])


class ChartSpec(Frozen):
    from_: str = Field(alias="from", description="Mart", examples=["mart.daily_revenue"])
    x: str = Field(description="business_date or a dimension", examples=["business_date"])
    show: str = Field(description="Measure", examples=["net_revenue"])
    by: str | None = Field(default=None, description="Dimension of the series", examples=["channel_code"])
    last: str = Field(default="30 days", description="Days shown", examples=["30 days"])
    title: Title | None = Field(default=None, description="Title", examples=[{"zh": "…", "en": "…"}])


class BlockSpec(Frozen):
    """One block of a report; plain words for the built-in ones."""

    builtin: Literal["arrivals", "notes", "holds", "restatements"] | None = Field(
        default=None, description="Built-in block", examples=["arrivals"]
    )
    tiles: TilesSpec | None = Field(default=None, description="Key figures", examples=[{}])
    table: TableSpec | None = Field(default=None, description="Table", examples=[{}])
    chart: ChartSpec | None = Field(default=None, description="Chart", examples=[{}])


class Send(Frozen):
    role: str = Field(description="Role of roles.yml", examples=["regional_manager"])
    split: str | None = Field(default=None, description="Dimension: each person gets only the own value", examples=["region_code"])
    via: str = Field(default="folder", description="Account, or folder", examples=["outgoing"])


class ReportFile(Frozen):
    """One report."""

    title: Title = Field(description="Title", examples=[{"zh": "销售日报", "en": "Daily sales report"}])
    every: Literal["workday", "week"] = Field(description="How often", examples=["workday"])
    on: Literal["first workday"] | None = Field(default=None, description="Day of a weekly report", examples=["first workday"])
    at: TimeOfDay = Field(description="When it goes out", examples=["08:30"])
    period: Literal["since last report", "last week"] = Field(description="Business days it covers", examples=["since last report"])
    ready_when: ReadyWhen = Field(default_factory=ReadyWhen, description="What makes it complete", examples=[{}])
    updates: Updates | None = Field(default=None, description="Later versions", examples=[{}])
    approve: Approve | None = Field(default=None, description="Approval", examples=[{}])
    currency: str = Field(default="CNY", description="Currency of its amounts", examples=["CNY"])
    blocks: tuple[BlockSpec, ...] = Field(description="Blocks in order", examples=[["arrivals"]])
    formats: tuple[Literal["xlsx", "pdf", "mail"], ...] = Field(default=("xlsx", "pdf", "mail"), description="Formats", examples=[["xlsx"]])
    languages: tuple[Literal["zh", "en"], ...] = Field(default=("zh", "en"), description="Languages", examples=[["zh", "en"]])
    send: tuple[Send, ...] = Field(default=(), description="Recipients", examples=[[]])

    @model_validator(mode="before")
    @classmethod
    def _plain_words(cls, value: dict[str, object]) -> dict[str, object]:
        blocks = value.get("blocks") if isinstance(value, dict) else None
        if isinstance(blocks, list):
            value = {**value, "blocks": [{"builtin": block} if isinstance(block, str) else block for block in blocks]}
        return value
