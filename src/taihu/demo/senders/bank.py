"""The bank: every payment of the company, with the running balance, as a GBK text export of the corporate online bank.

The payment platform pays out each day's net takings on the next day; salaries, rent and fees leave the account. Whatever other
senders pay or are paid (distributors their invoices, retailers their settlements) stands in ``facts.payments`` before.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import ALL_DAYS, LAST_DAY, WORK_MORNINGS, days_reported_on, is_workday, workday_from
from taihu.demo.drafts import Draft, Row, Style
from taihu.demo.facts import Facts, Payment, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal

OPENING = Decimal("3000000.00")
_ACCOUNT = "4402 2190 0920 0154 321"
_HEADERS = {
    "day": "交易日期",
    "time": "交易时间",
    "number": "流水号",
    "kind": "摘要",
    "debit": "借方发生额",
    "credit": "贷方发生额",
    "balance": "余额",
    "counterpart": "对方户名",
    "bank": "对方开户行",
    "remark": "附言",
}
_BANKS = ("工商银行", "建设银行", "招商银行", "交通银行", "中国银行")


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of the account: debit leaves it, credit reaches it, and the balance is after it."""

    number: str
    time: dt.time
    payment: Payment
    balance: Decimal

    @property
    def debit(self) -> Decimal:
        return max(-self.payment.amount, Decimal("0.00"))

    @property
    def credit(self) -> Decimal:
        return max(self.payment.amount, Decimal("0.00"))


class BankStatement:
    """The statement of the company's main account, each working morning since the last one."""

    source = "bank_statement"
    channel = "sftp/bank"
    grains: Mapping[str, tuple[str, ...]] = {"clean.bank_statement": ("business_date", "flow_number")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"bank:{seed}")
        facts.payments += [*_payouts(facts), *_outgoings(rng)]
        by_day: dict[dt.date, list[Payment]] = defaultdict(list)
        for payment in facts.payments:
            by_day[payment.day].append(payment)
        balance, booked = OPENING, {}
        for day in ALL_DAYS:
            booked[day] = list[Booking]()
            times = sorted(dt.time(rng.randint(9, 17), rng.randint(0, 59), rng.randint(0, 59)) for _ in by_day[day])
            for number, (time, payment) in enumerate(zip(times, by_day[day], strict=True), 1):
                balance += payment.amount
                booked[day].append(Booking(f"{day:%Y%m%d}{number:05d}", time, payment, balance))
        facts.more[self.source] = booked

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        if morning not in WORK_MORNINGS:
            return
        days = days_reported_on(morning)
        rows = [_row(booking) for day in days for booking in bookings(facts)[day]]
        name = f"账户明细_{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}.csv"
        yield Draft(self.source, STYLE, self.source, tuple(days), name, f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.bank_statement": {
                (day.isoformat(), line.number): {"debit_amount": line.debit, "credit_amount": line.credit, "balance": line.balance}
                for day, lines in bookings(facts).items()
                for line in lines
            }
        }

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def bookings(facts: Facts) -> Mapping[dt.date, Sequence[Booking]]:
    """The account's lines by day."""
    booked: Mapping[dt.date, Sequence[Booking]] = facts.more[BankStatement.source]
    return booked


def _payouts(facts: Facts) -> Iterable[Payment]:
    """The payment platform pays out a day's takings less fees and refunds on the next day."""
    for day, flows in sorted(facts.flows.items()):
        if day < LAST_DAY:
            net = sum((flow.income + flow.expense for flow in flows), Decimal(0))
            yield Payment(day + dt.timedelta(days=1), net, "支付宝提现", "支付宝（中国）网络技术有限公司", f"结算{day:%Y%m%d}")


def _outgoings(rng: random.Random) -> Iterable[Payment]:
    for day in ALL_DAYS:
        if day.day == 10:
            yield Payment(workday_from(day), -Decimal(rng.randint(280_000, 320_000)), "代发工资", "代发业务内部户", f"{day:%m}月工资")
        if day.day == 25:
            yield Payment(workday_from(day), -Decimal("86000.00"), "转账支出", "上海申汇物业管理有限公司", "房租及物业费")
        if is_workday(day):
            yield Payment(day, -cents(Decimal(rng.randint(5, 60)) / 2), "手续费", "本行", "电子汇划费")


def _row(booking: Booking) -> Row:
    payment = booking.payment
    return {
        "day": payment.day,
        "time": booking.time.isoformat(),
        "number": booking.number,
        "kind": payment.kind,
        "debit": booking.debit,
        "credit": booking.credit,
        "balance": booking.balance,
        "counterpart": payment.counterpart,
        "bank": _BANKS[len(payment.counterpart) % len(_BANKS)],
        "remark": payment.remark,
    }


def _above(draft: Draft) -> list[str]:
    first, last = draft.rows[0], draft.rows[-1]
    opening = first["balance"] - first["credit"] + first["debit"]
    return [
        "单位账户交易明细",
        f"账号：{_ACCOUNT}  户名：清泉食品（中国）有限公司  币种：人民币",
        f"起止日期：{draft.title}",
        f"期初余额：{opening:,}  期末余额：{last['balance']:,}",
        "",
    ]


def _below(draft: Draft) -> list[str]:
    sums = {"day": "合计", "debit": f"{draft.sum_of('debit')}", "credit": f"{draft.sum_of('credit')}"}
    return [",".join(sums.get(name, "") for name in draft.columns), f"本页共{len(draft.stated_rows)}笔"]


STYLE = Style("statement", "csv", _HEADERS, date_form="%Y%m%d", above=_above, below=_below)
