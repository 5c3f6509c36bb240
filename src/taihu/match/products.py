"""Products: barcode first, then what name and specification say. Two of them with different net content are never one.

A pack of 500 ml and one of 550 ml differ in two characters and are two products; so the net content, taken from specification and name,
is a limit that neither a barcode nor a person sets aside. Flavour and number of pieces keep products apart as well, but a person may
say that a list was wrong there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from taihu.china.characters import match_form
from taihu.china.units import CONTENT, net_content
from taihu.manifest.matching import ATTRIBUTES
from taihu.match.resolve import Kind, Record, attribute, text_table
from taihu.match.scoring import Comparison, Level, Model

if TYPE_CHECKING:
    import pyarrow as pa

_PIECES = re.compile(r"(\d+)(片|粒|丸|袋|支|枚|抽|只|颗|贴|包|瓶|罐|听|盒|板|条|块|张|卷|双|套)")
_TIMES = re.compile(r"(?<=[^\W\d])[*x×](\d+)|(?<!\d)(\d+)[*x×](?=\d)")
_FLAVOUR = re.compile(r"([\u4e00-\u9fff]{1,4}?)(?:口味|味)")
_MARKS = re.compile(r"[^\w]|_")


def pieces(text: str) -> str:
    """The stated counts of pieces, inside out (``10片`` and ``2板``); empty where none is stated."""
    plain = CONTENT.sub("量", match_form(text))
    counted = [f"{int(count)}{word}" for count, word in _PIECES.findall(plain)]
    bare = [str(int(one or other)) for one, other in _TIMES.findall(plain)]
    return "*".join(counted or bare)


def valid_barcode(text: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits with a right check digit (GB 12904), as 14 digits; empty for anything else."""
    code = match_form(text)
    if not (code.isascii() and code.isdigit() and len(code) in (8, 12, 13, 14)) or not code.strip("0"):
        return ""
    digits = [int(digit) for digit in code.zfill(14)]
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[:13]))
    return code.zfill(14) if (10 - total % 10) % 10 == digits[13] else ""


def comparable(records: Sequence[Record]) -> pa.Table:
    """The columns that the model compares, one row a record; what is absent or not valid is null."""
    import pyarrow as pa

    names, specs = attribute(records, "name"), attribute(records, "spec")
    bare = [_bare(name) for name in names]
    brands = [match_form(text) for text in attribute(records, "brand")]
    columns = {
        "barcode": [valid_barcode(text) for text in attribute(records, "barcode")],
        "content": [net_content(spec) or net_content(name) for name, spec in zip(names, specs, strict=True)],
        "pieces": [pieces(spec) or pieces(name) for name, spec in zip(names, specs, strict=True)],
        "flavour": [(_FLAVOUR.findall(match_form(name)) or [""])[-1] for name in names],
        "brand": brands,
        "bare": bare,
        "front": [name[:2] for name in bare],
        "back": [name[-2:] for name in bare],
    }
    twos = pa.array([sorted({name[place : place + 2] for place in range(max(len(name) - 1, 1))}) for name in bare], pa.list_(pa.string()))
    return text_table([record.id for record in records], columns).append_column("twos", twos)


@lru_cache(maxsize=1 << 17)
def _bare(name: str) -> str:
    """The name without sizes and marks."""
    plain = _TIMES.sub("", _PIECES.sub("", CONTENT.sub("", match_form(name))))
    return _MARKS.sub("", re.sub(r"/.?$", "", plain))


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _comparison(column: str, *levels: Level, rest: tuple[float, float]) -> Comparison:
    return Comparison(column, f"{column}_l IS NULL OR {column}_r IS NULL", levels, Level("", *rest))


_COMMON = "len(list_intersect(twos_l, twos_r))"
_LIKE = f"{_COMMON} / (len(twos_l) + len(twos_r) - {_COMMON})"
_MODEL = Model(
    comparisons=(
        _comparison("barcode", Level(_equal("barcode"), 0.97, 0.0005), rest=(0.03, 0.9995)),
        _comparison("content", Level(_equal("content"), 0.999, 0.1, "content"), rest=(0.001, 0.9)),
        _comparison("pieces", Level(_equal("pieces"), 0.95, 0.15, "pieces"), rest=(0.05, 0.85)),
        _comparison("flavour", Level(_equal("flavour"), 0.98, 0.15), rest=(0.02, 0.85)),
        _comparison("brand", Level(_equal("brand"), 0.95, 0.05, "brand"), rest=(0.05, 0.95)),
        _comparison(
            "bare",
            Level(_equal("bare"), 0.6, 0.0002, "bare"),
            Level(f"{_LIKE} >= 0.75", 0.15, 0.0005),
            Level(f"{_LIKE} >= 0.5", 0.12, 0.003),
            Level(f"{_LIKE} >= 0.3", 0.08, 0.02),
            rest=(0.05, 0.976),
        ),
    ),
    candidates=(("barcode",), ("bare",), ("front", "content"), ("back", "content"), ("brand", "content"), ("brand", "front")),
    partners=1.0,
)

PRODUCT = Kind(
    "product",
    attributes=ATTRIBUTES["product"],
    comparable=comparable,
    model=_MODEL,
    keys=(("barcode",),),
    exclusive=("barcode", "flavour", "pieces"),
    strict=("content",),
)
