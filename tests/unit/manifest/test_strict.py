"""What users write is read strictly, and every complaint names a line."""

from __future__ import annotations

import pytest

from taihu.core.errors import ManifestError
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import Document, parse

GOOD = """\
title: {zh: 经销商名单, en: Distributors}
owner: sales-operations
purpose: master data
retention: 120 months
entity: cn_wfoe
collect: {via: folder, path: inbox/distributors}
load: snapshot
key: [distributor_code]
columns:
  distributor_code: {from: 经销商编码, type: text}
"""


def complaint(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        parse(SourceFile, text, "source.yml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 00123", "00123"),
        ("a: no", "no"),
        ("a: 2026-11-03", "2026-11-03"),
        ("a: 12:30", "12:30"),
        ("a: 1_000", "1_000"),
        ("a: 0x1F", "0x1F"),
        ("a: 7", 7),
        ("a: -3.5", -3.5),
        ("a: true", True),
        ("a: '7'", "7"),
        ("a: ~", None),
    ],
)
def test_plain_text_is_not_guessed(text: str, value: object) -> None:
    assert Document(text, "x.yml").value == {"a": value}


def test_unknown_key_is_answered_with_the_one_that_was_meant() -> None:
    assert complaint(GOOD.replace("collect:", "colect:")) == "source.yml:6: unknown key 'colect', did you mean 'collect'?"


def test_unknown_key_inside_a_column_names_its_own_line() -> None:
    assert complaint(GOOD.replace("type: text}", "type: text, requird: true}")).startswith(
        "source.yml:10: unknown key 'requird', did you mean 'required'?"
    )


def test_missing_key_is_named() -> None:
    assert "key 'owner' is missing" in complaint(GOOD.replace("owner: sales-operations\n", ""))


def test_repeated_key_is_refused() -> None:
    assert complaint(GOOD + "owner: somebody\n").startswith("source.yml:11: key 'owner' occurs twice")


def test_money_without_currency_and_tax_is_refused() -> None:
    text = GOOD + "  amount: {from: 金额, type: money}\n"
    assert "an amount names its currency and its tax basis" in complaint(text)


def test_upsert_needs_a_key() -> None:
    assert "needs key:" in complaint(GOOD.replace("load: snapshot\nkey: [distributor_code]", "load: upsert"))


def test_broken_yaml_names_the_line() -> None:
    assert complaint("title: {zh: a\nowner: [").startswith("source.yml:")


def test_good_source_loads() -> None:
    source = parse(SourceFile, GOOD, "source.yml")
    assert source.columns["distributor_code"].from_ == ("经销商编码",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "load: snapshott",
            "source.yml:7: load: unknown value 'snapshott', did you mean 'snapshot'?\n  one of: replace, upsert, append, snapshot",
        ),
        (
            "load: snapshot\nexpect: {for: the day, every: day, by: 8am}",
            "source.yml:8: expect.by: '8am' is not a time of day such as '08:30'",
        ),
        (
            "load: snapshot\nexpect: {for: the day, every: day, by: '25:00'}",
            "source.yml:8: expect.by: '25:00' is not a time of day such as '08:30'",
        ),
        (
            "load: snapshot\nexpect: {for: the day, every: day, by: '08:00', since: yesterday}",
            "source.yml:8: expect.since: 'yesterday' is not a day such as 2026-08-17",
        ),
        ("load: snapshot\nbusiness_date: sold_at", "source.yml:8: business_date names 'sold_at', which is not a column"),
    ],
)
def test_a_value_that_cannot_stand_there_is_said_with_what_can(line: str, says: str) -> None:
    assert complaint(GOOD.replace("load: snapshot", line)) == says


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("{stale: [distributor_code], else: hold}", "business_date"),
        ("{days_covered: true, else: warn}", "business_date"),
        ("{anomalies: {of: distributor_code}, else: warn}", "business_date"),
        ("{identity: {equals: distributor_code, plus: [distributor_code], within: learned}, else: quarantine}", "learned"),
    ],
)
def test_a_rule_that_could_never_find_anything_is_refused(check: str, said: str) -> None:
    assert said in complaint(f"{GOOD}checks:\n  - {check}\n")


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [("master data", "master data", "master data"), ("{zh: 主数据, en: master data}", "主数据", "master data")],
)
def test_a_purpose_is_one_text_for_both_languages_or_one_for_each(written: str, zh: str, en: str) -> None:
    purpose = parse(SourceFile, GOOD.replace("purpose: master data", f"purpose: {written}"), "source.yml").purpose
    assert (purpose.zh, purpose.en) == (zh, en)


def test_a_purpose_with_one_language_only_is_refused() -> None:
    assert complaint(GOOD.replace("purpose: master data", "purpose: {zh: 主数据}")) == "source.yml:3: key 'en' is missing"
