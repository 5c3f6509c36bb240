"""A file drop: asyncssh's SFTP server over a folder."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from pathlib import Path
from typing import Any, Self

from taihu.testing.servers.background import BackgroundLoop, Server, listening_socket


class SftpServer(Server):
    """Serves one folder to one account; its host key is made at the start, or read back from ``key_file``.

    Args:
        root: Folder on this machine that is the server's ``/``; made when absent.
        user: Login name.
        password: Its password.
        port: 0 lets the system choose.
        key_file: File of the host's private key; made when absent. None: a new key at each start.

    Attributes:
        known_hosts: The line that pins the host key in a ``known_hosts`` file (set by ``start``).
        refused_logins: Refused logins so far.
    """

    def __init__(self, root: Path, user: str = "bi", password: str = "secret", *, port: int = 0, key_file: Path | None = None) -> None:
        self.root = root
        self.user = user
        self.port = port
        self.known_hosts = ""
        self.refused_logins = 0
        self.logins = 0
        self._password = password
        self._key_file = key_file
        self._loop: BackgroundLoop | None = None
        self._listener: Any = None
        self._connections: set[Any] = set()

    def start(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        self._loop = BackgroundLoop("sftp")
        self._loop.call(self._start())
        return self

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call(self._close())
            self._loop.close()
            self._loop = None

    def deliver(self, path: str, content: bytes, *, received_at: dt.datetime | None = None, marker: str | None = None) -> Path:
        """Put a finished file at ``path`` below the root, and beside it the marker (``.ok``) that says so.

        Args:
            received_at: Time of the file's last change as the server tells it.
        """
        target = self._put(path, content, received_at)
        if marker is not None:
            self._put(path + marker, b"", received_at)
        return target

    def deliver_partial(self, path: str, content: bytes, *, received_at: dt.datetime | None = None) -> Path:
        """Put the first part of a file that is still being uploaded: no marker, some bytes missing."""
        return self._put(path, content[: max(1, len(content) * 2 // 3)], received_at)

    def drop_connections(self) -> None:
        """Cut every open connection."""
        assert self._loop is not None, "the server is not started"
        self._loop.call(self._drop())

    def _put(self, path: str, content: bytes, received_at: dt.datetime | None) -> Path:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if received_at is not None:
            os.utime(target, (received_at.timestamp(), received_at.timestamp()))
        return target

    async def _start(self) -> None:
        import asyncssh

        key = self._host_key(asyncssh)
        site = self

        class PasswordServer(asyncssh.SSHServer):
            def connection_made(self, conn: Any) -> None:
                self._connection = conn
                site._connections.add(conn)

            def connection_lost(self, exc: Exception | None) -> None:
                site._connections.discard(self._connection)

            def begin_auth(self, username: str) -> bool:
                return True

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                right = username == site.user and password == site._password
                site.logins += right
                site.refused_logins += not right
                return right

        def session(channel: Any) -> Any:
            return asyncssh.SFTPServer(channel, chroot=os.fsencode(self.root.resolve()))

        sock = listening_socket(self.port)
        self._listener = await asyncssh.listen(
            sock=sock, server_factory=PasswordServer, server_host_keys=[key], sftp_factory=session, login_timeout=10
        )
        self.port = sock.getsockname()[1]
        public = key.export_public_key("openssh").decode().split()
        self.known_hosts = f"[{self.host}]:{self.port} {public[0]} {public[1]}\n"

    def _host_key(self, asyncssh: Any) -> Any:
        if self._key_file is not None and self._key_file.exists():
            return asyncssh.read_private_key(self._key_file)
        key = asyncssh.generate_private_key("ssh-ed25519")
        if self._key_file is not None:
            self._key_file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(key.export_private_key("openssh"))
        return key

    async def _close(self) -> None:
        self._listener.close()
        await self._drop()

    async def _drop(self) -> None:
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)
