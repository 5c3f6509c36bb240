"""The kill soak of collecting: mails, SFTP files and portal files, killed again and again, none lost and none twice.

Three real servers run here; one project collects from them. A process that has loaded everything (:mod:`tests.soak.collect_child`)
forks a child for each run, so that a thousand runs cost minutes: half of them die at a named boundary (just before and after a
rename or commit), half at a random instant. Whenever a run comes to its end, everything is counted and a new project begins.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from taihu.core.clock import FixedClock
from taihu.core.ids import sha256_of
from taihu.project.workspace import open_workspace
from taihu.testing.servers import ImapServer, PortalServer, SftpServer

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 11, 10, 0, 30, tzinfo=dt.UTC)
PASSWORD = "s3cret-of-the-soak"
BOUNDARIES = ("object.before_rename", "object.renamed", "ledger.before_commit", "ledger.committed")
SOURCES = ("mails", "files", "downloads")
SOURCE = """\
title: {zh: 测试, en: Test}
owner: bi
purpose: soak
retention: 1 month
entity: cn
collect: %s
load: append
columns: {a: text, b: text}
"""
PORTAL = """\
login:
  - goto: /login
  - fill: {"#user": account.user, "#password": account.password}
  - click: text=登录
logged_in_if: css=.user-menu
steps:
  - goto: /reports
  - download: table.downloads a.download
    paginate: {param: page, until: a.next, most: 1000}
hosts: [127.0.0.1]
terms: {allowed_by: soak, until: 2027-12-31}
"""


@dataclass(slots=True)
class Tally:
    """What the soak did and found."""

    items: int = 0
    rounds: int = 0
    boundary: Counter[str] = field(default_factory=Counter)
    instant: int = 0
    renumbered: int = 0
    landed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.boundary.total() + self.instant


class Runner:
    """The process that forks a child for each run."""

    def __init__(self, project: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))), "SOAK_PASSWORD": PASSWORD}
        command = [sys.executable, "-m", "tests.soak.collect_child", str(project)]
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, *, kill_at: str = "", count: int = 1, after: float | None = None) -> dict[str, Any]:
        """One run; how it ended: ``code`` (-9 when killed), ``seconds``, and what it said when it came to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"kill_at": kill_at, "count": count, "after": after}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


class Outside:
    """The three servers and what lies on them."""

    def __init__(self, folder: Path, items: int) -> None:
        self.folder = folder
        self.mail = ImapServer("bi", PASSWORD)
        self.portal = PortalServer("bi", PASSWORD, page_size=50)
        self.sftp = SftpServer(folder / "server", "bi", PASSWORD, key_file=folder / "host_key")
        self.expected: dict[str, Counter[str]] = {name: Counter() for name in SOURCES}
        self._items = items

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            for server in (self.mail, self.portal, self.sftp):
                stack.enter_context(server)
            (self.folder / "server" / "drop").mkdir(parents=True, exist_ok=True)
            share = self._items // 3
            self.deliver([_mail(n) for n in range(share)])
            for n in range(share):
                content = b"a,b\n%d,sftp\n" % n
                self.sftp.deliver(f"drop/销售{n:04}.csv", content, received_at=NOW - dt.timedelta(hours=1, seconds=share - n), marker=".ok")
                self.expected["files"][sha256_of(content)] += 1
            for n in range(self._items - 2 * share):
                content = b"a,b\n%d,portal\n" % n
                self.portal.deliver(f"销售{n:04}.csv", content, NOW - dt.timedelta(days=1) + dt.timedelta(seconds=n))
                self.expected["downloads"][sha256_of(content)] += 1
            yield

    def deliver(self, mails: list[tuple[bytes, bytes]]) -> None:
        """Mails with one attachment each."""
        self.mail.deliver_many([(raw, "INBOX", NOW - dt.timedelta(hours=2)) for raw, _ in mails])
        for _, content in mails:
            self.expected["mails"][sha256_of(content)] += 1

    def write_project(self, root: Path) -> None:
        """A project that collects from the three servers, and loads nothing."""
        files = {
            "taihu.yml": f"""\
name: soak
title: {{zh: 压力, en: Soak}}
entities: {{cn: {{currency: CNY}}}}
accounts:
  box: {{kind: imap, host: 127.0.0.1, port: {self.mail.port}, user: bi, password: env:SOAK_PASSWORD, tls: false}}
  drop: {{kind: sftp, host: 127.0.0.1, port: {self.sftp.port}, user: bi, password: env:SOAK_PASSWORD, known_hosts: known_hosts}}
  site: {{kind: portal, url: "{self.portal.url}", user: bi, password: env:SOAK_PASSWORD}}
""",
            "known_hosts": self.sftp.known_hosts,
            "sources/mails/source.yml": SOURCE % '{via: mailbox, account: box, where: {attachment: "*.csv"}}',
            "sources/files/source.yml": SOURCE % '{via: sftp, account: drop, path: drop, pattern: "*.csv", marker: ".ok"}',
            "sources/downloads/source.yml": SOURCE % "{via: portal, account: site}",
            "sources/downloads/portal.yml": PORTAL,
        }
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def differences(self, project: Path, tally: Tally) -> Iterator[str]:
        """What was lost or came twice, and arrivals without their bytes."""
        with open_workspace(project, FixedClock(NOW)) as ws:
            tally.landed = len(ws.ledger.arrivals())
            for name in SOURCES:
                arrivals = ws.ledger.arrivals(source=name)
                found = Counter(arrival.sha256 for arrival in arrivals)
                lost, twice = self.expected[name] - found, found - self.expected[name]
                if lost or twice:
                    yield f"{name}: {lost.total()} lost, {twice.total()} too many"
                if len({arrival.item_key for arrival in arrivals}) != len(arrivals):
                    yield f"{name}: an item came twice"
                if len(ws.ledger.known_items(name)) < len(arrivals):
                    yield f"{name}: arrivals of items that are not known"
                damaged = [each.sha256 for each in arrivals if sha256_of(ws.objects.get(each.sha256)) != each.sha256]
                if damaged:
                    yield f"{name}: {len(damaged)} objects are damaged"
            known = {arrival.sha256 for arrival in ws.ledger.arrivals()}
            orphans = [name for name in ws.objects.names() if name not in known]
            if orphans:
                yield f"{len(orphans)} objects that nothing refers to"
            if unfinished := list((project / "lake").rglob(".part-*")):
                yield f"{len(unfinished)} unfinished files"


def play(folder: Path, *, kills: int, items: int, seed: int) -> Tally:
    """Kill collecting so many times."""
    # The servers tell of every connection that a killed run leaves behind.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    tally = Tally(items=items)
    chance = random.Random(seed)
    outside = Outside(folder, items)
    with outside.running():
        while tally.kills < kills and not tally.problems:
            project = folder / "project"
            outside.write_project(project)
            _round(project, outside, tally, chance, kills)
            shutil.rmtree(project)
            print(f"round {tally.rounds}: {tally.kills} kills so far, {tally.landed} items", flush=True)
    return tally


def _round(project: Path, outside: Outside, tally: Tally, chance: random.Random, kills: int) -> None:
    """One project from its first run until a run comes to its end unharmed; then the mailbox is renumbered."""
    runner = Runner(project)
    try:
        _until_done(runner, tally, chance, kills)
        tally.problems += outside.differences(project, tally)
        # A restored mailbox: another UIDVALIDITY, every mail under another UID, in the reverse order, and one new mail.
        outside.mail.renumber("INBOX", reverse=True)
        outside.deliver([_mail(100_000 + tally.rounds)])
        tally.renumbered += 1
        _until_done(runner, tally, chance, min(kills, tally.kills + 3))
        tally.problems += [f"after the renumbering: {line}" for line in outside.differences(project, tally)]
    finally:
        runner.close()
    tally.rounds += 1


def _until_done(runner: Runner, tally: Tally, chance: random.Random, kills: int) -> None:
    """Kill run after run while kills are wanted and there is something left to do."""
    while tally.kills < kills:
        at_boundary = tally.boundary.total() <= tally.instant
        if at_boundary:
            name = min(BOUNDARIES, key=lambda each: (tally.boundary[each], chance.random()))
            ended = runner.run(kill_at=name, count=chance.randint(1, 60 if name.startswith("object") else 3))
        else:
            ended = runner.run(after=chance.random() * 0.7)
        if ended["code"] != -9:
            break
        if at_boundary:
            tally.boundary[name] += 1
        else:
            tally.instant += 1
    else:
        ended = runner.run()
    if ended["code"] != 0 or ended["problems"]:
        tally.problems.append(f"a run that was not killed ended with {ended['code']}: {ended['problems']}")


def _mail(number: int) -> tuple[bytes, bytes]:
    content = b"a,b\n%d,mail\n" % number
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@dealer.example", "bi@company-a.example", f"销售流向 {number}"
    message["Date"] = NOW
    if number % 7:  # some mail programs send none
        message["Message-ID"] = f"<{number}@dealer.example>"
    message.set_content("请查收附件")
    message.add_attachment(content, maintype="text", subtype="csv", filename=f"销售{number}.csv")
    return message.as_bytes(), content


def section(tally: Tally, seed: int, today: dt.date) -> str:
    """The result as a section of the page."""
    rows = "\n".join(f"| `{name}` | {count} |" for name, count in sorted(tally.boundary.items()))
    found = "\n".join(["", *(f"- {line}" for line in tally.problems), ""]) if tally.problems else ""
    verdict = f"{len(tally.problems)} problems" if tally.problems else "0 lost, 0 duplicated"
    return f"""## collect

{today.isoformat()}, seed {seed}: **{tally.kills} `kill -9`** while {tally.items} items were collected from a mailbox (IMAP), an SFTP
server and a portal, {tally.boundary.total()} at named boundaries and {tally.instant} at random instants, in {tally.rounds} projects one
after the other. After each, every item was there once, with its bytes; then the mailbox got another UIDVALIDITY and every mail
another UID in the reverse order, {tally.renumbered} times: **{verdict}**.
{found}
| killed at | times |
|---|---|
{rows}
| a random instant | {tally.instant} |
"""
