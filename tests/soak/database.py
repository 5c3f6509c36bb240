"""``./do soak database``: tables of ten million rows from real servers; what counts is that memory does not grow with them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench.database import PG_TABLE, Measured, fill_sqlite, ours, pg_rows

LIMIT = 1_000_000_000
_LATER = "UPDATE delivery SET updated_at = '2027-01-01 00:00:00'"


@dataclass(frozen=True, slots=True)
class Case:
    """One landing and what it needed."""

    what: str
    measured: Measured


def play(folder: Path, rows: int) -> list[Case]:
    """Land a whole table, the same with one change, and all rows changed behind a watermark; SQLite, PostgreSQL, MariaDB."""
    return [*_sqlite(folder, rows), *_postgresql(folder, rows), *_mariadb(folder, max(rows // 10, 1))]


def _sqlite(folder: Path, rows: int) -> Iterator[Case]:
    path = folder / "erp.sqlite"
    fill_sqlite(path, rows)
    account = f"{{kind: sqlite, database: {path}}}"

    def run(statement: str) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    yield Case("SQLite, whole table", ours(account, folder / "whole"))
    run("UPDATE delivery SET qty = 7 WHERE id = 77")
    yield Case("SQLite, whole table again after one change", ours(account, folder / "whole"))
    yield Case("SQLite, first time with a watermark", ours(account, folder / "marked", "[updated_at]"))
    run(_LATER)
    yield Case("SQLite, every row changed", ours(account, folder / "marked", "[updated_at]"))


def _postgresql(folder: Path, rows: int) -> Iterator[Case]:
    from tests.servers.postgresql import OWNER, PostgreSQL

    server = PostgreSQL()
    try:
        server.start()
        server.sql("postgres", PG_TABLE)
        server.sql("postgres", pg_rows(rows))
        account = f"{{kind: postgresql, host: 127.0.0.1, port: {server.port}, user: {OWNER}, database: postgres, tls: false}}"
        yield Case("PostgreSQL, whole table", ours(account, folder / "pg"))
        yield Case("PostgreSQL, first time with a watermark", ours(account, folder / "pg marked", "[updated_at]"))
        server.sql("postgres", _LATER.replace("2027", "2050"))
        yield Case("PostgreSQL, every row changed", ours(account, folder / "pg marked", "[updated_at]"))
    finally:
        server.close()


def _mariadb(folder: Path, rows: int) -> Iterator[Case]:
    from tests.servers.mariadb import MariaDB

    server = MariaDB()
    try:
        server.start()
        server.sql(None, "CREATE DATABASE shop CHARACTER SET utf8mb4")
        server.sql(None, "CREATE USER reader@'%'")
        server.sql(None, "GRANT SELECT ON shop.* TO reader@'%'")
        table = PG_TABLE.replace("NUMERIC", "DECIMAL").replace("TIMESTAMPTZ", "DATETIME")
        server.sql("shop", table)
        server.sql(
            "shop",
            "INSERT INTO delivery SELECT seq, CONCAT('P', LPAD(seq % 1000, 5, '0')), (seq * 37 % 100000) / 100.0, seq % 50,"
            f" '2020-01-01' + INTERVAL seq MINUTE FROM seq_0_to_{rows - 1}",
        )
        account = f"{{kind: mysql, host: 127.0.0.1, port: {server.port}, user: reader, database: shop, tls: false}}"
        yield Case("MariaDB, whole table", ours(account, folder / "maria"))
    finally:
        server.close()


def section(cases: list[Case], today: dt.date) -> str:
    lines = "\n".join(_line(case.what, case.measured) for case in cases)
    return f"""## database

{today.isoformat()}: tables of five columns to sealed Parquet objects, each in a process of its own.
At most {LIMIT / 1e6:,.0f} MB are allowed.

| what | rows | seconds | rows a second | peak memory, MB |
|---|---:|---:|---:|---:|
{lines}
"""


def _line(what: str, found: Measured) -> str:
    return f"| {what} | {found.rows:,} | {found.seconds:.1f} | {found.rate:,.0f} | {found.peak / 1e6:.0f} |"
