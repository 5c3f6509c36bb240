"""The encoding ladder on what senders really write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.formats.text import decode, garbled

COMMON = "销售单据日期客户名称商品编码数量金额合计上海北京广州贸易有限公司含税箱瓶饮料退货"


@pytest.mark.parametrize("words", ["销售", "合计", "金额 客户名称", "上海商贸有限公司"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_few_words_among_much_ascii(words: str, encoding: str) -> None:
    text = "".join(f"D{n:05d},P{n % 24 + 101},{n * 7 % 100},{n * 1.5:.2f}\r\n" for n in range(600)) + words + "\r\n"
    decoded = decode(text.encode(encoding))
    assert decoded.text.lstrip("\ufeff") == text
    assert decoded.replaced == 0


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("big5", "銷售日報,客戶名稱,數量,金額\r\n台北商店,3,120\r\n"),
        ("big5", "日期,銷售額"),
        ("cp932", "日付,商品名,数量,金額\r\nりんごジュース,3,120\r\n"),
        ("utf-16-le", "日期\t数量\t金额\r\n"),
        ("utf-16-be", "日期\t数量\t金额\r\n"),
    ],
)
def test_other_encodings(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).text == text


def test_declared_is_obeyed_but_a_byte_order_mark_is_stronger() -> None:
    assert decode("銷售".encode("big5"), "big5").encoding == "big5hkscs"
    assert decode("镕囍".encode("gbk"), "GB2312").text == "镕囍"
    assert decode("销售".encode("utf-8-sig"), "gb18030").text == "销售"


def test_declared_gb18030_over_plain_utf8_is_read_as_utf8() -> None:
    text = "单据日期,商品编码,数量,含税金额\n2026-09-15,P101,3,120.00\n"
    assert decode(text.encode(), "gb18030") == decode(text.encode())


def test_replaced_bytes_are_counted() -> None:
    assert decode("销售日期客户名称商品编码".encode()[:-1]).replaced == 1
    assert decode("销售".encode("gb18030") + b"\xff\xff", "gb18030").replaced >= 1


@pytest.mark.parametrize(
    "text",
    [
        "销售\ufffd",
        "锟斤拷锟斤拷",
        "单据日期,商品编码,数量".encode().decode("gb18030", errors="replace"),
        "华东一号商贸有限公司".encode().decode("gb18030", errors="replace"),
        "单据日期,数量".encode().decode("latin-1"),
        "单据日期,数量".encode("gbk").decode("latin-1"),
        "单据日期".encode().decode("cp1252", errors="replace"),
        "Date,Customer\n2026-09-01,No\ufffd\ufffd".encode("gb18030").decode("cp1252"),
        *(mark.decode("cp1252") + "Date,Quantity" for mark in (b"\xff\xbb\xbf", b"\xef\xff\xbf", b"\xef\xbb\xff")),
    ],
)
def test_garbled_text_is_noticed(text: str) -> None:
    assert garbled(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=COMMON + "0123456789,.-ABC \n¥：（）", min_size=1, max_size=80))
def test_ordinary_text_is_not_garbled(text: str) -> None:
    assert not garbled(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet=COMMON, min_size=2, max_size=6), min_size=1, max_size=6), st.sampled_from(["gb18030", "utf-8"]))
def test_round_trip_of_business_words(words: list[str], encoding: str) -> None:
    text = "a,b," + ",".join(words) + "\n1,2"
    assert decode(text.encode(encoding)).text == text


def test_bytes_that_shift_jis_does_not_define_are_damage() -> None:
    text = "日付,得意先名,備考\n2026-09-01,みどり食品,お届け済み\n" * 3
    content = text.encode("cp932")
    assert (decode(content).text, decode(content).replaced) == (text, 0)
    at = content.index(b",") + 1
    assert decode(content[:at] + b"\xff" + content[at + 1 :]).replaced > 0
