"""One SFTP connection for all sources of an account; the server's host key must be known beforehand.

paramiko rather than asyncssh: half the time to load and connect, which is most of what a poll with nothing new costs.
"""

from __future__ import annotations

import datetime as dt
import io
import socket
import stat
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihu.collect.drop import FileSeen
from taihu.collect.remote_names import bytes_of, name_of, path_of, ways_to_write
from taihu.collect.sftp_protocol import NO_SUCH_FILE, PERMISSION_DENIED, SftpProtocol, SftpStatus
from taihu.collect.store import Folder, Store, instant
from taihu.core.errors import AccessRefused, ContentRefused, IntegrityError, ManifestError, NotFound, TaihuError, TransientError

if TYPE_CHECKING:
    from taihu.manifest.project import Account

TIMEOUT = 30
_WINDOW = 1 << 24


class SftpSession(Store):
    """A logged-in SFTP client.

    Args:
        known_hosts: File with the pinned key of the server, in the format of OpenSSH.
        key: Private key to log in with instead of the password.
    """

    at_once = 32

    def __init__(self, account: Account, password: str, known_hosts: Path, key: Any = None) -> None:
        self._host, self._port = account.host or "", account.port or 22
        pinned = self._pinned(known_hosts)
        self._transport: Any = None
        self._clock: tuple[dt.datetime, float] | None = None
        self._clock_tries = 0
        with self._translated():
            try:
                self._connect(pinned)
                self._log_in(account.user or "", password, key)
                self._client = self._open()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        *others, last = ways_to_write(folder)
        for raw in others:
            with suppress(NotFound):
                return self._entries(raw, folder)
        return self._entries(last, folder)

    def below(self, folder: Folder) -> tuple[list[FileSeen], list[Folder]]:
        return self._entries(bytes_of(folder.path), folder.name)

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        with self._translated(entry.name):
            yield from self._client.chunks(bytes_of(entry.path), entry.size)

    def read(self, entry: FileSeen) -> bytes:
        return self.read_many([entry])[0]

    def read_many(self, entries: Sequence[FileSeen]) -> list[bytes]:
        names = entries[0].name if len(entries) == 1 else f"{len(entries)} files"
        with self._translated(names):
            read = self._client.read_many([(bytes_of(entry.path), entry.size) for entry in entries])
        for entry, each in zip(entries, read, strict=True):
            if (each.after.size, each.after.modified) != (entry.size, entry.modified):
                raise ContentRefused("incomplete_drop", "the file changed while it was read", where=entry.name)
            if len(each.content) != entry.size:
                raise TransientError("the download ended early", where=f"{self._place} {entry.name}")
        return [each.content for each in read]

    def is_same(self, entry: FileSeen) -> bool:
        with self._translated(entry.name):
            status = self._client.stat(bytes_of(entry.path))
        return (status.size, status.modified) == (entry.size, entry.modified)

    def clock(self, entry: FileSeen) -> dt.datetime | None:
        """The protocol knows no clock. But most servers note when a file was last read, and tell it: so what they say of a file whose
        first byte has just been read shows their time. Where the disk is mounted without that, nothing is known."""
        # The time of an access is noted where it was not yet later than the last change.
        shows = (
            entry.size > 0 and entry.accessed_at is not None and entry.modified_at is not None and entry.accessed_at <= entry.modified_at
        )
        if self._clock is None and shows and self._clock_tries < 3:
            self._clock_tries += 1
            with self._translated(entry.name):
                after = instant(self._client.first_byte(bytes_of(entry.path)).accessed)
            if after != entry.accessed_at:
                self._clock = after, time.monotonic()
        return self._clock[0] + dt.timedelta(seconds=time.monotonic() - self._clock[1]) if self._clock else None

    def _entries(self, folder: bytes, written: str) -> tuple[list[FileSeen], list[Folder]]:
        with self._translated(written):
            listing = self._client.entries(folder)
        files, folders = [], []
        for raw, status in listing:
            name, path = name_of(raw), path_of(folder.rstrip(b"/") + b"/" + raw)
            if stat.S_ISDIR(status.mode):
                folders.append(Folder(name, path))
            elif not status.mode or stat.S_ISREG(status.mode):
                accessed = instant(status.accessed) if status.accessed else None
                files.append(FileSeen(name, status.size, status.modified, instant(status.modified), path=path, accessed_at=accessed))
        return files, folders

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

    def _log_in(self, user: str, password: str, key: Any) -> None:
        from paramiko.ssh_exception import AuthenticationException

        try:
            if key is not None:
                self._transport.auth_publickey(user, key)
            else:
                self._transport.auth_password(user, password, fallback=False)
        except AuthenticationException:
            if not self._transport.is_active():
                raise TransientError("the server hung up during the login", where=self._place) from None
            raise AccessRefused(
                "the server refused the login", where=self._place, fix="update the account's password or key in taihu.yml"
            ) from None

    def _open(self) -> SftpProtocol:
        channel = self._transport.open_session(window_size=_WINDOW, timeout=TIMEOUT)
        channel.settimeout(TIMEOUT)
        channel.invoke_subsystem("sftp")
        return SftpProtocol(channel)

    @contextmanager
    def _translated(self, path: str = "") -> Iterator[None]:
        from paramiko.ssh_exception import SSHException

        where = f"{self._place} {path}".strip()
        try:
            yield
        except SftpStatus as error:
            raise _of_status(error.code, where) from None
        except (SSHException, OSError, EOFError, struct.error) as error:
            raise TransientError(f"the server cannot be reached or hung up ({type(error).__name__})", where=where) from None


def _of_status(code: int, where: str) -> TaihuError:
    """The error of an answer that is no success."""
    if code == NO_SUCH_FILE:
        return NotFound("no such file or folder on the server", where=where, fix="correct collect: path:")
    if code == PERMISSION_DENIED:
        return AccessRefused("the server denies access to the path", where=where, fix="ask its operator")
    return TransientError(f"the server could not do it (SFTP status {code})", where=where)


def private_key(text: str, passphrase: str, where: str) -> Any:
    """A private key from its text, of whatever kind.

    Raises:
        ManifestError: It is none, or the passphrase does not open it.
    """
    from paramiko import ECDSAKey, Ed25519Key, RSAKey
    from paramiko.ssh_exception import PasswordRequiredException, SSHException

    for kind in (Ed25519Key, ECDSAKey, RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text.strip() + "\n"), password=passphrase or None)
        except PasswordRequiredException:
            raise ManifestError("the private key is protected", where=where, fix="name its passphrase: in taihu.yml") from None
        except (SSHException, ValueError, IndexError):
            continue
    raise ManifestError(
        "the private key cannot be read, or the passphrase does not open it",
        where=where,
        fix="Ed25519, ECDSA or RSA, as ssh-keygen writes it",
    )
