"""What stands for a value that is not there: the unknown member, what a rule makes of other columns, what a reference table says.

A row without a value that nothing stands for keeps none, or is refused where the column is ``required``. Nothing else ever fills a
cell: estimates are kept beside the facts (``estimate:``), never among them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import OneOrMany

UNKNOWN = "unknown"


class Replacement(Frozen):
    """A rule that gives the value: an expression over columns of the same row, or a column of a reference table."""

    derive: str | None = Field(default=None, description="SQL expression over columns of the row", examples=["quantity * unit_price"])
    take: str | None = Field(default=None, description="Column of a reference table", examples=["list_price"])
    from_: str | None = Field(default=None, alias="from", description="The reference source (with take:)", examples=["price_list"])
    by: OneOrMany = Field(
        default=(), description="Columns that both tables have, by which its entry is found (with take:)", examples=[["product_code"]]
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Replacement:
        takes = (self.take is not None, self.from_ is not None, bool(self.by))
        if (self.derive is None) == (not any(takes)) or (any(takes) and not all(takes)):
            raise ValueError("say derive: EXPRESSION, or take: COLUMN with from: and by:")
        return self

    def __str__(self) -> str:
        return self.derive or f"{self.from_}.{self.take} by {', '.join(self.by)}"


def _kind(value: Any) -> str:
    return "word" if isinstance(value, str) else "rule"


IfMissing = Annotated[Annotated[Literal["unknown"], Tag("word")] | Annotated[Replacement, Tag("rule")], Discriminator(_kind)]
