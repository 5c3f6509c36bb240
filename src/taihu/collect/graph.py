"""``via: graph``: mails of Microsoft 365, also of the cloud that 21Vianet runs in China, over Microsoft Graph.

The cursor is a link for each folder that asks for what is new since then. Microsoft drops such links when it likes; then the folder is
gone through anew, and what was collected is known by its keys. Mails are only read: nothing is marked, moved or deleted.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Container, Iterator
from typing import Any, Literal

from pydantic import Field

from taihu.collect.graph_session import GraphSession
from taihu.collect.interface import Health, Surroundings
from taihu.collect.mail_items import Envelope, MailConnector, Ref
from taihu.collect.mail_rules import MailOptions
from taihu.core.errors import AccessRefused, ContentRefused, TerminalError
from taihu.core.ids import derived_id
from taihu.core.types import Item, Span, Text
from taihu.manifest.tree import Source
from taihu.manifest.words import OneOrMany


class GraphOptions(MailOptions):
    """Which folders, and which mails in them."""

    folder: OneOrMany = Field(default=("INBOX",), description="Mail folder or folders, by path", examples=[["INBOX", "流向/华东"]])
    cloud: Literal["global", "china"] = Field(default="global", description="Microsoft's cloud, or 21Vianet's in China", examples=["china"])


class GraphConnector(MailConnector):
    """Mails of some folders of one mailbox."""

    title = Text("Microsoft 365 邮箱", "Microsoft 365 mailbox")
    Options = GraphOptions
    account_kinds = ("graph",)
    options: GraphOptions

    def __init__(self, source: Source, around: Surroundings) -> None:
        self._links: dict[str, str] | None = None
        self._before: dict[str, str] = {}
        self._broke_off = False
        self._complete: dict[Ref, set[str]] = {}
        super().__init__(source, around)

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        # After a failure the round goes on behind the last page of which everything was fetched: being throttled must not begin it anew.
        resumed = self._links if self._broke_off and not self._open else None
        self._begin(span)
        self._before = _parse_cursor(cursor, self.options.mark)
        self._links = links = dict(self._before if resumed is None else resumed)
        self._broke_off = True
        for name in self.options.folder:
            yield from self._in_folder(name, links, known)
        self._broke_off = False

    def _in_folder(self, name: str, links: dict[str, str], known: Container[str]) -> Iterator[Item]:
        mark = derived_id("mail folder", name, length=6)
        for mails, following in self._pages(name, links.get(mark)):
            for mail in mails:
                yield from self._in_mail(name, mail, known)
            # A link that led to nothing new is kept: it still works, and a poll without news writes nothing.
            if mails or mark not in links:
                links[mark] = following

    def _pages(self, name: str, link: str | None) -> Iterator[tuple[list[dict[str, Any]], str]]:
        session = self._session()
        if link is not None:
            try:
                yield from session.pages(link)
                return
            except AccessRefused:
                raise
            except TerminalError:  # 410 Gone, or 400 with syncStateNotFound: the link is too old
                pass
        yield from session.pages(session.first_page(name))

    def _in_mail(self, folder: str, mail: dict[str, Any], known: Container[str]) -> Iterator[Item]:
        if "@removed" in mail or not isinstance(mail.get("id"), str):
            return
        envelope = _envelope(folder, mail)
        given = self._complete.get(envelope.ref)
        if (given is not None and given <= self._fetched) or not self._is_new(envelope, known):
            return
        self._held.clear()
        try:
            raw = self._raw(envelope.ref)
        except ContentRefused as error:
            yield from self._refuse(envelope, error.reason, known)
            return
        if raw is not None:
            yield from self._items_of(envelope, raw, known)

    def _given(self, ref: Ref, keys: set[str]) -> None:
        self._complete[ref] = {key for key in keys if key in self._places}

    def cursor(self) -> str | None:
        if self._links is None:
            return None
        open_folders = {derived_id("mail folder", name, length=6) for name, _ in self._open.values()}
        links = {mark: self._before.get(mark) if mark in open_folders else link for mark, link in self._links.items()}
        return json.dumps({"rule": self.options.mark, "links": {mark: link for mark, link in links.items() if link}}, sort_keys=True)

    def probe(self) -> Health:
        return self._probed(self.options.folder, lambda name: self._session().count(name))

    def _session(self) -> GraphSession:
        account = self.around.login(self.source)
        return self.around.connected(lambda: GraphSession(account, self.around.password(), self.options.cloud))

    def _raw(self, ref: Ref) -> bytes | None:
        return self._session().raw(str(ref[1]))


def _envelope(folder: str, mail: dict[str, Any]) -> Envelope:
    received = mail.get("receivedDateTime")
    return Envelope(
        (folder, mail["id"]),
        0,
        dt.datetime.fromisoformat(str(received).replace("Z", "+00:00")).astimezone(dt.UTC) if received else None,
        str(mail.get("internetMessageId") or ""),
        _address(mail.get("from")),
        str(mail.get("subject") or ""),
        tuple(_address(each) for name in ("toRecipients", "ccRecipients") for each in mail.get(name) or []),
    )


def _address(stated: Any) -> str:
    return str(((stated or {}).get("emailAddress") or {}).get("address") or "").lower()


def _parse_cursor(cursor: str | None, rule: str) -> dict[str, str]:
    known = json.loads(cursor) if cursor else {}
    return dict(known["links"]) if known.get("rule") == rule else {}
