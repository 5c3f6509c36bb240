"""Kinds by magic bytes, on files that we make and on real ones."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

import pytest

from taihu.core.types import Span
from taihu.formats.closes import closes_properly
from taihu.formats.kind import kind_of
from taihu.formats.login_page import is_login_page
from taihu.formats.member_names import is_clutter, is_unsafe, member_name
from taihu.formats.patterns import match_pattern, pattern_regex

REAL = Path(__file__).parents[4] / "shared" / "real-data"
LOGIN = (
    '<html><head><title>登录</title></head><body><form action="/login"><input name=u><input type="password" name=p></form></body></html>'
)


def _xlsx() -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.add_worksheet().write_row(0, 0, ["日期", "数量"])
    book.close()
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "x,y\n1,2\n" * 50)
    return buffer.getvalue()


TEXTS = {
    "html": "<table><tr><td>日期</td></tr></table>".encode("gbk"),
    "csv": "日期,数量\n2026-09-15,3\n".encode("gbk"),
    "json": b'[{"a": 1},\n {"a": 2}]',
    "spreadsheetml": b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>',
    "xml": b"<?xml version='1.0'?><invoice><no>1</no></invoice>",
    "eml": b"From: a@b.example\r\nSubject: x\r\nDate: Tue, 15 Sep 2026 07:30:00 +0800\r\n\r\nbody",
    "pdf": b"%PDF-1.7\n...\n%%EOF",
    "empty": b"\xef\xbb\xbf \r\n",
    "binary": bytes(range(256)) * 4,
    "gz": gzip.compress(b"a,b\n" * 100, mtime=0),
}


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_kind(kind: str) -> None:
    assert kind_of(TEXTS[kind], "misleading.xls") == kind


def test_workbooks_and_archives() -> None:
    assert kind_of(_xlsx()) == "xlsx"
    assert kind_of(_xlsx()[:-200]) == "xlsx"
    assert kind_of(_zip()) == "zip"
    assert kind_of("日期\t数量\r\n".encode("utf-16")) == "csv"
    assert kind_of(b"[x],y\n1,2\n") == "csv"


@pytest.mark.parametrize("content", [_xlsx(), _zip(), TEXTS["gz"], TEXTS["html"], TEXTS["pdf"]], ids=["xlsx", "zip", "gz", "html", "pdf"])
def test_a_cut_off_file_does_not_close(content: bytes) -> None:
    kind = kind_of(content)
    assert closes_properly(content, kind)
    assert not closes_properly(content[: len(content) * 2 // 3], kind)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real files are not at {REAL}")
def test_kinds_of_real_files() -> None:
    kinds = {path.name: kind_of(path.read_bytes(), path.name) for path in (REAL / "calamine-sheets" / "tests").iterdir()}
    for name, kind in kinds.items():
        expected = Path(name).suffix[1:]
        if name.startswith("pass_protected") and expected != "ods":
            expected = "encrypted-office"
        assert name == "too_small.xls" or kind == expected, name
    for path in (REAL / "calamine-sheets" / "tests").iterdir():
        if path.name != "too_small.xls":
            assert closes_properly(path.read_bytes(), kinds[path.name]), path.name
            if kinds[path.name] != "encrypted-office":
                assert not closes_properly(path.read_bytes()[:-1500], kinds[path.name]), path.name
    statements = {path.name: kind_of(path.read_bytes()) for path in (REAL / "cn-statements").rglob("*-records.*")}
    assert statements.pop("example-citic-records.xls") == "xls"
    assert set(statements.values()) == {"csv"}


def test_login_page() -> None:
    assert is_login_page(LOGIN.encode("gbk"))
    assert is_login_page(b"<script>window.location.href='/user/login?next=x'</script>")
    assert is_login_page("<html><body><p>会话已过期，请重新登录</p></body></html>".encode().replace("已".encode(), b""))
    assert is_login_page('{"code":401,"msg":"未登录"}'.encode())
    assert not is_login_page("<table><tr><td>请登录次数</td></tr><tr><td>1</td></tr><tr><td>2</td></tr></table>".encode())
    assert not is_login_page(_xlsx())
    assert not is_login_page("日期,备注\n2026-09-15,请登录系统\n".encode())


def test_gbk_member_names() -> None:
    info = zipfile.ZipInfo("x")
    info.orig_filename, info.flag_bits = "流向/日报.csv".encode("gbk").decode("cp437"), 0
    assert member_name(info) == "流向/日报.csv"
    info.orig_filename, info.flag_bits = "流向.csv", 0x800
    assert member_name(info) == "流向.csv"
    assert [is_unsafe(name) for name in ("a/../../b", "/etc/x", "C:\\x", "a/b..c")] == [True, True, True, False]
    assert is_clutter("__MACOSX/._a.csv") and not is_clutter("a/流向.csv")


@pytest.mark.parametrize(
    ("pattern", "text", "party", "first", "last"),
    [
        ("流向_{yyyy}{mm}{dd}", "华东流向_20260915.xlsx", None, "2026-09-15", "2026-09-15"),
        ("{party}_stock_{yyyy}-{mm}-{dd}", "D0001_stock_2026-09-15.csv", "D0001", "2026-09-15", "2026-09-15"),
        ("{yyyy}{mm}{dd}-{yyyy}{mm}{dd}", "流向20261001-20261008.xls", None, "2026-10-01", "2026-10-08"),
        ("{yyyy}年{m}月", "2026年9月指标.xlsx", None, "2026-09-01", "2026-09-30"),
        ("{m}.{d}-{d}日{yyyy}", "9.5-7日2026", None, "2026-09-05", "2026-09-07"),
        ("stock_{party}_*", "stock_D0007_x.csv", "D0007", None, None),
    ],
)
def test_patterns(pattern: str, text: str, party: str | None, first: str | None, last: str | None) -> None:
    found = match_pattern(pattern, text)
    assert found is not None and found.party == party
    span = Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last or "") + dt.timedelta(days=1)) if first else None
    assert found.span == span


def test_patterns_refuse() -> None:
    assert match_pattern("{yyyy}{mm}{dd}", "20261332") is None
    assert match_pattern("{yyyy}{mm}{dd}", "4202609151") is None
    with pytest.raises(ValueError, match="unknown field"):
        pattern_regex("{week}")
