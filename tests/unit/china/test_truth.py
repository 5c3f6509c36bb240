"""Every parser beside its table of hand-written truth: nothing silently wrong, at least 98 % right, the rest refused."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.china.truth import REFUSED, Case, cases, judge

from taihu.china.addresses import parse_address
from taihu.china.dates import parse_date, parse_timestamp
from taihu.china.money import parse_amount, parse_number, parse_percent
from taihu.china.names import parse_company_name
from taihu.china.periods import parse_period
from taihu.china.units import parse_pack

KINDS = {"percent": parse_percent, "number": parse_number}


def amount(case: Case) -> str:
    kind = case.context.get("kind")
    named: dict[str, Any] = dict(case.context)
    value = KINDS[kind](case.text) if kind else parse_amount(case.text, **named)
    return case.expected if case.expected != REFUSED and value == Decimal(case.expected) else str(value)


def date(case: Case) -> str:
    named: dict[str, Any] = {name: value for name, value in case.context.items() if name != "kind"}
    match case.context.get("kind"):
        case "timestamp":
            instant = parse_timestamp(case.text, **named)
            return case.expected if case.expected != REFUSED and instant == dt.datetime.fromisoformat(case.expected) else str(instant)
        case "period":
            span = parse_period(case.text)
            return f"{span.start}..{span.end - dt.timedelta(days=1)}"
        case _:
            return str(parse_date(case.text, **named))


def address(case: Case) -> str:
    day = case.context.get("day")
    return parse_address(case.text, dt.date.fromisoformat(day) if day else None).division.code


def company_name(case: Case) -> str:
    name = parse_company_name(case.text)
    return ";".join((name.region, name.trade, name.industry, name.form, name.branch))


def pack(case: Case) -> str:
    found = parse_pack(case.text)
    return f"{found}={found.pieces}"


TABLES = {"amounts": (amount, 400), "dates": (date, 300), "addresses": (address, 200), "names": (company_name, 200), "packs": (pack, 100)}


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_silently_wrong(name: str) -> None:
    parse, least = TABLES[name]
    verdict = judge(list(cases(name)), parse)
    assert verdict.total >= least
    assert not verdict.wrong
    assert verdict.right >= 0.98 * verdict.total, verdict.refused
