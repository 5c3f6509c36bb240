"""Rules about what rows say of each other: dependencies between columns, and sums that must come out."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from taihu.manifest.strict import Frozen


class Consistent(Frozen):
    """Columns that follow from others (one supplier number, one name), or without ``by`` a column whose spelling must agree."""

    by: tuple[str, ...] = Field(default=(), description="Columns that decide; none: only the spelling is judged", examples=[["provider"]])
    columns: tuple[str, ...] = Field(description="Columns that follow from them", examples=[["name", "city"]])
    repair: Literal["vote"] | None = Field(
        default=None, description="Take the value of the majority where the odds are high, and mark the row", examples=["vote"]
    )


class Identity(Frozen):
    """A sum that every row must meet: ``plus`` less ``minus``, and where ``after`` is given what the row before carried over."""

    equals: str = Field(description="Column of the result", examples=["closing_quantity"])
    plus: tuple[str, ...] = Field(default=(), description="Columns that are added", examples=[["opening_quantity", "inbound_quantity"]])
    minus: tuple[str, ...] = Field(default=(), description="Columns that are taken off", examples=[["outbound_quantity"]])
    after: tuple[str, ...] = Field(
        default=(), description="Order of the rows: the row before carries its balance over", examples=[["posted_at"]]
    )
    per: tuple[str, ...] = Field(default=(), description="Columns within which rows follow each other", examples=[["account_number"]])
    carried: str | None = Field(
        default=None, description="Column of the row before that is carried over (default: equals)", examples=["closing_quantity"]
    )
    within: Decimal | Literal["learned"] = Field(
        default=Decimal(0), description="Allowed difference, or learned from the party's own history", examples=["learned"]
    )

    @model_validator(mode="after")
    def _sums_something(self) -> Identity:
        if not (self.plus or self.minus or self.after):
            raise ValueError("an identity adds something up (plus:, minus:) or follows the row before (after:)")
        if (self.per or self.carried) and not self.after:
            raise ValueError("per: and carried: need after:, the order of the rows")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the rule reads."""
        carried = (self.carried,) if self.carried else ()
        return (self.equals, *self.plus, *self.minus, *self.after, *self.per, *carried)
