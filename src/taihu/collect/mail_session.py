"""One IMAP connection for all sources of an account: short polling; folders are opened read-only unless marking or moving is asked for.

imap-tools carries the commands; what mails say is decoded elsewhere, because Chinese headers need more care than it takes.
A folder's headers are listed once a run and shared by every source that looks into it.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.collect.hosts import is_this_machine
from taihu.collect.mail_items import Envelope
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TerminalError, TransientError
from taihu.formats.mail_headers import parse_head
from taihu.formats.mail_structure import without_literal

if TYPE_CHECKING:
    from taihu.manifest.project import Account

TIMEOUT = 30
LISTED_AT_ONCE = 2000
_FIELDS = "(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO CC DELIVERED-TO SUBJECT MESSAGE-ID DATE)])"
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED = re.compile(rb'INTERNALDATE "\s?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
# Answers to a login that are about the server, not about us (RFC 5530); everything else counts as a refusal.
_PASSING = (b"[UNAVAILABLE]", b"[INUSE]", b"[LIMIT]", b"[SERVERBUG]")


@dataclass(slots=True)
class Folder:
    """What is known of a folder in this run: ``listed_from`` is the lowest UID that ``envelopes`` reach down to."""

    uid_validity: int
    uid_next: int
    listed_from: int
    envelopes: dict[int, Envelope] = field(default_factory=dict)


class MailSession:
    """A logged-in mailbox."""

    def __init__(self, account: Account, password: str) -> None:
        self._account = account
        self._folders: dict[str, Folder] = {}
        self._selected = ""
        self._box: Any = None
        with _translated(account):
            self._box = _connect(account)
            try:
                self._log_in(password)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Log out; a connection that is already broken is simply dropped."""
        box, self._box = self._box, None
        if box is None:
            return
        try:
            box.client.logout()
        except Exception:  # whatever a dying connection says, it is gone
            box.client.shutdown()

    def folder(self, name: str, after: int, uid_validity: int | None) -> Folder:
        """The folder with the envelopes of all mails whose UID is above ``after``.

        Args:
            uid_validity: The value under which ``after`` was noted; if the folder has another one, all mails are listed.
        """
        with _translated(self._account):
            known = self._folders.get(name)
            if known is None:
                known = self._folders[name] = self._open(name)
            lowest = after + 1 if uid_validity == known.uid_validity else 1
            if lowest < known.listed_from:
                self._select(name)
                for start in range(lowest, known.listed_from, LISTED_AT_ONCE):
                    end = min(start + LISTED_AT_ONCE, known.listed_from) - 1
                    known.envelopes.update(self._list(name, start, end))
                known.listed_from = lowest
            return known

    def count(self, name: str) -> int:
        """Number of mails in a folder."""
        from imap_tools.errors import MailboxFolderStatusError

        with _translated(self._account):
            try:
                return int(self._box.folder.status(name, ["MESSAGES"])["MESSAGES"])
            except MailboxFolderStatusError:
                raise NotFound("the mail folder does not exist or may not be opened", where=f"{_place(self._account)} {name}") from None

    def raw(self, folder: str, uids: Sequence[int]) -> dict[int, bytes]:
        """Whole mails by UID; a mail that has been deleted meanwhile is missing."""
        with _translated(self._account):
            self._select(folder)
            answers = self._ask("FETCH", ",".join(map(str, uids)), "(UID BODY.PEEK[])")
            return {uid: literal for uid, _, literal in answers}

    def section(self, folder: str, uid: int, section: str, start: int | None = None, length: int = 0) -> bytes | None:
        """Bytes of one section of a mail (from ``start`` on at most ``length``); None if the server has it no more."""
        with _translated(self._account):
            self._select(folder)
            part = "" if start is None else f"<{start}.{length}>"
            answers = self._ask("FETCH", str(uid), f"(UID BODY.PEEK[{section}]{part})")
            return next((literal for found, _, literal in answers if found == uid), None)

    def structure(self, folder: str, uid: int) -> bytes:
        """What the server says of a mail's parts, from its opening bracket on; empty if it says nothing."""
        with _translated(self._account):
            self._select(folder)
            _, answers = self._box.client.uid("FETCH", str(uid), "(UID BODYSTRUCTURE)")
            said = b"".join(without_literal(each[0]) if isinstance(each, tuple) else each or b"" for each in answers)
            _, found, structure = said.partition(b"BODYSTRUCTURE ")
            return structure if found else b""

    def check_can_move(self, target: str) -> None:
        """Refuse to move mails where it cannot be done without touching others, or where there is no such folder."""
        if not {"MOVE", "UIDPLUS"} & set(self._box.client.capabilities):
            raise TerminalError(
                "this mail server cannot move single mails", where=_place(self._account), fix="use after: keep or after: mark seen"
            )
        self.count(target)

    def mark_seen(self, folder: str, uids: Sequence[int], uid_validity: int) -> None:
        """Set the flag ``Seen``."""
        with _translated(self._account):
            if self._writable(folder, uid_validity):
                self._done(*self._box.client.uid("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", r"(\Seen)"))

    def move(self, folder: str, uids: Sequence[int], uid_validity: int, target: str) -> None:
        """Move mails to another folder; UIDs that are gone already are no error."""
        from imap_tools.imap_utf7 import utf7_encode

        with _translated(self._account):
            if not self._writable(folder, uid_validity):
                return
            client, numbers = self._box.client, ",".join(map(str, uids))
            quoted = '"' + utf7_encode(target).decode().replace("\\", r"\\").replace('"', r"\"") + '"'
            if "MOVE" in client.capabilities:
                self._done(*client.uid("MOVE", numbers, quoted))
                return
            self._done(*client.uid("COPY", numbers, quoted))
            self._done(*client.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Deleted)"))
            self._done(*client.uid("EXPUNGE", numbers))

    def _writable(self, name: str, uid_validity: int) -> bool:
        """Open a folder for writing; False if its UIDs are no longer those that are meant."""
        self._selected = ""
        self._box.folder.set(name, readonly=False)
        return int(self._box.client.response("UIDVALIDITY")[1][0] or 0) == uid_validity

    def _done(self, status: str, answers: Any) -> None:
        if status != "OK":
            raise TerminalError(f"the mail server answered {status}", where=_place(self._account), fix="check the account's rights")

    def _log_in(self, password: str) -> None:
        from imap_tools.errors import MailboxLoginError

        try:
            user = self._account.user or ""
            login = self._box.login if (user + password).isascii() else self._box.login_utf8
            login(user, password, initial_folder=None)
        except MailboxLoginError as error:
            answer = b" ".join(part for part in error.command_result[1] if isinstance(part, bytes))
            if any(code in answer.upper() for code in _PASSING):
                raise TransientError("the mail server is busy", where=_place(self._account)) from None
            raise AccessRefused(
                "the mail server refused the login",
                where=_place(self._account),
                fix="update the account's password (often an authorization code)",
            ) from None
        # 163.com and its sisters refuse every folder until they were told who asks; QQ hangs up when asked without offering ID.
        client = self._box.client
        client.capabilities = tuple(str(client.capability()[1][0], "ascii", "replace").upper().split())
        if "ID" in client.capabilities:
            client._simple_command("ID", '("name" "taihu" "vendor" "taihu")')

    def _open(self, name: str) -> Folder:
        self._select(name)
        client = self._box.client
        uid_validity = int(client.response("UIDVALIDITY")[1][0] or 0)
        stated = client.response("UIDNEXT")[1][0]
        uid_next = int(stated) if stated else self._next_uid()
        return Folder(uid_validity, uid_next, uid_next)

    def _next_uid(self) -> int:
        """UIDNEXT of a server that does not say it: one more than the last mail's UID."""
        return max((uid for uid, _, _ in self._ask("FETCH", "*", "(UID BODY.PEEK[HEADER.FIELDS (DATE)])")), default=0) + 1

    def _select(self, name: str) -> None:
        if self._selected == name:
            return
        from imap_tools.errors import MailboxFolderSelectError

        try:
            self._box.folder.set(name, readonly=True)
        except MailboxFolderSelectError:
            raise NotFound("the mail folder does not exist or may not be opened", where=f"{_place(self._account)} {name}") from None
        self._selected = name

    def _list(self, folder: str, start: int, end: int) -> Iterator[tuple[int, Envelope]]:
        for uid, description, header in self._ask("FETCH", f"{start}:{end}", _FIELDS):
            if not start <= uid <= end:  # a server answers n:* with the last mail even when n is above it
                continue
            mail = parse_head(header)
            stated = _SIZE.search(description)
            size = int(stated[1]) if stated else 0
            yield uid, Envelope((folder, uid), size, _received(description), mail.message_id, mail.sender, mail.subject, mail.recipients)

    def _ask(self, command: str, *arguments: str) -> Iterator[tuple[int, bytes, bytes]]:
        """UID, description and literal of each answer."""
        status, answers = self._box.client.uid(command, *arguments)
        if status != "OK":
            raise TransientError(f"the mail server answered {status} to {command}", where=_place(self._account))
        for position, answer in enumerate(answers):
            if not isinstance(answer, tuple):
                continue
            after = answers[position + 1] if position + 1 < len(answers) else b""
            description = answer[0] + (after if isinstance(after, bytes) else b"")
            uid = _UID.search(description)
            if uid:
                yield int(uid[1]), description, answer[1]


def _received(description: bytes) -> dt.datetime | None:
    found = _RECEIVED.search(description)
    if not found or found[2] not in _MONTHS:
        return None
    zone = dt.timedelta(hours=int(found[8]), minutes=int(found[9])) * (1 if found[7] == b"+" else -1)
    local = dt.datetime(
        int(found[3]), _MONTHS[found[2]], int(found[1]), int(found[4]), int(found[5]), int(found[6]), tzinfo=dt.timezone(zone)
    )
    return local.astimezone(dt.UTC)


def _connect(account: Account) -> Any:
    import imaplib

    # Registered once for every state: doing it later, for one state, breaks it for the others.
    imaplib.Commands["ID"] = ("NONAUTH", "AUTH", "SELECTED")
    from imap_tools import MailBox, MailBoxUnencrypted

    host = account.host or ""
    if account.tls:
        return MailBox(host, account.port or 993, timeout=TIMEOUT, ssl_context=ssl.create_default_context())
    if not is_this_machine(host):
        raise ManifestError("tls: false is only for a server on this machine", where=f"account {account.user or host}")
    return MailBoxUnencrypted(host, account.port or 143, timeout=TIMEOUT)


def _place(account: Account) -> str:
    return f"imap {account.host}:{account.port or (993 if account.tls else 143)}"


@contextmanager
def _translated(account: Account) -> Iterator[None]:
    """Errors of the libraries below as ours; the password is never part of them."""
    import imaplib

    from imap_tools.errors import ImapToolsError

    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TerminalError(
            "the server's certificate is not valid", where=_place(account), fix="check host:, or ask its operator"
        ) from error
    except (imaplib.IMAP4.abort, OSError, EOFError) as error:
        raise TransientError(f"the mail server cannot be reached or hung up ({type(error).__name__})", where=_place(account)) from None
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise TransientError(f"the mail server answered unexpectedly ({type(error).__name__})", where=_place(account)) from None
