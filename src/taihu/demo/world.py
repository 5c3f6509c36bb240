"""The world outside the pipeline, in its own process: senders, servers and the truth.

The pipeline meets it only through protocols on loopback and files in a shared folder. What is true is sealed on disk with a key
that only this process holds, and is opened when the last morning is over.

Protocol on stdin and stdout, one JSON value a line: ``{"morning": "2026-09-15"}`` delivers what exists by then,
``{"truth": true}`` opens the truth, ``{"stop": true}`` ends the world.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from taihu.core.errors import IntegrityError, TerminalError
from taihu.demo.truth import Truth

MARKER = ".ok"


class World:
    """All senders and servers of one seed.

    Args:
        seed: Chooses the world.
        folder: Its own folder: SFTP root, ERP database, sealed truth.
        faults: Plant faults.
        inbox: The shared folder of hand-kept tables.
        random_company: Draw the company's shape and the rate of faults from the seed, too.
    """

    def __init__(self, seed: int, folder: Path, *, faults: bool, inbox: Path, random_company: bool = False) -> None:
        from taihu.demo.erp import make_erp
        from taihu.demo.facts import restate, simulate
        from taihu.demo.faults import plant
        from taihu.demo.mails import other_mails
        from taihu.demo.schedule import make_plan, table_drops
        from taihu.demo.senders import simulate_senders
        from taihu.demo.shape import shape_of
        from taihu.demo.truth import make_truth, misreport

        self.folder, self.inbox = folder, inbox
        self.facts = simulate(seed, shape_of(seed, random_company))
        restated = restate(self.facts, seed)
        simulate_senders(self.facts, seed)
        self.plan = make_plan(self.facts, seed)
        misreport(self.plan)
        planted = plant(self.plan, seed) if faults else []
        self.drops = table_drops(self.facts)
        self.others = sorted(other_mails())
        self.erp = folder / "erp" / "erp.sqlite"
        make_erp(self.erp, self.facts)
        self._truth = _SealedTruth(folder / "truth", make_truth(self.facts, self.plan, self.drops, planted, restated, seed))
        self._done: set[int] = set()

    def start(self) -> dict[str, Any]:
        """Start the servers; what a project must know to reach them."""
        from taihu.demo.writers import ZIP_PASSWORDS
        from taihu.testing.servers.imap import ImapServer
        from taihu.testing.servers.portal import PortalServer
        from taihu.testing.servers.sftp import SftpServer
        from taihu.testing.servers.smtp import SmtpServer
        from taihu.testing.servers.web import WebServer

        password = "loopback-only"  # noqa: S105 - servers of one demo on this machine's loopback
        self.mailbox = ImapServer("bi", password).start()
        self.sftp = SftpServer(self.folder / "sftp", "bi", password, key_file=self.folder / "sftp_host_key").start()
        self.portal = PortalServer("V20391", password, page_size=12, session_requests=25).start()
        self.site = WebServer().start()
        self.smtp = SmtpServer().start()
        for channel in sorted({sending.draft.channel for sending in self.plan.sendings}):
            kind, _, place = channel.partition("/")
            if kind == "sftp":
                (self.folder / "sftp" / place).mkdir(parents=True, exist_ok=True)
        return {
            "mailbox": {"host": self.mailbox.host, "port": self.mailbox.port, "user": "bi", "password": password},
            "sftp": {
                "host": self.sftp.host,
                "port": self.sftp.port,
                "user": "bi",
                "password": password,
                "known_hosts": self.sftp.known_hosts,
            },
            "portal": {"url": self.portal.url, "user": "V20391", "password": password},
            "rates": {"url": self.site.url},
            "smtp": {"host": self.smtp.host, "port": self.smtp.port},
            "erp": {"database": str(self.erp.resolve())},
            "zip_passwords": ZIP_PASSWORDS,
        }

    def stop(self) -> None:
        for server in (self.mailbox, self.sftp, self.portal, self.site, self.smtp):
            server.stop()

    def morning(self, day: dt.date) -> int:
        """Deliver everything that exists by 08:30 of ``day`` and has not been delivered; how many files that was."""
        from taihu.demo.erp import deliver_until
        from taihu.demo.mails import mail_of
        from taihu.demo.schedule import at_time

        now = at_time(day, 8, 30)
        mails = [(at, raw) for at, raw in self.others if at <= now and id(raw) not in self._done]
        self._done |= {id(raw) for _, raw in mails}
        delivered = self._drop_tables(now)
        for sending in sorted((s for s in self.plan.sendings if s.at <= now), key=lambda s: (s.at, s.name)):
            if id(sending) in self._done and not (sending.complete_at and sending.complete_at <= now):
                continue
            delivered += id(sending) not in self._done
            self._done.add(id(sending))
            kind, _, place = sending.draft.channel.partition("/")
            if kind == "sftp":
                self._upload(sending, place, now)
            elif kind == "inbox":
                self._save(f"{place}/{sending.name}", sending.written().content, sending.at)
            elif kind == "portal":
                self.portal.deliver(sending.name, sending.written().content, sending.at)
            else:
                mails.append((sending.at, mail_of(sending)))
        self.mailbox.deliver_many([(raw, "INBOX", at) for at, raw in sorted(mails)])
        self._publish_rates(day)
        deliver_until(self.erp, self.facts.deliveries, now, day)
        return delivered

    def _drop_tables(self, now: dt.datetime) -> int:
        drops = [drop for drop in self.drops if drop.at <= now and id(drop) not in self._done]
        for drop in drops:
            self._done.add(id(drop))
            self._save(drop.path, drop.content, drop.at)
        return len(drops)

    def _save(self, path: str, content: bytes, at: dt.datetime) -> None:
        """Save a file into the shared folder."""
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        os.utime(target, (at.timestamp(), at.timestamp()))

    def _upload(self, sending: Any, folder: str, now: dt.datetime) -> None:
        path = f"{folder}/{sending.name}"
        content = sending.written().content
        if sending.complete_at is not None and sending.complete_at > now:
            self.sftp.deliver_partial(path, content, received_at=sending.at)
            return
        self.sftp.deliver(path, content, received_at=sending.complete_at or sending.at, marker=MARKER)
        sending.complete_at = None

    def _publish_rates(self, today: dt.date) -> None:
        from taihu.demo.writers import rates_page

        page, last = rates_page([rate for rate in self.facts.rates if rate.day < today])
        modified = dt.datetime.combine(last, dt.time(1, 15), dt.UTC)
        self.site.publish("/rates.html", page, modified_at=modified)

    def truth(self) -> dict[str, Any]:
        """The truth, opened."""
        return self._truth.open()


class _SealedTruth:
    """The truth on disk, readable only with a key that never leaves this process."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._path = folder / "truth.sealed"
        self._key = AESGCM.generate_key(256)
        nonce = os.urandom(12)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(truth.to_json(), ensure_ascii=False, separators=(",", ":"))
        self._path.write_bytes(nonce + AESGCM(self._key).encrypt(nonce, text.encode(), b"truth"))

    def open(self) -> dict[str, Any]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        sealed = self._path.read_bytes()
        try:
            opened: dict[str, Any] = json.loads(AESGCM(self._key).decrypt(sealed[:12], sealed[12:], b"truth"))
        except InvalidTag:
            raise IntegrityError("the sealed truth was changed", where=str(self._path)) from None
        return opened


class WorldHandle:
    """The world as the pipeline's process sees it: addresses, and a child process that is told what time it is."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._accounts: Mapping[str, Any] | None = None
        self._begun: dt.date | None = None

    @property
    def accounts(self) -> Mapping[str, Any]:
        """Addresses and passwords of the servers; waits until they are up."""
        if self._accounts is None:
            self._accounts = _answer(self._process)["accounts"]
        return self._accounts

    @property
    def pid(self) -> int:
        """The world's process, so that its memory can be left out of the pipeline's."""
        return self._process.pid

    def morning(self, day: dt.date) -> int:
        """Let everything arrive that exists by 08:30 of ``day``; the number of files."""
        self.begin_morning(day)
        self._begun = None
        return int(_answer(self._process)["delivered"])

    def begin_morning(self, day: dt.date) -> None:
        """Let what exists by 08:30 of ``day`` begin to arrive, without waiting: senders are at work while the pipeline is, too."""
        assert self.accounts
        if self._begun != day:
            self._send({"morning": day.isoformat()})
            self._begun = day

    def truth(self) -> Truth:
        """Open the truth."""
        return Truth.from_json(self._ask({"truth": True})["truth"])

    def stop(self) -> None:
        """End the world."""
        if self._process.poll() is None:
            try:
                self._send({"stop": True})
                self._process.wait(timeout=10)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self.accounts
        self._send(message)
        return _answer(self._process)


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise TerminalError(f"the simulated company ended (exit code {process.wait()})", fix="see its messages above")
    answer: dict[str, Any] = json.loads(line)
    return answer


def start_world(seed: int, folder: Path, faults: bool = True, *, inbox: Path | None = None, random_company: bool = False) -> WorldHandle:
    """Start the simulated company in a child process; it is up when its handle's ``accounts`` are there.

    Args:
        seed: Chooses the world.
        folder: The world's own folder.
        faults: Plant faults.
        inbox: Shared folder into which it saves its hand-kept tables; ``folder/inbox`` if absent.
        random_company: Draw the company's shape and the rate of faults from the seed, too.
    """
    command = [
        sys.executable,
        "-m",
        "taihu.demo.world",
        "--seed",
        str(seed),
        "--folder",
        str(folder),
        "--inbox",
        str(inbox or folder / "inbox"),
    ]
    if not faults:
        command.append("--no-faults")
    if random_company:
        command.append("--random-company")
    source_root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (source_root, os.environ.get("PYTHONPATH")))),
        "PYTHONUTF8": "1",
    }
    for name in ("TAIHU_KILL_AT", "TAIHU_BOUNDARY_LOG"):
        environment.pop(name, None)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment)
    return WorldHandle(process)


def _serve(world: World, commands: TextIO, answers: TextIO) -> None:
    def say(value: Mapping[str, Any]) -> None:
        answers.write(json.dumps(value, ensure_ascii=False) + "\n")
        answers.flush()

    say({"ready": True, "accounts": world.start()})
    for message in _messages(commands):
        if "morning" in message:
            say({"done": message["morning"], "delivered": world.morning(dt.date.fromisoformat(message["morning"]))})
        elif message.get("truth"):
            say({"truth": world.truth()})
        elif message.get("stop"):
            break
    world.stop()


def _messages(commands: TextIO) -> Iterator[dict[str, Any]]:
    for line in commands:
        if line.strip():
            yield json.loads(line)


def main(arguments: list[str] | None = None) -> None:
    """Run the world until it is told to stop or its parent goes away."""
    parser = argparse.ArgumentParser(prog="taihu.demo.world", description="The simulated company, for taihu demo.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--inbox", type=Path)
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--random-company", action="store_true")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then says stop
    given.folder.mkdir(parents=True, exist_ok=True)
    inbox = given.inbox or given.folder / "inbox"
    world = World(given.seed, given.folder, faults=not given.no_faults, inbox=inbox, random_company=given.random_company)
    _serve(world, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
