"""Files that are appended: rows that come once more with new ones count once."""

from __future__ import annotations

from pathlib import Path

from tests.unit.run.conftest import Shop, at

JOURNAL = """\
title: {zh: 流水, en: Journal}
owner: o
purpose: p
retention: 1 months
entity: cn
collect: {via: folder, path: inbox/journal, pattern: "*.csv"}
load: append
read: {as: csv, layouts: [list]}
columns:
  number: {from: 编号, type: text, required: true}
  day:    {from: 日期, type: date, order: year first, required: true}
  amount: {from: 金额, type: money, currency: CNY, tax: none}
business_date: day
checks:
  - {unique: [number], else: quarantine}
"""
OLD = ["1,2026-11-01,5.00", "2,2026-11-01,6.00", "3,2026-11-02,7.00"]


def test_an_overlap_with_an_earlier_file_counts_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.write("sources/journal/source.yml", JOURNAL)
    shop.write("sources/journal/layouts/list.yml", "header: [编号, 日期, 金额]\n")
    shop.put("journal", "a.csv", "\n".join(["编号,日期,金额", *OLD]) + "\n", at(2, 7))
    with shop.open() as ws:
        shop.run(at(2), ws)
    again = [OLD[2], OLD[1], "4,2026-11-02,8.00", "1,2026-11-01,5.50", "5,2026-11-02,1.00", "6,2026-11-02,1.00", "7,2026-11-02,2.00"]
    more = [f"{number},2026-11-02,1.00" for number in range(20, 40)]
    shop.put("journal", "b.csv", "\n".join(["编号,日期,金额", *again, *more]) + "\n", at(3, 7))
    with shop.open() as ws:
        shop.run(at(3), ws)
        rows = {row["number"]: str(row["amount"]) for row in ws.tables.read("clean.journal").to_pylist()}
        assert ws.tables.read("clean.journal").num_rows == len(rows) == 27
        assert (rows["1"], rows["4"]) == ("5.00", "8.00")  # what contradicts an accepted row is refused, what is new is taken
        refused = [(row.reason, row.position, row.column) for row in ws.ledger.quarantined(source="journal")]
        assert sorted(refused) == [("duplicate_row", position, "number") for position in ("2", "3", "5")]
