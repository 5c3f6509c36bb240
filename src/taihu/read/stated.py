"""Control totals that lines outside a table state (``共12笔``, ``支出：5笔 211.64元``), found without anybody saying where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from taihu.manifest.layout import Total
from taihu.read import totals as control
from taihu.read.grid import Grid, plain
from taihu.read.header import Header

_COUNT_LINE = re.compile(r"共\s*(\d[\d,]*)\s*(?:条|笔|行|单|项)(?:交易|订单|明细|数据|记录)?(?:录)?")
_LABELLED_LINE = re.compile(
    r"(?P<label>[\u4e00-\u9fff]{2,8})[:：]\s*(?P<rows>\d[\d,]*)\s*(?:笔|条)[,，\s]*(?:共|金额)?[:：]?\s*(?P<sum>[-+]?[\d,]+(?:\.\d+)?)\s*元?"
)
_SUM_LINE = re.compile(r"(?P<label>[\u4e00-\u9fff]{2,8}?)(?:金额)?[:：]?(?P<sum>[-+]?[¥$]?\d[\d,]*(?:\.\d+)?(?:[万亿](?=元))?)元")
_TOTALS = frozenset({"合计", "总计", "共计", "总金额", "总额", "金额合计", "合计金额", "合计总额"})
_AMOUNT = re.compile(r"金[额額]|amount|[总總][额額]|发生额", re.IGNORECASE)


def stated_lines(grid: Grid, header: Header) -> Iterator[Total]:
    """Totals that lines outside the table state, as a layout would declare them."""
    amount = next((name for name in header.names if name and _AMOUNT.search(name)), None)
    seen: set[str] = set()
    lines = _lines(grid, header)
    labels = list(dict.fromkeys(found["label"] for text in lines for found in _LABELLED_LINE.finditer(text)))
    for text in lines:
        for found in _LABELLED_LINE.finditer(text):
            if found["label"] in seen:
                continue
            where = _rows_with(grid, header, found["label"], [label for label in labels if label != found["label"]])
            seen.add(found["label"])
            # Without a column of amounts the number of rows can still be compared.
            after = text[found.end("rows") : found.start("sum")] + "{sum}" + text[found.end("sum") :] if amount else ""
            pattern = text[: found.start("rows")] + "{rows}" + (after or text[found.end("rows") : found.start("sum")])
            if where or found["label"] in ("合计", "总计", "共计"):
                yield Total(line=pattern, sum=amount, where=where, required=False)
        if amount is not None and not _LABELLED_LINE.search(text):
            yield from _sums(grid, header, text, amount, seen)
        count = _COUNT_LINE.search(text)
        if count and "count" not in seen and not _LABELLED_LINE.search(text):
            seen.add("count")
            yield Total(line=text[: count.start(1)] + "{rows}" + text[count.end(1) :], required=False)


def _sums(grid: Grid, header: Header, text: str, amount: str, seen: set[str]) -> Iterator[Total]:
    """Sums that a line states without a count: of all rows, or of those that have the label in a column (支出 in 收/支)."""
    for found in _SUM_LINE.finditer(text):
        label = found["label"]
        where = {} if label in _TOTALS else _rows_with(grid, header, label, ())
        if label in seen or not (where or label in _TOTALS):
            continue
        seen.add(label)
        yield Total(line=text[found.start() : found.start("sum")] + "{sum}元", sum=amount, where=where, required=False)


def _lines(grid: Grid, header: Header) -> list[str]:
    """The rows outside the header that hold one cell or two, as plain texts."""
    few = pc.indices_nonzero(pc.less_equal(grid.counts(), 2)).to_pylist()
    return [control.line_text(grid.rows[n]) for n in few if not header.first <= n <= header.last]


def _rows_with(grid: Grid, header: Header, label: str, others: Sequence[str]) -> dict[str, str]:
    """Which rows a total's label means: those with it in a column (支出 in 收/支), or with the one value left over (中性交易)."""
    columns = [(name, _few_values(grid, header, n)) for n, name in enumerate(header.names) if name is not None]
    for name, values in columns:
        if label in values:
            return {name: label}
    for name, values in columns:
        left = values - set(others)
        if len(left) == 1 and len(others) > 1 and len(values) == len(others) + 1 and label not in others:
            return {name: left.pop()}
    return {}


def _few_values(grid: Grid, header: Header, column: int) -> set[str]:
    texts = grid.columns(column + 1)[column].slice(header.last + 1).drop_null().unique()
    values = {plain(text) for text in texts.to_pylist()}
    return values if len(values) <= 12 else set()
