"""A shop on Douyin: sub-orders of live shows and of the shelf, and the weekly settlement.

Of what a live show sells, a third to a half comes back, days later: the sub-order's row is then sent once more, with the payment
time of its first day. Shows begin at eight in the evening and run past midnight.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import Product, person_name, phone_number
from taihu.demo.dates import ALL_DAYS, LAST_DAY, days_of_a_weekly
from taihu.demo.drafts import Draft, Row, Style, span_text
from taihu.demo.facts import PROVINCES, SHANGHAI, Facts, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal
from taihu.demo.shape import REGIONS

ZERO = Decimal("0.00")
SHOW_WEEKDAYS = (2, 5)
SETTLED_AFTER = dt.timedelta(days=10)
_INFLUENCERS = ("爱喝水的团子", "零食铺老陈", "小鹿的下午茶")
_ORDERS = "douyin_orders"


@dataclass(frozen=True, slots=True)
class SubOrder:
    """One product of an order; ``refunded_at`` is when all of it was paid back."""

    order: str
    number: str
    product: Product
    quantity: int
    paid: Decimal
    subsidy: Decimal
    paid_at: dt.datetime
    influencer: str
    buyer: str
    phone: str
    province: str
    address: str
    refunded_at: dt.datetime | None

    @property
    def day(self) -> dt.date:
        return self.paid_at.date()

    def refunded_by(self, day: dt.date) -> bool:
        """Whether it was paid back by the end of ``day``."""
        return self.refunded_at is not None and self.refunded_at.date() <= day

    def refunded_in(self, days: Collection[dt.date]) -> bool:
        """Whether it was paid back on one of ``days``."""
        return self.refunded_at is not None and self.refunded_at.date() in days


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of money; fees are negative when they are taken."""

    number: str
    sub_order: SubOrder
    at: dt.datetime
    amounts: Mapping[str, Decimal]


def _simulate(facts: Facts, rng: random.Random) -> Iterator[SubOrder]:
    serial = 0
    for day in ALL_DAYS:
        midnight = dt.datetime.combine(day, dt.time(), SHANGHAI)
        moments = [(midnight + dt.timedelta(seconds=rng.randint(0, 86_399)), "") for _ in range(rng.randint(3, 6))]
        if day.weekday() in SHOW_WEEKDAYS:
            influencer = rng.choice(_INFLUENCERS)
            moments += [(midnight + dt.timedelta(seconds=rng.randint(72_000, 90_000)), influencer) for _ in range(rng.randint(12, 18))]
        for paid_at, influencer in sorted(moments):
            if paid_at.date() <= LAST_DAY:
                serial += 1
                yield from _order(facts, paid_at, influencer, serial, rng)


def _order(facts: Facts, paid_at: dt.datetime, influencer: str, serial: int, rng: random.Random) -> Iterator[SubOrder]:
    number = f"69{rng.randrange(10**10, 10**11)}{serial:05d}1"
    buyer, phone, province = person_name(rng), phone_number(rng), rng.choice(PROVINCES[rng.choice(REGIONS)])
    address = f"{rng.choice('东西南北')}城区{person_name(rng)[1:]}路{rng.randint(1, 999)}号{rng.randint(101, 2904)}室"
    for line in range(1, rng.choice((1, 1, 1, 2)) + 1):
        product, quantity = rng.choice(facts.company.products), rng.randint(1, 6)
        listed = cents(product.price_on(paid_at.date()) * quantity * Decimal(rng.randint(70, 95)) / 100)
        subsidy = cents(listed * Decimal("0.05")) if rng.random() < 0.4 else ZERO
        refunded_at = None
        if rng.random() < (0.42 if influencer else 0.06):
            late = rng.random() < 0.08  # after it was settled
            refunded_at = paid_at + dt.timedelta(days=rng.randint(11, 14) if late else rng.randint(0, 8), seconds=rng.randint(600, 80_000))
        yield SubOrder(
            number, f"{number[:-1]}{line + 1}", product, quantity, listed - subsidy, subsidy, paid_at, influencer, buyer, phone, province,
            address, refunded_at,
        )  # fmt: skip


class DouyinOrders:
    """A file a week: what was paid since the last one, and what of earlier days was refunded since."""

    source = _ORDERS
    channel = "sftp/shops"
    style = Style(
        "sub_orders",
        "csv",
        {
            "order": "订单编号", "number": "子订单编号", "item": "商品ID", "name": "商品名称", "spec": "规格", "product": "商家编码",
            "quantity": "商品数量", "amount": "订单应付金额", "subsidy": "平台优惠", "discount": "达人优惠", "paid_at": "支付完成时间",
            "influencer": "达人昵称", "buyer": "收件人", "phone": "收件人手机号", "province": "省份", "address": "详细地址",
            "status": "订单状态", "after_sale": "售后状态",
        },
        encoding="utf-8-sig",
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.douyin_orders": ("business_date",)}

    def simulate(self, facts: Facts, seed: int) -> None:
        facts.more[self.source] = list(_simulate(facts, random.Random(f"{self.source}:{seed}")))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        if not told:
            return
        rows = [each for each in facts.more[self.source] if each.day in told or (each.day < told[0] and each.refunded_in(told))]
        spoken = tuple(sorted({each.day for each in rows}))
        name = f"douyin_orders_{span_text(told)}.csv"
        written = [_row(each, told[-1]) for each in rows]
        yield Draft(self.source, self.style, self.source, spoken, name, "", written, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for each in facts.more[self.source]:
            row = sums[(each.day.isoformat(),)]
            row["paid_amount"] += each.paid
            row["quantity"] += each.quantity
        return {"clean.douyin_orders": {key: dict(row) for key, row in sums.items()}}

    def personal(self, facts: Facts) -> Personal:
        known: list[SubOrder] = facts.more[self.source]
        return Personal(phones=frozenset(each.phone for each in known), names=frozenset(each.buyer for each in known))


def _after_sale(each: SubOrder, day: dt.date) -> str:
    return "退款成功" if each.refunded_by(day) else "未售后"


def _row(each: SubOrder, last: dt.date) -> Row:
    return {
        "order": each.order,
        "number": f"{each.number}\t",  # a tab, so that Excel leaves the digits alone
        "item": f"36{int(each.product.code[1:]) * 6421 % 10**8:08d}",
        "name": each.product.name,
        "spec": f"1{each.product.each_unit}",
        "product": each.product.code,
        "quantity": each.quantity,
        "amount": each.paid,
        "subsidy": each.subsidy,
        "discount": ZERO,
        "paid_at": f"{each.paid_at:%Y-%m-%d %H:%M:%S}",
        "influencer": each.influencer or "-",
        "buyer": each.buyer,
        "phone": each.phone,
        "province": each.province,
        "address": each.address,
        "status": "已关闭" if each.refunded_by(last) else "已发货",
        "after_sale": _after_sale(each, last),
    }


class DouyinSettlement:
    """The movements of the days since the last bill; a column for each fee."""

    source = "douyin_settlement"
    channel = "sftp/shops"
    style = Style(
        "bill",
        "csv",
        {
            "moved_at": "动账时间", "number": "动账流水号", "sub_order": "子订单号", "direction": "动账方向", "moved": "动账金额",
            "amount": "结算金额", "service": "平台服务费", "influencer": "达人佣金", "recruiting": "招商服务费", "freight": "运费",
        },
        encoding="utf-8-sig",
        tables=lambda draft: [[row for row in draft.rows for _ in range(5)]],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"clean.douyin_settlement": ("business_date", "fee_item")}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"{self.source}:{seed}")
        facts.more[self.source] = sorted(_moves(facts.more[_ORDERS], rng), key=lambda move: (move.at, move.number))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        if told:
            rows = [_move_row(move) for move in facts.more[self.source] if told[0] <= move.at.date() <= told[-1]]
            name = f"douyin_bill_{span_text(told)}.csv"
            yield Draft(self.source, self.style, self.source, tuple(told), name, "", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for move in facts.more[self.source]:
            if move.at.date() <= LAST_DAY:
                for name, amount in move.amounts.items():
                    sums[(move.at.date().isoformat(), self.style.headers[name])] += amount
        return {"clean.douyin_settlement": {key: {"stated_amount": amount} for key, amount in sums.items()}}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _moves(sub_orders: Iterable[SubOrder], rng: random.Random) -> Iterator[Move]:
    for serial, each in enumerate(sub_orders, 1):
        settled_at = each.paid_at + SETTLED_AFTER
        if each.refunded_at is not None and each.refunded_at < settled_at:
            continue
        gross = each.paid + each.subsidy
        amounts = {
            "amount": gross,
            "service": -cents(gross * Decimal("0.05")),
            "influencer": -cents(gross * Decimal("0.20")) if each.influencer else ZERO,
            "recruiting": -cents(gross * Decimal("0.02")) if each.influencer and rng.random() < 0.5 else ZERO,
            "freight": Decimal("6.00") if rng.random() < 0.1 else ZERO,
        }
        yield Move(f"DZ{serial:08d}01", each, settled_at, amounts)
        if each.refunded_at is not None:
            yield Move(f"DZ{serial:08d}02", each, each.refunded_at, {name: -amount for name, amount in amounts.items()})


def _move_row(move: Move) -> Row:
    moved = sum(move.amounts.values(), ZERO)
    return {
        "moved_at": f"{move.at:%Y-%m-%d %H:%M:%S}",
        "number": move.number,
        "sub_order": f"{move.sub_order.number}\t",
        "direction": "入账" if moved >= 0 else "出账",
        "moved": moved,
        **move.amounts,
    }
