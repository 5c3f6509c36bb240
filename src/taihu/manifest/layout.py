"""``layouts/<name>.yml``: the shape in which a sender writes its table, as data."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import OneOrMany


class RowRule(Frozen):
    """Rows known by the text of their first non-empty cell (begins with), or of any cell (equals)."""

    first_cell: OneOrMany = Field(default=(), description="The first non-empty cell begins with one of these", examples=[["合计", "小计"]])
    any_cell: OneOrMany = Field(default=(), description="Some cell equals one of these", examples=[["总计"]])


class Total(Frozen):
    """A control total that the file states: in a row of the table, or in a line outside it."""

    row: str | None = Field(default=None, description="First cell of the total row", examples=["合计"])
    of: OneOrMany = Field(default=(), description="Headers whose sums the row states", examples=[["数量", "含税金额"]])
    line: str | None = Field(default=None, description="Text with {rows} and/or {sum}", examples=["共{rows}笔记录"])
    sum: str | None = Field(default=None, description="Header that {sum} adds up", examples=["金额"])
    where: dict[str, str] = Field(default_factory=dict, description="Only rows with these cells", examples=[{"收/支": "支出"}])
    required: bool = Field(default=True, description="A file without it is held", examples=[True])

    @model_validator(mode="after")
    def _one_place(self) -> Total:
        if (self.row is None) == (self.line is None):
            raise ValueError("a total is either a row: of the table or a line: outside it")
        return self


class Unpivot(Frozen):
    """Wide columns turned into rows: ``线上/数量`` becomes channel 线上 and column 数量."""

    columns: tuple[str, ...] = Field(description="Patterns of the wide headers", examples=[["线上/*", "线下/*"]])
    split: str = Field(default="/", description="What separates the parts of a header", examples=["/"])
    into: tuple[str, ...] = Field(description="Name of each part; * keeps the part as the column's name", examples=[["channel", "*"]])


def _sheets(value: Any) -> Any:
    return value


class LayoutFile(Frozen):
    """One shape of one sender."""

    header: tuple[str, ...] = Field(default=(), description="At least these headers, in any order", examples=[["单据日期", "数量"]])
    header_line: int | None = Field(default=None, description="1-based line of the (last) header row, blank ones counted", examples=[25])
    header_rows: int = Field(default=1, ge=1, le=4, description="Header rows, joined with / after filling merged cells", examples=[2])
    columns_at: tuple[float, ...] = Field(
        default=(),
        description="Where columns begin that nothing separates: display columns (a Chinese character has two) of a text, points of a PDF",
        examples=[[0, 12, 30]],
    )
    sheet: Annotated[str, BeforeValidator(_sheets)] = Field(
        default="*", description="Pattern of the sheets that are read", examples=["流向*"]
    )
    skip: RowRule = Field(default_factory=RowRule, description="Rows that are not data", examples=[{"first_cell": ["小计"]}])
    until: RowRule = Field(default_factory=RowRule, description="The table ends before this row", examples=[{"first_cell": ["合计"]}])
    totals: tuple[Total, ...] = Field(default=(), description="The file's own control totals", examples=[[{"row": "合计", "of": ["数量"]}]])
    unpivot: Unpivot | None = Field(default=None, description="Wide columns to rows", examples=[{}])
    scale: dict[str, int] = Field(
        default_factory=dict, description="Headers whose values are multiplied (title says 万元)", examples=[{"金额": 10000}]
    )

    @model_validator(mode="after")
    def _findable(self) -> LayoutFile:
        if not self.header and self.header_line is None:
            raise ValueError("a layout needs header: or header_line:")
        return self
