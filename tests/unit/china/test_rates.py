import datetime as dt
from decimal import Decimal

import pytest

from taihu.china.rates import LONGEST_CARRY, Rate, RateTable, RateType
from taihu.china.refused import ValueRefused
from taihu.core.types import Span

DAY = dt.timedelta(days=1)
EVE = dt.date(2024, 9, 30)


def rate(day: dt.date, price: str, type: RateType = "spot", *, days: int = 1, base: str = "USD", per: int = 1) -> Rate:
    return Rate(base, "CNY", type, Span(day, day + days * DAY), Decimal(price), per)


def refused(table: RateTable, day: dt.date, type: RateType = "spot", base: str = "USD", quote: str = "CNY") -> str:
    with pytest.raises(ValueRefused) as refusal:
        table.on(day, base, quote, type)
    return refusal.value.reason


def test_a_holiday_carries_the_last_rate_forward_and_says_so() -> None:
    table = RateTable([rate(EVE, "7.0074"), rate(dt.date(2024, 10, 8), "7.0709")])
    assert table.on(EVE, "USD", "CNY").carried == 0
    found = table.on(dt.date(2024, 10, 7), "USD", "CNY")
    assert (found.rate.price, found.rate.span.start, found.carried) == (Decimal("7.0074"), EVE, 7)
    assert table.on(dt.date(2024, 10, 8), "USD", "CNY").carried == 0


def test_what_is_never_taken_instead() -> None:
    table = RateTable([rate(EVE, "7.0074"), rate(dt.date(2024, 9, 1), "7.08", "average", days=30)])
    assert refused(table, EVE - DAY) == "unknown_rate", "a later day"
    assert refused(table, EVE + (LONGEST_CARRY + 1) * DAY) == "unknown_rate", "too old"
    assert refused(table, EVE, "budget") == "unknown_rate", "another type"
    assert refused(table, EVE, base="CNY", quote="USD") == "unknown_rate", "the other direction"
    assert table.on(EVE, "USD", "CNY", "average").rate.price == Decimal("7.08")
    assert refused(table, EVE + DAY, "average") == "unknown_rate", "an average counts for its own month"


def test_prices_by_the_hundred() -> None:
    assert RateTable([rate(EVE, "4.9", base="JPY", per=100)]).on(EVE, "JPY", "CNY").convert(Decimal(1000)) == Decimal(49)


def test_contradictions() -> None:
    with pytest.raises(ValueRefused, match="conflicting_rates"):
        RateTable([rate(EVE, "7.0"), rate(EVE, "7.1")])
    with pytest.raises(ValueRefused, match="invalid_number"):
        RateTable([rate(EVE, "0")])
