"""Tables in PDF files: ruled ones by their lines, others by where the words stand; invoices by their labels.

PDF knows no tables and often not even the characters that it shows: browsers write 金 as a radical that merely looks like it (⾦),
so all text is brought to NFKC. A page that is only a picture has no text, and is refused.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.read.grid import Cell, Grid, clean_text, filled, plain
from taihu.read.invoice import Invoice, fields_of_text, invoice_grids
from taihu.read.placed import Word, is_tabular, lines_of, placed_grid

MAX_PDF = 128 << 20
MAX_PAGES = 1000
_MOST_CHARS = 60_000
_APART = 0.28


def read_pdf(content: bytes, columns_at: Sequence[float] = ()) -> list[Grid]:
    """The tables of a PDF file; one that goes on over pages is one table.

    Args:
        content: The file.
        columns_at: Where the columns of a table without lines begin, in points from the left edge.

    Raises:
        ContentRefused: ``damaged_file``, ``wrong_password``, ``too_large``, ``mojibake`` or ``no_table``.
    """
    if len(content) > MAX_PDF:
        raise ContentRefused("too_large", f"a PDF of {len(content):,} bytes")
    import pdfplumber

    try:
        with pdfplumber.open(io.BytesIO(content)) as document:
            if len(document.pages) > MAX_PAGES:
                raise ContentRefused("too_large", f"a PDF of {len(document.pages):,} pages")
            return _grids(document.pages, tuple(columns_at))
    except ContentRefused:
        raise
    except Exception as error:
        # pdfminer raises whatever its parser meets; an encrypted file is told by its name.
        name = f"{type(error).__name__} {error!r}"
        if "Password" in name:
            raise ContentRefused("wrong_password", "the PDF is protected by a password") from None
        raise ContentRefused("damaged_file", f"not a readable PDF ({type(error).__name__})") from None


def _grids(pages: Sequence[Any], columns_at: tuple[float, ...]) -> list[Grid]:
    ruled: list[Grid] = []
    placed: list[Word] = []
    offset, pictures = 0.0, 0
    for number, page in enumerate(pages, start=1):
        if len(page.chars) > _MOST_CHARS:
            raise ContentRefused("too_large", f"page {number} has {len(page.chars):,} characters")
        words = _words(page.chars, columns_at)
        pictures += bool(page.images) and not words
        if any("(cid:" in word.text for word in words):
            raise ContentRefused("mojibake", f"page {number} uses a font that does not say its characters")
        if number == 1 and (fields := fields_of_text(lines_of(words, 3.0))):
            return invoice_grids(Invoice(fields))
        tables = [] if columns_at else [table for table in page.find_tables() if len(table.rows) > 1]
        if tables:
            _add_ruled(ruled, page, tables, words, number)
        placed.extend(Word(word.left, word.right, word.y + offset, word.text) for word in words)
        offset += float(page.height)
        page.close()
    if pictures and not placed:
        raise ContentRefused("no_table", "its pages are pictures; there is no text in them")
    if ruled:
        return ruled
    grid = placed_grid(placed, "page 1", columns_at, 2.5)
    return [grid] if grid is not None and is_tabular(grid) else []


def _words(chars: Sequence[Any], columns_at: tuple[float, ...]) -> list[Word]:
    """Characters as words: parted by gaps, by blanks and by the columns that a layout states (its numbers may touch)."""
    words: list[Word] = []
    last: Any = None
    text, left = "", 0.0

    def end() -> None:
        norm = unicodedata.normalize("NFKC", text).strip()
        if norm and last is not None:
            words.append(Word(left, float(last["x1"]), float(last["bottom"]), norm))

    for char in sorted(chars, key=lambda char: (round(float(char["bottom"]) / 2.5), float(char["x0"]))):
        gap = float(char["x0"]) - float(last["x1"]) if last is not None else 0.0
        apart = last is not None and (
            abs(float(char["bottom"]) - float(last["bottom"])) > 2.5
            or gap > _APART * float(char["size"])
            or gap < -2 * float(char["size"])
            or char["text"].isspace()
            or _column(char, columns_at) != _column(last, columns_at)
        )
        if apart:
            end()
            text = ""
        if not text:
            left = float(char["x0"])
        if not char["text"].isspace():
            text += char["text"]
            last = char
    end()
    return words


def _column(char: Any, columns_at: tuple[float, ...]) -> int:
    middle = (float(char["x0"]) + float(char["x1"])) / 2
    return sum(1 for start in columns_at if start <= middle)


def _add_ruled(grids: list[Grid], page: Any, tables: Sequence[Any], words: Sequence[Word], number: int) -> None:
    """The ruled tables of a page with the lines around them; the first goes on where the last page's ended."""
    edges = [float(table.bbox[3]) for table in tables]
    lines = [(line[0].y, " ".join(word.text for word in line)) for line in _outside(words, tables)]
    for index, table in enumerate(tables):
        rows = [[_cell(text) for text in row] for row in table.extract()]
        top = edges[index - 1] if index else 0.0
        above: list[list[Cell]] = [[clean_text(text)] for y, text in lines if top <= y <= float(table.bbox[1]) + 2]
        below: list[list[Cell]] = [[clean_text(text)] for y, text in lines if y > edges[index]] if index == len(tables) - 1 else []
        before = grids[-1] if grids else None
        if index == 0 and before is not None and _goes_on(before, rows):
            before.rows += [*above, *rows, *below]
            before.lines = range(1, len(before.rows) + 1)
            continue
        whole = [*above, *rows, *below]
        name = f"page {number}" if len(tables) == 1 else f"page {number} table {index + 1}"
        grids.append(Grid(name, whole, range(1, len(whole) + 1), sheet=name))


def _outside(words: Sequence[Word], tables: Sequence[Any]) -> list[list[Word]]:
    from taihu.read.placed import rows_of

    boxes = [table.bbox for table in tables]

    def inside(word: Word) -> bool:
        middle = (word.left + word.right) / 2
        return any(box[0] <= middle <= box[2] and box[1] - 1 <= word.y - 2 <= box[3] + 1 for box in boxes)

    return rows_of([word for word in words if not inside(word)], 2.5)


def _goes_on(grid: Grid, rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether a page's first table is the rest of the one before: as wide, and without a header of its own or with the same one."""
    width = len(rows[0])
    old = next((row for row in grid.rows if len(row) == width and filled(row) > width / 2), None)
    if old is None:
        return False
    same = [plain(cell) for cell in rows[0]] == [plain(cell) for cell in old]
    from taihu.read.nature import is_value

    return same or any(is_value(cell) for cell in rows[0])


def _cell(text: str | None) -> Cell:
    """Lines of a cell are joined: Chinese without a blank, for it breaks anywhere."""
    if text is None:
        return None
    from taihu.read.grid import one_line

    return clean_text(one_line(unicodedata.normalize("NFKC", text)))
