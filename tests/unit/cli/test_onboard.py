"""``taihu onboard`` as a newcomer calls it: an empty project, some files, a run; both languages, nothing overwritten."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from tests.e2e.commands import taihu
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.project.starter import write_starter

ORDERS = "门店,业务日期,订单编号,收货人姓名,联系手机,含税金额\n" + "".join(
    f"一店,2026-11-0{n},A{n:03d},王小明,1391234567{n},{n}0.50\n" for n in range(1, 7)
)
ORDERS += "合计,,,,,213.00\n"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    root = tmp_path / "my"
    write_starter(root, dt.date(2026, 11, 10))
    (root / "inbox" / "orders").mkdir()
    (root / "inbox" / "orders" / "订单_20261106.csv").write_bytes(ORDERS.encode("gb18030"))
    return root


def test_from_files_to_rows(company: Path) -> None:
    first = taihu("onboard", "inbox/orders", folder=company)
    assert first.code == 0, first.said
    assert "+ order  Order: 1 file, 6 rows, 0 refused" in first.said
    run = taihu("run", "--as-of", "2026-11-10T08:30:00+08:00", folder=company)
    assert run.code in (0, 3), run.said
    status = taihu("status", "--json", "--as-of", "2026-11-10T08:31:00+08:00", folder=company).json
    assert "held" not in json.dumps([arrival for arrival in status.get("arrivals", []) if arrival.get("source") == "order"])
    said = taihu("onboard", "inbox/orders", "--json", folder=company).json
    assert (said["sources"], [known["source"] for known in said["known"]], said["written"]) == ([], ["order"], [])


def test_a_dry_run_writes_nothing(company: Path) -> None:
    before = sorted(path for path in company.rglob("*"))
    result = CliRunner().invoke(app, ["--lang", "zh", "onboard", str(company / "inbox" / "orders"), "-p", str(company), "--dry-run"])
    assert result.exit_code == 0
    assert "1 个文件，6 行，拒收 0" in result.stderr and "待定：谁负责" in result.stderr
    assert sorted(path for path in company.rglob("*")) == before


def test_json_says_what_was_seen_and_written(company: Path) -> None:
    result = CliRunner().invoke(app, ["onboard", str(company / "inbox" / "orders"), "-p", str(company), "--json", "--name", "shop_orders"])
    said = json.loads(result.stdout)
    (source,) = said["sources"]
    assert (source["name"], source["new"], said["files"], said["unread"]) == ("shop_orders", True, 1, [])
    (file,) = source["files"]
    assert (file["held"], file["tables"][0]["rows"], file["typed"]["sums"]["gross_amount"]) == (None, 6, "213.00")
    assert set(said["written"]) == set(source["writes"]) and all((company / name).is_file() for name in said["written"])


def test_what_cannot_be_read_is_told(company: Path) -> None:
    (company / "inbox" / "orders" / "空.csv").write_bytes(b"")
    result = CliRunner().invoke(app, ["onboard", str(company / "inbox" / "orders"), "-p", str(company)])
    assert result.exit_code == 3
    assert "! 空.csv: the file is empty" in result.stderr


def test_wrong_wishes(company: Path) -> None:
    files = str(company / "inbox" / "orders")
    for wish, said in (
        (["--name", "订单"], "cannot be the name"),
        (["--into", "nowhere"], "no source 'nowhere'"),
        (["--via", "pigeon"], "pigeon"),
    ):
        result = CliRunner().invoke(app, ["onboard", files, "-p", str(company), *wish])
        assert said in str(result.exception), wish


def test_the_way_they_come(company: Path) -> None:
    result = CliRunner().invoke(app, ["onboard", str(company / "inbox" / "orders"), "-p", str(company), "--via", "upload", "--dry-run"])
    assert "collect: {via: upload}" in result.stderr
