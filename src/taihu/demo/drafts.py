"""What a sender is about to send: rows, layout and flaws, before it becomes bytes.

A clean file and a faulty one are the same draft; a fault only changes the draft (or the finished bytes), so what was planted,
where it stands and what is true stay known exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taihu.demo.company import Company, Distributor
from taihu.demo.facts import SHANGHAI, Facts, Flow, Order, Pos, SellOut, StockCount

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Style:
    """One sender's way of writing: the kind of file and its headers in order; ``sums`` are totalled."""

    kind: str
    headers: Mapping[str, str]
    sums: tuple[str, ...] = ()
    date_form: str = "%Y-%m-%d"
    total_label: str = "合计"


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
STYLES: dict[str, Style] = {
    "standard": Style("xlsx", _sell_out_headers(_STANDARD), _SUMS, "cell"),
    "standard_2025": Style("xlsx", _sell_out_headers(_STANDARD_2025), _SUMS, "%Y/%-m/%-d"),
    "export": Style("csv", _sell_out_headers(_EXPORT), _SUMS, "%Y%m%d"),
    "two_rows": Style("xlsx2", _sell_out_headers(_TWO_ROWS), _SUMS, "%Y年%-m月%-d日"),
    "page": Style("html", _sell_out_headers(_PAGE), _SUMS),
    "stock": Style("csv", _STOCK_HEADERS),
    "orders": Style("csv", _ORDER_HEADERS),
    "bill": Style("csv", _BILL_HEADERS),
    "daily": Style("xlsx", _DAILY_HEADERS, _SUMS, "cell", "总计"),
}


@dataclass(slots=True)
class Draft:
    """One file before it is written.

    Attributes:
        party: The distributor, or the source's own name.
        columns: Fields in the order in which they are written.
        renamed: Field to a header that nobody agreed.
        stated: Rows that the control totals speak of; None for the rows that are written.
        has_totals: False when the file was cut before its totals.
        subtotal_after: Indexes of rows after which a 小计 row stands.
        garbled: Text of names was decoded in the wrong encoding: "cells" or the whole "file".
        damage: What happens to the finished bytes: "", "login_page" or "truncated".
    """

    source: str
    style: str
    party: str
    days: tuple[dt.date, ...]
    name: str
    title: str
    rows: list[Row]
    columns: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    stated: list[Row] | None = None
    has_totals: bool = True
    subtotal_after: set[int] = field(default_factory=set)
    garbled: str = ""
    damage: str = ""

    def __post_init__(self) -> None:
        self.columns = self.columns or list(STYLES[self.style].headers)

    def header(self, name: str) -> str:
        return self.renamed.get(name, STYLES[self.style].headers[name])


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


def sell_out_draft(facts: Facts, party: Distributor, days: Sequence[dt.date]) -> Draft:
    """A distributor's sales of some days."""
    rows = [sell_out_row(line, party, facts.company) for day in days for line in facts.sell_out.get((party.code, day), ())]
    span = f"{days[0]:%Y%m%d}" if len(days) == 1 else f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}"
    suffix = {"xlsx": "xlsx", "csv": "zip", "xlsx2": "zip", "html": "xls"}[STYLES[party.style].kind]
    name = f"销售流向_{party.code}_{span}.{suffix}"
    return Draft(party.source, party.style, party.code, tuple(days), name, f"{party.name} 销售流向 {span}", rows)


def stock_draft(facts: Facts, party: Distributor, day: dt.date) -> Draft:
    """A distributor's stock at the end of a day."""
    rows = [_stock_row(count, facts.company) for count in facts.stock[(party.code, day)]]
    return Draft("distributor_stock", "stock", party.code, (day,), f"stock_{party.code}_{day:%Y%m%d}.csv", "", rows)


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
    return Draft("tmall_orders", "orders", "tmall_orders", tuple(days), f"天猫订单_{_span(days)}.zip", "", rows)


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
    return Draft("alipay_bill", "bill", "alipay_bill", tuple(days), f"alipay_{_span(days)}.csv", _span(days), rows)


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
    return Draft("retailer_pos", "daily", "retailer_pos", tuple(days), f"pos_{_span(days)}.xlsx", f"供应商销售日报 {_span(days)}", rows)


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


def _span(days: Sequence[dt.date]) -> str:
    return f"{days[0]:%Y%m%d}" if len(days) == 1 else f"{days[0]:%Y%m%d}_{days[-1]:%Y%m%d}"
