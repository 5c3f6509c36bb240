"""A foreign portal: django-oscar's dashboard. Log in, take the orders report of a period with both engines, survive its traps.

Its date fields carry a script that rewrites what is filled in; the report that would come then is empty and says nothing about it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taihu.collect import Connections
from taihu.collect.portal_trace import trace_files
from taihu.core.clock import FixedClock
from taihu.core.errors import ContentRefused
from taihu.core.types import Fetched, Span
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import Account
from taihu.manifest.tree import Source
from tests.contract.connector.contract import NOW, QUICK, Clear, Sessions, source_file
from tests.servers.browser import keep_browser
from tests.servers.oscar import PASSWORD, PYTHON, OscarServer

pytestmark = pytest.mark.skipif(not PYTHON.is_file(), reason="the foreign software is not installed (./do test makes .venv-foreign)")

LOGIN = [
    {"goto": "/dashboard/login/"},
    {"fill": {"#id_username": "account.user", "#id_password": "account.password"}},
    {"click": "text=Login"},
]
REPORT = {"report_type": "order_report", "date_from": "period.start", "date_to": "period.last", "download": "on"}
BY_ADDRESS = [{"goto": "/dashboard/reports/"}, {"fetch": "/dashboard/reports/", "with": REPORT, "expect": {"kind": "csv"}}]
TO_FORM = [{"goto": "/dashboard/reports/"}, {"select": {"#id_report_type": "Orders placed"}}, {"check": {"#id_download": True}}]
SPAN = Span(dt.date(2026, 11, 12), dt.date(2026, 11, 15))


def dates(form: str) -> dict[str, Any]:
    return {"fill": {"#id_date_from": {"period": "start", "as": form}, "#id_date_to": {"period": "last", "as": form}}}


class Traces:
    def __init__(self) -> None:
        self.traces: list[bytes] = []
        self.outline: bytes | None = None

    def trace_put(self, source: str, content: bytes) -> None:
        self.traces.append(content)

    def outline_put(self, source: str, content: bytes) -> None:
        self.outline = content

    def outline_get(self, source: str) -> bytes | None:
        return self.outline


@pytest.fixture(scope="module")
def oscar() -> Iterator[OscarServer]:
    server = OscarServer()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[None]:
    yield from keep_browser("127.0.0.1")


@pytest.fixture(params=["plain", "browser"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "browser":
        request.getfixturevalue("browser")
    return str(request.param)


class Collecting:
    """A run over the shop; ``between`` is called between finding and fetching."""

    def __init__(self, oscar: OscarServer, engine: str, steps: list[dict[str, Any]]) -> None:
        self.oscar, self.engine, self.steps = oscar, engine, steps
        self.sessions, self.traces = Sessions(), Traces()

    def connections(self) -> Connections:
        account = Account(kind="portal", url=self.oscar.url, user="bi", password="env:X")
        return Connections(
            {"account": account},
            lambda reference: Clear(PASSWORD),
            clock=FixedClock(NOW),
            root=Path(),
            sessions=self.sessions,
            traces=self.traces,
            patience=QUICK,
        )

    def source(self) -> Source:
        recipe = {
            "engine": self.engine,
            "login": LOGIN,
            "logged_in_if": "#logout_form",
            "steps": self.steps,
            "hosts": ["127.0.0.1"],
            "terms": {"allowed_by": "test", "until": "2026-12-31"},
        }
        return Source(
            "orders", "sources/orders", source_file({"via": "portal", "account": "account"}), portal=PortalFile.model_validate(recipe)
        )

    def run(self, span: Span | None = SPAN, between: Any = lambda: None) -> list[Fetched]:
        with self.connections() as connections:
            connector = connections.open(self.source())
            found = []
            for item in connector.discover(None, set(), span):
                between()
                found.append(connector.fetch(item))
            return found


def seeded(span: Span) -> list[tuple[str, str]]:
    """Order numbers and totals that the seed made in a span."""
    orders = [(f"10{n:04d}", f"{113 + n}.00", dt.date(2026, 11, 10) + dt.timedelta(days=n // 4)) for n in range(40)]
    return [(number, total) for number, total, day in orders if day in span]


def rows_of(fetched: Fetched) -> list[tuple[str, str]]:
    rows = list(csv.reader(io.StringIO(fetched.content.decode())))
    assert rows[0] == ["Order number", "Name", "Email", "Total incl. tax", "Date placed"]
    return sorted((row[0], row[3]) for row in rows[1:])


def logins(oscar: OscarServer) -> int:
    return sum(line.startswith("POST /dashboard/login/") for line in oscar.requests())


def test_the_report_of_a_period_has_exactly_the_orders_of_the_period(oscar: OscarServer, engine: str) -> None:
    (fetched,) = Collecting(oscar, engine, BY_ADDRESS).run()
    assert fetched.item.name == "orders-2026-11-12-to-2026-11-14.csv"
    assert rows_of(fetched) == seeded(SPAN)
    assert len(rows_of(fetched)) == 12


def test_a_report_that_a_button_makes(oscar: OscarServer, engine: str) -> None:
    (fetched,) = Collecting(oscar, engine, [*TO_FORM, {"download": "#generate_report", "expect": {"kind": "csv"}}]).run()
    assert rows_of(fetched) == seeded(Span(dt.date(2026, 11, 10), dt.date(2026, 11, 20)))
    assert "suspicion" not in fetched.meta


@pytest.mark.parametrize(
    ("form", "asked", "found"), [("{yyyy}-{mm}-{dd}", "2026-11-1", ""), ("{dd}/{mm}/{yyyy}", "1[24]/11/2026", "1[24]/11/20")]
)
def test_a_date_that_the_page_rewrites_is_caught_before_anything_is_sent(
    oscar: OscarServer, browser: None, form: str, asked: str, found: str
) -> None:
    collecting = Collecting(oscar, "browser", [*TO_FORM, dates(form), {"download": "#generate_report"}])
    # Now and then the page's script comes too late to rewrite what was filled in; then the report is right.
    for _ in range(6):
        before = len(oscar.requests())
        try:
            (fetched,) = collecting.run()
        except ContentRefused as error:
            assert error.reason == "field_altered"
            told = rf"the field '#id_date_(from|to)' does not keep the value that was filled in: asked '{asked}.*', found '{found}.*'"
            assert re.fullmatch(told, error.what)
            assert "fetch:" in error.fix
            assert not any("date_from=" in line for line in oscar.requests()[before:]), "the wrong report must not be asked for"
            break
        assert rows_of(fetched) == seeded(SPAN)
    else:
        pytest.fail("the page never rewrote a date")
    files = trace_files(collecting.traces.traces[-1])
    assert files["page.png"].startswith(b"\x89PNG")
    assert PASSWORD not in "".join(content.decode(errors="replace") for name, content in files.items() if name != "page.png")


def test_the_same_form_without_scripts_sends_what_was_filled_in(oscar: OscarServer) -> None:
    (fetched,) = Collecting(oscar, "plain", [*TO_FORM, dates("{dd}/{mm}/{yyyy}"), {"download": "#generate_report"}]).run()
    assert rows_of(fetched) == seeded(SPAN)


def test_a_session_that_ends_in_mid_run_is_renewed_once(oscar: OscarServer, engine: str) -> None:
    collecting = Collecting(oscar, engine, BY_ADDRESS)
    before = logins(oscar)
    (fetched,) = collecting.run(between=oscar.drop_sessions)
    assert rows_of(fetched) == seeded(SPAN)
    assert logins(oscar) - before == 2
    collecting.run()
    assert logins(oscar) - before == 2, "the kept session is used again"
    assert PASSWORD.encode() not in collecting.sessions.kept["account"]


def test_a_session_of_one_engine_serves_the_other(oscar: OscarServer, browser: None) -> None:
    collecting = Collecting(oscar, "plain", BY_ADDRESS)
    collecting.run()
    before = logins(oscar)
    collecting.engine = "browser"
    (fetched,) = collecting.run()
    assert rows_of(fetched) == seeded(SPAN)
    assert logins(oscar) == before
