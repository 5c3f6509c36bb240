"""``taihu retry``, backfill and what ``taihu status`` says of sources in trouble, as commands."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.unit.run.conftest import Shop, at, shop
from tests.unit.run.test_collecting import AWAY, ContentRefused, Shelf, shelf
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.core.clock import FixedClock
from taihu.project.workspace import open_workspace

__all__ = ["shelf", "shop"]
WHEN = at(2, 8).isoformat()


@pytest.fixture(autouse=True)
def silent_retries(caplog: pytest.LogCaptureFixture) -> None:
    """As the command line does: no lines of the retries on stdout."""
    caplog.set_level(logging.ERROR, "stamina")


def call(root: Path, *arguments: str, code: int = 0) -> Any:
    """Run a command on the project; gives its JSON, or what it said."""
    ran = CliRunner().invoke(app, [*arguments, "-p", str(root)])
    assert ran.exit_code == code, (ran.output, ran.exception)
    return json.loads(ran.stdout) if "--json" in arguments else ran.output


def run(root: Path, times: int = 1) -> None:
    for _ in range(times):
        call(root, "run", "--as-of", WHEN, "--source", "shelf", "--no-reports", "--json", code=3)


def test_an_item_is_listed_dies_and_is_tried_again(shop: Shop, shelf: Shelf) -> None:
    shelf.failures["i1"] = ContentRefused("too_large")
    run(shop.root)
    (trouble,) = call(shop.root, "retry", "--as-of", WHEN, "--json")["troubles"]
    assert (trouble["source"], trouble["state"], [item["reason"] for item in trouble["items"]]) == ("shelf", "items", ["too_large"])
    run(shop.root, times=4)
    (dead,) = call(shop.root, "status", "--as-of", WHEN, "--json")["troubles"]
    assert [(item["dead"], item["failures"]) for item in dead["items"]] == [(True, 5)]
    assert "i1.csv" in call(shop.root, "retry", "--as-of", WHEN)
    assert call(shop.root, "retry", dead["items"][0]["id"][:8], "--as-of", WHEN, "--json", code=3)["landed"] == {}
    shelf.failures.clear()
    answer = call(shop.root, "retry", "shelf", "--as-of", WHEN, "--json")
    assert (answer["retried"], answer["landed"], answer["troubles"]) == (["shelf"], {"shelf": 1}, [])


def test_an_item_is_given_up_for_a_reason(shop: Shop, shelf: Shelf) -> None:
    shelf.failures["i1"] = ContentRefused("too_large")
    run(shop.root)
    item = call(shop.root, "retry", "--as-of", WHEN, "--json")["troubles"][0]["items"][0]["id"]
    call(shop.root, "retry", item, "--give-up", "--because", "a test file")
    shelf.asked.clear()
    with open_workspace(shop.root, FixedClock(at(2, 9))) as ws:
        assert [entry.action for entry in ws.ledger.audit_trail()] == ["item.give_up"]
        assert "i1" in ws.ledger.known_items("shelf")
    assert call(shop.root, "retry", "--as-of", WHEN, "--json")["troubles"] == []


def test_a_resting_source_is_shown_and_woken(shop: Shop, shelf: Shelf) -> None:
    shelf.failures["list"] = AWAY
    run(shop.root, times=4)
    (trouble,) = call(shop.root, "status", "--as-of", WHEN, "--json")["troubles"]
    assert (trouble["state"], trouble["failures"], trouble["error"]) == ("resting", 3, AWAY.what)
    assert "shelf" in call(shop.root, "status", "--as-of", WHEN)
    later = at(2, 8, 45).isoformat()
    assert call(shop.root, "status", "--as-of", later, "--json")["troubles"][0]["state"] == "half_open"
    shelf.failures.clear()
    assert call(shop.root, "retry", "--all", "--as-of", WHEN, "--json")["landed"] == {"shelf": 4}
    assert call(shop.root, "status", "--as-of", WHEN, "--json")["troubles"] == []


def test_a_refused_login_is_shown_and_tried_on_demand(shop: Shop, shelf: Shelf) -> None:
    with open_workspace(shop.root, FixedClock(at(2, 7))) as ws:
        ws.ledger.login_refused("box", "facts", "the server refused the login")
    listing = call(shop.root, "retry", "--as-of", WHEN, "--json")
    assert [each["account"] for each in listing["refused_logins"]] == ["box"]
    assert listing["troubles"][0]["state"] == "refused"
    assert "--account box" in call(shop.root, "retry", "--as-of", WHEN)
    answer = call(shop.root, "retry", "--account", "box", "--as-of", WHEN, "--json")
    assert (answer["retried"], answer["refused_logins"]) == (["shelf"], [])


def test_a_backfill_is_planned_without_contact_and_runs_through_the_same_code(shop: Shop, shelf: Shelf) -> None:
    days = ("--from", "2026-08-01", "--to", "2026-10-31", "--source", "shelf", "--as-of", WHEN, "--json")
    plan = call(shop.root, "run", "--plan", *days)["steps"]
    assert plan == [{"step": "collect", "subject": "shelf", "why": "ask for 2026-08-01..2026-10-31; what came before is known (0 items)"}]
    assert shelf.asked == []
    assert call(shop.root, "run", "--no-reports", *days, code=3)["landed"] == {"shelf": 4}
    assert [str(span) for span in shelf.spans] == ["2026-08-01..2026-10-31"]
    assert call(shop.root, "run", "--no-reports", *days, code=3)["landed"] == {"shelf": 0}


@pytest.mark.parametrize(
    "days", [("--to", "2026-10-31"), ("--from", "x"), ("--from", "2026-10-31", "--to", "2026-10-01"), ("--from", "2027-01-01")]
)
def test_days_that_make_no_sense_are_told(shop: Shop, days: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(app, ["run", *days, "-p", str(shop.root), "--as-of", WHEN])
    assert type(ran.exception).__name__ == "UsageError"


def test_a_name_that_is_nothing_is_told(shop: Shop) -> None:
    ran = CliRunner().invoke(app, ["retry", "nothing", "-p", str(shop.root), "--as-of", WHEN])
    assert type(ran.exception).__name__ == "NotFound"
