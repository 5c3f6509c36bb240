"""The shop platforms: what several files say in turn adds up to what is true."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from taihu.demo.dates import ALL_DAYS, LAST_DAY, MORNINGS
from taihu.demo.drafts import Draft
from taihu.demo.senders.douyin import DouyinOrders, DouyinSettlement, SubOrder
from taihu.demo.senders.interface import Sender
from taihu.demo.senders.jd import JdSettlement, JdStatistics
from taihu.demo.senders.pinduoduo import PddOrder, PinduoduoOrders
from taihu.demo.senders.platforms import platform_days
from taihu.demo.senders.shop_statistics import COUNTED_AGAIN, ShopStatistics, Statistics
from taihu.demo.setup import example_folder
from taihu.demo.world import World
from taihu.demo.writers import write
from taihu.project.load import load_tree
from taihu.project.typing import typed_tables
from taihu.read import read_file


def sent(sender: Sender, world: World) -> list[Draft]:
    return [draft for morning in MORNINGS for draft in sender.drafts(world.facts, morning)]


def test_tmall_states_what_its_orders_paid_and_counts_some_days_again(world: World) -> None:
    known: Statistics = world.facts.more[ShopStatistics.source]
    for day in ALL_DAYS:
        orders = world.facts.orders[day]
        assert sum(each.paid for each in known.final[day]) == sum(order.paid for order in orders)
        assert sum(each.refund for each in known.final[day]) == sum(order.refund for order in orders)
    assert len(known.first) == COUNTED_AGAIN
    assert all(known.first[day] != known.final[day] for day in known.first)
    last: dict[dt.date, list[dict[str, Any]]] = {}
    for draft in sent(ShopStatistics(), world):
        by_day: dict[dt.date, list[dict[str, Any]]] = defaultdict(list)
        for row in draft.rows:
            by_day[row["date"]].append(row)
        assert tuple(by_day) == draft.days
        last |= by_day
    for day in ALL_DAYS:
        assert [row["amount"] for row in last[day]] == [f"{each.paid:,}" if each.paid else "-" for each in known.final[day]]


def test_the_contract_reads_commas_dashes_and_per_cent(world: World) -> None:
    source = load_tree(example_folder()).sources[ShopStatistics.source]
    draft = min(sent(ShopStatistics(), world), key=lambda draft: len(draft.rows))
    assert any("," in row["visitors"] for row in draft.rows) and any(row["amount"] == "-" for row in draft.rows)
    read = read_file(write(draft).content, draft.name, read=source.file.read, layouts=source.layouts, passwords=[])
    (table,), refusals = typed_tables(read, source.file, "Asia/Shanghai")
    known: Statistics = world.facts.more[ShopStatistics.source]
    for row, item in zip(table.to_pylist(), known.first.get(draft.days[0], known.final[draft.days[0]]), strict=True):
        assert (row["visitor_count"] or 0, row["paid_amount"] or 0, row["quantity"] or 0) == (item.visitors, item.paid, item.sold)
        assert (
            row["conversion_rate"] is None or abs(row["conversion_rate"] * item.visitors - item.buyers) <= Decimal(item.visitors) / 10_000
        )
    assert refusals == []


def test_a_live_show_gets_a_third_to_a_half_back_and_runs_past_midnight(world: World) -> None:
    known: list[SubOrder] = world.facts.more[DouyinOrders.source]
    shown = [each for each in known if each.influencer]
    returned = sum(each.refunded_at is not None for each in shown) / len(shown)
    assert 0.3 <= returned <= 0.6
    assert sum(each.refunded_at is not None for each in known if not each.influencer) / (len(known) - len(shown)) < 0.2
    assert any(each.paid_at.hour == 0 for each in shown)


@pytest.mark.parametrize("sender", [DouyinOrders(), PinduoduoOrders()], ids=lambda sender: sender.source)
def test_the_last_row_of_each_sub_order_tells_what_became_of_it(sender: Sender, world: World) -> None:
    last: dict[str, dict[str, Any]] = {}
    again = 0
    for draft in sent(sender, world):
        for row in draft.rows:
            again += row["number"] in last
            last[row["number"]] = row
    known: list[SubOrder | PddOrder] = world.facts.more[sender.source]
    assert again > 5 and len(last) == len(known)
    for each in known:
        row = last[f"{each.number}\t"]
        assert row["amount"] == each.paid
        assert (row["after_sale"] == "退款成功") == each.refunded_by(LAST_DAY)


def test_pinduoduo_s_three_amounts_agree(world: World) -> None:
    rows = [row for draft in sent(PinduoduoOrders(), world) for row in draft.rows]
    assert all(row["received"] == row["listed"] - row["shop_discount"] == row["amount"] + row["subsidy"] for row in rows)
    assert any(row["subsidy"] for row in rows) and any(row["shop_discount"] for row in rows)
    assert all("****" in row["phone"] and row["buyer"].endswith("**") for row in rows)


@pytest.mark.parametrize("sender", [JdSettlement(), DouyinSettlement()], ids=lambda sender: sender.source)
def test_weekly_bills_follow_each_other_without_a_gap(sender: Sender, world: World) -> None:
    drafts = sent(sender, world)
    assert [day for draft in drafts for day in draft.days] == list(ALL_DAYS)
    assert any(row["direction"] in ("支出", "出账") for draft in drafts for row in draft.rows)


def test_the_truth_of_all_platforms(world: World) -> None:
    cells = platform_days(world.facts)
    assert len(cells) == len(ALL_DAYS) * 4
    for (_, platform), row in cells.items():
        if platform == "TMALL":
            assert row["stated_paid_amount"] == row["paid_amount"]
        if platform in ("DOUYIN", "PDD") and "paid_amount" in row:
            assert row["net_paid_amount"] == row["paid_amount"] - row["refund_amount"]
    jd = sum((row["amount"] for rows in world.facts.more[JdStatistics.source].values() for row in rows), Decimal(0))
    assert sum(row.get("stated_paid_amount", Decimal(0)) for (_, platform), row in cells.items() if platform == "JD") == jd
