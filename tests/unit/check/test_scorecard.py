import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from taihu.check.scorecard import DIMENSIONS, Card, by_source, percent, scorecard
from taihu.core.reasons import REASONS
from taihu.ledger.records import Arrival, Expectation

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = dt.datetime(2026, 9, 14, 0, 30, tzinfo=dt.UTC)  # 8:30 in Shanghai
DAY = dt.date(2026, 9, 14)


def arrival(number: int, state: str = "accepted", rows: int = 0, reason: str = "", at: dt.datetime = MORNING) -> Arrival:
    plain: dict[str, Any] = {
        "source": "shop",
        "detail": "",
        "sha256": "",
        "size": 1,
        "kind": "xlsx",
        "item_key": "",
        "name": "",
        "meta": {},
    }
    times = {"received_at": at, "landed_at": at, "sequence": number}
    return Arrival(id=f"a{number}", state=state, reason=reason, rows=rows, **plain, **times)  # type: ignore[arg-type]


def debt(party: str, state: str, due: dt.datetime = MORNING) -> Expectation:
    return Expectation("shop", party, DAY - dt.timedelta(days=1), due, state)  # type: ignore[arg-type]


def scores(card: Card) -> dict[str, str]:
    return {name: percent(card.score(name)) for name in DIMENSIONS}


def test_a_morning_is_scored() -> None:
    debts = [debt("A", "arrived"), debt("B", "late"), debt("C", "missing"), debt("D", "nil"), debt("E", "waived"), debt("F", "expected")]
    arrivals = [arrival(1, rows=97), arrival(2, rows=100), arrival(3, "held", reason="scale_suspected"), arrival(4, "landed")]
    refused = {("a1", "duplicate_row"): 2, ("a1", "invalid_date"): 1, ("a3", "price_out_of_band"): 50}
    (card,) = scorecard(arrivals, debts, refused, SHANGHAI)
    assert (card.day, card.owed, card.delivered, card.on_time, card.files, card.rows) == (DAY, 4, 3, 2, 3, 200)
    assert scores(card) == {
        "completeness": "75.00 %",
        "timeliness": "50.00 %",
        "validity": "99.50 %",
        "uniqueness": "99.00 %",
        "consistency": "100 %",
        "accuracy": "66.66 %",  # one file of three is held; its rows are not counted, for not all held files have any
    }


def test_what_was_not_measured_has_no_score() -> None:
    (quiet,) = scorecard([], [debt("A", "missing")], {}, SHANGHAI)
    assert scores(quiet) == {**dict.fromkeys(DIMENSIONS, ""), "completeness": "0.00 %", "timeliness": "0.00 %"}
    (unowed,) = scorecard([arrival(1, rows=5)], [], {}, SHANGHAI)
    assert scores(unowed) == {**dict.fromkeys(DIMENSIONS, "100 %"), "completeness": "", "timeliness": ""}


def test_days_are_those_of_the_zone_and_add_up() -> None:
    evening = dt.datetime(2026, 9, 14, 16, 30, tzinfo=dt.UTC)  # past midnight in Shanghai
    cards = scorecard([arrival(1, rows=10), arrival(2, rows=30, at=evening)], [], {("a2", "sign_disagrees"): 10}, SHANGHAI)
    assert [card.day for card in cards] == [DAY, DAY + dt.timedelta(days=1)]
    assert [card.score("consistency") for card in cards] == [1, Decimal("0.75")]
    (both,) = by_source(cards)
    assert (both.rows, both.files, both.score("consistency")) == (50, 2, Decimal("0.8"))
    assert [card.rows for card in by_source(cards, DAY + dt.timedelta(days=1))] == [40]


def test_a_share_is_never_rounded_up_to_whole() -> None:
    (card,) = scorecard([arrival(1, rows=999_999)], [], {("a1", "invalid_date"): 1}, SHANGHAI)
    assert percent(card.score("validity")) == "99.99 %"


def test_every_named_reason_exists() -> None:
    from taihu.check.scorecard import _ABOUT

    assert set(_ABOUT) <= set(REASONS)
