"""A new header of a source that exists: an additional layout with its difference, the way out of an ``unknown_layout`` hold."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
import yaml

from taihu.core.errors import UsageError
from taihu.demo.drafts import Draft, sell_out_draft, stock_draft
from taihu.demo.facts import simulate
from taihu.demo.setup import example_folder
from taihu.demo.writers import write
from taihu.project.load import load_tree
from taihu.project.onboard import write as write_proposed
from taihu.project.onboard.existing import _set
from taihu.read import read_file
from taihu.testing.samples import check_sample

from .conftest import proposed, put

DAY = dt.date(2026, 9, 15)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    project = tmp_path / "company_a"
    shutil.copytree(example_folder(), project, ignore=shutil.ignore_patterns("generated"))
    (project / "inbox").mkdir()
    return project


def _sell_out(**renamed: str) -> Draft:
    facts = simulate(0)
    draft = sell_out_draft(facts, facts.company.distributor("D0001"), [DAY])
    draft.renamed = renamed
    return draft


def test_what_a_source_reads_is_said_so(company: Path) -> None:
    path = put(company, "任意名称.xlsx", write(_sell_out()).content)
    result = proposed(company)
    assert result.ready == []
    assert [(known.path, known.source, known.layouts) for known in result.known] == [(path, "sell_out_huadong", ("standard",))]


def test_a_new_header_becomes_a_layout_of_its_source(company: Path) -> None:
    content = write(_sell_out(quantity="实发数量", product="存货编码")).content
    path = put(company, "新版.xlsx", content)
    source = load_tree(company).sources["sell_out_huadong"]
    assert read_file(content, path.name, read=source.file.read, layouts=source.layouts).held == "unknown_layout"
    result = proposed(company)
    (ready,) = result.ready
    assert ready.extends is not None and ready.extends.source.name == "sell_out_huadong"
    changed = [line for line in ready.extends.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert len(changed) == 6
    assert any("[商品编码, 货品编码, 存货编码]" in line for line in changed) and any(
        "[数量, 销售数量, 实发数量]" in line for line in changed
    )
    write_proposed(result, company, change=lambda _: True)
    source = load_tree(company).sources["sell_out_huadong"]
    read = read_file(content, path.name, read=source.file.read, layouts=source.layouts)
    assert (read.held, [table.layout for table in read.tables]) == (None, ["standard_2"])
    assert "# what is not listed is not read" in (company / "sources/sell_out_huadong/source.yml").read_text(encoding="utf-8")
    assert check_sample(load_tree(company), company / "sources/sell_out_huadong/samples/standard_2.xlsx.expected.json") == []
    assert proposed(company).ready == []


def test_a_source_that_exists_is_changed_only_when_asked(company: Path) -> None:
    facts = simulate(0)
    draft = stock_draft(facts, facts.company.distributor("D0002"), DAY)
    draft.renamed = {"closing": "结存数量"}
    put(company, "stock.csv", write(draft).content)
    before = (company / "sources/distributor_stock/source.yml").read_bytes()
    result = proposed(company)
    assert [ready.extends is not None for ready in result.ready] == [True]
    write_proposed(result, company, change=lambda _: False)
    assert (company / "sources/distributor_stock/source.yml").read_bytes() == before


def test_a_column_that_is_needed_must_be_there(company: Path) -> None:
    put(company, "x.xlsx", write(_sell_out(quantity="实发数量")).content)
    with pytest.raises(UsageError, match="needs: store_code"):
        proposed(company, into="retailer_pos")
    with pytest.raises(UsageError, match="no source 'nowhere'"):
        proposed(company, into="nowhere")


def test_names_of_other_sources_are_used(company: Path) -> None:
    put(
        company,
        "x.csv",
        "单据日期,报数邮箱,含税单价,优惠金额\n2026-09-01,a@b.example,1.50,2.00\n2026-09-02,c@d.example,1.50,3.00\n".encode("gb18030"),
    )
    (ready,) = proposed(company).ready
    assert ready.extends is None
    assert list(ready.proposal.columns) == ["document_date", "mail_address", "unit_price", "discount_amount"]


def test_a_name_is_not_taken_where_it_means_another_tax_basis(company: Path) -> None:
    """A source calls net amounts 金额; a file whose 金额 may be gross does not get that name, and one that says 含税 even less."""
    path = company / "sources/retailer_pos/source.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(
            "gross_amount: {from: 销售金额, type: money, currency: CNY, tax: included",
            "net_amount: {from: [金额, 含税货款], type: money, currency: CNY, tax: excluded",
        ).replace("gross_amount", "net_amount"),
        encoding="utf-8",
    )
    assert "net_amount" in load_tree(company).sources["retailer_pos"].file.columns
    put(company, "x.csv", "单据日期,备注,金额\n2026-09-01,a,1.50\n2026-09-02,b,1.50\n".encode("gb18030"))
    put(company, "y.csv", "单据日期,业务员,含税货款\n2026-09-01,a,1.50\n2026-09-02,b,1.50\n".encode("gb18030"))
    money = [each for ready in proposed(company).ready for each in ready.proposal.columns.values() if each.column.type == "money"]
    assert [(each.key != "net_amount", each.column.tax) for each in money] == [(True, "included"), (True, "included")]
    assert ["the file does not say" in (each.decide.en if each.decide else "") for each in money] == [True, False]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("columns:\n  a: {from: 甲, type: text}  # why\n", "columns:\n  a: {from: [甲, 乙], type: text}  # why\n"),
        ("columns:\n  a: {type: text}\n", "columns:\n  a: {from: [甲, 乙], type: text}\n"),
        ("columns:\n  a: text # why\n", "columns:\n  a: {from: [甲, 乙], type: text} # why\n"),
        ("columns:\n  a:\n    from:\n      - 甲\n    type: text\n", "columns:\n  a:\n    from:\n      [甲, 乙]\n    type: text\n"),
    ],
)
def test_one_value_is_set_and_nothing_else(text: str, after: str) -> None:
    changed = _set(text, ("columns", "a", "from"), ["甲", "乙"])
    assert yaml.safe_load(changed)["columns"]["a"] == {"from": ["甲", "乙"], "type": "text"}
    assert changed == after
