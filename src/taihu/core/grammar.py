"""English counts as people say them: sentences are written for many, and one is not many."""

from __future__ import annotations

import re

_ONE = re.compile(
    r"(?<![\d.,])1 (?P<kind>(?:hidden |missing )?)(?P<noun>rows|files|days|keys|places|sources|parties|questions|members|texts)\b"
    r"(?P<verb> (?:lie|are|have|were|do))?"
)
_VERBS = {"lie": "lies", "are": "is", "have": "has", "were": "was", "do": "does"}


def singular(text: str) -> str:
    """An English sentence in which ``1 rows are`` reads ``1 row is``."""
    return _ONE.sub(_singular, text) if "1 " in text else text


def _singular(match: re.Match[str]) -> str:
    noun = "party" if match["noun"] == "parties" else match["noun"].removesuffix("s")
    verb = f" {_VERBS[match['verb'].strip()]}" if match["verb"] else ""
    return f"1 {match['kind']}{noun}{verb}"
