"""Numbers as people read them in China and elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.render.numbers import headed, number_text, percent_text, scale_for, unit_word


@pytest.mark.parametrize(
    ("format", "unit", "value", "zh", "en"),
    [
        ("money", "CNY", "12846521.37", "1,284.7 万元", "CNY 12.85m"),
        ("money", "CNY", "128465213.70", "1.28 亿元", "CNY 128.47m"),
        ("money", "CNY", "9999.50", "10,000 元", "CNY 10,000"),
        ("money", "HKD", "20000", "2.0 万港元", "HKD 20.0k"),
        ("money", "CNY", "-54321", "−5.4 万元", "CNY −54.3k"),
        ("quantity", "each", "1284650", "128.5 万件", "1.28m units"),
        ("quantity", "each", "312", "312 件", "312 units"),
        ("percent", "%", "0.96955", "97.0%", "97.0%"),
        ("days", "days", "23.45", "23.5 天", "23.5 days"),
        ("number", "", "12", "12", "12"),
        ("number", "", "3.14159", "3.1", "3.1"),
    ],
)
def test_a_figure_reads_as_in_a_report(format: str, unit: str, value: str, zh: str, en: str) -> None:
    number = Decimal(value)
    assert scale_for(format, unit, "zh", [number]).with_unit(number) == zh  # type: ignore[arg-type]
    assert scale_for(format, unit, "en", [number]).with_unit(number) == en  # type: ignore[arg-type]


def test_numbers_that_stand_together_share_one_unit() -> None:
    scale = scale_for("money", "CNY", "zh", [Decimal("123456789"), Decimal("45600"), None], together=True)
    assert [scale.text(Decimal("123456789")), scale.text(Decimal("45600")), scale.text(None)] == ["12,345.7", "4.6", "—"]
    assert scale.unit == "万元"


def test_halves_are_rounded_up_and_a_rounded_zero_has_no_sign() -> None:
    assert [number_text(Decimal(text), 1) for text in ("0.05", "0.15", "-0.15", "-0.04")] == ["0.1", "0.2", "−0.2", "0.0"]
    assert percent_text(Decimal("0.0005")) == "0.1%"
    assert percent_text(None) == "—"


def test_an_unlisted_unit_is_printed_as_it_is() -> None:
    assert unit_word("pallet", "zh") == "pallet"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4), st.integers(min_value=0, max_value=3))
def test_a_printed_number_is_within_half_a_digit_of_the_exact_one(value: Decimal, digits: int) -> None:
    printed = Decimal(number_text(value, digits).replace(",", "").replace("−", "-"))
    assert abs(printed - value) <= Decimal("0.5").scaleb(-digits)


def test_a_unit_joins_the_brackets_that_a_name_ends_with() -> None:
    assert headed("进货量（基本单位）", "万", "zh") == "进货量（基本单位，万）"
    assert (headed("销售额", "万元", "zh"), headed("Revenue", " CNY k", "en"), headed("Rank", "", "en")) == (
        "销售额（万元）", "Revenue (CNY k)", "Rank",
    )  # fmt: skip
