"""Text that has places on a page instead of cells (PDF without ruled lines, OFD): pieces, lines, and where columns part them."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from taihu.read.glyphs import as_written
from taihu.read.grid import Cell, Grid, clean_text, filled
from taihu.read.pdf_page import Char

# Parts of a size: what parts words at least, where letters are set wide, and where a gap is a blank in one text.
_APART = 0.12
_APART_IN_WIDE = 0.28
_BLANK = 0.7
_OVER = 0.15
_OVER_BY_LETTER = 0.35
_IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text: left and right end, height of its baseline (growing downwards), in one unit; its characters where known.

    ``is_glued`` says that it follows the word before without what would be a blank, ``is_over`` that it stands over that.
    """

    left: float
    right: float
    y: float
    text: str
    size: float = 0.0
    chars: tuple[Char, ...] = ()
    is_glued: bool = False
    is_over: bool = False

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


class Unclear(Exception):
    """It cannot be told to which cell a text belongs; the message says where, never what."""


def rows_of(words: Sequence[Word], tolerance: float = 2.0) -> list[list[Word]]:
    """Words by lines from top to bottom, each from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.y, word.left)):
        if lines and word.y - lines[-1][0].y <= tolerance:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda word: word.left) for line in lines]


def lines_of(words: Sequence[Word], tolerance: float = 2.0) -> list[str]:
    """The text of a page, line by line."""
    return [line_text(line) for line in rows_of(words, tolerance)]


def line_text(words: Sequence[Word]) -> str:
    """The text of words that follow each other."""
    return "".join(word.text if word.is_glued or n == 0 else f" {word.text}" for n, word in enumerate(words))


def placed_grid(words: Sequence[Word], name: str) -> Grid | None:
    """A page of pieces of text as a grid whose columns part wherever all full lines leave a gap; None if it holds no text."""
    lines = rows_of(words)
    if not lines:
        return None
    starts = _starts(lines)
    rows: list[list[Cell]] = []
    for line in lines:
        parts: list[list[str]] = [[] for _ in starts]
        for word in line:
            middle = word.left + min(1.0, (word.right - word.left) / 2)
            column = max((n for n, start in enumerate(starts) if start <= middle), default=0)
            parts[column].append(word.text)
        rows.append([clean_text(" ".join(part)) for part in parts])
    return Grid(name, rows, range(1, len(rows) + 1), sheet=name)


def _starts(lines: Sequence[Sequence[Word]]) -> list[float]:
    """Left ends of the columns: what lies between gaps that no full line crosses.

    Titles and remarks cross any gap, so only the lines with nearly as many pieces as the fullest ones are asked.
    """
    most = sorted(len(line) for line in lines)[-max(1, len(lines) // 4)]
    full = [line for line in lines if len(line) >= max(2, most * 0.6)] or list(lines)
    spans = sorted((word.left, word.right) for line in full for word in line)
    starts: list[float] = []
    end = float("-inf")
    for left, right in spans:
        if left > end + 0.5:
            starts.append(left)
        end = max(end, right)
    return [start - 0.25 for start in starts] or [0.0]


def is_tabular(grid: Grid) -> bool:
    """Whether at least two rows fill at least two columns."""
    return sum(filled(row) >= 2 for row in grid.rows) >= 2


# characters to words ---------------------------------------------------------------------------------------------------


def words_of(chars: Iterable[Char], *, keep_blanks: bool = True) -> list[Word]:
    """Characters as words, parted by gaps and blanks.

    Args:
        chars: The characters of a page.
        keep_blanks: A blank inside what was shown at once (``2026-09-01 10:23``) stays inside a word.
    """
    lines = _char_lines(chars)
    usual = _usual_gap(lines)
    runs = {char.run for line in lines for char in line}
    # Letters that are shown one by one are moved closer by kerning; texts shown as a whole are not.
    over = _OVER if sum(map(len, lines)) >= 2 * len(runs) else _OVER_BY_LETTER
    return [word for line in lines for word in _line_words(line, keep_blanks, usual, over)]


def _usual_gap(lines: Sequence[Sequence[Char]]) -> float:
    """The gap between letters, in parts of their size; not 0 where they are set wide or a font states wrong widths."""
    gaps = [(after.left - before.right) / (before.size or 1) for line in lines for before, after in pairwise(line)]
    return median([gap for gap in gaps if -0.8 < gap < 0.5] or [0.0])


def _char_lines(chars: Iterable[Char]) -> list[list[Char]]:
    lines: list[list[Char]] = []
    for char in sorted(chars, key=lambda char: (char.y, char.left)):
        if lines and char.y - lines[-1][0].y <= 0.35 * min(char.size, lines[-1][0].size):
            lines[-1].append(char)
        else:
            lines.append([char])
    return [sorted(line, key=lambda char: char.left) for line in lines]


def _line_words(line: Sequence[Char], keep_blanks: bool, usual: float, most: float) -> list[Word]:
    words: list[Word] = []
    text = ""
    kept: list[Char] = []
    blank: Char | None = None
    is_glued = is_over = False
    apart = min(_APART_IN_WIDE, max(_APART, 2.5 * usual))
    for char in line:
        if char.text.isspace():
            blank = char
            continue
        last = kept[-1] if kept else None
        if last is not None:
            gap, size = char.left - last.right, max(char.size, last.size)
            stays = gap <= apart * size if blank is None else keep_blanks and blank.run in (last.run, char.run) and gap <= _BLANK * size
            over = gap < (min(usual, 0.0) - most) * size and char.run != last.run
            if not stays or over:
                words.append(replace(_word(text, kept), is_glued=is_glued, is_over=is_over))
                text, kept, is_over = "", [], over
                is_glued = blank is None and gap <= _APART_IN_WIDE * size
            elif blank is not None:
                text += " "
        blank = None
        text += char.text
        kept.append(char)
    if kept:
        words.append(replace(_word(text, kept), is_glued=is_glued, is_over=is_over))
    return words


def _word(text: str, chars: Sequence[Char]) -> Word:
    size = max(char.size for char in chars)
    return Word(chars[0].left, max(char.right for char in chars), chars[0].y, as_written(text), size, tuple(chars))


def cut(words: Sequence[Word], starts: Sequence[float], beside: Sequence[Word] = ()) -> list[Word]:
    """Words cut where columns begin, if what was shown says that there are two.

    Numbers of neighbouring columns may touch; then they were shown separately, or with a whole line of a report. One text that
    runs on over the border is neither.

    Args:
        words: The words.
        starts: Where columns begin.
        beside: All words around them, if they are not all.

    Raises:
        Unclear: A text crosses a border.
    """
    out: list[Word] = []
    beside = beside or words
    for word in words:
        inside = [start for start in starts if word.left + 0.2 * word.size < start < word.right - 0.2 * word.size]
        out.extend(_pieces(word, inside, beside) if inside else [word])
    return out


def _run_length(words: Sequence[Word]) -> float:
    runs = {char.run for word in words for char in word.chars}
    return sum(len(word.chars) for word in words) / (len(runs) or 1)


def _pieces(word: Word, starts: Sequence[float], words: Sequence[Word]) -> list[Word]:
    typical = _run_length(words)
    groups: list[list[Char]] = []
    for char in word.chars:
        if groups and _column((groups[-1][-1].left + groups[-1][-1].right) / 2, starts) == _column((char.left + char.right) / 2, starts):
            groups[-1].append(char)
        else:
            groups.append([char])
    for before, after in pairwise(groups):
        last, first = before[-1], after[0]
        if last.run != first.run and typical >= 2:
            continue
        if last.run == first.run:
            # A report shows a whole line at once: more than this word.
            if any(char.run == first.run for other in words if other is not word and other.y == word.y for char in other.chars[:1]):
                continue
        elif abs(first.left - last.right - median(_gaps(word.chars))) > 0.05 * word.size:
            continue
        raise Unclear("a text crosses the border between two columns")
    return [_word("".join(char.text for char in group), group) for group in groups]


def _gaps(chars: Sequence[Char]) -> list[float]:
    return [after.left - before.right for before, after in pairwise(chars)] or [0.0]


def _column(at: float, starts: Sequence[float]) -> int:
    return bisect.bisect_right(starts, at)


# lines of one cell -----------------------------------------------------------------------------------------------------


def joined(lines: Sequence[Sequence[Word]], left: float, right: float) -> Cell:
    """The text of a cell between two borders from its lines.

    A line that fills its cell was broken off: Chinese and codes go on without a blank. A line that ends early was ended on
    purpose.
    """
    if not lines:
        return None
    spans = [(line[0].left, max(word.right for word in line)) for line in lines]
    texts = [line_text(line) for line in lines]
    pad = min(min(start - left, right - end) for start, end in spans)
    widest = max(end - start for start, end in spans)
    text = texts[0]
    for (start, end), before, after, line in zip(spans, texts, texts[1:], lines, strict=False):
        size = max(word.size for word in line) or 1.0
        free = max(right - left - 2 * max(pad, 0.0), widest) - (end - start)
        text += _between(before, after, free, size) + after
    return clean_text(text)


def _between(before: str, after: str, free: float, size: float) -> str:
    wide = bool(_IDEOGRAPH.match(before[-1])), bool(_IDEOGRAPH.match(after[0]))
    if all(wide):
        return "" if free <= 2.5 * size else " "
    if any(wide):
        return "" if free <= 1.2 * size else " "
    if re.search(r"\d[-/]$", before) and after[0].isdigit():
        # Programs break a date behind its hyphen, however much room is left.
        return ""
    if free > 0.7 * size:
        return " "
    mixed = before[-1].isalnum() and after[0].isalnum() and before[-1].isdigit() != after[0].isdigit()
    is_code = before[-1].isalnum() or before[-1] in ",._-/"
    return "" if mixed or (is_code and _is_broken(before, after)) else " "


def _is_broken(before: str, after: str) -> bool:
    """Whether two lines look like one number or code, not like two words or a date and a time."""
    head, tail = before.rsplit(" ", 1)[-1], after.split(" ", 1)[0]
    if re.fullmatch(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", head) and re.match(r"\d{1,2}:\d{2}", tail):
        return False
    return any(char.isdigit() for char in head) and any(char.isdigit() for char in tail)
