"""Cells by column give what cells one by one give, whatever is in them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.core.errors import ContentRefused
from taihu.core.types import TableRead
from taihu.manifest.layout import LayoutFile
from taihu.read.columns import ColumnRows, canonical_texts, clean_texts
from taihu.read.grid import Grid, canonical, clean_text
from taihu.read.header import find_header
from taihu.read.layout import Shaped, apply_layout
from taihu.read.limits import _bound, _check_sheets, _extent, _more_than

odd_texts = st.text(st.sampled_from(" \t\r\n\u3000\xa0\ufeff\u200b\x00\x0b\x85='\"0a合计"), max_size=8)
texts = odd_texts | st.text(max_size=5)
floats = st.floats() | st.integers(-(10**17), 10**17).map(float) | st.decimals(-1000, 1000, places=2).map(float)
moments = st.datetimes() | st.datetimes().map(lambda moment: moment.replace(microsecond=0))


@given(st.lists(texts))
def test_texts(values: list[str]) -> None:
    assert clean_texts(pa.array(values, pa.string())).to_pylist() == [clean_text(value) for value in values]


@given(st.sampled_from([texts, floats, moments, st.dates(), floats | st.just(""), st.dates() | moments | texts]).flatmap(st.lists))
def test_typed_cells(values: list[Any]) -> None:
    assert canonical_texts(values).to_pylist() == [canonical(value) for value in values]


@given(st.lists(texts | floats | st.booleans() | st.integers() | moments | st.dates() | st.timedeltas() | st.times()))
def test_mixed_cells(values: list[Any]) -> None:
    assert canonical_texts(values).to_pylist() == [canonical(value) for value in values]


def _by_column(rows: list[list[str | None]]) -> ColumnRows:
    width = max(map(len, rows), default=0)
    columns = [pa.chunked_array([pa.array([row[n] if n < len(row) else None for row in rows], pa.string())]) for n in range(width)]
    return ColumnRows(columns, len(rows), [len(row) for row in rows])


cells = st.none() | st.sampled_from(["日期", "数量", "合计", "total", "12", "3.5", "a", "共2笔", "备注：没有", "2026-09-01", "小计"])
grids = st.lists(st.lists(cells, max_size=4), max_size=14)
HEADER = ["日期", "编码", "数量"]
LAYOUTS = (
    {"header": HEADER},
    {"header": HEADER, "until": {"first_cell": ["合计"]}, "skip": {"any_cell": ["a"]}},
    {"header": HEADER, "totals": [{"row": "合计", "of": ["数量"], "required": False}, {"line": "共{rows}笔", "required": False}]},
)


@given(grids)
def test_rows(rows: list[list[str | None]]) -> None:
    by_column = _by_column(rows)
    assert list(by_column) == rows == [by_column[n] for n in range(len(rows))]
    assert [list(part) for part in (by_column[1:3], by_column[-2:])] == [rows[1:3], rows[-2:]]


@given(grids, st.sampled_from(LAYOUTS), st.booleans(), st.booleans())
def test_a_layout_reads_columns_as_it_reads_rows(rows: list[list[str | None]], rules: dict[str, Any], is_text: bool, forgive: bool) -> None:
    layout = LayoutFile.model_validate(rules)
    everything = [HEADER, *rows] if is_text else [[*row, *[None] * (4 - len(row))] for row in [HEADER, *rows]]

    def shaped(kept: Any) -> Shaped:
        widths = [len(row) for row in everything] if is_text else ()
        grid = Grid("", kept, range(1, len(everything) + 1), "" if is_text else "表", is_text=is_text, widths=widths)
        header = find_header(grid, layout)
        assert header is not None
        return apply_layout(grid, header, "a", layout, forgive=forgive)

    first, second = shaped([list(row) for row in everything]), shaped(_by_column(everything))
    assert (_values(first.table), first.held, first.held_detail) == (_values(second.table), second.held, second.held_detail)


def _values(table: TableRead) -> Any:
    return table.rows.to_pydict(), table.header_row, table.header_cells, table.totals, table.notes


def test_changed_cells() -> None:
    for rows in ([["a", "b"], ["c"]], _by_column([["a", "b"], ["c"]])):
        grid = Grid("", rows, range(1, 3))
        grid.put({0: {1: "x"}, 2: {0: "y"}})
        assert [[*row, None, None, None][:3] for row in grid.rows] == [["a", "b", "y"], ["x", None, None]]


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_numbers_above(number: int, other: int) -> None:
    assert bool(re.fullmatch(_more_than(number), str(other))) == (other > number)


places = st.tuples(st.sampled_from(["A", "Z", "AA", "AZ", "BA", "CZ", "DA", "IZ", "JA", "ZZ", "AAA", "XFD"]), st.integers(1, 3000))


@given(st.lists(places, max_size=6), st.sampled_from(['<c r="{}{}">', "<c s='1' r='{}{}'/>", '<x:c  r = "{}{}">']))
def test_bounds_of_a_sheet_hold(cells: list[tuple[str, int]], cell: str) -> None:
    """Also where rows lie about the places of their cells, and however the attributes are written."""
    xml = "".join(f'<row r="{n}">{cell.format(*place)}</row>' for n, place in enumerate(cells, start=1)).encode()
    bound, extent = _bound(xml), _extent(xml)
    assert bound is None or (bound[0] >= extent[0] and bound[1] >= extent[1])


def test_a_cell_far_out_is_refused_wherever_its_row_claims_to_be() -> None:
    near = b'<row r="1"><c r="A1"/></row>'
    _check_sheets({"a": near})
    for far in (b'<c r="ZZ99999"/>', b'<c s="0" r="XFD1048576"/>', b"<x:c r='XFD1048576'/>"):
        with pytest.raises(ContentRefused):
            _check_sheets({"a": b'<row r="1"><c r="A1"/>' + far + b"</row>"})


def test_dates_of_workbooks_are_dates() -> None:
    assert canonical_texts([dt.date(2026, 9, 1), "", dt.date(2026, 9, 2)]).to_pylist() == ["2026-09-01", None, "2026-09-02"]
