"""Products: barcodes, net content as a limit that nothing sets aside, flavours and pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.china.units import net_content
from taihu.match.products import PRODUCT, pieces, valid_barcode
from taihu.match.resolve import Record, Resolved, Verdict, resolve

CODE = "6901234567892"


def product(key: str, name: str, **said: str) -> Record:
    return Record("list", key, {"name": name, **said})


def together(found: Resolved, *keys: str) -> bool:
    return any({f"list/{key}" for key in keys} <= set(group) for group in found.groups)


@pytest.mark.parametrize(
    ("text", "content", "counts"),
    [
        ("500ml*24瓶/箱", "500ml", "24瓶"),
        ("冰红茶 0.5L", "500ml", ""),
        ("0.25g×24粒", "0.25g", "24粒"),
        ("10片*2板/盒", "", "10片*2板"),
        ("纯牛奶250ml*12", "250ml", "12"),
        ("大米5斤装", "2500g", ""),
        ("５００ＭＬ", "500ml", ""),
        ("洗衣液2kg+500g", "", ""),
        ("抽纸", "", ""),
    ],
)
def test_net_content_and_pieces(text: str, content: str, counts: str) -> None:
    assert (net_content(text), pieces(text)) == (content, counts)


def test_a_barcode_has_a_right_check_digit() -> None:
    assert valid_barcode(CODE) == "0" + CODE and valid_barcode(" 6901234567892 ") == "0" + CODE
    assert not any(map(valid_barcode, ("6901234567893", "690123456789", "", "0000000000000", "69012345678x2")))


def test_the_order_of_evidence() -> None:
    found = resolve(
        [
            product("1", "康师傅冰红茶柠檬味500ml", barcode=CODE),
            product("2", "冰红茶（促销装）", barcode=CODE),
            product("3", "康师傅冰红茶 柠檬味 0.5L"),
            product("4", "康师傅冰红茶柠檬味550ml"),
            product("5", "康师傅冰红茶蜜桃味500ml"),
        ],
        PRODUCT,
    )
    assert together(found, "1", "2", "3") and found.decided_by["list/2"] == "barcode" and found.decided_by["list/3"] == "score"
    assert not together(found, "1", "4") and not together(found, "1", "5")
    assert all("list/4" not in (each.left, each.right) for each in found.questions), "another net content is no question"


SIZES = st.sampled_from(["250ml", "500ml", "0.5L", "550ml", "1L", ""])
NAMES = st.sampled_from(["康师傅冰红茶", "康师傅冰红茶柠檬味", "统一冰红茶"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NAMES, SIZES, st.sampled_from([CODE, ""])), min_size=2, max_size=8), st.data())
def test_different_net_content_never_matches_whatever_codes_and_people_say(said: list[tuple[str, str, str]], data: st.DataObject) -> None:
    records = [product(str(place), f"{name}{size}", barcode=code) for place, (name, size, code) in enumerate(said)]
    ids = st.sampled_from([each.id for each in records])
    verdicts = [Verdict(left, right, same=True) for left, right in data.draw(st.lists(st.tuples(ids, ids), max_size=6))]
    sizes = {each.id: net_content(each.attributes["name"]) for each in records}
    for group in resolve(records, PRODUCT, verdicts).groups:
        assert len({sizes[each] for each in group} - {""}) <= 1
