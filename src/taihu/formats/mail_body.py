"""What the body of a mail carries beside its words: tables that were pasted into it, and links to files.

Nothing is interpreted here; it is only said whether there is a table worth reading and which addresses are linked.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_TABLE = re.compile(r"<table\b.*?</table\s*>|<table\b.*\Z", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b", re.IGNORECASE)
_LINK = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"https?://[^\s<>\"'（），。；、《》【】]+", re.IGNORECASE)


def holds_table(text: str) -> bool:
    """Whether an HTML text has a table of at least two rows and two columns (signatures and frames of one cell are none)."""
    return any(
        len(_ROW.findall(table)) >= 2 and len(_CELL.findall(table)) >= 2 * len(_ROW.findall(table)) for table in _TABLE.findall(text)
    )


def links_of(text: str, *, is_html: bool) -> Iterator[str]:
    """Addresses that a body links to, in order, each once."""
    found = (html.unescape(match[1].strip("\"'")).strip() for match in _LINK.finditer(text)) if is_html else _ADDRESS.findall(text)
    for address in dict.fromkeys(found):
        if address.lower().startswith(("http://", "https://")):
            yield address.rstrip(".,;)")
