"""Power cuts, two writers at once, leases of dead processes, messages that may have left, and what the file gives away."""

from __future__ import annotations

import base64
import datetime as dt
import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.core.errors import IntegrityError, LeaseTaken, ManifestError, NotFound, TransientError
from taihu.core.types import Item, Note, ObjectRef, Refusal, Scope, Span, StatedTotal
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger
from taihu.ledger.place import kind_among, local_or_refused
from taihu.ledger.process import Process, lives, this_process
from taihu.ledger.records import ArrivalDecision, Expectation, FigureRow, Publication

DAY = dt.date(2026, 9, 14)
SPAN = Span(DAY, DAY + dt.timedelta(days=1))

PROGRAM = """
import datetime as dt, sys, time
from taihu.core.clock import FixedClock
from taihu.core.types import Item, ObjectRef, Scope, Span, Refusal
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger
from taihu.ledger.records import ArrivalDecision
file, keys, what, *more = sys.argv[1:]
clock = FixedClock(dt.datetime(2026, 9, 15, tzinfo=dt.timezone.utc))
ledger = Ledger.open("sqlite:///" + file, sealer=Sealer(Keyring.open(keys)), clock=clock)
"""


def process(code: str, ledger_file: Path, keyring: Keyring, *arguments: str, kill_at: str = "") -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TAIHU_KILL_AT": kill_at}
    command = [sys.executable, "-c", PROGRAM + code, str(ledger_file), str(keyring.folder), "run", *arguments]
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


DECIDE = """
ids = ledger.arrivals_landed("s", [(Item(f"k{n}", f"n{n}"), ObjectRef(f"{n:064x}", 1, "csv")) for n in range(20)], cursor="20")
span = Span(dt.date(2026, 9, 14), dt.date(2026, 9, 15))
decisions = [ArrivalDecision(i, "accepted", scopes=[Scope("P", span)], refusals=[Refusal("invalid_date", "1")]) for i in ids]
ledger.arrivals_decided("s", decisions, table="clean.s", version=1, stamps={"": "x"})
"""


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("boundary", ["ledger.before_commit", "ledger.committed"])
def test_a_power_cut_leaves_whole_verbs_only(ledger_file: Path, keyring: Keyring, clock: FixedClock, boundary: str, count: int) -> None:
    """Commit 1 makes the schema, 2 lands, 3 decides."""
    assert process(DECIDE, ledger_file, keyring, kill_at=f"{boundary}:{count}").wait() == -signal.SIGKILL
    done = count if boundary == "ledger.committed" else count - 1
    with Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(keyring), clock=clock) as ledger:
        assert len(ledger.arrivals()) == len(ledger.known_items("s")) == (20 if done >= 2 else 0)
        assert ledger.cursor("s") == ("20" if done >= 2 else None)
        assert len(ledger.arrivals(states=["accepted"])) == len(ledger.quarantined()) == len(ledger.outcomes()) == (20 if done >= 3 else 0)
        assert ledger.partition_stamps("clean.s") == ({"": "x"} if done >= 3 else {})
    assert process(DECIDE, ledger_file, keyring).wait() == 0
    with Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(keyring), clock=clock) as ledger:
        assert len(ledger.arrivals(states=["accepted"])) == len(ledger.quarantined()) == 20


def test_writers_of_several_processes_queue(ledger: Ledger, ledger_file: Path, keyring: Keyring) -> None:
    code = "for n in range(15): ledger.audited('x', f'{more[0]}.{n}', who='w')"
    running = [process(code, ledger_file, keyring, str(number)) for number in range(3)]
    threads = [threading.Thread(target=lambda: [ledger.audited("x", "thread", who="w") for _ in range(15)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.wait() for each in running] == [0, 0, 0]
    trail = ledger.audit_trail()
    assert [each.sequence for each in trail] == list(range(1, 76))
    assert all(previous == before.digest for before, previous in zip(trail, [each.previous for each in trail][1:], strict=False))


def test_writers_on_postgresql_queue_too(postgresql_url: str, keyring: Keyring, clock: FixedClock) -> None:
    with (
        Ledger.open(postgresql_url, sealer=Sealer(keyring), clock=clock) as one,
        Ledger.open(postgresql_url, sealer=Sealer(keyring), clock=clock) as two,
    ):
        threads = [
            threading.Thread(target=lambda ledger=each: [ledger.audited("x", "y", who="w") for _ in range(20)]) for each in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [each.sequence for each in one.audit_trail()] == list(range(1, 41))
        assert all(stored == computed for _, _, stored, computed in two.audit_links())


def test_a_lease_is_held_once_and_given_back(ledger: Ledger, ledger_file: Path, keyring: Keyring, clock: FixedClock) -> None:
    with ledger.lease("run"):
        with pytest.raises(LeaseTaken), ledger.lease("run"):
            pass
        with (
            Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(keyring), clock=clock) as second,
            pytest.raises(LeaseTaken),
            second.lease("run"),
        ):
            pass
        with ledger.lease("table:clean.x"):
            assert ledger.lease_holder("run") == this_process()
    assert ledger.lease_holder("run") is None
    with pytest.raises(ZeroDivisionError), ledger.lease("run"):
        _ = 1 / 0
    with ledger.lease("run"):
        pass


def test_a_lease_of_a_living_process_is_respected_and_of_a_killed_one_healed(ledger: Ledger, ledger_file: Path, keyring: Keyring) -> None:
    code = "lease = ledger.lease('run'); lease.__enter__(); print('held', flush=True); time.sleep(60)"
    holder = process(code, ledger_file, keyring)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(LeaseTaken, match=str(holder.pid)), ledger.lease("run"):
        pass
    holder.kill()
    # Not waited for yet: a zombie holds nothing either.
    deadline = time.monotonic() + 10
    while ledger.lease_holder("run") is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    with ledger.lease("run") as was_left:
        assert ledger.lease_holder("run") == this_process()
        assert was_left
    holder.wait()
    with ledger.lease("run") as was_left:
        assert not was_left


def test_which_processes_live() -> None:
    me = this_process()
    assert lives(me)
    assert not lives(Process(me.host, me.boot, me.pid, "1")), "the id was given out again"
    assert not lives(Process(me.host, "another boot", me.pid, me.started))
    assert not lives(Process(me.host, me.boot, 2**22 + 1, me.started))
    stranger = Process("other host", "before the power cut", 1, "1")
    assert lives(stranger), "what cannot be seen may live"
    assert not lives(stranger, one_machine=True), "a local disk belongs to one running machine"
    assert lives(Process("other container", me.boot, 1, "1"), one_machine=True)
    assert Process.parse(me.text) == me and Process.parse("") is None


def test_a_lease_of_an_unseen_host_is_broken_by_a_person_only(ledger: Ledger, ledger_file: Path) -> None:
    with ledger.lease("run"):
        with sqlite3.connect(ledger_file) as connection:
            connection.execute("UPDATE lease SET host = 'other', holder = 'other'")
        connection.close()
    with pytest.raises(LeaseTaken), ledger.lease("run"):
        pass
    ledger.lease_broken("run", who="lead", why="that laptop is gone")
    with ledger.lease("run"):
        pass
    assert [each.action for each in ledger.audit_trail()] == ["lease.break"]


def put(ledger: Ledger, recipient: str = "east@a.example", key: str = "") -> str:
    return ledger.outbox_put("p1", channel="smtp", recipient=recipient, outputs=["a" * 64], meta={"subject": "日报"}, key=key)


def test_a_message_leaves_once(ledger: Ledger, clock: FixedClock) -> None:
    message = put(ledger)
    assert put(ledger) == message and put(ledger, key="en") != message
    [first, second] = ledger.outbox_pending()
    assert (first.recipient, first.meta, first.outputs, first.state) == ("east@a.example", {"subject": "日报"}, ("a" * 64,), "pending")
    ledger.outbox_sending(message)
    assert [each.id for each in ledger.outbox_pending()] == [second.id], "a living process sends it"
    with pytest.raises(NotFound):
        ledger.outbox_sending(message)
    ledger.outbox_sent(message, receipt="250 ok")
    with pytest.raises(NotFound):
        ledger.outbox_failed(message, error="late answer")
    assert put(ledger) == message
    [sent] = ledger.outbox(states=["sent"])
    assert (sent.attempts, sent.receipt, sent.sent_at) == (1, "250 ok", clock.now())
    assert [each.action for each in ledger.audit_trail()] == ["send"]


def test_a_failed_message_waits_for_its_time(ledger: Ledger, clock: FixedClock) -> None:
    message = put(ledger)
    ledger.outbox_sending(message)
    ledger.outbox_failed(message, error="450 try later", retry_at=clock.now() + dt.timedelta(minutes=5))
    assert ledger.outbox_pending() == []
    clock.move_to(clock.now() + dt.timedelta(minutes=5))
    assert [(each.id, each.error) for each in ledger.outbox_pending()] == [(message, "450 try later")]
    ledger.outbox_sending(message)
    ledger.outbox_failed(message, error="550 unknown")
    clock.move_to(clock.now() + dt.timedelta(days=9))
    assert ledger.outbox_pending() == []
    ledger.outbox_resent(message, who="lead", why="address fixed")
    assert [each.attempts for each in ledger.outbox_pending()] == [2]


def test_a_message_of_a_killed_sender_is_ambiguous_and_never_sent_by_itself(ledger: Ledger, ledger_file: Path, keyring: Keyring) -> None:
    message = put(ledger)
    code = f"ledger.outbox_sending('{message}'); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert process(code, ledger_file, keyring).wait() == -signal.SIGKILL
    assert ledger.outbox_pending() == [] and ledger.outbox_pending() == []
    [row] = ledger.outbox(states=["ambiguous"])
    assert row.id == message and row.attempts == 1
    ledger.outbox_sent(message, receipt="found in the server's log")
    assert ledger.outbox(states=["ambiguous"]) == []


def test_a_channel_that_may_repeat_is_simply_tried_again(ledger: Ledger, ledger_file: Path, keyring: Keyring) -> None:
    message = put(ledger)
    code = f"ledger.outbox_sending('{message}'); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert process(code, ledger_file, keyring).wait() == -signal.SIGKILL
    assert [each.id for each in ledger.outbox_pending(repeatable=["smtp"])] == [message]
    assert ledger.outbox(states=["ambiguous"]) == []


def test_an_unanswered_message_is_ambiguous(ledger: Ledger) -> None:
    message = put(ledger)
    with pytest.raises(NotFound):
        ledger.outbox_ambiguous(message, error="not sending yet")
    ledger.outbox_sending(message)
    ledger.outbox_ambiguous(message, error="connection lost after DATA")
    assert ledger.outbox_pending() == []


def fill_with_names(ledger: Ledger) -> list[str]:
    """Write something with every verb that takes a name; returns all of the names."""
    names = [f"华东一号商贸{n:02d}" for n in range(1, 25)]
    name = iter(names)
    item = Item(next(name), next(name), 1, None, {"sender": next(name), "subject": next(name)})
    arrival = ledger.arrival_landed("s", item, ObjectRef("a" * 64, 1, "zip"), cursor=next(name))
    ledger.item_remembered("s", Item(next(name), ""))
    total = StatedTotal(next(name), None, Decimal(1), Decimal(1))
    held = ArrivalDecision(
        arrival,
        "held",
        "mojibake",
        next(name),
        scopes=[Scope(next(name), SPAN)],
        header_cells={next(name): "A"},
        totals=[total],
        notes=[Note("columns_moved", next(name), "", next(name))],
        refusals=[Refusal("invalid_date", next(name))],
    )
    ledger.arrivals_decided("s", [held])
    ledger.hold_released(ledger.holds()[0].id, who=next(name), why=next(name))
    ledger.expectations_set([Expectation("s", next(name), DAY, dt.datetime(2026, 9, 15, tzinfo=dt.UTC))])
    ledger.attempt("s", ok=False, error=next(name))
    ledger.session_put(next(name), next(name).encode())
    ledger.outcome("x", next(name), status="ok", detail=next(name))
    ledger.outbox_put("p", channel="smtp", recipient=next(name), meta={"subject": next(name)})
    ledger.output_recorded("p", name=next(name), sha256="b" * 64, audience=names[0], lang="zh", format="xlsx")
    ledger.figures_recorded("p", [FigureRow("f-1", "p", "m", "mart.x", SPAN, (("party", names[1]),))])
    ledger.audited("look", names[2], who=names[3], detail=names[4])
    ledger.breaker_opened("s", retry_at=dt.datetime(2026, 9, 15, tzinfo=dt.UTC), reason=names[5])
    assert next(name, None) is None
    return names


def forms(name: str) -> list[bytes]:
    plain = [name.encode(encoding) for encoding in ("utf-8", "gb18030", "utf-16-le")]
    escaped = name.encode("unicode_escape")
    return [*plain, escaped, base64.b64encode(plain[0])[:16], plain[0].hex().encode()]


def test_the_file_and_its_log_name_nobody(ledger: Ledger, ledger_file: Path) -> None:
    names = fill_with_names(ledger)
    files = [path.read_bytes() for path in ledger_file.parent.glob("ledger.sqlite*")]
    assert len(files) >= 2, "the write-ahead log is scanned too"
    for name in names:
        for form in forms(name):
            assert not any(form in content for content in files), name
    [arrival] = ledger.arrivals()
    assert arrival.name in names, "with the keyring everything is read back"


def test_the_scan_finds_names_where_nothing_is_sealed(tmp_path: Path, clock: FixedClock) -> None:
    """The scan above can fail: a sealer that does not seal gives every name away."""

    class Clear:
        def seal(self, text: str, context: str = "") -> bytes:
            return text.encode()

        def open(self, sealed: bytes, context: str = "") -> str:
            return sealed.decode()

        def seal_bytes(self, content: bytes, context: str = "") -> bytes:
            return content

        open_bytes = seal_bytes
        seal_same = seal
        open_same = open

        def fingerprint(self, domain: str, text: str) -> str:
            return text

    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite", sealer=Clear(), clock=clock) as ledger:
        names = fill_with_names(ledger)
        files = [path.read_bytes() for path in tmp_path.glob("ledger.sqlite*")]
    for name in names:
        assert any(form in content for content in files for form in forms(name)), name


def test_a_ledger_belongs_to_its_keyring(ledger: Ledger, ledger_file: Path, tmp_path: Path, clock: FixedClock) -> None:
    other = Keyring.create(tmp_path / "other keys")
    with pytest.raises(IntegrityError, match="another keyring"):
        Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(other), clock=clock)


def test_seals_cannot_be_moved_between_rows(ledger: Ledger, ledger_file: Path) -> None:
    first, second = (ledger.arrival_landed("s", Item(f"k{n}", f"n{n}"), ObjectRef(str(n) * 64, 1, "csv")) for n in (1, 2))
    with sqlite3.connect(ledger_file) as connection:
        connection.execute("UPDATE arrival SET envelope = (SELECT envelope FROM arrival WHERE id = ?) WHERE id = ?", (first, second))
    connection.close()
    with pytest.raises(IntegrityError):
        ledger.arrival(second)


def test_a_busy_ledger_is_transient_and_a_damaged_one_is_not(tmp_path: Path, keyring: Keyring, clock: FixedClock) -> None:
    file = tmp_path / "ledger.sqlite"
    with Ledger.open(f"sqlite:///{file}", sealer=Sealer(keyring), clock=clock) as ledger:
        blocker = sqlite3.connect(file, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with ledger._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        with pytest.raises(TransientError):
            ledger.outcome("x", "y", status="ok")
        blocker.execute("ROLLBACK")
        blocker.close()
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"this is not a database at all, but long enough to be read" * 100)
    with pytest.raises(IntegrityError, match="damaged"):
        Ledger.open(f"sqlite:///{broken}", sealer=Sealer(keyring), clock=clock)


def test_another_schema_version_is_refused(ledger: Ledger, ledger_file: Path, keyring: Keyring, clock: FixedClock) -> None:
    with sqlite3.connect(ledger_file) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE name = 'schema'")
    connection.close()
    with pytest.raises(ManifestError, match="version 99"):
        Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(keyring), clock=clock)


def test_only_what_is_found_out_again_commits_without_the_disk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of the database at the moment of each commit: 2 waits for the disk (FULL), 1 does not (NORMAL)."""
    import sqlalchemy as sa

    modes: list[int] = []
    sa.event.listen(ledger._engine, "commit", lambda connection: modes.append(connection.exec_driver_sql("PRAGMA synchronous").scalar()))
    with ledger.lease("table:clean.sales"):
        ledger.outcome("load", "sales", status="done")
    ledger.stamps_set("core.sales", {"2026-09": "s1"}, version=1, definition="d1")
    with ledger.together(), ledger.lease("run"):
        pass
    assert modes == [1, 2, 1, 1, 2], "lease, outcome, lease given back, stamps, together"


def test_durable_settings(ledger: Ledger, ledger_file: Path) -> None:
    assert ledger.damage() == []
    with ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    if os.name == "posix":
        assert ledger_file.stat().st_mode & 0o077 == 0


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:30 / /mnt/team\\040drive rw - cifs //server/share rw
41 22 0:31 / /data rw - ext4 /dev/vdb rw
42 41 0:32 / /data/lake rw - nfs4 server:/lake rw
43 22 0:33 / /home/bi/box rw - fuse.sshfs bi@host: rw
44 22 0:34 / /over rw - nfs server:/x rw
45 22 0:35 / /over rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/bi/ledger.sqlite", "ext4"),
        ("/mnt/team drive/ledger.sqlite", "cifs"),
        ("/data/ledger.sqlite", "ext4"),
        ("/data/lake/ledger.sqlite", "nfs4"),
        ("/data/lakehouse/ledger.sqlite", "ext4"),
        ("/home/bi/box/x", "fuse.sshfs"),
        ("/over/ledger.sqlite", "tmpfs"),
    ],
)
def test_the_drive_of_a_path(path: str, kind: str) -> None:
    assert kind_among(MOUNTS, Path(path)) == kind


def test_network_drives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local_or_refused(tmp_path / "ledger.sqlite")
    monkeypatch.setattr("taihu.ledger.place.drive_kind", lambda path: "nfs4")
    with pytest.raises(ManifestError, match="network drive"):
        local_or_refused(tmp_path / "ledger.sqlite")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/ledger", "lake/ledger.sqlite"])
def test_addresses_that_cannot_hold_a_ledger(url: str, keyring: Keyring, clock: FixedClock) -> None:
    with pytest.raises(ManifestError):
        Ledger.open(url, sealer=Sealer(keyring), clock=clock)


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is not None, reason="psycopg is installed")
def test_postgresql_without_its_driver_says_what_to_install(keyring: Keyring, clock: FixedClock) -> None:
    with pytest.raises(ManifestError, match="psycopg"):
        Ledger.open("postgresql://host/ledger", sealer=Sealer(keyring), clock=clock)


def test_a_morning_is_fast(ledger: Ledger) -> None:
    """400 arrivals landed and decided with 10 refused rows each, 4,000 expectations, in CPU time of this process."""
    started = time.process_time()
    pairs = [
        (Item(f"k{n}", f"流向{n}.xlsx", 1, None, {"sender": f"a{n}@d.example"}), ObjectRef(f"{n:064x}", 1, "xlsx")) for n in range(400)
    ]
    ids = ledger.arrivals_landed("s", pairs)
    refusals = [Refusal("invalid_date", f"Sheet1!{n}", "document_date") for n in range(10)]
    decisions = [ArrivalDecision(i, "accepted", scopes=[Scope(f"D{n % 20:04d}", SPAN)], refusals=refusals) for n, i in enumerate(ids)]
    ledger.arrivals_decided("s", decisions)
    due = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
    debts = [Expectation("s", f"D{party:04d}", DAY - dt.timedelta(days=day), due) for party in range(40) for day in range(100)]
    ledger.expectations_set(debts)
    ledger.expectations_set(debts)
    assert len(ledger.winners("s")) == 20 and len(ledger.known_items("s")) == 400 and len(ledger.arrivals()) == 400
    assert time.process_time() - started < 2.0


def test_publications_pin(ledger: Ledger) -> None:
    made = Publication("p" * 16, "daily", 1, SPAN, dt.datetime(2026, 9, 15, tzinfo=dt.UTC), {"mart.x": 3})
    with pytest.raises(ValueError, match="time zone"):
        ledger.publication_made(Publication("q" * 16, "daily", 1, SPAN, dt.datetime(2026, 9, 15), {}))
    ledger.publication_made(made)
    assert ledger.publication("pppp") == made
