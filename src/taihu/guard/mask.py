"""How a personal value is shown to somebody who may know that it is there, and nothing more. For display only, never a key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_TWO_CHARACTER_SURNAME: Final = re.compile("欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|夏侯|端木|百里|南宫|独孤")


def mask_phone(value: str) -> str:
    """``138****5678``; anything that is not long enough to keep both ends shows its last two digits at most."""
    digits = re.sub(r"\D", "", value)
    if len(digits) >= 11:
        digits = digits[-11:]
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 2, 4) + (digits[-2:] if len(digits) > 6 else "")


def mask_name(value: str) -> str:
    """``张*``, ``欧阳*``; a Latin name keeps its first letter."""
    name = value.strip()
    if not name:
        return ""
    kept = 2 if _TWO_CHARACTER_SURNAME.match(name) and len(name) > 2 else 1
    return name[:kept] + "*"


def mask_mail(value: str) -> str:
    """``l***@company.example``."""
    local, at, domain = value.strip().rpartition("@")
    if at and not local:
        return "****"
    return f"{local[:1]}***@{domain}" if at else mask_name(value)


def mask_contact(value: str) -> str:
    """A mail address or a phone number."""
    return mask_mail(value) if "@" in value else mask_phone(value)


def mask_number(value: str) -> str:
    """An identity or account number: its last four places, if it has more than eight."""
    number = re.sub(r"\s", "", value)
    return "****" + (number[-4:] if len(number) > 8 else "")


def mask_address(value: str) -> str:
    """Province and city: the first six characters at most, never more than half."""
    address = value.strip()
    return address[: min(6, len(address) // 2)] + "***" if address else ""


_KINDS: Final[dict[str, Callable[[str], str]]] = {
    "contact": mask_contact,
    "person": mask_name,
    "address": mask_address,
    "account": mask_number,
    "identity": mask_number,
}


def mask(kind: str, value: str) -> str:
    """Mask a value by its kind, as ``personal:`` in ``source.yml`` names it; an unknown kind shows nothing."""
    known = _KINDS.get(kind)
    return known(value) if known else "****"
