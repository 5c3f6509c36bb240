"""One SMB connection for all sources of an account. Every message is signed, or the connection is not made.

A file that somebody else has open for writing cannot be opened here (we ask the server to share it with readers only), so an upload
under way shows by itself. The server tells its time when a connection begins.
"""

from __future__ import annotations

import datetime as dt
import logging
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.drop import FileSeen
from taihu.collect.store import Folder, Store, instant
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, NotFound, TaihuError, TerminalError, TransientError

if TYPE_CHECKING:
    from taihu.manifest.project import Account

TIMEOUT = 30
_PIECE = 1 << 20

_NOT_THERE = {0xC000000F, 0xC0000034, 0xC000003A, 0xC00000CC, 0xC0000033, 0xC0000103}
_DENIED = {0xC0000022, 0xC0000061}
_IN_USE = {0xC0000043, 0xC0000054}
_WRONG_LOGIN = {
    0xC000006D, 0xC000006A, 0xC0000064, 0xC000006E, 0xC000006F, 0xC0000070, 0xC0000071, 0xC0000072, 0xC0000193, 0xC0000224, 0xC0000234,
}  # fmt: skip


class SmbSession(Store):
    """A logged-in client of one server."""

    def __init__(self, account: Account, password: str) -> None:
        self._host, self._port = account.host or "", account.port or 445
        self._user = account.user or ""
        self._connections: dict[str, Any] = {}
        self._clock: tuple[dt.datetime, float] | None = None
        _quiet()
        with self._translated():
            try:
                self._connect(password)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        import smbclient

        with suppress(Exception):  # a connection that is broken cannot be ended politely
            smbclient.reset_connection_cache(fail_on_error=False, connection_cache=self._connections)
        self._connections.clear()

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        import smbclient

        place = folder.replace("/", "\\").strip("\\")
        if place in ("", "."):
            raise ManifestError("via: smb needs path: with the name of the share", where=self._place, fix="path: share/folder")
        files, folders = [], []
        with self._translated(folder):
            for each in smbclient.scandir(self._unc(place), **self._options):
                path = f"{place}\\{each.name}"
                if each.is_symlink():
                    continue
                if each.is_dir():
                    folders.append(Folder(each.name, path))
                else:
                    at = each.smb_info.last_write_time
                    modified = int(at.timestamp() * 1_000_000)
                    files.append(FileSeen(each.name, each.smb_info.end_of_file, modified, at.astimezone(dt.UTC), path=path))
        return files, folders

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        import smbclient

        how = {"mode": "rb", "buffering": 0, "share_access": "r", **self._options}
        with self._translated(entry.name), smbclient.open_file(self._unc(entry.path), **how) as file:
            while chunk := file.read(_PIECE):
                yield chunk

    def is_same(self, entry: FileSeen) -> bool:
        import smbclient

        with self._translated(entry.name):
            status = smbclient.stat(self._unc(entry.path), **self._options)
        return stat.S_ISREG(status.st_mode) and status.st_size == entry.size and abs(status.st_mtime_ns // 1000 - entry.modified) <= 1

    def clock(self, entry: FileSeen) -> dt.datetime | None:
        return self._clock[0] + dt.timedelta(seconds=time.monotonic() - self._clock[1]) if self._clock else None

    @property
    def _place(self) -> str:
        return f"smb {self._host}:{self._port}"

    @property
    def _options(self) -> dict[str, Any]:
        return {"port": self._port, "username": self._user, "connection_cache": self._connections}

    def _unc(self, path: str) -> str:
        return f"\\\\{self._host}\\{path}"

    def _connect(self, password: str) -> None:
        import smbclient
        from smbprotocol.connection import Connection

        session = self

        class Timed(Connection):  # type: ignore[misc]
            """Keeps the time that the server tells in its first answer."""

            def _send_smb2_negotiate(self, *arguments: Any, **named: Any) -> Any:
                answer = super()._send_smb2_negotiate(*arguments, **named)
                with suppress(Exception):  # a server without a clock is still a server
                    told = answer["system_time"].get_value()
                    session._clock = instant(told.timestamp() if told.tzinfo else told.replace(tzinfo=dt.UTC).timestamp()), time.monotonic()
                return answer

        # Referrals could send the login to other hosts than the one that was named.
        config = smbclient.ClientConfig(skip_dfs=True)
        connection = Timed(config.client_guid, self._host, self._port, require_signing=True)
        connection.connect(timeout=TIMEOUT)
        self._connections[f"{self._host.lower()}:{self._port}"] = connection
        smbclient.register_session(
            self._host, username=self._user, password=password, port=self._port, connection_timeout=TIMEOUT,
            connection_cache=self._connections, auth_protocol="ntlm", require_signing=True,
        )  # fmt: skip

    @contextmanager
    def _translated(self, path: str = "") -> Iterator[None]:
        from smbprotocol.exceptions import SMBAuthenticationError, SMBException
        from spnego.exceptions import SpnegoError

        where = f"{self._place} {path}".strip()
        try:
            yield
        except TaihuError:
            raise
        except (SMBAuthenticationError, SpnegoError):
            raise AccessRefused(
                "the server refused the login", where=self._place, fix="update the account's password in taihu.yml"
            ) from None
        except (SMBException, OSError, EOFError, ValueError) as error:
            raise _of_error(error, where) from None


def _of_error(error: BaseException, where: str) -> TaihuError:
    """The error that a status of the server, or a broken connection, means."""
    code = getattr(error, "ntstatus", None)
    if not isinstance(code, int):
        code = getattr(error, "status", None)
    if code in _WRONG_LOGIN:
        return AccessRefused("the server refused the login", where=where, fix="update the account's password in taihu.yml")
    if code in _NOT_THERE:
        return NotFound("no such share, file or folder on the server", where=where, fix="correct collect: path: (share/folder)")
    if code in _DENIED:
        return AccessRefused("the server denies access to the path", where=where, fix="ask its operator")
    if code in _IN_USE:
        return ContentRefused("incomplete_drop", "somebody has the file open for writing", where=where)
    if "signing" in str(error).lower():
        return TerminalError("the server does not sign its messages", where=where, fix="ask its operator to turn on SMB signing")
    return TransientError(f"the server cannot be reached or hung up ({type(error).__name__})", where=where)


def _quiet() -> None:
    """The library logs every message that it sends; names of files are nobody's business."""
    for name in ("smbprotocol", "smbclient", "spnego"):
        logging.getLogger(name).setLevel(logging.ERROR)
