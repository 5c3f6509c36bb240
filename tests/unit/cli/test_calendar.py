"""``taihu calendar``: a new notice comes in as a public file, and is never half taken over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, shop
from typer.testing import CliRunner

from taihu.cli.main import app

__all__ = ["shop"]
NOVEMBER = "2026-11-25T09:00:00+08:00"
OCTOBER = "2026-10-25T09:00:00+08:00"
# An invented notice: two days off, one of them a Monday that the law does not free, and a Saturday that is worked.
NOTICE: dict[str, Any] = {
    "$schema": "https://example.org/schema.json",
    "year": 2027,
    "papers": ["https://www.gov.example/2027"],
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "国庆节", "date": "2027-10-11", "isOffDay": True},
        {"name": "国庆节", "date": "2027-10-16", "isOffDay": False},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(NOTICE, ensure_ascii=False), encoding="utf-8")
    return path


def findings(root: Path, when: str) -> dict[str, str]:
    ran = CliRunner().invoke(app, ["doctor", "--json", "-p", str(root), "--as-of", when])
    return {found["subject"]: found["verdict"] for found in json.loads(ran.stdout)["findings"] if found["subject"].startswith("calendar")}


def test_a_notice_is_imported_and_the_year_is_announced(shop: Shop, file: Path) -> None:
    assert findings(shop.root, OCTOBER) == {"calendar 2026": "ok"}, "before November nobody can know the next year"
    assert findings(shop.root, NOVEMBER) == {"calendar 2026": "ok", "calendar 2027": "warn"}
    (before,) = call(shop.root, "calendar", "show", "2027", "--json")["years"]
    assert before["status"] == "provisional" and before["papers"] == []

    dry = call(shop.root, "calendar", "import", str(file), "--dry-run", "--json")
    assert call(shop.root, "calendar", "show", "2027", "--json")["years"] == [before]
    done = call(shop.root, "calendar", "import", str(file), "--json")
    assert done == {**dry, "dry_run": False}
    assert {"2027-10-11", "2027-10-16", "2027-10-01"} <= set(done["years"][0]["changed"])
    (after,) = call(shop.root, "calendar", "show", "2027", "--json")["years"]
    assert (after["status"], after["papers"], after["days"]) == ("announced", NOTICE["papers"], NOTICE["days"])
    assert findings(shop.root, NOVEMBER) == {"calendar 2026": "ok", "calendar 2027": "ok"}
    with shop.open() as ws:
        assert [(entry.action, entry.subject) for entry in ws.ledger.audit_trail()] == [("calendar.import", "2027")]


def test_what_is_known_is_listed_year_by_year(shop: Shop) -> None:
    said = call(shop.root, "calendar", "show", "--as-of", NOVEMBER)
    assert "2026  announced" in said and "国办发明电〔2025〕7号" in said and "2027  provisional" in said
    assert "2026-10-10  worked  国庆节" in call(shop.root, "calendar", "show", "2026")


@pytest.mark.parametrize("broken", ['{"year": 2027}', "no json", '{"year": 2027, "days": []}', "[1]"])
def test_another_file_is_refused_and_changes_nothing(shop: Shop, file: Path, broken: str) -> None:
    file.write_text(broken, encoding="utf-8")
    ran = CliRunner().invoke(app, ["calendar", "import", str(file), "-p", str(shop.root)])
    assert ran.exit_code and "not a calendar file" in str(ran.exception) + ran.output
    assert not (shop.root / "calendar").exists()
    missing = CliRunner().invoke(app, ["calendar", "import", str(file.with_name("absent.json")), "-p", str(shop.root)])
    assert missing.exit_code and "cannot be read" in str(missing.exception) + missing.output
