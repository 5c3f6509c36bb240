from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal

import pytest

from taihu.demo.dates import ALL_DAYS, MORNINGS, WORK_MORNINGS, days_reported_on, is_workday
from taihu.demo.facts import SHANGHAI, Facts, nil_days, restate, simulate
from taihu.demo.shape import DEFAULT, draw_shape, shape_of


@pytest.fixture(scope="module", params=[(20261012, False), (10, True), (11, True)], ids=["fixed", "drawn", "drawn again"])
def facts(request: pytest.FixtureRequest) -> Facts:
    seed, random_company = request.param
    return simulate(seed, shape_of(seed, random_company))


def test_the_mornings_cross_both_holidays() -> None:
    assert len(MORNINGS) == 28
    assert [day for day in MORNINGS if day.weekday() >= 5 and is_workday(day)] == [dt.date(2026, 9, 20), dt.date(2026, 10, 10)]
    assert [day.day for day in days_reported_on(dt.date(2026, 10, 8))] == [30, 1, 2, 3, 4, 5, 6, 7]
    reported = [day for morning in WORK_MORNINGS for day in days_reported_on(morning)]
    assert reported == list(ALL_DAYS)


def test_a_seed_is_one_world() -> None:
    assert simulate(3) == simulate(3)
    assert simulate(3).sell_out != simulate(4).sell_out


def test_every_party_sells_every_day_but_its_nil_days(facts: Facts) -> None:
    for party in facts.company.distributors:
        for day in ALL_DAYS:
            assert bool(facts.sell_out.get((party.code, day))) == (party.sells_on(day) and (party.code, day) not in nil_days(facts.company))


def test_prices_of_clean_sales_are_near_the_list(facts: Facts) -> None:
    for (_, day), lines in facts.sell_out.items():
        ratios = []
        for line in lines:
            product = facts.company.product(line.product)
            units = line.quantity * (product.pack_size if line.unit == product.pack_unit else 1)
            ratios.append(line.gross / units / product.price_on(day))
        assert all(Decimal("0.75") < ratio < Decimal("1.05") for ratio in ratios)
        assert abs(statistics.median(ratios) - 1) < Decimal("0.025")


def test_stock_adds_up_never_runs_out_and_always_moves(facts: Facts) -> None:
    for (party, day), counts in facts.stock.items():
        before = facts.stock.get((party, day - dt.timedelta(days=1)))
        assert all(count.closing >= 0 for count in counts)
        if before:
            assert [count.opening for count in counts] == [count.closing for count in before]
            assert [count.closing for count in counts] != [count.closing for count in before]


def test_the_erp_ships_every_day_also_before_the_utc_day_begins(facts: Facts) -> None:
    assert {line.day for line in facts.deliveries} == set(ALL_DAYS)
    assert any(line.delivered_at.date() != line.day for line in facts.deliveries)
    assert "CNY" in {line.currency for line in facts.deliveries} <= {"CNY", "HKD"}


def test_refunds_stay_on_the_order_s_day_and_numbers_do_not_repeat(facts: Facts) -> None:
    flows = [flow for rows in facts.flows.values() for flow in rows]
    orders = {order.number: order for rows in facts.orders.values() for order in rows}
    assert len(orders) == sum(len(rows) for rows in facts.orders.values())
    assert len({flow.number for flow in flows}) == len(flows)
    assert all(flow.day == orders[flow.order].day for flow in flows)
    assert all(len(number) == 19 for number in orders)
    assert all(order.paid_at.tzinfo is SHANGHAI for order in orders.values())


def test_no_rate_on_days_off_and_one_before_the_first_day(facts: Facts) -> None:
    assert all(is_workday(rate.day) and rate.day.weekday() < 5 for rate in facts.rates)
    assert min(rate.day for rate in facts.rates) < ALL_DAYS[0]


def test_a_restatement_changes_old_lines_only() -> None:
    facts = simulate(5)
    changed = restate(facts, 5)
    assert len(changed) == 3
    assert all(line.final_net != line.net and line.revisions[0][0].date() > line.day for line in changed)


def test_the_corrected_row_is_in_every_world(facts: Facts) -> None:
    party, day, document, product = facts.company.corrected_row
    rows = [line for line in facts.sell_out[(party, day)] if (line.document, line.product) == (document, product)]
    assert [line.quantity for line in rows] == [12]


def test_shapes_differ_and_one_seed_is_one_shape() -> None:
    shapes = [draw_shape(seed) for seed in range(40)]
    assert shapes == [draw_shape(seed) for seed in range(40)]
    assert all(12 <= sum(shape.distributors) <= 30 and min(shape.distributors) >= 3 for shape in shapes)
    assert len({shape.distributors for shape in shapes}) > 30 and len({shape.orders for shape in shapes}) > 20
    assert shape_of(7, False) is DEFAULT


def test_no_two_habits_meet_on_one_sender() -> None:
    for habits in (DEFAULT.habits, *(draw_shape(seed).habits for seed in range(40))):
        mailing = [each[0] for each in (*habits.late, *habits.month_to_date, *habits.corrected, *habits.nil, habits.odd_text)]
        assert len(set(mailing)) == len(mailing) and "D0003" not in mailing
        assert all(morning < MORNINGS[-1] for _, morning in (*habits.late, *habits.stalled, habits.late_stock))
        assert all(days_reported_on(morning) == [morning - dt.timedelta(days=1)] for _, morning in habits.nil)
