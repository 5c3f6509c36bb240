"""What a report says in each language, before anything is laid out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from taihu.core.figures import Arrivals, Comparison, Figure, HoldRow, Holds, ReportFigures, RestatementRow, SourceArrivals
from taihu.core.types import Span, Text
from taihu.deliver.evidence import holds_section, restated, signed_change, sources_section
from taihu.deliver.page import (
    banner_of,
    change_tone,
    delta_of,
    page_of,
    target_tone,
    tile_rows,
)
from taihu.deliver.words import WORDS, against_word, instant_words, joined, span_text


def test_the_banner_counts_and_names_who_is_missing(figures: ReportFigures) -> None:
    zh, en = page_of(figures, "zh").banner, page_of(figures, "en").banner
    assert zh and en
    assert zh.headline == "30 家经销商已报 27 家，缺：广州南粤百货、成都瑨源食品经营部、苏州恒丰商贸有限公司"
    assert en.headline.startswith("27 of 30 distributors reported; missing: ")
    assert (zh.detail, zh.tone) == ("完整度 96.4%", "warn")


def test_the_banner_is_green_only_if_all_is_in(quiet: ReportFigures) -> None:
    banner = page_of(quiet, "zh").banner
    assert banner and (banner.headline, banner.tone) == ("30 家经销商已报 30 家，全部到齐", "good")


def test_a_missing_source_without_parties_is_named_too() -> None:
    source = SourceArrivals("erp", Text("ERP 发货", "ERP deliveries"), 1, 0, 0, [Text("erp", "erp")], None)
    banner = banner_of(Arrivals(4, 4, Decimal("0.8"), [source]), "en")
    assert banner.tone == "warn" and banner.detail.endswith("Sources not in: ERP deliveries")
    assert banner.headline == "All 4 parties reported"  # what the parties are called is not known here


def test_the_banner_names_gaps_of_parties_that_did_report() -> None:
    source = SourceArrivals("stock", Text("库存", "Stock"), 4, 3, 0, [Text("宁波鼎盛", "宁波鼎盛")], None)
    arrivals = Arrivals(4, 4, Decimal("0.9"), [source], Text("经销商", "distributors"))
    banner = banner_of(arrivals, "en")
    assert (banner.headline, banner.tone) == ("All 4 distributors reported, 1 of them with gaps: 宁波鼎盛", "warn")
    assert banner_of(arrivals, "zh").headline == "4 家经销商都有报送，其中 1 家有缺：宁波鼎盛"


def test_holds_speak_the_language_of_the_report() -> None:
    detail = "amounts look net of tax where gross was agreed: prices are 0.885 of the sender's usual ones"
    title = Text("天猫订单", "Tmall orders")
    holds = Holds([HoldRow(title, Text("天猫订单", "天猫订单"), "2026-10-10", "tax_basis_suspected", detail, 0, "f0a056ca827a")])
    zh, en = (holds_section(holds, lang).rows[0].cells for lang in ("zh", "en"))
    assert zh[2].note.startswith("价格是该发送方平时的 0.885 倍；") and not re.search("[a-z]", zh[2].note)
    assert en[2].note.startswith("prices are 0.885 times this sender's usual ones; ")
    assert (zh[0].text, zh[0].note, en[0].text, en[0].note) == (
        "天猫订单",
        "",
        "Tmall orders",
        "",
    )  # the source itself is nobody who reports


def test_a_small_restatement_keeps_its_digits() -> None:
    assert signed_change(Decimal("1659700"), Decimal("1659400"), "money", "zh") == "−0.02%"
    assert signed_change(Decimal("100"), Decimal("101"), "money", "en") == "+1.0%"


@pytest.mark.parametrize(
    ("change", "good", "tone"),
    [
        ("0.05", "up", "good"),
        ("-0.05", "up", "bad"),
        ("0.05", "down", "bad"),
        ("-0.05", "down", "good"),
        ("0.05", "none", "flat"),
        ("0.0004", "up", "flat"),
    ],
)
def test_colour_is_good_or_bad_and_not_up_or_down(change: str, good: str, tone: str) -> None:
    assert change_tone(Decimal(change), good) == tone


@pytest.mark.parametrize(
    ("attained", "good", "tone"),
    [
        ("1.0", "up", "good"),
        ("0.93", "up", "warn"),
        ("0.89", "up", "bad"),
        ("0.8", "down", "good"),
        ("1.05", "down", "warn"),
        ("1.2", "down", "bad"),
    ],
)
def test_a_target_is_green_amber_or_red(attained: str, good: str, tone: str) -> None:
    assert target_tone(Decimal(attained), good) == tone


def test_a_percentage_moves_by_points_and_everything_else_by_percent(make_figure: Callable[..., Figure]) -> None:
    rate = make_figure(Text("达成率", "Attainment"), Decimal("0.97"), "percent", "%", "up", {"week": Decimal("0.95")})
    assert delta_of(rate, rate.comparisons[0], "zh").text == "2.0 个百分点"
    amount = make_figure(Text("额", "Amount"), Decimal(90), "money", "CNY", "up", {"day": Decimal(100)})
    delta = delta_of(amount, amount.comparisons[0], "en")
    assert (delta.arrow, delta.text, delta.tone, delta.label) == ("▼", "10.0%", "bad", "vs prior 3 days")
    assert delta_of(amount, Comparison("week", None, None), "en").text == "—"


def test_every_block_says_how_old_its_data_is(figures: ReportFigures) -> None:
    page = page_of(figures, "zh")
    dated = [section for section in page.sections if section.kind in ("tiles", "table")]
    assert [section.as_of for section in dated] == ["数据截至 2026-11-22"] * 2
    assert [chart.as_of for section in page.sections for chart in section.charts] == ["数据截至 2026-11-22", "数据截至 2026-11-21"]


def test_a_reason_code_is_told_in_words_with_its_next_step(figures: ReportFigures) -> None:
    holds = next(section for section in page_of(figures, "zh").sections if section.title == "未计入的数据")
    assert holds.rows[1].cells[2].text == "单价偏离价目表（疑似单位或数量有误）"
    assert holds.rows[1].cells[2].note == "核对后放行或等待更正文件"
    assert (holds.rows[2].cells[0].note, holds.rows[2].cells[1].text) == ("", "—")


def test_a_restatement_shows_both_values_and_its_cause(figures: ReportFigures) -> None:
    restated = next(section for section in page_of(figures, "en").sections if section.title == "Restatements")
    assert [cell.text for cell in restated.rows[0].cells] == ["2026-11-18", "Revenue", "CNY 4,217.7k", "CNY 4,142.8k", "−1.8%", "Data"]
    assert restated.rows[1].cells[4].text == "+0.9 pp"
    assert restated.as_of.endswith(figures.blocks[-1].since)  # type: ignore[union-attr]


def test_nothing_held_and_nothing_restated_is_said_in_words(quiet: ReportFigures) -> None:
    said = {section.title: section.paragraphs for section in page_of(quiet, "en").sections if section.kind == "rows" and not section.rows}
    assert said == {
        "Not in the figures": ["No file is held or refused and no row was left out."],
        "Restatements": ["No figure published before has changed."],
        "Arrivals by source": (),  # all are in, and listed
    }


def test_sources_that_need_a_look_have_rows_and_the_others_are_listed() -> None:
    day = dt.date(2026, 10, 11)
    name = Text("长沙宏运", "长沙宏运")
    sources = [
        SourceArrivals("bank", Text("银行对账单", "Bank statement"), 1, 1, 0, [], day),
        SourceArrivals("stock", Text("库存", "Stock"), 19, 18, 0, [name], day),
        SourceArrivals("pos", Text("商超日报", "Point of sale"), 1, 0, 0, [Text("pos", "pos")], None),
        SourceArrivals("east", Text("华东", "East"), 5, 5, 2, [], day),
        SourceArrivals("west", Text("西南", "West"), 4, 4, 0, [], day),
        SourceArrivals("market", Text("监测", "Market data"), 1, 1, 0, [], dt.date(2026, 10, 8)),
    ]
    section = sources_section(Arrivals(24, 23, Decimal("0.9"), sources), "en")
    assert [[cell.text for cell in row.cells[:4]] for row in section.rows] == [
        ["Stock", "18 / 19", "—", "长沙宏运"],
        ["Point of sale", "0 / 1", "—", "not in yet"],
        ["East", "5 / 5", "2", "—"],
    ]
    assert section.listing and section.listing.title == "The other 3 sources are in, data as of 2026-10-11"
    assert [(item.text, item.note) for item in section.listing.items] == [
        ("Bank statement", ""),
        ("West", "4 / 4"),
        ("Market data", "2026-10-08"),
    ]
    shown = {cell.text for row in section.rows for cell in row.cells[:1]} | {item.text for item in section.listing.items}
    assert shown == {source.title.en for source in sources}  # nobody is left out


def test_a_restatement_by_cents_is_told_to_the_cent() -> None:
    row = RestatementRow(
        dt.date(2026, 10, 4), Text("销售额", "Revenue"), Decimal("163512.70"), Decimal("163506.88"), "money", "data", Text("", "")
    )
    assert restated(row, "CNY", "zh") == ("163,512.70 元", "163,506.88 元", "−5.82 元")
    assert restated(row, "CNY", "en") == ("CNY 163,512.70", "CNY 163,506.88", "−CNY 5.82")
    larger = dataclasses.replace(row, after=Decimal("165000"))
    assert restated(larger, "CNY", "zh") == ("16.35 万元", "16.50 万元", "+0.9%")


def test_an_unreviewed_or_incomplete_report_wears_it(figures: ReportFigures, quiet: ReportFigures) -> None:
    assert [chip.text for chip in page_of(figures, "zh").chips] == ["全部数据", "第 2 版", "数据不全", "未审核"]
    assert [chip.text for chip in page_of(quiet, "en").chips] == ["All data", "Version 1", "Complete", "Reviewed"]
    regional = dataclasses.replace(quiet, audience=Text("华东", "East China"))
    assert page_of(regional, "en").chips[0].text == "East China"


def test_periods_and_instants_are_said_as_people_say_them() -> None:
    day, weekend = Span(dt.date(2026, 11, 23), dt.date(2026, 11, 24)), Span(dt.date(2026, 11, 20), dt.date(2026, 11, 23))
    assert span_text(day, "zh") == "2026-11-23（周一）"
    assert span_text(weekend, "zh") == "2026-11-20（周五）至 11-22（周日），3 天"
    assert span_text(weekend, "en") == "Fri 20 Nov to Sun 22 Nov 2026 (3 days)"
    assert span_text(Span(dt.date(2025, 12, 31), dt.date(2026, 1, 2)), "zh") == "2025-12-31（周三）至 2026-01-01（周四），2 天"
    assert instant_words(dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC), "Asia/Shanghai", "zh") == "2026-11-23 08:30 北京时间"
    assert instant_words(dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC), "Europe/Paris", "en") == "2026-11-23 01:30 Europe/Paris"
    assert [against_word("day", span, "zh") for span in (day, weekend)] == ["较前一日", "较前 3 天"]
    assert against_word("week", Span(dt.date(2026, 11, 16), dt.date(2026, 11, 23)), "en") == "vs prior week"


def test_many_names_are_cut_and_counted() -> None:
    assert joined(list("abcd"), "en", most=2) == "a, b and 2 more"
    assert joined(list("甲乙丙"), "zh", most=2) == "甲、乙 等 3 家"


def test_both_languages_fill_the_same_places() -> None:
    for key, text in WORDS.items():
        assert text.zh and text.en, key
        assert text.zh.count("{") == text.en.count("{") or key == "all_in", key


def test_a_report_without_any_number_is_still_a_report(empty: ReportFigures) -> None:
    page = page_of(empty, "zh")
    assert page.banner and page.banner.headline == "本期没有应报数据"
    assert page.sections[0].tiles[0][0].value == "—"


def test_tiles_stand_in_even_rows(figures: ReportFigures) -> None:
    tile = page_of(figures, "zh").sections[1].tiles[0][0]
    assert [[len(row) for row in tile_rows([tile] * count)] for count in (1, 4, 5, 6, 7, 9)] == [
        [1],
        [4],
        [3, 2],
        [3, 3],
        [4, 3],
        [3, 3, 3],
    ]
