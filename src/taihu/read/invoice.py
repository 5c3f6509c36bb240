"""Electronic invoices (发票): the same fields from XML, from OFD and from the text of a page, in that order of trust.

An invoice is known by its code and number, not by its file: the PDF and the OFD of one invoice are one invoice. What it says
about itself is compared: amount and tax with the total, the total in capitals with the figures, the lines with the amount.
Signatures are not verified.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree import ElementTree

from taihu.core.types import StatedTotal
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
_LINE_ELEMENTS = ("GoodsInfo", "IssuItemInformation")
_CODED = {tag: name for name, tags in _FIELDS.items() for tag in tags}
_IDENTITY = ("发票代码", "发票号码")
_COMPARED = (*_IDENTITY, AMOUNT, TAX, TOTAL)
_MONEY = r"[-−]?\s*[¥￥]?\s*([-−]?[\d,]+\.\d{2})"
_IN_TEXT = (
    ("发票代码", re.compile(r"发票代码[::]?\s*(\d{10,12})(?!\d)")),
    ("发票号码", re.compile(r"发票号码[::]?\s*(\d{8}(?:\d{12})?)(?!\d)")),
    ("开票日期", re.compile(r"开票日期[::]?\s*(\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|\d{4}-\d{2}-\d{2})")),
    ("校验码", re.compile(r"校\s*验\s*码[::]?\s*([\d ]{20,24})")),
    (TOTAL, re.compile(r"\(?小写\)?[::]?\s*" + _MONEY)),
    (CAPITALS, re.compile(r"\(?大写\)?[::]?\s*[⊗ⓧ×\s]*(负?[零壹贰叁肆伍陆柒捌玖拾佰仟万亿圆元角分整正]{2,})")),
)
_SUMS = re.compile(r"合\s*计\s*" + _MONEY + r"\s+" + _MONEY)
_NAMES = re.compile(r"(?:^|\s)名\s*称[::]\s*(\S+)")
_TAX_IDS = re.compile(r"(?:纳税人识别号|统一社会信用代码/纳税人识别号)[::]?\s*([0-9A-Z]{15,20})(?![0-9A-Z])")


@dataclass(slots=True)
class Invoice:
    """Fields by their Chinese names, lines of goods, and how the parts of the file contradict each other."""

    fields: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, str]] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)

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
    for element in root.iter():
        if local(element) in _LINE_ELEMENTS:
            texts = {local(child): clean_text("".join(child.itertext())) for child in element}
            line = {name: text for name, tags in _LINES.items() if (text := next((texts[tag] for tag in tags if texts.get(tag)), None))}
            invoice.lines.append(line)
    return invoice


def fields_of_text(lines: Sequence[str]) -> dict[str, str]:
    """The fields that the text of a page shows, line by line from top to bottom; empty if it is no invoice."""
    text = unicodedata.normalize("NFKC", "\n".join(lines))
    found: dict[str, str] = {}
    for name, pattern in _IN_TEXT:
        match = pattern.search(text)
        if match:
            found[name] = "".join(match[1].split())
    if "发票号码" not in found or TOTAL not in found:
        return {}
    sums = _SUMS.search(text)
    if sums:
        found[AMOUNT], found[TAX] = (part.replace(" ", "").replace("−", "-") for part in sums.groups())
    for kind, pattern in (("名称", _NAMES), ("纳税人识别号", _TAX_IDS)):
        for party, value in zip(("购买方", "销售方"), pattern.findall(text), strict=False):
            found[party + kind] = value
    return found


def invoice_grids(invoices: Sequence[Invoice]) -> list[Grid]:
    """Invoices as a sheet of one row each (发票) and their lines of goods as another (发票明细), with the totals compared."""
    names = list(_FIELDS)
    heads: list[list[Cell]] = [list(names), *([invoice.fields.get(name) for name in names] for invoice in invoices)]
    stated = [total for row, invoice in enumerate(invoices, start=2) for total in _stated(invoice, f"发票!{row}")]
    grids = [Grid("发票", heads, range(1, len(heads) + 1), sheet="发票", stated=stated, header_at=0)]
    if any(invoice.lines for invoice in invoices):
        rows: list[list[Cell]] = [["发票代码", "发票号码", *_LINES]]
        for invoice in invoices:
            identity = [invoice.fields.get("发票代码"), invoice.fields.get("发票号码")]
            rows += [[*identity, *(line.get(name) for name in _LINES)] for line in invoice.lines]
        sums = [total for row, invoice in enumerate(invoices, start=2) if invoice.lines for total in _sums(invoice, f"发票!{row}")]
        grids.append(Grid("发票明细", rows, range(1, len(rows) + 1), sheet="发票明细", stated=sums, header_at=0))
    return grids


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
    try:
        return parse_amount(text)
    except ValueRefused:
        return None


def _sums(invoice: Invoice, position: str) -> Iterator[StatedTotal]:
    for stated, column in ((AMOUNT, "金额"), (TAX, "税额")):
        value = number(invoice.fields.get(stated))
        cells = [number(line.get(column)) for line in invoice.lines]
        if value is not None and all(cell is not None for cell in cells):
            total = settled(sum((cell for cell in cells if cell is not None), Decimal(0)))
            yield StatedTotal(stated, column, settled(value), total, position)
