"""Twelve mails as they really come, each hostile in its own way; the standard library garbles some of them, which is shown too."""

from __future__ import annotations

import base64
import email
import email.policy
import random
from dataclasses import dataclass

import pytest

from taihu.formats.mail_headers import crlf, parse_head, parse_mail, parse_part

CONTENT = b"PK\x03\x04 bytes of a workbook"
BODY = base64.encodebytes(CONTENT)


def word(text: str, label: str, codec: str | None = None) -> bytes:
    """An encoded word (RFC 2047) whose label may lie about its codec."""
    return b"=?" + label.encode() + b"?B?" + base64.b64encode(text.encode(codec or label)) + b"?="


def percent(text: str, codec: str) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text.encode(codec))


def multipart(disposition: bytes, *, subject: bytes = b"x", kind: bytes = b"application/octet-stream", boundary: bytes = b"b1") -> bytes:
    return (
        b"From: a@dealer.example\nMessage-ID: <1@x>\nSubject: " + subject + b"\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n--' + boundary + b"\nContent-Type: text/plain\n\nhi\n"
        b"--"
        + boundary
        + b"\nContent-Type: "
        + kind
        + b"\nContent-Transfer-Encoding: base64\n"
        + disposition
        + b"\n"
        + BODY
        + b"--"
        + boundary
        + b"--\n"
    )


@dataclass(frozen=True)
class Hostile:
    """A mail, its subject and the name of its one attachment as people wrote them."""

    raw: bytes
    name: str
    subject: str = "x"


def _attachment(parameters: bytes) -> bytes:
    return b"Content-Disposition: attachment; " + parameters + b"\n"


NAME = "华东流向日报.xlsx"
HOSTILE = {
    "raw GBK bytes in headers": Hostile(
        multipart(_attachment(b'filename="' + NAME.encode("gbk") + b'"'), subject="九月 销售流向".encode("gbk")), NAME, "九月 销售流向"
    ),
    "gb2312 label over GBK characters": Hostile(
        multipart(_attachment(b'filename="' + word("朱镕基 囍.xlsx", "gb2312", "gbk") + b'"'), subject=word("镕囍 流向", "gb2312", "gbk")),
        "朱镕基 囍.xlsx",
        "镕囍 流向",
    ),
    "RFC 2231 in UTF-8": Hostile(multipart(_attachment(b"filename*=UTF-8''" + percent(NAME, "utf-8"))), NAME),
    "RFC 2231 in GBK with continuations": Hostile(
        multipart(
            _attachment(
                b"filename*0*=gbk''" + percent(NAME, "gbk")[:9] + b";\n filename*1*=" + percent(NAME, "gbk")[9:36] + b";\n filename*2=.xlsx"
            )
        ),
        NAME,
    ),
    "RFC 2047 in a file name, in several words": Hostile(
        multipart(_attachment(b'filename="' + word("华东流向", "utf-8") + b"\n " + word("日报.xlsx", "utf-8") + b'"')), NAME
    ),
    "a forwarded mail inside": Hostile(
        b"From: b@hq.example\nMessage-ID: <2@x>\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=outer\n\n"
        b"--outer\nContent-Type: message/rfc822\n\n"
        + multipart(_attachment(b"filename*=UTF-8''" + percent(NAME, "utf-8")))
        + b"--outer--\n",
        NAME,
        "Fwd",
    ),
    "the mail is the attachment": Hostile(
        b"From: a@dealer.example\nMessage-ID: <3@x>\nSubject: x\nMIME-Version: 1.0\nContent-Type: application/vnd.ms-excel\n"
        b"Content-Transfer-Encoding: base64\n" + _attachment(b'filename="' + word(NAME, "gbk") + b'"') + b"\n" + BODY,
        NAME,
    ),
    "a name in Content-Type only": Hostile(multipart(b"", kind=b'application/octet-stream;\n name="' + word(NAME, "gb18030") + b'"'), NAME),
    "a GBK character whose second byte is a backslash": Hostile(
        multipart(_attachment(b'filename="' + "昞乗流向.xlsx".encode("gbk") + b'"'), subject="昞".encode("gbk")), "昞乗流向.xlsx", "昞"
    ),
    "one character cut between two encoded words": Hostile(
        multipart(
            _attachment(b"filename=" + NAME.encode()),
            subject=b"=?gbk?B?"
            + base64.b64encode("流向".encode("gbk")[:3])
            + b"?=\n =?gbk?B?"
            + base64.b64encode("流向".encode("gbk")[3:])
            + b"?=",
        ),
        NAME,
        "流向",
    ),
    "a big5 label over Hong Kong's characters": Hostile(
        multipart(
            _attachment(b'filename="' + word("銅鑼灣啲貨.xlsx", "big5", "big5hkscs") + b'"'), subject=word("啲", "big5", "big5hkscs")
        ),
        "銅鑼灣啲貨.xlsx",
        "啲",
    ),
    "an old name beside the new one": Hostile(
        multipart(_attachment(b"filename=\"????.xlsx\"; filename*=gb2312'zh-cn'" + percent("镕.xlsx", "gbk"))), "镕.xlsx"
    ),
}


@pytest.mark.parametrize("ends", ["LF", "CRLF"])
@pytest.mark.parametrize("case", HOSTILE)
def test_the_attachment_is_found_under_its_name(case: str, ends: str) -> None:
    hostile = HOSTILE[case]
    mail = parse_mail(crlf(hostile.raw) if ends == "CRLF" else hostile.raw)
    attachments = [part for part in mail.parts if part.is_attachment]
    assert [(part.name, part.content) for part in attachments] == [(hostile.name, CONTENT)]
    assert mail.subject == hostile.subject
    assert parse_head(hostile.raw).subject == hostile.subject


def _by_the_standard_library(hostile: Hostile) -> tuple[str, list[str | None]]:
    message = email.message_from_bytes(crlf(hostile.raw), policy=email.policy.default)
    names = [part.get_filename() for part in message.walk() if part.get_content_maintype() not in ("multipart", "message", "text")]
    return str(message["Subject"]), names


@pytest.mark.parametrize("case", ["raw GBK bytes in headers", "gb2312 label over GBK characters"])
def test_the_standard_library_garbles_it(case: str) -> None:
    """The control: these would not be hostile if the plain way read them too."""
    hostile = HOSTILE[case]
    subject, names = _by_the_standard_library(hostile)
    assert subject != hostile.subject
    assert names != [hostile.name]


def test_the_standard_library_reads_ordinary_ones() -> None:
    """The comparison itself works: what is not hostile to it comes out right."""
    hostile = HOSTILE["RFC 2231 in UTF-8"]
    assert _by_the_standard_library(hostile) == (hostile.subject, [hostile.name])


def test_there_are_twelve() -> None:
    assert len(HOSTILE) == 12
    assert len({hostile.raw for hostile in HOSTILE.values()}) == 12


def test_a_part_by_itself_is_what_it_is_in_the_mail() -> None:
    raw = crlf(HOSTILE["raw GBK bytes in headers"].raw)
    part = parse_mail(raw).parts[1]
    alone = raw.split(b"--b1\r\n")[2].split(b"\r\n--b1--")[0]
    assert parse_part(1, alone) == part


@pytest.mark.parametrize(
    ("head", "is_inline"),
    [
        (b"Content-Type: image/png\nContent-ID: <logo>\n", True),
        (b"Content-Type: image/png\nContent-Disposition: inline; filename=logo.png\n", True),
        (b"Content-Type: image/png\nContent-Disposition: attachment; filename=scan.png\nContent-ID: <x>\n", False),
        (b"Content-Type: image/png; name=scan.png\n", False),
        (b"Content-Type: application/pdf\nContent-Disposition: inline; filename=a.pdf\n", False),
    ],
)
def test_pictures_of_the_body_are_told_from_those_that_were_attached(head: bytes, is_inline: bool) -> None:
    assert parse_part(0, head + b"\nx").is_inline_image is is_inline


def test_recipients() -> None:
    head = "To: 商务 <BI@a.example>, b@a.example\nCc: =?utf-8?b?6ZSA?=\n <c@a.example>\nDelivered-To: d@a.example\nSubject: x\n".encode(
        "gbk"
    )
    assert parse_head(head).recipients == ("bi@a.example", "b@a.example", "c@a.example", "d@a.example")


LINES = base64.encodebytes(bytes(range(256)) * 20)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("encoding", [b"base64", b"7bit", b"quoted-printable"])
@pytest.mark.parametrize("tail", [b"", b"the end\n", b"(kept) 0\n", "流向\n".encode("gbk")])
@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream", b"message/rfc822"])
def test_long_runs_of_base64_come_out_as_the_standard_library_gives_them(kind: bytes, tail: bytes, encoding: bytes, ends: bytes) -> None:
    inner = b"Subject: inner\n\n" if kind == b"message/rfc822" else b""
    part = b"\nContent-Type: " + kind + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + inner + LINES + b"x\n" + LINES + tail
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b" + part + b"\n--b" + part + b"--b--\n" + LINES
    raw = raw.replace(b"\n", ends)
    ours = [part.content for part in parse_mail(raw).parts]
    if kind == b"message/rfc822" and encoding == b"base64":
        assert len(ours) == 2  # the standard library sees no mail inside
        return
    theirs = [part.get_payload(decode=True) for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]
    assert ours == theirs


INSERTED = [
    *(b'"', b"\n", b"\r\n", b";", b"\x00", b"\xff", b"--", b"=?gbk?B?", b"?=", b"*0*=", b"filename*1=", b"charset*=x;", b"charset=rot13;"),
    *(
        b"=?hex?b?",
        b"=?undefined?q?",
        b"base64",
        b"Content-Transfer-Encoding: uuencode\n",
        b"Content-Type: multipart/mixed; boundary=b1\n\n",
    ),
    b"filename*99999999999999999999=1;",
]


@pytest.mark.parametrize("seed", range(4))
def test_no_mail_raises(seed: int) -> None:
    """Mails that are spoilt at random: whatever comes out, nothing is raised."""
    chance = random.Random(seed)
    sources = [hostile.raw for hostile in HOSTILE.values()]
    for _ in range(400):
        raw = bytearray(chance.choice(sources))
        for _ in range(chance.choice([1, 3, 10, 40])):
            at = chance.randrange(len(raw) + 1)
            match chance.randrange(4):
                case 0:
                    raw[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    raw[at:at] = chance.choice(INSERTED)
                case 2:
                    del raw[at : at + chance.randrange(1, 30)]
                case _:
                    raw = raw[:at] + raw[chance.randrange(len(raw) + 1) :]
        mail = parse_mail(bytes(raw))
        assert [part.index for part in mail.parts] == list(range(len(mail.parts)))
        assert all(isinstance(part.text, str) for part in mail.parts)
        parse_head(bytes(raw))


@pytest.mark.parametrize("label", ["hex", "rot13", "undefined", "idna", "unicode_escape", "nobody-knows", "\x00"])
def test_a_label_that_is_no_charset_is_passed_over(label: str) -> None:
    content = base64.b64encode("流向".encode()).decode()
    raw = f"Subject: =?{label}?B?{content}?=\nContent-Type: text/plain; charset={label}\n\n".encode() + "销售".encode()
    mail = parse_mail(raw)
    assert mail.parts[0].text == "销售"
    assert mail.subject == ("流向" if label != "\x00" else mail.subject)
