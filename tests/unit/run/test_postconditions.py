"""A portal that answers 200 and gives something else: too few rows, another period, the login page. What is owed stays owed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.run.conftest import at

from taihu.core.clock import FixedClock
from taihu.core.details import detail_in
from taihu.ledger.records import Arrival
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import RunResult, run
from taihu.testing.servers import PortalServer

PORTAL = """\
login:
  - goto: /login
  - fill: {"#user": account.user, "#password": account.password}
  - click: "text=登录"
logged_in_if: "css=.user-menu"
steps:
  - fetch: /report/daily/export
    with: {from: period.start, to: period.last}
    expect: {kind: csv, rows: {min: 2}, period: {PERIOD}}
period: {each: day, back: 2}
hosts: [127.0.0.1]
terms: {allowed_by: agreement, until: 2027-12-31}
"""
SOURCE = """\
title: {zh: 门户, en: Portal}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: portal, account: portal}
load: replace
expect: {for: the day before, every: day, by: "08:00", since: 2026-11-01}
read: {as: csv, layouts: [standard]}
columns:
  sold_on:    {from: 日期, type: date, order: year first, required: true}
  net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
"""


class PortalProject:
    """A project whose one source is a portal; ``answer`` is what the portal gives for a day."""

    def __init__(self, root: Path, server: PortalServer, period: str = "from: rows") -> None:
        self.root, self.server, self.clock = root, server, FixedClock(at(3))
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {}
        server.export = self._export
        accounts = f"accounts: {{portal: {{kind: portal, url: {server.url}, user: V1, password: env:PORTAL_PASSWORD}}}}\n"
        files = {
            "taihu.yml": "name: shop\ntitle: {zh: 店, en: Shop}\nentities: {cn: {currency: CNY}}\n" + accounts,
            "sources/sales/source.yml": SOURCE,
            "sources/sales/portal.yml": PORTAL.replace("PERIOD", period),
            "sources/sales/layouts/standard.yml": "header: [日期, 金额]\n",
        }
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")

    def _export(self, query: dict[str, str]) -> tuple[str, bytes]:
        self.asked.append(query["from"])
        return f"sales_{query['from']}.csv", self.answers.get(query["from"], sales(query["from"]))

    def run(self, when: dt.datetime) -> RunResult:
        self.clock.move_to(when)
        with self.open() as ws:
            return run(ws, reports=False)

    def open(self) -> Iterator[Workspace]:
        return open_workspace(self.root, self.clock)  # type: ignore[return-value]

    def arrivals(self) -> list[Arrival]:
        with self.open() as ws:  # type: ignore[attr-defined]
            found: list[Arrival] = ws.ledger.arrivals()
            return found

    def debts(self) -> dict[int, str]:
        with self.open() as ws:  # type: ignore[attr-defined]
            return {debt.day.day: debt.state for debt in ws.ledger.expectations()}


def sales(day: str, rows: int = 3) -> bytes:
    return ("日期,金额\n" + "".join(f"{day},{100 + n}\n" for n in range(rows))).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalServer]:
    monkeypatch.setenv("PORTAL_PASSWORD", "s3cret-portal")
    with PortalServer("V1", "s3cret-portal") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: PortalServer) -> PortalProject:
    return PortalProject(tmp_path, server)


def test_what_is_as_agreed_is_accepted_and_not_asked_for_again(project: PortalProject) -> None:
    project.run(at(3))
    assert project.asked == ["2026-11-01", "2026-11-02"]
    assert [arrival.state for arrival in project.arrivals()] == ["accepted", "accepted"]
    before = len(project.server.requests)
    project.run(at(3, 9))
    assert len(project.server.requests) == before, "nothing is left to ask for, so the portal is left alone"


def test_too_few_rows_are_rejected_and_taken_again_until_they_are_right(project: PortalProject) -> None:
    project.answers["2026-11-02"] = sales("2026-11-02", rows=1)
    project.run(at(3))
    good, bad = project.arrivals()
    assert (good.state, bad.state, bad.reason) == ("accepted", "rejected", "too_few_rows")
    assert detail_in(bad.reason, bad.detail, "zh") == "1 行，约定至少 2 行"
    assert project.debts() == {1: "late", 2: "rejected"}
    with project.open() as ws:  # type: ignore[attr-defined]
        assert ws.objects.get(bad.sha256) == sales("2026-11-02", rows=1), "the bytes are kept"
    del project.answers["2026-11-02"]
    project.run(at(3, 9))
    assert project.asked == ["2026-11-01", "2026-11-02", "2026-11-02"]
    assert project.debts() == {1: "late", 2: "late"}
    project.run(at(3, 10))
    assert len(project.asked) == 3


def test_the_same_empty_answer_is_held_after_three_times(project: PortalProject) -> None:
    project.answers["2026-11-02"] = sales("2026-11-02", rows=0)
    for hour in (8, 9, 10, 11, 12):
        project.run(at(3, hour))
    assert project.asked.count("2026-11-02") == 3
    (held,) = [arrival for arrival in project.arrivals() if arrival.state != "accepted"]
    assert (held.state, held.reason) == ("held", "too_few_rows")
    with project.open() as ws:  # type: ignore[attr-defined]
        (hold,) = ws.ledger.holds()
        assert str(hold.span) == "2026-11-02"


def test_a_person_may_say_that_it_is_right(project: PortalProject) -> None:
    project.answers["2026-11-02"] = sales("2026-11-02", rows=1)
    for hour in (8, 9, 10):
        project.run(at(3, hour))
    with project.open() as ws:  # type: ignore[attr-defined]
        (hold,) = ws.ledger.holds()
        ws.ledger.hold_released(hold.id, who="lead", why="a quiet day")
    project.run(at(3, 11))
    assert {arrival.state for arrival in project.arrivals()} == {"accepted"}
    assert project.asked.count("2026-11-02") == 3


def test_another_period_than_asked_is_rejected(project: PortalProject) -> None:
    project.answers["2026-11-02"] = sales("2026-11-01")
    project.run(at(3))
    bad = project.arrivals()[-1]
    assert (bad.state, bad.reason) == ("rejected", "wrong_period")
    assert bad.detail == "it speaks for 2026-11-01 where 2026-11-02 was asked for"


@pytest.mark.parametrize(("period", "state"), [("from: file name", "accepted"), ("cell: B2", "rejected")])
def test_where_the_period_stands(tmp_path: Path, server: PortalServer, period: str, state: str) -> None:
    project = PortalProject(tmp_path, server, period)
    project.run(at(3))
    assert {arrival.state for arrival in project.arrivals()} == {state}


def test_a_login_page_in_place_of_an_export_is_taken_again(project: PortalProject) -> None:
    project.answers["2026-11-02"] = project.server.login_page()
    project.run(at(3))
    assert [arrival.reason for arrival in project.arrivals()] == ["", "login_page"]
    del project.answers["2026-11-02"]
    project.run(at(3, 9))
    assert project.debts() == {1: "late", 2: "late"}


def test_a_login_page_every_time_ends_after_three_times(project: PortalProject) -> None:
    project.answers["2026-11-02"] = project.server.login_page()
    runs = []
    for hour in (8, 9, 10, 11):
        before = project.asked.count("2026-11-02")
        project.run(at(3, hour))
        runs.append(project.asked.count("2026-11-02") - before)
    assert runs == [2, 2, 2, 0], "each time once more after the session was proven"
    assert [arrival.state for arrival in project.arrivals()] == ["accepted", "rejected"]
    assert project.debts() == {1: "late", 2: "rejected"}
