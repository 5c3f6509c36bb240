"""Records that Arrow splits are those that the careful reader splits: cell by cell, line by line, wherever the text is cut into pieces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.core.errors import ContentRefused
from taihu.read import delimited
from taihu.read.delimited import joined, records
from taihu.read.dialect import Dialect
from taihu.read.grid import Grid
from taihu.read.regular import split_regular

plain_cells = st.text(st.sampled_from("ab1客户　 '=.-"), max_size=6) | st.sampled_from(["", "00123", "12.50", "'0012", "\xa0x", "=1"])
wild_cells = st.text(st.sampled_from("a客,;\t\"'\n\r\x00 　\x0b\x85\u2028="), max_size=6)
DIALECTS = [Dialect(","), Dialect("\t"), Dialect(";"), Dialect(",", quote="'"), Dialect(" "), Dialect("|", escapes=True)]


def _quoted(cell: str, quote: str) -> str:
    return quote + cell.replace(quote, quote * 2) + quote


@st.composite
def written(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> tuple[Dialect, str]:
    """A text as a program writes it: cells quoted where they must be, or where somebody likes to."""
    dialect = draw(st.sampled_from(DIALECTS))
    width = draw(st.integers(1, 4))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    likes = draw(st.booleans())
    odd_rows = draw(st.booleans())
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        row = draw(st.lists(cells, min_size=0 if odd_rows else width, max_size=width))
        must = [any(mark in cell for mark in (dialect.delimiter, dialect.quote, "\n", "\r")) for cell in row]
        rows.append(
            dialect.delimiter.join(_quoted(cell, dialect.quote) if likes or need else cell for cell, need in zip(row, must, strict=True))
        )
    return dialect, end.join(rows) + draw(st.sampled_from(["", end]))


def _read(text: str, dialect: Dialect, size: int, *, carefully: bool) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_PIECE", size)
        patch.setattr(delimited, "_LEAST", 0)
        if carefully:
            patch.setattr(delimited, "can_be_regular", lambda dialect: False)
        try:
            return joined(list(records((text[at : at + size] for at in range(0, len(text), size)), dialect)))
        except ContentRefused as refused:
            return refused.reason, refused.where


def _facts(grid: Any) -> Any:
    return (list(map(list, grid.rows)), list(grid.lines), list(grid.widths)) if isinstance(grid, Grid) else grid


@given(written(plain_cells) | written(wild_cells), st.integers(1, 60))
def test_both_ways_agree_on_what_programs_write(case: tuple[Dialect, str], size: int) -> None:
    dialect, text = case
    whole = _read(text, dialect, 1 << 20, carefully=True)
    assert _facts(_read(text, dialect, size, carefully=False)) == _facts(whole)
    assert _facts(_read(text, dialect, size, carefully=True)) == _facts(whole)


@given(st.sampled_from(DIALECTS), st.text(st.sampled_from("a1,;\t\"'\n\r |客　="), max_size=40), st.integers(1, 30))
def test_both_ways_agree_on_anything(dialect: Dialect, text: str, size: int) -> None:
    whole = _read(text, dialect, 1 << 20, carefully=True)
    assert _facts(_read(text, dialect, size, carefully=False)) == _facts(whole)


def test_what_a_program_writes_is_regular() -> None:
    """The positive control: neither of the tests above would notice if nothing were ever split by Arrow."""
    text = 'a,"b ""c"", d"," e"\n1,"two\nlines",客户\n,,\n' * 3
    piece = split_regular(text, Dialect(","), 5)
    assert piece is not None and piece.size == len(text)
    assert [column.to_pylist()[:3] for column in piece.columns] == [["a", "1", None], ['b "c", d', "two\nlines", None], ["e", "客户", None]]
    assert list(piece.lines) == [5, 6, 8, 9, 10, 12, 13, 14, 16]
    assert _read(text, Dialect(","), 30, carefully=False).regular == 9


@pytest.mark.parametrize("text", ["a,b\n1\n", 'a,b\n1,x"y"\n', 'a,b\n1, "x"\n', "a,b\n\n1,2\n", "a\rb\nc\r\n", 'a,b\n"1"x,2\n'])
def test_what_readers_may_split_otherwise_is_left_to_the_careful_one(text: str) -> None:
    assert split_regular(text, Dialect(","), 1) is None


def test_records_that_a_piece_does_not_end_are_left_out() -> None:
    piece = split_regular('a,b\n1,"x\n2,3\n', Dialect(","), 1)
    assert piece is not None and (piece.size, [column.to_pylist() for column in piece.columns]) == (4, [["a"], ["b"]])
