"""What really happened: the seeded truth that no file, fault or pipeline has touched yet.

Amounts are Decimal and all chance comes from ``random.Random`` with the seed, so a seed is the same world on every machine.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from taihu.demo.company import CHANNELS, Company, Distributor, Product, make_company, person_name, phone_number
from taihu.demo.dates import ALL_DAYS, LAST_DAY, days, is_workday
from taihu.demo.shape import DEFAULT, REGIONS, Shape

SHANGHAI = ZoneInfo("Asia/Shanghai")
CENT = Decimal("0.01")
PROVINCES = {
    "EAST": ("上海", "江苏省", "浙江省", "安徽省", "福建省", "山东省"),
    "NORTH": ("北京", "天津", "河北省", "辽宁省", "内蒙古自治区"),
    "SOUTH": ("广东省", "湖南省", "湖北省", "广西壮族自治区", "海南省"),
    "WEST": ("四川省", "重庆", "陕西省", "云南省", "新疆维吾尔自治区"),
}


def cents(value: Decimal) -> Decimal:
    """Rounded to cents, half a cent away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class SellOut:
    """One line that a distributor sold on (or took back: negative quantity and amount)."""

    day: dt.date
    party: str
    document: str
    customer: str
    phone: str
    product: str
    unit: str
    quantity: int
    gross: Decimal

    @property
    def is_return(self) -> bool:
        return self.quantity < 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One ERP delivery line; ``revisions`` are (instant, net amount) that replaced the first amount later."""

    number: str
    line: int
    delivered_at: dt.datetime
    entity: str
    party: str
    product: str
    unit: str
    quantity: int
    currency: str
    net: Decimal
    revisions: tuple[tuple[dt.datetime, Decimal], ...] = ()

    @property
    def day(self) -> dt.date:
        return self.delivered_at.astimezone(SHANGHAI).date()

    @property
    def final_net(self) -> Decimal:
        return self.revisions[-1][1] if self.revisions else self.net


@dataclass(frozen=True, slots=True)
class StockCount:
    """A distributor's stock of one product on one day, in single units."""

    day: dt.date
    party: str
    product: str
    opening: int
    inbound: int
    outbound: int

    @property
    def closing(self) -> int:
        return self.opening + self.inbound - self.outbound


@dataclass(frozen=True, slots=True)
class Order:
    """One web shop order."""

    number: str
    paid_at: dt.datetime
    status: str
    product: str
    quantity: int
    paid: Decimal
    refund: Decimal
    buyer: str
    phone: str
    address: str
    province: str
    region: str

    @property
    def day(self) -> dt.date:
        return self.paid_at.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Flow:
    """One line of the payment platform's bill."""

    number: str
    order: str
    happened_at: dt.datetime
    income: Decimal
    expense: Decimal
    kind: str
    counterpart: str

    @property
    def day(self) -> dt.date:
        return self.happened_at.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Pos:
    """One product's sales in one store on one day."""

    day: dt.date
    store: str
    product: str
    quantity: int
    gross: Decimal
    is_promotion: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """CNY for 100 units of a currency."""

    day: dt.date
    currency: str
    mid: Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """A month's target, CNY net of VAT."""

    region: str
    channel: str
    month: tuple[int, int]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that reached the company's account (positive) or left it; ``remark`` says for what."""

    day: dt.date
    amount: Decimal
    kind: str
    counterpart: str
    remark: str


@dataclass(slots=True)
class Facts:
    """All that happened.

    Attributes:
        payments: What the bank booked, in no order; every sender of money adds its own.
        more: What the senders of :mod:`taihu.demo.senders` know, by source.
    """

    company: Company
    sell_out: dict[tuple[str, dt.date], list[SellOut]] = field(default_factory=lambda: defaultdict(list))
    deliveries: list[Delivery] = field(default_factory=list)
    stock: dict[tuple[str, dt.date], list[StockCount]] = field(default_factory=lambda: defaultdict(list))
    orders: dict[dt.date, list[Order]] = field(default_factory=lambda: defaultdict(list))
    flows: dict[dt.date, list[Flow]] = field(default_factory=lambda: defaultdict(list))
    pos: dict[dt.date, list[Pos]] = field(default_factory=lambda: defaultdict(list))
    rates: list[Rate] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


def simulate(seed: int, shape: Shape = DEFAULT) -> Facts:
    """Everything that happens from the first day to the last, for one seed."""
    facts = Facts(make_company(seed, shape))
    _sell_out(facts, random.Random(f"sell_out:{seed}"))
    _stock_and_deliveries(facts, random.Random(f"stock:{seed}"))
    _rates(facts, random.Random(f"rates:{seed}"))
    _orders(facts, random.Random(f"orders:{seed}"))
    _pos(facts, random.Random(f"pos:{seed}"))
    _targets(facts, random.Random(f"targets:{seed}"))
    return facts


def season(day: dt.date) -> float:
    """How much is sold on a day: weekends, stocking up before holidays, quiet holidays."""
    if day >= dt.date(2026, 10, 1) and day <= dt.date(2026, 10, 7):
        return 0.7
    if day in days(dt.date(2026, 9, 21), dt.date(2026, 9, 24)) or day in days(dt.date(2026, 9, 28), dt.date(2026, 9, 30)):
        return 1.5
    return 1.0 if is_workday(day) else 0.7


def nil_days(company: Company) -> set[tuple[str, dt.date]]:
    """Party and day: days on which a distributor sold nothing at all and says so on the next morning."""
    return {(code, morning - dt.timedelta(days=1)) for code, morning in company.shape.habits.nil}


def _sell_out(facts: Facts, rng: random.Random) -> None:
    nil = nil_days(facts.company)
    for party in facts.company.distributors:
        size = rng.uniform(*facts.company.shape.size)
        for day in ALL_DAYS:
            if party.sells_on(day) and (party.code, day) not in nil:
                facts.sell_out[(party.code, day)] = list(_sell_out_day(facts.company, party, day, size, rng))
    party_code, day, document, product_code = facts.company.corrected_row
    party, product = facts.company.distributor(party_code), facts.company.product(product_code)
    name, phone = party.customers[0]
    gross = cents(product.price_on(day) * product.pack_size * 12)
    facts.sell_out[(party_code, day)].append(SellOut(day, party_code, document, name, phone, product_code, product.pack_unit, 12, gross))


def _sell_out_day(company: Company, party: Distributor, day: dt.date, size: float, rng: random.Random) -> Iterator[SellOut]:
    count = max(4, round(rng.randint(*company.shape.lines) * season(day)))
    cheap_left = count // 5
    document, used, number = "", set[str](), 0
    for _ in range(count):
        if not document or rng.random() < 0.6 or len(used) == len(party.products):
            number += 1
            document, used = f"XS{day:%Y%m%d}-{number:04d}", set()
            customer, phone = rng.choice(party.customers)
        product = company.product(rng.choice([code for code in party.products if code not in used]))
        used.add(product.code)
        factor = rng.choice(("1", "1", "1", "1", "0.99", "0.98", "1.01"))
        if cheap_left and product.code in company.promoted(day):
            factor, cheap_left = rng.choice(("0.85", "0.80", "0.90")), cheap_left - 1
        unit, quantity = _quantity(product, size * season(day), rng)
        units = quantity * (product.pack_size if unit == product.pack_unit else 1)
        yield SellOut(
            day, party.code, document, customer, phone, product.code, unit, quantity, cents(product.price_on(day) * units * Decimal(factor))
        )
    if rng.random() < company.shape.returns:
        product = company.product(rng.choice(party.products))
        customer, phone = rng.choice(party.customers)
        quantity = rng.randint(1, 3)
        gross = cents(product.price_on(day) * quantity * product.pack_size)
        yield SellOut(day, party.code, f"XT{day:%Y%m%d}-0001", customer, phone, product.code, product.pack_unit, -quantity, -gross)


def _quantity(product: Product, size: float, rng: random.Random) -> tuple[str, int]:
    if rng.random() < 0.75:
        return product.pack_unit, max(2, round(rng.randint(3, 24) * size))
    return product.each_unit, max(24, round(rng.randint(30, 160) * size))


def _stock_and_deliveries(facts: Facts, rng: random.Random) -> None:
    for position, party in enumerate(facts.company.distributors):
        sold: dict[tuple[dt.date, str], list[int]] = defaultdict(list)
        for day in ALL_DAYS:
            for line in facts.sell_out.get((party.code, day), ()):
                product = facts.company.product(line.product)
                sold[(day, line.product)].append(line.quantity * (product.pack_size if line.unit == product.pack_unit else 1))
        usual = {code: max(60, sum(sum(q) for (_, c), q in sold.items() if c == code) // len(ALL_DAYS)) for code in party.products}
        level = {code: usual[code] * rng.randint(14, 24) for code in party.products}
        for day in ALL_DAYS:
            if party.sells_on(day):
                _stock_day(facts, party, position, day, sold, usual, level, rng)


def _stock_day(
    facts: Facts,
    party: Distributor,
    position: int,
    day: dt.date,
    sold: dict[tuple[dt.date, str], list[int]],
    usual: dict[str, int],
    level: dict[str, int],
    rng: random.Random,
) -> None:
    outbound = {code: sum(q for q in sold.get((day, code), ()) if q > 0) for code in party.products}
    returned = {code: -sum(q for q in sold.get((day, code), ()) if q < 0) for code in party.products}
    ordered = {code for code in party.products if level[code] + returned[code] < outbound[code] + usual[code] * 3}
    if day.weekday() in (position % 7, (position + 3) % 7) or (party.code, day) in nil_days(facts.company):
        ordered |= set(sorted(party.products, key=lambda code: level[code] / usual[code])[:4])
    received = dict.fromkeys(party.products, 0)
    for line, code in enumerate(sorted(ordered), 1):
        delivery = _delivery(facts.company.product(code), party, day, line, usual[code] * 18 + outbound[code] - level[code], rng)
        received[code] = delivery.quantity * facts.company.product(code).pack_size
        facts.deliveries.append(delivery)
    for code in party.products:
        count = StockCount(day, party.code, code, level[code], received[code] + returned[code], outbound[code])
        facts.stock[(party.code, day)].append(count)
        level[code] = count.closing


def _delivery(product: Product, party: Distributor, day: dt.date, line: int, wanted: int, rng: random.Random) -> Delivery:
    cases = max(5, wanted // product.pack_size)
    delivered_at = dt.datetime.combine(day, dt.time(rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)), SHANGHAI).astimezone(
        dt.UTC
    )
    net = cents(product.price_on(day) * cases * product.pack_size * Decimal("0.80") / (1 + product.vat_rate))
    hong_kong = party.city in ("香港", "深圳")
    number = f"DN{day:%y%m%d}{party.code[1:]}"
    return Delivery(
        number, line, delivered_at, "hk_trading" if hong_kong else "cn_wfoe", party.code, product.code, product.pack_unit, cases,
        "HKD" if hong_kong else "CNY", cents(net / Decimal("0.915")) if hong_kong else net,
    )  # fmt: skip


def _rates(facts: Facts, rng: random.Random) -> None:
    for currency, start in (("HKD", "91.2000"), ("USD", "711.5000"), ("EUR", "832.1000")):
        rate = Decimal(start)
        for day in days(dt.date(2026, 8, 14), LAST_DAY):
            if is_workday(day) and day.weekday() < 5:
                rate += (rate * Decimal(rng.randint(-20, 20)) / 10000).quantize(Decimal("0.0001"))
                facts.rates.append(Rate(day, currency, rate))


_STATUS = ("交易成功",) * 7 + ("卖家已发货",) * 2 + ("买家已付款",)


def _orders(facts: Facts, rng: random.Random) -> None:
    balance_number = 0
    for day in ALL_DAYS:
        count = round(rng.randint(*facts.company.shape.orders) * (1.6 if day.weekday() >= 5 else 1.0))
        moments = sorted(rng.sample(range(5, 86_000), count))
        for moment in moments:
            balance_number += 1
            order = _order(facts.company, day, moment, balance_number, rng)
            facts.orders[day].append(order)
            facts.flows[day].extend(_flows(order, balance_number, rng))


def _order(company: Company, day: dt.date, moment: int, serial: int, rng: random.Random) -> Order:
    product = rng.choice(company.products)
    quantity = rng.randint(1, 12)
    paid = cents(product.price_on(day) * quantity * Decimal(rng.randint(88, 100)) / 100)
    status, refund = rng.choice(_STATUS), Decimal("0.00")
    lot = rng.random()
    cancelled, refunded = company.shape.refunds
    if lot < cancelled:
        status, refund = "交易关闭", paid
    elif lot < cancelled + refunded:
        refund = cents(paid * Decimal(rng.randint(10, 60)) / 100)
    region = rng.choice(REGIONS)
    province = rng.choice(PROVINCES[region])
    street = f"{rng.choice('东西南北')}城区{person_name(rng)[1:]}路{rng.randint(1, 999)}号"
    address = f"{province}{street}{rng.randint(1, 30)}幢{rng.randint(101, 2904)}室"
    buyer, phone = person_name(rng), phone_number(rng)
    paid_at = dt.datetime.combine(day, dt.time(), SHANGHAI) + dt.timedelta(seconds=moment)
    number = f"21{rng.randrange(10**10, 10**11)}{serial:04d}{rng.randint(1, 9)}1"
    return Order(number, paid_at, status, product.code, quantity, paid, refund, buyer, phone, address, province, region)


def _flows(order: Order, serial: int, rng: random.Random) -> Iterator[Flow]:
    start = f"{order.day:%Y%m%d}{serial:07d}"
    counterpart = f"{order.phone[:3]}****{order.phone[-4:]}"
    yield Flow(f"{start}01", order.number, order.paid_at, order.paid, Decimal("0.00"), "在线支付", counterpart)
    yield Flow(f"{start}02", order.number, order.paid_at, Decimal("0.00"), -cents(order.paid * Decimal("0.006")), "收费", counterpart)
    if order.refund:
        later = order.paid_at + dt.timedelta(seconds=rng.randint(10, 390))
        yield Flow(f"{start}03", order.number, later, Decimal("0.00"), -order.refund, "交易退款", counterpart)


def _pos(facts: Facts, rng: random.Random) -> None:
    for day in ALL_DAYS:
        cheap = facts.company.promoted(day)
        for store in facts.company.stores:
            if store.valid_to is not None and day >= store.valid_to:
                continue
            for product in rng.sample(facts.company.products, facts.company.shape.till):
                quantity = max(2, round(rng.randint(4, 60) * season(day) * (1.5 if day.weekday() >= 5 else 1.0)))
                price = product.price_on(day) * Decimal("1.22") * (Decimal("0.85") if product.code in cheap else 1)
                if rng.random() < 0.02:
                    quantity = -rng.randint(1, 3)
                facts.pos[day].append(Pos(day, store.code, product.code, quantity, cents(price * quantity), product.code in cheap))


def gross_of(line: Delivery, company: Company) -> Decimal:
    """A delivery line as it was first booked, VAT included (none on what the Hong Kong company delivers)."""
    rate = company.product(line.product).vat_rate if line.entity == "cn_wfoe" else Decimal(0)
    return line.net + cents(line.net * rate)


def net_of(gross: Decimal, product: Product) -> Decimal:
    """An amount without its VAT, rounded by line."""
    return cents(gross / (1 + product.vat_rate))


def _targets(facts: Facts, rng: random.Random) -> None:
    """Targets near what is sold, in hundreds of CNY (the table says 万元 with two decimals)."""
    sold: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    company = facts.company
    for (party, _), lines in facts.sell_out.items():
        for line in lines:
            sold[(company.distributor(party).region, "DISTRIBUTOR")] += net_of(line.gross, company.product(line.product))
    regions = {store.code: store.region for store in company.stores}
    for till in (row for rows in facts.pos.values() for row in rows):
        sold[(regions[till.store], "KA")] += net_of(till.gross, company.product(till.product))
    for order in (row for rows in facts.orders.values() for row in rows):
        sold[(order.region, "ECOM")] += net_of(order.paid - order.refund, company.product(order.product))
    for region in REGIONS:
        for channel in CHANNELS:
            for year, month, length in ((2026, 8, 31), (2026, 9, 30), (2026, 10, 31)):
                usual = sold[(region, channel)] / len(ALL_DAYS) * length * Decimal(rng.randint(92, 112)) / 100
                facts.targets.append(Target(region, channel, (year, month), (usual / 100).quantize(Decimal(1)) * 100))


def restate(facts: Facts, seed: int) -> list[Delivery]:
    """Let the ERP correct three delivery lines some days later; the corrected lines."""
    rng = random.Random(f"restate:{seed}")
    changed = []
    for noted in (dt.date(2026, 9, 17), dt.date(2026, 9, 29), dt.date(2026, 10, 9)):
        first, last = noted - dt.timedelta(days=8), noted - dt.timedelta(days=3)
        index = rng.choice([n for n, line in enumerate(facts.deliveries) if first <= line.day <= last and not line.revisions])
        line = facts.deliveries[index]
        at = dt.datetime.combine(noted, dt.time(20, 15), SHANGHAI).astimezone(dt.UTC)
        facts.deliveries[index] = replace(line, revisions=((at, cents(line.net * Decimal("0.94"))),))
        changed.append(facts.deliveries[index])
    return changed
