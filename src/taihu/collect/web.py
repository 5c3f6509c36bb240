"""``via: web``: one page or file at a public address, fetched again only when the site says that it changed, or the files it links to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import json
import urllib.parse
from collections.abc import Container, Iterator, Sequence
from pathlib import PurePosixPath

from pydantic import Field

from taihu.collect.interface import Connector, Health
from taihu.collect.page import Link, Page
from taihu.collect.robots import require_permission
from taihu.collect.web_session import Answer, WebSession
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TaihuError
from taihu.core.ids import derived_id, sha256_of
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.strict import Frozen


class WebOptions(Frozen):
    """Which page."""

    path: str | None = Field(default=None, description="Address, or what is joined to the account's url:", examples=["rates/today.html"])
    links: str | None = Field(
        default=None, description="Take the files that this selector of the page links to, not the page", examples=["table.notices a"]
    )
    hosts: tuple[str, ...] = Field(
        default=(), description="Other hosts that links may lead to; links to all others are left out", examples=[["files.site.example"]]
    )


class WebConnector(Connector):
    """The page at ``url:`` of the account joined with ``path:`` of the source.

    The cursor is what the site said of the version that was collected last (ETag, Last-Modified), its hash, and the day on which its
    ``robots.txt`` was last asked. With ``links:`` the page's links are the items, known by address and by the row that they stand in.
    """

    title = Text("网页", "Web page")
    says_unchanged = True
    Options = WebOptions
    options: WebOptions

    _cursor: str | None = None
    _held: tuple[str, Answer, str] | None = None
    _targets: dict[str, Link] | None = None
    _left_out: Sequence[str] = ()

    @property
    def url(self) -> str:
        """The page's address."""
        base = (self.around.account.url if self.around.account else None) or ""
        url = urllib.parse.urljoin(base, self.options.path or "")
        if not url.startswith(("http://", "https://")):
            raise ManifestError(
                "via: web needs an address (url: of the account, path: of the source)", where=f"{self.source.path}/source.yml"
            )
        return url

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        last = self._permitted(_parse_cursor(cursor))
        self._cursor = cursor = json.dumps(last, sort_keys=True) if last else cursor
        targets: dict[str, Link] = {}
        self._targets = targets
        if self.options.links is not None:
            yield from self._linked(known, targets)
            return
        conditions = {"If-None-Match": last.get("etag", ""), "If-Modified-Since": last.get("modified", "")}
        answer = self._session().get(self.url, headers={name: value for name, value in conditions.items() if value})
        if answer.status == 304:
            return
        if not answer.content:
            # A server in trouble may answer 200 and nothing: that is asked for a second time before it is believed.
            answer = self._session().get(self.url)
        sha = sha256_of(answer.content)
        following = json.dumps(
            {
                "etag": answer.headers.get("ETag", ""),
                "modified": answer.headers.get("Last-Modified", ""),
                "sha256": sha,
                "after": last.get("sha256", ""),
                **({"robots": last["robots"]} if "robots" in last else {}),
            },
            sort_keys=True,
        )
        if sha == last.get("sha256"):
            self._cursor = cursor if cursor and last.get("etag") == answer.headers.get("ETag", "") else following
            return
        # The version before is part of the key: a page that goes back to an earlier state has changed all the same.
        key = derived_id("page", self.options.path or self.url, last.get("sha256", ""), sha)
        if key in known:
            self._cursor = following
            return
        self._held = (key, answer, following)
        name = PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(answer.url).path)).name or "index.html"
        yield Item(key, name, len(answer.content), self._received(answer), {"via": "web", "url": self.url})

    def fetch(self, item: Item) -> Fetched:
        link = (self._targets or {}).get(item.key)
        if link is not None:
            answer = self._session().get(link.url)
            name = answer.headers.get_filename()
            if name and "." not in item.name:
                item = dataclasses.replace(item, name=name)
            return Fetched(dataclasses.replace(item, size=len(answer.content)), answer.content)
        if self._held is None or self._held[0] != item.key:
            raise NotFound("the page is no longer as it was found", where=self.url, fix="run again")
        self._cursor = self._held[2]
        return Fetched(item, self._held[1].content)

    def cursor(self) -> str | None:
        return self._cursor

    def waiting(self) -> Sequence[str]:
        return self._left_out

    def probe(self) -> Health:
        try:
            return Health(True, f"{len(self._session().get(self.url).content)} bytes")
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))

    def _session(self) -> WebSession:
        return WebSession(self._hosts())

    def _hosts(self) -> list[str]:
        return [urllib.parse.urlsplit(self.url).hostname or "", *self.options.hosts]

    def _permitted(self, last: dict[str, str]) -> dict[str, str]:
        """The cursor's facts once the site allows programs here; asked once a day, of sites that need no login."""
        account, today = self.around.account, self.around.clock.now().date().isoformat()
        if (account is not None and account.user) or last.get("robots") == today:
            return last
        require_permission(self._session(), [self.url])
        return {**last, "robots": today}

    def _linked(self, known: Container[str], targets: dict[str, Link]) -> Iterator[Item]:
        """The files that the page links to, the oldest (last listed) first."""
        answer = self._session().get(self.url)
        links: dict[str, Link] = {}
        hosts = {host.lower() for host in self._hosts()}
        strange = set()
        for link in Page(answer).links(self.options.links or ""):
            parts = urllib.parse.urlsplit(link.url)
            if (parts.hostname or "").lower() in hosts:
                links.setdefault(derived_id("linked file", parts.netloc, parts.path, parts.query, link.row), link)
            else:
                strange.add(parts.hostname or "")
        self._left_out = [f"links to {host} (hosts:)" for host in sorted(strange)]
        for key, link in reversed(links.items()):
            if key not in known:
                targets[key] = link
                yield Item(key, link.name, None, link.published_at, {"via": "web", "url": link.url.split("?")[0], "row": link.row})

    def _received(self, answer: Answer) -> dt.datetime:
        """When the page says it changed, else now."""
        try:
            stated = email.utils.parsedate_to_datetime(answer.headers.get("Last-Modified", ""))
        except (ValueError, TypeError):
            return self.around.clock.now()
        return stated.astimezone(dt.UTC) if stated.tzinfo else stated.replace(tzinfo=dt.UTC)


def _parse_cursor(cursor: str | None) -> dict[str, str]:
    return dict(json.loads(cursor)) if cursor else {}
