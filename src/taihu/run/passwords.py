"""Passwords that come in a mail of their own: fetched like any other mail, kept sealed, tried on the archives that wait for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taihu.core.errors import ContentRefused, TaihuError
from taihu.core.types import Item
from taihu.ledger.passwords import PasswordNote
from taihu.manifest.passwords import PasswordFrom
from taihu.manifest.tree import Source
from taihu.manifest.words import parse_duration

if TYPE_CHECKING:
    from taihu.collect import Connections, Connector
    from taihu.collect.retry import Patience
    from taihu.project.workspace import Workspace

MISSING = "password_missing"


def collect_passwords(ws: Workspace, source: Source, connections: Connections, patience: Patience | None = None) -> str:
    """Fetch the new mails with passwords for a source; archives that wait for one of them are read again by this run.

    Returns:
        Why they could not be fetched, in one sentence; empty if they could (or the source has no such mails).
    """
    rule = source.file.read.password_from
    if rule is None:
        return ""
    from taihu.collect.passwords import note_source

    try:
        shadow = note_source(source, rule, ws.tree.file.accounts)
        _take(ws, source, shadow.name, rule, connections.open(shadow, patience))
    except Exception as error:  # the files themselves were collected; what the mail server says must not undo that
        what = error.what if isinstance(error, TaihuError) else f"the connector failed unexpectedly ({type(error).__name__})"
        ws.ledger.outcome("collect", f"{source.name}/passwords", status="failed", reason="not_collected", detail=what)
        return f"mails with passwords could not be fetched: {what}"
    return ""


def _take(ws: Workspace, source: Source, name: str, rule: PasswordFrom, connector: Connector) -> None:
    from taihu.collect.passwords import passwords_in

    cursor = ws.ledger.cursor(name)
    known = ws.ledger.known_items(name)
    notes: list[PasswordNote] = []
    seen: list[Item] = []
    for item in connector.discover(cursor, known):
        if item.key in known:
            continue
        seen.append(item)
        try:
            content = connector.fetch(item).content
        except ContentRefused:  # too large to be a note; it will not be smaller tomorrow
            continue
        passwords = passwords_in(content, item.meta.get("subject", ""), rule.pattern)
        if passwords:
            notes.append(PasswordNote(item.key, item.received_at or ws.clock.now(), tuple(passwords)))
    seen += connector.nothing()
    moved = connector.cursor()
    if not seen and moved in (None, cursor):
        return
    again = _waiting_for(ws, source, notes, parse_duration(rule.within))
    ws.ledger.passwords_found(source.name, cursor_of=name, notes=notes, seen=seen, cursor=moved, again=again)


def _waiting_for(ws: Workspace, source: Source, notes: Sequence[PasswordNote], within: dt.timedelta) -> list[str]:
    """Arrivals of the source that wait for a password and came near one of the notes."""
    if not notes:
        return []
    return [
        arrival.id
        for arrival in ws.ledger.arrivals(source=source.name, states=("held",))
        if arrival.reason == MISSING and any(abs(arrival.received_at - note.received_at) <= within for note in notes)
    ]
