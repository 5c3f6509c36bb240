"""One set of figures, equal in the workbook, the PDF and the mail; the same bytes wherever they are made."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import hashlib
import io
import os
import re
import subprocess
import sys
import warnings
import zipfile
from html import unescape
from pathlib import Path

import pytest

from taihu.core.figures import ChartBlock, Holds, ReportFigures, TableBlock, Tiles
from taihu.core.types import Lang, Text
from taihu.deliver import excel, mail, pdf
from taihu.deliver.page import page_of

LANGUAGES: list[Lang] = ["zh", "en"]


def pdf_text(content: bytes) -> str:
    pdfplumber = pytest.importorskip("pdfplumber")
    with pdfplumber.open(io.BytesIO(content)) as document:
        return "\n".join(page.extract_text() for page in document.pages)


def workbook(figures: ReportFigures, lang: Lang) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the library only warns of options that it does not know, and drops them
        return excel.render(figures, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_printed_number_is_in_the_pdf_and_in_the_mail(figures: ReportFigures, lang: Lang) -> None:
    page = page_of(figures, lang)
    document, body = pdf_text(pdf.render(figures, lang)).replace(" ", "").replace("\n", ""), mail.render(figures, lang)
    printed = [tile.value for section in page.sections for row in section.tiles for tile in row]
    printed += [delta.text for section in page.sections for row in section.tiles for tile in row for delta in tile.deltas]
    printed += [cell.text for section in page.sections for row in section.rows for cell in row.cells if cell.text and cell.points is None]
    printed += [page.publication, page.issued, figures.blocks[2].figures[0].id]  # type: ignore[union-attr]
    assert len(printed) > 100
    read = unescape(body.html)
    for text in printed:
        whole = text.replace(" ", "") in document  # what is wrapped inside a table stands there word by word
        assert whole or all(word in document for word in text.split()), text
        assert text in read, text
    for tile in page.sections[1].tiles[0]:
        assert f"{tile.label}: {tile.value}" in body.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_holds_the_figures_and_shows_what_the_others_print(figures: ReportFigures, lang: Lang) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(workbook(figures, lang)), data_only=True)
    data = book.worksheets[1]
    stored = {row[0].value: row[4].value for row in data.iter_rows(min_row=2)}
    for block in figures.blocks:
        if isinstance(block, Tiles):
            for figure in block.figures:
                assert stored[figure.id] == pytest.approx(float(figure.value or 0), rel=1e-6)
        if isinstance(block, TableBlock):
            for row in block.rows:
                for figure in row.figures:
                    assert stored[figure.id] == float(figure.value or 0)
    shown = [cell.value for row in book.worksheets[0].iter_rows() for cell in row if isinstance(cell.value, float)]
    scale = 10_000 if lang == "zh" else 1_000
    table = next(block for block in figures.blocks if isinstance(block, TableBlock))
    for row in table.rows:
        assert any(value == pytest.approx(float(row.figures[0].value or 0) / scale) for value in shown)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("which", ["figures", "quiet", "empty", "crowded"])
def test_no_stored_value_of_a_formula_is_stale_or_an_error(which: str, lang: Lang, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("formualizer")
    if not program.exists():
        pytest.skip("formualizer, which recalculates workbooks, is not installed")
    path = tmp_path / "report.xlsx"
    path.write_bytes(workbook(request.getfixturevalue(which), lang))
    checked = subprocess.run([program, "recalc", path, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 cached values changed, 0 error cells" in checked.stdout + checked.stderr


def test_the_workbook_has_native_tables_charts_and_sparklines(figures: ReportFigures) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(figures, "zh"))) as archive:
        names = archive.namelist()
        report = archive.read("xl/worksheets/sheet1.xml").decode()
    assert len([name for name in names if name.startswith("xl/tables/")]) == 2
    assert len([name for name in names if name.startswith("xl/charts/chart")]) == 2
    assert report.count("<x14:sparkline>") == 4 + 12
    assert len(re.findall("<f>", report)) > 60
    assert "<f></f>" not in report and not re.search(r"</f><v></v>", report)


def test_a_long_label_takes_the_columns_that_its_table_leaves_free(figures: ReportFigures) -> None:
    own = next(block for block in figures.blocks if isinstance(block, TableBlock))
    label = Text("期初库存与前一日期末库存的核对", "Opening stock and closing stock of the day before")
    rows = [dataclasses.replace(row, labels=[label], figures=row.figures[1:]) for row in own.rows[:2]]
    narrow = dataclasses.replace(own, dimensions=own.dimensions[:1], rows=rows)
    only = dataclasses.replace(figures, blocks=[narrow])
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(only, "en")), data_only=True).worksheets[0]
    places = [cell for line in sheet.iter_rows() for cell in line if cell.value == label.en]
    assert len(places) == 2 and not sheet.tables
    for place, row in zip(places, rows, strict=True):
        merged = next(area for area in sheet.merged_cells.ranges if place.coordinate in area)
        shown = sheet.cell(place.row, merged.max_col + 1).value
        value = row.figures[0].value
        assert (merged.min_col, merged.max_col) == (1, 4) and value is not None
        assert shown == pytest.approx(float(value)) or shown * 1000 == pytest.approx(float(value))


def test_a_total_is_a_sum_only_where_its_rows_add_up(figures: ReportFigures) -> None:
    table = next(block for block in figures.blocks if isinstance(block, TableBlock))
    assert "=SUM(" in _formulas(figures)
    total = dataclasses.replace(table.rows[-1].figures[0], value=(table.rows[-1].figures[0].value or 0) + 1)
    rows = [*table.rows[:-1], dataclasses.replace(table.rows[-1], figures=[total])]
    other = dataclasses.replace(
        figures, blocks=[dataclasses.replace(table, rows=[dataclasses.replace(r, figures=r.figures[:1]) for r in rows])]
    )
    assert "=SUM(" not in _formulas(other)


def _formulas(figures: ReportFigures) -> str:
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(figures, "en"))).worksheets[0]
    return " ".join(cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str) and cell.value.startswith("="))


@pytest.mark.parametrize("which", ["quiet", "empty", "crowded"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_quietest_the_emptiest_and_the_fullest_report_are_rendered_too(which: str, lang: Lang, request: pytest.FixtureRequest) -> None:
    figures = request.getfixturevalue(which)
    assert pdf.render(figures, lang).startswith(b"%PDF")
    assert zipfile.is_zipfile(io.BytesIO(workbook(figures, lang)))
    assert "</html>" in mail.render(figures, lang).html


def test_the_pdf_embeds_only_the_packaged_font(figures: ReportFigures) -> None:
    pdfplumber = pytest.importorskip("pdfplumber")
    with pdfplumber.open(io.BytesIO(pdf.render(figures, "zh"))) as document:
        fonts = {character["fontname"].partition("+")[2] for page in document.pages for character in page.chars}
    assert fonts
    assert all(font.startswith("NotoSansSC") for font in fonts)


def test_a_name_that_cannot_be_drawn_is_spelled_out_and_stops_no_report(figures: ReportFigures) -> None:
    holds = next(block for block in figures.blocks if isinstance(block, Holds))
    odd = dataclasses.replace(holds.rows[0], party=Text("🙂商行", "🙂商行"))
    broken = dataclasses.replace(figures, blocks=[Holds([odd])])
    assert "[U+1F642]商行" in re.sub(r"\s", "", pdf_text(pdf.render(broken, "zh")))
    assert workbook(broken, "zh")
    chart = next(block for block in figures.blocks if isinstance(block, ChartBlock))
    named = dataclasses.replace(chart, series=[dataclasses.replace(chart.series[0], label=Text("🙂", "🙂")), *chart.series[1:]])
    assert "data:image/png" in mail.render(dataclasses.replace(figures, blocks=[named]), "zh").html


def test_what_people_wrote_cannot_become_markup_or_a_formula(figures: ReportFigures) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    odd = '=1+1 <b>#pagebreak() & "x"</b>'
    holds = next(block for block in figures.blocks if isinstance(block, Holds))
    crafted = dataclasses.replace(
        figures, finding=Text(odd, odd), blocks=[Holds([dataclasses.replace(holds.rows[0], party=Text(odd, odd), detail=odd)])]
    )
    assert "<b>" not in mail.render(crafted, "en").html
    assert "#pagebreak()" in pdf_text(pdf.render(crafted, "en"))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(crafted, "en"))).worksheets[0]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_the_pdf_can_be_read_aloud(figures: ReportFigures) -> None:
    made = pdf.render(figures, "en")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made
    assert b"/StructTreeRoot" in made or b"/ObjStm" in made


# the mail ------------------------------------------------------------------------------------------------------------


def test_the_mail_says_everything_with_pictures_off(figures: ReportFigures) -> None:
    html = re.sub(r"<img[^>]*>", "", mail.render(figures, "zh").html)
    for text in ("30 家经销商已报 27 家", "1,407.1", "101.2%", "华东", "文件自带的合计与明细不符", "3b9d5a0c7e21f846"):
        assert text in html


def test_the_mail_needs_nothing_from_outside(figures: ReportFigures) -> None:
    html = mail.render(figures, "en").html
    assert not re.search(r'(src|href)="(?!data:image/png)', html)
    assert "<style" not in html and "<script" not in html and "@import" not in html


def test_a_message_carries_pictures_as_parts_and_files_with_chinese_names(figures: ReportFigures) -> None:
    body = mail.render(figures, "zh")
    made = mail.message(
        body,
        sender="bi@company-a.example",
        recipients=["lead@company-a.example"],
        message_id="<3b9d5a0c@company-a.example>",
        date=figures.issued_at,
        attachments={"销售日报.xlsx": b"PK", "销售日报.pdf": b"%PDF"},
    )
    parsed = email.message_from_bytes(made, policy=email.policy.default)
    assert parsed["Subject"] == body.subject and parsed["Message-ID"] == "<3b9d5a0c@company-a.example>"
    assert body.subject.startswith("[数据不全][未审核]销售日报 2026-11-20..2026-11-22 第 2 版")
    html = parsed.get_body(("html",))
    assert html is not None
    wanted = set(re.findall(r'src="cid:([^"]+)"', html.get_content()))
    carried = {part["Content-ID"].strip("<>") for part in parsed.walk() if part.get_content_type() == "image/png"}
    assert wanted == carried and len(wanted) == 6
    assert "data:image" not in html.get_content()
    assert {part.get_filename() for part in parsed.iter_attachments()} >= {"销售日报.xlsx", "销售日报.pdf"}
    plain = parsed.get_body(("plain",))
    assert plain is not None and "1,407.1" in plain.get_content()


# bytes ---------------------------------------------------------------------------------------------------------------

_ELSEWHERE = """
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("report_fixture", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from taihu.deliver import excel, mail, pdf
figures = module.report()
for lang in ("en", "zh"):
    body = mail.render(figures, lang)
    message = mail.message(body, sender="a@b.example", recipients=["c@d.example"], message_id="<x@b.example>", date=figures.issued_at)
    for content in (excel.render(figures, lang), pdf.render(figures, lang), body.html.encode(), body.text.encode(), message):
        print(hashlib.sha256(content).hexdigest())
"""


def test_the_same_figures_give_the_same_bytes_in_another_process_zone_locale_and_folder(figures: ReportFigures, tmp_path: Path) -> None:
    expected = []
    for lang in ("en", "zh"):
        body = mail.render(figures, lang)  # type: ignore[arg-type]
        message = mail.message(body, sender="a@b.example", recipients=["c@d.example"], message_id="<x@b.example>", date=figures.issued_at)
        contents = (excel.render(figures, lang), pdf.render(figures, lang), body.html.encode(), body.text.encode(), message)  # type: ignore[arg-type]
        expected += [hashlib.sha256(content).hexdigest() for content in contents]
    source = Path(__file__).resolve().parents[3] / "src"
    for zone, seed, locale in (("America/New_York", "1", "C"), ("Asia/Kathmandu", "4242", "zh_CN.UTF-8")):
        env = {
            **os.environ,
            "TZ": zone,
            "PYTHONHASHSEED": seed,
            "LC_ALL": locale,
            "TMPDIR": str(tmp_path),
            "PYTHONPATH": str(source),
            "PYTHONUTF8": "1",
        }
        command = [sys.executable, "-c", _ELSEWHERE, str(Path(__file__).with_name("conftest.py"))]
        made = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert made.stdout.split() == expected
