"""Seven statements of Chinese payment apps, banks and a broker, that nobody here wrote, read with YAML alone.

Three of them were redacted by their publisher, so the totals that they print do not fit their rows: they must be held, and
still show their rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from taihu.core.clock import FixedClock
from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.manifest.strict import parse
from taihu.project.workspace import Workspace, open_workspace
from taihu.read import read_blind, read_file
from taihu.read.totals import number
from taihu.run.execution import run

REAL = Path(__file__).parents[3] / "shared" / "real-data" / "cn-statements" / "example"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the statements are not at {REAL}")

SOURCES = {
    "alipay": """
        file: alipay/example-alipay-records.csv
        read: {as: csv, encoding: gb18030, delimiter: ","}
        layout:
          header: [交易时间, 交易分类, 交易对方, 对方账号, 商品说明, 收/支, 金额, 收/付款方式, 交易状态, 交易订单号, 商家订单号, 备注]
          header_line: 25
          totals:
            - {line: "共{rows}笔记录"}
            - {line: "收入：{rows}笔 {sum}元", sum: 金额, where: {收/支: 收入}}
            - {line: "支出：{rows}笔 {sum}元", sum: 金额, where: {收/支: 支出}}
            - {line: "不计收支：{rows}笔 {sum}元", sum: 金额, where: {收/支: 不计收支}}
    """,
    "wechat": """
        file: wechat/example-wechat-records.csv
        read: {as: csv}
        layout:
          header: [交易时间, 交易类型, 交易对方, 商品, 收/支, 金额(元), 支付方式, 当前状态, 交易单号, 商户单号, 备注]
          totals:
            - {line: "共{rows}笔记录"}
            - {line: "收入：{rows}笔 {sum}元", sum: 金额(元), where: {收/支: 收入}}
            - {line: "支出：{rows}笔 {sum}元", sum: 金额(元), where: {收/支: 支出}}
            - {line: "中性交易：{rows}笔 {sum}元", sum: 金额(元), where: {收/支: /}}
    """,
    "boc": """
        file: boc/debit/example-boc-records.csv
        read: {as: csv, encoding: utf-8}
        layout: {header: [记账日期, 记账时间, 币别, 金额, 余额, 交易名称]}
    """,
    "citic": """
        file: citic/credit/example-citic-records.xls
        read: {as: excel}
        layout: {sheet: "*账单明细*", header: [交易日期, 入账日期, 交易描述, 卡末四位, 交易币种, 结算币种, 交易金额, 结算金额]}
    """,
    "hxsec": """
        file: hxsec/example-hxsec-records.xls
        read: {as: csv, encoding: gb18030, delimiter: "\\t"}
        layout: {header: [交收日期, 业务名称, 证券代码, 成交数量, 清算金额]}
    """,
    "icbc": """
        file: icbc/debit-v1/example-icbc-debit-v1-records.csv
        read: {as: csv, encoding: utf-8, delimiter: ","}
        layout:
          header: [交易日期, 摘要, 记账金额(收入), 记账金额(支出), 余额]
          until: {first_cell: [人民币合计]}
          totals:
            - {row: 人民币合计, of: [记账金额(收入), 记账金额(支出)]}
    """,
    "cmb": """
        file: cmb/debit/example-cmb-records.csv
        read: {as: csv}
        layout: {header: [记账日期, 货币, 交易金额, 联机余额]}
    """,
}


def _read(name: str) -> FileRead:
    source = yaml.safe_load(SOURCES[name].replace("\t", "  "))
    contract = parse(Read, yaml.safe_dump(source["read"] | {"layouts": [name]}, allow_unicode=True), f"{name}/source.yml")
    layout = parse(LayoutFile, yaml.safe_dump(source["layout"], allow_unicode=True), f"{name}/layouts/{name}.yml")
    path = REAL / source["file"]
    return read_file(path.read_bytes(), path.name, read=contract, layouts={name: layout})


def _sums(rows: pa.Table, column: str, by: str) -> dict[str, tuple[int, Decimal]]:
    sums: dict[str, tuple[int, Decimal]] = {}
    for key, amount in zip(rows[by].to_pylist(), rows[column].to_pylist(), strict=True):
        count, total = sums.get(key, (0, Decimal(0)))
        sums[key] = count + 1, total + (number(amount) or 0)
    return sums


def _sum(rows: pa.Table, column: str) -> Decimal:
    return sum((number(cell) or Decimal(0) for cell in rows[column].to_pylist()), Decimal(0))


@pytest.mark.parametrize(
    ("name", "header_row", "rows", "held"),
    [
        ("alipay", 25, 10, "total_disagrees"),
        ("wechat", 17, 27, "total_disagrees"),
        ("boc", 2, 17, None),
        ("citic", 2, 13, None),
        ("hxsec", 1, 13, None),
        ("icbc", 7, 11, "total_disagrees"),
        ("cmb", 1, 5, None),
    ],
)
def test_header_rows_and_verdict(name: str, header_row: int, rows: int, held: str | None) -> None:
    for read in (_read(name), read_blind((path := REAL / yaml.safe_load(SOURCES[name])["file"]).read_bytes(), path.name)):
        (table,) = read.tables
        assert (table.header_row, table.rows.num_rows, read.held) == (header_row, rows, held)


def test_alipay() -> None:
    (table,) = _read("alipay").tables
    assert _sums(table.rows, "金额", "收/支") == {
        "支出": (5, Decimal("211.64")),
        "收入": (1, Decimal("222228.50")),
        "不计收支": (4, Decimal("247.37")),
    }
    count = next(total for total in table.totals if total.label == "共{rows}笔记录")
    assert (count.column, count.stated, count.computed, count.agrees, count.position) == (None, 66, 10, False, "8")
    assert [total.agrees for total in table.totals] == [False, True, False, False, False, False, False]
    assert table.rows["_src_row"].to_pylist() == [str(line) for line in range(26, 36)]
    assert table.rows["交易订单号"].to_pylist()[0] == "202302xxxxxx0011000103xxxxxx"


def test_wechat() -> None:
    (table,) = _read("wechat").tables
    assert _sums(table.rows, "金额(元)", "收/支") == {
        "支出": (11, Decimal("2904.53")),
        "收入": (5, Decimal("28.49")),
        "/": (11, Decimal("26100.89")),
    }
    assert next(total for total in table.totals if total.label == "共{rows}笔记录").stated == 43
    assert '点击底部"多多视频"' in table.rows["商品"].to_pylist()[19] + table.rows["交易对方"].to_pylist()[19]


def test_banks_and_broker() -> None:
    assert _sum(_read("boc").tables[0].rows, "金额") == Decimal("426.70")
    citic = _read("citic")
    assert citic.kind == "xls"
    assert _sum(citic.tables[0].rows, "结算金额") == Decimal("1097.39")
    assert citic.tables[0].rows["卡末四位"].to_pylist()[0] == "6688"
    assert citic.tables[0].rows["_src_row"].to_pylist()[0] == "本期账单明细(人民币)!3"
    hxsec = _read("hxsec")
    assert (hxsec.kind, hxsec.encoding) == ("csv", "gb18030")
    assert _sum(hxsec.tables[0].rows, "清算金额") == Decimal("234438.16")
    assert hxsec.tables[0].rows["股东代码"].to_pylist()[2] == "A114514114"


def test_icbc_total_row_disagrees() -> None:
    read = _read("icbc")
    (table,) = read.tables
    assert _sum(table.rows, "记账金额(收入)") == Decimal("2841.74")
    assert _sum(table.rows, "记账金额(支出)") == Decimal("4241.08")
    assert [(total.column, total.stated, total.computed) for total in table.totals] == [
        ("记账金额(收入)", Decimal("1234.56"), Decimal("2841.74")),
        ("记账金额(支出)", Decimal("9876.54"), Decimal("4241.08")),
    ]
    assert "1234.56" in read.held_detail and "2841.74" in read.held_detail


COLUMNS = {
    "alipay": ("timestamp", "交易时间", {"amount": "金额"}),
    "wechat": ("timestamp", "交易时间", {"amount": "金额(元)"}),
    "boc": ("date", "记账日期", {"amount": "金额"}),
    "citic": ("date", "交易日期", {"amount": "结算金额"}),
    "hxsec": ("date", "交收日期", {"amount": "清算金额"}),
    "icbc": ("date", "交易日期", {"income": "记账金额(收入)", "expense": "记账金额(支出)"}),
    "cmb": ("date", "记账日期", {"amount": "交易金额"}),
}


def _write_project(root: Path) -> None:
    """Seven sources as a BI analyst would write them: YAML files and nothing else."""
    (root / "taihu.yml").parent.mkdir(parents=True, exist_ok=True)
    (root / "taihu.yml").write_text(
        "name: statements\ntitle: {zh: 对账单, en: Statements}\nentities: {main: {currency: CNY}}\n", encoding="utf-8"
    )
    for name, text in SOURCES.items():
        given = yaml.safe_load(text)
        kind, header, amounts = COLUMNS[name]
        folder = root / "sources" / name
        (folder / "layouts").mkdir(parents=True)
        columns: dict[str, object] = {
            "happened": {"from": header, "type": kind, "required": True} | ({"order": "year first"} if kind == "date" else {})
        }
        for column, source in amounts.items():
            columns[column] = {"from": source, "type": "money", "currency": "CNY", "tax": "included"}
        source_file = {
            "title": {"zh": name, "en": name}, "owner": "finance", "purpose": "reconciliation", "retention": "12 months", "entity": "main",
            "collect": {"via": "folder", "path": f"inbox/{name}"}, "load": "replace", "read": given["read"] | {"layouts": ["standard"]},
            "columns": columns, "business_date": "happened", "missing": ["-", "/", "--"],
        }  # fmt: skip
        (folder / "source.yml").write_text(yaml.safe_dump(source_file, allow_unicode=True, sort_keys=False), encoding="utf-8")
        (folder / "layouts" / "standard.yml").write_text(yaml.safe_dump(given["layout"], allow_unicode=True), encoding="utf-8")
        inbox = root / "inbox" / name
        inbox.mkdir(parents=True)
        path = REAL / given["file"]
        (inbox / path.name).write_bytes(path.read_bytes())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The seven sources, run once."""
    root = tmp_path_factory.mktemp("statements")
    _write_project(root)
    with open_workspace(root, FixedClock(dt.datetime(2026, 11, 10, 1, 0, tzinfo=dt.UTC))) as ws:
        run(ws, reports=False)
        yield ws


def test_pipeline_holds_the_redacted_statements_and_loads_the_others(project: Workspace) -> None:
    states = {arrival.source: (arrival.state, arrival.reason) for arrival in project.ledger.arrivals()}
    held = ("held", "total_disagrees")
    assert {name: state for name, state in states.items() if state != ("accepted", "")} == {"alipay": held, "wechat": held, "icbc": held}
    assert set(states) == set(SOURCES)
    details = {arrival.source: arrival.detail for arrival in project.ledger.arrivals(states=("held",))}
    assert "66" in details["alipay"] and "43" in details["wechat"] and "1234.56" in details["icbc"]


@pytest.mark.parametrize(
    ("name", "rows", "total"), [("boc", 17, "426.70"), ("citic", 13, "1097.39"), ("hxsec", 13, "234438.16"), ("cmb", 5, None)]
)
def test_pipeline_rows_and_sums(project: Workspace, name: str, rows: int, total: str | None) -> None:
    clean = project.tables.read(f"clean.{name}")
    assert clean.num_rows == rows
    if total is not None:
        assert sum(value.as_py() for value in clean["amount"]) == Decimal(total)
    assert clean["_src_row"].null_count == 0


def test_pipeline_shows_the_rows_of_a_held_file(project: Workspace) -> None:
    from taihu.run.intake import read_arrival

    for name, rows in (("alipay", 10), ("wechat", 27), ("icbc", 11)):
        (arrival,) = project.ledger.arrivals(source=name)
        file = read_arrival(project, project.tree.sources[name], arrival)
        assert (file.held, file.tables[0].rows.num_rows) == ("total_disagrees", rows)
