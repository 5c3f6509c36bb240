"""Amounts as senders write them, exact or refused.

``1,234.50``, ``￥12.3万``, ``(56.00)``, ``3元5角``, ``壹佰贰拾叁元肆角伍分整``: one meaning each. What could mean two things
(``1.234,56``, ``12万5``, a foreign sign in a CNY column, 借 or 贷 where nobody declared which side is positive) is refused, because
a wrong amount costs more than a question.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from taihu.china.characters import DIGITS, parse_form, stored_form
from taihu.china.numerals import numeral
from taihu.china.refused import ValueRefused

Side = Literal["debit", "credit"]

_SIGNS = {
    "CNY": ("人民币", "RMB", "CNY", "CN¥", "¥", "￥"),
    "HKD": ("港币", "港元", "HKD", "HK$"),
    "USD": ("美元", "美金", "USD", "US$", "$"),
    "JPY": ("日元", "JPY", "JP¥", "円"),
    "EUR": ("欧元", "EUR", "€"),
    "GBP": ("英镑", "GBP", "£"),
}
_CURRENCY_OF = {sign: currency for currency, signs in _SIGNS.items() for sign in signs}
_ANY_SIGN = "|".join(sorted(map(re.escape, _CURRENCY_OF), key=len, reverse=True))
_SIGN_FIRST, _SIGN_LAST = re.compile(rf"({_ANY_SIGN}):?(.*)"), re.compile(rf"(.*?)({_ANY_SIGN})")
_NAMED = re.compile(r"[⊗ⓧ]|\((?:大写|小写)\):?")  # what invoices print before the total in capitals and in figures
_YUAN = re.compile("[元圆圓块角毛分]")
_SIDE_FIRST = re.compile(r"(借|贷|DR|CR):?(.+)", re.IGNORECASE)
_SIDE_LAST = re.compile(r"(.+?)\(?(借|贷|DR|CR)\)?", re.IGNORECASE)
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,])")
_APART = re.compile(r"\d\s+[\d,.]")
_PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+")
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_TWO_SIGNS = re.compile(r"[+-]\s*[+-]")
_TINY = re.compile(r"(\d(?:\.\d+)?)[eE]-(\d{1,3})")
_ZEROS = {"百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12}
_UNITS = {unit: int(10**zeros) for unit, zeros in _ZEROS.items()}
_SCALED = re.compile(r"([\d.,]+)([十百千]?[万亿]|万亿|[百千])元?")
_PARTS = re.compile(r"(?:(?P<yuan>.+?)[元圆圓块])?(?:(?P<jiao>[^角分元]*?)[角毛])?(?:(?P<fen>[^角分元]*?)分)?")
_PER = {"百": 100, "千": 1000, "万": 10000}


@lru_cache(maxsize=65536)
def parse_amount(text: str, currency: str = "CNY", positive: Side | None = None) -> Decimal:
    """The amount that ``text`` states.

    Args:
        text: A cell.
        currency: ISO 4217 code of the column; another currency's sign is refused.
        positive: The side whose amounts count as positive where the cell says 借 or 贷 (``DR``, ``CR``).

    Raises:
        ValueRefused: ``invalid_number``.
    """
    kept = _compact(text)
    if _PLAIN.fullmatch(kept):
        return Decimal(kept)
    side, kept = _side(kept, positive)
    sign, kept = _sign(kept)
    named, kept = _without_currency(kept, currency)
    inner, kept = _sign(kept)
    if (sign < 0 and inner < 0) or (side is not None and inner < 0) or kept[:1] in "+-" or _TWO_SIGNS.match(text.strip()):
        raise ValueRefused("invalid_number")
    if currency != "CNY" and not named and _YUAN.search(kept):  # 100元 in a column of dollars
        raise ValueRefused("invalid_number")
    return (side or 1) * sign * inner * _magnitude(kept[:-1] + "万" if kept[-1] in "wW" else kept)


def _compact(text: str) -> str:
    """The text for parsing, without white space; digits apart are one number only in groups of three."""
    kept = parse_form(stored_form(text))
    if kept.isdecimal():
        return kept
    if _APART.search(kept):
        kept = _SPACED.sub(lambda match: match[0].replace(" ", ""), kept)
        if _APART.search(kept):
            raise ValueRefused("invalid_number")
    return "".join(kept.split())


def _side(text: str, positive: Side | None) -> tuple[int | None, str]:
    """The sign that 借 or 贷 gives, if the text names a side."""
    first = _SIDE_FIRST.fullmatch(text)
    last = None if first else _SIDE_LAST.fullmatch(text)
    if first is None and last is None:
        return None, text
    if positive is None:
        raise ValueRefused("invalid_number")
    word, kept = (first[1], first[2]) if first else (last[2], last[1])  # type: ignore[index]
    if _sign(kept)[0] < 0 or _SIDE_LAST.fullmatch(kept):
        raise ValueRefused("invalid_number")
    is_debit = word.upper() in ("借", "DR")
    return (1 if is_debit == (positive == "debit") else -1), kept


def _sign(text: str) -> tuple[int, str]:
    if len(text) > 2 and text[0] == "(" and text[-1] == ")":
        return -1, text[1:-1]
    if text[:1] in ("-", "负", "負"):
        return -1, text[1:]
    if text[-1:] == "-":
        return -1, text[:-1]
    return 1, text[1:] if text[:1] == "+" else text


def _without_currency(text: str, currency: str) -> tuple[bool, str]:
    """Whether the currency was named, and the text without it and without what invoices print before a total."""
    named = False
    kept = _NAMED.sub("", text, count=1) if _NAMED.match(text) else text
    for _ in range(2):
        upper = kept.upper()
        first = _SIGN_FIRST.fullmatch(upper)
        last = None if first else _SIGN_LAST.fullmatch(upper)
        if first is None and last is None:
            break
        sign = first[1] if first else last[2]  # type: ignore[index]
        if _CURRENCY_OF[sign] != currency:
            raise ValueRefused("invalid_number")
        named = True
        kept = kept[len(kept) - len(first[2]) :] if first else kept[: -len(sign)]
        kept = _NAMED.sub("", kept, count=1) if _NAMED.match(kept) else kept
    return named, kept


def _magnitude(text: str) -> Decimal:
    plain = _digits(text)
    if plain is not None:
        return plain
    tiny = _TINY.fullmatch(text)
    if tiny:  # what is left of a subtraction in a workbook, such as 5.7E-14
        return Decimal(tiny[1]).scaleb(-int(tiny[2]))
    scaled = _SCALED.fullmatch(text)
    if scaled:
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
    if (jiao or fen) and total != total.to_integral_value():  # 3.5元5角 says the same digits twice
        raise ValueRefused("invalid_number")
    return total + _small(jiao) / 10 + _small(fen) / 100


def _number(text: str) -> Decimal:
    plain = _digits(text)
    return numeral(text) if plain is None else plain


def _small(text: str | None) -> Decimal:
    """The digit before 角 or 分, perhaps after a zero (零伍分)."""
    if text is None or text == "":
        return Decimal(0)
    digit = text[1:] if len(text) == 2 and text[0] in "0零〇" else text
    if len(digit) == 1 and (digit.isdecimal() or digit in DIGITS):
        return Decimal(int(digit) if digit.isdecimal() else DIGITS[digit])
    raise ValueRefused("invalid_number")


@lru_cache(maxsize=65536)
def parse_number(text: str) -> Decimal:
    """A number without a currency: thousands separators, signs, 万 and Chinese numerals; ``3.2%`` is refused here."""
    sign, kept = _sign(_compact(text))
    if re.search("[元圆圓块角毛分整正]", kept) or kept[:1] == "+":
        raise ValueRefused("invalid_number")
    return sign * _magnitude(kept)


@lru_cache(maxsize=65536)
def parse_percent(text: str) -> Decimal:
    """A ratio: ``3.21%`` and ``百分之三`` are divided by 100, a bare number is a ratio already, as in a workbook's percent cell."""
    sign, kept = _sign(_compact(text))
    if sign > 0 and kept[:1] == "+":
        raise ValueRefused("invalid_number")
    divisor = 1
    if kept.endswith(("%", "‰")):
        kept, divisor = kept[:-1], 100 if kept[-1] == "%" else 1000
    elif kept[1:3] == "分之" and kept[0] in _PER:
        kept, divisor = kept[3:], _PER[kept[0]]
    if divisor != 1 and _sign(kept)[1] != kept:
        raise ValueRefused("invalid_number")
    return sign * parse_number(kept) / divisor
