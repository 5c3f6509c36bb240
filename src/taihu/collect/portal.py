"""``via: portal``: log in as ``portal.yml`` says, and take the files that its steps lead to.

The recipe is walked by one of two engines (:mod:`taihu.collect.portal_engine`). Every download is looked at before it is landed: a login
page in place of a file means that the session has ended, so the session is proven and the file asked for again; what is still not of
the agreed kind is landed with its suspicion, and the reader refuses it. Rows and period are checked after reading, by ``run``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.message
import re
import time
import urllib.parse
from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial

from taihu.collect.interface import Connector, Health
from taihu.collect.page import Link, nothing_fits, table_as_csv
from taihu.collect.portal_engine import PortalEngine
from taihu.collect.portal_periods import divided, whole_periods
from taihu.collect.portal_trace import trace_of
from taihu.collect.portal_walk import Person, Walk
from taihu.collect.web_session import Answer
from taihu.core.clock import SHANGHAI
from taihu.core.errors import AccessRefused, ManifestError, NotFound, SourcePaused, TaihuError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.portal import PortalFile, Step
from taihu.manifest.words import parse_duration

_MOST_NAMES = 3
_ONE_THING = re.compile(r"text=.*|(?:css=)?\w*#[\w-]+")
_Work = Callable[[], Text]


@dataclasses.dataclass(frozen=True, slots=True)
class _Target:
    """How an item's bytes are had: from an address, by pressing the step's button, or they are here already (a table)."""

    walk: Walk
    number: int
    url: str = ""
    query: dict[str, str] = dataclasses.field(default_factory=dict)
    page_url: str = ""
    content: bytes | None = None

    @property
    def step(self) -> Step:
        return self.walk.recipe.steps[self.number]


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsed:
    """A step of a dry walk: whether it went well, how long it took, and what it showed."""

    step: str
    ok: bool
    seconds: float
    detail: Text


class PortalConnector(Connector):
    """Files of one recipe. A file is known by its address and by the row that it is listed in (a new time is a new version)."""

    title = Text("供应商门户", "Portal")
    account_kinds = ("portal",)
    person: Person | None = None

    _waiting: Sequence[str] = ()
    _ready: PortalEngine | None = None

    @property
    def recipe(self) -> PortalFile:
        if self.source.portal is None:
            raise ManifestError("via: portal needs a portal.yml beside source.yml", where=self.source.path)
        return self.source.portal

    @property
    def asks_for_days(self) -> bool:
        return self.recipe.asks_period

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._check_terms()
        self._targets: dict[str, _Target] = {}
        waiting: list[str] = []
        self._waiting = waiting
        given: set[str] = set()
        for asked in self._periods(span):
            walk = self._new_walk(asked)
            if self._has_come(walk, known):
                continue
            try:
                for item in self._walked(walk, known, waiting):
                    if item.key not in given:
                        given.add(item.key)
                        yield item
                walk.log_out()
            except TaihuError as error:
                self._keep_trace(error, walk)
                raise
            self._keep_outlines(walk)

    def fetch(self, item: Item) -> Fetched:
        target = self._targets.get(item.key)
        if target is None:
            raise NotFound("the file is no longer listed", where=item.name, fix="run again")
        try:
            answer, suspicion = self._downloaded(target)
        except TaihuError as error:
            self._keep_trace(error, target.walk)
            raise
        meta = {"url": _path(answer.url)} | ({"suspicion": suspicion} if suspicion else {})
        name = answer.headers.get_filename()
        if name and "." not in item.name:
            item = dataclasses.replace(item, name=name)
        item = dataclasses.replace(item, size=len(answer.content), meta={**item.meta, **meta})
        return Fetched(item, answer.content, meta)

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            self._check_terms()
            walk = self._new_walk(self._periods(None)[-1])
            walk.open(self._first_page(walk))
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))
        return Health(True, "logged in")

    def rehearse(self) -> Iterator[Rehearsed]:
        """Walk the recipe up to its downloads without taking any; the last step is the one that failed, if one did."""
        walk = self._new_walk(self._periods(None)[-1])
        for label, work in self._rehearsals(walk):
            started = time.monotonic()
            try:
                detail = work()
            except TaihuError as error:
                self._keep_trace(error, walk)
                told = "\n".join(part for part in (error.what, error.fix) if part)
                yield Rehearsed(label, False, time.monotonic() - started, Text(told, told))
                return
            yield Rehearsed(label, True, time.monotonic() - started, detail)

    def log_in_by_hand(self, person: Person, *, headed: bool = True) -> None:
        """Let a person log in in an open browser, up to the last step that asks for one; the session is kept, sealed.

        Where the recipe asks for a person, its other steps are done for them; where it does not, all of the login is theirs.

        Raises:
            AccessRefused: The portal refused the login.
        """
        from taihu.collect.portal_browser import BrowserEngine

        self._check_terms()
        self.person = person
        engine = BrowserEngine(headed=headed)
        engine.allow(self.recipe.hosts)
        saved = self.around.sessions.session_get(self.around.account_name) if self.around.sessions else None
        if saved:
            engine.session_restored(saved)
        self.around.refused = {}  # a person tries, and sees what comes of it
        walk = self._new_walk(self._periods(None)[-1], engine)
        asked = [number for number, step in enumerate(self.recipe.steps) if step.human is not None]
        try:
            walk.open(self._first_page(walk))
            for number, step in enumerate(self.recipe.steps[: asked[-1] + 1] if asked else ()):
                if not step.collects:
                    walk.step(number)
            if self.around.sessions is not None:
                self.around.sessions.session_put(self.around.account_name, engine.session_saved())
        except TaihuError as error:
            self._keep_trace(error, walk)
            raise
        finally:
            engine.close()

    # walking -----------------------------------------------------------------------------------------------------------

    def _walked(self, walk: Walk, known: Container[str], waiting: list[str]) -> Iterator[Item]:
        for number, step in enumerate(self.recipe.steps):
            if step.fetch is not None:
                yield from self._exported(walk, number, known)
            elif step.collects:
                walk.reach(number)
                if step.table is not None:
                    yield from self._tabled(walk, number, known, waiting)
                elif self._is_button(walk, step):
                    yield from self._pressed(walk, number, known)
                else:
                    yield from self._listed(walk, number, known, waiting)
            else:
                walk.step(number)

    def _is_button(self, walk: Walk, step: Step) -> bool:
        """Whether a download is pressed; where nothing fits, a list may be empty, but one certain thing must be there."""
        selector = step.download or ""
        if walk.engine.links(selector):
            return False
        if walk.engine.has(selector):
            return True
        if _ONE_THING.fullmatch(selector):
            raise nothing_fits(selector, walk.engine.place)
        return False

    def _exported(self, walk: Walk, number: int, known: Container[str]) -> Iterator[Item]:
        """The file that an address gives for a period; each period is one item."""
        step = self.recipe.steps[number]
        key, url = self._export_key(walk, step), walk.address(step.fetch or "")
        if key not in known:
            page = walk.engine.url if walk.engine.walker is walk else ""
            self._targets[key] = _Target(walk, number, url, walk.query(step), page or self._first_page(walk))
            yield self._item(walk, key, _path(url).rstrip("/").rsplit("/", 1)[-1], step, {"path": _path(url), "period": str(walk.span)})

    def _pressed(self, walk: Walk, number: int, known: Container[str]) -> Iterator[Item]:
        """The file that a button makes of what was filled in before; each period is one item."""
        step = self.recipe.steps[number]
        key = derived_id("button", step.download, str(walk.span))
        if key not in known:
            self._targets[key] = _Target(walk, number, walk.engine.url, page_url=walk.engine.url)
            yield self._item(walk, key, "download", step, {"path": _path(walk.engine.url), "period": str(walk.span)})

    def _listed(self, walk: Walk, number: int, known: Container[str], waiting: list[str]) -> Iterator[Item]:
        """Items of all pages of a list, the oldest (last listed) first."""
        step = self.recipe.steps[number]
        links: dict[str, tuple[Link, str]] = {}
        for page_url in self._pages(walk, step, waiting):
            before = len(links)
            for link in walk.engine.links(step.download or ""):
                links.setdefault(_link_key(link), (link, page_url))
            if len(links) == before:
                break
        period = {"period": str(walk.span)} if self.recipe.asks_period else {}
        for key, (link, page_url) in reversed(links.items()):
            if key not in known:
                self._targets[key] = _Target(walk, number, link.url, {}, page_url)
                meta = {"via": "portal", "step": step.label, "path": _path(link.url), "row": link.row, **period}
                yield Item(key, link.name, None, link.published_at, meta)

    def _tabled(self, walk: Walk, number: int, known: Container[str], waiting: list[str]) -> Iterator[Item]:
        """The page's table as a file, known by its content."""
        step = self.recipe.steps[number]
        tables: list[str] = []
        place = walk.engine.url
        for _ in self._pages(walk, step, waiting):
            found = walk.engine.tables(step.table or "")
            if found == tables[-len(found) :] and tables:
                break
            tables += found
        if not tables:
            raise nothing_fits(step.table or "", walk.engine.place)
        if step.as_ == "csv":
            content = table_as_csv(tables)
        else:
            content = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{"".join(tables)}</body></html>'.encode()
        asked = str(walk.span) if self.recipe.asks_period else ""
        key = derived_id("table", step.table, _path(place), asked, sha256_of(content))
        if key not in known:
            self._targets[key] = _Target(walk, number, place, page_url=place, content=content)
            name = f"{_path(place).strip('/').replace('/', '_') or 'table'}.{step.as_}"
            yield self._item(walk, key, name, step, {"path": _path(place), "period": str(walk.span)})

    def _pages(self, walk: Walk, step: Step, waiting: list[str]) -> Iterator[str]:
        """Open one page of a list after the other; gives their addresses."""
        paginate, engine = step.paginate, walk.engine
        yield engine.url
        number = 1
        while paginate is not None and engine.has(paginate.next or paginate.until or ""):
            if number >= paginate.most:
                waiting.append(f"pages after page {number} (paginate: most)")
                return
            if paginate.next is not None:
                walk.follow(paginate.next)
            else:
                walk.open(_with_query(engine.url, paginate.param or "", str(paginate.start + number)))
            number += 1
            yield engine.url
        if number > 1:
            engine.walker = None  # the page of the step itself is not open any more

    # downloads ---------------------------------------------------------------------------------------------------------

    def _downloaded(self, target: _Target) -> tuple[Answer, str]:
        answer = self._asked(target)
        suspicion = _suspicion(answer, target.step)
        if suspicion == "login_page" and target.content is None:
            # Sent away to another address: the session has ended. Not sent away: prove the session before believing the file.
            if _path(answer.url) != _path(target.url):
                target.walk.log_in()
            else:
                target.walk.open(target.page_url)
                target.walk.engine.walker = None
            answer = self._asked(target)
            suspicion = _suspicion(answer, target.step)
        return answer, suspicion

    def _asked(self, target: _Target) -> Answer:
        if target.content is not None:
            return Answer(target.url, 200, _no_headers(), target.content)
        if target.step.fetch is None and target.url == target.page_url:
            target.walk.reach(target.number)
            return target.walk.engine.take(target.step.download or "")
        answer = target.walk.engine.get(target.url, target.query or None)
        # A server in trouble may answer 200 and nothing: that is asked for a second time before it is believed.
        return answer if answer.content else target.walk.engine.get(target.url, target.query or None)

    # rehearsing --------------------------------------------------------------------------------------------------------

    def _rehearsals(self, walk: Walk) -> Iterator[tuple[str, _Work]]:
        def permitted() -> Text:
            self._check_terms()
            terms = self.recipe.terms
            return Text(f"{terms.allowed_by}，至 {terms.until}", f"{terms.allowed_by}, until {terms.until}")

        def logged_in() -> Text:
            walk.open(self._first_page(walk))
            return Text("新登录", "logged in") if walk.logins else Text("沿用已保存的会话", "the kept session is still good")

        def done(number: int) -> Text:
            walk.step(number)
            return Text(_path(walk.engine.url), _path(walk.engine.url))

        yield "terms", permitted
        yield "login", logged_in
        for number, step in enumerate(self.recipe.steps):
            yield step.label, partial(self._offer, walk, number) if step.collects else partial(done, number)

    def _offer(self, walk: Walk, number: int) -> Text:
        """What a collecting step would take now."""
        step = self.recipe.steps[number]
        self._targets = {}
        if step.fetch is not None:
            query = urllib.parse.urlencode(walk.query(step))
            address = _path(walk.address(step.fetch)) + (f"?{query}" if query else "")
            return Text(f"将取 {address}", f"would fetch {address}")
        walk.reach(number)
        if step.download and self._is_button(walk, step):
            return Text("将按此按钮下载", "would press it and take the file")
        items = list(self._tabled(walk, number, (), []) if step.table else self._listed(walk, number, (), []))
        names = "、".join(item.name for item in items[-_MOST_NAMES:]), ", ".join(item.name for item in items[-_MOST_NAMES:])
        more = len(items) > _MOST_NAMES
        return Text(f"{len(items)} 个文件：{names[0]}{' 等' if more else ''}", f"{len(items)} files: {names[1]}{', ...' if more else ''}")

    # small things ------------------------------------------------------------------------------------------------------

    def _new_walk(self, span: Span, engine: PortalEngine | None = None) -> Walk:
        account = self.around.login(self.source)
        engine_of = self._engine if engine is None else lambda: engine
        return Walk(self.recipe, engine_of, self.around, account, span, name=self.source.name, person=self.person)

    def _engine(self) -> PortalEngine:
        if self._ready is not None and self.around.shared.get(self.around.account_name) is self._ready:
            return self._ready

        def opened() -> PortalEngine:
            engine = engine_class(self.recipe.engine)()
            saved = self.around.sessions.session_get(self.around.account_name) if self.around.sessions else None
            if saved:
                engine.session_restored(saved)
            return engine

        engine = self.around.connected(opened)
        if not isinstance(engine, engine_class(self.recipe.engine)):
            raise ManifestError(
                f"another source of account {self.around.account_name!r} uses the other engine",
                where=f"{self.source.path}/portal.yml",
                fix="one account has one session: give both recipes the same engine:",
            )
        engine.allow(self.recipe.hosts)
        engine.pace = max(engine.pace, parse_duration(self.recipe.pace).total_seconds())
        self._ready = engine
        return engine

    def _first_page(self, walk: Walk) -> str:
        return walk.address(next((step.goto for step in self.recipe.steps if step.goto is not None), "/"))

    def _has_come(self, walk: Walk, known: Container[str]) -> bool:
        """Whether all that a walk could give has been collected, so that the portal need not be contacted at all."""
        collecting = [step for step in self.recipe.steps if step.collects]
        return all(step.fetch is not None and self._export_key(walk, step) in known for step in collecting)

    def _export_key(self, walk: Walk, step: Step) -> str:
        query = sorted(walk.query(step).items())
        return derived_id("export", step.fetch, query, *([] if self.recipe.asks_period else [str(walk.span)]))

    def _item(self, walk: Walk, key: str, name: str, step: Step, meta: dict[str, str]) -> Item:
        return Item(key, name, None, self.around.clock.now(), {"via": "portal", "step": step.label, **meta})

    def _periods(self, span: Span | None) -> list[Span]:
        """The periods that are asked for, oldest first."""
        today = self.around.clock.now().astimezone(SHANGHAI).date()
        rule = self.recipe.period
        if rule is None or not self.recipe.asks_period:
            return [span or Span(today - dt.timedelta(days=1), today)]
        if span is None:
            return whole_periods(rule.each, rule.back, today)
        return divided(rule.each, span)

    def _check_terms(self) -> None:
        today = self.around.clock.now().astimezone(SHANGHAI).date()
        if today > self.recipe.terms.until:
            raise SourcePaused(
                "terms_ended",
                f"the permission to automate this portal ended on {self.recipe.terms.until}",
                where=f"{self.source.path}/portal.yml",
                fix="renew the agreement, then change terms: until:",
            )

    def _keep_outlines(self, walk: Walk) -> None:
        traces = self.around.traces
        if traces is not None and walk.journal.outlines and walk.journal.saved != traces.outline_get(self.source.name):
            traces.outline_put(self.source.name, walk.journal.saved)

    def _keep_trace(self, error: TaihuError, walk: Walk) -> None:
        traces = self.around.traces
        if traces is None or isinstance(error, SourcePaused):
            return
        try:
            engine = walk.engine
            if not engine.url:
                return  # no page was ever open: the error says it all
            before = traces.outline_get(self.source.name)
            content = trace_of(walk.journal, error, engine, clock=self.around.clock, secrets=walk.secrets, before=before)
        except TaihuError:
            return  # the engine is gone; the error itself is what counts
        traces.trace_put(self.source.name, content)


def engine_class(name: str) -> type[PortalEngine]:
    """The engine of a recipe's ``engine:``; its module is imported only now."""
    if name == "browser":
        from taihu.collect.portal_browser import BrowserEngine

        return BrowserEngine
    from taihu.collect.portal_plain import PlainEngine

    return PlainEngine


def _suspicion(answer: Answer, step: Step) -> str:
    """Reason code of what is wrong with a download; the bytes are landed all the same, and the reader decides."""
    from taihu.formats.kind import kind_of
    from taihu.formats.login_page import is_login_page

    if step.table is None and is_login_page(answer.content):
        return "login_page"
    if not answer.content:
        return "empty_file"
    wanted = step.expect.kind
    return "wrong_kind" if wanted is not None and kind_of(answer.content) != wanted else ""


def _link_key(link: Link) -> str:
    parts = urllib.parse.urlsplit(link.url)
    return derived_id("portal file", parts.path, parts.query, link.row)


def _no_headers() -> email.message.Message:
    return email.message.Message()


def _path(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def _with_query(url: str, name: str, value: str) -> str:
    parts = urllib.parse.urlsplit(url)
    query = [(key, known) for key, known in urllib.parse.parse_qsl(parts.query) if key != name]
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode([*query, (name, value)])))
