"""Fully digital invoices (数电票) in the three forms in which the tax platform gives them out: XML, OFD and PDF.

Fields and elements are those of the tax authority's published form; the OFD carries the XML as an attachment, the PDF only shows
the page. Check characters and amounts in capitals are computed here by their standards (GB 32100-2015, GB 11714), not by the code
that will read them.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

from taihu.demo.senders.pages import Page, pdf, width_of

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_MEMBER_TIME = (2026, 9, 1, 8, 0, 0)
DRAWER = "沈望舒"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of goods; a price reduction has neither quantity nor unit price."""

    item: str
    specification: str
    unit: str
    quantity: int | None
    net: Decimal
    rate: Decimal
    tax: Decimal

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        price = f"{(self.net / self.quantity):.6f}" if self.quantity else ""
        quantity = f"{self.quantity}" if self.quantity else ""
        unit = self.unit if self.quantity else ""
        return (self.item, self.specification, unit, quantity, price, f"{self.net}", f"{self.rate:.0%}", f"{self.tax}")


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice; ``takes_back`` is the number of the one that a credit note (红字) is about."""

    number: str
    issued_on: dt.date
    buyer: str
    buyer_uscc: str
    seller: str
    seller_uscc: str
    lines: tuple[Line, ...]
    week: str
    takes_back: str = ""
    drawer: str = DRAWER

    @property
    def net(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), Decimal(0))

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax

    @property
    def remark(self) -> str:
        """What stands under the goods; it ends with the days of the deliveries."""
        red = f"被红冲蓝字数电发票号码：{self.takes_back} " if self.takes_back else ""
        return f"{red}发货期间：{self.week}"


def uscc(authority: str, region: str, organisation: str) -> str:
    """A unified social credit code with both check characters: authority and kind, six digits of region, eight digits of its own."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    inner = 11 - sum(int(digit) * weight for digit, weight in zip(organisation, weights, strict=True)) % 11
    first17 = authority + region + organisation + {10: "X", 11: "0"}.get(inner, str(inner))
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return first17 + _ALPHABET[-total % 31]


def capitals(amount: Decimal) -> str:
    """An amount below a hundred million in capitals, as cheques and invoices write it."""
    cents = int(abs(amount) * 100)
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    upper, lower = divmod(yuan, 10_000)
    text = (_group(upper) + "万" if upper else "") + ("零" if upper and 0 < lower < 1000 else "") + _group(lower)
    text = (text or "零") + "圆"
    if not jiao and not fen:
        text += "整"
    elif not fen:
        text += _CAPITALS[jiao] + "角整"
    else:
        text += (_CAPITALS[jiao] + "角" if jiao else "零") + _CAPITALS[fen] + "分"
    return ("（负数）" if amount < 0 else "") + text


def _group(value: int) -> str:
    """Up to four digits; zeros between digits are said once, those at the end not at all."""
    text = ""
    for place, digit in enumerate(f"{value:04d}"):
        if digit != "0":
            text += ("零" if text and f"{value:04d}"[place - 1] == "0" else "") + _CAPITALS[int(digit)] + ("仟", "佰", "拾", "")[place]
    return text


def as_xml(invoice: Invoice) -> bytes:
    """The data of the invoice."""
    names = ("ItemName", "SpecMod", "MeaUnits", "Quantity", "UnPrice", "Amount", "TaxRate", "ComTaxAm")
    goods = "".join(
        "<IssuItemInformation>" + _elements(dict(zip(names, line.cells, strict=True))) + "</IssuItemInformation>" for line in invoice.lines
    )
    sums = {
        "TotalAmWithoutTax": f"{invoice.net}",
        "TotalTaxAm": f"{invoice.tax}",
        "TotalTax-includedAmount": f"{invoice.gross}",
        "TotalTax-includedAmountInChinese": capitals(invoice.gross),
    }
    seller = {"SellerIdNum": invoice.seller_uscc, "SellerName": invoice.seller}
    buyer = {"BuyerIdNum": invoice.buyer_uscc, "BuyerName": invoice.buyer}
    issued = {"InvoiceNumber": invoice.number, "IssueTime": f"{invoice.issued_on}"}
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<EInvoice><Header>{_elements({'EIid': invoice.number})}</Header><EInvoiceData>"
        f"<SellerInformation>{_elements(seller)}</SellerInformation><BuyerInformation>{_elements(buyer)}</BuyerInformation>"
        f"<BasicInformation>{_elements({**sums, 'Drawer': invoice.drawer})}</BasicInformation>{goods}"
        f"<AdditionalInformation>{_elements({'Remark': invoice.remark})}</AdditionalInformation></EInvoiceData>"
        f"<TaxSupervisionInfo>{_elements(issued)}</TaxSupervisionInfo></EInvoice>"
    ).encode()


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


_TITLES = ("项目名称", "规格型号", "单 位", "数 量", "单 价", "金 额", "税率/征收率", "税 额")
_LEFTS = (30, 170, 232, 262, 306, 376, 452, 530)
_RIGHTS = (0, 0, 0, 296, 366, 436, 0, 590)


def as_pdf(invoice: Invoice) -> bytes:
    """The printed page, as high as its goods need."""
    page = Page(612, 290 + 14 * len(invoice.lines))
    for left, top, text in _shown(invoice):
        page.text(left, top, text)
    page.line(24, 78, 600, 78)
    page.line(24, 120, 600, 120)
    return pdf([page])


def _shown(invoice: Invoice) -> list[tuple[float, float, str]]:
    """Left edge, baseline and text of all that stands on the page."""
    day = invoice.issued_on
    shown: list[tuple[float, float, str]] = [
        (210, 40, "电子发票（增值税专用发票）"),
        (410, 40, f"发票号码：{invoice.number}"),
        (410, 54, f"开票日期：{day.year}年{day.month:02d}月{day.day:02d}日"),
        (30, 90, f"名称：{invoice.buyer}"),
        (310, 90, f"名称：{invoice.seller}"),
        (30, 108, f"统一社会信用代码/纳税人识别号：{invoice.buyer_uscc}"),
        (310, 108, f"统一社会信用代码/纳税人识别号：{invoice.seller_uscc}"),
    ]
    shown += [(left, 134, title) for left, title in zip(_LEFTS, _TITLES, strict=True)]
    top = 150.0
    for line in invoice.lines:
        cells = zip(_LEFTS, _RIGHTS, line.cells, strict=True)
        shown += [(right - width_of(text, 8) if right else left, top, text) for left, right, text in cells if text]
        top += 14
    sign = "-" if invoice.gross < 0 else ""
    return [
        *shown,
        (60, top + 8, "合"),
        (90, top + 8, "计"),
        (376, top + 8, f"{sign}¥{abs(invoice.net)}"),
        (530, top + 8, f"{sign}¥{abs(invoice.tax)}"),
        (30, top + 30, "价税合计（大写）"),
        (150, top + 30, capitals(invoice.gross)),
        (410, top + 30, f"（小写）{sign}¥{abs(invoice.gross)}"),
        (30, top + 56, f"备注：{invoice.remark}"),
        (40, top + 90, f"开票人：{invoice.drawer}"),
    ]


def as_ofd(invoice: Invoice) -> bytes:
    """The OFD container: its page, and the data beside it."""
    point = 25.4 / 72
    texts = ""
    for left, top, text in _shown(invoice):
        box = " ".join(f"{at * point:.2f}" for at in (left, top - 8, width_of(text, 8), 10))
        code = f'<ofd:TextCode X="0" Y="{8 * point:.2f}">{escape(text)}</ofd:TextCode>'
        texts += f'<ofd:TextObject Boundary="{box}" Size="{8 * point:.2f}">{code}</ofd:TextObject>'
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    parts = {
        "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/Pages/Page_0.xml": f"<ofd:Page {space}><ofd:Content><ofd:Layer>{texts}</ofd:Layer></ofd:Content></ofd:Page>",
    }
    files = {name: text.encode() for name, text in parts.items()} | {"Doc_0/Attachs/original_invoice.xml": as_xml(invoice)}
    return zipped(list(files.items()))


def zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive whose bytes depend on nothing but its members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, _MEMBER_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()
