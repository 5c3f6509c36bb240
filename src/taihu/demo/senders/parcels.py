"""The parcels of the web shop, as the courier bills them weekly: who received what, where, for how much, and whether it was in time.

Every order that was not cancelled leaves within two days. The bill is made on Monday, so the last days' parcels are still on the
road: they have no signature yet. The week's sum leaves the bank account on the Friday after it.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import person_name
from taihu.demo.dates import ALL_DAYS, LAST_DAY, MORNINGS, days_of_a_weekly
from taihu.demo.drafts import Draft, Row, Style
from taihu.demo.facts import SHANGHAI, Facts, Order, Payment, cents
from taihu.demo.senders.interface import Cells, Personal

COURIER = "迅丰速运有限公司"
_HEADERS = {
    "number": "运单号",
    "order": "客户订单号",
    "date": "寄件日期",
    "origin": "寄件城市",
    "province": "到件地区",
    "receiver": "收件人",
    "phone": "收件电话",
    "kind": "产品类型",
    "pieces": "件数",
    "weight": "计费重量(kg)",
    "fee": "费用(元)",
    "discount": "折扣(元)",
    "payable": "应付金额(元)",
    "signed_at": "签收时间",
    "signer": "签收人",
    "trouble": "异常原因",
}
_TROUBLES = ("", "", "", "", "", "", "", "", "", "收件人不在", "地址不详改派")
_FIRST_KILOGRAM = {"EAST": Decimal("9.00"), "NORTH": Decimal("12.00"), "SOUTH": Decimal("12.00"), "WEST": Decimal("14.00")}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel; ``signed_at`` is None while it is on the road when the bill is made."""

    number: str
    day: dt.date
    order: Order
    weight: Decimal
    fee: Decimal
    discount: Decimal
    signed_at: dt.datetime | None
    signer: str
    trouble: str

    @property
    def payable(self) -> Decimal:
        return self.fee - self.discount


class CourierBill:
    """A week's parcels."""

    source = "parcels"
    channel = "sftp/parcels"
    grains: Mapping[str, tuple[str, ...]] = {"clean.parcels": ("business_date", "waybill_number")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"parcels:{seed}")
        billed_on = {day: morning for morning in MORNINGS for day in days_of_a_weekly(morning)}
        sent: dict[dt.date, list[Parcel]] = defaultdict(list)
        for order in (order for day in ALL_DAYS for order in facts.orders[day]):
            day = order.day + dt.timedelta(days=rng.randint(0, 2))
            if order.status == "交易关闭" or day > LAST_DAY:
                continue
            sent[day].append(_parcel(order, day, billed_on[day], rng))
        facts.more[self.source] = dict(sorted(sent.items()))
        for morning in MORNINGS:
            days = days_of_a_weekly(morning)
            if days and morning + dt.timedelta(days=4) <= LAST_DAY:
                bill = sum((parcel.payable for day in days for parcel in parcels(facts).get(day, ())), Decimal(0))
                remark = f"快递费{days[0]:%m%d}-{days[-1]:%m%d}"
                facts.payments.append(Payment(morning + dt.timedelta(days=4), -bill, "转账支出", COURIER, remark))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        days = days_of_a_weekly(morning)
        if days:
            rows = [_row(parcel) for day in days for parcel in parcels(facts).get(day, ())]
            span = f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
            yield Draft(
                self.source,
                STYLE,
                self.source,
                tuple(days),
                f"运费对账单_{span}.xlsx",
                f"迅丰速运 月结客户对账单 {span}",
                rows,
                self.channel,
            )

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.parcels": {
                (day.isoformat(), parcel.number): {
                    "weight_kg": parcel.weight,
                    "freight_amount": parcel.fee,
                    "discount_amount": parcel.discount,
                    "payable_amount": parcel.payable,
                }
                for day, rows in parcels(facts).items()
                for parcel in rows
            }
        }

    def personal(self, facts: Facts) -> Personal:
        sent = [parcel for rows in parcels(facts).values() for parcel in rows]
        return Personal(
            phones=frozenset(parcel.order.phone for parcel in sent),
            names=frozenset(parcel.order.buyer for parcel in sent),
            unread_names=frozenset(parcel.signer for parcel in sent if len(parcel.signer) >= 3 and parcel.signer != parcel.order.buyer),
        )


def parcels(facts: Facts) -> Mapping[dt.date, Sequence[Parcel]]:
    """Parcels by the day on which they left."""
    sent: Mapping[dt.date, Sequence[Parcel]] = facts.more[CourierBill.source]
    return sent


def _parcel(order: Order, day: dt.date, billed_on: dt.date, rng: random.Random) -> Parcel:
    weight = (Decimal(order.quantity) * Decimal("0.55") + Decimal("0.3")).quantize(Decimal("0.1"))
    fee = cents(_FIRST_KILOGRAM[order.region] + max(weight - 1, Decimal(0)) * Decimal("2.40"))
    discount = cents(fee * Decimal("0.15")) if order.quantity >= 6 else Decimal("0.00")
    trouble = rng.choice(_TROUBLES)
    arrives = dt.datetime.combine(day, dt.time(rng.randint(8, 19), rng.randint(0, 59), rng.randint(0, 59)), SHANGHAI)
    arrives += dt.timedelta(days=rng.randint(1, 3) + (2 if trouble else 0))
    signer = rng.choice((order.buyer, order.buyer, "驿站", "前台", person_name(rng)))
    is_signed = arrives.date() < billed_on
    number = f"XF{rng.randrange(10**12, 10**13)}"
    return Parcel(number, day, order, weight, fee, discount, arrives if is_signed else None, signer if is_signed else "", trouble)


def _row(parcel: Parcel) -> Row:
    return {
        "number": parcel.number,
        "order": parcel.order.number,
        "date": parcel.day,
        "origin": "上海",
        "province": parcel.order.province,
        "receiver": parcel.order.buyer,
        "phone": parcel.order.phone,
        "kind": "标快",
        "pieces": 1,
        "weight": parcel.weight,
        "fee": parcel.fee,
        "discount": parcel.discount,
        "payable": parcel.payable,
        "signed_at": f"{parcel.signed_at:%Y-%m-%d %H:%M:%S}" if parcel.signed_at else "",
        "signer": parcel.signer,
        "trouble": parcel.trouble,
    }


STYLE = Style(
    "bill", "xlsx", _HEADERS, ("pieces", "weight", "fee", "discount", "payable"),
    above=lambda draft: [draft.title, "客户：清泉食品（中国）有限公司", ""], below=lambda draft: ["以上费用含6%增值税"], sheet="运单明细",
)  # fmt: skip
