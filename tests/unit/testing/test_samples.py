"""Samples of a source as tests of their own."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

from taihu.project.load import load_tree
from taihu.project.starter import write_starter
from taihu.read.reading import reading
from taihu.testing.samples import check_sample, differences


def project(tmp_path: Path, expected: dict[str, object]) -> Path:
    root = tmp_path / "company"
    write_starter(root, dt.date(2026, 11, 10))
    samples = root / "sources" / "sales" / "samples"
    samples.mkdir(exist_ok=True)
    (samples / "day.csv").write_text("日期,大区,金额\n2026-11-09,EAST,1200.50\n合计,,1200.50\n", encoding="utf-8")
    (samples / "day.csv.expected.json").write_text(json.dumps(expected), encoding="utf-8")
    return root


def run_pytest(root: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "taihu.testing.pytest_plugin",
        "--rootdir",
        str(root),
        str(root),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=_environment())


def _environment() -> dict[str, str]:
    import os

    import taihu

    return {**os.environ, "PYTHONPATH": str(Path(taihu.__file__).parents[1])}


def test_a_right_sample_passes(tmp_path: Path) -> None:
    root = project(tmp_path, {"held": None, "tables": [{"layout": "standard", "rows": 1, "first": {"大区": "EAST"}}]})
    result = run_pytest(root)
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_a_wrong_sample_says_where(tmp_path: Path) -> None:
    root = project(tmp_path, {"tables": [{"rows": 2}]})
    result = run_pytest(root)
    assert result.returncode == 1
    assert "tables[0].rows: expected 2, got 1" in result.stdout


def test_all_that_can_be_stated_is_stated(tmp_path: Path) -> None:
    root = project(tmp_path, {})
    tree = load_tree(root)
    expectation = root / "sources" / "sales" / "samples" / "day.csv.expected.json"
    from taihu.read import read_file

    source = tree.sources["sales"]
    sample = expectation.with_name("day.csv")
    everything = reading(read_file(sample.read_bytes(), sample.name, read=source.file.read, layouts=source.layouts))
    assert everything["tables"][0]["totals"] == [{"label": "合计", "column": "金额", "stated": "1200.5", "agrees": True}]
    expectation.write_text(json.dumps(everything), encoding="utf-8")
    assert check_sample(tree, expectation) == []


def test_differences_name_the_place() -> None:
    assert list(differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 9})) == ["a[1].b: expected 2, got 3"]
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: expected [1], got [1, 2]"]
    assert list(differences({"x": 1}, {})) == ["x: is not there"]
