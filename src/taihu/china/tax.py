"""Value added tax: from an amount with tax to the one without, rounded per line as invoices are."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
RATES = (Decimal("0.13"), Decimal("0.09"), Decimal("0.06"), Decimal("0.03"), Decimal("0.01"))


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent, as 元角分 are."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def net_of(gross: Decimal, rate: Decimal) -> Decimal:
    """The amount without tax of one line."""
    return cents(gross / (1 + rate))


def gross_of(net: Decimal, rate: Decimal) -> Decimal:
    """The amount with tax of one line."""
    return cents(net * (1 + rate))
