"""Stories become blocks, and blocks Markdown again."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihu.describe.blocks import Bullets, Grid, Heading, Paragraph, inline, parse_markdown, plain, text_of, to_markdown

STORY = Path(__file__).parents[3] / "examples" / "company_a" / "docs" / "story"


def test_marks_inside_a_line() -> None:
    assert inline("a **b** `c_d` *e* f*g") == (
        ("plain", "a "),
        ("bold", "b"),
        ("plain", " "),
        ("code", "c_d"),
        ("plain", " "),
        ("italic", "e"),
        ("plain", " f*g"),
    )


def test_a_line_break_between_chinese_characters_is_no_space() -> None:
    (paragraph,) = parse_markdown("数据几乎都\n没有接口。 The\nERP")
    assert isinstance(paragraph, Paragraph)
    assert text_of(paragraph.text) == "数据几乎都没有接口。 The ERP"


def test_a_heading_may_stand_right_above_its_text() -> None:
    heading, bullets = parse_markdown("# One\n- a\n  b\n- c", deeper=1)
    assert heading == Heading(plain("One"), 2)
    assert isinstance(bullets, Bullets)
    assert [text_of(item) for item in bullets.items] == ["a b", "c"]


def test_a_table_keeps_its_cells() -> None:
    (grid,) = parse_markdown("| a | b |\n|---|---|\n| 1 | `x` |")
    assert isinstance(grid, Grid)
    assert [text_of(cell) for cell in grid.head] == ["a", "b"]
    assert grid.rows[0][1] == (("code", "x"),)


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert "a \\| b" in to_markdown([Grid([plain("h")], [[plain("a | b")]])])


@pytest.mark.parametrize("path", sorted(STORY.glob("*.md")), ids=lambda path: path.name)
def test_every_story_survives_reading_and_writing(path: Path) -> None:
    blocks = parse_markdown(path.read_text(encoding="utf-8"))
    assert parse_markdown(to_markdown(blocks)) == blocks
