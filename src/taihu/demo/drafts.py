"""What a sender is about to send: rows, layout and flaws, before it becomes bytes.

A clean file and a faulty one are the same draft; a fault only changes the draft (or the finished bytes), so what was planted,
where it stands and what is true stay known exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taihu.demo.company import Company, Distributor
from taihu.demo.facts import SHANGHAI, Facts, Flow, Order, Pos, SellOut, StockCount

Row = dict[str, Any]


def _no_lines(draft: Draft) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Style:
    """One sender's way of writing.

    Attributes:
        kind: "csv", "xlsx", "xlsx2" (two header rows) or "html"; another kind has its own ``make``.
        headers: Field to header, in order.
        sums: Fields that a total row adds up.
        date_form: How days are written; "cell" for a date cell of a workbook.
        thousands: Fields that a text file writes as 1,234.50.
        above: Lines over the header; an empty one stays blank.
        below: Lines under the rows (and their total); a file that was cut has none.
        sheet: Name of the sheet; may hold the first day.
        make: Writes the file where it is no such table: an invoice, a page.
        tables: For such a file, and one whose wide columns become rows, the rows of each table that reading it gives.
    """

    name: str
    kind: str
    headers: Mapping[str, str]
    sums: tuple[str, ...] = ()
    date_form: str = "%Y-%m-%d"
    total_label: str = "合计"
    encoding: str = "gb18030"
    thousands: tuple[str, ...] = ()
    above: Callable[[Draft], Sequence[str]] = _no_lines
    below: Callable[[Draft], Sequence[str]] = _no_lines
    sheet: str = "Sheet1"
    make: Callable[[Draft], bytes] | None = None
    tables: Callable[[Draft], Sequence[Sequence[Row]]] | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The mail around a file: who sends it, under which subject (the day follows it), and how its program writes Chinese."""

    sender: str
    address: str
    subject: str
    manner: str = "utf-8"


_SELL_OUT_FIELDS = ("date", "document", "kind", "customer", "phone", "product", "name", "unit", "quantity", "amount", "salesperson")


def _sell_out_headers(listed: str) -> dict[str, str]:
    """Field to header; ``-`` stands for a column that the sender does not have."""
    return {name: header for name, header in zip(_SELL_OUT_FIELDS, listed.split(), strict=True) if header != "-"}


_SUMS = ("quantity", "amount")
_ORDER_HEADERS = {
    "number": "订单编号",
    "status": "订单状态",
    "buyer": "收货人姓名",
    "address": "收货地址",
    "province": "省份",
    "phone": "联系手机",
    "paid_at": "订单付款时间",
    "name": "宝贝标题",
    "product": "商家编码",
    "quantity": "宝贝总数量",
    "paid": "买家实际支付金额",
    "refund": "退款金额",
}
_BILL_HEADERS = {
    "number": "账务流水号",
    "trade": "业务流水号",
    "order": "商户订单号",
    "name": "商品名称",
    "happened_at": "发生时间",
    "counterpart": "对方账号",
    "income": "收入金额（+元）",
    "expense": "支出金额（-元）",
    "balance": "账户余额（元）",
    "kind": "业务类型",
}
_STOCK_HEADERS = {
    "party": "经销商编码",
    "date": "库存日期",
    "product": "商品编码",
    "name": "商品名称",
    "unit": "单位",
    "opening": "期初数量",
    "inbound": "本期入库",
    "outbound": "本期出库",
    "closing": "期末数量",
}
_DAILY_HEADERS = {
    "store": "门店编号",
    "store_name": "门店名称",
    "date": "销售日期",
    "product": "商品编码",
    "name": "商品描述",
    "promotion": "促销标识",
    "quantity": "销售数量",
    "amount": "销售金额",
}
_STANDARD = "单据日期 单据编号 单据类型 客户名称 联系电话 商品编码 商品名称 单位 数量 含税金额 业务员"
_STANDARD_2025 = "日期 单号 - 终端名称 - 货品编码 货品名称 单位 销售数量 金额 -"
_EXPORT = "销售日期 销售单号 - 终端客户 客户电话 产品代码 产品名称 计量单位 销售数量 价税合计 -"
_TWO_ROWS = "开单日期 单号 - 购货单位 电话 货号 品名 销售/单位 销售/数量 销售/含税金额 -"
_PAGE = "出库日期 出库单号 - 客户 手机 物料编码 物料名称 单位 出库数量 金额（含税） -"


def _titled(draft: Draft) -> list[str]:
    return [draft.title, "金额单位：元"]


def _titled_apart(draft: Draft) -> list[str]:
    return [draft.title, "金额单位：元", ""]


def _note_below(draft: Draft) -> list[str]:
    return ["", "备注：数据由系统导出，退货以负数列示"]


def _export_footer(draft: Draft) -> list[str]:
    return [f"共{len(draft.stated_rows)}笔，合计{draft.sum_of('amount')}元"]


def _bill_preamble(draft: Draft) -> list[str]:
    return ["#支付宝账务明细查询", "#账号：[20880012345678900156]", f"#起止日期：[{draft.title}]", "#-----账务明细列表-----"]


def _bill_footer(draft: Draft) -> list[str]:
    lines = ["#-----账务明细列表结束-----"]
    for label, kind, name in (("收入", "在线支付", "income"), ("退款", "交易退款", "expense"), ("收费", "收费", "expense")):
        chosen = [row[name] for row in draft.stated_rows if row["kind"] == kind]
        lines.append(f"#{label}合计：{len(chosen)}笔，共{sum(chosen, Decimal('0.00'))}元")
    return lines


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("standard", "xlsx", _sell_out_headers(_STANDARD), _SUMS, "cell", above=_titled_apart, below=_note_below, sheet="流向{:%Y%m}"),
        Style("standard_2025", "xlsx", _sell_out_headers(_STANDARD_2025), _SUMS, "%Y/%-m/%-d", above=_titled),
        Style(
            "export", "csv", _sell_out_headers(_EXPORT), _SUMS, "%Y%m%d", thousands=("amount",),
            above=lambda draft: [draft.title], below=_export_footer,
        ),
        Style("two_rows", "xlsx2", _sell_out_headers(_TWO_ROWS), _SUMS, "%Y年%-m月%-d日", above=_titled_apart),
        Style("page", "html", _sell_out_headers(_PAGE), _SUMS),
        Style("stock", "csv", _STOCK_HEADERS, below=lambda draft: [f"共{len(draft.stated_rows)}条"]),
        Style("orders", "csv", _ORDER_HEADERS, below=lambda draft: [f"共{len(draft.stated_rows)}笔订单"]),
        Style("bill", "csv", _BILL_HEADERS, above=_bill_preamble, below=_bill_footer),
        Style("daily", "xlsx", _DAILY_HEADERS, _SUMS, "cell", "总计", above=_titled_apart),
    )
}  # fmt: skip
"""Styles of the company's first senders; a sender of :mod:`taihu.demo.senders` has its own."""


@dataclass(slots=True)
class Draft:
    """One file before it is written.

    Attributes:
        channel: How it comes: "mail", "sftp/<folder>", "inbox/<folder>" or "portal".
        envelope: The mail around it, where it comes by mail.
        party: The distributor, or the source's own name.
        columns: Fields in the order in which they are written.
        renamed: Field to a header that nobody agreed.
        stated: Rows that the control totals speak of; None for the rows that are written.
        has_totals: False when the file was cut before its totals.
        subtotal_after: Indexes of rows after which a 小计 row stands.
        garbled: Text of names was decoded in the wrong encoding: "cells" or the whole "file".
        damage: What happens to the finished bytes: "", "login_page", "truncated", "empty" or "other_password".
    """

    source: str
    style: Style
    party: str
    days: tuple[dt.date, ...]
    name: str
    title: str
    rows: list[Row]
    channel: str = "mail"
    envelope: Envelope | None = None
    columns: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    stated: list[Row] | None = None
    has_totals: bool = True
    subtotal_after: set[int] = field(default_factory=set)
    garbled: str = ""
    damage: str = ""

    def __post_init__(self) -> None:
        self.columns = self.columns or list(self.style.headers)

    @property
    def stated_rows(self) -> list[Row]:
        """The rows that the file's totals speak of."""
        return self.rows if self.stated is None else self.stated

    def header(self, name: str) -> str:
        return self.renamed.get(name) or self.style.headers[name]

    def sum_of(self, name: str) -> Decimal:
        """What the file says that an amount adds up to."""
        return sum((row[name] for row in self.stated_rows), Decimal("0.00"))


def sell_out_row(line: SellOut, party: Distributor, company: Company) -> Row:
    """One sell-out line as its distributor's system knows it."""
    return {
        "date": line.day,
        "document": line.document,
        "kind": "销退" if line.is_return else "销售",
        "customer": line.customer,
        "phone": line.phone,
        "product": line.product,
        "name": company.product(line.product).name,
        "unit": line.unit,
        "quantity": Decimal(line.quantity),
        "amount": line.gross,
        "salesperson": party.salesperson,
    }


_MAILED = {
    "sell_out_huadong": ("华东", "utf-8"),
    "sell_out_huabei": ("华北", "raw gbk"),
    "sell_out_huanan": ("华南", "gb2312"),
    "sell_out_xinan": ("西南", "word in parameter"),
}


def sell_out_draft(facts: Facts, party: Distributor, days: Sequence[dt.date]) -> Draft:
    """A distributor's sales of some days."""
    rows = [sell_out_row(line, party, facts.company) for day in days for line in facts.sell_out.get((party.code, day), ())]
    span = f"{days[0]:%Y%m%d}" if len(days) == 1 else f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
    style = STYLES[party.style]
    suffix = {"xlsx": "xlsx", "csv": "zip", "xlsx2": "zip", "html": "xls"}[style.kind]
    name = f"销售流向_{party.code}_{span}.{suffix}"
    region, manner = _MAILED[party.source]
    envelope = Envelope(party.name, party.mail, f"【{region}】{party.name} 销售流向", manner)
    return Draft(party.source, style, party.code, tuple(days), name, f"{party.name} 销售流向 {span}", rows, envelope=envelope)


def stock_draft(facts: Facts, party: Distributor, day: dt.date) -> Draft:
    """A distributor's stock at the end of a day."""
    rows = [_stock_row(count, facts.company) for count in facts.stock[(party.code, day)]]
    name = f"stock_{party.code}_{day:%Y%m%d}.csv"
    return Draft("distributor_stock", STYLES["stock"], party.code, (day,), name, "", rows, "sftp/stock")


def _stock_row(count: StockCount, company: Company) -> Row:
    product = company.product(count.product)
    return {
        "party": count.party,
        "date": count.day,
        "product": count.product,
        "name": product.name,
        "unit": product.each_unit,
        "opening": count.opening,
        "inbound": count.inbound,
        "outbound": count.outbound,
        "closing": count.closing,
    }


def orders_draft(facts: Facts, days: Sequence[dt.date]) -> Draft:
    """The web shop's orders of some days."""
    rows = [_order_row(order, facts.company) for day in days for order in facts.orders[day]]
    envelope = Envelope("天猫商家后台", "noreply@tmall-export.example", "天猫订单日报")
    name = f"天猫订单_{span_text(days)}.zip"
    return Draft("tmall_orders", STYLES["orders"], "tmall_orders", tuple(days), name, "", rows, envelope=envelope)


def _order_row(order: Order, company: Company) -> Row:
    return {
        "number": order.number,
        "status": order.status,
        "buyer": order.buyer,
        "address": order.address,
        "province": order.province,
        "phone": order.phone,
        "paid_at": f"{order.paid_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "name": company.product(order.product).name,
        "product": order.product,
        "quantity": order.quantity,
        "paid": order.paid,
        "refund": order.refund,
    }


def bill_draft(facts: Facts, days: Sequence[dt.date]) -> Draft:
    """The payment platform's bill of some days."""
    rows = []
    balance = Decimal("50000.00")
    for flow in sorted((flow for day in days for flow in facts.flows[day]), key=lambda flow: (flow.happened_at, flow.number)):
        balance += flow.income + flow.expense
        rows.append(_flow_row(flow, balance))
    name = f"alipay_{span_text(days)}.csv"
    return Draft("alipay_bill", STYLES["bill"], "alipay_bill", tuple(days), name, span_text(days), rows, "sftp/alipay")


def _flow_row(flow: Flow, balance: Decimal) -> Row:
    return {
        "number": flow.number,
        "trade": flow.number[8:],
        "order": flow.order,
        "name": "清泉官方旗舰店-商品",
        "happened_at": f"{flow.happened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "counterpart": flow.counterpart,
        "income": flow.income,
        "expense": flow.expense,
        "balance": balance,
        "kind": flow.kind,
    }


def pos_draft(facts: Facts, days: Sequence[dt.date]) -> Draft:
    """The retailers' sales of some days."""
    stores = {store.code: store.name for store in facts.company.stores}
    rows = [_pos_row(till, stores[till.store], facts.company) for day in days for till in facts.pos[day]]
    title = f"供应商销售日报 {span_text(days)}"
    return Draft("retailer_pos", STYLES["daily"], "retailer_pos", tuple(days), f"pos_{span_text(days)}.xlsx", title, rows, "portal")


def _pos_row(till: Pos, store_name: str, company: Company) -> Row:
    return {
        "store": till.store,
        "store_name": store_name,
        "date": till.day,
        "product": till.product,
        "name": company.product(till.product).name,
        "promotion": "Y" if till.is_promotion else "N",
        "quantity": Decimal(till.quantity),
        "amount": till.gross,
    }


def span_text(days: Sequence[dt.date]) -> str:
    """The days as file names say them: 20260914, or 20260914_20260920."""
    return f"{days[0]:%Y%m%d}" if len(days) == 1 else f"{days[0]:%Y%m%d}_{days[-1]:%Y%m%d}"
