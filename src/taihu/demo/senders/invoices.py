"""The invoices (发票) that the Chinese company issues: one for each distributor and week of deliveries, mailed as an archive a week.

Most are XML, some come as OFD or as PDF alone, and one as PDF beside its XML, which must count once. Where the ERP took down a
price later, a credit note (红字) takes back the difference; one invoice had a mistake, is taken back whole and issued again. What
the invoices of a distributor's week add up to is what was delivered to it, tax included. They are paid a week or two later.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from taihu.demo.company import Distributor
from taihu.demo.dates import LAST_DAY, days_of_a_weekly, workday_from
from taihu.demo.drafts import Draft, Envelope, Row, Style
from taihu.demo.facts import SHANGHAI, Delivery, Facts, Payment, cents
from taihu.demo.senders.interface import Cells, Personal
from taihu.demo.senders.invoice_forms import DRAWER, Invoice, Line, as_ofd, as_pdf, as_xml, uscc, zipped

SELLER = "清泉食品（中国）有限公司"
_SELLER_USCC = uscc("91", "310115", "77024019")
_CATEGORIES = {"饮料": "软饮料", "零食": "焙烤食品", "坚果": "坚果制品"}
_TAKEN_BACK_WHOLE = dt.date(2026, 9, 7)
_HEADERS = {
    "number": "发票号码",
    "date": "开票日期",
    "buyer": "购买方名称",
    "uscc": "购买方纳税人识别号",
    "net": "合计金额",
    "tax": "合计税额",
    "gross": "价税合计",
    "remark": "备注",
}


class IssuedInvoices:
    """A week's invoices in one archive."""

    source = "issued_invoices"
    channel = "mail"
    grains: Mapping[str, tuple[str, ...]] = {"clean.issued_invoices": ("business_date", "invoice")}

    def __init__(self) -> None:
        self.styles: Mapping[str, Style] = {STYLE.name: STYLE}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"invoices:{seed}")
        weeks: dict[tuple[dt.date, str], list[Delivery]] = defaultdict(list)
        for line in facts.deliveries:
            if line.entity == "cn_wfoe":
                weeks[(line.day - dt.timedelta(days=line.day.weekday()), line.party)].append(line)
        made: list[Invoice] = []
        again = next(key for key in sorted(weeks) if key[0] == _TAKEN_BACK_WHOLE)
        for key, lines in sorted(weeks.items()):
            issued_on = workday_from(key[0] + dt.timedelta(days=7 + rng.randint(0, 1)))
            blue = _invoice(facts, key[0], lines, issued_on, len(made))
            made.append(blue)
            if key == again:
                made.append(_credit_note(blue, workday_from(issued_on + dt.timedelta(days=3)), len(made)))
                blue = _invoice(facts, key[0], lines, made[-1].issued_on, len(made))
                made.append(blue)
            made += _reductions(facts, blue, lines, len(made))
            paid_on = workday_from(blue.issued_on + dt.timedelta(days=rng.randint(6, 12)))
            if paid_on <= LAST_DAY:
                facts.payments.append(Payment(paid_on, blue.gross, "转账收入", blue.buyer, f"货款{blue.number}"))
        facts.more[self.source] = [invoice for invoice in made if invoice.issued_on <= LAST_DAY]

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        days = days_of_a_weekly(morning)
        if days:
            rows = [_row(invoice) for invoice in invoices(facts) if invoice.issued_on in days]
            span = f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
            envelope = Envelope("电子发票服务平台", "noreply@einvoice.example", "您开具的电子发票")
            yield Draft(self.source, STYLE, self.source, tuple(days), f"电子发票_{span}.zip", span, rows, self.channel, envelope)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {
            "clean.issued_invoices": {
                (invoice.issued_on.isoformat(), invoice.number): {
                    "net_amount": invoice.net,
                    "tax_amount": invoice.tax,
                    "gross_amount": invoice.gross,
                }
                for invoice in invoices(facts)
            }
        }

    def personal(self, facts: Facts) -> Personal:
        return Personal(unread_names=frozenset({DRAWER}))


def invoices(facts: Facts) -> Sequence[Invoice]:
    """All invoices, in the order of the weeks that they are for."""
    made: Sequence[Invoice] = facts.more[IssuedInvoices.source]
    return made


def buyer_uscc(party: Distributor) -> str:
    """A distributor's made-up code."""
    return uscc("91", "440300", f"9{int(party.code[1:]) * 3571 % 10**7:07d}")


def _number(issued_on: dt.date, serial: int) -> str:
    """Twenty digits: year, region, and a serial number."""
    return f"26312000{issued_on:%m%d}{10_000_001 + serial * 37:08d}"


def _invoice(facts: Facts, monday: dt.date, lines: Sequence[Delivery], issued_on: dt.date, serial: int) -> Invoice:
    party = facts.company.distributor(lines[0].party)
    goods = []
    for line in lines:
        product = facts.company.product(line.product)
        name, tax = f"*{_CATEGORIES[product.category]}*{product.name}", cents(line.net * product.vat_rate)
        size = f"{product.pack_size}{product.each_unit}/箱"
        goods.append(Line(name, size, line.unit, line.quantity, line.net, product.vat_rate, tax))
    number, week = _number(issued_on, serial), f"{monday:%Y%m%d}-{monday + dt.timedelta(days=6):%Y%m%d}"
    return Invoice(number, issued_on, party.name, buyer_uscc(party), SELLER, _SELLER_USCC, tuple(goods), week)


def _credit_note(blue: Invoice, issued_on: dt.date, serial: int) -> Invoice:
    """All of an invoice taken back."""
    goods = tuple(
        Line(line.item, line.specification, line.unit, -(line.quantity or 0), -line.net, line.rate, -line.tax) for line in blue.lines
    )
    number = _number(issued_on, serial)
    return Invoice(number, issued_on, blue.buyer, blue.buyer_uscc, SELLER, _SELLER_USCC, goods, blue.week, blue.number)


def _reductions(facts: Facts, blue: Invoice, lines: Sequence[Delivery], serial: int) -> Iterable[Invoice]:
    """What the ERP took off a delivery's price later, as a credit note of the next working day."""
    for line, printed in zip(lines, blue.lines, strict=True):
        for at, net in line.revisions:
            issued_on = workday_from(max(at.astimezone(SHANGHAI).date(), blue.issued_on) + dt.timedelta(days=1))
            rate = facts.company.product(line.product).vat_rate
            less = Line(printed.item, "", "", None, net - line.net, rate, cents(net * rate) - printed.tax)
            number = _number(issued_on, serial)
            yield Invoice(number, issued_on, blue.buyer, blue.buyer_uscc, SELLER, _SELLER_USCC, (less,), blue.week, blue.number)


def _row(invoice: Invoice) -> Row:
    return {
        "number": invoice.number,
        "date": invoice.issued_on,
        "buyer": invoice.buyer,
        "uscc": invoice.buyer_uscc,
        "net": invoice.net,
        "tax": invoice.tax,
        "gross": invoice.gross,
        "remark": invoice.remark,
        "drawer": invoice.drawer,
        "invoice": invoice,
    }


def _members(draft: Draft) -> Iterable[tuple[str, Row, bool]]:
    """Form and row of each member, and whether the archive has told that invoice already.

    Every ninth one and every credit note is an OFD, the last one a PDF, and the one before it has its PDF beside it.
    """
    last = len(draft.rows) - 1
    for place, row in enumerate(draft.rows):
        yield ("pdf" if place == last else "ofd" if place % 9 == 4 or row["invoice"].takes_back else "xml"), row, False
        if place == last - 1:
            yield "pdf", row, True


def _archive(draft: Draft) -> bytes:
    forms = {"xml": as_xml, "ofd": as_ofd, "pdf": as_pdf}
    files = []
    for form, row, _ in _members(draft):
        files.append((f"dzfp_{row['number']}.{form}", forms[form](replace(row["invoice"], buyer=row["buyer"], drawer=row["drawer"]))))
    return zipped(files)


def _tables(draft: Draft) -> list[list[Row]]:
    return [[] if again else [row] for _, row, again in _members(draft)]


STYLE = Style("head", "archive", _HEADERS, make=_archive, tables=_tables)
