"""Proposes a layout for tables of one header: what is always there, where it ends, which totals the sender states.

A total is proposed because it was seen to agree (or to disagree, which is said): numbers in lines around the table are compared with
the count and the sums of its rows and of each group of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from taihu.core.types import Text
from taihu.manifest.layout import LayoutFile, RowRule, Total, Unit, Unpivot
from taihu.project.onboard.around import surroundings
from taihu.project.onboard.looking import FileTable
from taihu.read import totals as control
from taihu.read.grid import Grid, filled, first_cell, plain
from taihu.read.units import Stated, stated_units

_PERIOD = re.compile(r"(?:(?:19|20)\d{2}年?[-/.]?)?(?:0?[1-9]|1[0-2])月?|(?:19|20)\d{2}年?|(?:19|20)\d{2}[-/.年](?:0?[1-9]|1[0-2])月?")
_NUMBERED = re.compile(r"(.+)#\d+")
_NUMBER = re.compile(r"(?<![\d.,-])[-+]?\d[\d,]*(?:\.\d+)?(?![\d.])")
_SUM_WORDS = re.compile(r"计|汇总|total|sum", re.IGNORECASE)
_CHANNELS = re.compile("线上|线下|电商|门店|直营|经销|批发|零售|商超")
_FEW_VALUES = 12
_LABEL_CHARACTERS = 12


@dataclass(slots=True)
class LayoutProposal:
    """A layout, the tables that it was made from, and why it says what it says.

    Attributes:
        notes: Key (``header``, ``until``, ``totals``; a total by its row or line) to what was seen.
        decide: What a person has to decide about it.
        unit: The unit of amounts that a line outside the table states, if it is not yuan.
    """

    name: str
    file: LayoutFile
    seen: list[FileTable]
    notes: dict[str, Text] = field(default_factory=dict)
    decide: list[Text] = field(default_factory=list)
    unit: Stated | None = None


def fingerprint(seen: FileTable) -> frozenset[str]:
    """The header's names in the form in which they are compared; periods that name columns count once."""
    return frozenset(_general(name) for name in names_of(seen))


def names_of(seen: FileTable) -> list[str]:
    """Names of the columns in their order, without those that are named by their place."""
    if seen.header is None:
        return [name for name in seen.table.rows.column_names if not name.startswith("_src_")]
    return [name for name in seen.header.names if name]


def _general(name: str) -> str:
    upper, slash, lower = name.partition("/")
    return f"<period>{slash}{plain(lower)}" if _PERIOD.fullmatch(upper) else plain(name)


def propose_layout(name: str, seen: list[FileTable], *, anchored: bool = False) -> LayoutProposal:
    """The layout of tables whose headers agree.

    Args:
        anchored: Whether other tables of the same header stand beside them and mean something else.
    """
    first = seen[0]
    assert first.header is not None and first.grid is not None
    wide = _wide(names_of(first))
    present = [{plain(header) for header in names_of(one)} for one in seen]
    fixed = [header for header in names_of(first) if header not in wide and not _NUMBERED.fullmatch(header)]
    common = tuple(header for header in fixed if all(plain(header) in names for names in present))
    proposal = LayoutProposal(name, LayoutFile(header=common or tuple(fixed)), seen)
    totals = list(_totals(seen, proposal))
    until = _until(seen, totals)
    around = surroundings(seen, anchored=anchored)
    proposal.file = LayoutFile(
        header=common or tuple(fixed),
        header_rows=first.header.last - first.header.first + 1,
        columns_at=tuple(float(at) for at in first.dialect.columns_at) if first.dialect else (),
        sheet=(around.sheet,) if around.sheet else _sheet(seen),
        skip=RowRule(first_cell=tuple(_subtotals(seen))),
        until=RowRule(first_cell=tuple(until)),
        totals=tuple(totals),
        unpivot=_unpivot(wide, first.grid) if wide else None,
        **around.keys(),
    )
    proposal.notes.update(around.notes)
    proposal.unit = next((unit for one in seen if (unit := _unit_around(one))), None)
    _say_header(proposal, fixed)
    return proposal


def _say_header(proposal: LayoutProposal, fixed: Sequence[str]) -> None:
    seen = proposal.seen
    rows = sorted({one.table.header_row or 0 for one in seen})
    where = ", ".join(map(str, rows[:6]))
    files = len({one.path for one in seen})
    proposal.notes["header"] = Text(f"表头在第 {where} 行，见于 {files} 个文件", f"row {where}, in {files} file{'s' if files > 1 else ''}")
    left_out = [name for name in fixed if name not in proposal.file.header]
    if left_out:
        listed = ", ".join(left_out)
        proposal.notes["header"] = Text(
            f"{proposal.notes['header'].zh}；并非每个文件都有：{listed}", f"{proposal.notes['header'].en}; not in every file: {listed}"
        )


# wide tables ---------------------------------------------------------------------------------------------------------------


def _wide(names: Sequence[str]) -> list[str]:
    """Names that are periods, alone or over a second name, or upper names over the same lower ones each; two of them at least."""
    found = [name for name in names if _PERIOD.fullmatch(name.partition("/")[0])]
    if len(found) > 1:
        return found if len(found) < len(names) else []
    lower: dict[str, list[str]] = {}
    for name in names:
        upper, slash, rest = name.partition("/")
        if slash:
            lower.setdefault(upper, []).append(rest)
    same = len(lower) > 1 and len({tuple(rest) for rest in lower.values()}) == 1 and len(next(iter(lower.values()))) > 1
    return [name for name in names if "/" in name] if same else []


def _unpivot(wide: Sequence[str], grid: Grid) -> Unpivot:
    if not _PERIOD.fullmatch(wide[0].partition("/")[0]):
        uppers = dict.fromkeys(name.partition("/")[0] for name in wide)
        return Unpivot(columns=tuple(f"{upper}/*" for upper in uppers), into=("渠道" if _CHANNELS.search("".join(uppers)) else "类别", "*"))
    patterns = tuple(dict.fromkeys(re.sub(r"\d+", "*", name.partition("/")[0]) + ("/*" if "/" in name else "") for name in wide))
    is_year = all(re.fullmatch(r"\d{4}年?", name.partition("/")[0]) for name in wide)
    key = "年份" if is_year else "月份"
    title = "".join(cell or "" for row in grid.rows[:3] for cell in row if cell and not _PERIOD.fullmatch(cell))
    value = next((word for word in ("目标", "预算", "金额", "销售额", "数量", "库存") if word in title), "数值")
    return Unpivot(columns=patterns, into=(key, "*") if "/" in wide[0] else (key, value))


# sheets, units, ends --------------------------------------------------------------------------------------------------------


def _sheet(seen: Sequence[FileTable]) -> tuple[str, ...]:
    """A pattern of sheet names where a workbook has others; ``*`` where every sheet with cells is this table."""
    if not any(one.kind == "excel" and one.others for one in seen):
        return ("*",)
    patterns = {re.sub(r"\d+", "*", one.grid.sheet) for one in seen if one.grid is not None}
    pattern = patterns.pop() if len(patterns) == 1 else "*"
    return ("*",) if re.fullmatch(r"(?:Sheet|工作表|表)?\*+", pattern) else (pattern,)


def _unit_around(seen: FileTable) -> Stated | None:
    """A unit of amounts that a title or a footer states, other than yuan."""
    grid, header = seen.grid, seen.header
    assert grid is not None and header is not None
    data = set(_data(seen))
    outside = [row for n, row in enumerate(grid.rows) if n not in data and not header.first <= n <= header.last]
    return next((unit for _, unit in stated_units(outside) if unit.is_money and not unit.is_plain), None)


def with_unit(layout: LayoutProposal, headers: Sequence[str]) -> None:
    """Say in the layout which headers are in the unit that a title states."""
    assert layout.unit is not None
    layout.file = layout.file.model_copy(update={"units": (Unit(unit=layout.unit.word, of=tuple(headers)),)})
    layout.notes["units"] = Text(
        f"标题写明 {layout.unit.word}：乘以 {layout.unit.factor}", f"a title says {layout.unit.word}: times {layout.unit.factor:,}"
    )


def _subtotals(seen: Sequence[FileTable]) -> list[str]:
    words = []
    for one in seen:
        assert one.grid is not None and one.header is not None
        for row in one.grid.rows[one.header.last + 1 :]:
            if not _SUM_WORDS.search("".join(cell for cell in row if cell)):
                continue
            label = control.total_label(row)
            if control.is_total_row(row, one.header.width) and control.is_subtotal(label):
                words.append(re.sub(r"[:：\s\d]+$", "", label))
    return list(dict.fromkeys(words))


def _until(seen: Sequence[FileTable], totals: Sequence[Total]) -> list[str]:
    """How the first row after the data begins: a total's label, or what a footer begins with and no row of data does."""
    found: list[str] = [total.row for total in totals if total.row]
    for one in seen:
        grid, last = one.grid, _last_data(one)
        assert grid is not None
        behind = [row for row in grid.rows[last + 1 :] if filled(row)]
        starts = {plain(first_cell(grid.rows[n])) for n in _data(one)}
        for row in behind[:4]:
            begin = _beginning(first_cell(row))
            if begin and not any(start.startswith(plain(begin)) for start in starts) and not any(begin.startswith(word) for word in found):
                found.append(begin)
                break
    return list(dict.fromkeys(found))[:4]


def _beginning(text: str) -> str:
    marks = re.match(r"[#*=\-_]+", text)
    if marks:
        return marks[0][:1]
    words = re.match(r"[\u4e00-\u9fffA-Za-z]{1,6}", text)
    return words[0] if words else ""


def _data(seen: FileTable) -> list[int]:
    """Indexes of the grid's rows that are data."""
    assert seen.grid is not None
    lines = {int(position.rsplit("!", 1)[-1].rsplit(">", 1)[-1]) for position in seen.table.rows["_src_row"].to_pylist()}
    return [n for n, line in enumerate(seen.grid.lines) if line in lines]


def _last_data(seen: FileTable) -> int:
    data = _data(seen)
    return data[-1] if data else len(seen.grid.rows) if seen.grid else 0


# totals -----------------------------------------------------------------------------------------------------------------------


def _totals(seen: Sequence[FileTable], proposal: LayoutProposal) -> Iterator[Total]:
    """Totals of rows and lines; one that is not in every file is not required."""
    if seen[0].kind == "invoice":
        return  # its reader compares what it states with its lines by itself
    by_row: dict[str, dict[str, int]] = {}
    agreeing: dict[str, list[bool]] = {}
    for one in seen:
        lines = {total.line for total in one.layout.totals} if one.layout else set()
        for total in one.table.totals:
            if total.label in lines or total.column is None or control.is_subtotal(total.label):
                continue
            label = re.sub(r"[:：\s]+$", "", total.label)
            columns = by_row.setdefault(label, {})
            columns[total.column] = columns.get(total.column, 0) + 1
            agreeing.setdefault(label, []).append(total.agrees is True)
    for label, columns in by_row.items():
        yield Total(row=label, of=tuple(columns), required=all(count >= len(seen) for count in columns.values()))
        proposal.notes[label] = _agreement(agreeing[label])
    for line, verdicts in _lines(seen):
        yield line.model_copy(update={"required": len(verdicts) >= len(seen)})
        proposal.notes[line.line or ""] = _agreement(verdicts)


def _agreement(verdicts: Sequence[bool]) -> Text:
    agree, count = sum(verdicts), len(verdicts)
    if agree == count:
        return Text(f"{count} 处全部相符", f"agrees with the rows ({agree} of {count})")
    return Text(f"{count} 处中 {count - agree} 处与明细不符", f"disagrees with the rows ({count - agree} of {count}): such a file is held")


def _lines(seen: Sequence[FileTable]) -> list[tuple[Total, list[bool]]]:
    """Totals stated in lines outside the table, in all files, each with whether it agreed."""
    found: dict[str, tuple[Total, list[bool]]] = {}
    for one in seen:
        for total, agrees in _lines_of(one):
            known = found.setdefault(plain(total.line or ""), (total, []))
            known[1].append(agrees)
            if not known[0].where and total.where:
                found[plain(total.line or "")] = (total, known[1])
    return list(found.values())


def _lines_of(seen: FileTable) -> Iterator[tuple[Total, bool]]:
    grid, header = seen.grid, seen.header
    assert grid is not None and header is not None
    data = set(_data(seen))
    groups = _groups(seen)
    sums = {name: control.sum_of(seen.table.rows[name].to_pylist()) for name in _numeric(seen)}
    taken: set[str] = set()
    matched: set[str] = set()
    for index, row in enumerate(grid.rows):
        if index in data or header.first <= index <= header.last or not 0 < filled(row) <= 2:
            continue
        text = "".join(cell for cell in row if cell)
        total = _line_total(text, seen.table.rows.num_rows, groups, sums, taken)
        if total is not None:
            matched.add(control.line_text(row))
            yield total, True
    blind = seen.layout.totals if seen.layout else ()
    stated = {total.label: total.agrees is not False for total in seen.table.totals}
    wrong = {total.label for total in seen.table.totals if total.agrees is False}
    for total in blind:
        if total.line and not any(control.line_regex(total.line).search(text) for text in matched):
            yield total, stated.get(total.line, True) and total.line not in wrong


Groups = Mapping[tuple[str, str], tuple[int, Mapping[str, Decimal]]]


def _groups(seen: FileTable) -> Groups:
    """Count and sums of the rows of each value of columns with few values."""
    rows = seen.table.rows
    found: dict[tuple[str, str], tuple[int, Mapping[str, Decimal]]] = {}
    numeric = _numeric(seen)
    for name in rows.column_names:
        values = rows[name].to_pylist()
        distinct = {value for value in values if value is not None}
        if name.startswith("_src_") or name in numeric or not 0 < len(distinct) <= _FEW_VALUES:
            continue
        for value in distinct:
            chosen = [n for n, other in enumerate(values) if other == value]
            found[(name, value)] = (len(chosen), {key: control.sum_of([rows[key][n].as_py() for n in chosen]) for key in numeric})
    return found


def _numeric(seen: FileTable) -> list[str]:
    rows = seen.table.rows
    names = [name for name in rows.column_names if not name.startswith("_src_") and control.may_be_added(name)]
    return [name for name in names if _is_numeric([value for value in rows[name].to_pylist() if value is not None])]


def _is_numeric(values: Sequence[str]) -> bool:
    read = [number for value in values if (number := control.number(value)) is not None]
    return bool(values) and len(read) >= 0.9 * len(values) and not all(len(value) >= 12 for value in values)


def _line_total(text: str, count: int, groups: Groups, sums: Mapping[str, Decimal], taken: set[str]) -> Total | None:
    """The total that a line states, if its numbers are the count (and a sum) of all rows or of one group of them."""
    numbers = [(found, control.number(found[0])) for found in _NUMBER.finditer(text)]
    counted = [found for found, value in numbers if re.match(r"\s*[笔条行单项个]", text[found.end() :])]
    if not counted or counted[0].end() > len(text):
        return None
    rows = counted[0]
    after = [(found, value) for found, value in numbers if found.start() > rows.start() and value is not None]
    amount = after[0] if after else None
    stated = control.number(rows[0])
    if stated == count and amount is None:
        return Total(line=_pattern(text, rows, None))
    candidates = [(("", ""), (count, sums)), *sorted(groups.items(), key=lambda pair: -_shared(text, pair[0][1]))]
    for (name, value), (size, added) in candidates:
        if stated != size or amount is None or not size:
            continue
        column = next((key for key, total in added.items() if total == control.settled(amount[1] or Decimal(0))), None)
        if column is None or f"{name}={value}" in taken or (name and not _is_meant(text, value, size, groups)):
            continue
        taken.add(f"{name}={value}")
        return Total(line=_pattern(text, rows, amount[0]), sum=column, where={name: value} if name else {})
    return Total(line=_pattern(text, rows, None)) if stated == count else None


def _is_meant(text: str, value: str, size: int, groups: Groups) -> bool:
    """Whether a line can mean the rows of a value: not one row by chance, and not where its label is itself a value of some column."""
    if any(len(other) > 1 and plain(other) in plain(text) and other != value for _, other in groups):
        return False
    return size > 1 or _shared(text, value) > 1


def _shared(text: str, value: str) -> int:
    return len(set(plain(text)) & set(plain(value)))


def _pattern(text: str, rows: re.Match[str], amount: re.Match[str] | None) -> str:
    """The line with places for its numbers; what stands before another number, or far before, is left out."""
    before = text[: rows.start()]
    others = [found.end() for found in _NUMBER.finditer(before)]
    before = before[others[-1] if others else 0 :][-_LABEL_CHARACTERS:]
    if amount is None:
        tail = re.match(r"[^\d\s,，;；。]{0,6}", text[rows.end() :])
        return before + "{rows}" + (tail[0] if tail else "")
    tail = re.match(r"\s*元?", text[amount.end() :])
    return before + "{rows}" + text[rows.end() : amount.start()] + "{sum}" + (tail[0] if tail else "")
