"""Unified social credit codes (GB 32100-2015): 18 characters with a check character, around an organisation code with its own."""

from __future__ import annotations

from taihu.china.characters import parse_form
from taihu.china.refused import ValueRefused

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = [pow(3, place, 31) for place in range(17)]
_INNER_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_AUTHORITIES = frozenset("1235679AENY")


def canonical_uscc(text: str) -> str:
    """The code in half-width upper case without blanks; nothing is checked."""
    return "".join(parse_form(text).split()).upper()


def check_character(first17: str) -> str:
    """The 18th character that belongs to the first seventeen."""
    total = sum(_VALUE[character] * weight for character, weight in zip(first17, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def organisation_check_character(first8: str) -> str:
    """The check character of the organisation code inside (GB 11714): digits count as themselves, letters from ten."""
    total = sum(_INNER_ALPHABET.index(character) * weight for character, weight in zip(first8, _INNER_WEIGHTS, strict=True))
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def is_uscc(text: str) -> bool:
    """True if the code's length, alphabet, authority, inner and outer check characters are right."""
    code = canonical_uscc(text)
    if len(code) != 18 or any(character not in _VALUE for character in code) or code[0] not in _AUTHORITIES:
        return False
    if not code[2:8].isdecimal():
        return False
    return code[16] == organisation_check_character(code[8:16]) and code[17] == check_character(code[:17])


def parse_uscc(text: str) -> str:
    """The code in its one form.

    Raises:
        ValueRefused: ``invalid_code``.
    """
    if not is_uscc(text):
        raise ValueRefused("invalid_code")
    return canonical_uscc(text)
