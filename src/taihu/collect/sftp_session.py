"""One SFTP connection for all sources of an account; the server's host key must be known beforehand.

paramiko rather than asyncssh: half the time to load and connect, which is most of what a poll with nothing new costs.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihu.core.errors import AccessRefused, IntegrityError, ManifestError, NotFound, TransientError

if TYPE_CHECKING:
    from taihu.manifest.project import Account

TIMEOUT = 30


class SftpSession:
    """A logged-in SFTP client.

    Args:
        known_hosts: File with the pinned key of the server, in the format of OpenSSH.
    """

    def __init__(self, account: Account, password: str, known_hosts: Path) -> None:
        self._host, self._port = account.host or "", account.port or 22
        pinned = self._pinned(known_hosts)
        self._transport: Any = None
        with self._translated():
            try:
                self._connect(pinned)
                self._log_in(account.user or "", password)
                self._client = self._open()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def entries(self, folder: str) -> list[tuple[str, int, int]]:
        """Name, size and modification time (seconds) of the plain files in a folder."""
        import stat

        with self._translated(folder):
            return [
                (entry.filename, entry.st_size or 0, entry.st_mtime or 0)
                for entry in self._client.listdir_attr(folder)
                if entry.st_mode is None or stat.S_ISREG(entry.st_mode)
            ]

    def read(self, path: str) -> bytes:
        """A whole file."""
        with self._translated(path), self._client.open(path, "rb") as stream:
            stream.prefetch(stream.stat().st_size)
            content: bytes = stream.read()
            return content

    def facts(self, path: str) -> tuple[int, int]:
        """Size and modification time of a file."""
        with self._translated(path):
            status = self._client.stat(path)
            return status.st_size or 0, status.st_mtime or 0

    @property
    def _place(self) -> str:
        return f"sftp {self._host}:{self._port}"

    def _pinned(self, known_hosts: Path) -> Any:
        from paramiko import HostKeys

        if not known_hosts.is_file():
            raise ManifestError(
                "the file with the server's host key is not there",
                where=str(known_hosts),
                fix=f"ask its operator for the key; ssh-keyscan -p {self._port} {self._host}",
            )
        name = self._host if self._port == 22 else f"[{self._host}]:{self._port}"
        pinned = HostKeys(str(known_hosts)).lookup(name)
        if not pinned:
            raise IntegrityError(
                "no host key of this server is pinned", where=f"{known_hosts}: {name}", fix="ask its operator for the key and add the line"
            )
        return pinned

    def _connect(self, pinned: Any) -> None:
        from paramiko import Transport

        sock = socket.create_connection((self._host, self._port), TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = Transport(sock)
        self._transport.banner_timeout = self._transport.auth_timeout = TIMEOUT
        options = self._transport.get_security_options()
        # Only kinds of keys that are pinned may be offered, else the server could answer with another one.
        wanted = {name for key in pinned for name in ([key, "rsa-sha2-512", "rsa-sha2-256"] if key == "ssh-rsa" else [key])}
        options.key_types = [name for name in options.key_types if name in wanted] or list(options.key_types)
        self._transport.start_client(timeout=TIMEOUT)
        shown = self._transport.get_remote_server_key()
        expected = pinned.get(shown.get_name())
        if expected is None or expected.asbytes() != shown.asbytes():
            raise IntegrityError(
                "the server shows another host key than the pinned one",
                where=self._place,
                fix="ask its operator before changing known_hosts",
            )

    def _log_in(self, user: str, password: str) -> None:
        from paramiko.ssh_exception import AuthenticationException

        try:
            self._transport.auth_password(user, password, fallback=False)
        except AuthenticationException:
            if not self._transport.is_active():
                raise TransientError("the server hung up during the login", where=self._place) from None
            raise AccessRefused(
                "the server refused the login", where=self._place, fix="update the account's password in taihu.yml"
            ) from None

    def _open(self) -> Any:
        from paramiko import SFTPClient

        client = SFTPClient.from_transport(self._transport)
        if client is None:
            raise TransientError("the server opened no SFTP channel", where=self._place)
        client.get_channel().settimeout(TIMEOUT)
        return client

    @contextmanager
    def _translated(self, path: str = "") -> Iterator[None]:
        from paramiko.ssh_exception import SSHException

        where = f"{self._place} {path}".strip()
        try:
            yield
        except FileNotFoundError:
            raise NotFound("no such file or folder on the server", where=where) from None
        except PermissionError:
            raise AccessRefused("the server denies access to the path", where=where, fix="ask its operator") from None
        except (SSHException, OSError, EOFError) as error:
            raise TransientError(f"the server cannot be reached or hung up ({type(error).__name__})", where=where) from None
