"""From a database to the landing zone beside dlt 1.31: rows a second and peak memory, each run in a process of its own, in turns.

Ours is what a run does: read in one consistent view, mark, Parquet, hash, seal, flush, rename, and one ledger transaction. dlt's is its
``sql_table`` with the Arrow backend that is fastest here, to Parquet files in a folder, in the clear. Both clocks start after the
imports. ``python -m tests.bench.database`` prints the table; ``./do bench`` puts it on the page.
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers.peak import peak_memory

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-bench" / "bin" / "python"
TIMES = 3
CHUNK = 100_000
BACKENDS = ("connectorx", "pyarrow")
_PROJECT = """\
name: bench
title: {{zh: 测, en: Bench}}
entities: {{cn: {{currency: CNY}}}}
accounts: {{erp: {account}}}
"""
_SOURCE = """\
title: {zh: 发货, en: Deliveries}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: database, account: erp, query: select * from delivery}
load: upsert
key: [id]
columns: {id: integer, code: text, amount: text, qty: integer, updated_at: timestamp}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds, rows, peak resident bytes, bytes on disk."""

    seconds: float
    rows: int
    peak: int
    stored: int

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def fill_sqlite(path: Path, rows: int) -> None:
    """A table of deliveries: whole numbers, codes, decimals, times."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, code TEXT, amount TEXT, qty INTEGER, updated_at TEXT)")
        database.executemany(
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?)",
            (
                (
                    n,
                    f"P{n % 1000:05d}",
                    f"{n * 37 % 100_000 / 100:.2f}",
                    n % 50,
                    f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:00",
                )
                for n in range(rows)
            ),
        )


PG_TABLE = "CREATE TABLE delivery (id INTEGER PRIMARY KEY, code TEXT, amount NUMERIC(18,2), qty INTEGER, updated_at TIMESTAMPTZ)"


def pg_rows(rows: int) -> str:
    return (
        "INSERT INTO delivery SELECT n, 'P' || lpad((n % 1000)::text, 5, '0'), (n::bigint * 37 % 100000) / 100.0, n % 50,"
        f" timestamptz '2020-01-01' + n * interval '1 minute' FROM generate_series(0, {rows - 1}) AS n"
    )


def land(account: str, folder: Path, watermark: str = "") -> Measured:
    """Collect the table in this process; in a project that is there already, once more."""
    import datetime as dt

    from taihu.collect import Connections
    from taihu.core.clock import FixedClock
    from taihu.project.workspace import open_workspace
    from taihu.run.collecting import collect

    (folder / "sources" / "delivery").mkdir(parents=True, exist_ok=True)
    (folder / "taihu.yml").write_text(_PROJECT.format(account=account), encoding="utf-8")
    source_file = _SOURCE.replace("from delivery}", f"from delivery, watermark: {watermark}}}") if watermark else _SOURCE
    (folder / "sources" / "delivery" / "source.yml").write_text(source_file, encoding="utf-8")
    clock = FixedClock(dt.datetime(2026, 11, 2, tzinfo=dt.UTC))
    with open_workspace(folder, clock) as ws, Connections(ws.tree.file.accounts, ws.secret, clock=clock, root=ws.root) as connections:
        source = ws.tree.sources["delivery"]
        _import_all()
        started = time.perf_counter()
        assert collect(ws, source, connections.open(source)).landed == 1
        seconds = time.perf_counter() - started
        arrival = ws.ledger.arrivals()[-1]
    peak = peak_memory()
    return Measured(seconds, int(arrival.meta["rows"]), peak, arrival.size)


def _import_all() -> None:
    """What the first use would import; the other side's imports are not counted either."""
    for name in ("adbc_driver_manager", "adbc_driver_postgresql", "adbc_driver_sqlite", "pyarrow.compute", "pyarrow.parquet"):
        importlib.import_module(name)


def ours(account: str, folder: Path | None = None, watermark: str = "") -> Measured:
    """:func:`land` in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        command = [sys.executable, "-m", "tests.bench.database", "land", account, str(folder or Path(room) / "project"), watermark]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr[-3000:]
        return Measured(**json.loads(done.stdout.splitlines()[-1]))


def dlt(backend: str, address: str) -> Measured:
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        program = ROOT / "tests" / "bench" / "peers" / "dlt_database.py"
        command = [str(PEER), str(program), backend, address, "delivery", room, str(CHUNK)]
        quiet = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=room, env=quiet)
        found = json.loads(done.stdout.splitlines()[-1])
        return Measured(found["seconds"], found["rows"], found["peak"], found["bytes"])


def median(runs: list[Measured]) -> Measured:
    middle = statistics.median(run.seconds for run in runs)
    return Measured(middle, runs[0].rows, int(statistics.median(run.peak for run in runs)), runs[0].stored)


def compare(what: str, account: str, address: str) -> list[str]:
    """Lines of the table for one database, all sides in turns."""
    runs: dict[str, list[Measured]] = {}
    for _ in range(TIMES):
        runs.setdefault("ours", []).append(ours(account))
        for backend in BACKENDS:
            runs.setdefault(backend, []).append(dlt(backend, address))
    own = median(runs.pop("ours"))
    others = {name: median(found) for name, found in runs.items()}
    assert all(each.rows == own.rows for each in others.values())
    lines = [f"| {what}, {own.rows:,} rows | ours | {own.rate:,.0f} | {own.peak / 1e6:.0f} | {own.stored / 1e6:.0f} | | |"]
    for name, each in others.items():
        ratios = f"{own.rate / each.rate:.2f} | {own.peak / each.peak:.2f}"
        lines.append(f"| | dlt, {name} | {each.rate:,.0f} | {each.peak / 1e6:.0f} | {each.stored / 1e6:.0f} | {ratios} |")
    return lines


def section(rows: int = 5_000_000) -> str:
    """The part of the page about databases; empty where dlt is not installed."""
    if not PEER.exists():
        return ""
    from tests.servers.postgresql import OWNER, PostgreSQL

    lines = []
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        path = Path(room) / "erp.sqlite"
        fill_sqlite(path, rows)
        lines += compare("SQLite", f"{{kind: sqlite, database: {path}}}", f"sqlite:///{path}")
    server = PostgreSQL()
    try:
        server.start()
        server.sql("postgres", PG_TABLE)
        server.sql("postgres", pg_rows(rows))
        server.sql("postgres", "ANALYZE")
        account = f"{{kind: postgresql, host: 127.0.0.1, port: {server.port}, user: {OWNER}, database: postgres, tls: false}}"
        lines += compare("PostgreSQL", account, f"postgresql://{OWNER}:none@127.0.0.1:{server.port}/postgres")
    finally:
        server.close()
    table = "\n".join(lines)
    return f"""## Database to landing

Beside dlt 1.31 (`sql_table`, Arrow backends, Parquet files in a folder), each run in a process of its own, in turns, median of {TIMES}.
Ours is sealed, hashed, flushed and recorded in the ledger; dlt's files are in the clear. Clocks start after the imports.

| table | side | rows a second | peak memory, MB | stored, MB | ours / theirs: speed | memory |
|---|---|---:|---:|---:|---:|---:|
{table}
"""


def main() -> int:
    if sys.argv[1:2] == ["land"]:
        found = land(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
        print(json.dumps({"seconds": found.seconds, "rows": found.rows, "peak": found.peak, "stored": found.stored}))
    else:
        print(section(int(sys.argv[1]) if sys.argv[1:] else 5_000_000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
