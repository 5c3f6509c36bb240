"""How ``taihu read`` shows what it found: as rows where they fit the terminal, else column by column; wide Chinese text never wraps."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.cli import console
from taihu.core.details import detail_in
from taihu.core.reasons import REASONS
from taihu.core.types import FileRead, Note, TableRead, Text

if TYPE_CHECKING:
    from rich.console import Console

KINDS = {
    "xlsx": Text("Excel 工作簿", "Excel workbook"),
    "xlsb": Text("Excel 二进制工作簿", "binary Excel workbook"),
    "xls": Text("旧版 Excel 工作簿", "old Excel workbook"),
    "ods": Text("OpenDocument 表格", "OpenDocument spreadsheet"),
    "spreadsheetml": Text("Excel 2003 XML 表格", "Excel 2003 XML spreadsheet"),
    "html": Text("网页", "HTML page"),
    "csv": Text("文本", "text"),
    "json": Text("JSON", "JSON"),
    "xml": Text("XML", "XML"),
    "parquet": Text("Parquet", "Parquet"),
    "pdf": Text("PDF", "PDF"),
    "ofd": Text("OFD", "OFD"),
    "eml": Text("邮件", "mail"),
    "msg": Text("Outlook 邮件", "mail of Outlook"),
    "tnef": Text("Outlook 附件包", "attachments of Outlook"),
    "encrypted-office": Text("加密的 Office 文件", "encrypted Office file"),
    "docx": Text("Word 文档", "Word document"),
    "pptx": Text("演示文稿", "presentation"),
    "picture": Text("图片", "picture"),
    "empty": Text("空文件", "empty file"),
    "binary": Text("未知的二进制文件", "unknown binary file"),
}
_ARCHIVES = frozenset({"zip", "7z", "tar", "gz", "bz2", "xz", "rar"})
_RECORDS = frozenset({"json", "xml", "parquet", "ofd"})
_NUMBERS = frozenset({"money", "number", "integer", "quantity", "percent"})
_WIDEST, _NARROWEST = 28, 6
_MOST_MEMBERS, _MOST_PLACES, _MOST_EXAMPLES = 12, 4, 3
_LOOKED_AT = 200
_PARTS = re.compile(r"\{(?:rows|sum)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HINTS = {
    "wrong_password": Text("用 --password env:变量名 或 --password file:路径 给出密码", "give it with --password env:NAME or file:PATH"),
    "wrong_kind": Text(
        "请发送方发送表格本身（而非图片、文档等）", "ask the sender for the table itself, not for a picture or a document of it"
    ),
    "no_table": Text("里面没有行列；若应有表格，请打开文件核对", "there are no rows and columns in it; open it to see what was sent"),
}


def columns_of(table: TableRead) -> list[str]:
    """Its columns without those that say where a row came from."""
    return [name for name in table.rows.column_names if not name.startswith("_src_")]


def kind_words(kind: str) -> str:
    """What people call a kind of file."""
    if kind in _ARCHIVES:
        return console.t(f"压缩包 {kind}", f"{kind} archive")
    return console.tt(KINDS[kind]) if kind in KINDS else kind


def show_file(result: FileRead, name: str, types: Sequence[dict[str, str]], limit: int) -> None:
    """One file: what it is, whether it can be used, and each of its tables with the first rows, totals and notes."""
    from rich.text import Text as Styled

    screen = console.rich_console(err=False)
    count = len(result.tables)
    facts = [kind_words(result.kind), (result.encoding or "").upper(), console.t(f"{count} 张表", f"{count} table{'s' * (count != 1)}")]
    screen.print(Styled.assemble((name, "bold"), ("  " + " · ".join(fact for fact in facts if fact), "dim")), soft_wrap=True)
    if result.held:
        for line, style in _refusal(result):
            screen.print(Styled(line, style), soft_wrap=True)
    _show_members(screen, result)
    for number, (table, proposed) in enumerate(zip(result.tables, types, strict=True), start=1):
        screen.print()
        _show_table(screen, table, number, proposed, limit, has_lines=result.kind not in _RECORDS)


def _refusal(result: FileRead) -> list[tuple[str, str]]:
    held = result.held or ""
    said = (console.tt(REASONS[held].title), detail_in(held, result.held_detail, console.lang()))
    fix = console.tt(_HINTS.get(held, REASONS[held].fix))
    return [(f"✗ {console.t('；', '; ').join(dict.fromkeys(word for word in said if word))}", "red"), (f"  → {fix}", "yellow")]


def _show_members(screen: Console, result: FileRead) -> None:
    from rich.text import Text as Styled

    shown = sorted(result.members, key=lambda member: not member.reason)[:_MOST_MEMBERS]
    for member in shown:
        line = Styled.assemble(("  ├ ", "dim"), member.path, (f"  {kind_words(member.kind)}, {member.size:,} B", "dim"))
        if member.reason:
            detail = detail_in(member.reason, member.detail, console.lang())
            line.append(f"  ✗ {console.tt(REASONS[member.reason].title)}" + (f" ({detail})" if detail else ""), "red")
        screen.print(line, soft_wrap=True)
    if len(result.members) > len(shown):
        more = len(result.members) - len(shown)
        screen.print(Styled(console.t(f"  └ 另有 {more} 个文件", f"  └ {more} more files"), "dim"))


def _show_table(screen: Console, table: TableRead, number: int, types: dict[str, str], limit: int, *, has_lines: bool) -> None:
    from rich.text import Text as Styled

    names = columns_of(table)
    rows = table.count
    header = console.t(f"表头在第 {table.header_row} 行", f"header in row {table.header_row}")
    facts = [
        header if table.header_row is not None else console.t("没有表头", "no header") if has_lines else "",
        console.t(f"{rows:,} 行 × {len(names)} 列", f"{rows:,} row{'s' * (rows != 1)} × {len(names)} column{'s' * (len(names) != 1)}"),
    ]
    title = table.name or console.t(f"表 {number}", f"table {number}")
    screen.print(
        Styled.assemble(("▌ ", "cyan"), (title, "bold cyan"), ("  " + " · ".join(fact for fact in facts if fact), "dim")), soft_wrap=True
    )
    head = table.rows.slice(0, max(0, limit)).to_pylist()
    widths = [_width(name, types.get(name, ""), [_shown(row[name]) for row in head]) for name in names]
    place = max((len(_place(row)) for row in head), default=1)
    if sum(width + 2 for width in widths) + place + 3 <= screen.width:
        _show_rows(screen, names, types, head, rows)
    else:
        _show_columns(screen, table, names, types)
    _show_totals(screen, table)
    _show_notes(screen, table.notes)


def _width(name: str, kind: str, cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    longest = max(map(cell_len, (name, kind, *cells)))
    return max(_NARROWEST, min(_WIDEST, longest))


def _shown(value: Any) -> str:
    return "" if value is None else _CONTROL.sub(" ", str(value))


def _place(row: dict[str, Any]) -> str:
    return str(row.get("_src_row", "")).rpartition(">")[2].rpartition("!")[2].partition("/")[0]


def _grid(**more: Any) -> Any:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="", border_style="dim", show_edge=False, **more)


def _show_rows(screen: Console, names: Sequence[str], types: dict[str, str], head: Sequence[dict[str, Any]], rows: int) -> None:
    from rich.text import Text as Styled

    view = _grid()
    view.add_column("", style="dim", justify="right", no_wrap=True)
    for name in names:
        kind = types.get(name, "")
        title = Styled.assemble((_shown(name), "bold"), "\n", (kind, "dim"))
        view.add_column(title, justify="right" if kind in _NUMBERS else "left", no_wrap=True, overflow="ellipsis", max_width=_WIDEST)
    for row in head:
        view.add_row(_place(row), *[Styled(_shown(row[name])) for name in names])
    screen.print(view)
    if rows > len(head):
        more = rows - len(head)
        screen.print(Styled(console.t(f"  … 另有 {more:,} 行", f"  … {more:,} more row{'s' * (more != 1)}"), "dim"))


def _show_columns(screen: Console, table: TableRead, names: Sequence[str], types: dict[str, str]) -> None:
    """One line a column: its place, name, type, how many of its cells have a value, and the first different values."""
    from rich.text import Text as Styled

    view = _grid(expand=False)
    view.add_column("", style="dim", justify="right", no_wrap=True)
    view.add_column(console.t("列", "column"), no_wrap=True, overflow="ellipsis", max_width=_WIDEST, style="bold")
    view.add_column(console.t("类型", "type"), no_wrap=True, style="dim")
    view.add_column(console.t("有值", "filled"), justify="right", no_wrap=True, style="dim")
    view.add_column(console.t("例", "examples"), no_wrap=True, overflow="ellipsis", ratio=1)
    count = table.rows.num_rows
    for name in names:
        column = table.rows[name]
        examples = list(dict.fromkeys(_shown(value) for value in column.slice(0, _LOOKED_AT).to_pylist() if value is not None))
        filled = f"{(count - column.null_count) / count:.0%}" if count else "–"
        place = table.header_cells.get(name, "").partition("/")[0]
        view.add_row(place, _shown(name), types.get(name, ""), filled, Styled(" │ ".join(examples[:_MOST_EXAMPLES])))
    screen.print(view)


def _show_totals(screen: Console, table: TableRead) -> None:
    from rich.text import Text as Styled

    marks = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
    for total in table.totals:
        mark, style = marks[total.agrees]
        label = _PARTS.sub("…", total.label)
        what = total.column or console.t("行数", "rows")
        said = f"{_figure(total.stated)}"
        if total.agrees is False:
            said = console.t(f"写明 {said}，明细为 {_figure(total.computed)}", f"stated {said}, the rows give {_figure(total.computed)}")
        elif total.agrees is None:
            said = console.t(f"写明 {said}，无法核对", f"stated {said}, nothing to compare with")
        screen.print(Styled.assemble((f"  {mark} ", style), label, (f" · {what}  ", "dim"), (said, style)), soft_wrap=True)


def _figure(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,f}"


def _show_notes(screen: Console, notes: Sequence[Note]) -> None:
    """Notes of one reason on one line, with the places of the first."""
    from rich.text import Text as Styled

    places: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        detail = detail_in(note.reason, note.detail, console.lang())
        where = note.position.rpartition(">")[2] + (f" {note.column}" if note.column else "")
        places[note.reason].append(f"{where} ({detail})" if detail and where else where or detail)
    for reason, found in places.items():
        listed = console.t("、", ", ").join(found[:_MOST_PLACES])
        more = console.t(f" 等 {len(found)} 处", f" and {len(found) - _MOST_PLACES} more") if len(found) > _MOST_PLACES else ""
        screen.print(Styled.assemble(("  · ", "yellow"), console.tt(REASONS[reason].title), (f"  {listed}{more}", "dim")), soft_wrap=True)


def _shortened(name: str, width: int) -> str:
    """A long way without its middle: the folder it begins in and the name of the file stay."""
    from rich.cells import cell_len

    first, _, last = name.partition("/")
    while cell_len(f"{first}/…/{last}") > width and "/" in last:
        last = last.partition("/")[2]
    return name if cell_len(name) <= width or not last else f"{first}/…/{last}"


def show_summary(results: Sequence[tuple[str, FileRead]]) -> None:
    """Several files: one line each."""
    from rich.text import Text as Styled

    screen = console.rich_console(err=False)
    view = _grid()
    view.add_column(console.t("文件", "file"), overflow="ellipsis", no_wrap=True)
    view.add_column(console.t("类型", "kind"), no_wrap=True, style="dim")
    view.add_column(console.t("表", "tables"), justify="right", no_wrap=True, min_width=6)
    view.add_column(console.t("行", "rows"), justify="right", no_wrap=True, min_width=9)
    view.add_column(console.t("合计", "totals"), no_wrap=True, min_width=8)
    view.add_column("", overflow="ellipsis", no_wrap=True)
    for name, result in results:
        agreed = [total.agrees for table in result.tables for total in table.totals]
        totals = Styled.assemble(
            (f"✓{agreed.count(True)} " if True in agreed else "", "green"), (f"✗{agreed.count(False)}" * (False in agreed), "red")
        )
        rows = f"{sum(table.count for table in result.tables):,}" if result.tables else ""
        said = Styled(f"✗ {console.tt(REASONS[result.held].title)}", "red") if result.held else Styled("✓", "green")
        view.add_row(_shortened(name, screen.width // 3), kind_words(result.kind), str(len(result.tables) or ""), rows, totals, said)
    screen.print(view)
    held = sum(1 for _, result in results if result.held)
    words = console.t(f"{len(results)} 个文件，{held} 个不可用", f"{len(results)} files, {held} cannot be used as they are")
    screen.print(Styled(words, "dim"))
