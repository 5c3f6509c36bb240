"""The simulated company: who it is, what it sells, and which days it works.

Everything is invented. Telephone numbers use a prefix that no Chinese operator has been given, and names of people have at
least three characters, so that a scan for them through gigabytes of compressed bytes does not find them by accident.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

FIRST_DAY = dt.date(2026, 8, 17)
FIRST_MORNING = dt.date(2026, 9, 15)
LAST_MORNING = dt.date(2026, 10, 12)
MISSED_MORNING = dt.date(2026, 9, 23)
PRICE_CHANGE = dt.date(2026, 9, 21)

# The State Council's notice for 2026, copied by hand: the simulator must not take the answer from the code under test.
_DAYS_OFF = frozenset([dt.date(2026, 9, n) for n in (25, 26, 27)] + [dt.date(2026, 10, n) for n in range(1, 8)])
_MAKE_UP_WORKDAYS = frozenset([dt.date(2026, 9, 20), dt.date(2026, 10, 10)])

REGIONS = ("EAST", "NORTH", "SOUTH", "WEST")
CHANNELS = ("DISTRIBUTOR", "KA", "ECOM")


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    """All calendar days from ``first`` to ``last``, both included."""
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def is_workday(day: dt.date) -> bool:
    """Whether China works on ``day`` (August to October 2026)."""
    return day in _MAKE_UP_WORKDAYS or (day.weekday() < 5 and day not in _DAYS_OFF)


def workday_from(day: dt.date) -> dt.date:
    """The day itself, or the next one on which China works."""
    while not is_workday(day):
        day += dt.timedelta(days=1)
    return day


MORNINGS = tuple(days(FIRST_MORNING, LAST_MORNING))
WORK_MORNINGS = tuple(day for day in MORNINGS if is_workday(day))
LAST_DAY = LAST_MORNING - dt.timedelta(days=1)
ALL_DAYS = tuple(days(FIRST_DAY, LAST_DAY))


def days_reported_on(morning: dt.date) -> list[dt.date]:
    """The days that a weekday-only sender reports on a working morning: all since its last report."""
    if morning == FIRST_MORNING:
        return days(FIRST_DAY, morning - dt.timedelta(days=1))
    previous = max(day for day in WORK_MORNINGS if day < morning)
    return days(previous, morning - dt.timedelta(days=1))


def _opens_the_week(day: dt.date) -> bool:
    """Whether a day is the first working day of its week."""
    monday = day - dt.timedelta(days=day.weekday())
    return is_workday(day) and not any(is_workday(earlier) for earlier in days(monday, day) if earlier < day)


def days_of_a_weekly(morning: dt.date) -> list[dt.date]:
    """The days that a sender of weekly files reports on a morning: none, except on the first working day of a week.

    On the first morning of all it sends what it had to send the day before.
    """
    if morning == FIRST_MORNING:
        return days(FIRST_DAY, max(day for day in days(FIRST_DAY, morning) if _opens_the_week(day)) - dt.timedelta(days=1))
    if not _opens_the_week(morning):
        return []
    return days(max(day for day in days(FIRST_DAY, morning) if day < morning and _opens_the_week(day)), morning - dt.timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Product:
    """One product; ``prices`` are (first day, price of one bottle, bag or box with VAT), oldest first."""

    code: str
    name: str
    brand: str
    category: str
    barcode: str
    each_unit: str
    pack_size: int
    vat_rate: Decimal
    prices: tuple[tuple[dt.date, Decimal], ...]
    pack_unit: str = "箱"

    def price_on(self, day: dt.date) -> Decimal:
        return [price for first, price in self.prices if first <= day][-1]


@dataclass(frozen=True, slots=True)
class Distributor:
    """One distributor. ``style`` is the layout in which its system writes the sell-out file."""

    code: str
    name: str
    mail: str
    region: str
    city: str
    source: str
    style: str
    products: tuple[str, ...]
    customers: tuple[tuple[str, str], ...]
    salesperson: str
    valid_to: dt.date | None = None

    def sells_on(self, day: dt.date) -> bool:
        return self.valid_to is None or day < self.valid_to


@dataclass(frozen=True, slots=True)
class Store:
    """One store of a retailer."""

    code: str
    name: str
    retailer: str
    region: str
    city: str
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """The master data."""

    products: tuple[Product, ...]
    distributors: tuple[Distributor, ...]
    stores: tuple[Store, ...]

    def product(self, code: str) -> Product:
        return self.products[int(code[1:]) - 101]

    def distributor(self, code: str) -> Distributor:
        return self.distributors[int(code[1:]) - 1]


_PRODUCTS = [
    # name, brand, category, each unit, pack, VAT %, price
    ("清泉天然水550ml", "清泉", "饮料", "瓶", 24, 13, "2.00"),
    ("清泉苏打水500ml", "清泉", "饮料", "瓶", 15, 13, "4.50"),
    ("清泉气泡水青柠480ml", "清泉", "饮料", "瓶", 15, 13, "5.50"),
    ("清泉气泡水白桃480ml", "清泉", "饮料", "瓶", 15, 13, "5.50"),
    ("茶语绿茶500ml", "茶语", "饮料", "瓶", 15, 13, "3.50"),
    ("茶语茉莉花茶500ml", "茶语", "饮料", "瓶", 15, 13, "3.50"),
    ("茶语乌龙无糖500ml", "茶语", "饮料", "瓶", 15, 13, "5.00"),
    ("茶语柠檬红茶1L", "茶语", "饮料", "瓶", 12, 13, "6.00"),
    ("果然橙汁300ml", "果然", "饮料", "瓶", 12, 13, "6.80"),
    ("果然苹果汁300ml", "果然", "饮料", "瓶", 12, 13, "6.80"),
    ("果然椰汁1L", "果然", "饮料", "盒", 12, 13, "12.80"),
    ("果然植物奶250ml", "果然", "饮料", "盒", 24, 13, "3.90"),
    ("脆香薯片原味75g", "脆香", "零食", "包", 22, 13, "6.50"),
    ("脆香薯片番茄味75g", "脆香", "零食", "包", 22, 13, "6.50"),
    ("脆香薯片黄瓜味75g", "脆香", "零食", "包", 22, 13, "6.50"),
    ("脆香虾条90g", "脆香", "零食", "包", 20, 13, "5.80"),
    ("脆香海苔卷60g", "脆香", "零食", "盒", 24, 13, "9.90"),
    ("麦田苏打饼干300g", "麦田", "零食", "盒", 12, 13, "13.80"),
    ("麦田曲奇256g", "麦田", "零食", "盒", 12, 13, "18.80"),
    ("麦田威化巧克力160g", "麦田", "零食", "盒", 16, 13, "11.50"),
    ("山野每日坚果175g", "山野", "坚果", "盒", 10, 9, "39.90"),
    ("山野盐焗腰果120g", "山野", "坚果", "包", 20, 9, "22.80"),
    ("山野红枣500g", "山野", "坚果", "包", 20, 9, "19.90"),
    ("山野葡萄干250g", "山野", "坚果", "包", 30, 9, "12.90"),
]
_RAISED = {"P105": "3.70", "P113": "6.80", "P119": "19.80", "P122": "23.90"}
_CITIES = {
    "EAST": ("上海", "杭州", "南京", "苏州", "宁波"),
    "NORTH": ("北京", "天津", "石家庄", "太原", "沈阳"),
    "SOUTH": ("广州", "深圳", "长沙", "武汉", "香港"),
    "WEST": ("成都", "重庆", "西安", "昆明", "贵阳"),
}
_STYLES = {
    "EAST": ("sell_out_huadong", ("standard", "standard", "standard", "standard_2025", "standard_2025")),
    "NORTH": ("sell_out_huabei", ("export",) * 5),
    "SOUTH": ("sell_out_huanan", ("two_rows",) * 5),
    "WEST": ("sell_out_xinan", ("page",) * 5),
}
_TRADE_NAMES = ("百联", "永丰", "嘉禾", "宏运", "瑞和", "鼎盛", "金穗", "同泰", "汇川", "广源")
_LEGAL = ("商贸有限公司", "食品贸易有限公司", "供应链管理有限公司")
_SHOPS = (
    "好邻居便利店",
    "惠民超市",
    "家家乐食品店",
    "校园超市",
    "阳光副食",
    "万家福生鲜",
    "小满茶饮",
    "老张烟酒店",
    "每一天便利店",
    "乐购批发部",
)
_ROADS = ("人民路店", "解放路店", "建设路店", "中山路店", "高新区店", "大学城店", "火车站店", "滨江店")
_RETAILERS = ("百佳汇", "万客隆")
_SURNAMES = "赵钱孙周吴郑冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方"
_GIVEN = "梓涵浩宇欣怡子轩雨桐诗琪俊杰思远嘉懿晓彤明轩若曦景行婉清望舒星野知夏临川栖迟"


def person_name(rng: random.Random) -> str:
    """A made-up name of three characters."""
    return rng.choice(_SURNAMES) + rng.choice(_GIVEN) + rng.choice(_GIVEN)


def phone_number(rng: random.Random) -> str:
    """A made-up mobile number in a range that no operator uses."""
    return f"154{rng.randrange(10_000_000, 99_999_999)}"


def make_company(seed: int) -> Company:
    """The company of one seed: prices and names of parties are fixed, assortments and customers vary."""
    rng = random.Random(f"company:{seed}")
    return Company(_products(), _distributors(rng), _stores())


def _products() -> tuple[Product, ...]:
    made = []
    for index, (name, brand, category, unit, pack, vat, price) in enumerate(_PRODUCTS):
        code = f"P{101 + index}"
        prices = [(dt.date(2026, 1, 1), Decimal(price))]
        if code in _RAISED:
            prices.append((PRICE_CHANGE, Decimal(_RAISED[code])))
        barcode = f"69000000{index + 1:04d}"
        made.append(Product(code, name, brand, category, barcode + _check_digit(barcode), unit, pack, Decimal(vat) / 100, tuple(prices)))
    return tuple(made)


def _check_digit(barcode: str) -> str:
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(barcode))
    return str(-total % 10)


def _distributors(rng: random.Random) -> tuple[Distributor, ...]:
    made: list[Distributor] = []
    for region in REGIONS:
        source, styles = _STYLES[region]
        for n, city in enumerate(_CITIES[region]):
            number = len(made) + 1
            products = sorted(rng.sample([f"P{101 + k}" for k in range(24)], 12) if number != 3 else [f"P{101 + 2 * k}" for k in range(12)])
            shops = rng.sample([(shop, road) for shop in _SHOPS for road in _ROADS], 10)
            customers = tuple((f"{city}{shop}（{road}）", phone_number(rng)) for shop, road in shops)
            name = f"{city}{_TRADE_NAMES[number % 10]}{_LEGAL[number % 3]}"
            made.append(
                Distributor(
                    f"D{number:04d}", name, f"baoshu@d{number:04d}.example", region, city, source, styles[n], tuple(products), customers,
                    person_name(rng), dt.date(2026, 10, 5) if number == 20 else None,
                )
            )  # fmt: skip
    return tuple(made)


def _stores() -> tuple[Store, ...]:
    made = []
    for number in range(1, 25):
        region = REGIONS[(number - 1) % 4]
        city = _CITIES[region][(number // 4) % 5]
        retailer = _RETAILERS[number % 2]
        closed = dt.date(2026, 9, 20) if number == 17 else None
        made.append(Store(f"S{number:03d}", f"{retailer}{city}{_ROADS[number % 8]}", retailer, region, city, closed))
    return tuple(made)
