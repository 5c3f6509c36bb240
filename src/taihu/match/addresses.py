"""The parts of an address that two lists agree on when they mean one door: city, street, number, room. Only for match keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from taihu.china.characters import match_form
from taihu.match.places import split_place

_DISTRICT = re.compile(r"^.{1,5}?(?:自治县|开发区|工业园区|高新区|新区|园区|区|县|旗)(?=..)")
_MARKS = re.compile(r"[^\w]|_")
_DOOR = re.compile(r"(\D*?)(\d+)(.*)")


@dataclass(frozen=True, slots=True)
class Address:
    """Parts as match forms; an absent part is empty.

    Attributes:
        place: City, or province where no city is named.
        street: The last characters before the number; they are what is left of a street in every way of writing it.
        number: The first number.
        room: All further digits.
    """

    place: str
    street: str
    number: str
    room: str


@lru_cache(maxsize=1 << 18)
def address_parts(text: str) -> Address:
    """Take an address apart as far as comparing needs it."""
    place, rest = split_place(match_form(text))
    rest = _DISTRICT.sub("", rest)
    found = _DOOR.match(rest)
    if not found:
        return Address(place, _MARKS.sub("", rest)[-4:], "", "")
    before, number, behind = found.groups()
    behind = re.sub(r"^-\d+", "", behind)
    return Address(place, _MARKS.sub("", before)[-3:], number, "".join(re.findall(r"\d+", behind)))
