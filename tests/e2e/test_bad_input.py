"""Bad input, each kind in a source of its own: one ledger row with its reason, the bytes kept, all others go on, the report is made."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
import pyzipper

from taihu.core.clock import FixedClock
from taihu.core.ids import sha256_of
from taihu.core.reasons import REASONS
from taihu.project.workspace import open_workspace
from tests.e2e.commands import Ran, taihu

pytestmark = pytest.mark.slow

FIRST, SECOND = "2026-11-10T08:30:00+08:00", "2026-11-11T08:30:00+08:00"
HEADER = ["日期", "大区", "金额"]
ROWS = [["2026-11-10", "EAST", "1200.50"], ["2026-11-10", "NORTH", "800.00"], ["合计", "", "2000.50"]]
LOGIN = """<!DOCTYPE html><html><head><title>供应商平台 - 用户登录</title></head><body><form action="/login" method="post">
用户名<input name="username"> 密码<input type="password" name="password"><button>登录</button></form></body></html>"""


def text(header: list[str] = HEADER) -> str:
    return "".join(",".join(row) + "\n" for row in [header, *ROWS])


def zipped(content: bytes, password: str | None = None) -> bytes:
    file = io.BytesIO()
    if password is None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("sales.csv", content)
    else:
        with pyzipper.AESZipFile(file, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(password.encode())
            archive.writestr("sales.csv", content)
    return file.getvalue()


def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in [HEADER, *ROWS]:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def garbled() -> bytes:
    """UTF-8 that somebody's system read as GBK and wrote again."""
    return text(["日期", "大区", "金额"]).replace("EAST", "华东大区经销").encode().decode("gbk", "replace").encode("utf-8")


@dataclass(frozen=True)
class Bad:
    """A file, and what must be said of it."""

    name: str
    content: bytes
    reasons: frozenset[str]
    kind: str = "csv"


LONG = text() + "".join(f"2026-11-10,EAST,{n}.25\n" for n in range(400))
BAD = {
    "empty": Bad("sales_20261110.csv", b"", frozenset({"empty_file"})),
    "login": Bad("sales_20261110.xlsx", LOGIN.encode(), frozenset({"login_page"}), "excel"),
    "truncated": Bad("sales_20261110.zip", zipped(LONG.encode())[:-400], frozenset({"damaged_file"})),
    "password": Bad("sales_20261110.zip", zipped(text().encode(), "unknown-9f"), frozenset({"wrong_password"})),
    "renamed": Bad("sales_20261110.csv", text(["日期", "大区", "开票净额"]).encode(), frozenset({"unknown_layout"})),
    "garbled": Bad("sales_20261110.csv", garbled(), frozenset({"mojibake"})),
    "yesterday": Bad("sales_20261110.csv", b"", frozenset({"identical_content"})),
}


def add_source(project: Path, name: str, kind: str = "csv") -> None:
    """A source like the starter's, in its own folder, that owes every day."""
    source = project / "sources" / name
    shutil.copytree(project / "sources" / "sales", source)
    contract = (source / "source.yml").read_text(encoding="utf-8")
    contract = contract.replace('path: inbox/sales, pattern: "*.csv"', f"path: inbox/{name}").replace("as: csv", f"as: {kind}")
    contract += 'expect: {for: the day before, every: day, by: "08:00", since: 2026-11-10}\n'
    (source / "source.yml").write_text(contract, encoding="utf-8")
    (project / "inbox" / name).mkdir(parents=True)


def drop(project: Path, source: str, name: str, content: bytes, at: str) -> None:
    path = project / "inbox" / source / name
    path.write_bytes(content)
    instant = dt.datetime.fromisoformat(at).timestamp() - 3600
    os.utime(path, (instant, instant))


@dataclass(frozen=True)
class Played:
    project: Path
    first: Ran
    second: Ran


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    project = tmp_path_factory.mktemp("bad") / "project"
    assert taihu("init", str(project), "--as-of", FIRST).code == 0
    for name, bad in BAD.items():
        add_source(project, name, bad.kind)
    add_source(project, "good", "excel")
    yesterdays = text().replace("2026-11-10", "2026-11-09").encode()
    drop(project, "yesterday", "sales_20261109.csv", yesterdays, FIRST)
    for path in (project / "inbox" / "sales").iterdir():
        os.utime(path, (0, 0))
    first = taihu("run", "-p", str(project), "--as-of", FIRST, "--json")
    for name, bad in BAD.items():
        drop(project, name, bad.name, yesterdays if name == "yesterday" else bad.content, SECOND)
    drop(project, "good", "sales_20261110.xlsx", workbook(), SECOND)
    second = taihu("run", "-p", str(project), "--as-of", SECOND, "--json")
    yield Played(project, first, second)


def test_the_run_goes_on_and_says_that_something_is_missing(played: Played) -> None:
    assert played.first.code == 0, played.first.said
    assert played.second.code == 3, played.second.said
    assert played.second.json["failed"] == {}
    assert {name: count for name, count in played.second.json["landed"].items() if count} == {name: 1 for name in [*BAD, "good"]}
    assert played.second.json["decided"]["accepted"] == 1
    assert [publication["complete"] for publication in played.second.json["publications"]] == [False]


@pytest.mark.parametrize("name", BAD)
def test_one_ledger_row_with_its_reason_and_the_bytes_kept(played: Played, name: str) -> None:
    with open_workspace(played.project, FixedClock(dt.datetime.fromisoformat(SECOND))) as ws:
        arrival = max(ws.ledger.arrivals(source=name), key=lambda arrival: arrival.sequence)
        assert len(ws.ledger.arrivals(source=name)) == (2 if name == "yesterday" else 1)
        assert arrival.name == BAD[name].name
        assert arrival.state in ("rejected", "held", "superseded") and arrival.reason in BAD[name].reasons
        reason = REASONS[arrival.reason]
        assert reason.title.zh and reason.title.en and reason.fix.zh and reason.fix.en
        kept = ws.objects.get(arrival.sha256)
        assert kept == (played.project / "inbox" / name / arrival.name).read_bytes() and sha256_of(kept) == arrival.sha256
        (debt,) = [debt for debt in ws.ledger.expectations(source=name) if debt.day == dt.date(2026, 11, 10)]
        assert debt.state in ("rejected", "held", "missing", "late")
        rows = ws.tables.read(f"clean.{name}").num_rows if ws.tables.exists(f"clean.{name}") else 0
        assert rows == (2 if name == "yesterday" else 0)


def test_the_good_source_is_in_the_figures_and_the_report_names_the_bad_ones(played: Played) -> None:
    with open_workspace(played.project, FixedClock(dt.datetime.fromisoformat(SECOND))) as ws:
        publication = ws.ledger.publications("daily")[-1]
        figures = [figure for figure in ws.ledger.figures(publication.id) if not figure.filter and figure.measure == "revenue"]
        assert [str(figure.value) for figure in figures] == ["2000.50"]
        outputs = {output.name: ws.objects.get(output.sha256) for output in ws.ledger.outputs(publication.id) if output.format == "xlsx"}
    assert outputs
    for name, content in outputs.items():
        lang = "zh" if "_zh" in name else "en"
        book = openpyxl.load_workbook(io.BytesIO(content))
        said = "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)
        for bad in BAD.values():
            if "identical_content" not in bad.reasons:
                assert any(REASONS[reason].title.in_(lang) in said for reason in bad.reasons), (name, bad.reasons)


def test_the_people_who_must_act_see_it(played: Played) -> None:
    where = ("-p", str(played.project), "--as-of", SECOND)
    status = taihu("status", *where, "--json").json
    states = {row["source"]: row["state"] for row in status["expectations"] if row["day"] == "2026-11-10"}
    assert states.pop("good") == "arrived"
    assert set(states) == set(BAD) and not {"arrived", "nil", "expected"} & set(states.values())
    shown = taihu("status", *where, "--lang", "zh").said
    assert "待处理" in shown and REASONS["unknown_layout"].title.zh in shown
    read = taihu(
        "read", str(played.project / "inbox" / "renamed" / "sales_20261110.csv"), "-s", "renamed", "-p", str(played.project), "--json"
    )
    assert read.code == 3 and read.json["held"] == "unknown_layout" and "开票净额" in read.json["detail"]


def test_a_third_run_decides_nothing_again(played: Played) -> None:
    third = taihu("run", "-p", str(played.project), "--as-of", SECOND, "--json")
    assert third.code == 3
    assert sum(third.json["landed"].values()) == 0 and third.json["decided"] == {} and third.json["tables"] == []
