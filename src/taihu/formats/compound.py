"""Opening an OLE compound file (old workbooks, encrypted Office files, mails of Outlook) that may be hostile.

``olefile`` does not follow loops for ever, but it believes the numbers of allocation tables that the header states and joins
them one by one; so these are compared with the size of the file first.
"""

from __future__ import annotations

import io
from typing import Any

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_compound(content: bytes) -> Any:
    """The compound file as ``olefile.OleFileIO``.

    Raises:
        ValueError: It is none, or damaged.
    """
    import olefile

    if not content.startswith(OLE_MAGIC) or len(content) < 1536:
        raise ValueError("no compound file")
    shift = int.from_bytes(content[30:32], "little")
    if shift not in (9, 12):
        raise ValueError("unknown sector size")
    sectors = len(content) >> shift
    entries = (1 << shift) // 4
    tables, indirect = (int.from_bytes(content[at : at + 4], "little") for at in (44, 72))
    mini_tables = int.from_bytes(content[64:68], "little")
    if tables > 2 * (sectors // entries) + 109 or indirect > tables // (entries - 1) + 1 or mini_tables > sectors:
        raise ValueError("more allocation tables than the file has room for")
    try:
        return olefile.OleFileIO(io.BytesIO(content))
    except Exception as error:  # olefile raises what its parsing meets: OSError, IndexError, struct.error, RecursionError
        raise ValueError(type(error).__name__) from None


def root_names(content: bytes) -> set[str] | None:
    """Names of the streams and storages of the top level; None if the directory cannot be read."""
    try:
        with open_compound(content) as ole:
            return {str(kid.name) for kid in ole.root.kids}
    except ValueError:
        return None
