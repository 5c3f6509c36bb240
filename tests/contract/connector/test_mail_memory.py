"""Memory, measured in a process of its own: a mail of 2 GB is refused by its size, and a big one comes part by part."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.bench.peers.peak import peak_memory
from tests.contract.connector.contract import PASSWORD, Clear, source_file
from tests.servers.dovecot import Dovecot, missing

from taihu.collect import Connections
from taihu.core.clock import SystemClock
from taihu.core.errors import ContentRefused
from taihu.manifest.project import Account
from taihu.manifest.tree import Source

MOST_MEMORY = 300_000_000

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


class AnnouncingServer:
    """Speaks enough IMAP to list one mail of 2 GB; whoever asks for its body gets bytes without end."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> AnnouncingServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()
        except OSError:
            return

    def _talk(self, client: socket.socket) -> None:
        head = b"Message-ID: <huge@x>\r\nFrom: a@dealer.example\r\nSubject: 2 GB\r\n\r\n"
        client.sendall(b"* OK ready\r\n")
        for line in client.makefile("rb"):
            tag, _, command = line.strip().partition(b" ")
            self.commands.append(command.decode())
            verb = command.upper()
            if verb.startswith(b"CAPABILITY"):
                client.sendall(b"* CAPABILITY IMAP4rev1\r\n")
            elif verb.startswith((b"EXAMINE", b"SELECT")):
                client.sendall(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n")
            elif b"HEADER.FIELDS" in verb:
                said = b"* 1 FETCH (UID 1 RFC822.SIZE 2147483648 BODY[HEADER.FIELDS (FROM)] {%d}\r\n" % len(head)
                client.sendall(said + head + b")\r\n")
            elif re.search(rb"BODY|RFC822", verb):
                client.sendall(b"* 1 FETCH (UID 1 BODY[] {2147483648}\r\n")
                while True:
                    client.sendall(b"x" * 1_000_000)
            client.sendall(tag + b" OK done\r\n")


def big_mail(attachments: dict[str, bytes]) -> bytes:
    """A mail that is made faster than the standard library makes one."""
    parts = [b"Message-ID: <1@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"]
    for name, content in attachments.items():
        lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
        head = b"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + name.encode()
        parts += [head, b"\r\n\r\n", lines]
    return b"".join([*parts, b"--b--\r\n"])


def collected_in_a_process(port: int, root: Path) -> dict[str, object]:
    """Collect from a server on this machine in a new process; what it found and its peak memory in bytes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.connector.test_mail_memory", str(port), str(root)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return dict(json.loads(done.stdout))


def test_a_mail_of_two_gigabytes_is_refused_before_any_of_it_is_fetched(tmp_path: Path) -> None:
    with AnnouncingServer() as server:
        found = collected_in_a_process(server.port, tmp_path)
    assert found["items"] == [["2 GB", "too_large"]]
    assert int(str(found["memory"])) < MOST_MEMORY
    asked = [command for command in server.commands if "FETCH" in command]
    assert len(asked) == 1 and "HEADER.FIELDS" in asked[0], "only the listing"


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_big_mail_comes_part_by_part_in_little_memory(tmp_path: Path) -> None:
    content = os.urandom(1_000_000) * 34
    with Dovecot("bi", PASSWORD) as server:
        server.deliver(big_mail({"wanted.xlsx": content, "unwanted.mp4": bytes(4_000_000)}))
        found = collected_in_a_process(server.port, tmp_path)
    assert found["items"] == [["wanted.xlsx", hashlib.sha256(content).hexdigest()]]
    assert int(str(found["memory"])) < MOST_MEMORY


def main(port: int, root: Path) -> None:
    """What the process does."""
    account = Account(kind="imap", host="127.0.0.1", port=port, user="bi", password="env:X", tls=False)
    collect = {"via": "mailbox", "account": "account", "where": {"attachment": "*.xlsx"}}
    source = Source("mails", "sources/mails", source_file(collect))
    items = []
    with Connections({"account": account}, lambda _: Clear(PASSWORD), clock=SystemClock(), root=root) as connections:
        connector = connections.open(source)
        for item in connector.discover(None, set()):
            try:
                items.append([item.name, hashlib.sha256(connector.fetch(item).content).hexdigest()])
            except ContentRefused as error:
                items.append([item.name, error.reason])
    print(json.dumps({"items": items, "memory": peak_memory()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
