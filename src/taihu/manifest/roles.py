"""``roles.yml``: who may see which rows and columns, and who may decide what."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from taihu.manifest.strict import Frozen

May = Literal["approve", "release", "waive", "match", "close", "unmask", "erase"]


class Role(Frozen):
    rows: Literal["all"] | dict[str, Literal["own"]] = Field(
        description="all, or the column whose own value is seen", examples=[{"region_code": "own"}]
    )
    hide: tuple[Literal["personal", "sensitive"], ...] = Field(default=(), description="Classes that are hidden", examples=[["personal"]])
    may: tuple[May, ...] = Field(default=(), description="Decisions", examples=[["approve"]])


class Person(Frozen):
    """A person; further keys (``region_code``) are the own values of the role's row filter."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(description="Short name", examples=["east_manager"])
    mail: str = Field(description="Address", examples=["east@company-a.example"])
    role: str = Field(description="Role", examples=["regional_manager"])
    lang: Literal["zh", "en"] = Field(default="zh", description="Language of what is sent", examples=["zh"])

    def own(self, column: str) -> Any:
        return (self.model_extra or {}).get(column)


class RolesFile(Frozen):
    roles: dict[str, Role] = Field(description="Roles", examples=[{}])
    people: tuple[Person, ...] = Field(default=(), description="People", examples=[[]])
