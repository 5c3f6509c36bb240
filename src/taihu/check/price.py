"""Unit prices beside the price list: the finest net for wrong units, scales and tax bases.

A sender's price is list price times its own discount. Its usual level is learned from the rows that were accepted before, so one
row whose quantity is in the wrong unit stands out by the pack size, a file in 万元 by a power of ten, and a file without tax by
exactly the tax, although a discount of the same size would be normal. Without history a level inside the usual discounts says
nothing about tax, and nothing is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from taihu.check.prices import Priced, PriceList
from taihu.check.verdict import CheckContext, Finding
from taihu.core.types import Note
from taihu.manifest.source import PriceBand, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

_LN10 = math.log(10)
_ENOUGH_HISTORY = 12
_RECENT = 800
_NARROWEST = 0.004
_WIDEST = 0.12
_TAX_TOLERANCE = 0.025
_EVIDENCE = 6.0
_PACK_TOLERANCE = 0.07
_SCALE_TOLERANCE = 0.4


@dataclass(frozen=True, slots=True)
class Level:
    """The usual price of a party: logarithm of its ratio to the list price, and the spread around it; ``rows`` it rests on."""

    centre: float = 0.0
    spread: float = _WIDEST
    rows: int = 0

    @property
    def is_learned(self) -> bool:
        return self.rows >= _ENOUGH_HISTORY


def price_findings(rows: pa.Table, band: PriceBand, source: SourceFile, context: CheckContext) -> tuple[list[Finding], list[Note]]:
    """What the prices of an arrival say, and notes about rows that could not be judged."""
    prices = context.reference(f"clean.{band.prices}")
    if prices is None or not prices.num_rows:
        return [], [Note("not_checked", column=band.amount, detail=f"no price list: {band.prices} is empty")]
    price_list = PriceList(prices, context.reference(context.packs))
    priced = price_list.beside(rows, band, source, context.zone)
    level = _usual_level(price_list, band, source, context)
    findings = _of_file(priced, level, source.columns[band.amount].tax or "included")
    if not findings:
        findings = _of_rows(priced, band, level)
    return findings, []


def _usual_level(price_list: PriceList, band: PriceBand, source: SourceFile, context: CheckContext) -> Level:
    history = context.previous(context.party)
    if history is None or not history.num_rows:
        return Level()
    return _level_of([row.log for row in price_list.beside(_recent(history, band), band, source, context.zone) if row.log is not None])


def _recent(history: pa.Table, band: PriceBand) -> pa.Table:
    import pyarrow.compute as pc

    if history.num_rows <= _RECENT:
        return history
    return history.take(pc.sort_indices(history, [(band.day, "ascending")])[-_RECENT:])


def _level_of(logs: Sequence[float]) -> Level:
    if not logs:
        return Level()
    centre = median(logs)
    spread = 1.4826 * median(abs(value - centre) for value in logs)
    return Level(centre, min(max(spread, _NARROWEST), _WIDEST), len(logs))


def _of_file(priced: Sequence[Priced], level: Level, basis: str) -> list[Finding]:
    """A scale or a tax basis that is wrong for the whole file."""
    judged = [row for row in priced if row.log is not None]
    if not judged:
        return []
    offsets = [row.log - level.centre for row in judged if row.log is not None]
    return _scale(judged, offsets, level) or _tax_basis(judged, offsets, level, basis)


def _scale(judged: Sequence[Priced], offsets: Sequence[float], level: Level) -> list[Finding]:
    """All amounts off by one power of ten. Amounts rounded to the cent are judged by their sum."""
    summed = math.log(sum(abs(row.amount) for row in judged) / sum(row.expected for row in judged)) - level.centre
    for offset in (median(offsets), summed):
        power = round(offset / _LN10)
        near = abs(offset - power * _LN10) < _SCALE_TOLERANCE
        far = sum(value * power > 0 and abs(value) > abs(power) * _LN10 / 2 for value in offsets)
        if power and near and far >= 0.8 * len(offsets) and (len(offsets) >= 5 or abs(power) >= 3):
            unit = {-4: "given in 10,000 CNY", -3: "given in 1,000 CNY"}.get(power, f"off by 10^{power}")
            return [Finding("scale_suspected", f"amounts are {unit}: all prices are about 10^{power} of the price list", of_file=True)]
    return []


def _tax_basis(judged: Sequence[Priced], offsets: Sequence[float], level: Level, basis: str) -> list[Finding]:
    """All amounts off by exactly the tax, where the party's usual level is known."""
    sign = 1 if basis == "included" else -1
    shifted = [offset + sign * row.log_tax for offset, row in zip(offsets, judged, strict=True)]
    if not level.is_learned or abs(median(shifted)) > _TAX_TOLERANCE:
        return []
    nearer = sum(abs(after) < abs(before) for before, after in zip(offsets, shifted, strict=True))
    evidence = sum(abs(before) - abs(after) for before, after in zip(offsets, shifted, strict=True)) / level.spread
    few = len(offsets) < 3 and abs(median(shifted)) > _TAX_TOLERANCE / 3
    if nearer < 0.7 * len(offsets) or evidence < _EVIDENCE or few:
        return []
    ratio = math.exp(median(offsets))
    other = "net of tax where gross was agreed" if basis == "included" else "with tax where net was agreed"
    return [Finding("tax_basis_suspected", f"amounts look {other}: prices are {ratio:.3f} of the sender's usual ones", of_file=True)]


def _of_rows(priced: Sequence[Priced], band: PriceBand, level: Level) -> list[Finding]:
    """Single rows whose price is not plausible, by what is wrong with them."""
    places: dict[tuple[str, str], list[str]] = {}
    applicable = 0
    for row in priced:
        if not row.is_applicable:
            continue
        applicable += 1
        fault = _fault(row, band, level)
        if fault:
            places.setdefault(fault, []).append(row.position)
    columns: Mapping[str, str] = {"unknown_product": band.product, "unknown_unit": band.unit or band.quantity}
    far = len(places.get(("price_out_of_band", "far from the price list"), ())) + len(
        places.get(("price_out_of_band", "off by the pack"), ())
    )
    whole = applicable >= 4 and far > applicable / 2
    return [
        Finding(
            reason,
            f"{len(found)} of {applicable} rows: {detail}",
            found,
            columns.get(reason, band.quantity),
            of_file=whole and reason == "price_out_of_band",
        )
        for (reason, detail), found in places.items()
    ]


def _fault(row: Priced, band: PriceBand, level: Level) -> tuple[str, str] | None:
    if not row.has_price:
        return "unknown_product", "no list price"
    if row.log is None:
        return "price_out_of_band", "an amount without a quantity"
    ratio = math.exp(row.log)
    if not row.has_unit and not band.within[0] <= ratio <= band.within[1]:
        return "unknown_unit", "the unit is not one of the product's"
    offset = row.log - level.centre
    if row.pack > 1 and abs(abs(offset) - math.log(row.pack)) < _PACK_TOLERANCE and abs(offset) > 3 * level.spread:
        return "price_out_of_band", "off by the pack"
    if band.within[0] <= ratio <= band.within[1]:
        return None
    return "price_out_of_band", "far from the price list"
