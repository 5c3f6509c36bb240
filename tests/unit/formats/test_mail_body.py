"""What the body of a mail carries: tables, links."""

from __future__ import annotations

import pytest

from taihu.formats.mail_body import holds_table, links_of

ROW = "<tr><td>1</td><td>2</td></tr>"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"<table>{ROW}{ROW}</table>", True),
        (f"<TABLE border=1>{ROW}<tr><th>3<th>4", True),
        (f"<table>{ROW}</table><table>{ROW}</table>", False),
        ("<table><tr><td>签名</td></tr><tr><td>电话</td></tr></table>", False),
        ("<p>没有表格 &lt;table&gt;</p>", False),
        ("", False),
        (f"<table><tr><td><table>{ROW}{ROW}</table></td></tr></table>", True),
        (f"<table><tr><td colspan=2>标题</td></tr>{ROW}{ROW}</table>", True),
        (f"<table><tr><td>框<table>{ROW}</table></td></tr>{ROW}</table>", False),
        ("<table" * 20_000, False),
    ],
)
def test_tables(text: str, holds: bool) -> None:
    assert holds_table(text) is holds


def test_links_of_html() -> None:
    text = (
        "<a href=\"https://a.example/x.xlsx?sig=1&amp;t=2\">1</a> <A class=b HREF='https://a.example/流向.xlsx'>2</A>"
        "<a href=http://b.example/y>3</a><a href='mailto:a@b'>4</a><a href='javascript:x()'>5</a><a href=\"https://a.example/x.xlsx?sig=1&amp;t=2\">6</a>"
    )
    assert list(links_of(text, is_html=True)) == [
        "https://a.example/x.xlsx?sig=1&t=2",
        "https://a.example/流向.xlsx",
        "http://b.example/y",
    ]


def test_links_of_text() -> None:
    text = "下载：https://a.example/x.xlsx，密码见短信（https://b.example/y?z=1）。 HTTP://c.example/z.\nhttps://a.example/x.xlsx"
    assert list(links_of(text, is_html=False)) == ["https://a.example/x.xlsx", "https://b.example/y?z=1", "HTTP://c.example/z"]
