"""Handing finished reports over: one outbox row for each recipient, sent at most once without a person's word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from taihu.core.ids import derived_id
from taihu.core.types import Lang
from taihu.ledger.records import OutboxRow, Output, Publication
from taihu.manifest.roles import Person
from taihu.run.cube import Filter

if TYPE_CHECKING:
    from taihu.deliver.mail import MailBody
    from taihu.deliver.outbox import Channel, Parcel
    from taihu.project.workspace import Workspace

Bodies = Mapping[tuple[str, Lang], "MailBody"]


def whose(where: Filter) -> str:
    """Name of an audience in file names: its row filter's values, or ``all``."""
    return "-".join(value for _, value in where) or "all"


def post(ws: Workspace, publication: Publication, recipients: Sequence[tuple[Person, str, Filter]], bodies: Bodies) -> None:
    """Put a message for every recipient into the outbox; messages that are there already stay as they are.

    Args:
        recipients: Person, channel (an account of ``taihu.yml``) and row filter.
        bodies: Mail bodies by audience and language.
    """
    outputs = ws.ledger.outputs(publication.id)
    with ws.ledger.together():
        for person, channel, where in recipients:
            body = bodies.get((whose(where), person.lang))
            if channel == "folder" or body is None:
                continue
            files = _attachments(outputs, whose(where), person.lang)
            ws.ledger.outbox_put(
                publication.id,
                channel=channel,
                recipient=person.mail,
                outputs=[output.sha256 for output in files],
                meta={"subject": body.subject, "text": body.text, "lang": person.lang, "audience": whose(where)},
                key=derived_id("message", publication.id, channel, person.mail),
            )


def _attachments(outputs: Sequence[Output], audience: str, lang: str) -> list[Output]:
    return [output for output in outputs if output.audience == audience and output.lang == lang and output.format in ("xlsx", "pdf")]


def send(ws: Workspace) -> None:
    """Send what waits in the outbox through the accounts that the project names."""
    pending = ws.ledger.outbox_pending()
    if not pending:
        return
    from taihu.deliver.outbox import send_pending

    channels = {name: channel for name in {row.channel for row in pending} if (channel := _channel(ws, name))}
    issued_at = cache(lambda publication_id: ws.ledger.publication(publication_id).issued_at)
    outputs = cache(ws.ledger.outputs)
    send_pending(ws.ledger, channels, lambda row: _packed(ws, row, issued_at(row.publication_id), outputs(row.publication_id)), ws.clock)


def _channel(ws: Workspace, name: str) -> Channel | None:
    from taihu.deliver.outbox import SmtpChannel

    account = ws.tree.file.accounts.get(name)
    if account is None or account.kind != "smtp" or account.host is None:
        return None
    reference = account.password
    return SmtpChannel(
        account.host,
        account.port or (465 if account.tls else 25),
        sender=f"{account.user or 'taihu'}@{account.host}" if "@" not in (account.user or "") else str(account.user),
        user=account.user if reference else None,
        password=(lambda: ws.secret(reference).reveal()) if reference else None,
        tls=account.tls,
    )


def _packed(ws: Workspace, row: OutboxRow, issued_at: dt.datetime, outputs: Sequence[Output]) -> Parcel:
    from taihu.deliver.mail import MailBody
    from taihu.deliver.outbox import Parcel

    audience, lang = row.meta["audience"], row.meta["lang"]
    html = next(output for output in outputs if output.audience == audience and output.lang == lang and output.format == "mail")
    body = MailBody(row.meta["subject"], ws.objects.get(html.sha256).decode(), row.meta["text"])
    files = {output.name: ws.objects.get(output.sha256) for output in _attachments(outputs, audience, lang)}
    return Parcel(row.id, row.recipient, issued_at, files, body)
