"""Tables in PDF files: ruled ones by their lines, others by where the words stand; invoices by their labels.

PDF knows no tables and often not even the characters that it shows. Whatever cannot be read beyond doubt holds the file: a page
that is only a picture, a font that does not say its characters, a text that may belong to either of two cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from taihu.core.errors import ContentRefused
from taihu.core.types import Note
from taihu.read.borderless import borderless
from taihu.read.grid import Cell, Grid, Merged, clean_text, filled, plain
from taihu.read.grids import Grids
from taihu.read.invoice import Invoice, invoice_grids
from taihu.read.invoice_page import invoice_of_page
from taihu.read.nature import is_value
from taihu.read.page_lines import Line, Sheet, is_header, lines_of_pages
from taihu.read.pdf_page import Page, pages_of
from taihu.read.placed import Unclear, Word, cut, is_tabular, joined, line_text, rows_of, words_of
from taihu.read.ruled import Ruled, ruled_tables

MAX_PDF = 128 << 20
_SHARP = re.compile("#{3,}")
_SAME_PLACE = 4.0


def read_pdf(content: bytes, columns_at: Sequence[float] = (), passwords: Sequence[str] = ()) -> Grids:
    """The tables of a PDF file; one that goes on over pages is one table.

    Args:
        content: The file.
        columns_at: Where the columns of a table without lines begin, in points from the left edge.
        passwords: Tried in this order if it is encrypted.

    Raises:
        ContentRefused: ``damaged_file``, ``wrong_password``, ``too_large`` or ``no_table``.
    """
    if len(content) > MAX_PDF:
        raise ContentRefused("too_large", f"a PDF of {len(content):,} bytes")
    reading = _Reading(tuple(columns_at))
    try:
        for page in pages_of(content, passwords):
            reading.take(page)
    except ContentRefused:
        raise
    except Exception as error:
        # The parser raises whatever it meets.
        raise ContentRefused("damaged_file", f"not a readable PDF ({type(error).__name__})") from None
    return reading.result()


@dataclass(slots=True)
class _Reading:
    """What has been read so far, page by page."""

    columns_at: tuple[float, ...]
    grids: list[Grid] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    waiting: list[Sheet] = field(default_factory=list)
    pages: int = 0
    pictures: list[int] = field(default_factory=list)
    texts: int = 0
    slanted: int = 0
    unmapped: str = ""
    unclear: str = ""
    last: tuple[Grid, Ruled, list[list[Cell]]] | None = None

    def take(self, page: Page) -> None:
        """Read one page."""
        self.pages += 1
        self.slanted += page.slanted
        self.texts += len(page.chars)
        if (page.pictures or page.unseen) and not any(not char.text.isspace() for char in page.chars):
            self.pictures.append(page.number)
        if page.unmapped and not self.unmapped:
            self.unmapped = f"page {page.number} uses a font that does not say its characters"
        words = words_of(page.chars, keep_blanks=not self.columns_at)
        if not self.unclear and (over := next((word for word in words if word.is_over), None)):
            self.unclear = f"page {page.number}, {over.y:.0f} points from the top: two texts stand over each other"
        if (invoice := invoice_of_page(words, 3.0)) is not None:
            self._invoice(invoice)
            return
        tables = [] if self.columns_at else _with_text(ruled_tables(page.rules), words)
        if not tables:
            self.waiting.append(Sheet(page.number, words, [*page.rules, *page.shades]))
            return
        self._settle()
        self._ruled(page, tables, words)

    def result(self) -> Grids:
        self._settle()
        result = Grids("pdf", grids=self.grids)
        if self.invoices:
            result.grids = [*invoice_grids(self.invoices), *self.grids]
        if self.pictures and not self.texts:
            raise ContentRefused("no_table", "its pages are pictures; there is no text in them")
        if self.unmapped:
            result.held, result.held_detail = "mojibake", self.unmapped
        elif self.pictures:
            result.held, result.held_detail = "cells_unclear", f"page {self.pictures[0]} is a picture; there is no text in it"
        elif contradictions := [text for invoice in self.invoices for text in invoice.contradictions]:
            result.held, result.held_detail = "invoice_disagrees", ", ".join(contradictions)
        elif self.unclear:
            result.held, result.held_detail = "cells_unclear", self.unclear
        if self.slanted and result.grids:
            result.grids[0].notes.append(Note("slanted_text", "", detail=f"{self.slanted} characters"))
        for grid in result.grids:
            grid.notes.extend(_sharps(grid))
        return result

    def _invoice(self, invoice: Invoice) -> None:
        """One more invoice, the next page of the last one, or another copy of it."""
        last = self.invoices[-1] if self.invoices else None
        if last is not None and last.identity == invoice.identity:
            if not last.is_whole:
                last.lines += invoice.lines
                last.unread_goods |= invoice.unread_goods
            last.add(invoice.fields, f"page {self.pages}")
        else:
            self.invoices.append(invoice)

    def _settle(self) -> None:
        """Read the pages without ruled tables that have come since the last one with some."""
        sheets, self.waiting = [sheet for sheet in self.waiting if sheet.words], []
        if not sheets:
            return
        found = borderless(sheets, self.columns_at)
        grids = [grid for grid in found.grids if is_tabular(grid)]
        if grids:
            self.last = None
            self.unclear = self.unclear or found.unclear
            self.grids += grids
        elif self.grids:
            _append(self.grids[-1], [(f"page {line.page}", line.number, line.text) for line in lines_of_pages(sheets)])

    def _ruled(self, page: Page, tables: Sequence[Ruled], words: Sequence[Word]) -> None:
        """The ruled tables of a page with the lines around them; the first goes on where the last page's ended."""
        name = f"page {page.number}"
        around = [word for word in words if not any(table.holds(word.middle, _middle(word)) for table in tables)]
        lines = lines_of_pages([Sheet(page.number, around)])
        if any(is_header(lines, n, 3) for n in range(len(lines))):
            found = borderless([Sheet(page.number, around)])
            self.grids += [grid for grid in found.grids if is_tabular(grid)]
            self.unclear = self.unclear or found.unclear
            lines = []
        count = 0
        for index, table in enumerate(tables):
            top = tables[index - 1].ys[-1] if index else float("-inf")
            above = [line for line in lines if top < line.y <= table.ys[0] + 1]
            below = [line for line in lines if line.y > table.ys[-1]] if index == len(tables) - 1 else []
            rows, merged = self._rows(table, words, name)
            grid = self._begun(table, rows, above, name) if index == 0 else None
            if grid is None:
                grid = Grid(name if len(tables) == 1 else f"{name} table {index + 1}", [], [], sheet=name, merged=[], sheets=[])
                self.grids.append(grid)
                head = _head(rows)
            else:
                assert self.last is not None
                head = self.last[2]
            count = _extend(grid, name, count, above, rows, merged, below, head if grid.rows else [])
            self.last = (grid, table, head)
        if self.last is not None and len(tables) > 1 and self.last[0].sheet != name:
            self.last = None

    def _begun(self, table: Ruled, rows: Sequence[list[Cell]], above: Sequence[Line], name: str) -> Grid | None:
        """The grid of which a page's first table is the rest: columns at the same places, with the same header or none."""
        if self.last is None:
            return None
        grid, before, head = self.last
        if before.columns != table.columns or any(abs(a - b) > _SAME_PLACE for a, b in zip(before.xs, table.xs, strict=True)):
            return None
        if head and _same(rows[: len(head)], head):
            return grid
        first = rows[0]
        if not any(is_value(cell) for cell in first) and above:
            return None
        if first[0] is None and filled(first) <= len(first) / 2 and not any(is_value(cell) for cell in first):
            self.unclear = self.unclear or f"{name}!1: the row may have begun on the page before"
        return grid

    def _rows(self, table: Ruled, words: Sequence[Word], name: str) -> tuple[list[list[Cell]], list[Merged]]:
        """The cells of a ruled table; a cell over several places has its text in the first."""
        placed: dict[Merged, list[Word]] = {cell: [] for cell in table.cells}
        owner = {
            (row, column): cell for cell in table.cells for row in range(cell[0], cell[2] + 1) for column in range(cell[1], cell[3] + 1)
        }
        inside = [word for word in words if table.holds(word.middle, _middle(word))]
        for word in inside:
            row, _ = table.place(word.middle, _middle(word))
            borders = [table.xs[n] for n in range(1, table.columns) if owner[row, n - 1] != owner[row, n]]
            try:
                parts = cut([word], borders, inside)
            except Unclear:
                parts = [word]
                if _is_of_one(word, borders):
                    placed[owner[table.place(word.middle, _middle(word))]].append(word)
                    continue
                self.unclear = self.unclear or f"{name}, row {row + 1} of the table: a text crosses the border between two cells"
            for part in parts:
                placed[owner[table.place(part.middle, _middle(part))]].append(part)
        rows: list[list[Cell]] = []
        merged: list[Merged] = []
        for row in range(table.rows):
            own = [cell for cell in table.cells if cell[0] == row]
            split = self._split(table, row, own, placed, name)
            offset = len(rows) - row
            if split is not None:
                rows += split
                continue
            cells: list[Cell] = [None] * table.columns
            for cell in own:
                lines = rows_of(placed[cell], 0.35 * max((word.size for word in placed[cell]), default=0.0))
                cells[cell[1]] = joined(lines, table.xs[cell[1]], table.xs[cell[3] + 1])
                if cell[2] > cell[0] or cell[3] > cell[1]:
                    merged.append((cell[0] + offset, cell[1], cell[2] + offset, cell[3]))
            rows.append(cells)
        return rows, merged

    def _split(self, table: Ruled, row: int, own: Sequence[Merged], placed: dict[Merged, list[Word]], name: str) -> list[list[Cell]] | None:
        """The rows of a box that holds many: columns are ruled, rows are not. None if the row is one."""
        if len(own) != table.columns or any(cell[2] > row for cell in own):
            return None
        heights = {cell: [line[0].y for line in rows_of(placed[cell], 3.0)] for cell in own if placed[cell]}
        tall = [ys for ys in heights.values() if len(ys) > 1]
        if len(tall) < 2 or len(tall) < 0.6 * len(heights):
            return None
        longest = max(tall, key=len)
        aligned = all(any(abs(y - other) <= 2 for other in longest) for ys in tall for y in ys)
        if not aligned or (len(longest) == 2 and not _two_rows(placed, own)):
            return None
        words = [word for cell in own for word in placed[cell]]
        found = borderless([Sheet(0, words)], table.xs[:-1])
        if found.unclear or len(found.grids) != 1:
            self.unclear = self.unclear or f"{name}, row {row + 1} of the table: a box holds several rows"
            return None
        return [[*cells, *[None] * (table.columns - len(cells))] for cells in found.grids[0].rows]


def _middle(word: Word) -> float:
    return word.y - 0.35 * word.size


def _is_of_one(word: Word, borders: Sequence[float]) -> bool:
    """Whether a text that is too long for its cell was shown at once and lies mostly in it."""
    if len({char.run for char in word.chars}) > 1:
        return False
    edges = [word.left, *(at for at in borders if word.left < at < word.right), word.right]
    widest = max(after - before for before, after in pairwise(edges))
    start, end = next((a, b) for a, b in pairwise(edges) if b - a == widest)
    return widest >= 0.7 * (word.right - word.left) and start <= word.middle <= end


def _with_text(tables: Sequence[Ruled], words: Sequence[Word]) -> list[Ruled]:
    """Tables that hold values in at least two places, or all of a page's text: boxes around headers and pages are none."""
    found = []
    values = 0
    for table in tables:
        inside = [word for word in words if table.holds(word.middle, _middle(word))]
        if len({table.place(word.middle, _middle(word)) for word in inside}) >= 2:
            found.append(table)
            values += sum(is_value(word.text) for word in inside)
    outside = sum(is_value(word.text) for word in words) - values
    return [] if found and not values and outside > 3 else found


def _two_rows(placed: dict[Merged, list[Word]], own: Sequence[Merged]) -> bool:
    """Whether two lines of a row are values of their own in at least two columns."""
    both = 0
    for cell in own:
        lines = [line_text(line) for line in rows_of(placed[cell], 3.0)]
        both += len(lines) == 2 and all(is_value(line) and len(line) > 3 for line in lines) and _shape(lines[0]) == _shape(lines[1])
    return both >= 2


def _shape(text: str) -> str:
    return re.sub(r"\d+", "9", text.replace(",", ""))


def _head(rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    """The first rows of a table that hold no values: what a page repeats."""
    head: list[list[Cell]] = []
    for row in rows[:4]:
        if any(is_value(cell) for cell in row):
            return head
        head.append(row)
    return head[:1]


def _same(rows: Sequence[list[Cell]], head: Sequence[list[Cell]]) -> bool:
    return len(rows) == len(head) and all(list(map(plain, a)) == list(map(plain, b)) for a, b in zip(rows, head, strict=True))


def _extend(
    grid: Grid,
    name: str,
    count: int,
    above: Sequence[Line],
    rows: Sequence[list[Cell]],
    merged: Sequence[Merged],
    below: Sequence[Line],
    head: Sequence[list[Cell]],
) -> int:
    """Add a page's part of a table, with the lines around it; gives how many rows the page has so far."""
    base = len(grid.rows) + len(above)
    _append(grid, [(name, count + n, line.text) for n, line in enumerate(above, start=1)])
    count += len(above)
    repeated = len(head) if head and _same(rows[: len(head)], head) else 0
    assert isinstance(grid.merged, list) and isinstance(grid.sheets, list) and isinstance(grid.lines, list) and isinstance(grid.rows, list)
    grid.merged += [(top + base, left, bottom + base, right) for top, left, bottom, right in merged if top >= repeated]
    for n, row in enumerate(rows):
        if n < repeated:
            grid.outside |= {len(grid.rows)}
            if n == 0:
                grid.notes.append(Note("repeated_header", f"{name}!{count + 1}"))
        grid.rows.append(row)
        grid.lines.append(count + n + 1)
        grid.sheets.append(name)
    count += len(rows)
    _append(grid, [(name, count + n, line.text) for n, line in enumerate(below, start=1)])
    return count + len(below)


def _append(grid: Grid, lines: Sequence[tuple[str, int, str]]) -> None:
    """Add lines that stand outside of the table."""
    grid.sheets = list(grid.sheets) or [grid.sheet] * len(grid.rows)
    grid.lines, grid.rows = list(grid.lines), list(grid.rows)
    for sheet, number, text in lines:
        grid.outside |= {len(grid.rows)}
        grid.rows.append([clean_text(text)])
        grid.lines.append(number)
        grid.sheets.append(sheet)


def _sharps(grid: Grid) -> list[Note]:
    """Numbers that a spreadsheet printed as ``####`` because their column was too narrow."""
    return [
        Note("error_cell", grid.position(n), grid.column(column))
        for n, row in enumerate(grid.rows)
        for column, cell in enumerate(row)
        if cell is not None and _SHARP.fullmatch(cell)
    ]
