"""Reason codes: the closed list of why something was refused, held, repaired or remarked on.

One table serves the ledger, ``taihu status``, the reports' list of holds and the demo's score, in both languages, so a
code can never appear without words that a business analyst understands and a next step.
"""

from __future__ import annotations

from dataclasses import dataclass

from taihu.core.types import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code, a short title and what to do."""

    code: str
    title: Text
    fix: Text


def _r(code: str, zh: str, en: str, fix_zh: str, fix_en: str) -> Reason:
    return Reason(code, Text(zh, en), Text(fix_zh, fix_en))


_ASK = ("请发送方重发正确的文件", "ask the sender for a correct file")
_REVIEW = ("核对后放行或等待更正文件", "review it, then release it or wait for a corrected file")

_ALL = [
    # bytes
    _r("empty_file", "文件为空", "the file is empty", *_ASK),
    _r("wrong_kind", "文件类型与约定不符", "not the kind of file that was agreed", *_ASK),
    _r(
        "login_page",
        "收到的是登录页面而非文件",
        "a login page came instead of a file",
        "检查门户账号与会话",
        "check the portal's account and session",
    ),
    _r("damaged_file", "文件损坏或未传完", "the file is damaged or cut off", *_ASK),
    _r(
        "wrong_password",
        "压缩包或文件密码不对",
        "none of the known passwords opens it",
        "在 taihu.yml 的账号中更新密码引用",
        "update the password reference of the source",
    ),
    _r("too_large", "展开后超出限制", "it expands beyond the allowed size", *_ASK),
    _r("unsafe_name", "压缩包内含不安全的路径", "an archive member has an unsafe path", *_ASK),
    _r("unsafe_member", "压缩包内含链接、设备或稀疏文件", "an archive member is a link, a device or a sparse file", *_ASK),
    _r(
        "unsupported_archive",
        "无法打开此类压缩格式（如 rar）",
        "this kind of archive cannot be opened (rar and rare methods)",
        "请发送方改用 zip 或 7z 重新打包，或直接发送原文件",
        "ask the sender to pack it as zip or 7z, or to send the files unpacked",
    ),
    _r(
        "password_missing",
        "尚未收到密码，等待密码邮件",
        "no password that fits has come yet; it waits for the mail with it",
        "请发送方发送密码；收到后自动重试",
        "ask the sender for the password; it is tried again when it comes",
    ),
    _r(
        "identical_content",
        "与先前收到的内容完全相同",
        "identical to content received before",
        "无需处理；若应为新数据请联系发送方",
        "nothing to do, unless new data was expected",
    ),
    _r(
        "not_collected",
        "未能连接或取数",
        "the source could not be reached",
        "见错误详情；下次运行会重试",
        "see the detail; the next run tries again",
    ),
    _r(
        "access_refused",
        "账号被拒绝（只尝试一次）",
        "the account was refused (tried once)",
        "更新账号密码后再运行",
        "update the credential, then run again",
    ),
    _r(
        "original_untouched",
        "已收取，但原件未能按要求标记或移动",
        "collected, but the original could not be marked or moved as asked",
        "检查账号权限与目标文件夹；下次运行会重试",
        "check the account's rights and the target folder; the next run tries again",
    ),
    _r(
        "incomplete_drop",
        "文件尚未传完（缺少完成标记或仍在变化）",
        "the upload is not finished (no marker yet, or still changing)",
        "等待发送方传完",
        "wait for the sender to finish",
    ),
    _r("manifest_disagrees", "文件与清单中的校验值不符", "the file does not have the hash that the manifest states", *_ASK),
    _r(
        "file_denied",
        "服务器不允许读取该文件",
        "the server denies access to the file",
        "请服务器管理员开放读取权限",
        "ask the server's operator for the right to read it",
    ),
    # portals
    _r(
        "needs_human",
        "需要人工登录（验证码等）",
        "a person must log in (captcha, code)",
        "运行 taihu portal login 来源名，完成后自动继续",
        "run taihu portal login NAME; the next run goes on by itself",
    ),
    _r(
        "terms_ended",
        "自动取数的授权已到期（已暂停）",
        "the permission to automate has ended (paused)",
        "续签后修改 portal.yml 的 terms: until:",
        "renew it, then change terms: until: in portal.yml",
    ),
    _r(
        "page_changed",
        "门户页面变了",
        "the portal's page has changed",
        "用 taihu portal trace 来源名 查看差异，修改 portal.yml",
        "see the difference with taihu portal trace NAME, then correct portal.yml",
    ),
    _r(
        "field_altered",
        "填入的值被页面改动",
        "a field does not keep what was filled in",
        "改用 fetch: 加参数，或按该字段的格式填写",
        "use fetch: with parameters, or write the value in the field's own format",
    ),
    _r("too_few_rows", "行数与约定不符（疑似未取全）", "not the number of rows that was agreed (cut off?)", *_REVIEW),
    _r("wrong_period", "文件不是所要求的期间", "the file speaks for another period than was asked for", *_REVIEW),
    # reading
    _r("mojibake", "文字乱码", "the text is garbled", *_ASK),
    _r(
        "unknown_layout",
        "表头与已知格式都不符",
        "the header fits no known layout",
        "用 taihu hold show ID（或 taihu read FILE --source S）查看差异与建议的 layout，核对后保存",
        "see the difference and a proposed layout with taihu hold show ID (or taihu read FILE --source S); save it once it is right",
    ),
    _r("columns_moved", "列的顺序变了（已按名称识别）", "columns moved (read by name)", "无需处理", "nothing to do"),
    _r(
        "columns_added",
        "文件多出未约定的列（未读取）",
        "the file has columns that its layout does not list (not read)",
        "如需要，把该列写入 layout 与 columns:",
        "if it is wanted, list it in the layout and under columns:",
    ),
    _r("total_disagrees", "文件自带的合计与明细不符", "the file's own total disagrees with its rows", *_ASK),
    _r("invoice_disagrees", "发票各部分的记载互相矛盾", "the parts of the invoice contradict each other", *_ASK),
    _r(
        "same_invoice",
        "同一张发票（代码与号码相同）已收到，未重复计入",
        "an invoice of this code and number has been received; not counted twice",
        "无需处理",
        "nothing to do",
    ),
    _r(
        "red_letter",
        "红字发票",
        "a credit note (red-letter invoice)",
        "核对其所冲销的蓝字发票",
        "compare it with the invoice that it takes back",
    ),
    _r("total_missing", "缺少应有的合计，文件可能不完整", "the agreed control total is missing; the file may be cut off", *_ASK),
    _r(
        "unit_disagrees",
        "标题写明的单位与约定不符",
        "a title states another unit than was agreed",
        "确认单位后修改 layout 的 units:，或请发送方更正",
        "find out which unit is meant, then change units: in the layout or ask for a correct file",
    ),
    _r(
        "unit_stated",
        "标题写明了单位（按原样读取，未换算）",
        "a title states a unit (cells are read as they are, nothing is converted)",
        "在 layout 的 units: 中写明",
        "write it under units: in the layout",
    ),
    _r("total_row", "明细中夹有合计行（未计入）", "a total row stood among the data (not counted)", "无需处理", "nothing to do"),
    _r("ragged_row", "列数不齐的行", "a row has too many or too few fields", *_REVIEW),
    _r("rows_after_end", "表尾之后还有内容（未读取）", "there is more below the end of the table (not read)", *_REVIEW),
    _r("remark_row", "备注行（未计入）", "a line of remarks stood below or among the rows (not counted)", "无需处理", "nothing to do"),
    _r(
        "repeated_header",
        "明细中重复出现表头（未计入）",
        "the header is repeated among the rows (not counted)",
        "无需处理",
        "nothing to do",
    ),
    _r("merged_cells", "合并单元格（已填入首格内容）", "merged cells (filled with their first cell's text)", "无需处理", "nothing to do"),
    _r(
        "hidden_rows",
        "含隐藏行（可能是筛选掉的）",
        "some rows are hidden (filtered away?)",
        "问明是否计入，在 layout 中写 hidden: {rows: read} 或 skip",
        "find out whether they count, then say hidden: {rows: read} or skip in the layout",
    ),
    _r(
        "hidden_columns",
        "含隐藏列",
        "some columns are hidden",
        "如不应读取，在 layout 中写 hidden: {columns: skip}",
        "if they must not be read, say hidden: {columns: skip} in the layout",
    ),
    _r(
        "hidden_sheet",
        "工作表被隐藏",
        "the sheet is hidden",
        "问明是否计入，在 layout 中写 hidden: {sheets: read} 或 skip",
        "find out whether it counts, then say hidden: {sheets: read} or skip in the layout",
    ),
    _r(
        "table_repeats",
        "同一工作表中并排有多张相同的表",
        "the sheet holds the table several times",
        "在 layout 中写 repeats: beside",
        "say repeats: beside in the layout",
    ),
    _r(
        "outside_missing",
        "表外应有的内容没有找到",
        "what should stand outside the table is not there",
        "核对文件的标题与标签，再修改 layout 的 outside:",
        "look at the titles and labels of the file, then change outside: in the layout",
    ),
    _r("error_cell", "单元格为公式错误", "a cell holds a formula error", *_ASK),
    _r("formula_without_value", "公式没有保存计算结果", "a formula was saved without its value", *_ASK),
    _r(
        "cells_unclear",
        "无法确定文字属于哪一格（相邻列相连或行距不清）",
        "it is unclear to which cells some texts belong (columns that touch, lines between rows)",
        "请发送方改发 Excel 或 CSV；或在 layout 中用 columns_at 写明各列位置",
        "ask the sender for Excel or CSV, or state where the columns begin (columns_at) in the layout",
    ),
    _r("slanted_text", "斜置的文字（如水印，未读取）", "slanted text such as a watermark (not read)", "无需处理", "nothing to do"),
    _r("no_table", "没有找到表格", "no table was found", *_ASK),
    # values
    _r("invalid_date", "日期无效", "not a valid date", *_ASK),
    _r(
        "ambiguous_date",
        "日期写法有歧义",
        "the date can be read in two ways",
        "在 source.yml 中声明日期顺序",
        "declare the order in source.yml",
    ),
    _r("two_digit_year", "日期只写了两位年份（已按约定识别）", "a two-digit year (read as agreed)", "无需处理", "nothing to do"),
    _r("invalid_number", "数字无效", "not a valid number", *_ASK),
    _r("id_in_scientific_notation", "编号被 Excel 变成科学计数法", "an id was turned into scientific notation", *_ASK),
    _r(
        "digits_lost",
        "长编号的末尾数字已丢失（Excel 只保留 15 位）",
        "long ids have lost their last digits (Excel keeps fifteen)",
        "请发送方以文本格式导出该列",
        "ask the sender to export the column as text",
    ),
    _r(
        "number_as_date",
        "数字显示成了日期（单元格格式不对）",
        "numbers are shown as dates (the cells have the wrong format)",
        "请发送方把该列改为数字格式后重发",
        "ask the sender to format the column as numbers",
    ),
    _r(
        "date_as_number",
        "日期显示成了数字（单元格格式不对）",
        "dates are shown as numbers (the cells have the wrong format)",
        "请发送方把该列改为日期格式后重发",
        "ask the sender to format the column as dates",
    ),
    _r("value_missing", "必填值缺失", "a required value is missing", *_ASK),
    _r(
        "derived",
        "缺失值已按约定的规则补出",
        "a missing value was filled by the contract's rule",
        "无需处理；规则见 source.yml 的 if_missing",
        "nothing to do; the rule is if_missing: in source.yml",
    ),
    _r(
        "unknown_member",
        "缺失的编码记为“未知”成员",
        "a missing key counts as the unknown member",
        "请发送方补填",
        "ask the sender to fill it in",
    ),
    _r("rounded", "小数位过多（已四舍五入）", "more decimals than kept (rounded half up)", "无需处理", "nothing to do"),
    _r(
        "unknown_place",
        "地址中的行政区划无法识别",
        "the address names no known division",
        "补全省、市、区县",
        "complete province, city and district",
    ),
    _r("invalid_code", "编码的位数或校验位不对", "the code has a wrong length or check digit", *_ASK),
    _r(
        "unknown_tax_rate",
        "当日没有此增值税税率",
        "no rate of value added tax that was in force on the day",
        "核对税率与业务日期",
        "compare the rate with the day of the supply",
    ),
    _r(
        "unknown_rate",
        "当日没有此类汇率",
        "no exchange rate of this type for the day",
        "补充汇率表",
        "add it to the table of rates",
    ),
    _r(
        "conflicting_rates",
        "同一天有两个同类汇率",
        "two exchange rates of one type for one day",
        "保留其中一个",
        "keep one of them",
    ),
    _r(
        "unknown_company_name",
        "企业名称的组成部分无法确定",
        "the parts of the company's name cannot be told apart",
        "使用营业执照上的全称",
        "use the full name of the business licence",
    ),
    _r(
        "ambiguous_place",
        "地址中的行政区划不唯一（重名或已拆分）",
        "the address may mean several divisions (same name, or divided since)",
        "补全省、市、区县",
        "complete province, city and district",
    ),
    _r(
        "invalid_pack",
        "规格写法无法识别",
        "the pack cannot be read",
        "写明数量与单位，如 500ml*24瓶/箱",
        "write counts with their units, such as 500ml*24瓶/箱",
    ),
    _r("unknown_unit", "单位未登记换算", "no conversion is known for the unit", "补充该商品的装箱数", "add the pack size of the product"),
    _r(
        "unknown_product",
        "商品编码未登记",
        "the product is not in the master data",
        "补充商品主数据或映射",
        "add it to the master data or the map",
    ),
    _r("unknown_party", "发送方不在名单中", "the sender is not on the list", "补充名单", "add it to the reference table"),
    _r(
        "party_disagrees",
        "文件名所指的报送方与发送方或明细不符",
        "the file's name speaks of another party than its sender or its rows",
        *_ASK,
    ),
    _r(
        "not_listed",
        "编码不在参考表中",
        "the code is not on its reference list",
        "补充参考表，或请发送方更正",
        "add it to the reference table, or ask the sender for the right one",
    ),
    _r(
        "not_valid",
        "编码在业务日期已失效或尚未生效（如门店已关闭）",
        "the code does not count on the day of the row (closed, ended, not begun)",
        "核对业务日期与参考表的有效期",
        "compare the day with the validity in the reference table",
    ),
    _r(
        "net_content_disagrees",
        "品名的净含量与该编码的商品不符（疑似旧编码用于新规格）",
        "the name states another net content than the code's product has (a code used again for a new pack?)",
        "请发送方核对编码；新规格应登记为新商品",
        "ask the sender which product it is; a new pack needs a code of its own",
    ),
    _r(
        "outside_territory",
        "客户位于其他经销商的区域（疑似串货）",
        "the customer is in another party's territory (diverted sale?)",
        "计入销售；请区域经理核实去向",
        "it counts as a sale; ask the regional manager about it",
    ),
    # rules
    _r("outside_period", "日期超出应报期间", "rows lie outside the period that is owed", *_REVIEW),
    _r("missing_day", "文件中缺少某一天", "a day inside the period has no rows", *_REVIEW),
    _r("sign_disagrees", "数量与金额正负不一致", "quantity and amount have different signs", *_REVIEW),
    _r("status_disagrees", "订单状态与退款不符", "the order's status contradicts its refund", *_REVIEW),
    _r("refund_exceeds_paid", "退款大于实付金额", "more was refunded than was paid", *_REVIEW),
    _r("negative_stock", "期末库存为负", "stock is below zero", *_REVIEW),
    _r("row_count", "行数超出常见范围", "unusual number of rows", *_REVIEW),
    _r("price_out_of_band", "单价偏离价目表（疑似单位或数量有误）", "unit price far from the price list (unit or quantity slip)", *_REVIEW),
    _r("scale_suspected", "金额疑似以万元填报", "amounts look as if given in 10,000 CNY", *_ASK),
    _r("tax_basis_suspected", "金额疑似为未税金额", "amounts look net of tax where gross was agreed", *_ASK),
    _r("stale_stock", "库存与上次完全相同（疑似照抄）", "stock is the same as last time (copied)", *_ASK),
    _r("anomaly_suspected", "每日合计远离同类日子的常见水平", "a daily sum far from what such days bring", *_REVIEW),
    _r(
        "not_carried_over",
        "前面的日期尚缺，期初余额未与上一份文件核对",
        "days before it are still owed: its first balance was not compared with the file before them",
        "补齐所缺文件后，核对其首尾余额",
        "when the missing file has come, compare its first and last balance",
    ),
    _r("identity_broken", "加减不平（如期初+入-出≠期末）", "amounts do not add up (as in opening + in - out)", *_REVIEW),
    _r(
        "value_disagrees",
        "与同组其他行不一致",
        "the other rows of its group say another value",
        "用 taihu corrections 查看建议的更正，核对后写入 corrections.yml",
        "see what taihu corrections proposes, check it and put it into corrections.yml",
    ),
    _r("voted", "已按多数行的值修改", "took the value of the majority, as the contract says", "无需处理", "nothing to do"),
    _r("duplicate_row", "重复的行", "rows of one key occur more than once", *_REVIEW),
    _r(
        "not_checked",
        "缺少参考数据，规则未能检查",
        "a rule could not be checked: its reference data is absent",
        "先补齐参考表",
        "deliver the reference table first",
    ),
    _r(
        "report_failed",
        "报告未能生成",
        "a report could not be made",
        "按提示修正后重新运行，其余报告不受影响",
        "mend what the message names and run again; other reports are not touched",
    ),
    _r("rule_failed", "未通过检查规则", "a rule of the source failed", *_REVIEW),
    # arrivals
    _r("replaced", "被更新的版本取代", "replaced by a newer version", "无需处理", "nothing to do"),
    _r(
        "version_shrunk",
        "新版本比它取代的少了一半以上的行（可能只含更正）",
        "less than half of the rows that it replaces (corrections only?)",
        "只含更正时请发送方重发整天的数据，或约定 load: upsert；核实无误则放行",
        "if it holds corrections only, ask for whole days or agree on load: upsert; if it is right, release it",
    ),
    _r("restated", "更正了已收到的数据", "changed data that had been received", "报告中列为追溯调整", "listed as a restatement"),
    _r("nil_return", "本期无销售（零申报）", "nil return: no sales in the period", "无需处理", "nothing to do"),
    _r("late", "迟到", "late", "催促发送方", "remind the sender"),
    _r("missing", "未收到", "missing", "催促发送方", "remind the sender"),
    _r(
        "keys_shrunk",
        "数据库中的主键突然少了很多（可能未查全）",
        "far fewer keys than rows (the database may not have answered in full)",
        "确认这些行确已删除后放行；否则检查查询与权限",
        "release it if the rows were really deleted; else check the query and the login's rights",
    ),
    _r("deleted_at_source", "源数据库已删除此行", "deleted in the source database", "无需处理", "nothing to do"),
    _r(
        "row_missed",
        "增量取数漏掉的行（下次补取）",
        "a row that the watermark missed (the next poll fetches it)",
        "无需处理",
        "nothing to do",
    ),
    _r("corrected", "已按更正记录修改", "changed by a recorded correction", "无需处理", "nothing to do"),
    _r(
        "correction_ambiguous",
        "更正对应的行不唯一（未执行）",
        "a correction does not name exactly one row (not applied)",
        "在 corrections.yml 中写全行的键",
        "name the row by its full key in corrections.yml",
    ),
    _r(
        "correction_expired",
        "更正已失效（源头已修正）",
        "a correction has expired (fixed at the source)",
        "从 corrections.yml 删除",
        "remove it from corrections.yml",
    ),
    _r(
        "reader_failed",
        "读取时出现意外错误",
        "reading failed unexpectedly",
        "请把该文件反馈给维护者",
        "report it with the file to the maintainers",
    ),
    _r(
        "reader_crashed",
        "读取程序因该文件崩溃（已隔离，不影响其他文件）",
        "the reading process crashed on it (alone; other files are not touched)",
        "请发送方另存为 xlsx 或 csv 重发，并把该文件反馈给维护者",
        "ask the sender to save it anew as xlsx or csv, and report it with the file to the maintainers",
    ),
    _r(
        "took_too_long",
        "读取耗时超出限制",
        "reading it takes longer than allowed",
        "请发送方拆分成较小的文件，或改用 csv",
        "ask the sender to split it, or to send it as csv",
    ),
    _r(
        "too_much_memory",
        "读取所需内存超出限制",
        "reading it takes more memory than allowed",
        "请发送方拆分成较小的文件，或改用 csv",
        "ask the sender to split it, or to send it as csv",
    ),
]

REASONS = {reason.code: reason for reason in _ALL}


def reason_of(code: str) -> Reason:
    """The reason with this code; an unlisted code is a programming error and raises ``KeyError``."""
    return REASONS[code]
