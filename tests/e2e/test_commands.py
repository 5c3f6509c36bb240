"""The commands that people type, each in a process of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.commands import taihu
from tests.e2e.conftest import Company

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(company: Company, tmp_path: Path) -> Path:
    """A copy of the project that a test may change; the shared inbox is the company's."""
    project = tmp_path / "company_a"
    shutil.copytree(company.project, project, ignore=shutil.ignore_patterns("out"))
    return project


# Reasons that a person may find to be unfounded: the file can be read as it is.
MAY_BE_RIGHT = {"tax_basis_suspected", "scale_suspected", "price_out_of_band"}


def test_status_as_table_json_and_page(company: Company, tmp_path: Path) -> None:
    where = ("-p", str(company.project), "--as-of", company.as_of)
    status = taihu("status", *where, "--json").json
    assert status["schema"] == "taihu.status/1"
    assert {"arrived", "missing"} <= {row["state"] for row in status["expectations"]}
    assert {hold["reason"] for hold in status["holds"]} & MAY_BE_RIGHT
    zh, en = taihu("status", *where, "--lang", "zh").said, taihu("status", *where, "--lang", "en").said
    assert "未到" in zh and "待处理" in zh and "missing" in en and "●" in zh
    page = tmp_path / "matrix.html"
    assert taihu("status", *where, "--html", str(page)).code == 0
    html = page.read_text(encoding="utf-8")
    assert html.count("<tr") > 20 and "D0001" in html
    assert "http://" not in html.replace("http://www.w3.org", "") and "src=" not in html, "a page that needs nothing from elsewhere"


def test_a_held_file_is_released_with_a_reason_and_then_loaded(company: Company, copy: Path) -> None:
    holds = taihu("hold", "list", "-p", str(copy), "--json").json["holds"]
    hold = next(hold for hold in holds if hold["reason"] in MAY_BE_RIGHT and hold["source"].startswith("sell_out"))
    assert taihu("hold", "release", hold["id"], "-p", str(copy), "--because", "checked by phone", "--who", "lead").code == 0
    assert hold["id"] not in {each["id"] for each in taihu("hold", "list", "-p", str(copy), "--json").json["holds"]}
    ran = taihu("run", "-p", str(copy), "--as-of", company.as_of, "--json", "--no-reports")
    assert ran.json["decided"].get("accepted") == 1, ran.said
    assert f"clean.{hold['source']}" in ran.json["tables"] and "mart.daily_kpi" in ran.json["tables"]
    with company.open(copy) as ws, company.open() as before:
        table = f"clean.{hold['source']}"
        assert ws.tables.row_count(table) > before.tables.row_count(table)
    assert taihu("hold", "release", "nonsense", "-p", str(copy), "--because", "x").code == 1
    again = taihu("hold", "list", "-p", str(copy), "--lang", "zh").said
    assert "→" in again


def test_quarantine_opens_the_refused_cells(company: Company) -> None:
    rows = taihu("quarantine", "list", "-p", str(company.project), "--json").json["rows"]
    assert rows and all(row["text"] is None for row in rows), "the ledger itself keeps no content"
    row = next(row for row in rows if row["column"])
    opened = taihu("quarantine", "show", row["arrival"], "-p", str(company.project), "--json").json["rows"]
    assert any(each["text"] for each in opened)
    assert row["position"] in {each["position"] for each in opened}


def test_read_any_file(company: Company) -> None:
    path = sorted((company.project / "inbox" / "distributors").glob("*.xlsx"))[0]
    read = taihu("read", str(path), "--json").json
    assert read["kind"] == "xlsx" and read["tables"][0]["rows"] == 20
    assert "经销商编码" in read["tables"][0]["columns"]
    typed = taihu("read", str(path), "-s", "distributors", "-p", str(company.project), "--json")
    assert typed.code == 0 and typed.json["held"] is None


def test_report_list_and_explain_list(company: Company) -> None:
    publications = taihu("report", "list", "-p", str(company.project), "--json").json["publications"]
    assert {publication["report"] for publication in publications} == {"daily", "weekly"}
    figures = taihu("explain", "list", "-p", str(company.project), "--json").json["figures"]
    assert len({figure["id"] for figure in figures}) == len(figures) > 50


def test_plan_says_what_is_owed_and_changes_nothing(company: Company) -> None:
    with company.open() as ws:
        before = {table: ws.tables.version(table) for table in ws.tables.names()}
    steps = taihu("run", "--plan", "-p", str(company.project), "--as-of", "2026-09-24T08:30:00+08:00", "--json").json["steps"]
    assert ("report", "daily") in {(step["step"], step["subject"]) for step in steps}
    assert any("open debts" in step["why"] for step in steps)
    with company.open() as ws:
        assert {table: ws.tables.version(table) for table in ws.tables.names()} == before


def test_documents_are_made_and_found_stale_when_a_file_changes(copy: Path, company: Company) -> None:
    made = taihu("docs", "-p", str(copy), "--as-of", company.as_of, "--json")
    assert made.code == 0, made.said
    assert {Path(name).suffix for name in made.json["files"]} >= {".md", ".pdf", ".svg", ".pptx"}
    assert taihu("docs", "--check", "-p", str(copy), "--as-of", company.as_of).code == 0
    glossary = copy / "glossary" / "sales.yml"
    glossary.write_text(glossary.read_text(encoding="utf-8").replace("销售", "售出"), encoding="utf-8")
    stale = taihu("docs", "--check", "-p", str(copy), "--as-of", company.as_of, "--json")
    assert stale.code == 1 and stale.json["stale"]


def test_doctor_reaches_every_source_and_names_what_is_wrong(company: Company) -> None:
    healthy = taihu("doctor", "-p", str(company.project), "--as-of", company.as_of, "--json")
    assert healthy.code == 0, healthy.said
    findings = {finding["subject"]: finding["verdict"] for finding in healthy.json["findings"]}
    with company.open() as ws:
        assert {f"source {name}" for name in ws.tree.sources} <= set(findings)
    broken = taihu(
        "doctor", "-p", str(company.project), "--as-of", company.as_of, "--json", environment={"BI_MAILBOX_PASSWORD": "wrong-password"}
    )
    assert broken.code == 1
    bad = [finding for finding in broken.json["findings"] if finding["verdict"] == "bad"]
    assert bad and "wrong-password" not in json.dumps(bad)


def test_wrong_use_is_told_apart_from_failure(tmp_path: Path) -> None:
    assert taihu("run", "-p", str(tmp_path / "nowhere"), anew=True).code == 2
    assert taihu("run", "--as-of", "yesterday", "-p", str(tmp_path)).code == 2
    assert taihu("frobnicate").code == 2
