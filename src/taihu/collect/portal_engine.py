"""What a portal's recipe needs of whoever walks it: a page that is open, fields to fill, files to take.

Two engines do it: :class:`taihu.collect.portal_plain.PlainEngine` asks for pages itself and costs milliseconds,
:class:`taihu.collect.portal_browser.BrowserEngine` lets the system's Chromium run the page's scripts. Neither knows of steps, logins or
items, and both keep one session for an account.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from taihu.collect.page import Link
from taihu.collect.web_session import Answer


class PortalEngine(ABC):
    """One account's session with a portal and the page that is open in it.

    Attributes:
        pace: Least seconds between two requests.
        walker: Whoever opened the page that is open; another one begins with a page of its own.
        is_cut: The page that is open did not come to its end: nothing may be concluded from what it lacks.
    """

    pace: float = 0.0
    walker: object | None = None
    is_cut: bool = False
    _last: float = 0.0

    @property
    @abstractmethod
    def url(self) -> str:
        """Address of the open page; empty before the first."""

    @property
    def place(self) -> str:
        """The open page's address without its query, for people."""
        return self.url.split("?")[0]

    @abstractmethod
    def allow(self, hosts: Iterable[str]) -> None:
        """Add hosts that may be contacted."""

    @abstractmethod
    def open(self, url: str, query: Mapping[str, str] | None = None) -> None:
        """Open a page."""

    @abstractmethod
    def fill(self, selector: str, value: str, *, secret: bool = False) -> None:
        """Fill a field and read it back.

        Raises:
            ContentRefused: ``field_altered``, naming field, asked and found value (never a secret's).
        """

    @abstractmethod
    def select(self, selector: str, value: str) -> None:
        """Choose an option by its value or its text."""

    @abstractmethod
    def check(self, selector: str, wanted: bool) -> None:
        """Set a box or a radio button."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Press a button or follow a link; returns when the page that follows is there."""

    @abstractmethod
    def wait(self, selector: str, seconds: float, reload: float | None) -> None:
        """Wait until something fits; load the page again every ``reload`` seconds."""

    @abstractmethod
    def settle(self, selectors: Iterable[str], seconds: float) -> None:
        """Give scripts the time to show one of these; what is not there then is not there."""

    @abstractmethod
    def has(self, selector: str) -> bool:
        """Whether something on the page fits."""

    @abstractmethod
    def links(self, selector: str) -> list[Link]:
        """All links that fit, in the order of the page."""

    @abstractmethod
    def tables(self, selector: str) -> list[str]:
        """The HTML of every table that fits."""

    @abstractmethod
    def get(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        """Fetch an address with the session; the open page stays as it is."""

    @abstractmethod
    def take(self, selector: str) -> Answer:
        """Press a button (or follow a link) and take what comes as a file; the open page stays as it is."""

    @abstractmethod
    def html(self) -> str:
        """The open page as it is now."""

    @abstractmethod
    def outline(self) -> list[str]:
        """The open page's structure without its data, one line each."""

    def picture(self, secrets: Iterable[str]) -> bytes | None:
        """A screenshot (PNG) on which no secret can be seen; None where nothing is drawn."""
        return None

    @abstractmethod
    def session_saved(self) -> bytes:
        """Cookies and storage as browsers store them (JSON); either engine can go on with them."""

    @abstractmethod
    def session_restored(self, saved: bytes) -> None:
        """Go on with a session that :meth:`session_saved` gave."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back."""

    def paced(self) -> None:
        """Wait until the next request is due."""
        left = self._last + self.pace - time.monotonic()
        if self.pace and left > 0:
            time.sleep(left)
        self._last = time.monotonic()
