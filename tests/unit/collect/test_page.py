"""Pages: forms as a browser would send them, and fields that do not keep what was filled in."""

from __future__ import annotations

import datetime as dt
import email.message

import pytest

from taihu.collect.page import Page
from taihu.collect.web_session import Answer
from taihu.core.errors import ContentRefused, TerminalError

FORM = """<form action="/go?x=1" method="POST"><input type=hidden name=token value="t&amp;1">
<input id=user name=user value=old><input id=short name=short maxlength=4><input id=day type=date name=day>
<select id=format name=format><option value=xlsx>Excel<option value=csv selected>CSV</select>
<input type=checkbox name=all checked><input type=checkbox name=none value=1><input name=off disabled value=1>
<textarea name=note>备注</textarea><button name=act value=1>登录</button><button name=act value=2>取消</button></form>
<a href="下载.xlsx">下载.xlsx</a><a href="#top">顶部</a>"""


def page(html: str = FORM, url: str = "http://portal.example/a/b") -> Page:
    headers = email.message.Message()
    headers["Content-Type"] = "text/html; charset=utf-8"
    return Page(Answer(url, 200, headers, html.encode()))


def test_a_form_is_sent_as_a_browser_would() -> None:
    opened = page()
    opened.fill("#user", "new")
    sent = opened.click("text=登录")
    assert (sent.method, sent.url) == ("post", "http://portal.example/go?x=1")
    assert sent.fields == (
        ("token", "t&1"),
        ("user", "new"),
        ("short", ""),
        ("day", ""),
        ("format", "csv"),
        ("all", "on"),
        ("note", "备注"),
        ("act", "1"),
    )


@pytest.mark.parametrize(("selector", "value"), [("#short", "2026-09"), ("#day", "15/09/2026"), ("#format", "pdf")])
def test_a_field_that_does_not_keep_its_value_is_told(selector: str, value: str) -> None:
    with pytest.raises(ContentRefused, match="does not keep"):
        page().fill(selector, value)


def test_right_values_are_kept() -> None:
    opened = page()
    opened.fill("#day", "2026-09-15")
    opened.fill("#format", "xlsx")
    fields = dict(opened.click("text=取消").fields)
    assert (fields["day"], fields["format"], fields["act"]) == ("2026-09-15", "xlsx", "2")


def test_links_and_what_is_no_link() -> None:
    opened = page()
    assert opened.click("text=下载.xlsx").url == "http://portal.example/a/下载.xlsx"
    assert [link.name for link in opened.links("a")] == ["下载.xlsx"]
    with pytest.raises(TerminalError, match="scripts"):
        page("<button>导出</button>").click("text=导出")
    with pytest.raises(TerminalError, match="nothing on the page"):
        opened.click("#missing")
    with pytest.raises(TerminalError, match="not a field"):
        opened.fill("a", "x")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-09-15 08:00", dt.datetime(2026, 9, 15, 0, 0, tzinfo=dt.UTC)),
        ("2026/09/15 08:00:30", dt.datetime(2026, 9, 15, 0, 0, 30, tzinfo=dt.UTC)),
        ("2026-09-15T00:00:00+00:00", dt.datetime(2026, 9, 15, tzinfo=dt.UTC)),
        ("2026-13-45 08:00", None),
        ("昨天", None),
    ],
)
def test_when_a_file_was_published_stands_in_its_row(text: str, instant: dt.datetime | None) -> None:
    opened = page(f"<table><tr><td><a href=/f>销售.xlsx</a></td><td>{text}</td></tr></table>")
    assert opened.links("a")[0].published_at == instant


def test_a_page_in_gbk_is_read() -> None:
    headers = email.message.Message()
    headers["Content-Type"] = "text/html"
    assert Page(Answer("http://p.example/", 200, headers, "<a href=/x>销售流向日报表下载</a>".encode("gbk"))).has("text=销售流向日报表下载")
