"""Small files of every kind that a reader takes, to start a fuzzer from: one or more for each reader, made here."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from functools import cache

from tests.made.compound import compound_file
from tests.made.containers import CSV, containers

TABLE = [
    ["日期", "门店", "数量", "金额"],
    ["2026-09-15", "一店", "3", "1.50"],
    ["2026-09-16", "二店", "4", "12,300.00"],
    ["合计", "", "7", "12,301.50"],
]
_MAIN = "http://schemas.openxmlformats.org/"
_INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<EInvoice><Header><EIid>23442000000012345678</EIid></Header><EInvoiceData>
<SellerInformation><SellerName>深圳测试有限公司</SellerName></SellerInformation><BuyerInformation><BuyerName>北京</BuyerName></BuyerInformation>
<BasicInformation><TotalAmWithoutTax>100.00</TotalAmWithoutTax><TotalTaxAm>13.00</TotalTaxAm>
<TotalTax-includedAmount>113.00</TotalTax-includedAmount><TotalTax-includedAmountInChinese>壹佰壹拾叁圆整</TotalTax-includedAmountInChinese>
</BasicInformation><IssuItemInformation><ItemName>茶</ItemName><Amount>100.00</Amount><TaxRate>0.13</TaxRate><ComTaxAm>13</ComTaxAm>
</IssuItemInformation></EInvoiceData><TaxSupervisionInfo><InvoiceNumber>23442000000012345678</InvoiceNumber>
<IssueTime>2023-11-02</IssueTime></TaxSupervisionInfo></EInvoice>"""


@cache
def seeds() -> dict[str, list[bytes]]:
    """Files by the reader that they are for."""
    made = containers()
    return {
        "csv": _texts(),
        "fixed": ["编号  数量 金额\n000012  3  1.50\n000013100 11.50\n\n合计  103 13.00\n".encode("gb18030")],
        "html": _pages(),
        "xlsx": [xlsx()],
        "xlsb": [xlsb()],
        "xls": [xls()],
        "ods": [ods()],
        "spreadsheetml": [spreadsheetml()],
        "invoice": [_INVOICE.encode(), "<订单表><订单 编号='A1'><客户>东方店</客户><数量>3</数量></订单></订单表>".encode("gbk")],
        "ofd": [ofd()],
        "pdf": _pdfs(),
        "json": [
            '{"数据":[{"门店":"一店","数量":3,"更多":{"甲":[1,2]}},{"门店":null,"数量":1e5}]}'.encode(),
            '{"a":1}\n{"a":"x","b":true}\n'.encode("utf-16"),
        ],
        "parquet": [parquet()],
        "eml": [made["a.eml"], _mail(made["a.zip"])],
        "msg": [made["a.msg"], made["body.msg"]],
        "tnef": [made["winmail.dat"], made["mail.winmail.dat"]],
        "zip": [made["a.zip"], made["locked.zip"]],
        "7z": [made["a.7z"], made["hidden.7z"]],
        "tar": [made["a.tar"], made["a.tar.gz"]],
        "streams": [made["a.csv.gz"], made["a.csv.bz2"], made["a.csv.xz"]],
        "encrypted": [made["locked.xlsx"]],
    }


def _texts() -> list[bytes]:
    lines = "\r\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in TABLE) + "\r\n"
    tabs = "单位：万元\n" + lines.replace(",", "\t") + "共2笔，合计 7\n"
    return [lines.encode("gb18030"), tabs.encode("utf-16"), ('="001"|a"b|\n' * 5 + lines).encode("utf-8-sig"), CSV]


def _pages() -> list[bytes]:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in TABLE)
    spans = "<tr><th rowspan=2>门店</th><th colspan=2>线上</th></tr><tr><th>数量</th><th>金额</th></tr><tr><td>一店<td>1<td>2</tr>"
    return [
        f"<html><meta charset=gbk><body><table>{rows}</table></body></html>".encode("gbk"),
        f"<html><body><table border=1>{spans}<tr><td colspan=3><table>{rows}</table></td></tr></table></html>".encode(),
    ]


def xlsx() -> bytes:
    """Texts, numbers, dates, formulas, merged and hidden cells."""
    import datetime as dt

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("流向")
    for number, row in enumerate(TABLE):
        sheet.write_row(number, 0, row)
    sheet.write_datetime(4, 0, dt.datetime(2026, 9, 17), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_formula(4, 2, "=SUM(C2:C3)", None, 7)
    sheet.write_formula(4, 3, "=1/0", None, "#DIV/0!")
    sheet.merge_range("A6:B7", "合并")
    sheet.set_row(2, None, None, {"hidden": True})
    book.add_worksheet("hidden").hide()
    book.close()
    return buffer.getvalue()


def xls() -> bytes:
    """An old workbook: its list of sheets, a list of texts, numbers and texts."""

    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def beginning(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHLL", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 6))

    texts = [cell for row in TABLE[:3] for cell in row]
    listed = b"".join(struct.pack("<HB", len(text), 1) + text.encode("utf-16-le") for text in texts)
    strings = record(0x00FC, struct.pack("<LL", len(texts), len(texts)) + listed)
    name = b"s1"
    place = len(beginning(5)) + 4 + 8 + len(name) + len(strings) + 4
    book = beginning(5) + record(0x0085, struct.pack("<LBBBB", place, 0, 0, len(name), 0) + name) + strings + record(0x000A)
    cells = b"".join(record(0x00FD, struct.pack("<HHHL", n // 4, n % 4, 0, n)) for n in range(len(texts)))
    cells += b"".join(record(0x0203, struct.pack("<HHHd", 3, column, 0, 7.25)) for column in (2, 3))
    cells += record(0x027E, struct.pack("<HHHL", 3, 0, 0, 0x3F000001)) + record(0x0006, struct.pack("<HHHdHLH", 3, 1, 0, 1.5, 0, 0, 0))
    merged = record(0x00E5, struct.pack("<HHHHH", 1, 3, 3, 0, 1))
    dimensions = record(0x0200, struct.pack("<LLHHH", 0, 4, 0, 4, 0))
    return compound_file({"Workbook": (book + beginning(0x10) + dimensions + cells + merged + record(0x000A)).ljust(4096, b"\0")})


def xlsb() -> bytes:
    """A binary workbook: numbers, texts in place and texts of the list."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = b"", len(body)
        while True:
            size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
            length >>= 7
            if not length:
                return head + size + body

    def wide(text: str) -> bytes:
        return struct.pack("<L", len(text)) + text.encode("utf-16-le")

    sheet_list = record(143) + record(156, struct.pack("<LL", 0, 1) + wide("rId1") + wide("流向")) + record(144)
    rows = b""
    for number, row in enumerate(TABLE):
        rows += record(0, struct.pack("<LLHHBL", number, 0, 300, 0, 0, 0))
        for column, cell in enumerate(row):
            rows += record(6, struct.pack("<LL", column, 0) + wide(cell)) if column < 3 else record(5, struct.pack("<LLd", column, 0, 1.5))
    rows += record(0, struct.pack("<LLHHBL", 9, 0, 300, 0, 0, 0)) + record(7, struct.pack("<LLL", 0, 0, 0))
    rows += record(2, struct.pack("<LLL", 1, 0, 0x0000000A)) + record(3, struct.pack("<LLB", 2, 0, 7))
    sheet = record(129) + record(148, struct.pack("<LLLL", 0, 9, 0, 3)) + record(145) + rows + record(146) + record(130)
    strings = record(159, struct.pack("<LL", 1, 1)) + record(19, b"\0" + wide("共享")) + record(160)
    relations = (
        f'<Relationships xmlns="{_MAIN}package/2006/relationships"><Relationship Id="rId1" Type="{_MAIN}officeDocument/2006/relationships/'
        f'worksheet" Target="worksheets/sheet1.bin"/><Relationship Id="rId2" Type="{_MAIN}officeDocument/2006/relationships/sharedStrings"'
        ' Target="sharedStrings.bin"/></Relationships>'
    )
    types = f'<?xml version="1.0"?><Types xmlns="{_MAIN}package/2006/content-types"/>'
    return _zip(
        {
            "[Content_Types].xml": types.encode(),
            "xl/workbook.bin": record(131) + sheet_list + record(132),
            "xl/_rels/workbook.bin.rels": relations.encode(),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/sharedStrings.bin": strings,
        }
    )


def ods() -> bytes:
    """Repeated cells and rows, covered cells, values of several types."""
    spaces = "urn:oasis:names:tc:opendocument:xmlns:"
    rows = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row)
        + '<table:table-cell table:number-columns-repeated="3"/></table:table-row>'
        for row in TABLE
    )
    rows += (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="7.5"'
        ' table:number-columns-repeated="2"><text:p>7.5</text:p></table:table-cell><table:covered-table-cell/>'
        '<table:table-cell office:value-type="date" office:date-value="2026-09-15"/></table:table-row>'
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{spaces}office:1.0" xmlns:table="{spaces}table:1.0"'
        f' xmlns:text="{spaces}text:1.0"><office:body><office:spreadsheet><table:table table:name="流向">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{spaces}manifest:1.0"/>'
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return _zip({"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()})


def spreadsheetml() -> bytes:
    """The XML of Excel 2003, with skipped rows and cells, merged cells and types."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    rows = "".join("<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>" for row in TABLE)
    rows += (
        '<Row ss:Index="9"><Cell ss:Index="2" ss:MergeAcross="1" ss:MergeDown="1"><Data ss:Type="Number">7.5</Data></Cell>'
        '<Cell><Data ss:Type="DateTime">2026-09-15T00:00:00.000</Data></Cell></Row>'
    )
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="流向"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()


def ofd() -> bytes:
    """An invoice with its XML attached, its custom data and a page of placed texts."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    texts = [
        (20, 20, "发票代码：050001700111"),
        (20, 30, "发票号码：99999951"),
        (20, 40, "开票日期：2020年10月10日"),
        (20, 50, "价税合计 ¥113.00"),
    ]
    objects = "".join(
        f'<ofd:TextObject ID="{n}" Boundary="{x} {y} 90 8" Font="1" Size="4"><ofd:TextCode X="0" Y="4" DeltaX="g {len(text)} 4">{text}'
        "</ofd:TextCode></ofd:TextObject>"
        for n, (x, y, text) in enumerate(texts, start=10)
    )
    page = f'<ofd:Page {space}><ofd:Content><ofd:Layer ID="2" Type="Body">{objects}</ofd:Layer></ofd:Content></ofd:Page>'
    custom = "".join(
        f'<ofd:CustomData Name="{name}">{value}</ofd:CustomData>' for name, value in (("发票号码", "99999951"), ("合计税额", "13.00"))
    )
    root = (
        f'<ofd:OFD {space} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:CustomDatas>{custom}</ofd:CustomDatas></ofd:DocInfo>'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    document = (
        f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
    )
    attached = (
        f'<ofd:Attachments {space}><ofd:Attachment ID="1" Name="original_invoice" Format="xml"><ofd:FileLoc>original_invoice.xml'
        "</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
    )
    return _zip(
        {
            "OFD.xml": root.encode(),
            "Doc_0/Document.xml": document.encode(),
            "Doc_0/Pages/Page_0/Content.xml": page.encode(),
            "Doc_0/Attachs/Attachments.xml": attached.encode(),
            "Doc_0/Attachs/original_invoice.xml": _INVOICE.encode(),
        }
    )


def _pdfs() -> list[bytes]:
    from tests.made.pdfs import placed_pdf, table_pdf

    lines = [
        [(30.0, "门店"), (120.0, "数量"), (200.0, "金额")],
        [(30.0, "一店"), (120.0, "3"), (200.0, "1.50")],
        [(30.0, "二店"), (120.0, "4")],
    ]
    return [table_pdf(TABLE, ruled=True, above=["单位：万元"]), placed_pdf(lines), plain_pdf(TABLE)]


def plain_pdf(rows: Sequence[Sequence[str]]) -> bytes:
    """A PDF whose streams are not packed, so that what is changed in it is what is read."""
    drawn = "".join(
        f"BT /F1 10 Tf {40 + 90 * column} {700 - 20 * number} Td ({cell if cell.isascii() else 'x'}) Tj ET\n"
        f"{38 + 90 * column} {696 - 20 * number} 90 20 re S\n"
        for number, row in enumerate(rows)
        for column, cell in enumerate(row)
    ).encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(out))


def parquet() -> bytes:
    """Texts, numbers, decimals, dates, lists and a dictionary."""
    import datetime as dt
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "门店": pa.array(["一店", None]).dictionary_encode(),
            "数量": pa.array([3, 4], pa.int32()),
            "金额": pa.array([Decimal("1.50"), None], pa.decimal128(18, 2)),
            "日期": pa.array([dt.date(2026, 9, 15), None]),
            "更多": pa.array([[1, 2], None], pa.list_(pa.int64())),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none")
    return sink.getvalue()


def _mail(attached: bytes) -> bytes:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "a@b.example", "销售 日报", "Tue, 15 Sep 2026 08:00:00 +0800"
    mail.set_content("密码：p1\n")
    mail.add_alternative("<table><tr><td>门店</td><td>数量</td></tr><tr><td>一店</td><td>3</td></tr></table>", subtype="html")
    mail.add_attachment(attached, maintype="application", subtype="zip", filename="流向.zip")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.add_attachment(CSV, maintype="text", subtype="csv", filename="a.csv")
    mail.add_attachment(inner)
    return mail.as_bytes()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
