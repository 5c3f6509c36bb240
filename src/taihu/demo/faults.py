"""The faults: what real senders get wrong, planted where what the pipeline knows is enough to find it.

Each kind is planted at least three times a seed, never twice on the same sender within a few days. A fault changes one draft;
the facts stay untouched, so the truth knows what the file should have said.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from taihu.core.ids import derived_id
from taihu.demo.company import MORNINGS, WORK_MORNINGS, days_reported_on
from taihu.demo.drafts import Draft
from taihu.demo.facts import net_of
from taihu.demo.schedule import Plan, Sending, next_workday, resend, senders

EAST, NORTH, SOUTH, WEST = "sell_out_huadong", "sell_out_huabei", "sell_out_huanan", "sell_out_xinan"
STOCK, ORDERS, BILL, POS = "distributor_stock", "tmall_orders", "alipay_bill", "retailer_pos"


@dataclass(slots=True)
class Fault:
    """One planted fault.

    Attributes:
        files: Names of the files that may be named when it is found, the faulty one first.
        reasons: Reason codes that count as finding it.
        rows: Physical rows at fault; empty when the file as a whole is.
        outcome: What a careful pipeline does: ``repaired`` (the file is used and right) or ``held`` (it, or the row, is not used).
    """

    fault_id: str
    kind: str
    source: str
    party: str
    days: tuple[dt.date, ...]
    files: tuple[str, ...]
    reasons: tuple[str, ...]
    outcome: str
    rows: tuple[int, ...] = ()
    column: str = ""
    corrected_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: where it is planted, how it changes a draft, and how it is found.

    ``apply`` returns (indexes of the rows at fault, header of the column) or None when the draft does not offer itself.
    """

    name: str
    sources: tuple[str, ...]
    reasons: tuple[str, ...]
    outcome: str
    apply: Callable[[Plan, Sending, random.Random], tuple[Sequence[int], str] | None]
    mornings: Callable[[dt.date], bool] = field(default=lambda morning: True)
    corrected: bool = False


Hit = tuple[Sequence[int], str] | None


def plant(plan: Plan, seed: int) -> list[Fault]:
    """Plant every kind; the faults in the order of their mornings."""
    rng = random.Random(f"faults:{seed}")
    faults: list[Fault] = []
    for kind in KINDS:
        for number, source in enumerate(kind.sources):
            faults.append(_plant_one(plan, kind, source, number, rng))
    return sorted(faults, key=lambda fault: (fault.days, fault.fault_id))


def _plant_one(plan: Plan, kind: Kind, source: str, number: int, rng: random.Random) -> Fault:
    for sending in _candidates(plan, kind, source, rng):
        right = copy.deepcopy(sending.draft)
        hit = kind.apply(plan, sending, rng)
        if hit is None:
            continue
        draft = sending.draft
        sending.clean = sending.clean and kind.name in ("resend_new_rows", "duplicate_exact")
        plan.occupy(source, draft.party, sending.morning)
        corrected_on = next_workday(sending.morning, 2) if kind.corrected and number == 0 else None
        if corrected_on is not None:
            resend(plan, right, corrected_on, "_更正", remark="correction of a fault")
            plan.occupy(source, draft.party, corrected_on)
        return Fault(
            fault_id=derived_id("fault", kind.name, source, draft.party, sending.morning, length=10),
            kind=kind.name,
            source=source,
            party=draft.party,
            days=_days_at_fault(kind, right, draft),
            files=_files(plan, kind, sending),
            reasons=kind.reasons,
            outcome=kind.outcome,
            rows=_physical_rows(kind, sending, hit[0]),
            column=hit[1],
            corrected_on=corrected_on,
        )
    raise RuntimeError(f"no room to plant {kind.name} in {source}")


def _candidates(plan: Plan, kind: Kind, source: str, rng: random.Random) -> Iterator[Sending]:
    daily = source in ("tmall_orders", "alipay_bill", "retailer_pos")
    mornings = [morning for morning in (MORNINGS if daily else WORK_MORNINGS)[2:] if kind.mornings(morning)]
    places = [(party, morning) for party in senders(plan.facts.company, source) for morning in mornings]
    rng.shuffle(places)
    for gap in (1,) if daily else (4, 2, 1):
        for party, morning in places:
            sending = plan.regular.get((source, party, morning))
            if sending is not None and sending.draft.rows and plan.is_free(source, party, morning, gap):
                yield sending


def _days_at_fault(kind: Kind, right: Draft, draft: Draft) -> tuple[dt.date, ...]:
    if kind.name == "missing_day":
        return tuple(sorted({row["date"] for row in right.rows} - {row["date"] for row in draft.rows}))
    return draft.days


def _files(plan: Plan, kind: Kind, sending: Sending) -> tuple[str, ...]:
    if kind.name in ("resend_new_rows", "duplicate_exact"):
        return (plan.sendings[-1].name, sending.name) if kind.name == "resend_new_rows" else (plan.sendings[-1].name,)
    return (sending.name,)


def _physical_rows(kind: Kind, sending: Sending, indexes: Sequence[int]) -> tuple[int, ...]:
    if not indexes or sending.draft.damage:
        return ()
    positions = sending.written().positions
    after = 1 if kind.name == "total_row" else 0
    return tuple(positions[index] + after for index in indexes)


# --- what each kind does -------------------------------------------------------------------------------------------------


def _unit_slip(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
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


def _wan(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    for row in sending.draft.rows:
        row["amount"] = (row["amount"] / 10_000).quantize(Decimal("0.0001"))
    return [], sending.draft.header("amount")


def _net(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    for row in sending.draft.rows:
        row["amount"] = net_of(row["amount"], plan.facts.company.product(row["product"]))
    return [], sending.draft.header("amount")


def _partial(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The first 60 % of the rows; the totals are lost, or still speak of all rows."""
    draft = sending.draft
    kept = len(draft.rows) * 3 // 5
    if kept < 2:
        return None
    if rng.random() < 0.5:
        draft.has_totals = False
    else:
        draft.stated = list(draft.rows)
    draft.rows = draft.rows[:kept]
    return [], ""


def _missing_day(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    reported = sorted({row["date"] for row in draft.rows})
    if len(reported) < 3:
        return None
    lost = rng.choice(reported[1:-1])
    draft.rows = [row for row in draft.rows if row["date"] != lost]
    return [], ""


def _resend(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Three documents are entered a day late; the sender mails the whole file again."""
    later = next_workday(sending.morning)
    if later is None or len(sending.draft.rows) < 7 or not plan.is_free(sending.draft.source, sending.draft.party, later, 1):
        return None
    full = copy.deepcopy(sending.draft)
    sending.draft.rows = sending.draft.rows[:-3]
    plan.occupy(full.source, full.party, later)
    resend(plan, full, later, "_补报", clean=False, remark="three late documents")
    return [], ""


def _rename(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    name, header = rng.choice([("amount", "开票总额"), ("quantity", "出货件数"), ("product", "SKU编号")])
    draft.renamed[name] = ("销售/" if "/" in draft.header(name) else "") + header
    return [], draft.renamed[name]


_SWAPS = {"stock": ("unit", "name"), "orders": ("province", "phone"), "daily": ("product", "name")}


def _move(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    one, other = _SWAPS.get(draft.style.name, ("customer", "product"))
    first, second = draft.columns.index(one), draft.columns.index(other)
    draft.columns[first], draft.columns[second] = other, one
    return [], draft.header(one)


def _mojibake(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.garbled = "file" if sending.draft.source == "sell_out_huabei" else "cells"
    return [], ""


def _scientific(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Somebody opened the file in Excel: long numbers became 2.18E+18."""
    draft = sending.draft
    if len(draft.rows) < 6:
        return None
    indexes = sorted(rng.sample(range(len(draft.rows)), 3))
    for index in indexes:
        draft.rows[index]["number"] = f"{Decimal(draft.rows[index]['number']):.5E}"
    return indexes, draft.header("number")


def _total_row(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    if len(draft.rows) < 4:
        return None
    index = rng.randint(1, len(draft.rows) - 2)
    draft.subtotal_after = {index}
    return [index], ""


def _return_sign(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    returns = [index for index, row in enumerate(draft.rows) if row["quantity"] < 0]
    if not returns or len(draft.rows) < 4:
        return None
    index = rng.choice(returns)
    draft.rows[index]["amount"] = -draft.rows[index]["amount"]
    return [index], draft.header("amount")


def _short_date(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
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


def _beyond_month(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    if len(draft.rows) < 4 or sending.morning > dt.date(2026, 10, 8):
        return None
    index = rng.randrange(1, len(draft.rows))
    draft.rows[index]["date"] = _IMPOSSIBLE[draft.style.name]
    return [index], draft.header("date")


def _login_page(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "login_page"
    return [], ""


def _truncate(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "truncated"
    return [], ""


def _duplicate(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    later = next_workday(sending.morning)
    if later is None or not plan.is_free(sending.draft.source, sending.draft.party, later, 1):
        return None
    plan.occupy(sending.draft.source, sending.draft.party, later)
    resend(plan, sending.draft, later, "(1)", clean=False, remark="the same file again")
    return [], ""


def _stale(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
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


def _several_days(morning: dt.date) -> bool:
    return len(days_reported_on(morning)) >= 3


def _regular_week(morning: dt.date) -> bool:
    return not _several_days(morning)


KINDS = (
    Kind("missing_day", (EAST, SOUTH, WEST), ("missing_day", "missing"), "held", _missing_day, _several_days),
    Kind("resend_new_rows", (NORTH, EAST, WEST), ("restated", "replaced"), "repaired", _resend, _regular_week),
    Kind("duplicate_exact", (EAST, NORTH, WEST, STOCK), ("identical_content",), "held", _duplicate),
    Kind("return_sign", (SOUTH, NORTH, WEST), ("sign_disagrees",), "held", _return_sign),
    Kind("unit_slip", (EAST, NORTH, SOUTH, WEST), ("price_out_of_band",), "held", _unit_slip, corrected=True),
    Kind("wan_as_yuan", (WEST, EAST, SOUTH), ("scale_suspected",), "held", _wan, corrected=True),
    Kind("gross_as_net", (NORTH, SOUTH, WEST, EAST), ("tax_basis_suspected",), "held", _net),
    Kind("partial_file", (EAST, NORTH, BILL, STOCK), ("total_missing", "total_disagrees"), "held", _partial, corrected=True),
    Kind("renamed_column", (EAST, NORTH, WEST, POS), ("unknown_layout",), "held", _rename, corrected=True),
    Kind("moved_column", (EAST, SOUTH, ORDERS, STOCK), ("columns_moved",), "repaired", _move),
    Kind("mojibake", (EAST, NORTH, ORDERS), ("mojibake", "unknown_layout"), "held", _mojibake, corrected=True),
    Kind("scientific_id", (ORDERS, BILL, ORDERS), ("id_in_scientific_notation",), "held", _scientific),
    Kind("total_row", (EAST, WEST, POS, NORTH), ("total_row",), "repaired", _total_row),
    Kind("short_date", (EAST, NORTH, WEST), ("two_digit_year", "ambiguous_date"), "repaired", _short_date),
    Kind("day_beyond_month", (SOUTH, NORTH, WEST), ("invalid_date",), "held", _beyond_month),
    Kind("login_page", (POS, EAST, WEST, POS), ("login_page",), "held", _login_page, corrected=True),
    Kind("truncated_zip", (NORTH, SOUTH, ORDERS), ("damaged_file",), "held", _truncate, corrected=True),
    Kind("stale_stock", (STOCK,) * 4, ("stale_stock",), "held", _stale),
)
FAULT_KINDS = tuple(kind.name for kind in KINDS)
