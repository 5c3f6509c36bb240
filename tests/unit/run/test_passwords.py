"""An archive and its password come in two mails, in either order; the password is kept sealed and nowhere else."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.collect.passwords import passwords_in
from taihu.core.errors import ManifestError
from taihu.core.reasons import REASONS
from taihu.ledger.records import Arrival
from taihu.manifest.passwords import USUAL_SENTENCE
from taihu.run.execution import RunResult, run
from taihu.testing.servers.imap import ImapServer

PASSWORD = "Kf7-秘密x9"
SOURCE = """\
title: {zh: 流向, en: Zipped sales}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: mailbox, account: box, where: {subject: "*流向*", attachment: "*.zip"}}
load: append
read:
  as: csv
  layouts: [standard]
  password_from: {subject: "*密码*", from: "*@partner.example", pattern: "密码[:：]\\\\s*(?P<password>\\\\S+)", within: 2 days}
columns:
  sold_on:    {from: 日期, type: date, order: year first, required: true}
  net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
"""


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer(user="bi", password="secret") as running:
        yield running


@pytest.fixture
def zipped(shop: Shop, server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("BOX_PASSWORD", "secret")
    account = f"box: {{kind: imap, host: 127.0.0.1, port: {server.port}, tls: false, user: bi, password: env:BOX_PASSWORD}}, erp: {{"
    shop.edit("taihu.yml", "erp: {", account)
    shop.write("sources/zipped/source.yml", SOURCE)
    shop.write("sources/zipped/layouts/standard.yml", "header: [日期, 金额]\n")
    return shop


def archive(password: str = PASSWORD, amount: int = 5) -> bytes:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as opened:
        opened.setpassword(password.encode())
        opened.writestr("九月.csv", f"日期,金额\n2026-11-01,{amount}\n".encode("gb18030"))
    return buffer.getvalue()


def mail(
    subject: str, text: str = "见附件", files: Mapping[str, bytes] | None = None, *, html: str = "", sender: str = "a@partner.example"
) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "bi@shop.example", subject
    message["Message-ID"] = f"<{base64.b32encode((subject + text + html).encode()).decode().strip('=')[:40]}@partner.example>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="zip", filename=name)
    return message.as_bytes()


def again(shop: Shop) -> tuple[RunResult, list[Arrival]]:
    """Another run, by another process."""
    with shop.open() as ws:
        return run(ws, sources=["zipped"], reports=False), ws.ledger.arrivals(source="zipped")


def test_an_archive_waits_for_the_mail_with_its_password(zipped: Shop, server: ImapServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="taihu")
    server.deliver(mail("11月流向", files={"流向.zip": archive()}), received_at=at(2, 6))
    result, (waiting,) = again(zipped)
    assert (waiting.state, waiting.reason, result.open_holds) == ("held", "password_missing", 1)
    assert REASONS["password_missing"].fix.zh

    _, (waiting,) = again(zipped)
    assert waiting.state == "held"
    server.deliver(mail("密码通知", "密码：not-this-one"), received_at=at(2, 7))
    _, (waiting,) = again(zipped)
    assert (waiting.state, waiting.reason) == ("held", "password_missing")

    server.deliver(mail("您的密码", f"您好，\n本次密码: {PASSWORD}\n谢谢"), received_at=at(3, 7))
    result, (arrival,) = again(zipped)
    assert (arrival.state, arrival.reason, arrival.rows, result.open_holds) == ("accepted", "", 1, 0)
    # Another archive under the password that is known by now is read at once.
    server.deliver(mail("11月流向二", files={"流向.zip": archive(amount=6)}), received_at=at(3, 8))
    assert [each.state for each in again(zipped)[1]] == ["accepted", "accepted"]
    with zipped.open() as ws:
        assert sorted(str(row["net_amount"]) for row in ws.clean_rows("clean.zipped").to_pylist()) == ["5.00", "6.00"]
        assert "Kf7" not in repr(ws.ledger.password_notes("zipped"))
    clear_nowhere(zipped.root, caplog.text)


def clear_nowhere(root: Path, logged: str) -> None:
    forms = [
        form for text in (PASSWORD, "not-this-one") for form in (text.encode(), text.encode("gb18030"), base64.b64encode(text.encode()))
    ]
    files = [path for path in root.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite" for path in files)
    for path in files:
        content = path.read_bytes()
        assert not any(form in content for form in forms), path
    assert not any(form.decode("utf-8", errors="replace") in logged for form in forms)


def test_the_password_may_come_first_and_in_html(zipped: Shop, server: ImapServer) -> None:
    page = f"<html><head><style>p{{}}</style></head><body><p>密码：<b>{PASSWORD}</b>，请查收</p></body></html>"
    server.deliver(mail("密码", "see HTML", html=page), received_at=at(1, 18))
    server.deliver(mail("11月流向", files={"流向.zip": archive()}), received_at=at(2, 6))
    assert [each.state for each in again(zipped)[1]] == ["accepted"]


def test_mails_of_others_or_of_another_week_open_nothing(zipped: Shop, server: ImapServer) -> None:
    server.deliver(mail("11月流向", files={"流向.zip": archive()}), received_at=at(9, 6))
    server.deliver(mail("密码", f"密码：{PASSWORD}", sender="a@elsewhere.example"), received_at=at(9, 7))
    server.deliver(mail("密码一", f"密码：{PASSWORD}"), received_at=at(6, 7))
    server.deliver(mail("密码二", f"密码：{PASSWORD}"), received_at=at(12, 7))
    zipped.clock.move_to(at(12, 9))
    assert [(each.state, each.reason) for each in again(zipped)[1]] == [("held", "password_missing")]
    with zipped.open() as ws:
        assert len(ws.ledger.password_notes("zipped")) == 2
        logins = server.logins
        run(ws, sources=["zipped"], reports=False)
        assert server.logins == logins + 1


def test_a_mail_server_that_is_away_does_not_undo_what_was_collected(zipped: Shop, server: ImapServer) -> None:
    zipped.edit(
        "sources/zipped/source.yml",
        'via: mailbox, account: box, where: {subject: "*流向*", attachment: "*.zip"}',
        "via: folder, path: inbox/zipped",
    )
    zipped.edit("sources/zipped/source.yml", "password_from: {", "passwords: [env:ZIP_PASSWORD]\n  password_from: {account: box, ")
    zipped.put("zipped", "a.zip", archive("other"), at(2, 6))
    server.stop()
    with zipped.open() as ws:
        from taihu.run import collecting

        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("ZIP_PASSWORD", "other")
            patched.setattr(collecting, "ORDINARY", collecting.ONCE)
            result = run(ws, sources=["zipped"], reports=False)
        assert "passwords could not be fetched" in result.failed["zipped"]
        assert [each.state for each in ws.ledger.arrivals(source="zipped")] == ["accepted"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("password_from: {account: nobody}", "not in taihu.yml"),
        ("password_from: {account: erp}", "way to mails"),
        ("password_from: {pattern: '密码(.*)'}", r"\(\?P<password>"),
        ("password_from: {pattern: '('}", "regular expression"),
        ("passwords: [secret9]", "reference"),
    ],
)
def test_what_is_wrong_is_said_when_the_project_is_loaded(zipped: Shop, change: str, problem: str) -> None:
    text = SOURCE.split("  password_from:")[0] + f"  {change}\n" + "columns:" + SOURCE.split("columns:")[1]
    zipped.write("sources/zipped/source.yml", text)
    with pytest.raises(ManifestError, match=problem) as refused, zipped.open():
        pass
    assert refused.value.where.startswith("sources/zipped/source.yml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("密码：abc123，请查收", "abc123"),
        ("解压密码为 X9-y.Z。", "X9-y.Z"),
        ("Password is: Pa$$w0rd!", "Pa$$w0rd!"),
        ("<p>密码：<span>ab</span><span>12</span></p><p>谢谢</p>", "ab12"),
        ("口令:密码九", "密码九"),
        ("<p>密码&nbsp;:&nbsp;a&amp;b</p>", "a&b"),
    ],
)
def test_passwords_are_found_in_ordinary_sentences(text: str, expected: str) -> None:
    for content in (text.encode(), text.encode("gb18030")):
        assert expected in passwords_in(content, "通知", USUAL_SENTENCE)
    assert passwords_in(b"", f"密码:{expected}", USUAL_SENTENCE)[0].startswith(expected[:3])
    assert passwords_in("您的密码已更新".encode(), "", r"密码[:：](?P<password>\S+)") == []
