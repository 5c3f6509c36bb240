"""A TCP proxy in front of an IMAP server that gives it the manners of others: 163.com's, QQ's, and a wire that is counted.

``identified``: every folder is refused until an ID command was seen (163.com, 126.com). ``unknowing``: ID is not offered, and
whoever sends it all the same, or any other command that is not of the base protocol, is hung up on (QQ). ``immovable``: every
``MOVE`` is refused, as where an account may read only.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from typing import Literal, Self

Manners = Literal["plain", "identified", "unknowing", "immovable"]
_COMMAND = re.compile(rb"(\S+) (?:UID )?(\w+)", re.IGNORECASE)
_BASE = frozenset(
    b"CAPABILITY NOOP LOGOUT LOGIN AUTHENTICATE SELECT EXAMINE STATUS LIST FETCH STORE COPY SEARCH CLOSE EXPUNGE CREATE APPEND".split()
)


class MannersProxy:
    """Listens on a loopback port of its own and passes on what the manners allow.

    Attributes:
        commands: Verbs that clients sent, in order, over all connections.
        received: Bytes that the server behind it sent.
    """

    host = "127.0.0.1"

    def __init__(self, port: int, manners: Manners) -> None:
        self._behind, self._manners = port, manners
        self.commands: list[str] = []
        self.received = 0
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.host, self._behind))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        """From the server: as it comes, but for the ID that an unknowing server does not offer."""
        try:
            while chunk := server.recv(65536):
                self.received += len(chunk)
                if self._manners == "unknowing" and b"CAPABILITY" in chunk:
                    chunk = re.sub(rb" ID(?= |\]|\r)", b"", chunk)
                client.sendall(chunk)
        except OSError:
            pass
        _hang_up(client, server)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        """From the client, line by line (no client of these tests sends literals that look like commands)."""
        identified = False
        try:
            for line in client.makefile("rb"):
                found = _COMMAND.match(line)
                verb = found[2].upper() if found else b""
                self.commands.append(verb.decode())
                identified |= verb == b"ID"
                if self._manners == "unknowing" and verb not in _BASE:
                    break
                if self._manners == "identified" and verb in (b"SELECT", b"EXAMINE", b"STATUS") and not identified and found:
                    client.sendall(found[1] + b" NO " + verb + b" Unsafe Login. Please contact kefu@188.com for help\r\n")
                    continue
                if self._manners == "immovable" and verb == b"MOVE" and found:
                    client.sendall(found[1] + b" NO [NOPERM] Permission denied\r\n")
                    continue
                server.sendall(line)
        except OSError:
            pass
        _hang_up(client, server)


def _hang_up(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
