import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.money import parse_amount, parse_number, parse_percent
from taihu.china.refused import ValueRefused

RIGHT = {
    "0": "0",
    "1234.5": "1234.5",
    "1,234.50": "1234.50",
    "12,345,678": "12345678",
    " 1 234.5 ": "1234.5",
    "１２．５": "12.5",
    ".5": "0.5",
    "-5": "-5",
    "−5": "-5",
    "5-": "-5",
    "(56.00)": "-56",
    "（1,056.00）": "-1056",
    "负3.5": "-3.5",
    "+7": "7",
    "¥12.30": "12.3",
    "￥-12.30": "-12.3",
    "-￥12.30": "-12.3",
    "RMB 88": "88",
    "88元": "88",
    "人民币壹万元整": "10000",
    "12.3万": "123000",
    "￥12.3万元": "123000",
    "3,456.78万": "34567800",
    "1.2亿": "120000000",
    "3亿5千万": "350000000",
    "1.5百万": "1500000",
    "2千": "2000",
    "12万5千": "125000",
    "两万三": "23000",
    "一百二": "120",
    "一百零五": "105",
    "一千零一十": "1010",
    "一百零五万": "1050000",
    "一百二十三万四千五百六十七": "1234567",
    "十五": "15",
    "一万亿": "1000000000000",
    "三千二百万": "32000000",
    "3元5角": "3.5",
    "3元5角2分": "3.52",
    "五分": "0.05",
    "壹佰元零伍分": "100.05",
    "壹佰贰拾叁元肆角伍分整": "123.45",
    "伍拾万元整": "500000",
    "壹仟零壹拾元正": "1010",
    "贰拾圆整": "20",
    "5.7E-14": "0.000000000000057",
}
REFUSED = [
    "",
    "-",
    "--",
    "元",
    "整",
    "abc",
    "1,23",
    "1.234,56",
    "1,2345",
    "12万5",
    "1.2.3",
    "US$5",
    "5美元",
    "HK$9",
    "1.23457E+18",
    "1e5",
    "-(5)",
    "3块5",
    "借5",
    "12 元 5",
    "五十三百",
    "万",
    "#N/A",
    "1-2",
    "5%",
    "五百千",
    "100/3",
]


@pytest.mark.parametrize(("text", "value"), RIGHT.items())
def test_right(text: str, value: str) -> None:
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize("text", REFUSED)
def test_refused_instead_of_guessed(text: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_amount(text)
    assert refusal.value.reason == "invalid_number"
    assert not text or text not in str(refusal.value), "the value itself stays out of the error"


def test_a_foreign_sign_fits_its_own_column() -> None:
    assert parse_amount("HK$1,200.50", "HKD") == Decimal("1200.50")
    with pytest.raises(ValueRefused):
        parse_amount("￥5", "HKD")


def test_percent() -> None:
    assert parse_percent("3.21%") == Decimal("0.0321")
    assert parse_percent("0.0321") == Decimal("0.0321")
    assert parse_percent("百分之三") == Decimal("0.03")


def test_a_number_has_no_currency_words() -> None:
    assert parse_number("1,200") == 1200
    with pytest.raises(ValueRefused):
        parse_number("12元")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_plain_and_grouped_forms_round_trip(amount: Decimal) -> None:
    assert parse_amount(f"{amount:f}") == amount
    assert parse_amount(f"{amount:,f}") == amount


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueRefused):
        assert parse_amount(text).is_finite()
