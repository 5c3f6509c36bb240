"""``taihu upload``: a file that did not come by itself, for whatever source it is of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, amounts, arrival, at, debts, shop
from typer.testing import CliRunner

from taihu.cli.main import app

__all__ = ["shop"]
D = Decimal
WHEN = at(2, 10).isoformat()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sales_B_by_hand.csv"
    path.write_text("日期,金额\n2026-11-01,70\n", encoding="utf-8")
    return path


def test_a_file_is_handed_in_once_and_read_by_the_next_run(shop: Shop, file: Path) -> None:
    shop.run(at(2, 9))
    asked = ("upload", str(file), "--source", "sales", "--as-of", WHEN, "--who", "lead", "--because", "邮件退信", "--json")
    (first,) = call(shop.root, *asked)["files"]
    assert (first["name"], first["new"]) == ("sales_B_by_hand.csv", True)
    assert call(shop.root, *asked)["files"] == [{**first, "new": False}]
    shop.run(at(2, 11))
    with shop.open() as ws:
        assert amounts(ws) == [("B", 1, D(70))] and debts(ws, "sales")["B", 1] == "late"
        assert arrival(ws, file.name).meta == {"via": "upload", "who": "lead"}
        (entry,) = ws.ledger.audit_trail()
        assert (entry.action, entry.who, entry.subject, entry.detail) == ("upload", "lead", f"sales/{first['arrival']}", "邮件退信")


def test_a_source_that_only_takes_uploads(shop: Shop, file: Path) -> None:
    shop.edit("sources/sales/source.yml", 'collect: {via: folder, path: inbox/sales, pattern: "*.csv"}', "collect: {via: upload}")
    shop.run(at(2, 9))
    assert "taken" in call(shop.root, "upload", str(file), "--source", "sales", "--as-of", WHEN)
    assert "before" in call(shop.root, "upload", str(file), "--source", "sales", "--as-of", WHEN)
    shop.run(at(2, 11))
    with shop.open() as ws:
        assert amounts(ws) == [("B", 1, D(70))]


def test_the_subject_is_asked_for_where_the_party_stands_there(shop: Shop, file: Path) -> None:
    shop.edit(
        "sources/sales/source.yml",
        'party: {from: file name, in: parties, pattern: "sales_{party}_"}',
        'party: {from: subject, in: parties, pattern: "流向 {party}"}',
    )
    shop.run(at(2, 9))
    ran = CliRunner().invoke(app, ["upload", str(file), "--source", "sales", "-p", str(shop.root), "--as-of", WHEN])
    assert "--subject" in str(ran.exception) and getattr(ran.exception, "exit_code", 0) == 2
    call(shop.root, "upload", str(file), "--source", "sales", "--as-of", WHEN, "--subject", "流向 B")
    shop.run(at(2, 11))
    with shop.open() as ws:
        assert amounts(ws) == [("B", 1, D(70))]


def test_nothing_is_taken_if_one_file_is_not_there(shop: Shop, file: Path) -> None:
    shop.run(at(2, 9))
    ran = CliRunner().invoke(
        app, ["upload", str(file), str(file.parent / "none.csv"), "-s", "sales", "-p", str(shop.root), "--as-of", WHEN]
    )
    assert "no such file" in str(ran.exception)
    ran = CliRunner().invoke(app, ["upload", str(file), "-s", "sale", "-p", str(shop.root), "--as-of", WHEN])
    assert "no source 'sale'" in str(ran.exception) and "sales" in str(ran.exception)
    with shop.open() as ws:
        assert ws.ledger.arrivals(source="sales") == [] and ws.ledger.audit_trail() == []
