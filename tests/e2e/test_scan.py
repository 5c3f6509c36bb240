"""The byte scan finds a planted value wherever it hides; a scan that misses something would prove nothing."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.scan import scan

PHONE, NAME = "13812345678", "欧阳娜娜"
OTHERS = [f"139{number:08d}" for number in range(300)]


def _zip(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("inner/file.txt", content)
    return archive.getvalue()


def _parquet(text: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [text, "x"] * 500}), file, compression="zstd")
    return file.getvalue()


def _statistics_only(text: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [text]}), file, compression="zstd", use_dictionary=False)
    return file.getvalue()


def _pdf(text: str) -> bytes:
    from taihu.render.typeset import typeset

    return typeset({"main.typ": '#import "theme.typ": *\n#set text(font: "Noto Sans SC")\n#json("data.json")'}, data=text)[0]


def _xlsx(text: str) -> bytes:
    import openpyxl

    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active["B7"] = text
    book.save(file)
    return file.getvalue()


HIDDEN: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: f"x{text}y".encode(),
    "gb18030": lambda text: f"在{text}。".encode("gb18030"),
    "utf-16-le": lambda text: f"a{text}".encode("utf-16-le"),
    "utf-16-be": lambda text: f"a{text}".encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(f"..{text}...".encode()),
    "base64 of gb18030": lambda text: base64.b64encode(f".{text}...".encode("gb18030")),
    "base64 of utf-16": lambda text: base64.b64encode(f"{text}...".encode("utf-16-le")),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"???>{text}>>?".encode()),
    "base64 in lines": lambda text: base64.encodebytes(f"{'.' * 50}{text}{'.' * 90}".encode()),
    "json escapes": lambda text: json.dumps({"name": text}).encode(),
    "xml references": lambda text: "".join(f"&#x{ord(character):X};" for character in text).encode(),
    "url": lambda text: f"https://x/?q={urllib.parse.quote(text)}".encode(),
    "zip": lambda text: _zip(text.encode()),
    "zip in zip": lambda text: _zip(_zip(text.encode("gb18030"))),
    "gzip": lambda text: gzip.compress(text.encode()),
    "parquet values": _parquet,
    "parquet statistics": _statistics_only,
    "parquet in zip": lambda text: _zip(_parquet(text)),
    "xlsx": _xlsx,
    "pdf": _pdf,
}


@pytest.mark.parametrize("kind", HIDDEN)
@pytest.mark.parametrize("value", [PHONE, NAME])
def test_found_wherever_it_hides(tmp_path: Path, kind: str, value: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(HIDDEN[kind](value))
    assert {hit.value for hit in scan(tmp_path, [PHONE, NAME, *OTHERS])} == {value}


@pytest.mark.parametrize("kind", HIDDEN)
def test_nothing_is_found_where_nothing_is(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_bytes(HIDDEN[kind]("一切正常 13712345678"))
    assert scan(tmp_path, [PHONE, NAME, *OTHERS]) == []


def test_phone_in_groups(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("call 138-1234-5678 or 139 0000 0001")
    assert {hit.value for hit in scan(tmp_path, [PHONE, *OTHERS])} == {PHONE, OTHERS[1]}


def test_sqlite_rows_long_values_and_the_write_ahead_log(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute("CREATE TABLE t (v TEXT)")
    database.execute("INSERT INTO t VALUES (?)", ("." * 4083 + NAME + "." * 9000,))
    assert (tmp_path / "ledger.sqlite-wal").stat().st_size > 0
    hits = scan(tmp_path, [PHONE, NAME])
    assert "table t" in {hit.part for hit in hits} and {hit.value for hit in hits} == {NAME}
    database.execute("DELETE FROM t")
    assert {str(hit.path) for hit in scan(tmp_path, [NAME])} <= {"ledger.sqlite-wal"}
    database.close()


def test_value_over_a_page_border_is_found_in_the_rows(tmp_path: Path) -> None:
    """In one of these files the value is cut by SQLite's pages; in all of them it is found."""
    for shift in range(0, 60, 3):
        path = tmp_path / f"{shift}.sqlite"
        database = sqlite3.connect(path)
        database.execute("PRAGMA page_size=512")
        database.execute("CREATE TABLE t (v TEXT)")
        database.execute("INSERT INTO t VALUES (?)", ("." * (900 + 8 * shift) + PHONE + "." * 3000,))
        database.commit()
        database.close()
    whole = {path.name for path in tmp_path.glob("*.sqlite") if PHONE.encode() in path.read_bytes()}
    assert len(whole) < 20
    assert {hit.path.name for hit in scan(tmp_path, [PHONE])} == {path.name for path in tmp_path.glob("*.sqlite")}


def test_file_names_and_folders_that_are_left_out(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.txt").write_text("nothing")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a").write_text(PHONE)
    hits = scan(tmp_path, [PHONE, NAME], leave_out=["inbox/"])
    assert [(hit.value, hit.part) for hit in hits] == [(NAME, "name")]
