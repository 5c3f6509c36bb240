"""The project that ``taihu init`` writes: one folder source with a sample, one feed, two models, one report; it works at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from taihu.core.errors import UsageError

_SAMPLE_DAYS = 14
FILES = {
    "taihu.yml": """\
name: my_company
title: {zh: 我的公司商业智能, en: My company business intelligence}
time_zone: Asia/Shanghai
entities:
  main: {currency: CNY}
""",
    ".gitignore": "lake/\nkeys/\nvault/\nout/\nlogs/\ntaihu.local.yml\n",
    "sources/sales/source.yml": """\
title: {zh: 销售明细, en: Sales lines}
owner: you
purpose: {zh: 销售报表, en: sales reporting}
retention: 36 months
entity: main
collect: {via: folder, path: inbox/sales, pattern: "*.csv"}
load: replace
read: {as: csv, layouts: [standard]}
feeds: sales
columns:
  sold_on:      {from: 日期, type: date, order: year first, required: true}
  region_code:  {from: 大区, type: text, required: true}
  net_amount:   {from: 金额, type: money, currency: CNY, tax: excluded, required: true}
business_date: sold_on
checks:
  - {rows: {min: 1}, else: warn}
""",
    "sources/sales/layouts/standard.yml": """\
header: [日期, 大区, 金额]
until: {first_cell: [合计]}
totals:
  - {row: 合计, of: [金额]}
""",
    "models/core/sales/sales.feed.yml": """\
title: {zh: 销售, en: Sales}
columns:
  business_date: date
  region_code: text
  net_amount: money
""",
    "models/core/sales/sale.sql": """\
/*
title: {zh: 销售事实, en: Sales}
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: you
checks:
  - {not_null: [business_date, net_amount_cny], else: hold}
*/
SELECT
  CAST(line.business_date AS DATE)         AS business_date,
  CAST(line.region_code AS TEXT)           AS region_code,
  CAST(line.net_amount AS DECIMAL(18, 2))  AS net_amount_cny,
  CAST(line._src_id AS TEXT)               AS _src_id,
  CAST(line._src_row AS TEXT)              AS _src_row
FROM feed.sales AS line
""",
    "models/mart/sales/daily_sales.sql": """\
/*
title: {zh: 每日销售, en: Daily sales}
grain: [business_date, region_code]
kind: incremental
partition: month of business_date
owner: you
checks:
  - {unique: [business_date, region_code], else: hold}
*/
SELECT
  CAST(sale.business_date AS DATE)                 AS business_date,
  CAST(sale.region_code AS TEXT)                   AS region_code,
  CAST(SUM(sale.net_amount_cny) AS DECIMAL(18, 2)) AS net_amount_cny
FROM core.sale AS sale
GROUP BY 1, 2
""",
    "glossary/sales.yml": """\
net_amount_cny:
  name: {zh: 未税金额, en: Net amount}
  unit: CNY
region_code:
  name: {zh: 大区, en: Region}
  values:
    EAST: {zh: 华东, en: East}
    NORTH: {zh: 华北, en: North}
revenue:
  name: {zh: 销售额, en: Revenue}
  measure: {sum: net_amount_cny}
  good: up
  format: money
""",
    "reports/daily/report.yml": """\
title: {zh: 销售日报, en: Daily sales report}
every: workday
at: "08:30"
period: since last report
blocks:
  - tiles: {from: mart.daily_sales, show: [revenue], against: [day, week]}
  - table: {from: mart.daily_sales, rows: [region_code], show: [revenue], against: [week]}
  - holds
formats: [xlsx]
send:
  - {role: team, via: folder}
""",
    "roles.yml": "roles:\n  team: {rows: all}\npeople:\n  - {name: you, mail: you@company.example, role: team}\n",
}


def sample(today: dt.date) -> tuple[str, str]:
    """Name and text of the sample file: two weeks up to yesterday, newest first, with a total that agrees."""
    lines, total = [], Decimal(0)
    for back in range(1, _SAMPLE_DAYS + 1):
        day = today - dt.timedelta(days=back)
        for region, usual in (("EAST", Decimal("1200.50")), ("NORTH", Decimal("800.00"))):
            amount = usual - (back - 1) % 7 * Decimal("35.25")
            lines.append(f"{day},{region},{amount}")
            total += amount
    return f"sales_{today - dt.timedelta(days=1):%Y%m%d}.csv", "\n".join(["日期,大区,金额", *lines, f"合计,,{total}", ""])


def write_starter(folder: Path, today: dt.date) -> list[Path]:
    """Write the starter project into a new or empty folder; returns the files.

    Args:
        today: The sample's newest day is the day before, so that the first report has figures.

    Raises:
        UsageError: The folder has something in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", fix="give the name of a new folder")
    written = []
    sample_name, sample_text = sample(today)
    for name, text in {**FILES, f"inbox/sales/{sample_name}": sample_text}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
