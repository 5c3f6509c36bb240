"""``layouts/<name>.yml``: the shape in which a sender writes its table, as data."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import OneOrMany, as_many

HiddenPolicy = Literal["hold", "read", "skip"]
_YEAR_FIELD = re.compile(r"\{yy(?:yy)?\}")
_DAY_FIELD = re.compile(r"\{(?:m|mm|d|dd)\}")


class RowRule(Frozen):
    """Rows known by the text of their first non-empty cell (begins with), or of any cell (equals)."""

    first_cell: OneOrMany = Field(default=(), description="The first non-empty cell begins with one of these", examples=[["合计", "小计"]])
    any_cell: OneOrMany = Field(default=(), description="Some cell equals one of these", examples=[["总计"]])


class Total(Frozen):
    """A control total that the file states: in a row of the table, or in a line outside it."""

    row: str | None = Field(default=None, description="First words of the total row", examples=["合计"])
    of: OneOrMany = Field(default=(), description="Headers whose sums the row states", examples=[["数量", "含税金额"]])
    adds: Literal["all rows", "group above", "group below", "all above"] = Field(
        default="all rows",
        description="What the row adds up; a group reaches from one such row to the next",
        examples=["group above"],
    )
    line: str | None = Field(default=None, description="Text with {rows} and/or {sum}", examples=["共{rows}笔记录"])
    sum: str | None = Field(default=None, description="Header that {sum} adds up", examples=["金额"])
    less: OneOrMany = Field(default=(), description="Headers whose sums were taken off", examples=[["已退款"]])
    where: dict[str, str] = Field(default_factory=dict, description="Only rows with these cells", examples=[{"收/支": "支出"}])
    required: bool = Field(default=True, description="A file without it is held", examples=[True])

    @model_validator(mode="after")
    def _one_place(self) -> Total:
        if (self.row is None) == (self.line is None):
            raise ValueError("a total is either a row: of the table or a line: outside it")
        return self


class Unpivot(Frozen):
    """Wide columns turned into rows: ``线上/数量`` becomes channel 线上 and column 数量."""

    columns: tuple[str, ...] = Field(
        description="Patterns of the wide headers: * is any text; {yyyy} {mm} {m} {dd} {d} make the part a date (a month its first day)",
        examples=[["线上/*", "线下/*"]],
    )
    split: str = Field(default="/", description="What separates the parts of a header", examples=["/"])
    into: tuple[str, ...] = Field(description="Name of each part; * keeps the part as the column's name", examples=[["channel", "*"]])


class Place(Frozen):
    """Where a value stands that is no cell of the table; exactly one of the keys."""

    label: str | None = Field(default=None, description="Behind this label, in its cell or the next one", examples=["店铺名称"])
    line: str | None = Field(
        default=None, description="In a line with {text}, or with {yyyy} {mm} {dd}", examples=["截至{yyyy}年{m}月{d}日"]
    )
    cell: str | None = Field(default=None, description="In this cell of the sheet", examples=["B2"])
    sheet: str | None = Field(default=None, description="In the sheet's name: * all of it, or {yyyy} {mm} {dd}", examples=["{yyyy}年{m}月"])
    file_name: str | None = Field(
        default=None, description="In the file's name: with {text}, or with {yyyy} {mm} {dd}", examples=["日报_{yyyy}{mm}"]
    )

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if len(self.model_fields_set) != 1:
            raise ValueError("a place is exactly one of label:, line:, cell:, sheet:, file_name:")
        return self


class Unit(Frozen):
    """A unit that a title states for columns (单位：万元); their values are multiplied by it."""

    unit: str = Field(description="The unit, as the title states it", examples=["万元"])
    of: OneOrMany = Field(description="Headers that are in this unit", examples=[["未税目标"]])
    required: bool = Field(default=True, description="A file whose titles do not state it is held", examples=[True])


class Hidden(Frozen):
    """What happens to what is hidden in a workbook: hold the file, read it like the rest, or leave it out with a note."""

    rows: HiddenPolicy = Field(default="hold", description="Rows hidden by hand or by a filter", examples=["read"])
    columns: HiddenPolicy = Field(default="read", description="Hidden columns", examples=["skip"])
    sheets: HiddenPolicy = Field(default="hold", description="Hidden sheets in which the layout's header stands", examples=["skip"])


class Noted(Frozen):
    """A remark inside cells, such as (已退款12.30): its number becomes a column, its text is taken out of the cell."""

    in_: str = Field(alias="in", description="Header of the cells with the remark", examples=["金额"])
    text: str = Field(description="The remark, with {sum} for its number", examples=["(已退款{sum})"])

    @model_validator(mode="after")
    def _has_number(self) -> Noted:
        if "{sum}" not in self.text:
            raise ValueError("text: needs {sum} where the number stands")
        return self


class States(Frozen):
    """A table that holds no data of its own: each of its rows states what another table of the file adds up to."""

    sheet: str | None = Field(default=None, description="Header of the cells that name a sheet", examples=["门店"])
    file: str | None = Field(default=None, description="Header of the cells that name a file of the archive", examples=["文件名"])
    member: str | None = Field(
        default=None, description="Pattern of the members of the archive that hold the list (file:)", examples=["*清单.csv"]
    )
    group: dict[str, str] = Field(
        default_factory=dict, description="Header here to the header of the data with the same values", examples=[{"门店": "门店名称"}]
    )
    rows: str | None = Field(default=None, description="Header of the stated counts of rows", examples=["笔数"])
    sums: dict[str, str] = Field(
        default_factory=dict, description="Header of the stated sums to the header of the data", examples=[{"销售额": "金额"}]
    )
    required: bool = Field(default=True, description="A file without it is held", examples=[True])

    @model_validator(mode="after")
    def _one_kind(self) -> States:
        if sum((self.sheet is not None, self.file is not None, bool(self.group))) != 1:
            raise ValueError("a row states totals of exactly one of sheet:, file:, group:")
        if self.rows is None and not self.sums:
            raise ValueError("states: needs rows: or sums:")
        return self


class LayoutFile(Frozen):
    """One shape of one sender."""

    header: tuple[str, ...] = Field(default=(), description="At least these headers, in any order", examples=[["单据日期", "数量"]])
    header_line: int | None = Field(default=None, description="1-based line of the (last) header row, blank ones counted", examples=[25])
    header_rows: int = Field(default=1, ge=1, le=4, description="Header rows, joined with / after filling merged cells", examples=[2])
    anchor: str | None = Field(
        default=None, description="The table begins below or to the right of the cell that begins with this text", examples=["退货明细"]
    )
    columns_at: tuple[float, ...] = Field(
        default=(),
        description="Where columns begin that nothing separates: display columns (a Chinese character has two) of a text, points of a PDF",
        examples=[[0, 12, 30]],
    )
    sheet: OneOrMany = Field(
        default=("*",),
        description="Patterns of the names of the sheets that are read; {yyyy} {m} and the like are numbers",
        examples=["流向*"],
    )
    hidden: Hidden = Field(default_factory=Hidden, description="Hidden rows, columns and sheets", examples=[{"rows": "read"}])
    repeats: Annotated[tuple[Literal["below", "beside"], ...], BeforeValidator(as_many)] = Field(
        default=(), description="The sheet holds the table several times: below, beside, or both", examples=[["below"]]
    )
    skip: RowRule = Field(default_factory=RowRule, description="Rows that are not data", examples=[{"first_cell": ["小计"]}])
    until: RowRule = Field(default_factory=RowRule, description="The table ends before this row", examples=[{"first_cell": ["合计"]}])
    totals: tuple[Total, ...] = Field(default=(), description="The file's own control totals", examples=[[{"row": "合计", "of": ["数量"]}]])
    states: States | None = Field(
        default=None, description="The table states totals of other tables (a summary sheet, a list of files)", examples=[{"sheet": "门店"}]
    )
    outside: dict[str, Place] = Field(
        default_factory=dict,
        description="Columns whose value stands outside the table: behind a label, in a name",
        examples=[{"店铺": {"label": "店铺名称"}}],
    )
    noted: dict[str, Noted] = Field(
        default_factory=dict,
        description="Columns made of remarks inside cells",
        examples=[{"已退款": {"in": "金额", "text": "(已退款{sum})"}}],
    )
    year: Place | None = Field(
        default=None, description="Where the year stands that dates without one belong to", examples=[{"file_name": "{yyyy}"}]
    )
    unpivot: Unpivot | None = Field(
        default=None, description="Wide columns to rows", examples=[{"columns": ["{m}月"], "into": ["月份", "数量"]}]
    )
    units: tuple[Unit, ...] = Field(default=(), description="Units that a title states", examples=[[{"unit": "万元", "of": ["金额"]}]])
    new_columns: Literal["ignore", "note", "hold"] = Field(
        default="ignore", description="What happens when the file has columns that header: does not list", examples=["note"]
    )

    @model_validator(mode="after")
    def _findable(self) -> LayoutFile:
        if not self.header and self.header_line is None:
            raise ValueError("a layout needs header: or header_line:")
        return self

    @model_validator(mode="after")
    def _new_columns_are_told_apart(self) -> LayoutFile:
        if self.new_columns != "ignore" and (self.unpivot is not None or not self.header):
            raise ValueError("new_columns: needs header: with all columns, and none that are unpivoted")
        return self

    @model_validator(mode="after")
    def _years_are_known(self) -> LayoutFile:
        """A pattern with a month and no year needs the year from elsewhere: it is never guessed from today."""
        patterns = [*(self.unpivot.columns if self.unpivot else ()), *(text for place in self.outside.values() for text in _texts(place))]
        for pattern in patterns:
            if _DAY_FIELD.search(pattern) and not _YEAR_FIELD.search(pattern) and self.year is None:
                raise ValueError(f"{pattern!r} says no year: say with year: where it stands")
        if self.year is not None and not self.year.label and not self.year.cell and not any(map(_YEAR_FIELD.search, _texts(self.year))):
            raise ValueError("year: needs {yyyy} where the year stands")
        return self


def _texts(place: Place) -> list[str]:
    return [text for text in (place.line, place.sheet, place.file_name) if text]
