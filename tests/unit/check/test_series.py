"""``anomalies`` as a rule of a source: what is far off holds the arrival for a person, what is a little off is noted."""

import datetime as dt
import math
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from taihu.check.arrival import check_arrival
from taihu.check.verdict import CheckContext, Verdict
from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.errors import ManifestError
from taihu.core.types import Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse

TEXT = """
title: {zh: 流向, en: Sell-out}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: mailbox}
load: replace
columns:
  document_date: {type: date}
  product_code:  {type: text}
  gross_amount:  {type: money, currency: CNY, tax: included}
business_date: document_date
checks:
  - {anomalies: {of: gross_amount, by: [product_code], promotions: promotions}, else: hold}
"""
CALENDAR = Calendar(packaged_notices())
SCHEMA = pa.schema(
    [("document_date", pa.date32()), ("product_code", pa.string()), ("gross_amount", pa.decimal128(18, 2)), ("_src_row", pa.string())]
)
LAST = dt.date(2026, 9, 16)


def rows(first: dt.date, last: dt.date, products: int = 3, seed: int = 1, **wrong: float) -> pa.Table:
    """Two lines a day and product; ``P1=12`` multiplies what that product sold on the last day."""
    chance = random.Random(seed)
    made: list[dict[str, Any]] = []
    for day in Span(first, last + dt.timedelta(days=1)).days():
        for product in range(1, products + 1):
            for _ in range(2):
                usual = 500 * product * (1.0 if CALENDAR.is_workday(day) else 0.3) * math.exp(chance.gauss(0, 0.05))
                amount = usual * (wrong.get(f"P{product}", 1.0) if day == last else 1.0)
                if amount:
                    made.append(dict(zip(SCHEMA.names, (day, f"P{product}", round(Decimal(amount), 2), f"S!{len(made) + 2}"), strict=True)))
    return pa.Table.from_pylist(made, SCHEMA)


def verdict(arrived: pa.Table, known_days: int, text: str = TEXT, promotions: list[dict[str, Any]] | None = None, seed: int = 2) -> Verdict:
    first = LAST - dt.timedelta(days=known_days)
    before = rows(first, LAST - dt.timedelta(days=1), seed=seed)
    context = CheckContext(
        party="D1",
        spans=[Span(LAST, LAST + dt.timedelta(days=1))],
        previous=lambda _: before,
        reference=lambda name: pa.Table.from_pylist(promotions) if promotions and name == "clean.promotions" else None,
        calendar=CALENDAR,
    )
    return check_arrival(DuckDBEngine(), arrived, parse(SourceFile, text, "source.yml"), context=context)


@pytest.mark.parametrize("known_days", [60, 400])
def test_an_ordinary_day_passes(known_days: int) -> None:
    passed = verdict(rows(LAST, LAST), known_days)
    assert passed.hold is None and not passed.notes and passed.passed == ["anomalies(gross_amount, product_code)"]


def test_a_day_far_off_holds_the_arrival_and_says_where_to_look() -> None:
    held = verdict(rows(LAST, LAST, P2=12), 400)
    assert held.hold == "anomaly_suspected" and held.hold_detail.startswith("2026-09-16: 1 of 3 series are far from such days")
    assert "above" in held.hold_detail and "6000" not in held.hold_detail
    assert [note.position for note in held.notes] == ["S!4", "S!5"] and not held.refusals, "nothing is refused, nothing is deleted"


def test_a_product_without_rows_is_below_what_it_should_be() -> None:
    held = verdict(rows(LAST, LAST, P3=0), 400)
    assert held.hold == "anomaly_suspected" and "below" in held.hold_detail


def test_a_little_off_is_a_note_and_with_warn_everything_is() -> None:
    scores = [verdict(rows(LAST, LAST, P1=factor), 400) for factor in (1.0, 1.18, 1.22, 1.26, 1.3, 3.0)]
    states = ["hold" if each.hold else "note" if each.notes else "pass" for each in scores]
    assert states == sorted(states, key=["pass", "note", "hold"].index) and set(states) == {"pass", "note", "hold"}
    warned = verdict(rows(LAST, LAST, P1=12), 400, TEXT.replace("else: hold", "else: warn"))
    assert warned.hold is None and {note.reason for note in warned.notes} == {"anomaly_suspected"}


def test_a_promotion_of_the_reference_table_is_expected() -> None:
    past = [LAST - dt.timedelta(days=n) for n in (90, 200)]
    promotions = [{"promotion_name": "club", "valid_from": day, "valid_to": day + dt.timedelta(days=1)} for day in [*past, LAST]]
    first = LAST - dt.timedelta(days=400)
    before = rows(first, LAST - dt.timedelta(days=1), seed=5)
    amounts = before["gross_amount"].to_pylist()
    lifted = [a * 3 if day in past else a for a, day in zip(amounts, before["document_date"].to_pylist(), strict=True)]
    before = before.set_column(2, "gross_amount", pa.array(lifted, pa.decimal128(18, 2)))
    told = [None, pa.Table.from_pylist(promotions)]
    holds = []
    for table in told:
        context = CheckContext(party="D1", previous=lambda _: before, reference=lambda _, table=table: table, calendar=CALENDAR)
        arrived = rows(LAST, LAST, P1=3, P2=3, P3=3)
        holds.append(check_arrival(DuckDBEngine(), arrived, parse(SourceFile, TEXT, "source.yml"), context=context).hold)
    assert holds == ["anomaly_suspected", None]


def test_too_short_a_history_is_said_and_holds_nothing() -> None:
    young = verdict(rows(LAST, LAST, P1=12), 20)
    assert young.hold is None and [(note.reason, note.detail) for note in young.notes] == [
        ("not_checked", "20 days are known before it, at least 28 are needed")
    ]


def test_no_single_row_can_be_quarantined_for_it() -> None:
    with pytest.raises(ManifestError, match="no single row"):
        parse(SourceFile, TEXT.replace("else: hold", "else: quarantine"), "source.yml")
