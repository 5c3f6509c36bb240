"""Every verb does what it says, twice the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.core.errors import NotFound
from taihu.core.ids import derived_id
from taihu.core.types import Item, Note, ObjectRef, Refusal, Scope, Span, StatedTotal
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger
from taihu.ledger.records import ArrivalDecision, Expectation, FigureRow, Letter, Outcome, Output, Publication


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, ledger_file: Path, keyring: Keyring, clock: FixedClock) -> Iterator[Ledger]:
    """The same verbs on both databases."""
    url = f"sqlite:///{ledger_file}" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    with Ledger.open(url, sealer=Sealer(keyring), clock=clock) as opened:
        yield opened


DAY = dt.date(2026, 9, 14)
SOURCE = "sell_out_huadong"
UTC = dt.UTC


def span(first: int, last: int) -> Span:
    return Span(dt.date(2026, 9, first), dt.date(2026, 9, last) + dt.timedelta(days=1))


def item(number: int, *, received: dt.datetime | None = None) -> Item:
    return Item(f"uid.{number}", f"流向{number}.xlsx", 10, received, {"sender": f"a{number}@d.example", "subject": "9月流向"})


def obj(number: int) -> ObjectRef:
    return ObjectRef(derived_id("test object", number, length=64), 10 + number, "xlsx")


def landed(ledger: Ledger, number: int, *, received: dt.datetime | None = None, content: int | None = None) -> str:
    return ledger.arrival_landed(SOURCE, item(number, received=received), obj(number if content is None else content))


def accepted(arrival: str, *scopes: Scope) -> ArrivalDecision:
    return ArrivalDecision(arrival, "accepted", scopes=scopes, rows=5)


def test_landing_keeps_what_the_envelope_said(ledger: Ledger) -> None:
    received = dt.datetime(2026, 9, 14, 23, 59, 3, 250_000, tzinfo=UTC)
    arrival_id = ledger.arrival_landed(SOURCE, item(1, received=received), obj(1), cursor="17:42")
    assert arrival_id == derived_id("arrival", SOURCE, "uid.1", obj(1).sha256)
    found = ledger.arrival(arrival_id[:6])
    assert (found.state, found.name, found.item_key, found.meta) == ("landed", "流向1.xlsx", "uid.1", dict(item(1).meta))
    assert (found.sha256, found.size, found.kind) == (obj(1).sha256, 11, "xlsx")
    assert found.received_at == received and found.landed_at == dt.datetime(2026, 9, 15, 0, 30, tzinfo=UTC)
    assert ledger.cursor(SOURCE) == "17:42"
    assert ledger.known_items(SOURCE) == {"uid.1"}
    assert ledger.object_known(obj(1).sha256) == obj(1)


def test_landing_twice_changes_nothing_but_the_cursor(ledger: Ledger, clock: FixedClock) -> None:
    first = ledger.arrival_landed(SOURCE, item(1), obj(1), cursor="1")
    ledger.arrivals_decided(SOURCE, [accepted(first, Scope("D0001", span(14, 14)))])
    before = ledger.arrival(first)
    clock.move_to(dt.datetime(2026, 9, 16, tzinfo=UTC))
    assert ledger.arrival_landed(SOURCE, item(1), obj(1), cursor="2") == first
    assert ledger.arrival(first) == before
    assert ledger.cursor(SOURCE) == "2"
    assert len(ledger.arrivals()) == 1


def test_remembered_items_are_known_and_sources_apart(ledger: Ledger) -> None:
    ledger.item_remembered(SOURCE, item(1), cursor="x")
    ledger.items_remembered(SOURCE, [item(2), item(3), item(2)])
    ledger.item_remembered("other", item(9))
    assert ledger.known_items(SOURCE) == {"uid.1", "uid.2", "uid.3"}
    assert ledger.known_items("other") == {"uid.9"}
    assert ledger.cursor(SOURCE) == "x" and ledger.cursor("other") is None
    assert ledger.arrivals() == []


def test_arrivals_by_state_source_content_and_id(ledger: Ledger) -> None:
    ids = ledger.arrivals_landed(SOURCE, [(item(n), obj(n)) for n in range(1, 6)])
    again = ledger.arrival_landed("other", item(1), obj(1))
    ledger.arrivals_decided(SOURCE, [accepted(ids[0]), ArrivalDecision(ids[1], "rejected", "damaged_file", "cut off")])
    assert [each.id for each in ledger.arrivals(states=["landed"], source=SOURCE)] == ids[2:]
    assert [each.id for each in ledger.arrivals(sha256=obj(1).sha256)] == [ids[0], again]
    assert [each.id for each in ledger.arrivals(ids=[ids[3], ids[0]])] == [ids[0], ids[3]]
    assert ledger.arrival(ids[1]).detail == "cut off"
    with pytest.raises(NotFound):
        ledger.arrival("ffff0000")
    with pytest.raises(NotFound):
        ledger.arrival("")


def test_a_decision_is_kept_whole_and_replaced_whole(ledger: Ledger) -> None:
    arrival = landed(ledger, 1)
    total = StatedTotal("合计", "数量", Decimal("10.50"), Decimal("10.50"), "Sheet1!9")
    decision = ArrivalDecision(
        arrival,
        "accepted",
        kind="xls",
        rows=7,
        layout="standard",
        scopes=[Scope("D0001", span(12, 14)), Scope("华东一号", span(13, 13), is_nil=True)],
        header_cells={"数量": "C", "商品编码": "A"},
        totals=[total, StatedTotal("共", None, Decimal(7), None)],
        notes=[Note("columns_moved", "Sheet1!1", "数量", "was B")],
        refusals=[Refusal("invalid_date", "a.zip>Sheet1!4", "document_date"), Refusal("unknown_unit", "Sheet1!5")],
    )
    ledger.arrivals_decided(SOURCE, [decision], table="clean.sell_out_huadong", version=3, stamps={"2026-09": "aa", "2026-08": "bb"})
    found = ledger.arrival(arrival)
    assert (found.state, found.kind, found.rows, found.layout) == ("accepted", "xls", 7, "standard")
    assert found.scopes == tuple(decision.scopes)
    assert found.header_cells == decision.header_cells
    assert found.totals == tuple(decision.totals) and found.totals_state == "agree"
    assert [(row.reason, row.position, row.column) for row in ledger.quarantined(arrival=arrival)] == [
        ("invalid_date", "a.zip>Sheet1!4", "document_date"),
        ("unknown_unit", "Sheet1!5", ""),
    ]
    assert [(row.reason, row.detail) for row in ledger.notes(source=SOURCE)] == [("columns_moved", "was B")]
    assert ledger.quarantine_counts() == {(arrival, "invalid_date"): 1, (arrival, "unknown_unit"): 1}
    assert ledger.partition_stamps("clean.sell_out_huadong") == {"2026-08": "bb", "2026-09": "aa"}
    assert ledger.table_version("clean.sell_out_huadong") == 3
    assert [(each.status, each.rows_in, each.rows_out) for each in ledger.outcomes(subject=arrival)] == [("accepted", 9, 7)]

    ledger.arrivals_decided(SOURCE, [ArrivalDecision(arrival, "nil", scopes=[Scope("D0001", span(14, 14), is_nil=True)])])
    assert ledger.quarantined() == [] and ledger.notes() == []
    assert ledger.arrival(arrival).kind == "xls", "an empty kind keeps what landing found"
    assert len(ledger.arrival(arrival).scopes) == 1

    ledger.arrivals_decided(SOURCE, [ArrivalDecision(arrival, "superseded", "replaced", "by another")])
    found = ledger.arrival(arrival)
    assert (found.state, found.reason, found.detail, len(found.scopes)) == ("superseded", "replaced", "by another", 1)
    twin = landed(ledger, 2, content=1)
    ledger.arrivals_decided(SOURCE, [ArrivalDecision(twin, "superseded", "identical_content", arrival)])
    assert (ledger.arrival(twin).detail, ledger.arrival(twin).scopes) == (arrival, ())


def test_a_disagreeing_total_outweighs_an_agreeing_one(ledger: Ledger) -> None:
    arrival = landed(ledger, 1)
    totals = [StatedTotal("a", None, Decimal(1), Decimal(1)), StatedTotal("b", None, Decimal(1), Decimal(2))]
    ledger.arrivals_decided(SOURCE, [ArrivalDecision(arrival, "held", "total_disagrees", totals=totals)])
    assert ledger.arrival(arrival).totals_state == "disagree"


def test_an_unknown_arrival_stops_the_whole_batch(ledger: Ledger) -> None:
    arrival = landed(ledger, 1)
    with pytest.raises(NotFound):
        ledger.arrivals_decided(SOURCE, [accepted(arrival), accepted("0" * 16)], table="clean.x", version=1, stamps={"": "s"})
    assert ledger.arrival(arrival).state == "landed"
    assert ledger.partition_stamps("clean.x") == {} and ledger.outcomes() == []


def test_the_last_received_accepted_arrival_wins_each_day(ledger: Ledger) -> None:
    early, late = dt.datetime(2026, 9, 14, 1, tzinfo=UTC), dt.datetime(2026, 9, 14, 2, tzinfo=UTC)
    correction = landed(ledger, 1, received=late)
    original = landed(ledger, 2, received=early)
    held = landed(ledger, 3, received=late + dt.timedelta(hours=1))
    ledger.arrivals_decided(
        SOURCE,
        [
            accepted(correction, Scope("D0001", span(13, 14))),
            accepted(original, Scope("D0001", span(12, 14)), Scope("D0002", span(14, 14))),
            ArrivalDecision(held, "held", "mojibake", scopes=[Scope("D0001", span(14, 14))]),
        ],
    )
    assert ledger.winners(SOURCE) == {
        ("D0001", dt.date(2026, 9, 12)): original,
        ("D0001", dt.date(2026, 9, 13)): correction,
        ("D0001", dt.date(2026, 9, 14)): correction,
        ("D0002", dt.date(2026, 9, 14)): original,
    }


def test_a_hold_is_released_by_a_person_and_read_again(ledger: Ledger, clock: FixedClock) -> None:
    arrival = landed(ledger, 1)
    held = ArrivalDecision(arrival, "held", "scale_suspected", "median 0.0001", scopes=[Scope("D0001", span(14, 14))])
    ledger.arrivals_decided(SOURCE, [held])
    opened = clock.now()
    clock.move_to(opened + dt.timedelta(days=1))
    ledger.arrivals_decided(SOURCE, [held])
    [hold] = ledger.holds()
    assert hold.opened_at == opened, "deciding the same again does not make a hold younger"
    assert (hold.party, hold.span, hold.reason, hold.detail) == ("D0001", span(14, 14), "scale_suspected", "median 0.0001")
    ledger.hold_released(hold.id[:8], who="lead", why="promotion prices")
    assert ledger.holds() == [] and len(ledger.holds(open_only=False)) == 1
    assert ledger.arrival(arrival).state == "landed"
    assert ledger.released(arrival) == {"scale_suspected"}
    assert ledger.released_arrivals(SOURCE) == {arrival} and ledger.released_arrivals("other") == frozenset()
    assert [(each.kind, each.subject, each.who, each.why) for each in ledger.decisions()] == [
        ("hold.release", arrival, "lead", "promotion prices")
    ]
    assert [(each.action, each.who) for each in ledger.audit_trail()] == [("hold.release", "lead")]
    with pytest.raises(NotFound):
        ledger.hold_released(hold.id, who="lead", why="again")


def test_a_new_decision_ends_old_holds_without_a_release(ledger: Ledger) -> None:
    arrival = landed(ledger, 1)
    ledger.arrivals_decided(SOURCE, [ArrivalDecision(arrival, "held", "unknown_layout")])
    ledger.arrivals_decided(SOURCE, [ArrivalDecision(arrival, "held", "total_disagrees")])
    assert [each.reason for each in ledger.holds()] == ["total_disagrees"]
    ledger.arrivals_decided(SOURCE, [accepted(arrival)])
    assert ledger.holds() == [] and ledger.released(arrival) == frozenset()


def test_expectations_are_written_only_when_they_change(ledger: Ledger) -> None:
    due = dt.datetime(2026, 9, 15, 0, 0, tzinfo=UTC)
    rows = [Expectation(SOURCE, party, DAY, due) for party in ("D0002", "D0001")]
    ledger.expectations_set(rows)
    done = Expectation(SOURCE, "D0001", DAY, due, "late", "a" * 16, due + dt.timedelta(minutes=20))
    ledger.expectations_set([done, rows[0]])
    other = Expectation("stock", "", DAY - dt.timedelta(days=3), due)
    ledger.expectations_set([other])
    assert ledger.expectations(source=SOURCE) == [done, rows[0]]
    assert ledger.expectations(span=span(11, 11)) == [other]
    assert ledger.expectations(span=span(12, 13)) == []
    ledger.expectations_dropped(SOURCE, [("D0002", DAY)])
    assert ledger.expectations(source=SOURCE) == [done]


def test_breaker_counts_failures_since_the_last_success(ledger: Ledger) -> None:
    assert ledger.breaker(SOURCE).failures == 0
    for ok, error in [(False, "timeout"), (True, ""), (False, "reset"), (False, "refused")]:
        ledger.attempt(SOURCE, ok=ok, error=error, items=2)
    state = ledger.breaker(SOURCE)
    assert (state.is_open, state.failures, state.last_error) == (False, 2, "refused")
    assert ledger.breakers([SOURCE, "other"]) == {SOURCE: state, "other": ledger.breaker("other")}
    until = dt.datetime(2026, 9, 15, 1, tzinfo=UTC)
    ledger.breaker_opened(SOURCE, retry_at=until, reason="three refusals")
    assert ledger.breaker(SOURCE).is_open and ledger.breaker(SOURCE).retry_at == until
    assert ledger.breakers([SOURCE]) == {SOURCE: ledger.breaker(SOURCE)}
    ledger.breaker_closed(SOURCE)
    ledger.attempt(SOURCE, ok=True)
    assert ledger.breaker(SOURCE) == ledger.breaker(SOURCE).__class__(SOURCE)
    assert ledger.breakers([SOURCE]) == {SOURCE: ledger.breaker(SOURCE)}
    assert [each.ok for each in ledger.attempts(SOURCE)] == [False, True, False, False, True]


def test_sessions(ledger: Ledger) -> None:
    assert ledger.session_get("portal") is None
    ledger.session_put("portal", b"cookie=1")
    ledger.session_put("portal", b"cookie=2")
    assert ledger.session_get("portal") == b"cookie=2"
    ledger.session_dropped("portal")
    assert ledger.session_get("portal") is None


def test_stamps_definitions_and_removed_partitions(ledger: Ledger) -> None:
    ledger.stamps_set("mart.daily_kpi", {"2026-08": "a", "2026-09": "b"}, version=0, definition="f1")
    ledger.stamps_set("mart.daily_kpi", {"2026-09": "c"}, version=1, removed=["2026-08"])
    assert ledger.partition_stamps("mart.daily_kpi") == {"2026-09": "c"}
    assert ledger.definition("mart.daily_kpi") == "f1" and ledger.table_version("mart.daily_kpi") == 1
    ledger.stamps_set("mart.daily_kpi", {}, version=None, definition="f2")
    assert ledger.definition("mart.daily_kpi") == "f2" and ledger.table_version("mart.daily_kpi") == 1
    assert ledger.definition("mart.other") is None
    assert ledger.stamped_tables() == {"mart.daily_kpi": 1}


def publication(number: int = 1, **changes: object) -> Publication:
    values = {
        "id": derived_id("publication", number),
        "report": "daily_sales",
        "version": number,
        "span": span(14, 14),
        "issued_at": dt.datetime(2026, 9, 15, 0, 30, tzinfo=UTC),
        "tables": {"mart.daily_kpi": number, "mart.arrivals": 0},
        **changes,
    }
    return Publication(**values)  # type: ignore[arg-type]


def test_publications_pin_versions(ledger: Ledger) -> None:
    first, second = publication(1), publication(2, previous=publication(1).id, complete=True)
    ledger.publication_made(first)
    ledger.publication_made(second)
    ledger.publication_made(publication(1, complete=True))
    ledger.publication_made(publication(3, report="weekly_sales"))
    assert ledger.publications("daily_sales") == [first, second]
    assert ledger.publication(second.id[:5]) == second
    assert ledger.pinned_versions() == {"mart.daily_kpi": {1, 2, 3}, "mart.arrivals": {0}}
    ledger.publication_reviewed(first.id, who="lead")
    assert ledger.publication(first.id).reviewed
    assert [each.action for each in ledger.audit_trail()] == ["publish", "publish", "publish", "approve"]


def test_figures_and_outputs(ledger: Ledger) -> None:
    one = publication(1)
    ledger.publication_made(one)
    revenue = FigureRow(
        "f-" + "1" * 12, one.id, "net_revenue", "mart.daily_kpi", span(14, 14), (("region_code", "EAST"),), Decimal("12.30")
    )
    parts = (("net_revenue_cny", Decimal("1.50")), ("target_revenue_cny", Decimal("2.00")))
    ratio = FigureRow("f-" + "2" * 12, one.id, "attainment", "mart.daily_kpi", span(14, 14), (), None, parts, "percent", "", True)
    ledger.figures_recorded(one.id, [revenue, ratio])
    ledger.figures_recorded(one.id, [revenue, ratio])
    assert ledger.figure("f-11") == revenue and str(ledger.figure("f-11").value) == "12.30"
    assert ledger.figures(one.id) == [revenue, ratio]
    ledger.output_recorded(one.id, name="销售日报.xlsx", sha256="a" * 64, audience="EAST", lang="zh", format="xlsx")
    ledger.output_recorded(one.id, name="销售日报.xlsx", sha256="b" * 64, audience="EAST", lang="zh", format="xlsx")
    assert ledger.outputs(one.id) == [Output(one.id, "销售日报.xlsx", "b" * 64, "EAST", "zh", "xlsx")]


def test_outcomes_in_one_go(ledger: Ledger, clock: FixedClock) -> None:
    ledger.outcome("build", "mart.daily_kpi", status="ok", rows_in=4, rows_out=2)
    rows = [Outcome("collect", f"s{n}", "failed", "not_collected", "超时", None, None, clock.now()) for n in range(3)]
    ledger.outcomes_recorded(rows)
    assert ledger.outcomes(step="collect") == rows
    assert ledger.outcomes(subject="mart.daily_kpi")[0].rows_out == 2
    assert [each.subject for each in ledger.outcomes(limit=2)] == ["s1", "s2"]


def test_together_is_all_or_nothing(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.together():
        landed(ledger, 1)
        ledger.stamps_set("clean.x", {"": "a"}, version=1)
        assert len(ledger.arrivals()) == 1, "inside, what was written is seen"
        _ = 1 / 0
    assert ledger.arrivals() == [] and ledger.partition_stamps("clean.x") == {}
    with ledger.together():
        landed(ledger, 1)
        ledger.outcome("collect", SOURCE, status="ok")
        with pytest.raises(NotFound):
            ledger.arrivals_decided(SOURCE, [accepted("0" * 16)])
        ledger.outcome("collect", SOURCE, status="went on")
    assert len(ledger.arrivals()) == 1 and len(ledger.outcomes()) == 2


def test_a_letter_counts_dies_and_is_answered(ledger: Ledger) -> None:
    item = Item("mail/1", "销售.xlsx", 12, received_at=dt.datetime(2026, 9, 14, tzinfo=UTC), meta={"sender": "a@b.example"})
    now = dt.datetime(2026, 9, 15, tzinfo=UTC)
    letter = Letter(ledger.letter_id(SOURCE, item), SOURCE, item, "too_large", "1 TB", 5, now, now, is_dead=True)
    ledger.letters_put([letter])
    ledger.cursor_moved(SOURCE, "7:1")
    assert ledger.letters() == ledger.letters(SOURCE) == [letter]
    assert ledger.letters_revived("other") == ledger.letters_revived(SOURCE, ["other"]) == 0
    assert ledger.cursor(SOURCE) == "7:1"
    assert ledger.letters_revived(SOURCE, [letter.id]) == 1
    assert ledger.cursor(SOURCE) is None, "the cursor has passed the item: it must be listed again"
    assert [(each.failures, each.is_dead) for each in ledger.letters()] == [(0, False)]
    ledger.arrival_landed(SOURCE, item, ObjectRef("a" * 64, 12, "xlsx"))
    assert ledger.letters() == []


def test_a_letter_that_is_given_up_is_known(ledger: Ledger) -> None:
    item, now = Item("mail/1", "x"), dt.datetime(2026, 9, 15, tzinfo=UTC)
    ledger.letters_put([Letter(ledger.letter_id(SOURCE, item), SOURCE, item, "too_large", "", 1, now, now)])
    ledger.letter_given_up(SOURCE, ledger.letter_id(SOURCE, item), who="bi", why="a test mail")
    assert ledger.letters() == []
    assert ledger.known_items(SOURCE) == {"mail/1"}
    assert [entry.action for entry in ledger.audit_trail()] == ["item.give_up"]


def test_a_refused_login_is_remembered_until_something_of_it_changes(ledger: Ledger) -> None:
    ledger.login_refused("box", "user bi, password a", "the server refused the login")
    known = ledger.login_refused_before("box", "user bi, password a")
    assert known is not None and (known.account, known.what) == ("box", "the server refused the login")
    assert ledger.login_refused_before("box", "user bi, password b") is None
    assert ledger.login_refused_before("other", "user bi, password a") is None
    assert [each.account for each in ledger.refused_logins()] == ["box"]
    assert ledger.login_tried_again("box") and not ledger.login_tried_again("box")
    assert ledger.login_refused_before("box", "user bi, password a") is None


def test_a_ledger_of_an_older_program_gets_what_is_new(ledger: Ledger) -> None:
    with ledger._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE letter")
        connection.exec_driver_sql("ALTER TABLE attempt DROP COLUMN kind")
        connection.exec_driver_sql("DELETE FROM about WHERE name = 'layout'")
    again = Ledger(ledger._engine, sealer=ledger._sealer, clock=ledger._clock)
    again.attempt(SOURCE, ok=False, error="x", kind="items")
    assert (again.letters(), again.attempts(SOURCE)[0].kind) == ([], "items")
