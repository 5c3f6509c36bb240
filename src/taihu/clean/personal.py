"""Personal values become tokens before anything else sees them.

One person must give one token, so a value is brought into one form first: digits of a phone number, a mail address in lower
case, a name without blanks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taihu.china.characters import parse_form
from taihu.china.phones import canonical_phone
from taihu.china.refused import ValueRefused

Tokenizer = Callable[[str, str], str]


def personal_form(kind: str, text: str) -> str:
    """The form of a personal value that its token is made from."""
    kept = "".join(parse_form(text).split())
    if kind != "contact":
        return kept
    if "@" in kept:
        return kept.lower()
    try:
        return canonical_phone(kept)
    except ValueRefused:
        return kept


def tokens(values: Sequence[str | None], kind: str, tokenizer: Tokenizer) -> list[str | None]:
    """The token of each value, asked once per distinct value."""
    known: dict[str, str] = {}
    for value in values:
        if value is not None and value not in known:
            known[value] = tokenizer(kind, personal_form(kind, value))
    return [None if value is None else known[value] for value in values]
