"""How numbers are written: 万元 and 亿元 in Chinese, k and m in English, one scale for all numbers that stand together.

Rounding happens here and only here, half up, from exact decimals, so one figure reads the same in every format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from taihu.core.types import Lang, Text

Format = Literal["money", "quantity", "percent", "days", "number"]

DASH = "—"
MINUS = "−"
ESTIMATE = "E"

_UNITS = {
    "CNY": Text("元", "CNY"),
    "HKD": Text("港元", "HKD"),
    "USD": Text("美元", "USD"),
    "EUR": Text("欧元", "EUR"),
    "each": Text("件", "units"),
    "case": Text("箱", "cases"),
    "days": Text("天", "days"),
    "day": Text("天", "days"),
    "percent": Text("%", "%"),
    "%": Text("%", "%"),
}
_CURRENCIES = ("CNY", "HKD", "USD", "EUR")
_ONE = Decimal(1)
_WAN, _YI = Decimal(10_000), Decimal(100_000_000)
_THOUSAND, _MILLION = Decimal(1_000), Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Scale:
    """What numbers that stand together are divided by, their decimal places and the unit to print beside them."""

    divisor: Decimal
    digits: int
    unit: str

    def scaled(self, value: Decimal) -> Decimal:
        """The value in the scale's unit, exact."""
        return value / self.divisor

    def with_unit(self, value: Decimal | None) -> str:
        """The value with its unit, as it stands in a sentence: ``1,284.7 万元``, ``CNY 12.85m``, ``97.0%``."""
        text, unit = self.text(value), self.unit.strip()
        if value is None or not unit:
            return text
        if unit == "%":
            return f"{text}%"
        currency, _, size = unit.partition(" ")
        if currency in _CURRENCIES:
            return f"{currency} {text}{size}"
        if currency in ("k", "m"):
            return f"{text}{unit}"
        return f"{text} {unit}"

    def text(self, value: Decimal | None) -> str:
        """The value as printed, without its unit; a dash if there is none."""
        return DASH if value is None else number_text(self.scaled(value), self.digits)


def unit_word(unit: str, lang: Lang) -> str:
    """The unit in the language; an unlisted one is printed as it is."""
    known = _UNITS.get(unit)
    return known.in_(lang) if known else unit


def headed(label: str, unit: str, lang: Lang) -> str:
    """The name of a column or chart of figures with its unit: ``销售额（万元）``, ``Revenue (CNY k)``."""
    unit = unit.strip()
    if not unit:
        return label
    if lang == "en":
        return f"{label} ({unit})"
    return f"{label[:-1]}，{unit}）" if label.endswith("）") else f"{label}（{unit}）"


def number_text(value: Decimal, digits: int) -> str:
    """A number with thousands separators, rounded half up; a rounded zero has no sign."""
    rounded = value.quantize(_ONE.scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def percent_text(ratio: Decimal | None, digits: int = 1) -> str:
    """A ratio as a percentage: 0.962 is ``96.2%``."""
    return DASH if ratio is None else f"{number_text(ratio * 100, digits)}%"


def scale_for(format: Format, unit: str, lang: Lang, values: Iterable[Decimal | None], *, together: bool = False) -> Scale:
    """Choose the scale for numbers that stand together.

    Args:
        format: The figure's format.
        unit: The figure's unit (a currency for money).
        lang: The language of the report.
        values: All numbers that share the scale.
        together: True for columns and axes, where small numbers stand beside big ones: 亿元 and millions are left alone there.
    """
    largest = max((abs(value) for value in values if value is not None), default=Decimal(0))
    word = unit_word(unit, lang)
    if format == "percent":
        return Scale(Decimal("0.01"), 1, "%")
    if format == "days":
        return Scale(_ONE, 1, word or unit_word("days", lang))
    if format == "number":
        return Scale(_ONE, 0 if largest >= 100 or largest == largest.to_integral_value() else 1, word)
    if lang == "zh":
        if largest >= (_YI * 10 if together else _YI):
            return Scale(_YI, 2, f"亿{word}")
        if largest >= _WAN * (10 if together else 1):
            return Scale(_WAN, 2 if together and largest < _WAN * 100 else 1, f"万{word}")
        return Scale(_ONE, 0, word)
    before, after = (f"{word} ", "") if format == "money" else ("", f" {word}" if word else "")
    if largest >= (_MILLION * 100 if together else _MILLION):
        return Scale(_MILLION, 2 if not together else 1, f"{before}m{after}")
    return Scale(_THOUSAND, 1, f"{before}k{after}") if largest >= _THOUSAND * 10 else Scale(_ONE, 0, word)
