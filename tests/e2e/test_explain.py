"""Every tile of the latest daily report leads back to its rows and cells, opened here with other libraries."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import pytest

from taihu.project.workspace import Workspace
from taihu.run.explaining import explain
from tests.e2e.commands import taihu
from tests.e2e.conftest import Company

pytestmark = pytest.mark.slow


def tiles(ws: Workspace) -> list[dict[str, Any]]:
    """The tiles as the archived figure sets of the latest daily report hold them, everybody's and each region's."""
    publication = ws.ledger.publications("daily")[-1]
    found = []
    for output in ws.ledger.outputs(publication.id):
        if output.format == "json":
            figures = json.loads(ws.objects.get(output.sha256))
            blocks = [block for block in figures["blocks"] if "figures" in block and "trends" in block]
            found += [figure for block in blocks for figure in block["figures"]]
    return found


def cell_text(ws: Workspace, cell: dict[str, str]) -> str | None:
    """The text of a cell of a sealed object, read with other libraries than the product's readers."""
    content = ws.objects.get(cell["object"])
    member, arrow, place = cell["cell"].rpartition(">")
    if arrow:
        content = _member(ws, content, member)
    if content[:4] == b"PAR1":
        import pyarrow.parquet as pq

        row, _, name = place.partition(":")
        value = pq.read_table(io.BytesIO(content)).column(name or cell["header"])[int(row) - 1].as_py()
        return None if value is None else str(value)
    if content[:2] == b"PK":
        import openpyxl

        sheet, _, name = place.rpartition("!")
        value = openpyxl.load_workbook(io.BytesIO(content), data_only=True)[sheet][name].value
        return None if value is None else str(value)
    if b"<table" in content[:4000].lower():
        return _html_cell(content, place)
    row, _, field = place.partition(":")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            lines = list(csv.reader(io.StringIO(content.decode(encoding))))
            break
        except UnicodeDecodeError:
            continue
    return lines[int(row) - 1][int(field) - 1].strip()


def _member(ws: Workspace, content: bytes, member: str) -> bytes:
    import pyzipper

    passwords = [ws.secret(reference).reveal() for account in ws.tree.file.accounts.values() for reference in account.passwords]
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            name = entry.filename
            if not entry.flag_bits & 0x800:
                name = name.encode("cp437").decode("gb18030")
            if name == member:
                for password in [None, *passwords]:
                    try:
                        return archive.read(entry, pwd=password.encode() if password else None)
                    except (RuntimeError, zipfile.BadZipFile):
                        continue
    raise AssertionError(f"{member} is not in the archive")


def _html_cell(content: bytes, place: str) -> str:
    from lxml import html

    page = html.fromstring(content.decode("utf-8" if b"charset=utf-8" in content[:1000].lower() else "gb18030"))
    row, _, column = place.rpartition("!")[2].partition(":")
    if not column:  # B7
        found = re.fullmatch(r"([A-Z]+)(\d+)", row)
        assert found
        row, column = found[2], str(sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(found[1]))))
    cells = page.xpath("//tr")[int(row) - 1].xpath("./td|./th")
    return str(cells[int(column) - 1].text_content()).strip()


def same_text(listed: str | None, seen: str | None) -> bool:
    """Equal, or the same number (a workbook keeps 12.50 as 12.5)."""
    if listed == seen:
        return True
    try:
        return Decimal(str(listed).replace(",", "")) == Decimal(str(seen).replace(",", ""))
    except InvalidOperation:
        return False


def test_every_tile_is_the_sum_of_its_rows_and_its_cells_hold_what_is_listed(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    parts = rows = cells = ratios = 0
    kinds: set[str] = set()
    with company.open() as ws:
        figures = tiles(ws)
        for figure in figures:
            story = explain(ws, figure["id"], cells=3, rows=None)
            assert story["parts"], figure["id"]
            for part in story["parts"]:
                listed = sum((Decimal(row["contribution"]) for row in part["rows"]), Decimal(0))
                assert part["equal"] and listed == Decimal(part["value"]), (figure["measure"], part["column"], listed, part["value"])
                assert all(row["arrival"] and row["file"] and row["position"] for row in part["rows"])
                assert len(part["rows"]) == part["row_count"]
                parts, rows = parts + 1, rows + len(part["rows"])
                opened = 0
                for cell in part["cells"]:
                    assert same_text(cell["text"], cell_text(ws, cell)), (cell, cell_text(ws, cell))
                    kinds.add(cell["file"].rpartition(".")[2])
                    opened += 1
                assert opened >= min(3, part["row_count"]), (figure["measure"], part["column"], part["rows"][:3])
                cells += opened
            value = None if story["value"] is None else Decimal(story["value"])
            if len(story["parts"]) == 2:
                top, bottom = (sum((Decimal(row["contribution"]) for row in part["rows"]), Decimal(0)) for part in story["parts"])
                assert value == (top / bottom).quantize(Decimal("0.000001"), ROUND_HALF_UP)
                assert story["formula"] == f"SUM({story['parts'][0]['column']}) / SUM({story['parts'][1]['column']})"
                ratios += 1
            assert story["recomputed"] is not None and Decimal(story["recomputed"]) == value
    with capsys.disabled():
        print(f"\nexplain: {len(figures)} tiles ({ratios} ratios), {parts} parts, {rows} rows, {cells} cells opened in {sorted(kinds)}")
    assert len(figures) >= 20 and ratios >= 5 and cells >= 60 and len(kinds) >= 3


def test_the_command_tells_the_same_story(company: Company) -> None:
    listing = taihu("explain", "list", "-p", str(company.project), "--json").json["figures"]
    ratio = next(figure for figure in listing if figure["measure"] == "attainment" and figure["report"] == "daily")
    story = taihu("explain", ratio["id"], "-p", str(company.project), "--json").json
    assert [part["equal"] for part in story["parts"]] == [True, True]
    said = taihu("explain", ratio["id"], "-p", str(company.project), "--lang", "zh").said
    assert "公式" in said and "单元格" in said
    assert taihu("explain", "f-000000000000", "-p", str(company.project)).code == 1
