"""The door to reading: every file from outside is read in a child process, and what comes back is checked.

:mod:`taihu.read.file` and everything below it work inside that child. Nobody outside this room calls them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead
from taihu.guard.children import Limits, shared_child

if TYPE_CHECKING:
    from taihu.guard.confined import Buffer
    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.read.seen import Cells, Seen, Unreadable

# A page of a statement takes about 3 KB and a fifth of a second.
_SECONDS_PER_PAGES_BYTE = 1e-4
_TASK = "taihu.read.isolated:answer"
# Passwords are handed over as they are; where they stand is nothing that a reader needs to know.
_KEPT_BACK = {"passwords", "password_from"}


def read_file(
    content: bytes, name: str, *, read: Read | None = None, layouts: Mapping[str, LayoutFile] | None = None, passwords: Sequence[str] = ()
) -> FileRead:
    """Read one object, in the child.

    A file that the child does not survive, or that takes it too long or too much memory, is held for ``reader_crashed``,
    ``took_too_long`` or ``too_much_memory``; the next file is read by a fresh child.

    Args:
        content: Its bytes.
        name: Its name, for archives without member names and for people.
        read: The source's contract; without one the file is read blind (see :mod:`taihu.read.blind`).
        layouts: The source's layouts by name; those that ``read.layouts`` names are used, all of them if it names none.
        passwords: Tried in this order on whatever is encrypted.

    Raises:
        ChildProcessError: No child can be started on this machine; the file is not to blame.
    """
    said = {
        "name": name,
        "read": None if read is None else read.model_dump_json(by_alias=True, exclude=_KEPT_BACK, exclude_defaults=True),
        "layouts": {key: layout.model_dump_json(exclude_defaults=True) for key, layout in (layouts or {}).items()},
        "passwords": list(passwords),
    }
    try:
        return _checked(*shared_child().ask(_TASK, said, content, limits=_limits(content, read)))
    except ContentRefused as refused:
        from taihu.formats.kind import kind_of

        return FileRead(kind_of(content, name), None, (), refused.reason, refused.what)


def _limits(content: bytes, read: Read | None) -> Limits:
    """What reading may cost; pages unpack to many times their size, and each letter of them is looked at (20,000 a second)."""
    limits = Limits.for_size(len(content))
    has_pages = b"%PDF-" in content[:1024] or (read is not None and {"pdf", "invoice"} & set(read.kinds))
    return replace(limits, seconds=limits.seconds + len(content) * _SECONDS_PER_PAGES_BYTE) if has_pages else limits


def read_blind(content: bytes, name: str, *, passwords: Sequence[str] = ()) -> FileRead:
    """Find the tables of any file, in the child."""
    return read_file(content, name, passwords=passwords)


def look_at(content: bytes, name: str, *, passwords: Sequence[str] = ()) -> list[Seen | Unreadable]:
    """The tables of an unknown file with the cells around them, in the child; for those who propose how it is read.

    Args:
        content: Its bytes.
        name: Its name.
        passwords: Tried in this order on whatever is encrypted.
    """
    from taihu.read.seen import Unreadable, unpacked_seen, unpacked_unreadable
    from taihu.read.wire import unpacked_tables

    try:
        answered, body = shared_child().ask("taihu.read.looking:look", {"name": name, "passwords": list(passwords)}, content)
        tables = unpacked_tables([seen["table"] for seen in answered["seen"]], body)
        seen = [unpacked_seen(each, table) for each, table in zip(answered["seen"], tables, strict=True)]
        return [*seen, *map(unpacked_unreadable, answered["unreadable"])]
    except ContentRefused as refused:
        return [Unreadable("", refused.reason, refused.what)]
    except ChildProcessError:
        raise
    except Exception as error:
        return [Unreadable("", "reader_crashed", f"its answer makes no sense ({type(error).__name__})")]


def cells_in(content: bytes, name: str, seen: Seen, *, delimiter: str | None = None, passwords: Sequence[str] = ()) -> Cells:
    """All cells of the member that a table stands in, in the child.

    Raises:
        ContentRefused: ``reader_crashed``, ``took_too_long``, ``too_much_memory`` or what the reader itself says.
    """
    from taihu.read.seen import Cells, unpacked_grid, unpacked_value

    said = {"name": name, "member": seen.member, "encoding": seen.encoding, "delimiter": delimiter, "passwords": list(passwords)}
    answered, _ = shared_child().ask("taihu.read.looking:cells", said, content)
    try:
        grids = [unpacked_grid(grid) for grid in answered["grids"]]
        typed = {str(sheet): [[unpacked_value(value) for value in row] for row in rows] for sheet, rows in answered["typed"].items()}
        return Cells(grids, typed, str(answered["text"]))
    except Exception as error:
        raise ContentRefused("reader_crashed", f"its answer makes no sense ({type(error).__name__})") from None


def _checked(said: Mapping[str, Any], body: bytes) -> FileRead:
    from taihu.read.wire import unpacked

    try:
        return unpacked(said, body)
    except Exception as error:  # there is no end to what may be wrong in the answer of a process that was taken over
        raise ContentRefused("reader_crashed", f"its answer makes no sense ({type(error).__name__})") from None


def answer(said: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], Sequence[Buffer]]:
    """In the child: read a file and pack what was found."""
    from taihu.read.file import read_file as read_here
    from taihu.read.wire import packed

    layouts = {key: _layout(text) for key, text in said["layouts"].items()}
    contract = None if said["read"] is None else _contract(said["read"])
    return packed(read_here(content, said["name"], read=contract, layouts=layouts, passwords=said["passwords"]))


@functools.lru_cache(64)
def _contract(text: str) -> Read:
    from taihu.manifest.source import Read

    return Read.model_validate_json(text)


@functools.lru_cache(256)
def _layout(text: str) -> LayoutFile:
    from taihu.manifest.layout import LayoutFile

    return LayoutFile.model_validate_json(text)
