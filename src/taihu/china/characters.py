"""Characters that look alike: one form for parsing.

Senders mix full-width digits, several dashes, zero-width marks and spaces of a dozen widths. Only *parsing* uses this form;
text that is shown or stored keeps its own characters, because wholesale NFKC changes meanings (``m²`` would become ``m2``).
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"), "-")
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_SPACES = dict.fromkeys([0x00A0, 0x3000, *range(0x2000, 0x200B), 0x202F, 0x205F], " ")
_LOOKALIKES = str.maketrans({"○": "〇", "〜": "~", "～": "~"})
_ALL = _FULL_WIDTH | _DASHES | _INVISIBLE | _SPACES | _LOOKALIKES

_DIGITS = ("〇零", "一壹弌幺", "二贰两貳兩弍", "三叁參弎", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
DIGITS = {character: value for value, group in enumerate(_DIGITS) for character in group}


def parse_form(text: str) -> str:
    """``text`` with half-width characters, plain dashes and spaces, without invisible marks, stripped."""
    return text.strip() if text.isascii() else text.translate(_ALL).strip()


@lru_cache(maxsize=65536)
def match_form(text: str) -> str:
    """A key for comparing names: :func:`parse_form`, NFKC, Traditional to Simplified, without case and white space.

    For keys only, never for values: NFKC turns ``m²`` into ``m2`` and ``10⁵`` into ``105``, and the simplified form of a name is not the
    name. OpenCC's ``t2s`` changes characters one by one; its regional variants rewrite words and are not used.
    """
    return "".join(simplified(unicodedata.normalize("NFKC", parse_form(text))).casefold().split())


def simplified(text: str) -> str:
    """``text`` in simplified characters, one by one; for comparing only."""
    return text if text.isascii() else str(_simplifier().convert(text))


@cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def header_form(text: str) -> str:
    """A header for comparison: :func:`parse_form` without any white space."""
    return "".join(parse_form(text).split())


def stored_form(text: str) -> str:
    """A text cell as it is stored: without what Excel and platforms put around ids (``'``, ``="…"``, a TAB) and stray blanks."""
    kept = text.translate(_INVISIBLE).strip().strip("\t\u00a0\u3000 ")
    if kept.startswith('="') and kept.endswith('"') and len(kept) > 3:
        kept = kept[2:-1].strip()
    return kept[1:].strip() if kept.startswith("'") else kept
