"""The words of a report's frame in both languages; names of measures and members come from the glossary."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from taihu.core.reasons import REASONS
from taihu.core.types import Lang, Span, Text

WORDS = {
    "report": Text("日报", "Report"),
    "version": Text("第 {} 版", "Version {}"),
    "complete": Text("数据完整", "Complete"),
    "incomplete": Text("数据不全", "Incomplete"),
    "reviewed": Text("已审核", "Reviewed"),
    "not_reviewed": Text("未审核", "Not reviewed"),
    "everyone": Text("全部数据", "All data"),
    "all_in": Text("{0} 家{1}已报 {0} 家，全部到齐", "All {0} {1} reported"),
    "some_in": Text("{0} 家{3}已报 {1} 家，缺：{2}", "{1} of {0} {3} reported; missing: {2}"),
    "with_gaps": Text("{0} 家{3}都有报送，其中 {1} 家有缺：{2}", "All {0} {3} reported, {1} of them with gaps: {2}"),
    "parties": Text("报送方", "parties"),
    "nothing_due": Text("本期没有应报数据", "Nothing was due for the period"),
    "sources_missing": Text("未到数据源：{}", "Sources not in: {}"),
    "and_more": Text("等 {} 家", "and {} more"),
    "completeness": Text("完整度 {}", "Completeness {}"),
    "estimate": Text(
        "估计：缺报的 {0} 家约 {1}（{2} 区间 {3} 至 {4}{5}），未计入数字",
        "Estimate: {0} missing, about {1} ({2} interval {3} to {4}{5}); not in the figures",
    ),
    "estimate_unknown": Text("另有 {} 家历史数据太少，无法估计", "{} more cannot be estimated: too little is known of them"),
    "tax_included": Text("，含税", ", incl. VAT"),
    "tax_excluded": Text("，未税", ", net of VAT"),
    "tax_none": Text("，不计税", ", no VAT"),
    "as_of": Text("数据截至 {}", "Data as of {}"),
    "no_as_of": Text("尚无数据", "No data yet"),
    "target": Text("目标 {}", "Target {}"),
    "attained": Text("目标达成", "Of target"),
    "attained_short": Text("达成", "Of target"),
    "trend": Text("近 {} 天", "Last {} days"),
    "trend_weeks": Text("近 {} 周", "Last {} weeks"),
    "flat": Text("持平", "level"),
    "points": Text(" 个百分点", " pp"),
    "key_figures": Text("关键指标", "Key figures"),
    "notes": Text("说明", "Notes"),
    "arrivals": Text("数据到报情况", "Arrivals by source"),
    "source": Text("数据源", "Source"),
    "reported": Text("已报 / 应报", "Reported / due"),
    "late": Text("迟到", "Late"),
    "missing": Text("缺", "Missing"),
    "not_in": Text("尚未收到", "not in yet"),
    "sources_in": Text("{} 个数据源全部到齐", "All {} sources are in"),
    "others_in": Text("其余 {} 个数据源全部到齐", "The other {} sources are in"),
    "as_of_within": Text("数据截至 {}", "data as of {}"),
    "comma": Text("，", ", "),
    "until": Text("数据截至", "Data as of"),
    "holds": Text("未计入的数据", "Not in the figures"),
    "no_holds": Text("没有被扣留或拒收的文件，也没有被剔除的行。", "No file is held or refused and no row was left out."),
    "sender": Text("数据源与报送方", "Source and party"),
    "period": Text("期间", "Period"),
    "reason": Text("原因与下一步", "Reason and next step"),
    "rows": Text("行数", "Rows"),
    "arrival": Text("到件编号", "Arrival"),
    "restatements": Text("追溯调整", "Restatements"),
    "since": Text("与上一次发布 {} 相比", "Against the previous publication {}"),
    "no_restatements": Text("此前发布的数字没有变化。", "No figure published before has changed."),
    "day": Text("业务日期", "Business date"),
    "measure": Text("指标", "Measure"),
    "before": Text("原值", "Before"),
    "after": Text("现值", "After"),
    "change": Text("变动", "Change"),
    "cause": Text("原因", "Cause"),
    "cause_data": Text("数据", "Data"),
    "cause_definition": Text("口径", "Definition"),
    "cause_matching": Text("匹配", "Matching"),
    "cause_reference": Text("主数据", "Reference data"),
    "legend": Text(
        "▲▼ 表示升降；绿色为有利，红色为不利（与股市红涨绿跌不同）。"
        "目标达成：≥100% 绿，90–100% 橙，<90% 红；越低越好的指标相反。E 表示含估计值。",
        "▲▼ show the direction; green is favourable, red is not. "
        "Of target: green from 100%, amber 90 to 100%, red below; reversed where less is better. E marks estimates.",
    ),
    "publication": Text("发布编号 {}", "Publication {}"),
    "issued": Text("发布于 {}", "Issued {}"),
    "beijing": Text("北京时间", "Beijing time"),
    "explain": Text("数字溯源：taihu explain 数字编号", "Trace a number: taihu explain FIGURE"),
    "page": Text("第 {} 页，共 {} 页", "Page {} of {}"),
    "days": Text("{} 天", "{} days"),
    "figure": Text("数字编号", "Figure"),
    "value": Text("数值", "Value"),
    "unit": Text("单位", "Unit"),
    "filter": Text("筛选", "Filter"),
    "mart": Text("来源表", "Table"),
    "total": Text("合计", "Total"),
    "data_sheet": Text("数据", "Data"),
    "chart_sheet": Text("图表", "Charts"),
    "base": Text("基数", "base"),
    "target_value": Text("目标", "Target"),
    "estimated": Text("含估计", "Estimated"),
    "trend_sheet": Text("趋势", "Trends"),
    "report_sheet": Text("报告", "Report"),
    "date": Text("日期", "Date"),
    "parts": Text("分子 / 分母", "Numerator / denominator"),
    "numerator": Text("分子", "Numerator"),
    "denominator": Text("分母", "Denominator"),
    "versus_day": Text("较前一日", "vs prior day"),
    "versus_days": Text("较前 {} 天", "vs prior {} days"),
    "versus_week": Text("周同比", "vs last week"),
    "versus_last_week": Text("周环比", "vs prior week"),
    "versus_year": Text("年同比", "vs last year"),
    "preview": Text("{}：{}", "{}: {}"),
    "attached": Text("明细、公式与图表见附件工作簿。", "Details, formulas and charts are in the attached workbook."),
}
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def word(key: str, lang: Lang, *values: object) -> str:
    """A word of the frame, with its places filled."""
    text = WORDS[key].in_(lang)
    return text.format(*values) if values else text


def against_word(against: str, span: Span, lang: Lang) -> str:
    """What a change is measured against, in words that fit the length of the period."""
    days = (span.end - span.start).days
    if against == "target":
        return word("attained", lang)
    if against == "day" and days > 1:
        return word("versus_days", lang, days)
    if against == "week" and days == 7:
        return word("versus_last_week", lang)
    return word(f"versus_{against}", lang)


def day_text(day: dt.date, lang: Lang, *, year: bool = True) -> str:
    """A day with its weekday."""
    if lang == "zh":
        return f"{day.isoformat() if year else day.isoformat()[5:]}（周{_WEEKDAYS[day.weekday()]}）"
    return f"{_DAY_NAMES[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


def span_text(span: Span, lang: Lang) -> str:
    """A period of business days as people say it."""
    last = span.end - dt.timedelta(days=1)
    if last == span.start:
        return day_text(last, lang)
    same_year = last.year == span.start.year
    if lang == "zh":
        return f"{day_text(span.start, lang)}至 {day_text(last, lang, year=not same_year)}，{(span.end - span.start).days} 天"
    return f"{day_text(span.start, lang, year=not same_year)} to {day_text(last, lang)} ({(span.end - span.start).days} days)"


def instant_words(instant: dt.datetime, zone: str, lang: Lang) -> str:
    """An instant on the wall clock of the report's zone, which is named."""
    local = instant.astimezone(ZoneInfo(zone))
    name = word("beijing", lang) if zone == "Asia/Shanghai" else zone
    return f"{local:%Y-%m-%d %H:%M} {name}"


def reason_words(code: str, lang: Lang) -> tuple[str, str]:
    """Title and next step of a reason code; a code of a newer version stands for itself."""
    reason = REASONS.get(code)
    return (reason.title.in_(lang), reason.fix.in_(lang)) if reason else (code, "")


def joined(names: list[str], lang: Lang, *, most: int = 8) -> str:
    """Names in a row, the many cut to some and the number of the others."""
    comma = "、" if lang == "zh" else ", "
    shown = comma.join(names[:most])
    if len(names) <= most:
        return shown
    return f"{shown} {word('and_more', lang, len(names) if lang == 'zh' else len(names) - most)}"
