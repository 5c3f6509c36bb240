from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from taihu.china.money import parse_amount
from taihu.china.uscc import is_uscc
from taihu.demo.dates import LAST_DAY
from taihu.demo.facts import gross_of
from taihu.demo.senders.bank import bookings
from taihu.demo.senders.customs import items_by_day
from taihu.demo.senders.invoice_forms import capitals
from taihu.demo.senders.invoices import SELLER, buyer_uscc, invoices
from taihu.demo.world import World


def test_the_invoices_of_a_week_add_up_to_what_was_delivered(world: World) -> None:
    """Later corrections of the ERP included."""
    delivered: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in world.facts.deliveries:
        monday = line.day - dt.timedelta(days=line.day.weekday())
        gross = gross_of(replace(line, net=line.final_net, revisions=()), world.facts.company)
        delivered[(world.facts.company.distributor(line.party).name, f"{monday:%Y%m%d}")] += gross
    invoiced: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for invoice in invoices(world.facts):
        invoiced[(invoice.buyer, invoice.week[:8])] += invoice.gross
    assert len(invoiced) > 110
    assert {invoice.week for invoice in invoices(world.facts) if invoice.takes_back and len(invoice.lines) == 1}
    assert invoiced == {key: delivered[key] for key in invoiced}


def test_numbers_and_codes_are_as_the_law_has_them(world: World) -> None:
    made = invoices(world.facts)
    assert len({invoice.number for invoice in made}) == len(made)
    assert all(len(invoice.number) == 20 and invoice.number.isdecimal() for invoice in made)
    assert all(is_uscc(buyer_uscc(party)) for party in world.facts.company.distributors)
    assert {invoice.seller for invoice in made} == {SELLER} and is_uscc(made[0].seller_uscc)


def test_credit_notes_name_what_they_take_back(world: World) -> None:
    made = {invoice.number: invoice for invoice in invoices(world.facts)}
    notes = [invoice for invoice in made.values() if invoice.takes_back]
    assert any(note.gross == -made[note.takes_back].gross for note in notes)
    assert all(note.gross < 0 and note.takes_back in note.remark and note.takes_back in made for note in notes)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.05", "零圆零伍分"),
        ("100.00", "壹佰圆整"),
        ("1003.40", "壹仟零叁圆肆角整"),
        ("10010.01", "壹万零壹拾圆零壹分"),
        ("100500.00", "壹拾万零伍佰圆整"),
        ("23456.78", "贰万叁仟肆佰伍拾陆圆柒角捌分"),
        ("-82760.10", "（负数）捌万贰仟柒佰陆拾圆壹角整"),
    ],
)
def test_capitals(amount: str, text: str) -> None:
    assert capitals(Decimal(amount)) == text


def test_capitals_say_what_the_figures_say(world: World) -> None:
    for invoice in invoices(world.facts):
        assert parse_amount(capitals(abs(invoice.gross))) == abs(invoice.gross)


def test_what_is_invoiced_and_declared_moves_money(world: World) -> None:
    booked = {line.payment.remark: line for lines in bookings(world.facts).values() for line in lines}
    paid = [invoice for invoice in invoices(world.facts) if f"货款{invoice.number}" in booked]
    assert len(paid) > 80
    assert all(booked[f"货款{invoice.number}"].credit == invoice.gross for invoice in paid)
    for day, items in items_by_day(world.facts).items():
        assert day < LAST_DAY
        assert booked[f"报关单{items[0].number}"].debit == sum(item.duty + item.vat for item in items)
