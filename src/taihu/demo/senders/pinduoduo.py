"""A shop on Pinduoduo: one product an order, three amounts that differ (listed, paid by the buyer, received by the shop).

The platform masks names and telephone numbers; a masked number still points to a person.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import Product, person_name, phone_number
from taihu.demo.dates import ALL_DAYS, days_of_a_weekly
from taihu.demo.drafts import Draft, Row, Style, span_text
from taihu.demo.facts import PROVINCES, SHANGHAI, Facts, cents
from taihu.demo.senders.interface import Cells, Personal
from taihu.demo.shape import REGIONS

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class PddOrder:
    """One order; ``listed`` less the shop's discount is received, less the platform's discount is paid by the buyer."""

    number: str
    product: Product
    quantity: int
    listed: Decimal
    shop_discount: Decimal
    subsidy: Decimal
    paid_at: dt.datetime
    buyer: str
    phone: str
    province: str
    refunded_on: dt.date | None

    @property
    def day(self) -> dt.date:
        return self.paid_at.date()

    @property
    def received(self) -> Decimal:
        return self.listed - self.shop_discount

    @property
    def paid(self) -> Decimal:
        return self.received - self.subsidy

    def refunded_by(self, day: dt.date) -> bool:
        """Whether it was paid back by the end of ``day``."""
        return self.refunded_on is not None and self.refunded_on <= day


def _simulate(facts: Facts, rng: random.Random) -> Iterator[PddOrder]:
    serial = 0
    for day in ALL_DAYS:
        for moment in sorted(rng.sample(range(5, 86_000), rng.randint(7, 13))):
            serial += 1
            product, quantity = rng.choice(facts.company.products), rng.randint(1, 10)
            listed = cents(product.price_on(day) * quantity * Decimal(rng.randint(80, 100)) / 100)
            shop_discount = cents(listed * Decimal("0.03")) if rng.random() < 0.4 else ZERO
            subsidy = cents(listed * Decimal("0.10")) if rng.random() < 0.3 else ZERO
            refunded_on = day + dt.timedelta(days=rng.randint(0, 7)) if rng.random() < 0.12 else None
            paid_at = dt.datetime.combine(day, dt.time(), SHANGHAI) + dt.timedelta(seconds=moment)
            number = f"{day:%y%m%d}-{rng.randrange(10**10, 10**11)}{serial:04d}"
            buyer, phone = person_name(rng), phone_number(rng)
            yield PddOrder(
                number, product, quantity, listed, shop_discount, subsidy, paid_at, f"{buyer[0]}**",
                f"{phone[:3]}****{phone[-4:]}", rng.choice(PROVINCES[rng.choice(REGIONS)]), refunded_on,
            )  # fmt: skip


class PinduoduoOrders:
    """A file a week: what was paid since the last one, and what of earlier days was refunded since."""

    source = "pdd_orders"
    channel = "sftp/shops"
    style = Style(
        "order_lines",
        "csv",
        {
            "name": "商品", "number": "订单号", "status": "订单状态", "listed": "商品总价(元)", "shop_discount": "店铺优惠折扣(元)",
            "subsidy": "平台优惠折扣(元)", "amount": "用户实付金额(元)", "received": "商家实收金额(元)", "quantity": "商品数量(件)",
            "paid_at": "支付时间", "sent_at": "发货时间", "confirmed_at": "确认收货时间", "item": "商品id", "product": "商家编码",
            "buyer": "收货人", "phone": "手机", "province": "省", "after_sale": "售后状态",
        },
        encoding="utf-8-sig",
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.pdd_orders": ("business_date",)}

    def simulate(self, facts: Facts, seed: int) -> None:
        facts.more[self.source] = list(_simulate(facts, random.Random(f"{self.source}:{seed}")))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        rows = [each for each in facts.more[self.source] if each.day in told or (told and each.day < told[0] and each.refunded_on in told)]
        if rows:
            spoken = tuple(sorted({each.day for each in rows}))
            name = f"pdd_orders_{span_text(told)}.csv"
            yield Draft(self.source, self.style, self.source, spoken, name, "", [_row(each, told[-1]) for each in rows], self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for each in facts.more[self.source]:
            row = sums[(each.day.isoformat(),)]
            row["paid_amount"] += each.paid
            row["received_amount"] += each.received
            row["quantity"] += each.quantity
        return {"clean.pdd_orders": {key: dict(row) for key, row in sums.items()}}

    def personal(self, facts: Facts) -> Personal:
        """The masked numbers; a masked name is too short to be looked for in gigabytes."""
        return Personal(phones=frozenset(each.phone for each in facts.more[self.source]))


def _after_sale(each: PddOrder, day: dt.date) -> str:
    return "退款成功" if each.refunded_by(day) else "无售后"


def _row(each: PddOrder, last: dt.date) -> Row:
    sent_at = each.paid_at + dt.timedelta(hours=11)
    return {
        "name": each.product.name,
        "number": f"{each.number}\t",
        "status": "已取消" if each.refunded_by(last) else "已发货" if sent_at.date() <= last else "待发货",
        "listed": each.listed,
        "shop_discount": each.shop_discount,
        "subsidy": each.subsidy,
        "amount": each.paid,
        "received": each.received,
        "quantity": each.quantity,
        "paid_at": f"{each.paid_at:%Y-%m-%d %H:%M:%S}\t",
        "sent_at": f"{sent_at:%Y-%m-%d %H:%M:%S}" if sent_at.date() <= last else "",
        "confirmed_at": "",
        "item": f"57{int(each.product.code[1:]) * 3571 % 10**9:09d}",
        "product": each.product.code,
        "buyer": each.buyer,
        "phone": each.phone,
        "province": each.province,
        "after_sale": _after_sale(each, last),
    }
