"""Faults that belong to one kind of file: texts, workbooks, records (JSON, XML, Parquet), pages (PDF, OFD), and what holds no table."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random

from tests.corpus.documents import HELD, READ, Document, Meant, document
from tests.corpus.hostile import Hostile, _as_texts, _plain, sound
from tests.made.pdfs import placed_pdf, table_pdf
from tests.made.sheets import Sheet, Value, with_part, xlsx


def _lines(made: Document, line: Callable[[list[str]], str]) -> list[str]:
    return [line([_plain(value) for value in row]) for row in made.rows]


def texts(chance: Random) -> Iterator[Hostile]:
    """Delimited texts with one fault of their own."""

    def text(fault: str, line: Callable[[list[str]], str], encoding: str = "gb18030", must: str = READ) -> Hostile:
        made = document("none", chance)
        while made.table.language != "zh":
            made = document("none", chance)
        _as_texts(made)
        content = ("\r\n".join(_lines(made, line)) + "\r\n").encode(encoding)
        return Hostile("流向.csv", "text", fault, content, must, tuple(made.tables))

    yield text("trailing tabs", lambda row: ",".join(f"{cell}\t" for cell in row))
    yield text('cells as ="..."', lambda row: "\t".join(f'="{cell}"' for cell in row))
    yield text("full-width commas", "，".join)
    yield text("full-width semicolons", "；".join)
    yield text("semicolons", ";".join, "utf-16")
    yield text("pipes", "|".join, "utf-8")
    yield text("control characters between", "\x01".join)
    yield text("quotes around all", lambda row: ",".join(f'"{cell}"' for cell in row))
    yield text("blanks around", lambda row: ",".join(f"\u3000{cell} " for cell in row))
    yield text("read once in a wrong encoding", lambda row: ",".join(row).encode().decode("gbk", errors="replace"), "utf-8", HELD)
    yield text("read once as Latin-1", lambda row: ",".join(row).encode("gbk").decode("latin-1"), "utf-8", HELD)
    for end in (b"\r", b"\n", b"\r\r\n"):
        file = text(f"line ends {end!r}", ",".join, "utf-8")
        # Whether CR CR LF ends one line or two is a matter of taste.
        tables = tuple(replace(meant, lines=[]) for meant in file.tables) if len(end) == 3 else file.tables
        yield replace(file, content=file.content.replace(b"\r\n", end), tables=tables)
    file = text("a control Z at the end", ",".join)
    yield replace(file, content=file.content + b"\x1a")
    first, second = text("two encodings", ",".join), text("two encodings", ",".join, "utf-8")
    yield replace(first, content=first.content + second.content, must=HELD)
    file = text("a quote that is never closed", ",".join)
    lines = file.content.split(b"\r\n")
    lines[2] = b'"' + lines[2]
    yield replace(file, content=b"\r\n".join(lines), must=HELD)
    for mark, fault in ((b",x", "a cell too many"), (b",,", "a cell too many in the middle")):
        file = text(fault, ",".join)
        lines = file.content.split(b"\r\n")
        lines[3] = lines[3] + mark if mark == b",x" else lines[3].replace(b",", b",y,", 1)
        yield replace(file, content=b"\r\n".join(lines), must=HELD)


def workbooks(chance: Random) -> Iterator[Hostile]:
    """xlsx as other programs than Excel write it, and as Excel writes what people forget."""
    sheet = r"xl/worksheets/sheet1\.xml"
    for fault, name, pattern, new in (
        ("a wrong dimension", sheet, r'<dimension ref="[^"]*"/>', '<dimension ref="A1"/>'),
        ("no dimension", sheet, r'<dimension ref="[^"]*"/>', ""),
        ("cells without addresses", sheet, r'<c r="[A-Z]+\d+"', "<c"),
        ("rows without numbers", sheet, r'<row r="\d+"', "<row"),
        ("absolute targets", r"xl/_rels/workbook\.xml\.rels", 'Target="worksheets', 'Target="/xl/worksheets'),
        (
            "names with a prefix",
            sheet,
            r"<(/?)(worksheet|sheetData|row|c|v|f|is|t|dimension|sheetViews|sheetView|sheetFormatPr|pageMargins)\b(?! *xmlns)",
            r"<\1x:\2",
        ),
    ):
        for content in ("none", "error cells"):
            file = sound("xlsx", chance, content)
            if 'r="' in fault:
                continue
            changed = with_part(file.content, name, pattern, new)
            if "prefix" in fault:
                changed = with_part(changed, name, r"<x:worksheet xmlns=", "<x:worksheet xmlns:x=")
            yield replace(file, content=changed, fault=f"{fault}, {content}" if content != "none" else fault)
    yield _rich(chance)
    file = sound("xlsx", chance, "total row")
    far = '<row r="9000" spans="1:3"><c r="A9000" s="1"/></row></sheetData>'
    yield replace(file, content=with_part(file.content, sheet, "</sheetData>", far), fault="formatted cells far below")
    swapped = with_part(sound("xlsx", chance, "none").content, sheet, "<sheetData>.*</sheetData>", "<sheetData/>")
    yield replace(file, content=swapped, fault="a sheet without cells", must=HELD)
    yield replace(file, content=with_part(file.content, sheet, "</sheetData>", ""), fault="XML that is not well-formed", must=HELD)


def _rich(chance: Random) -> Hostile:
    """Texts in several fonts, with a reading in kana that must not be read along."""
    rows: list[list[Value]] = [["得意先", "数量"], ["東京商店", 3], ["大阪", 4]]
    runs = "<si><r><t>東京</t></r><r><rPr><b/></rPr><t>商店</t></r><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
    content = with_part(xlsx([Sheet("s", rows)]), r"xl/sharedStrings\.xml", "<si><t>東京商店</t></si>", runs)
    return Hostile("a.xlsx", "xlsx", "texts in several fonts with a reading", content, READ, (_meant(rows, 1),))


def _meant(rows: list[list[Value]], header_row: int | None) -> Meant:
    lines = [] if header_row is None else list(range(header_row + 1, header_row + len(rows)))
    return Meant(tuple(str(name) for name in rows[0]), rows[1:], lines, header_row)


def _records(chance: Random) -> tuple[list[str], list[list[Value]]]:
    names = ["单号", "日期", "客户", "数量", "金额", "备注"]
    rows: list[list[Value]] = [
        [
            f"{chance.randrange(10**17, 10**18)}",
            dt.date(2026, 9, chance.randint(1, 28)).isoformat(),
            chance.choice(("东方便利店", "西郊商行", 'O"Brien & Co <HK>', "北苑,超市")),
            chance.randint(1, 99),
            Decimal(chance.randint(100, 99999)).scaleb(-2),
            chance.choice((None, "赠品", "两\n行")),
        ]
        for _ in range(chance.randint(3, 20))
    ]
    rows[0][-1] = "首单"
    return names, rows


def _json_text(value: object, **more: int) -> str:
    """JSON with its decimals as they were written."""
    text = json.dumps(value, ensure_ascii=False, default=lambda number: f"@{number}@", **more)  # type: ignore[arg-type]
    return re.sub(r'"@(-?[\d.]+)@"', r"\1", text)


def records(chance: Random) -> Iterator[Hostile]:
    """JSON, JSON lines, XML and Parquet."""

    def made(kind: str, fault: str, write: Callable[[list[dict[str, Value]]], bytes], must: str = READ) -> Hostile:
        names, rows = _records(chance)
        content = write([dict(zip(names, row, strict=True)) for row in rows])
        return Hostile(f"data.{kind}", kind, fault, content, must, (Meant(tuple(names), rows),))

    wrapped = made(
        "json", "in an answer of a service", lambda found: _json_text({"code": 0, "msg": "成功", "data": {"list": found}}).encode()
    )
    yield made("json", "none", lambda found: _json_text(found).encode())
    yield wrapped
    yield made("json", "indented, with a byte order mark", lambda found: _json_text(found, indent=2).encode("utf-8-sig"))
    yield made("json", "GB18030", lambda found: _json_text(found).encode("gb18030"))
    yield made("json", "UTF-16", lambda found: _json_text(found).encode("utf-16"))
    yield made("json", "lines", lambda found: "\n".join(map(_json_text, found)).encode() + b"\n")
    yield made(
        "json",
        "empty fields left out",
        lambda found: _json_text([{k: v for k, v in each.items() if v is not None} for each in found]).encode(),
    )
    yield from _nested(chance)
    yield made(
        "json", "lines with one that is broken", lambda found: b"\n".join([*(_json_text(each).encode() for each in found), b'{"a": ']), HELD
    )
    yield made("json", "garbled", lambda found: _json_text(found).encode().decode("gbk", errors="replace").encode(), HELD)
    yield made("json", "not more than a number of rows", lambda found: _json_text({"total": len(found), "rows": []}).encode(), HELD)
    yield made("xml", "none", lambda found: _xml(found, "utf-8"))
    yield made("xml", "GB18030", lambda found: _xml(found, "gb18030"))
    yield made("xml", "UTF-16", lambda found: _xml(found, "utf-16"))
    yield made("xml", "fields as attributes", lambda found: _xml(found, "utf-8", attributes=True))
    yield made("xml", "with a namespace", lambda found: _xml(found, "utf-8").replace(b"<data>", b'<data xmlns="urn:example:sales">'))
    bomb = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><d><r x="1">&c;</r><r x="2">&c;</r></d>'
    yield made("xml", "with entities of its own", lambda _: bomb, HELD)
    yield made("parquet", "none", _parquet)
    yield made("parquet", "compressed with zstd", lambda found: _parquet(found, "zstd"))
    yield made("parquet", "its head alone", lambda found: _parquet(found)[:4], HELD)


def _nested(chance: Random) -> Iterator[Hostile]:
    found = [
        {"单号": f"A{n}", "客户": {"名称": "东方", "区域": {"省": "上海"}}, "金额": Decimal("1.10")} for n in range(chance.randint(2, 6))
    ]
    rows: list[list[Value]] = [[f"A{n}", "东方", "上海", Decimal("1.10")] for n in range(len(found))]
    yield Hostile(
        "a.json",
        "json",
        "objects in objects",
        _json_text(found).encode(),
        READ,
        (Meant(("单号", "客户/名称", "客户/区域/省", "金额"), rows),),
    )
    empty = [
        b"[]",
        b"{}",
        b'{"data": []}',
        b"null",
        b'"text"',
        b"[1, 2, 3]",
        b'{"code": 401, "message": "\xe6\x9c\xaa\xe7\x99\xbb\xe5\xbd\x95"}',
    ]
    for content in empty:
        yield Hostile("a.json", "json", f"no records: {content.decode()}", content, HELD)


def _xml(found: list[dict[str, Value]], encoding: str, *, attributes: bool = False) -> bytes:
    from xml.sax.saxutils import escape, quoteattr

    def each(record: dict[str, Value]) -> str:
        if attributes:
            return (
                "<row " + " ".join(f"{name}={quoteattr(_plain(value)).replace(chr(10), '&#10;')}" for name, value in record.items()) + "/>"
            )
        return "<row>" + "".join(f"<{name}>{escape(_plain(value))}</{name}>" for name, value in record.items()) + "</row>"

    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<data>' + "\n".join(map(each, found)) + "</data>"
    return text.encode(encoding)


def _parquet(found: list[dict[str, Value]], compression: str = "snappy") -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(found), buffer, compression=compression)
    return buffer.getvalue()


def pages(chance: Random) -> Iterator[Hostile]:
    """PDF and OFD. Few of them: each is laid out for real."""
    yield from _pdfs(chance)
    yield from _ofds(chance)


def _page_table(chance: Random, count: int) -> list[list[str]]:
    rows = [
        [f"2026-09-{chance.randint(1, 28):02d}", f"XS{n:04d}", chance.choice(("东方便利店", "西郊商行")), str(chance.randint(1, 99)),
         f"{chance.randint(100, 99999) / 100:.2f}"]
        for n in range(count)
    ]  # fmt: skip
    return [["日期", "单号", "客户", "数量", "金额"], *rows]


def _sum_line(rows: list[list[str]], wrong: int = 0) -> list[str]:
    cents = sum(round(float(row[4]) * 100) for row in rows[1:]) + wrong
    return ["合计", "", "", str(sum(int(row[3]) for row in rows[1:])), f"{cents / 100:.2f}"]


def _pdfs(chance: Random) -> Iterator[Hostile]:
    def pdf(fault: str, content: bytes, rows: list[list[str]], must: str = READ) -> Hostile:
        meant = Meant(tuple(rows[0]), [[cell or None for cell in row] for row in rows[1:]])
        return Hostile("对账单.pdf", "pdf", fault, content, must, (meant,), loose=True)

    rows = _page_table(chance, 8)
    yield pdf("none", table_pdf(rows, ruled=True), rows)
    yield pdf(
        "title, total row and remark", table_pdf([*rows, _sum_line(rows)], ruled=True, above=["销售明细表"], below=["制表人：王芳"]), rows
    )
    yield pdf("total row that disagrees", table_pdf([*rows, _sum_line(rows, 5)], ruled=True), rows, HELD)
    yield pdf("without lines", table_pdf(rows, ruled=False, above=["销售明细表"]), rows)
    long = _page_table(chance, 60)
    yield pdf("over pages", table_pdf(long, ruled=True, height=400), long)
    yield pdf("without lines, over pages", table_pdf(long, ruled=False, height=400), long)
    prose = placed_pdf([[(40, "尊敬的客户：")], [(40, "感谢您的支持，详情请登录网站查询。")]])
    yield Hostile("a.pdf", "pdf", "a letter without a table", prose, HELD)


_OFD = '<?xml version="1.0" encoding="UTF-8"?>'
_OFD_NAMES = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def _ofd(lines: list[list[tuple[float, str]]], custom: dict[str, str]) -> bytes:
    """A page of placed texts, and what the head of the document says."""
    data = "".join(f'<ofd:CustomData Name="{name}">{text}</ofd:CustomData>' for name, text in custom.items())
    head = (
        f'{_OFD}<ofd:OFD {_OFD_NAMES} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID>'
        f"<ofd:CustomDatas>{data}</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    page = '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>'
    inner = f"{_OFD}<ofd:Document {_OFD_NAMES}><ofd:Pages>{page}</ofd:Pages></ofd:Document>"
    texts = [
        f'<ofd:TextObject ID="{row}{column}" Boundary="{left} {10 + row * 6} {len(text) * 3} 4">'
        f'<ofd:TextCode X="0" Y="3">{text}</ofd:TextCode></ofd:TextObject>'
        for row, line in enumerate(lines)
        for column, (left, text) in enumerate(line)
    ]
    page = f'{_OFD}<ofd:Page {_OFD_NAMES}><ofd:Content><ofd:Layer ID="2">{"".join(texts)}</ofd:Layer></ofd:Content></ofd:Page>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (("OFD.xml", head), ("Doc_0/Document.xml", inner), ("Doc_0/Pages/Page_0/Content.xml", page)):
            archive.writestr(name, part)
    return buffer.getvalue()


def _ofds(chance: Random) -> Iterator[Hostile]:
    rows = _page_table(chance, 6)
    placed = [[(10.0 + 35 * n, cell) for n, cell in enumerate(row) if cell] for row in rows]
    meant = Meant(tuple(rows[0]), [list(row) for row in rows[1:]])
    yield Hostile("a.ofd", "ofd", "none", _ofd(placed, {}), READ, (meant,), loose=True)
    wrong = [[(10.0 + 35 * n, cell) for n, cell in enumerate(row) if cell] for row in [*rows, _sum_line(rows, 100)]]
    yield Hostile("a.ofd", "ofd", "total row that disagrees", _ofd(wrong, {}), HELD, (meant,), loose=True)
    amount, tax = Decimal(chance.randint(10000, 99999)).scaleb(-2), Decimal(chance.randint(100, 9999)).scaleb(-2)
    fields = {
        "发票代码": f"0110{chance.randrange(10**8):08d}", "发票号码": f"{chance.randrange(10**8):08d}", "开票日期": "2026年09月01日",
        "合计金额": str(amount), "合计税额": str(tax),
    }  # fmt: skip
    number = [(10.0, f"发票号码：{fields['发票号码']}")]
    shown = [number, [(10.0, f"（小写）¥{amount + tax}")]]
    truth = Meant(tuple(fields), [list(fields.values())])
    yield Hostile("a.ofd", "ofd", "invoice", _ofd(shown, fields), READ, (truth,), loose=True)
    other = [number, [(10.0, f"（小写）¥{amount + tax + 1}")]]
    yield Hostile("a.ofd", "ofd", "invoice whose total disagrees", _ofd(other, fields), HELD, (truth,), loose=True)


def no_tables() -> Iterator[Hostile]:
    """Login pages, empty files, pictures, documents: nothing of it may become a table."""
    for n, content in enumerate((b"", b"\r\n\r\n", b"\xef\xbb\xbf", "\ufeff".encode("utf-16-le"), b"\0" * 2048, b" \t \r\n")):
        yield Hostile("流向.xlsx", "nothing", f"empty file {n + 1}", content, HELD)
    field = '<input name="u"><input type="password" name="p">'
    form = f'<html><head><title>用户登录</title></head><body><form action="/login">{field}</form></body></html>'
    moved = '<html><head><script>top.location.href="/portal/login.jsp?timeout=1"</script></head></html>'
    expired = "<html><body><div>会话已超时，请重新登录</div></body></html>"
    boxes = "<tr><td>用户名</td><td><input></td></tr><tr><td>密码</td><td><input type=password></td></tr>"
    framed = f"<html><body><table>{boxes}</table>{'<br>' * 50}</body></html>"
    for name, page in (("form", form), ("redirect", moved), ("expired session", expired), ("form in a table", framed)):
        for encoding in ("utf-8", "gbk"):
            yield Hostile("流向.xls", "login page", f"{name}, {encoding}", page.encode(encoding), HELD)
    yield Hostile("流向.json", "login page", "as JSON", '{"success":false,"msg":"登录超时，请重新登录"}'.encode(), HELD)
    for status in ("404 Not Found", "502 Bad Gateway"):
        page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr>nginx</body></html>"
        yield Hostile("流向.csv", "no table", f"a page that says {status}", page.encode(), HELD)
    yield Hostile("流向.xlsx", "no table", "a picture", picture(), HELD)
    for name, part in (("docx", "word/document.xml"), ("pptx", "ppt/presentation.xml")):
        yield Hostile(f"流向.{name}", "no table", f"a {name}", office(part), HELD)
    yield Hostile("a.txt", "no table", "a letter", "您好：\r\n  附件请查收。\r\n\r\n此致\r\n敬礼\r\n".encode("gbk"), HELD)
    yield Hostile("a.exe", "no table", "a program", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(range(256)) * 8, HELD)
    yield Hostile("a.xls", "no table", "random bytes", Random(7).randbytes(3000), HELD)


def picture() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))

    head = struct.pack(">LLBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 72)) + chunk(b"IEND", b"")


def office(part: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        types = '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="x"/>'
        archive.writestr("[Content_Types].xml", f'<?xml version="1.0"?><Types>{types}</Types>')
        relations = '<Relationship Id="r1" Target="x"/><Relationship Id="r2" Target="y"/>'
        archive.writestr("_rels/.rels", f'<?xml version="1.0"?><Relationships>{relations}</Relationships>')
        archive.writestr(part, '<?xml version="1.0"?><w><p a="1">一</p><p a="2">二</p></w>')
    return buffer.getvalue()
