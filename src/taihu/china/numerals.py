"""Chinese numerals, financial capitals included: 一千零五, 壹佰贰拾叁, 两万三, 3万5千."""

from __future__ import annotations

import re
from decimal import Decimal

from taihu.china.characters import DIGITS
from taihu.china.refused import ValueRefused

_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_ARABIC = re.compile(r"\d+(\.\d+)?")


def numeral(text: str) -> Decimal:
    """The value of a numeral; Arabic digits may stand before a unit (``3万5千``, ``1.2亿``).

    Raises:
        ValueRefused: ``invalid_number`` for anything that the grammar does not know, such as ``12万5``.
    """
    if "点" in text:
        return _pointed(text)
    tokens = _tokens(text)
    if any(value is not None and value != int(value) for value, _ in tokens) and len(tokens) > 1:  # 1.5亿5千万 is a slip
        raise ValueRefused("invalid_number")
    if all(not unit for _, unit in tokens):
        return _plain(text, tokens)
    total = section = Decimal(0)
    last_unit = top = 0
    for index, (value, unit) in enumerate(tokens):
        if not unit:
            section += _tail(text, tokens, index, last_unit)
            continue
        if unit in _SMALL:
            if value is None and (unit not in "十拾" or section):
                raise ValueRefused("invalid_number")
            if last_unit and last_unit < 10_000 and _SMALL[unit] >= last_unit:
                raise ValueRefused("invalid_number")
            section += (1 if value is None else value) * _SMALL[unit]
            last_unit = _SMALL[unit]
        else:
            total, section, top = _raise_section(total, section + (value or 0), _LARGE[unit], top)
            last_unit = _LARGE[unit]
    return total + section


def _pointed(text: str) -> Decimal:
    """``三点五``, ``十二点五万``: digits after the point, then perhaps one large unit."""
    whole, _, rest = text.partition("点")
    unit = _LARGE.get(rest[-1:], 1)
    digits = rest[:-1] if unit > 1 else rest
    if not whole or not digits or any(character not in DIGITS and not character.isdecimal() for character in digits):
        raise ValueRefused("invalid_number")
    front = numeral(whole)
    if unit > 1 and front >= 10_000:
        raise ValueRefused("invalid_number")
    fraction = "".join(str(DIGITS.get(character, character)) for character in digits)
    return (front + Decimal(f"0.{fraction}")) * unit


def _raise_section(total: Decimal, section: Decimal, unit: int, top: int) -> tuple[Decimal, Decimal, int]:
    """Close a section at 万 or 亿; ``top`` is the smallest large unit so far."""
    if top and unit > top:  # 一万亿
        return (total + section) * unit, Decimal(0), unit
    if not section or unit == top:
        raise ValueRefused("invalid_number")
    return total + section * unit, Decimal(0), unit


def _tokens(text: str) -> list[tuple[Decimal | None, str]]:
    """Pairs of a value (None if absent) and a unit (empty if absent); zeros between units are dropped."""
    tokens: list[tuple[Decimal | None, str]] = []
    place = 0
    while place < len(text):
        value: Decimal | None = None
        number = _ARABIC.match(text, place)
        if number:
            value, place = Decimal(number[0]), number.end()
        elif text[place] in DIGITS:
            value, place = Decimal(DIGITS[text[place]]), place + 1
            if value == 0 and place < len(text) and text[place] not in _SMALL and text[place] not in _LARGE:
                tokens.append((Decimal(0), ""))
                continue
        if place < len(text) and (text[place] in _SMALL or text[place] in _LARGE):
            tokens.append((value, text[place]))
            place += 1
        elif value is not None:
            tokens.append((value, ""))
        else:
            raise ValueRefused("invalid_number")
    if not tokens:
        raise ValueRefused("invalid_number")
    return tokens


def _plain(text: str, tokens: list[tuple[Decimal | None, str]]) -> Decimal:
    """A text without units: Arabic digits, or Chinese digits read one by one (二〇二四)."""
    if _ARABIC.fullmatch(text):
        return Decimal(text)
    if any(character.isascii() for character in text):
        raise ValueRefused("invalid_number")
    return Decimal("".join(str(DIGITS[character]) for character in text))


def _tail(text: str, tokens: list[tuple[Decimal | None, str]], index: int, last_unit: int) -> Decimal:
    """A digit without a unit: a zero between units, the ones, or the short form 两万三 for 23,000."""
    value = tokens[index][0]
    assert value is not None
    if value == 0:
        return Decimal(0)
    if text[-4:].isdecimal() and text[-4:].isascii() and index == len(tokens) - 1 == 1 and last_unit == 10_000 and value >= 1000:
        return value  # 3万5000: four digits fill the place
    if index != len(tokens) - 1 or value >= 10 or value != int(value):
        raise ValueRefused("invalid_number")
    after_zero = index > 0 and tokens[index - 1] == (Decimal(0), "")
    if last_unit == 10 or after_zero:
        return value
    if text[-1].isascii():  # 12万5 is read both as 125,000 and as 120,005
        raise ValueRefused("invalid_number")
    return value * (last_unit // 10)
