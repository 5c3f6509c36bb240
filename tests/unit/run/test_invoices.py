"""Invoices of a source end to end: one code and number counts once, in whatever file, form or arrival it comes."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.made.invoices import Bill, as_ofd, as_pdf, as_xml, bill
from tests.unit.run.conftest import Shop, arrival, at

from taihu.project.workspace import Workspace

SOURCE = """\
title: {zh: 进项发票, en: Purchase invoices}
owner: o
purpose: p
retention: 120 months
entity: cn
collect: {via: folder, path: inbox/invoices, pattern: "*"}
period: {from: received}
load: upsert
key: [invoice]
read: {as: invoice, layouts: [head]}
columns:
  invoice:      {from: 发票标识, type: text}
  blue_number:  {from: 原发票号码, type: text, optional: true}
  issued_on:    {from: 开票日期, type: date, order: year first, required: true}
  net_amount:   {from: 合计金额, type: money, currency: CNY, tax: excluded, required: true}
  tax_amount:   {from: 合计税额, type: money, currency: CNY, tax: none, required: true}
  gross_amount: {from: 价税合计, type: money, currency: CNY, tax: included, required: true}
business_date: issued_on
"""


@pytest.fixture
def office(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "office")
    shop.write("sources/invoices/source.yml", SOURCE)
    shop.write("sources/invoices/layouts/head.yml", "sheet: 发票\nheader: [发票标识, 发票号码, 价税合计]\n")
    return shop


@pytest.fixture
def ws(office: Shop) -> Iterator[Workspace]:
    with office.open() as opened:
        yield opened


def _rows(ws: Workspace) -> list[tuple[str, str, str]]:
    rows = ws.tables.read("clean.invoices").to_pylist()
    return sorted((row["invoice"], f"{row['gross_amount']}", row["_src_id"]) for row in rows)


def _notes(ws: Workspace, name: str) -> list[tuple[str, str, str]]:
    return [(note.reason, note.position, note.detail) for note in ws.ledger.notes(arrival=arrival(ws, name).id)]


def _zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def test_all_forms_of_one_archive_are_one_invoice(office: Shop, ws: Workspace) -> None:
    one = bill(random.Random(1))
    office.put("invoices", "a.zip", _zip(a_pdf=as_pdf(one), b_ofd=as_ofd(one), c_xml=as_xml(one)), at(2, 7))
    office.run(at(2), ws)
    came = arrival(ws, "a.zip")
    assert (came.state, came.reason) == ("accepted", "")
    assert _rows(ws) == [(one.number, f"{one.total:.2f}", came.id)]
    assert ws.tables.read("clean.invoices")["_src_row"].to_pylist() == ["c.xml>发票!2"]
    assert _notes(ws, "a.zip") == [("same_invoice", "a.pdf>发票!2", "c.xml"), ("same_invoice", "b.ofd>发票!2", "c.xml")]


def test_the_same_invoice_in_another_file_is_put_aside_with_its_reason(office: Shop, ws: Workspace) -> None:
    one, other = bill(random.Random(2)), bill(random.Random(3))
    office.put("invoices", "first.xml", as_xml(one), at(2, 7))
    office.put("invoices", "again.pdf", as_pdf(one), at(2, 8))
    office.run(at(2), ws)
    first, again = arrival(ws, "first.xml"), arrival(ws, "again.pdf")
    assert (again.state, again.reason, again.detail) == ("superseded", "same_invoice", f"arrival {first.id}")
    # On another day, in a file with one more page.
    office.put("invoices", "month.pdf", as_pdf(one, other), at(3, 7))
    office.run(at(3), ws)
    month = arrival(ws, "month.pdf")
    assert month.state == "accepted"
    assert _rows(ws) == sorted([(one.number, f"{one.total:.2f}", first.id), (other.number, f"{other.total:.2f}", month.id)])
    assert ("same_invoice", "发票!2", f"arrival {first.id}") in _notes(ws, "month.pdf")
    office.run(at(3, 9), ws)
    assert len(_rows(ws)) == 2


def test_a_form_that_is_trusted_more_takes_the_place(office: Shop, ws: Workspace) -> None:
    one = bill(random.Random(4))
    office.put("invoices", "seen.pdf", as_pdf(one), at(2, 7))
    office.run(at(2), ws)
    office.put("invoices", "data.xml", as_xml(one), at(3, 7))
    office.run(at(3), ws)
    assert _rows(ws) == [(one.number, f"{one.total:.2f}", arrival(ws, "data.xml").id)]
    assert ("same_invoice", "发票!2", f"arrival {arrival(ws, 'seen.pdf').id}") in _notes(ws, "data.xml")


def test_one_number_with_two_totals_is_held(office: Shop, ws: Workspace) -> None:
    one = bill(random.Random(5))
    office.put("invoices", "one.xml", as_xml(one), at(2, 7))
    office.run(at(2), ws)
    office.put("invoices", "forged.pdf", as_pdf(replace(one, lines=one.lines[:1])), at(3, 7))
    office.run(at(3), ws)
    forged = arrival(ws, "forged.pdf")
    assert (forged.state, forged.reason) == ("held", "invoice_disagrees")
    assert [row[2] for row in _rows(ws)] == [arrival(ws, "one.xml").id]
    office.put("invoices", "both.zip", _zip(a_xml=as_xml(one), b_pdf=as_pdf(replace(one, lines=one.lines[:1]))), at(4, 7))
    office.run(at(4), ws)
    assert arrival(ws, "both.zip").reason == "invoice_disagrees"


def test_numbers_alone_are_not_the_identity(office: Shop, ws: Workspace) -> None:
    """Two paper invoices share a number under different codes."""
    one = bill(random.Random(6), digital=False)
    two = replace(one, code="011002680027")
    office.put("invoices", "a.pdf", as_pdf(one), at(2, 7))
    office.put("invoices", "b.pdf", as_pdf(two), at(2, 8))
    office.run(at(2), ws)
    assert [row[0] for row in _rows(ws)] == sorted([one.code + one.number, two.code + two.number])


def test_a_red_letter_invoice_names_the_blue_one(office: Shop, ws: Workspace) -> None:
    blue = bill(random.Random(7))
    red = bill(random.Random(8), red=blue.number)
    for n, (name, content) in enumerate({"blue.xml": as_xml(blue), "red.pdf": as_pdf(red)}.items()):
        office.put("invoices", name, content, at(2, 6 + n))
    office.run(at(2), ws)
    rows = {row["invoice"]: row for row in ws.tables.read("clean.invoices").to_pylist()}
    assert rows[red.number]["blue_number"] == blue.number
    assert rows[red.number]["gross_amount"] == red.total < 0
    assert ("red_letter", "发票!2", f"takes back {blue.number}") in _notes(ws, "red.pdf")


def test_copies_of_one_invoice_in_one_file(office: Shop, ws: Workspace) -> None:
    one: Bill = bill(random.Random(9))
    office.put("invoices", "three.pdf", as_pdf(one, one, one), at(2, 7))
    office.run(at(2), ws)
    assert arrival(ws, "three.pdf").state == "accepted"
    assert [row[0] for row in _rows(ws)] == [one.number]
