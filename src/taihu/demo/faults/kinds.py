"""What a fault is: where it is planted, how it changes what is sent, and how it is found."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taihu.demo.schedule import Plan, Sending

EAST, NORTH, SOUTH, WEST = "sell_out_huadong", "sell_out_huabei", "sell_out_huanan", "sell_out_xinan"
STOCK, ORDERS, BILL, POS = "distributor_stock", "tmall_orders", "alipay_bill", "retailer_pos"
TMALL_DAY, JD_DAY, JD_BILL, DOUYIN = "sycm_item_day", "jd_item_day", "jd_settlement", "douyin_orders"
PURCHASES, PARCELS, PDD, CLAIMS, INVOICES = "distributor_purchases", "parcels", "pdd_orders", "expense_claims", "issued_invoices"
DAILY = (ORDERS, BILL, POS)

Hit = tuple[Sequence[int], str] | None
Apply = Callable[[Plan, Sending, random.Random], Hit]


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

    Attributes:
        sources: One planting each, in this order.
        apply: Changes the sending; gives (indexes of the rows at fault, header of the column), or None when the draft does not offer
            itself.
        mornings: Mornings on which it may happen.
        corrected: The first one is put right by its sender two working days later.
        again: The file comes twice: the later one is a ``copy`` at fault, or a ``version`` that replaces the first.
    """

    name: str
    sources: tuple[str, ...]
    reasons: tuple[str, ...]
    outcome: str
    apply: Apply
    mornings: Callable[[dt.date], bool] = field(default=lambda morning: True)
    corrected: bool = False
    again: Literal["", "copy", "version"] = ""
