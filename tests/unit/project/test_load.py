"""What is wrong in a project's files is said with its file and line when the project is opened."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path

import pytest
from tests.e2e.commands import taihu

from taihu.cli.journal import NAME, journal, record
from taihu.core.clock import FixedClock, parse_instant
from taihu.core.errors import AccessRefused, ManifestError, TerminalError, UsageError
from taihu.guard.secrets import Secret
from taihu.project.load import load_tree, place_in
from taihu.project.starter import write_starter
from taihu.project.workspace import open_workspace

CLOCK = FixedClock(parse_instant("2026-11-10T08:30:00+08:00"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_starter(tmp_path / "mine", CLOCK.now().date())
    return tmp_path / "mine"


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "what"),
    [
        ("sources/sales/source.yml", "collect:", "colect:", "sources/sales/source.yml:6", "did you mean 'collect'"),
        ("sources/sales/source.yml", "business_date: sold_on\n", "", "sources/sales/source.yml:7", "business_date"),
        ("sources/sales/source.yml", "feeds: sales", "feeds: sale", "sources/sales/source.yml:9", "did you mean 'sales'"),
        ("sources/sales/source.yml", "entity: main", "entity: other", "sources/sales/source.yml:5", "unknown entity"),
        ("sources/sales/source.yml", "[standard]", "[standart]", "sources/sales/source.yml:8", "did you mean 'standard'"),
        ("reports/daily/report.yml", "role: team", "role: teem", "reports/daily/report.yml:11", "did you mean 'team'"),
        ("reports/daily/report.yml", "role: team", "role: team, split: region_code", "roles.yml:4", "you has no region_code"),
        ("roles.yml", "role: team}", "role: tame}", "roles.yml:4", "did you mean 'team'"),
    ],
)
def test_a_mistake_names_its_line(project: Path, file: str, old: str, new: str, where: str, what: str) -> None:
    edit(project, file, old, new)
    with pytest.raises(ManifestError) as told:
        load_tree(project)
    assert told.value.where == where and what in told.value.what


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_tree(tmp_path)


def test_the_nearest_line_above_is_named_where_a_key_is_absent(project: Path) -> None:
    assert place_in(project, "reports/daily/report.yml", ("blocks", 1, "table", "none")) == "reports/daily/report.yml:7"
    assert place_in(project, "reports/none/report.yml", ("blocks",)) == "reports/none/report.yml:1"


def test_opening_parses_no_model_and_the_graph_checks_the_reports(project: Path) -> None:
    edit(project, "reports/daily/report.yml", "rows: [region_code]", "rows: [store_code]")
    with open_workspace(project, CLOCK) as ws:
        with pytest.raises(ManifestError) as told:
            _ = ws.graph
        assert told.value.where == "reports/daily/report.yml:7"
        with pytest.raises(ManifestError):
            _ = ws.graph


def test_a_keyring_with_a_passphrase(project: Path) -> None:
    phrase = Secret("correct horse battery", "env:TAIHU_KEYS_PASSPHRASE")
    with open_workspace(project, CLOCK, passphrase=phrase) as ws:
        ref = ws.objects.put(b"content")
    with pytest.raises(AccessRefused), open_workspace(project, CLOCK):
        pass
    with pytest.raises(TerminalError), open_workspace(project, CLOCK, passphrase=Secret("wrong")):
        pass
    with open_workspace(project, CLOCK, passphrase=phrase) as ws:
        assert ws.objects.get(ref.sha256) == b"content"


def test_the_command_line_takes_the_passphrase_and_writes_a_log(project: Path) -> None:
    at = ("run", "--no-reports", "--as-of", "2026-11-10T08:30:00+08:00")
    phrase = {"TAIHU_KEYS_PASSPHRASE": "correct horse battery"}
    assert taihu(*at, folder=project, environment=phrase).code == 0
    refused = taihu(*at, folder=project, environment={"TAIHU_KEYS_PASSPHRASE": ""})
    assert refused.code == 1 and "TAIHU_KEYS_PASSPHRASE" in refused.said
    lines = [json.loads(line) for line in (project / NAME).read_text(encoding="utf-8").splitlines()]
    assert [line["message"] for line in lines] == ["started", "run", "ended", "started", "failed"]
    assert lines[1]["landed"] == {"sales": 1} and lines[4]["kind"] == "AccessRefused"
    assert "correct horse" not in (project / NAME).read_text(encoding="utf-8")
    assert stat.S_IMODE((project / "logs").stat().st_mode) == 0o700


def test_the_log_holds_no_secret_and_nobody(project: Path) -> None:
    Secret("hunter2-of-the-mailbox", "env:X")
    with pytest.raises(TerminalError), journal(project, "run"):
        record("run", failed={"sales": "login with hunter2-of-the-mailbox failed"}, password="open sesame")
        logging.getLogger("some.library").warning("mail from %s, phone %s", "zhang.san@dealer.example", "13812345678")
        raise TerminalError("13812345678 is not a date")
    text = (project / NAME).read_text(encoding="utf-8")
    assert len(text.splitlines()) == 4
    for clear in ("hunter2", "sesame", "zhang.san", "13812345678"):
        assert clear not in text
