"""A foreign ERP: Tryton with sale, purchase and stock. What it changes, never changed (no ``write_date``) and deletes is found.

The database is made once (half a minute) and kept in pytest's cache; each test works on a copy, which Tryton itself changes.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import tempfile
import zlib
from decimal import Decimal
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import run

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".venv-foreign" / "bin"
ORDERS = Path(__file__).parent / "tryton" / "orders.py"
SALES = 20
DAY = dt.datetime(2026, 11, 24, 0, 30, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(
    not (PROGRAMS / "trytond-admin").is_file(), reason="the foreign software is not installed (./do test makes .venv-foreign)"
)

PROJECT = {
    "taihu.yml": """\
name: shop
title: {zh: 店, en: Shop}
entities: {cn: {currency: CNY}}
accounts: {erp: {kind: sqlite, database: erp.sqlite}}
""",
    "sources/sale_line/source.yml": """\
title: {zh: 销售订单行, en: Sale lines}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: database, account: erp, query: select * from sale_line, watermark: [write_date, create_date], overlap: 1 hours}
period: {from: received}
load: upsert
key: [line]
zone: UTC
columns:
  line:       {from: id, type: integer, required: true}
  sale:       {type: integer, required: true}
  quantity:   {type: quantity, required: true}
  unit_price: {type: money, currency: CNY, tax: excluded}
  created_at: {from: create_date, type: timestamp}
  changed_at: {from: write_date, type: timestamp}
""",
}


def call(folder: Path, *command: str) -> None:
    environment = {**os.environ, "TRYTONPASSFILE": str(folder / "pass")}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def tryton(folder: Path, *command: str) -> None:
    """Let Tryton work on ``erp.sqlite`` of a folder."""
    (folder / "trytond.conf").write_text(f"[database]\nuri = sqlite://\npath = {folder}\n", encoding="utf-8")
    call(folder, str(PROGRAMS / "python"), str(ORDERS), "trytond.conf", "erp", *command)


@pytest.fixture(scope="session")
def company(request: pytest.FixtureRequest) -> Path:
    """A Tryton database with a company, a product and some sales."""
    stamp = zlib.crc32((ROOT / "requirements-foreign.lock").read_bytes() + ORDERS.read_bytes() + bytes([SALES]))
    kept = Path(request.config.cache.mkdir("tryton")) / f"erp-{stamp:08x}.sqlite"
    if not kept.is_file():
        with tempfile.TemporaryDirectory(prefix="taihu-tryton-") as room:
            folder = Path(room)
            (folder / "erp.sqlite").touch()
            (folder / "pass").write_text("a-long-password-of-the-tests", encoding="utf-8")
            (folder / "trytond.conf").write_text(f"[database]\nuri = sqlite://\npath = {folder}\n", encoding="utf-8")
            admin = (str(PROGRAMS / "trytond-admin"), "-c", "trytond.conf", "-d", "erp", "--email", "bi@company-a.example")
            call(folder, *admin, "--all")
            call(folder, *admin, "-u", "sale", "purchase", "stock", "--activate-dependencies")
            tryton(folder, "seed", str(SALES))
            made = kept.with_suffix(f".{os.getpid()}")
            shutil.copy2(folder / "erp.sqlite", made)
            made.replace(kept)
    return kept


def lines(ws: Workspace) -> dict[int, Decimal]:
    return {row["line"]: row["quantity"] for row in ws.tables.read("clean.sale_line").to_pylist()}


def test_updates_rows_without_a_time_of_change_and_deletes_are_found(company: Path, tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy2(company, tmp_path / "erp.sqlite")
    clock = FixedClock(DAY)
    with open_workspace(tmp_path, clock) as ws:
        assert run(ws, reports=False).failed == {}
        before = lines(ws)
        assert len(before) == 2 * SALES
        rows = ws.tables.read("clean.sale_line").to_pylist()
        assert {row["changed_at"] for row in rows} == {None}, "Tryton writes no time of change when it creates"
        assert {row["unit_price"] for row in rows} == {Decimal("12.50")}, "SQLite keeps them as bytes; they stay exact"

        tryton(tmp_path, "morning")
        clock.move_to(DAY + dt.timedelta(hours=1))
        run(ws, reports=False)
        after = lines(ws)
        assert after[1] == Decimal(77), "an update"
        new = sorted(set(after) - set(before))
        assert len(new) == 2 and new[0] > max(before), "new rows have a time of creation alone"
        gone = max(before)
        assert gone in after, "a delete leaves nothing that a watermark could see"
        arrivals = [arrival for arrival in ws.ledger.arrivals() if arrival.meta["kind"] == "rows"]
        assert int(arrivals[-1].meta["rows"]) == 3, "one changed and two new rows, and none of the overlap again"

        clock.move_to(DAY + dt.timedelta(days=1))
        run(ws, reports=False)
        assert set(lines(ws)) == set(after) - {gone}
        assert [note.detail.split()[0] for note in ws.ledger.notes() if note.reason == "deleted_at_source"] == [f"line={gone}"]
