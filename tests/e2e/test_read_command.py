"""``taihu read`` with no configuration on seven real statements: what it prints for scripts, and the CSV that it writes."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.read.totals import number

REAL = Path(__file__).parents[3] / "shared" / "real-data" / "cn-statements" / "example"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the statements are not at {REAL}")

# File, header row, rows, held, sums by column (and by the value of a second column).
STATEMENTS = [
    (
        "alipay/example-alipay-records.csv", 25, 10, "total_disagrees",
        {("金额", "收/支", "支出"): "211.64", ("金额", "收/支", "收入"): "222228.50", ("金额", "收/支", "不计收支"): "247.37"},
    ),
    (
        "wechat/example-wechat-records.csv", 17, 27, "total_disagrees",
        {("金额(元)", "收/支", "支出"): "2904.53", ("金额(元)", "收/支", "收入"): "28.49", ("金额(元)", "收/支", "/"): "26100.89"},
    ),
    ("boc/debit/example-boc-records.csv", 2, 17, None, {("金额",): "426.70"}),
    ("citic/credit/example-citic-records.xls", 2, 13, None, {("结算金额",): "1097.39"}),
    ("hxsec/example-hxsec-records.xls", 1, 13, None, {("清算金额",): "234438.16"}),
    (
        "icbc/debit-v1/example-icbc-debit-v1-records.csv", 7, 11, "total_disagrees",
        {("记账金额(收入)",): "2841.74", ("记账金额(支出)",): "4241.08"},
    ),
    ("cmb/debit/example-cmb-records.csv", 1, 5, None, {}),
]  # fmt: skip
DISAGREEING = {
    "alipay": {("共{rows}笔记录", None): ("66", "10")},
    "wechat": {("共{rows}笔记录", None): ("43", "27"), ("中性交易:{rows}笔{sum}元", "金额(元)"): ("0", "26100.89")},
    "icbc": {("人民币合计", "记账金额(收入)"): ("1234.56", "2841.74"), ("人民币合计", "记账金额(支出)"): ("9876.54", "4241.08")},
}


# Every total that a file states is found, and no file that states none gets one.
STATED = {"alipay": 7, "wechat": 7, "icbc": 2}


@pytest.mark.parametrize(("path", "header_row", "rows", "held", "sums"), STATEMENTS, ids=[entry[0].split("/")[0] for entry in STATEMENTS])
def test_statement(path: str, header_row: int, rows: int, held: str | None, sums: dict[tuple[str, ...], str], tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["read", str(REAL / path), "--json", "--csv", str(tmp_path)])
    assert ran.exit_code == (3 if held else 0)
    said = json.loads(ran.stdout)
    (table,) = said["tables"]
    assert (said["held"], table["header_row"], table["rows"]) == (held, header_row, rows)
    stated = {(total["label"], total["column"]): (total["stated"], total["computed"]) for total in table["totals"] if not total["agrees"]}
    wanted = DISAGREEING.get(path.split("/")[0], {})
    assert wanted.items() <= stated.items()
    assert len(table["totals"]) == STATED.get(path.split("/")[0], 0)
    assert bool(stated) == bool(wanted)
    (written,) = tmp_path.iterdir()
    with written.open(encoding="utf-8", newline="") as handle:
        records = list(csv.DictReader(handle))
    assert len(records) == rows
    for (column, *where), total in sums.items():
        chosen = [record for record in records if not where or record[where[0]] == where[1]]
        assert sum((number(record[column]) or Decimal(0) for record in chosen), Decimal(0)) == Decimal(total)
