"""From drafts to the bytes that a sender's system, Excel and zip program would have made.

Equal drafts give equal bytes: fixed timestamps and, for encrypted archives, a salt derived from the content.
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taihu.core.ids import derived_id, sha256_of
from taihu.demo.drafts import Draft, Row
from taihu.demo.facts import Rate

ZIP_PASSWORDS = {"sell_out_huanan": "Huanan#2026", "tmall_orders": "Tmall#A2026"}
_OTHER_PASSWORD = "Huanan#2025"  # noqa: S105 - last year's, by mistake
LOGIN_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>供应商平台 登录</title></head><body>
<form action="/login" method="post"><h1>您的会话已过期，请重新登录</h1>
<input type="hidden" name="token" value="{token}"><input id="user" name="user">
<input id="password" name="password" type="password">
<button>登录</button></form></body></html>"""
_CURRENCY_NAMES = {"HKD": "港元", "USD": "美元", "EUR": "欧元"}
_WRITTEN_AT = dt.datetime(2026, 9, 1, 8, 0, 0)
_ZIP_TIME = (2026, 9, 1, 8, 0, 0)


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file: its bytes and the physical row of each of the draft's rows."""

    content: bytes
    positions: tuple[int, ...]


def write(draft: Draft) -> Written:
    """Write a draft in its sender's style, and let its damage happen."""
    kind = draft.style.kind
    if draft.style.make is not None:
        written = Written(draft.style.make(draft), ())
    else:
        written = {"xlsx": _xlsx, "xlsx2": _xlsx, "csv": _csv, "html": _html}[kind](draft)
    content = written.content
    if draft.name.endswith(".zip") and draft.style.make is None:
        content = _zip(draft, content, "csv" if kind == "csv" else "xlsx")
    if draft.damage == "login_page":
        content = LOGIN_PAGE.replace("{token}", derived_id("login page", draft.name)).encode()
    elif draft.damage == "empty":
        content = b""
    elif draft.damage == "truncated":
        content = content[: len(content) * 3 // 5]
    return Written(content, written.positions)


def garble(text: str) -> str:
    """UTF-8 bytes that somebody read as GBK and saved again."""
    return text.encode("utf-8").decode("gb18030", errors="replace")


def _value(draft: Draft, name: str, row: Row) -> Any:
    """A cell's value: a text given by a fault, else the field in the sender's form."""
    value = row.get(name)
    form = draft.style.date_form
    if isinstance(value, dt.date) and form != "cell":
        return f"{value:{form}}" if "%-" not in form else _unpadded(value, form)
    if draft.garbled and name in ("customer", "buyer", "name", "address", "status", "province") and isinstance(value, str):
        return garble(value)
    return value


def _unpadded(day: dt.date, form: str) -> str:
    return form.replace("%Y", str(day.year)).replace("%-m", str(day.month)).replace("%-d", str(day.day))


def _totals(draft: Draft, rows: list[Row], label: str) -> dict[str, Any]:
    """A total row: its label in the first column and the sums."""
    sums: dict[str, Any] = {
        name: sum((row[name] for row in rows if isinstance(row[name], int | Decimal)), Decimal(0)) for name in draft.style.sums
    }
    return {draft.columns[0]: label, **sums}


def _body(draft: Draft) -> list[tuple[int | None, dict[str, Any]]]:
    """The written rows in order: (index of the draft's row, cells); None for 小计 rows."""
    body: list[tuple[int | None, dict[str, Any]]] = []
    since: list[Row] = []
    for index, row in enumerate(draft.rows):
        body.append((index, {name: _value(draft, name, row) for name in draft.columns}))
        since.append(row)
        if index in draft.subtotal_after:
            body.append((None, _totals(draft, since, "小计")))
            since = []
    return body


def _xlsx(draft: Draft) -> Written:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"created": _WRITTEN_AT})
    two_rows = draft.style.kind == "xlsx2"
    sheet = book.add_worksheet(draft.style.sheet.format(draft.days[0]))
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
    above = draft.style.above(draft)
    for row, text in enumerate(above):
        _xlsx_row(sheet, row, [text], bold if row == 0 else None)
    top = len(above)
    if two_rows:
        _two_row_header(draft, sheet, bold, top)
        top += 1
    else:
        for column, name in enumerate(draft.columns):
            sheet.write_string(top, column, draft.header(name), bold)
    at, positions = top + 1, []
    for index, cells in _body(draft):
        _xlsx_row(sheet, at, [cells.get(name) for name in draft.columns])
        if index is not None:
            positions.append(at + 1)
        at += 1
    if draft.has_totals:
        if draft.style.sums:
            cells = _totals(draft, draft.stated_rows, draft.style.total_label)
            _xlsx_row(sheet, at, [cells.get(name) for name in draft.columns])
            at += 1
        for row, text in enumerate(draft.style.below(draft)):
            _xlsx_row(sheet, at + row, [text])
    if draft.style.name == "standard":
        book.add_worksheet("说明").write_string(0, 0, "如有疑问请联系经销商业务部")
    book.close()
    return Written(buffer.getvalue(), tuple(positions))


def _two_row_header(draft: Draft, sheet: Any, bold: Any, top: int) -> None:
    """Headers such as 销售/数量 as two rows; the upper one merged over its columns."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(draft.columns):
        upper, _, lower = draft.header(name).partition("/")
        if lower:
            sheet.write_string(top + 1, column, lower, bold)
            groups.setdefault(upper, []).append(column)
        else:
            sheet.merge_range(top, column, top + 1, column, upper, bold)
    for upper, columns in groups.items():
        if len(columns) == columns[-1] - columns[0] + 1 and len(columns) > 1:
            sheet.merge_range(top, columns[0], top, columns[-1], upper, bold)
        else:
            for column in columns:
                sheet.write_string(top, column, upper, bold)


def _xlsx_row(sheet: Any, at: int, values: list[Any], form: Any = None) -> None:
    for column, value in enumerate(values):
        if value is None or value == "":
            continue
        if isinstance(value, Decimal):
            sheet.write_number(at, column, float(value))
        elif isinstance(value, int):
            sheet.write_number(at, column, value)
        elif value == "#N/A":
            sheet.write_formula(at, column, "=NA()", None, value)
        elif isinstance(value, dt.date):
            sheet.write_datetime(at, column, dt.datetime.combine(value, dt.time()))
        else:
            sheet.write_string(at, column, str(value), form)


def _csv(draft: Draft) -> Written:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    for text in draft.style.above(draft):
        buffer.write(f"{text}\r\n")
    writer.writerow([draft.header(name) for name in draft.columns])
    positions = []
    line = buffer.getvalue().count("\n")
    for index, cells in _body(draft):
        line += 1
        writer.writerow([_csv_text(draft, name, cells.get(name)) for name in draft.columns])
        if index is not None:
            positions.append(line)
    for text in draft.style.below(draft) if draft.has_totals else ():
        buffer.write(f"{text}\r\n")
    text = buffer.getvalue()
    if draft.garbled == "file":
        text = garble(text)
    return Written(text.encode(draft.style.encoding), tuple(positions))


def _csv_text(draft: Draft, name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal) and name in draft.style.thousands:
        return f"{value:,}"
    return str(value)


def _html(draft: Draft) -> Written:
    parts = [
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>',
        '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>',
        "<table border=1>",
        f'<tr><td colspan="{len(draft.columns)}"><b>{html.escape(draft.title)}</b></td></tr>',
        "<tr>" + "".join(f"<th>{html.escape(draft.header(name))}</th>" for name in draft.columns) + "</tr>",
    ]
    line, positions = 2, []
    for index, cells in _body(draft):
        line += 1
        parts.append(_html_row([cells.get(name) for name in draft.columns]))
        if index is not None:
            positions.append(line)
    if draft.has_totals:
        cells = _totals(draft, draft.stated_rows, draft.style.total_label)
        parts.append(_html_row([cells.get(name) for name in draft.columns]))
    parts.append("</table></body></html>")
    return Written("\n".join(parts).encode("gb18030"), tuple(positions))


def _html_row(values: list[Any]) -> str:
    cells = []
    for value in values:
        text = "" if value is None else f"{value:,}" if isinstance(value, Decimal) else str(value)
        cells.append(f"<td>{html.escape(text)}</td>")
    return "<tr>" + "".join(cells) + "</tr>"


class _GbkZipInfo(zipfile.ZipInfo):
    """A member named in GBK without the UTF-8 flag, as Chinese zip programs do."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits


def _zip(draft: Draft, content: bytes, suffix: str) -> bytes:
    member = draft.name.removesuffix(".zip") + "." + suffix
    password = ZIP_PASSWORDS.get(draft.source)
    if password:
        password = _OTHER_PASSWORD if draft.damage == "other_password" else password
        return _encrypted_zip(f"{draft.days[-1]:%Y%m%d}.{suffix}", content, password)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = _GbkZipInfo(member, _ZIP_TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return buffer.getvalue()


def _encrypted_zip(member: str, content: bytes, password: str) -> bytes:
    """An AES-256 zip whose salt comes from its content, so that a seed gives the same bytes twice."""
    import pyzipper
    from pyzipper.zipfile_aes import AES, HMAC, PBKDF2, AESZipEncrypter, Counter, SHA1Hash

    class Salted(AESZipEncrypter):  # type: ignore[misc]
        def __init__(self, pwd: bytes, nbits: int = 256, **rest: Any) -> None:
            super().__init__(pwd, nbits, **rest)
            self.salt = bytes.fromhex(sha256_of(content))[: self.salt_length]
            keys = PBKDF2(pwd, self.salt, count=1000, dkLen=66)
            self.encrypter = AES.new(keys[:32], AES.MODE_CTR, counter=Counter.new(nbits=128, little_endian=True))
            self.hmac = HMAC.new(keys[32:64], digestmod=SHA1Hash())
            self.encpwdverify = keys[64:]

    class Archive(pyzipper.AESZipFile):  # type: ignore[misc]
        def get_encrypter(self) -> Any:
            return Salted(self.pwd, nbits=256)

    buffer = io.BytesIO()
    with Archive(buffer, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        archive.writestr(pyzipper.zipfile_aes.AESZipInfo(member, _ZIP_TIME), content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def table_xlsx(headers: list[str], rows: list[list[Any]], *, title: str = "", second_header: list[str] | None = None) -> bytes:
    """A hand-kept reference table: optional title line, one or two header rows, values."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"created": _WRITTEN_AT})
    sheet = book.add_worksheet("Sheet1")
    at = 0
    if title:
        sheet.write_string(0, 0, title)
        at = 1
    for line in (headers, second_header):
        if line is not None:
            _xlsx_row(sheet, at, list(line))
            at += 1
    for row in rows:
        _xlsx_row(sheet, at, row)
        at += 1
    book.close()
    return buffer.getvalue()


def rates_page(known: Sequence[Rate]) -> tuple[str, dt.date]:
    """The bank's page with the last 40 publication days, newest first, and the last of them.

    A day's rate appears at 09:15; who looks at 08:30 sees yesterday's.
    """
    shown = sorted({rate.day for rate in known})[-40:]
    rows = "".join(
        f"<tr><td>{rate.day}</td><td>{_CURRENCY_NAMES[rate.currency]}</td><td>{rate.currency}</td><td>{rate.mid}</td></tr>\n"
        for rate in sorted(known, key=lambda rate: (rate.day, rate.currency), reverse=True)
        if rate.day in shown
    )
    page = (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>汇率</title></head><body>'
        "<h1>人民币汇率中间价</h1><p>每100外币折合人民币</p>"
        f"<table><tr><th>日期</th><th>货币名称</th><th>货币代码</th><th>中间价</th></tr>\n{rows}</table></body></html>"
    )
    return page, shown[-1]
