"""``taihu portal``: try a recipe, log in by hand, see why a walk failed; how a run and the status speak of a source that waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.browser import keep_browser
from tests.unit.run.conftest import at
from tests.unit.run.test_postconditions import PortalProject
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.collect.portal_engine import PortalEngine
from taihu.core.errors import NotFound, UsageError
from taihu.run.portals import log_in, newest_trace
from taihu.testing.servers import PortalServer

HUMAN = '  - human: "输入验证码并登录"\n'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalServer]:
    monkeypatch.setenv("PORTAL_PASSWORD", "s3cret-portal")
    monkeypatch.setenv("TAIHU_LANG", "en")
    with PortalServer("V1", "s3cret-portal") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: PortalServer) -> PortalProject:
    return PortalProject(tmp_path, server)


def edit(project: PortalProject, old: str, new: str) -> None:
    path = project.root / "sources/sales/portal.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def taihu(project: PortalProject, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command wrote to stdout and to stderr."""
    ran = CliRunner().invoke(app, [*arguments, "--project", str(project.root)])
    assert ran.exit_code == code, ran.output + repr(ran.exception)
    return ran.stdout, ran.stderr


def test_a_check_walks_the_recipe_and_takes_nothing(project: PortalProject) -> None:
    _, shown = taihu(project, "portal", "check", "sales", "--as-of", "2026-11-03T08:30:00+08:00")
    assert "✓ login" in shown
    assert "would fetch /report/daily/export?from=2026-11-02&to=2026-11-02" in shown
    assert project.asked == []
    assert project.arrivals() == []
    out, _ = taihu(project, "portal", "check", "sales", "--json")
    told = json.loads(out)
    assert (told["ok"], [step["step"] for step in told["steps"]]) == (True, ["terms", "login", "fetch /report/daily/export"])


def test_a_step_that_fails_is_named_and_its_trace_can_be_read(project: PortalProject, tmp_path: Path) -> None:
    edit(project, "steps:\n", "steps:\n  - goto: /downloads\n  - click: text=下载全部\n")
    _, shown = taihu(project, "portal", "check", "sales", code=1)
    assert "✗ click text=下载全部" in shown
    assert "taihu portal trace sales" in shown
    _, shown = taihu(project, "portal", "trace", "sales", "--out", str(tmp_path / "seen"))
    assert "✓ goto /downloads" in shown
    assert "✗ click text=下载全部" in shown
    assert "<table" in (tmp_path / "seen" / "page.html").read_text(encoding="utf-8")
    with project.open() as ws:  # type: ignore[attr-defined]
        assert [entry.action for entry in ws.ledger.audit_trail()][-1:] == ["trace.write"]
        assert b"s3cret" not in b"".join(newest_trace(ws, "sales")[1].values())
    assert "table: 文件" not in "".join(path.read_bytes().decode("latin-1") for path in (project.root / "lake").rglob("ledger*"))


def test_what_is_not_there_is_said(project: PortalProject) -> None:
    with project.open() as ws:  # type: ignore[attr-defined]
        with pytest.raises(NotFound, match="0 traces"):
            newest_trace(ws, "sales")
        with pytest.raises(UsageError, match="no portal source"):
            log_in(ws, "sale", lambda *_: None)


def test_a_source_that_waits_for_a_person_is_shown_and_goes_on_after_the_login(project: PortalProject, server: PortalServer) -> None:
    server.captcha = "7Q4K"
    edit(project, '  - click: "text=登录"\n', HUMAN)
    result = project.run(at(3))
    assert result.paused == {"sales": "needs_human"}
    assert result.exit_code == 3
    assert "输入验证码" in result.failed["sales"]
    _, shown = taihu(project, "run", "--as-of", "2026-11-03T08:40:00+08:00", "--no-reports", code=3)
    assert "⏸ sales: a person is needed: 输入验证码并登录" in shown
    assert "run taihu portal login sales" in shown
    _, shown = taihu(project, "status", "--as-of", "2026-11-03T08:40:00+08:00")
    assert "⏸ sales waits for a person" in shown
    with project.open() as ws:  # type: ignore[attr-defined]
        assert {outcome.reason for outcome in ws.ledger.outcomes(step="collect", subject="sales")} == {"needs_human"}

    def person(engine: PortalEngine, what: str, until: str) -> None:
        page = engine.page  # type: ignore[attr-defined]
        page.fill("#captcha", page.locator(".captcha").text_content())
        page.click("text=登录")
        page.wait_for_selector(until)

    for _ in keep_browser("127.0.0.1"):
        with project.open() as ws:  # type: ignore[attr-defined]
            log_in(ws, "sales", person, headed=False)
    assert (server.logins, server.refused_logins) == (1, 0)
    result = project.run(at(3, 9))
    assert (result.paused, result.landed) == ({}, {"sales": 2})
    _, shown = taihu(project, "status", "--as-of", "2026-11-03T09:40:00+08:00")
    assert "⏸" not in shown


def test_past_the_terms_a_run_says_that_the_source_pauses(project: PortalProject) -> None:
    edit(project, "until: 2027-12-31", "until: 2026-11-01")
    result = project.run(at(3))
    assert result.paused == {"sales": "terms_ended"}
    assert project.server.requests == []
    _, shown = taihu(project, "portal", "check", "sales", "--as-of", "2026-11-03T08:30:00+08:00", code=1)
    assert "✗ terms" in shown
