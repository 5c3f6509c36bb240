"""What the body of a mail carries beside its words: tables that were pasted into it, and links to files.

Nothing is interpreted here; it is only said whether there is a table worth reading and which addresses are linked.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_MARKUP = re.compile(r"<(/?table|tr|td|th)\b", re.IGNORECASE)
_LINK = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"https?://[^\s<>\"'（），。；、《》【】]+", re.IGNORECASE)


def holds_table(text: str) -> bool:
    """Whether an HTML text has a table with two rows of two cells each; frames around a text and signatures have none."""
    tables: list[list[int]] = []  # of each table that is open, the cells of its rows; mail programs put tables into tables
    for found in _MARKUP.finditer(text):
        tag = found[1].lower()
        if tag == "table":
            tables.append([])
        elif not tables:
            continue
        elif tag == "/table":
            if _is_table(tables.pop()):
                return True
        elif tag == "tr":
            tables[-1].append(0)
        elif tables[-1]:
            tables[-1][-1] += 1
    return any(map(_is_table, tables))


def _is_table(cells: list[int]) -> bool:
    return sum(count >= 2 for count in cells) >= 2


def links_of(text: str, *, is_html: bool) -> Iterator[str]:
    """Addresses that a body links to, in order, each once."""
    found = (html.unescape(match[1].strip("\"'")).strip() for match in _LINK.finditer(text)) if is_html else _ADDRESS.findall(text)
    for address in dict.fromkeys(found):
        if address.lower().startswith(("http://", "https://")):
            yield address.rstrip(".,;)")
