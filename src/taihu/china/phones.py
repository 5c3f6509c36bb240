"""Phone numbers in one form, so that one person gives one token."""

from __future__ import annotations

import re

from taihu.china.characters import parse_form
from taihu.china.refused import ValueRefused

_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|-)(\d{1,6})$", re.IGNORECASE)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}")
_SERVICE = re.compile(r"[48]00\d{7}|95\d{3,4}|1\d{4}")


def canonical_phone(text: str) -> str:
    """Digits only: a mobile, a landline with its area code, or a service number; an extension stays behind ``-``.

    Raises:
        ValueRefused: ``invalid_number``, also for masked numbers.
    """
    kept = parse_form(text)
    whole = _digits(kept)
    if whole:
        return whole
    extension = _EXTENSION.search(kept)
    base = _digits(kept[: extension.start()]) if extension else None
    if extension is None or base is None:
        raise ValueRefused("invalid_number")
    return f"{base}-{extension[1]}"


def is_mobile(text: str) -> bool:
    """True for a complete mobile number of the mainland."""
    digits = _digits(parse_form(text))
    return bool(digits and _MOBILE.fullmatch(digits))


def _digits(text: str) -> str | None:
    if not re.fullmatch(r"[\d\s()+.-]+", text):
        return None
    digits = re.sub(r"\D", "", text)
    for prefix in ("0086", "86"):
        rest = digits.removeprefix(prefix)
        for national in (rest, "0" + rest):
            if rest != digits and (_MOBILE.fullmatch(national) or _LANDLINE.fullmatch(national)):
                return national
    return digits if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) or _SERVICE.fullmatch(digits) else None
