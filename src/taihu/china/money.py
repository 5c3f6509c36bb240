"""Amounts as senders write them, exact or refused.

``1,234.50``, ``￥12.3万``, ``(56.00)``, ``3元5角``, ``壹佰贰拾叁元肆角伍分整``: one meaning each. What could mean two things
(``1.234,56``, ``12万5``, a foreign currency sign in a CNY column, 借/贷) is refused, because a wrong amount costs more than a question.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from taihu.china.characters import DIGITS, parse_form
from taihu.china.numerals import numeral
from taihu.china.refused import ValueRefused

_SIGNS = {
    "CNY": ("人民币", "RMB", "CNY", "CN¥", "¥", "￥"),
    "HKD": ("港币", "港元", "HKD", "HK$"),
    "USD": ("美元", "USD", "US$", "$"),
    "JPY": ("日元", "JPY", "JP¥", "円"),
    "EUR": ("欧元", "EUR", "€"),
    "GBP": ("英镑", "GBP", "£"),
}
_PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
_TINY = re.compile(r"(\d(?:\.\d+)?)[eE]-(\d{1,3})")
_ZEROS = {"百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12}
_UNITS = {"": 1} | {unit: int(10**zeros) for unit, zeros in _ZEROS.items()}
_PARTS = re.compile(r"(?:(?P<yuan>.+?)[元圆块])?(?:(?P<jiao>[^角分元]*?)[角毛])?(?:(?P<fen>[^角分元]*?)分)?")


@lru_cache(maxsize=65536)
def parse_amount(text: str, currency: str = "CNY") -> Decimal:
    """The amount that ``text`` states.

    Args:
        text: A cell.
        currency: ISO 4217 code of the column; another currency's sign is refused.

    Raises:
        ValueRefused: ``invalid_number``.
    """
    kept = "".join(parse_form(text).split())
    sign, kept = _sign(kept)
    kept = _without_currency(kept, currency)
    inner, kept = _sign(kept)
    if inner < 0 and sign < 0:
        raise ValueRefused("invalid_number")
    return sign * inner * _magnitude(kept)


def _sign(text: str) -> tuple[int, str]:
    if len(text) > 2 and text[0] == "(" and text[-1] == ")":
        return -1, text[1:-1]
    if text[:1] in ("-", "负"):
        return -1, text[1:]
    if text[-1:] == "-":
        return -1, text[:-1]
    return 1, text[1:] if text[:1] == "+" else text


def _without_currency(text: str, currency: str) -> str:
    upper = text.upper()
    for sign in sorted((sign for signs in _SIGNS.values() for sign in signs), key=len, reverse=True):
        if not (upper.startswith(sign) or upper.endswith(sign)):
            continue
        if sign not in _SIGNS.get(currency, (currency,)):
            raise ValueRefused("invalid_number")
        return text[len(sign) :] if upper.startswith(sign) else text[: -len(sign)]
    return text


def _magnitude(text: str) -> Decimal:
    plain = _digits(text)
    if plain is not None:
        return plain
    tiny = _TINY.fullmatch(text)
    if tiny:  # what is left of a subtraction in a workbook, such as 5.7E-14
        return Decimal(tiny[1]).scaleb(-int(tiny[2]))
    scaled = re.fullmatch(r"([\d.,]+)([十百千]?[万亿]|万亿|[百千]|)元?", text)
    if scaled and scaled[2] in _UNITS:
        number = _digits(scaled[1])
        if number is not None:
            return number * _UNITS[scaled[2]]
    return _in_parts(text)


def _digits(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    return Decimal(text.replace(",", "")) if _GROUPED.fullmatch(text) else None


def _in_parts(text: str) -> Decimal:
    """``3元5角``, ``壹佰元整``, ``五万三千``: numerals with units of money."""
    kept = text.removesuffix("整").removesuffix("正")
    if not kept:
        raise ValueRefused("invalid_number")
    parts = _PARTS.fullmatch(kept)
    if not parts or not any(parts.groupdict().values()):
        return numeral(kept)
    yuan, jiao, fen = parts["yuan"], parts["jiao"], parts["fen"]
    total = Decimal(0) if yuan is None else _number(yuan)
    return total + _small(jiao) / 10 + _small(fen) / 100


def _number(text: str) -> Decimal:
    plain = _digits(text)
    return numeral(text) if plain is None else plain


def _small(text: str | None) -> Decimal:
    """The digit before 角 or 分, perhaps after a zero (零伍分)."""
    if text is None or text == "":
        return Decimal(0)
    digit = text[1:] if len(text) == 2 and text[0] in "零〇" else text
    if len(digit) == 1 and (digit.isdecimal() or digit in DIGITS):
        return Decimal(int(digit) if digit.isdecimal() else DIGITS[digit])
    raise ValueRefused("invalid_number")


@lru_cache(maxsize=65536)
def parse_number(text: str) -> Decimal:
    """A number without a currency: thousands separators, signs, 万 and Chinese numerals; ``3.2%`` is refused here."""
    kept = "".join(parse_form(text).split())
    sign, kept = _sign(kept)
    return sign * _magnitude(kept) if not re.search("[元圆块角毛分整]", kept) else _refuse()


@lru_cache(maxsize=65536)
def parse_percent(text: str) -> Decimal:
    """A ratio: ``3.21%`` and ``百分之三`` are divided by 100, a bare number is a ratio already, as in a workbook's percent cell."""
    kept = "".join(parse_form(text).split())
    if kept.endswith("%"):
        return parse_number(kept[:-1]) / 100
    if kept.endswith("‰"):
        return parse_number(kept[:-1]) / 1000
    return parse_number(kept.removeprefix("百分之")) / 100 if kept.startswith("百分之") else parse_number(kept)


def _refuse() -> Decimal:
    raise ValueRefused("invalid_number")
