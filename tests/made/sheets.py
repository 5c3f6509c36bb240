"""Workbooks from typed cells in the formats that are XML: xlsx, ods, SpreadsheetML 2003 and HTML saved as ``.xls``.

What no writer would do (an error cell, a formula that was never computed) is written as the programs that do it write it.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Area = tuple[int, int, int, int]


@dataclass(frozen=True)
class Error:
    """A cell that shows an error."""

    text: str = "#N/A"


@dataclass(frozen=True)
class Formula:
    """A cell with a formula; without a value it was never computed."""

    text: str
    value: Decimal | None = None


Value = str | int | float | Decimal | dt.date | bool | Error | Formula | None


@dataclass
class Sheet:
    """One sheet.

    Attributes:
        merged: First row, first column, last row, last column; 0-based and inclusive.
        hidden: Rows that are hidden.
        is_hidden: Whether the whole sheet is.
    """

    name: str
    rows: list[list[Value]]
    merged: list[Area] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    is_hidden: bool = False


def xlsx(sheets: Sequence[Sheet], *, since_1904: bool = False, inline: bool = False) -> bytes:
    """By xlsxwriter; ``inline`` puts texts into their cells as some exporters do."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"date_1904": since_1904, "constant_memory": inline, "in_memory": not inline}
    book = xlsxwriter.Workbook(buffer, {key: value for key, value in options.items() if value})
    day, stamp = book.add_format({"num_format": "yyyy/m/d"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for row, cells in enumerate(sheet.rows):
            if row in sheet.hidden:
                page.set_row(row, None, None, {"hidden": True})
            for column, value in enumerate(cells):
                _write(page, row, column, value, stamp if isinstance(value, dt.datetime) else day)
        for top, left, bottom, right in sheet.merged:
            page.merge_range(top, left, bottom, right, "")
            _write_again(page, top, left, sheet.rows[top][left])
        if sheet.is_hidden:
            page.hide()
    book.close()
    return buffer.getvalue()


def _write(page: Any, row: int, column: int, value: Value, dated: Any) -> None:
    if isinstance(value, Error):
        page.write_formula(row, column, "=VLOOKUP(1,A1,1,0)", None, value.text)
    elif isinstance(value, Formula):
        page.write_formula(row, column, value.text, None, "" if value.value is None else float(value.value))
    elif isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        page.write_datetime(row, column, moment, dated)
    elif isinstance(value, str):
        page.write_string(row, column, value)
    elif value is not None:
        page.write(row, column, float(value) if isinstance(value, Decimal) else value)


def _write_again(page: Any, row: int, column: int, value: Value) -> None:
    """xlsxwriter empties a range when it merges it."""
    if isinstance(value, (str, int)):
        page.write(row, column, value)


def with_part(content: bytes, name: str, pattern: str, replacement: str) -> bytes:
    """A zipped workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            part = old.read(info)
            if re.fullmatch(name, info.filename):
                part = re.sub(pattern, replacement, part.decode(), flags=re.DOTALL).encode()
            new.writestr(info, part)
    return buffer.getvalue()


_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" office:version="1.2">'
    '<office:automatic-styles><style:style style:name="gone" style:family="table"><style:table-properties table:display="false"/>'
    "</style:style></office:automatic-styles>"
    "<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document-content>"
)
_ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods(sheets: Sequence[Sheet]) -> bytes:
    """OpenDocument, as LibreOffice writes it."""
    buffer = io.BytesIO()
    pages = "".join(_ods_sheet(sheet) for sheet in sheets)
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS_TYPE}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), _ODS_TYPE)
        archive.writestr("content.xml", _ODS.format(sheets=pages))
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def _spans(sheet: Sheet) -> tuple[dict[tuple[int, int], tuple[int, int]], set[tuple[int, int]]]:
    """Rows and columns that the first cell of each merged range takes, and the cells that it covers."""
    first = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in sheet.merged}
    covered = {(r, c) for top, left, bottom, right in sheet.merged for r in range(top, bottom + 1) for c in range(left, right + 1)}
    return first, covered - first.keys()


def _ods_sheet(sheet: Sheet) -> str:
    first, covered = _spans(sheet)
    style = ' table:style-name="gone"' if sheet.is_hidden else ""
    out = [f'<table:table table:name="{html.escape(sheet.name)}"{style}>']
    for row, cells in enumerate(sheet.rows):
        out.append('<table:table-row table:visibility="collapse">' if row in sheet.hidden else "<table:table-row>")
        for column, value in enumerate(cells):
            tag = "table:covered-table-cell" if (row, column) in covered else "table:table-cell"
            down, across = first.get((row, column), (1, 1))
            span = f' table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"' if down * across > 1 else ""
            attributes, text = _ods_value(value)
            out.append(f"<{tag}{span}{attributes}>{text}</{tag}>")
        out.append("</table:table-row>")
    out.append("</table:table>")
    return "".join(out)


def _ods_value(value: Value) -> tuple[str, str]:
    def shown(text: object) -> str:
        return "".join(f"<text:p>{html.escape(line)}</text:p>" for line in str(text).split("\n"))

    if value is None:
        return "", ""
    if isinstance(value, Error):
        kind = ' office:value-type="string" office:string-value="" calcext:value-type="error"'
        return f' table:formula="of:=VLOOKUP(1;[.A1];1;0)"{kind}', shown(value.text)
    if isinstance(value, Formula):
        known = "" if value.value is None else f' office:value-type="float" office:value="{value.value}"'
        return f' table:formula="of:{html.escape(value.text)}"{known}', "" if value.value is None else shown(value.value)
    if isinstance(value, bool):
        return f' office:value-type="boolean" office:boolean-value="{str(value).lower()}"', shown(str(value).upper())
    if isinstance(value, (int, float, Decimal)):
        return f' office:value-type="float" office:value="{value}"', shown(value)
    if isinstance(value, dt.date):
        return f' office:value-type="date" office:date-value="{value.isoformat()}"', shown(value.strftime("%Y/%m/%d"))
    return ' office:value-type="string"', shown(value)


def spreadsheetml(sheets: Sequence[Sheet], *, sparse: bool = True) -> bytes:
    """SpreadsheetML 2003; ``sparse`` leaves out empty cells and says where the next one stands."""
    out = [
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    ]
    for sheet in sheets:
        first, covered = _spans(sheet)
        out.append(f'<Worksheet ss:Name="{html.escape(sheet.name)}"><Table>')
        skipped = False
        for row, cells in enumerate(sheet.rows):
            if sparse and all(cell is None for cell in cells):
                skipped = True
                continue
            hidden = ' ss:Hidden="1"' if row in sheet.hidden else ""
            out.append(f'<Row ss:Index="{row + 1}"{hidden}>' if skipped else f"<Row{hidden}>")
            out += _spreadsheetml_cells(cells, row, first, covered, sparse)
            out.append("</Row>")
            skipped = False
        out.append("</Table></Worksheet>")
    return "".join([*out, "</Workbook>"]).encode()


def _spreadsheetml_cells(
    cells: Sequence[Value], row: int, first: dict[tuple[int, int], tuple[int, int]], covered: set[tuple[int, int]], sparse: bool
) -> list[str]:
    out, skipped = [], False
    for column, value in enumerate(cells):
        if (row, column) in covered or (sparse and value is None):
            skipped = True
            continue
        place = f' ss:Index="{column + 1}"' if skipped else ""
        down, across = first.get((row, column), (1, 1))
        place += f' ss:MergeAcross="{across - 1}"' if across > 1 else ""
        place += f' ss:MergeDown="{down - 1}"' if down > 1 else ""
        skipped = False
        out.append(f"<Cell{place}{_spreadsheetml_value(value)}</Cell>")
    return out


def _spreadsheetml_value(value: Value) -> str:
    def data(kind: str, text: object) -> str:
        return f'<Data ss:Type="{kind}">{html.escape(str(text)).replace(chr(10), "&#10;")}</Data>'

    if value is None:
        return ">"
    if isinstance(value, Error):
        return ' ss:Formula="=VLOOKUP(1,R1C1,1,0)">' + data("Error", value.text)
    if isinstance(value, Formula):
        return f' ss:Formula="{html.escape(value.text)}">' + ("" if value.value is None else data("Number", value.value))
    if isinstance(value, bool):
        return ">" + data("Boolean", int(value))
    if isinstance(value, (int, float, Decimal)):
        return ">" + data("Number", value)
    if isinstance(value, dt.datetime):
        return ">" + data("DateTime", value.isoformat(timespec="milliseconds"))
    if isinstance(value, dt.date):
        return ">" + data("DateTime", f"{value.isoformat()}T00:00:00.000")
    return ">" + data("String", value)


def html_page(sheets: Sequence[Sheet], encoding: str = "gbk", *, charset: str | None = None, close: bool = True) -> bytes:
    """A page of tables, as ERP systems send it under the name ``.xls``; texts only."""
    out = ['<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>']
    out.append(f'<meta http-equiv="Content-Type" content="text/html; charset={charset or encoding}">')
    out.append("<style>td{mso-number-format:'\\@'}</style></head><body>")
    for sheet in sheets:
        first, covered = _spans(sheet)
        out.append('<table border="1">')
        for row, cells in enumerate(sheet.rows):
            out.append('<tr style="display:none">' if row in sheet.hidden else "<tr>")
            for column, value in enumerate(cells):
                if (row, column) in covered:
                    continue
                down, across = first.get((row, column), (1, 1))
                span = (f' colspan="{across}"' if across > 1 else "") + (f' rowspan="{down}"' if down > 1 else "")
                text = "&nbsp;" if value is None else html.escape(str(value)).replace("\n", "<br>")
                out.append(f"<td{span}>{text}" + ("</td>" if close else ""))
            out.append("</tr>" if close else "")
        out.append("</table>")
    return "".join([*out, "</body></html>"]).encode(encoding, errors="xmlcharrefreplace")
