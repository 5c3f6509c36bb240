"""Dirty relations with dependencies and known truth, of random shape: what the voting's constants are fixed on.

Firms with several keys and attributes of their own, topics with a code and a text, a value for each pair of area and topic, and
free columns that follow from nothing. Mistakes are typing slips of one or two characters or values of another row. Nothing here
is taken from any published table: names, domains, rates and numbers of rows are drawn.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

import pyarrow as pa

from taihu.check.voting import Dependency

HANZI = "华东南北中科信和恒鑫源达兴隆盛德祥瑞丰泰安康宁福海江山林春秋光明正大新世纪"
RULES = [
    Dependency(("firm_number",), ("phone", "firm_name", "street", "town", "area", "post_code", "kind", "is_open")),
    Dependency(("phone",), ("firm_number", "firm_name", "street", "town", "area", "post_code", "kind", "is_open")),
    Dependency(("post_code",), ("town", "area")),
    Dependency(("topic_code",), ("topic_text", "topic_group")),
    Dependency(("topic_text",), ("topic_code", "topic_group")),
    Dependency(("area", "topic_code"), ("area_value",)),
]
FREE = ["result", "counted"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A dirty table, and the true value of each wrong cell."""

    rows: pa.Table
    truth: dict[tuple[int, str], str]


def relation(seed: int, *, rows: int | None = None, rate: float | None = None) -> Relation:
    """A table of a random shape."""
    rng = random.Random(f"relation:{seed}")
    chinese = seed % 3 == 2
    wanted = rows or rng.randint(300, 2500)
    clean = _clean(rng, wanted, chinese)
    dirty, truth = _spoiled(rng, clean, rate or rng.uniform(0.005, 0.05))
    files = [f"F{rng.randrange(rng.randint(1, 9)):02}" for _ in range(wanted)]
    return Relation(pa.table({**dirty, "_src_id": files}), truth)


def _clean(rng: random.Random, rows: int, chinese: bool) -> dict[str, list[str]]:
    areas = [_name(rng, 1, chinese) for _ in range(rng.randint(2, 12))]
    towns = [(_name(rng, 1, chinese), rng.choice(areas)) for _ in range(rng.randint(8, 60))]
    codes = [(_number(rng, 6), *rng.choice(towns)) for _ in range(rng.randint(10, 90))]
    kinds = [_name(rng, 2, chinese) for _ in range(rng.randint(1, 5))]
    firms = []
    for _ in range(max(rows // rng.randint(3, 30), 5)):
        post_code, town, area = rng.choice(codes)
        firm = [_number(rng, 5), _number(rng, 11), _name(rng, rng.randint(2, 4), chinese), _name(rng, 2, chinese)]
        firms.append([*firm, town, area, post_code, rng.choice(kinds), rng.choice(["yes", "no"])])
    topics = [
        (f"{_letters(rng, 2)}-{number}", _name(rng, rng.randint(3, 9), chinese), rng.randrange(5)) for number in range(rng.randint(3, 40))
    ]
    groups = [_name(rng, 2, chinese) for _ in range(5)]
    values = {(area, topic[0]): f"{rng.randint(1, 100)}.{rng.randint(0, 9)}" for area in areas for topic in topics}
    unit = _letters(rng, rng.randint(5, 9))
    made = []
    for _ in range(rows):
        firm, topic = rng.choice(firms), rng.choice(topics)
        free = [f"{rng.randint(0, 100)}%", f"{rng.randint(1, 400)} {unit}"]
        made.append([*firm, topic[0], topic[1], groups[topic[2]], values[firm[5], topic[0]], *free])
    names = ["firm_number", "phone", "firm_name", "street", "town", "area", "post_code", "kind", "is_open"]
    names += ["topic_code", "topic_text", "topic_group", "area_value", *FREE]
    return dict(zip(names, map(list, zip(*made, strict=True)), strict=True))


def _spoiled(rng: random.Random, clean: dict[str, list[str]], rate: float) -> tuple[dict[str, list[str]], dict[tuple[int, str], str]]:
    dirty = {name: list(values) for name, values in clean.items()}
    truth = {}
    for name, values in clean.items():
        for row, value in enumerate(values):
            if rng.random() >= rate:
                continue
            wrong = _slip(rng, value) if rng.random() < 0.7 or name in FREE else rng.choice(values)
            if wrong != value:
                dirty[name][row] = wrong
                truth[row, name] = value
    return dirty, truth


def _slip(rng: random.Random, value: str) -> str:
    """One or two typing mistakes anywhere."""
    for _ in range(1 if rng.random() < 0.85 else 2):
        place = rng.randrange(len(value))
        letter = rng.choice(HANZI if any(one in HANZI for one in value) else string.ascii_lowercase)
        neighbours = value[place : place + 2][::-1]
        value = rng.choice(
            [
                value[:place] + letter + value[place + 1 :],
                value[:place] + letter + value[place:],
                value[:place] + value[place + 1 :],
                value[:place] + neighbours + value[place + 2 :],
            ]
        )
        if not value:
            return letter
    return value


def _letters(rng: random.Random, length: int) -> str:
    return "".join(rng.choice(("bcdfghjklmnprstvw", "aeiou")[place % 2]) for place in range(length))


def _name(rng: random.Random, words: int, chinese: bool) -> str:
    if chinese:
        return "".join(rng.choice(HANZI) for _ in range(words * 2 + 1))
    return " ".join(_letters(rng, rng.randint(4, 9)) for _ in range(words))


def _number(rng: random.Random, digits: int) -> str:
    return str(rng.randint(10 ** (digits - 1), 10**digits - 1))
