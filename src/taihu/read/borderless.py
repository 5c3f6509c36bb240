"""Tables that nothing but white space parts: columns where no row has text, rows by the distances of their lines.

Only what is beyond doubt is read. Two names over one column, a text that runs from one column into the next or a line as far
from the row above as from the row below could be cut either way; then the table is held, and a layout that states where the
columns begin (``columns_at``) or another format is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from statistics import median

from taihu.read.grid import Cell, Grid, clean_text
from taihu.read.nature import is_value, nature
from taihu.read.page_lines import ENGLISH, LABELLED, Line, Sheet, is_header, lines_of_pages, segments
from taihu.read.pdf_page import Rule
from taihu.read.placed import Unclear, Word, cut, joined, line_text
from taihu.read.totals import is_total_row

_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_HOLDS_DIGITS = re.compile(r"\d")
_FULL = 0.6
_EQUAL = 1.15
_TIGHT = 1.4


Span = tuple[float, float]
Placed = tuple[Span, list[list[Word]]]
"""A column's left and right end with its names."""


@dataclass(slots=True)
class Found:
    """Grids, and where a table could not be told apart."""

    grids: list[Grid] = field(default_factory=list)
    unclear: str = ""


def borderless(sheets: Sequence[Sheet], columns_at: Sequence[float] = ()) -> Found:
    """The tables of pages without ruled ones.

    Args:
        sheets: The pages.
        columns_at: Where columns begin, in points from the left edge, if a layout says so.
    """
    lines = lines_of_pages(sheets)
    separators = {sheet.number: sheet.separators for sheet in sheets}
    found = Found()
    for part in [lines] if columns_at else segments(lines):
        table = _Table(part, separators, columns_at)
        found.grids.append(table.grid())
        found.unclear = found.unclear or table.unclear
    return found


class _Table:
    """One table without borders."""

    def __init__(self, lines: Sequence[Line], separators: dict[int, list[Rule]], columns_at: Sequence[float]) -> None:
        self._lines = lines
        self._separators = separators
        self._starts = tuple(columns_at)
        self.unclear = ""
        self._header = next((n for n, line in enumerate(lines) if not line.is_furniture and is_header(lines, n)), -1)
        self._columns: list[tuple[float, float]] = []
        self._names: dict[int, list[Word]] = {}

    def _doubt(self, line: Line | None, why: str) -> None:
        self.unclear = self.unclear or (f"page {line.page}!{line.number}: {why}" if line else why)

    def grid(self) -> Grid:
        if self._starts:
            self._cut()
        body = self._body()
        if not body:
            return self._built([[line] for line in self._lines])
        self._find_columns(body)
        try:
            records = self._records(body)
        except Unclear as doubt:
            self._doubt(None, str(doubt))
            records = [[line] for line in self._lines]
        return self._built(records)

    # columns

    def _cut(self) -> None:
        """Cut the words of lines that may be rows where the layout says that columns begin."""
        inner = sorted(self._starts)[1:]
        uncut: list[tuple[int, str]] = []
        for n, line in enumerate(self._lines):
            try:
                line.words = cut(line.words, inner)
            except Unclear as doubt:
                uncut.append((n, str(doubt)))
        self._header = next((n for n, line in enumerate(self._lines) if not line.is_furniture and is_header(self._lines, n)), -1)
        for n, why in uncut:
            if n > self._header and _HOLDS_DIGITS.search(self._lines[n].text) and not LABELLED.search(self._lines[n].text):
                self._doubt(self._lines[n], why)

    def _body(self) -> list[Line]:
        """The lines that are surely rows: as full as most lines with values below the header."""
        below = [line for line in self._lines[self._header + 1 :] if not line.is_furniture and line.values and len(line.words) > 1]
        if not below:
            return []
        most = sorted(len(line.words) for line in below)[len(below) * 3 // 4]
        return [line for line in below if len(line.words) >= max(2, most * _FULL)]

    def _find_columns(self, body: Sequence[Line]) -> None:
        if self._starts:
            starts = sorted(self._starts)
            ends = [*starts[1:], max(word.right for line in self._lines for word in line.words) + 1]
            self._columns = list(zip(starts, ends, strict=True))
            for line in body:
                self._check_alone(line)
            return
        spans = sorted((word.left, word.right) for line in body for word in line.words)
        columns: list[tuple[float, float]] = []
        for left, right in spans:
            if columns and left <= columns[-1][1] + 0.01:
                columns[-1] = (columns[-1][0], max(columns[-1][1], right))
            else:
                columns.append((left, right))
        self._columns = columns
        if self._header >= 0:
            self._name_columns(self._lines[self._header], body)
        for line in body:
            self._check_alone(line)

    def _check_alone(self, line: Line) -> None:
        """A row has one text in a column; pieces of one text stand close together."""
        cells = self._cells_of(line)
        for words in cells.values():
            if any(after.left - before.right > 0.8 * max(before.size, after.size) for before, after in pairwise(words)):
                self._doubt(line, "two texts stand in one column")
                return

    def _name_columns(self, header: Line, body: Sequence[Line]) -> None:
        """Give every name its column: by order where there are as many, else by the place."""
        names = [[word] for word in header.words]
        if len(names) > len(self._columns):
            names = _unspread(names, self._columns)
        if len(names) != len(self._columns):
            self._name_by_place(header, names, body)
            return
        # A name at the left of numbers at the right may stand clear of them; the order tells whose it is. It never stands over others.
        for n, column in enumerate(self._columns):
            if any(m != n and _overlap((name[0].left, name[-1].right), column) > 0 for m, name in enumerate(names)):
                self._doubt(header, "names and columns do not stand above each other")
        self._names = dict(enumerate(names))

    def _name_by_place(self, header: Line, names: Sequence[list[Word]], body: Sequence[Line]) -> None:
        owners: dict[int, list[int]] = {}
        for m, name in enumerate(names):
            span = (name[0].left, name[-1].right)
            over = [n for n, column in enumerate(self._columns) if _overlap(span, column) > 0]
            if len(over) > 1 and not self._merge(over, body):
                self._doubt(header, "a name stands over several columns")
            owners.setdefault(over[0] if over else -1 - m, []).append(m)
        if any(len(owned) > 1 for owned in owners.values()):
            self._doubt(header, "several names stand over one column")
        placed: list[Placed] = [(self._columns[n], [names[m] for m in owned]) for n, owned in owners.items() if n >= 0]
        placed += [((names[m][0].left, names[m][-1].right), [names[m]]) for n, owned in owners.items() if n < 0 for m in owned]
        named = {column for column, _ in placed}
        placed += [(column, []) for column in self._columns if column not in named]
        placed = self._paired(header, sorted(placed, key=lambda item: item[0]), set(self._columns))
        self._columns = [column for column, _ in placed]
        self._names = {n: [word for name in owned for word in name] for n, (_, owned) in enumerate(placed)}
        self._check_nameless(header, body)
        if any(before[1] > after[0] for before, after in pairwise(self._columns)):
            self._doubt(header, "names and columns do not stand above each other")

    def _paired(self, header: Line, placed: list[Placed], filled: set[Span]) -> list[Placed]:
        """A name at the left and numbers at the right that stand clear of each other are one column if nothing else may be meant."""
        out: list[Placed] = []
        rest = list(placed)
        while rest:
            run = list(takewhile(lambda item: not (item[0] in filled and item[1]), rest))
            rest = rest[len(run) :]
            kinds = [item[0] in filled for item in run]
            pairs = list(zip(run[::2], run[1::2], strict=False))
            if kinds in ([False, True] * len(pairs), [True, False] * len(pairs)):
                out += [((before[0][0], after[0][1]), before[1] or after[1]) for before, after in pairs]
            else:
                if any(kinds) and not all(kinds):
                    self._doubt(header, "a column may have either of several names")
                out += run
            if rest:
                out.append(rest.pop(0))
        return out

    def _check_nameless(self, header: Line, body: Sequence[Line]) -> None:
        """A column without a name that always stands close to the one before is a piece of it."""
        for n, (before, after) in enumerate(pairwise(self._columns), start=1):
            if not self._names.get(n) and after[0] - before[1] < 0.8 * header.size:
                self._doubt(header, "a column without a name stands close to another")

    def _merge(self, over: Sequence[int], body: Sequence[Line]) -> bool:
        """Make one column of those under one name if only blanks part them in every row (a date and its time)."""
        left, right = self._columns[over[0]][0], self._columns[over[-1]][1]
        for line in body:
            words = [word for word in line.words if left <= word.middle <= right]
            if any(after.left - before.right > 0.8 * before.size for before, after in pairwise(words)):
                return False
        self._columns[over[0] : over[-1] + 1] = [(left, right)]
        return True

    # rows

    def _cells_of(self, line: Line) -> dict[int, list[Word]]:
        """The words of a line by column; a word over several columns stands in the first one of them."""
        cells: dict[int, list[Word]] = {}
        for word in line.words:
            cells.setdefault(self._columns_of(word)[0], []).append(word)
        return cells

    def _columns_of(self, word: Word) -> list[int]:
        if self._starts:
            return [max((n for n, (start, _) in enumerate(self._columns) if start <= word.middle), default=0)]
        over = [n for n, column in enumerate(self._columns) if _overlap((word.left, word.right), column) > 0.1 * word.size]
        if over:
            return over
        return [min(range(len(self._columns)), key=lambda n: _distance(word, self._columns[n]))]

    def _records(self, body: Sequence[Line]) -> list[list[Line]]:
        """Lines by rows: rows parted by lines on the page where there are such, else by their distances."""
        mains = {id(line) for line in body}
        first = next(n for n, line in enumerate(self._lines) if id(line) in mains)
        head = [[line] for line in self._lines[: max(self._header, 0)]]
        if self._header >= 0:
            head.append([self._lines[self._header]])
        between = [line for line in self._lines[self._header + 1 : first] if not line.is_furniture]
        rest = [line for line in self._lines[first:]]
        if between:
            head, between = self._below_header(head, between, self._lines[first])
        records: list[list[Line]] = []
        for _, lines in _by_page([*between, *rest]):
            records += self._page_records(lines, mains)
        return head + records

    def _below_header(self, head: list[list[Line]], between: list[Line], first: Line) -> tuple[list[list[Line]], list[Line]]:
        """Lines between the header and the first row belong to the nearer one."""
        kept: list[Line] = []
        for line in between:
            if head and self._translates(line):
                line.is_furniture = True
                head.append([line])
                continue
            above = line.y - head[-1][-1].y if head else float("inf")
            below = first.y - line.y
            if head and above <= _TIGHT * max(line.size, head[-1][-1].size) and above * _EQUAL < below and not line.values:
                head[-1].append(line)
            elif below * _EQUAL < above or line.values:
                kept.append(line)
            else:
                raise Unclear(f"page {line.page}!{line.number}: a line stands between the header and the first row")
        return head, kept

    def _translates(self, line: Line) -> bool:
        """Whether a line says the Chinese names of the header once more in English."""
        names = self._lines[self._header].text if self._header >= 0 else ""
        return not names.isascii() and len(line.words) >= _FULL * len(self._columns) and bool(ENGLISH.fullmatch(line.text))

    def _page_records(self, lines: list[Line], mains: set[int]) -> list[list[Line]]:
        outside = [[line] for line in lines if line.is_furniture]
        lines = [line for line in lines if not line.is_furniture]
        if not lines:
            return outside
        breaks = self._parted_by_rules(lines, mains) or self._parted_by_distance(lines, mains)
        records: list[list[Line]] = []
        for n, line in enumerate(lines):
            if n == 0 or n in breaks:
                records.append([line])
            else:
                records[-1].append(line)
        return sorted([*records, *outside], key=lambda record: record[0].y)

    def _parted_by_rules(self, lines: Sequence[Line], mains: set[int]) -> set[int]:
        """Where lines drawn on the page part the rows, if they part nearly all of them."""
        width = self._columns[-1][1] - self._columns[0][0]
        rules = [rule.top for rule in self._separators.get(lines[0].page, ()) if rule.right - rule.left >= 0.5 * width]
        heights = sorted(rules)

        def parted(before: Line, after: Line) -> bool:
            return any(before.y + 0.05 * before.size < y < after.y - 0.5 * after.size for y in heights)

        breaks = {n for n, (before, after) in enumerate(pairwise(lines), start=1) if parted(before, after)}
        full = [n for n, (before, after) in enumerate(pairwise(lines), start=1) if id(before) in mains and id(after) in mains]
        return (
            breaks
            if len(breaks) >= 2 and len([n for n in full if n in breaks]) >= len(full) / 3 and len(breaks) >= len(lines) / 4
            else set()
        )

    def _parted_by_distance(self, lines: list[Line], mains: set[int]) -> set[int]:
        gaps = [after.y - before.y for before, after in pairwise(lines)]
        begins = self._beginnings(lines, mains)
        if not begins:
            return set(range(1, len(lines)))
        if self._begin_at_top(begins, len(lines), gaps):
            return set(begins)
        pitches = [gaps[a] for a, b in pairwise(begins) if b == a + 1]
        pitch = median(pitches) if pitches else None
        breaks: set[int] = set()
        for start, end in pairwise(begins):
            breaks |= {end} if end == start + 1 else self._broken(lines, gaps, start, end, pitch)
        self._check_leading(lines, gaps, begins[0], pitch)
        return breaks | self._trailing(lines, gaps, begins[-1], pitch, breaks)

    def _begin_at_top(self, begins: Sequence[int], count: int, gaps: Sequence[float]) -> bool:
        """Whether all rows have as many lines, more than one, and the first of them is the full one; their distances tell nothing."""
        heights = {end - start for start, end in pairwise([*begins, count])}
        return begins[0] == 0 and len(begins) > 1 and len(heights) == 1 and heights != {1} and max(gaps) < _EQUAL * min(gaps)

    def _beginnings(self, lines: Sequence[Line], mains: set[int]) -> list[int]:
        """Lines that surely are of rows of their own: full ones like the full one before, and totals."""
        begins: list[int] = []
        model: Line | None = None
        for n, line in enumerate(lines):
            if self._is_total(line):
                begins.append(n)
            elif id(line) in mains and (model is None or self._alike(model, line)):
                begins.append(n)
                model = model or line
        return begins

    def _is_total(self, line: Line) -> bool:
        return is_total_row([word.text for word in line.words], len(self._columns))

    def _alike(self, model: Line, line: Line) -> bool:
        """Whether two lines hold the same kind of values in most columns that both fill."""
        mine, theirs = self._cells_of(model), self._cells_of(line)
        both = [n for n in mine if n in theirs]
        same = [n for n in both if _kind(mine[n]) == _kind(theirs[n])]
        return len(same) >= len(both) / 2

    def _broken(self, lines: Sequence[Line], gaps: Sequence[float], start: int, end: int, pitch: float | None) -> set[int]:
        """Where the lines between two rows are parted: at the widest distance."""
        between = gaps[start:end]
        widest = max(between)
        at = {start + n + 1 for n, gap in enumerate(between) if gap * _EQUAL >= widest}
        if len(at) < len(between):
            return at
        if pitch is not None and min(between) * _EQUAL >= pitch:
            return at
        line = lines[start + 1]
        raise Unclear(f"page {line.page}!{line.number}: a line is as far from the row above as from the row below")

    def _check_leading(self, lines: Sequence[Line], gaps: Sequence[float], first: int, pitch: float | None) -> None:
        """Lines above the first full one of a page are of its row if they stand close; else they may be of a row before."""
        tight = pitch / _EQUAL if pitch is not None else _TIGHT * lines[0].size
        if first and max(gaps[:first]) >= tight:
            raise Unclear(f"page {lines[0].page}!{lines[0].number}: a line stands above the first row of the page")

    def _trailing(self, lines: Sequence[Line], gaps: Sequence[float], last: int, pitch: float | None, breaks: set[int]) -> set[int]:
        """Lines below the last row belong to it as long as they follow closely."""
        inner = [gap for n, gap in enumerate(gaps[:last]) if n + 1 not in breaks]
        tight = max(inner) * _EQUAL if inner else min(_TIGHT * lines[last].size, (pitch or float("inf")) / _EQUAL)
        found: set[int] = set()
        for n in range(last + 1, len(lines)):
            before = max(found | {last})
            if gaps[n - 1] > tight or self._strays([lines[n]]) or self._is_total(lines[before]):
                found.add(n)
                if self._may_go_on(lines[n]) and gaps[n - 1] <= (pitch or 2 * lines[n].size):
                    raise Unclear(f"page {lines[n].page}!{lines[n].number}: a line below the last row may be of it")
        return found

    def _may_go_on(self, line: Line) -> bool:
        """Whether a line is a piece of text under another column than the first."""
        return len(line.words) == 1 and not line.values and not self._strays([line]) and self._columns_of(line.words[0]) != [0]

    # result

    def _built(self, records: Sequence[list[Line]]) -> Grid:
        rows: list[list[Cell]] = []
        outside: set[int] = set()
        width = max(1, len(self._columns))
        last = self._last_row(records)
        for n, record in enumerate(records):
            if self._is_outside(record, n, last):
                self._check_left_out(record, n)
                if self._header < 0 or n > last or any(line.is_furniture for line in record):
                    outside.add(n)
                rows.append([clean_text(" ".join(line.text for line in record))])
            elif record[0] is (self._lines[self._header] if self._header >= 0 else None) and self._names:
                rows.append(self._header_cells(record, width))
            else:
                rows.append(self._row_cells(record, width))
        places = [record[0] for record in records]
        name = f"page {places[0].page}" if places else "page 1"
        return Grid(
            name,
            rows,
            [line.number for line in places],
            sheet=name,
            sheets=[f"page {line.page}" for line in places],
            outside=frozenset(outside),
        )

    def _check_left_out(self, record: Sequence[Line], n: int) -> None:
        """What stands below the header with values and without labels, but not under the names, may be a row that is out of place."""
        if n <= self._header_record() or not self._columns or any(line.is_furniture for line in record):
            return
        words = [word for line in record for word in line.words]
        if len(words) > 1 and any(is_value(word.text) for word in words) and not any(LABELLED.search(word.text) for word in words):
            self._doubt(record[0], "a text runs over several columns")

    def _last_row(self, records: Sequence[Sequence[Line]]) -> int:
        """The last record that is a row or a total."""
        for n in range(len(records) - 1, -1, -1):
            lines = [line for line in records[n] if not line.is_furniture]
            if (
                lines
                and self._columns
                and (self._is_total(lines[0]) or (any(line.values for line in lines) and not self._strays(records[n])))
            ):
                return n
        return -1

    def _strays(self, record: Sequence[Line]) -> bool:
        """Whether a line does not keep to the columns, or states labels: remarks around a table."""
        words = [word for line in record for word in line.words]
        if any(LABELLED.search(word.text) and not is_value(word.text) for word in words):
            return True
        return any(len(self._columns_of(word)) > 1 for word in words)

    def _is_outside(self, record: Sequence[Line], n: int, last: int) -> bool:
        if any(line.is_furniture for line in record) or not self._columns:
            return True
        if n < self._header_record() or n > last:
            return True
        # A line in between that runs over columns is a remark.
        is_header = record[0] is self._lines[self._header_record()]
        return not is_header and len(record) == 1 and not self._is_total(record[0]) and self._strays(record)

    def _header_record(self) -> int:
        return max(self._header, 0)

    def _header_cells(self, record: Sequence[Line], width: int) -> list[Cell]:
        below = [(n, word) for line in record[1:] for n, words in self._cells_of(line).items() for word in words]
        cells: list[Cell] = []
        for column in range(width):
            more = [word.text for n, word in below if n == column]
            cells.append(clean_text(_spread(self._names.get(column, ())) + "".join(more)))
        return cells

    def _row_cells(self, record: Sequence[Line], width: int) -> list[Cell]:
        parts: list[list[list[Word]]] = [[] for _ in range(width)]
        for line in record:
            if len(record) > 1 and any(len(self._columns_of(word)) > 1 for word in line.words):
                self._doubt(line, "a text runs over several columns")
            for column, words in self._cells_of(line).items():
                parts[column].append(words)
        return [joined(lines, *self._columns[n]) if lines else None for n, lines in enumerate(parts)]


def _by_page(lines: Sequence[Line]) -> list[tuple[int, list[Line]]]:
    pages: dict[int, list[Line]] = {}
    for line in lines:
        pages.setdefault(line.page, []).append(line)
    return sorted(pages.items())


def _unspread(names: Sequence[list[Word]], columns: Sequence[tuple[float, float]]) -> list[list[Word]]:
    """Names that are set wide (``金　额``): single characters in a row over one column are one name."""
    out: list[list[Word]] = []
    for name in names:
        if out and _is_single(name) and _is_single(out[-1][-1:]):
            span = (out[-1][0].left, name[-1].right)
            if sum(_overlap(span, column) > 0 for column in columns) <= 1:
                out[-1].extend(name)
                continue
        out.append(list(name))
    return out


def _is_single(name: Sequence[Word]) -> bool:
    return len(name) == 1 and len(name[0].text) == 1 and not name[0].text.isascii()


def _spread(words: Sequence[Word]) -> str:
    single = all(len(word.text) == 1 and not word.text.isascii() for word in words)
    return "".join(word.text for word in words) if single else line_text(words)


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    return min(a[1], b[1]) - max(a[0], b[0])


def _distance(word: Word, column: tuple[float, float]) -> float:
    return max(column[0] - word.right, word.left - column[1], 0.0)


def _kind(words: Sequence[Word]) -> str:
    text = line_text(words)
    return "time" if _TIME.fullmatch(text) else nature(text)
