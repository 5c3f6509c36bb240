"""Faults that every cell hides well: the row contradicts another source, another row or the day before."""

from __future__ import annotations

import copy
import datetime as dt
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from taihu.demo.dates import LAST_MORNING, WORK_MORNINGS
from taihu.demo.drafts import Row
from taihu.demo.facts import cents
from taihu.demo.faults.kinds import PARCELS, PDD, PURCHASES, Hit
from taihu.demo.schedule import Plan, Sending, resend


def stale(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Last time's stock under today's date."""
    draft = sending.draft
    earlier = max(morning for morning in WORK_MORNINGS if morning < sending.morning)
    before = plan.regular.get((draft.source, draft.party, earlier))
    if before is None or not before.clean or before.remark == "late" or before.complete_at is not None:
        return None
    if [row["closing"] for row in before.draft.rows] == [row["closing"] for row in draft.rows]:
        return None
    draft.rows = [{**row, "date": draft.days[0]} for row in before.draft.rows]
    return [], draft.header("closing")


def negative_stock(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """More is sold than is there: the sum comes out, below zero."""
    index = rng.randrange(len(sending.draft.rows))
    row = sending.draft.rows[index]
    less = row["closing"] + rng.randint(1, 50)
    row["outbound"] += less
    row["closing"] -= less
    return [index], sending.draft.header("closing")


def broken_identity(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    index = rng.randrange(len(sending.draft.rows))
    sending.draft.rows[index]["closing"] += rng.randint(1, 40)
    return [index], sending.draft.header("closing")


def wrong_party(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The file carries a neighbour's code, or one that nobody has."""
    draft = sending.draft
    others = [party.code for party in plan.facts.company.distributors if party.code != draft.party]
    code = rng.choice([rng.choice(others), f"D9{draft.party[2:]}"])
    for row in draft.rows:
        row["party"] = code
    return [], draft.header("party")


def unknown_product(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A new product that nobody has registered."""
    return _another(sending, rng, "product", {"product": f"P9{rng.randint(10, 99)}", "name": "清泉电解质水600ml"})


def reused_code(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A code that was given to a pack twice the size."""
    draft = sending.draft
    index = rng.randrange(len(draft.rows))
    name = re.sub(r"\d+(?=ml|L|g)", lambda size: str(2 * int(size[0])), draft.rows[index]["name"])
    if name == draft.rows[index]["name"]:
        return None
    draft.rows[index]["name"] = name
    return [index], draft.header("name")


def unknown_store(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _another(sending, rng, "store", {"store": f"S9{rng.randint(10, 99)}", "store_name": "新开门店"})


def closed_store(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Sales of a store that has been closed."""
    closed = [store for store in plan.facts.company.stores if store.valid_to is not None and store.valid_to <= min(sending.draft.days)]
    if not closed:
        return None
    store = rng.choice(closed)
    return _another(sending, rng, "store", {"store": store.code, "store_name": store.name})


def _another(sending: Sending, rng: random.Random, column: str, values: Row) -> Hit:
    index = rng.randrange(len(sending.draft.rows))
    sending.draft.rows[index].update(values)
    return [index], sending.draft.header(column)


def diverted(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Sold to a customer in another distributor's region: true, and somebody should know."""
    company = plan.facts.company
    region = company.distributor(sending.draft.party).region
    elsewhere = [customer for party in company.distributors if party.region != region for customer, _ in party.customers]
    return _another(sending, rng, "customer", {"customer": rng.choice(elsewhere)})


def contradicting(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """One line twice, with two quantities."""
    draft = sending.draft
    index = _doubled(sending, rng)
    row = draft.rows[index + 1]
    more = row["quantity"] + 1 if row["quantity"] > 0 else row["quantity"] - 1
    row["amount"] = cents(row["amount"] / row["quantity"] * more)
    row["quantity"] = more
    return [index, index + 1], draft.header("quantity")


def repeated(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """One line pasted twice."""
    return [_doubled(sending, rng) + 1], sending.draft.header("number" if sending.draft.source == PARCELS else "product")


def _doubled(sending: Sending, rng: random.Random) -> int:
    rows = sending.draft.rows
    index = rng.randrange(len(rows))
    rows.insert(index + 1, dict(rows[index]))
    return index


def balance_break(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A flow was lost before the totals were made: only the running balance knows."""
    rows = sending.draft.rows
    if len(rows) < 6 or len(sending.draft.days) > 1:
        return None
    index = rng.randrange(1, len(rows) - 1)
    del rows[index]
    return [index], sending.draft.header("balance")


def cancelled(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A cancelled order that is listed as sold."""
    return _order(sending, rng, lambda row: row["status"] == "交易关闭", "status", lambda row: "交易成功")


def refund_over_paid(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    return _order(sending, rng, lambda row: row["status"] != "交易关闭", "refund", lambda row: row["paid"] + rng.randint(1, 200))


def late_refund(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """A refund of the following week: the shop exports the day again."""
    week = [sending.morning + dt.timedelta(days=number) for number in (7, 6, 8, 5, 9)]
    free = [day for day in week if day <= LAST_MORNING and plan.is_free(sending.draft.source, sending.draft.party, day, 0)]
    if not free:
        return None
    later = free[0]
    full = copy.deepcopy(sending.draft)
    hit = _order(sending, rng, lambda row: 0 < row["refund"] < row["paid"], "refund", lambda row: Decimal("0.00"))
    if hit is None:
        return None
    plan.occupy(full.source, full.party, later)
    resend(plan, full, later, "_退款更新", clean=False, remark="a refund of the following week")
    return [], hit[1]


def _order(sending: Sending, rng: random.Random, which: Callable[[Row], bool], column: str, value: Callable[[Row], Any]) -> Hit:
    indexes = [index for index, row in enumerate(sending.draft.rows) if which(row)]
    if not indexes:
        return None
    index = rng.choice(indexes)
    sending.draft.rows[index][column] = value(sending.draft.rows[index])
    return [index], sending.draft.header(column)


_SUMS = {PURCHASES: "price", PARCELS: "payable", PDD: "received"}


def wrong_sum(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """An amount that its parts do not give: price by quantity, fee less discount, price less discount."""
    draft = sending.draft
    name, index = _SUMS[draft.source], rng.randrange(len(draft.rows))
    draft.rows[index][name] += Decimal(rng.randint(100, 900)) / 100
    return [index], draft.header(name)


def spent_later(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """An expense claimed before it was spent."""
    index = rng.randrange(len(sending.draft.rows))
    row = sending.draft.rows[index]
    row["spent"] = row["date"] + dt.timedelta(days=rng.randint(1, 9))
    return [index], sending.draft.header("spent")


def invoice_again(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """An invoice of an earlier week lies in the archive once more; it must count once."""
    draft = sending.draft
    sent = [other for other in plan.sendings if other.draft.source == draft.source and other.morning < sending.morning]
    own = {row["number"] for row in draft.rows}
    earlier = [row for other in sent for row in other.draft.rows if row["number"] not in own]
    if not earlier:
        return None
    draft.rows.insert(0, dict(rng.choice(earlier)))
    return [], draft.header("number")
