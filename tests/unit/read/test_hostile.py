"""Bytes that nobody meant to send: every one gives tables or a known reason, and no silent change of a cell."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from taihu.core.reasons import REASONS
from taihu.core.types import FileRead
from taihu.formats.mail_headers import parse_mail
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file

HEADER = ["单据日期", "单据编号", "客户名称", "商品编码", "数量", "含税金额"]
LAYOUT = LayoutFile.model_validate(
    {"header": HEADER, "until": {"first_cell": ["合计"]}, "totals": [{"row": "合计", "of": ["数量", "含税金额"]}]}
)


def _rows(chance: random.Random) -> list[list[str]]:
    return [
        ["2026-09-15", f"XS{n:05d}", chance.choice(["东方便利店", "西郊商行", "北苑超市"]), f"P{chance.randint(101, 124)}",
         str(chance.randint(-3, 40) or 1), f"{chance.randint(1, 90000) / 100:.2f}"]
        for n in range(chance.randint(3, 30))
    ]  # fmt: skip


def _with_total(rows: list[list[str]]) -> list[list[str]]:
    total = ["合计", "", "", "", str(sum(int(row[4]) for row in rows)), f"{sum(round(float(row[5]) * 100) for row in rows) / 100:.2f}"]
    return [HEADER, *rows, total]


def _xlsx(table: list[list[str]]) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    page = book.add_worksheet("流向")
    for number, row in enumerate(table):
        page.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def _csv(table: list[list[str]], encoding: str) -> bytes:
    return "\r\n".join(",".join(row) for row in table).encode(encoding) + "\r\n".encode(encoding)


def _html(table: list[list[str]]) -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table)
    return f"<html><body><table>{rows}</table></body></html>".encode("gbk")


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    return buffer.getvalue()


def _files(chance: random.Random) -> Iterator[tuple[str, bytes, list[list[str]]]]:
    rows = _rows(chance)
    table = _with_total(rows)
    yield "excel", _xlsx(table), rows
    yield "csv", _csv(table, "gb18030"), rows
    yield "csv", _csv(table, "utf-8"), rows
    yield "csv", _zipped(_csv(table, "gb18030")), rows
    yield "html", _html(table), rows


def _polluted(content: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(6)
    at = chance.randrange(len(content))
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[at:]
    if kind == 2:
        return content[:at] + bytes(chance.randrange(256) for _ in range(chance.randint(1, 40))) + content[at + 20 :]
    if kind == 3:
        return content[:at] + content[at : at + 200] * chance.randint(2, 50) + content[at:]
    if kind == 4:
        out = bytearray(content)
        for _ in range(chance.randint(1, 30)):
            out[chance.randrange(len(out))] = chance.randrange(256)
        return bytes(out)
    return bytes(chance.randrange(256) for _ in range(chance.randint(1, 3000)))


def _sound(read: FileRead) -> None:
    assert read.held is None or read.held in REASONS
    assert read.held != "reader_failed", read.held_detail
    for table in read.tables:
        assert all(note.reason in REASONS for note in table.notes)
        assert "_src_row" in table.rows.column_names


@pytest.mark.parametrize("seed", range(12))
def test_polluted_files_give_tables_or_a_reason(seed: int) -> None:
    chance = random.Random(seed)
    for as_, content, rows in _files(chance):
        contract = Read.model_validate({"as": as_})
        whole = read_file(content, "x", read=contract, layouts={"a": LAYOUT})
        assert whole.held is None
        assert [list(row.values())[:6] for row in whole.tables[0].rows.to_pylist()] == rows
        for _ in range(25):
            bad = _polluted(content, chance)
            _sound(read_file(bad, "x", read=contract, layouts={"a": LAYOUT}, passwords=("p",)))
            _sound(read_blind(bad, "x"))


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_file_never_passes(seed: int) -> None:
    """With a total agreed, no file that lost its end may come through with fewer rows."""
    chance = random.Random(100 + seed)
    for as_, content, rows in _files(chance):
        for _ in range(25):
            cut = content[: chance.randrange(len(content))]
            read = read_file(cut, "x", read=Read.model_validate({"as": as_}), layouts={"a": LAYOUT})
            count = sum(table.rows.num_rows for table in read.tables)
            assert read.held is not None or count in (0, len(rows)), (as_, len(cut), len(content))


@pytest.mark.parametrize("seed", range(5))
def test_polluted_mails_are_taken_apart(seed: int) -> None:
    chance = random.Random(seed)
    mail = (
        b"From: =?gb2312?B?u6q2qw==?= <a@b.example>\r\nSubject: \xcf\xfa\xca\xdb\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=gbk\r\n\r\nx\r\n--b\r\nContent-Disposition: attachment; filename*0*=gbk''%C1%F7;"
        b" filename*1=a.xlsx\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n"
    )
    for _ in range(200):
        parsed = parse_mail(_polluted(mail, chance))
        assert all(isinstance(part.content, bytes) for part in parsed.parts)


def test_the_first_garbled_cell_is_the_same_in_every_process(tmp_path: Path) -> None:
    """A hold's detail goes into reports; it must not depend on the order of a set."""
    import openpyxl

    book = openpyxl.Workbook()
    for number in range(40):
        book.active.append([f"{word}{number}".encode().decode("gbk", "replace") for word in ("半糖", "气泡水", "商行")])
    book.save(tmp_path / "garbled.xlsx")
    code = "import sys; from pathlib import Path; from taihu.read import read_blind; p = Path(sys.argv[1])"
    code += "; f = read_blind(p.read_bytes(), p.name); print(f.held, f.held_detail)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    said = set()
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-c", code, str(tmp_path / "garbled.xlsx")]
        ran = subprocess.run(command, env={**environment, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        said.add(ran.stdout)
    assert said == {"mojibake first at Sheet!1, column B\n"}
