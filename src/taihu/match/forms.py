"""The form in which texts are compared: width, script and case do not count, marks and spaces neither.

NFKC and traditional to simplified change values (``m²``, names of people), so this form is a key to compare by; it is never
shown and never stored in place of the text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

_BEFORE = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "〜": "~", "○": "〇", "\u200b": None, "\ufeff": None, "\u200c": None, "\u2060": None}
)
_TRADITIONAL = re.compile(r"[\u3400-\u9fff]")
_SPACES = re.compile(r"\s+")


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def match_form(text: str) -> str:
    """One form of what people take for the same text; brackets and dashes stay, spaces go."""
    plain = unicodedata.normalize("NFKC", text.translate(_BEFORE))
    if _TRADITIONAL.search(plain):
        plain = _to_simplified().convert(plain)
    return _SPACES.sub("", plain).casefold()
