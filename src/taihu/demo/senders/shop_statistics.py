"""The web shop's statistics by product and day, as the platform counts them (生意参谋).

What was paid is what the orders say, before refunds. Now and then the platform counts a day again, and the day's new figures
come three days after the first ones, in the file of that morning.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from taihu.demo.company import Product
from taihu.demo.dates import ALL_DAYS, FIRST_MORNING, LAST_DAY, WORK_MORNINGS, days_reported_on
from taihu.demo.drafts import Draft, Row, Style, span_text
from taihu.demo.facts import Facts, Order
from taihu.demo.senders.interface import NOBODY, Cells, Personal

COUNTED_AGAIN, COUNTED_AGAIN_AFTER = 6, dt.timedelta(days=3)
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class ItemDay:
    """One product's figures of one day; amounts in CNY with VAT."""

    day: dt.date
    product: Product
    visitors: int
    views: int
    baskets: int
    order_buyers: int
    ordered: int
    ordered_amount: Decimal
    buyers: int
    sold: int
    paid: Decimal
    refund: Decimal

    @property
    def conversion(self) -> str:
        return f"{Decimal(self.buyers) * 100 / self.visitors:.2f}%" if self.visitors else "-"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Final figures of all days, and the first ones of the days that were counted again."""

    final: Mapping[dt.date, Sequence[ItemDay]]
    first: Mapping[dt.date, Sequence[ItemDay]]


def item_number(product: Product) -> str:
    """The platform's own number of a product."""
    return f"6748{int(product.code[1:]) * 7919 % 10**8:08d}"


def _plain(value: int | Decimal) -> str:
    """As the platform writes: thousands with commas, nothing as a dash."""
    return f"{value:,}" if value else "-"


class ShopStatistics:
    """A workbook that somebody of the web shop saves into the shared folder on working mornings."""

    source = "sycm_item_day"
    channel = "inbox/sycm"
    style = Style(
        "item_day",
        "xlsx",
        {
            "date": "统计日期", "number": "商品ID", "name": "商品名称", "visitors": "商品访客数", "views": "商品浏览量",
            "baskets": "商品加购件数", "order_buyers": "下单买家数", "ordered": "下单件数", "ordered_amount": "下单金额",
            "buyers": "支付买家数", "quantity": "支付件数", "amount": "支付金额", "conversion": "支付转化率", "refund": "成功退款金额",
        },
        above=lambda draft: [draft.title, "说明：支付金额含邮费，未扣除退款", ""],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.sycm_item_day": ("business_date", "platform_item_number")}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"{self.source}:{seed}")
        final = {day: [_item_day(day, product, facts.orders[day], rng) for product in facts.company.products] for day in ALL_DAYS}
        offered = [day for day in ALL_DAYS if FIRST_MORNING <= day <= LAST_DAY - COUNTED_AGAIN_AFTER and facts.orders[day]]
        again = rng.sample(offered, min(COUNTED_AGAIN, len(offered)))
        facts.more[self.source] = Statistics(final, {day: list(_first_count(facts.orders[day], final[day])) for day in again})

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        if morning not in WORK_MORNINGS:
            return
        known: Statistics = facts.more[self.source]
        told = days_reported_on(morning)
        again = [day for day in known.first if day not in told and day + COUNTED_AGAIN_AFTER in told]
        rows = [_row(each) for day in again for each in known.final[day]]
        for day in told:
            is_final = day + COUNTED_AGAIN_AFTER in told
            rows += [_row(each) for each in (known.final[day] if is_final else known.first.get(day, known.final[day]))]
        name = f"生意参谋_商品_{span_text(told)}.xlsx"
        yield Draft(self.source, self.style, self.source, (*again, *told), name, "【生意参谋】商品效果明细", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        known: Statistics = facts.more[self.source]
        cells: Cells = {
            (each.day.isoformat(), item_number(each.product)): {
                "paid_amount": each.paid,
                "refund_amount": each.refund,
                "quantity": Decimal(each.sold),
                "visitor_count": Decimal(each.visitors),
            }
            for rows in known.final.values()
            for each in rows
        }
        return {"clean.sycm_item_day": cells}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _item_day(day: dt.date, product: Product, orders: Iterable[Order], rng: random.Random) -> ItemDay:
    own = [order for order in orders if order.product == product.code]
    paid, sold = sum((order.paid for order in own), ZERO), sum(order.quantity for order in own)
    visitors = rng.randint(40, 2600) if own or rng.random() < 0.9 else 0
    left = rng.randint(0, 2) if visitors else 0
    return ItemDay(
        day, product, visitors, visitors * rng.randint(12, 31) // 10, visitors // rng.randint(9, 30), len(own) + left, sold + left,
        paid + product.price_on(day) * left, len(own), sold, paid, sum((order.refund for order in own), ZERO),
    )  # fmt: skip


def _first_count(orders: Sequence[Order], final: Iterable[ItemDay]) -> Iterator[ItemDay]:
    """The day without its last order, which the platform attributed to it only later."""
    late = orders[-1]
    for each in final:
        if each.product.code == late.product:
            yield replace(
                each, buyers=each.buyers - 1, sold=each.sold - late.quantity, paid=each.paid - late.paid, refund=each.refund - late.refund
            )
        else:
            yield each


def _row(each: ItemDay) -> Row:
    return {
        "date": each.day,
        "number": item_number(each.product),
        "name": each.product.name,
        "visitors": _plain(each.visitors),
        "views": _plain(each.views),
        "baskets": _plain(each.baskets),
        "order_buyers": _plain(each.order_buyers),
        "ordered": _plain(each.ordered),
        "ordered_amount": _plain(each.ordered_amount),
        "buyers": _plain(each.buyers),
        "quantity": _plain(each.sold),
        "amount": _plain(each.paid),
        "conversion": each.conversion if each.buyers else "-",
        "refund": _plain(each.refund),
    }
