"""Sheets whose rows need what stands around their table: the proposal says it, reads it, and its samples pass."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from taihu.project.load import load_tree
from taihu.project.onboard import write as write_proposed
from taihu.testing.samples import check_sample

from .conftest import proposed, put, source_of

Rows = Sequence[Sequence[Any]]
HEADER = ["日期", "商品", "数量", "金额"]


def _rows(count: int, first: int = 1) -> list[list[Any]]:
    return [[f"2026-09-{first + n:02d}", f"茶{n}", n + 1, (n + 1) * 12.5] for n in range(count)]


def _total(rows: Rows) -> list[Any]:
    return ["合计", None, sum(row[2] for row in rows), sum(row[3] for row in rows)]


def _book(sheets: Mapping[str, Rows]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if cell is not None:
                        page.write(number, column, cell)
    return buffer.getvalue()


A, B = _rows(3), _rows(4, first=10)
SHOPS = {"日报": [["门店：徐汇店"], HEADER, *A, _total(A), [], ["门店：静安店"], HEADER, *B, _total(B)]}
NAMED = {"日报": [["徐汇店"], HEADER, *A, [], ["静安店"], HEADER, *B]}
TWO = {"9月": [["一、销售明细"], HEADER, *A, [], ["二、退货明细"], HEADER, *B]}
BESIDE = {"Sheet1": [[*HEADER, None, *HEADER], *[[*one, None, *other] for one, other in zip(A, B, strict=False)]]}
MONTHS = {f"{m}月": [["门店", "商品", "金额"], ["徐汇店", "龙井", m], ["静安店", "龙井", m * 2]] for m in (7, 8, 9)}
SHEETS = {name: [["商品编码", "商品名称", "结存数量"], ["P1", "龙井", 3], ["P2", "碧螺春", 4]] for name in ("上海仓", "苏州仓")}
LABELS = {
    "Sheet1": [
        ["日销售报表"],
        ["门店：徐汇店", None, "日期：2026-09-30"],
        ["商品编码", *HEADER[1:]],
        *[["P1", *row[1:]] for row in A],
        _total(A),
    ]
}

CASES: dict[str, tuple[str, Mapping[str, Rows], list[dict[str, Any]], int, tuple[str, set[str]] | None]] = {
    "a shop above each": (
        "日报.xlsx", SHOPS, [{"repeats": ("below",), "outside": {"门店": {"label": "门店"}}}], 7, ("门店", {"徐汇店", "静安店"}),
    ),
    "a title above each": (
        "日报.xlsx", NAMED, [{"repeats": ("below",), "outside": {"标题": {"line": "{text}"}}}], 7, ("标题", {"徐汇店", "静安店"}),
    ),
    "two tables of one header": (
        "明细.xlsx", TWO,
        [
            {"anchor": "一、销售明细", "outside": {"标题": {"line": "一、销售明细"}}},
            {"anchor": "二、退货明细", "outside": {"标题": {"line": "二、退货明细"}}},
        ],
        7, ("标题", {"一、销售明细", "二、退货明细"}),
    ),
    "beside each other": ("两栏.xlsx", BESIDE, [{"repeats": ("beside",)}], 6, None),
    "a sheet a month": (
        "销售2026.xlsx", MONTHS,
        [{"sheet": ("{m}月",), "outside": {"月份": {"sheet": "{m}月"}}, "year": {"file_name": "{yyyy}"}}],
        6, ("月份", {"2026-07-01", "2026-08-01", "2026-09-01"}),
    ),
    "a sheet a warehouse": (
        "库存.xlsx", SHEETS, [{"outside": {"工作表": {"sheet": "*"}}}], 4, ("工作表", {"上海仓", "苏州仓"}),
    ),
    "labels above": (
        "日销售.xlsx", LABELS, [{"outside": {"门店": {"label": "门店"}, "日期": {"label": "日期"}}}], 3, ("日期", {"2026-09-30"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_around_is_proposed_and_read(root: Path, name: str) -> None:
    file, sheets, layouts, count, told = CASES[name]
    put(root, file, _book(sheets))
    result = proposed(root)
    (ready,) = result.ready
    (read,) = ready.proposal.reads.values()
    assert (read.held, sum(table.rows.num_rows for table in read.tables)) == (None, count), read.held_detail
    for proposal, expected in zip(ready.proposal.layouts, layouts, strict=True):
        said = proposal.file.model_dump(exclude_defaults=True, exclude_none=True)
        assert {key: value for key, value in said.items() if key not in ("header", "until", "totals")} == expected
    if told is not None:
        header, values = told
        assert {cell for table in read.tables for cell in table.rows[header].to_pylist()} == values
        assert any(header in (column.from_ or ()) for column in source_of(ready).columns.values())
    write_proposed(result, root, change=lambda _: False)
    expectations = sorted((root / "sources").rglob("*.expected.json"))
    assert len(expectations) == len(layouts)
    for expectation in expectations:
        assert check_sample(load_tree(root), expectation) == []


def test_evidence_stands_behind_the_lines(root: Path) -> None:
    put(root, "日报.xlsx", _book(SHOPS))
    (ready,) = proposed(root).ready
    text = next(content.decode() for path, content in ready.files.items() if "/layouts/" in path)
    assert "repeats: below" in text and "# up to 2 times in one sheet" in text and "# at 2 of 2 tables: 徐汇店, 静安店" in text
    (chinese,) = proposed(root, lang="zh").ready
    assert "# 一张工作表中最多 2 次" in next(content.decode() for path, content in chinese.files.items() if "/layouts/" in path)


def test_what_is_arranged_in_another_way_is_another_source(root: Path) -> None:
    """Sales and returns must not be mixed with a file in which the same header means something else."""
    for name, sheets in (("明细.xlsx", TWO), ("两栏.xlsx", BESIDE), ("日报.xlsx", SHOPS), ("流水.xlsx", {"Sheet1": [HEADER, *A]})):
        put(root, name, _book(sheets))
    found = [sorted(path.name for path in ready.proposal.group.paths) for ready in proposed(root).ready]
    assert sorted(found) == [["两栏.xlsx"], ["日报.xlsx"], ["明细.xlsx"], ["流水.xlsx"]]
