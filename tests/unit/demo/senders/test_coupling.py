"""Two sources that speak of the same goods or money agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from taihu.demo.dates import LAST_DAY
from taihu.demo.senders.bank import bookings
from taihu.demo.senders.expenses import claims
from taihu.demo.senders.parcels import COURIER, parcels
from taihu.demo.senders.purchases import receipts
from taihu.demo.senders.settlements import deductions
from taihu.demo.world import World


def test_every_purchase_is_a_delivery_some_days_later(world: World) -> None:
    rows = [receipt for taken in receipts(world.facts).values() for receipt in taken]
    assert all(0 <= (receipt.day - receipt.delivery.day).days <= 5 for receipt in rows)
    taken = Counter((receipt.delivery.number, receipt.delivery.line) for receipt in rows)
    assert max(taken.values()) == 1
    on_the_road = [line for line in world.facts.deliveries if (line.number, line.line) not in taken]
    assert on_the_road and all((LAST_DAY - line.day).days < 5 for line in on_the_road)


def test_fees_follow_from_the_stores_sales(world: World) -> None:
    sold: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for day, tills in world.facts.pos.items():
        for till in tills:
            sold[(till.store, day.month)] += till.gross
    fees = [line for line in deductions(world.facts) if line.item == "促销服务费"]
    assert {line.retailer for line in fees} == {"百佳汇", "万客隆"}
    assert all(line.base == sold[(line.store.code, line.settled_on.month)] for line in fees)


def test_parcels_carry_orders_that_stand(world: World) -> None:
    sent = [parcel for rows in parcels(world.facts).values() for parcel in rows]
    assert len({parcel.number for parcel in sent}) == len({parcel.order.number for parcel in sent}) == len(sent)
    assert not [parcel for parcel in sent if parcel.order.status == "交易关闭"]
    assert any(parcel.signed_at is None for parcel in sent)


def test_what_others_are_paid_leaves_the_account(world: World) -> None:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in (line for lines in bookings(world.facts).values() for line in lines):
        paid[line.payment.kind if line.payment.kind == "代发报销" else line.payment.counterpart] += line.debit
    approved = sum(claim.amount for day, rows in claims(world.facts).items() for claim in rows if claim.status == "已通过")
    billed = sum(parcel.payable for rows in parcels(world.facts).values() for parcel in rows)
    assert 0 < paid["代发报销"] <= approved
    assert 0 < paid[COURIER] <= billed
