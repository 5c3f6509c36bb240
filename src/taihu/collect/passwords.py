"""Mails that bring the passwords of archives: which connector fetches them, and what in them is a password."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from taihu.collect.registry import connector
from taihu.core.errors import ManifestError
from taihu.formats.kind import kind_of
from taihu.formats.text import decode
from taihu.manifest.passwords import PasswordFrom
from taihu.manifest.project import Account
from taihu.manifest.source import Collect
from taihu.manifest.tree import Source

_WAYS = ("mailbox", "graph")
_OF_THE_RULE = ("where", "body", "links", "inline_images", "after")
_HIDDEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|div|br|tr|td|th|li|table|h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SENTENCE_ENDS = re.compile(r"[，。；、！？）】》”]")
_MOST_TEXT = 1 << 18
_MOST_FOUND = 10


def note_source(source: Source, rule: PasswordFrom, accounts: Mapping[str, Account]) -> Source:
    """The source as a connector must see it to fetch the mails with its passwords: their bodies and nothing else.

    Raises:
        ManifestError: There is no such account, or mails cannot be fetched with it.
    """
    place = f"{source.path}/source.yml"
    collect = source.file.collect
    options: dict[str, Any] = {}
    if rule.account is None or rule.account == collect.account:
        via, account = collect.via, collect.account
        options = {key: value for key, value in collect.options.items() if key not in _OF_THE_RULE}
    else:
        account = rule.account
        if account not in accounts:
            raise ManifestError(f"account {account!r} is not in taihu.yml", where=place, fix="correct read: password_from: account:")
        via = next((way for way in _WAYS if accounts[account].kind in connector(way).account_kinds), "")
    if not via or "where" not in connector(via).Options.model_fields:
        raise ManifestError("password_from: needs a way to mails", where=place, fix="name a mail account in read: password_from: account:")
    if rule.folder is not None:
        options["folder"] = list(rule.folder)
    where = {"from": list(rule.sender), "subject": list(rule.subject), "attachment": []}
    shadow = Collect(via=via, account=account, **{**options, "where": where, "body": "always"})
    return replace(source, name=f"{source.name}.passwords", file=source.file.model_copy(update={"collect": shadow}))


def passwords_in(content: bytes, subject: str, pattern: str) -> list[str]:
    """The passwords that a mail may state, most likely first; a person's sentence may go on right behind one.

    Args:
        content: The mail's body, text or HTML.
        subject: Its subject.
        pattern: Regular expression with the group ``password``.
    """
    found: dict[str, None] = {}
    for text in _texts(content, subject):
        for match in re.finditer(pattern, text):
            stated = match["password"] or ""
            short = _SENTENCE_ENDS.split(stated, maxsplit=1)[0]
            for candidate in (stated, short, short.rstrip(".,;:!?)'\"")):
                if candidate:
                    found.setdefault(candidate)
    return list(found)[:_MOST_FOUND]


def _texts(content: bytes, subject: str) -> Iterator[str]:
    body = decode(content[:_MOST_TEXT]).text
    if kind_of(content) == "html" or _TAG.search(body):
        plain = _BLOCK.sub("\n", _HIDDEN.sub(" ", body))
        # A tag may part a word or join two; the archive itself tells which reading is right.
        for between in ("", " "):
            yield html.unescape(_TAG.sub(between, plain))
    else:
        yield body
    yield subject
