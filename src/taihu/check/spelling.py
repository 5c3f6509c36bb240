"""Spelling inside one column: rare words beside the frequent ones they resemble, and values of an unusual form.

For columns that follow from no other. A word that occurs once and is one typing mistake away from a word that occurs hundreds of
times is most probably that word; where nearly all values have one of a few forms (digits and a per-cent sign), a value of another
form is named without a proposal. Numbers are never compared by spelling: 72 is no misspelling of 73. Chinese words are left to
the votes of their rows, because names that differ in one character are different names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A value that its column contradicts; ``proposed`` is None where only its form is unusual. ``rows`` have the usual spelling."""

    row: int
    proposed: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What counts as usual: how often a word must be beside its misspelling, and how rare a form and how regular a column must be."""

    ratio: float = 70.0
    rare_form: float = 0.01
    common_form: float = 0.05
    regular: float = 0.9


def closeness(one: str, other: str) -> float:
    """How probable it is that one spelling is a slip of the other: 1 for one mistake, less for more, 0 beyond.

    A mistake is a character put in, left out, changed, or two neighbours exchanged (Damerau 1964); one for each four characters
    at most. A number beside another number is no slip of spelling unless a group of rows speaks for it.
    """
    longest = max(1, max(len(one), len(other)) // 4)
    mistakes = distance(one, other, longest)
    return 0.0 if mistakes > longest else 0.3 ** (mistakes - 1) if mistakes else 1.0


def distance(one: str, other: str, most: int) -> int:
    """Optimal string alignment distance; ``most`` + 1 where it is larger than ``most``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        this = [row] + [0] * len(other)
        for place, right in enumerate(other, 1):
            this[place] = min(last[place] + 1, this[place - 1] + 1, last[place - 1] + (left != right))
            if row > 1 and place > 1 and left == other[place - 2] and one[row - 2] == right:
                this[place] = min(this[place], before[place - 2] + 1)
        if min(this) > most:
            return most + 1
        before, last = last, this
    return last[-1]


def misspellings(values: Sequence[str | None], usual: Usual | None = None) -> list[Misspelling]:
    """The values of one column that are spelled or formed unlike the others.

    Args:
        values: One value a row; nulls are passed over.
    """
    usual = usual or Usual()
    counted = Counter(value for value in values if value is not None)
    judged = {**_odd_forms(counted, usual), **_odd_words(counted, usual)}
    return [Misspelling(row, *judged[value]) for row, value in enumerate(values) if value is not None and value in judged]


def _odd_words(counted: Counter[str], usual: Usual) -> dict[str, tuple[str | None, int]]:
    words: Counter[str] = Counter()
    for value, rows in counted.items():
        for word in set(_WORD.findall(value)):
            words[word] += rows
    frequent = [word for word, rows in words.items() if rows >= usual.ratio and _is_spelled(word)]
    repaired = {}
    for word, rows in words.items():
        near = [
            (words[other], other) for other in frequent if words[other] >= usual.ratio * rows and other != word and _are_near(word, other)
        ]
        if near:
            repaired[word] = max(near)[1]
    odd: dict[str, tuple[str | None, int]] = {}
    for value in counted:
        if any(word in repaired for word in _WORD.findall(value)):
            said = _WORD.sub(lambda found: repaired.get(found[0], found[0]), value)
            odd[value] = (said, min(words[repaired[word]] for word in _WORD.findall(value) if word in repaired))
    return odd


def _are_near(word: str, other: str) -> bool:
    return bool(_LETTERS.search(word)) and len(other) > 2 and closeness(word, other) > 0


def _is_spelled(word: str) -> bool:
    return word.isascii() and word.isalpha()


def _odd_forms(counted: Counter[str], usual: Usual) -> dict[str, tuple[str | None, int]]:
    forms: Counter[str] = Counter()
    for value, rows in counted.items():
        forms[form(value)] += rows
    total = sum(forms.values())
    common = sum(rows for rows in forms.values() if rows >= usual.common_form * total)
    if not total or common < usual.regular * total:
        return {}
    most = max(forms.values())
    return {value: (None, most) for value in counted if forms[form(value)] <= usual.rare_form * total}


def form(value: str) -> str:
    """The form of a value: runs of digits as 9, runs of letters as a, everything else as it is."""
    return _LETTERS.sub("a", _DIGITS.sub("9", value))
