"""Names and addresses taken apart for comparing. The expected parts are written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.characters import match_form
from taihu.match.addresses import Address, address_parts
from taihu.match.names import CompanyName, company_name

NAMES = [
    ("苏州恒鑫贸易有限公司", "苏州", "恒鑫", "贸易", ""),
    ("江苏省苏州市恒鑫商贸有限责任公司", "苏州", "恒鑫", "贸易", ""),
    ("恒鑫（苏州）贸易有限公司", "苏州", "恒鑫", "贸易", ""),
    ("蘇州恆鑫經貿有限公司", "苏州", "恒鑫", "贸易", ""),
    ("恒鑫贸易", "", "恒鑫", "贸易", ""),
    ("苏州恒鑫", "苏州", "恒鑫", "", ""),
    ("江苏恒鑫实业股份有限公司", "江苏", "恒鑫", "实业", ""),
    ("上海美康生物科技有限公司园区分公司", "上海", "美康", "生物科技", "园区"),
    ("美康生物科技园区店", "", "美康", "生物科技", "园区"),
    ("西安通大第三分公司", "西安", "通大", "", "3"),
    ("西安通大有限公司第三分公司", "西安", "通大", "", "3"),
    ("恒鑫贸易有限公司（王经理）", "", "恒鑫", "贸易", ""),
    ("恒鑫贸易有限公司-直供", "", "恒鑫", "贸易", ""),
    (" 恒鑫　贸易 有限公司\u200b*", "", "恒鑫", "贸易", ""),
    ("上海人家餐饮管理有限公司", "上海", "人家", "餐饮", ""),
    ("安康(长沙)农产品", "长沙", "安康", "农产品", ""),
    ("南京云雅供应链管理股", "南京", "云雅", "供应链", ""),
    ("昆山李记超市", "昆山", "李记", "超市", ""),
    ("南京大药房", "南京", "大药房", "", ""),
]


@pytest.mark.parametrize(("text", "place", "trade", "industry", "branch"), NAMES)
def test_a_company_name_is_taken_apart(text: str, place: str, trade: str, industry: str, branch: str) -> None:
    found = company_name(text)
    assert (found.place, found.trade, found.industry, found.branch) == (place, trade, industry, branch)


ADDRESSES = [
    ("江苏省苏州市工业园区金鸡湖路128号3幢502室", Address("苏州", "鸡湖路", "128", "3502")),
    ("苏州金鸡湖路１２８", Address("苏州", "鸡湖路", "128", "")),
    ("金鸡湖路128-1号", Address("", "鸡湖路", "128", "")),
    ("上海市浦东新区张江镇", Address("上海", "张江镇", "", "")),
    ("", Address("", "", "", "")),
]


@pytest.mark.parametrize(("text", "parts"), ADDRESSES)
def test_an_address_is_taken_apart(text: str, parts: Address) -> None:
    assert address_parts(text) == parts


def test_the_form_for_comparing_knows_no_width_script_or_case() -> None:
    assert match_form("Ａ&Ｂ 華爲") == match_form("a&b华为") == "a&b华为"


@given(st.text(max_size=30))
def test_every_text_is_taken_apart_and_nothing_fails(text: str) -> None:
    assert isinstance(company_name(text), CompanyName) and isinstance(address_parts(text), Address)


@given(st.sampled_from([name for name, *_ in NAMES]), st.sampled_from(["", " ", "\u3000", "\u200b"]))
def test_marks_that_nobody_sees_change_nothing(name: str, mark: str) -> None:
    assert company_name(mark + name + mark) == company_name(name)
