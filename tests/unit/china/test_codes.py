import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.china.characters import header_form, match_form, parse_form, stored_form
from taihu.china.codes import (
    barcode_check_digit,
    id_check_character,
    is_chinese_barcode,
    parse_bank_card,
    parse_barcode,
    parse_id_number,
    parse_invoice_number,
    parse_licence,
)
from taihu.china.phones import canonical_phone, is_mobile
from taihu.china.refused import ValueRefused
from taihu.china.tax import checked_rate, gross_of, net_of, rates_on
from taihu.china.units import base_quantity, parse_pack
from taihu.china.uscc import check_character, is_uscc, parse_uscc


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


# The example of GB 11643, a published test card, barcodes of goods on sale; the rest breaks one thing each.
@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (parse_id_number, "11010519491231002X", "11010519491231002X"),
        (parse_id_number, "110105 19491231 002x", "11010519491231002X"),
        (parse_id_number, "440524188001010014", None),
        (parse_id_number, "110105194912310021", None),
        (parse_id_number, "110105194913310028", None),
        (parse_id_number, "110105491231002", None),
        (parse_id_number, "110105********002X", None),
        (parse_bank_card, "6222 0200 0000 0000 004", None),
        (parse_bank_card, "4111 1111 1111 1111", "4111111111111111"),
        (parse_bank_card, "4111111111111112", None),
        (parse_bank_card, "6222****1234", None),
        (parse_barcode, "6901028075831", "6901028075831"),
        (parse_barcode, "６９０１０２８０７５８３１", "6901028075831"),
        (parse_barcode, "'6921168509256", "6921168509256"),
        (parse_barcode, "4006381333931", "4006381333931"),
        (parse_barcode, "73513537", "73513537"),
        (parse_barcode, "036000291452", "036000291452"),
        (parse_barcode, "6901028075832", None),
        (parse_barcode, "690102807583", None),
        (parse_barcode, "6.90103E+12", None),
        (parse_uscc, "91110000600037341l", "91110000600037341L"),
        (parse_uscc, "91110000600037341M", None),
    ],
)
def test_codes_with_check_digits(parse: Callable[[str], str], text: str, code: str | None) -> None:
    if code:
        assert parse(text) == code
        return
    with pytest.raises(ValueRefused) as refusal:
        parse(text)
    assert refusal.value.reason == "invalid_code"


def test_where_a_barcode_was_issued() -> None:
    assert is_chinese_barcode("6901028075831") and not is_chinese_barcode("4006381333931")


@given(st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True), st.integers(0, 16))
def test_every_wrong_digit_of_an_id_is_seen(first17: str, place: int) -> None:
    code = first17 + id_check_character(first17)
    assert parse_id_number(code) == code
    wrong = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :]
    with pytest.raises(ValueRefused):
        parse_id_number(wrong)


@given(st.from_regex(r"69[0-9]{10}", fullmatch=True), st.integers(0, 11))
def test_every_wrong_digit_of_a_barcode_is_seen(digits: str, place: int) -> None:
    code = digits + barcode_check_digit(digits)
    assert parse_barcode(code) == code
    with pytest.raises(ValueRefused):
        parse_barcode(code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :])


def test_invoice_numbers() -> None:
    electronic, paper = parse_invoice_number("24312000000012345678"), parse_invoice_number("031001900104 12345678")
    assert (electronic.code, electronic.number) == ("", "24312000000012345678")
    assert (paper.code, paper.number) == ("031001900104", "12345678")
    assert parse_invoice_number("310019010412345678").code == "3100190104"
    for wrong in ("03100190010412345678", "12345678", "2431200000001234567", "2.43E+19", ""):
        with pytest.raises(ValueRefused):
            parse_invoice_number(wrong)


def test_licences() -> None:
    assert parse_licence("国药准字 Ｈ20050001") == ("drug", "国药准字H20050001")
    assert parse_licence("SC10633018200010")[0] == "food production" and parse_licence("jy13301060012345")[0] == "food trade"
    assert parse_licence("国械注准20153140001")[0] == "device"
    for wrong in ("国药准字20050001", "SC1063301820001", "QS330106010001", "无"):
        with pytest.raises(ValueRefused):
            parse_licence(wrong)


@pytest.mark.parametrize(
    ("day", "percents"),
    [
        ("2017-06-30", set()),
        ("2018-04-30", {17, 11, 6, 3}),
        ("2018-05-01", {16, 10, 6, 3}),
        ("2019-03-31", {16, 10, 6, 3}),
        ("2019-04-01", {13, 9, 6, 3}),
        ("2020-03-01", {13, 9, 6, 3, 1}),
        ("2022-04-01", {13, 9, 6, 3}),
        ("2026-11-25", {13, 9, 6, 3, 1}),
        ("2028-01-01", {13, 9, 6, 3}),
    ],
)
def test_tax_rates_by_date(day: str, percents: set[int]) -> None:
    found = rates_on(dt.date.fromisoformat(day))
    assert found == {Decimal(percent) / 100 for percent in percents}
    with pytest.raises(ValueRefused):
        checked_rate(Decimal("0.05"), dt.date.fromisoformat(day))
