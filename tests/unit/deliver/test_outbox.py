"""The outbox against a real mail server and a real folder: nothing twice, nothing lost, nothing half."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from taihu.core.clock import FixedClock
from taihu.core.errors import TerminalError
from taihu.deliver.mail import MailBody
from taihu.deliver.outbox import FolderChannel, Parcel, SmtpChannel, send_pending, wait_after
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger
from taihu.ledger.records import OutboxRow
from taihu.testing.servers import SmtpServer

MORNING = dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC)
BODY = MailBody("销售日报", "<html>1,407.1</html>", "1,407.1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def ledger(tmp_path: Path, clock: FixedClock) -> Iterator[Ledger]:
    sealer = Sealer(Keyring.create(tmp_path / "keys", root=bytes(range(32))))
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}", sealer=sealer, clock=clock) as opened:
        yield opened


class Doorkeeper(SmtpServer):
    """Answers a wrong password with 535, as mail servers do."""

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, credentials: Any) -> Any:
        result = super()._authenticate(server, session, envelope, mechanism, credentials)
        return AuthResult(success=result.success, handled=False)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with Doorkeeper("bi", "right") as running:
        yield running


@pytest.fixture
def channel(server: SmtpServer) -> SmtpChannel:
    return smtp(server)


def smtp(server: SmtpServer, *, password: str = "right", domains: tuple[str, ...] = ()) -> SmtpChannel:
    return SmtpChannel(
        "127.0.0.1",
        server.port,
        sender="bi@company-a.example",
        user="bi",
        password=lambda: password,
        tls=False,
        allowed_domains=domains,
        timeout=5,
    )


def put(ledger: Ledger, channel: str = "smtp", recipient: str = "lead@company-a.example") -> str:
    return ledger.outbox_put("3b9d5a0c7e21f846", channel=channel, recipient=recipient)


@pytest.fixture
def pack() -> Callable[[OutboxRow], Parcel]:
    return lambda row: Parcel(row.id, row.recipient, MORNING, {"销售日报.xlsx": b"PK"}, BODY)


def test_a_mail_leaves_once_with_an_id_made_from_its_content(
    ledger: Ledger, server: SmtpServer, channel: SmtpChannel, pack: Callable[[OutboxRow], Parcel], clock: FixedClock
) -> None:
    identity = put(ledger)
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == [identity]
    assert put(ledger) == identity
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == []
    [received] = server.mails
    parsed = email.message_from_bytes(received.content, policy=email.policy.default)
    assert received.recipients == ("lead@company-a.example",)
    assert parsed["Message-ID"] == f"<{identity}@company-a.example>"
    assert [part.get_filename() for part in parsed.iter_attachments()] == ["销售日报.xlsx"]


def test_a_lost_answer_is_not_tried_again_without_a_person(
    ledger: Ledger, server: SmtpServer, channel: SmtpChannel, pack: Callable[[OutboxRow], Parcel], clock: FixedClock
) -> None:
    identity = put(ledger)
    server.lose_answer_next = 1
    assert send_pending(ledger, {"smtp": channel}, pack, clock).ambiguous == [identity]
    clock.move_to(MORNING + dt.timedelta(days=1))
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == []
    assert len(server.mails) == 1
    ledger.outbox_resent(identity, who="lead", why="not in the sent folder")
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == [identity]
    assert len(server.mails) == 2


def test_a_passing_refusal_is_tried_again_later_and_not_before(
    ledger: Ledger, server: SmtpServer, channel: SmtpChannel, pack: Callable[[OutboxRow], Parcel], clock: FixedClock
) -> None:
    identity = put(ledger)
    server.refuse_next = 1
    assert send_pending(ledger, {"smtp": channel}, pack, clock).waiting == [identity]
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == []
    clock.move_to(MORNING + wait_after(0))
    assert send_pending(ledger, {"smtp": channel}, pack, clock).sent == [identity]
    assert len(server.mails) == 1


def test_a_server_that_is_down_costs_a_wait_and_a_wrong_password_exactly_one_try(
    ledger: Ledger, server: SmtpServer, pack: Callable[[OutboxRow], Parcel], clock: FixedClock
) -> None:
    first = put(ledger)
    down = SmtpChannel("127.0.0.1", 9, sender="bi@company-a.example", tls=False, timeout=2)
    assert send_pending(ledger, {"smtp": down}, pack, clock).waiting == [first]
    second = put(ledger, recipient="east@company-a.example")
    assert send_pending(ledger, {"smtp": smtp(server, password="wrong")}, pack, clock).failed == [second]
    clock.move_to(MORNING + dt.timedelta(minutes=1))
    assert send_pending(ledger, {"smtp": smtp(server, password="wrong")}, pack, clock).failed == []
    assert server.refused_logins == 1


def test_reports_go_only_to_allowed_domains(server: SmtpServer, pack: Callable[[OutboxRow], Parcel]) -> None:
    with pytest.raises(TerminalError, match=r"elsewhere\.example"):
        smtp(server, domains=("company-a.example",)).send(Parcel("x", "lead@elsewhere.example", MORNING, {}, BODY))
    assert server.mails == []


def test_an_unknown_channel_is_a_failure_that_says_so(ledger: Ledger, pack: Callable[[OutboxRow], Parcel], clock: FixedClock) -> None:
    identity = put(ledger, channel="pigeon")
    assert send_pending(ledger, {}, pack, clock).failed == [identity]
    [row] = ledger.outbox()
    assert "pigeon" in row.error


def test_a_folder_gets_whole_files_and_the_same_file_once(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path / "out")
    parcel = Parcel("x", "daily/EAST", MORNING, {"销售日报.xlsx": b"PK1", "../../evil": b"x"})
    channel.send(parcel)
    folder = tmp_path / "out" / "daily" / "EAST"
    before = (folder / "销售日报.xlsx").stat().st_mtime_ns
    channel.send(parcel)
    assert (folder / "销售日报.xlsx").stat().st_mtime_ns == before
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == ["evil", "销售日报.xlsx"]
    with pytest.raises(TerminalError, match="outside"):
        channel.send(Parcel("x", "../elsewhere", MORNING, {}))


def test_waits_grow_and_stay_under_an_hour() -> None:
    waits = [wait_after(n) for n in range(12)]
    assert waits == sorted(waits) and waits[0] == dt.timedelta(minutes=2) and waits[-1] == dt.timedelta(hours=1)
