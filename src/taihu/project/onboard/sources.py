"""Puts a proposal for a source together: layouts, columns, how it loads, whose it is, what must hold; each with what was seen."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taihu.core.types import FileRead, Text
from taihu.manifest.source import Column, FileKind, Read
from taihu.project.onboard.around import apart
from taihu.project.onboard.columns import ColumnProposal, missing_words, propose_column, split_nothing, stated_currency
from taihu.project.onboard.grouping import Group, part_of, skeleton
from taihu.project.onboard.layouts import LayoutProposal, propose_layout, with_unit
from taihu.project.onboard.looking import FileTable
from taihu.project.onboard.words import Term, tax_in
from taihu.read import read_file
from taihu.read.totals import number

_CODE_IN_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}\d{2,}(?![A-Za-z0-9])")
_MOST_KEYS = 3
_NO_DAYS = frozenset({"updated_at", "birth_date", "valid_from", "valid_to", "month", "year"})
_PAYMENTS = frozenset({"direction", "balance_amount", "counterparty", "counterparty_account", "settlement_currency", "income"})
_TITLE_ROWS = 8

Tables = dict[str, list[tuple[Path, Any]]]
"""Layout name to the tables that it read, each with its file."""


@dataclass(slots=True)
class SourceProposal:
    """One source as it is proposed.

    Attributes:
        values: Top-level keys of ``source.yml`` in order, without columns and checks.
        notes: Evidence by key; ``decide`` marks what a person has to say.
        checks: Rules with what was seen.
        reads: What each file gave under the proposal.
        archive_passwords: Whether a member was opened by a password.
    """

    name: str
    title: Text
    group: Group
    layouts: list[LayoutProposal]
    columns: dict[str, ColumnProposal] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Text] = field(default_factory=dict)
    decide: dict[str, Text] = field(default_factory=dict)
    checks: list[tuple[dict[str, Any], Text]] = field(default_factory=list)
    tables: Tables = field(default_factory=dict)
    reads: dict[Path, FileRead] = field(default_factory=dict)

    @property
    def read(self) -> Read:
        return Read.model_validate(self.values["read"])

    @property
    def rows(self) -> int:
        return sum(table.rows.num_rows for tables in self.tables.values() for _, table in tables)


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever proposes was told: who answers for the project's books, what opens archives, what the user wants."""

    entity: str
    currency: str
    passwords: Sequence[str]
    references: Sequence[str]
    content: Callable[[Path], bytes]


def propose_source(name: str, title: Text, group: Group, terms: Mapping[str, Term], asked: Asked) -> SourceProposal:
    """The proposal for one group of tables."""
    layouts = [] if group.shapes[0].kind == "typed" else list(_layouts(group))
    proposal = SourceProposal(name, title, group, layouts)
    proposal.values["read"] = _read(group, layouts, asked)
    read_all(proposal, asked)
    _propose_columns(proposal, terms, asked)
    if _scale(proposal):
        read_all(proposal, asked)
        _propose_columns(proposal, terms, asked)
    _ask_about_units(proposal)
    _loads(proposal)
    _party(proposal)
    _rules(proposal)
    listed, kept = missing_words(proposal.columns)
    if listed:
        proposal.values["missing"] = listed
    if kept:
        words = ", ".join(kept)
        proposal.notes["missing"] = Text(f"{words} 在文本列中保留原样", f"{words} stays as it is: it may mean something in a text column")
    return proposal


# reading -------------------------------------------------------------------------------------------------------------------


def _layouts(group: Group) -> Iterator[LayoutProposal]:
    taken: set[str] = set()
    for shape in group.shapes:
        base = _layout_name(shape.seen[0], alone=len(group.shapes) == 1)
        parts = apart(shape.seen)
        for seen in parts:
            name = next(candidate for n in itertools.count(1) if (candidate := base if n == 1 else f"{base}_{n}") not in taken)
            taken.add(name)
            yield propose_layout(name, seen, anchored=len(parts) > 1)


def _layout_name(seen: FileTable, *, alone: bool) -> str:
    if alone:
        return "standard"
    rows = seen.header.last - seen.header.first + 1 if seen.header else 1
    return {"excel": "two_rows" if rows > 1 else "sheet", "csv": "text", "html": "page"}.get(seen.kind, "standard")


def _read(group: Group, layouts: Sequence[LayoutProposal], asked: Asked) -> dict[str, Any]:
    kinds: list[FileKind] = list(dict.fromkeys(one.kind for one in group.seen))
    read: dict[str, Any] = {"as": kinds[0] if len(kinds) == 1 else kinds}
    texts = [shape for shape in group.shapes if shape.kind in ("csv", "html")]
    if texts and texts[0].encoding:
        read["encoding"] = texts[0].encoding
    delimiter = next((shape.delimiter for shape in texts if shape.kind == "csv"), None)
    if delimiter:
        read["delimiter"] = delimiter
    if layouts:
        read["layouts"] = [layout.name for layout in layouts]
    packed = {Path(one.name).suffix.lower() for one in group.seen if one.member}
    if len(packed) == 1 and (suffix := packed.pop()):
        read["member"] = f"*{suffix}"
    if asked.references and any(one.needs_password for one in group.seen):
        read["passwords"] = list(asked.references)
    return read


def read_all(proposal: SourceProposal, asked: Asked) -> None:
    """Read every file by the proposal as a run would."""
    proposal.tables = {layout.name: [] for layout in proposal.layouts} or {"": []}
    layouts = {layout.name: layout.file for layout in proposal.layouts}
    for path in proposal.group.paths:
        read = read_file(asked.content(path), path.name, read=proposal.read, layouts=layouts, passwords=asked.passwords)
        proposal.reads[path] = read
        for table in read.tables:
            proposal.tables.setdefault(table.layout, []).append((path, table))


# columns -------------------------------------------------------------------------------------------------------------------


def _propose_columns(proposal: SourceProposal, terms: Mapping[str, Term], asked: Asked) -> None:
    """Columns of all layouts under one set of names."""
    merged = _merged_headers(proposal, terms)
    tax = _tax(proposal, merged)
    first = _columns_of(proposal, merged, terms, tax, asked.currency)
    stated = stated_currency(first)
    if stated is not None and stated[0] != asked.currency:
        first = _columns_of(proposal, merged, terms, tax, stated[0])
    proposal.columns = {}
    for number_, column in enumerate(first.values(), start=1):
        key = column.key or f"column_{number_}"
        if not column.key:
            column.decide = column.decide or Text("给它一个英文名", "give it an English name")
        key = next(name for n in itertools.count(1) if (name := key if n == 1 else f"{key}_{n}") not in proposal.columns)
        column.key = key
        proposal.columns[key] = column


def _merged_headers(proposal: SourceProposal, terms: Mapping[str, Term]) -> dict[str, dict[str, list[str]]]:
    """Part to layout to headers; a part that a layout has twice is told apart by its names."""
    merged: dict[str, dict[str, list[str]]] = {}
    for layout, tables in proposal.tables.items():
        headers = dict.fromkeys(name for _, table in tables for name in table.rows.column_names if not name.startswith("_src_"))
        taken: set[str] = set()
        for header in headers:
            term = _term(header, terms)
            part = part_of(header, term)
            if part in taken:
                part = f"{term.key}:{header}"
            taken.add(part)
            merged.setdefault(part, {}).setdefault(layout, []).append(header)
    return merged


def _term(header: str, terms: Mapping[str, Term]) -> Term:
    from taihu.project.onboard.words import term_of

    return terms.get(header) or term_of(header)


def _columns_of(
    proposal: SourceProposal,
    merged: Mapping[str, Mapping[str, list[str]]],
    terms: Mapping[str, Term],
    tax: tuple[str, Text] | None,
    currency: str,
) -> dict[str, ColumnProposal]:
    columns: dict[str, ColumnProposal] = {}
    count = sum(len(tables) for tables in proposal.tables.values())
    for part, by_layout in merged.items():
        headers = list(dict.fromkeys(header for names in by_layout.values() for header in names))
        cells: list[str | None] = []
        present = 0
        for layout, names in by_layout.items():
            for _, table in proposal.tables[layout]:
                found = [name for name in names if name in table.rows.column_names]
                present += bool(found)
                cells.extend(_texts(table.rows[found[0]]) if found else ())
        known = max(
            (_term(header, terms) for header in headers),
            key=lambda term: (term.tax in ("included", "excluded"), term.known_by in ("source", "glossary")),
        )
        if any(
            "{m" in (layout.file.outside[header].sheet or "")
            for layout in proposal.layouts
            for header in headers
            if header in layout.file.outside
        ):
            known = replace(known, type="date", role="day")  # the first day of the month that a sheet's name says
        scaled = any(_is_scaled(layout, headers) for layout in proposal.layouts)
        column = propose_column(headers[0], cells, known, tax=tax, currency=currency, scaled=scaled)
        column.headers = headers
        column.column = _finished(column.column, column.key, headers, optional=present < count)
        if any(header in layout.file.outside for layout in proposal.layouts for header in headers):
            column.evidence.append(Text("在表外", "outside the table"))
        if present < count:
            column.evidence.append(Text(f"{count} 张表中 {present} 张有", f"in {present} of {count} tables"))
        if known.known_by in ("glossary", "source"):
            column.evidence.append(Text(f"名称取自 {known.detail}", f"named as in {known.detail}"))
        columns[part] = column
    return columns


def _tax(proposal: SourceProposal, parts: Iterable[str]) -> tuple[str, Text] | None:
    """The tax basis of amounts whose headers do not say it: from the title, or because payments have none."""
    stated = tax_in(_title_text(proposal))
    if stated:
        return stated, Text("含税口径见标题", "tax basis from the title")
    if _PAYMENTS & set(parts):
        return "none", Text("收付款流水，无含税口径", "a statement of payments: no tax basis")
    return None


def _is_scaled(layout: LayoutProposal, headers: Iterable[str]) -> bool:
    return any(header in unit.of for unit in layout.file.units for header in headers)


def _texts(column: Any) -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def _finished(column: Column, key: str, headers: Sequence[str], *, optional: bool) -> Column:
    update: dict[str, Any] = {"from_": tuple(headers)}
    if optional:
        update |= {"optional": True, "required": False}
    return column.model_copy(update=update)


def _title_text(proposal: SourceProposal) -> str:
    """What stands above and below the tables and in the names of the files."""
    parts: list[str] = []
    for one in proposal.group.seen:
        parts.append(one.path.stem)
        if one.grid is not None and one.header is not None:
            parts += [cell for row in one.grid.rows[: one.header.first][:_TITLE_ROWS] for cell in row if cell]
    return " ".join(parts)


def _scale(proposal: SourceProposal) -> bool:
    """Write the unit that a title states into the layouts; whether there is one other than yuan."""
    changed = False
    for layout in proposal.layouts:
        if layout.unit is None:
            continue
        own = [header for _, table in proposal.tables[layout.name] for header in table.rows.column_names]
        headers = [
            header
            for column in proposal.columns.values()
            if column.column.type == "money" and column.known.role != "price" and column.known.scale == 1
            for header in column.headers
            if header in own
        ]
        if headers:
            with_unit(layout, headers)
            changed = True
    return changed


def _ask_about_units(proposal: SourceProposal) -> None:
    """Numbers of no known kind under a title that states a unit: amounts in it or not, a person says."""
    for layout in proposal.layouts:
        if layout.unit is None:
            continue
        own = {header for _, table in proposal.tables[layout.name] for header in table.rows.column_names}
        for column in proposal.columns.values():
            if column.column.type in ("number", "integer") and not column.known.role and not own.isdisjoint(column.headers):
                column.decide = column.decide or Text(
                    f"标题写明单位 {layout.unit.word}：若此列也是金额，改为 type: money，并加进布局的 units",
                    f"a title says {layout.unit.word}: if this is an amount too, make it type: money and add it to units: in the layout",
                )


# loading, parties ------------------------------------------------------------------------------------------------------------


def _loads(proposal: SourceProposal) -> None:
    """By whole days where rows have a date, else as the newest list."""
    columns = proposal.columns
    days = [name for name, column in columns.items() if column.known.role == "day" and column.column.type in ("date", "timestamp")]
    days = days or [name for name, column in columns.items() if column.column.type in ("date", "timestamp") and column.key not in _NO_DAYS]
    filled = [name for name in days if columns[name].is_filled] or days
    start = next((name for name, column in columns.items() if column.known.role == "from"), None)
    if filled and start is None:
        day = filled[0]
        proposal.values |= {"load": "replace", "business_date": day}
        others = ", ".join(name for name in filled[1:])
        proposal.notes["business_date"] = Text(f"另有日期列：{others}", f"other days in it: {others}") if others else Text("", "")
        proposal.notes["load"] = Text("每个文件替换它所含的日期", "a file replaces the days that it has rows of")
        columns[day].column = columns[day].column.model_copy(update={"required": not columns[day].column.optional})
        return
    key = smallest_key(proposal)
    proposal.values["period"] = {"from": "received"}
    if key and start is not None and start not in key and any(column.known.role == "price" for column in columns.values()):
        key = tuple(name for name in columns if name in key or name == start)
    if key:
        proposal.values |= {"load": "snapshot", "key": list(key)}
        proposal.notes["load"] = Text("名单：最新的一份有效", "a list: the newest one counts")
        proposal.notes["key"] = Text(f"{proposal.rows} 行中唯一且从不为空", f"unique and never empty in {proposal.rows} rows")
    else:
        proposal.values["load"] = "append"
        proposal.decide["load"] = Text("没有日期列，也没有唯一的列：行会累积", "no date and no columns that are unique: rows pile up")
    end = next((name for name, column in columns.items() if column.known.role == "to"), None)
    if start is not None and key:
        proposal.values["valid"] = {"from": start, **({"to": end} if end else {})}


def smallest_key(proposal: SourceProposal) -> tuple[str, ...]:
    """The fewest columns that are unique and never empty in every file; empty if there are none."""
    names = [name for name, column in proposal.columns.items() if column.is_filled and not column.is_measure and not column.column.personal]
    tables = [table for read in proposal.reads.values() for table in read.tables]
    ranked = sorted(names, key=lambda name: _key_rank(proposal.columns[name]))[:8]
    for size in range(1, _MOST_KEYS + 1):
        for chosen in itertools.combinations(ranked, size):
            if all(_is_unique(proposal, table, chosen) for table in tables):
                return tuple(name for name in proposal.columns if name in chosen)
    return ()


def _key_rank(column: ColumnProposal) -> int:
    key, role = column.key, column.known.role
    if key.endswith(("_code", "_number")) or role in ("document", "product", "store", "party"):
        return 0
    return (
        1 if column.column.type in ("date", "timestamp") or role in ("from", "region") else 2 if key in ("month", "year", "barcode") else 3
    )


def _is_unique(proposal: SourceProposal, table: Any, names: Sequence[str]) -> bool:
    headers = [next((header for header in proposal.columns[name].headers if header in table.rows.column_names), None) for name in names]
    if None in headers or not table.rows.num_rows:
        return False
    rows = list(zip(*(table.rows[header].to_pylist() for header in headers), strict=True))
    return len(set(rows)) == len(rows) and all(None not in row for row in rows)


def _party(proposal: SourceProposal) -> None:
    """Who sent a file: a column with one value in each, or a code in the file names that differs."""
    if proposal.values.get("load") != "replace":
        return
    for name, column in proposal.columns.items():
        if column.known.role != "party" or not column.is_filled:
            continue
        per_file = [_distinct(proposal, path, column) for path in proposal.group.paths]
        if all(len(values) == 1 for values in per_file):
            proposal.values["party"] = {"from": "column", "column": name}
            senders = len(set().union(*per_file))
            proposal.notes["party"] = Text(
                f"每个文件只有一个（共 {senders} 个）；名单有了以后加 in:",
                f"one in each file ({senders} in all); add in: once a list of them is a source",
            )
            return
    codes = [_CODE_IN_NAME.findall(path.stem) for path in proposal.group.paths]
    if all(len(found) == 1 for found in codes) and len({found[0] for found in codes}) > 1:
        pattern = _party_pattern(proposal.group.paths)
        if pattern:
            proposal.values["party"] = {"from": "file name", "pattern": pattern}
            count = len({found[0] for found in codes})
            proposal.notes["party"] = Text(
                f"文件名中有 {count} 个代码；名单有了以后加 in:",
                f"{count} codes in the file names; add in: once a list of them is a source",
            )


def _distinct(proposal: SourceProposal, path: Path, column: ColumnProposal) -> set[str]:
    tables = proposal.reads[path].tables
    cells = [
        cell for table in tables for header in column.headers if header in table.rows.column_names for cell in _texts(table.rows[header])
    ]
    return set(split_nothing(cells)[0])


def _party_pattern(paths: Sequence[Path]) -> str | None:
    """``销售流向_{party}_*`` where all names have that form."""
    forms = {_CODE_IN_NAME.sub("{party}", path.stem, count=1).split("{party}")[0] for path in paths}
    if len(forms) != 1:
        return None
    tail = {_CODE_IN_NAME.split(path.stem, maxsplit=1)[1][:1] for path in paths}
    return f"{forms.pop()}{{party}}{tail.pop() if len(tail) == 1 else ''}"


# rules ---------------------------------------------------------------------------------------------------------------------


def _rules(proposal: SourceProposal) -> None:
    """Rules that held in every row that was seen."""
    columns, checks = proposal.columns, proposal.checks
    key = proposal.values.get("key")
    if key:
        checks.append(({"unique": key, "else": "hold"}, Text("", "")))
    elif (number_ := _unique_number(proposal)) is not None:
        checks.append(({"unique": [number_], "else": "quarantine"}, Text(f"{proposal.rows} 行中唯一", f"unique in {proposal.rows} rows")))
    by_part = {column.known.role: name for name, column in columns.items() if column.known.role}
    quantity, amount = by_part.get("quantity"), by_part.get("amount")
    if quantity and amount and (count := _same_sign(proposal, quantity, amount)):
        checks.append(({"same_sign": [quantity, amount], "else": "quarantine"}, Text(f"{count} 行都成立", f"held in {count} rows")))
    ladder = [by_part.get(part) for part in ("opening", "inbound", "outbound", "closing")]
    if all(ladder) and (count := _balances(proposal, [name for name in ladder if name])):
        opening, inbound, outbound, closing = ladder
        sql = f"{opening} + {inbound} - {outbound} = {closing}"
        checks.append(({"sql": sql, "reason": "identity_broken", "else": "quarantine"}, Text(f"{count} 行都成立", f"held in {count} rows")))
    most = max((sum(table.rows.num_rows for table in read.tables) for read in proposal.reads.values()), default=0)
    least = min((sum(table.rows.num_rows for table in read.tables) for read in proposal.reads.values()), default=0)
    ceiling = max(1000, 10 ** len(str(most * 10)))
    seen = (
        Text(f"见过 {least}–{most} 行", f"{least} to {most} rows seen") if least != most else Text(f"见过 {most} 行", f"{most} rows seen")
    )
    checks.append(({"rows": {"min": 1, "max": ceiling}, "else": "warn"}, seen))


def _unique_number(proposal: SourceProposal) -> str | None:
    """The column whose header calls it a number of the row's own, if it is unique in every file."""
    tables = [table for read in proposal.reads.values() for table in read.tables]
    for name, column in proposal.columns.items():
        if column.known.role == "document" and column.is_filled and all(_is_unique(proposal, table, [name]) for table in tables):
            return name
    return None


def _numbers(proposal: SourceProposal, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of numbers of these columns; a row that lacks one is left out."""
    for read in proposal.reads.values():
        for table in read.tables:
            headers = [
                next((header for header in proposal.columns[name].headers if header in table.rows.column_names), None) for name in names
            ]
            if None in headers:
                continue
            for row in zip(*(table.rows[header].to_pylist() for header in headers), strict=True):
                values = tuple(None if cell is None else number(cell) for cell in row)
                if None not in values:
                    yield values


def _same_sign(proposal: SourceProposal, quantity: str, amount: str) -> int:
    rows = list(_numbers(proposal, [quantity, amount]))
    return len(rows) if rows and all(one * other > 0 or one == other == 0 for one, other in rows) else 0


def _balances(proposal: SourceProposal, names: Sequence[str]) -> int:
    rows = list(_numbers(proposal, names))
    return len(rows) if rows and all(a + b - c == d for a, b, c, d in rows) else 0


def file_pattern(paths: Sequence[Path]) -> str:
    """A glob for file names: numbers and codes of parties become ``*``, and so does what the names do not share."""
    forms = list(dict.fromkeys(re.sub(r"\d+", "*", _CODE_IN_NAME.sub("*", path.stem)) for path in paths))
    suffixes = list(dict.fromkeys(path.suffix for path in paths))
    shared = forms[0] if len(forms) == 1 else _common(forms)
    stem = shared if len(forms) == 1 else f"{shared}*" if skeleton(shared) else "*"
    return re.sub(r"\*(?:[-_ ]?\*)+", "*", stem) + (suffixes[0] if len(suffixes) == 1 else ".*")


def _common(texts: Sequence[str]) -> str:
    pairs = itertools.takewhile(lambda chars: len(set(chars)) == 1, zip(*texts, strict=False))
    return "".join(chars[0] for chars in pairs).rstrip("*")
