"""Units and packs: what one piece holds, and how many pieces make a case.

件 is a case at one distributor and a single piece at the next, so a unit counts only by the product's own pack and by what the source
declares; nothing is converted by a general table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from taihu.china.characters import match_form, parse_form
from taihu.china.refused import ValueRefused

Meaning = Literal["each", "case"]

_MEASURES = {"克": "g", "千克": "kg", "公斤": "kg", "毫克": "mg", "毫升": "ml", "升": "l"}
_MEASURED = re.compile(r"(\d+(?:\.\d+)?)(kg|mg|ml|g|l|毫克|千克|公斤|毫升|克|升|抽)")
_COUNTED = re.compile(r"(\d+)(片|粒|袋|支|丸|枚|板|瓶|罐|听|桶|包|盒|条|提|箱|件|卷|双|张|贴|块|只|个|套|杯|碗|入|)装?")
_OUTER = re.compile(r"瓶|罐|听|桶|包|盒|袋|条|提|箱|件|支|板|卷|托|杯|碗|套|组")
_BEHIND = re.compile(r"(.+)\((.+)\)")
# To grams and millilitres; everything else is counted.
_NET = {
    **dict.fromkeys(("kg", "千克", "公斤"), ("g", Decimal(1000))),
    **dict.fromkeys(("斤", "市斤"), ("g", Decimal(500))),
    **dict.fromkeys(("g", "克"), ("g", Decimal(1))),
    **dict.fromkeys(("mg", "毫克"), ("g", Decimal("0.001"))),
    **dict.fromkeys(("l", "升"), ("ml", Decimal(1000))),
    **dict.fromkeys(("ml", "毫升"), ("ml", Decimal(1))),
}
CONTENT = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(sorted(_NET, key=len, reverse=True))})(?![a-z])")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack text; ``10片*2板/盒`` holds 20 pieces in a 盒.

    Attributes:
        content: What one piece holds (``500`` of ``500ml*24瓶``); None where the text does not say.
        content_unit: ``g``, ``kg``, ``mg``, ``ml``, ``l``, or 抽 (sheets).
        counts: Counts from inside out with their units; a unit may be empty (``1*24``).
        outer: The outermost pack.
    """

    content: Decimal | None
    content_unit: str
    counts: tuple[tuple[int, str], ...]
    outer: str

    @property
    def pieces(self) -> int:
        """Pieces in the outermost pack."""
        total = 1
        for count, _ in self.counts:
            total *= count
        return total

    def __str__(self) -> str:
        content = [] if self.content is None else [f"{self.content.normalize():f}{self.content_unit}"]
        text = "*".join([*content, *(f"{count}{unit}" for count, unit in self.counts)])
        return f"{text}/{self.outer}" if self.outer else text


@lru_cache(maxsize=65536)
def parse_pack(text: str) -> Pack:
    """Read ``500ml*24瓶/箱``, ``0.25g×24粒``, ``10片*2板/盒``, ``1x24``, ``500ml（24瓶/箱）``.

    Raises:
        ValueRefused: ``unknown_unit``.
    """
    spaced = re.sub(r"\s*([*×xX/()])\s*", r"\1", parse_form(text))
    kept = spaced.lower().replace("×", "*").replace("x", "*")
    behind = _BEHIND.fullmatch(kept)
    kept = f"{behind[1]}*{behind[2]}" if behind else kept
    inside, slash, outer = kept.partition("/")
    if slash and not _OUTER.fullmatch(outer):
        raise ValueRefused("unknown_unit")
    parts = inside.split("*")
    if len(parts) > 1 and _MEASURED.fullmatch(parts[-1]):  # 24瓶*500ml
        parts = [parts[-1], *parts[:-1]]
    measured = _MEASURED.fullmatch(parts[0])
    counts = [_count(part) for part in (parts[1:] if measured else parts)]
    content = Decimal(measured[1]) if measured else None
    if content == 0 or (not measured and len(counts) == 1 and not counts[0][1]):
        raise ValueRefused("unknown_unit")
    unit = _MEASURES.get(measured[2], measured[2]) if measured else ""
    return Pack(content, unit, tuple(counts), outer)


def _count(part: str) -> tuple[int, str]:
    counted = _COUNTED.fullmatch(part)
    if not counted or not int(counted[1]):
        raise ValueRefused("unknown_unit")
    return int(counted[1]), counted[2]


@lru_cache(maxsize=1 << 17)
def net_content(text: str) -> str:
    """The net content of one piece as amount and measure (``500ml``, ``250g``); empty where none is stated or two disagree."""
    found = {(Decimal(size) * _NET[word][1], _NET[word][0]) for size, word in CONTENT.findall(match_form(text))}
    if len(found) != 1:
        return ""
    size, measure = found.pop()
    return f"{format(size.normalize(), 'f')}{measure}"


def base_quantity(
    quantity: Decimal, unit: str, *, each_unit: str, pack_unit: str, pack_size: int, meanings: Mapping[str, Meaning] | None = None
) -> Decimal:
    """A quantity in single pieces.

    Args:
        quantity: In ``unit``.
        unit: As the source writes it.
        each_unit: The product's unit of a single piece.
        pack_unit: The product's unit of a case.
        pack_size: Pieces in a case.
        meanings: What the source means by units of its own, such as 件; they come before the product's.

    Raises:
        ValueRefused: ``unknown_unit`` if ``unit`` is neither the source's nor the product's.
    """
    meaning = (meanings or {}).get(unit) or {pack_unit: "case", each_unit: "each"}.get(unit)
    if meaning is None:
        raise ValueRefused("unknown_unit")
    return quantity * pack_size if meaning == "case" else quantity
