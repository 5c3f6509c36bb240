"""Twenty row rules and a uniqueness rule over ten million rows: ours, one SELECT written by hand, and pandera on polars.

Each side runs in a process of its own, in turns, with two threads and the same memory limit where it knows one.
``python -m tests.bench.checks`` prints the section; ``./do bench`` puts it on the page.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.peers.peak import peak_memory

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-bench" / "bin" / "python"
PROGRAM = ROOT / "tests" / "bench" / "peers" / "pandera_checks.py"
TIMES = 3
ROWS = 10_000_000
KEY = ["document_number", "line_number"]

# Written so that DuckDB and the SQL of polars both read them; two are regular expressions.
NOT_NULL = ["document_number", "business_date", "store_code", "product_code", "quantity", "gross_amount"]
CONDITIONS = [
    "quantity > -1000 AND quantity < 1000",
    "gross_amount > -100000 AND gross_amount < 100000",
    "quantity * gross_amount >= 0",
    "unit_price > 0 AND unit_price < 1000",
    "abs(unit_price * quantity - gross_amount) <= 0.01",
    "tax_amount <= gross_amount OR gross_amount < 0",
    "abs(gross_amount - net_amount - tax_amount) <= 0.01",
    "unit_name IN ('箱', '瓶', '盒')",
    "line_number >= 1 AND line_number <= 50",
    "business_date >= DATE '2026-01-01' AND business_date <= DATE '2026-12-31'",
    "length(product_code) = 4",
    "store_code <> ''",
]
REGEXES = [("document_number", "^XS[0-9]{8,10}$"), ("product_code", "^P[0-9]{3}$")]

_MADE = """
SELECT
  'XS' || lpad(CAST(n // 5 AS VARCHAR), 9, '0') AS document_number,
  CAST(n % 5 + 1 AS BIGINT) AS line_number,
  DATE '2026-01-01' + CAST(n % 365 AS INTEGER) AS business_date,
  'S' || CAST(hash(n) % 20000 AS VARCHAR) AS store_code,
  'P' || CAST(100 + hash(n + 1) % 900 AS VARCHAR) AS product_code,
  CASE n % 3 WHEN 0 THEN '箱' WHEN 1 THEN '瓶' ELSE '盒' END AS unit_name,
  CAST(1 + n % 60 AS DOUBLE) AS quantity,
  CAST(3 + n % 17 AS DOUBLE) AS unit_price,
  CAST((1 + n % 60) * (3 + n % 17) AS DOUBLE) AS gross_amount,
  CAST((1 + n % 60) * (3 + n % 17) * 0.87 AS DOUBLE) AS net_amount,
  CAST((1 + n % 60) * (3 + n % 17) * 0.13 AS DOUBLE) AS tax_amount
FROM range({rows}) AS made(n)
"""


def predicates(regex: str) -> list[str]:
    """The twenty predicates, with the engine's own word for a regular expression."""
    return [
        *(f"{name} IS NOT NULL" for name in NOT_NULL),
        *CONDITIONS,
        *(f"{regex}({name}, '{pattern}')" for name, pattern in REGEXES),
    ]


def make(path: Path, rows: int) -> None:
    """One month's worth of clean rows, in row groups as the lake writes them; a few are wrong, so that the rules have to count."""
    import duckdb

    broken = "SELECT * REPLACE (CASE WHEN line_number = 3 AND document_number LIKE '%777' THEN '袋' ELSE unit_name END AS unit_name)"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({broken} FROM ({_MADE.format(rows=rows)})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _measured(work: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def ours(path: str) -> dict[str, Any]:
    """The rules as a model's header declares them."""
    import pyarrow.parquet as pq

    from taihu.check.table import check_table
    from taihu.engine.duckdb import DuckDBEngine
    from taihu.manifest.model import ModelCheck

    rows = [ModelCheck(not_null=tuple(NOT_NULL), **{"else": "hold"})]
    rows += [ModelCheck(sql=sql, **{"else": "hold"}) for sql in predicates("regexp_matches")[len(NOT_NULL) :]]
    unique = [ModelCheck(unique=tuple(KEY), **{"else": "hold"})]
    engine = DuckDBEngine(temp_directory=str(Path(path).parent / "spill"))
    engine.view_files("core.sale", [path], pq.read_schema(path))
    failed, wall, cpu = _measured(lambda: check_table(engine, "core.sale", rows))
    peak = peak_memory()
    repeated, seconds, _ = _measured(lambda: check_table(engine, "core.sale", unique))
    return _said([each.rows for each in failed], wall, cpu, peak, len(repeated), seconds)


def plain(path: str) -> dict[str, Any]:
    """The same predicates in one SELECT that a person would write, with the same settings."""
    import duckdb

    settings = {"memory_limit": "400MB", "threads": 2, "temp_directory": str(Path(path).parent / "spill")}
    connection = duckdb.connect(config=settings)
    counts = ", ".join(f"count(*) - count(*) FILTER (WHERE {sql})" for sql in predicates("regexp_matches"))
    key = ", ".join(KEY)
    counted, wall, cpu = _measured(lambda: connection.execute(f"SELECT {counts} FROM read_parquet('{path}')").fetchone())
    peak = peak_memory()
    grouped = f"SELECT count(*) FROM (SELECT {key} FROM read_parquet('{path}') GROUP BY {key} HAVING count(*) > 1)"
    repeated, seconds, _ = _measured(lambda: connection.execute(grouped).fetchone())
    return _said([count for count in counted if count], wall, cpu, peak, repeated[0], seconds)


def _said(failed: list[int], wall: float, cpu: float, peak: int, repeated: int, unique: float) -> dict[str, Any]:
    found = {"failed": failed, "seconds": wall, "cpu": cpu, "peak": peak, "repeated": repeated}
    return {**found, "unique_seconds": unique, "unique_peak": peak_memory()}


def _in_own_process(side: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.checks", side, str(path)]
    if side == "pandera":
        command = [str(PEER), str(PROGRAM), str(path), json.dumps(predicates("regexp_like")), json.dumps(KEY)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "DISABLE_PANDERA_IMPORT_WARNING": "True"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(rows: int) -> dict[str, dict[str, float]]:
    """Medians of each side."""
    sides = ["ours", "plain", *(["pandera"] if PEER.exists() else [])]
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        path = Path(room) / "sale.parquet"
        make(path, rows)
        for _ in range(TIMES):
            for side in sides:
                runs[side].append(_in_own_process(side, path))
    assert runs["ours"][0]["failed"] == runs["plain"][0]["failed"] != []
    if "pandera" in runs:
        assert len(runs["pandera"][0]["failed"]) == len(runs["ours"][0]["failed"])
    names = ("seconds", "cpu", "peak", "unique_seconds", "unique_peak")
    return {side: {name: statistics.median(run[name] for run in found) for name in names} for side, found in runs.items()}


NAMES = {"ours": "ours", "plain": "one SELECT by hand", "pandera": "pandera on polars"}


def section(rows: int = ROWS) -> str:
    """The part of the page about checks."""
    found = measure(rows)
    own = found["ours"]
    lines = []
    for side, each in found.items():
        ratios = f"{own['seconds'] / each['seconds']:.2f} | {own['cpu'] / each['cpu']:.2f}"
        memory = f"{each['peak'] / 1e6:.0f} | {each['unique_seconds']:.2f} | {each['unique_peak'] / 1e6:.0f}"
        lines.append(f"| {NAMES[side]} | {each['seconds']:.2f} | {each['cpu']:.2f} | {ratios} | {memory} |")
    table = "\n".join(lines)
    return f"""## Checks

{rows:,} rows of a Parquet table, 20 row rules (two of them regular expressions), then one uniqueness rule of two columns. Each side in a
process of its own, in turns, median of {TIMES}; seconds. Wanted: at most 1.3 of the SELECT by hand, under 1,000 MB.

| side | row rules, wall | CPU | ours / this, wall | by CPU | peak, MB | uniqueness, wall | peak after it, MB |
|---|---:|---:|---:|---:|---:|---:|---:|
{table}

A build checks only the partitions that it made, so uniqueness is paid for new months, not for all history. pandera reads the whole
file into memory first; ours and the SELECT stream it and may use 400 MB, then spill.
"""


def main() -> int:
    if sys.argv[1:2] in (["ours"], ["plain"]):
        print(json.dumps({"ours": ours, "plain": plain}[sys.argv[1]](sys.argv[2])))
    else:
        print(section(int(sys.argv[1]) if sys.argv[1:] else ROWS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
