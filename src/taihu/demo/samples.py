"""Masked samples of the example's sources: one small file for each layout, with what reading it must give.

They are written by the simulated senders, so that the example's samples and the demo's files can never drift apart.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taihu.demo.dates import MORNINGS
from taihu.demo.drafts import Draft, Row, bill_draft, orders_draft, pos_draft, sell_out_draft, stock_draft
from taihu.demo.facts import Facts, simulate
from taihu.demo.schedule import table_drops
from taihu.demo.senders import SENDERS, simulate_senders
from taihu.demo.senders.interface import Sender
from taihu.demo.writers import ZIP_PASSWORDS, rates_page, write

_DAY = dt.date(2026, 9, 14)
_ROWS = 6
_TABLE_LAYOUTS = {"distributors": "list", "stores": "list", "price_list": "list", "targets": "wide_months"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample and what reading it must give."""

    source: str
    name: str
    content: bytes
    expected: dict[str, Any]


def samples(seed: int = 0) -> Iterator[Sample]:
    """A sample for every layout of every source that receives files."""
    facts = simulate_senders(simulate(seed), seed)
    company = facts.company
    for code in ("D0001", "D0004", "D0007", "D0012", "D0017"):
        yield _sample(sell_out_draft(facts, company.distributor(code), [_DAY]))
    yield _sample(stock_draft(facts, company.distributor("D0001"), _DAY))
    for draft in (orders_draft(facts, [_DAY]), bill_draft(facts, [_DAY]), pos_draft(facts, [_DAY])):
        yield _sample(draft)
    for sender in SENDERS:
        for draft in _one_of_each_style(sender, facts):
            yield _sample(draft)
    yield from _tables(facts)
    known = [rate for rate in facts.rates if rate.day < _DAY]
    table = {"layout": "page", "rows": len(known), "columns": ["日期", "货币名称", "货币代码", "中间价"], "notes": []}
    yield Sample("fx_rates", "rates.html", rates_page(known)[0].encode(), {"held": None, "tables": [table]})


def _one_of_each_style(sender: Sender, facts: Facts) -> Iterator[Draft]:
    """The first file of each layout; rather not the very first one, which holds a month."""
    seen = set[str]()
    for draft in (draft for morning in (*MORNINGS[1:], MORNINGS[0]) for draft in sender.drafts(facts, morning)):
        if draft.rows and draft.style.name not in seen:
            seen.add(draft.style.name)
            yield draft


def _sample(draft: Draft) -> Sample:
    draft = masked(draft)
    tables = [draft.rows] if draft.style.tables is None else draft.style.tables(draft)
    expected: dict[str, Any] = {"held": None, "tables": [_table(draft, rows) for rows in tables]}
    if draft.source in ZIP_PASSWORDS:
        expected["passwords"] = [ZIP_PASSWORDS[draft.source]]
    return Sample(draft.source, draft.name, write(draft).content, expected)


def _table(draft: Draft, rows: Sequence[Row]) -> dict[str, Any]:
    headers = draft.style.headers
    table: dict[str, Any] = {"layout": draft.style.name, "rows": len(rows)}
    if not rows:
        return table
    key = next(name for name in ("document", "number", "store", "product", "item", *headers) if name in headers)
    if draft.style.tables is None:
        table |= {"columns": [headers[name] for name in draft.columns], "notes": []}
    first, last = rows[0], rows[-1]
    product = "product" if "product" in headers else key
    return {
        **table,
        "first": {headers[key]: str(first[key]).strip(), headers[product]: str(first[product]).strip()},
        "last": {headers[key]: str(last[key]).strip()},
    }


def masked(draft: Draft) -> Draft:
    """The first rows of a draft without anybody's name, number or address; returns stay in."""
    draft = copy.deepcopy(draft)
    draft.rows = draft.rows[:_ROWS]
    draft.title = "某经销商 " + draft.title.partition(" ")[2] if draft.source.startswith("sell_out_") else draft.title
    for number, row in enumerate(draft.rows, 1):
        for name, text in (
            ("customer", f"某客户{number}"),
            ("buyer", "某客户" if draft.style.make else "某某某"),
            ("receiver", "某某某"),
            ("signer", ""),
            ("drawer", "某某某"),
            ("party_name", "某经销商"),
            ("employee", "某某某"),
            ("identity", "*"),
            ("card", "*"),
            ("address", f"{row.get('province', '')}某市某路"),
            ("salesperson", "某业务员"),
        ):
            if name in row:
                row[name] = text
        if "phone" in row:
            row["phone"] = f"154{number:08d}"
        if "mail" in row:
            row["mail"] = f"contact@{number:04d}.masked.example"
        if "counterpart" in row:
            row["counterpart"] = "154****0000"
    return draft


def _tables(facts: Facts) -> Iterator[Sample]:
    """The hand-kept tables; contact addresses are masked."""
    done = set[str]()
    company = facts.company
    unknown = tuple(replace(party, mail=f"contact@{party.code.lower()}.masked.example") for party in company.distributors)
    for drop in table_drops(replace(facts, company=replace(company, distributors=unknown))):
        if drop.source not in done:
            done.add(drop.source)
            rows = {"distributors": len(facts.company.distributors), "stores": len(facts.company.stores)}
            rows |= {"price_list": len(facts.company.products), "targets": len(facts.targets)}
            table = {"layout": _TABLE_LAYOUTS[drop.source], "rows": rows[drop.source], "notes": []}
            yield Sample(drop.source, drop.name, drop.content, {"held": None, "tables": [table]})


def write_samples(project: Path) -> list[Path]:
    """Write all samples below ``project/sources``; the files written."""
    written = []
    for sample in samples():
        folder = project / "sources" / sample.source / "samples"
        folder.mkdir(exist_ok=True)
        target = folder / sample.name
        target.write_bytes(sample.content)
        text = json.dumps(sample.expected, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        target.with_name(target.name + ".expected.json").write_text(text, encoding="utf-8")
        written.append(target)
    return written
