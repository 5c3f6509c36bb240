import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.addresses import parse_address
from taihu.china.divisions import Division, packaged_divisions
from taihu.china.refused import ValueRefused


def test_what_stands_behind_the_division_is_kept_as_it_was_written() -> None:
    found = parse_address("江蘇省蘇州市 姑蘇區觀前街１號")
    assert (found.division.code, found.division.name, found.province, found.city) == ("320508", "姑苏区", "320000", "320500")
    assert found.detail == "觀前街1號"
    assert parse_address("湖北省仙桃市龙华山街道").city == "", "ruled by the province itself"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("朝阳区建国路93号", "ambiguous_place"),
        ("江苏省鼓楼区湖南路", "ambiguous_place"),
        ("上海市朝阳区", "unknown_place"),
        ("88号", "unknown_place"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_address(text)
    assert refusal.value.reason == reason


def test_a_division_is_followed_to_the_day() -> None:
    table = packaged_divisions()
    (gangzha,) = table.by_code["320611"]
    assert table.current(gangzha, dt.date(2020, 6, 4)).code == "320611"
    assert table.current(gangzha, dt.date(2020, 6, 5)).code == "320613"
    (haimen,) = table.by_code["320614"]
    assert table.current(haimen, dt.date(2019, 1, 1)).name == "海门市", "and back, where one became one"
    with pytest.raises(ValueRefused):
        table.current(table.by_code["330104"][0], dt.date(2022, 1, 1))


def test_a_code_may_change_its_name() -> None:
    names = [(each.name, each.valid_from, each.valid_to) for each in packaged_divisions().by_code["130502"]]
    day = dt.date(2020, 6, 5)
    assert names == [("桥东区", None, day), ("襄都区", day, None)]


def test_the_table_holds_together() -> None:
    table = packaged_divisions()
    divisions = [each for several in table.by_code.values() for each in several]
    assert len(divisions) > 3200
    for each in divisions:
        assert each.code.isdecimal() and len(each.code) == 6
        assert not each.parent or each.parent in table.by_code
        assert all(code in table.by_code for code in each.successors)
        assert (each.valid_to is None) == (not each.successors)


@given(st.sampled_from([each for several in packaged_divisions().by_code.values() for each in several if each.valid_to is None]))
def test_full_names_round_trip(division: Division) -> None:
    table = packaged_divisions()
    whole = "".join(table.by_code[code][-1].name for code in reversed([division.code, *table.above(division)]))
    assert parse_address(whole + "人民路1号").division == division


@given(st.text(alphabet="省市区县州北京海南山东江苏路街道号1 ", max_size=14))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueRefused):
        assert parse_address(text).division.code
