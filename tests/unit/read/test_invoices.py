"""Invoices in XML, OFD and text; two OFD files that nobody here wrote, whole and with parts taken out."""

from __future__ import annotations

import functools
import io
import random
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.made.invoices import as_ofd, as_pdf, as_xml, bill

from taihu.core.errors import ContentRefused
from taihu.core.types import FileRead
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file
from taihu.read.invoice_page import fields_of_text
from taihu.read.xml import parse_xml

REAL = Path(__file__).parents[4] / "shared" / "real-data" / "ofd-einvoice" / "ofdrw-converter" / "src" / "test" / "resources"
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the invoices are not at {REAL}")
TRUE = {
    "draw_param_ref.ofd": ("011002680026", "71500013", "2020年02月20日", "百望股份有限公司", "9709.00", "291.00", "10000.00", 100),
    "发票示例.ofd": ("050001700111", "99999951", "2020年10月10日", "科游迈利有限公司", "300.00", "18.00", "318.00", 3),
}
NAMES = ("发票代码", "发票号码", "开票日期", "购买方名称", "合计金额", "合计税额", "价税合计")
DIGITAL = """<?xml version="1.0" encoding="UTF-8"?>
<EInvoice><Header><EIid>23442000000012345678</EIid></Header><EInvoiceData>
<SellerInformation><SellerIdNum>914403001922038216</SellerIdNum><SellerName>深圳测试有限公司</SellerName></SellerInformation>
<BuyerInformation><BuyerIdNum>91110108339805094M</BuyerIdNum><BuyerName>北京测试有限公司</BuyerName></BuyerInformation>
<BasicInformation><TotalAmWithoutTax>{amount}</TotalAmWithoutTax><TotalTaxAm>13.00</TotalTaxAm>
<TotalTax-includedAmount>113.00</TotalTax-includedAmount>
<TotalTax-includedAmountInChinese>{words}</TotalTax-includedAmountInChinese><Drawer>王一</Drawer></BasicInformation>
<IssuItemInformation><ItemName>*饮料*汽水</ItemName><MeaUnits>箱</MeaUnits><Quantity>2</Quantity><UnPrice>30</UnPrice>
<Amount>60.00</Amount><TaxRate>0.13</TaxRate><ComTaxAm>7.80</ComTaxAm></IssuItemInformation>
<IssuItemInformation><ItemName>*饮料*茶</ItemName><Amount>40.00</Amount><TaxRate>0.13</TaxRate><ComTaxAm>5.20</ComTaxAm></IssuItemInformation>
</EInvoiceData><TaxSupervisionInfo><InvoiceNumber>23442000000012345678</InvoiceNumber><IssueTime>2023-11-02</IssueTime></TaxSupervisionInfo>
</EInvoice>"""


def _changed(name: str, change: Callable[[str, bytes], bytes | None]) -> FileRead:
    buffer = io.BytesIO()
    with zipfile.ZipFile(REAL / name) as whole, zipfile.ZipFile(buffer, "w") as part:
        for info in whole.infolist():
            content = change(info.filename, whole.read(info))
            if content is not None:
                part.writestr(info.filename, content)
    return read_blind(buffer.getvalue(), name)


def _fields(read: FileRead) -> tuple[str | None, ...]:
    (row,) = read.tables[0].rows.select(NAMES).to_pylist()
    return tuple(row[name] for name in NAMES)


@real
@pytest.mark.parametrize("name", TRUE)
def test_real_ofd(name: str) -> None:
    read = read_blind((REAL / name).read_bytes(), name)
    assert (read.kind, read.held) == ("ofd", None)
    assert _fields(read) == TRUE[name][:7]
    assert [table.name for table in read.tables] == ["发票", "发票明细"]
    assert read.tables[1].rows.num_rows == TRUE[name][7]
    totals = [total for table in read.tables for total in table.totals]
    assert [total.label for total in totals] == ["价税合计=金额+税额", "价税合计(大写)", "合计金额", "合计税额"]
    assert all(total.agrees for total in totals)


def _without_attachment(name: str, content: bytes) -> bytes | None:
    return None if "original_invoice" in name else content


def _without_data(name: str, content: bytes) -> bytes | None:
    if name == "OFD.xml":
        content = re.sub(rb"<ofd:CustomDatas>.*</ofd:CustomDatas>", b"", content)
    return _without_attachment(name, content)


@real
@pytest.mark.parametrize("name", TRUE)
def test_without_its_xml_the_custom_data_and_the_page_say_the_same(name: str) -> None:
    read = _changed(name, _without_attachment)
    assert (_fields(read), read.held) == (TRUE[name][:7], None)
    assert [total.agrees for total in read.tables[0].totals] == [True, True]


@real
def test_the_page_alone() -> None:
    assert _fields(_changed("发票示例.ofd", _without_data)) == TRUE["发票示例.ofd"][:7]
    other = _changed("draw_param_ref.ofd", _without_data)
    assert _fields(other)[:4] == TRUE["draw_param_ref.ofd"][:4]
    # Its page gives amount and tax by line only: what cannot be compared is said to be so.
    assert [total.agrees for total in other.tables[0].totals] == [None, True]


@real
def test_parts_that_contradict_each_other_are_held() -> None:
    changed = _changed(
        "发票示例.ofd", lambda name, content: content.replace(b">99999951<", b">99999952<") if name == "OFD.xml" else content
    )
    assert (changed.held, changed.held_detail) == ("invoice_disagrees", "发票号码 (OFD.xml)")
    wrong = _changed(
        "发票示例.ofd", lambda _, content: content.replace(b">318.00<", b">318.01<").replace("¥318.00".encode(), "¥318.01".encode())
    )
    assert wrong.held == "total_disagrees"


@real
def test_a_cut_ofd_is_damaged() -> None:
    content = (REAL / "发票示例.ofd").read_bytes()
    assert read_blind(content[: len(content) // 2], "x").held == "damaged_file"
    assert _changed("发票示例.ofd", lambda name, content: None if "Page_0/Content" in name else content).held == "damaged_file"


def test_digital_invoice_in_xml() -> None:
    read = read_blind(DIGITAL.format(amount="100.00", words="壹佰壹拾叁圆整").encode(), "a.xml")
    assert (read.kind, read.held) == ("xml", None)
    assert _fields(read) == (None, "23442000000012345678", "2023-11-02", "北京测试有限公司", "100.00", "13.00", "113.00")
    assert read.tables[1].rows["金额"].to_pylist() == ["60.00", "40.00"]
    assert [total.agrees for table in read.tables for total in table.totals] == [True] * 4


@pytest.mark.parametrize(("amount", "words"), [("100.01", "壹佰壹拾叁圆整"), ("100.00", "壹佰叁拾圆整")])
def test_an_invoice_that_does_not_add_up_is_held(amount: str, words: str) -> None:
    read = read_blind(DIGITAL.format(amount=amount, words=words).encode(), "a.xml")
    assert read.held == "total_disagrees"


def test_as_a_contract_says() -> None:
    contract = Read.model_validate({"as": "invoice", "layouts": ["head", "lines"]})
    layouts = {
        "head": LayoutFile.model_validate({"sheet": "发票", "header": ["发票代码", "发票号码", "价税合计"]}),
        "lines": LayoutFile.model_validate({"sheet": "发票明细", "header": ["项目名称", "金额"]}),
    }
    read = read_file(DIGITAL.format(amount="100.00", words="壹佰壹拾叁圆整").encode(), "a.xml", read=contract, layouts=layouts)
    assert (read.held, [table.layout for table in read.tables]) == (None, ["head", "lines"])
    assert read.tables[0].totals[0].stated == Decimal(113)
    assert read_file(b"<a><b>1</b></a>", "a.xml", read=contract, layouts=layouts).held == "wrong_kind"


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize("content", [BOMB.encode(), BOMB.encode("utf-16"), b"<!-- " + b"x" * 9000 + b" -->" + BOMB.encode()[21:]])
def test_entities_are_refused(content: bytes) -> None:
    with pytest.raises(ContentRefused, match="entities"):
        parse_xml(content)


def test_depth_is_limited() -> None:
    with pytest.raises(ContentRefused, match="deeply"):
        parse_xml(b"<a>" * 5000 + b"</a>" * 5000)


def test_other_xml_is_records() -> None:
    text = (
        '<?xml version="1.0" encoding="gb2312"?><订单表><订单 编号="A1"><客户>东方店</客户><数量>3</数量></订单>'
        '<订单 编号="A2"><客户>西郊</客户><数量/></订单></订单表>'
    )
    (table,) = read_blind(text.encode("gbk"), "a.xml").tables
    assert [list(row.values()) for row in table.rows.to_pylist()] == [["A1", "东方店", "3", "1"], ["A2", "西郊", None, "2"]]


@pytest.mark.parametrize("kind", ["xml", "ofd", "page of ofd", "pdf"])
@pytest.mark.parametrize("shape", ["digital", "paper", "red", "discount"])
def test_every_form_says_the_same(kind: str, shape: str) -> None:
    """Fields, totals and lines of goods with quantity, unit, price, rate and tax; the seed is new each time."""
    made = bill(
        random.Random(), digital=shape != "paper", red="23442000000012345678" if shape == "red" else "", discount=shape == "discount"
    )
    content = {"xml": as_xml, "ofd": as_ofd, "page of ofd": functools.partial(as_ofd, data=False), "pdf": as_pdf}[kind](made)
    if shape == "paper" and kind in ("xml", "ofd"):
        pytest.skip("paper invoices have no such data")
    read = read_blind(content, f"a.{kind[-3:]}")
    assert read.held is None, read.held_detail
    (head,) = read.tables[0].rows.to_pylist()
    identity = (head["发票标识"], head["合计金额"], head["合计税额"], head["价税合计"])
    assert identity == (made.code + made.number, f"{made.amount:.2f}", f"{made.tax:.2f}", f"{made.total:.2f}")
    assert head["购买方名称"] == "北京测试有限公司" and head["销售方名称"] == "深圳测试有限公司"
    assert head["原发票号码"] == ("23442000000012345678" if shape == "red" else None)
    lines = [
        [row[name] or "" for name in ("项目名称", "规格型号", "单位", "数量", "单价", "金额", "税率", "税额")]
        for row in read.tables[1].rows.to_pylist()
    ]
    assert lines == made.goods
    assert [total.agrees for table in read.tables for total in table.totals] == [True] * 4


def test_minus_signs_wherever_they_stand() -> None:
    for shown in ("-¥113.00", "¥-113.00", "−￥113.00", "- ¥ 113.00"):
        assert fields_of_text(["发票号码：23442000000012345678", f"（小写）{shown}"])["价税合计"] == "-113.00"


def test_remarks_that_name_the_invoice_taken_back() -> None:
    paper = ["发票代码：011002680026", "发票号码：71500013", "（小写）-¥1.00", "备注 对应正数发票代码:011002680025号码:71500012"]
    fields = fields_of_text(paper)
    assert (fields["发票号码"], fields["原发票代码"], fields["原发票号码"]) == ("71500013", "011002680025", "71500012")
    first = fields_of_text(["被红冲蓝字数电发票号码：23442000000012345678", "发票号码：23442000000099999999", "（小写）-¥1.00"])
    assert (first["发票号码"], first["原发票号码"]) == ("23442000000099999999", "23442000000012345678")
