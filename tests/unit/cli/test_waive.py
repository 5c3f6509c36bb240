"""``taihu waive`` and ``taihu hold release`` as commands: what they say, their exit codes, who may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, at, debts, shop

__all__ = ["shop"]
WHEN = at(2, 9).isoformat()


@pytest.fixture
def root(shop: Shop) -> Path:
    """B has not reported the first of November."""
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2, 9))
    return shop.root


def state(shop: Shop) -> str:
    with shop.open() as ws:
        return debts(ws, "sales")["B", 1]


def test_one_day_is_waived_and_taken_back(shop: Shop, root: Path) -> None:
    day = ("sales", "B", "--from", "2026-11-01", "--as-of", WHEN, "--json")
    planned = call(root, "waive", *day, "--dry-run")
    assert (planned["dry_run"], planned["changed"], state(shop)) == (True, 1, "missing")
    made = call(root, "waive", *day, "--because", "装修", "--who", "lead")
    assert made == {
        "schema": "taihu.waiver/1",
        "source": "sales",
        "party": "B",
        "party_name": "乙店",
        "from": "2026-11-01",
        "to": "2026-11-01",
        "undo": False,
        "dry_run": False,
        "changed": 1,
        "days": [{"day": "2026-11-01", "before": "missing", "after": "waived"}],
    }
    assert state(shop) == "waived"
    assert call(root, "waive", *day, "--undo", "--because", "推迟", "--who", "lead")["days"][0]["after"] == "missing"
    assert state(shop) == "missing"


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("未到 → 豁免", "未到期或不应报")), ("en", ("missing → waived", "not owed, or not yet"))]
)
def test_it_is_said_in_both_languages(root: Path, lang: str, words: tuple[str, str]) -> None:
    said = call(
        root, "--lang", lang, "waive", "sales", "乙店", "--from", "2026-11-01", "--to", "2026-11-02", "--because", "x", "--as-of", WHEN
    )
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sales", "B"], "--from DATE"),
        (["sales", "B", "--from", "1 November"], "2026-10-01"),
        (["sales", "B", "--from", "2026-11-02", "--to", "2026-11-01"], "no days from"),
        (["sales", "B", "--from", "2026-11-01"], "--because"),
        (["parties", "--from", "2026-11-01", "--because", "x"], "nothing is expected"),
    ],
)
def test_wrong_use(shop: Shop, root: Path, arguments: list[str], says: str) -> None:
    from typer.testing import CliRunner

    from taihu.cli.main import app

    ran = CliRunner().invoke(app, ["waive", *arguments, "-p", str(root), "--as-of", WHEN])
    assert getattr(ran.exception, "exit_code", None) == 2 and says in str(ran.exception), ran.output
    assert state(shop) == "missing"


def test_who_may_waive_and_release_is_said_in_roles(shop: Shop, root: Path) -> None:
    shop.edit("roles.yml", "lead: {rows: all}", "lead: {rows: all, may: [waive, release]}")
    shop.sales("B", "1", "1:2000000", at(2, 9))
    shop.run(at(2, 10))
    with shop.open() as ws:
        (hold,) = ws.ledger.holds()
    from typer.testing import CliRunner

    from taihu.cli.main import app

    for command in (["waive", "sales", "B", "--from", "2026-11-01"], ["hold", "release", hold.id]):
        ran = CliRunner().invoke(app, [*command, "--because", "x", "--who", "east", "-p", str(root)])
        assert "ask lead" in str(ran.exception), ran.output
    call(root, "hold", "release", hold.id, "--because", "x", "--who", "lead")
    with shop.open() as ws:
        assert ws.ledger.holds() == [] and json.dumps([entry.who for entry in ws.ledger.audit_trail()]) == '["lead"]'
