"""A mailbox through the run's own collecting: landing, what gives nothing, and what becomes of the mails afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.connector.contract import NOW
from tests.contract.connector.test_mailbox import mail
from tests.servers.dovecot import Dovecot, missing, quoted
from tests.servers.imap_manners import MannersProxy

from taihu.collect import Connections, Patience
from taihu.core.clock import FixedClock
from taihu.project.workspace import open_workspace
from taihu.run.collecting import collect

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PROJECT = """\
name: post
title: {{zh: 邮件, en: Mail}}
entities: {{cn: {{currency: CNY}}}}
accounts:
  box: {{kind: imap, host: 127.0.0.1, port: {port}, user: bi, password: env:POST_PASSWORD, tls: false}}
"""
SOURCE = """\
title: {{zh: 邮件, en: Mails}}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {{via: mailbox, account: box, where: {{subject: "*销售流向*", attachment: "*.xls*"}}, after: "{after}"}}
load: append
columns: {{a: text}}
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    monkeypatch.setenv("POST_PASSWORD", "secret")
    with Dovecot() as server:
        yield server


def run(root: Path, port: int, after: str) -> tuple[int, list[tuple[str, str]], int]:
    """Collect once in a process's way: number landed, failures told, and number of items known."""
    (root / "sources" / "mails").mkdir(parents=True, exist_ok=True)
    (root / "taihu.yml").write_text(PROJECT.format(port=port), encoding="utf-8")
    (root / "sources" / "mails" / "source.yml").write_text(SOURCE.format(after=after), encoding="utf-8")
    with open_workspace(root, FixedClock(NOW)) as ws:
        source = ws.tree.sources["mails"]
        before = len(ws.ledger.outcomes())
        with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=root, sessions=ws.ledger) as connections:
            landed = collect(ws, source, connections.open(source, Patience(attempts=2, seconds=5, first_wait=0.001))).landed
        told = [(each.status, each.reason) for each in ws.ledger.outcomes()[before:]]
        return landed, told, len(ws.ledger.known_items("mails"))


def test_mails_that_cannot_be_moved_are_landed_all_the_same_and_moved_later(tmp_path: Path, server: Dovecot) -> None:
    with server.client() as imap:
        imap.create(quoted("已收取"))
    for number in range(3):
        server.deliver(mail(b"content %d" % number, message_id=f"<{number}@x>"))
    with MannersProxy(server.port, "immovable") as proxy:
        assert run(tmp_path, proxy.port, "move to 已收取") == (3, [("failed", "original_untouched")], 3)
    assert len(server.state()) == 3
    assert run(tmp_path, server.port, "move to 已收取") == (0, [], 3)
    assert (len(server.state()), len(server.state("已收取"))) == (0, 3)


def test_what_gives_nothing_is_in_the_ledger_and_marks_nothing(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(mail(b"x", name="readme.txt", message_id="<1@x>"))
    server.deliver(mail(b"y", message_id="<2@x>"))
    assert run(tmp_path, server.port, "mark seen") == (1, [], 2)
    seen = {key.decode().split()[-1] for key, flags in server.state().items() if b"\\Seen" in flags}
    assert seen == {"<2@x>"}
