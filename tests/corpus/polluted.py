"""Delimited texts with one pollution each, as senders, exports and editors make them; each with the tables that are meant.

After the idea of the Pollock benchmark (Vitagliano et al., VLDB 2023): a clean file, one thing wrong with it, and a score by cell.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.corpus.tables import AMOUNT, CLERK, NOTE, PACK, PRODUCT, QUANTITY, SKU, STORE, Table, make_table

Cells = list[list[str]]
CODECS = {"zh": ("gb18030", "gbk"), "zh-hant": ("big5hkscs",), "ja": ("cp932",), "en": ("cp1252",)}
EVERYWHERE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@dataclass
class Polluted:
    """One file.

    Attributes:
        name: Its name, with the pollution in it.
        pollution: What is wrong with it.
        content: Its bytes.
        tables: The tables that are meant: names of the columns (None without a header) and rows.
        encoding: Of the bytes.
    """

    name: str
    pollution: str
    content: bytes
    tables: list[tuple[list[str] | None, Cells]]
    encoding: str = "utf-8"

    @property
    def as_utf8(self) -> bytes:
        """The same text in UTF-8, for readers that know nothing else."""
        return self.content.decode(self.encoding).removeprefix("\ufeff").encode()


@dataclass
class _File:
    """How a table is written; a pollution changes this before or after it is rendered."""

    table: Table
    chance: Random
    delimiter: str = ","
    quote: str = '"'
    end: str = "\r\n"
    encoding: str = "utf-8"
    escape: str = ""
    quote_all: bool = False
    header: bool = True
    last_end: bool = True
    others: list[Table] = field(default_factory=list)

    def cell(self, text: str) -> str:
        must = any(mark in text for mark in (self.delimiter, self.quote, "\r", "\n")) if self.quote else False
        if self.quote and (must or self.quote_all):
            return self.quote + text.replace(self.quote, (self.escape or self.quote) + self.quote) + self.quote
        return text

    def line(self, row: list[str]) -> str:
        return self.delimiter.join(self.cell(text) for text in row)

    def lines(self) -> list[str]:
        return [self.line(row) for row in ([self.table.names] if self.header else []) + self.table.rows]

    def content(self, lines: list[str]) -> bytes:
        text = self.end.join(lines) + (self.end if self.last_end else "")
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            self.encoding = "utf-8"
            return text.encode()

    def truth(self) -> list[tuple[list[str] | None, Cells]]:
        first: tuple[list[str] | None, Cells] = (self.table.names if self.header else None, self.table.rows)
        return [first, *((table.names, table.rows) for table in self.others)]

    def done(self, lines: list[str] | None = None) -> bytes:
        return self.content(self.lines() if lines is None else lines)


Change = Callable[[_File], bytes]
_POLLUTIONS: dict[str, tuple[Change, int]] = {}


def _pollution(name: str, weight: int = 1) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        _POLLUTIONS[name] = (change, weight)
        return change

    return register


def _free_of(file: _File, marks: str) -> None:
    """Take characters that the file cannot quote out of its cells."""
    table = str.maketrans(dict.fromkeys(marks, ""))
    file.table.rows = [[text.translate(table) for text in row] for row in file.table.rows]
    file.table.names = [text.translate(table) for text in file.table.names]


@_pollution("clean")
def _clean(file: _File) -> bytes:
    return file.done()


def _with_delimiter(delimiter: str, quote: str = '"') -> Change:
    def change(file: _File) -> bytes:
        file.delimiter, file.quote = delimiter, quote
        if not quote or len(delimiter) > 1 or delimiter == " ":
            _free_of(file, delimiter + " ")
        if delimiter == " ":
            file.table.rows = [[text or "-" for text in row] for row in file.table.rows]
        return file.done()

    return change


for _name, _mark in (("semicolon", ";"), ("tab", "\t"), ("pipe", "|"), ("caret", "^"), ("tilde", "~"), ("full-width comma", "，"),
                     ("full-width semicolon", "；"), ("two pipes", "||"), ("comma and blank", ", "), ("blank", " "), ("colon", ":"),
                     ("unit separator", "\x1f"), ("ideographic comma", "、"), ("hash", "#")):  # fmt: skip
    _POLLUTIONS[f"delimiter: {_name}"] = (_with_delimiter(_mark), 1)
_POLLUTIONS["delimiter: tab without quotes"] = (_with_delimiter("\t", ""), 1)


@_pollution("quotes: every cell")
def _quoted(file: _File) -> bytes:
    file.quote_all = True
    return file.done()


@_pollution("quotes: every text cell")
def _quoted_texts(file: _File) -> bytes:
    def line(row: list[str]) -> str:
        return ",".join(text if text.replace(".", "").replace("-", "").isdigit() else f'"{text}"' for text in row)

    return file.done([line(row) for row in [file.table.names, *file.table.rows]])


@_pollution("quotes: single")
def _single(file: _File) -> bytes:
    file.quote, file.quote_all = "'", file.chance.random() < 0.5
    if not file.quote_all:
        _put(file, lambda text: f"{text},{file.chance.randint(2, 9)}")
    return file.done()


def _put(file: _File, change: Callable[[str], str], share: float = 0.4) -> None:
    """Change some cells of a text column, at least one."""
    columns = [n for n, kind in enumerate(file.table.kinds) if kind in (2, 4, NOTE, 8)] or [0]
    column = file.chance.choice(columns)
    rows = file.table.rows
    chosen = [n for n in range(len(rows)) if file.chance.random() < share] or [0]
    for n in chosen:
        rows[n][column] = change(rows[n][column] or "x")


@_pollution("quotes: delimiters inside", 2)
def _inside(file: _File) -> bytes:
    _put(file, lambda text: f"{text},{file.chance.choice(('第2批', 'Ltd.', '500ml', ''))}".strip())
    return file.done()


@_pollution("quotes: quotes inside, doubled", 2)
def _doubled(file: _File) -> bytes:
    _put(file, lambda text: f'{text[:2]}"{text[2:]}"')
    return file.done()


@_pollution("quotes: quotes inside, escaped by a backslash", 2)
def _escaped(file: _File) -> bytes:
    file.escape = "\\"
    file.quote_all = file.chance.random() < 0.5
    _put(file, lambda text: f'{text[:2]}"{text[2:]}", x')
    return file.done()


@_pollution("quotes: a quote inside an unquoted cell")
def _bare_quote(file: _File) -> bytes:
    _put(file, lambda text: f'{text} 5" x 7"')
    file.quote = ""
    return file.done()


@_pollution("quotes: one inch mark")
def _inch(file: _File) -> bytes:
    _put(file, lambda text: f'{text} 12"', 0.1)
    file.quote = ""
    return file.done()


@_pollution("quotes: line ends inside", 2)
def _multiline(file: _File) -> bytes:
    _put(file, lambda text: f"{text}\n{file.chance.choice(('第二行', 'second line'))}")
    if file.chance.random() < 0.5:
        file.quote_all = True
    file.end = file.chance.choice(("\n", "\r\n"))
    return file.done()


@_pollution("quotes: blanks around them")
def _blanks(file: _File) -> bytes:
    return file.done([" , ".join(f'"{text}"' for text in row) for row in [file.table.names, *file.table.rows]])


for _name, _end in (("LF", "\n"), ("CR", "\r"), ("CRLF", "\r\n"), ("CRCRLF", "\r\r\n")):

    def _ends(file: _File, end: str = _end) -> bytes:
        file.end = end
        return file.done()

    _POLLUTIONS[f"line ends: {_name}"] = (_ends, 1)


@_pollution("line ends: mixed")
def _mixed(file: _File) -> bytes:
    text = "".join(line + file.chance.choice(("\n", "\r\n")) for line in file.lines())
    file.end, file.last_end = "", False
    return file.content([text])


@_pollution("line ends: none at the end")
def _no_end(file: _File) -> bytes:
    file.last_end = False
    return file.done()


@_pollution("line ends: blank lines between")
def _blank_lines(file: _File) -> bytes:
    lines = []
    for line in file.lines():
        lines += [line, *([""] * (file.chance.random() < 0.3))]
    return file.done(lines)


@_pollution("line ends: every second line blank")
def _double_spaced(file: _File) -> bytes:
    return file.done([part for line in file.lines() for part in (line, "")])


@_pollution("line ends: Ctrl-Z at the end")
def _ctrl_z(file: _File) -> bytes:
    return file.done() + b"\x1a"


def _preamble(lines: Callable[[_File], list[str]]) -> Change:
    def change(file: _File) -> bytes:
        return file.done(lines(file) + file.lines())

    return change


def _title(file: _File) -> list[str]:
    return [file.chance.choice(file.table.words["title"])]


def _facts(file: _File) -> list[str]:
    facts = [
        "部门：销售一部",
        "期间：2026-09-01 至 2026-09-30",
        "导出时间：2026-10-01 08:00:00",
        "币种：人民币",
        "操作员：admin",
        "页码：1",
    ]
    if file.table.language != "zh":
        facts = ["Department: sales", "Period: 2026-09-01 to 2026-09-30", "Exported: 2026-10-01 08:00", "Currency: CNY", "Page: 1"]
    return file.chance.sample(facts, file.chance.randint(1, len(facts)))


_POLLUTIONS["preamble: title"] = (_preamble(_title), 1)
_POLLUTIONS["preamble: title and blank line"] = (_preamble(lambda file: [*_title(file), ""]), 1)
_POLLUTIONS["preamble: facts"] = (_preamble(_facts), 1)
_POLLUTIONS["preamble: title, facts, blank line"] = (_preamble(lambda file: [*_title(file), *_facts(file), ""]), 1)
_POLLUTIONS["preamble: padded to the width"] = (
    _preamble(lambda file: [line + file.delimiter * (len(file.table.names) - 1) for line in [*_title(file), *_facts(file), ""]]),
    2,
)
_POLLUTIONS["preamble: facts in pairs of cells"] = (
    _preamble(lambda file: [line.replace("：", ",").replace(": ", ",") for line in _facts(file)]),
    1,
)
_POLLUTIONS["preamble: rule of dashes"] = (_preamble(lambda file: ["-" * 40, *_title(file), "-" * 40]), 1)
_POLLUTIONS["preamble: ten lines"] = (
    _preamble(lambda file: [f"{n}. {file.chance.choice(file.table.words['remark'])}" for n in range(1, 11)]),
    1,
)


@_pollution("preamble: sep=")
def _sep(file: _File) -> bytes:
    file.delimiter = file.chance.choice(";|\t,")
    return file.done([f"sep={file.delimiter}", *file.lines()])


def _commented(mark: str) -> Change:
    def change(file: _File) -> bytes:
        lines = file.lines()
        where = file.chance.randint(1, len(lines))
        remark = mark + file.chance.choice(file.table.words["remark"])
        return file.done([mark + file.chance.choice(file.table.words["title"]), *lines[:where], remark, *lines[where:]])

    return change


_POLLUTIONS["comments: #"] = (_commented("# "), 1)
_POLLUTIONS["comments: //"] = (_commented("// "), 1)


def _footer(lines: Callable[[_File], list[str]]) -> Change:
    def change(file: _File) -> bytes:
        return file.done(file.lines() + lines(file))

    return change


_POLLUTIONS["footer: totals"] = (_footer(lambda file: [file.line(file.table.total_row(file.chance))]), 2)
_POLLUTIONS["footer: remark"] = (_footer(lambda file: [file.chance.choice(file.table.words["remark"])]), 1)
_POLLUTIONS["footer: blank line and remarks"] = (_footer(lambda file: ["", *file.table.words["remark"][:2]]), 1)
_POLLUTIONS["footer: count of rows"] = (_footer(lambda file: [f"共{len(file.table.rows)}条记录"]), 1)
_POLLUTIONS["footer: end mark"] = (_footer(lambda _: ["#" + "-" * 20 + "End" + "-" * 20]), 1)
_POLLUTIONS["footer: empty records"] = (_footer(lambda file: [file.delimiter * (len(file.table.names) - 1)] * 3), 1)
_POLLUTIONS["footer: totals and remark"] = (
    _footer(lambda file: [file.line(file.table.total_row(file.chance)), file.chance.choice(file.table.words["remark"])]),
    1,
)


@_pollution("ragged: empty cells at the end are left out", 2)
def _short(file: _File) -> bytes:
    rows = file.table.rows
    for n in range(len(rows)):
        if file.chance.random() < 0.4:
            for column in range(file.chance.randint(max(2, len(file.table.names) - 3), len(file.table.names)), len(file.table.names)):
                rows[n][column] = ""
    return file.done([file.line(file.table.names), *(file.line(row).rstrip(",") for row in rows)])


@_pollution("ragged: a delimiter at the end of each line")
def _trailing(file: _File) -> bytes:
    return file.done([line + file.delimiter for line in file.lines()])


@_pollution("ragged: a delimiter at the end of each row but not of the header")
def _trailing_rows(file: _File) -> bytes:
    return file.done([line + file.delimiter * (n > 0) for n, line in enumerate(file.lines())])


@_pollution("ragged: empty cells too many")
def _long(file: _File) -> bytes:
    return file.done([line + file.delimiter * file.chance.choice((0, 0, 0, 2)) for line in file.lines()])


@_pollution("ragged: one row has a cell more at its end")
def _extra(file: _File) -> bytes:
    row = file.chance.choice(file.table.rows)
    row.append("x")
    return file.done()


@_pollution("encoding: of the language", 4)
def _national(file: _File) -> bytes:
    file.encoding = file.chance.choice(CODECS[file.table.language])
    return file.done()


@_pollution("encoding: UTF", 4)
def _unicode(file: _File) -> bytes:
    file.encoding = file.chance.choice(EVERYWHERE)
    return file.done()


@_pollution("encoding: two words among ASCII", 3)
def _mostly_ascii(file: _File) -> bytes:
    table = make_table(file.chance, "en", file.chance.randint(20, 200))
    table.names[-1] = file.chance.choice(("备注", "金额", "金额（元）", "数量"))
    file.table, file.encoding = table, "gb18030"
    return file.done()


@_pollution("header: none")
def _headless(file: _File) -> bytes:
    file.header = False
    return file.done()


@_pollution("header: a name is missing")
def _nameless(file: _File) -> bytes:
    file.table.names[file.chance.randrange(1, len(file.table.names))] = ""
    return file.done()


@_pollution("header: a name occurs twice")
def _twice(file: _File) -> bytes:
    first, second = file.chance.sample(range(len(file.table.names)), 2)
    file.table.names[max(first, second)] = file.table.names[min(first, second)]
    return file.done()


@_pollution("header: repeated on each page")
def _pages(file: _File) -> bytes:
    lines = file.lines()
    out = [lines[0]]
    for n, line in enumerate(lines[1:]):
        out += [*([lines[0]] if n and n % 7 == 0 else []), line]
    return file.done(out)


@_pollution("header: line ends inside a name")
def _broken_name(file: _File) -> bytes:
    at = file.chance.randrange(len(file.table.names))
    name = file.table.names[at]
    lines = [file.line([*file.table.names[:at], f"{name[:1]}\n{name[1:]}", *file.table.names[at + 1 :]])]
    if name.isascii():
        file.table.names[at] = f"{name[:1]} {name[1:]}"
    return file.done(lines + file.lines()[1:])


@_pollution('cells: ="..."', 2)
def _formula(file: _File) -> bytes:
    def line(row: list[str]) -> str:
        return "\t".join(f'="{text}"' if n in columns else text for n, text in enumerate(row))

    columns = {n for n, kind in enumerate(file.table.kinds) if kind in (SKU, 9, 1)} or set(range(len(file.table.names)))
    return file.done(["\t".join(file.table.names), *(line(row) for row in file.table.rows)])


@_pollution("cells: tabs behind them")
def _tabs(file: _File) -> bytes:
    return file.done([",".join(text + "\t" for text in row) for row in [file.table.names, *file.table.rows]])


@_pollution("cells: wide blanks around them")
def _wide_blanks(file: _File) -> bytes:
    return file.done([",".join(f"\u3000{text}\xa0" for text in row) for row in [file.table.names, *file.table.rows]])


@_pollution("cells: amounts with thousands separators", 2)
def _thousands(file: _File) -> bytes:
    at = file.table.kinds.index(7)
    for row in file.table.rows:
        row[at] = f"{float(row[at]):,.2f}"
    return file.done()


@_pollution("cells: mostly empty")
def _sparse(file: _File) -> bytes:
    for row in file.table.rows:
        for n in range(1, len(row)):
            if file.chance.random() < 0.6:
                row[n] = ""
    return file.done()


@_pollution("tables: two, one below the other", 2)
def _stacked(file: _File) -> bytes:
    file.others.append(make_table(file.chance, file.table.language))
    other = _File(file.others[0], file.chance)
    return file.done([*file.lines(), *([""] * file.chance.randint(1, 3)), *other.lines()])


@_pollution("tables: two with titles")
def _titled(file: _File) -> bytes:
    file.others.append(make_table(file.chance, file.table.language))
    other = _File(file.others[0], file.chance)
    titles = file.table.words["title"]
    return file.done([titles[0], *file.lines(), "", titles[1], *other.lines()])


def _columns(file: _File, gap: int, right: bool) -> list[str]:
    rows = [file.table.names, *file.table.rows]
    widths = [max(_width(row[n]) for row in rows) for n in range(len(file.table.names))]

    def padded(n: int, text: str) -> str:
        blanks = " " * (widths[n] - _width(text))
        return blanks + text if right and file.table.kinds[n] in (QUANTITY, AMOUNT) else text + blanks

    return [(" " * gap).join(padded(n, text) for n, text in enumerate(row)).rstrip() for row in rows]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


@_pollution("fixed width: left aligned")
def _fixed_left(file: _File) -> bytes:
    return file.done(_columns(file, 2, right=False))


@_pollution("fixed width: numbers right aligned")
def _fixed_right(file: _File) -> bytes:
    return file.done(_columns(file, 2, right=True))


@_pollution("delimiter: another one in the second half")
def _changing(file: _File) -> bytes:
    _free_of(file, ",;")
    lines = file.lines()
    half = len(lines) // 2
    return file.done(lines[:half] + [line.replace(",", ";") for line in lines[half:]])


@_pollution("escapes: a backslash before delimiters, no quotes")
def _backslashes(file: _File) -> bytes:
    _put(file, lambda text: f"{text},2")
    return file.done([",".join(text.replace(",", "\\,") for text in row) for row in [file.table.names, *file.table.rows]])


@_pollution("preamble: with delimiters in it")
def _listing(file: _File) -> bytes:
    return file.done(["本表含：日期,单号,金额等字段", "仅供内部使用,请勿外传", "", *file.lines()])


@_pollution("header: years as names")
def _years(file: _File) -> bytes:
    for year in (2023, 2024, 2025):
        file.table.names.append(str(year))
        file.table.kinds.append(QUANTITY)
        file.table.rows = [[*row, str(file.chance.randint(1, 999))] for row in file.table.rows]
    return file.done()


@_pollution("table: words only")
def _words_only(file: _File) -> bytes:
    kept = [n for n, kind in enumerate(file.table.kinds) if kind in (STORE, PRODUCT, PACK, CLERK, NOTE)]
    if len(kept) < 2:
        file.table = make_table(file.chance, file.table.language)
        return _words_only(file)
    _keep(file, kept)
    return file.done()


@_pollution("table: one column")
def _one_column(file: _File) -> bytes:
    _keep(file, [file.table.kinds.index(file.chance.choice((QUANTITY, AMOUNT)))])
    return file.done()


def _keep(file: _File, columns: list[int]) -> None:
    file.table.names = [file.table.names[n] for n in columns]
    file.table.rows = [[row[n] for n in columns] for row in file.table.rows]
    file.table.kinds = [file.table.kinds[n] for n in columns]


@_pollution("tables: side by side")
def _side_by_side(file: _File) -> bytes:
    file.others.append(make_table(file.chance, file.table.language))
    left, right = ([table.names, *table.rows] for table in (file.table, file.others[0]))
    widths = [len(rows[0]) for rows in (left, right)]
    lines = []
    for n in range(max(len(left), len(right))):
        row = [*(left[n] if n < len(left) else [""] * widths[0]), "", *(right[n] if n < len(right) else [""] * widths[1])]
        lines.append(file.line(row))
    return file.done(lines)


@_pollution("ragged: a cell is missing in the middle of one row")
def _missing_cell(file: _File) -> bytes:
    row = file.chance.choice(file.table.rows)
    line = file.line([text for n, text in enumerate(row) if n != 1])
    return file.done([line if other is row else file.line(other) for other in [file.table.names, *file.table.rows]])


@_pollution("table: one row only")
def _one_row(file: _File) -> bytes:
    file.table.rows = file.table.rows[:1]
    return file.done()


POLLUTIONS = tuple(_POLLUTIONS)


def make_polluted(pollution: str, seed: int) -> Polluted:
    """One file with this pollution, the same for the same seed."""
    chance = Random(f"{pollution}/{seed}")
    table = make_table(chance)
    file = _File(table, chance, encoding="utf-8" if chance.random() < 0.7 else chance.choice(CODECS[table.language]))
    if pollution.startswith("cells: wide"):
        file.encoding = "utf-8"
    content = _POLLUTIONS[pollution][0](file)
    return Polluted(f"{seed:05d} {pollution}.csv", pollution, content, file.truth(), file.encoding)


def corpus(count: int, seed: int) -> list[Polluted]:
    """``count`` files: each pollution as often as its weight says."""
    names = [name for name, (_, weight) in _POLLUTIONS.items() for _ in range(weight)]
    return [make_polluted(names[n % len(names)], seed * 100_000 + n) for n in range(count)]
