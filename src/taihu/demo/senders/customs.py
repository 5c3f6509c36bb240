"""Customs declarations of imported nuts and raisins, as the broker mails them: a page of PDF with boxes above a ruled table.

What is imported is what was delivered of the nuts in the two weeks before, by weight. Values are converted at the published rate of
the day of declaration; duty and VAT leave the bank account on the next working day.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import FIRST_MORNING, workday_from
from taihu.demo.drafts import Draft, Envelope, Row, Style
from taihu.demo.facts import Facts, Payment, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal
from taihu.demo.senders.pages import Page, pdf

_HEADERS = {
    "item": "项号",
    "hs": "商品编号",
    "goods": "商品名称及规格",
    "quantity": "数量",
    "unit": "单位",
    "price": "单价",
    "total": "总价",
    "currency": "币制",
    "origin": "原产国",
    "value": "完税价格",
    "duty_rate": "关税率",
    "duty": "关税",
    "vat": "增值税",
}
_EDGES = (36, 66, 136, 256, 306, 336, 386, 456, 496, 556, 626, 676, 736, 806)
_DECLARED = (dt.date(2026, 8, 28), dt.date(2026, 9, 11), dt.date(2026, 9, 17), dt.date(2026, 9, 29), dt.date(2026, 10, 8))
_VAT = Decimal("0.09")
# product, HS code, goods, kilograms in one unit, dollars a kilogram, origin, duty
_GOODS = (
    ("P122", "0801320000", "去壳腰果 W320", "0.12", "6.85", "越南", "0.07"),
    ("P124", "0806200000", "葡萄干 散装", "0.25", "2.40", "美国", "0.10"),
    ("P121", "0802120000", "去壳巴旦木 25kg箱", "0.06", "5.35", "美国", "0.10"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a declaration; value, duty and VAT in CNY."""

    number: str
    day: dt.date
    item: int
    hs_code: str
    goods: str
    kilograms: int
    price: Decimal
    value: Decimal
    duty_rate: Decimal
    origin: str

    @property
    def total(self) -> Decimal:
        return cents(self.price * self.kilograms)

    @property
    def duty(self) -> Decimal:
        return cents(self.value * self.duty_rate)

    @property
    def vat(self) -> Decimal:
        return cents((self.value + self.duty) * _VAT)


class CustomsBroker:
    """A declaration each, the working day after it."""

    source = "customs_declarations"
    channel = "mail"
    grains: Mapping[str, tuple[str, ...]] = {"clean.customs_declarations": ("business_date", "declaration_number", "item_number")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"customs:{seed}")
        made: dict[dt.date, list[Item]] = {}
        for day in _DECLARED:
            number = f"22482026{rng.randrange(10**9, 10**10)}"
            made[day] = [_item(facts, number, day, place) for place in range(1, rng.randint(2, 3) + 1)]
            due = sum((item.duty + item.vat for item in made[day]), Decimal(0))
            paid_on = workday_from(day + dt.timedelta(days=1))
            facts.payments.append(Payment(paid_on, -due, "税费支付", "上海海关", f"报关单{number}"))
        facts.more[self.source] = made

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        for day, items in items_by_day(facts).items():
            if morning == max(workday_from(day + dt.timedelta(days=1)), FIRST_MORNING):
                envelope = Envelope("上海通达报关有限公司", "docs@tongda-customs.example", f"报关单明细 {items[0].number}")
                name = f"报关单_{items[0].number}.pdf"
                yield Draft(self.source, STYLE, self.source, (day,), name, items[0].number, [*map(_row, items)], self.channel, envelope)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.customs_declarations": {
                (day.isoformat(), item.number, str(item.item)): {
                    "quantity": Decimal(item.kilograms),
                    "total_amount": item.total,
                    "customs_value": item.value,
                    "duty_amount": item.duty,
                    "import_vat": item.vat,
                }
                for day, items in items_by_day(facts).items()
                for item in items
            }
        }

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def items_by_day(facts: Facts) -> Mapping[dt.date, Sequence[Item]]:
    """The declarations by their day."""
    made: Mapping[dt.date, Sequence[Item]] = facts.more[CustomsBroker.source]
    return made


def _item(facts: Facts, number: str, day: dt.date, place: int) -> Item:
    code, hs_code, goods, weight, price, origin, duty_rate = _GOODS[place - 1]
    product = facts.company.product(code)
    since = day - dt.timedelta(days=14)
    units = sum(line.quantity * product.pack_size for line in facts.deliveries if line.product == code and since <= line.day < day)
    kilograms = max(25, int(units * Decimal(weight)) // 25 * 25)
    rate = [rate.mid for rate in facts.rates if rate.currency == "USD" and rate.day <= day][-1]
    value = cents(cents(Decimal(price) * kilograms) * rate / 100)
    return Item(number, day, place, hs_code, goods, kilograms, Decimal(price), value, Decimal(duty_rate), origin)


def _row(item: Item) -> Row:
    return {
        "item": f"{item.item}",
        "hs": item.hs_code,
        "goods": item.goods,
        "quantity": f"{item.kilograms}",
        "unit": "千克",
        "price": f"{item.price}",
        "total": f"{item.total:,}",
        "currency": "美元",
        "origin": item.origin,
        "value": f"{item.value:,}",
        "duty_rate": f"{item.duty_rate:.0%}",
        "duty": f"{item.duty:,}",
        "vat": f"{item.vat:,}",
    }


def _page(draft: Draft) -> bytes:
    page = Page()
    (day,) = draft.days
    page.text(330, 40, "进口货物报关单明细", 12)
    page.text(36, 70, f"报关单号：{draft.title}")
    page.text(256, 70, f"申报日期：{day:%Y-%m-%d}")
    page.text(456, 70, f"进口日期：{day - dt.timedelta(days=2):%Y-%m-%d}")
    page.text(36, 88, "境内收货人：清泉食品（中国）有限公司")
    page.text(256, 88, "运输方式：水路运输")
    page.text(456, 88, f"提单号：COSU{draft.title[-8:]}")
    tops = [106 + 18 * row for row in range(len(draft.rows) + 2)]
    page.grid(_EDGES, tops)
    for left, right, name in zip(_EDGES, _EDGES[1:], draft.columns, strict=False):
        page.text(left + 3, tops[0] + 12, draft.header(name))
        for row, top in zip(draft.rows, tops[1:], strict=False):
            if name in ("quantity", "price", "total", "value", "duty_rate", "duty", "vat"):
                page.text_to(right - 3, top + 12, row[name])
            else:
                page.text(left + 3, top + 12, row[name])
    page.text(36, tops[-1] + 24, "报关单位：上海通达报关有限公司")
    return pdf([page])


STYLE = Style("declaration", "page", _HEADERS, make=_page, tables=lambda draft: [draft.rows])
