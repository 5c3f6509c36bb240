"""What distributors took in (采购流向), collected weekly by the service that reads their systems: one workbook for all of them.

A delivery of the ERP comes in one to five days later, whole; so each line has its counterpart in the ERP, except those on the road.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import LAST_DAY, days_of_a_weekly
from taihu.demo.drafts import Draft, Row, Style
from taihu.demo.facts import Delivery, Facts, cents, gross_of
from taihu.demo.senders.interface import NOBODY, Cells, Personal

_HEADERS = {
    "party": "经销商编码",
    "party_name": "经销商名称",
    "date": "入库日期",
    "supplier": "供应商名称",
    "number": "订单号",
    "product": "商品编码",
    "name": "品名",
    "batch": "批号",
    "unit": "单位",
    "quantity": "入库数量",
    "price": "含税单价",
    "amount": "含税金额",
    "currency": "币种",
}
_SUPPLIERS = {"cn_wfoe": "清泉食品（中国）有限公司", "hk_trading": "清泉贸易（香港）有限公司"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery line as it came in; ``gross`` includes VAT, which deliveries from Hong Kong have none of."""

    day: dt.date
    delivery: Delivery
    gross: Decimal


class DistributorPurchases:
    """All distributors' receipts of a week."""

    source = "distributor_purchases"
    channel = "sftp/purchases"
    grains: Mapping[str, tuple[str, ...]] = {"clean.distributor_purchases": ("business_date", "distributor_code", "delivery_number")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"purchases:{seed}")
        lags: dict[str, int] = {}
        by_day: dict[dt.date, list[Receipt]] = defaultdict(list)
        for line in facts.deliveries:
            leaves = facts.company.distributor(line.party).valid_to
            day = line.day + dt.timedelta(days=lags.setdefault(line.number, rng.randint(1, 5)))
            day = day if leaves is None else max(line.day, min(day, leaves - dt.timedelta(days=1)))
            by_day[day].append(Receipt(day, line, gross_of(line, facts.company)))
        facts.more[self.source] = {day: rows for day, rows in sorted(by_day.items()) if day <= LAST_DAY}

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        days = days_of_a_weekly(morning)
        if days:
            rows = [_row(receipt, facts) for day in days for receipt in receipts(facts).get(day, ())]
            span = f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
            title = f"经销商采购流向周报 {span}"
            yield Draft(self.source, STYLE, self.source, tuple(days), f"采购流向_{span}.xlsx", title, rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        cells: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for receipt in (receipt for rows in receipts(facts).values() for receipt in rows):
            cell = cells[(receipt.day.isoformat(), receipt.delivery.party, receipt.delivery.number)]
            cell["quantity"] += receipt.delivery.quantity
            cell["gross_amount"] += receipt.gross
        return {"clean.distributor_purchases": cells}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def receipts(facts: Facts) -> Mapping[dt.date, Sequence[Receipt]]:
    """What came in, by day."""
    taken: Mapping[dt.date, Sequence[Receipt]] = facts.more[DistributorPurchases.source]
    return taken


def _row(receipt: Receipt, facts: Facts) -> Row:
    line = receipt.delivery
    return {
        "party": line.party,
        "party_name": facts.company.distributor(line.party).name,
        "date": receipt.day,
        "supplier": _SUPPLIERS[line.entity],
        "number": line.number,
        "product": line.product,
        "name": facts.company.product(line.product).name,
        "batch": f"{line.day - dt.timedelta(days=30 + line.quantity % 40):%Y%m%d}A",
        "unit": line.unit,
        "quantity": Decimal(line.quantity),
        "price": cents(receipt.gross / line.quantity),
        "amount": receipt.gross,
        "currency": line.currency,
    }


STYLE = Style(
    "weekly", "xlsx", _HEADERS, ("quantity", "amount"), "cell", above=lambda draft: [draft.title, "数据来源：经销商进销存系统直连"],
    sheet="采购明细",
)  # fmt: skip
