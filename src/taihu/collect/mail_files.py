"""``via: mail_files``: mails that lie on this machine or a mounted share: ``.eml`` files, mbox files, Maildirs, in a folder and below it.

The rules are those of a mailbox, and a mail that is met in both is the same mail: its items have the same keys and bytes.
The cursor holds a mark for each version of a file that was looked at completely and is still there.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import os
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from taihu.collect.interface import NOT_FINISHED, Health
from taihu.collect.mail_items import LARGEST_MAIL, Envelope, MailConnector, Ref
from taihu.collect.mail_rules import MailOptions
from taihu.core.errors import NotFound, TransientError
from taihu.core.ids import derived_id
from taihu.core.types import Item, Span, Text
from taihu.formats.mail_headers import crlf, head_of, parse_head

SETTLE = dt.timedelta(minutes=5)
HEAD_BYTES = 256_000
_FROM_LINE = re.compile(rb"From \S.*\d\d:\d\d")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_RECEIVED = re.compile(rb"^Received:((?:.*\r?\n[ \t])*.*)$", re.MULTILINE | re.IGNORECASE)
_BOUNDARY = re.compile(
    rb"""^Content-Type:\s*multipart/(?:.*\r?\n[ \t])*?.*?\bboundary\s*=\s*(?:"([^"]+)"|([^\s;]+))""", re.MULTILINE | re.IGNORECASE
)

Shape = Literal["eml", "mbox", "maildir"]


class MailFilesOptions(MailOptions):
    """Which files, and which mails in them."""

    path: str = Field(description="A folder (with all below it), an mbox or an .eml file", examples=["inbox/mails"])


@dataclass(frozen=True, slots=True)
class MailFile:
    """One file with mails; ``name`` is relative to the source's folder, ``mark`` is of this version of it."""

    name: str
    path: Path
    shape: Shape
    size: int
    modified_at: dt.datetime
    mark: str


class MailFilesConnector(MailConnector):
    """Mails in files."""

    title = Text("本地邮件文件", "Mail files")
    Options = MailFilesOptions
    options: MailFilesOptions

    def _begin(self, span: Span | None = None) -> None:
        super()._begin(span)
        self._waiting: list[str] = []
        self._marks: dict[str, str] | None = None

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        self._begin(span)
        seen = set((cursor or "").split())
        before = seen if self.options.mark in seen else set()
        files = self._files()
        self._marks = marks = {file.name: file.mark for file in files if file.mark in before}
        for file in files:
            if file.mark in before:
                continue
            if self._is_growing(file):
                self._waiting.append(file.name)
                continue
            for envelope in self._envelopes(file):
                yield from self._in_mail(envelope, known)
            marks[file.name] = file.mark

    def _in_mail(self, envelope: Envelope, known: Container[str]) -> Iterator[Item]:
        if not self._is_new(envelope, known):
            return
        if envelope.size > LARGEST_MAIL:
            yield from self._refuse(envelope, "too_large", known)
            return
        self._held.clear()
        raw = self._raw(envelope.ref)
        if raw is not None:
            yield from self._items_of(envelope, raw, known)

    def cursor(self) -> str | None:
        if self._marks is None:
            return None
        unfetched = {name for name, _ in self._open.values()}
        return " ".join([self.options.mark, *sorted(mark for name, mark in self._marks.items() if name not in unfetched)])

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            return Health(True, f"{len(self._files())} files")
        except (NotFound, TransientError) as error:
            return Health(False, str(error))

    def reset(self) -> None:
        """There is no connection."""

    @property
    def _root(self) -> Path:
        return self.around.root / self.options.path

    def _files(self) -> list[MailFile]:
        """All files with mails, oldest first."""
        root = self._root
        if root.is_file():
            paths = [(root, _shape_of_file(root))]
        elif root.is_dir():
            paths = list(_below(root))
        else:
            raise NotFound("the folder or file is not there", where=self.options.path, fix="make it, or correct collect: path:")
        found = [file for path, shape in paths if (file := _seen(path, shape, root)) is not None]
        return sorted(found, key=lambda file: (file.modified_at, file.name))

    def _is_growing(self, file: MailFile) -> bool:
        """Whether a file that was just changed may still be written: an mbox always, a mail whose parts are not closed."""
        if file.shape == "maildir" or abs(self.around.clock.now() - file.modified_at) >= SETTLE:
            return False
        if file.shape == "mbox":
            return True
        content = _read(file.path, 0, None) or b""
        boundary = _BOUNDARY.search(head_of(content))
        return boundary is not None and b"--" + (boundary[1] or boundary[2]) + b"--" not in content

    def _envelopes(self, file: MailFile) -> Iterator[Envelope]:
        """What the heads of the mails in a file say; they are read one by one."""
        for start, end in _mails_of_mbox(file.path) if file.shape == "mbox" else [(0, file.size)]:
            head = _read(file.path, start, min(end - start, HEAD_BYTES))
            if head is None:
                return
            head = crlf(head_of(_without_from_line(head)) + b"\n\n")
            mail = parse_head(head)
            received_at = file.modified_at if file.shape == "maildir" else _received(head) or mail.date or file.modified_at
            ref = (file.name, f"{start}:{end}" if file.shape == "mbox" else "")
            yield Envelope(ref, end - start, received_at.astimezone(dt.UTC), mail.message_id, mail.sender, mail.subject, mail.recipients)

    def _raw(self, ref: Ref) -> bytes | None:
        root = self._root
        path = root if root.is_file() else root / ref[0]
        if not ref[1]:
            raw = _read(path, 0, None)
            return None if raw is None else crlf(_without_from_line(raw))
        start, end = map(int, str(ref[1]).split(":"))
        raw = _read(path, start, end - start)
        if raw is None:
            return None
        # The line break before the next mail belongs to the file, and lines of a body that begin like a separator are quoted.
        return crlf(_QUOTED_FROM.sub(rb"\1", _without_from_line(raw).removesuffix(b"\n").removesuffix(b"\r")))


def _below(root: Path) -> Iterator[tuple[Path, Shape]]:
    """Files with mails in a folder and its folders: those of Maildirs by their place, others by their names."""
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        if {"cur", "new"} <= set(inner):
            yield from ((path, "maildir") for part in ("new", "cur") for path in (here / part).iterdir() if not path.name.startswith("."))
            inner[:] = [name for name in inner if name not in ("cur", "new", "tmp")]
            continue
        for name in names:
            lower = name.lower()
            if name.startswith(".") or lower.endswith(NOT_FINISHED):
                continue
            if lower.endswith(".eml"):
                yield here / name, "eml"
            elif lower.endswith((".mbox", ".mbx")) or lower == "mbox":
                yield here / name, "mbox"


def _seen(path: Path, shape: Shape, root: Path) -> MailFile | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    name = path.name if path == root else path.relative_to(root).as_posix()
    if shape == "maildir":  # its flags are part of its name and its folder, and reading it in a mail program changes both
        unique = f"{path.parent.parent.relative_to(root).as_posix()}/{path.name.partition(':')[0]}"
        mark = derived_id("mail file", unique, length=12)
    else:
        mark = derived_id("mail file", name, status.st_size, status.st_mtime_ns, length=12)
    return MailFile(name, path, shape, status.st_size, dt.datetime.fromtimestamp(status.st_mtime, dt.UTC), mark)


def _read(path: Path, start: int, length: int | None) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TransientError(f"the file cannot be read ({type(error).__name__})", where=path.name) from error


def _shape_of_file(path: Path) -> Shape:
    return "mbox" if _FROM_LINE.match(_read(path, 0, 200) or b"") and path.suffix.lower() != ".eml" else "eml"


def _mails_of_mbox(path: Path) -> Iterator[tuple[int, int]]:
    """Where each mail of an mbox begins and ends: at lines ``From … 12:34 …`` after an empty line."""
    start, at, after_blank = None, 0, True
    with path.open("rb") as file:
        for line in file:
            if after_blank and line.startswith(b"From ") and _FROM_LINE.match(line):
                if start is not None:
                    yield start, at
                start = at
            at += len(line)
            after_blank = line in (b"\n", b"\r\n")
    if start is not None:
        yield start, at


def _without_from_line(raw: bytes) -> bytes:
    """A mail without the separator of an mbox in front of it."""
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _received(head: bytes) -> dt.datetime | None:
    """When the last server took it: the time in its topmost ``Received``."""
    found = _RECEIVED.search(head)
    try:
        stated = email.utils.parsedate_to_datetime(found[1].rpartition(b";")[2].decode("ascii", "replace").strip()) if found else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stated if stated is None or stated.tzinfo else stated.replace(tzinfo=dt.UTC)
