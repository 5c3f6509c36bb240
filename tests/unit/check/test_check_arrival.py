"""Rules on arrivals of a simulated party: the faults are found at their place, clean files pass."""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from taihu.check.arrival import check_arrival
from taihu.check.verdict import CheckContext, Verdict
from taihu.core.errors import ManifestError
from taihu.core.types import Refusal, Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import Check, SourceFile
from taihu.manifest.strict import parse

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
columns:
  document_date:   {type: date}
  document_number: {type: text}
  product_code:    {type: text}
  unit_name:       {type: text}
  quantity:        {type: quantity}
  gross_amount:    {type: money, currency: CNY, tax: included}
business_date: document_date
checks:
  - {same_sign: [quantity, gross_amount], else: quarantine}
  - price_band:
      amount: gross_amount
      quantity: quantity
      unit: unit_name
      product: product_code
      day: document_date
      prices: price_list
      within: [0.6, 1.5]
    else: quarantine
  - {days_covered: true, else: warn}
  - {rows: {min: 1, max: 20000}, else: warn}
""",
    "source.yml",
)
PRODUCTS = [
    {"product_code": f"P{101 + n}", "each_unit": "瓶", "pack_unit": "箱", "pack_size": (6, 12, 24)[n % 3], "vat_rate": Decimal("0.13")}
    for n in range(24)
]
PRICES = [
    {
        "product_code": product["product_code"],
        "list_price": Decimal(3 + n) + Decimal("0.5"),
        "valid_from": dt.date(2026, 8, 1),
        "valid_to": None,
    }
    for n, product in enumerate(PRODUCTS)
]
REFERENCES = {"clean.price_list": pa.Table.from_pylist(PRICES), "clean.erp_products": pa.Table.from_pylist(PRODUCTS)}
SCHEMA = pa.schema(
    [("document_date", pa.date32()), ("document_number", pa.string()), ("product_code", pa.string()), ("unit_name", pa.string())]
    + [("quantity", pa.decimal128(18, 3)), ("gross_amount", pa.decimal128(18, 2)), ("dq_flags", pa.string()), ("_src_row", pa.string())]
)
Row = dict[str, Any]
DAY = dt.date(2026, 9, 18)


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


class Sender:
    """A distributor with its own discount and, perhaps, prices that differ a little from line to line."""

    def __init__(self, seed: int, noise: float = 0.01) -> None:
        self.random = random.Random(seed)
        self.discount = self.random.uniform(0.85, 1.0)
        self.noise = noise

    def row(self, day: dt.date, number: int) -> Row:
        which = self.random.randrange(24)
        product, price = PRODUCTS[which], PRICES[which]["list_price"]
        is_pack = self.random.random() < 0.6
        quantity = self.random.randint(1, 30) * (-1 if self.random.random() < 0.04 else 1)
        pieces = quantity * (product["pack_size"] if is_pack else 1)
        level = self.discount * (1 + self.random.uniform(-self.noise, self.noise))
        amount = (price * pieces * Decimal(level)).quantize(Decimal("0.01"))
        unit = product["pack_unit"] if is_pack else product["each_unit"]
        return {
            "document_date": day,
            "document_number": f"XS{day:%Y%m%d}-{number:04}",
            "product_code": product["product_code"],
            "unit_name": unit,
            "quantity": Decimal(quantity),
            "gross_amount": amount,
            "dq_flags": "",
            "_src_row": f"流向!{number + 2}",
        }

    def rows(self, days: int, each: int, last: dt.date = DAY) -> list[Row]:
        dates = [last - dt.timedelta(days=days - 1 - n) for n in range(days)]
        return [self.row(day, n * each + k) for n, day in enumerate(dates) for k in range(each)]


def table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, SCHEMA)


def context(history: list[Row] | None = None, **named: Any) -> CheckContext:
    previous = table(history) if history else None
    return CheckContext(party="D0007", reference=REFERENCES.get, previous=lambda party: previous, **named)


def check(engine: DuckDBEngine, rows: list[Row], ctx: CheckContext, source: SourceFile = SOURCE) -> Verdict:
    return check_arrival(engine, table(rows), source, context=ctx)


def scaled(rows: list[Row], change: Callable[[Decimal], Decimal]) -> list[Row]:
    return [{**row, "gross_amount": change(row["gross_amount"]).quantize(Decimal("0.01"))} for row in rows]


def with_checks(*checks: Check, **changes: Any) -> SourceFile:
    return SOURCE.model_copy(update={"checks": checks, **changes})


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.08])
def test_clean_files_pass(engine: DuckDBEngine, noise: float) -> None:
    for seed in range(40):
        sender = Sender(seed, noise)
        history = sender.rows(20, 6, DAY - dt.timedelta(days=3))
        for ctx in (context(), context(history, owed=lambda party: Span(DAY - dt.timedelta(days=2), DAY + dt.timedelta(days=1)).days())):
            verdict = check(engine, sender.rows(3, 6), ctx)
            assert (verdict.refusals, verdict.hold, verdict.notes) == ([], None, []), seed
            assert "price_band" in verdict.passed


def test_a_unit_slip_is_found_in_its_row(engine: DuckDBEngine) -> None:
    for seed in range(40):
        sender = Sender(seed, 0.03)
        rows = sender.rows(1, 8)
        slipped = seed % 8
        pack = next(p["pack_size"] for p in PRODUCTS if p["product_code"] == rows[slipped]["product_code"])
        rows[slipped]["quantity"] = (
            rows[slipped]["quantity"] * pack if seed % 2 else (rows[slipped]["quantity"] / pack).quantize(Decimal("0.001"))
        )
        verdict = check(engine, rows, context(sender.rows(20, 6, DAY - dt.timedelta(days=1)) if seed % 3 else None))
        assert verdict.hold is None
        assert verdict.refusals == [Refusal("price_out_of_band", rows[slipped]["_src_row"], "quantity")], seed


@pytest.mark.parametrize("count", [2, 6, 30])
def test_amounts_in_ten_thousands_hold_the_file(engine: DuckDBEngine, count: int) -> None:
    for seed in range(20):
        sender = Sender(seed, 0.03)
        verdict = check(
            engine, scaled(sender.rows(1, count), lambda amount: amount / 10_000), context(sender.rows(10, 6) if seed % 2 else None)
        )
        assert verdict.hold in ("scale_suspected",), (seed, verdict)
        assert verdict.refusals == []


@pytest.mark.parametrize(("noise", "count"), [(0.0, 3), (0.02, 4), (0.03, 12)])
def test_net_amounts_given_as_gross_hold_the_file_once_the_sender_is_known(engine: DuckDBEngine, noise: float, count: int) -> None:
    for seed in range(40):
        sender = Sender(seed, noise)
        history = sender.rows(20, 6, DAY - dt.timedelta(days=1))
        verdict = check(engine, scaled(sender.rows(1, count), lambda amount: amount / Decimal("1.13")), context(history))
        assert verdict.hold == "tax_basis_suspected", (seed, verdict)


def test_an_unknown_senders_discount_is_not_taken_for_the_tax(engine: DuckDBEngine) -> None:
    sender = Sender(1, 0.0)
    sender.discount = 1 / 1.13
    assert check(engine, sender.rows(5, 10), context()).hold is None


def test_a_price_level_that_is_not_the_tax_is_no_tax_matter(engine: DuckDBEngine) -> None:
    sender = Sender(2, 0.01)
    history = sender.rows(20, 6, DAY - dt.timedelta(days=1))
    verdict = check(engine, scaled(sender.rows(1, 12), lambda amount: amount * Decimal("0.94")), context(history))
    assert verdict.hold is None


def test_amounts_without_tax_are_compared_with_net_prices(engine: DuckDBEngine) -> None:
    net = SOURCE.columns["gross_amount"].model_copy(update={"tax": "excluded"})
    source = SOURCE.model_copy(update={"columns": {**SOURCE.columns, "gross_amount": net}})
    sender = Sender(3, 0.01)
    history = scaled(sender.rows(20, 6, DAY - dt.timedelta(days=1)), lambda amount: amount / Decimal("1.13"))
    rows = sender.rows(1, 12)
    assert check(engine, scaled(rows, lambda amount: amount / Decimal("1.13")), context(history), source).hold is None
    assert check(engine, rows, context(history), source).hold == "tax_basis_suspected"


def test_other_currencies_gifts_and_returns_are_not_judged_by_price(engine: DuckDBEngine) -> None:
    rows = Sender(4).rows(1, 6)
    rows[0] |= {"gross_amount": Decimal(0)}
    rows[1] |= {"quantity": Decimal(-2) * abs(rows[1]["quantity"]), "gross_amount": Decimal(-2) * abs(rows[1]["gross_amount"])}
    assert check(engine, rows, context()).refusals == []
    foreign = SOURCE.columns["gross_amount"].model_copy(update={"currency": "HKD"})
    source = SOURCE.model_copy(update={"columns": {**SOURCE.columns, "gross_amount": foreign}})
    assert check(engine, scaled(rows, lambda amount: amount / 10_000), context(), source).hold is None


def test_unknown_products_units_and_money_without_goods(engine: DuckDBEngine) -> None:
    rows = Sender(5).rows(1, 12)
    rows[0] |= {"product_code": "P999"}
    rows[1] |= {"unit_name": "托", "gross_amount": rows[1]["gross_amount"] * 40}
    rows[2] |= {"quantity": Decimal(0)}
    verdict = check(engine, rows, context())
    assert [(r.reason, r.position, r.column) for r in verdict.refusals] == [
        ("unknown_product", rows[0]["_src_row"], "product_code"),
        ("unknown_unit", rows[1]["_src_row"], "unit_name"),
        ("price_out_of_band", rows[2]["_src_row"], "quantity"),
    ]


def test_without_a_price_list_nothing_is_claimed(engine: DuckDBEngine) -> None:
    verdict = check_arrival(engine, table(Sender(6).rows(1, 5)), SOURCE, context=CheckContext())
    assert verdict.hold is None and [note.reason for note in verdict.notes] == ["not_checked"]
    assert "price_band" not in verdict.passed


def test_signs_that_disagree(engine: DuckDBEngine) -> None:
    rows = Sender(7).rows(1, 8)
    rows[3] |= {"quantity": -abs(rows[3]["quantity"]), "gross_amount": abs(rows[3]["gross_amount"])}
    verdict = check(engine, rows, context())
    assert verdict.refusals == [Refusal("sign_disagrees", rows[3]["_src_row"], "quantity")]
    held = check(engine, rows, context(), with_checks(Check(same_sign=("quantity", "gross_amount"), **{"else": "hold"})))
    assert held.hold == "sign_disagrees" and [(n.reason, n.position) for n in held.notes] == [("sign_disagrees", rows[3]["_src_row"])]


def test_missing_days_inside_and_at_the_ends_of_what_is_owed(engine: DuckDBEngine) -> None:
    sender = Sender(8)
    owed = Span(DAY - dt.timedelta(days=2), DAY + dt.timedelta(days=1))
    for absent in range(3):
        day = DAY - dt.timedelta(days=absent)
        rows = [row for row in sender.rows(3, 6) if row["document_date"] != day]
        verdict = check(engine, rows, context(owed=lambda party: owed.days()))
        assert [(note.reason, note.detail) for note in verdict.notes] == [("missing_day", str(day))]
        assert verdict.hold is None, "the rule says warn"


def test_days_outside_the_period_hold(engine: DuckDBEngine) -> None:
    rows = Sender(9).rows(2, 4)
    rows[5] |= {"document_date": dt.date(2026, 12, 18)}
    known = Span(dt.date(2026, 8, 17), DAY + dt.timedelta(days=1))
    verdict = check(engine, rows, context(known=known))
    assert verdict.hold == "outside_period"
    assert [n.position for n in verdict.notes if n.reason == "outside_period"] == [rows[5]["_src_row"]]
    accepting = SOURCE.model_copy(update={"outside_period": "accept", "checks": ()})
    assert check(engine, rows, context(known=known), accepting).hold is None


def test_far_fewer_rows_than_ever(engine: DuckDBEngine) -> None:
    sender = Sender(10)
    history = sender.rows(10, 24, DAY - dt.timedelta(days=1))
    verdict = check(engine, sender.rows(1, 14), context(history))
    assert [note.reason for note in verdict.notes] == ["row_count"]
    assert check(engine, sender.rows(1, 22), context(history)).notes == []
    uneven = [row for n in range(12) for row in sender.rows(1, 4 + 5 * (n % 5), DAY - dt.timedelta(days=n + 1))]
    assert check(engine, sender.rows(1, 5), context(uneven)).notes == []


def test_copied_stock(engine: DuckDBEngine) -> None:
    source = with_checks(Check(stale=("product_code", "quantity"), **{"else": "hold"}))
    sender = Sender(11)
    before = sender.rows(1, 8, DAY - dt.timedelta(days=3))
    copied = [{**row, "document_date": DAY} for row in reversed(before)]
    verdict = check(engine, copied, context(before), source)
    assert verdict.hold == "stale_stock" and "2026-09-15" in verdict.hold_detail
    moved = [dict(row) for row in copied]
    moved[2]["quantity"] += 1
    assert check(engine, moved, context(before), source).hold is None
    assert check(engine, before, context(before), source).hold is None, "the same day sent again is not a copy"
    assert check(engine, [*before, *copied], context(), source).hold == "stale_stock", "two days in one file"
    empty = [{**row, "quantity": Decimal(0)} for row in before]
    assert check(engine, [{**row, "document_date": DAY} for row in empty], context(empty), source).hold is None


def test_duplicates_repeat_or_contradict(engine: DuckDBEngine) -> None:
    source = with_checks(Check(unique=("document_number",), **{"else": "quarantine"}))
    rows = Sender(12).rows(1, 5)
    repeat = {**rows[1], "_src_row": "流向!90"}
    other = {**rows[2], "_src_row": "流向!91", "quantity": Decimal(999)}
    verdict = check(engine, [*rows, repeat, other], context(), source)
    assert [(r.reason, r.position) for r in verdict.refusals] == [
        ("duplicate_row", "流向!90"),
        ("duplicate_row", rows[2]["_src_row"]),
        ("duplicate_row", "流向!91"),
    ]
    missing = [{**row, "document_number": None} for row in rows[:2]]
    assert len(check(engine, [*rows, *missing], context(), source).refusals) == 2


def test_conditions_in_sql_and_rules_that_do_not_fit(engine: DuckDBEngine) -> None:
    source = with_checks(
        Check(sql="quantity < 1000 or unit_name = '瓶'", reason="identity_broken", **{"else": "quarantine"}),
        Check(not_null=("unit_name",), **{"else": "warn"}),
    )
    rows = Sender(13).rows(1, 12)
    rows[0] |= {"unit_name": "箱", "quantity": Decimal(2000)}
    rows[1] |= {"quantity": None}
    rows[1] |= {"unit_name": None}
    verdict = check(engine, rows, context(), source)
    assert [(r.reason, r.position) for r in verdict.refusals] == [("identity_broken", "流向!2"), ("identity_broken", "流向!3")], (
        "null fails"
    )
    assert [(n.reason, n.position, n.column) for n in verdict.notes] == [("value_missing", "流向!3", "unit_name")]
    with pytest.raises(ManifestError, match="nope"):
        check(engine, rows, context(), with_checks(Check(sql="nope > 0", **{"else": "warn"})))


def test_too_many_refused_rows_hold_the_file(engine: DuckDBEngine) -> None:
    refusals = [Refusal("id_in_scientific_notation", f"流向!{n}", "document_number") for n in range(50, 58)]
    verdict = check(engine, Sender(14).rows(1, 12), context(refusals=refusals, rows_in=20))
    assert verdict.hold == "id_in_scientific_notation" and "8 of 20" in verdict.hold_detail
    assert check(engine, Sender(14).rows(1, 12), context(refusals=refusals[:2], rows_in=14)).hold is None
    assert check(engine, [], context(refusals=refusals[:2], rows_in=2)).hold == "id_in_scientific_notation", "nothing is left"


@pytest.mark.parametrize(("budget", "refused", "held"), [("10 %", 2, False), ("10 %", 3, True), ("0%", 1, True), ("50 %", 9, False)])
def test_a_declared_budget_takes_the_place_of_the_usual_one(engine: DuckDBEngine, budget: str, refused: int, held: bool) -> None:
    refusals = [Refusal("invalid_number", f"流向!{40 + n}", "quantity") for n in range(refused)]
    rows = Sender(14).rows(1, 20 - refused)
    source = SOURCE.model_copy(update={"quarantine_budget": budget})
    verdict = check(engine, rows, context(refusals=refusals, rows_in=20), source)
    assert (verdict.hold is not None) is held
    said = f"{refused} of 20 rows were refused, the contract allows {budget}"
    assert verdict.hold_detail == (said if held else "")
    assert (check(engine, rows, context(refusals=refusals, rows_in=20)).hold is not None) is (refused == 9), "a fifth, and five at least"


def test_a_file_of_which_nothing_is_left_is_over_every_budget(engine: DuckDBEngine) -> None:
    refusals = [Refusal("invalid_number", "流向!2", "quantity"), Refusal("invalid_date", "流向!2", "document_date")]
    source = SOURCE.model_copy(update={"quarantine_budget": "100 %"})
    assert check(engine, [], context(refusals=refusals, rows_in=1), source).hold == "invalid_number"


def test_a_nil_return_breaks_no_rule(engine: DuckDBEngine) -> None:
    verdict = check(engine, [], context(owed=lambda party: [DAY]))
    assert (verdict.refusals, verdict.hold, verdict.notes) == ([], None, [])


def test_prices_go_on_over_gaps_of_the_list(engine: DuckDBEngine) -> None:
    prices = [{**PRICES[0], "valid_to": dt.date(2026, 9, 1)}, {**PRICES[0], "list_price": Decimal(7), "valid_from": dt.date(2026, 9, 20)}]
    reference = {"clean.price_list": pa.Table.from_pylist(prices), "clean.erp_products": REFERENCES["clean.erp_products"]}
    rows = [
        {**Sender(15).row(day, n), "product_code": "P101", "unit_name": "瓶", "quantity": Decimal(10), "gross_amount": amount}
        for n, (day, amount) in enumerate(
            [(DAY, Decimal(35)), (DAY + dt.timedelta(days=5), Decimal(70)), (dt.date(2026, 7, 1), Decimal(35))]
        )
    ]
    verdict = check(engine, rows, CheckContext(reference=reference.get))
    assert verdict.refusals == []


def test_a_file_of_several_parties_is_judged_party_by_party(engine: DuckDBEngine) -> None:
    source = with_checks(Check(stale=("product_code", "quantity"), **{"else": "hold"}))
    before = {party: Sender(seed).rows(1, 6, DAY - dt.timedelta(days=1)) for seed, party in enumerate(("D1", "D2"))}
    fresh = Sender(30).rows(1, 6)

    def both(second: list[Row]) -> pa.Table:
        parts = [table(fresh), table(second)]
        codes = pa.array(["D1"] * len(fresh) + ["D2"] * len(second))
        return pa.concat_tables(parts).append_column("distributor_code", codes)

    ctx = CheckContext(party_column="distributor_code", previous=lambda party: table(before[party]))
    copied = [{**row, "document_date": DAY} for row in before["D2"]]
    assert check_arrival(engine, both(copied), source, context=ctx).hold == "stale_stock"
    assert check_arrival(engine, both(Sender(31).rows(1, 6)), source, context=ctx).hold is None
