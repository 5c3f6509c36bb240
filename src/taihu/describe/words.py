"""The closed vocabularies of the project's files in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from taihu.core.types import Lang, Text
from taihu.manifest.glossary import Aggregate
from taihu.manifest.source import SourceFile
from taihu.manifest.words import parse_duration

EVERY: Mapping[str, Text] = {
    "day": Text("每天", "every day"),
    "workday": Text("每个工作日", "every workday"),
    "week": Text("每周", "every week"),
    "first workday": Text("每周首个工作日", "first workday of the week"),
    "first workday of the week": Text("每周首个工作日", "first workday of the week"),
    "first workday of the month": Text("每月首个工作日", "first workday of the month"),
}
FOR: Mapping[str, Text] = {
    "every day since the last due date": Text("自上次应到以来各日", "every day since the last due date"),
    "the day before": Text("前一日", "the day before"),
    "the day": Text("当日", "the day"),
    "the month to date": Text("本月至今", "the month to date"),
}
LOADS: Mapping[str, Text] = {
    "replace": Text("替换期间", "replaces the period"),
    "upsert": Text("按键更新", "upsert by key"),
    "append": Text("追加", "append"),
    "snapshot": Text("整表快照", "snapshot"),
}
FILE_STATES: Mapping[str, Text] = {
    "accepted": Text("已接受", "accepted"),
    "nil": Text("零申报", "nil returns"),
    "held": Text("已扣留", "held"),
    "rejected": Text("已退回", "rejected"),
    "superseded": Text("已被取代", "superseded"),
    "landed": Text("待处理", "waiting"),
}
AGAINST: Mapping[str, Text] = {
    "target": Text("目标", "target"),
    "day": Text("前一期", "the period before"),
    "week": Text("上周同期", "the same weekdays of last week"),
    "year": Text("去年同期", "the same dates of last year"),
}
DECISIONS: Mapping[str, Text] = {
    "approve": Text("审批", "approve"),
    "release": Text("放行", "release"),
    "waive": Text("豁免", "waive"),
    "match": Text("判定匹配", "match"),
    "close": Text("关账", "close"),
    "unmask": Text("查看明文", "unmask"),
    "erase": Text("删除", "erase"),
}
KINDS: Mapping[str, Text] = {
    "contact": Text("联系方式", "contact"),
    "person": Text("姓名", "person"),
    "address": Text("地址", "address"),
    "account": Text("账户", "account"),
    "identity": Text("证件", "identity"),
}
FAULTS: Mapping[str, Text] = {
    "unit_slip": Text("箱与单品混淆", "cases counted as pieces"),
    "wan_as_yuan": Text("万元当成元", "10,000 CNY read as CNY"),
    "gross_as_net": Text("含税未税混淆", "net sent as gross"),
    "partial_file": Text("文件不完整", "file cut off"),
    "missing_day": Text("缺少一天", "a day is missing"),
    "resend_new_rows": Text("重发且有新行", "sent again with new rows"),
    "renamed_column": Text("列改名", "renamed column"),
    "moved_column": Text("列换位", "moved column"),
    "mojibake": Text("乱码", "garbled text"),
    "scientific_id": Text("编号成科学计数法", "id in scientific notation"),
    "total_row": Text("明细夹合计行", "total row among the data"),
    "return_sign": Text("退货符号错误", "sign of a return"),
    "short_date": Text("短日期", "short date"),
    "day_beyond_month": Text("不存在的日期", "day beyond the month"),
    "login_page": Text("登录页冒充文件", "login page as a file"),
    "truncated_zip": Text("压缩包截断", "truncated zip"),
    "duplicate_exact": Text("完全重复", "exact duplicate"),
    "stale_stock": Text("库存照抄", "stale stock"),
    "late_refund": Text("迟到的退款", "refund that came late"),
    "closed_store": Text("已关门店", "closed store"),
    "wrong_password": Text("密码错误", "wrong password"),
    "empty_file": Text("空文件", "empty file"),
    "inserted_column": Text("插入一列", "inserted column"),
    "resend_reordered": Text("重发且换序", "sent again in other order"),
    "other_party_file": Text("他方的文件", "file of another party"),
    "wrong_party_code": Text("报送方编码错误", "wrong code of the party"),
    "serial_date": Text("日期成序列号", "date as a number"),
    "future_date": Text("未来日期", "date in the future"),
    "wrong_year": Text("年份错误", "wrong year"),
    "locale_number": Text("外国数字写法", "foreign way of numbers"),
    "decimal_point": Text("小数点错位", "decimal point moved"),
    "swapped_columns": Text("两列互换", "two columns swapped"),
    "formula_error": Text("公式错误值", "formula error"),
    "blank_value": Text("必填值为空", "required value blank"),
    "unknown_product": Text("未知商品", "unknown product"),
    "reused_code": Text("旧编码另用", "code used again"),
    "unknown_store": Text("未知门店", "unknown store"),
    "diverted_sale": Text("跨区串货", "sale out of territory"),
    "contradicting_rows": Text("两行矛盾", "rows that contradict"),
    "repeated_row": Text("重复的行", "repeated row"),
    "negative_stock": Text("负库存", "negative stock"),
    "broken_identity": Text("进销存不平", "stock does not add up"),
    "balance_break": Text("余额不连续", "balance not carried on"),
    "cancelled_order": Text("取消单仍计额", "cancelled order counted"),
    "refund_over_paid": Text("退款大于实付", "refund above payment"),
    "wrong_sum": Text("金额加总错误", "wrong sum"),
    "spent_after_claim": Text("报销后才消费", "spent after the claim"),
    "invoice_again": Text("发票重复", "invoice sent twice"),
}
HIDDEN: Mapping[str, Text] = {"personal": Text("个人信息", "personal data"), "sensitive": Text("敏感信息", "sensitive data")}
READ_AS: Mapping[str, Text] = {"typed": Text("带类型的行", "typed rows"), "invoice": Text("电子发票", "e-invoice")}
STAGES: Mapping[str, Text] = {
    "land": Text(
        "每份收到的内容按 SHA-256 封存、加密、只读；对象、到达与游标在同一事务中提交。",
        "Whatever arrives is sealed by its SHA-256, encrypted and read-only; object, arrival and cursor are committed together.",
    ),
    "read": Text(
        "按内容识别文件类型，按表头选择格式，核对文件自带的合计；每行记住工作表与行号。",
        "The kind is known by content, the layout by its header; the file's own totals are reconciled; rows remember sheet and line.",
    ),
    "clean": Text(
        "按约定转换类型，拒绝不猜；个人信息换成令牌；被拒的行按代码与位置隔离。",
        "Types by contract, refused rather than guessed; personal values become tokens; refused rows are quarantined by place.",
    ),
    "check": Text(
        "合计、行规则、价格带、期间与重复；结果为通过、提示、隔离或扣留。",
        "Totals, row rules, price bands, periods and repeats: pass, warn, quarantine or hold.",
    ),
    "match": Text("来源编码对应到主数据，保留有效期与判定方式。", "Source keys to golden ids, with validity and who decided."),
    "core": Text("统一单位、税与币种的星型模型。", "The star schema: units, tax and currency resolved."),
    "mart": Text("报告读取的汇总，可追溯到明细行。", "What reports read, traceable to its rows."),
    "publish": Text("一次发布锁定报告所依赖的全部表版本。", "A publication pins the version of every table behind a report."),
    "deliver": Text(
        "同一组数字渲染为工作簿、PDF 与邮件，先过滤行再渲染。",
        "One set of figures as workbook, PDF and mail; rows are filtered before rendering.",
    ),
}
KEPT = Text(
    "表存为 Delta Lake（按月分区），由 DuckDB 计算；台账为单一数据库，每个动作一个事务，可随时中断并由下次运行接续。",
    "Tables are Delta Lake, partitioned by month and computed by DuckDB; the ledger is one database with one transaction for "
    "each verb, so a run may be cut off anywhere and the next one goes on.",
)
TOKENS = Text(
    "下列各列在表中只有按域加密钥的令牌；明文只在封存对象与保险库中，删除一个人只需在一处进行。",
    "These columns hold keyed tokens; clear values are in sealed objects and in the vault only, so a person is erased in one place.",
)
LINEAGE = Text(
    "表之间的来龙去脉如图；每一列的来源见 `lineage.zh.md` 与数据字典，均由 SQL 解析得出。每一行事实都带有到达编号与行号。",
    "The drawing shows which table is made from which; the origin of every column is in `lineage.en.md` and in the data "
    "dictionary, all parsed from the SQL. Every row of a fact carries its arrival and row.",
)


def t(lang: Lang, zh: str, en: str) -> str:
    """The text in the language."""
    return zh if lang == "zh" else en


def fault_name(kind: object, lang: Lang) -> str:
    """A kind of planted fault in words; the code itself if it is unknown."""
    known = FAULTS.get(str(kind))
    return known.in_(lang) if known else str(kind)


def formula(aggregate: Aggregate, lang: Lang) -> str:
    """A measure as it is computed."""
    if aggregate.ratio:
        return f"sum({aggregate.ratio[0]}) / sum({aggregate.ratio[1]})"
    if aggregate.last:
        return f"sum({aggregate.last})" + t(lang, "，取末日", " on the last day")
    return f"sum({aggregate.sum})"


def read_as(kind: str, lang: Lang) -> str:
    """What a source's files are, in words where the kind's own name says little."""
    return READ_AS[kind].in_(lang) if kind in READ_AS else kind


def decisions(may: Iterable[str], lang: Lang) -> str:
    """What a role may decide, in words."""
    return t(lang, "、", ", ").join(DECISIONS[one].in_(lang) if one in DECISIONS else one for one in may)


def terms_of_keeping(sources: Iterable[SourceFile], lang: Lang) -> list[str]:
    """How long files are kept, and those of which purpose: ``36 months: sales reporting, delivery service``, the shortest first."""
    kept: dict[str, set[str]] = {}
    for source in sources:
        kept.setdefault(source.retention, set()).add(source.purpose.text.in_(lang))
    comma, colon = t(lang, "、", ", "), t(lang, "：", ": ")
    return [f"{_how_long(term, lang)}{colon}{comma.join(sorted(kept[term]))}" for term in sorted(kept, key=parse_duration)]


def _how_long(duration: str, lang: Lang) -> str:
    count, unit = duration.split()
    return duration if lang == "en" else f"{count} {_UNITS[unit.removesuffix('s')]}"


_UNITS = {"second": "秒", "minute": "分钟", "hour": "小时", "day": "天", "week": "周", "month": "个月"}
