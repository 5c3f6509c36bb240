"""Parsing: how right beside cn2an, jionlp, dateutil and pandas on the tables of hand-written truth, and how fast.

``python -m tests.bench.parse`` prints the section; ``./do bench`` puts it on the page. Peers see only the lines for which a source declares
nothing, since they cannot be told; whoever refuses what has no one meaning is right.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa

from taihu.china.addresses import parse_address
from taihu.china.divisions import packaged_divisions
from taihu.china.refused import ValueRefused
from taihu.clean.scan import scan
from taihu.clean.values import reader_of
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import Column
from tests.unit.china.test_truth import TABLES
from tests.unit.china.truth import REFUSED, Case, Verdict, cases, judge

ROOT = Path(__file__).resolve().parents[2]
PEER, PROGRAM = ROOT / ".venv-bench" / "bin" / "python", Path(__file__).parent / "peers" / "parsers.py"
SCANNED, RESIDUAL, TIMES = 2_000_000, 60_000, 5
MONEY = Column.model_validate({"type": "money", "currency": "CNY", "tax": "included"})
DATE = Column.model_validate({"type": "date"})
QUANTITY = Column.model_validate({"type": "quantity"})


def plain(table: str) -> list[Case]:
    """The lines that need no declaration."""
    return [case for case in cases(table) if not case.context]


def peers() -> dict[str, dict[str, Any]]:
    """Answers and seconds of the peers by table; empty if they are not installed."""
    if not PEER.exists():
        return {}
    with tempfile.TemporaryDirectory() as room:
        tables = Path(room) / "tables.json"
        texts = {table: [case.text for case in plain(table)] for table in ("amounts", "dates", "addresses")}
        tables.write_text(json.dumps(texts), encoding="utf-8")
        done = subprocess.run([PEER, PROGRAM, tables], capture_output=True, text=True, check=False, timeout=900)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def verdict_of(table: str, answers: list[str | None]) -> Verdict:
    """The verdict on a peer's answers, in the table's own notation."""
    listed = plain(table)
    said = dict(zip([id(case) for case in listed], answers, strict=True))

    def parse(case: Case) -> str:
        found = said[id(case)]
        if found is None:
            raise ValueRefused("invalid_number")
        return case.expected if case.expected != REFUSED and _same(table, found, case.expected) else str(found)

    return judge(listed, parse)


def _same(table: str, found: str, expected: str) -> bool:
    if table == "amounts":
        try:
            return Decimal(str(found)) == Decimal(expected)
        except InvalidOperation:
            return False
    if table == "addresses":
        known = packaged_divisions().by_code
        meant = known[expected]
        return found in {each.name for division in meant for each in (division, *(known[code][-1] for code in division.successors))}
    return found == expected


def _median(work: Callable[[], None]) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return sorted(taken)[TIMES // 2]


def scan_rate() -> float:
    """Canonical amounts a second through the SQL scan, on one thread."""
    engine = DuckDBEngine(memory_limit="1GB", threads=1)
    rows = pa.table({"金额": pa.array([f"{n % 90_000}.{n % 100:02d}" for n in range(SCANNED)], pa.string())})

    def work() -> None:
        found = scan(engine, rows, {"amount": "金额"}, {"amount": MONEY}, (), "Asia/Shanghai")
        assert found["amount"].null_count == 0

    work()
    return SCANNED / _median(work)


def residual_rate(column: Column, texts: list[str]) -> float:
    """Distinct texts a second that the scan leaves to Python; none of them is in a cache."""
    taken = []
    for turn in range(TIMES):
        read = reader_of(column, "Asia/Shanghai")
        part = texts[turn::TIMES]
        began = time.process_time()
        for text in part:
            read(text)
        taken.append((time.process_time() - began) / len(part))
    return 1 / sorted(taken)[TIMES // 2]


def residual_texts() -> dict[str, tuple[Column, list[str]]]:
    """Left-over values as files hold them: a few hundred kinds of amounts would hide behind a cache, so all are distinct."""
    forms = ("￥{:,}.50", "{:,}.25元", "({:,}.00)", "{:,}-", "RMB {:,}", "{}.5万", "{}万元", "{:,}.123")
    amounts = [forms[n % len(forms)].format(n + 1000) for n in range(RESIDUAL)]
    quantities = [("{:,}", " {} ", "{}.0000", "+{}", "１{}", "{}万")[n % 6].format(n + 1000) for n in range(RESIDUAL)]
    days = [dt.date(1950, 1, 1) + dt.timedelta(days=n) for n in range(RESIDUAL // 2)]
    dates = [f"{day.year}年{day.month}月{day.day}日" for day in days] + [f"{day.year}/{day.month}/{day.day}" for day in days]
    return {"amounts": (MONEY, amounts), "dates": (DATE, dates), "quantities": (QUANTITY, quantities)}


def address_rate() -> float:
    texts = [f"{case.text}{n}" for n in range(40) for case in plain("addresses") if case.expected != REFUSED and len(case.text) > 8]
    began = time.process_time()
    for text in texts:
        parse_address(text)
    return len(texts) / (time.process_time() - began)


def section() -> str:
    """The part of the page about parsing."""
    lines = []
    other = peers()
    for table, (parse, _) in TABLES.items():
        everything = judge(list(cases(table)), parse)
        lines.append(_line(f"{table}, all {everything.total}", "taihu", everything))
        for peer, found in other.get(table, {}).items():
            each = verdict_of(table, found["answers"])
            lines.append(_line(f"{table}, {each.total} without a declaration", peer, each, each.total / found["seconds"]))
    rates = [f"| canonical amounts, SQL scan, one thread | {scan_rate():,.0f} | 2,000,000 |"]
    rates += [f"| left-over {name} | {residual_rate(*each):,.0f} | 50,000 |" for name, each in residual_texts().items()]
    rates.append(f"| addresses | {address_rate():,.0f} | |")
    table, speeds = "\n".join(lines), "\n".join(rates)
    note = "" if other else "\n\nThe peers could not be run: their lines are left out."
    return f"""## Parsing

The tables of hand-written truth in `tests/unit/china/truth`. Right: the value, or a refusal where there is no one meaning; refused: a
refusal although there is one; silently wrong: another value, or any value where there is none.{note}

| table | parser | right | refused | silently wrong | texts a CPU second |
|---|---|---:|---:|---:|---:|
{table}

Values a CPU second; left-over values are all distinct, so no cache helps.

| what | a second | wanted |
|---|---:|---:|
{speeds}

cn2an reads numerals and not the amounts of files, dateutil and pandas no Chinese dates: their refusals are no fault. The tables and
our parsers have one author, so our own share of right answers says less than the other columns. A peer's answer that names the successor
of a former district is right here; development zones, which are no divisions, are not.
"""


def _line(what: str, parser: str, verdict: Verdict, rate: float | None = None) -> str:
    speed = "" if rate is None else f"{rate:,.0f}"
    return f"| {what} | {parser} | {verdict.right / verdict.total:.1%} | {len(verdict.refused)} | {len(verdict.wrong)} | {speed} |"


if __name__ == "__main__":
    print(section())
    sys.exit(0)
