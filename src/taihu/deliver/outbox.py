"""Sending what the outbox holds, at most once without a person's word.

A mail server can take a message and lose the line before it says so; sending again would then deliver twice. Therefore a message
whose answer was lost becomes *ambiguous* and rests, while one that was surely not handed over is tried again later.
"""

from __future__ import annotations

import datetime as dt
import os
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from taihu.core.boundary import reached
from taihu.core.clock import Clock
from taihu.core.errors import AccessRefused, NotFound, TaihuError, TerminalError, TransientError
from taihu.deliver.mail import MailBody, message

if TYPE_CHECKING:
    from taihu.ledger import Ledger
    from taihu.ledger.records import OutboxRow

_FIRST_WAIT = dt.timedelta(minutes=2)
_LONGEST_WAIT = dt.timedelta(hours=1)


class AnswerLost(TransientError):
    """The message may have left or not: the other side went silent after taking it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to leave: a body and files for a recipient. ``id`` is the outbox row's, and becomes the Message-ID."""

    id: str
    recipient: str
    issued_at: dt.datetime
    files: Mapping[str, bytes]
    body: MailBody | None = None


class Channel(Protocol):
    """A way out."""

    def send(self, parcel: Parcel) -> str:
        """Hand the parcel over and return the other side's receipt.

        Raises:
            AnswerLost: It may have been handed over.
            TransientError: It was surely not handed over; trying later may help.
            TerminalError: It was refused for good.
        """
        ...


@dataclass(slots=True)
class Sent:
    """What became of the pending messages, by their ids."""

    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)


def send_pending(ledger: Ledger, channels: Mapping[str, Channel], pack: Callable[[OutboxRow], Parcel], clock: Clock) -> Sent:
    """Send all that may be sent now.

    Args:
        ledger: Holds the outbox.
        channels: By the name in the outbox's ``channel``.
        pack: Fetches what a row carries.
        clock: Tells from when a failed message is tried again.
    """
    result = Sent()
    for row in ledger.outbox_pending():
        channel = channels.get(row.channel)
        if channel is None:
            ledger.outbox_failed(row.id, error=f"no channel {row.channel!r} is configured")
            result.failed.append(row.id)
            continue
        try:
            parcel = pack(row)
            if not _claimed(ledger, row.id):
                continue
            reached("outbox.sending")
            receipt = channel.send(parcel)
            reached("outbox.handed_over")
        except AnswerLost as error:
            ledger.outbox_ambiguous(row.id, error=str(error))
            result.ambiguous.append(row.id)
        except TransientError as error:
            ledger.outbox_failed(row.id, error=str(error), retry_at=clock.now() + wait_after(row.attempts))
            result.waiting.append(row.id)
        except TaihuError as error:
            ledger.outbox_failed(row.id, error=str(error))
            result.failed.append(row.id)
        else:
            ledger.outbox_sent(row.id, receipt=receipt)
            result.sent.append(row.id)
    return result


def _claimed(ledger: Ledger, message_id: str) -> bool:
    """False if another process was faster; the message is then that process's."""
    try:
        ledger.outbox_sending(message_id)
    except NotFound:
        return False
    return True


def wait_after(attempts: int) -> dt.timedelta:
    """How long a message rests after so many attempts before the present one."""
    return min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)


class FolderChannel:
    """Writes into a folder: whole files only, the same file twice is one file.

    Args:
        root: Recipients are folders below it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def send(self, parcel: Parcel) -> str:
        folder = (self._root / parcel.recipient).resolve()
        if not folder.is_relative_to(self._root):
            raise TerminalError(
                f"the folder {parcel.recipient!r} lies outside of {self._root}", fix="name a folder below the output folder"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in parcel.files.items():
                _write_whole(folder, name, content)
        except OSError as error:
            raise TransientError(f"the folder could not be written: {error.strerror}", where=str(folder)) from error
        return f"{len(parcel.files)} files in {folder}"


def _write_whole(folder: Path, name: str, content: bytes) -> None:
    """Under another name first, flushed, then renamed: a reader never sees half a file, a crash leaves none."""
    target = folder / Path(name).name
    if target.is_file() and target.read_bytes() == content:
        return
    temporary = folder / f".{target.name}.part"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    reached("outbox.file_written")
    temporary.replace(target)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    reached("outbox.file_renamed")


class SmtpChannel:
    """Sends mail through one account.

    Args:
        host: The server.
        port: 465 speaks TLS from the start, any other port by STARTTLS.
        sender: Address in ``From``.
        user: Login name; None sends without login.
        password: Called only when it is needed.
        tls: False only for a server on this machine.
        allowed_domains: Domains that may receive reports; empty allows all.
        timeout: Seconds without an answer.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        user: str | None = None,
        password: Callable[[], str] | None = None,
        tls: bool = True,
        allowed_domains: Sequence[str] = (),
        timeout: float = 30,
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._user, self._password, self._tls = user, password, tls
        self._allowed = {domain.lower() for domain in allowed_domains}
        self._timeout = timeout

    def send(self, parcel: Parcel) -> str:
        if parcel.body is None:
            raise TerminalError("a mail needs a body", fix="let the report be rendered as mail")
        domain = parcel.recipient.rpartition("@")[2].lower()
        if self._allowed and domain not in self._allowed:
            raise TerminalError(
                f"reports may not be sent to {domain}", fix="add the domain to the account, or correct the address in roles.yml"
            )
        content = message(
            parcel.body,
            sender=self._sender,
            recipients=[parcel.recipient],
            message_id=f"<{parcel.id}@{self._sender.rpartition('@')[2]}>",
            date=parcel.issued_at,
            attachments=parcel.files,
        )
        client = self._connected()
        try:
            self._address(client, parcel.recipient)
            return self._hand_over(client, content)
        finally:
            client.close()

    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    def _connected(self) -> smtplib.SMTP:
        client: smtplib.SMTP | None = None
        try:
            if self._tls and self._port == 465:
                client = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=ssl.create_default_context())
            else:
                client = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
                if self._tls:
                    client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
            self._log_in(client)
        except (TaihuError, smtplib.SMTPException, OSError) as error:
            if client is not None:
                client.close()
            if isinstance(error, TaihuError):
                raise
            raise TransientError(f"the mail server could not be reached ({type(error).__name__})", where=self._where()) from error
        return client

    def _log_in(self, client: smtplib.SMTP) -> None:
        """Log in by one mechanism, once: the library's own way tries the same password by several, and accounts get locked."""
        if self._user is None or self._password is None:
            return
        offered = client.esmtp_features.get("auth", "").upper().split()
        mechanism = next((one for one in ("PLAIN", "LOGIN", "CRAM-MD5") if one in offered), None)
        if mechanism is None:
            raise TerminalError(
                "the mail server offers no login that we know", where=self._where(), fix="remove the account's user, or use TLS"
            )
        client.user, client.password = self._user, self._password()
        answer: Any = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login, "CRAM-MD5": client.auth_cram_md5}[mechanism]
        try:
            client.auth(mechanism, answer)
        except smtplib.SMTPAuthenticationError as error:
            raise AccessRefused("the mail server refused the account", where=self._where(), fix="update the account's password") from error

    def _address(self, client: smtplib.SMTP, recipient: str) -> None:
        """Everything before the content: nothing has left yet if this fails."""
        try:
            for code, answer in (client.mail(self._sender), client.rcpt(recipient)):
                _accept(code, answer, self._where())
        except (smtplib.SMTPException, OSError) as error:
            raise TransientError(f"the mail server broke off before the message ({type(error).__name__})", where=self._where()) from error

    def _hand_over(self, client: smtplib.SMTP, content: bytes) -> str:
        try:
            code, answer = client.data(content)
        except smtplib.SMTPDataError as error:  # it did not want the content, so none was sent
            _accept(error.smtp_code, error.smtp_error, self._where())
            raise TransientError("the mail server gave an answer that makes no sense", where=self._where()) from error
        except (smtplib.SMTPException, OSError) as error:
            raise AnswerLost(
                "the mail server went silent after taking the message; it may have been delivered",
                where=self._where(),
                fix="look for the Message-ID in the sent folder, then mark it as sent or send it again",
            ) from error
        _accept(code, answer, self._where())
        return answer.decode("utf-8", "replace")


def _accept(code: int, answer: bytes | str, where: str) -> None:
    """Turn a refusal into an error by its class: 4xx may pass, 5xx will not."""
    if code < 400:
        return
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    if code < 500:
        raise TransientError(f"the mail server asks to come back later ({code})", where=where)
    raise TerminalError(f"the mail server refused the message ({code} {text[:80]})", where=where, fix="check sender and recipient")
