"""Masked samples: the file as its sender writes it, with stand-ins for every personal value and the same amounts and totals.

A sample is written anew, never edited in place: what a workbook or a page carries beside its cells (authors, comments, attributes)
is not taken along. It is kept only if the proposal reads it exactly as it reads the original; formats that nothing here writes get a
twin in one that reads the same, or no sample.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead, TableRead, Text
from taihu.project.onboard.columns import split_nothing
from taihu.project.onboard.layouts import LayoutProposal
from taihu.project.onboard.looking import FileTable
from taihu.project.onboard.personal import Stand
from taihu.project.onboard.sources import Asked, SourceProposal
from taihu.read import cells_in, read_file
from taihu.read import totals as control
from taihu.read.grid import Cell, Grid, plain
from taihu.read.seen import Cells

_MOST_ROWS = 100
_KEPT_ROWS = 40
_MOST_BYTES = 2_000_000
_LABEL = re.compile(
    r"(?:姓\s?名|户\s?名|昵称|[账帐]户名?|持卡人|用户名?|会员名?|联系人|经办人|[账帐]\s?号|卡\s?号|客户号|证件号码?|身份证号?码?|手机号?码?|电\s?话|邮\s?箱)\s*[:：]?"
)
_ZIP_TIME = (2020, 1, 1, 0, 0, 0)
_SUFFIX = {"csv": ".csv", "html": ".html", "excel": ".xlsx"}


class NoSample(Exception):
    """No sample can be written; ``why`` says it in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.why = Text(zh, en)


@dataclass(frozen=True, slots=True)
class Sample:
    """A masked file and the personal values that it stands without."""

    layout: str
    name: str
    content: bytes
    read: FileRead
    replaced: dict[str, str] = field(repr=False)


def samples(proposal: SourceProposal, stand: Stand, asked: Asked) -> tuple[list[Sample], list[Text]]:
    """A sample for every layout where one can be made, and why not where none can."""
    made: list[Sample] = []
    missing: list[Text] = []
    for layout in proposal.layouts:
        try:
            made.append(_sample(proposal, layout, stand, asked))
        except NoSample as stopped:
            missing.append(Text(f"布局 {layout.name} 没有样本：{stopped.why.zh}", f"no sample for layout {layout.name}: {stopped.why.en}"))
    return made, missing


def _sample(proposal: SourceProposal, layout: LayoutProposal, stand: Stand, asked: Asked) -> Sample:
    seen = min(
        layout.seen,
        key=lambda one: (
            one.table.rows.num_rows > _MOST_ROWS,
            -one.table.rows.num_rows if one.table.rows.num_rows <= _MOST_ROWS else one.table.rows.num_rows,
        ),
    )
    if seen.kind not in _SUFFIX:
        raise NoSample(f"不能写 {seen.file_kind} 文件", f"files of kind {seen.file_kind} cannot be written")
    delimiter = proposal.values["read"].get("delimiter") if seen.kind == "csv" else None
    try:
        cells = cells_in(asked.content(seen.path), seen.path.name, seen, delimiter=delimiter, passwords=asked.passwords)
    except ContentRefused:
        raise NoSample("无法再次读取", "it could not be read once more") from None
    for cut in (True, False) if seen.table.rows.num_rows > _MOST_ROWS else (False,):
        sheet = Masked(proposal, cells, seen, stand, cut=cut)
        content = _packed(seen, layout.name, sheet.content())
        name = _stem(layout, seen) + (".zip" if seen.member and not _is_mail(seen) else _suffix(seen))
        read = _read(proposal, content, name)
        if len(content) <= _MOST_BYTES and _same(proposal, layout, seen, read, cut=cut):
            return Sample(layout.name, name, content, read, stand.replaced)
    raise NoSample("写出的文件与原文件读法不同", "what could be written is not read as the original is")


def _stem(layout: LayoutProposal, seen: FileTable) -> str:
    """The layout's name, with the year where the layout takes it from the name of the file."""
    year = re.search(r"(?<!\d)20\d{2}(?!\d)", seen.path.stem) if layout.file.year and layout.file.year.file_name else None
    return f"{layout.name}_{year[0]}" if year else layout.name


def _is_mail(seen: FileTable) -> bool:
    return seen.path.suffix.lower() in (".eml", ".msg")


def _suffix(seen: FileTable) -> str:
    own = seen.path.suffix.lower() if not seen.member else "." + seen.name.rsplit(".", 1)[-1].lower()
    if seen.kind == "excel":
        return ".xlsx"
    return own if re.fullmatch(r"\.[a-z]{2,5}", own) else _SUFFIX[seen.kind]


def _packed(seen: FileTable, name: str, content: bytes) -> bytes:
    """The content in an archive where the original came in one."""
    if not seen.member or _is_mail(seen):
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name + _suffix(seen), _ZIP_TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return buffer.getvalue()


def _read(proposal: SourceProposal, content: bytes, name: str) -> FileRead:
    return read_file(content, name, read=proposal.read, layouts={layout.name: layout.file for layout in proposal.layouts})


def _same(proposal: SourceProposal, layout: LayoutProposal, seen: FileTable, read: FileRead, *, cut: bool) -> bool:
    """Whether the masked file gives the same table: header, rows, every cell that is not personal, and totals in the same state."""
    original = [table for path, table in proposal.tables[layout.name] if path == seen.path and _place(table) == _place(seen.table)]
    copies = [table for table in read.tables if table.layout == layout.name and (seen.kind != "excel" or table.name == seen.table.name)]
    if not original or not copies or (read.held is None) != (proposal.reads[seen.path].held is None):
        return False
    one, other = original[0], copies[0]
    if one.header_row != other.header_row or one.rows.column_names != other.rows.column_names:
        return False
    if [total.agrees for total in one.totals if total.agrees is False] != [total.agrees for total in other.totals if total.agrees is False]:
        return False
    if not cut and one.rows.num_rows != other.rows.num_rows:
        return False
    unchanged = [column for column in proposal.columns.values() if column.is_measure or column.column.type in ("date", "timestamp")]
    headers = [header for column in unchanged for header in column.headers if header in one.rows.column_names]
    count = other.rows.num_rows
    return all(one.rows[header].to_pylist()[:count] == other.rows[header].to_pylist() for header in headers)


def _place(table: TableRead) -> str:
    first = str(table.rows["_src_row"][0].as_py()) if table.rows.num_rows else ""
    return re.sub(r"\d+(?:/.*)?$", "", first)


class Masked:
    """One file's cells with stand-ins, and the bytes that hold them.

    Args:
        cut: Keep the first rows only; the totals that the layout knows are stated anew.
    """

    def __init__(self, proposal: SourceProposal, cells: Cells, seen: FileTable, stand: Stand, *, cut: bool) -> None:
        self._proposal = proposal
        self._stand = stand
        self._seen = [one for each in proposal.layouts for one in each.seen if one.path == seen.path and one.member == seen.member]
        self._seen_here = seen
        self._cells = cells
        self._encoding = seen.encoding or "utf-8"
        self._cut = cut
        self._columns = {header: column for column in proposal.columns.values() for header in column.headers}
        self._grids = cells.grids
        self._dropped: dict[int, set[int]] = {}
        self._heads: dict[int, set[int]] = {}
        self._masked = [self._grid(number, grid) for number, grid in enumerate(self._grids)]
        for number, rows in enumerate(self._masked):
            as_it_is = self._dropped[number] | self._heads[number]
            self._masked[number] = [row if at in as_it_is else [self._again(cell) for cell in row] for at, row in enumerate(rows)]

    def content(self) -> bytes:
        if self._seen_here.kind == "csv":
            return self._text()
        return self._page() if self._seen_here.kind == "html" else self._workbook()

    # masking ----------------------------------------------------------------------------------------------------------------

    def _grid(self, number: int, grid: Grid) -> list[list[Cell]]:
        """The cells of one grid with stand-ins."""
        tables = [one for one in self._seen if one.grid is not None and (one.grid.sheet, one.grid.name) == (grid.sheet, grid.name)]
        data: dict[int, FileTable] = {}
        head: set[int] = set()
        for one in tables:
            assert one.grid is not None and one.header is not None
            head |= set(one.grid.lines[max(0, one.header.first) : one.header.last + 1])
            data |= dict.fromkeys(_lines(one), one)
        self._dropped[number] = self._drop(grid, tables) if self._cut else set()
        rows = [self._row(row, line in head, data.get(line)) for row, line in zip(grid.rows, grid.lines, strict=True)]
        if self._cut:
            for one in tables:
                self._restate(grid, one, rows)
        self._heads[number] = {n for n, line in enumerate(grid.lines) if line in head}
        return rows

    def _row(self, row: list[Cell], is_head: bool, table: FileTable | None) -> list[Cell]:
        if is_head:
            return list(row)
        if table is None:
            return [self._outside(row, n) for n in range(len(row))]
        assert table.header is not None
        names = table.header.names
        return [self._inside(names[n] if n < len(names) else None, cell) for n, cell in enumerate(row)]

    def _inside(self, header: str | None, cell: Cell) -> Cell:
        if cell is None:
            return None
        column = self._columns.get(header or "")
        if column is None:
            return self._stand.text(cell)
        if column.column.personal:
            values, _, _ = split_nothing([cell])
            return self._stand.for_(column.column.personal, cell) if values else cell
        if column.column.type != "text":
            return cell
        return self._stand.text(cell, codes=column.key.endswith(("_number", "_code", "barcode")))

    def _outside(self, row: Sequence[Cell], n: int) -> Cell:
        cell = row[n]
        if cell is None or (control.number(cell) is not None and not (n and row[n - 1] and _LABEL.fullmatch(row[n - 1] or ""))):
            return cell
        before = next((other for other in reversed(row[:n]) if other), None)
        if before and _LABEL.fullmatch(before):
            return self._stand.for_("account" if any(map(str.isdigit, cell)) else "person", cell)
        return self._stand.preamble(cell)

    def _again(self, cell: Cell) -> Cell:
        """A cell of text in which a personal value that was met elsewhere stands again."""
        return cell if cell is None or control.number(cell) is not None else self._stand.known_in(cell)

    # fewer rows --------------------------------------------------------------------------------------------------------------

    def _drop(self, grid: Grid, tables: Sequence[FileTable]) -> set[int]:
        dropped = {line for one in tables for line in _lines(one)[_KEPT_ROWS:]}
        return {n for n, line in enumerate(grid.lines) if line in dropped}

    def _restate(self, grid: Grid, seen: FileTable, rows: list[list[Cell]]) -> None:
        """Totals of the rows that are kept, in place of those of all rows."""
        assert seen.header is not None
        layout = next(each for each in self._proposal.layouts if seen in each.seen)
        at = {name: n for n, name in enumerate(seen.header.names) if name}
        kept = set(_lines(seen)[:_KEPT_ROWS])
        chosen = [row for row, line in zip(grid.rows, grid.lines, strict=True) if line in kept]
        for n, row in enumerate(rows):
            for total in layout.file.totals:
                if total.row and plain(next((cell for cell in row if cell), "")).startswith(plain(total.row)) and grid.lines[n] not in kept:
                    for name in total.of:
                        row[at[name]] = format(_sum(chosen, at[name], row[at[name]]), "f")
                elif total.line and grid.lines[n] not in kept and sum(cell is not None for cell in row) <= 2:
                    rows[n] = [self._line(total, cell, chosen, at) for cell in row]

    @staticmethod
    def _line(total: Any, cell: Cell, chosen: Sequence[list[Cell]], at: dict[str, int]) -> Cell:
        if cell is None or not control.line_regex(total.line).search(plain(cell)):
            return cell
        rows = [row for row in chosen if all(plain(row[at[name]]) == plain(value) for name, value in total.where.items())]
        found = control.line_regex(total.line).search(plain(cell))
        assert found is not None
        new = {"rows": str(len(rows)), "sum": format(_sum(rows, at[total.sum], found.groupdict().get("sum")), "f") if total.sum else ""}
        for group, text in found.groupdict().items():
            cell = cell.replace(text, new[group], 1)
        return cell

    # writing -----------------------------------------------------------------------------------------------------------------

    def _text(self) -> bytes:
        """The text with its own quotes, blanks and line ends; only what stands in for something else differs."""
        if (
            self._seen_here.dialect is None
            or self._seen_here.dialect.columns_at
            or self._seen_here.dialect.stated
            or self._seen_here.dialect.escapes
        ):
            raise NoSample("不能写定宽文本或这种方言", "texts of fixed width and of this dialect cannot be written")
        text = self._cells.text
        records = field_spans(text, self._seen_here.dialect.delimiter, self._seen_here.dialect.quote)
        grid, masked = self._grids[0], self._masked[0]
        if len(records) != len(grid.rows):
            raise NoSample("各行无法分开", "its records cannot be told apart")
        parts: list[str] = []
        at = 0
        for n, (end, spans) in enumerate(records):
            if n in self._dropped[0]:
                at = end
                continue
            for (start, stop), cell, new in zip(spans, grid.rows[n], masked[n], strict=False):
                if cell != new:
                    parts += [
                        text[at:start],
                        _field(text[start:stop], cell or "", new or "", self._seen_here.dialect.delimiter, self._seen_here.dialect.quote),
                    ]
                    at = stop
            parts.append(text[at:end])
            at = end
        parts.append(text[at:])
        try:
            return "".join(parts).encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            raise NoSample(f"替代值无法用 {self._encoding} 写出", f"a stand-in cannot be written in {self._encoding}") from None

    def _page(self) -> bytes:
        """A page with the same tables and nothing else."""
        tables = "\n".join(
            _html_table(grid, rows, self._dropped[n]) for n, (grid, rows) in enumerate(zip(self._grids, self._masked, strict=True))
        )
        head = f'<meta http-equiv="Content-Type" content="text/html; charset={self._encoding}">'
        page = f"<html><head>{head}</head><body>\n{tables}\n</body></html>\n"
        return page.encode(self._encoding, errors="xmlcharrefreplace")

    def _workbook(self) -> bytes:
        """A workbook with the same sheets, cells at the same places, numbers and dates as such, and the merged ranges."""
        import xlsxwriter

        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True})
        book.set_properties({"created": dt.datetime(2020, 1, 1)})
        forms = {name: book.add_format({"num_format": form}) for name, form in _FORMS.items()}
        typed = self._cells.typed
        for number, (grid, rows) in enumerate(zip(self._grids, self._masked, strict=True)):
            sheet = book.add_worksheet(grid.sheet[:31] or None)
            values = typed.get(grid.sheet, [])
            place = 0
            for n, row in enumerate(rows):
                if n in self._dropped[number]:
                    continue
                for column, cell in enumerate(row):
                    own = values[n][column] if n < len(values) and column < len(values[n]) else cell
                    _write_cell(sheet, place, column, cell, own, changed=cell != grid.rows[n][column], forms=forms)
                place += 1
            if not self._dropped[number]:
                _merge(sheet, grid, rows)
        book.close()
        return buffer.getvalue()


_FORMS = {"date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss"}


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, own: Any, *, changed: bool, forms: dict[str, Any]) -> None:
    if cell is None:
        return
    if isinstance(own, bool):
        sheet.write_boolean(row, column, own)
    elif isinstance(own, (int, float)):
        number = control.number(cell) if changed else None
        sheet.write_number(row, column, own if number is None else float(number))
    elif isinstance(own, dt.datetime):
        sheet.write_datetime(row, column, own, forms["moment"])
    elif isinstance(own, dt.date):
        sheet.write_datetime(row, column, dt.datetime.combine(own, dt.time()), forms["date"])
    elif isinstance(own, dt.time):
        sheet.write_datetime(row, column, own, forms["time"])
    else:
        sheet.write_string(row, column, cell)


def _merge(sheet: Any, grid: Grid, rows: Sequence[Sequence[Cell]]) -> None:
    for top, left, bottom, right in grid.merged or ():
        if (bottom > top or right > left) and top < len(rows):
            text = rows[top][left] if left < len(rows[top]) else None
            if text is None or control.number(text) is None:
                sheet.merge_range(top, left, bottom, right, text or "")


def _html_table(grid: Grid, rows: Sequence[Sequence[Cell]], dropped: set[int]) -> str:
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in grid.merged or ()}
    covered = {
        (n, column) for top, left, bottom, right in grid.merged or () for n in range(top, bottom + 1) for column in range(left, right + 1)
    } - set(spans)
    lines = ["<table border=1>"]
    for n, row in enumerate(rows):
        if n in dropped:
            continue
        cells = []
        for column, cell in enumerate(row):
            if (n, column) in covered:
                continue
            down, across = spans.get((n, column), (1, 1))
            marks = (f' rowspan="{down}"' if down > 1 else "") + (f' colspan="{across}"' if across > 1 else "")
            cells.append(f"<td{marks}>{html.escape(cell or '')}</td>")
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "\n".join([*lines, "</table>"])


def _lines(seen: FileTable) -> list[int]:
    """Physical lines of the table's rows."""
    return [int(str(position).rsplit(">", 1)[-1].rsplit("!", 1)[-1]) for position in seen.table.rows["_src_row"].to_pylist()]


def _sum(rows: Iterable[Sequence[Cell]], column: int, like: Cell) -> Decimal:
    """The sum of a column, with as many decimals as the stated one had."""
    total = control.sum_of([row[column] if column < len(row) else None for row in rows])
    decimals = len((like or "").rpartition(".")[2]) if "." in (like or "") else 0
    return total if total != round(total, decimals) else total.quantize(Decimal(1).scaleb(-decimals))


def field_spans(text: str, delimiter: str, quote: str) -> list[tuple[int, list[tuple[int, int]]]]:
    """Where each record of a delimited text ends (line end included) and where its fields stand, as the csv module parts them."""
    records: list[tuple[int, list[tuple[int, int]]]] = []
    start = 0
    fields: list[tuple[int, int]] = []
    at, size, quoted, begun = 0, len(text), False, False
    while at < size:
        char = text[at]
        if quoted:
            if char == quote:
                if text.startswith(quote, at + 1):
                    at += 1
                else:
                    quoted = False
        elif char == quote and not text[start:at].strip(" "):
            quoted = True
        elif char == delimiter:
            fields.append((start, at))
            start, begun = at + 1, True
        elif char in "\r\n":
            end = at + (2 if text.startswith("\r\n", at) else 1)
            records.append((end, [*fields, (start, at)] if begun or start < at else []))
            fields, start, at, begun = [], end, end - 1, False
        at += 1
    if start < size or fields:
        records.append((size, [*fields, (start, size)]))
    return records


def _field(raw: str, cell: str, new: str, delimiter: str, quote: str) -> str:
    """A field as it was written, with another text in it."""
    if cell in raw and not set(new) & {delimiter, quote, "\r", "\n"}:
        return raw.replace(cell, new, 1)
    return quote + new.replace(quote, quote * 2) + quote
