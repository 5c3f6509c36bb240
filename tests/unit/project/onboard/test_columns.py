"""What values prove and what they do not: orders of dates, units, missing words, persons; stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.guard.redact import is_identity_number
from taihu.project.onboard.columns import propose_column
from taihu.project.onboard.personal import Stand, is_name, is_phone
from taihu.project.onboard.samples import field_spans
from taihu.project.onboard.words import english_of, tax_in, term_of
from taihu.project.typing import typed

from .conftest import proposed, put, source_of


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["2026/9/1", "2026/9/2", "2026/10/13"], "year first"),
        (["01/03/2024", "25/03/2024"], "day first"),
        (["03/01/2024", "03/25/2024"], "month first"),
        (["24.3.25", "24.3.31", "24.13.1"], None),
        (["24.3.5", "24.3.6", "24.4.7"], None),
        (["01/02/2024", "03/04/2024"], None),
        (["45.3.31", "45.3.2"], "year first"),
    ],
)
def test_an_order_is_said_only_where_the_values_prove_it(root: Path, days: list[str], order: str | None) -> None:
    put(root, "x.csv", ("日期,数量,含税金额\n" + "".join(f"{day},{n},{n}.50\n" for n, day in enumerate(days, 1))).encode("gb18030"))
    (ready,) = proposed(root).ready
    column = ready.proposal.columns["date"]
    if column.column.type != "date":
        assert "24.13.1" in days  # no order reads all of them
        return
    assert column.column.order == order
    assert (column.decide is None) == (order is not None)
    (read,) = ready.proposal.reads.values()
    refused = typed(read, source_of(ready), "Asia/Shanghai")["refused"]
    # What is not decided is refused by the run, never chosen.
    assert refused == ({} if order else {"ambiguous_date date": len(days)})


def test_one_edited_line_decides(root: Path) -> None:
    put(root, "x.csv", "日期,数量,含税金额\n24.3.5,1,2.50\n24.3.6,2,5.00\n".encode("gb18030"))
    (ready,) = proposed(root).ready
    text = next(content.decode() for name, content in ready.files.items() if name.endswith("source.yml"))
    line = next(line for line in text.splitlines() if line.strip().startswith("date:"))
    assert "decide: order: year first | day first" in line
    from taihu.manifest.source import SourceFile
    from taihu.manifest.strict import parse

    decided = parse(SourceFile, text.replace(line, line.replace("type: date,", "type: date, order: year first,")), "source.yml")
    (read,) = ready.proposal.reads.values()
    assert typed(read, decided, "Asia/Shanghai")["refused"] == {}


def test_a_title_says_the_unit_and_the_tax(root: Path) -> None:
    put(root, "x.csv", "2026年销售（未税，单位：万元）\n日期,大区,金额\n2026-09-01,华东,1.5\n2026-09-02,华东,2.25\n".encode("gb18030"))
    (ready,) = proposed(root).ready
    (column,) = [each for each in ready.proposal.columns.values() if each.column.type == "money"]
    assert (column.column.tax, column.decide) == ("excluded", None)
    (read,) = ready.proposal.reads.values()
    assert typed(read, source_of(ready), "Asia/Shanghai")["sums"] == {column.key: "37500.00"}


def test_a_number_of_no_known_kind_under_a_unit_is_asked_about(root: Path) -> None:
    rows = "".join(f"{region},{n}.5,{n + 1}.25,{n}\n" for n, region in enumerate(("华东", "华北", "华南"), start=3))
    put(root, "x.csv", ("大区目标（单位：万元）\n大区,目标,完成,门店数量\n" + rows).encode("gb18030"))
    (ready,) = proposed(root).ready
    asked = {column.headers[0]: column.decide.en for column in ready.proposal.columns.values() if column.decide}
    # A target is known to be an amount, which the unit applies to, and shops are counted.
    (layout,) = ready.proposal.layouts
    assert [unit.of for unit in layout.file.units] == [("目标",)]
    assert set(asked) == {"目标", "完成"}
    assert "tax" in asked["目标"]
    assert "万元" in asked["完成"]


def test_a_stroke_among_categories_is_one(root: Path) -> None:
    rows = "".join(
        f"2026-09-0{n},{way},{n}.00,{phone}\n"
        for n, way, phone in [(1, "收入", "13912345671"), (2, "/", "暂无"), (3, "支出", "--"), (4, "/", "13912345672")]
    )
    put(root, "x.csv", ("交易日期,收/支,金额,联系电话\n" + rows).encode("gb18030"))
    (ready,) = proposed(root).ready
    source = source_of(ready)
    assert set(source.missing) == {"暂无", "--"}
    assert source.columns["customer_phone"].personal == "contact"


def test_a_key_is_the_fewest_columns_that_are_unique(root: Path) -> None:
    put(root, "x.csv", "大区,渠道编码,目标\n华东,KA,1\n华东,EC,2\n华北,KA,3\n".encode("gb18030"))
    (ready,) = proposed(root).ready
    source = source_of(ready)
    assert (source.load, source.key) == ("snapshot", ("region", "channel_code"))


def test_channels_side_by_side_become_rows(root: Path) -> None:
    header = "日期,线上,,线下,\n,数量,金额,数量,金额\n"
    rows = "".join(f"2026-09-0{n},{n},{n}.50,{n + 1},{n + 1}.50\n" for n in range(1, 7))
    book = _workbook([line.split(",") for line in (header + rows).splitlines()], merged=[(0, 1, 0, 2), (0, 3, 0, 4), (0, 0, 1, 0)])
    put(root, "x.xlsx", book)
    (ready,) = proposed(root).ready
    source = source_of(ready)
    assert [column.from_ for column in source.columns.values()] == [("日期",), ("渠道",), ("数量",), ("金额",)]
    (read,) = ready.proposal.reads.values()
    assert typed(read, source, "Asia/Shanghai")["rows"] == 12


def _workbook(rows: list[list[str]], merged: list[tuple[int, int, int, int]]) -> bytes:
    import io

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    for n, row in enumerate(rows):
        for column, cell in enumerate(row):
            number: Any = float(cell) if n > 1 and column else None
            if cell:
                _ = sheet.write_number(n, column, number) if number is not None else sheet.write_string(n, column, cell)
    for top, left, bottom, right in merged:
        sheet.merge_range(top, left, bottom, right, rows[top][left])
    book.close()
    return buffer.getvalue()


def test_words_of_headers() -> None:
    assert (term_of("金额（含税）").key, term_of("金额（含税）").tax) == ("gross_amount", "included")
    assert (term_of("销售额(万元)").scale, term_of("OrderDate").key, term_of("对方账号").personal) == (10_000, "ordered_at", "account")
    assert (term_of("实发数量").key, term_of("客户备用电话").personal, term_of("魑魅").key) == ("quantity", "contact", "")
    assert (english_of("供应商合同编号"), english_of("魑魅魍魉表")) == ("supplier_contract_number", "")
    assert [tax_in(text) for text in ("不含税金额", "含税", "金额")] == ["excluded", "included", None]


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("条码", ["6901028075831", "6920152414019", "6907992100272"], "barcode"),
        ("条码", ["6901028075831", "6920152414019", "6907992100270"], "text"),
        ("条码", ["6901028075831", "6920152414019"], "text"),
        ("商品编码", ["6901028075831", "6920152414019", "6907992100272"], "text"),
    ],
)
def test_a_code_is_proposed_where_its_check_digits_prove_it(header: str, cells: list[str], kind: str) -> None:
    proposal = propose_column(header, cells, term_of(header), tax=None, currency="CNY", scaled=False)
    assert proposal.column.type == kind


def test_names_and_phones() -> None:
    assert all(map(is_name, ["王小明", "欧阳娜娜", "李雷"]))
    assert not any(map(is_name, ["华东", "万客隆超市", "余额", "单位", "上海永丰食品", "张江路店"]))
    assert is_phone("13912345678") and is_phone("010-62345678") and not is_phone("2026-09-01")


def test_stand_ins_are_one_for_each_and_nobodys() -> None:
    stand = Stand({"赵甲", "15400000001"})
    names = [stand.for_("person", name) for name in ("王小明", "李雷", "王小明")]
    assert names[0] == names[2] != names[1] and "赵甲" not in names
    assert stand.for_("contact", "139-1234-5678").count("-") == 2
    assert is_identity_number(stand.for_("identity", "11010519491231002X"))
    assert (
        stand.text("联系 13800138000，或 a@b.com") == f"联系 {stand.for_('contact', '13800138000')}，或 {stand.for_('contact', 'a@b.com')}"
    )
    assert "王小明" not in stand.preamble("姓名：王小明  账号：6222021234567890123")
    assert stand.known_in("转给王小明") == f"转给{names[0]}"


@given(
    st.lists(st.lists(st.text(alphabet='ab,"\r\n 中', max_size=6), min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from("\r\n")
)
def test_fields_stand_where_the_csv_module_finds_them(rows: list[list[str]], end: str) -> None:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=end)
    writer.writerows(rows)
    text = buffer.getvalue()
    found = [[_unquoted(text[start:stop]) for start, stop in spans] for _, spans in field_spans(text, ",", '"')]
    assert found == list(csv.reader(io.StringIO(text, newline="")))


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
