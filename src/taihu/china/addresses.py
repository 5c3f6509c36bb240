"""From an address to the code of its division, as deep as the text is sure of it.

Address parsers guess: they read 上海南京西路 as Nanjing and put a bare 朝阳区 into one of its four cities. Here a name counts only below
the province or city that the text names, a bare name only if the country has one of it, a short name (昆山) never before 路 or 大厦; an
address that contradicts itself is refused. What stands behind the division is kept as it is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from taihu.china.characters import parse_form, simplified
from taihu.china.divisions import MUNICIPALITIES, Division, Divisions, packaged_divisions
from taihu.china.refused import ValueRefused

_FRONT = re.compile(r"(?:\d{6}\s*(?=[^\d\s]))?(?:中华人民共和国|中国)?")
_APART = " /,、-·|"
_FILLER = re.compile(r"市辖区|(?:省|自治区)直辖县级行政区划")
_NOT_A_PLACE = re.compile(
    r"[省市区县州盟旗镇乡村]|[东南西北中]?[一二三四五]?(?:路|街|道|大道|巷|弄|里|桥|站)"
    r"|大厦|大楼|广场|机场|火车站|酒店|宾馆|饭店|大学|学院|医院|公园|[江河湖山寺](?![一-鿿]{0,3}[市区县州])"
)
_LIKE_A_PLACE = re.compile(r"[^\d路街道号弄巷镇乡村园\s]{1,7}?(?:自治州|自治县|[市县旗区])(?!场)")
_NO_DIVISION = re.compile(
    r".*(?:(?:开发|新|保税|度假|示范|管理|合作|商务|高新|经开|实验|小|社|厂|校|景|街|片|库|山|市|城|住宅|生活)区|超市|门市|夜市|都市|城市)"
)
_COMMON = "东方 永康 永安 安宁 瑞安 福安 高安 天长 明光 新乐 兴平 海安 龙口 新星 白杨 双河 大安 同江 安达 启东"
_WORDS = frozenset(_COMMON.split())
_UNDIVIDED = ("71", "81", "82")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an address is.

    Attributes:
        division: The deepest division that the text names for sure.
        province: Code of the province.
        city: Code of the city; empty where the text names none, or the division is ruled by the province itself.
        detail: What stands behind, as it was written.
    """

    division: Division
    province: str
    city: str
    detail: str


@lru_cache(maxsize=65536)
def parse_address(text: str, day: dt.date | None = None) -> Address:
    """Read the division of an address.

    Args:
        text: A cell.
        day: The day whose divisions are wanted; without it, names mean what they mean now, and former ones what they meant.

    Raises:
        ValueRefused: ``unknown_place`` or ``ambiguous_place``.
    """
    table = packaged_divisions()
    written = parse_form(text)
    kept = simplified(written)
    if len(kept) == len(written):  # OpenCC knows 乾 as traditional, and 乾县 is called so
        kept = "".join(old if old == "乾" else new for old, new in zip(written, kept, strict=True))
    else:
        written = kept
    reader = _Reader(table, kept, day)
    division = reader.read()
    if day is not None:
        division = table.current(division, day)
    above = [division.code, *table.above(division)]
    city = next((code for code in above if code.endswith("00") and not code.endswith("0000")), "")
    return Address(division, above[-1], city, written[reader.place :])


def leading_place(text: str) -> str:
    """The divisions that a company's name begins with; empty if it begins with none.

    Raises:
        ValueRefused: ``ambiguous_place`` for a short name that is a common word, too (东方).
    """
    reader = _Reader(packaged_divisions(), text, None)
    reader.levels()
    if reader.place == 0 and text[:2] in _WORDS:
        raise ValueRefused("ambiguous_place")
    if reader.place == 0:
        reader.take_county_city()
    return text[: reader.place]


class _Reader:
    """Goes through an address level by level."""

    def __init__(self, table: Divisions, text: str, day: dt.date | None) -> None:
        self._table, self._text, self._day = table, text, day
        front = _FRONT.match(text)
        self.place = front.end() if front else 0

    def levels(self) -> tuple[Division | None, Division | None]:
        """The county and what stands above it, as far as the text names them."""
        province = self._take(lambda each: not each.parent)
        if province:
            self._take(lambda each: each == province)  # 上海上海市
        city = None
        if not province or province.code not in MUNICIPALITIES:
            city = self._take(lambda each: self._is_city(each) and self._below(each, province))
        elif province.code == "500000" and self._text.startswith("县", self.place):
            self.place += 1
        above = city or province
        county = self._take(lambda each: self._is_county(each) and self._below(each, above), is_full=above is None)
        return county, above

    def read(self) -> Division:
        county, above = self.levels()
        found = county or above
        if found is None:
            raise ValueRefused("unknown_place")
        if county is None and found.code[:2] not in _UNDIVIDED:
            self._refuse_contradictions()
        return found

    def _take(self, wanted: Callable[[Division], bool], *, is_full: bool = False) -> Division | None:
        """The division that the text goes on with, the longest name first."""
        while self._text[self.place : self.place + 1] in _APART and self.place < len(self._text):
            self.place += 1
        filler = _FILLER.match(self._text, self.place)
        if filler:
            self.place = filler.end()
        for name in self._table.beginning.get(self._text[self.place : self.place + 2], ()):
            if not self._text.startswith(name, self.place):
                continue
            end = self.place + len(name)
            found = [each for each in self._table.named[name] if wanted(each)]
            full = [each for each in found if each.name == name]
            if not full and (is_full or _NOT_A_PLACE.match(self._text, end)):
                continue
            if found:
                self.place = end
                return self._one(full or found)
        return None

    def take_county_city(self) -> Division | None:
        """A county-level city by its short name (昆山), as company names begin with it."""
        return self._take(lambda each: self._is_county(each) and each.name.endswith("市"))

    def _one(self, found: list[Division]) -> Division:
        """The only one of several with a name: the one of the day, or the one that still is."""
        day = self._day
        now = [each for each in found if (each.valid_on(day) if day else each.valid_to is None)] or found
        if len(now) > 1:
            raise ValueRefused("ambiguous_place")
        return now[0]

    def _is_city(self, each: Division) -> bool:
        return bool(each.parent) and each.code.endswith("00")

    def _is_county(self, each: Division) -> bool:
        return not each.code.endswith("00")

    def _below(self, each: Division, above: Division | None) -> bool:
        return above is None or above.code in self._table.above(each)

    def _refuse_contradictions(self) -> None:
        """A name that looks like a division and is none of this place: 上海市朝阳区, 北京市海甸区."""
        found = _LIKE_A_PLACE.match(self._text, self.place)
        if found and not _NO_DIVISION.fullmatch(found[0]):
            raise ValueRefused("unknown_place")
