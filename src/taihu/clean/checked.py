"""Texts that carry their own proof: the SQL test of their canonical form, and the reader of everything else.

A code is kept in its one form (half-width, upper case, no blanks). Names, addresses and packs keep the text as it came: what they
are compared by, or broken into, is never what is stored.
"""

from __future__ import annotations

from collections.abc import Callable

from taihu.china.addresses import parse_address
from taihu.china.codes import parse_bank_card, parse_barcode, parse_id_number, parse_invoice_number, parse_licence
from taihu.china.names import parse_company_name
from taihu.china.phones import canonical_phone
from taihu.china.refused import ValueRefused
from taihu.china.units import parse_pack
from taihu.china.uscc import parse_uscc
from taihu.engine.types import text_literal

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_INNER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def canonical(kind: str, text: str) -> str:
    """The text as it is kept.

    Args:
        kind: A checked type of the contract.
        text: A cell in its stored form.

    Raises:
        ValueRefused: It is no such thing.
    """
    return _READERS[kind](text)


def _invoice_number(text: str) -> str:
    parsed = parse_invoice_number(text)
    return f"{parsed.code}-{parsed.number}" if parsed.code else parsed.number


def _kept(parse: Callable[[str], object], reason: str | None = None) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            parse(text)
        except ValueRefused as refusal:
            raise ValueRefused(reason or refusal.reason) from None
        return text

    return read


_READERS: dict[str, Callable[[str], str]] = {
    "uscc": parse_uscc,
    "id_number": parse_id_number,
    "bank_card": parse_bank_card,
    "barcode": parse_barcode,
    "licence": lambda text: parse_licence(text)[1],
    "invoice_number": _invoice_number,
    "phone": _kept(canonical_phone),
    "company_name": _kept(parse_company_name),
    "address": _kept(parse_address),
    "pack": _kept(parse_pack, "invalid_pack"),
}


def sql_test(kind: str, text: str) -> str | None:
    """The condition under which a text is a code of this type in its canonical form; None where only Python can tell.

    Args:
        text: The SQL expression of the text.
    """
    test = _TESTS.get(kind)
    return test(text) if test else None


def _value(alphabet: str, text: str, place: int) -> str:
    return f"(instr({text_literal(alphabet)}, substr({text}, {place}, 1)) - 1)"


def _sum(alphabet: str, text: str, places: range, weights: tuple[int, ...]) -> str:
    return " + ".join(f"{weight} * {_value(alphabet, text, place)}" for place, weight in zip(places, weights, strict=True))


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {text_literal(pattern)})"


def _whole(text: str) -> str:
    """A long number that ends in four zeros may have lost its digits in a workbook and wants a closer look."""
    return f"NOT suffix({text}, '0000')"


def _uscc_test(text: str) -> str:
    inner = f"11 - ({_sum(_INNER, text, range(9, 17), _INNER_WEIGHTS)}) % 11"
    outer = _sum(_USCC, text, range(1, 18), tuple(pow(3, place, 31) for place in range(17)))
    form = _matches(text, f"[1235679AENY][{_USCC}][0-9]{{6}}[{_USCC}]{{10}}")
    check = f"substr({text}, 17, 1) = CASE {inner} WHEN 10 THEN 'X' WHEN 11 THEN '0' ELSE CAST({inner} AS VARCHAR) END"
    return f"{form} AND {check} AND (31 - ({outer}) % 31) % 31 = {_value(_USCC, text, 18)}"


def _id_number_test(text: str) -> str:
    number = f"TRY_CAST(substr({text}, 1, 17) AS UBIGINT)"
    total = " + ".join(f"{2 ** (place + 1) % 11} * {_digit(number, place)}" for place in range(17))
    day = f"TRY_CAST(substr({text}, 7, 4) || '-' || substr({text}, 11, 2) || '-' || substr({text}, 13, 2) AS DATE) IS NOT NULL"
    check = f"substr('10X98765432', CAST(({total}) % 11 AS INTEGER) + 1, 1) = substr({text}, 18, 1)"
    return f"{_matches(text, '[1-9][0-9]{5}(19|20)[0-9]{9}[0-9X]')} AND {_whole(text)} AND {day} AND {check}"


def _bank_card_test(text: str) -> str:
    digits = [_digit(f"TRY_CAST({text} AS UBIGINT)", place) for place in range(19)]
    total = " + ".join(f"(2 * {digit}) // 10 + (2 * {digit}) % 10" if place % 2 else digit for place, digit in enumerate(digits))
    return f"{_matches(text, '[1-9][0-9]{12,18}')} AND {_whole(text)} AND ({total}) % 10 = 0"


def _barcode_test(text: str) -> str:
    total = " + ".join(f"{3 if place % 2 else 1} * {_digit(f'TRY_CAST({text} AS UBIGINT)', place)}" for place in range(14))
    return f"{_matches(text, '[0-9]{8}|[0-9]{12,14}')} AND ({total}) % 10 = 0"


def _digit(number: str, place: int) -> str:
    """A digit of a whole number, counted from the right: arithmetic takes a tenth of the time of looking at characters."""
    return f"({number} // {10**place} % 10)"


def _invoice_number_test(text: str) -> str:
    return f"{_matches(text, '(2[1-9]|[3-9][0-9])[0-9]{18}')} AND {_whole(text)}"


_TESTS: dict[str, Callable[[str], str]] = {
    "uscc": _uscc_test,
    "id_number": _id_number_test,
    "bank_card": _bank_card_test,
    "barcode": _barcode_test,
    "invoice_number": _invoice_number_test,
}
