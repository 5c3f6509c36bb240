"""Twenty kinds of defects are planted in a delivery and in a mart, one kind a time at random places; the rules must find them there.

Values are typed already, so only the rules can find them. The control: without rules nothing is found.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from taihu.check.arrival import check_arrival
from taihu.check.table import check_table
from taihu.check.verdict import CheckContext
from taihu.core.types import Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.model import ModelHeader
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse

Row = dict[str, Any]
Plant = Callable[[list[Row], random.Random], "list[Row] | None"]

SEEDS = range(3)
FIRST = dt.date(2026, 9, 14)
PRODUCTS = {f"P{101 + n}": (("瓶", "箱")[n % 2], Decimal(4 + n)) for n in range(12)}
SOURCE = parse(
    SourceFile,
    """
title: {zh: 流向, en: Sell-out}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: mailbox}
load: replace
outside_period: hold
business_date: document_date
columns:
  document_date:   date
  document_number: text
  line_number:     integer
  store_code:      text
  product_code:    text
  unit_name:       text
  quantity:        quantity
  unit_price:      {type: money, currency: CNY, tax: included}
  gross_amount:    {type: money, currency: CNY, tax: included}
  tax_amount:      {type: money, currency: CNY, tax: none}
  tax_rate:        percent
  barcode:         text
checks:
  - {unique: [document_number, line_number], else: quarantine}
  - {not_null: [document_number, store_code, quantity], else: quarantine}
  - {same_sign: [quantity, gross_amount], else: quarantine}
  - {sql: "regexp_full_match(document_number, 'XS[0-9]{8}-[0-9]{4}')", else: quarantine}
  - {sql: "regexp_full_match(barcode, '69[0-9]{11}')", else: quarantine}
  - {sql: "regexp_full_match(store_code, 'S[0-9]{4}')", else: quarantine}
  - {sql: "product_code between 'P101' and 'P112' and length(product_code) = 4", else: quarantine}
  - {sql: "unit_name in ('瓶', '箱')", else: quarantine}
  - {sql: "abs(quantity) between 1 and 500", else: quarantine}
  - {sql: "unit_price between 1 and 100", reason: price_out_of_band, else: quarantine}
  - {sql: "abs(unit_price * quantity - gross_amount) <= 0.01", reason: identity_broken, else: quarantine}
  - {sql: "abs(gross_amount / (1 + tax_rate) * tax_rate - tax_amount) <= 0.02", reason: identity_broken, else: quarantine}
  - {sql: "tax_rate in (0.13, 0.09)", else: quarantine}
  - {sql: "line_number between 1 and 9999", else: quarantine}
  - {sql: "substr(document_number, 3, 8) = strftime(document_date, '%Y%m%d')", else: quarantine}
  - {days_covered: true, else: warn}
  - {rows: {min: 1, max: 400}, else: hold}
""",
    "source.yml",
)
SCHEMA = pa.schema(
    [("document_date", pa.date32()), ("document_number", pa.string()), ("line_number", pa.int64()), ("store_code", pa.string())]
    + [("product_code", pa.string()), ("unit_name", pa.string()), ("quantity", pa.decimal128(18, 3)), ("unit_price", pa.decimal128(18, 2))]
    + [("gross_amount", pa.decimal128(18, 2)), ("tax_amount", pa.decimal128(18, 2)), ("tax_rate", pa.decimal128(18, 6))]
    + [("barcode", pa.string()), ("dq_flags", pa.string()), ("_src_row", pa.string())]
)
CENT = Decimal("0.01")


def delivery(seed: int) -> list[Row]:
    """Five days of a party without a mistake."""
    chance = random.Random(seed)
    rows = []
    for number in range(120):
        day = FIRST + dt.timedelta(days=number // 24)
        code = chance.choice(list(PRODUCTS))
        unit, price = PRODUCTS[code]
        quantity = Decimal(chance.randint(1, 60) * (-1 if chance.random() < 0.05 else 1))
        gross, rate = price * quantity, Decimal("0.13")
        rows.append(
            {
                "document_date": day,
                "document_number": f"XS{day:%Y%m%d}-{number:04}",
                "line_number": 1 + number % 3,
                "store_code": f"S{chance.randrange(10_000):04}",
                "product_code": code,
                "unit_name": unit,
                "quantity": quantity,
                "unit_price": price,
                "gross_amount": gross,
                "tax_amount": (gross / (1 + rate) * rate).quantize(CENT),
                "tax_rate": rate,
                "barcode": f"69{chance.randrange(10**11):011}",
                "dq_flags": "",
                "_src_row": f"流向!{number + 2}",
            }
        )
    return rows


def alter(**changes: Callable[[Row, random.Random], Any]) -> Plant:
    """Change some columns of one row."""

    def plant(rows: list[Row], chance: random.Random) -> list[Row]:
        row = chance.choice(rows)
        row.update({name: change(row, chance) for name, change in changes.items()})
        return [row]

    return plant


def _again(rows: list[Row], chance: random.Random) -> list[Row]:
    rows.append({**chance.choice(rows), "_src_row": "流向!999"})
    return [rows[-1]]


def _contradicting(rows: list[Row], chance: random.Random) -> list[Row]:
    first = chance.choice(rows)
    rows.append({**first, "store_code": "S0001" if first["store_code"] != "S0001" else "S0002", "_src_row": "流向!999"})
    return [first, rows[-1]]


def _day_left_out(rows: list[Row], chance: random.Random) -> None:
    day = FIRST + dt.timedelta(days=chance.randint(1, 3))
    rows[:] = [row for row in rows if row["document_date"] != day]


def _too_many(rows: list[Row], chance: random.Random) -> None:
    start = chance.randint(5000, 8000)
    rows += [
        {**row, "document_number": f"XS{row['document_date']:%Y%m%d}-{start + n:04}", "_src_row": f"流向!{start + n}"}
        for n, row in enumerate(rows * 3)
    ]


def _swapped(rows: list[Row], chance: random.Random) -> list[Row]:
    row = chance.choice(rows)
    row["quantity"], row["gross_amount"] = row["gross_amount"], row["quantity"]
    return [row]


DEFECTS: dict[str, Plant] = {
    "row sent twice": _again,
    "two rows of one key that differ": _contradicting,
    "number of the document is missing": alter(document_number=lambda row, _: None),
    "store is missing": alter(store_code=lambda row, _: None),
    "quantity is missing": alter(quantity=lambda row, _: None),
    "return booked with a positive amount": alter(gross_amount=lambda row, _: -row["gross_amount"]),
    "number of the document cut off": alter(document_number=lambda row, c: row["document_number"][: c.randint(4, 14)]),
    "barcode as Excel writes it": alter(barcode=lambda row, _: f"{float(row['barcode']):.5E}"),
    "column shifted": alter(store_code=lambda row, _: row["product_code"]),
    "unknown product": alter(product_code=lambda row, c: f"P{c.randint(113, 999)}"),
    "product as a number": alter(product_code=lambda row, _: row["product_code"][1:]),
    "unknown unit": alter(unit_name=lambda row, c: c.choice(["件", "ml", "", "箱 "])),
    "cases booked as pieces": alter(quantity=lambda row, c: row["quantity"] * c.choice([6, 12, 24])),
    "amount in 万元": alter(gross_amount=lambda row, _: (row["gross_amount"] / 10_000).quantize(CENT)),
    "net amount as gross": alter(gross_amount=lambda row, _: (row["gross_amount"] / Decimal("1.13")).quantize(CENT)),
    "price off by a factor of a hundred": alter(unit_price=lambda row, _: row["unit_price"] * 100),
    "tax of another rate": alter(tax_amount=lambda row, _: (row["gross_amount"] / Decimal("1.06") * Decimal("0.06")).quantize(CENT)),
    "rate that is none": alter(tax_rate=lambda row, _: Decimal("13")),
    "line number of nought": alter(line_number=lambda row, c: c.choice([0, -1, 99_999])),
    "document of another day": alter(document_date=lambda row, c: row["document_date"] + dt.timedelta(days=c.choice([-1, 1]))),
    "date of another year": alter(document_date=lambda row, _: row["document_date"].replace(year=2025)),
    "quantity and amount swapped": _swapped,
    "a day left out": _day_left_out,
    "far too many rows": _too_many,
}


def noticed(engine: DuckDBEngine, rows: list[Row], source: SourceFile) -> tuple[set[str], bool]:
    """Places that the rules name, and whether they say anything at all."""
    days = [FIRST + dt.timedelta(days=n) for n in range(5)]
    context = CheckContext(party="D1", owed=lambda party: days, known=Span(FIRST, days[-1] + dt.timedelta(days=1)))
    verdict = check_arrival(engine, pa.Table.from_pylist(rows, SCHEMA), source, context=context)
    places = {refusal.position for refusal in verdict.refusals} | {note.position for note in verdict.notes if note.position}
    return places, bool(places or verdict.hold or verdict.notes)


def caught(engine: DuckDBEngine, source: SourceFile) -> dict[str, int]:
    """How often each kind was found at its place, of one try a seed."""
    found = dict.fromkeys(DEFECTS, 0)
    for kind, plant in DEFECTS.items():
        for seed in SEEDS:
            rows = delivery(seed)
            planted = plant(rows, random.Random(f"{kind}{seed}"))
            places, anything = noticed(engine, rows, source)
            found[kind] += any(row["_src_row"] in places for row in planted) if planted else anything
    return found


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine(threads=1)


def test_defects_of_a_delivery_are_caught(engine: DuckDBEngine) -> None:
    assert len(DEFECTS) >= 20
    assert all(noticed(engine, delivery(seed), SOURCE) == (set(), False) for seed in SEEDS)
    found = caught(engine, SOURCE)
    missed = {kind: count for kind, count in found.items() if count < len(SEEDS)}
    assert sum(found.values()) >= 0.95 * len(DEFECTS) * len(SEEDS), missed


def test_without_rules_nothing_of_a_delivery_is_caught(engine: DuckDBEngine) -> None:
    assert set(caught(engine, SOURCE.model_copy(update={"checks": (), "outside_period": "accept"})).values()) == {0}


# a mart ------------------------------------------------------------------------------------------------------------------

HEADER = parse(
    ModelHeader,
    """
title: {zh: 渠道日销售, en: Daily revenue}
grain: [business_date, channel_code, region_code]
owner: bi
checks:
  - {unique: [business_date, channel_code, region_code], else: hold}
  - {not_null: [business_date, channel_code, region_code, net_revenue_cny, sell_out_quantity], else: hold}
  - {sql: "channel_code in ('KA', 'TT', 'EC')", else: hold}
  - {sql: "regexp_full_match(region_code, '[A-Z]{2}[0-9]')", else: hold}
  - {sql: "business_date between date '2026-09-01' and date '2026-09-30'", else: hold}
  - {sql: "sign(net_revenue_cny) * sign(sell_out_quantity) >= 0", else: hold}
  - {sql: "net_revenue_cny <= gross_revenue_cny or gross_revenue_cny < 0", else: hold}
  - {sql: "abs(gross_revenue_cny - net_revenue_cny - tax_cny) <= 0.01", else: hold}
  - {sql: "closing_quantity = opening_quantity + inbound_quantity - sell_out_quantity", else: hold}
  - {sql: "closing_quantity >= 0 and opening_quantity >= 0 and inbound_quantity >= 0", else: hold}
  - {sql: "net_revenue_cny = 0 or abs(net_revenue_cny / nullif(sell_out_quantity, 0)) between 2 and 50", else: hold}
  - {sql: "store_count between 1 and 5000 and order_count >= store_count", else: hold}
  - {sql: "abs(target_cny) < 1e9 and target_cny > 0", else: hold}
""",
    "kpi.sql",
)


def mart(seed: int) -> list[Row]:
    chance = random.Random(seed)
    rows = []
    for day in range(1, 21):
        for channel in ("KA", "TT", "EC"):
            for region in ("HD1", "HN2"):
                sold, opening, inbound = (Decimal(chance.randint(*limits)) for limits in ((10, 400), (500, 900), (0, 300)))
                net = (sold * Decimal(chance.randint(400, 3000)) / 100).quantize(CENT)
                tax = (net * Decimal("0.13")).quantize(CENT)
                rows.append(
                    {
                        "business_date": dt.date(2026, 9, day),
                        "channel_code": channel,
                        "region_code": region,
                        "net_revenue_cny": net,
                        "tax_cny": tax,
                        "gross_revenue_cny": net + tax,
                        "sell_out_quantity": sold,
                        "opening_quantity": opening,
                        "inbound_quantity": inbound,
                        "closing_quantity": opening + inbound - sold,
                        "store_count": chance.randint(5, 90),
                        "order_count": chance.randint(90, 500),
                        "target_cny": Decimal(chance.randint(1000, 9000)),
                    }
                )
    return rows


def _joined_twice(rows: list[Row], chance: random.Random) -> list[Row]:
    rows.append(dict(chance.choice(rows)))
    return [rows[-1]]


def _scaled(name: str, factor: str) -> Plant:
    return alter(**{name: lambda row, _: (row[name] * Decimal(factor)).quantize(CENT)})


def _null(name: str) -> Plant:
    return alter(**{name: lambda row, _: None})


MART_DEFECTS: dict[str, Plant] = {
    "join that multiplies": _joined_twice,
    **{f"{name} is null": _null(name) for name in ("business_date", "channel_code", "region_code", "net_revenue_cny", "sell_out_quantity")},
    "opening stock is null": _null("opening_quantity"),
    "channel without a name": alter(channel_code=lambda row, _: ""),
    "region with a blank": alter(region_code=lambda row, _: row["region_code"] + " "),
    "day of another month": alter(business_date=lambda row, _: row["business_date"].replace(month=10)),
    "day in 1970": alter(business_date=lambda row, _: dt.date(1970, 1, 1)),
    "revenue turned round": alter(net_revenue_cny=lambda row, _: -row["net_revenue_cny"]),
    "tax counted twice": alter(gross_revenue_cny=lambda row, _: row["gross_revenue_cny"] + row["tax_cny"]),
    "tax not taken off": alter(net_revenue_cny=lambda row, _: row["gross_revenue_cny"]),
    "revenue in 万元": _scaled("net_revenue_cny", "0.0001"),
    "stock not carried over": alter(opening_quantity=lambda row, c: row["opening_quantity"] + c.randint(1, 40)),
    "stock below nought": alter(
        opening_quantity=lambda row, _: Decimal(0),
        inbound_quantity=lambda row, _: Decimal(0),
        closing_quantity=lambda row, _: -row["sell_out_quantity"],
    ),
    "quantity of nought with revenue": alter(
        sell_out_quantity=lambda row, _: Decimal(0), closing_quantity=lambda row, _: row["opening_quantity"] + row["inbound_quantity"]
    ),
    "stores counted as orders": alter(store_count=lambda row, _: row["order_count"] + 1),
    "no store": alter(store_count=lambda row, _: 0),
    "target of nought": alter(target_cny=lambda row, _: Decimal(0)),
}
MART_SCHEMA = pa.schema(
    [("business_date", pa.date32()), ("channel_code", pa.string()), ("region_code", pa.string())]
    + [(name, pa.decimal128(18, 2)) for name in ("net_revenue_cny", "tax_cny", "gross_revenue_cny")]
    + [(name, pa.decimal128(18, 2)) for name in ("sell_out_quantity", "opening_quantity", "inbound_quantity", "closing_quantity")]
    + [("store_count", pa.int64()), ("order_count", pa.int64()), ("target_cny", pa.decimal128(18, 2))]
)


def failures(engine: DuckDBEngine, rows: list[Row], header: ModelHeader) -> int:
    engine.register("mart.kpi", pa.Table.from_pylist(rows, MART_SCHEMA))
    return len(check_table(engine, "mart.kpi", header.checks))


def test_defects_of_a_mart_are_caught_and_only_by_its_rules(engine: DuckDBEngine) -> None:
    assert len(MART_DEFECTS) >= 20
    assert [failures(engine, mart(seed), HEADER) for seed in SEEDS] == [0] * len(SEEDS)
    found: list[str] = []
    for kind, plant in MART_DEFECTS.items():
        for seed in SEEDS:
            rows = mart(seed)
            plant(rows, random.Random(f"{kind}{seed}"))
            found += [kind] if failures(engine, rows, HEADER) else []
            assert failures(engine, rows, HEADER.model_copy(update={"checks": ()})) == 0
    missed = {kind: len(SEEDS) - found.count(kind) for kind in MART_DEFECTS if found.count(kind) < len(SEEDS)}
    assert len(found) >= 0.95 * len(MART_DEFECTS) * len(SEEDS), missed
