"""The engine without a window: pages are asked for, forms are sent as a browser would send them, no script runs."""

from __future__ import annotations

import email.message
import time
import urllib.parse
from collections.abc import Iterable, Mapping

from taihu.collect.hosts import is_this_machine
from taihu.collect.page import Link, Page, Submission, not_in_time, nothing_fits
from taihu.collect.portal_engine import PortalEngine
from taihu.collect.web_session import Answer, WebSession
from taihu.core.errors import AccessRefused


class PlainEngine(PortalEngine):
    """Pages over :class:`taihu.collect.web_session.WebSession`."""

    def __init__(self) -> None:
        self._session = WebSession(())
        self._page = Page(Answer("", 0, email.message.Message(), b""))
        self._secrets: set[str] = set()

    @property
    def url(self) -> str:
        return self._page.url

    def allow(self, hosts: Iterable[str]) -> None:
        self._session.allow(hosts)

    def open(self, url: str, query: Mapping[str, str] | None = None) -> None:
        self._page = Page(self.get(url, query))

    def fill(self, selector: str, value: str, *, secret: bool = False) -> None:
        if secret:
            self._secrets.add(value)
        self._page.fill(selector, value, secret=secret)

    def select(self, selector: str, value: str) -> None:
        self._page.select(selector, value)

    def check(self, selector: str, wanted: bool) -> None:
        self._page.check(selector, wanted)

    def click(self, selector: str) -> None:
        self._page = Page(self._sent(self._page.click(selector)))

    def wait(self, selector: str, seconds: float, reload: float | None) -> None:
        if reload is None and not self.has(selector):
            raise nothing_fits(selector, self.place)
        until = time.monotonic() + seconds
        while not self.has(selector):
            if time.monotonic() + (reload or 0) > until:
                raise not_in_time(selector, self.place)
            time.sleep(reload or 0)
            self.open(self.url)

    def settle(self, selectors: Iterable[str], seconds: float) -> None:
        """Nothing changes on a page whose scripts do not run."""

    def has(self, selector: str) -> bool:
        return self._page.has(selector)

    def links(self, selector: str) -> list[Link]:
        return self._page.links(selector)

    def tables(self, selector: str) -> list[str]:
        return self._page.tables(selector)

    def get(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        self.paced()
        return self._session.get(url, query)

    def take(self, selector: str) -> Answer:
        return self._sent(self._page.click(selector))

    def html(self) -> str:
        return self._page.html

    def outline(self) -> list[str]:
        return self._page.outline()

    def session_saved(self) -> bytes:
        return self._session.cookies_saved()

    def session_restored(self, saved: bytes) -> None:
        self._session.cookies_restored(saved)

    def close(self) -> None:
        self._session.close()

    def _sent(self, sent: Submission) -> Answer:
        parts = urllib.parse.urlsplit(sent.url)
        if parts.scheme != "https" and not is_this_machine(parts.hostname or "") and self._secrets & {value for _, value in sent.fields}:
            raise AccessRefused(
                "a password would be sent without encryption", where=sent.url.split("?")[0], fix="use the portal's https address"
            )
        if sent.method != "post":
            # A form that asks puts its fields in place of whatever the address had; a link goes where it says.
            return self.get(urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(sent.fields))) if sent.fields else sent.url)
        self.paced()
        return self._session.post(sent.url, sent.fields)
