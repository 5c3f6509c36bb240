"""``taihu read``: one file, several, a folder; rows or columns by the width of the terminal; words for each refusal in both languages."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from random import Random

import pytest
from click.testing import Result
from tests.corpus.hostile import sound
from tests.corpus.other_kinds import no_tables, records
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.cli.read_view import KINDS
from taihu.core.reasons import REASONS

KEYS = {"kind", "encoding", "held", "tables"}
TABLE_KEYS = {"name", "header_row", "columns", "rows", "totals"}
TOTAL_KEYS = {"label", "column", "stated", "computed", "agrees"}


def _read(*arguments: object, lang: str = "en", columns: int = 100) -> Result:
    environment = {"COLUMNS": str(columns), "NO_COLOR": "1"}
    return CliRunner().invoke(app, ["--lang", lang, "read", *map(str, arguments)], env=environment)


def _file(folder: Path, name: str, kind: str, fault: str, seed: str = "a") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound(kind, Random(seed), fault).content)
    return path


def test_a_narrow_table_is_shown_by_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("标题\n日期,客户,金额\n2026-09-01,东方便利店,12.50\n2026-09-02,西郊,1\n合计,,13.50\n", encoding="gb18030")
    ran = _read(path, lang="zh")
    assert ran.exit_code == 0
    lines = [line.rstrip() for line in ran.stdout.splitlines()]
    assert lines[0] == "a.csv  文本 · GB18030 · 1 张表"
    assert "▌ 表 1  表头在第 2 行 · 2 行 × 3 列" in lines
    assert "3   2026-09-01   东方便利店   12.50" in lines
    assert "  ✓ 合计 · 金额  13.5" in lines
    assert any("明细中夹有合计行" in line for line in lines)
    assert "  … 1 more row" in _read(path, "--rows", "1").stdout


def test_a_wide_table_is_shown_column_by_column(tmp_path: Path) -> None:
    path = _file(tmp_path, "wide.xlsx", "xlsx", "sixty columns")
    for width in (80, 160):
        lines = _read(path, columns=width).stdout.splitlines()
        names = json.loads(_read(path, "--json").stdout)["tables"][0]["columns"]
        assert len(names) > 50
        assert sum("100%" in line or "%" in line for line in lines) >= len(names)
        assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "csv", "html"])
def test_json_has_the_promised_keys(kind: str, tmp_path: Path) -> None:
    said = json.loads(_read(_file(tmp_path, "a", kind, "total row"), "--json").stdout)
    assert said.keys() >= KEYS
    (table,) = said["tables"]
    assert table.keys() >= TABLE_KEYS
    assert (table["header_row"], isinstance(table["rows"], int), said["held"]) == (1, True, None)
    assert table["totals"]
    assert all(total.keys() >= TOTAL_KEYS and total["agrees"] is True for total in table["totals"])


def test_records_have_no_header_row(tmp_path: Path) -> None:
    for file in records(Random("b")):
        if file.fault not in ("none", "lines"):
            continue
        (tmp_path / file.name).write_bytes(file.content)
        said = json.loads(_read(tmp_path / file.name, "--json").stdout)
        (table,) = said["tables"]
        assert (said["kind"], table["header_row"], table["rows"]) == (file.kind, None, len(file.tables[0].rows))
        assert table["columns"] == list(file.tables[0].names)


def test_a_folder_gives_a_line_for_each_file_and_one_object(tmp_path: Path) -> None:
    folder = tmp_path / "来件"
    _file(folder, "a.csv", "csv", "total row")
    _file(folder, "九月/a.xls", "xls", "total row that disagrees")
    (folder / ".hidden").write_bytes(b"x")
    ran = _read(folder, lang="zh")
    assert ran.exit_code == 3
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["a.csv", "九月/a.xls"]
    assert "✗ 文件自带的合计与明细不符" in lines[3]
    assert lines[4] == "2 个文件，1 个不可用"
    said = json.loads(_read(folder, "--json", "--csv", tmp_path / "out").stdout)
    assert [(file["file"], file["held"]) for file in said["files"]] == [("a.csv", None), ("九月/a.xls", "total_disagrees")]
    # Two files of one name do not write over each other.
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a.csv", "a.xls.csv"]
    with (tmp_path / "out" / "a.csv").open(encoding="utf-8", newline="") as handle:
        assert len(list(csv.reader(handle))) == said["files"][0]["tables"][0]["rows"] + 1


def test_an_empty_folder_and_a_missing_file_are_said(tmp_path: Path) -> None:
    assert _read(tmp_path).exit_code != 0
    assert _read(tmp_path / "nothing").exit_code == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_refusal_says_what_is_wrong_and_what_to_do(lang: str, tmp_path: Path) -> None:
    seen = set()
    for number, file in enumerate(no_tables()):
        path = tmp_path / f"{number}-{file.name}"
        path.write_bytes(file.content)
        ran = _read(path, lang=lang)
        assert ran.exit_code == 3, file.title
        lines = ran.stdout.splitlines()
        said = [line for line in lines if line.startswith("✗ ")]
        assert len(said) == 1 and lines[2].startswith("  → ") and len(lines[2]) > 8, file.title
        seen |= {code for code, reason in REASONS.items() if said[0].startswith(f"✗ {reason.title.in_(lang)}")}  # type: ignore[arg-type]
    assert seen >= {"empty_file", "login_page", "no_table", "wrong_kind"}


def test_every_kind_of_file_has_a_name_in_both_languages() -> None:
    assert all(text.zh and text.en for text in KINDS.values())
