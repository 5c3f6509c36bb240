"""Every state that a debt and an arrival can have, on real files through whole runs: the everyday cases of a Chinese month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import get_args

import pytest
from tests.unit.run.conftest import Shop, amounts, arrival, at, debts

from taihu.core.clock import SHANGHAI, FixedClock
from taihu.core.types import Span
from taihu.ledger.records import ExpectationState
from taihu.project.workspace import Workspace

D = Decimal
PERIOD = "{from: rows, if_empty: expected}"
EXPECT = "{for: the day before, every: day,"


def on(month: int, day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def put(shop: Shop, party: str, name: str, days: Iterable[dt.date], received: dt.datetime, *, amount: int = 10, rows: int = 1) -> None:
    """A sales file with so many rows for each day."""
    lines = "".join(f"{day},{amount}\n" * rows for day in days)
    shop.put("sales", f"sales_{party}_{name}.csv", f"日期,金额\n{lines}", received)


def states(ws: Workspace, party: str) -> dict[tuple[int, int], str]:
    """State of every debt of a party by month and day."""
    return {(debt.day.month, debt.day.day): debt.state for debt in ws.ledger.expectations(source="sales") if debt.party == party}


def test_all_states_of_a_day_are_reached_one_after_the_other(shop: Shop, ws: Workspace) -> None:
    shop.run(at(2, 7), ws)
    seen = [debts(ws, "sales")["B", 1]]
    shop.run(at(2, 8, 14), ws)
    assert debts(ws, "sales")["B", 1] == "expected", "within the grace"
    shop.run(at(2, 8, 16), ws)
    seen.append(debts(ws, "sales")["B", 1])
    shop.put("sales", "sales_B_broken.csv", "", at(2, 8))
    shop.run(at(2, 9, 30), ws)
    seen.append(debts(ws, "sales")["B", 1])
    shop.sales("B", "large", "1:2000000", at(2, 10))
    shop.run(at(2, 10), ws)
    seen.append(debts(ws, "sales")["B", 1])
    ws.ledger.waived("sales", "B", Span(at(1).date(), at(2).date()), who="lead", why="不追")
    shop.run(at(2, 11), ws)
    seen.append(debts(ws, "sales")["B", 1])
    shop.sales("B", "good", "1:20", at(2, 12))
    shop.run(at(2, 12), ws)
    seen.append(debts(ws, "sales")["B", 1])
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.sales("A", "2", "", at(3, 7))
    shop.run(at(3), ws)
    seen += [debts(ws, "sales")["A", 1], debts(ws, "sales")["A", 2]]
    assert seen == ["expected", "missing", "rejected", "held", "waived", "late", "arrived", "nil"]
    assert set(seen) == set(get_args(ExpectationState))


def test_a_correction_makes_nobody_late(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.sales("B", "1", "1:70", at(2, 10))
    shop.run(at(2, 11), ws)
    shop.sales("A", "1_更正", "1:90", at(6, 15))
    shop.sales("B", "1_更正", "1:60", at(6, 15))
    shop.run(at(6, 16), ws)
    assert (debts(ws, "sales")["A", 1], debts(ws, "sales")["B", 1]) == ("arrived", "late")
    assert arrival(ws, "sales_A_1.csv").state == "superseded" and ("A", 1, D(90)) in amounts(ws)


def test_what_was_unusable_in_time_and_corrected_late_is_late(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:2000000", at(2, 7))
    shop.run(at(2), ws)
    shop.sales("A", "1_更正", "1:200", at(2, 10))
    shop.run(at(2, 11), ws)
    assert debts(ws, "sales")["A", 1] == "late" and ws.ledger.holds() == []


# National Day and make-up workdays -------------------------------------------------------------------------------------


@pytest.fixture
def autumn(shop: Shop) -> Shop:
    """The project in September, with deliveries on working days."""
    shop.clock = FixedClock(on(9, 18, 7))
    shop.edit("sources/sales/source.yml", EXPECT, "{for: every day since the last due date, every: workday,")
    shop.edit("sources/sales/source.yml", "since: 2026-11-01", "since: 2026-09-17")
    shop.put("parties", "parties.csv", "编码,名称,大区\nA,甲店,EAST\nB,乙店,WEST\n", on(9, 17))
    return shop


def test_eight_holiday_days_in_one_file(autumn: Shop) -> None:
    before, holiday = Span(dt.date(2026, 9, 17), dt.date(2026, 9, 30)), Span(dt.date(2026, 9, 30), dt.date(2026, 10, 8))
    put(autumn, "A", "before", before.days(), on(9, 30, 7))
    autumn.run(on(9, 30))
    autumn.run(on(10, 5))
    with autumn.open() as ws:
        assert max(states(ws, "A")) < (9, 30), "nothing is due while everybody is on holiday"
    put(autumn, "A", "holiday", holiday.days(), on(10, 8, 7))
    autumn.run(on(10, 8))
    with autumn.open() as ws:
        own = states(ws, "A")
        assert [own[day.month, day.day] for day in holiday.days()] == ["arrived"] * 8
        assert {states(ws, "B")[day.month, day.day] for day in holiday.days()} == {"missing"}
        (scope,) = arrival(ws, "sales_A_holiday.csv").scopes
        assert (scope.party, scope.span) == ("A", holiday)


def test_a_make_up_sunday_is_a_day_on_which_files_are_due(autumn: Shop) -> None:
    put(autumn, "A", "1", Span(dt.date(2026, 9, 17), dt.date(2026, 9, 20)).days(), on(9, 20, 7))
    autumn.run(on(9, 20))
    with autumn.open() as ws:
        assert states(ws, "A") == {(9, 17): "late", (9, 18): "arrived", (9, 19): "arrived"}, "18 September was the 17th's morning"
        assert set(states(ws, "B").values()) == {"missing"}
    autumn.run(on(9, 26))
    with autumn.open() as ws:
        assert max(states(ws, "A")) == (9, 23), "25 to 27 September are off for Mid-Autumn: the 24th is owed on the 28th"


# month to date ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cumulative(shop: Shop) -> Shop:
    """Every working morning the month to date comes."""
    shop.edit("sources/sales/source.yml", EXPECT, "{for: the month to date, every: workday,")
    return shop


def test_each_month_to_date_replaces_the_one_before(cumulative: Shop) -> None:
    cumulative.sales("A", "1", "1:10", at(2, 7))
    cumulative.run(at(2))
    cumulative.sales("A", "2", "1:11 2:20", at(3, 7))
    cumulative.run(at(3))
    with cumulative.open() as ws:
        assert amounts(ws) == [("A", 1, D(11)), ("A", 2, D(20))]
        assert arrival(ws, "sales_A_1.csv").state == "superseded"
        assert states(ws, "A") == {(11, 1): "arrived", (11, 2): "arrived"}


def test_a_day_that_a_month_to_date_does_not_tell_any_more_is_gone(cumulative: Shop) -> None:
    cumulative.sales("A", "1", "1:10 2:20", at(3, 7))
    cumulative.run(at(3))
    cumulative.sales("A", "2", "1:10 3:30", at(4, 7))
    cumulative.run(at(4))
    with cumulative.open() as ws:
        assert amounts(ws) == [("A", 1, D(10)), ("A", 3, D(30))], "the sale of the second was cancelled"
        assert states(ws, "A") == {(11, 1): "arrived", (11, 2): "arrived", (11, 3): "arrived"}


def test_mondays_month_to_date_owes_the_weekend_too(cumulative: Shop) -> None:
    cumulative.sales("A", "1", "1:1 2:2 3:3 4:4 5:5 6:6", at(9, 7))
    cumulative.run(at(9))
    with cumulative.open() as ws:
        own = states(ws, "A")
        assert (own[11, 6], own[11, 7], own[11, 8]) == ("arrived", "missing", "missing"), "the export ends on Friday"
    cumulative.sales("A", "2", "1:1 2:2 3:3 4:4 5:5 6:6 8:8", at(9, 10))
    cumulative.run(at(9, 11))
    with cumulative.open() as ws:
        own = states(ws, "A")
        assert (own[11, 6], own[11, 7], own[11, 8]) == ("arrived", "late", "late"), "a day between without rows had none"


# one file, several days; corrections only; old mails -------------------------------------------------------------------


def test_several_days_in_one_file_replace_these_days_alone(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:1", at(2, 7))
    shop.sales("A", "2", "2:2", at(3, 7))
    shop.run(at(3), ws)
    shop.sales("A", "week", "2:22 3:33 4:44", at(5, 7))
    shop.run(at(5), ws)
    assert amounts(ws) == [("A", 1, D(1)), ("A", 2, D(22)), ("A", 3, D(33)), ("A", 4, D(44))]
    assert [arrival(ws, f"sales_A_{name}.csv").state for name in ("1", "2", "week")] == ["accepted", "superseded", "accepted"]
    assert {day: state for (party, day), state in debts(ws, "sales").items() if party == "A"} == {
        1: "arrived",
        2: "arrived",
        3: "late",
        4: "arrived",
    }


def test_corrections_alone_do_not_replace_a_whole_day(shop: Shop, ws: Workspace) -> None:
    put(shop, "A", "1", [dt.date(2026, 11, 1)], at(2, 7), rows=30)
    shop.run(at(2), ws)
    put(shop, "A", "1_更正", [dt.date(2026, 11, 1)], at(2, 9), amount=9, rows=3)
    shop.run(at(2, 10), ws)
    held = arrival(ws, "sales_A_1_更正.csv")
    assert (held.state, held.reason, held.detail) == ("held", "version_shrunk", "3 rows in place of 30")
    assert len(amounts(ws)) == 30 and debts(ws, "sales")["A", 1] == "arrived", "what came before counts on"
    (hold,) = ws.ledger.holds()
    ws.ledger.hold_released(hold.id, who="lead", why="只卖了三笔")
    shop.run(at(2, 11), ws)
    assert [amount for _, _, amount in amounts(ws)] == [D(9)] * 3


def test_a_shrunken_file_of_the_same_run_and_one_that_was_late_on_its_way(shop: Shop, ws: Workspace) -> None:
    day = [dt.date(2026, 11, 1)]
    put(shop, "A", "1", day, at(2, 7), rows=30)
    put(shop, "A", "2", day, at(2, 7, 40), amount=9, rows=3)
    put(shop, "B", "whole", day, at(2, 8), amount=11, rows=30)
    shop.run(at(2), ws)
    assert arrival(ws, "sales_A_2.csv").reason == "version_shrunk"
    put(shop, "B", "draft", day, at(2, 6), amount=8, rows=3)
    shop.run(at(2, 9), ws)
    assert arrival(ws, "sales_B_draft.csv").state == "superseded", "what was received before replaces nothing"
    assert len(amounts(ws)) == 60


def test_corrections_alone_where_rows_are_merged_by_key(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", "load: replace", "load: upsert\nkey: [sold_on]")
    shop.run(at(2, 7))
    put(shop, "A", "1", [dt.date(2026, 11, day) for day in (1, 2, 3)], at(4, 7))
    shop.run(at(4))
    put(shop, "A", "更正", [dt.date(2026, 11, 2)], at(6, 7), amount=99)
    shop.run(at(6))
    with shop.open() as ws:
        assert amounts(ws) == [("A", 1, D(10)), ("A", 2, D(99)), ("A", 3, D(10))]
        own = {day: state for (party, day), state in debts(ws, "sales").items() if party == "A"}
        assert own == {1: "late", 2: "late", 3: "arrived", 4: "missing", 5: "missing"}


def test_an_old_mail_sent_again_opens_no_gap_and_changes_nothing(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:1", at(2, 7))
    shop.run(at(2), ws)
    shop.sales("A", "2", "2:2", at(3, 7))
    shop.sales("A", "1 (2)", "1:1", at(3, 7))
    result = shop.run(at(3), ws)
    again = arrival(ws, "sales_A_1 (2).csv")
    assert (again.state, again.reason, result.open_holds) == ("superseded", "identical_content", 0)
    assert amounts(ws) == [("A", 1, D(1)), ("A", 2, D(2))] and debts(ws, "sales")["A", 1] == "arrived"


def test_a_superseded_version_sent_again_waits_for_a_person(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:1", at(2, 6))
    shop.sales("A", "1_更正", "1:5", at(2, 7))
    shop.run(at(2), ws)
    shop.sales("A", "1 (2)", "1:1", at(9, 7))
    shop.run(at(9), ws)
    assert (arrival(ws, "sales_A_1 (2).csv").state, debts(ws, "sales")["A", 1]) == ("held", "arrived")
    (hold,) = ws.ledger.holds()
    ws.ledger.hold_released(hold.id, who="lead", why="更正本身是错的")
    shop.run(at(9, 10), ws)
    assert amounts(ws) == [("A", 1, D(1))] and arrival(ws, "sales_A_1_更正.csv").state == "superseded"
    assert debts(ws, "sales")["A", 1] == "arrived", "it had been told in time"


# parties that come and go ----------------------------------------------------------------------------------------------

VALID = "编码,名称,大区,起,止\nA,甲店,EAST,2026-01-01,\nB,乙店,WEST,2026-11-02,2026-11-04\n"


@pytest.fixture
def validity(shop: Shop) -> Shop:
    """B is a party from the second to the third of November."""
    source = "sources/parties/source.yml"
    shop.edit(source, "key: [party_code]", "key: [party_code]\nvalid: {from: valid_from, to: valid_to}")
    shop.edit(
        source,
        "  region_code: {from: 大区, type: text}",
        "  region_code: {from: 大区, type: text}\n  valid_from: {from: 起, type: date, order: year first}\n"
        "  valid_to: {from: 止, type: date, order: year first}",
    )
    shop.write("sources/parties/layouts/list.yml", "header: [编码, 名称, 大区, 起, 止]\n")
    shop.put("parties", "parties.csv", VALID, at(1))
    return shop


def test_who_is_not_valid_on_a_day_owes_nothing(validity: Shop) -> None:
    validity.run(at(6))
    with validity.open() as ws:
        assert sorted(day for party, day in debts(ws, "sales") if party == "B") == [2, 3]
        assert sorted(day for party, day in debts(ws, "sales") if party == "A") == [1, 2, 3, 4, 5]


def test_a_party_that_is_not_valid_on_the_day_is_held(validity: Shop) -> None:
    validity.run(at(2, 7))
    validity.sales("B", "in", "2:1 3:2", at(4, 7))
    validity.sales("B", "after", "3:2 4:3", at(5, 7))
    validity.run(at(5))
    with validity.open() as ws:
        assert arrival(ws, "sales_B_in.csv").state == "accepted"
        held = arrival(ws, "sales_B_after.csv")
        assert (held.state, held.reason, held.detail) == ("held", "outside_period", "1 rows lie outside 2026-11-02..2026-11-03")
        assert [(party, day) for party, day, _ in amounts(ws)] == [("B", 2), ("B", 3)]


def test_a_party_that_leaves_the_list_owes_no_more_and_what_it_sent_stays(shop: Shop, ws: Workspace) -> None:
    shop.sales("B", "1", "1:7", at(2, 7))
    shop.run(at(3), ws)
    assert debts(ws, "sales")["B", 1] == "arrived" and debts(ws, "sales")["B", 2] == "missing"
    shop.put("parties", "parties2.csv", "编码,名称,大区\nA,甲店,EAST\n", at(3, 9))
    shop.run(at(4), ws)
    assert {at: state for at, state in debts(ws, "sales").items() if at[0] == "B"} == {("B", 1): "arrived"}
    assert amounts(ws) == [("B", 1, D(7))]
