"""The engine for pages that need scripts: the system's Chromium, driven by Playwright.

Nothing leaves for a host that is not on the list: the browser cannot resolve other names (redirects and sockets included) and the page's
requests to them are aborted. Files never touch the disk: the request that a button starts is made by the context's own session, in
memory, and a file that a script builds is read out of the page. One browser process serves a run; each account has a context of its
own in it, which keeps nothing on disk either.
"""

from __future__ import annotations

import base64
import email.message
import json
import re
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from taihu.collect.browser_program import BrowserProgram, acquired
from taihu.collect.hosts import is_this_machine, require_host
from taihu.collect.interface import MOST_BYTES
from taihu.collect.page import Link, altered, not_a_selector, not_in_time, nothing_fits, structure_of
from taihu.collect.portal_engine import PortalEngine
from taihu.collect.web_session import TIMEOUT, Answer, bad_certificate, status_error
from taihu.core.errors import AccessRefused, ContentRefused, TerminalError, TransientError

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

_PRESSABLE = "button, a, input[type=submit], input[type=button], label, summary, [role=button]"
_HEADERS = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
_VIEW = {"width": 1280, "height": 900}
_NETWORK = re.compile(r"net::(ERR_\w+)|(ECONN\w+|ENOTFOUND|ETIMEDOUT|socket hang up|aborted)")
# Files that a page builds by itself are remembered, so that they can be read without being written to disk.
_KEEP_FILES = """(() => { const make = URL.createObjectURL, kept = new Map();
URL.createObjectURL = (part) => { const url = make.call(URL, part); if (part instanceof Blob) kept.set(url, part); return url; };
Object.defineProperty(window, '__keptFiles', {value: kept}); })()"""
_READ_FILE = """async (url) => { const blob = window.__keptFiles && window.__keptFiles.get(url); if (!blob) return null;
return await new Promise((done) => { const reader = new FileReader();
reader.onload = () => done(reader.result.split(',')[1] || ''); reader.readAsDataURL(blob); }); }"""
_UNTIL_IDLE = """() => new Promise((done) => window.requestIdleCallback ? requestIdleCallback(() => done(), {timeout: 1000})
: setTimeout(done, 50))"""
_WHICH = """(nodes, wanted) => { const text = (n) => (n.tagName === 'INPUT' ? n.value : n.innerText || n.textContent || '')
.trim().replace(/\\s+/g, ' '); const shown = nodes.map(text); const exact = shown.indexOf(wanted);
return exact >= 0 ? exact : shown.findIndex((each) => each.includes(wanted)); }"""
_LINKS = """(nodes) => nodes.filter((n) => n.href && !/^(#|javascript:|mailto:)/.test(n.getAttribute('href') || '')).map((n) => {
const row = n.closest('tr') || n.closest('li') || n; const text = (e) => (e.textContent || '').trim().replace(/\\s+/g, ' ');
const cells = row.cells ? [...row.cells].map(text).join(' ').trim() : text(row); return [n.href, text(n), cells]; })"""
_TABLES = "(nodes) => nodes.map((n) => n.tagName === 'TABLE' ? n : n.querySelector('table')).filter(Boolean).map((n) => n.outerHTML)"
_ALL_TEXT = """() => [document.documentElement.textContent, ...[...document.querySelectorAll('input, textarea')].map((n) => n.value)]
.join('\\n')"""
_BLANK = """(secrets) => { const hit = (text) => secrets.some((each) => text.includes(each));
for (const field of document.querySelectorAll('input, textarea')) if (field.type === 'password' || hit(field.value)) field.value = '';
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode())
for (const each of secrets) if (node.data.includes(each)) node.data = node.data.split(each).join('[secret]'); }"""


class BrowserEngine(PortalEngine):
    """Pages in a real browser.

    Args:
        headed: Open a window, for a person.
    """

    def __init__(self, *, headed: bool = False) -> None:
        self._headed = headed
        self._hosts: set[str] = set()
        self._program: BrowserProgram | None = None
        self._context: Any = None
        self._page: Page | None = None
        self._saved: dict[str, Any] | None = None
        self._written: dict[str, tuple[str, bool]] = {}
        self._names: dict[str, str] = {}
        self._catching = False
        self._caught: list[Callable[[], Answer]] = []
        self._blocked: set[str] = set()
        self.is_cut = False

    @property
    def url(self) -> str:
        url = self._page.url if self._page is not None else ""
        return "" if url == "about:blank" else url

    @property
    def page(self) -> Page:
        """The open page, for a person's helper."""
        return self._opened()

    def allow(self, hosts: Iterable[str]) -> None:
        more = {host.lower() for host in hosts} - self._hosts
        self._hosts |= more
        if more and self._program is not None:
            # The browser was started for fewer hosts: start it again with the session that it has.
            self._saved = json.loads(self.session_saved())
            self.close()

    # pages -------------------------------------------------------------------------------------------------------------

    def open(self, url: str, query: Mapping[str, str] | None = None) -> None:
        url = _with_query(url, query)
        require_host(url, self._hosts)
        self.paced()
        page = self._opened()
        self._written.clear()
        self.is_cut = False
        with self._translated(url):
            response = page.goto(url, wait_until="commit", timeout=TIMEOUT * 1000)
            if response is not None and response.status >= 400:
                raise status_error(response.status, url.split("?")[0], response.header_value("retry-after"))
            self._loads(page)

    def fill(self, selector: str, value: str, *, secret: bool = False) -> None:
        field = self._needed(selector)
        host = urllib.parse.urlsplit(self.url)
        if secret and host.scheme != "https" and not is_this_machine(host.hostname or ""):
            raise AccessRefused("a password would be sent without encryption", where=self.place, fix="use the portal's https address")
        with self._translated():
            kind = field.evaluate("(n) => n.tagName.toLowerCase()")
            if kind == "select":
                return self.select(selector, value)
            try:
                field.fill(value)
            except self._error() as error:
                if "Malformed value" in str(error):
                    raise altered(selector, value, "", secret=secret, where=self.place) from None
                raise TerminalError(f"{selector!r} is not a field that can be filled", where=self.place) from None
            field.blur()
            self._names[selector] = field.get_attribute("name") or ""
        self._written[selector] = (value, secret)
        self._read_back(selector, field)

    def select(self, selector: str, value: str) -> None:
        field = self._needed(selector)
        with self._translated():
            options = field.evaluate("(n) => [...(n.options || [])].map((o) => [o.value, o.text.trim()])")
            chosen = next((each for each, text in options if value == each), None) or next(
                (each for each, text in options if value == text), None
            )
            if chosen is None:
                raise altered(selector, value, "", where=self.place)
            field.select_option(value=chosen)
        self._written[selector] = (chosen, False)
        self._read_back(selector, field)

    def check(self, selector: str, wanted: bool) -> None:
        field = self._needed(selector)
        with self._translated():
            field.set_checked(wanted)

    def click(self, selector: str) -> None:
        self._still_as_filled()
        page, found = self._opened(), self._needed(selector)
        self.paced()
        self.is_cut = False
        with self._translated():
            page.evaluate("() => { window.__before = true; }")
            found.click()
            self._loads(page)
            if page.evaluate("() => window.__before === true"):
                # The same document: whatever the click started is done by scripts.
                with suppress(self._error()):
                    page.wait_for_load_state("networkidle", timeout=10_000)
                if page.evaluate("() => window.__before === true"):
                    return
            self._written.clear()
        self._require_good()

    def wait(self, selector: str, seconds: float, reload: float | None) -> None:
        until = time.monotonic() + seconds
        while True:
            left = max(0.05, until - time.monotonic())
            if self._appears((selector,), min(left, reload) if reload else left):
                return
            if time.monotonic() >= until:
                raise not_in_time(selector, self.place) if reload else nothing_fits(selector, self.place)
            self.open(self.url)

    def settle(self, selectors: Iterable[str], seconds: float) -> None:
        self._appears(tuple(selectors), seconds)

    def has(self, selector: str) -> bool:
        return self._find(selector) is not None

    def links(self, selector: str) -> list[Link]:
        return [Link(url, text, row) for url, text, row in self._of_all(selector, _LINKS)]

    def tables(self, selector: str) -> list[str]:
        return self._of_all(selector, _TABLES)

    def _of_all(self, selector: str, script: str) -> list[Any]:
        with self._translated():
            nodes = self._find(selector) if selector.startswith("text=") else self._opened().locator(_css(selector))
            found: list[Any] = nodes.evaluate_all(script) if nodes is not None else []
            return found

    # files -------------------------------------------------------------------------------------------------------------

    def get(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        self.paced()
        self._opened()
        url = _with_query(url, query)
        return self._followed(url, lambda: self._context.request.get(url, max_redirects=0, timeout=TIMEOUT * 1000, headers=_HEADERS))

    def take(self, selector: str) -> Answer:
        self._still_as_filled()
        page, found = self._opened(), self._needed(selector)
        self.paced()
        self._caught.clear()
        self._catching = True
        try:
            with self._translated():
                found.click(no_wait_after=True)
                until = time.monotonic() + TIMEOUT
                while not self._caught and time.monotonic() < until:
                    page.wait_for_timeout(20)
        finally:
            self._catching = self.is_cut = False
        if not self._caught:
            raise TransientError(f"no file came after pressing {selector!r}", where=self.place)
        with self._translated():
            return self._caught[0]()

    # evidence ----------------------------------------------------------------------------------------------------------

    def html(self) -> str:
        with self._translated():
            return self._opened().content()

    def outline(self) -> list[str]:
        with self._translated():
            return structure_of(self._opened().locator("body").aria_snapshot())

    def picture(self, secrets: Iterable[str]) -> bytes | None:
        page = self._opened()
        with self._translated():
            text = page.evaluate(_ALL_TEXT)
            shown = [value for value in secrets if value in text]  # nothing is told to the page that it does not show already
            page.evaluate(_BLANK, shown)
            height = page.evaluate("() => document.documentElement.scrollHeight")
            return page.screenshot(full_page=height < 4000)

    # session -----------------------------------------------------------------------------------------------------------

    def session_saved(self) -> bytes:
        self._opened()
        with self._translated():
            return json.dumps(self._context.storage_state(), sort_keys=True).encode()

    def session_restored(self, saved: bytes) -> None:
        self._saved = json.loads(saved)

    def close(self) -> None:
        context, program = self._context, self._program
        self._context = self._page = self._program = None
        self.walker = None
        if context is not None:
            with suppress(Exception):  # a browser that has crashed cannot be closed
                context.close()
        if program is not None:
            program.released()

    # inside ------------------------------------------------------------------------------------------------------------

    def _opened(self) -> Page:
        if self._page is None:
            self._program = acquired(frozenset(self._hosts), headed=self._headed)
            with self._translated():
                self._context = self._program.browser.new_context(
                    storage_state=self._saved,  # type: ignore[arg-type]
                    accept_downloads=False,
                    locale="zh-CN",
                    timezone_id="Asia/Shanghai",
                    viewport=_VIEW,  # type: ignore[arg-type]
                    service_workers="block",
                )
                self._context.add_init_script(_KEEP_FILES)
                self._context.route("**/*", self._routed)
                self._context.on("page", self._watched)
                self._page = self._context.new_page()
                self._page.set_default_timeout(TIMEOUT * 1000)
        return self._page

    def _watched(self, page: Page) -> None:
        page.on("download", lambda download: self._built(page, download))
        page.on("requestfailed", lambda request: self._loaded(page, request, whole=False))
        page.on("requestfinished", lambda request: self._loaded(page, request, whole=True))

    def _loaded(self, page: Page, request: Any, *, whole: bool) -> None:
        """Whether the page itself came to its end: a browser shows what it got of one whose connection broke."""
        if request.is_navigation_request() and request.frame == page.main_frame:
            self.is_cut = not whole

    def _built(self, page: Page, download: Any) -> None:
        """A download that did not begin with a request of ours: a file that the page's script made."""
        if not self._catching:
            return
        url, name = download.url, download.suggested_filename

        def read() -> Answer:
            if url.startswith("data:"):
                head, _, body = url.partition(",")
                content = base64.b64decode(body) if head.endswith(";base64") else urllib.parse.unquote_to_bytes(body)
            else:
                coded = page.evaluate(_READ_FILE, url)
                if coded is None:
                    raise TerminalError("the page's file could not be read", where=self.place)
                content = base64.b64decode(coded)
            headers = email.message.Message()
            headers.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
            return Answer(self.url, 200, headers, content)

        self._caught.append(read)

    def _routed(self, route: Route) -> None:
        request = route.request
        parts = urllib.parse.urlsplit(request.url)
        if parts.scheme in ("http", "https") and (parts.hostname or "").lower() not in self._hosts:
            self._blocked.add(parts.hostname or "")
            route.abort("blockedbyclient")
        elif parts.path == "/favicon.ico":
            route.abort()
        elif self._catching and not self._caught and request.resource_type == "document":
            method, url, body = request.method, request.url, request.post_data_buffer
            headers = {name: value for name, value in request.headers.items() if name.lower() not in ("content-length", "host")}
            route.abort("aborted")

            def ask() -> Answer:
                self._require_sent_as_filled(url, body)
                return self._followed(url, lambda: self._sent(url, method, headers, body))

            self._caught.append(ask)
        else:
            route.continue_()

    def _require_sent_as_filled(self, url: str, body: bytes | None) -> None:
        """The last look: a form that is about to ask for a file asks for what was filled in, whatever a script did meanwhile."""
        fields = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)
        fields += urllib.parse.parse_qsl((body or b"").decode("utf-8", errors="replace"), keep_blank_values=True)
        for selector, (asked, secret) in self._written.items():
            sent = [value for name, value in fields if name and name == self._names.get(selector)]
            if sent and asked not in sent and not secret:
                raise altered(selector, asked, sent[0], where=self.place)

    def _sent(self, url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        """The request that a button started, made by the context's session so that the file stays in memory."""
        return self._context.request.fetch(
            url, method=method, headers=dict(headers), data=body, max_redirects=0, timeout=TIMEOUT * 1000, fail_on_status_code=False
        )

    def _followed(self, url: str, ask: Callable[[], Any]) -> Answer:
        """An answer after redirects, each of which may lead to listed hosts only."""
        for _ in range(10):
            require_host(url, self._hosts)
            with self._translated(url):
                response = ask()
                location = response.headers.get("location")
                if response.status not in (301, 302, 303, 307, 308) or not location:
                    return self._answer(url, response)
                response.dispose()
            url = urllib.parse.urljoin(url, location)
            ask = _asking(self._context, url)
        raise TerminalError("the address leads in a circle", where=url.split("?")[0])

    def _answer(self, url: str, response: Any) -> Answer:
        if response.status >= 400:
            raise status_error(response.status, url.split("?")[0], response.headers.get("retry-after"))
        headers = email.message.Message()
        for each in response.headers_array:
            headers[each["name"]] = each["value"]
        stated = headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > MOST_BYTES:
            raise ContentRefused("too_large", where=url.split("?")[0])
        content: bytes = response.body()
        response.dispose()
        if len(content) > MOST_BYTES:
            raise ContentRefused("too_large", where=url.split("?")[0])
        return Answer(url, response.status, headers, content)

    def _find(self, selector: str) -> Locator | None:
        with self._translated():
            page = self._opened()
            if not selector.startswith("text="):
                found = page.locator(_css(selector))
                return found.first if found.count() else None
            nodes = page.locator(_PRESSABLE)
            place = nodes.evaluate_all(_WHICH, selector.removeprefix("text=").strip())
            return nodes.nth(place) if place >= 0 else None

    def _needed(self, selector: str) -> Locator:
        found = self._find(selector)
        if found is None:
            raise nothing_fits(selector, self.place)
        return found

    def _appears(self, selectors: tuple[str, ...], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while True:
            if any(self.has(selector) for selector in selectors):
                return True
            if time.monotonic() >= until:
                return False
            self._opened().wait_for_timeout(50)

    def _read_back(self, selector: str, field: Locator) -> None:
        asked, secret = self._written[selector]
        with self._translated():
            found = field.input_value()
        if found != asked:
            raise altered(selector, asked, found, secret=secret, where=self.place)

    def _still_as_filled(self) -> None:
        """Scripts may change a field later than it was filled: look once more before anything is sent."""
        for selector in list(self._written):
            field = self._find(selector)
            if field is not None:
                self._read_back(selector, field)

    def _require_good(self) -> None:
        """A click may lead to an error of the site; its status is known from the navigation's timing entry."""
        status = self._opened().evaluate("() => (performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0")
        if status >= 400:
            raise status_error(int(status), self.place)

    def _loads(self, page: Page) -> None:
        """Wait for the page to be there; one whose connection broke never says that it is."""
        until = time.monotonic() + TIMEOUT
        while not self.is_cut:
            try:
                page.wait_for_load_state("load", timeout=250)
                # What a page does to its fields when it is loaded is done first, not while they are being filled.
                page.evaluate(_UNTIL_IDLE)
                break
            except self._error():
                if time.monotonic() >= until or page.is_closed():
                    raise
        if self.is_cut:
            raise TransientError("the page did not come to its end", where=self.place)

    @staticmethod
    def _error() -> type[Exception]:
        from playwright.sync_api import Error

        return Error

    @contextmanager
    def _translated(self, url: str = "") -> Iterator[None]:
        """Errors of the browser as errors of ours; its own texts quote what was filled in and are never shown."""
        where = (url or self.url).split("?")[0]
        try:
            yield
        except self._error() as error:
            text = str(error)
            found = _NETWORK.search(text)
            code = (found[1] or found[2]) if found else ""
            if code.startswith("ERR_CERT") or "certificate" in text:
                raise bad_certificate(where) from None
            if code in ("ERR_NAME_NOT_RESOLVED", "ERR_BLOCKED_BY_CLIENT") and self._blocked:
                raise AccessRefused("the page leads to a host that is not on the list", where=where, fix="add it to hosts:") from None
            if code == "ERR_NAME_NOT_RESOLVED" and is_this_machine(urllib.parse.urlsplit(where).hostname or ""):
                raise AccessRefused("the page leads to a host that is not on the list", where=where, fix="add it to hosts:") from None
            if "while parsing css selector" in text or "is not a valid selector" in text:
                raise not_a_selector(where) from None
            if "Download is starting" in text:
                raise TerminalError("this address gives a file, not a page", where=where, fix="use fetch: or download:") from None
            if code:
                raise TransientError(f"the site cannot be reached ({code})", where=where) from None
            if "Timeout" in type(error).__name__:
                raise TransientError("the page did not answer in time", where=where) from None
            raise TransientError(f"the browser failed ({type(error).__name__})", where=where) from None


def _asking(context: Any, url: str) -> Callable[[], Any]:
    return lambda: context.request.get(url, max_redirects=0, timeout=TIMEOUT * 1000, headers=_HEADERS)


def _css(selector: str) -> str:
    return selector if selector.startswith("css=") else f"css={selector}"


def _with_query(url: str, query: Mapping[str, str] | None) -> str:
    return url + ("&" if urllib.parse.urlsplit(url).query else "?") + urllib.parse.urlencode(query) if query else url
