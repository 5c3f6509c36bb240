"""A sample of the polluted texts (all of them: ``./do soak corpus``), and what each rule about dialects is for."""

from __future__ import annotations

import secrets

import pytest
from tests.corpus.polluted import POLLUTIONS, Polluted, make_polluted
from tests.corpus.score import bag, f1, named

from taihu.core.types import FileRead
from taihu.read import read_blind
from taihu.read.delimited import read_delimited
from taihu.read.dialect import find_dialect
from taihu.read.fixed import find_columns, split_fixed

SEED = secrets.randbelow(10**6)
# A cell too many is held: no rule can tell an extra cell from a value that was cut in two.
HELD = {"ragged: one row has a cell more at its end"}


def _score(file: Polluted, read: FileRead) -> float:
    if read.held:
        return 0.0
    tables = []
    for table in read.tables:
        rows = table.rows.drop_columns(["_src_row"])
        tables.append((named(rows.column_names), [list(row.values()) for row in rows.to_pylist()]))
    return f1(bag(tables), bag(file.tables))


def test_a_sample_of_every_pollution() -> None:
    scores = {}
    for pollution in POLLUTIONS:
        if pollution in HELD:
            continue
        files = [make_polluted(pollution, SEED + n) for n in range(2)]
        scores[pollution] = sum(_score(file, read_blind(file.content, file.name)) for file in files) / len(files)
    mean = sum(scores.values()) / len(scores)
    assert mean >= 0.95, (SEED, {name: score for name, score in scores.items() if score < 0.95})


@pytest.mark.parametrize("pollution", sorted(HELD))
def test_a_cell_too_many_is_held(pollution: str) -> None:
    file = make_polluted(pollution, SEED)
    assert read_blind(file.content, file.name).held == "ragged_row", SEED


def _rows(text: str) -> list[list[str | None]]:
    return read_delimited(text).rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\na;b\n1;2,5\n", [[], ["a", "b"], ["1", "2,5"]]),
        ("a,b\n'x, y',2\n'z, w',3\n'v',4\n", [["a", "b"], ["x, y", "2"], ["z, w", "3"], ["v", "4"]]),
        ('a,b\n"5\\" disk, x",2\n"7\\" y",3\n', [["a", "b"], ['5" disk, x', "2"], ['7" y', "3"]]),
        ('a,b\n"C:\\temp\\",2\n"D:\\",3\n', [["a", "b"], ["C:\\temp\\", "2"], ["D:\\", "3"]]),
        ("a\x01b\n1\x012\n", [["a", "b"], ["1", "2"]]),
        ("O'Brien,Miller's\n1,2\n3,4\n", [["O'Brien", "Miller's"], ["1", "2"], ["3", "4"]]),
        ("a\t,b\t,c\t\n1\t,2\t,3\t\n", [["a", "b", "c"], ["1", "2", "3"]]),
    ],
)
def test_dialects(text: str, rows: list[list[str | None]]) -> None:
    assert _rows(text) == rows


def test_prose_has_no_dialect() -> None:
    assert find_dialect("Attachment f:\\a b\\c not found!").delimiter == ","
    assert read_blind(b"Attachment f:\\attach\\Summer trading shots.xls not found!", "x.xls").held == "no_table"


def test_fixed_width_counts_a_chinese_character_twice() -> None:
    lines = [
        "日期        客户名称      金额",
        "2026-09-01  东方便利店      12.50",
        "2026-09-02  西郊商行       100.00",
        "2026-09-03  A店              3.00",
    ]
    columns = find_columns(lines)
    assert [[part.strip() for part in split_fixed(line, columns)] for line in lines] == [
        ["日期", "客户名称", "金额"],
        ["2026-09-01", "东方便利店", "12.50"],
        ["2026-09-02", "西郊商行", "100.00"],
        ["2026-09-03", "A店", "3.00"],
    ]


SHORT = "日期,单号,数量,金额,备注\n"


@pytest.mark.parametrize(
    ("rows", "held"),
    [
        # The sender leaves out empty cells at the end, in every row alike.
        (["2026-09-01,A0001,3,30.00,退货", "2026-09-02,A0002,4,40.00", "2026-09-03,A0003,5,50.00", "2026-09-04,A0004,6,60.00,赠品"], None),
        # One row lost a cell in its middle, in a file that writes out its empty cells.
        (["2026-09-01,A0001,3,30.00,", "2026-09-02,4,40.00,", "2026-09-03,A0003,5,50.00,", "2026-09-04,A0004,6,60.00,"], "ragged_row"),
        (["2026-09-01,A0001,3,30.00,a", "2026-09-02,3,30.00,b", "2026-09-03,3,50.00,c", "2026-09-04,A0004,6,60.00,d"], "ragged_row"),
        # A thousands separator without quotes.
        (["2026-09-01,A0001,3,1,030.00,a", "2026-09-02,A0002,3,30.00,b", "2026-09-03,A0003,3,50.00,c"], "ragged_row"),
        # The last line was cut off.
        (["2026-09-01,A0001,3,30.00,a", "2026-09-02,A0002,3,30.00,b", "2026-09-03,A00"], "damaged_file"),
    ],
)
def test_rows_of_another_width(rows: list[str], held: str | None) -> None:
    text = SHORT + "\n".join(rows) + ("" if held == "damaged_file" else "\n")
    read = read_blind(text.encode("gb18030"), "a.csv")
    assert read.held == held
    assert held or [note.reason for note in read.tables[0].notes] == ["ragged_row", "ragged_row"]


def test_a_row_of_nothing_but_its_number_is_a_row() -> None:
    (table,) = read_blind("单号,客户,数量\nXS0001,东方店,3\nXS0002,,\nXS0003,西郊,4\n以上仅供参考\n".encode(), "a.csv").tables
    assert table.rows["单号"].to_pylist() == ["XS0001", "XS0002", "XS0003"]
    assert [note.reason for note in table.notes] == ["remark_row"]


def test_utf16_without_a_mark_among_chinese_characters() -> None:
    text = "编号\t名称\r\n1\t一元店一\r\n2\t一二三一\r\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        (table,) = read_blind(text.encode(encoding), "a.xls").tables
        assert table.rows["名称"].to_pylist() == ["一元店一", "一二三一"]


def test_a_file_of_two_dialects_is_held() -> None:
    lines = ["单号,客户,数量", *(f"XS{n:04d},东方店,{n}" for n in range(5)), *(f"XS{n:04d};东方店;{n}" for n in range(5, 12))]
    assert read_blind("\n".join([*lines, ""]).encode(), "a.csv").held == "ragged_row"
    assert read_blind("\n".join([*lines[:6], "说明;见附件;谢谢", ""]).encode(), "a.csv").held is None


def test_backslashes_before_delimiters() -> None:
    assert _rows("a,b,c\nx\\,y,1,2\nz,3,4\nq\\,r,5,6\n") == [["a", "b", "c"], ["x,y", "1", "2"], ["z", "3", "4"], ["q,r", "5", "6"]]
    assert _rows("a,b\nD:\\,1\nE:\\,2\n") == [["a", "b"], ["D:\\", "1"], ["E:\\", "2"]]


def test_a_cell_too_many_in_the_middle_of_a_row_is_held() -> None:
    lines = ["单号,日期,客户,数量,备注", *(f"XS{n:04d},2026-09-{n + 1:02d},东方店,{n}," for n in range(9))]
    assert read_blind("\n".join([*lines, ""]).encode(), "a.csv").held is None
    lines[4] = lines[4].replace(",", ",y,", 1)
    assert read_blind("\n".join([*lines, ""]).encode(), "a.csv").held == "ragged_row"
    lines[4] = lines[5] + ","
    assert read_blind("\n".join([*lines, ""]).encode(), "a.csv").held is None
