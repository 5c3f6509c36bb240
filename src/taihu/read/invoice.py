"""Electronic invoices (发票): the same fields from XML, from OFD and from the text of a page, in that order of trust.

An invoice is known by its code and number, not by its file: the PDF and the OFD of one invoice are one invoice. What it says
about itself is compared: amount and tax with the total, the total in capitals with the figures, the lines with the amount.
Signatures are not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree import ElementTree

from taihu.core.types import Note, StatedTotal
from taihu.read.grid import Cell, Grid, clean_text
from taihu.read.totals import number, settled
from taihu.read.xml import local

AMOUNT, TAX, TOTAL, CAPITALS = "合计金额", "合计税额", "价税合计", "价税合计大写"
_FIELDS: dict[str, tuple[str, ...]] = {
    "发票代码": ("InvoiceCode",),
    "发票号码": ("InvoiceNo", "InvoiceNumber", "EIid"),
    "开票日期": ("IssueDate", "IssueTime", "RequestTime"),
    "校验码": ("InvoiceCheckCode",),
    "购买方名称": ("BuyerName",),
    "购买方纳税人识别号": ("BuyerTaxID", "BuyerIdNum"),
    "销售方名称": ("SellerName",),
    "销售方纳税人识别号": ("SellerTaxID", "SellerIdNum"),
    AMOUNT: ("TaxExclusiveTotalAmount", "TotalAmWithoutTax"),
    TAX: ("TaxTotalAmount", "TotalTaxAm"),
    TOTAL: ("TaxInclusiveTotalAmount", "TotalTax-includedAmount"),
    CAPITALS: ("TaxInclusiveTotalAmountWithWords", "TotalTax-includedAmountInChinese"),
    "开票人": ("InvoiceClerk", "Drawer"),
    "收款人": ("Payee",),
    "复核人": ("Checker",),
    "备注": ("Note", "Remark"),
    "原发票代码": ("OriginalInvoiceCode",),
    "原发票号码": ("OriginalInvoiceNo", "OriginalInvoiceNumber"),
}
_LINES: dict[str, tuple[str, ...]] = {
    "项目名称": ("Item", "ItemName"),
    "规格型号": ("Specification", "SpecMod"),
    "单位": ("MeasurementDimension", "MeaUnits"),
    "数量": ("Quantity",),
    "单价": ("Price", "UnPrice"),
    "金额": ("Amount",),
    "税率": ("TaxScheme", "TaxRate"),
    "税额": ("TaxAmount", "ComTaxAm"),
}
# The titles over the goods on a page.
LINES: dict[str, tuple[str, ...]] = {name: (name,) for name in _LINES} | {
    "项目名称": ("项目名称", "货物或应税劳务、服务名称", "货物或应税劳务名称"),
    "税率": ("税率", "税率/征收率"),
}
IDENTITY = "发票标识"
_LINE_ELEMENTS = ("GoodsInfo", "IssuItemInformation")
_NEGATIVE = re.compile(r"\s*[(（]?负数?[)）]?\s*")
_CODED = {tag: name for name, tags in _FIELDS.items() for tag in tags}
_IDENTITY = ("发票代码", "发票号码")
_COMPARED = (*_IDENTITY, AMOUNT, TAX, TOTAL)


@dataclass(slots=True)
class Invoice:
    """Fields by their Chinese names, lines of goods, and how the parts of the file contradict each other."""

    fields: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, str]] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    unread_goods: bool = False

    @property
    def identity(self) -> str:
        """Code and number together; fully digital invoices have no code."""
        return self.fields.get("发票代码", "") + self.fields.get("发票号码", "")

    @property
    def is_red(self) -> bool:
        """Whether it takes an earlier invoice back (红字发票)."""
        total = number(self.fields.get(TOTAL))
        return total is not None and total < 0

    @property
    def is_whole(self) -> bool:
        """Whether its lines add up to its amount."""
        return bool(self.lines) and all(total.agrees for total in _sums(self, ""))

    @property
    def is_identified(self) -> bool:
        return "发票号码" in self.fields

    def add(self, fields: Mapping[str, str], where: str) -> None:
        """Fill in what is missing from a place that is trusted less, and note where it contradicts.

        Args:
            fields: What that place says.
            where: Its name.
        """
        for name, text in fields.items():
            known = self.fields.setdefault(name, text)
            if name in _COMPARED and (number(known), known)[number(known) is None] != (number(text), text)[number(text) is None]:
                self.contradictions.append(f"{name} ({where})")


def invoice_of_xml(root: ElementTree.Element) -> Invoice | None:
    """The invoice of an XML document (the tax authority's of 2019, or a fully digital one); None if it is none."""
    invoice = Invoice()
    inside = {id(child) for element in root.iter() if local(element) in _LINE_ELEMENTS for child in element.iter()}
    for element in root.iter():
        text = clean_text("".join(element.itertext())) if not len(element) else None
        name = _CODED.get(local(element))
        if name and text and id(element) not in inside:
            invoice.fields.setdefault(name, text)
    if not invoice.is_identified or TOTAL not in invoice.fields:
        return None
    if "原发票号码" not in invoice.fields and (remark := invoice.fields.get("备注")):
        from taihu.read.invoice_page import blue_of

        invoice.fields |= blue_of(remark)
    for element in root.iter():
        if local(element) in _LINE_ELEMENTS:
            texts = {local(child): clean_text("".join(child.itertext())) for child in element}
            line = {name: text for name, tags in _LINES.items() if (text := next((texts[tag] for tag in tags if texts.get(tag)), None))}
            invoice.lines.append(line)
    return invoice


def invoice_grids(invoices: Sequence[Invoice]) -> list[Grid]:
    """Invoices as a sheet of one row each (发票) and their lines of goods as another (发票明细), with the totals compared."""
    names = list(_FIELDS)
    heads: list[list[Cell]] = [[IDENTITY, *names]]
    heads += [[invoice.identity, *(invoice.fields.get(name) for name in names)] for invoice in invoices]
    places = [f"发票!{row}" for row in range(2, len(heads) + 1)]
    stated = [total for place, invoice in zip(places, invoices, strict=True) for total in _stated(invoice, place)]
    notes = [note for place, invoice in zip(places, invoices, strict=True) for note in _notes(invoice, place)]
    grids = [Grid("发票", heads, range(1, len(heads) + 1), sheet="发票", stated=stated, header_at=0, notes=notes)]
    if any(invoice.lines for invoice in invoices):
        rows: list[list[Cell]] = [[IDENTITY, "发票代码", "发票号码", "行号", *_LINES]]
        for invoice in invoices:
            who: list[Cell] = [invoice.identity, invoice.fields.get("发票代码"), invoice.fields.get("发票号码")]
            rows += [[*who, str(n), *(line.get(name) for name in _LINES)] for n, line in enumerate(invoice.lines, start=1)]
        sums = [total for place, invoice in zip(places, invoices, strict=True) if invoice.lines for total in _sums(invoice, place)]
        grids.append(Grid("发票明细", rows, range(1, len(rows) + 1), sheet="发票明细", stated=sums, header_at=0))
    return grids


def _notes(invoice: Invoice, place: str) -> Iterator[Note]:
    if invoice.is_red:
        blue = invoice.fields.get("原发票代码", "") + invoice.fields.get("原发票号码", "")
        yield Note("red_letter", place, TOTAL, f"takes back {blue}" if blue else "names no invoice that it takes back")
    if invoice.unread_goods:
        yield Note("cells_unclear", place, detail="the lines of goods were not read")


def _stated(invoice: Invoice, position: str) -> Iterator[StatedTotal]:
    amount, tax, total = (number(invoice.fields.get(name)) for name in (AMOUNT, TAX, TOTAL))
    if total is not None:
        computed = settled(amount + tax) if amount is not None and tax is not None else None
        yield StatedTotal("价税合计=金额+税额", TOTAL, settled(total), computed, position)
        capitals = _capitals(invoice.fields.get(CAPITALS))
        if capitals is not None:
            yield StatedTotal("价税合计(大写)", TOTAL, settled(capitals), settled(total), position)


def _capitals(text: str | None) -> Decimal | None:
    from taihu.china.money import parse_amount
    from taihu.china.refused import ValueRefused

    if not text:
        return None
    negative = _NEGATIVE.match(text)
    try:
        amount = parse_amount(text[negative.end() :] if negative else text)
        return -amount if negative else amount
    except ValueRefused:
        return None


def _sums(invoice: Invoice, position: str) -> Iterator[StatedTotal]:
    for stated, column in ((AMOUNT, "金额"), (TAX, "税额")):
        value = number(invoice.fields.get(stated))
        cells = [number(line.get(column)) for line in invoice.lines]
        if value is not None and all(cell is not None for cell in cells):
            total = settled(sum((cell for cell in cells if cell is not None), Decimal(0)))
            yield StatedTotal(stated, column, settled(value), total, position)
