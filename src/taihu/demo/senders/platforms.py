"""What is true of all shop platforms by day: orders and refunds, what the platform itself states, what it settled.

The figures of ``mart.ecom_platform_day``, added up from the senders' facts and not from their files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from taihu.demo.dates import ALL_DAYS, LAST_DAY
from taihu.demo.facts import Facts
from taihu.demo.senders.douyin import DouyinOrders, DouyinSettlement, Move, SubOrder
from taihu.demo.senders.interface import Cells
from taihu.demo.senders.jd import FeeLine, JdSettlement, JdStatistics
from taihu.demo.senders.pinduoduo import PddOrder, PinduoduoOrders
from taihu.demo.senders.shop_statistics import ShopStatistics, Statistics

TABLE = "mart.ecom_platform_day"
GRAIN = ("business_date", "platform_code")
SOURCES = {
    "TMALL": ("tmall_orders", ShopStatistics.source),
    "JD": (JdStatistics.source, JdSettlement.source),
    "DOUYIN": (DouyinOrders.source, DouyinSettlement.source),
    "PDD": (PinduoduoOrders.source,),
}
"""Sources behind the figures of each platform."""


def platform_days(facts: Facts) -> Cells:
    """Day and platform to the figures of the table."""
    sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for day in ALL_DAYS:
        statistics: Statistics = facts.more[ShopStatistics.source]
        sums[(day.isoformat(), "TMALL")]["stated_paid_amount"] += sum((each.paid for each in statistics.final[day]), Decimal(0))
        sums[(day.isoformat(), "JD")]["stated_paid_amount"] += sum(
            (row["amount"] for row in facts.more[JdStatistics.source][day]), Decimal(0)
        )
    for key, paid, refund in _orders(facts):
        row = sums[key]
        row["order_line_count"] += 1
        row["paid_amount"] += paid
        row["refund_amount"] += refund
        row["net_paid_amount"] += paid - refund
    for key, amount, is_goods in _settled(facts):
        sums[key]["settled_goods_amount" if is_goods else "platform_fee_amount"] += amount
    return {key: dict(row) for key, row in sorted(sums.items())}


def _orders(facts: Facts) -> Iterator[tuple[tuple[str, ...], Decimal, Decimal]]:
    """Day and platform of each order line, what was paid, and what of it was paid back by the end."""
    for order in (order for rows in facts.orders.values() for order in rows):
        yield (order.day.isoformat(), "TMALL"), order.paid, order.refund
    lines: list[tuple[str, list[SubOrder] | list[PddOrder]]] = [
        ("DOUYIN", facts.more[DouyinOrders.source]),
        ("PDD", facts.more[PinduoduoOrders.source]),
    ]
    for platform, known in lines:
        for line in known:
            yield (line.day.isoformat(), platform), line.paid, line.paid if line.refunded_by(LAST_DAY) else Decimal(0)


def _settled(facts: Facts) -> Iterator[tuple[tuple[str, ...], Decimal, bool]]:
    """Day and platform of each settled amount with its sign, and whether it is for goods or a fee."""
    lines: list[FeeLine] = facts.more[JdSettlement.source]
    for line in lines:
        if line.settled_at.date() <= LAST_DAY:
            yield (line.settled_at.date().isoformat(), "JD"), line.amount, line.item == "货款"
    moves: list[Move] = facts.more[DouyinSettlement.source]
    for move in moves:
        if move.at.date() <= LAST_DAY:
            for name, amount in move.amounts.items():
                yield (move.at.date().isoformat(), "DOUYIN"), amount, name == "amount"
