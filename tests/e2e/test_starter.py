"""``taihu init`` writes a project that works at once, and a source is one folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.commands import taihu
from tests.e2e.test_bad_input import add_source

pytestmark = pytest.mark.slow
AT, NEXT = "2026-11-10T08:30:00+08:00", "2026-11-11T08:30:00+08:00"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    ended = taihu("init", str(folder), "--as-of", AT)
    assert ended.code == 0, ended.said
    for path in (folder / "inbox").rglob("*.csv"):
        os.utime(path, (0, 0))
    return folder


def test_from_init_to_report_in_two_commands(project: Path) -> None:
    ran = taihu("run", "--as-of", AT, "--json", folder=project, anew=True)
    assert ran.code == 0, ran.said
    (publication,) = ran.json["publications"]
    assert publication["report"] == "daily" and publication["complete"]
    assert [path.suffix for path in (project / "out").rglob("*_zh.*")] == [".xlsx"]
    figure = next(
        f for f in taihu("explain", "list", "--json", folder=project).json["figures"] if f["measure"] == "revenue" and not f["filter"]
    )
    assert figure["value"] == "2000.50"
    story = taihu("explain", figure["id"], "--json", folder=project).json
    assert [(cell["cell"], cell["text"]) for cell in story["parts"][0]["cells"]] == [("2:3", "1200.50"), ("3:3", "800.00")]
    assert taihu("init", str(project)).code == 2, "nothing is overwritten"
    assert taihu("doctor", "--as-of", AT, folder=project).code == 0


def files_of(project: Path) -> dict[str, bytes]:
    kept = ("taihu.yml", "sources", "models", "glossary", "reports", "roles.yml")
    found = (path for name in kept for path in [project / name, *(project / name).rglob("*")] if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in found}


def test_adding_a_source_touches_one_folder(project: Path) -> None:
    assert taihu("run", "--as-of", AT, folder=project).code == 0
    before = files_of(project)
    add_source(project, "web_shop")
    drop = project / "inbox" / "web_shop" / "shop_20261110.csv"
    drop.write_text("日期,大区,金额\n2026-11-10,EAST,99.50\n合计,,99.50\n", encoding="utf-8")
    os.utime(drop, (0, 0))
    after = files_of(project)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name.rpartition("/")[0].split("/layouts")[0] for name in touched} == {"sources/web_shop"}
    assert len(touched) == 2, "source.yml and one layout"
    ran = taihu("run", "--as-of", NEXT, "--json", folder=project)
    assert ran.json["landed"]["web_shop"] == 1 and {"clean.web_shop", "core.sale", "mart.daily_sales"} <= set(ran.json["tables"])
    figure = next(
        f for f in taihu("explain", "list", "--json", folder=project).json["figures"] if f["measure"] == "revenue" and not f["filter"]
    )
    assert figure["value"] == "99.50"
