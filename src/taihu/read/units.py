"""Units that a title states (``单位：万元``): read out, compared with what the layout says, and applied.

A title that begins to say 万元 makes every amount of the file 10,000 times too small, and nothing in the rows shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.manifest.layout import Unit
from taihu.read.grid import Cell, plain

_MONEY = {
    "元": "CNY", "人民币": "CNY", "人民币元": "CNY", "rmb": "CNY", "cny": "CNY", "rmb元": "CNY", "cny元": "CNY", "¥": "CNY",
    "美元": "USD", "usd": "USD", "港元": "HKD", "港币": "HKD", "hkd": "HKD", "欧元": "EUR", "eur": "EUR", "日元": "JPY", "jpy": "JPY",
}  # fmt: skip
_PIECES = "件箱瓶个台吨斤克升盒袋支套条包桶份张只罐提双副块片本册枚"
_WHOLE = ("千克", "公斤", "毫升", "千瓦时", "立方米", "平方米", "kg", "ml", "pcs")
_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_LABEL = re.compile(r"(?:单位|units?)(?:均)?(?:为|[:(])+(.*)|(?:单位|units?):?$")
_BETWEEN = re.compile(r"[、/,;()。和及]|数量|金额")
_WORD = re.compile(r"(人民币|rmb|cny|usd|hkd|eur|jpy)?([十百千万亿]{0,3})([^\W\d_]*)")


@dataclass(frozen=True, slots=True)
class Stated:
    """A unit: the number that its values are multiplied by, and what they are then (a currency, or pieces)."""

    factor: int
    base: str
    word: str

    @property
    def is_plain(self) -> bool:
        """Whether values in it are what they are without any unit: yuan, or whole pieces."""
        return self.factor == 1 and (self.base == "CNY" or not self.is_money)

    @property
    def is_money(self) -> bool:
        return self.base in _MONEY.values()


def unit_of(word: str) -> Stated | None:
    """The unit that a word names (``万元``, ``人民币千元``, ``千件``, ``箱``); None if it names none."""
    text = plain(word)
    if text in _WHOLE:
        return Stated(1, text, word)
    match = _WORD.fullmatch(text)
    if not match or not text:
        return None
    currency, powers, rest = match[1] or "", match[2], match[3]
    factor = 10 ** sum(_POWERS[char] for char in powers)
    base = _MONEY.get(currency + rest) if currency else _MONEY.get(rest)
    if base is None and (rest in _WHOLE or (len(rest) == 1 and rest in _PIECES)) and not currency:
        base = rest
    if base is None and not rest and powers and not currency:
        base = "CNY" if powers in ("万", "千", "亿", "百万", "千万") else None
    return Stated(factor, base, word) if base else None


def stated_units(rows: Iterable[Sequence[Cell]]) -> Iterator[tuple[int, Stated]]:
    """The units that lines outside a table state, with the number of the line."""
    for number, row in enumerate(rows):
        cells = [cell for cell in row if cell is not None]
        for n, cell in enumerate(cells):
            match = _LABEL.search(plain(cell))
            if match is None:
                continue
            rest = match[1] if match[1] is not None else plain(cells[n + 1]) if n + 1 < len(cells) else ""
            for word in _BETWEEN.split(rest):
                unit = unit_of(word)
                if unit is not None:
                    yield number, unit


def broken_agreement(agreed: Sequence[Unit], stated: Sequence[Stated]) -> str:
    """How the stated units break what the layout says, in one sentence; empty if they keep it."""
    known = [(each, unit_of(each.unit)) for each in agreed]
    for unit in stated:
        alike = [one for _, one in known if one is not None and one.is_money == unit.is_money]
        if any((one.factor, one.base) == (unit.factor, unit.base) for one in alike):
            continue
        if alike or not unit.is_plain:
            return f"a title states {unit.word}, the layout says {alike[0].word if alike else 'no unit'}"
    found = {(unit.factor, unit.base) for unit in stated}
    for each, one in known:
        if each.required and one is not None and (one.factor, one.base) not in found:
            return f"no title states {each.unit}, as the layout says"
    return ""


def factors(agreed: Sequence[Unit]) -> dict[str, Decimal]:
    """Header (plain) to what its values are multiplied by."""
    found: dict[str, Decimal] = {}
    for each in agreed:
        unit = unit_of(each.unit)
        for header in each.of:
            found[plain(header)] = Decimal(unit.factor if unit else 1)
    return found
