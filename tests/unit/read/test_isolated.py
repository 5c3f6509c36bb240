"""Reading behind the door gives what reading here gives; a file that breaks its reader has a reason and stops nobody else."""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.made.containers import PASSWORD, containers
from tests.made.unruly import MARK

from taihu.core.reasons import REASONS
from taihu.core.types import FileRead, Member, Note, StatedTotal, TableRead
from taihu.guard import children
from taihu.project.load import load_tree
from taihu.read import isolated, read_file
from taihu.read.file import read_file as read_here
from taihu.read.wire import packed, unpacked

CSV = "日期,门店,数量\n2026-09-15,一店,3\n2026-09-15,二店,4\n合计,,7\n".encode("gb18030")
COMPANY = Path(__file__).parents[3] / "examples" / "company_a"


@pytest.mark.parametrize("name", [*containers(), "a.csv"])
def test_the_same_as_without_the_door(name: str) -> None:
    content = CSV if name == "a.csv" else containers()[name]
    assert read_file(content, name, passwords=[PASSWORD]) == read_here(content, name, passwords=[PASSWORD])


def test_contracts_and_layouts_pass_the_door() -> None:
    for source in load_tree(COMPANY).sources.values():
        kept = source.file.read.model_copy(update={"passwords": (), "password_from": None})
        text = source.file.read.model_dump_json(by_alias=True, exclude=isolated._KEPT_BACK, exclude_defaults=True)
        assert isolated._contract(text) == kept
        for layout in source.layouts.values():
            assert isolated._layout(layout.model_dump_json(exclude_defaults=True)) == layout


def test_an_unheard_of_error_stops_the_file_alone() -> None:
    """Nesting that no reader counts on, in a text that is all brackets."""
    read = read_file(b"[" * 200_000, "a.json")
    assert read.held in REASONS


@pytest.mark.skipif(sys.platform != "linux", reason="signals and limits as on Linux")
@pytest.mark.parametrize(("how", "reason"), [("segfault", "reader_crashed"), ("allocate", "too_much_memory"), ("spin", "took_too_long")])
def test_a_file_that_breaks_its_reader(how: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "_TASK", "tests.made.unruly:answer")
    monkeypatch.setattr(children, "_SECONDS", 3.0)
    before = read_file(CSV, "a.csv")
    child = children.shared_child().pid
    broken = read_file(MARK + how.encode() + b" ,\n", "a.csv")
    assert (broken.held, broken.kind, broken.tables) == (reason, "csv", ())
    after = read_file(CSV, "a.csv")
    assert after == before and before.tables[0].rows.num_rows == 2
    assert children.shared_child().pid != child


texts = st.text(max_size=8)
reasons = st.sampled_from(sorted(REASONS))
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(Decimal)
rows = st.lists(st.tuples(texts | st.none(), texts), max_size=4).map(
    lambda found: pa.table({"甲": pa.array([a for a, _ in found], pa.string()), "_src_row": pa.array([b for _, b in found], pa.string())})
)
tables = st.builds(
    TableRead, texts, rows, st.none() | st.integers(0, 9), st.dictionaries(texts, texts, max_size=2),
    st.lists(st.builds(StatedTotal, texts, texts | st.none(), numbers, numbers | st.none(), texts), max_size=2).map(tuple),
    st.lists(st.builds(Note, reasons, texts, texts, texts), max_size=2).map(tuple), texts,
)  # fmt: skip
members = st.builds(Member, texts, texts, st.integers(0, 9), texts, texts, st.just("") | reasons, texts)
files = st.builds(
    FileRead, texts, texts | st.none(), st.lists(tables, max_size=3).map(tuple), reasons | st.none(), texts,
    st.dictionaries(texts, texts, max_size=2), st.lists(members, max_size=2).map(tuple),
)  # fmt: skip


@given(files)
def test_whatever_was_read_comes_back_equal(file: FileRead) -> None:
    said, buffers = packed(file)
    assert unpacked(said, b"".join(buffers)) == file


@settings(max_examples=200)
@given(files, st.randoms(use_true_random=False))
def test_what_a_lying_child_says_is_a_file_or_an_error(file: FileRead, chance: random.Random) -> None:
    """Flipped bytes in the Arrow streams: offsets that point elsewhere must not reach anybody who would follow them."""
    said, buffers = packed(file)
    body = bytearray(b"".join(buffers))
    for _ in range(chance.randint(1, 4) if body else 0):
        body[chance.randrange(len(body))] = chance.randrange(256)
    try:
        read = unpacked(said, bytes(body))
    except Exception:
        return
    assert all(len(table.rows.to_pylist()) == table.rows.num_rows for table in read.tables)


def test_offsets_beyond_the_text_are_refused() -> None:
    table = TableRead("", pa.table({"甲": ["一", "二"], "_src_row": ["1", "2"]}), 1, {})
    said, buffers = packed(FileRead("csv", None, (table,)))
    body = b"".join(buffers)
    offsets = b"\x00\x00\x00\x00\x03\x00\x00\x00\x06\x00\x00\x00"
    assert body.count(offsets) == 1
    with pytest.raises(pa.ArrowInvalid):
        unpacked(said, body.replace(offsets, b"\x00\x00\x00\x00\x03\x00\x00\x00\xff\xff\x00\x00"))
    with pytest.raises(ValueError, match="left over"):
        unpacked({**said, "tables": []}, body)
    with pytest.raises(KeyError):
        unpacked({**said, "held": "it is fine"}, body)
