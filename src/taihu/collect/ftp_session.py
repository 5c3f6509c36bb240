"""One FTP connection for all sources of an account: listings as bytes, times in UTC where the server knows how.

The control connection speaks latin-1, which maps every byte to one character and back: nothing that a server sends is lost.
"""

from __future__ import annotations

import datetime as dt
import ftplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihu.collect.drop import FileSeen
from taihu.collect.ftp_listing import FtpEntry, from_list, from_mlsd
from taihu.collect.remote_names import bytes_of, name_of, path_of, ways_to_write
from taihu.collect.store import Folder, Store
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TaihuError, TerminalError, TransientError

if TYPE_CHECKING:
    from taihu.manifest.project import Account

TIMEOUT = 60
_PIECE = 1 << 18


class FtpSession(Store):
    """A logged-in FTP client.

    The protocol tells no time of day, so a file counts as left alone when a newer one shows it, when our clock says so by more than an
    hour, or when it has been seen unchanged for the settle window.

    Args:
        authority: File with the certificate of the authority that vouches for the server; the system's ones if None.

    Attributes:
        knows_versions: False where the server gives no exact times (neither MLSD nor MDTM).
    """

    def __init__(self, account: Account, password: str, authority: Path | None = None) -> None:
        self._host, self._port = account.host or "", account.port or (990 if account.implicit_tls else 21)
        self._is_clear = not account.tls
        self._client: Any = None
        with self._translated():
            self._client = _client(account, authority)
            try:
                self._client.connect(self._host, self._port, timeout=TIMEOUT)
                self._log_in(account.user or "", password)
                self._features = self._asked_features()
            except BaseException:
                self.close()
                raise
        self._lists_exactly = "MLST" in self._features
        self.knows_versions = self._lists_exactly or "MDTM" in self._features
        # Without exact times those of LIST may be of any time zone.
        self.clock_trust = dt.timedelta(hours=1 if self.knows_versions else 26)
        self._times: dict[str, dt.datetime | None] = {}

    def close(self) -> None:
        if self._client is not None:
            with suppress(OSError, EOFError, ftplib.Error):
                self._client.close()

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        *others, last = [path_of(raw) for raw in ways_to_write(folder)]
        for place in others:
            with suppress(NotFound):
                return self._entries(place)
        return self._entries(last)

    def below(self, folder: Folder) -> tuple[list[FileSeen], list[Folder]]:
        return self._entries(folder.path)

    def exact(self, entry: FileSeen) -> FileSeen:
        """The line of LIST tells neither seconds nor, for new files, the year; MDTM does."""
        if self._lists_exactly or not self.knows_versions:
            return entry
        if entry.path not in self._times:
            with self._translated(entry.name):
                self._times[entry.path] = _exact(self._client, entry.path)
        at = self._times[entry.path]
        return replace(entry, modified=int(at.timestamp()), modified_at=at, mark="") if at else entry

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        with self._translated(entry.name):
            data = self._opened(entry)
            ended = False
            try:
                while chunk := data.recv(_PIECE):
                    yield chunk
                if isinstance(data, ssl.SSLSocket):
                    with suppress(OSError):
                        data.unwrap()
                ended = True
            finally:
                data.close()
                if not ended:  # nobody wants the rest: hear what the server says to that, or the next answer would be this one
                    with suppress(ftplib.Error, OSError, EOFError):
                        self._client.getresp()
            self._client.voidresp()

    def _opened(self, entry: FileSeen) -> Any:
        try:
            return self._client.transfercmd(f"RETR {entry.path}")
        except ftplib.error_perm:
            # The same number says "gone" and "forbidden"; what has a size is not gone.
            with suppress(ftplib.error_perm):
                if self._client.size(entry.path) is not None:
                    raise AccessRefused("the server denies access to the file", where=entry.name, fix="ask its operator") from None
            raise

    def is_same(self, entry: FileSeen) -> bool:
        with self._translated(entry.name):
            if not self.knows_versions:
                return True
            size = self._client.size(entry.path) if "SIZE" in self._features else entry.size
            return size == entry.size and (not entry.modified or _exact(self._client, entry.path) in (None, entry.modified_at))

    def warning(self) -> str:
        return "FTP without TLS (tls: false): password and files can be read on the way" if self._is_clear else ""

    @property
    def _place(self) -> str:
        return f"ftp {self._host}:{self._port}"

    def _log_in(self, user: str, password: str) -> None:
        try:
            self._client.login(user, password)
        except ftplib.error_perm:
            raise AccessRefused(
                "the server refused the login", where=self._place, fix="update the account's password in taihu.yml"
            ) from None
        if isinstance(self._client, ftplib.FTP_TLS):
            self._client.prot_p()
        self._client.voidcmd("TYPE I")

    def _asked_features(self) -> set[str]:
        try:
            lines = self._client.sendcmd("FEAT").splitlines()[1:-1]
        except ftplib.error_perm:
            return set()
        found = {line.split()[0].upper() for line in lines if line.strip()}
        if "UTF8" in found:
            with suppress(ftplib.Error):  # names that the server knows to be UTF-8 then come as that
                self._client.sendcmd("OPTS UTF8 ON")
        return found

    def _entries(self, place: str) -> tuple[list[FileSeen], list[Folder]]:
        with self._translated(name_of(bytes_of(place))):
            home = self._client.pwd()
            self._client.cwd(place)  # a folder with blanks or brackets in its name is no argument for LIST
            absolute = self._client.pwd()
            lines: list[str] = []
            self._client.retrlines("MLSD" if self._lists_exactly else "LIST", lines.append)
            self._client.cwd(home)
            listing = from_mlsd(lines) if self._lists_exactly else from_list(lines)
            files, folders = [], []
            for each in listing:
                path = f"{absolute.rstrip('/')}/{each.name}"
                if each.is_folder:
                    folders.append(Folder(name_of(bytes_of(each.name)), path))
                else:
                    files.append(self._seen(each, path))
        return files, folders

    def _seen(self, each: FtpEntry, path: str) -> FileSeen:
        name = name_of(bytes_of(each.name))
        if self._lists_exactly and each.modified_at:
            return FileSeen(name, each.size, int(each.modified_at.timestamp()), each.modified_at, path=path)
        return FileSeen(name, each.size, 0, each.modified_at, mark=each.said, path=path)

    @contextmanager
    def _translated(self, path: str = "") -> Iterator[None]:
        where = f"{self._place} {path}".strip()
        try:
            yield
        except TaihuError:
            raise
        except ftplib.error_perm as error:
            raise _of_reply(str(error), where) from None
        except ssl.SSLCertVerificationError:
            raise TerminalError(
                "the server's certificate is not valid", where=where, fix="check host:, or name the authority: that vouches for it"
            ) from None
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            raise TransientError(f"the server cannot be reached or hung up ({type(error).__name__})", where=where) from None


class _Tls(ftplib.FTP_TLS):
    """TLS whose data connections go on with the session of the control connection, as servers ask for; or TLS from the first byte."""

    implicit = False

    def connect(self, *arguments: Any, **named: Any) -> str:
        if not self.implicit:
            return super().connect(*arguments, **named)
        import socket

        host, port = arguments
        self.host, self.port, self.timeout = host, port, named["timeout"]
        plain = socket.create_connection((host, port), self.timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def login(self, *arguments: Any, **named: Any) -> str:
        # The base class would ask for TLS once more.
        return ftplib.FTP.login(self, *arguments, **named) if self.implicit else super().login(*arguments, **named)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[Any, int | None]:
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:  # type: ignore[attr-defined]
            data = self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session)  # type: ignore[union-attr]
        return data, size


def _client(account: Account, authority: Path | None) -> ftplib.FTP:
    if not account.tls:
        return ftplib.FTP(encoding="latin-1")
    if authority is not None and not authority.is_file():
        raise ManifestError("the file with the authority's certificate is not there", where=str(authority))
    context = ssl.create_default_context(cafile=authority)
    client = _Tls(context=context, encoding="latin-1")
    client.implicit = account.implicit_tls
    return client


def _exact(client: Any, path: str) -> dt.datetime | None:
    """The time of the last change in UTC (MDTM); None if the server does not tell it for this file."""
    try:
        said = client.sendcmd(f"MDTM {path}").split()[-1]
        return dt.datetime.strptime(said[:14], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except (ftplib.error_perm, ValueError, IndexError):
        return None


def _of_reply(reply: str, where: str) -> TaihuError:
    """The error of a permanent reply. 550 means gone or forbidden; the text tells, in the words of the servers that are in use."""
    words = reply.lower()
    if reply.startswith("530"):
        return AccessRefused("the server refused the login", where=where, fix="update the account's password in taihu.yml")
    if "denied" in words or "permission" in words or "not allowed" in words or "privilege" in words:
        return AccessRefused("the server denies access to the path", where=where, fix="ask its operator")
    if reply.startswith(("550", "450")):
        return NotFound("no such file or folder on the server, or no right to it", where=where, fix="correct collect: path:")
    return TerminalError(f"the server answered {reply[:3]}", where=where)
