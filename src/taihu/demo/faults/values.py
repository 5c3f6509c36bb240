"""Faults of values: units, scales, signs, dates and numbers that a cell does not mean."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from taihu.demo.facts import net_of
from taihu.demo.faults.kinds import Hit
from taihu.demo.schedule import Plan, Sending


def unit_slip(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Bottles counted where the unit says case, or the other way round."""
    draft, company = sending.draft, plan.facts.company
    choices = [n for n, row in enumerate(draft.rows) if row["quantity"] > 0 and row["unit"] == company.product(row["product"]).pack_unit]
    if not choices or len(draft.rows) < 4:
        return None
    index = rng.choice(choices)
    product = company.product(draft.rows[index]["product"])
    if rng.random() < 0.5:
        draft.rows[index]["unit"] = product.each_unit
        return [index], draft.header("unit")
    draft.rows[index]["quantity"] *= product.pack_size
    return [index], draft.header("quantity")


def wan(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    for row in sending.draft.rows:
        row["amount"] = (row["amount"] / 10_000).quantize(Decimal("0.0001"))
    return [], sending.draft.header("amount")


def net(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    for row in sending.draft.rows:
        row["amount"] = net_of(row["amount"], plan.facts.company.product(row["product"]))
    return [], sending.draft.header("amount")


def scientific(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Somebody opened the file in Excel: long numbers became 2.18E+18."""
    draft = sending.draft
    if len(draft.rows) < 6:
        return None
    indexes = sorted(rng.sample(range(len(draft.rows)), 3))
    for index in indexes:
        draft.rows[index]["number"] = f"{Decimal(draft.rows[index]['number']):.5E}"
    return indexes, draft.header("number")


def total_row(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    index = rng.randint(1, len(draft.rows) - 2)
    draft.subtotal_after = {index}
    return [index], ""


def return_sign(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    returns = [index for index, row in enumerate(draft.rows) if row["quantity"] < 0]
    if not returns or len(draft.rows) < 4:
        return None
    index = rng.choice(returns)
    draft.rows[index]["amount"] = -draft.rows[index]["amount"]
    return [index], draft.header("amount")


def short_date(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    indexes = sorted(rng.sample(range(len(draft.rows)), min(3, len(draft.rows))))
    for index in indexes:
        day = draft.rows[index]["date"]
        draft.rows[index]["date"] = f"{day.year % 100}.{day.month}.{day.day}"
    return indexes, draft.header("date")


_IMPOSSIBLE = {
    "standard": "2026-09-31",
    "standard_2025": "2026/9/31",
    "export": "20260931",
    "two_rows": "2026年9月31日",
    "page": "2026-09-31",
}


def beyond_month(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    if len(draft.rows) < 4 or sending.morning > dt.date(2026, 10, 8):
        return None
    index = rng.randrange(1, len(draft.rows))
    draft.rows[index]["date"] = _IMPOSSIBLE[draft.style.name]
    return [index], draft.header("date")


_DAY_ZERO = dt.date(1899, 12, 30)


def serial_date(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The date column was formatted as a number: 46280 for 2026-09-15."""
    draft = sending.draft
    for row in draft.rows:
        row["date"] = (row["date"] - _DAY_ZERO).days
    return range(len(draft.rows)), draft.header("date")


def future_date(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _date_elsewhere(sending, rng, sending.morning + dt.timedelta(days=rng.randint(1, 20)))


def wrong_year(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _date_elsewhere(sending, rng, None)


def _date_elsewhere(sending: Sending, rng: random.Random, day: dt.date | None) -> Hit:
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    index = rng.randrange(len(draft.rows))
    draft.rows[index]["date"] = day or draft.rows[index]["date"].replace(year=2025)
    return [index], draft.header("date")


def locale_number(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A system set to a continental locale: 1.234,56 for 1,234.56; its totals are in the old form."""
    draft = sending.draft
    name = "paid" if draft.style.name == "orders" else "amount"
    draft.stated = [dict(row) for row in draft.rows]
    for row in draft.rows:
        row[name] = f"{row[name]:,.2f}".translate(str.maketrans(",.", ".,"))
    return [], draft.header(name)


def decimal_point(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A decimal point one place too far to the right."""
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    index = rng.randrange(len(draft.rows))
    draft.rows[index]["amount"] *= 10
    return [index], draft.header("amount")


def swapped(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Quantities under the header of the amounts, and amounts under that of the quantities."""
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    for row in draft.rows:
        row["quantity"], row["amount"] = row["amount"], row["quantity"]
    return [], draft.header("quantity")


def formula_error(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _instead(sending, rng, "amount", "#N/A")


def blank(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _instead(sending, rng, "quantity", None)


def _instead(sending: Sending, rng: random.Random, name: str, value: str | None) -> Hit:
    """A cell of a formula, or an empty one; the file's total is of the other rows."""
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    index = rng.randrange(len(draft.rows))
    draft.rows[index][name] = value
    return [index], draft.header(name)
