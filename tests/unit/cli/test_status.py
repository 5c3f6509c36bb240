"""``taihu status``: the matrix of parties and days as a table, as JSON and as a page, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, at, shop

from taihu.cli.states import MARKS
from taihu.render.fonts import face

__all__ = ["shop"]
WHEN = at(5, 9).isoformat()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five mornings: in time, corrected, late, empty, waived, missing, a newer version held."""
    shop = Shop(tmp_path_factory.mktemp("status") / "shop")
    shop.run(at(2, 7))
    shop.sales("A", "1", "1:100", at(2, 7, 30))
    shop.sales("B", "1", "1:70", at(2, 10))
    shop.run(at(2, 11))
    shop.sales("A", "1b", "1:90", at(3, 7))
    shop.sales("A", "2", "", at(3, 7, 30))
    shop.run(at(3, 9))
    shop.sales("A", "3", "3:3", at(4, 7))
    shop.run(at(4, 9))
    shop.sales("A", "3b", "3:3000000", at(4, 12))
    shop.run(at(4, 13))
    call(shop.root, "waive", "sales", "B", "--from", "2026-11-02", "--to", "2026-11-03", "--because", "<盘点>", "--as-of", WHEN)
    return shop.root


def cells(root: Path, *arguments: str) -> dict[tuple[str, str], Any]:
    status = call(root, "status", "--source", "sales", "--as-of", WHEN, "--json", *arguments)
    return {(row["party"], row["day"][-2:]): row for row in status["expectations"]}


def test_json_says_all_that_the_matrix_shows(root: Path) -> None:
    found = cells(root)
    assert {at: row["state"] for at, row in found.items()} == {
        ("A", "01"): "arrived",
        ("A", "02"): "nil",
        ("A", "03"): "arrived",
        ("A", "04"): "missing",
        ("B", "01"): "late",
        ("B", "02"): "waived",
        ("B", "03"): "waived",
        ("B", "04"): "missing",
    }, "the fourth is missing an hour after the deadline, though nothing ran since"
    assert [(found["A", day]["versions"], bool(found["A", day]["newer_version_held"])) for day in ("01", "02", "03", "04")] == [
        (2, False),
        (1, False),
        (1, True),
        (0, False),
    ]
    assert (found["B", "02"]["waived"]["why"], found["B", "01"]["waived"], found["B", "01"]["party_name"]) == ("<盘点>", None, "乙店")
    assert found["B", "01"]["arrived_at"] == "2026-11-02T02:30:00Z"
    status = call(root, "status", "--as-of", WHEN, "--days", "3", "--json")
    assert [day["workday"] for day in status["days"]] == [True, True, True]
    assert [(hold["party_name"], hold["reason"]) for hold in status["holds"]] == [("甲店", "rule_failed")]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ["未到 2", "豁免 2", "甲店", "已到 2 版"]), ("en", ["missing 2", "waived 2", "2 versions came"])]
)
def test_the_table_names_parties_and_counts_versions(root: Path, lang: str, words: list[str]) -> None:
    said = call(root, "--lang", lang, "status", "--source", "sales", "--as-of", WHEN)
    assert all(word in said for word in words), said
    (row,) = [line for line in said.splitlines() if "B 乙店" in line and "◐" in line]
    assert re.findall("[●○◐×!?–·]", row) == ["◐", "–", "–", "×"]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ["待处理", "豁免 2", "零申报", "共 2 版"]), ("en", ["nil return", "waived 2", "2 versions"])]
)
def test_the_page_shows_waivers_versions_and_days_off(root: Path, tmp_path: Path, lang: str, words: list[str]) -> None:
    page = tmp_path / "deep" / "matrix.html"
    call(root, "--lang", lang, "status", "--as-of", WHEN, "--days", "8", "--html", str(page))
    html = page.read_text(encoding="utf-8")
    assert all(word in html for word in words)
    assert "&lt;盘点&gt;" in html and "<盘点>" not in html, "what people write is no markup"
    assert html.count('class="off"') >= 2 and "●<sup>2</sup>" in html and "<sup class=held-too>?</sup>" in html
    assert "src=" not in html and "http" not in html, "nothing is loaded from elsewhere"


def test_national_day_stands_above_its_columns(shop: Shop) -> None:
    shop.run(at(2, 9))
    page = shop.root / "page.html"
    call(shop.root, "status", "--as-of", "2026-10-12T08:30:00+08:00", "--html", str(page), "--days", "14")
    assert "nothing is owed yet" in page.read_text(encoding="utf-8"), "nothing was owed in October"
    shop.edit("sources/sales/source.yml", "since: 2026-11-01", "since: 2026-09-20")
    call(shop.root, "status", "--as-of", "2026-10-12T08:30:00+08:00", "--html", str(page), "--days", "14")
    html = page.read_text(encoding="utf-8")
    assert '<th class="feast off" colspan="7">National Day</th>' in html and "make-up workday" in html


@pytest.mark.parametrize(("room", "widths"), [(40, [10, 20]), (24, [10, 14]), (16, [8, 8])])
def test_names_give_way_to_days(room: int, widths: list[int]) -> None:
    from taihu.cli.matrix_table import _widths

    assert _widths([10, 20], room) == widths


def test_every_mark_is_a_letter_of_the_packaged_font() -> None:
    assert [mark for mark in MARKS.values() if face().glyph(mark) is None] == []
    assert face().glyph("✗") is None  # what the page drew as a box
