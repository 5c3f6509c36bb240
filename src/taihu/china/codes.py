"""Numbers that carry their own proof: citizens' ids, bank cards, barcodes; and the forms of invoice and licence numbers.

A check digit tells a slip of the hand from another number. There is deliberately no table of regions for citizens' ids: the published ones
lack codes of people who live, and refuse a third of the valid numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from taihu.china.characters import parse_form, stored_form
from taihu.china.refused import ValueRefused

_ID_WEIGHTS = [2**place % 11 for place in range(17, 0, -1)]
_ID_CHECKS = "10X98765432"
_ID = re.compile(r"[1-9]\d{5}(19|20)\d{9}[\dX]")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_ELECTRONIC_INVOICE = re.compile(r"\d{20}")
_PAPER_INVOICE = re.compile(r"(\d{12}|\d{10})(\d{8})")
_LICENCES = {
    "drug": re.compile(r"国药准字[HZSJBFT]\d{8}"),
    "device": re.compile(r"[国一-鿿]械(?:注[准进许]\d{11}|备\d{8,11}号?)"),
    "food production": re.compile(r"SC\d{14}"),
    "food trade": re.compile(r"JY\d{14}"),
}


def _compact(text: str) -> str:
    return re.sub(r"[\s-]", "", parse_form(stored_form(text))).upper()


def parse_id_number(text: str) -> str:
    """The 18 characters of a citizen's id (GB 11643-1999): date of birth and check character are right.

    Raises:
        ValueRefused: ``invalid_code``, also for masked numbers and those of fifteen digits.
    """
    code = _compact(text)
    if not _ID.fullmatch(code):
        raise ValueRefused("invalid_code")
    try:
        dt.date.fromisoformat(code[6:14])
    except ValueError:
        raise ValueRefused("invalid_code") from None
    if code[17] != id_check_character(code[:17]):
        raise ValueRefused("invalid_code")
    return code


def id_check_character(first17: str) -> str:
    """The 18th character that belongs to the first seventeen (ISO 7064, MOD 11-2)."""
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def parse_bank_card(text: str) -> str:
    """The digits of a bank card (ISO/IEC 7812, Luhn); accounts of companies have no such digit and are none.

    Raises:
        ValueRefused: ``invalid_code``.
    """
    code = _compact(text)
    if not (code.isascii() and code.isdecimal() and 13 <= len(code) <= 19) or code[0] == "0":
        raise ValueRefused("invalid_code")
    total = sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(reversed(code)))
    if total % 10:
        raise ValueRefused("invalid_code")
    return code


def parse_barcode(text: str) -> str:
    """The digits of a barcode: EAN-13, EAN-8, UPC-A or the fourteen of a case (GTIN-14), with the right check digit.

    Raises:
        ValueRefused: ``invalid_code``.
    """
    code = _compact(text)
    if not (code.isascii() and code.isdecimal() and len(code) in _GTIN_LENGTHS) or code[-1] != barcode_check_digit(code[:-1]):
        raise ValueRefused("invalid_code")
    return code


def barcode_check_digit(digits: str) -> str:
    """The last digit that belongs to the ones before it (GS1, GB 12904)."""
    return str(-sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits))) % 10)


def is_chinese_barcode(code: str) -> bool:
    """True for an EAN-13 that was issued in China: 690 to 699."""
    return len(code) == 13 and code.startswith("69")


@dataclass(frozen=True, slots=True)
class InvoiceNumber:
    """A fapiao's code (empty since invoices are fully electronic) and number."""

    code: str
    number: str


def parse_invoice_number(text: str) -> InvoiceNumber:
    """Twenty digits of a fully electronic invoice, or the ten or twelve of the code with the eight of the number.

    Raises:
        ValueRefused: ``invalid_code``; twenty digits of a code and a number joined by hand look like an electronic one only
            if the code has twelve, so those need a mark between them.
    """
    kept = parse_form(stored_form(text))
    joined = re.fullmatch(r"(\d{10}|\d{12})[\s/-]+(\d{8})", kept)
    if joined:
        return InvoiceNumber(joined[1], joined[2])
    code = "".join(kept.split())
    if _ELECTRONIC_INVOICE.fullmatch(code) and "21" <= code[:2] <= "99":  # it begins with the year; the first are of 2021
        return InvoiceNumber("", code)
    paper = _PAPER_INVOICE.fullmatch(code)
    if paper and len(code) == 18:
        return InvoiceNumber(paper[1], paper[2])
    raise ValueRefused("invalid_code")


def parse_licence(text: str) -> tuple[str, str]:
    """The kind of a licence number (drug, device, food production, food trade) and its plain form.

    Raises:
        ValueRefused: ``invalid_code``.
    """
    code = _compact(text)
    for kind, pattern in _LICENCES.items():
        if pattern.fullmatch(code):
            return kind, code
    raise ValueRefused("invalid_code")
