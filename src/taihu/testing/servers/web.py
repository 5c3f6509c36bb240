"""A public web site with pages that know when they changed."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from taihu.testing.servers.background import HttpServer, QuietHandler

if TYPE_CHECKING:
    from http.server import HTTPServer


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    content_type: str
    modified_at: dt.datetime | None

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


class WebServer(HttpServer):
    """Serves what was published last under each path; answers 304 to those who have it already.

    Args:
        port: 0 lets the system choose.
        etags: Whether answers carry an ``ETag``; without it only ``Last-Modified`` (if given) saves a download.

    Attributes:
        requests: Path and status of every answer, oldest first.
    """

    def __init__(self, *, port: int = 0, etags: bool = True) -> None:
        super().__init__(_WebHandler, port)
        self.etags = etags
        self.requests: list[tuple[str, int]] = []
        self.pages: dict[str, _Page] = {}
        self.failures: list[int] = []

    def publish(
        self, path: str, body: bytes | str, *, content_type: str = "text/html; charset=utf-8", modified_at: dt.datetime | None = None
    ) -> str:
        """Put a page under ``path`` (with a leading slash); returns its address."""
        content = body.encode() if isinstance(body, str) else body
        with self.lock:
            self.pages[path] = _Page(content, content_type, modified_at)
        return self.url + path

    def fail_next(self, *statuses: int) -> None:
        """Answer the next requests with these statuses (503 comes with ``Retry-After: 0``)."""
        with self.lock:
            self.failures += statuses


class _WebHandler(QuietHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        site = cast(WebServer, cast("HTTPServer", self.server).site)  # type: ignore[attr-defined]
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        with site.lock:
            failure = site.failures.pop(0) if site.failures else None
            page = site.pages.get(path)
        status = failure or (404 if page is None else 304 if self._known(site, page) else 200)
        site.requests.append((path, status))
        if failure or page is None:
            self.answer(status, f"{status}".encode(), "text/plain", Retry_After="0")
            return
        headers = {"ETag": page.etag} if site.etags else {}
        if page.modified_at:
            headers["Last-Modified"] = email.utils.format_datetime(page.modified_at.astimezone(dt.UTC), usegmt=True)
        self.answer(status, page.body, page.content_type, **headers)

    def _known(self, site: WebServer, page: _Page) -> bool:
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return site.etags and page.etag in [tag.strip() for tag in tags.split(",")]
        since = self.headers.get("If-Modified-Since")
        if since is None or page.modified_at is None:
            return False
        return page.modified_at.replace(microsecond=0) <= email.utils.parsedate_to_datetime(since)
