"""A small real project: parties, their daily sales files, a database with orders; ledger, lake and engine in a temporary folder."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taihu.core.clock import SHANGHAI, FixedClock
from taihu.ledger.records import Arrival
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import RunResult, run

FILES = {
    "taihu.yml": """\
name: shop
title: {zh: 店, en: Shop}
entities: {cn: {currency: CNY}}
accounts: {erp: {kind: sqlite, database: erp.sqlite}}
""",
    "sources/parties/source.yml": """\
title: {zh: 名单, en: Parties}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/parties, pattern: "*.csv"}
period: {from: received}
load: snapshot
key: [party_code]
read: {as: csv, layouts: [list]}
columns:
  party_code:  {from: 编码, type: text, required: true}
  party_name:  {from: 名称, type: text}
  region_code: {from: 大区, type: text}
""",
    "sources/parties/layouts/list.yml": "header: [编码, 名称, 大区]\n",
    "sources/sales/source.yml": """\
title: {zh: 流向, en: Sales}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/sales, pattern: "*.csv"}
party: {from: file name, in: parties, pattern: "sales_{party}_"}
period: {from: rows, if_empty: expected}
load: replace
outside_period: hold
nil_return: allowed
expect: {for: the day before, every: day, by: "08:00", parties: parties, grace: 15 minutes, since: 2026-11-01}
read: {as: csv, layouts: [standard]}
feeds: sales
columns:
  sold_on:    {from: 日期, type: date, order: year first, required: true}
  net_amount: {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
checks:
  - {sql: net_amount < 1000000, reason: rule_failed, else: hold}
  - {sql: net_amount <> 13, reason: price_out_of_band, else: quarantine}
""",
    "sources/sales/layouts/standard.yml": "header: [日期, 金额]\n",
    "sources/orders/source.yml": """\
title: {zh: 订单, en: Orders}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: database, account: erp, query: select * from orders, watermark: [changed_at], overlap: 2 days}
load: upsert
key: [number]
expect: {for: the day before, every: day, by: "08:30", since: 2026-11-01}
columns:
  number:     {type: text, required: true}
  ordered_on: {type: date, required: true}
  quantity:   {type: quantity, required: true}
  changed_at: {type: text}
business_date: ordered_on
checks:
  - {sql: quantity < 1000, reason: rule_failed, else: hold}
""",
    "models/core/sales/sales.feed.yml": """\
title: {zh: 销售, en: Sales}
columns: {business_date: date, party_code: text, net_amount: money}
""",
    "models/core/sales/sale.sql": """\
/*
title: {zh: 销售事实, en: Sales}
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: o
*/
SELECT
  CAST(line.business_date AS DATE)         AS business_date,
  CAST(line.party_code AS TEXT)            AS party_code,
  CAST(party.region_code AS TEXT)          AS region_code,
  CAST(line.net_amount AS DECIMAL(18, 2))  AS net_amount_cny,
  CAST(line._src_id AS TEXT)               AS _src_id,
  CAST(line._src_row AS TEXT)              AS _src_row
FROM feed.sales AS line
LEFT JOIN clean.parties AS party ON party.party_code = line.party_code
""",
    "models/mart/sales/daily_sales.sql": """\
/*
title: {zh: 每日销售, en: Daily sales}
grain: [business_date, region_code]
kind: incremental
partition: month of business_date
owner: o
*/
SELECT
  CAST(sale.business_date AS DATE)                    AS business_date,
  CAST(sale.region_code AS TEXT)                      AS region_code,
  CAST(SUM(sale.net_amount_cny) AS DECIMAL(18, 2))    AS net_amount_cny,
  CAST(SUM(sale.net_amount_cny * 2) AS DECIMAL(18, 2)) AS target_amount_cny
FROM core.sale AS sale
GROUP BY 1, 2
""",
    "glossary/sales.yml": """\
region_code:
  name: {zh: 大区, en: Region}
  values: {EAST: {zh: 华东, en: East}, WEST: {zh: 华西, en: West}}
revenue:
  name: {zh: 销售额, en: Revenue}
  measure: {sum: net_amount_cny}
  target: {sum: target_amount_cny}
  good: up
  format: money
attainment:
  name: {zh: 达成率, en: Attainment}
  measure: {ratio: [net_amount_cny, target_amount_cny]}
  format: percent
closing:
  name: {zh: 期末, en: Closing}
  measure: {last: net_amount_cny}
""",
    "reports/daily/report.yml": """\
title: {zh: 日报, en: Daily report}
every: workday
at: "08:30"
period: since last report
blocks:
  - arrivals
  - tiles: {from: mart.daily_sales, show: [revenue, attainment, closing], against: [target, day, week]}
  - table: {from: mart.daily_sales, rows: [region_code], show: [revenue], against: [target, week]}
  - holds
  - restatements
formats: [xlsx, mail]
languages: [en]
send:
  - {role: lead, via: outgoing}
  - {role: manager, split: region_code, via: outgoing}
""",
    "roles.yml": """\
roles:
  lead: {rows: all}
  manager: {rows: {region_code: own}}
people:
  - {name: lead, mail: lead@shop.example, role: lead, lang: en}
  - {name: east, mail: east@shop.example, role: manager, region_code: EAST, lang: en}
""",
}
PARTIES = "编码,名称,大区\nA,甲店,EAST\nB,乙店,WEST\n"


def at(day: int, hour: int = 8, minute: int = 30) -> dt.datetime:
    """An instant of November 2026 in Shanghai."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


class Shop:
    """The project with its clock; each visit may open the workspace anew, as another process would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = FixedClock(at(2, 7))
        for name, text in FILES.items():
            self.write(name, text)
        self.put("parties", "parties.csv", PARTIES, at(1))
        with sqlite3.connect(root / "erp.sqlite") as database:
            database.execute("create table orders (number text, ordered_on text, quantity text, changed_at text)")
        self.order("O1", 1, "5")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def put(self, source: str, name: str, text: str | bytes, received: dt.datetime) -> None:
        """A file that came at an instant."""
        path = self.root / "inbox" / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (received.timestamp(), received.timestamp()))

    def sales(self, party: str, name: str, lines: str, received: dt.datetime) -> None:
        """``lines`` such as ``1:100 1:50 2:30``: day of November and amount."""
        rows = "".join(f"2026-11-{int(day):02d},{amount}\n" for day, _, amount in (line.partition(":") for line in lines.split()))
        self.put("sales", f"sales_{party}_{name}.csv", f"日期,金额\n{rows}", received)

    def order(self, number: str, day: int, quantity: str) -> None:
        with sqlite3.connect(self.root / "erp.sqlite") as database:
            database.execute("delete from orders where number = ?", [number])
            changed = f"2026-11-{day:02d}T12:00:00"
            database.execute("insert into orders values (?, ?, ?, ?)", [number, f"2026-11-{day:02d}", quantity, changed])

    def open(self) -> Any:
        return open_workspace(self.root, self.clock)

    def run(self, when: dt.datetime, ws: Workspace | None = None, *, reports: bool = False, due: bool = False) -> RunResult:
        self.clock.move_to(when)
        if ws is not None:
            return run(ws, reports=reports, due=due)
        with self.open() as own:
            return run(own, reports=reports, due=due)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def ws(shop: Shop) -> Iterator[Workspace]:
    with shop.open() as opened:
        yield opened


def amounts(ws: Workspace, table: str = "clean.sales") -> list[tuple[str, int, Decimal]]:
    """Party, day of the month and amount of every current row."""
    if not ws.tables.exists(table):
        return []
    rows = ws.tables.read(table).to_pylist()
    return sorted((row["party_code"], row["business_date"].day, row["net_amount"]) for row in rows)


def arrival(ws: Workspace, name: str) -> Arrival:
    (found,) = [each for each in ws.ledger.arrivals() if each.name == name]
    return found


def debts(ws: Workspace, source: str) -> dict[tuple[str, int], str]:
    """State of every debt by party and day of the month."""
    return {(debt.party, debt.day.day): debt.state for debt in ws.ledger.expectations(source=source)}
