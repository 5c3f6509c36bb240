"""Proposes columns: name, type, unit, tax basis, personal tag, each tried on every value that was seen by the reader that a run will use.

What the values cannot decide is not decided: a short date that two orders can read stays without ``order:``, so that its rows are
refused until a person writes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taihu.china.characters import parse_form, stored_form
from taihu.china.dates import Order, parse
from taihu.china.refused import ValueRefused
from taihu.clean.values import SCALES, reader_of
from taihu.core.types import Text
from taihu.manifest.source import Column, ColumnType
from taihu.project.onboard import personal
from taihu.project.onboard.words import Term, currency_of
from taihu.read.propose import propose_type
from taihu.read.totals import number

_NOTHING = re.compile(r"[-—–_=]+|/|\\|\*|无|暂无|未知|空|n/?a|null|none|nan|#n/a", re.IGNORECASE)
_DASHES = re.compile(r"[-—–_=]{2,}|暂无|n/?a|null|none|nan", re.IGNORECASE)
_FULL_YEAR = re.compile(r"(?:19|20)\d{2}(?:[-/.年]|\d{4})")
_SHORT = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:\D.*)?|\d{2}年\d{1,2}月\d{1,2}[日号]?.*")
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_SHORT_PARTS = re.compile(r"(?P<a>\d{1,4})([-/.])(?P<b>\d{1,2})\2(?P<c>\d{1,4})(?!\d)")
_ORDERS: tuple[Order, ...] = ("year first", "day first", "month first")
_ENOUGH = 0.95
_CATEGORY = 0.2
_MOST_DISTINCT = 5000
# Of what the table knows, only these hold companies in one file and persons in the next.
_MAY_BE_PERSONS = frozenset({"customer_name", "supplier_name", "remark", "summary"})
# Without these a row says nothing; any other column may be empty in the next file although it was full in this one.
_NEEDED = frozenset({"day", "from", "product", "store", "party", "quantity", "amount", "closing", "price", "rate"})
_CODES: dict[str, ColumnType] = {"barcode": "barcode", "tax_number": "uscc"}
_FEWEST_CODES = 3


@dataclass(slots=True)
class ColumnProposal:
    """One column of a contract.

    Attributes:
        headers: The senders' headers that it comes from.
        known: What is known of the header's words.
        column: What the contract would say.
        values: Values by the header's layout that were seen, nothing among them.
        absent: Words for nothing that were seen, with their count.
        evidence: Why it says so.
        decide: What a person has to decide, or None.
    """

    key: str
    headers: list[str]
    known: Term
    column: Column
    values: list[str]
    absent: Counter[str] = field(default_factory=Counter)
    evidence: list[Text] = field(default_factory=list)
    decide: Text | None = None

    @property
    def distinct(self) -> list[str]:
        """Distinct values, enough of them to tell a type."""
        return list(dict.fromkeys(self.values))[:_MOST_DISTINCT]

    @property
    def is_measure(self) -> bool:
        return self.column.type in ("money", "quantity", "number", "percent")

    @property
    def is_filled(self) -> bool:
        """Whether every row has a value."""
        return bool(self.values) and not self.absent and not self.column.optional


def split_nothing(cells: Iterable[str | None]) -> tuple[list[str], Counter[str], int]:
    """Values, words that may stand for no value, and the count of empty cells."""
    values: list[str] = []
    absent: Counter[str] = Counter()
    empty = 0
    for cell in cells:
        text = None if cell is None else stored_form(cell)
        if not text:
            empty += 1
        elif _NOTHING.fullmatch(text):
            absent[text] += 1
        else:
            values.append(text)
    return values, absent, empty


def propose_column(
    header: str, cells: Sequence[str | None], known: Term, *, tax: tuple[str, Text] | None, currency: str, scaled: bool
) -> ColumnProposal:
    """One column from all its cells.

    Args:
        header: The first sender's header.
        cells: All cells of all files.
        known: What is known of the header.
        tax: Tax basis that the title or the nature of the file states, and where it does.
        currency: Currency that the file states, or the entity's.
        scaled: Whether the layout multiplies its amounts.
    """
    values, absent, empty = split_nothing(cells)
    proposal = ColumnProposal(known.key, [header], known, Column(type="text", **{"from": header}), values, absent)
    kind = _type(proposal, header)
    settings: dict[str, object] = {"type": kind, "from": header}
    if kind in ("date", "timestamp"):
        settings |= _order(proposal)
    if kind == "money":
        settings |= _money(proposal, known, tax, currency)
    if known.scale > 1 and kind in SCALES and not scaled:
        settings["scale"] = known.scale
        proposal.evidence.append(Text(f"表头写明 ×{known.scale}", f"the header says ×{known.scale}"))
    tag = _personal(proposal)
    if tag:
        settings["personal"] = tag
    if values and not absent and not empty and known.role in _NEEDED:
        settings["required"] = True
    proposal.column = Column.model_validate(settings)
    _count(proposal, empty)
    return proposal


def _count(proposal: ColumnProposal, empty: int) -> None:
    total = len(proposal.values) + sum(proposal.absent.values()) + empty
    if not proposal.values:
        proposal.evidence.insert(0, Text("样本中没有值", "no value in the samples"))
        return
    read, kind = len(proposal.values), proposal.column.type
    missing = Text(f"，{total - read} 个为空", f", {total - read} empty") if total > read else Text("", "")
    if kind != "text" or missing.en:
        fits = sum(_reads(proposal.column, proposal.values))
        proposal.evidence.insert(0, Text(f"{fits}/{read} 个值可读{missing.zh}", f"{fits} of {read} values{missing.en}"))


def _reads(column: Column, values: Sequence[str]) -> list[bool]:
    """Whether the run's reader takes each value."""
    read = reader_of(column, "Asia/Shanghai")
    known: dict[str, bool] = {}
    for value in values:
        if value not in known:
            try:
                read(value)
                known[value] = True
            except ValueRefused:
                known[value] = False
    return [known[value] for value in values]


# types -------------------------------------------------------------------------------------------------------------------


def _type(proposal: ColumnProposal, header: str) -> ColumnType:
    """The type that the header's words and nearly all values agree on; text where they do not."""
    values, hint = proposal.distinct, proposal.known.type
    if not values:
        return hint if hint and hint != "phone" else "text"
    seen = propose_type(header, values)
    if seen.type == "boolean":
        return "boolean"
    if _are_dates(values) and hint in (None, "date", "timestamp"):
        return "timestamp" if any(_has_time(value) for value in values) else "date"
    if hint in ("text", "phone") or (hint is None and seen.type in ("text", "phone")):
        return "phone" if all(map(personal.is_phone, values)) else _code(proposal, values)
    wanted: ColumnType = hint if hint in SCALES or hint == "integer" else seen.type
    if wanted == "percent":
        return _ratio(proposal)
    if hint in ("date", "timestamp") and all(_TIME.fullmatch(value) for value in values):
        proposal.evidence.append(Text("只有时刻", "times of day"))
        return "text"
    if wanted not in SCALES and wanted != "integer":
        return _unlike(proposal, hint) if hint else "text"
    return _number(proposal, wanted)


def _code(proposal: ColumnProposal, values: Sequence[str]) -> ColumnType:
    """A type with check digits where the header means such a code and every one of several values is right; else text."""
    kind = _CODES.get(proposal.key)
    if kind and len(values) >= _FEWEST_CODES and all(_reads(Column(type=kind), values)):
        return kind
    return "text"


def _are_dates(values: Sequence[str]) -> bool:
    read = sum(_looks_dated(value) and any(_parses(value, order) for order in (None, *_ORDERS)) for value in values)
    return read >= _ENOUGH * len(values)


def _looks_dated(value: str) -> bool:
    """Bare numbers of five digits or seconds since 1970 are dates only to somebody who knows."""
    kept = parse_form(value)
    return bool(_FULL_YEAR.match(kept) or _SHORT.fullmatch(kept)) and not (kept.isdecimal() and len(kept) not in (8, 12, 14))


def _parses(value: str, order: Order | None) -> bool:
    try:
        parse(value, order)
    except ValueRefused:
        return False
    return True


def _has_time(value: str) -> bool:
    return any(_parses(value, order) and parse(value, order).has_time for order in (None, *_ORDERS))


def _ratio(proposal: ColumnProposal) -> ColumnType:
    """A percentage where every value says so or is a ratio already."""
    numbers = [value for text in proposal.distinct if (value := number(text.rstrip("%％"))) is not None]
    if len(numbers) < len(proposal.distinct):
        return _unlike(proposal, "percent")
    written = [value.endswith(("%", "％")) for value in proposal.distinct]
    if all(written) or (not any(written) and all(abs(value) <= 1 for value in numbers)):
        return "percent"
    proposal.decide = Text(
        "有的值带 %，有的不带：确认 13 是 13% 还是 13", "some values have a % and others are above 1: is 13 meant as 13 %?"
    )
    return "number" if not any(written) else "text"


def _number(proposal: ColumnProposal, wanted: ColumnType) -> ColumnType:
    numbers = [value for text in proposal.distinct if (value := number(text)) is not None]
    if len(numbers) < _ENOUGH * len(proposal.distinct):
        return _unlike(proposal, wanted)
    scale = SCALES.get(wanted, 0)
    finer = sum(1 for value in numbers if value != round(value, scale))
    if not finer:
        return wanted
    proposal.evidence.append(Text(f"{finer} 个值小数位多于 {scale} 位", f"{finer} values have more than {scale} decimals"))
    return "number"


def _unlike(proposal: ColumnProposal, wanted: ColumnType | None) -> ColumnType:
    proposal.decide = Text(
        f"表头像 {wanted}，但值读不出来：保留为文本", f"named like {wanted}, but its values cannot be read as such: kept as text"
    )
    return "text"


# dates ---------------------------------------------------------------------------------------------------------------------


def _order(proposal: ColumnProposal) -> dict[str, object]:
    """The order of year, month and day, where the values prove one."""
    values = proposal.distinct
    if all(_FULL_YEAR.match(parse_form(value)) for value in values):
        return {"order": "year first"}
    fits = [order for order in _ORDERS if all(_may_be(value, order) for value in values)]
    if len(fits) == 1 and all(_parses(value, fits[0]) for value in values):
        refuted = next((value for value in values for order in _ORDERS if order not in fits and not _may_be(value, order)), "")
        proposal.evidence.append(Text(f"例如 {refuted} 只能这样读", f"{refuted} cannot be read otherwise"))
        return {"order": fits[0]}
    example = values[0]
    listed = " | ".join(fits)
    proposal.decide = Text(
        f"order: {listed}。{example} 每种读法都成立；写明之前各行都会被拒",
        f"order: {listed}. {example} is a day by each of them; rows are refused until it is said",
    )
    return {}


def _may_be(value: str, order: Order) -> bool:
    """Whether somebody could mean a day by it: 24.3.5 is the fifth of March, or the 24th of March of the year 5."""
    if _parses(value, order):
        return True
    match = _SHORT_PARTS.match(parse_form(value))
    if match is None:
        return False
    a, b, c = match["a"], match["b"], match["c"]
    year, month, day = {"year first": (a, b, c), "day first": (c, b, a), "month first": (c, a, b)}[order]
    return len(year) == 1 and 1 <= int(month) <= 12 and 1 <= int(day) <= 31


# money, persons --------------------------------------------------------------------------------------------------------------


def _money(proposal: ColumnProposal, known: Term, tax: tuple[str, Text] | None, currency: str) -> dict[str, object]:
    basis = known.tax
    if basis in ("included", "excluded"):
        proposal.evidence.append(Text("含税口径见表头", "tax basis from the header"))
    elif basis is None and tax is not None:
        basis = tax[0]
        proposal.evidence.append(tax[1])
    elif basis is None:
        basis = "included"
        proposal.decide = proposal.decide or Text(
            "tax: included | excluded | none，文件没有写明", "tax: included | excluded | none; the file does not say"
        )
    return {"currency": known.currency or currency, "tax": basis}


def _personal(proposal: ColumnProposal) -> str | None:
    """The kind of personal data: by the header, or by what most values look like."""
    by_header = proposal.known.personal
    if by_header:
        proposal.evidence.append(Text("个人信息（按表头）", "personal by its header"))
        return by_header
    if proposal.is_measure or proposal.column.type in ("date", "timestamp", "boolean"):
        return None
    if proposal.known.role in ("document", "product", "store", "party", "region", "line"):
        return None
    seen = personal.kind_of_values(proposal.distinct)
    if seen is None or (seen[0] == "person" and proposal.known.known_by == "table" and proposal.key not in _MAY_BE_PERSONS):
        return None
    kind, count = seen
    proposal.evidence.append(Text(f"个人信息（{count} 个值）", f"personal: {count} of {len(proposal.distinct)} values look like it"))
    return kind


# all columns together ----------------------------------------------------------------------------------------------------------


def missing_words(columns: Mapping[str, ColumnProposal]) -> tuple[list[str], list[str]]:
    """Words for nothing that the contract should know, and words that stay text because they may mean something.

    A stroke among a handful of categories is a category (neither income nor expense, say).
    """
    listed: dict[str, None] = {}
    kept: dict[str, None] = {}
    meant = {word for proposal in columns.values() for word in proposal.absent if _is_category(proposal, word)}
    for proposal in columns.values():
        for word in proposal.absent:
            needed = proposal.column.type != "text" or bool(proposal.column.personal)
            if (needed and word not in meant) or _DASHES.fullmatch(word):
                listed[word] = None
            else:
                kept[word] = None
    return list(listed), [word for word in kept if word not in listed]


def _is_category(proposal: ColumnProposal, word: str) -> bool:
    if proposal.column.type != "text" or proposal.column.personal or len(set(proposal.values)) > 6 or not proposal.values:
        return False
    total = len(proposal.values) + sum(proposal.absent.values())
    return len(set(proposal.values)) > 1 and proposal.absent[word] >= _CATEGORY * total


def stated_currency(columns: Mapping[str, ColumnProposal]) -> tuple[str, str] | None:
    """The one currency that a column of currencies names in every row, with the column's header; None if there are several or none."""
    for proposal in columns.values():
        if proposal.known.role != "currency" or not proposal.values:
            continue
        named = {currency_of(value) for value in proposal.values}
        if len(named) == 1 and (only := named.pop()):
            return only, proposal.headers[0]
    return None
