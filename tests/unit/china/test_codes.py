from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.characters import header_form, match_form, parse_form, stored_form
from taihu.china.phones import canonical_phone, is_mobile
from taihu.china.refused import ValueRefused
from taihu.china.tax import gross_of, net_of
from taihu.china.units import base_quantity, parse_pack
from taihu.china.uscc import check_character, is_uscc


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("138 1234 5678", "13812345678"),
        ("+86-13812345678", "13812345678"),
        ("86 021 6123 4567", "02161234567"),
        ("(021)61234567", "02161234567"),
        ("0512-6123456转8012", "05126123456-8012"),
        ("400-820-8820", "4008208820"),
        ("95588", "95588"),
        ("１３８１２３４５６７８", "13812345678"),
    ],
)
def test_phones(text: str, phone: str) -> None:
    assert canonical_phone(text) == phone


@pytest.mark.parametrize("text", ["138****5678", "无", "", "1381234567", "12812345678"])
def test_phones_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        canonical_phone(text)
    assert not is_mobile(text)


def test_uscc_with_both_check_characters() -> None:
    assert is_uscc("91110000600037341L") and is_uscc(" 91110000600037341l ")
    for wrong in ("91110000600037342L", "9111000060003734IL", "91110000600037341M", "91110000600037341", ""):
        assert not is_uscc(wrong)
    wrong_inner = "91110000600037340"
    assert not is_uscc(wrong_inner + check_character(wrong_inner)), "the organisation code inside has its own check character"


def test_packs() -> None:
    assert parse_pack("10片*2板/盒").pieces == 20 and parse_pack("10片*2板/盒").outer == "盒"
    bottle = parse_pack("500ml×24瓶/箱")
    assert (bottle.content, bottle.content_unit, bottle.pieces) == (Decimal(500), "ml", 24)
    assert parse_pack("1*24").pieces == 24
    for wrong in ("", "abc", "500ml*0瓶", "大包装"):
        with pytest.raises(ValueRefused):
            parse_pack(wrong)


def test_base_quantity_by_the_products_own_units() -> None:
    assert base_quantity(Decimal(2), "箱", each_unit="瓶", pack_unit="箱", pack_size=24) == 48
    assert base_quantity(Decimal(2), "瓶", each_unit="瓶", pack_unit="箱", pack_size=24) == 2
    assert base_quantity(Decimal(2), "件", each_unit="瓶", pack_unit="箱", pack_size=24, meanings={"件": "case"}) == 48
    assert base_quantity(Decimal(2), "件", each_unit="瓶", pack_unit="箱", pack_size=24, meanings={"件": "each"}) == 2
    with pytest.raises(ValueRefused):
        base_quantity(Decimal(2), "件", each_unit="瓶", pack_unit="箱", pack_size=24)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_tax_of_a_line_is_within_half_a_cent(net: Decimal) -> None:
    assert abs(net_of(gross_of(net, Decimal("0.13")), Decimal("0.13")) - net) <= Decimal("0.01")


def test_stored_and_header_forms() -> None:
    assert stored_form('="00123"') == "00123" and stored_form("'00123\t") == "00123" and stored_form(" m² ") == "m²"
    assert header_form(" 收货地址 （省）") == header_form("收货地址(省)")


def test_keys_for_matching_are_simplified_and_folded_and_values_are_not() -> None:
    assert match_form("臺灣茂業(上海）商貿有限公司") == match_form("台湾茂业（上海)商贸有限公司") == "台湾茂业(上海)商贸有限公司"
    assert match_form("Ｃｏｃａ　Cola") == match_form("COCA COLA") == "cocacola"
    assert match_form("⽇化") == "日化", "a radical that looks like the character"
    assert match_form("積體電路") == "积体电路", "characters only: no other region's words"
    assert parse_form("10⁵ m²") == "10⁵ m²" and match_form("10⁵") == "105", "why keys are never values"
