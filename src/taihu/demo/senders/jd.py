"""A shop on JD: its statistics by product and day (商智), and the weekly settlement of its orders by fee.

In the settlement an amount has no sign; 收支方向 says whether it is income or cost. An order is settled a week after the buyer
has confirmed it, so the last orders of the simulated weeks are not settled yet.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import Product
from taihu.demo.dates import ALL_DAYS, days_of_a_weekly
from taihu.demo.drafts import Draft, Row, Style, span_text
from taihu.demo.facts import SHANGHAI, Facts, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal

ZERO = Decimal("0.00")
_ORDERS = "jd_orders"


@dataclass(frozen=True, slots=True)
class JdOrder:
    """One order of one product; ``returned`` orders are paid back two days after they were settled."""

    number: str
    placed_at: dt.datetime
    completed_at: dt.datetime
    product: Product
    quantity: int
    paid: Decimal
    returned: bool

    @property
    def day(self) -> dt.date:
        return self.placed_at.date()


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One line of the settlement; ``amount`` is signed, the file is not."""

    order: JdOrder
    settled_at: dt.datetime
    item: str
    amount: Decimal


def orders_of(facts: Facts, seed: int) -> list[JdOrder]:
    """The shop's orders; simulated once for both of its senders."""
    if _ORDERS not in facts.more:
        facts.more[_ORDERS] = list(_orders(facts, random.Random(f"{_ORDERS}:{seed}")))
    known: list[JdOrder] = facts.more[_ORDERS]
    return known


def _orders(facts: Facts, rng: random.Random) -> Iterator[JdOrder]:
    serial = 0
    for day in ALL_DAYS:
        for moment in sorted(rng.sample(range(5, 86_000), rng.randint(6, 11))):
            serial += 1
            product, quantity = rng.choice(facts.company.products), rng.randint(1, 8)
            paid = cents(product.price_on(day) * quantity * Decimal(rng.randint(85, 98)) / 100)
            placed_at = dt.datetime.combine(day, dt.time(), SHANGHAI) + dt.timedelta(seconds=moment)
            completed_at = placed_at + dt.timedelta(days=rng.randint(2, 5), seconds=rng.randint(0, 3600))
            number = f"3{rng.randrange(10**6, 10**7)}{serial:04d}"
            yield JdOrder(number, placed_at, completed_at, product, quantity, paid, rng.random() < 0.07)


def sku(product: Product) -> str:
    """JD's own number of a product."""
    return f"1000{int(product.code[1:]) * 104_729 % 10**8:08d}"


class JdStatistics:
    """商智: a workbook in the shared folder on the first working morning of a week."""

    source = "jd_item_day"
    channel = "inbox/jd_shangzhi"
    style = Style(
        "shangzhi",
        "xlsx",
        {
            "date": "日期", "number": "SKU", "name": "商品名称", "brand": "品牌", "category": "三级类目", "views": "浏览量",
            "visitors": "访客数", "quantity": "成交商品件数", "amount": "成交金额", "buyers": "成交客户数", "conversion": "成交转化率",
        },
        ("quantity", "amount"),
        "%Y-%m-%d",
        above=lambda draft: [draft.title],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.jd_item_day": ("business_date", "platform_item_number")}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"{self.source}:{seed}")
        sold: dict[tuple[dt.date, str], list[JdOrder]] = defaultdict(list)
        for order in orders_of(facts, seed):
            sold[(order.day, order.product.code)].append(order)
        facts.more[self.source] = {
            day: [_statistics_row(day, product, sold[(day, product.code)], rng) for product in facts.company.products] for day in ALL_DAYS
        }

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        if not told:
            return
        rows = [dict(row) for day in told for row in facts.more[self.source][day]]
        name = f"商智_商品明细_{span_text(told)}.xlsx"
        yield Draft(self.source, self.style, self.source, tuple(told), name, "京东商智 商品明细", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        rows = (row for told in facts.more[self.source].values() for row in told)
        cells: Cells = {
            (row["date"].isoformat(), row["number"]): {
                "paid_amount": row["amount"],
                "quantity": row["quantity"],
                "visitor_count": Decimal(row["visitors"]),
            }
            for row in rows
        }
        return {"clean.jd_item_day": cells}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _statistics_row(day: dt.date, product: Product, orders: list[JdOrder], rng: random.Random) -> Row:
    visitors = rng.randint(10, 900)
    return {
        "date": day,
        "number": sku(product),
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "views": visitors * rng.randint(11, 28) // 10,
        "visitors": visitors,
        "quantity": Decimal(sum(order.quantity for order in orders)),
        "amount": sum((order.paid for order in orders), ZERO),
        "buyers": len(orders),
        "conversion": f"{Decimal(len(orders)) * 100 / visitors:.2f}%",
    }


class JdSettlement:
    """The settlement lines of the days since the last bill, on the first working morning of a week."""

    source = "jd_settlement"
    channel = "inbox/jd_settlement"
    style = Style(
        "fee_lines",
        "csv",
        {
            "number": "订单编号", "parent": "父单号", "status": "订单状态", "placed_at": "下单时间", "completed_at": "完成时间",
            "settled_at": "结算时间", "item": "费用项", "amount": "商家应结金额", "direction": "收支方向", "remark": "备注",
        },
        below=lambda draft: [f"共{len(draft.stated_rows)}条"],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.jd_settlement": ("business_date", "fee_item", "direction")}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"{self.source}:{seed}")
        lines = [line for order in orders_of(facts, seed) for line in _fee_lines(order, rng)]
        facts.more[self.source] = sorted(lines, key=lambda line: (line.settled_at, line.order.number, line.item))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        if told:
            rows = [_fee_row(line) for line in facts.more[self.source] if told[0] <= line.settled_at.date() <= told[-1]]
            name = f"京东结算_{span_text(told)}.csv"
            yield Draft(self.source, self.style, self.source, tuple(told), name, "", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for line in facts.more[self.source]:
            if line.settled_at.date() <= ALL_DAYS[-1]:
                sums[(line.settled_at.date().isoformat(), line.item, _direction(line))] += abs(line.amount)
        return {"clean.jd_settlement": {key: {"stated_amount": amount} for key, amount in sums.items()}}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _fee_lines(order: JdOrder, rng: random.Random) -> Iterator[FeeLine]:
    at = order.completed_at + dt.timedelta(days=7)
    commission = cents(order.paid * Decimal("0.05"))
    yield FeeLine(order, at, "货款", order.paid)
    yield FeeLine(order, at, "佣金", -commission)
    yield FeeLine(order, at, "交易服务费", -cents(order.paid * Decimal("0.006")))
    if rng.random() < 0.3:
        yield FeeLine(order, at, "运费险", Decimal("-0.45"))
    if rng.random() < 0.05:
        yield FeeLine(order, at, "价保返佣", cents(commission / 10) + Decimal("0.01"))
    if order.returned:
        later = at + dt.timedelta(days=2)
        yield FeeLine(order, later, "货款", -order.paid)
        yield FeeLine(order, later, "佣金", commission)


def _direction(line: FeeLine) -> str:
    return "收入" if line.amount >= 0 else "支出"


def _fee_row(line: FeeLine) -> Row:
    order = line.order
    return {
        "number": order.number,
        "parent": order.number,
        "status": "完成",
        "placed_at": f"{order.placed_at:%Y-%m-%d %H:%M:%S}",
        "completed_at": f"{order.completed_at:%Y-%m-%d %H:%M:%S}",
        "settled_at": f"{line.settled_at:%Y-%m-%d %H:%M:%S}",
        "item": line.item,
        "amount": abs(line.amount),
        "direction": _direction(line),
        "remark": "售后退款" if order.returned and line.settled_at > order.completed_at + dt.timedelta(days=8) else "",
    }
