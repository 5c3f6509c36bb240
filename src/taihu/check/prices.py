"""Each row beside its list price: one SQL join over prices and packs."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taihu.check.days import day_column
from taihu.engine.types import quoted, text_literal
from taihu.manifest.source import PriceBand, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

_ROWS = "checks.priced_rows"
_PRICES = "checks.prices"
_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(9999, 12, 31)


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


def priced_rows(
    engine: Engine, rows: pa.Table, band: PriceBand, source: SourceFile, prices: pa.Table, packs: pa.Table | None, zone: str
) -> list[Priced]:
    """The rows in their order, each beside its list price."""
    import pyarrow as pa

    if not rows.num_rows:
        return []
    numbered = rows.append_column("_check_row", pa.array(range(rows.num_rows), pa.int64()))
    numbered = numbered.append_column("_check_day", day_column(rows[band.day], zone))
    engine.register(_ROWS, numbered)
    engine.register(_PRICES, _price_table(prices, packs))
    try:
        found = engine.rows(_query(band, source))
    finally:
        engine.drop(_ROWS)
        engine.drop(_PRICES)
    return [_priced(*row) for row in found]


def _query(band: PriceBand, source: SourceFile) -> str:
    amount, quantity = f"r.{quoted(band.amount)}", f"r.{quoted(band.quantity)}"
    unit = f"r.{quoted(band.unit)}" if band.unit else "NULL"
    factor = f"CASE WHEN {unit} = p.pack_unit THEN p.pack_size ELSE 1 END"
    known = "true" if band.unit is None else f"coalesce({unit} = p.pack_unit OR {unit} = p.each_unit, {unit} IS NULL)"
    meaning = source.columns[band.amount]
    price = "p.list_price / (1 + p.vat_rate)" if meaning.tax == "excluded" else "p.list_price"
    currency = meaning.currency or "CNY"
    in_cny = f"coalesce(r.{quoted(currency)} = 'CNY', false)" if currency in source.columns else f"{text_literal(currency)} = 'CNY'"
    return f"""
        SELECT r._src_row, CAST({amount} AS DOUBLE), CAST({quantity} AS DOUBLE) * {factor} * {price},
          p.vat_rate, p.pack_size, p.list_price IS NOT NULL, {known}, {in_cny}, {quantity} <> 0
        FROM {_ROWS} AS r
        LEFT JOIN {_PRICES} AS p
          ON p.product_code = r.{quoted(band.product)} AND r._check_day >= p.valid_from AND r._check_day < p.valid_to
        ORDER BY r._check_row"""


def _priced(
    position: str,
    amount: float | None,
    expected: float | None,
    vat: float | None,
    pack: float | None,
    has_price: bool,
    has_unit: bool,
    in_cny: bool,
    some: bool | None,
) -> Priced:
    given = bool(amount) and in_cny
    log = None
    applicable = given
    if given and expected and amount:
        ratio = amount / expected
        applicable = ratio > 0
        log = math.log(ratio) if ratio > 0 else None
    elif given and has_price and not some:
        applicable = True  # money without any goods
    return Priced(position, amount or 0.0, abs(expected or 0.0), log, math.log1p(vat or 0.0), pack or 0.0, has_price, has_unit, applicable)


def _price_table(prices: pa.Table, packs: pa.Table | None) -> pa.Table:
    """One price per product and day: where the list has a gap, the price before it goes on, or else the next one counts already."""
    import pyarrow as pa

    by_product: dict[str, list[tuple[dt.date, float]]] = {}
    for row in prices.select(["product_code", "list_price", "valid_from"]).to_pylist():
        if row["list_price"]:
            by_product.setdefault(row["product_code"], []).append((row["valid_from"] or _FIRST, float(row["list_price"])))
    known = {row["product_code"]: row for row in packs.to_pylist()} if packs is not None else {}
    lines: list[dict[str, Any]] = []
    for product, steps in by_product.items():
        steps.sort()
        pack = known.get(product, {})
        for number, (_, price) in enumerate(steps):
            lines.append(
                {
                    "product_code": product,
                    "valid_from": _FIRST if number == 0 else steps[number][0],
                    "valid_to": steps[number + 1][0] if number + 1 < len(steps) else _LAST,
                    "list_price": price,
                    "each_unit": pack.get("each_unit"),
                    "pack_unit": pack.get("pack_unit"),
                    "pack_size": float(pack.get("pack_size") or 0),
                    "vat_rate": float(pack.get("vat_rate") or 0),
                }
            )
    return pa.Table.from_pylist(lines, _price_schema())


def _price_schema() -> pa.Schema:
    import pyarrow as pa

    dates, numbers = pa.date32(), pa.float64()
    return pa.schema(
        [("product_code", pa.string()), ("valid_from", dates), ("valid_to", dates), ("list_price", numbers), ("each_unit", pa.string())]
        + [("pack_unit", pa.string()), ("pack_size", numbers), ("vat_rate", numbers)]
    )
