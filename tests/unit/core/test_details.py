"""Details beside a reason: Chinese reports hold no English sentence, English ones no sentence twice."""

from __future__ import annotations

import re

import pytest

from taihu.core.details import detail_in
from taihu.core.grammar import singular

KNOWN = [
    ("login_page", "a login page came instead of a file", "", ""),
    ("damaged_file", "the archive cannot be unpacked (BadZipFile)", "压缩包解不开", "the archive cannot be unpacked"),
    (
        "tax_basis_suspected",
        "amounts look net of tax where gross was agreed: prices are 0.885 of the sender's usual ones",
        "价格是该发送方平时的 0.885 倍",
        "prices are 0.885 times this sender's usual ones",
    ),
    (
        "scale_suspected",
        "amounts are given in 10,000 CNY: all prices are about 10^-4 of the price list",
        "价格约为价目表的 1/10000",
        "prices are about 1/10,000 of the price list",
    ),
    (
        "scale_suspected",
        "amounts are off by 10^2: all prices are about 10^2 of the price list",
        "价格约为价目表的 100 倍",
        "prices are about 100 times the price list",
    ),
    (
        "scale_suspected",
        "amounts are off by 10^-2: all prices are about 10^-2 of the price list",
        "价格约为价目表的 1/100",
        "prices are about 1/100 of the price list",
    ),
    (
        "party_disagrees",
        "the file's name says D0008, not D0018, D0019",
        "文件名写的是 D0008，不是 D0018, D0019",
        "the file's name says D0008, not D0018, D0019",
    ),
    ("identity_broken", "3 of 31 rows do not add up", "31 行中有 3 行不平", "3 of 31 rows do not add up"),
    (
        "identity_broken",
        "3 of 31 rows do not add up, usual for this party up to 0.05 in 210 rows",
        "31 行中有 3 行不平，该方在 210 行中通常相差至多 0.05",
        "3 of 31 rows do not add up, usual for this party up to 0.05 in 210 rows",
    ),
    (
        "total_disagrees",
        "共{rows}条 (9): rows stated 12, found 7",
        "共…条 (9)：行数写明 12，实为 7",
        "共…条 (9): rows stated 12, found 7",
    ),
    ("total_missing", "not found: 共{rows}笔，合计{sum}元", "没有找到 共…笔，合计…元", "not found: 共…笔，合计…元"),
    (
        "unknown_layout",
        "nearest layout 'page', header at 2: missing 出库数量 (renamed to 出货件数?); new 出货件数",
        "最接近的格式是 page；缺少 出库数量（或已改名为 出货件数）；多出 出货件数",
        "nearest layout is page; missing 出库数量 (renamed to 出货件数?); new 出货件数",
    ),
    (
        "stale_stock",
        "2026-10-09 repeats 2026-10-08 in all 12 rows",
        "2026-10-09 与 2026-10-08 的 12 行完全相同",
        "2026-10-09 repeats 2026-10-08 in all 12 rows",
    ),
    ("mojibake", "first at Sheet1!3, column A", "最先出现在 Sheet1!3，第 A 列", "first at Sheet1!3, column A"),
    ("mojibake", "outside the tables", "出现在表格之外", "outside the tables"),
    ("identical_content", "68a4876f1a1fdddd", "与到件 68a4876f1a1f 相同", "the same as arrival 68a4876f1a1f"),
    ("price_out_of_band", "3 of 12 rows: off by the pack", "3/12 行相差正好一箱的件数", "3 of 12 rows: off by the pack"),
    (
        "invalid_date",
        "9 of 12 rows were refused, too many to use the rest",
        "12 行中有 9 行被拒，余下的不足以采用",
        "9 of 12 rows were refused, too many to use the rest",
    ),
    (
        "invalid_date",
        "3 of 12 rows were refused, the contract allows 2 %",
        "12 行中有 3 行被拒，约定至多 2 %",
        "3 of 12 rows were refused, the contract allows 2 %",
    ),
    ("rule_failed", "sql check 1: 4 rows", "4 行违反规则 sql check 1", "sql check 1: 4 rows"),
    ("reader_failed", "ValueError", "", "ValueError"),
    ("missing_day", "2026-10-09", "2026-10-09", "2026-10-09"),
    ("mojibake", "", "", ""),
]


@pytest.mark.parametrize(("reason", "detail", "zh", "en"), KNOWN)
def test_known_details_speak_both_languages(reason: str, detail: str, zh: str, en: str) -> None:
    assert detail_in(reason, detail, "zh") == zh
    assert detail_in(reason, detail, "en") == en


def test_an_unknown_sentence_is_left_out_in_chinese_and_kept_in_english() -> None:
    sentence = "the moon was full when the file came"
    assert detail_in("damaged_file", sentence, "zh") == ""
    assert detail_in("damaged_file", sentence, "en") == sentence


def test_what_the_checks_write_is_known() -> None:
    """The sentences come from the checks themselves, so that a changed wording is noticed here."""
    import datetime as dt

    from taihu.check.days import outside_findings, row_count_findings
    from taihu.core.types import Span
    from taihu.read import read_file

    day = dt.date(2026, 9, 1)
    findings = outside_findings([day], ["7"], Span(dt.date(2026, 9, 2), dt.date(2026, 9, 3)), "document_date")
    many = [day + dt.timedelta(days=n) for n in range(1, 31) for _ in range(50)]
    findings += row_count_findings([day], many)
    details = [finding.detail for finding in findings]
    held = [read_file(content, "a.zip", read=None, layouts={}) for content in (b"PK\x03\x04 cut off here", b"")]
    details += [file.held_detail for file in held if file.held]
    assert len(details) == 4
    for detail in details:
        assert not re.search(r"[a-z]{3,} [a-z]{3,}", detail_in("row_count", detail, "zh")), detail
        assert detail_in("row_count", detail, "zh") or detail in ("", "the file is empty")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 rows lie outside 2026-10-01", "1 row lies outside 2026-10-01"),
        ("1 of 1 rows were refused", "1 of 1 row was refused"),
        ("1 of 3 rows were refused", "1 of 3 rows were refused"),
        ("21 rows, 1,001 rows, 1.1 rows, 1 files, 1 hidden rows: 3", "21 rows, 1,001 rows, 1.1 rows, 1 file, 1 hidden row: 3"),
        ("estimates: 1 missing days of 1 parties", "estimates: 1 missing day of 1 party"),
        ("rule 1 rowspan", "rule 1 rowspan"),
    ],
)
def test_one_is_not_many(text: str, expected: str) -> None:
    assert singular(text) == expected
    assert detail_in("rule_failed", "sql check 1: 1 rows", "en") == "sql check 1: 1 row"
    assert detail_in("rule_failed", "sql check 1: 1 rows", "zh") == "1 行违反规则 sql check 1"
