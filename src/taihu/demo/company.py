"""The simulated company: who it is, and what it sells to whom.

Everything is invented. Telephone numbers use a prefix that no Chinese operator has been given, and names of people have at
least three characters, so that a scan for them through gigabytes of compressed bytes does not find them by accident.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import FIRST_DAY
from taihu.demo.shape import REGIONS, Shape

PRICE_CHANGE = dt.date(2026, 9, 21)
CHANNELS = ("DISTRIBUTOR", "KA", "ECOM")


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
    shape: Shape

    def product(self, code: str) -> Product:
        return self.products[int(code[1:]) - 101]

    def distributor(self, code: str) -> Distributor:
        return self.distributors[int(code[1:]) - 1]

    @property
    def corrected_row(self) -> tuple[str, dt.date, str, str]:
        """Party, day, document and product of the row that the project's corrections.yml puts right: 12 cases, sent as 288."""
        return self.distributors[2].code, dt.date(2026, 9, 3), "XS20260903-9001", self.products[0].code

    def promoted(self, day: dt.date) -> set[str]:
        """Products on promotion: some a week, in turn."""
        first = (day - FIRST_DAY).days // 7 * self.shape.promoted
        return {self.products[(first + n) % len(self.products)].code for n in range(self.shape.promoted)}


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
    # companies of another shape have some of these as well
    ("清泉矿泉水1.5L", "清泉", "饮料", "瓶", 12, 13, "4.00"),
    ("清泉苏打水柠檬330ml", "清泉", "饮料", "瓶", 24, 13, "3.80"),
    ("茶语普洱500ml", "茶语", "饮料", "瓶", 15, 13, "5.00"),
    ("茶语奶茶350ml", "茶语", "饮料", "瓶", 15, 13, "6.50"),
    ("果然葡萄汁300ml", "果然", "饮料", "瓶", 12, 13, "6.80"),
    ("果然西柚汁1L", "果然", "饮料", "盒", 12, 13, "13.80"),
    ("脆香薯片烧烤味75g", "脆香", "零食", "包", 22, 13, "6.50"),
    ("脆香米饼150g", "脆香", "零食", "包", 20, 13, "7.90"),
    ("麦田全麦饼干400g", "麦田", "零食", "盒", 12, 13, "16.80"),
    ("麦田蛋卷200g", "麦田", "零食", "盒", 12, 13, "15.80"),
    ("山野核桃仁150g", "山野", "坚果", "包", 20, 9, "26.90"),
    ("山野开心果200g", "山野", "坚果", "包", 20, 9, "32.80"),
]
_RAISED = {"P105": "3.70", "P113": "6.80", "P119": "19.80", "P122": "23.90"}
_CITIES = {
    "EAST": ("上海", "杭州", "南京", "苏州", "宁波", "合肥", "无锡", "福州"),
    "NORTH": ("北京", "天津", "石家庄", "太原", "沈阳", "大连", "长春", "哈尔滨"),
    "SOUTH": ("广州", "深圳", "长沙", "武汉", "香港", "南宁", "海口", "东莞"),
    "WEST": ("成都", "重庆", "西安", "昆明", "贵阳", "兰州", "银川", "绵阳"),
}
_SOURCES = {"EAST": "sell_out_huadong", "NORTH": "sell_out_huabei", "SOUTH": "sell_out_huanan", "WEST": "sell_out_xinan"}
_STYLES = {"EAST": "standard", "NORTH": "export", "SOUTH": "two_rows", "WEST": "page"}
_OTHER_STYLE = "standard_2025"
_LEAVES = dt.date(2026, 10, 5)
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


def make_company(seed: int, shape: Shape) -> Company:
    """The company of one seed: prices and names of parties are fixed, assortments and customers vary."""
    rng = random.Random(f"company:{seed}")
    return Company(_products(shape), _distributors(shape, rng), _stores(shape), shape)


def _products(shape: Shape) -> tuple[Product, ...]:
    made = []
    for index, (name, brand, category, unit, pack, vat, price) in enumerate(_PRODUCTS[: shape.products]):
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


def _distributors(shape: Shape, rng: random.Random) -> tuple[Distributor, ...]:
    made: list[Distributor] = []
    codes = [f"P{101 + k}" for k in range(shape.products)]
    last = sum(shape.distributors)
    for region, count in zip(REGIONS, shape.distributors, strict=True):
        for n, city in enumerate(_CITIES[region][:count]):
            number = len(made) + 1
            # The third one sells the product whose row is corrected.
            products = sorted(rng.sample(codes, shape.assortment) if number != 3 else codes[: 2 * shape.assortment : 2])
            shops = rng.sample([(shop, road) for shop in _SHOPS for road in _ROADS], 10)
            customers = tuple((f"{city}{shop}（{road}）", phone_number(rng)) for shop, road in shops)
            name = f"{city}{_TRADE_NAMES[number % 10]}{_LEGAL[number % 3]}"
            style = _OTHER_STYLE if region == "EAST" and n >= count - shape.other_layout else _STYLES[region]
            made.append(
                Distributor(
                    f"D{number:04d}", name, f"baoshu@d{number:04d}.example", region, city, _SOURCES[region], style, tuple(products),
                    customers, person_name(rng), _LEAVES if number == last else None,
                )
            )  # fmt: skip
    return tuple(made)


def _stores(shape: Shape) -> tuple[Store, ...]:
    made = []
    closed = dict(shape.closed)
    for number in range(1, shape.stores + 1):
        region = REGIONS[(number - 1) % 4]
        city = _CITIES[region][(number // 4) % 5]
        retailer = _RETAILERS[number % 2]
        made.append(Store(f"S{number:03d}", f"{retailer}{city}{_ROADS[number % 8]}", retailer, region, city, closed.get(number)))
    return tuple(made)
