"""Names on servers that do not say how they are written: each name for itself, because one folder may hold both kinds.

A file is always asked for by the very bytes it was listed with; the text is for people, patterns and versions.
"""

from __future__ import annotations

from contextlib import suppress


def name_of(raw: bytes) -> str:
    """The text of a name: UTF-8 if it is that, else GB18030; bytes that are neither are shown as such."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace")


def path_of(raw: bytes) -> str:
    """The bytes of a path in a text, one character each; :func:`bytes_of` gives them back."""
    return raw.decode("latin-1")


def bytes_of(path: str) -> bytes:
    """What :func:`path_of` was given."""
    return path.encode("latin-1")


def ways_to_write(path: str) -> list[bytes]:
    """How a path that a person wrote may be spelt on the server, the likelier first."""
    written = [path.encode("utf-8")]
    if not path.isascii():
        with suppress(UnicodeEncodeError):
            written.append(path.encode("gb18030"))
    return written
