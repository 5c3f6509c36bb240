"""Sheets of every shape through ``taihu run``: YAML files and nothing else, down to typed rows or a hold that says why."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.core.clock import FixedClock
from taihu.core.types import Span
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import run

Rows = Sequence[Sequence[Any]]
HEADER = ["日期", "商品", "金额"]
DAY_1, DAY_2 = "2026-09-01", "2026-09-02"


def _book(sheets: Mapping[str, Rows], hidden: Sequence[int] = ()) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if cell is not None:
                        page.write(number, column, cell)
            for number in hidden:
                page.set_row(number - 1, None, None, {"hidden": True})
    return buffer.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


DAILY = {
    "日报": [["单位：万元"], ["门店", "东方店", None, "账期：2026-09-01至2026-09-02"], HEADER, [DAY_1, "苹果", 1.5], [DAY_2, "梨", 0.25]]
}
REGIONS = {
    "日报": [["大区", *HEADER], ["华东", DAY_1, "苹果", 1], ["华东", DAY_1, "梨", 2], ["小计", None, None, 3], ["总计", None, None, 3]]
}
WIDE = {"计划": [["2026年计划"], ["商品", "9月", "10月"], ["苹果", 10, 20], ["梨", 1, None]]}
BESIDE = {"日报": [["东区", None, None, None, "西区"], [*HEADER, None, *HEADER], [DAY_1, "苹果", 1, None, DAY_1, "梨", 2]]}
MONTHS = {"2026年8月": [["商品", "金额"], ["苹果", 1]], "2026年9月": [["商品", "金额"], ["苹果", 2]]}
SUMMED = {"汇总": [["门店", "销售额"], ["东方店", 3]], "东方店": [HEADER, [DAY_1, "苹果", 1], [DAY_2, "梨", 2]]}
SHORT = {**SUMMED, "汇总": [["门店", "销售额"], ["东方店", 4]]}
BILL = "日期,商品,金额,状态\n2026-09-01,苹果,100.00,已退款(￥12.30)\n2026-09-01,梨,20.00,成功\n支出 107.70元\n".encode()
LISTED = {
    "a.csv": "日期,商品,金额\n2026-09-01,苹果,1\n".encode(),
    "list.txt": "文件,行数\na.csv,1\n".encode(),
}


def _beside(lines: str) -> dict[str, Any]:
    """A list beside the file: how it is agreed, and (for :func:`project`) what it says."""
    manifest = {"file": "清单.csv", "name": "文件", "rows": "行数", "sums": {"金额合计": "金额"}}
    return {"collect": {"pattern": "a.csv", "manifest": manifest}, "清单.csv": f"文件,行数,金额合计\n{lines}"}


# Source: file name, content, layouts, what its source.yml says beside the usual, state, reason, rows.
SHAPES: dict[str, tuple[str, bytes, dict[str, str], dict[str, Any], str, str, list[tuple[str, str]]]] = {
    "titles": (
        "a.xlsx", _book(DAILY),
        {"daily": "header: [日期, 商品, 金额]\nunits: [{unit: 万元, of: 金额}]\noutside: {门店: {label: 门店}}"},
        {"period": {"from": "label", "label": "账期"}}, "accepted", "", [("2026-09-01", "15000.00"), ("2026-09-02", "2500.00")],
    ),
    "other_unit": (
        "a.xlsx", _book(DAILY), {"daily": "header: [日期, 商品, 金额]\nunits: [{unit: 千元, of: 金额}]"}, {}, "held", "unit_disagrees", [],
    ),
    "groups": (
        "a.xlsx", _book(REGIONS),
        {"daily": "header: [大区, 日期, 商品, 金额]\ntotals: [{row: 小计, of: 金额, adds: group above}, {row: 总计, of: 金额}]"},
        {}, "accepted", "", [("2026-09-01", "1.00"), ("2026-09-01", "2.00")],
    ),
    "wide": (
        "a.xlsx", _book(WIDE),
        {"plan": 'header: [商品]\nyear: {line: "{yyyy}年计划"}\nunpivot: {columns: ["{m}月"], into: [日期, 金额]}'},
        {}, "accepted", "", [("2026-09-01", "1.00"), ("2026-09-01", "10.00"), ("2026-10-01", "20.00")],
    ),
    "beside": (
        "a.xlsx", _book(BESIDE), {"daily": "header: [日期, 商品, 金额]\nrepeats: beside"}, {}, "accepted", "",
        [("2026-09-01", "1.00"), ("2026-09-01", "2.00")],
    ),
    "one_of_two": (
        "a.xlsx", _book(BESIDE), {"daily": "header: [日期, 商品, 金额]\nanchor: 西区"}, {}, "accepted", "", [("2026-09-01", "2.00")],
    ),
    "months": (
        "a.xlsx", _book(MONTHS),
        {"daily": 'header: [商品, 金额]\nsheet: "{yyyy}年{m}月"\noutside: {日期: {sheet: "{yyyy}年{m}月"}}'},
        {"period": {"from": "sheet", "pattern": "{yyyy}年{m}月"}}, "accepted", "", [("2026-08-01", "1.00"), ("2026-09-01", "2.00")],
    ),
    "filtered": (
        "a.xlsx", _book({"日报": [HEADER, [DAY_1, "苹果", 1], [DAY_2, "梨", 2]]}, hidden=[3]),
        {"daily": "header: [日期, 商品, 金额]"}, {}, "held", "hidden_rows", [],
    ),
    "shown_only": (
        "a.xlsx", _book({"日报": [HEADER, [DAY_1, "苹果", 1], [DAY_2, "梨", 2]]}, hidden=[3]),
        {"daily": "header: [日期, 商品, 金额]\nhidden: {rows: skip}"}, {}, "accepted", "", [("2026-09-01", "1.00")],
    ),
    "summary": (
        "a.xlsx", _book(SUMMED),
        {"daily": "header: [日期, 商品, 金额]", "summary": "header: [门店, 销售额]\nstates: {sheet: 门店, sums: {销售额: 金额}}"},
        {}, "accepted", "", [("2026-09-01", "1.00"), ("2026-09-02", "2.00")],
    ),
    "summary_wrong": (
        "a.xlsx", _book(SHORT),
        {"daily": "header: [日期, 商品, 金额]", "summary": "header: [门店, 销售额]\nstates: {sheet: 门店, sums: {销售额: 金额}}"},
        {}, "held", "total_disagrees", [],
    ),
    "listed": (
        "a.zip", _zip(LISTED),
        {"daily": "header: [日期, 商品, 金额]", "list": "header: [文件, 行数]\nstates: {member: list.txt, file: 文件, rows: 行数}"},
        {"read": {"as": "csv", "member": "*.csv"}}, "accepted", "", [("2026-09-01", "1.00")],
    ),
    "listed_wrong": (
        "a.zip", _zip({**LISTED, "list.txt": "文件,行数\na.csv,2\n".encode()}),
        {"daily": "header: [日期, 商品, 金额]", "list": "header: [文件, 行数]\nstates: {member: list.txt, file: 文件, rows: 行数}"},
        {"read": {"as": "csv", "member": "*.csv"}}, "held", "total_disagrees", [],
    ),
    "beside_it": (
        "a.csv", LISTED["a.csv"], {"daily": "header: [日期, 商品, 金额]"}, {**_beside("a.csv,1,1.00\n"), "read": {"as": "csv"}},
        "accepted", "", [("2026-09-01", "1.00")],
    ),
    "beside_wrong": (
        "a.csv", LISTED["a.csv"], {"daily": "header: [日期, 商品, 金额]"}, {**_beside("a.csv,1,1.50\n"), "read": {"as": "csv"}},
        "held", "total_disagrees", [],
    ),
    "beside_silent": (
        "a.csv", LISTED["a.csv"], {"daily": "header: [日期, 商品, 金额]"}, {**_beside("a.csv,,1.00\n"), "read": {"as": "csv"}},
        "held", "total_missing", [],
    ),
    "refunds": (
        "a.csv", BILL,
        {"bill": 'header: [日期, 商品, 金额]\nnoted: {退款: {in: 状态, text: "已退款(￥{sum})"}}\n'
         'totals: [{line: "支出{sum}元", sum: 金额, less: 退款}]'},
        {"read": {"as": "csv"}}, "accepted", "", [("2026-09-01", "100.00"), ("2026-09-01", "20.00")],
    ),
    "changed": (
        "a.xlsx", _book({"日报": [["制表日期", "品名", "销售额"], [DAY_1, "苹果", 1], ["合计", None, 1]]}),
        {"daily": "header: [日期, 商品, 金额]"}, {}, "held", "unknown_layout", [],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One source for every shape, run once."""
    root = tmp_path_factory.mktemp("shapes")
    (root / "taihu.yml").write_text("name: shapes\ntitle: {zh: 形状, en: Shapes}\nentities: {main: {currency: CNY}}\n", encoding="utf-8")
    for name, (file, content, layouts, more, *_) in SHAPES.items():
        folder, inbox = root / "sources" / name, root / "inbox" / name
        (folder / "layouts").mkdir(parents=True)
        inbox.mkdir(parents=True)
        (inbox / file).write_bytes(content)
        for layout, text in layouts.items():
            (folder / "layouts" / f"{layout}.yml").write_text(text, encoding="utf-8")
        if "清单.csv" in more:
            (inbox / "清单.csv").write_text(more["清单.csv"], encoding="gb18030")
        source = {
            "title": {"zh": name, "en": name}, "owner": "sales", "purpose": "sales reporting", "retention": "12 months", "entity": "main",
            "load": "replace", "business_date": "sold_on",
            "columns": {
                "sold_on": {"from": "日期", "type": "date", "order": "year first", "required": True},
                "product": {"from": "商品", "type": "text"},
                "amount": {"from": "金额", "type": "money", "currency": "CNY", "tax": "included"},
            },
            **{key: value for key, value in more.items() if key != "清单.csv"},
            "collect": {"via": "folder", "path": f"inbox/{name}", **more.get("collect", {})},
            "read": {"as": "excel", **more.get("read", {}), "layouts": list(layouts)},
        }  # fmt: skip
        (folder / "source.yml").write_text(yaml.safe_dump(source, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with open_workspace(root, FixedClock(dt.datetime(2026, 11, 10, 1, 0, tzinfo=dt.UTC))) as ws:
        run(ws, reports=False)
        yield ws


@pytest.mark.parametrize("name", SHAPES)
def test_shape(project: Workspace, name: str) -> None:
    *_, state, reason, rows = SHAPES[name]
    (arrival,) = project.ledger.arrivals(source=name)
    assert (arrival.state, arrival.reason) == (state, reason), arrival.detail
    if state == "accepted":
        clean = project.tables.read(f"clean.{name}")
        found = zip(clean["sold_on"].to_pylist(), clean["amount"].to_pylist(), strict=True)
        assert sorted((str(day), str(amount.quantize(Decimal("0.01")))) for day, amount in found) == rows
        assert len(set(clean["_src_row"].to_pylist())) == len(rows)


def test_a_list_beside_the_file_is_told_and_needs_no_more_to_be_there(project: Workspace) -> None:
    """What it states is kept with the file: read again, the file is judged the same, though the list has gone."""
    from taihu.run.intake import read_arrival

    (wrong,) = project.ledger.arrivals(source="beside_wrong")
    assert wrong.detail == "金额合计 (清单.csv>2): 金额 stated 1.5, found 1"
    (silent,) = project.ledger.arrivals(source="beside_silent")
    assert silent.detail == "清单.csv>2: no number for 行数"
    by_hand = ["read", str(project.root / "inbox/beside_wrong/a.csv"), "-s", "beside_wrong", "--project", str(project.root)]
    shown = CliRunner().invoke(app, by_hand)
    assert shown.exit_code == 3 and "stated 1.5, the rows give 1" in shown.output
    (project.root / "inbox/beside_wrong/清单.csv").unlink()
    assert read_arrival(project, project.tree.source("beside_wrong"), wrong).held == "total_disagrees"


def test_a_period_behind_a_label_and_one_a_sheet(project: Workspace) -> None:
    (titles,), (months,) = project.ledger.arrivals(source="titles"), project.ledger.arrivals(source="months")
    assert [scope.span for scope in titles.scopes] == [Span(dt.date(2026, 9, 1), dt.date(2026, 9, 3))]
    assert [scope.span for scope in months.scopes] == [
        Span(dt.date(2026, 8, 1), dt.date(2026, 9, 1)),
        Span(dt.date(2026, 9, 1), dt.date(2026, 10, 1)),
    ]


def test_a_row_beside_another_leads_to_its_own_cell(project: Workspace) -> None:
    from taihu.core.types import Position

    (arrival,) = project.ledger.arrivals(source="beside")
    positions = project.tables.read("clean.beside")["_src_row"].to_pylist()
    cells = [Position.parse(position).cell(arrival.header_cells["金额"]) for position in positions]
    assert sorted(cells) == ["日报!C3", "日报!G3"]


def test_an_unknown_header_is_held_with_a_layout_that_reads_it(project: Workspace, tmp_path: Path) -> None:
    hold = next(each for each in project.ledger.holds() if each.source == "changed")
    listed = CliRunner().invoke(app, ["hold", "list", "--project", str(project.root)])
    assert f"taihu hold show {hold.id}" in listed.output
    shown = CliRunner().invoke(app, ["hold", "show", hold.id, "--project", str(project.root)])
    assert shown.exit_code == 0
    layout = shown.stdout
    assert "[制表日期, 品名, 销售额]" in layout and "合计" in layout
    by_file = CliRunner().invoke(app, ["read", str(project.root / "inbox/changed/a.xlsx"), "-s", "changed", "--project", str(project.root)])
    assert by_file.exit_code == 3
    assert layout.strip() in by_file.stdout
    # Saved as it is, it reads the file; its new names are for the columns of source.yml.
    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.manifest.strict import parse
    from taihu.read import read_file

    known = {"new": parse(LayoutFile, layout, "new.yml")}
    content = (project.root / "inbox/changed/a.xlsx").read_bytes()
    read = read_file(content, "a.xlsx", read=Read.model_validate({"as": "excel"}), layouts=known)
    assert (read.held, read.tables[0].layout, read.tables[0].rows.num_rows) == (None, "new", 1)
    assert [total.agrees for total in read.tables[0].totals] == [True]
