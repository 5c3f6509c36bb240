"""``via: webdav``: a folder of a WebDAV server (cloud drives, document systems)."""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import posixpath
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.collect.drop import FileSeen
from taihu.collect.drop_connector import DropConnector
from taihu.collect.hosts import is_this_machine
from taihu.collect.remote_names import name_of
from taihu.collect.store import Folder, Store
from taihu.collect.web_session import WebSession
from taihu.core.errors import ContentRefused, ManifestError, TransientError
from taihu.core.types import Text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from taihu.manifest.project import Account

_ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>"
)
_DAV = "{DAV:}"


class WebdavConnector(DropConnector):
    """Files of one folder of a WebDAV server. Name, size, time and ETag of a file are its version."""

    title = Text("WebDAV 文件夹", "WebDAV folder")
    account_kinds = ("webdav",)

    def store(self) -> Store:
        account = self.around.login(self.source)
        return self.around.connected(lambda: WebdavStore(account, self.around.password(), self.around.account_name))


@dataclass(frozen=True, slots=True)
class _Entry:
    href: str
    is_folder: bool
    size: int
    modified_at: dt.datetime | None
    etag: str


class WebdavStore(Store):
    """Folders below the account's ``url:``; Basic authentication. The clock is the ``Date`` of the server's answers.

    Args:
        name: Name of the account, for errors.
    """

    def __init__(self, account: Account, password: str, name: str) -> None:
        self._base = (account.url or "").rstrip("/") + "/"
        parts = urllib.parse.urlsplit(self._base)
        where = f"taihu.yml, account {name}"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ManifestError(
                "a webdav account needs url:", where=where, fix="the first address, such as https://dav.partner.example/out"
            )
        self._is_clear = parts.scheme == "http" and not is_this_machine(parts.hostname)
        if self._is_clear and account.tls:
            raise ManifestError("the password would travel without encryption", where=where, fix="use https://, or say tls: false")
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._session = WebSession([parts.hostname])
        login = f"{account.user or ''}:{password}".encode()
        self._headers = {"Authorization": "Basic " + base64.b64encode(login).decode()} if account.user else {}
        self._clock: tuple[dt.datetime, float] | None = None
        self._list(self._base, depth="0")

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        place = self._address(folder)
        own = _path(place)
        files, folders = [], []
        for entry in self._list(place, depth="1"):
            path = _path(entry.href)
            if path.rstrip("/") == own.rstrip("/") and entry.is_folder:
                continue
            name = name_of(urllib.parse.unquote_to_bytes(posixpath.basename(path.rstrip("/"))))
            if entry.is_folder:
                folders.append(Folder(name, path))
            else:
                at = entry.modified_at
                modified = int(at.timestamp()) if at else 0
                files.append(FileSeen(name, entry.size, modified, at, mark=entry.etag, path=path))
        return files, folders

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        for headers, chunk in self._session.pieces(self._root + entry.path, self._headers):
            etag = _bare(headers.get("ETag", ""))
            if etag and entry.mark and etag != entry.mark:
                raise ContentRefused("incomplete_drop", "the file changed while it was read", where=entry.name)
            yield chunk

    def clock(self, entry: FileSeen) -> dt.datetime | None:
        return self._clock[0] + dt.timedelta(seconds=time.monotonic() - self._clock[1]) if self._clock else None

    def warning(self) -> str:
        return "WebDAV without encryption (tls: false): password and files can be read on the way" if self._is_clear else ""

    def close(self) -> None:
        self._session.close()

    def _address(self, folder: str) -> str:
        """A folder of a listing begins with a slash; one that a person wrote is below the account's address."""
        if folder.startswith("/"):
            return self._root + folder
        return urllib.parse.urljoin(self._base, urllib.parse.quote(folder.strip("./") + "/") if folder.strip("./") else "")

    def _list(self, url: str, depth: str) -> list[_Entry]:
        headers = {**self._headers, "Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        answer = self._session.ask("PROPFIND", url, headers, _ASKED)
        self._clock = _date(answer.headers.get("Date", "")), time.monotonic()
        return _entries(answer.content, url.split("?")[0])


def _path(href: str) -> str:
    return urllib.parse.urlsplit(href).path


def _date(text: str) -> dt.datetime:
    return email.utils.parsedate_to_datetime(text).astimezone(dt.UTC)


def _entries(content: bytes, where: str) -> list[_Entry]:
    """What a multistatus answer lists."""
    from xml.etree.ElementTree import ParseError, fromstring

    try:
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise ValueError("no listing declares entities")
        return [_entry(response) for response in fromstring(content).iter(f"{_DAV}response")]
    except (ParseError, ValueError, AttributeError, TypeError):
        raise TransientError("the answer is no WebDAV listing", where=where, fix="check url: of the account") from None


def _entry(response: Element) -> _Entry:
    found: dict[str, str] = {}
    is_folder = False
    for status in response.iter(f"{_DAV}propstat"):
        if " 200" not in (status.findtext(f"{_DAV}status") or " 200"):
            continue
        is_folder = is_folder or status.find(f".//{_DAV}collection") is not None
        for name in ("getcontentlength", "getlastmodified", "getetag"):
            found[name] = (status.findtext(f".//{_DAV}{name}") or found.get(name, "")).strip()
    href = (response.findtext(f"{_DAV}href") or "").strip()
    at = _date(found["getlastmodified"]) if found.get("getlastmodified") else None
    return _Entry(href, is_folder, int(found.get("getcontentlength") or 0), at, _bare(found.get("getetag", "")))


def _bare(etag: str) -> str:
    """An ETag without its quotes: some servers forget them in listings."""
    return etag.strip().removeprefix("W/").strip('"')
