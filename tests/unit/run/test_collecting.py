"""What fails is told apart: an item, a source that is away, an account that is refused, a disk that is full."""

from __future__ import annotations

import datetime as dt
import errno
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.run.conftest import Shop, at
from tests.unit.run.shelf import Shelf, ShelfConnector

from taihu.collect import registry
from taihu.core.clock import SHANGHAI, Clock, FixedClock
from taihu.core.errors import AccessRefused, ContentRefused, DiskFull, ManifestError, SourcePaused, TerminalError, TransientError
from taihu.core.types import Span
from taihu.project.workspace import Workspace
from taihu.run import collecting
from taihu.run.collecting import Collected, collect_all, patience_of
from taihu.run.execution import run

SOURCE = """\
title: {zh: 架, en: Shelf}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: shelf, account: box}
load: append
expect: {for: the day before, every: day, by: "08:00", grace: 15 minutes, since: 2026-11-01}
read: {as: csv, layouts: [standard]}
columns:
  sold_on:    {from: 日期, type: date, order: year first, required: true}
  net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
"""
AWAY = TransientError("the server cannot be reached")


def row(n: int) -> bytes:
    return f"日期,金额\n2026-11-01,{n}\n".encode()


@pytest.fixture
def shelf(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setitem(registry.CONNECTORS, "shelf", "tests.unit.run.shelf:ShelfConnector")
    shop.write("sources/shelf/source.yml", SOURCE)
    shop.write("sources/shelf/layouts/standard.yml", "header: [日期, 金额]\n")
    shop.edit("taihu.yml", "erp: {", "box: {kind: shelf, user: bi}, erp: {")
    monkeypatch.setattr(collecting, "ORDINARY", collecting.Patience(attempts=2, seconds=60, first_wait=0.001))
    monkeypatch.setattr(ShelfConnector, "shelf", Shelf({f"i{n}": row(n) for n in range(4)}))
    yield ShelfConnector.shelf


@pytest.fixture
def ws(shelf: Shelf, shop: Shop) -> Iterator[Workspace]:
    with shop.open() as opened:
        yield opened


def collected(ws: Workspace, span: Span | None = None) -> Collected:
    return collect_all(ws, [ws.tree.sources["shelf"]], span)["shelf"]


def landed(ws: Workspace) -> list[str]:
    return sorted(arrival.item_key for arrival in ws.ledger.arrivals(source="shelf"))


def pass_time(ws: Workspace, **time: float) -> None:
    assert isinstance(ws.clock, FixedClock)
    ws.clock.move_to(ws.clock.now() + dt.timedelta(**time))


@pytest.mark.parametrize("error", [ContentRefused("too_large"), AWAY, KeyError("odd")])
def test_an_item_that_cannot_be_had_stops_nothing_and_is_told(ws: Workspace, shelf: Shelf, error: Exception) -> None:
    shelf.failures["i1"] = error
    result = run(ws, sources=["shelf"], reports=False)
    assert landed(ws) == ["i0", "i2", "i3"]
    assert result.landed == {"shelf": 3}
    assert result.failed["shelf"].startswith("1 of 4 items could not be fetched")
    assert result.exit_code == 3
    (letter,) = ws.ledger.letters("shelf")
    assert (letter.item.key, letter.failures, letter.is_dead) == ("i1", 1, False)
    assert ws.ledger.cursor("shelf") is None, "the cursor must not pass it"
    assert ws.ledger.breaker("shelf").failures == 0, "the source itself is well"
    shelf.failures.clear()
    assert collected(ws) == Collected(landed=1)
    assert (landed(ws), ws.ledger.letters()) == (["i0", "i1", "i2", "i3"], [])


def test_an_item_dies_after_some_runs_and_is_left_alone(ws: Workspace, shelf: Shelf) -> None:
    shelf.failures["i3"] = ContentRefused("too_large")
    for _ in range(collecting.DEAD_AFTER):
        collected(ws)
    (letter,) = ws.ledger.letters()
    assert (letter.is_dead, letter.reason, letter.failures) == (True, "too_large", collecting.DEAD_AFTER)
    shelf.asked.clear()
    assert collected(ws) == Collected()
    assert shelf.asked == ["list"]
    assert ws.ledger.cursor("shelf") == "4", "the cursor may pass it now"
    shelf.failures.clear()
    assert collected(ws) == Collected()
    assert ws.ledger.letters_revived("shelf") == 1
    assert collected(ws) == Collected(landed=1)
    assert ws.ledger.letters() == []


def test_what_may_pass_is_given_a_day_before_it_is_dead(ws: Workspace, shelf: Shelf) -> None:
    shelf.failures["i3"] = AWAY
    for _ in range(collecting.DEAD_AFTER + 2):
        collected(ws)
    assert not ws.ledger.letters()[0].is_dead
    pass_time(ws, days=1)
    collected(ws)
    assert ws.ledger.letters()[0].is_dead


def test_a_source_that_goes_away_in_the_middle_is_no_fault_of_its_items(ws: Workspace, shelf: Shelf) -> None:
    shelf.failures |= {"i1": AWAY, "i2": AWAY, "i3": AWAY}
    assert collected(ws).problem == AWAY.what
    assert shelf.asked == ["list", "i0", "i1", "i1", "i2", "i2"], "two items, two attempts each"
    assert (landed(ws), ws.ledger.letters()) == (["i0"], [])


def test_a_source_that_is_away_is_left_alone_for_longer_and_longer(ws: Workspace, shelf: Shelf) -> None:
    shelf.failures["list"] = AWAY
    for _ in range(collecting.OPEN_AFTER):
        assert collected(ws).problem == AWAY.what
    shelf.asked.clear()
    assert collected(ws).problem.startswith("left alone until 2026-11-02 07:40 after 3 failed runs (the server cannot be reached)")
    assert shelf.asked == []
    for minutes in (10, 20, 40, 60, 60):
        pass_time(ws, minutes=minutes, seconds=-1)
        assert "left alone" in collected(ws).problem
        pass_time(ws, seconds=1)
        shelf.asked.clear()
        assert collected(ws).problem == AWAY.what
        assert shelf.asked == ["list"], "one attempt, half open"
    pass_time(ws, minutes=60)
    shelf.failures.clear()
    assert collected(ws) == Collected(landed=4)
    assert not ws.ledger.breaker("shelf").is_open


def test_the_breaker_survives_the_process(shop: Shop, shelf: Shelf) -> None:
    shelf.failures["list"] = AWAY
    for _ in range(collecting.OPEN_AFTER):
        with shop.open() as ws:
            collected(ws)
    shelf.asked.clear()
    with shop.open() as ws:
        assert "left alone" in collected(ws).problem
        ws.ledger.breaker_closed("shelf")
        assert shelf.asked == []
    with shop.open() as ws:
        assert collected(ws).problem == AWAY.what


def test_a_server_that_asks_for_an_hour_gets_it_at_once(ws: Workspace, shelf: Shelf) -> None:
    shelf.failures["list"] = TransientError("the site answered 429", retry_after=1800)
    collected(ws)
    assert shelf.asked == ["list"]
    retry_at = ws.ledger.breaker("shelf").retry_at
    assert retry_at is not None and retry_at - ws.clock.now() == dt.timedelta(minutes=30)


@pytest.mark.parametrize("error", [AccessRefused("no"), SourcePaused("terms_ended", "x"), ManifestError("x"), TerminalError("x")])
def test_only_a_source_that_is_away_is_left_alone(ws: Workspace, shelf: Shelf, error: Exception) -> None:
    shelf.failures["list"] = error
    for _ in range(collecting.OPEN_AFTER + 2):
        assert collected(ws).problem == str(getattr(error, "what", ""))
    assert not ws.ledger.breaker("shelf").is_open


def test_a_batch_ends_by_count_and_by_bytes(ws: Workspace, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    recorded = ws.ledger.arrivals_landed

    def counted(source: str, items: Any, **more: Any) -> list[str]:
        batches.append(len(items))
        return recorded(source, items, **more)

    monkeypatch.setattr(type(ws.ledger), "arrivals_landed", lambda _, source, items, **more: counted(source, items, **more))
    monkeypatch.setattr(collecting, "BATCH", 3)
    collected(ws)
    assert batches == [3, 1]
    monkeypatch.setattr(collecting, "BATCH_BYTES", 40)
    shelf.items |= {f"j{n}": row(n) for n in range(5)}
    batches.clear()
    collected(ws)
    assert batches == [2, 2, 1]


def test_a_full_disk_is_told_leaves_nothing_half_and_is_healed(ws: Workspace, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    written = itertools.count(1)
    write = Path.write_bytes

    def full_at_the_third(path: Path, data: bytes) -> int:
        if next(written) == 3:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_at_the_third)
    assert collected(ws).problem == "the disk is full"
    assert len(landed(ws)) == 3 and set(landed(ws)) < set(shelf.items), "what fitted is kept"
    assert not ws.ledger.breaker("shelf").is_open and not ws.ledger.letters()
    assert list((ws.root / "lake").rglob(".part-*")) == []
    assert collected(ws) == Collected(landed=1)


def test_a_full_disk_is_not_tried_again_on_the_spot() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise DiskFull("full")

    with pytest.raises(DiskFull):
        collecting.Patience(first_wait=0.001).call(work)
    assert len(tries) == 1


def test_a_backfill_asks_for_days_and_leaves_the_cursor(ws: Workspace, shelf: Shelf) -> None:
    collected(ws)
    shelf.items |= {"late": row(9)}
    span = Span(dt.date(2026, 10, 1), dt.date(2026, 11, 1))
    assert collected(ws, span) == Collected(landed=1)
    assert shelf.spans == [None, span]
    assert ws.ledger.cursor("shelf") == "4"
    assert collected(ws, span) == Collected(), "the same days again change nothing"


class Moving:
    """A clock that is not a fixed one."""

    def __init__(self, hour: int, minute: int) -> None:
        self._now = dt.datetime(2026, 11, 3, hour, minute, tzinfo=SHANGHAI).astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        return self._now


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        (Moving(8, 5), 600),  # due at 8:00 with 15 minutes of grace
        (Moving(7, 30), None),
        (
            Moving(
                8,
                14,
            ),
            None,
        ),
        (Moving(9, 0), None),
        (FixedClock(at(3, 8, 5)), None),
    ],
)
def test_a_near_deadline_is_waited_for(ws: Workspace, clock: Clock, seconds: float | None) -> None:
    ws.clock = clock
    patience = patience_of(ws, ws.tree.sources["shelf"])
    assert patience == collecting.ORDINARY if seconds is None else (patience.seconds == seconds and patience.attempts > 10)


def test_sources_of_an_account_that_is_away_wait_once(shop: Shop, shelf: Shelf) -> None:
    shop.write("sources/shelf2/source.yml", SOURCE)
    shop.write("sources/shelf2/layouts/standard.yml", "header: [日期, 金额]\n")
    shelf.failures["list"] = AWAY
    with shop.open() as ws:
        collect_all(ws, [ws.tree.sources["shelf"], ws.tree.sources["shelf2"]])
    assert shelf.asked == ["list", "list", "list"], "two attempts, then one"


def test_a_refusal_is_forgotten_when_the_login_works(ws: Workspace) -> None:
    ws.ledger.login_refused("box", "an old password", "the server refused the login")
    collected(ws)
    assert ws.ledger.refused_logins() == []
