"""What Chinese (and English) headers mean: an English name for the column, the part it plays, what it says of unit, tax and persons.

A project's own glossary and the contracts of its other sources come first; this table is what is left for a project that has
none yet. A header that is not in it is put together from its words; one whose words are unknown is named by its place, for a
person to name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from taihu.manifest.source import ColumnType

PersonalKind = str

_TABLE = """
document_date   day       date      | 单据日期 开单日期 制单日期 发票日期 开票日期 订单日期 单据时间
sale_date       day       date      | 销售日期 销售时间 交易日 营业日期 业务日期 发货日期 出库日期 出货日期 送货日期
date            day       date      | 日期 date 时间 日 发生日期
posted_on       day       date      | 记账日期 入账日期 记账日 入账日 过账日期
traded_on       day       date      | 交易日期 交收日期 成交日期 transactiondate
traded_at       day       timestamp | 交易时间 交易创建时间 成交时间
paid_at         day       timestamp | 付款时间 订单付款时间 支付时间 付款日期 支付日期
ordered_at      day       timestamp | 下单时间 订单创建时间 订单时间 下单日期 orderdate
happened_at     day       timestamp | 发生时间 业务时间 入账时间 完成时间
created_at      -         timestamp | 创建时间 建档时间 createdat createtime
updated_at      -         timestamp | 更新时间 修改时间 最近修改时间 updatedat updatetime
stock_date      day       date      | 库存日期 盘点日期 结存日期
rate_date       day       date      | 汇率日期 牌价日期
posted_time     -         text      | 记账时间
valid_from      from      date      | 生效日期 生效日 开始日期 起始日期 开业日期 启用日期 合同开始日期 validfrom startdate
valid_to        to        date      | 失效日期 失效日 结束日期 截止日期 终止日期 闭店日期 停用日期 到期日期 合同结束日期 validto enddate
birth_date      -         date      | 出生日期 生日
month           -         text      | 月份 月度 年月 期间
year            -         text      | 年份 年度 年
document_number document  text      | 单据编号 单据号 单号 销售单号 出库单号 送货单号 发货单号 票据号 单据号码 凭证号 小票号 documentno
order_number    document  text      | 订单编号 订单号 订单号码 交易订单号 主订单编号 子订单编号 orderno orderid ordernumber
merchant_order_number - text      | 商户订单号 商家订单号 商户单号
trade_number    document  text      | 交易单号 交易号 交易流水号 支付单号
flow_number     document  text      | 账务流水号 流水号 流水编号
business_number -         text      | 业务流水号 业务编号
invoice_number  document  text      | 发票号码 发票号 invoiceno
invoice_code    -         text      | 发票代码
line_number     line      text      | 行号 序号 项次 明细行号 lineno no
document_kind   -         text      | 单据类型 订单类型 出库类型 票据类型
order_status    -         text      | 订单状态 交易状态 当前状态 状态 status
customer_name   customer  text      | 客户名称 终端名称 终端客户 购货单位 客户 终端 门店客户 购方名称 购买方名称 客户简称 下游客户 收货单位 customer customername
customer_code   -         text      | 客户编码 客户编号 终端编码 客户代码 customercode
supplier_name   -         text      | 供应商名称 供应商 供货单位 销方名称 销售方名称
supplier_code   -         text      | 供应商编码 供应商编号 供应商代码
distributor_code party    text      | 经销商编码 经销商编号 经销商代码 经销商编号 代理商编码
distributor_name -        text      | 经销商名称 经销商 代理商 代理商名称
store_code      store     text      | 门店编号 门店编码 门店代码 店铺编码 店号 网点编号 storecode storeid store
store_name      -         text      | 门店名称 门店 店铺名称 店铺 店名 网点 storename
product_code    product   text      | 商品编码 商品编号 商品代码 货品编码 货品编号 产品代码 产品编码 产品编号 货号 物料编码 物料编号 物料号 料号 商家编码 sku sku编码 存货编码 存货编号 品号 productcode itemcode productid
product_name    product_name text   | 商品名称 货品名称 产品名称 品名 物料名称 宝贝标题 商品描述 商品 存货名称 商品标题 product productname item description
barcode         -         text      | 条码 条形码 商品条码 国际条码 69码 barcode ean
brand           -         text      | 品牌 brand
category        -         text      | 类别 品类 分类 商品分类 交易分类 大类 category
specification   -         text      | 规格 规格型号 包装规格 型号
batch_number    -         text      | 批号 生产批号 批次
unit_name       unit      text      | 单位 计量单位 销售单位 销售/单位 基本单位 unit uom
quantity        quantity  quantity  | 数量 销售数量 销量 出库数量 宝贝总数量 购买数量 订单数量 件数 销售/数量 发货数量 销售件数 quantity qty units
pieces_per_case -         integer   | 箱规 装箱数 每箱数量 包装数量
opening_quantity opening  quantity  | 期初数量 期初库存 期初 上期结存 期初结存
inbound_quantity inbound  quantity  | 本期入库 入库数量 本期入库数量 进货数量 本期收入 入库
outbound_quantity outbound quantity | 本期出库 本期出库数量 本期发出 出库
closing_quantity closing  quantity  | 期末数量 期末库存 期末 库存数量 期末结存 结存数量 当前库存 现有库存 可用库存 stock
traded_quantity quantity  quantity  | 成交数量
remaining_quantity -      quantity  | 剩余数量
gross_amount    amount    money     | 含税金额 价税合计 金额（含税） 含税销售额 含税总额 销售/含税金额 含税销售金额 grossamount
net_amount      net       money     | 未税金额 不含税金额 金额（不含税） 金额（未税） 无税金额 净额 netamount
amount          amount    money     | 金额 销售金额 总金额 交易金额 金额（元） 合计金额 实收金额 销售额 发生金额 amount total totalamount
settled_amount  amount    money     | 结算金额 清算金额
traded_amount   -         money     | 成交金额
tax_amount      -         money     | 税额 增值税额 taxamount
vat_rate        -         percent   | 税率 taxrate
paid_amount     amount    money     | 买家实际支付金额 实际支付金额 实付金额 支付金额 付款金额 实付款 买家实付
receivable_amount -       money     | 应收金额 应付金额 买家应付货款 订单金额
refund_amount   -         money     | 退款金额 退款 退货金额
discount_amount -         money     | 优惠金额 折扣金额 优惠
freight_amount  -         money     | 运费 邮费 买家应付邮费 快递费
income_amount   income    money     | 收入金额 收入 收入金额（+元） 贷方金额 存入金额 记账金额（收入） 贷方发生额 存入
expense_amount  expense   money     | 支出金额 支出 支出金额（-元） 借方金额 支取金额 记账金额（支出） 借方发生额 支取
original_income_amount -  money     | 交易金额（收入）
original_expense_amount - money     | 交易金额（支出）
balance_amount  -         money     | 余额 账户余额 账户余额（元） 联机余额 可用余额 资金余额 balance
remaining_cash_amount -   money     | 资金本次余额
trading_fee_amount -      money     | 交易规费 规费
other_fee_amount -        money     | 其他费 其他费用
fund_account    -         text      | 资金帐号 资金账号 资金账户
fee_amount      -         money     | 总费用 手续费 服务费 费用 fee
net_commission_amount -   money     | 净佣金 佣金
stamp_duty_amount -       money     | 印花税
clearing_fee_amount -     money     | 清算费
transfer_fee_amount -     money     | 过户费
handling_fee_amount -     money     | 经手费
regulatory_fee_amount -   money     | 征管费 证管费
exchange_settlement_fee_amount - money | 财汇局征费
list_price      price     money     | 含税单价 零售价 标准售价 建议零售价 listprice
unit_price      price     money     | 单价 售价 销售单价 成交价格 价格 unitprice price
net_price       price     money     | 未税单价 不含税单价
cost_price      -         money     | 成本价 进价 采购价
mid_rate        rate      number    | 中间价 汇率 基准价 rate
target_amount   target    money     | 目标 销售目标 目标金额 任务 指标 未税目标 含税目标
currency_code   currency  text      | 货币代码 币种代码 currencycode
currency        currency  text      | 币种 币别 货币 交易币种 记账币种 currency
settlement_currency -     text      | 结算币种
currency_name   -         text      | 货币名称 币种名称
direction       -         text      | 收/支 收支 收支类型 借贷标志 收付标志
trade_kind      -         text      | 交易类型 业务类型 业务名称 交易名称 交易种类
payment_method  -         text      | 收/付款方式 支付方式 付款方式 收款方式
counterparty_name counterparty text | 交易对方 对方户名 对方账户名 对方名称 对手信息 收款人 付款人 对方 对方账户名称
counterparty_account -    text      | 对方账号 对方账户 对方卡号/账号 对方卡号 对方帐号
counterparty_bank -       text      | 对方开户行 对方银行
bank_account    -         text      | 账号 银行账号 银行卡号 卡号 借记卡号 帐号 收款账号 开户账号 卡末四位
branch_name     -         text      | 网点名称 开户行 交易场所
channel         -         text      | 渠道 交易渠道
channel_code    -         text      | 渠道编码 渠道代码
country         -         text      | 国家 交易国家或地区简称
cash_kind       -         text      | 钞/汇 钞汇
summary         -         text      | 摘要 交易摘要 客户摘要 交易描述 用途 附言 商品说明 摘要说明
remark          remark    text      | 备注 说明 备注信息 remark note notes comment
promotion_flag  -         text      | 促销标识 是否促销
retailer        -         text      | 零售商 系统 客户系统
region_code     region    text      | 大区编码 大区代码 区域编码 区域代码 regioncode
region          region    text      | 大区 区域 销售大区 地区 region
province        -         text      | 省份 省 收货省份 province
city            -         text      | 城市 市 地市 city
district        -         text      | 区县 区 县
recipient_name  -         text      | 收货人姓名 收货人 收件人 收件人姓名
buyer_name      -         text      | 买家姓名 买家 购买人 买家昵称 买家会员名 会员名 买家用户名
contact_name    -         text      | 联系人 联系人姓名
person_name     -         text      | 姓名 名字 员工姓名 name fullname
salesperson     -         text      | 业务员 销售员 销售代表 业务代表 经办人 导购 导购员 促销员 制单人 操作员
customer_phone  phone     phone     | 联系电话 客户电话 电话 手机 联系手机 手机号 手机号码 电话号码 联系方式 收货电话 收件人电话 收件人手机 phone mobile tel telephone
mail_address    mail      text      | 邮箱 报数邮箱 电子邮箱 电子邮件 email e-mail mail
address         address   text      | 收货地址 地址 联系地址 送货地址 收件地址 详细地址 家庭住址 住址 门店地址 address
identity_number -         text      | 身份证号 身份证号码 身份证 证件号码 证件号
security_code   -         text      | 证券代码 股票代码 基金代码
security_name   -         text      | 证券名称 股票名称 基金名称
shareholder_code -        text      | 股东代码 股东账号
tax_number      -         text      | 税号 纳税人识别号 统一社会信用代码
"""

_PERSONAL: Mapping[str, PersonalKind] = {
    "recipient_name": "person", "buyer_name": "person", "contact_name": "person", "person_name": "person", "salesperson": "person",
    "customer_phone": "contact", "mail_address": "contact", "address": "address", "identity_number": "identity",
    "bank_account": "account", "counterparty_account": "account", "fund_account": "account", "counterparty_name": "person", "shareholder_code": "account",
}  # fmt: skip

_PARTS = """
经销商 distributor|客户 customer|终端 customer|门店 store|店铺 store|供应商 supplier|商品 product|货品 product|产品 product|物料 material|宝贝 product
订单 order|单据 document|销售 sales|采购 purchase|出库 outbound|入库 inbound|退货 return|退款 refund|发货 delivery|收货 receiving|支付 payment
付款 payment|收款 receipt|结算 settlement|清算 clearing|成交 traded|交易 trade|记账 posting|入账 posting|账务 account|对账 reconciliation|账户 account|账单 bill
对方 counterparty|买家 buyer|卖家 seller|收货人 recipient|联系人 contact|业务员 salesperson|业务 business|合同 contract|发票 invoice|税 tax|增值税 vat
编码 code|编号 number|代码 code|单号 number|号码 number|流水号 flow_number|名称 name|姓名 name|简称 short_name|类型 kind|类别 category|状态 status|方式 method
日期 date|时间 time|月份 month|年份 year|金额 amount|总额 amount|费用 fee|运费 freight|单价 price|价格 price|售价 price|成本 cost|数量 quantity|件数 pieces|重量 weight
单位 unit|规格 specification|品牌 brand|大区 region|区域 region|地区 region|省份 province|城市 city|地址 address|电话 phone|手机 mobile|邮箱 mail
含税 gross|未税 net|不含税 net|实际 actual|应收 receivable|应付 payable|实收 received|实付 paid|优惠 discount|折扣 discount|合计 total|总 total
期初 opening|期末 closing|本期 period|库存 stock|盘点 stock_count|结存 closing|目标 target|完成 actual|达成 attainment|率 rate|税率 vat_rate|余额 balance
会员 member|积分 points|渠道 channel|促销 promotion|活动 campaign|备注 remark|说明 note|摘要 summary|审核 review|制单 creation|人 person|部门 department|仓库 warehouse|批次 batch
是否 is|标识 flag|标志 flag|开始 start|结束 end|生效 valid_from|失效 valid_to|登记 registered|创建 created|更新 updated|最近 latest|上次 previous|本次 current
销售流向 sell_out|流向 sell_out|明细 lines|清单 list|名单 list|价目 price|价目表 price_list|报价 quotation|汇总 summary|日报 daily|周报 weekly|月报 monthly|报表 report|台账 ledger|表 table
支付宝 alipay|微信 wechat|天猫 tmall|淘宝 taobao|京东 jd|拼多多 pinduoduo|抖音 douyin|美团 meituan|饿了么 eleme|银行 bank|工商银行 icbc|中国银行 boc|招商银行 cmb
中信银行 citic|建设银行 ccb|农业银行 abc|信用卡 credit_card|借记卡 debit_card|证券 security|基金 fund|股票 stock|汇率 exchange_rate|外汇 foreign_exchange|人民币 cny|货币 currency
员工 employee|工资 salary|考勤 attendance|车辆 vehicle|费用 expense|报销 expense_claim|预算 budget|计划 plan|商超 retailer|零售 retail|批发 wholesale|电商 ecommerce|配送 delivery
查询 query|下载 download|导出 export|数据 data|供应 supply|每日 daily|每月 monthly|新 new|旧 old|返利 rebate|物流 logistics|快递 courier|签收 signed|里程 mileage|温度 temperature
"""

_BRACKETS = re.compile(r"[(\[{（【]([^)\]}）】]*)[)\]}）】]")
_UNIT_MARKS: tuple[tuple[str, str, int], ...] = (("亿元", "CNY", 100_000_000), ("万元", "CNY", 10_000), ("千元", "CNY", 1_000), ("元", "CNY", 1))
_CURRENCIES = {"人民币": "CNY", "cny": "CNY", "rmb": "CNY", "港币": "HKD", "港元": "HKD", "hkd": "HKD", "美元": "USD", "usd": "USD"}
_EXCLUDED = re.compile(r"不含税|未税|去税|无税|净额|netamount")
_INCLUDED = re.compile(r"含税|价税合计|实付|实际支付|实收|零售价")
_NO_TAX = re.compile(r"余额|收入|支出|手续费|费|佣金|印花税|清算|结算|成交|汇率|税额|存入|支取|借方|贷方|发生额")


@dataclass(frozen=True, slots=True)
class Term:
    """What is known of a header.

    Attributes:
        key: The English name; empty if the words are unknown.
        role: The part that it plays, the same in every sender's words (``day``, ``document``, ``product``, ``amount``); or empty.
        type: The type that is usual for it, or None.
        personal: Kind of personal data, or None.
        currency: What the header itself says of the currency, or None.
        scale: 10000 where the header says 万元.
        tax: What the header itself says of the tax basis, or None.
        known_by: ``table``, ``words``, ``glossary``, ``source`` or empty.
    """

    key: str
    role: str = ""
    type: ColumnType | None = None
    personal: PersonalKind | None = None
    currency: str | None = None
    scale: int = 1
    tax: str | None = None
    known_by: str = ""
    detail: str = field(default="", compare=False)


def header_key(header: str) -> str:
    """A header in the form in which it is looked up: half width, no blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", header).split()).replace("_", "").lower()


def _read_table() -> dict[str, tuple[str, str, ColumnType]]:
    found: dict[str, tuple[str, str, ColumnType]] = {}
    for line in _TABLE.strip().splitlines():
        left, _, right = line.partition("|")
        key, role, kind = left.split()
        for header in right.split():
            found.setdefault(header_key(header), (key, "" if role == "-" else role, kind))  # type: ignore[arg-type]
    return found


def _read_parts() -> dict[str, str]:
    entries = (entry for line in _PARTS.strip().splitlines() for entry in line.split("|"))
    return {word: english for word, _, english in (entry.partition(" ") for entry in entries)}


_HEADERS = _read_table()
_WORDS = _read_parts()
_LONGEST = max(map(len, _WORDS))


def term_of(header: str) -> Term:
    """What the table in the wheel knows of a header."""
    whole = header_key(header)
    bare = _BRACKETS.sub("", whole)
    inside = " ".join(_BRACKETS.findall(whole))
    unit = _unit(inside) or (None, 1)
    tax = tax_in(whole)
    for form in (whole, bare, whole.rsplit("/", 1)[-1], bare.rsplit("/", 1)[-1]):
        if form in _HEADERS:
            key, role, kind = _HEADERS[form]
            if key == "amount" and tax in ("included", "excluded"):
                key, role = ("gross_amount", "amount") if tax == "included" else ("net_amount", "net")
            if tax is None and kind == "money" and _NO_TAX.search(whole):
                tax = "none"
            return Term(key, role, kind, _PERSONAL.get(key), unit[0], unit[1], tax, "table")
    name = english_of(bare.rsplit("/", 1)[-1])
    return Term(name, "", None, _PERSONAL.get(name), unit[0], unit[1], tax, "words" if name else "")


def tax_in(text: str) -> str | None:
    """``included`` or ``excluded`` where a text says so."""
    plain = header_key(text)
    if _EXCLUDED.search(plain):
        return "excluded"
    return "included" if _INCLUDED.search(plain) else None


def unit_in(text: str) -> tuple[str, int, str] | None:
    """Currency, scale and the words that say it, where a text outside the table says in which unit amounts are (``单位：万元``)."""
    plain = header_key(text)
    stated = re.search(r"单位[:：](?P<unit>[^,，;；)）]{1,8})", plain)
    found = _unit(stated["unit"]) if stated else None
    return (found[0] or "CNY", found[1], stated[0]) if found and stated else None


def _unit(text: str) -> tuple[str | None, int] | None:
    for word, currency in _CURRENCIES.items():
        if word in text:
            return currency, next((scale for mark, _, scale in _UNIT_MARKS if mark in text), 1)
    return next(((currency, scale) for mark, currency, scale in _UNIT_MARKS if mark in text), None)


def currency_of(text: str) -> str | None:
    """ISO code of a currency's name or code; None if it is not known."""
    plain = header_key(text)
    return _CURRENCIES.get(plain) or (text.strip().upper() if re.fullmatch(r"[A-Za-z]{3}", text.strip()) else None)


def english_of(text: str) -> str:
    """Words put together in English snake case; empty where less than two thirds of the characters are known words."""
    plain = header_key(text)
    if plain.isascii():
        joined = re.sub(r"[^a-z0-9]+", "_", _camel(text)).strip("_")
        return joined if re.match(r"[a-z]", joined) else ""
    parts: list[str] = []
    known = at = 0
    total = sum(1 for char in plain if char.isalpha())
    while at < len(plain):
        size = next((n for n in range(min(_LONGEST, len(plain) - at), 0, -1) if plain[at : at + n] in _WORDS), 0)
        if size:
            parts.append(_WORDS[plain[at : at + size]])
            known, at = known + size, at + size
            continue
        latin = re.match(r"[a-z][a-z0-9]*", plain[at:])
        if latin:
            parts.append(latin[0])
            known, at = known + len(latin[0]), at + len(latin[0])
        else:
            at += 1
    return "_".join(dict.fromkeys(parts)) if total and known * 3 >= total * 2 else ""


def _camel(text: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", text)).lower()
