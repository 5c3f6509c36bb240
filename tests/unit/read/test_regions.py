"""However many tables a sheet holds and however they are set, every row is read once, by its own table, with its own cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.core.errors import ContentRefused
from taihu.core.reasons import REASONS
from taihu.core.types import Position
from taihu.manifest.layout import LayoutFile
from taihu.read.aligned import aligned
from taihu.read.grid import Cell, Grid
from taihu.read.layout import apply_layout
from taihu.read.regions import find_regions

NAMES = ["商品", "数量", "金额"]


@dataclass(frozen=True)
class Block:
    """One table: how many rows, whether it has a title and a total, and a column more on either side than the layout names."""

    rows: int
    title: bool
    total: bool


blocks = st.builds(Block, st.integers(1, 4), st.booleans(), st.booleans())


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[list[Cell]], dict[str, str]]:
    """A sheet of tables in rows and columns, and each product's cell."""
    high, wide = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    gap_right, gap_below = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    before, after = draw(st.lists(st.just("序号"), max_size=1)), draw(st.lists(st.just("备注"), max_size=1))
    header = [*before, *NAMES, *after]
    rows: list[list[Cell]] = [[None] * (wide * (len(header) + gap_right)) for _ in range(draw(st.integers(0, 2)))]
    truth: dict[str, str] = {}
    number = 0
    for _ in range(high):
        band = draw(st.lists(blocks, min_size=wide, max_size=wide))
        top, height = len(rows), max(block.rows + 3 for block in band)
        rows += [[None] * (wide * (len(header) + gap_right)) for _ in range(height + gap_below)]
        has_titles = any(block.title for block in band)
        for n, block in enumerate(band):
            left = n * (len(header) + gap_right)
            at = top
            if has_titles:
                rows[at][left] = f"表{n}" if block.title else None
                at += 1
            rows[at][left : left + len(header)] = list(header)
            for k in range(1, block.rows + 1):
                number += 1
                cells = [*(["1"] * len(before)), f"品{number}", str(number), str(number * 10), *([None] * len(after))]
                rows[at + k][left : left + len(header)] = cells
                column = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[left + len(before)]
                truth[f"品{number}"] = f"S!{column}{at + k + 1}"
            if block.total:
                last = at + block.rows + 1
                rows[last][left] = "合计"
                rows[last][left + len(before) + 2] = str(sum(10 * m for m in range(number - block.rows + 1, number + 1)))
    return rows, truth


@settings(deadline=None)
@given(sheets(), st.booleans())
def test_every_row_is_read_once_by_its_own_table(sheet: tuple[list[list[Cell]], dict[str, str]], twice: bool) -> None:
    rows, truth = sheet
    grid = Grid("S", [list(row) for row in rows], range(1, len(rows) + 1), sheet="S")
    layouts = {"a": LayoutFile.model_validate({"header": NAMES, "repeats": ["below", "beside"]})}
    if twice:  # a layout that says less never takes a table from one that says more
        layouts["less"] = LayoutFile.model_validate({"header": NAMES[:2], "repeats": ["below", "beside"]})
    shaped = [apply_layout(each.grid, each.header, each.name, each.layout, around=each.around) for each in find_regions(grid, layouts)]
    assert [item.held for item in shaped] == [None] * len(shaped)
    found: dict[str, str] = {}
    for table in aligned([item.table for item in shaped]):
        assert table.layout == "a"
        assert all(total.agrees for total in table.totals)
        for product, position in _products(table.rows["商品"].to_pylist(), table.rows["_src_row"].to_pylist()):
            assert product not in found
            found[product] = Position.parse(position).cell(table.header_cells["商品"])
    assert found == truth


def _products(products: Sequence[str | None], positions: Sequence[str]) -> list[tuple[str, str]]:
    return [(product, position) for product, position in zip(products, positions, strict=True) if product is not None]


WORDS = [
    None,
    *NAMES,
    "小计",
    "合计",
    "店铺：东",
    "店铺",
    "单位：万元",
    "单位",
    "9月",
    "10月",
    "1",
    "2.50",
    "30(已退款3)",
    "2026年",
    "品1",
    "：",
]
EVERYTHING = [
    {
        "header": NAMES[:2], "repeats": ["below", "beside"], "anchor": "店铺", "hidden": {"rows": "skip", "columns": "skip"},
        "outside": {"店": {"label": "店铺"}, "日": {"line": "{m}月"}}, "year": {"line": "{yyyy}年"},
        "noted": {"已退款": {"in": "金额", "text": "(已退款{sum})"}}, "units": [{"unit": "万元", "of": ["金额"]}],
        "totals": [{"row": "小计", "of": ["金额"], "adds": "group above"}, {"row": "合计", "adds": "group below", "less": ["已退款"]}],
    },
    {"header": ["商品"], "header_rows": 2, "year": {"label": "店铺"}, "unpivot": {"columns": ["{m}月", "{m}月/*"], "into": ["月", "*"]}},
    {"header": ["金额", "数量"], "states": {"group": {"金额": "商品"}, "rows": "数量"}},
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=9), max_size=14), st.frozensets(st.integers(0, 8), max_size=3))
def test_any_sheet_gives_tables_or_a_reason(rows: list[list[Cell]], hidden: frozenset[int]) -> None:
    layouts = {str(n): LayoutFile.model_validate(layout) for n, layout in enumerate(EVERYTHING)}
    for some in [layouts, *({name: layout} for name, layout in layouts.items())]:
        cells = [list(row) for row in rows]
        grid = Grid("S", cells, range(1, len(rows) + 1), sheet="S", hidden_rows=hidden, hidden_columns=hidden)
        tables = []
        for each in find_regions(grid, some, "2026.xlsx"):
            try:
                tables.append(apply_layout(each.grid, each.header, each.name, each.layout, around=each.around).table)
            except ContentRefused as refused:
                assert refused.reason in REASONS
        for table in aligned(tables):
            assert all(Position.parse(text).row <= len(rows) for text in table.rows["_src_row"].to_pylist())
