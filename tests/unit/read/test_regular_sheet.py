"""Sheets that Arrow takes apart give the texts, places and marks that calamine gives: cell by cell, whoever wrote the workbook."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Collection
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from taihu.core.errors import ContentRefused
from taihu.read import regular_sheet
from taihu.read.grid import Grid
from taihu.read.limits import check_workbook
from taihu.read.regular_sheet import Irregular
from taihu.read.workbook import by_arrow, read_workbook

STYLES = "".join(f'<xf numFmtId="{n}" xfId="0"/>' for n in (0, 14, 22, 2, 49, 46, 164))
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGES = "http://schemas.openxmlformats.org/package/2006/relationships"


@pytest.fixture(autouse=True)
def _small_sheets_too() -> Any:
    least, regular_sheet.LEAST = regular_sheet.LEAST, 0
    yield
    regular_sheet.LEAST = least


def made(*sheets: str, texts: str = "", since_1904: bool = False, after: str = "") -> bytes:
    """A workbook whose rows are written down as XML."""
    file = io.BytesIO()
    listed = "".join(f'<sheet name="表{n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, len(sheets) + 1))
    epoch = '<workbookPr date1904="1"/>' if since_1904 else ""
    relations = "".join(f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in range(1, 9))
    others = "".join(f'<Relationship Id="r{name}" Type="{OFFICE}/{name}" Target="{name}.xml"/>' for name in ("sharedStrings", "styles"))
    named = '<numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/>'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        package = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGES}">{package}</Relationships>')
        archive.writestr("xl/workbook.xml", f'<workbook {MAIN} xmlns:r="{OFFICE}">{epoch}<sheets>{listed}</sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGES}">{relations}{others}</Relationships>')
        archive.writestr("xl/styles.xml", f"<styleSheet {MAIN}><numFmts>{named}</numFmts><cellXfs>{STYLES}</cellXfs></styleSheet>")
        archive.writestr("xl/sharedStrings.xml", f'<?xml version="1.0" encoding="UTF-8"?><sst {MAIN}>{texts}</sst>')
        for n, rows in enumerate(sheets, start=1):
            archive.writestr(f"xl/worksheets/sheet{n}.xml", f"{HEAD}<sheetData>{rows}</sheetData>{after}</worksheet>")
    return file.getvalue()


def seen(grids: list[Grid]) -> list[Any]:
    return [(g.name, list(g.rows), list(g.lines), g.merged, g.notes, sorted(g.hidden_rows), g.is_hidden) for g in grids]


def opened_by_arrow(content: bytes) -> Collection[str]:
    return by_arrow(content, check_workbook(content, "xlsx")).regular


def by_calamine(content: bytes) -> Any:
    least, regular_sheet.LEAST = regular_sheet.LEAST, 1 << 60
    try:
        return seen(read_workbook(content, "xlsx"))
    except ContentRefused as refused:
        return refused.reason
    finally:
        regular_sheet.LEAST = least


def either(content: bytes) -> Any:
    try:
        return seen(read_workbook(content, "xlsx"))
    except ContentRefused as refused:
        return refused.reason


def same(content: bytes) -> list[Any]:
    """What both ways give, after a look whether Arrow's was gone at all."""
    assert opened_by_arrow(content)
    found = either(content)
    assert found == by_calamine(content)
    return found  # type: ignore[no-any-return]


def table() -> list[list[Any]]:
    rows: list[list[Any]] = [["编号", "日期", "时间", "数量", "单价", "含税", "备注", None]]
    for n in range(40):
        day = dt.datetime(2026, 9, n % 28 + 1)
        moment = day + dt.timedelta(seconds=n * 3571, milliseconds=n * 7)
        price = [12.5, 65.68000000000001, 1e15, 0.1 + 0.2, 1e-7, 123456789012345678, -0.0, -3.25][n % 8]
        note = ["", "a<b & c>d", " 前后 ", "第一行\n第二行", "'001", "x", "\u3000", None][n % 8]
        rows.append([f"XS{n:05d}", day, moment, n, price, n % 2 == 0, note, None if n % 3 else "末"])
    rows[20] = [None] * 8
    return rows


def written_by_xlsxwriter() -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    day, moment = (book.add_format({"num_format": each}) for each in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
    for name in ("流向", "库存"):
        sheet = book.add_worksheet(name)
        for n, row in enumerate(table(), start=2):
            for column, value in enumerate(row, start=1):
                if isinstance(value, dt.datetime):
                    sheet.write_datetime(n, column, value, moment if column == 3 else day)
                elif value is None:
                    sheet.write_blank(n, column, None, day)
                else:
                    sheet.write(n, column, value)
        sheet.write_formula(50, 4, "=SUM(E3:E42)", None, 780)
        sheet.merge_range(52, 0, 53, 3, "合并")
        sheet.set_row(7, None, None, {"hidden": True})
    book.close()
    return file.getvalue()


def written_by_openpyxl(*, streamed: bool = False) -> bytes:
    book = openpyxl.Workbook(write_only=streamed)
    sheet = book.create_sheet("流向")
    for row in table():
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


WRITERS: dict[str, Callable[[], bytes]] = {
    "xlsxwriter": written_by_xlsxwriter,
    "openpyxl": written_by_openpyxl,
    "openpyxl, streamed": lambda: written_by_openpyxl(streamed=True),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_both_ways_read_what_programs_write(writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_sheet, "_BLOCK", 1500)
    found = same(WRITERS[writer]())
    texts = {cell for _, rows, *_ in found for row in rows for cell in row}
    assert {"XS00039", "2026-09-12", "2026-09-12 10:54:41.077000", "12.5", "a<b & c>d", "第一行\n第二行", "001", "true"} <= texts


def test_what_excel_and_wps_write() -> None:
    """Styled blanks, rows without cells, spans, phonetic hints, shared and plain formulas, texts of formulas."""
    texts = (
        '<si><t>单据</t><phoneticPr fontId="1" type="noConversion"/></si>'
        '<si><r><t>富</t></r><r><rPr><b/></rPr><t xml:space="preserve">文 本</t></r></si>'
        '<si><t xml:space="preserve">  留白 </t></si><si><t>a&lt;b&amp;amp;</t></si><si><t/></si><si><t>A_x000D_B</t></si>'
    )
    rows = (
        '<row r="2" spans="1:6" ht="15" customHeight="1" x14ac:dyDescent="0.2"><c r="A2" s="4" t="s"><v>0</v></c>'
        '<c r="C2" t="s"><v>1</v></c><c r="D2" s="1"/></row>'
        '<row r="3" spans="1:6"/><row r="4"><c r="A4" s="2"/><c r="B4" s="1"/></row>'
        '<row r="6"><c r="A6" t="s"><v>2</v></c><c r="B6" s="1"><f>A1+1</f><v>46266</v></c><c r="C6" t="str">'
        '<f t="shared" ref="C6:C9" si="0">'
        'B6&amp;"x"</f><v>甲&quot;乙</v></c><c r="D6"><f t="shared" si="0"/><v>1.5E3</v></c><c r="E6" t="b"><v>1</v></c></row>'
        '<row r="7"><c r="A7" t="s"><v>3</v></c><c r="B7" t="s"><v>4</v></c><c r="C7" t="s"><v>5</v></c><c r="AA7"><v>0</v></c></row>'
    )
    found = same(made(rows, rows.replace("46266", "61"), texts=texts))
    assert found[0][1][5][:5] == ["留白", "2026-09-01", '甲"乙', "1500", "true"]
    assert found[0][1][6][:2] == ["a<b&amp;", None]


def test_what_streaming_writers_write() -> None:
    """Line ends between rows, a blank before the end of an empty cell, texts in their cells."""
    rows = (
        '<row r="1">\n<c r="A1" t="inlineStr"><is><t>名称</t></is></c><c r="B1" s="1" /></row>\n'
        '<row r="2">\n<c r="A2" t="inlineStr"><is><t xml:space="preserve"> 甲 </t></is></c><c r="B2" s="2" t="n"><v>46266.5</v></c></row>\n'
    )
    assert same(made(rows))[0][1] == [["名称", None], ["甲", "2026-09-01 12:00:00"]]


ODD = {
    "error": '<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>',
    "uncomputed": '<row r="1"><c r="A1"><f>1+1</f></c></row>',
    "empty value": '<row r="1"><c r="A1"><v></v></c></row>',
    "no place": "<row><c><v>1</v></c></row>",
    "small letters": '<row r="1"><c r="a1"><v>1</v></c></row>',
    "twice": '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "out of order": '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
    "too far": '<row r="1"><c r="ZZZ1"><v>1</v></c></row>',
    "no such text": '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
    "no such style": '<row r="1"><c r="A1" s="70"><v>7</v></c></row>',
    "a word for a number": '<row r="1"><c r="A1"><v>x</v></c></row>',
    "hexadecimal": '<row r="1"><c r="A1"><v>0x10</v></c></row>',
    "a duration": '<row r="1"><c r="A1" s="5"><v>1.5</v></c></row>',
    "a time of day": '<row r="1"><c r="A1" s="2"><v>0.5</v></c></row>',
    "before March 1900": '<row r="1"><c r="A1" s="1"><v>60</v></c></row>',
    "after the calendar": '<row r="1"><c r="A1" s="1"><v>2958466</v></c></row>',
    "escaped": '<row r="1"><c r="A1" t="str"><v>a_x000D_b</v></c></row>',
    "character by number": '<row r="1"><c r="A1" t="str"><v>a&#10;b</v></c></row>',
    "rich": '<row r="1"><c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c></row>',
    "remark": '<row r="1"><!-- --><c r="A1"><v>1</v></c></row>',
    "marked": '<row r="1"><c r="A1" t="str"><v>data</v></c><c r="B1"><f>"<![CDATA[\x02]]>"</f><v>1</v></c></row>',
    "not closed": '<row r="1"><c r="A1"><v>1</v></c>',
    "date": '<row r="1"><c r="A1" t="d"><v>2026-09-01</v></c></row>',
    "beyond floats": '<row r="1"><c r="A1"><v>1e999</v></c></row>',
    "vertical tab": '<row r="1"><c r="A1" t="str"><v>a\x0bb</v></c></row>',
    "carriage return": '<row r="1"><c r="A1" t="str"><v>a\r\nb</v></c></row>',
}


@pytest.mark.parametrize("odd", ODD)
def test_what_only_calamine_reads_is_left_to_it(odd: str) -> None:
    regular = '<row r="1"><c r="A1"><v>1</v></c></row>'
    content = made(ODD[odd], regular)
    assert either(content) == by_calamine(content)
    if odd != "beyond floats":
        with pytest.raises(Irregular):
            opened_by_arrow(made(ODD[odd]))


@pytest.mark.parametrize(
    "texts", ["<si/><si><t>乙</t></si>", "<!-- <si></si> --><si><t>甲</t></si><si><t>乙</t></si>", "<si><t>甲</t></si>"]
)
def test_lists_of_texts_that_could_be_miscounted_are_left_to_calamine(texts: str) -> None:
    content = made('<row r="1"><c r="A1" t="s"><v>1</v></c></row>', texts=texts)
    assert either(content) == by_calamine(content)
    with pytest.raises(Irregular):
        opened_by_arrow(content)


def test_rich_texts_are_asked_for() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["单据", CellRichText("普通", TextBlock(InlineFont(b=True), "粗体"))])
    file = io.BytesIO()
    book.save(file)
    assert either(file.getvalue()) == by_calamine(file.getvalue())


@pytest.mark.parametrize("encoding", ["UTF-16", "GBK"])
def test_other_encodings_are_left_to_calamine(encoding: str) -> None:
    content = made('<row r="1"><c r="A1"><v>1</v></c></row>')
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            part = source.read(name)
            if name.endswith("sheet1.xml"):
                part = part.decode().replace('"UTF-8"', f'"{encoding}"').encode(encoding)
            archive.writestr(name, part)
    assert either(target.getvalue()) == by_calamine(target.getvalue())
    with pytest.raises(Irregular):
        opened_by_arrow(target.getvalue())


numbers = (
    st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(-(10**9), 10**9, places=4).map(str)
    | st.integers(-(10**20), 10**20).map(str)
    | st.sampled_from(["-0", "0.0", "1.50", "007", "1E5", "1e-5", "0.00001", "123456789012345", "1234567890123456", "0.1000000000000001"])
)
moments = (
    st.floats(61, 2_800_000).map(repr) | st.integers(61, 2_800_000).map(str) | st.integers(100, 10**10).map(lambda n: repr(n / 8640 + 62))
)
texts_ = st.text(st.sampled_from("ab1客户 \t\n　'=\"&<>_x"), min_size=1, max_size=6)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@st.composite
def cells(draw: st.DrawFn, place: str) -> str:
    kind = draw(st.sampled_from(["number", "moment", "text", "inline", "written", "bool", "blank", "none"]))
    style = draw(st.sampled_from(["", ' s="0"', ' s="3"', ' s="4"']))
    if kind == "moment":
        return f'<c r="{place}" s="{draw(st.sampled_from([1, 2, 6]))}"><v>{draw(moments)}</v></c>'
    return {
        "number": lambda: f'<c r="{place}"{style}{draw(st.sampled_from(["", " t=" + chr(34) + "n" + chr(34)]))}><v>{draw(numbers)}</v></c>',
        "text": lambda: f'<c r="{place}"{style} t="s"><v>{draw(st.integers(0, 3))}</v></c>',
        "inline": lambda: f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{_escaped(draw(texts_))}</t></is></c>',
        "written": lambda: f'<c r="{place}"{style} t="str"><f>A1</f><v>{_escaped(draw(texts_))}</v></c>',
        "bool": lambda: f'<c r="{place}" t="b"><v>{draw(st.integers(0, 1))}</v></c>',
        "blank": lambda: f'<c r="{place}"{style}/>',
        "none": lambda: "",
    }[kind]()


@st.composite
def rows_of_cells(draw: st.DrawFn) -> str:
    rows = []
    for row in sorted(draw(st.sets(st.integers(1, 12), max_size=6))):
        columns = draw(st.sampled_from(["A", "AB", "BD", "ABCZ"]))
        rows.append(f'<row r="{row}">' + "".join(draw(cells(f"{column}{row}")) for column in columns) + "</row>")
    return "".join(rows)


@given(rows_of_cells(), st.lists(texts_, min_size=4, max_size=4), st.booleans(), st.sampled_from([1, 200, 1 << 20]))
def test_both_ways_read_the_same_of_any_regular_sheet(rows: str, texts: list[str], since_1904: bool, block: int) -> None:
    usual, regular_sheet._BLOCK = regular_sheet._BLOCK, block
    shared = "".join(f"<si><t>{_escaped(text)}</t></si>" for text in texts)
    try:
        same(made(rows, texts=shared, since_1904=since_1904))
    finally:
        regular_sheet._BLOCK = usual


@pytest.mark.parametrize("since_1904", [False, True])
def test_many_moments_and_numbers(since_1904: bool) -> None:
    """Every rounding: moments half a millisecond apart, numbers of all sizes and lengths."""
    days = [str(61 + n * 1234.56789) if n % 2 else repr(46_266 + (n + 0.5) / 86_400_000) for n in range(1, 2000)]
    sizes = [f"{n * 7919 % 10 ** (n % 17 + 1) * 10.0 ** (n % 31 - 18):.17g}" for n in range(1, 2000)]
    rows = [
        f'<row r="{n}"><c r="A{n}" s="2"><v>{day}</v></c><c r="B{n}"><v>{size}</v></c></row>'
        for n, (day, size) in enumerate(zip(days, sizes, strict=True), start=1)
    ]
    same(made("".join(rows), since_1904=since_1904))
