"""``via: portal``: log in as ``portal.yml`` says, and take the files that its steps lead to.

A portal whose session has ended does not say so: it answers 200 with the login page, in place of a list and in place of a
file. So every page is checked for the mark of a logged-in one and every download for being a login page; the session is then
renewed once and the step repeated. A login that leads back to the login page is a refusal and is not tried again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import urllib.parse
from collections.abc import Callable, Container, Iterator, Sequence

from taihu.collect.interface import Connector, Health
from taihu.collect.mail_session import is_this_machine
from taihu.collect.page import Link, Page
from taihu.collect.web_session import Answer, WebSession
from taihu.core.clock import SHANGHAI
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TaihuError, TerminalError, TransientError
from taihu.core.ids import derived_id
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.portal import PortalFile, Step


@dataclasses.dataclass(frozen=True, slots=True)
class _Target:
    """Where an item's bytes are, and the page that led there."""

    url: str
    query: dict[str, str]
    page_url: str
    step: Step


class PortalConnector(Connector):
    """Files of one recipe. A file is known by its address and by the row that it is listed in (a new time is a new version)."""

    title = Text("供应商门户", "Portal")
    account_kinds = ("portal",)

    _waiting: Sequence[str] = ()

    @property
    def recipe(self) -> PortalFile:
        if self.source.portal is None:
            raise ManifestError("via: portal needs a portal.yml beside source.yml", where=self.source.path)
        return self.source.portal

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._check_terms()
        self._span = span or self._yesterday()
        self._targets: dict[str, _Target] = {}
        waiting: list[str] = []
        self._waiting = waiting
        page: Page | None = None
        for step in self.recipe.steps:
            if step.fetch is not None:
                yield from self._export(step, page, known)
            elif step.links is not None:
                if page is None:
                    raise ManifestError("links: needs a goto: before it", where=f"{self.source.path}/portal.yml")
                yield from self._listed(step, page, known, waiting)
            else:
                page = self._page_step(step, page)

    def fetch(self, item: Item) -> Fetched:
        target = self._targets.get(item.key)
        if target is None:
            raise NotFound("the file is no longer listed", where=item.name, fix="run again")
        answer = self._download(target)
        suspicion = self._suspicion(answer, target.step)
        if suspicion == "login_page":
            # Sent away to another address: the session has ended. Not sent away: prove the session before believing the file.
            if _path(answer.url) != _path(target.url):
                self._log_in()
            else:
                self._opened(target.page_url)
            answer = self._download(target)
            suspicion = self._suspicion(answer, target.step)
        meta = {"url": urllib.parse.urlsplit(answer.url).path}
        if suspicion:
            meta["suspicion"] = suspicion
        name = answer.headers.get_filename()
        if name and "." not in item.name:
            item = dataclasses.replace(item, name=name)
        return Fetched(dataclasses.replace(item, size=len(answer.content)), answer.content, meta)

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            self._check_terms()
            first = next((step for step in self.recipe.steps if step.goto is not None), None)
            self._opened(self._address(first.goto if first and first.goto else "/"))
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, "logged in")

    # pages -------------------------------------------------------------------------------------------------------------

    def _page_step(self, step: Step, page: Page | None) -> Page:
        if step.goto is not None:
            return self._opened(self._address(step.goto), {name: self._value(value) for name, value in step.with_.items()})
        if page is None:
            raise ManifestError("the first step must be goto:", where=f"{self.source.path}/portal.yml")
        return self._acted(step, page)

    def _acted(self, step: Step, page: Page) -> Page:
        """The page after a fill or a click."""
        if step.fill is not None:
            for selector, value in step.fill.items():
                page.fill(selector, self._value(value))
            return page
        sent = page.click(step.click or "")
        session = self._session()
        if sent.method == "post":
            self._only_in_private(sent.url, (value for _, value in sent.fields))
            return Page(session.post(sent.url, sent.fields))
        return Page(session.get(sent.url, dict(sent.fields)))

    def _opened(self, url: str, query: dict[str, str] | None = None) -> Page:
        """A page as a logged-in visitor sees it; logs in when the session has ended."""
        page = Page(self._session().get(url, query))
        if page.has(self.recipe.logged_in_if):
            return page
        self._log_in()
        page = Page(self._session().get(url, query))
        if not page.has(self.recipe.logged_in_if):
            raise TransientError("the page does not show that we are logged in, right after the login", where=page.url.split("?")[0])
        return page

    def _log_in(self) -> None:
        name = self.around.account_name
        if name in self.around.refused:
            raise self.around.refused[name]
        page: Page | None = None
        for step in self.recipe.login:
            if step.goto is not None:
                page = Page(self._session().get(self._address(step.goto)))
            elif page is not None:
                page = self._acted(step, page)
        if page is None or not page.has(self.recipe.logged_in_if):
            error = AccessRefused(
                "the portal refused the login (it came back to a page without the mark of a logged-in one)",
                where=self._address("/"),
                fix="check user and password by hand in a browser; it was tried once",
            )
            self.around.refused[name] = error
            raise error
        if self.around.sessions is not None:
            self.around.sessions.session_put(name, self._session().cookies_saved())

    # items -------------------------------------------------------------------------------------------------------------

    def _listed(self, step: Step, page: Page, known: Container[str], waiting: list[str]) -> Iterator[Item]:
        """Items of all pages of a list, the oldest (last listed) first."""
        links: dict[str, tuple[Link, str]] = {}
        for each in self._pages(step, page, waiting):
            before = len(links)
            for link in each.links(step.links or ""):
                links.setdefault(self._key(link), (link, each.url))
            if len(links) == before:
                break
        for key, (link, page_url) in reversed(links.items()):
            if key not in known:
                self._targets[key] = _Target(link.url, {}, page_url, step)
                yield Item(key, link.name, None, link.published_at, {"via": "portal", "path": _path(link.url), "row": link.row})

    def _pages(self, step: Step, page: Page, waiting: list[str]) -> Iterator[Page]:
        paginate = step.paginate
        yield page
        if paginate is None:
            return
        number = paginate.start
        while page.has(paginate.until):
            number += 1
            if number - paginate.start >= paginate.most:
                waiting.append(f"pages after page {number - 1} (paginate: most)")
                return
            page = self._opened(_with_query(page.url, paginate.param, str(number)))
            yield page

    def _export(self, step: Step, page: Page | None, known: Container[str]) -> Iterator[Item]:
        """The file that an address gives for a period; each period is one item."""
        query = {name: self._value(value) for name, value in step.with_.items()}
        key = derived_id("export", step.fetch, sorted(query.items()))
        if key in known:
            return
        url = self._address(step.fetch or "")
        first = next((each.goto for each in self.recipe.steps if each.goto is not None), None)
        self._targets[key] = _Target(url, query, page.url if page else self._address(first or "/"), step)
        name = _path(url).rstrip("/").rsplit("/", 1)[-1]
        yield Item(key, name, None, self.around.clock.now(), {"via": "portal", "path": _path(url), "period": str(self._span)})

    def _download(self, target: _Target) -> Answer:
        return self._session().get(target.url, target.query or None)

    def _suspicion(self, answer: Answer, step: Step) -> str:
        """Reason code of what is wrong with a download; the bytes are landed all the same, and the reader decides."""
        from taihu.formats.kind import kind_of
        from taihu.formats.login_page import is_login_page

        if is_login_page(answer.content):
            return "login_page"
        if not answer.content:
            return "empty_file"
        wanted = step.expect.kind
        return "wrong_kind" if wanted is not None and kind_of(answer.content) != wanted else ""

    def _key(self, link: Link) -> str:
        parts = urllib.parse.urlsplit(link.url)
        return derived_id("portal file", parts.path, parts.query, link.row)

    # small things ------------------------------------------------------------------------------------------------------

    def _session(self) -> WebSession:
        def opened() -> WebSession:
            session = WebSession(())
            saved = self.around.sessions.session_get(self.around.account_name) if self.around.sessions else None
            if saved:
                session.cookies_restored(saved)
            return session

        self.around.login(self.source)
        session = self.around.connected(opened)
        session.allow(self.recipe.hosts)
        return session

    def _address(self, path: str) -> str:
        """An absolute address: relative ones start at the account's ``url:``, or at the first host."""
        base = (self.around.account.url if self.around.account else None) or f"https://{self.recipe.hosts[0]}"
        return urllib.parse.urljoin(base.rstrip("/") + "/", path)

    def _value(self, text: str) -> str:
        account = self.around.login(self.source)
        known: dict[str, Callable[[], str]] = {
            "account.user": lambda: account.user or "",
            "account.password": self.around.password,
            "period.start": lambda: self._span.start.isoformat(),
            "period.end": lambda: self._span.end.isoformat(),
            "period.last": lambda: (self._span.end - dt.timedelta(days=1)).isoformat(),
        }
        return known[text]() if text in known else text

    def _only_in_private(self, url: str, values: Iterator[str]) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not is_this_machine(parts.hostname or "") and self.around.password() in set(values):
            raise AccessRefused(
                "the password would be sent without encryption", where=url.split("?")[0], fix="use the portal's https address"
            )

    def _check_terms(self) -> None:
        today = self.around.clock.now().astimezone(SHANGHAI).date()
        if today > self.recipe.terms.until:
            raise TerminalError(
                f"the permission to automate this portal ended on {self.recipe.terms.until}",
                where=f"{self.source.path}/portal.yml",
                fix="renew the agreement, then change terms: until:",
            )

    def _yesterday(self) -> Span:
        today = self.around.clock.now().astimezone(SHANGHAI).date()
        return Span(today - dt.timedelta(days=1), today)


def _path(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def _with_query(url: str, name: str, value: str) -> str:
    parts = urllib.parse.urlsplit(url)
    query = [(key, known) for key, known in urllib.parse.parse_qsl(parts.query) if key != name]
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode([*query, (name, value)])))
