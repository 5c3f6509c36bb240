"""Columns that hold a part of another one: the trade name of a company, the division of an address on the row's day.

Each distinct text is taken apart once. A text whose parts cannot be told leaves them empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from taihu.china.addresses import parse_address
from taihu.china.codes import parse_invoice_number, parse_licence
from taihu.china.names import parse_company_name
from taihu.china.refused import ValueRefused
from taihu.china.units import parse_pack
from taihu.clean.columns import Findings
from taihu.core.clock import day_column
from taihu.manifest.source import SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

Parts = Mapping[str, Any]


def with_parts(table: pa.Table, source: SourceFile, zone: str, findings: Findings, left_out: Collection[int]) -> pa.Table:
    """The table with the part columns filled; ``findings`` refuses required ones that stay empty.

    Args:
        left_out: Numbers of rows that are no data.
    """
    import pyarrow as pa

    for owner, wanted in _wanted(source).items():
        kind = source.columns[owner].type
        texts = table[owner].to_pylist()
        days: list[dt.date | None] = [None] * len(texts)
        if kind == "address" and source.business_date:
            days = day_column(table[source.business_date], zone).to_pylist()
        taken = [_parts(kind, text, day) for text, day in zip(texts, days, strict=True)]
        for name, part in wanted.items():
            place = table.schema.get_field_index(name)
            field = table.schema.field(place)
            values = [parts.get(part) for parts in taken]
            table = table.set_column(place, field, pa.array(values, field.type))
            for row, value in enumerate(values if source.columns[name].required else ()):
                if value is None and row not in findings.refused and row not in left_out:
                    findings.refuse(row, "value_missing", name)
    return table


def _wanted(source: SourceFile) -> dict[str, dict[str, str]]:
    """Column that is taken apart to the columns of its parts and what each holds."""
    wanted: dict[str, dict[str, str]] = {}
    for name, column in source.columns.items():
        if column.part:
            owner, _, part = column.part.partition(".")
            wanted.setdefault(owner, {})[name] = part
    return wanted


def _parts(kind: str, text: str | None, day: dt.date | None) -> Parts:
    if text is None:
        return {}
    try:
        return _address(text, day) if kind == "address" else _READERS[kind](text)
    except ValueRefused:
        return {}


def _address(text: str, day: dt.date | None) -> Parts:
    """Parts of an address; only a division that was made or ended one day is looked up again for the row's own."""
    found = parse_address(text)
    if day is not None and (found.division.valid_from or found.division.valid_to):
        found = parse_address(text, day)
    return {"division": found.division.code, "province": found.province, "city": found.city or None, "detail": found.detail or None}


def _company(text: str) -> Parts:
    found = parse_company_name(text)
    return {name: getattr(found, name) or None for name in ("region", "trade", "industry", "form", "branch")}


def _pack(text: str) -> Parts:
    found = parse_pack(text)
    return {"pieces": found.pieces, "content": found.content, "content_unit": found.content_unit or None, "outer": found.outer or None}


def _invoice_number(text: str) -> Parts:
    found = parse_invoice_number(text)
    return {"code": found.code or None, "number": found.number}


def _licence(text: str) -> Parts:
    return {"kind": parse_licence(text)[0]}


_READERS: dict[str, Callable[[str], Parts]] = {
    "company_name": _company,
    "pack": _pack,
    "invoice_number": _invoice_number,
    "licence": _licence,
}
