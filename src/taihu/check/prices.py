"""Each row beside its list price and its product's pack.

Arrivals are small and many, so the join is a look-up per row here; planning a query would cost more than the whole check.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taihu.core.clock import day_column
from taihu.manifest.source import PriceBand, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Priced:
    """One row's amount beside what its quantity costs by the price list.

    Attributes:
        amount: Amount of the row.
        expected: Its quantity in single pieces at list price, on the row's own tax basis; 0 if unknown.
        log: Logarithm of the ratio of both; None where it makes no sense.
        log_tax: Logarithm of one plus the product's tax rate.
        pack: Pieces in the product's pack; 0 if unknown.
        has_unit: The unit is one of the product's, or the source has none.
        is_applicable: False for gifts and empty rows, for other currencies, and where the signs disagree (another rule's matter).
    """

    position: str
    amount: float
    expected: float
    log: float | None
    log_tax: float
    pack: float
    has_price: bool
    has_unit: bool
    is_applicable: bool


@dataclass(frozen=True, slots=True)
class _Product:
    """A product's units and its prices by first day; before the first, the first one counts, and a gap keeps the price before it."""

    starts: list[dt.date]
    prices: list[float]
    each_unit: str | None
    pack_unit: str | None
    pack_size: float
    vat_rate: float

    def price(self, day: dt.date) -> float:
        return self.prices[max(bisect_right(self.starts, day) - 1, 0)]


class PriceList:
    """List prices and packs of all products, read once from their reference tables.

    Args:
        prices: ``product_code, list_price, valid_from``; prices of a single piece with tax.
        packs: ``product_code, each_unit, pack_unit, pack_size, vat_rate``; None if there is no such table.
    """

    def __init__(self, prices: pa.Table, packs: pa.Table | None) -> None:
        steps: dict[str, list[tuple[dt.date, float]]] = {}
        for row in prices.select(["product_code", "list_price", "valid_from"]).to_pylist():
            if row["list_price"]:
                steps.setdefault(row["product_code"], []).append((row["valid_from"] or dt.date.min, float(row["list_price"])))
        known = {row["product_code"]: row for row in packs.to_pylist()} if packs is not None and packs.num_rows else {}
        self._products = {product: _product(sorted(found), known.get(product, {})) for product, found in steps.items()}

    def beside(self, rows: pa.Table, band: PriceBand, source: SourceFile, zone: str) -> list[Priced]:
        """The rows in their order, each beside its list price."""
        amounts, quantities = _floats(rows[band.amount]), _floats(rows[band.quantity])
        units: Iterable[str | None] = rows[band.unit].to_pylist() if band.unit else [None] * rows.num_rows
        days = day_column(rows[band.day], zone).to_pylist()
        meaning = source.columns[band.amount]
        currency = meaning.currency or "CNY"
        currencies = rows[currency].to_pylist() if currency in source.columns else [currency] * rows.num_rows
        is_net = meaning.tax == "excluded"
        products, positions = rows[band.product].to_pylist(), rows["_src_row"].to_pylist()
        return [
            self._priced(position, product, day, unit, quantity, amount if code == "CNY" else None, is_net)
            for position, product, day, unit, quantity, amount, code in zip(
                positions, products, days, units, quantities, amounts, currencies, strict=True
            )
        ]

    def _priced(
        self, position: str, code: str | None, day: dt.date, unit: str | None, quantity: float | None, amount: float | None, is_net: bool
    ) -> Priced:
        product = self._products.get(code) if code else None
        if product is None or not amount or day is None:
            return Priced(position, amount or 0.0, 0.0, None, 0.0, 0.0, product is not None, True, bool(amount))
        tax = 1 + product.vat_rate
        pieces = (quantity or 0.0) * (product.pack_size if unit is not None and unit == product.pack_unit else 1.0)
        expected = pieces * product.price(day) / (tax if is_net else 1.0)
        has_unit = unit is None or unit in (product.pack_unit, product.each_unit)
        ratio = amount / expected if expected else 0.0
        log = math.log(ratio) if ratio > 0 else None
        return Priced(position, amount, abs(expected), log, math.log(tax), product.pack_size, True, has_unit, ratio >= 0)


def _product(steps: list[tuple[dt.date, float]], pack: dict[str, Any]) -> _Product:
    return _Product(
        [day for day, _ in steps],
        [price for _, price in steps],
        pack.get("each_unit"),
        pack.get("pack_unit"),
        float(pack.get("pack_size") or 1),
        float(pack.get("vat_rate") or 0),
    )


def _floats(column: pa.ChunkedArray) -> list[float | None]:
    """Ratios need no exact decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values: list[float | None] = pc.cast(column, pa.float64()).to_pylist()
    return values
