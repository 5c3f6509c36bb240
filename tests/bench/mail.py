"""Collecting mails, the whole path, beside the plainest durable way with imap-tools; the same dovecot (or pymap) serves both.

Both log in, list, fetch, parse, encrypt each attachment, write it durably and record it. Ours also keeps UIDVALIDITY and rules, names in
Chinese charsets, items that are known by their content, and a sealed ledger; the other commits once a mail.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.sides import Sides, Timer, collected, sync_folder
from tests.servers.dovecot import Dovecot, missing

MAILS = 300
TIMES = 5
PASSWORD = "secret"
_PROJECT = """\
name: bench
title: {{zh: 基准, en: Bench}}
entities: {{cn: {{currency: CNY}}}}
accounts:
  box: {{kind: imap, host: 127.0.0.1, port: {port}, user: bi, password: env:BENCH_MAILBOX_PASSWORD, tls: false}}
"""
_SOURCE = """\
title: {zh: 邮件, en: Mails}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: mailbox, account: box, where: {subject: "*流向*", attachment: "*.xls*"}}
load: append
columns: {a: text}
"""


def mails() -> list[bytes]:
    """Mails with one attachment of 20 to 60 kB each."""
    chance = random.Random(7)
    made = []
    for number in range(MAILS):
        content = chance.randbytes(chance.randrange(20_000, 60_000))
        subject = base64.b64encode(f"华东 9月{number % 30 + 1}日 流向".encode("gbk")).decode()
        name = base64.b64encode(f"流向_{number}.xlsx".encode("gbk")).decode()
        head = (
            f"Message-ID: <{number}@dealer{number % 20}.example>\r\nFrom: =?gb2312?B?vq3P+snM?= <sales@dealer{number % 20}.example>\r\n"
            f"To: bi@company-a.example\r\nSubject: =?gb2312?B?{subject}?=\r\nDate: Tue, 15 Sep 2026 07:{number % 60:02d}:00 +0800\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"
            "--b1\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n"
        ).encode()
        part = (
            "\r\n--b1\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="=?gb2312?B?{name}?="\r\n\r\n'
        ).encode()
        lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
        made.append(head + "请查收附件".encode("gb2312") + part + lines + b"--b1--\r\n")
    return made


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """A mailbox with the mails in it: its name and port."""
    if not missing():
        with Dovecot("bi", PASSWORD) as dovecot:
            dovecot.deliver_many(mails())
            yield "dovecot", dovecot.port
        return
    from taihu.testing.servers import ImapServer

    with ImapServer("bi", PASSWORD) as pymap:
        pymap.deliver_many((raw, "INBOX", None) for raw in mails())
        yield "pymap", pymap.port


def plain(folder: Path, port: int) -> int:
    """imap-tools, AES-GCM, write, fsync, rename, fsync of the folder, one SQLite commit a mail."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from imap_tools import MailBoxUnencrypted

    folder.mkdir()
    ledger = sqlite3.connect(folder / "ledger.sqlite")
    ledger.execute("PRAGMA journal_mode=WAL")
    ledger.execute("PRAGMA synchronous=FULL")
    ledger.execute("CREATE TABLE arrival (message_id TEXT, sender TEXT, subject TEXT, name TEXT, sha256 TEXT, size INTEGER, uid TEXT)")
    ledger.execute("CREATE TABLE cursor (uid TEXT)")
    count = 0
    key = AESGCM.generate_key(256)
    with MailBoxUnencrypted("127.0.0.1", port).login("bi", PASSWORD) as box:
        for message in box.fetch(mark_seen=False, bulk=50):
            for attachment in message.attachments:
                if "流向" not in message.subject or not attachment.filename.endswith(".xlsx"):
                    continue
                content = attachment.payload
                sha256 = hashlib.sha256(content).hexdigest()
                nonce = os.urandom(12)
                room = folder / sha256[:2]
                room.mkdir(exist_ok=True)
                temporary = room / f".part-{sha256}"
                with temporary.open("wb") as file:
                    file.write(nonce + AESGCM(key).encrypt(nonce, content, sha256.encode()))
                    file.flush()
                    os.fsync(file.fileno())
                temporary.rename(room / sha256)
                sync_folder(room)
                ledger.execute(
                    "INSERT INTO arrival VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        str(message.headers.get("message-id")),
                        message.from_,
                        message.subject,
                        attachment.filename,
                        sha256,
                        len(content),
                        message.uid,
                    ),
                )
                count += 1
            ledger.execute("INSERT INTO cursor VALUES (?)", (message.uid,))
            ledger.commit()
    ledger.close()
    return count


def ours(folder: Path, port: int, timer: Timer) -> int:
    """The collecting of a run."""
    (folder / "sources" / "mails").mkdir(parents=True)
    (folder / "taihu.yml").write_text(_PROJECT.format(port=port), encoding="utf-8")
    (folder / "sources" / "mails" / "source.yml").write_text(_SOURCE, encoding="utf-8")
    os.environ["BENCH_MAILBOX_PASSWORD"] = PASSWORD
    return collected(folder, timer)


def measure(folder: Path) -> dict[str, Any]:
    """Median wall and CPU seconds of both, the sides taking turns."""
    sides = Sides()
    with server() as (name, port):
        for turn in range(TIMES + 1):
            assert ours(folder / f"ours-{turn}", port, sides.timed("ours")) == MAILS
            assert sides.timed("plain")(lambda turn=turn: plain(folder / f"plain-{turn}", port)) == MAILS
    return {"server": name, "mails": MAILS, **sides.medians()}


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="taihu-bench-mail-") as room:
        found = measure(Path(room))
    (wall, cpu), (other_wall, other_cpu) = found["ours"], found["plain"]
    print(f"{MAILS} mails from {found['server']}: ours {MAILS / wall:.0f} mails/s, {cpu / MAILS * 1000:.2f} ms CPU a mail;")
    print(f"imap-tools and plain writes {MAILS / other_wall:.0f} mails/s, {other_cpu / MAILS * 1000:.2f} ms CPU a mail")
    print(f"ratio {other_wall / wall:.2f}x wall, {other_cpu / cpu:.2f}x CPU (above 1: ours is faster)")
