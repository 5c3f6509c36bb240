"""Control totals: what a file says about itself, read out and compared with its rows.

Agreement, disagreement and absence are three different states; only the sender's own total can tell that the last page
of a file never arrived.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext

from taihu.core.types import StatedTotal
from taihu.manifest.layout import Total
from taihu.read.columns import Cell
from taihu.read.grid import Grid, filled, first_cell, plain

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
# What a cell must hold to be such a label or, compatible characters made equal, to become one; RE2's syntax, letters of any case.
TOTAL_MARKS = r"t[^a-z]*o[^a-z]*t[^a-z]*a[^a-z]*l|s[^a-z]*u[^a-z]*m|[计計汇总總総]|[^\x00-\x7f\x{3400}-\x{9fff}]"
_SUBTOTAL = re.compile(r"小[计計]|本[页頁]|subtotal|当日")
_NOT_ADDED = re.compile(r"单价|售价|价格|均价|折扣|比例|占比|率$|%|余额|price|rate|balance|discount|编[码号]|单号|日期|电话|date")
_IN_WORDS = re.compile(r"(.*?)([百千万亿]{1,2})")
_POWERS = {"百": 2, "千": 3, "万": 4, "亿": 8}
_SUM = r"[-+]?[¥$]?[-+]?[\d,]+(?:\.\d+)?(?:[百千万亿]{1,2}(?=$|元|[^\w]))?"
_LABEL_COLUMNS = 4
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
    """Whether a row among the data is a total that nobody declared: a label says so, and cells between it and the numbers are empty."""
    return bool(total_label(row)) and filled(row) < width


def is_total_label(cell: Cell) -> bool:
    """Whether a cell names a total."""
    label = plain(cell)
    return 0 < len(label) <= 14 and bool(_TOTAL_LABEL.fullmatch(label))


def total_label(row: Sequence[Cell]) -> str:
    """The label of a total row: its first cell, or one further right where the cells before it name the group; empty if it is none."""
    for n, cell in enumerate(row[:_LABEL_COLUMNS]):
        if not cell:
            continue
        if is_total_label(cell) and (cell == first_cell(row) or row[n + 1 : n + 2] == [None]):
            return cell
        if number(cell) is not None:
            break
    return ""


def is_subtotal(label: str) -> bool:
    return bool(_SUBTOTAL.search(plain(label)))


def may_be_added(header: str) -> bool:
    """Whether a total under this header can be a sum; totals of prices, rates and balances are something else."""
    return not _NOT_ADDED.search(plain(header))


def amount(text: Cell) -> tuple[Decimal, Decimal] | None:
    """A stated amount and the worth of its last decimal: ``12.34万元`` is 123,400, exact to 100; None if it is no number.

    Without a power of ten in words the last decimal is a cent or less: whoever states 1,200 means no 1,200.37.
    """
    if text is None:
        return None
    value, power = number(text), 0
    if value is None:
        match = _IN_WORDS.fullmatch(unicodedata.normalize("NFKC", text).strip().replace(" ", "").removesuffix("元"))
        value = number(match[1]) if match else None
        if match is None or value is None:
            return None
        power = sum(_POWERS[char] for char in match[2])
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    if not power:
        decimals = max(2, decimals)
    with localcontext(_WIDE):
        return settled(value.scaleb(power)), Decimal(1).scaleb(power - decimals)


def compared(label: str, column: str | None, stated: tuple[Decimal, Decimal], found: Decimal, position: str) -> StatedTotal:
    """A stated total beside what was added up: equal if it is what the found sum is when written with the stated decimals."""
    value, last = stated
    with localcontext(_WIDE):
        if abs(found - value) * 2 <= last:
            found = value
        elif last <= 1:
            found = settled(found.quantize(min(last, Decimal("0.01")), rounding=ROUND_HALF_UP))
    return StatedTotal(label, column, value, found, position)


def line_regex(pattern: str) -> re.Pattern[str]:
    """``共{rows}笔记录`` as a regular expression over :func:`plain` text."""
    out, at = [], 0
    for part in _PATTERN_PARTS.finditer(pattern):
        out.append(re.escape(plain(pattern[at : part.start()])))
        out.append(r"(?P<rows>[\d,]+)" if part[1] == "rows" else rf"(?P<sum>{_SUM})")
        at = part.end()
    tail = pattern[at:]
    out.append(re.escape(plain(tail)) if tail.strip() else r"(?![\d.])")
    return re.compile("".join(out))


def _power_behind(pattern: str) -> str:
    """万 and the like that a pattern has right behind ``{sum}``."""
    match = re.search(r"\{sum\}\s*([百千万亿]{1,2})", pattern)
    return match[1] if match else ""


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
    rows: int,
    found: Decimal | None,
    position: str,
) -> Iterator[StatedTotal]:
    """Totals of one line: the count of rows, and the sum of the header that the layout names.

    Args:
        total: The layout's declaration.
        match: Where its line was found.
        rows: How many data rows it speaks of.
        found: What they add up to, if the layout says of which header.
        position: Place of the line.
    """
    label = total.line or ""
    groups = match.groupdict()
    if groups.get("rows"):
        yield StatedTotal(label, None, Decimal(groups["rows"].replace(",", "")), Decimal(rows), position)
    stated = amount(f"{groups['sum']}{_power_behind(label)}") if groups.get("sum") else None
    if stated is not None and total.sum and found is not None:
        yield compared(label, total.sum, stated, found, position)
