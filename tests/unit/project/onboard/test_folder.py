"""A folder of sixty mixed files: every file in the source that it belongs to, whatever it is called; and what comes of it afterwards."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import taihu
from taihu.demo.drafts import bill_draft, orders_draft, pos_draft, sell_out_draft, stock_draft
from taihu.demo.facts import simulate
from taihu.demo.schedule import table_drops
from taihu.demo.writers import rates_page, write
from taihu.formats.text import decode
from taihu.project.load import load_tree
from taihu.project.onboard import Proposed
from taihu.project.onboard import write as write_proposed

from .conftest import PASSWORDS, PROJECT, REAL, proposed

DAYS = [dt.date(2026, 9, 14) + dt.timedelta(days=n) for n in range(5)]
SENDERS = ("D0001", "D0002", "D0004", "D0007", "D0008", "D0011", "D0012", "D0016", "D0017")


@cache
def mixed() -> dict[str, tuple[str, bytes]]:
    """File name to what it is and its bytes: sixty files, two of which hold no table."""
    files = dict(_company())
    if REAL.is_dir():
        for path in sorted(path for path in REAL.rglob("*") if path.suffix in (".csv", ".xls")):
            files[path.name] = (path.name, path.read_bytes())
    files["说明.txt"] = ("", "各位同事，\n本月起请于每日八点前报数。\n谢谢！\n".encode())
    files["logo.png"] = ("", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    spare = [name for name, (what, _) in files.items() if what == "sell out" and f"{DAYS[2]:%Y%m%d}" in name]
    for name in spare[: max(0, len(files) - 60)]:
        del files[name]
    return files


def _company() -> Iterator[tuple[str, tuple[str, bytes]]]:
    facts = simulate(0)
    for day in DAYS:
        for draft, what in ((orders_draft(facts, [day]), "orders"), (bill_draft(facts, [day]), "bill"), (pos_draft(facts, [day]), "pos")):
            yield draft.name, (what, write(draft).content)
    for code in SENDERS:
        party = facts.company.distributor(code)
        for day in DAYS[:3]:
            if facts.sell_out.get((code, day)):
                draft = sell_out_draft(facts, party, [day])
                yield draft.name, ("sell out", write(draft).content)
        draft = stock_draft(facts, party, DAYS[0])
        yield draft.name, ("stock", write(draft).content)
    for drop in table_drops(facts):
        yield drop.name, (drop.source, drop.content)
    yield "rates.html", ("rates", rates_page(facts.rates[:60])[0].encode())


def _put_all(root: Path) -> None:
    for name, (_, content) in mixed().items():
        (root / "inbox" / name).write_bytes(content)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Proposed]:
    """A project with the sixty files and all that is proposed for them."""
    project = tmp_path_factory.mktemp("mixed") / "company"
    (project / "inbox").mkdir(parents=True)
    (project / "taihu.yml").write_text(PROJECT, encoding="utf-8")
    _put_all(project)
    result = proposed(project)
    write_proposed(result, project, change=lambda _: False)
    return project, result


def test_sixty_mixed_files_are_grouped_right(written: tuple[Path, Proposed]) -> None:
    assert len(mixed()) == 60 or not REAL.is_dir()
    _, result = written
    groups = {frozenset(path.name for path in ready.proposal.group.paths) for ready in result.ready}
    wanted: dict[str, set[str]] = {}
    for name, (what, _) in mixed().items():
        wanted.setdefault(what, set()).add(name)
    junk = wanted.pop("")
    assert groups == set(map(frozenset, wanted.values()))
    assert {one.path.name for one in result.unread} == junk
    sell_out = next(ready for ready in result.ready if "sell_out" in ready.proposal.name)
    assert {path.suffix for path in sell_out.proposal.group.paths} == {".xlsx", ".zip", ".xls"}
    assert len(sell_out.proposal.layouts) == 5
    assert sum(sum(typed["refused"].values()) for ready in result.ready for typed in ready.typed.values()) == 0


def test_the_project_loads_and_its_samples_pass(written: tuple[Path, Proposed]) -> None:
    project, result = written
    assert set(load_tree(project).sources) == {ready.proposal.name for ready in result.ready}
    count = sum(len(ready.samples) for ready in result.ready)
    assert count >= sum(len(ready.proposal.layouts) for ready in result.ready)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "taihu.testing.pytest_plugin", "--rootdir", ".", "."]
    env = {**os.environ, "PYTHONPATH": str(Path(taihu.__file__).parents[1]), "ZIP_PASSWORD": PASSWORDS[0]}
    run = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert f"{count} passed" in run.stdout


def test_what_was_onboarded_is_known_the_next_time(written: tuple[Path, Proposed]) -> None:
    project, result = written
    again = proposed(project)
    assert again.ready == []
    assert {known.path for known in again.known} == {path for ready in result.ready for path in ready.proposal.group.paths}
    names = {ready.proposal.name: {path.name for path in ready.proposal.group.paths} for ready in result.ready}
    assert all(known.path.name in names[known.source] for known in again.known)


def test_nothing_personal_is_left_in_what_is_written(written: tuple[Path, Proposed]) -> None:
    """Every personal value that stands in the files is looked for in the bytes (unpacked and decoded) of all that was written."""
    project, result = written
    values = _personal_values(result)
    assert len(values) > 300
    files = [path for path in (project / "sources").rglob("*") if path.is_file()]
    found = {(value, path.name) for path in files for text in _texts(path.read_bytes()) for value in values if value in text}
    assert found == set()
    original = {value for path in (project / "inbox").iterdir() for text in _texts(path.read_bytes()) for value in values if value in text}
    assert len(original) > 100  # the same scan finds them where they are


def _personal_values(result: Proposed) -> set[str]:
    """Values of columns with a personal tag that are long enough to be found by what they are."""
    values = set()
    for ready in result.ready:
        headers = {header for column in ready.proposal.columns.values() if column.column.personal for header in column.headers}
        for tables in ready.proposal.tables.values():
            for _, table in tables:
                for header in headers & set(table.rows.column_names):
                    values |= {value for value in table.rows[header].to_pylist() if value and (len(value) > 6 or not value.isascii())}
    facts = simulate(0)
    platforms = {"支付宝", "支付宝（中国）网络技术有限公司"}  # counterparties of payments, and what other files are called
    return {value for value in values if len(set(value)) > 2} - platforms | {party.salesperson for party in facts.company.distributors[:1]}


def _texts(content: bytes) -> Iterator[str]:
    """All texts in a file, those of its members included."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                if not archive.getinfo(member).flag_bits & 1:
                    yield from _texts(archive.read(member))
        return
    yield decode(content).text
