"""One sample of each kind of file that the simulated company receives; the proposal then reads the other files of that sender.

What is read is compared with what the senders wrote, value by value; and the proposed contract with the one that the company keeps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from taihu.core.clock import SHANGHAI
from taihu.demo.drafts import Draft
from taihu.demo.facts import Facts, simulate
from taihu.demo.schedule import make_plan, table_drops
from taihu.demo.senders import simulate_senders
from taihu.demo.setup import example_folder
from taihu.demo.writers import rates_page
from taihu.manifest.source import SourceFile
from taihu.project.load import load_tree
from taihu.project.onboard import Ready
from taihu.project.typing import typed_tables
from taihu.read import read_file

from .conftest import PASSWORDS, proposed, put, source_of

MOST_OTHERS = 3
Rows = Sequence[Mapping[str, Any]]

# What a person changes in the proposal so that it says what the company's own contract says of the columns; nothing elsewhere.
EDITS = {
    "alipay_bill": {("income_amount", "tax", "included"), ("expense_amount", "tax", "included")},
}


@dataclass(frozen=True, slots=True)
class File:
    """A file and its rows by header; None for what stands nowhere as a value of its own."""

    name: str
    content: bytes
    rows: Rows


@cache
def facts() -> Facts:
    return simulate_senders(simulate(0), 0)


@cache
def senders() -> dict[tuple[str, str], list[File]]:
    """Source and style to its clean files: a small one first, then others, a month to date among them."""
    found: dict[tuple[str, str], list[File]] = {}
    by_style: dict[tuple[str, str], list[Any]] = {}
    for sending in make_plan(facts(), 0).sendings:
        if sending.clean and sending.draft.rows:
            by_style.setdefault((sending.draft.source, sending.draft.style.name), []).append(sending)
    for key, sendings in by_style.items():
        small = sorted(sendings, key=lambda sending: len(sending.draft.days))
        first, others = small[0], [small[-1], *small[1 :: max(1, len(small) // MOST_OTHERS)]]
        found[key] = [File(each.name, each.written().content, _draft_rows(each.draft)) for each in [first, *others[:MOST_OTHERS]]]
    for source, files in _tables().items():
        found[(source, "")] = files
    return found


def _draft_rows(draft: Draft) -> Rows:
    headers = draft.style.headers
    return [{headers[name]: row[name] for name in draft.columns} for row in draft.rows]


def _tables() -> dict[str, list[File]]:
    company = facts().company
    found: dict[str, list[File]] = {}
    for drop in table_drops(facts()):
        rows: list[dict[str, Any]] = []
        if drop.source == "stores":
            rows = [{"门店编号": one.code, "大区编码": one.region, "闭店日期": one.valid_to} for one in company.stores]
        elif drop.source == "distributors":
            leaver = drop.name.endswith("0930.xlsx")
            rows = [{"经销商编码": one.code, "失效日期": one.valid_to if leaver else None} for one in company.distributors]
        elif drop.source == "price_list":
            last = dt.date.max if drop.name.endswith("09.xlsx") else dt.date(2026, 9, 19)
            rows = [
                {"商品编码": p.code, "含税单价": price, "生效日期": day} for p in company.products for day, price in p.prices if day < last
            ]
        else:
            rows = [{"大区编码": t.region, "渠道编码": t.channel, "未税目标": t.amount} for t in facts().targets]
        found.setdefault(drop.source, []).append(File(drop.name, drop.content, rows))
    for days in (10, 60):
        rates = facts().rates[:days]
        shown = {rate.day for rate in rates}
        rows = [{"日期": rate.day, "货币代码": rate.currency, "中间价": rate.mid} for rate in rates if rate.day in sorted(shown)[-40:]]
        found.setdefault("fx_rates", []).append(File("rates.html", rates_page(rates)[0].encode(), rows))
    return found


KEYS = [
    *[("sell_out_huadong", style) for style in ("standard", "standard_2025")],
    *[("sell_out_huabei", "export"), ("sell_out_huanan", "two_rows"), ("sell_out_xinan", "page")],
    *[("distributor_stock", "stock"), ("tmall_orders", "orders"), ("alipay_bill", "bill"), ("retailer_pos", "daily")],
    *[(table, "") for table in ("distributors", "stores", "price_list", "targets", "fx_rates")],
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: "-".join(filter(None, key)))
def test_one_sample_is_enough(root: Path, key: tuple[str, str]) -> None:
    sample, *others = senders()[key]
    put(root, sample.name, sample.content)
    (ready,) = proposed(root).ready
    source = source_of(ready)
    for file in [sample, *others]:
        _reads_right(ready, source, file)
    assert _edits(source, load_tree(example_folder()).sources[key[0]].file) == EDITS.get(key[0], set())
    assert [sample.layout for sample in ready.samples] == [layout.name for layout in ready.proposal.layouts]


def test_no_proposal_needs_more_than_three_edited_lines() -> None:
    assert {source for source, _ in KEYS} >= set(EDITS)
    assert len({source for source, _ in KEYS}) >= 10
    assert max(map(len, EDITS.values())) <= 3


def _reads_right(ready: Ready, source: SourceFile, file: File) -> None:
    layouts = {layout.name: layout.file for layout in ready.proposal.layouts}
    read = read_file(file.content, file.name, read=source.read, layouts=layouts, passwords=PASSWORDS)
    assert read.held is None, (file.name, read.held, read.held_detail)
    assert all(total.agrees for table in read.tables for total in table.totals)
    tables, refusals = typed_tables(read, source, "Asia/Shanghai")
    assert refusals == [], file.name
    rows = [row for table in tables for row in table.to_pylist()]
    columns = {header: name for name, column in source.columns.items() for header in column.from_ or (name,)}
    wanted = sorted(_comparable(row, columns, source) for row in file.rows)
    assert sorted(_comparable({header: row[columns[header]] for header in file.rows[0]}, columns, source) for row in rows) == wanted


def _comparable(row: Mapping[str, Any], columns: Mapping[str, str], source: SourceFile) -> list[str]:
    """Values in one form, personal ones left out."""
    return [_plain(value) for header, value in row.items() if not source.columns[columns[header]].personal]


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, (int, Decimal)):
        return f"{Decimal(value):.4f}"
    return "" if value is None else str(value)


def _edits(proposed: SourceFile, kept: SourceFile) -> set[tuple[str, str, Any]]:
    """What the company's contract says otherwise of a column; an order that the proposal adds is proven and no edit."""

    def by_header() -> Iterator[tuple[str, Any, Any]]:
        columns = {header: column for column in proposed.columns.values() for header in column.from_ or ()}
        for name, column in kept.columns.items():
            other = next((columns[header] for header in column.from_ or () if header in columns), None)
            assert other is not None or column.optional, name
            if other is not None:
                yield name, column, other

    said = ("type", "currency", "tax", "personal", "scale")
    found = {
        (name, key, getattr(column, key))
        for name, column, other in by_header()
        for key in said
        if getattr(column, key) != getattr(other, key)
    }
    found -= {("target_revenue", "scale", 10_000)}  # its proposal has the unit in the layout, where the sender states it
    unordered = {(name, "order", column.order) for name, column, other in by_header() if column.order not in (None, other.order)}
    return found | unordered
