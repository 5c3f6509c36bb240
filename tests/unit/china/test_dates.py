import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.dates import Order, parse, parse_date, parse_timestamp, read_date
from taihu.china.periods import parse_period
from taihu.china.refused import ValueRefused

DAY = dt.date(2026, 9, 8)
RIGHT = [
    "2026-09-08",
    "2026-9-8",
    "2026/9/8",
    "2026.09.08",
    "2026年9月8日",
    "2026年9月8号",
    "20260908",
    "２０２６－０９－０８",
    "2026-09-08 13:45:00",
    "2026/9/8 8:05",
    "2026-09-07T20:00:00Z",
    "2026-09-08T01:00:00+08:00",
    "46273",
    "1788800000000",
    "二〇二六年九月八日",
    "2026年9月8日 星期二",
    "2026年 9 月 8 日",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right(text: str) -> None:
    assert read_date(text) == (DAY, False)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("26.9.8", "year first", DAY),
        ("26年9月8日", "year first", DAY),
        ("8/9/26", "day first", DAY),
        ("9/8/2026", "month first", DAY),
        ("26-09-08", "year first", DAY),
    ],
)
def test_a_declared_order_decides(text: str, order: Order, day: dt.date) -> None:
    assert parse_date(text, order) == day
    assert read_date(text, order)[1] is ("2026" not in text)
    with pytest.raises(ValueRefused) as refusal:
        parse_date(text)
    assert refusal.value.reason == "ambiguous_date"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "合计",
        "2026-09-31",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "0026-09-08",
        "20260931",
        "2026-09-08 25:00",
        "2026-09",
        "123456789",
        "昨天",
        "2026-09-08-09",
    ],
)
def test_invalid(text: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_date(text, "year first")
    assert refusal.value.reason == "invalid_date"


@pytest.mark.parametrize("text", ["9月8日", "9/8", "260908", "24.3.5"])
def test_ambiguous(text: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_date(text)
    assert refusal.value.reason == "ambiguous_date"


def test_open_ended_validity() -> None:
    assert parse_date("9999-12-31") == dt.date(9999, 12, 31)


def test_instants_take_the_source_zone_unless_the_text_names_one() -> None:
    assert parse_timestamp("2026-09-08 00:30:00") == dt.datetime(2026, 9, 7, 16, 30, tzinfo=dt.UTC)
    assert parse_timestamp("2026-09-08 00:30:00", "UTC") == dt.datetime(2026, 9, 8, 0, 30, tzinfo=dt.UTC)
    assert parse_timestamp("2026-09-08T00:30:00.250Z") == dt.datetime(2026, 9, 8, 0, 30, 0, 250000, tzinfo=dt.UTC)
    assert parse("2026-09-08").has_time is False


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2150, 1, 1)))
def test_long_forms_round_trip(day: dt.date) -> None:
    for text in (day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day.year}/{day.month}/{day.day}"):
        assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2026年9月", "2026-09-01..2026-09-30"),
        ("202612", "2026-12-01..2026-12-31"),
        ("2026Q3", "2026-07-01..2026-09-30"),
        ("2026年第三季度", "2026-07-01..2026-09-30"),
        ("2026年下半年", "2026-07-01..2026-12-31"),
        ("2026年2月下旬", "2026-02-21..2026-02-28"),
        ("2026年2月上半月", "2026-02-01..2026-02-15"),
        ("2026-W53", "2026-12-28..2027-01-03"),
        ("2026-09-01至2026-09-03", "2026-09-01..2026-09-03"),
        ("2026-09-01~2026-09-03", "2026-09-01..2026-09-03"),
        ("2026年", "2026-01-01..2026-12-31"),
        ("2026-09-08", "2026-09-08"),
    ],
)
def test_periods(text: str, span: str) -> None:
    assert str(parse_period(text)) == span


@pytest.mark.parametrize("text", ["2026年13月", "2026-W60", "2026-09-03至2026-09-01", "上月", "Q3"])
def test_periods_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_period(text)
