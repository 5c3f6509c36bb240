"""Value added tax: rates by date, and from an amount with tax to the one without, rounded per line as invoices are."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from taihu.china.refused import ValueRefused

CENT = Decimal("0.01")
_D = dt.date
_KNOWN = _D(2017, 7, 1)  # earlier days have no answer
# Percent, first day, last day. Sources: 财税〔2017〕37号 (17, 11), 财税〔2018〕32号 (16, 10), 财政部 税务总局 海关总署公告 2019年第39号
# (13, 9), 财税〔2014〕57号 (3); one percent for small-scale sellers: 2020年第13号, 2021年第7号, 2023年第1号, 2023年第19号. From
# 2022-04-01 to that year's end they were exempt instead.
_RATES = (
    (17, _KNOWN, _D(2018, 4, 30)),
    (16, _D(2018, 5, 1), _D(2019, 3, 31)),
    (13, _D(2019, 4, 1), _D.max),
    (11, _KNOWN, _D(2018, 4, 30)),
    (10, _D(2018, 5, 1), _D(2019, 3, 31)),
    (9, _D(2019, 4, 1), _D.max),
    (6, _KNOWN, _D.max),
    (3, _KNOWN, _D.max),
    (1, _D(2020, 3, 1), _D(2022, 3, 31)),
    (1, _D(2023, 1, 1), _D(2027, 12, 31)),
)


def rates_on(day: dt.date) -> frozenset[Decimal]:
    """The rates in force on a day, as ratios: 0.13, 0.09, 0.06, 0.03, 0.01."""
    return frozenset(Decimal(percent) / 100 for percent, first, last in _RATES if first <= day <= last)


def checked_rate(rate: Decimal, day: dt.date) -> Decimal:
    """``rate``, if it was in force on the day of the supply.

    Raises:
        ValueRefused: ``unknown_tax_rate``.
    """
    if rate not in rates_on(day):
        raise ValueRefused("unknown_tax_rate")
    return rate


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent, as 元角分 are."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def net_of(gross: Decimal, rate: Decimal) -> Decimal:
    """The amount without tax of one line."""
    return cents(gross / (1 + rate))


def gross_of(net: Decimal, rate: Decimal) -> Decimal:
    """The amount with tax of one line."""
    return cents(net * (1 + rate))
