"""One value of one column: from the sender's text to the typed value, or a reason code why not.

This is the definition of a column's meaning; the SQL scan of :mod:`taihu.clean.scan` only takes a faster way for texts whose
form leaves no question, and must agree with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

from taihu.china.characters import parse_form, stored_form
from taihu.china.dates import is_day_number, parse, read_date
from taihu.china.money import parse_amount, parse_number, parse_percent
from taihu.china.refused import ValueRefused
from taihu.clean.checked import canonical
from taihu.manifest.checked import CheckedType
from taihu.manifest.source import Column

if TYPE_CHECKING:
    import pyarrow as pa

PRECISION = 18
CHECKED = frozenset(get_args(CheckedType))
SCALES = {"money": 2, "quantity": 3, "number": 6, "percent": 6}
_NOISE = Decimal("0.000001")
_SCIENTIFIC = re.compile(r"-?\d(?:\.\d+)?[eE]\+?\d{1,3}")
_LOST_DIGITS = re.compile(r"\d{11,}0{4,}")
EXCEL_DIGITS = 15
_BOOLEANS = {"true": True, "是": True, "y": True, "yes": True, "1": True, "有": True, "√": True}
_BOOLEANS |= {"false": False, "否": False, "n": False, "no": False, "0": False, "无": False, "×": False}


class Value(NamedTuple):
    """A typed value and the reason code of what was noticed about it, if anything."""

    value: Any
    flag: str = ""


Reader = Callable[[str], Value]


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type in which the values of a column are kept."""
    import pyarrow as pa

    if column.type in SCALES:
        return pa.decimal128(PRECISION, SCALES[column.type])
    plain = {"integer": pa.int64(), "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"), "boolean": pa.bool_()}
    return plain.get(column.type, pa.string())


def reader_of(column: Column, zone: str) -> Reader:
    """The function that reads a non-missing text of this column; it raises :class:`ValueRefused`."""
    if column.type in SCALES:
        return _decimal_reader(column)
    if column.type == "integer":
        return _integer
    if column.type == "date":
        return lambda text: _date(text, column)
    if column.type == "timestamp":
        place = ZoneInfo(zone)
        return lambda text: _timestamp(text, place, column)
    if column.type == "boolean":
        return _boolean
    if column.type in CHECKED or (column.type == "phone" and column.if_invalid):
        return lambda text: _checked(text, column)
    return _text if column.type == "text" else lambda text: Value(stored_form(text))


def looks_damaged(text: str) -> bool:
    """True for an id that a workbook has turned into a number: ``1.23457E+18``, or digits beyond the fifteenth all zero."""
    if _SCIENTIFIC.fullmatch(text) and (("+" in text) or "." in text):
        return True
    return len(text) > EXCEL_DIGITS and bool(_LOST_DIGITS.fullmatch(text)) and len(text.rstrip("0")) <= EXCEL_DIGITS


def _text(text: str) -> Value:
    kept = stored_form(text)
    if kept[:1].isdigit() and looks_damaged(kept):
        raise ValueRefused("id_in_scientific_notation")
    return Value(kept)


def _checked(text: str, column: Column) -> Value:
    kept = stored_form(text)
    try:
        return Value(canonical(column.type, str(_text(kept).value)))
    except ValueRefused as refusal:
        if column.if_invalid == "keep":
            return Value(kept, refusal.reason)
        raise


def _decimal_reader(column: Column) -> Reader:
    quantum = Decimal(1).scaleb(-SCALES[column.type])
    limit = Decimal(10) ** (PRECISION - SCALES[column.type])
    fixed = column.currency if column.currency and re.fullmatch("[A-Z]{3}", column.currency) else "CNY"
    parsers: dict[str, Callable[[str], Decimal]] = {
        "money": lambda text: parse_amount(text, fixed, column.positive),
        "percent": parse_percent,
    }
    parser = parsers.get(column.type, parse_number)

    def read(text: str) -> Value:
        exact = parser(text) * column.scale
        if abs(exact) >= limit:
            raise ValueRefused("invalid_number")
        kept = exact.quantize(quantum, rounding=ROUND_HALF_UP)
        return Value(kept, "rounded" if abs(kept - exact) > _NOISE else "")

    return read


def _integer(text: str) -> Value:
    number = parse_number(text)
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise ValueRefused("invalid_number")
    return Value(int(number))


def _date(text: str, column: Column) -> Value:
    day, is_short = read_date(text, column.order)
    return Value(day, "two_digit_year" if is_short else "date_as_number" if is_day_number(text) else "")


def _timestamp(text: str, zone: dt.tzinfo, column: Column) -> Value:
    parsed = parse(text, column.order)
    try:
        return Value(parsed.instant(zone), "two_digit_year" if parsed.is_short else "")
    except OverflowError:
        raise ValueRefused("invalid_date") from None


def _boolean(text: str) -> Value:
    try:
        return Value(_BOOLEANS[parse_form(text).lower()])
    except KeyError:
        raise ValueRefused("invalid_number") from None
