"""Unpacking: archives, saved mails and encrypted workbooks inside what was received, in memory, within limits.

Every file found inside is a child of what held it, named by the way to it. Members are never written to disk, and one that cannot
be had is handed on with its reason, so that it stops nobody but itself. A password that does not fit is not an error until none is
left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from taihu.core.errors import ContentRefused
from taihu.core.ids import sha256_of
from taihu.formats.kind import kind_of
from taihu.formats.mail_headers import MailPart, parse_mail
from taihu.formats.member_names import is_clutter, is_unsafe
from taihu.read.expanding import Opening, Part
from taihu.read.limits import MAX_DEPTH, MAX_MAIL

CONTAINERS = frozenset({"zip", "7z", "tar", "gz", "bz2", "xz", "rar", "eml", "msg", "tnef", "encrypted-office"})
_MAILS = frozenset({"eml", "msg", "tnef"})
_SUFFIXES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".tbz", ".xz", ".txz", ".eml", ".msg", "winmail.dat")
_MAIL_CLUTTER = ("image/", "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/x-vcard")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One file inside what was received.

    Attributes:
        member: The way to it (``a.zip/b.csv``), empty when nothing was packed.
        kind: By its bytes; empty where it has none.
        parent: SHA-256 of what held it.
        refused: Reason why its bytes cannot be had, with ``detail``; its content is then empty.
    """

    member: str
    name: str
    content: bytes
    kind: str
    parent: str = ""
    refused: str = ""
    detail: str = ""

    @property
    def may_hold_more(self) -> bool:
        """Whether a refused file could have held others, by its kind or, where its bytes are missing, by its name."""
        return self.kind in CONTAINERS or self.name.lower().endswith(_SUFFIXES)

    def stopped(self, reason: str, detail: str) -> Unpacked:
        return replace(self, content=b"", refused=reason, detail=detail)


def unpack(content: bytes, name: str, passwords: Sequence[str] = (), kind: str | None = None) -> Iterator[Unpacked]:
    """The files inside ``content``, depth first; a file that is no container is given as it is.

    What cannot be opened is given as well, with its reason: ``damaged_file``, ``wrong_password``, ``too_large``, ``unsafe_name``,
    ``unsafe_member`` or ``unsupported_archive``.

    Args:
        content: What was received.
        name: Its name.
        passwords: Tried in this order on whatever is encrypted.
        kind: Its kind, if the caller knows it.
    """
    yield from _unpack(Unpacked("", name, content, kind or kind_of(content, name)), Opening(tuple(passwords)), 0)


def _unpack(file: Unpacked, opening: Opening, depth: int) -> Iterator[Unpacked]:
    if file.refused or file.kind not in CONTAINERS:
        yield file
        return
    try:
        if depth >= MAX_DEPTH:
            raise ContentRefused("too_large", f"archives are packed more than {MAX_DEPTH} deep")
        for child in _children(file, opening):
            yield from _unpack(child, opening, depth + 1)
    except ContentRefused as refused:
        yield file.stopped(refused.reason, refused.what)
    except (RecursionError, AssertionError) as error:
        yield file.stopped("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})")


def _children(file: Unpacked, opening: Opening) -> Iterator[Unpacked]:
    """The files directly inside a container, each under a name of its own."""
    if file.kind == "encrypted-office":
        from taihu.read.office import decrypt_office

        opened = decrypt_office(file.content, opening)
        yield Unpacked(file.member, file.name, opened, kind_of(opened), sha256_of(file.content))
        return
    parent = sha256_of(file.content)
    given: dict[str, int] = {}
    for number, part in enumerate(_parts(file, opening), start=1):
        opening.budget.count()
        name = part.name.replace("\\", "/")
        if is_clutter(name):
            continue
        if not name or is_unsafe(part.name):
            # The name itself may deceive whoever reads it, so the member is known by its number.
            yield Unpacked(_way(file, f"#{number}"), f"#{number}", b"", "", parent, "unsafe_name")
            continue
        given[name] = given.get(name, 0) + 1
        member = _way(file, name if given[name] == 1 else f"{name}#{given[name]}")
        if part.refused is not None:
            yield Unpacked(member, name, b"", "", parent, part.refused.reason, part.refused.what)
        else:
            yield Unpacked(member, name, part.content, kind_of(part.content, name), parent)


def _way(file: Unpacked, name: str) -> str:
    return f"{file.member}/{name}" if file.member else name


def _parts(file: Unpacked, opening: Opening) -> Iterator[Part]:
    """What a container holds. Its reader is loaded when the first one of its kind comes."""
    content = file.content
    if file.kind == "zip":
        from taihu.read.zips import zip_parts

        return zip_parts(content, opening)
    if file.kind == "7z":
        from taihu.read.seven_zip import seven_zip_parts

        return seven_zip_parts(content, opening)
    if file.kind == "tar":
        from taihu.read.streams import plain_tar_parts

        return plain_tar_parts(content, opening)
    if file.kind in ("gz", "bz2", "xz"):
        from taihu.read.streams import stream_parts

        return stream_parts(content, file.name, file.kind, opening)
    if file.kind == "msg":
        from taihu.read.outlook import msg_parts

        return msg_parts(content, opening)
    if file.kind == "tnef":
        from taihu.read.tnef import tnef_parts

        return tnef_parts(content, opening)
    if file.kind == "rar":
        raise ContentRefused("unsupported_archive", "rar archives cannot be opened")
    return _mail_parts(content, opening)


def _mail_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """The attachments of a mail; its body where nothing is attached.

    Excel saves "single file web pages" as a mail whose pages are its only content, under the name .xls.
    """
    if len(content) > MAX_MAIL:
        raise ContentRefused("too_large", f"a mail of {len(content):,} bytes")
    try:
        parts = parse_mail(content).parts
    except Exception as error:  # the standard library's parser raises what it meets in a mail that nobody's program wrote
        raise ContentRefused("damaged_file", f"the mail cannot be opened ({type(error).__name__})") from None
    attached = [part for part in parts if part.is_attachment and not part.content_type.startswith(_MAIL_CLUTTER)]
    bodies = [part for part in parts if part.content_type == "text/html"] or [part for part in parts if not part.is_attachment]
    for part in attached or bodies:
        opening.budget.spend(len(part.content))
        yield Part(part.name or _given_name(part), part.content)


def _given_name(part: MailPart) -> str:
    suffix = {"text/html": ".html", "text/plain": ".txt", "message/rfc822": ".eml"}.get(part.content_type, "")
    return f"part{part.index}{suffix}"
