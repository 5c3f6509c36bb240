"""Collecting files over SFTP, the whole path, beside paramiko with the same durable writes; the same OpenSSH server serves both.

Both connect with a pinned host key, log in with a key, list, read, encrypt each file, write it durably and record it. Ours also judges
which files are finished, names kinds and versions, and keeps a sealed ledger; the other commits once a file.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers.sshd import Sshd, missing

FILES = 500
LISTED = 10_000
TIMES = 5
_PROJECT = """\
name: bench
title: {{zh: 基准, en: Bench}}
entities: {{cn: {{currency: CNY}}}}
accounts:
  drop: {{kind: sftp, host: 127.0.0.1, port: {port}, user: {user}, key: "file:{key}", known_hosts: known_hosts}}
"""
_SOURCE = """\
title: {{zh: 文件, en: Files}}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {{via: sftp, account: drop, path: {path}, pattern: "*.csv"{more}}}
load: append
columns: {{a: text}}
"""


def fill(folder: Path) -> None:
    """Files of 2 to 60 kB, each with its marker."""
    chance = random.Random(7)
    folder.mkdir()
    for number in range(FILES):
        line = b"%d,2026-09-15,%d\n" % (number, chance.randrange(10**9))
        (folder / f"库存_{number}.csv").write_bytes(line * (chance.randrange(2_000, 60_000) // len(line)))
        (folder / f"库存_{number}.csv.ok").write_bytes(b"")


def plain(folder: Path, server: Sshd) -> int:
    """paramiko with read-ahead, AES-GCM, write, fsync, rename, fsync of the folder, one SQLite commit a file."""
    import paramiko
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    folder.mkdir()
    ledger = sqlite3.connect(folder / "ledger.sqlite")
    ledger.execute("PRAGMA journal_mode=WAL")
    ledger.execute("PRAGMA synchronous=FULL")
    ledger.execute("CREATE TABLE arrival (name TEXT, sha256 TEXT, size INTEGER, modified INTEGER)")
    key = AESGCM.generate_key(256)
    client = paramiko.SSHClient()
    connect(client, server)
    sftp = client.open_sftp()
    entries = sftp.listdir_attr("drop")
    marked = {entry.filename for entry in entries if entry.filename.endswith(".ok")}
    count = 0
    for entry in entries:
        if f"{entry.filename}.ok" not in marked:
            continue
        with sftp.open(f"drop/{entry.filename}", "rb") as remote:
            remote.prefetch(entry.st_size)
            content = remote.read()
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
        _sync(room)
        ledger.execute("INSERT INTO arrival VALUES (?, ?, ?, ?)", (entry.filename, sha256, len(content), entry.st_mtime))
        ledger.commit()
        count += 1
    client.close()
    ledger.close()
    return count


def connect(client: Any, server: Sshd) -> None:
    """paramiko's client, with the pinned host key and the private key."""
    import paramiko

    kind, public = server.host_key.split()
    client.get_host_keys().add(f"[127.0.0.1]:{server.port}", kind, paramiko.Ed25519Key(data=base64.b64decode(public)))
    client.connect("127.0.0.1", server.port, server.user, key_filename=str(server.key), look_for_keys=False, allow_agent=False)


def write_project(folder: Path, server: Sshd, path: str, more: str) -> None:
    """A project with one source."""
    (folder / "sources" / "files").mkdir(parents=True)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n", encoding="utf-8")
    project = _PROJECT.format(port=server.port, user=server.user, key=server.key)
    (folder / "taihu.yml").write_text(project, encoding="utf-8")
    source = _SOURCE.format(path=path, more=more)
    (folder / "sources" / "files" / "source.yml").write_text(source, encoding="utf-8")


def ours(folder: Path, server: Sshd, timer: Callable[[Callable[[], int]], int]) -> int:
    """The collecting of a run; opening the project is not counted."""
    from taihu.collect import Connections
    from taihu.core.clock import SystemClock
    from taihu.project.workspace import open_workspace
    from taihu.run.collecting import collect

    write_project(folder, server, "drop", ", marker: .ok")
    with open_workspace(folder, SystemClock()) as ws:
        source = ws.tree.sources["files"]

        def work() -> int:
            with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger) as connections:
                return collect(ws, source, connections.open(source)).landed

        return timer(work)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def measure(folder: Path) -> dict[str, Any]:
    """Median wall and CPU seconds of both, the sides taking turns."""
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}

    def timed(side: str) -> Callable[[Callable[[], int]], int]:
        def run(work: Callable[[], int]) -> int:
            wall, cpu = time.perf_counter(), time.process_time()
            count = work()
            taken[side].append((time.perf_counter() - wall, time.process_time() - cpu))
            return count

        return run

    folder.mkdir(parents=True, exist_ok=True)
    with Sshd() as server:
        fill(server.files / "drop")
        for turn in range(TIMES + 1):
            assert ours(folder / f"ours-{turn}", server, timed("ours")) == FILES
            assert timed("plain")(lambda turn=turn: plain(folder / f"plain-{turn}", server)) == FILES
        result: dict[str, Any] = {"poll": polling(folder / "poll", server)}
    for side, each in taken.items():  # the first turn warmed up
        result[side] = (statistics.median(wall for wall, _ in each[1:]), statistics.median(cpu for _, cpu in each[1:]))
    return result


def polling(folder: Path, server: Sshd) -> dict[str, Any]:
    """A poll of 10,000 files of which all are known, connecting included, beside paramiko that connects and lists."""
    import paramiko

    from taihu.collect import Connections
    from taihu.core.clock import SystemClock
    from taihu.project.workspace import open_workspace

    many = server.files / "many"
    many.mkdir()
    for number in range(LISTED):
        (many / f"库存_{number}.csv").write_bytes(b"")
        os.utime(many / f"库存_{number}.csv", (1_700_000_000 + number, 1_700_000_000 + number))
    write_project(folder, server, "many", "")
    walls: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    with open_workspace(folder, SystemClock()) as ws:
        source = ws.tree.sources["files"]

        def poll(known: set[str], cursor: str | None) -> tuple[set[str], str | None]:
            with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger) as connections:
                connector = connections.open(source)
                return {connector.fetch(item).item.key for item in connector.discover(cursor, known)}, connector.cursor()

        known, cursor = poll(set(), None)
        assert len(known) == LISTED
        for _ in range(TIMES):
            wall, cpu = time.perf_counter(), time.process_time()
            assert poll(known, cursor) == (set(), cursor)
            walls["ours"].append((time.perf_counter() - wall, time.process_time() - cpu))
            wall, cpu = time.perf_counter(), time.process_time()
            client = paramiko.SSHClient()
            connect(client, server)
            assert len(client.open_sftp().listdir_attr("many")) == LISTED
            client.close()
            walls["plain"].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {side: (statistics.median(w for w, _ in each), statistics.median(c for _, c in each)) for side, each in walls.items()}


if __name__ == "__main__":
    import tempfile

    if missing():
        raise SystemExit(missing())
    with tempfile.TemporaryDirectory(prefix="taihu-bench-sftp-") as room:
        found = measure(Path(room))
    (wall, cpu), (other_wall, other_cpu) = found["ours"], found["plain"]
    print(f"{FILES} files over SFTP: ours {FILES / wall:.0f} files/s, {cpu / FILES * 1000:.2f} ms CPU a file;")
    print(f"paramiko and plain writes {FILES / other_wall:.0f} files/s, {other_cpu / FILES * 1000:.2f} ms CPU a file")
    print(f"ratio {other_wall / wall:.2f}x wall, {other_cpu / cpu:.2f}x CPU (above 1: ours is faster)")
    (wall, cpu), (other_wall, other_cpu) = found["poll"]["ours"], found["poll"]["plain"]
    print(
        f"poll of {LISTED:,} known files: {wall:.2f} s, {cpu:.2f} s CPU; paramiko's listing alone {other_wall:.2f} s, {other_cpu:.2f} s CPU"
    )
