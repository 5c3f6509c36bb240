"""Recipes walked by both engines over one portal: every verb, what a page hides, what a person must do, what is kept of a failure."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from tests.contract.connector.contract import NOW, QUICK, Clear, Sessions, source_file
from tests.foreign.test_oscar import Traces
from tests.servers.browser import keep_browser

from taihu.collect import Connections
from taihu.collect.portal import PortalConnector
from taihu.collect.portal_engine import PortalEngine
from taihu.collect.portal_trace import trace_files
from taihu.core.clock import FixedClock
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, SourcePaused, TerminalError, TransientError
from taihu.core.types import Fetched, Span
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import Account
from taihu.manifest.tree import Source
from taihu.testing.servers import PortalServer

PASSWORD = 's3cret-"Gu4rd&%+\\x'
OTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN = [{"goto": "/login"}, {"fill": {"#user": "account.user", "#password": "account.password"}}, {"click": "text=登录"}]
SPAN = Span(dt.date(2026, 11, 12), dt.date(2026, 11, 15))


@pytest.fixture(scope="module")
def browser() -> Iterator[None]:
    yield from keep_browser("127.0.0.1")


@pytest.fixture(params=["plain", "browser"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "browser":
        request.getfixturevalue("browser")
    return str(request.param)


@pytest.fixture
def server() -> Iterator[PortalServer]:
    with PortalServer("V1", PASSWORD, page_size=2) as running:
        running.export = lambda form: (f"{form.get('format')}.csv", ",".join(form.get(name, "") for name in ("from", "to", "all")).encode())
        yield running


class Portal:
    """A source of one portal with the memory of a ledger."""

    def __init__(self, server: PortalServer, engine: str, steps: list[dict[str, Any]], **recipe: Any) -> None:
        self.server = server
        self.recipe = {"engine": engine, "login": LOGIN, "steps": steps, **recipe}
        self.sessions, self.traces = Sessions(), Traces()
        self.clock = FixedClock(NOW)
        self.known: set[str] = set()

    def connections(self) -> Connections:
        account = Account(kind="portal", url=self.server.url, user="V1", password="env:PASSWORD", otp="env:OTP")
        return Connections(
            {"account": account},
            lambda reference: Clear(OTP if reference == "env:OTP" else PASSWORD),
            clock=self.clock,
            root=Path(),
            sessions=self.sessions,
            traces=self.traces,
            patience=QUICK,
        )

    def connector(self, connections: Connections) -> PortalConnector:
        terms = {"allowed_by": "test", "until": "2026-12-31"}
        recipe = PortalFile.model_validate({"logged_in_if": ".user-menu", "hosts": ["127.0.0.1"], "terms": terms, **self.recipe})
        source = Source("pos", "sources/pos", source_file({"via": "portal", "account": "account"}), portal=recipe)
        connector = connections.open(source)
        return connector.inner  # type: ignore[attr-defined,no-any-return]

    def run(self, span: Span | None = None) -> list[Fetched]:
        with self.connections() as connections:
            connector = self.connector(connections)
            found = [connector.fetch(item) for item in connector.discover(None, self.known, span)]
            self.known |= {each.item.key for each in found}
            return found

    def trace(self) -> dict[str, bytes]:
        return dict(trace_files(self.traces.traces[-1]))


def changed(server: PortalServer, page: str, old: str, new: str) -> None:
    """From now on a page of the portal is another one."""
    before = getattr(server, page)
    setattr(server, page, lambda *given: before(*given).replace(old.encode(), new.encode()))


def test_a_form_is_filled_chosen_checked_and_its_file_taken(server: PortalServer, engine: str) -> None:
    steps = [
        {"goto": "/form"},
        {"fill": {"#from": {"period": "start", "as": "{d}.{m}.{yy}"}, "#to": "period.last"}},
        {"select": {"#format": "CSV"}},
        {"check": {"#all": True}},
        {"download": "#export"},
    ]
    portal = Portal(server, engine, steps)
    (fetched,) = portal.run(SPAN)
    assert (fetched.item.name, fetched.content) == ("csv.csv", b"12.11.26,2026-11-14,on")
    assert fetched.item.meta["period"] == "2026-11-12..2026-11-14"
    if engine == "plain":
        assert portal.run(SPAN) == []
        assert len(portal.run()) == 1, "another period is another file"


def test_a_session_that_ends_before_the_button_is_pressed(server: PortalServer, engine: str) -> None:
    portal = Portal(server, engine, [{"goto": "/form"}, {"fill": {"#from": "period.start"}}, {"download": "#export"}])
    with portal.connections() as connections:
        connector = portal.connector(connections)
        items = connector.discover(None, set(), SPAN)
        item = next(items)
        server.expire_sessions()
        assert connector.fetch(item).content == b"2026-11-12,,"
        assert list(items) == []
    assert (server.logins, server.refused_logins) == (2, 0)


def test_a_file_that_a_script_builds_is_taken_without_touching_the_disk(server: PortalServer, browser: None) -> None:
    (fetched,) = Portal(server, "browser", [{"goto": "/form"}, {"fill": {"#from": "period.start"}}, {"download": "#build"}]).run(SPAN)
    assert (fetched.item.name, fetched.content.decode()) == ("本地.csv", "\ufeff日期\n2026-11-12\n")


def test_one_time_codes(server: PortalServer) -> None:
    server.code = lambda: pyotp.TOTP(OTP).at(NOW)
    login = [*LOGIN, {"totp": "#code"}, {"click": "text=确认"}]
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}], login=login)
    assert len(portal.run()) == 1
    assert (server.logins, server.refused_logins) == (1, 0)
    portal.sessions.kept.clear()
    server.code = lambda: "000000"
    with pytest.raises(AccessRefused):
        portal.run()
    kept = portal.traces.traces[-1] + b"".join(portal.trace().values())
    for secret in (PASSWORD, OTP, pyotp.TOTP(OTP).at(NOW)):
        assert secret.encode() not in kept


def test_a_table_over_pages_is_one_file(server: PortalServer, engine: str) -> None:
    server.stock = [("苹果", "1"), ("梨<b>", "2"), ("桃", "3"), ("李", "4"), ("杏", "5")]
    steps = [{"goto": "/stock"}, {"table": "#stock", "as": "csv", "paginate": {"next": "a.next"}}]
    portal = Portal(server, engine, steps)
    (fetched,) = portal.run()
    assert fetched.item.name == "stock.csv"
    lines = fetched.content.decode("utf-8-sig").split("\r\n")
    assert lines == ["商品,数量", "苹果,1", "梨<b>,2", "商品,数量", "桃,3", "李,4", "商品,数量", "杏,5", ""]
    assert portal.run() == [], "the same table is not a new file"
    server.stock[0] = ("苹果", "9")
    assert len(portal.run()) == 1


def test_a_table_as_a_page_of_its_own(server: PortalServer) -> None:
    server.stock = [("苹果", "1")]
    (fetched,) = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock", "expect": {"kind": "html"}}]).run()
    assert fetched.item.name == "stock.html"
    assert "苹果" in fetched.content.decode()
    assert "suspicion" not in fetched.meta


def test_what_is_being_made_is_waited_for(server: PortalServer, engine: str) -> None:
    server.slow = 1
    wait = {"wait": "#export", "within": "60 seconds", "reload": "1 second"}
    assert len(Portal(server, engine, [{"goto": "/form"}, wait, {"download": "#export"}]).run(SPAN)) == 1


def test_what_does_not_appear_is_an_error(server: PortalServer) -> None:
    with pytest.raises(ContentRefused, match="#gone"):
        Portal(server, "plain", [{"goto": "/form"}, {"wait": "#gone"}, {"download": "#export"}]).run(SPAN)


def test_a_field_that_rewrites_its_value_is_an_error_where_scripts_run(server: PortalServer, browser: None) -> None:
    steps = [{"goto": "/form"}, {"fill": {"#masked": "period.start"}}, {"download": "#export"}]
    with pytest.raises(ContentRefused, match="asked '2026-11-12', found '2026/11/12'") as caught:
        Portal(server, "browser", steps).run(SPAN)
    assert caught.value.reason == "field_altered"


def test_a_field_that_is_rewritten_when_the_form_is_sent_is_an_error_too(server: PortalServer, browser: None) -> None:
    asked: list[dict[str, str]] = []
    server.export = lambda form: (str(asked.append(form)), b"a,b")
    steps = [{"goto": "/form"}, {"fill": {"#late": "period.start"}}, {"download": "#export"}]
    with pytest.raises(ContentRefused, match=r"'#late' .* asked '2026-11-12', found '2026/11/12'"):
        Portal(server, "browser", steps).run(SPAN)
    assert asked == []


def test_a_password_that_a_field_cuts_off_is_not_named(server: PortalServer, engine: str) -> None:
    login = [{"goto": "/login"}, {"fill": {"#user": "account.user", "#password": "account.password"}}, {"click": "text=登录"}]
    changed(server, "login_page", 'type="password"', 'type="password" maxlength="5"')
    with pytest.raises(ContentRefused) as caught:
        Portal(server, engine, [{"goto": "/stock"}, {"table": "#stock"}], login=login).run()
    assert caught.value.reason == "field_altered"
    assert PASSWORD[:5] not in str(caught.value)
    assert server.refused_logins == 0


# people and permissions ------------------------------------------------------------------------------------------------


HUMAN = [*LOGIN[:2], {"human": "type the captcha and log in"}]


def test_a_captcha_waits_for_a_person_and_the_next_run_goes_on(server: PortalServer, browser: None) -> None:
    server.captcha = "7Q4K"
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}], login=HUMAN)
    for _ in range(2):
        with pytest.raises(SourcePaused, match="captcha") as caught:
            portal.run()
        assert caught.value.reason == "needs_human"
        assert "taihu portal login pos" in caught.value.fix
    assert server.refused_logins == 0, "nothing is sent while nobody is there"
    done: list[str] = []

    def person(opened: PortalEngine, what: str, until: str) -> None:
        done.append(what)
        page = opened.page  # type: ignore[attr-defined]
        page.fill("#captcha", page.locator(".captcha").text_content())
        page.click("text=登录")
        page.wait_for_selector(until)

    with portal.connections() as connections:
        portal.connector(connections).log_in_by_hand(person, headed=False)
    assert done == ["type the captcha and log in"]
    assert len(portal.run()) == 1
    assert (server.logins, server.refused_logins) == (1, 0)


def test_a_person_is_asked_for_only_where_the_page_shows_no_result(server: PortalServer) -> None:
    steps = [{"goto": "/form"}, {"human": "confirm by SMS", "until": "#export"}, {"download": "#export"}]
    portal = Portal(server, "plain", steps)
    assert len(portal.run(SPAN)) == 1
    changed(server, "form_page", 'id="export"', 'id="sms"')
    with pytest.raises(SourcePaused, match="confirm by SMS"):
        portal.run(Span(dt.date(2026, 11, 1), dt.date(2026, 11, 2)))


def test_a_person_may_do_all_of_a_login(server: PortalServer, browser: None) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}])

    def person(opened: PortalEngine, what: str, until: str) -> None:
        page = opened.page  # type: ignore[attr-defined]
        page.fill("#user", "V1")
        page.fill("#password", PASSWORD)
        page.click("text=登录")
        page.wait_for_selector(until)

    with portal.connections() as connections:
        portal.connector(connections).log_in_by_hand(person, headed=False)
    assert len(portal.run()) == 1
    assert server.logins == 1


def test_past_the_terms_the_source_pauses_without_a_request(server: PortalServer) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}])
    portal.clock.move_to(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(SourcePaused) as caught:
        portal.run()
    assert caught.value.reason == "terms_ended"
    assert server.requests == []


def test_logging_out_ends_the_session(server: PortalServer) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}], logout=[{"click": "text=退出"}])
    portal.run()
    assert server.requests[-2:] == ["/logout", "/login"]
    assert portal.sessions.kept == {}


def test_requests_keep_their_distance(server: PortalServer) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}], pace="1 second")
    started = time.monotonic()
    portal.run()
    # /stock is asked, then /login, the form is sent, /stock again: three distances between four requests.
    assert time.monotonic() - started >= 3


def test_what_a_page_wants_from_other_hosts_is_blocked(server: PortalServer, browser: None) -> None:
    with PortalServer("X", "other") as other:
        changed(server, "stock_page", "</table>", f"</table><img src='http://localhost:{other.port}/login'>")
        assert len(Portal(server, "browser", [{"goto": "/stock"}, {"table": "#stock"}]).run()) == 1
        assert other.requests == []


# evidence --------------------------------------------------------------------------------------------------------------


def test_a_failure_shows_how_the_page_changed(server: PortalServer, engine: str) -> None:
    server.stock = [("苹果", "1")]
    portal = Portal(server, engine, [{"goto": "/stock"}, {"click": "a.next"}, {"table": "#stock"}])
    server.stock = [("苹果", str(n)) for n in range(3)]
    portal.run()
    assert portal.traces.traces == []
    changed(server, "stock_page", 'a class="next"', 'a class="more"')
    changed(server, "stock_page", "数量", "件数")
    with pytest.raises(ContentRefused, match=r"a\.next") as caught:
        portal.run()
    assert caught.value.reason == "page_changed"
    files = portal.trace()
    told = json.loads(files["trace.json"])
    assert told["error"]["reason"] == "page_changed"
    assert [step["step"] for step in told["steps"]] == ["goto /stock", "click a.next"]
    moved = [line for line in files["page.diff"].decode().splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert any("数量" in line and line.startswith("-") for line in moved)
    assert any("件数" in line and line.startswith("+") for line in moved)
    assert "苹果" not in files["page.diff"].decode(), "the structure holds no data"
    assert ("page.png" in files) == (engine == "browser")


def test_no_secret_is_seen_in_a_trace_or_on_its_picture(server: PortalServer, engine: str) -> None:
    shown = PASSWORD.replace("&", "&amp;")
    changed(server, "login_page", "误</p>", f"误</p><p id=echo>您输入的密码是 {shown}</p><input value='{shown}'>")
    portal = Portal(server, engine, [{"goto": "/stock"}, {"table": "#stock"}])
    server.user = "somebody else"
    with pytest.raises(AccessRefused):
        portal.run()
    files = portal.trace()
    assert "您输入的密码是 [secret]" in files["page.html"].decode()
    for name, content in files.items():
        assert PASSWORD.encode() not in content, name
        assert b"s3cret" not in content, name
    assert server.refused_logins == 1


def test_what_a_page_shows_of_a_secret_is_blanked_before_its_picture_is_taken(server: PortalServer, browser: None) -> None:
    from taihu.collect.portal_browser import BrowserEngine

    opened = BrowserEngine()
    opened.allow(["127.0.0.1"])
    changed(server, "login_page", "</form>", f"</form><p>{PASSWORD.replace('&', '&amp;')}</p><textarea>{PASSWORD}</textarea>")
    opened.open(f"{server.url}/login")
    opened.fill("#password", PASSWORD, secret=True)
    opened.fill("#user", PASSWORD)
    picture = opened.picture([PASSWORD])
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    left = opened.page.evaluate(
        "() => [document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map((n) => n.value)]"
    )
    assert PASSWORD not in "\n".join(left)
    assert "[secret]" in left[0]
    opened.close()


def test_a_selector_that_is_none_is_said(server: PortalServer) -> None:
    with pytest.raises(TerminalError, match="selector") as caught:
        Portal(server, "plain", [{"goto": "/stock"}, {"table": "##stock["}]).run()
    assert "CSS" in caught.value.fix


@pytest.mark.parametrize(("selector", "changed"), [("#export", True), ("text=导出", True), ("a.download", False)])
def test_a_button_that_is_gone_is_an_error_and_an_empty_list_is_not(server: PortalServer, selector: str, changed: bool) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"download": selector}])
    if changed:
        with pytest.raises(ContentRefused, match="nothing on the page fits"):
            portal.run()
    else:
        assert portal.run() == []


def test_a_rehearsal_takes_nothing_and_names_the_step_that_fails(server: PortalServer) -> None:
    for n in range(3):
        server.deliver(f"销售{n}.xlsx", b"PK", NOW)
    portal = Portal(server, "plain", [{"goto": "/downloads"}, {"download": "a.download"}])
    with portal.connections() as connections:
        steps = list(portal.connector(connections).rehearse())
    assert [(each.step, each.ok) for each in steps] == [
        ("terms", True),
        ("login", True),
        ("goto /downloads", True),
        ("download a.download", True),
    ]
    assert steps[-1].detail.en == "2 files: 销售1.xlsx, 销售2.xlsx"
    assert not any(path.startswith("/files/") for path in server.requests)
    portal.recipe["steps"] = [{"goto": "/downloads"}, {"click": "#gone"}, {"download": "a.download"}]
    with portal.connections() as connections:
        steps = list(portal.connector(connections).rehearse())
    assert [(each.step, each.ok) for each in steps][-2:] == [("goto /downloads", True), ("click #gone", False)]
    assert "nothing on the page fits '#gone'" in steps[-1].detail.en


def test_two_engines_cannot_share_one_session(server: PortalServer, browser: None) -> None:
    one, other = (Portal(server, engine, [{"goto": "/stock"}, {"table": "#stock"}]) for engine in ("plain", "browser"))
    with one.connections() as connections:
        list(one.connector(connections).discover(None, set()))
        with pytest.raises(ManifestError, match="other engine"):
            list(other.connector(connections).discover(None, set()))


def test_periods_that_have_not_come_are_asked_for_again(server: PortalServer) -> None:
    asked: list[str] = []
    server.export = lambda query: (asked.append(query["from"]) or "a.csv", b"a,b\n1,2")  # type: ignore[func-returns-value]
    portal = Portal(
        server, "plain", [{"fetch": "/report/daily/export", "with": {"from": "period.start"}}], period={"each": "day", "back": 3}
    )
    portal.run()
    assert asked == ["2026-09-12", "2026-09-13", "2026-09-14"]
    portal.clock.move_to(NOW + dt.timedelta(days=2))
    portal.run()
    assert asked[3:] == ["2026-09-15", "2026-09-16"]
    portal.run(Span(dt.date(2026, 8, 1), dt.date(2026, 8, 3)))
    assert asked[5:] == ["2026-08-01", "2026-08-02"]


def test_a_connection_that_is_dropped_leaves_no_browser_behind(server: PortalServer, browser: None) -> None:
    from taihu.collect import browser_program

    users = [program.users for program in browser_program._running.values()]
    portal = Portal(server, "browser", [{"goto": "/form"}, {"fill": {"#from": "period.start"}}, {"download": "#export"}])
    with portal.connections() as connections:
        connector = portal.connector(connections)
        (item,) = connector.discover(None, set(), SPAN)
        connector.reset()
        assert connector.fetch(item).content == b"2026-11-12,,"
    assert [program.users for program in browser_program._running.values()] == users


def test_a_portal_that_is_away_leaves_no_trace(server: PortalServer) -> None:
    portal = Portal(server, "plain", [{"goto": "/stock"}, {"table": "#stock"}])
    server.stop()
    with pytest.raises(TransientError):
        portal.run()
    assert portal.traces.traces == []
