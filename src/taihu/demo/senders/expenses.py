"""Travel and other expenses as the HR system exports them weekly: a text with identity numbers and bank cards in it.

Claims are handed in on working days, most are approved, and what was approved in a week leaves the bank account as one payment.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.company import person_name
from taihu.demo.dates import ALL_DAYS, LAST_DAY, MORNINGS, days_of_a_weekly, is_workday
from taihu.demo.drafts import Draft, Row, Style
from taihu.demo.facts import Facts, Payment
from taihu.demo.senders.interface import Cells, Personal

_HEADERS = {
    "number": "申请单号",
    "staff": "工号",
    "employee": "姓名",
    "identity": "身份证号",
    "department": "部门",
    "centre": "成本中心",
    "kind": "费用类型",
    "date": "提交日期",
    "spent": "发生日期",
    "currency": "币种",
    "amount": "金额",
    "invoice": "发票号码",
    "card": "收款银行卡",
    "status": "审批状态",
}
_DEPARTMENTS = (
    ("华东销售部", "CC1010"),
    ("华北销售部", "CC1020"),
    ("华南销售部", "CC1030"),
    ("西南销售部", "CC1040"),
    ("市场部", "CC2010"),
)
_KINDS = (("差旅-交通", 1200), ("差旅-住宿", 900), ("业务招待", 800), ("市内交通", 160), ("办公用品", 300))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who travels; the identity number names no region, the card no bank."""

    number: str
    name: str
    identity: str
    card: str
    department: str
    centre: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of expenses."""

    number: str
    day: dt.date
    spent_on: dt.date
    employee: Employee
    kind: str
    amount: Decimal
    invoice: str
    status: str


class ExpenseClaims:
    """The claims that were handed in in a week."""

    source = "expense_claims"
    channel = "inbox/expenses"
    grains: Mapping[str, tuple[str, ...]] = {"clean.expense_claims": ("business_date", "claim_number")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"expenses:{seed}")
        staff = [_employee(number, rng) for number in range(1, 15)]
        made: dict[dt.date, list[Claim]] = defaultdict(list)
        for day in ALL_DAYS:
            for _ in range(rng.randint(1, 4) if is_workday(day) else 0):
                made[day].append(_claim(f"BX{day:%Y%m%d}{len(made[day]) + 1:03d}", day, rng.choice(staff), rng))
        facts.more[self.source] = dict(made)
        for morning in MORNINGS:
            days = days_of_a_weekly(morning)
            if days and morning + dt.timedelta(days=2) <= LAST_DAY:
                approved = [claim.amount for day in days for claim in claims(facts).get(day, ()) if claim.status == "已通过"]
                remark = f"费用报销{days[0]:%m%d}-{days[-1]:%m%d}"
                facts.payments.append(
                    Payment(morning + dt.timedelta(days=2), -sum(approved, Decimal(0)), "代发报销", "代发业务内部户", remark)
                )

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        days = days_of_a_weekly(morning)
        if days:
            rows = [_row(claim) for day in days for claim in claims(facts).get(day, ())]
            span = f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
            yield Draft(self.source, STYLE, self.source, tuple(days), f"费用报销_{span}.csv", span, rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.expense_claims": {
                (day.isoformat(), claim.number): {"claim_amount": claim.amount} for day, rows in claims(facts).items() for claim in rows
            }
        }

    def personal(self, facts: Facts) -> Personal:
        staff = {claim.employee for rows in claims(facts).values() for claim in rows}
        return Personal(
            names=frozenset(one.name for one in staff), numbers=frozenset(number for one in staff for number in (one.identity, one.card))
        )


def claims(facts: Facts) -> Mapping[dt.date, Sequence[Claim]]:
    """Claims by the day on which they were handed in."""
    made: Mapping[dt.date, Sequence[Claim]] = facts.more[ExpenseClaims.source]
    return made


def _employee(number: int, rng: random.Random) -> Employee:
    born = dt.date(1975, 1, 1) + dt.timedelta(days=rng.randint(0, 9000))
    first17 = f"990000{born:%Y%m%d}{rng.randint(100, 999)}"
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]
    department, centre = _DEPARTMENTS[number % len(_DEPARTMENTS)]
    card = f"699999{rng.randrange(10**11, 10**12)}"
    return Employee(f"E{2000 + number}", person_name(rng), first17 + check, card + _luhn(card), department, centre)


def _luhn(digits: str) -> str:
    """The check digit of a card number."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def _claim(number: str, day: dt.date, employee: Employee, rng: random.Random) -> Claim:
    kind, usual = rng.choice(_KINDS)
    amount = Decimal(rng.randint(usual * 40, usual * 160)) / 100
    invoice = f"26{rng.randrange(10**17, 10**18)}"
    status = rng.choice(("已通过",) * 8 + ("审批中", "已驳回"))
    return Claim(number, day, day - dt.timedelta(days=rng.randint(1, 6)), employee, kind, amount, invoice, status)


def _row(claim: Claim) -> Row:
    employee = claim.employee
    return {
        "number": claim.number,
        "staff": employee.number,
        "employee": employee.name,
        "identity": f"\t{employee.identity}",
        "department": employee.department,
        "centre": employee.centre,
        "kind": claim.kind,
        "date": claim.day,
        "spent": claim.spent_on,
        "currency": "CNY",
        "amount": claim.amount,
        "invoice": f"\t{claim.invoice}",
        "card": f"\t{employee.card}",
        "status": claim.status,
    }


STYLE = Style("export", "csv", _HEADERS, encoding="utf-8-sig", thousands=("amount",), date_form="%Y年%-m月%-d日")
