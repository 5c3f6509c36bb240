"""Seven real exports of payment apps, banks and a broker: the proposal reads each as its truth says, without an edited line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taihu.project.onboard import Ready
from taihu.project.typing import typed_tables

from .conftest import REAL, proposed, put, source_of

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"real files are not at {REAL}")

# file: header row, rows, column whose values are added, sums by the direction column (or of all), why the file is held
TRUTH: dict[str, tuple[int, int, str, dict[str | None, str], str | None]] = {
    "alipay/example-alipay-records.csv": (25, 10, "金额", {"支出": "211.64", "收入": "222228.50", "不计收支": "247.37"}, "total_disagrees"),
    "wechat/example-wechat-records.csv": (17, 27, "金额(元)", {"支出": "2904.53", "收入": "28.49", "/": "26100.89"}, "total_disagrees"),
    "boc/debit/example-boc-records.csv": (2, 17, "金额", {None: "426.70"}, None),
    "citic/credit/example-citic-records.xls": (2, 13, "结算金额", {None: "1097.39"}, None),
    "hxsec/example-hxsec-records.xls": (1, 13, "清算金额", {None: "234438.16"}, None),
    "icbc/debit-v1/example-icbc-debit-v1-records.csv": (7, 11, "记账金额(收入)", {None: "2841.74"}, "total_disagrees"),
    "cmb/debit/example-cmb-records.csv": (1, 5, "交易金额", {None: "-779.14"}, None),
}


@pytest.mark.parametrize("name", TRUTH, ids=lambda name: name.split("/", maxsplit=1)[0])
def test_read_right_without_an_edit(root: Path, name: str) -> None:
    header_row, count, header, sums, held = TRUTH[name]
    put(root, Path(name).name, (REAL / name).read_bytes())
    (ready,) = proposed(root).ready
    (read,) = ready.proposal.reads.values()
    (table,) = read.tables
    assert (table.header_row, table.rows.num_rows, read.held) == (header_row, count, held)
    rows = _typed_rows(ready)
    assert len(rows) == count
    source = source_of(ready)
    column = next(key for key, each in source.columns.items() if header in (each.from_ or ()))
    assert source.columns[column].type == "money"
    for direction, total in sums.items():
        chosen = [row[column] for row in rows if direction is None or row["direction"] == direction]
        assert sum((value for value in chosen if value is not None), Decimal(0)) == Decimal(total), direction
    assert source.business_date is not None
    assert not set("：；，。") & set(source.title.text.zh), "a line of a notice is no title"
    assert len(ready.samples) == 1


def test_both_sides_of_icbc(root: Path) -> None:
    put(root, "icbc.csv", (REAL / "icbc/debit-v1/example-icbc-debit-v1-records.csv").read_bytes())
    (ready,) = proposed(root).ready
    paid = [row["expense_amount"] for row in _typed_rows(ready) if row["expense_amount"] is not None]
    assert sum(paid) == Decimal("4241.08")
    assert ready.proposal.columns["balance_amount"].decide is not None  # its publisher made it xx,yyyy.zz


def _typed_rows(ready: Ready) -> list[dict[str, Any]]:
    (read,) = ready.proposal.reads.values()
    tables, refusals = typed_tables(read, source_of(ready), "Asia/Shanghai")
    assert refusals == []
    return [row for table in tables for row in table.to_pylist()]
