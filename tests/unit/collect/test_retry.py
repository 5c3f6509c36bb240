"""Trying again: by type, with an end, and without giving an item twice."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import QUICK, Clear, source_file

from taihu.collect import Connector, Health, Patience
from taihu.collect.interface import Surroundings
from taihu.collect.retry import Retrying
from taihu.core.clock import SystemClock
from taihu.core.errors import AccessRefused, TransientError
from taihu.core.types import Fetched, Item, Span
from taihu.manifest.tree import Source


class Shaky(Connector):
    """Breaks off at given moments."""

    def __init__(self, failures: dict[str, list[Exception]]) -> None:
        super().__init__(Source("s", "sources/s", source_file({"via": "folder"})), Surroundings(SystemClock(), Path(), lambda _: Clear("")))
        self.failures = failures
        self.calls = 0
        self.resets = 0

    def _maybe_fail(self, at: str) -> None:
        self.calls += 1
        if self.failures.get(at):
            raise self.failures[at].pop(0)

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._maybe_fail("list")
        for n in range(4):
            self._maybe_fail(f"item {n}")
            yield Item(str(n), f"{n}.csv")

    def fetch(self, item: Item) -> Fetched:
        self._maybe_fail(f"fetch {item.key}")
        return Fetched(item, item.key.encode())

    def probe(self) -> Health:
        return Health(True, "")

    def reset(self) -> None:
        self.resets += 1


def collected(shaky: Shaky, patience: Patience = QUICK) -> list[bytes]:
    connector = Retrying(shaky, patience)
    return [connector.fetch(item).content for item in connector.discover(None, set())]


def test_a_listing_that_breaks_off_is_begun_again_and_gives_nothing_twice() -> None:
    shaky = Shaky({"list": [TransientError("x")], "item 2": [TransientError("x"), TransientError("x")], "fetch 3": [TransientError("x")]})
    assert collected(shaky) == [b"0", b"1", b"2", b"3"]
    assert shaky.resets == 4


def test_patience_ends() -> None:
    shaky = Shaky({"list": [TransientError("busy") for _ in range(99)]})
    with pytest.raises(TransientError, match="busy"):
        collected(shaky)
    assert shaky.calls == QUICK.attempts


def test_one_attempt_means_one() -> None:
    shaky = Shaky({"list": [TransientError("busy") for _ in range(99)]})
    with pytest.raises(TransientError):
        collected(shaky, Patience(attempts=1))
    assert shaky.calls == 1


@pytest.mark.parametrize("error", [AccessRefused("no"), ValueError("a mistake of ours")])
def test_anything_else_is_not_tried_again(error: Any) -> None:
    shaky = Shaky({"fetch 0": [error, error]})
    with pytest.raises(type(error)):
        collected(shaky)
    assert shaky.resets == 0


def test_waits_are_jittered_below_a_doubling_bound() -> None:
    patience = Patience(first_wait=1, longest_wait=5)
    waits = [[patience.wait(n) for _ in range(200)] for n in (1, 2, 3, 4)]
    assert [max(each) <= bound for each, bound in zip(waits, (1, 2, 4, 5), strict=True)] == [True] * 4
    assert [min(each) < bound / 4 and max(each) > bound * 3 / 4 for each, bound in zip(waits, (1, 2, 4, 5), strict=True)] == [True] * 4


def test_retry_after_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    shaky = Shaky({"list": [TransientError("busy", retry_after=7)]})
    assert len(collected(shaky, Patience(attempts=3, seconds=60, first_wait=0.001))) == 4
    assert [7 <= seconds < 8 for seconds in slept] == [True]


def test_retry_after_beyond_the_deadline_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    shaky = Shaky({"list": [TransientError("busy", retry_after=3600)]})
    with pytest.raises(TransientError) as caught:
        collected(shaky, Patience(attempts=3, seconds=60))
    assert (caught.value.retry_after, slept, shaky.calls) == (3600, [], 1)


def test_a_connection_that_cannot_be_closed_is_dropped() -> None:
    class Stuck(Shaky):
        def reset(self) -> None:
            raise OSError("not even that")

    assert len(collected(Stuck({"list": [TransientError("x")]}))) == 4
