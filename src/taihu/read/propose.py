"""What type each column would be: a proposal for people, with the evidence; a run obeys ``source.yml`` and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from taihu.core.types import TableRead
from taihu.formats.error_cells import ERROR_CELLS
from taihu.manifest.source import ColumnType
from taihu.read.grid import Cell, canonical, plain
from taihu.read.totals import is_nothing, number

_DATE = re.compile(
    r"(?:19|20)\d{2}([-/.])\d{1,2}\1\d{1,2}|(?:19|20)\d{2}年\d{1,2}月\d{1,2}日|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d{2}\.\d{1,2}\.\d{1,2}"
)
_STAMP = re.compile(r"(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}-\d{7,8}")
_PERCENT = re.compile(r"[-+]?\d+(?:\.\d+)?%")
_MONEY_WORDS = re.compile(
    r"金额|价税|单价|售价|总额|余额|收入|支出|费用?$|税额|货款|目标|销售额|毛利(?!率)|利润(?!率)|回款(?!率)|业绩|成本(?!率)|预算(?!率)|元|amount|price|revenue|fee|cost"
)
_QUANTITY_WORDS = re.compile(r"数量|件数|箱数|瓶数|库存|入库|出库|期初|期末|结存|quantity|qty|count")
_CODE_WORDS = re.compile(r"编[码号]|代码|号码|单号|流水号|订单号|号$|条码|料号|货号|卡末|code|\bid\b|no\.?$|sku|barcode")
_BOOLEANS = frozenset({"是", "否", "true", "false", "y", "n", "yes", "no"})
_ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed type: how many of the values that are there fit it, and a personal kind where the values show one."""

    type: ColumnType
    fits: int
    values: int
    personal: str | None = None


def propose_types(table: TableRead) -> dict[str, ColumnType]:
    """The type that every column of a table would have."""
    return {name: proposal.type for name, proposal in proposals(table).items()}


def proposals(table: TableRead) -> dict[str, Proposal]:
    """A proposal with its evidence for every column of a table of texts; the position column is left out."""
    rows = table.rows
    return {name: propose_type(name, _texts(rows[name])) for name in rows.column_names if name != "_src_row"}


def _texts(column: pa.ChunkedArray) -> list[Cell]:
    """A column as texts; Parquet brings types of its own."""
    cells = column.to_pylist()
    return cells if pa.types.is_string(column.type) else [canonical(cell) for cell in cells]


def propose_type(header: str, cells: Sequence[Cell]) -> Proposal:
    """A type for one column: the narrowest that nearly all values fit; leading zeros and code-like headers stay text."""
    values = [cell for cell in cells if cell is not None and not is_nothing(cell) and cell not in ERROR_CELLS]
    total = len(values)
    if not total:
        return Proposal("text", 0, 0)
    counts: Mapping[ColumnType, int] = {
        "timestamp": sum(bool(_STAMP.fullmatch(cell)) for cell in values),
        "date": sum(bool(_DATE.fullmatch(cell)) for cell in values),
        "phone": sum(bool(_PHONE.fullmatch(cell)) for cell in values),
        "percent": sum(bool(_PERCENT.fullmatch(cell)) for cell in values),
        "boolean": sum(plain(cell) in _BOOLEANS for cell in values),
    }
    for name, fits in counts.items():
        if fits >= _ENOUGH * total and not (name == "date" and _CODE_WORDS.search(plain(header))):
            return Proposal(name, fits, total, "contact" if name == "phone" else None)
    numbers = [value for cell in values if (value := number(cell)) is not None]
    if len(numbers) < _ENOUGH * total or _looks_like_codes(header, values):
        return Proposal("text", total, total)
    return Proposal(_number_type(header, all(value == value.to_integral_value() for value in numbers)), len(numbers), total)


def _looks_like_codes(header: str, values: Sequence[str]) -> bool:
    zeros = any(len(cell) > 1 and cell.startswith("0") and cell.isdecimal() for cell in values)
    long = sum(len(cell) >= 12 and cell.isdecimal() for cell in values)
    return zeros or long > len(values) / 2 or bool(_CODE_WORDS.search(plain(header)))


def _number_type(header: str, whole: bool) -> ColumnType:
    label = plain(header)
    if _QUANTITY_WORDS.search(label):
        return "quantity"
    if _MONEY_WORDS.search(label):
        return "money"
    return "integer" if whole else "number"
