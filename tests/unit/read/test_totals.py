"""Numbers in cells, and properties of the canonical text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.core.types import Position
from taihu.read.file import read_file
from taihu.read.grid import canonical, letter
from taihu.read.totals import is_total_row, line_regex, number, settled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"), ("￥600.00", "600"), ("(100.00)", "-100"), ("（１２．５）", "-12.5"), ("-¥3.20", "-3.20"), ("12元", "12"),
        ("+5", "5"), ("1.5E+3", "1500"), ("100-", "-100"), ("−7", "-7"), (".5", "0.5"), ("HK$8", "8"),
        ("12万", None),
        ("", None), ("-", None), ("abc", None), ("1,23", None), ("2026-09-15", None), ("12 箱", None), ("1e9999", None), ("..", None),
    ],
)  # fmt: skip
def test_number(text: str, value: str | None) -> None:
    assert number(text) == (None if value is None else Decimal(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_any_decimal_survives(value: Decimal) -> None:
    assert number(format(value, "f")) == value
    assert number(f"{value:,.4f}") == value
    assert settled(value) == value


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_canonical_text_of_a_float_is_its_shortest_round_trip(value: float) -> None:
    text = canonical(value)
    assert text is not None and "e" not in text.lower()
    assert float(text) == value
    assert not text.endswith(".0")


@given(st.integers(min_value=0, max_value=20_000))
def test_column_letters(index: int) -> None:
    number_ = 0
    for char in letter(index):
        number_ = number_ * 26 + ord(char) - 64
    assert number_ == index + 1


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("合计", True),
        ("小计：", True),
        ("人民币合计", True),
        ("合计食品", False),
        ("Grand Total", True),
        ("共计(元)", True),
        ("2026-09-15", False),
    ],
)
def test_total_labels(label: str, expected: bool) -> None:
    assert is_total_row([label, None, "3"], 3) is expected


def test_line_patterns() -> None:
    match = line_regex("共{rows}笔，合计{sum}元").search("共1,020笔,合计-3,456.70元")
    assert match is not None and (match["rows"], match["sum"]) == ("1,020", "-3,456.70")
    assert line_regex("共{rows}笔").search("共x笔") is None


@pytest.mark.parametrize(
    ("text", "column", "cell"),
    [
        ("流向!7", "G", "流向!G7"), ("7", "5", "7:5"), ("a/b.zip/流向.csv>7", "5", "a/b.zip/流向.csv>7:5"),
        ("x.xlsx>指标!3/C", "/1", "x.xlsx>指标!C3"),
        ("指标!3/C,E", "/2", "指标!E3"), ("指标!3/C,E", "A", "指标!A3"), ("表!1!9", "B", "表!1!B9"), ("7/4", "/1", "7:4"),
    ],
)  # fmt: skip
def test_positions_name_their_cells(text: str, column: str, cell: str) -> None:
    position = Position.parse(text)
    assert position.text == text
    assert position.cell(column) == cell


@pytest.mark.parametrize(
    ("last", "held", "count"), [("合计,150,7", None, 2), ("合计,151,7", "total_disagrees", 2), ("合计,150,多", None, 3)]
)
def test_a_total_without_an_empty_cell(last: str, held: str | None, count: int) -> None:
    """A table that has nothing but numbers beside its first column leaves no cell of its total empty."""
    read = read_file(f"大区,目标,数量\n华东,100,3\n华南,50,4\n{last}\n".encode(), "a.csv")
    (table,) = read.tables
    assert (read.held, table.rows.num_rows) == (held, count)
    if count == 2:
        assert [(total.column, total.agrees) for total in table.totals] == [("目标", held is None), ("数量", True)]
