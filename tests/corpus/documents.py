"""Sheets as people send them, each with one thing wrong or odd, and the tables that are meant: the truth, made before any format is.

A fault of content (a title above, a total among the rows, an id that lost its digits) is put in here; how it is written down as a
workbook, a page or a text is the business of :mod:`tests.corpus.hostile`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from tests.corpus.tables import AMOUNT, DATE, QUANTITY, STORE, Table, make_table
from tests.made.sheets import Error, Formula, Sheet, Value

READ, HELD, EITHER = "read", "held", "either"
Names = tuple[str | None, ...]


@dataclass
class Meant:
    """One table that a file means.

    Attributes:
        names: Of its columns; None where a column has values but no name.
        rows: Its cells, typed as the sender meant them.
        lines: The physical row (1-based) of each of its rows; empty where the format has none.
        header_row: The physical row of the (last) header line.
        lost: Cells (row and column of this table) whose value the file no longer holds; a reader must say so of each.
    """

    names: Names
    rows: list[list[Value]]
    lines: list[int] = field(default_factory=list)
    header_row: int | None = None
    lost: set[tuple[int, int]] = field(default_factory=set)


@dataclass
class Document:
    """Sheets with their truth; ``must`` says what a reader has to do with a file made of them."""

    chance: Random
    table: Table
    sheets: list[Sheet]
    tables: list[Meant]
    must: str = READ
    since_1904: bool = False
    needs_merges: bool = False
    needs_types: bool = False

    @property
    def rows(self) -> list[list[Value]]:
        return self.sheets[0].rows

    @property
    def meant(self) -> Meant:
        return self.tables[0]

    @property
    def width(self) -> int:
        return len(self.meant.names)

    def insert(self, at: int, lines: list[list[Value]]) -> None:
        """Put rows into the first sheet; what stands below moves down, in the truth too."""
        self.rows[at:at] = lines
        sheet, count = self.sheets[0], len(lines)
        sheet.merged = [(a + count, b, c + count, d) if a >= at else (a, b, c, d) for a, b, c, d in sheet.merged]
        sheet.hidden = {n + count if n >= at else n for n in sheet.hidden}
        for meant in self.tables[:1] if len(self.sheets) > 1 else self.tables:
            meant.lines = [line + count if line > at else line for line in meant.lines]
            if meant.header_row is not None and meant.header_row > at:
                meant.header_row += count


Fault = Callable[[Document], None]
FAULTS: dict[str, Fault] = {}


def _fault(name: str) -> Callable[[Fault], Fault]:
    def register(fault: Fault) -> Fault:
        FAULTS[name] = fault
        return fault

    return register


def _typed(table: Table) -> list[list[Value]]:
    return [[_value(kind, text) for kind, text in zip(table.kinds, row, strict=True)] for row in table.rows]


def _value(kind: int, text: str) -> Value:
    if kind == DATE:
        return dt.date.fromisoformat(text)
    if kind == QUANTITY:
        return int(text)
    return Decimal(text) if kind == AMOUNT else text or None


def make_document(chance: Random, *, language: str | None = None, rows: int | None = None) -> Document:
    """A clean sheet: a header in row 1, rows below."""
    table = make_table(chance, language, rows if rows is not None else chance.randint(5, 25))
    cells = _typed(table)
    for row in cells:
        at = table.kinds.index(AMOUNT)
        amount = row[at]
        # An amount whose last digit says something: one that is cut off is another amount.
        row[at] = amount + Decimal("0.01") if isinstance(amount, Decimal) and str(amount).endswith("0") else amount
    meant = Meant(tuple(table.names), cells, list(range(2, len(cells) + 2)), 1)
    name = chance.choice(("Sheet1", "销售明细", "流向 9月", "data"))
    return Document(chance, table, [Sheet(name, [list(table.names), *(list(row) for row in cells)])], [meant])


def document(fault: str, chance: Random) -> Document:
    """A document with this fault."""
    made = make_document(chance, language="zh" if chance.random() < 0.75 else None)
    FAULTS[fault](made)
    return made


def _at(made: Document, kind: int) -> int:
    return made.table.kinds.index(kind)


def _first_word(made: Document) -> int:
    """A column of words, or the first one."""
    return next((n for n, kind in enumerate(made.table.kinds) if kind in (STORE, 4, 8)), 0)


def _title(made: Document) -> list[Value]:
    return [made.chance.choice(made.table.words["title"])]


def _line(made: Document, label: str, cells: dict[int, Value]) -> list[Value]:
    return [label, *(cells.get(n) for n in range(1, made.width))]


def _sums(made: Document, rows: list[list[Value]], wrong: bool = False) -> dict[int, Value]:
    quantity, amount = _at(made, QUANTITY), _at(made, AMOUNT)
    sums: dict[int, Value] = {
        quantity: sum(row[quantity] for row in rows if isinstance(row[quantity], int)),  # type: ignore[misc]
        amount: sum((row[amount] for row in rows if isinstance(row[amount], Decimal)), Decimal(0)),  # type: ignore[misc]
    }
    if wrong:
        at = made.chance.choice((quantity, amount))
        sums[at] += made.chance.choice((1, -1, 100))  # type: ignore[operator]
    return sums


def _total_label(made: Document) -> str:
    return made.chance.choice(made.table.words["total"])


@_fault("none")
def _none(made: Document) -> None:
    """Nothing is wrong: what is held here is held without a reason."""


@_fault("title rows")
def _titles(made: Document) -> None:
    made.insert(0, [_title(made), *([[]] * made.chance.randint(0, 2))])


@_fault("title merged over the width, facts, blank row")
def _merged_title(made: Document) -> None:
    made.insert(0, [[*_title(made), *([None] * (made.width - 1))], ["部门：销售一部", None, "期间：2026-09"], []])
    made.sheets[0].merged.append((0, 0, 0, made.width - 1))


@_fault("key and value pairs above")
def _pairs(made: Document) -> None:
    made.insert(0, [["公司名称", "上海某某贸易有限公司"], ["报表期间", "2026-09"], ["制表人", "王芳"], []])


@_fault("blank rows and columns around")
def _offset(made: Document) -> None:
    made.insert(0, [[], []])
    made.sheets[0].rows = [[None, None, *row] if row else [] for row in made.rows]


@_fault("two header rows, merged")
def _two_rows(made: Document) -> None:
    sheet, names = made.sheets[0], made.meant.names
    first = made.chance.randint(1, made.width - 2)
    last = made.chance.randint(first + 1, made.width - 1)
    group = made.chance.choice(("销售", "本期", "九月"))
    upper: list[Value] = [group if n == first else None if first <= n <= last else name for n, name in enumerate(names)]
    sheet.rows[0] = [name if first <= n <= last else None for n, name in enumerate(names)]
    made.insert(0, [upper])
    sheet.merged += [(0, first, 0, last), *((0, n, 1, n) for n in range(made.width) if not first <= n <= last)]
    made.meant.names = tuple(f"{group}/{name}" if first <= n <= last else name for n, name in enumerate(names))
    made.needs_merges = True


@_fault("two header rows under a title")
def _two_rows_titled(made: Document) -> None:
    _two_rows(made)
    made.insert(0, [_title(made), []])


@_fault("total row")
def _total(made: Document) -> None:
    made.rows.append(_line(made, _total_label(made), _sums(made, made.meant.rows)))


@_fault("total row, blank row and remarks")
def _total_and_remarks(made: Document) -> None:
    _total(made)
    made.rows.extend([[], *([remark] for remark in made.table.words["remark"][:2])])


@_fault("total row first")
def _total_first(made: Document) -> None:
    made.insert(1, [_line(made, _total_label(made), _sums(made, made.meant.rows))])


@_fault("subtotals among the rows")
def _subtotals(made: Document) -> None:
    middle = made.chance.randint(2, len(made.meant.rows) - 1)
    label = "小计" if made.table.language == "zh" else "Subtotal"
    made.rows.append(_line(made, label, _sums(made, made.meant.rows[middle:])))
    made.rows.append(_line(made, _total_label(made), _sums(made, made.meant.rows)))
    made.insert(middle + 1, [_line(made, label, _sums(made, made.meant.rows[:middle]))])


@_fault("total row that disagrees")
def _wrong_total(made: Document) -> None:
    made.rows.append(_line(made, _total_label(made), _sums(made, made.meant.rows, wrong=True)))
    made.must = HELD


@_fault("a row is missing under an old total")
def _lost_row(made: Document) -> None:
    _total(made)
    del made.rows[1 + made.chance.randrange(len(made.meant.rows))]
    made.must = HELD


@_fault("count of rows above")
def _count(made: Document) -> None:
    made.insert(0, [[f"共{len(made.meant.rows)}条记录"], []])


@_fault("count of rows that disagrees")
def _wrong_count(made: Document) -> None:
    made.insert(0, [[f"共{len(made.meant.rows) + made.chance.choice((1, 5, -1))}条记录"], []])
    made.must = HELD


@_fault("count and sum below that agree")
def _count_and_sum(made: Document) -> None:
    amount = _sums(made, made.meant.rows)[_at(made, AMOUNT)]
    made.rows.extend([[], [f"合计：{len(made.meant.rows)}笔 {amount}元"]])


@_fault("count and sum below that disagree")
def _wrong_sum(made: Document) -> None:
    amount = _sums(made, made.meant.rows)[_at(made, AMOUNT)]
    assert isinstance(amount, Decimal)
    made.rows.extend([[], [f"合计：{len(made.meant.rows)}笔 {amount + Decimal('0.10')}元"]])
    made.must = HELD


@_fault("count and sum above, amounts last")
def _claimed(made: Document) -> None:
    """A file whose every loss shows: nothing can be cut off its end that its first line does not tell."""
    width = _at(made, AMOUNT) + 1
    made.sheets[0].rows = [row[:width] for row in made.rows]
    made.meant.rows, made.meant.names = [row[:width] for row in made.meant.rows], made.meant.names[:width]
    amount = sum((row[-1] for row in made.meant.rows if isinstance(row[-1], Decimal)), Decimal(0))
    made.insert(0, [[f"合计：{len(made.meant.rows)}笔 {amount}元"], []])


@_fault("unit in the title")
def _unit(made: Document) -> None:
    made.insert(0, [_title(made), [*([None] * (made.width - 1)), made.chance.choice(("单位：万元", "金额单位：万元", "（单位：千元）"))]])


@_fault("remarks below")
def _remarks(made: Document) -> None:
    made.rows.extend([remark] for remark in made.table.words["remark"])


@_fault("blank rows inside")
def _blank_rows(made: Document) -> None:
    for n in sorted(made.chance.sample(range(2, len(made.meant.rows) + 1), 2), reverse=True):
        made.insert(n, [[]] * made.chance.randint(1, 2))


@_fault("hidden rows")
def _hidden(made: Document) -> None:
    made.sheets[0].hidden = set(made.chance.sample(range(1, len(made.rows)), 2))


@_fault("header repeated on each page")
def _pages(made: Document) -> None:
    for n in range(len(made.meant.rows) // 4 * 4, 0, -4):
        if n < len(made.meant.rows):
            made.insert(n + 1, [list(made.meant.names)])


@_fault("a name occurs twice")
def _twice(made: Document) -> None:
    first, second = sorted(made.chance.sample(range(made.width), 2))
    names = list(made.meant.names)
    made.rows[0][second] = names[first]
    names[second] = f"{names[first]}#2"
    made.meant.names = tuple(names)


def _add_column(made: Document, at: int, name: str | None, cells: list[Value]) -> None:
    made.rows[0].insert(at, name)
    for row, cell in zip(made.rows[1:], cells, strict=True):
        row.insert(at, cell)


@_fault("an empty column")
def _empty_column(made: Document) -> None:
    _add_column(made, made.chance.randint(1, made.width), None, [None] * len(made.meant.rows))


@_fault("a column without a name")
def _nameless(made: Document) -> None:
    at = made.chance.randrange(1, made.width)
    made.rows[0][at] = None
    made.meant.names = tuple(None if n == at else name for n, name in enumerate(made.meant.names))


@_fault("names with line breaks and blanks")
def _broken_names(made: Document) -> None:
    for n in made.chance.sample(range(made.width), 2):
        name = str(made.rows[0][n])
        made.rows[0][n] = f" {name[:1]}\n{name[1:]}\u3000" if not name.isascii() else f" {name} "


@_fault("two tables, one below the other")
def _stacked(made: Document) -> None:
    other = make_document(made.chance, language=made.table.language)
    start = len(made.rows) + 2
    made.rows.extend([[], [], *other.rows])
    other.meant.lines = [line + start for line in other.meant.lines]
    other.meant.header_row = start + 1
    made.tables.append(other.meant)


@_fault("two sheets")
def _two_sheets(made: Document) -> None:
    other = make_document(made.chance)
    other.sheets[0].name = "第二页"
    made.sheets.append(other.sheets[0])
    made.tables.append(other.meant)


@_fault("a hidden sheet")
def _hidden_sheet(made: Document) -> None:
    _two_sheets(made)
    made.sheets[1].is_hidden = True


@_fault("empty sheets first")
def _empty_sheets(made: Document) -> None:
    made.sheets[:0] = [Sheet("说明", []), Sheet("Sheet2", [[]])]


@_fault("cells merged down")
def _merged_down(made: Document) -> None:
    at = _first_word(made)
    count = made.chance.randint(2, 4)
    for n in range(count):
        made.rows[1 + n][at] = made.meant.rows[0][at] if n == 0 else None
        made.meant.rows[n][at] = made.meant.rows[0][at]
    made.sheets[0].merged.append((1, at, count, at))
    made.needs_merges = True


@_fault("full-width digits")
def _full_width(made: Document) -> None:
    at = _at(made, QUANTITY)
    _set(made, at, lambda value: str(value).translate(str.maketrans("0123456789-", "０１２３４５６７８９－")))


def _set(made: Document, at: int, change: Callable[[Value], Value], share: float = 1.0) -> None:
    """Change cells of a column, in what is written and in what is meant; at least one."""
    rows = made.meant.rows
    chosen = [n for n in range(len(rows)) if made.chance.random() < share] or [0]
    for n in chosen:
        rows[n][at] = made.rows[n + 1][at] = change(rows[n][at])


@_fault("numbers written as texts")
def _texts(made: Document) -> None:
    style = made.chance.choice(("{:,.2f}", "¥{:.2f}", "{:.2f}元", " {:.2f} "))
    _set(made, _at(made, AMOUNT), lambda value: style.format(value).strip())


@_fault("negative amounts in brackets")
def _brackets(made: Document) -> None:
    _set(made, _at(made, AMOUNT), lambda value: f"({value})", 0.4)


@_fault("long ids as texts")
def _long_ids(made: Document) -> None:
    made.meant.names = made.meant.names[:-1] + ("订单号",)
    made.rows[0][-1] = "订单号"
    _set(made, made.width - 1, lambda _: f"4200{made.chance.randrange(10**14):014d}{made.chance.randint(1, 9)}")


@_fault("long ids as numbers")
def _cut_ids(made: Document) -> None:
    _long_ids(made)
    made.needs_types = True
    for n, row in enumerate(made.meant.rows):
        made.rows[n + 1][-1] = float(str(row[-1]))
        made.meant.lost.add((n, made.width - 1))


@_fault("ids in scientific notation")
def _scientific(made: Document) -> None:
    _long_ids(made)
    for n, row in enumerate(made.meant.rows):
        made.rows[n + 1][-1] = f"{float(str(row[-1])):.5E}"
        made.meant.lost.add((n, made.width - 1))


@_fault("ids cut to 15 digits")
def _fifteen(made: Document) -> None:
    _long_ids(made)
    for n, row in enumerate(made.meant.rows):
        made.rows[n + 1][-1] = str(row[-1])[:15].ljust(len(str(row[-1])), "0")
        made.meant.lost.add((n, made.width - 1))


@_fault("numbers shown as dates")
def _as_dates(made: Document) -> None:
    made.needs_types = True
    at = _at(made, QUANTITY)
    for n in made.chance.sample(range(len(made.meant.rows)), 2):
        made.rows[n + 1][at] = dt.date(1900, 3, 1) + dt.timedelta(days=made.chance.randint(1, 40_000))
        made.meant.lost.add((n, at))


@_fault("dates shown as numbers")
def _as_serials(made: Document) -> None:
    made.needs_types = True
    made.rows[0][0] = made.chance.choice(("发货日期", "记账日期", "Ship date"))
    made.meant.names = (str(made.rows[0][0]), *made.meant.names[1:])
    for n in range(len(made.meant.rows)):
        made.rows[n + 1][0] = made.chance.randint(45_000, 46_500)
        made.meant.lost.add((n, 0))


@_fault("error cells")
def _errors(made: Document) -> None:
    _lose(made, lambda: Error(made.chance.choice(("#N/A", "#DIV/0!", "#REF!", "#VALUE!"))))


@_fault("formulas without values")
def _formulas(made: Document) -> None:
    made.needs_types = True
    _lose(made, lambda: Formula("=A2*2"))


def _lose(made: Document, cell: Callable[[], Value]) -> None:
    at = _at(made, AMOUNT)
    for n in made.chance.sample(range(len(made.meant.rows)), 2):
        made.rows[n + 1][at] = cell()
        made.meant.lost.add((n, at))


@_fault("formulas with values")
def _computed(made: Document) -> None:
    made.needs_types = True
    at = _at(made, AMOUNT)
    for n, row in enumerate(made.meant.rows):
        value = row[at]
        made.rows[n + 1][at] = Formula("=A2*2", value if isinstance(value, Decimal) else None)


@_fault("dates since 1904")
def _1904(made: Document) -> None:
    made.since_1904 = made.needs_types = True
    _set(made, 0, lambda _: dt.date(2026, 9, made.chance.randint(1, 28)))


@_fault("dates with times")
def _stamps(made: Document) -> None:
    made.needs_types = True
    _set(made, 0, lambda _: dt.datetime(2026, 9, made.chance.randint(1, 28), made.chance.randint(1, 23), 30, made.chance.randint(0, 59)))


@_fault("dates as texts of several kinds")
def _text_dates(made: Document) -> None:
    styles = ("2026/9/{}", "2026年9月{}日", "2026.9.{}", "202609{:02d}")
    _set(made, 0, lambda _: made.chance.choice(styles).format(made.chance.randint(1, 28)))


@_fault("garbled texts")
def _garbled(made: Document) -> None:
    words = made.table.words["store"] if made.table.language == "zh" else ("东方便利店", "西郊商行有限公司", "华联超市")
    wrong = made.chance.choice((("utf-8", "gbk"), ("gbk", "latin-1"), ("utf-8", "latin-1")))
    at = _first_word(made)
    _set(made, at, lambda _: made.chance.choice(words).encode(wrong[0]).decode(wrong[1], errors="replace"))
    made.must = HELD


@_fault("replacement characters")
def _replaced(made: Document) -> None:
    _set(made, _first_word(made), lambda value: f"{str(value)[:2]}\ufffd\ufffd", 0.1)
    made.must = HELD


@_fault("cells with line breaks")
def _line_breaks(made: Document) -> None:
    _set(made, _first_word(made), lambda value: f"{value}\n第二行", 0.4)


@_fault("leading zeros")
def _zeros(made: Document) -> None:
    _set(made, _first_word(made), lambda _: f"{made.chance.randrange(1000):06d}")


@_fault("one row only")
def _one(made: Document) -> None:
    made.meant.rows, made.meant.lines = made.meant.rows[:1], made.meant.lines[:1]
    made.sheets[0].rows = made.rows[:2]


@_fault("sixty columns")
def _wide(made: Document) -> None:
    for number in range(1, 51):
        name = f"指标{number}"
        cells: list[Value] = [made.chance.randint(0, 999) for _ in made.meant.rows]
        _add_column(made, len(made.rows[0]), name, cells)
        made.meant.names = (*made.meant.names, name)
        for row, cell in zip(made.meant.rows, cells, strict=True):
            row.append(cell)


@_fault("wide periods")
def _periods(made: Document) -> None:
    for month in range(1, 7):
        name = f"2026年{month}月"
        cells: list[Value] = [made.chance.randint(0, 999) for _ in made.meant.rows]
        _add_column(made, len(made.rows[0]), name, cells)
        made.meant.names = (*made.meant.names, name)
        for row, cell in zip(made.meant.rows, cells, strict=True):
            row.append(cell)


@_fault("booleans and percentages")
def _booleans(made: Document) -> None:
    made.needs_types = True
    cells: list[Value] = [made.chance.random() < 0.5 for _ in made.meant.rows]
    _add_column(made, len(made.rows[0]), "是否开票", cells)
    made.meant.names = (*made.meant.names, "是否开票")
    for row, cell in zip(made.meant.rows, cells, strict=True):
        row.append(cell)


@_fault("customers who are called total")
def _called_total(made: Document) -> None:
    at = _first_word(made)
    _set(made, at, lambda _: made.chance.choice(("合计食品商行", "总计量贩超市", "小计便利店")), 0.3)
