from __future__ import annotations

import datetime as dt
from decimal import Decimal

from taihu.demo.dates import ALL_DAYS
from taihu.demo.senders.bank import OPENING, bookings
from taihu.demo.world import World


def test_every_balance_follows_from_the_one_before(world: World) -> None:
    balance = OPENING
    for line in (line for day in ALL_DAYS for line in bookings(world.facts)[day]):
        balance += line.credit - line.debit
        assert line.balance == balance and line.credit * line.debit == 0


def test_the_day_s_takings_reach_the_account_on_the_next_day(world: World) -> None:
    for day in ALL_DAYS[:-1]:
        net = sum((flow.income + flow.expense for flow in world.facts.flows[day]), Decimal(0))
        (payout,) = [line for line in bookings(world.facts)[day + dt.timedelta(days=1)] if line.payment.kind == "支付宝提现"]
        assert payout.credit == net
