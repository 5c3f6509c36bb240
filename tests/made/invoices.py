"""Invoices of one truth in all the forms in which they are sent: the tax authority's XML, OFD, and PDF as it is printed."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from tests.made.pdfs import Canvas, width_of, written_pdf

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_ITEMS = ("*软饮料*半糖气泡水500ml", "*软饮料*柠檬茶", "*现代服务*市场推广服务费二〇二六年九月华东区", "*纸制品*瓦楞纸箱")


def capitals(amount: Decimal) -> str:
    """An amount as cheques write it."""
    cents = int(abs(amount) * 100)
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text, zero = "", False
    for place, digit in zip(range(len(str(whole)) - 1, -1, -1), map(int, str(whole)), strict=True):
        if digit:
            text += ("零" if zero else "") + _DIGITS[digit] + ("", "拾", "佰", "仟")[place % 4]
            zero = False
        else:
            zero = bool(text)
        if place == 4 and whole >= 10_000:
            text, zero = text + "万", False
    text = (text or "零") + "圆"
    if not jiao and not fen:
        text += "整"
    elif not fen:
        text += _DIGITS[jiao] + "角整"
    else:
        text += (_DIGITS[jiao] + "角" if jiao else "零") + _DIGITS[fen] + "分"
    return ("(负数)" if amount < 0 else "") + text


@dataclass(slots=True)
class Bill:
    """An invoice: digital ones have a number of twenty digits and no code."""

    number: str
    code: str = ""
    lines: list[tuple[str, str, str, Decimal, Decimal, Decimal, Decimal]] = field(default_factory=list)
    remark: str = ""

    @property
    def amount(self) -> Decimal:
        return sum((line[5] for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line[6] for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.amount + self.tax

    @property
    def goods(self) -> list[list[str]]:
        """Item, specification, unit, quantity, price, amount, rate, tax as they are printed; a discount has neither unit nor price."""
        return [[a, b, c, f"{q}" if q else "", f"{p}" if q else "", f"{m:.2f}", "13%", f"{t:.2f}"] for a, b, c, q, p, m, t in self.lines]


def bill(rng: random.Random, *, digital: bool = True, count: int = 3, red: str = "", discount: bool = False) -> Bill:
    """An invoice; ``red`` is the number of the one that it takes back."""
    made = Bill("".join(str(rng.randint(1, 9)) for _ in range(20 if digital else 8)), "" if digital else "011002680026")
    for _ in range(count):
        quantity, price = Decimal(rng.randint(1, 400)), Decimal(rng.randint(100, 90_000)) / 100
        amount = (-quantity if red else quantity) * price
        tax = (amount * Decimal("0.13")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        made.lines.append(
            (rng.choice(_ITEMS), rng.choice(["", "500ml*24"]), rng.choice(["箱", "瓶"]), -quantity if red else quantity, price, amount, tax)
        )
    if discount:
        name, *_, amount, _ = made.lines[-1]
        less = -(abs(amount) / 10).quantize(Decimal("0.01"), ROUND_HALF_UP)
        made.lines.append((name, "", "", Decimal(0), Decimal(0), less, (less * Decimal("0.13")).quantize(Decimal("0.01"), ROUND_HALF_UP)))
    made.remark = f"被红冲蓝字数电发票号码：{red}" if red else ""
    return made


def as_xml(bill: Bill) -> bytes:
    """The data of a fully digital invoice."""
    lines = "".join(
        f"<IssuItemInformation><ItemName>{a}</ItemName><SpecMod>{b}</SpecMod><MeaUnits>{c}</MeaUnits><Quantity>{q}</Quantity><UnPrice>{p}</UnPrice>"
        f"<Amount>{m}</Amount><TaxRate>{r}</TaxRate><ComTaxAm>{t}</ComTaxAm></IssuItemInformation>"
        for a, b, c, q, p, m, r, t in bill.goods
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><EInvoice><Header><EIid>{bill.number}</EIid></Header><EInvoiceData>'
        "<SellerInformation><SellerIdNum>914403001922038216</SellerIdNum><SellerName>深圳测试有限公司</SellerName></SellerInformation>"
        "<BuyerInformation><BuyerIdNum>91110108339805094M</BuyerIdNum><BuyerName>北京测试有限公司</BuyerName></BuyerInformation>"
        f"<BasicInformation><TotalAmWithoutTax>{bill.amount:.2f}</TotalAmWithoutTax><TotalTaxAm>{bill.tax:.2f}</TotalTaxAm>"
        f"<TotalTax-includedAmount>{bill.total:.2f}</TotalTax-includedAmount>"
        f"<TotalTax-includedAmountInChinese>{capitals(bill.total)}</TotalTax-includedAmountInChinese></BasicInformation>"
        f"{lines}<AdditionalInformation><Remark>{bill.remark}</Remark></AdditionalInformation></EInvoiceData>"
        f"<TaxSupervisionInfo><InvoiceNumber>{bill.number}</InvoiceNumber><IssueTime>2026-09-12</IssueTime></TaxSupervisionInfo></EInvoice>"
    )
    return text.encode()


_TITLES = ("项目名称", "规格型号", "单 位", "数 量", "单 价", "金 额", "税率/征收率", "税 额")
_LEFTS = (30, 150, 222, 262, 318, 385, 452, 520)
_RIGHTS = (0, 0, 0, 300, 362, 436, 0, 574)


def _broken(text: str, width: float) -> list[str]:
    lines = [""]
    for char in text:
        if width_of(lines[-1] + char, 8) > width:
            lines.append("")
        lines[-1] += char
    return lines


def _shown(bill: Bill) -> list[tuple[float, float, str]]:
    """Left edge, baseline and text of everything on the page."""
    out: list[tuple[float, float, str]] = [(200, 40, "电子发票（增值税专用发票）" if not bill.code else "增值税电子普通发票")]
    if bill.code:
        out.append((420, 34, f"发票代码：{bill.code}"))
    out += [(420, 46, f"发票号码：{bill.number}"), (420, 58, "开票日期：2026年09月12日")]
    out += [(30, 90, "名称：北京测试有限公司"), (310, 90, "名称：深圳测试有限公司")]
    out += [(30, 108, "统一社会信用代码/纳税人识别号：91110108339805094M"), (310, 108, "统一社会信用代码/纳税人识别号：914403001922038216")]
    out += [(left, 134, title) for left, title in zip(_LEFTS, _TITLES, strict=True)]
    y = 150.0
    for line in bill.goods:
        pieces = _broken(line[0], 112)
        out += [(30, y + 10 * n, piece) for n, piece in enumerate(pieces)]
        for left, right, text in zip(_LEFTS[1:], _RIGHTS[1:], line[1:], strict=True):
            if text:
                out.append((right - width_of(text, 8) if right else left, y, text))
        y += 10 * (len(pieces) - 1) + 16
    y += 6
    sign = "-" if bill.total < 0 else ""
    out += [(60, y, "合"), (90, y, "计"), (380, y, f"{sign}¥{abs(bill.amount):.2f}"), (524, y, f"{sign}¥{abs(bill.tax):.2f}")]
    out += [(30, y + 22, "价税合计（大写）"), (150, y + 22, capitals(bill.total)), (400, y + 22, f"（小写）{sign}¥{abs(bill.total):.2f}")]
    return [*out, (30, y + 50, bill.remark), (40, y + 90, "开票人：王一")]


def as_page(bill: Bill) -> Canvas:
    """The page as it is printed, with the box around it."""
    page = Canvas(595, 397)
    for left, top, text in _shown(bill):
        if text:
            page.text(left, top, text, size=8)
    page.box(24, 78, 580, 380)
    page.line(24, 120, 580, 120)
    return page


def as_pdf(*bills: Bill) -> bytes:
    return written_pdf([as_page(each) for each in bills])


def as_ofd(bill: Bill, *, data: bool = True) -> bytes:
    """The page as OFD in millimetres; ``data`` attaches the XML."""
    point = 25.4 / 72
    texts = ""
    for left, top, text in _shown(bill):
        box = " ".join(f"{at * point:.2f}" for at in (left, top - 8, width_of(text, 8), 10))
        code = f'<ofd:TextCode X="0" Y="{8 * point:.2f}">{text}</ofd:TextCode>'
        texts += f'<ofd:TextObject Boundary="{box}" Size="{8 * point:.2f}">{code}</ofd:TextObject>' if text else ""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    parts = {
        "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/P.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/Pages/P.xml": f"<ofd:Page {space}><ofd:Content><ofd:Layer>{texts}</ofd:Layer></ofd:Content></ofd:Page>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        if data:
            archive.writestr("Doc_0/Attachs/original_invoice.xml", as_xml(bill))
    return out.getvalue()
