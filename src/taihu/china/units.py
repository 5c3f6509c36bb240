"""Units and packs. 件 is a case at one distributor and a single piece at the next, so a unit counts only by the product's own pack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from taihu.china.characters import parse_form
from taihu.china.refused import ValueRefused

_CONTENT = re.compile(r"(?P<size>\d+(?:\.\d+)?)(?P<unit>kg|mg|ml|g|l|克|千克|公斤|毫升|升|片|粒|袋|支|丸|枚)", re.IGNORECASE)
_COUNT = re.compile(r"(?P<count>\d+)(?P<unit>[一-鿿]{0,2})")
_LITERS = {"克": "g", "千克": "kg", "公斤": "kg", "毫升": "ml", "升": "l"}


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack text: content of one piece, then the counts from inside out; ``10片*2板/盒`` holds 20 pieces."""

    content: Decimal | None
    content_unit: str
    counts: tuple[int, ...]
    outer: str

    @property
    def pieces(self) -> int:
        """Pieces in the outermost pack."""
        total = 1
        for count in self.counts:
            total *= count
        return total


def parse_pack(text: str) -> Pack:
    """Read ``500ml*24瓶/箱``, ``0.25g×24粒``, ``10片*2板/盒``, ``1x24``.

    Raises:
        ValueRefused: ``unknown_unit``.
    """
    kept = "".join(parse_form(text).lower().split()).replace("×", "*").replace("x", "*").replace("＊", "*")
    inside, _, outer = kept.partition("/")
    parts = inside.split("*")
    content: Decimal | None = None
    content_unit = ""
    first = _CONTENT.fullmatch(parts[0])
    counts: list[int] = []
    if first:
        content, content_unit = Decimal(first["size"]), _LITERS.get(first["unit"], first["unit"])
        parts = parts[1:]
        if not content_unit.isascii() and content == int(content):  # 10片: ten pieces, not a weight
            counts.append(int(content))
    for part in parts:
        match = _COUNT.fullmatch(part)
        if not match or not int(match["count"]):
            raise ValueRefused("unknown_unit")
        counts.append(int(match["count"]))
    if content is None and not counts:
        raise ValueRefused("unknown_unit")
    return Pack(content, content_unit, tuple(counts), outer)


def base_quantity(quantity: Decimal, unit: str, *, each_unit: str, pack_unit: str, pack_size: int) -> Decimal:
    """A quantity in single pieces, by the product's own units.

    Raises:
        ValueRefused: ``unknown_unit`` if ``unit`` is neither of the product's units.
    """
    if unit == pack_unit:
        return quantity * pack_size
    if unit == each_unit:
        return quantity
    raise ValueRefused("unknown_unit")
