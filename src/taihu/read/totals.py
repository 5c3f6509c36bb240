"""Control totals: what a file says about itself, read out and compared with its rows.

Agreement, disagreement and absence are three different states; only the sender's own total can tell that the last page
of a file never arrived.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation, localcontext

from taihu.core.types import StatedTotal
from taihu.manifest.layout import Total
from taihu.read.grid import Cell, Grid, filled, first_cell, plain

_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,2})?")
_WIDE = Context(prec=200)
_LONGEST = 60
_SIMPLE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,12})?")
_AROUND = re.compile(r"^(?:cny|rmb|hkd|usd|hk\$|us\$|¥|￥|\$|元)|(?:元|cny|rmb)$")
_NOTHING = frozenset({"", "-", "--", "---", "/", "\\", "无", "暂无", "n/a", "na", "null", "none", "nan", "—", "——"})
_TOTAL_LABEL = re.compile(
    r"(?:人民币|本[页日月周期次单]|当[日月期]|全部|门店|客户|日期)?(?:合[计計]|[总總][计計]|小[计計]|共[计計]|总合计|總合計|累[计計]|汇总|[总總][和数數]|総計)"
    r"(?:金[额額]|[数數]量|人民币|行|[数數]|\(.{0,8}\))?[::]?|(?:grand|sub)?-?totals?:?|sum:?"
)
_SUBTOTAL = re.compile(r"小[计計]|本[页頁]|subtotal|当日")
_NOT_ADDED = re.compile(r"单价|售价|价格|均价|折扣|比例|占比|率$|%|余额|price|rate|balance|discount|编[码号]|单号|日期|电话|date")
_PATTERN_PARTS = re.compile(r"\{(rows|sum)\}")


def number(text: Cell) -> Decimal | None:
    """The number in a cell, or None: thousands separators, currency signs, full-width digits, ``(100.00)`` for minus."""
    if text is None:
        return None
    if _SIMPLE.fullmatch(text):
        return Decimal(text)
    norm = unicodedata.normalize("NFKC", text).strip().lower().replace(" ", "").replace("−", "-")
    negative = norm.startswith("(") and norm.endswith(")")
    norm = norm[1:-1] if negative else norm
    if norm.startswith("-") and len(norm) > 1:
        negative, norm = not negative, norm[1:]
    norm = _AROUND.sub("", _AROUND.sub("", norm))
    if norm.endswith("-") and norm[:-1]:
        negative, norm = not negative, norm[:-1]
    if not norm or len(norm) > _LONGEST or not any(char.isdigit() for char in norm) or not _NUMBER.fullmatch(norm):
        return None
    try:
        value = Decimal(norm.replace(",", ""))
    except InvalidOperation:
        return None
    return -value if negative else value


def is_nothing(text: Cell) -> bool:
    """Whether a cell says that there is no value."""
    return text is None or plain(text) in _NOTHING


def settled(value: Decimal) -> Decimal:
    """A number without the dust of binary fractions: rounded to six decimals when it has more, without idle zeros."""
    exponent = value.as_tuple().exponent
    with localcontext(_WIDE):
        if isinstance(exponent, int) and exponent < -6:
            value = round(value, 6)
        return Decimal(0) if value == 0 else value.normalize() + 0


def sum_of(cells: Sequence[Cell]) -> Decimal:
    """The sum of the cells that hold a number."""
    with localcontext(_WIDE):
        return settled(sum((value for cell in cells if (value := number(cell)) is not None), Decimal(0)))


def is_total_row(row: list[Cell], width: int) -> bool:
    """Whether a row among the data is a total that nobody declared: its first cell says so and other cells are empty."""
    label = plain(first_cell(row))
    return bool(label) and len(label) <= 14 and filled(row) < width and bool(_TOTAL_LABEL.fullmatch(label))


def is_subtotal(row: list[Cell]) -> bool:
    return bool(_SUBTOTAL.search(plain(first_cell(row))))


def may_be_added(header: str) -> bool:
    """Whether a total under this header can be a sum; totals of prices, rates and balances are something else."""
    return not _NOT_ADDED.search(plain(header))


def stated_in_row(label: str, columns: Mapping[str, tuple[Cell, Sequence[Cell]]], position: str) -> list[StatedTotal]:
    """Totals of one row: per header its stated cell beside the cells that it should add up."""
    totals = []
    for header, (cell, cells) in columns.items():
        stated = number(cell)
        if stated is not None:
            totals.append(StatedTotal(label, header, settled(stated), _rounded_like(stated, sum_of(cells)), position))
    return totals


def _rounded_like(stated: Decimal, computed: Decimal) -> Decimal:
    """Senders state two decimals although their rows have more; a difference beyond that rounding stays visible."""
    exponent = stated.as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 0)
    with localcontext(_WIDE):
        return settled(round(computed, decimals))


def line_regex(pattern: str) -> re.Pattern[str]:
    """``共{rows}笔记录`` as a regular expression over :func:`plain` text."""
    out, at = [], 0
    for part in _PATTERN_PARTS.finditer(pattern):
        out.append(re.escape(plain(pattern[at : part.start()])))
        out.append(r"(?P<rows>[\d,]+)" if part[1] == "rows" else r"(?P<sum>[-+]?[\d,]+(?:\.\d+)?)")
        at = part.end()
    tail = pattern[at:]
    out.append(re.escape(plain(tail)) if tail.strip() else r"(?![\d.])")
    return re.compile("".join(out))


def line_text(row: list[Cell]) -> str:
    """A row outside the table as one plain text."""
    return plain("".join(cell for cell in row if cell is not None))


def find_line(pattern: re.Pattern[str], grid: Grid, outside: Sequence[int]) -> tuple[int, re.Match[str]] | None:
    """The first row outside the table that matches."""
    for index in outside:
        match = pattern.search(line_text(grid.rows[index]))
        if match:
            return index, match
    return None


def stated_in_line(
    total: Total,
    match: re.Match[str],
    where: Callable[[Mapping[str, str]], list[int]],
    cells: Callable[[str], Sequence[Cell]],
    position: str,
) -> Iterator[StatedTotal]:
    """Totals of one line: the count of rows, and the sum of the header that the layout names.

    Args:
        total: The layout's declaration.
        match: Where its line was found.
        where: Gives the indexes of the data rows that have these cells.
        cells: Gives a column's cells.
        position: Place of the line.
    """
    chosen = where(total.where)
    label = total.line or ""
    groups = match.groupdict()
    if groups.get("rows"):
        yield StatedTotal(label, None, Decimal(groups["rows"].replace(",", "")), Decimal(len(chosen)), position)
    if groups.get("sum") and total.sum:
        column = cells(total.sum)
        stated = Decimal(groups["sum"].replace(",", ""))
        yield StatedTotal(label, total.sum, settled(stated), _rounded_like(stated, sum_of([column[n] for n in chosen])), position)
