"""Mail headers as Chinese programs write them, and the malformed mails of other people's test suites."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path

import pytest

from taihu.formats.mail_headers import decode_header, parse_mail

REAL = Path(__file__).parents[4] / "shared" / "real-data" / "mime-mikel" / "spec" / "fixtures" / "emails"


def _word(text: str, charset: str, codec: str | None = None) -> bytes:
    return b"=?" + charset.encode() + b"?B?" + base64.b64encode(text.encode(codec or charset)) + b"?="


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("销售流向".encode("gbk"), "销售流向"),
        ("销售流向".encode(), "销售流向"),
        (_word("朱镕基 囍", "gb2312", "gbk"), "朱镕基 囍"),
        (_word("銷售", "big5"), "銷售"),
        (b"=?utf-8?Q?=E9=94=80=E5=94=AE?= report", "销售 report"),
        (b"=?utf-8?B?6ZSA?=\r\n =?utf-8?B?5ZSu?=", "销售"),
        (b"Fwd: =?GBK?B?" + base64.b64encode("日报".encode("gbk")) + b"?= 2026", "Fwd: 日报 2026"),
        (b"plain [9/15]", "plain [9/15]"),
        (b"=?gb2312?B?" + base64.b64encode("缺填充".encode("gbk")).rstrip(b"=") + b"?=", "缺填充"),
    ],
)
def test_header_is_decoded(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


def test_a_character_cut_between_two_words_is_joined() -> None:
    content = "销售".encode("gbk")
    raw = b"=?gbk?B?" + base64.b64encode(content[:3]) + b"?= =?gbk?B?" + base64.b64encode(content[3:]) + b"?="
    assert decode_header(raw) == "销售"


def _mail(disposition: bytes, body: bytes = b"abc") -> bytes:
    return (
        b"Message-ID: <1@a.example>\r\nDate: Tue, 15 Sep 2026 07:30:00 +0800\r\nSubject: " + "日报".encode("gbk") + b"\r\n"
        b"From: " + _word("华东, 一号", "gb2312", "gbk") + b" <Hd01@Dealer.example>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"
        b"--b1\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + "朱镕基".encode("gbk") + b"\r\n"
        b"--b1\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: " + disposition + b"\r\n\r\n" + base64.b64encode(body) + b"\r\n--b1--\r\n"
    )


@pytest.mark.parametrize(
    "disposition",
    [
        b'attachment; filename="' + "流向\\日报.xlsx".encode("gbk").replace(b"\\", b"") + b'"',
        b"attachment; filename*=UTF-8''%E6%B5%81%E5%90%91%E6%97%A5%E6%8A%A5.xlsx",
        b"attachment; filename*0*=gbk''%C1%F7%CF%F2;\r\n filename*1*=%C8%D5%B1%A8;\r\n filename*2=.xlsx",
        b'attachment; filename="' + _word("流向日报.xlsx", "gb2312", "gbk") + b'"',
        b"attachment; filename=" + "流向日报.xlsx".encode(),
    ],
)
def test_file_name_in_every_way_to_write_it(disposition: bytes) -> None:
    mail = parse_mail(_mail(disposition))
    assert mail.parts[1].name == "流向日报.xlsx"
    assert mail.parts[1].content == b"abc"
    assert mail.parts[1].is_attachment


def test_envelope() -> None:
    mail = parse_mail(_mail(b"attachment; filename=a.csv"))
    assert (mail.message_id, mail.sender, mail.sender_name, mail.subject) == ("<1@a.example>", "hd01@dealer.example", "华东, 一号", "日报")
    assert mail.date == dt.datetime(2026, 9, 14, 23, 30, tzinfo=dt.UTC)
    assert mail.parts[0].text.strip() == "朱镕基"
    assert not mail.parts[0].is_attachment


def test_attachments_of_a_forwarded_mail_are_found_even_when_it_is_base64() -> None:
    inner = _mail(b"attachment; filename=inner.csv")
    for encoding, content in ((b"8bit", inner), (b"base64", base64.encodebytes(inner))):
        outer = (
            b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n"
            b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + content + b"\r\n--o--\r\n"
        )
        assert [part.name for part in parse_mail(outer).parts] == ["", "inner.csv"]


def test_binary_bytes_survive() -> None:
    content = bytes(range(256)) * 3
    assert parse_mail(_mail(b"attachment; filename=a.bin", content)).parts[1].content == content


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real mails are not at {REAL}")
def test_malformed_mails_of_others() -> None:
    mails = {path.name: parse_mail(path.read_bytes()) for path in REAL.rglob("*.eml")}
    assert len(mails) == 35
    sizes = {name: [(part.name, len(part.content)) for part in mail.parts if part.is_attachment] for name, mail in mails.items()}
    assert sizes["attachment_pdf.eml"] == [("broken.pdf", 1026)]
    assert sizes["attachment_message_rfc822.eml"] == [("broken.pdf", 1026)]
    assert sizes["attachment_with_quoted_filename.eml"] == [("Eelanalüüsi päring.jpg", 1952)]
    assert sizes["attachment_with_base64_encoded_name.eml"] == [("This is a test.pdf", 399)]
    assert sizes["attachment_nonascii_filename.eml"] == [("ciële.txt", 11)]
    assert sizes["japanese_attachment_long_name.eml"] == [("かきくけこ" * 5 + ".txt", 18)]
    assert sizes["raw_email_with_nested_attachment.eml"] == [("truncated.png", 1902), ("smime.p7s", 939)]
    assert sizes["raw_email7.eml"] == [("test.rb", 25), ("test.pdf", 14), ("smime.p7s", 227)]
    assert mails["japanese_iso_2022.eml"].subject == "まみむめも"
