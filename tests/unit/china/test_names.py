import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.names import CompanyName, parse_company_name
from taihu.china.refused import ValueRefused

REGIONS = ["上海", "苏州市", "江苏省苏州市", "广东省深圳市南山区", "昆山市"]
TRADES = ["恒鑫", "美时乐", "家家乐", "三只松鼠"]
INDUSTRIES = ["贸易", "食品饮料", "供应链管理", "医药"]
FORMS = ["有限公司", "股份有限公司", "集团有限公司"]


@given(*map(st.sampled_from, (REGIONS, TRADES, INDUSTRIES, FORMS, ["", "第一分公司", "人民路店"])))
def test_parts_round_trip(region: str, trade: str, industry: str, form: str, branch: str) -> None:
    assert parse_company_name(f"{region}{trade}{industry}{form}{branch}") == CompanyName(region, trade, industry, form, branch)
    assert parse_company_name(f"{trade}（{region}）{industry}{form}").region == region


@pytest.mark.parametrize(
    ("text", "reason"), [("上海医药集团股份有限公司", "unknown_company_name"), ("东方锦华有限公司", "ambiguous_place")]
)
def test_reasons(text: str, reason: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_company_name(text)
    assert refusal.value.reason == reason


@given(st.text(alphabet="上海锦华商贸食品有限公司(苏州)分店-*1A ", max_size=16))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueRefused):
        assert len(parse_company_name(text).trade) >= 2
