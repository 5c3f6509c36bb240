"""The simulated ERP: an SQLite file that changes overnight, read-only to everybody else."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from taihu.demo.facts import Delivery, Facts

_SCHEMA = """
CREATE TABLE product (
  product_code TEXT PRIMARY KEY, product_name TEXT, brand TEXT, category TEXT, barcode TEXT,
  each_unit TEXT, pack_unit TEXT, pack_size INTEGER, vat_rate TEXT
);
CREATE TABLE delivery_line (
  delivery_number TEXT, line_number INTEGER, delivered_at TEXT, entity_code TEXT, distributor_code TEXT, product_code TEXT,
  unit_name TEXT, quantity INTEGER, currency_code TEXT, net_amount TEXT, created_at TEXT, updated_at TEXT, warehouse TEXT,
  PRIMARY KEY (delivery_number, line_number)
);
"""


def _utc(instant: dt.datetime) -> str:
    return f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def make_erp(path: Path, facts: Facts) -> None:
    """Create the database with its products."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as erp, erp:
        erp.executescript(_SCHEMA)
        products = [
            (p.code, p.name, p.brand, p.category, p.barcode, p.each_unit, p.pack_unit, p.pack_size, str(p.vat_rate))
            for p in facts.company.products
        ]
        erp.executemany("INSERT INTO product VALUES (?,?,?,?,?,?,?,?,?)", products)


def deliver_until(path: Path, lines: Iterable[Delivery], now: dt.datetime, today: dt.date) -> int:
    """Bring the database to what it holds on the morning of ``today``: lines of earlier days, and their corrections so far.

    Returns:
        Number of lines that were added or changed.
    """
    due = [line for line in lines if line.day < today]
    rows = [_row(line) for line in due]
    revised = [(str(net), _utc(at), line.number, line.line) for line in due for at, net in line.revisions if at <= now]
    with closing(sqlite3.connect(path)) as erp, erp:
        before = erp.total_changes
        erp.executemany("INSERT OR IGNORE INTO delivery_line VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        erp.executemany(
            "UPDATE delivery_line SET net_amount = ?1, updated_at = ?2 "
            "WHERE delivery_number = ?3 AND line_number = ?4 AND (updated_at IS NULL OR updated_at < ?2)",
            revised,
        )
        return erp.total_changes - before


def _row(line: Delivery) -> tuple[object, ...]:
    created = line.delivered_at + dt.timedelta(minutes=4)
    return (
        line.number, line.line, _utc(line.delivered_at), line.entity, line.party, line.product, line.unit, line.quantity,
        line.currency, str(line.net), _utc(created), None, "WH01",
    )  # fmt: skip
