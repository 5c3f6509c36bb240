"""What retailers keep back (账扣): a settlement for each retailer and month, as a workbook by mail.

Each store is charged for shelf display, for promotion staff by its sales, and for end displays by what it sold on promotion. The base
is the store's sales of the month at the till; sales less deductions reach the bank account in the month after.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import Store
from taihu.demo.dates import FIRST_MORNING, LAST_DAY, workday_from
from taihu.demo.drafts import Draft, Envelope, Row, Style
from taihu.demo.facts import Facts, Payment, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal

_HEADERS = {
    "number": "结算单号",
    "date": "结算日期",
    "supplier": "供应商编码",
    "store": "门店编号",
    "store_name": "门店名称",
    "item": "费用项目",
    "base": "计费基数",
    "rate": "费率",
    "deduction": "扣款金额",
    "vat": "税率",
    "invoice": "发票号",
}
_MONTHS = ((dt.date(2026, 8, 31), FIRST_MORNING), (dt.date(2026, 9, 30), dt.date(2026, 10, 9)))
_RETAILERS = {"百佳汇": ("BJH", "settlement@baijiahui.example"), "万客隆": ("WKL", "settlement@wankelong.example")}
_DISPLAY = Decimal("380.00")
_RATES = (("促销服务费", Decimal("0.03")), ("堆头费", Decimal("0.05")))


@dataclass(frozen=True, slots=True)
class Deduction:
    """One fee of one store for a month."""

    settled_on: dt.date
    number: str
    retailer: str
    store: Store
    item: str
    base: Decimal
    rate: Decimal | None
    amount: Decimal


class RetailerSettlements:
    """The settlements of both retailers, for two months."""

    source = "retailer_settlements"
    channel = "mail"
    grains: Mapping[str, tuple[str, ...]] = {"clean.retailer_settlements": ("business_date", "store_code", "fee_item")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        made = []
        for last, _ in _MONTHS:
            sold, promoted = _sales(facts, last)
            for retailer, (code, _) in _RETAILERS.items():
                stores = [store for store in facts.company.stores if store.retailer == retailer and sold.get(store.code)]
                lines = [line for store in stores for line in _lines(store, f"{code}{last:%Y%m}01", last, sold, promoted)]
                made += lines
                paid_on = workday_from(last + dt.timedelta(days=26))
                if paid_on <= LAST_DAY:
                    paid = sum(sold[store.code] for store in stores) - sum(line.amount for line in lines)
                    facts.payments.append(
                        Payment(paid_on, Decimal(paid), "转账收入", f"{retailer}商业有限公司", f"结算{code}{last:%Y%m}01")
                    )
        facts.more[self.source] = made

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        for last, sent_on in _MONTHS:
            for retailer, (code, address) in _RETAILERS.items() if sent_on == morning else ():
                rows = [_row(line) for line in deductions(facts) if (line.settled_on, line.retailer) == (last, retailer)]
                envelope = Envelope(f"{retailer}结算中心", address, f"{retailer} {last:%Y年%m月}供应商结算单", "gb2312")
                name, title = f"账扣明细_{code}_{last:%Y%m}.xlsx", f"{retailer} 供应商账扣明细 {last:%Y年%m月}"
                yield Draft(self.source, STYLE, code, (last,), name, title, rows, self.channel, envelope)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.retailer_settlements": {
                (line.settled_on.isoformat(), line.store.code, line.item): {"fee_base": line.base, "deduction_amount": line.amount}
                for line in deductions(facts)
            }
        }

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def deductions(facts: Facts) -> Sequence[Deduction]:
    """All fees, by month and retailer."""
    made: Sequence[Deduction] = facts.more[RetailerSettlements.source]
    return made


def _sales(facts: Facts, last: dt.date) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """Sales of each store in the month that ends with ``last``: all, and those on promotion."""
    sold: dict[str, Decimal] = defaultdict(Decimal)
    promoted: dict[str, Decimal] = defaultdict(Decimal)
    for till in (till for day, rows in facts.pos.items() if last.replace(day=1) <= day <= last for till in rows):
        sold[till.store] += till.gross
        if till.is_promotion:
            promoted[till.store] += till.gross
    return sold, promoted


def _lines(store: Store, number: str, last: dt.date, sold: Mapping[str, Decimal], promoted: Mapping[str, Decimal]) -> Iterable[Deduction]:
    yield Deduction(last, number, store.retailer, store, "陈列费", Decimal("0.00"), None, _DISPLAY)
    for (item, rate), base in zip(_RATES, (sold[store.code], promoted.get(store.code, Decimal("0.00"))), strict=True):
        yield Deduction(last, number, store.retailer, store, item, base, rate, cents(base * rate))


def _row(line: Deduction) -> Row:
    return {
        "number": line.number,
        "date": line.settled_on,
        "supplier": "V20391",
        "store": line.store.code,
        "store_name": line.store.name,
        "item": line.item,
        "base": line.base,
        "rate": f"{line.rate:.0%}" if line.rate is not None else "定额",
        "deduction": line.amount,
        "vat": "6%",
        "invoice": f"26{line.settled_on:%y%m%d}{line.store.code[1:]}{int(line.amount * 100) * 7919 % 10**9:09d}",
    }


def _below(draft: Draft) -> list[str]:
    return ["", f"本期扣款合计：{draft.sum_of('deduction')}元，由货款中扣除"]


STYLE = Style(
    "settlement",
    "xlsx",
    _HEADERS,
    ("deduction",),
    "cell",
    "合计",
    above=lambda draft: [draft.title, "单位：元"],
    below=_below,
    sheet="账扣",
)
