"""Large texts read in pieces give what the same texts give whole, or a reason."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import large
from taihu.read.file import read_file

LAYOUT = LayoutFile.model_validate({"header": ["日期", "客户", "金额"]})
HEAD = "导出时间：2026-09-30\n日期,客户,金额\n"


def _in_pieces(
    content: bytes, size: int, read: Read | None = None, layouts: dict[str, LayoutFile] | None = None
) -> tuple[FileRead, list[pa.Table]]:
    parts: list[pa.Table] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "PIECE", size)
        return large.read_large(io.BytesIO(content), "a.csv", parts.append, read=read, layouts=layouts), parts


rows = st.lists(
    st.tuples(st.sampled_from(["2026-09-01", "2026-09-02"]), st.text("客户a,\"\n'", max_size=5), st.integers(0, 999)),
    min_size=3,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(rows, st.sampled_from(["utf-8", "gb18030", "utf-8-sig"]), st.integers(60, 200), st.booleans())
def test_pieces_give_what_the_whole_gives(found: list[tuple[str, str, int]], encoding: str, size: int, ends: bool) -> None:
    lines = [f'{day},"{name.replace(chr(34), chr(34) * 2)}",{amount}' for day, name, amount in found]
    content = (HEAD + "\n".join(lines) + ("\n" if ends else "")).encode(encoding)
    contract = Read.model_validate({"as": "csv", "encoding": encoding.removesuffix("-sig"), "delimiter": ","})
    whole = read_file(content, "a.csv", read=contract, layouts={"a": LAYOUT})
    read, parts = _in_pieces(content, size, contract, {"a": LAYOUT})
    if read.held and not read.tables:
        assert whole.held or read.held in ("too_large", "unknown_layout")
        return
    assert pa.concat_tables(parts).to_pydict() == whole.tables[0].rows.to_pydict()
    assert (read.held, read.tables[0].count, read.tables[0].header_row) == (whole.held, len(found), 2)


def test_more_than_one_piece_is_read() -> None:
    """The positive control."""
    content = (HEAD + "2026-09-01,客户,1\n" * 50).encode()
    read, parts = _in_pieces(content, 200)
    assert len(parts) > 3 and sum(part.num_rows for part in parts) == 50 == read.tables[0].count
    assert [part["_src_row"][0].as_py() for part in parts][:2] == ["3", str(3 + parts[0].num_rows)]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("合计,,50\n", "too_large"),
        ('2026-09-01,"客户,1\n' + "2026-09-01,客户,1\n" * 300, "damaged_file"),
        ("2026-09-01,客户\n", "ragged_row"),
        ("2026-09-01,锟斤拷,1\n", "mojibake"),
    ],
)
def test_what_a_piece_cannot_tell_is_held(end: str, reason: str) -> None:
    read, _ = _in_pieces((HEAD + "2026-09-01,客户,1\n" * 50 + end).encode(), 200)
    assert read.held == reason


def test_bytes_of_another_encoding_are_refused() -> None:
    read, _ = _in_pieces((HEAD + "2026-09-01,客户,1\n" * 50).encode() + "2026-09-01,客户,1\n".encode("gb18030"), 200)
    assert read.held == "mojibake" and not read.tables


def test_only_large_texts_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not large.is_large_text(HEAD.encode(), 1 << 20, "a.csv")
    assert large.is_large_text(HEAD.encode(), 1 << 30, "a.csv")
    assert not large.is_large_text(b"PK\x03\x04" + bytes(60), 1 << 30, "a.csv")
    assert not large.is_large_text(HEAD.encode("utf-16"), 1 << 30, "a.csv")


def test_notes_beyond_the_first_ones_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "_MOST_NOTES", 7)
    read, parts = _in_pieces((HEAD + "2026-09-01,客户,1\n日期,客户,金额\n" * 50).encode(), 200)
    assert len(parts) > 3
    *first, last = read.tables[0].notes
    assert [note.reason for note in first] == ["repeated_header"] * 7 and all(note.position for note in first)
    assert (last.reason, last.detail) == ("repeated_header", "43 more of these")
