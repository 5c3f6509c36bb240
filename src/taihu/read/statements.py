"""Tables that state totals of other tables: a summary sheet, or a list of the files of an archive with their rows and sums.

Each of their rows is reconciled with the sheet, the file or the group of rows that it names. What is stated and not there
disagrees; what is there and not stated is missing from the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from taihu.core.types import FileRead, Member, StatedTotal, TableRead
from taihu.manifest.layout import LayoutFile, States
from taihu.read import totals as control
from taihu.read.grid import plain
from taihu.read.units import factors


@dataclass(frozen=True, slots=True)
class Statement:
    """What one row of such a table states of others.

    Attributes:
        states: What its names mean.
        names: The sheet or file that it names, or the cells of the group by the data's headers.
        column: The data's header; None for a count of rows.
        stated: The number and the worth of its last decimal.
    """

    states: States
    names: tuple[tuple[str, str], ...]
    column: str | None
    stated: tuple[Decimal, Decimal]
    position: str

    @property
    def label(self) -> str:
        return ", ".join(text for _, text in self.names)


@dataclass(slots=True)
class Seen:
    """A member of what was received, what was read of it, and what it states of others."""

    member: Member | None
    read: FileRead
    statements: Sequence[Statement] = field(default_factory=tuple)
    lists_files: bool = False
    layouts: Sequence[str] = ()


def statements_of(table: TableRead, layout: LayoutFile) -> Iterator[Statement]:
    """What the rows of a table state of others.

    Args:
        table: The table as its layout reads it, its values multiplied by their unit.
        layout: Has ``states``.
    """
    states = layout.states
    assert states is not None
    keys = {states.sheet or states.file or "": ""} if not states.group else dict(states.group)
    scales = factors(layout.units)
    columns = [(header, data, scales.get(plain(header), Decimal(1))) for header, data in states.sums.items()]
    present = {plain(name): table.rows.column(name).to_pylist() for name in table.rows.column_names}
    positions = table.rows.column("_src_row").to_pylist()
    last = {header: _last_decimal(present.get(plain(header), []), scale) for header, _, scale in columns}
    for n, position in enumerate(positions):
        cells = [(data, present.get(plain(header), [None] * len(positions))[n]) for header, data in keys.items()]
        names = tuple((data, cell) for data, cell in cells if cell is not None)
        if len(names) < len(keys):
            continue
        if states.rows is not None and (count := control.number(present.get(plain(states.rows), [None] * len(positions))[n])) is not None:
            yield Statement(states, names, None, (count, Decimal(1)), position)
        for header, data, _scale in columns:
            stated = control.amount(present.get(plain(header), [None] * len(positions))[n])
            if stated is not None:
                yield Statement(states, names, data, (stated[0], max(stated[1], last[header])), position)


def _last_decimal(cells: Sequence[str | None], scale: Decimal) -> Decimal:
    """The worth of the last decimal that a column in 万元 states: sheets do not keep idle zeros, so the longest one tells."""
    if scale == 1:
        return Decimal(0)
    numbers = [value / scale for cell in cells if (value := control.number(cell)) is not None]
    exponents = [value.normalize().as_tuple().exponent for value in numbers]
    return scale.scaleb(min([exponent for exponent in exponents if isinstance(exponent, int)] + [0]))


def reconciled(seen: Sequence[Seen], *, is_complete: bool = True) -> list[tuple[Member | None, FileRead]]:
    """What was read, with what was stated beside what was found; held where they disagree or the list is incomplete.

    Args:
        seen: What was read.
        is_complete: Whether a list has to name all sheets or files that there are.
    """
    reads = [each.read for each in seen]
    for home, each in enumerate(seen):
        for statement in each.statements:
            places = [(n, k) for n, k in _places(seen, reads, home) if _is_meant(seen[n], reads[n].tables[k], statement)]
            total = _compared(statement, [reads[n].tables[k] for n, k in places])
            n, k = places[0] if places else (home, 0)
            reads[n] = _with_total(reads[n], k, total)
        if each.statements and is_complete:
            unlisted = _unlisted(seen, reads, home, each.statements)
            if unlisted:
                reads[home] = _held(reads[home], "total_missing", "not found: " + ", ".join(unlisted))
    return [(each.member, read) for each, read in zip(seen, reads, strict=True)]


def _places(seen: Sequence[Seen], reads: Sequence[FileRead], home: int) -> list[tuple[int, int]]:
    """All tables that a list may speak of: those of the other members for a list of files, those beside it for a summary sheet."""
    members = range(len(seen)) if seen[home].lists_files else [home]
    return [(n, k) for n in members for k in range(len(reads[n].tables))]


def _is_meant(seen: Seen, table: TableRead, statement: Statement) -> bool:
    if statement.states.sheet is not None:
        return plain(table.name) == plain(statement.label)
    if statement.states.file is not None:
        path = (seen.member.path if seen.member else "").replace("\\", "/").replace(">", "/")
        wanted = statement.label.replace("\\", "/").removeprefix("./")
        return path == wanted or path.endswith("/" + wanted)
    return all(name in table.rows.column_names for name, _ in statement.names)


def _compared(statement: Statement, tables: Sequence[TableRead]) -> StatedTotal:
    count, cells = 0, list[str | None]()
    for table in tables:
        chosen = range(table.rows.num_rows)
        if statement.states.group:
            wanted = [(table.rows.column(name).to_pylist(), plain(text)) for name, text in statement.names]
            chosen = [n for n in chosen if all(plain(column[n]) == text for column, text in wanted)]  # type: ignore[assignment]
        count += len(chosen)
        if statement.column in table.rows.column_names:
            column = table.rows.column(statement.column).to_pylist()
            cells += [column[n] for n in chosen]
    if statement.column is None:
        return StatedTotal(statement.label, None, statement.stated[0], Decimal(count), statement.position)
    return control.compared(statement.label, statement.column, statement.stated, control.sum_of(cells), statement.position)


def _unlisted(seen: Sequence[Seen], reads: Sequence[FileRead], home: int, statements: Sequence[Statement]) -> list[str]:
    """Sheets or files with rows that a list of sheets or files leaves out."""
    named = [statement for statement in statements if not statement.states.group]
    if not named:
        return []
    left = [
        (seen[n], reads[n].tables[k])
        for n, k in _places(seen, reads, home)
        if reads[n].tables[k].rows.num_rows and not any(_is_meant(seen[n], reads[n].tables[k], statement) for statement in named)
    ]
    return [table.name if named[0].states.sheet is not None else (one.member.path if one.member else table.name) for one, table in left]


def _with_total(read: FileRead, k: int, total: StatedTotal) -> FileRead:
    tables = list(read.tables)
    if tables:
        tables[k] = replace(tables[k], totals=(*tables[k].totals, total))
    read = replace(read, tables=tuple(tables))
    return read if total.agrees else _held(read, "total_disagrees", disagreement(total))


def _held(read: FileRead, reason: str, detail: str) -> FileRead:
    return read if read.held else replace(read, held=reason, held_detail=detail)


def disagreement(total: StatedTotal) -> str:
    """One sentence about a total that is not what its rows add up to."""
    return f"{total.label} ({total.position}): {total.column or 'rows'} stated {total.stated}, found {total.computed}"
