"""Lines of text over the pages of a document: which of them name columns, and which every page only repeats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from taihu.read.grid import plain
from taihu.read.nature import is_value
from taihu.read.pdf_page import Rule
from taihu.read.placed import Word, line_text, rows_of

LABELLED = re.compile(r"[:：]\s*\S|[:：]$")
ENGLISH = re.compile(r"[A-Za-z][A-Za-z .&/'-]*")
_PAGE_NUMBER = re.compile(
    r"第?\s*\d+\s*页(?:\s*[,，/]?\s*共?\s*\d+\s*页)?|page\s*\d+(?:\s*(?:of|/)\s*\d+)?|[-—–]\s*\d+\s*[-—–]", re.IGNORECASE
)
_BARE_NUMBER = re.compile(r"(\d+)(?:\s*/\s*\d+)?")
_PAGE_PARTS = re.compile(r"第?\s*\d+\s*页|共\s*\d+\s*页|page\s*\d+(?:\s*of\s*\d+)?", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """A line of text: its page, its number on the page, and whether it is known to stand outside of any table."""

    page: int
    number: int
    words: list[Word]
    is_furniture: bool = False

    @property
    def y(self) -> float:
        return self.words[0].y

    @property
    def size(self) -> float:
        return max(word.size for word in self.words) or 1.0

    @property
    def values(self) -> int:
        return sum(is_value(word.text) for word in self.words)

    @property
    def text(self) -> str:
        return line_text(self.words)


@dataclass(slots=True)
class Sheet:
    """The words of one page and the long lines that part rows."""

    number: int
    words: list[Word]
    separators: list[Rule] = field(default_factory=list)


def lines_of_pages(sheets: Sequence[Sheet]) -> list[Line]:
    """The lines of all pages; what a page repeats of the first one around its rows is marked."""
    pages = []
    for sheet in sheets:
        sizes = [word.size for word in sheet.words] or [1.0]
        found = rows_of(sheet.words, 0.35 * median(sizes))
        pages.append([Line(sheet.number, number, words) for number, words in enumerate(found, start=1)])
    first = pages[0] if pages else []
    heading = next((n for n, line in enumerate(first) if is_header(first, n)), -1)
    for page in pages:
        if page is not first:
            for mine, theirs in zip(page, first[: heading + 2 if _is_translation(first, heading + 1) else heading + 1], strict=False):
                if _without_page(mine.text) != _without_page(theirs.text):
                    break
                mine.is_furniture = True
        for n in range(len(page) - 1, -1, -1):
            gap = page[n].y - page[n - 1].y if n else float("inf")
            if not _is_page_number(page[n], gap):
                break
            page[n].is_furniture = True
    return [line for page in pages for line in page]


def _is_translation(lines: Sequence[Line], n: int) -> bool:
    return 0 < n < len(lines) and len(lines[n].words) > 1 and bool(ENGLISH.fullmatch(lines[n].text))


def _without_page(text: str) -> str:
    return _PAGE_PARTS.sub("", plain(text))


def _is_page_number(line: Line, gap: float) -> bool:
    """Whether the last line of a page numbers it; a bare number does if it stands well apart, for else it may be a cell."""
    text = line.text.strip()
    if bare := _BARE_NUMBER.fullmatch(text):
        return bare[1] == str(line.page) and gap > 2.5 * line.size
    return bool(_PAGE_NUMBER.fullmatch(text))


def is_header(lines: Sequence[Line], n: int, least: int = 2) -> bool:
    """Whether a line names columns: several names without values, over a line with values."""
    line = lines[n]
    if len(line.words) < least or line.values or any(LABELLED.search(word.text) for word in line.words):
        return False
    below = [other for other in lines[n + 1 : n + 4] if other.values and len(other.words) >= max(2, len(line.words) * 0.4)]
    return bool(below)


def segments(lines: Sequence[Line]) -> list[list[Line]]:
    """Tables below each other: another header after a gap or a title begins another table."""
    seen: set[str] = set()
    starts = [0]
    body = 0
    for n, line in enumerate(lines):
        body += bool(line.values) and len(line.words) > 1
        if line.is_furniture or not is_header(lines, n) or _without_page(line.text) in seen:
            continue
        if seen and body > 1 and (title := _title_above(lines, n)) is not None:
            starts.append(title)
            body = 0
        seen.add(_without_page(line.text))
    return [list(lines[start:end]) for start, end in pairwise([*starts, len(lines)])]


def _title_above(lines: Sequence[Line], n: int) -> int | None:
    """Where the table of a second header begins: at the titles above it; None if the header may as well be a row."""
    start = n
    while start > 0 and len(lines[start - 1].words) == 1 and not lines[start - 1].values and lines[start - 1].page == lines[n].page:
        start -= 1
    if start < n:
        return start
    before = lines[n - 1]
    gap = lines[n].y - before.y if before.page == lines[n].page else 0.0
    return n if gap > 2.2 * lines[n].size else None
