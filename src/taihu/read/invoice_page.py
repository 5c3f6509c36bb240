"""What an invoice shows on its page, for those that come without their data: fields by labels, goods by where they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from statistics import median

from taihu.read.borderless import borderless
from taihu.read.grid import Cell, plain
from taihu.read.invoice import AMOUNT, CAPITALS, LINES, TAX, TOTAL, Invoice
from taihu.read.page_lines import Sheet
from taihu.read.placed import Word, line_text, lines_of, rows_of

_MONEY = r"((?:[-−]\s*)?[¥￥]?\s*(?:[-−]\s*)?[\d,]+\.\d{2})(?!\d)"
_IN_TEXT = (
    ("发票代码", re.compile(r"发票代码[::]?\s*(\d{10,12})(?!\d)")),
    ("发票号码", re.compile(r"发票号码[::]?\s*(\d{8}(?:\d{12})?)(?!\d)")),
    ("开票日期", re.compile(r"开票日期[::]?\s*(\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|\d{4}-\d{2}-\d{2})")),
    ("校验码", re.compile(r"校\s*验\s*码[::]?\s*([\d ]{20,24})")),
    (CAPITALS, re.compile(r"\(?大写\)?[::]?\s*[⊗ⓧ×\s]*((?:\(?负数?\)?)?\s*[零壹贰叁肆伍陆柒捌玖拾佰仟万亿圆元角分整正]{2,})")),
)
_TOTAL = re.compile(r"\(?小写\)?[::]?\s*" + _MONEY)
_SUMS = re.compile(r"合\s*计\s*" + _MONEY + r"\s+" + _MONEY)
_NAMES = re.compile(r"(?:^|\s)名\s*称[::]\s*(\S+)")
_TAX_IDS = re.compile(r"(?:纳税人识别号|统一社会信用代码/纳税人识别号)[::]?\s*([0-9A-Z]{15,20})(?![0-9A-Z])")
_BLUE_DIGITAL = re.compile(r"(?:蓝字|原)\S{0,8}发票号码[::]?\s*(\d{20})(?!\d)")
_BLUE = re.compile(r"(?:对应正数|对应蓝字|原)发票代码[::]?\s*(\d{10,12})\D{0,4}号码[::]?\s*(\d{8})(?!\d)")
_TITLES = {plain(title): name for name, titles in LINES.items() for title in titles}
_FIRST_TITLES = ("项目名称", "货物或应税劳务", "服务名称")


def invoice_of_page(words: Sequence[Word], tolerance: float) -> Invoice | None:
    """The invoice that a page shows; None if it shows none.

    Args:
        words: The text of the page with its places.
        tolerance: How far the baselines of one line may differ.
    """
    fields = fields_of_text(lines_of(words, tolerance))
    if not fields:
        return None
    goods = _goods(words)
    return Invoice(fields, goods or [], unread_goods=goods is None)


def fields_of_text(lines: Sequence[str]) -> dict[str, str]:
    """The fields that the text of a page shows, line by line from top to bottom; empty if it is no invoice."""
    text = unicodedata.normalize("NFKC", "\n".join(lines))
    found: dict[str, str] = {}
    total = _TOTAL.search(text)
    for name, pattern in _IN_TEXT:
        # The number of the invoice that a credit note takes back is not its own.
        match = next((each for each in pattern.finditer(text) if not re.search(r"(?:正数|蓝字|原)\S{0,8}$", text[: each.start()])), None)
        if match:
            found[name] = "".join(match[1].split())
    if "发票号码" not in found or total is None:
        return {}
    found[TOTAL] = _money(total[1])
    sums = _SUMS.search(text)
    if sums:
        found[AMOUNT], found[TAX] = map(_money, sums.groups())
    for kind, pattern in (("名称", _NAMES), ("纳税人识别号", _TAX_IDS)):
        for party, value in zip(("购买方", "销售方"), pattern.findall(text), strict=False):
            found[party + kind] = value
    return found | blue_of(text)


def blue_of(text: str) -> dict[str, str]:
    """Code and number of the invoice that a credit note (红字发票) takes back, as its remarks state them."""
    joined = "".join(unicodedata.normalize("NFKC", text).split())
    if match := _BLUE_DIGITAL.search(joined):
        return {"原发票号码": match[1]}
    if match := _BLUE.search(joined):
        return {"原发票代码": match[1], "原发票号码": match[2]}
    return {}


def _money(text: str) -> str:
    """An amount without its currency sign, its minus in front."""
    digits = re.sub(r"[^\d.]", "", text)
    return f"-{digits}" if "-" in text or "−" in text else digits


def _goods(words: Sequence[Word]) -> list[dict[str, str]] | None:
    """The lines of goods between their titles and their sum; None if they cannot be told apart."""
    lines = rows_of(words, 0.35 * median([word.size for word in words] or [0.0]))
    texts = [plain(line_text(line)) for line in lines]
    start = next((n for n, text in enumerate(texts) if "金额" in text and any(title in text for title in _FIRST_TITLES)), None)
    if start is None:
        return None
    end = next((n for n in range(start + 1, len(texts)) if texts[n].startswith("合计") or "价税合计" in texts[n]), None)
    if end is None:
        return None
    found = borderless([Sheet(1, [word for line in lines[start:end] for word in line])])
    if found.unclear or len(found.grids) != 1:
        return None
    rows = found.grids[0].rows
    names = [_TITLES.get(plain(cell)) for cell in rows[0]]
    if "金额" not in names or "税额" not in names:
        return None
    goods = [_line(names, row) for n, row in enumerate(rows) if n and n not in found.grids[0].outside]
    return goods if goods and all("金额" in line for line in goods) else None


def _line(names: Sequence[str | None], row: Sequence[Cell]) -> dict[str, str]:
    return {name: cell for name, cell in zip(names, row, strict=False) if name and cell}
