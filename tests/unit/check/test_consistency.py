"""``consistent`` and ``identity`` rules on arrivals: what is named, refused or repaired, and what a party's history allows."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihu.check import CheckContext, Verdict, check_arrival, repaired
from taihu.check.identities import closing, differences, learned
from taihu.core.errors import ManifestError
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.consistency import Identity
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse

HEAD = """
title: {zh: 客户, en: Customers}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: folder}
load: append
columns:
  day:      {type: date}
  code:     {type: text}
  name:     {type: text}
  city:     {type: text}
  phone:    {type: phone, personal: contact}
  opening:  {type: quantity}
  inbound:  {type: quantity}
  outbound: {type: quantity}
  closing:  {type: quantity}
business_date: day
checks:
"""
STOCK = "identity: {equals: closing, plus: [opening, inbound], minus: [outbound], within: learned}"
SCHEMA = pa.schema(
    [("day", pa.date32()), *((name, pa.string()) for name in ("code", "name", "city", "phone"))]
    + [(name, pa.decimal128(18, 3)) for name in ("opening", "inbound", "outbound", "closing")]
    + [(name, pa.string()) for name in ("dq_flags", "_src_row", "_src_id")]
)
DAY = dt.date(2026, 9, 18)
FIRMS = {"D1": ("恒鑫商贸", "苏州"), "D2": ("北辰物流", "沈阳"), "D3": ("南华百货", "广州")}


def source(*checks: str) -> SourceFile:
    return parse(SourceFile, HEAD + "\n".join(f"  - {{{check}}}" for check in checks), "source.yml")


def row(number: int, code: str = "D1", **given: Any) -> dict[str, Any]:
    name, city = FIRMS[code]
    stock = {"opening": Decimal(10), "inbound": Decimal(5), "outbound": Decimal(3), "closing": Decimal(12)}
    return {
        "day": DAY,
        "code": code,
        "name": name,
        "city": city,
        "dq_flags": "",
        "_src_row": f"1!{number}",
        "_src_id": "A",
        **stock,
    } | given


def judged(rows: list[dict[str, Any]], file: SourceFile, history: list[dict[str, Any]] | None = None) -> Verdict:
    earlier = pa.Table.from_pylist(history, SCHEMA) if history else None
    context = CheckContext(party="D1", previous=lambda _: earlier)
    return check_arrival(DuckDBEngine(), pa.Table.from_pylist(rows, SCHEMA), file, context=context)


FOLLOW = "consistent: {by: [code], columns: [name, city]"


def test_a_disagreeing_cell_is_remarked_on_with_place_and_evidence() -> None:
    rows = [row(n, f"D{n % 3 + 1}") for n in range(12)] + [row(12, "D1", name="恒鑫商茂")]
    (note,) = judged(rows, source(FOLLOW + "}, else: warn")).notes
    assert (note.reason, note.position, note.column) == ("value_disagrees", "1!12", "name")
    assert "4 rows of the same code" in note.detail
    assert "恒" not in note.detail


def test_a_disagreeing_row_is_quarantined_where_the_contract_says_so() -> None:
    rows = [row(n, f"D{n % 3 + 1}") for n in range(12)] + [row(12, "D1", name="恒鑫商茂")]
    verdict = judged(rows, source(FOLLOW + "}, else: quarantine"))
    assert [(one.reason, one.position, one.column) for one in verdict.refusals] == [("value_disagrees", "1!12", "name")]
    assert verdict.repairs == []


def test_earlier_rows_vote_too() -> None:
    rows = [row(0, "D1", name="恒鑫商茂"), row(1, "D2"), row(2, "D3")]
    file = source(FOLLOW + "}, else: warn")
    assert judged(rows, file).notes == []
    assert [note.position for note in judged(rows, file, [row(n, _src_id=f"old{n}") for n in range(4)]).notes] == ["1!0"]


def test_a_repair_takes_the_majority_and_marks_the_row() -> None:
    rows = [row(n, f"D{n % 3 + 1}") for n in range(18)] + [row(18, "D1", name="恒鑫商茂", dq_flags="rounded")]
    verdict = judged(rows, source(FOLLOW + ", repair: vote}, else: warn"))
    assert [(note.reason, note.position, note.column) for note in verdict.notes] == [("voted", "1!18", "name")]
    table = pa.Table.from_pylist(rows, SCHEMA)
    after = repaired(table, verdict.repairs)
    assert after.slice(0, 18) == table.slice(0, 18)
    assert after.to_pylist()[18] == rows[18] | {"name": "恒鑫商贸", "dq_flags": "rounded,voted", "phone": None}


def test_spelling_alone_is_judged_without_by() -> None:
    rows = [row(n, city="Shanghai") for n in range(90)] + [row(90, city="Shangahi")]
    (note,) = judged(rows, source("consistent: {columns: [city]}, else: warn")).notes
    assert (note.position, note.column) == ("1!90", "city")


@pytest.mark.parametrize(
    ("check", "word"),
    [
        ("consistent: {by: [code], columns: [phone], repair: vote}, else: warn", "phone"),
        ("consistent: {by: [code], columns: [day], repair: vote}, else: warn", "day"),
        ("identity: {equals: closing}, else: warn", "adds something up"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_load(check: str, word: str) -> None:
    with pytest.raises(ManifestError, match=word):
        source(check)


# sums -------------------------------------------------------------------------------------------------------------------


def leaking(rng: random.Random, number: int, share: float, most: int, fault: int = 0) -> dict[str, Any]:
    """A stock row of a party that does not report everything: off by up to ``most`` pieces in a ``share`` of its rows."""
    off = rng.choice([n for n in range(-most, most + 1) if n]) if most and rng.random() < share else 0
    return row(number, closing=Decimal(12 + off + fault))


@pytest.mark.parametrize(("share", "most"), [(0.0, 0), (0.15, 4), (0.5, 2), (0.15, 40)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_usual_difference_of_a_party_is_learned(share: float, most: int, seed: int) -> None:
    """Faults well beyond the usual are found, the usual is not remarked on; one fault in a hundred rows spoils no history."""
    rng = random.Random(seed)
    history = [leaking(rng, n, share, most, fault=500 * (n % 100 == 7)) for n in range(600)]
    rows = [leaking(rng, n, share, most, fault=(5 + 3 * most) * (n % 50 == 3)) for n in range(400)]
    noted = {note.position for note in judged(rows, source(STOCK + ", else: warn"), history).notes}
    planted = {f"1!{n}" for n in range(400) if n % 50 == 3}
    assert planted <= noted
    assert len(noted - planted) <= 2  # the largest difference may not have occurred before


def test_without_history_the_sum_must_be_exact() -> None:
    assert [n.position for n in judged([row(0), row(1, closing=Decimal(13))], source(STOCK + ", else: warn")).notes] == ["1!1"]


def test_a_missing_part_fails_and_quarantines() -> None:
    (refused,) = judged([row(0), row(1, inbound=None)], source(STOCK.replace("learned", "0") + ", else: quarantine")).refusals
    assert (refused.reason, refused.position, refused.column) == ("identity_broken", "1!1", "closing")


CARRIED = Identity(equals="opening", carried="closing", after=("day",), per=("code",))


def test_the_opening_is_the_closing_before() -> None:
    days = [row(n, day=DAY + dt.timedelta(days=n), opening=Decimal(12 if n else 10)) for n in range(3)]
    table = pa.Table.from_pylist([*days, row(9, "D2", opening=Decimal(7))], SCHEMA)
    assert differences(table, CARRIED) == [0, 0, 0, 0]
    wrong = pa.Table.from_pylist([days[0], days[1] | {"opening": Decimal(11)}, days[2]], SCHEMA)
    assert differences(wrong, CARRIED) == [0, -1, 0]
    later = pa.Table.from_pylist([days[2] | {"opening": Decimal(10)}], SCHEMA)
    assert differences(later, CARRIED, closing(pa.Table.from_pylist(days[:2], SCHEMA), CARRIED)) == [-2]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_running_balance_in_either_order(backwards: bool) -> None:
    """Banks list the newest row first as often as last; rows of one day stay in the order of the list."""
    balance, rows = Decimal(100), []
    for number, amount in enumerate((5, -3, 8, -1)):
        balance += amount
        move = {"inbound": Decimal(max(amount, 0)), "outbound": Decimal(max(-amount, 0)), "closing": balance}
        rows.append(row(number, day=DAY + dt.timedelta(days=number // 2), **move))
    rule = Identity(equals="closing", plus=("inbound",), minus=("outbound",), after=("day",))
    listed = rows[::-1] if backwards else rows
    assert differences(pa.Table.from_pylist(listed, SCHEMA), rule) == [0, 0, 0, 0]
    listed[1]["closing"] += 1
    assert any(differences(pa.Table.from_pylist(listed, SCHEMA), rule))


@given(
    moves=st.lists(st.tuples(st.sampled_from([None, 0, 1, 2]), st.sampled_from([None, "A", "B"]), st.integers(0, 9)), max_size=12),
    per=st.sampled_from([(), ("code",), ("code", "day")]),
)
def test_what_a_history_left_is_its_last_row(moves: list[tuple[int | None, str | None, int]], per: tuple[str, ...]) -> None:
    """Said the long way: put all rows in order, and let each take the place of the one before."""
    rows = [
        row(n) | {"code": c, "day": d if d is None else DAY + dt.timedelta(d), "closing": Decimal(x)} for n, (d, c, x) in enumerate(moves)
    ]
    rule = Identity(equals="closing", after=("day",), per=per)
    timed = [each for each in rows if each["day"] is not None]
    listed = timed[::-1] if timed and timed[0]["day"] > timed[-1]["day"] else timed
    said = {tuple(each[name] for name in per): each["closing"] for each in sorted(listed, key=lambda each: each["day"])}
    assert closing(pa.Table.from_pylist(rows, SCHEMA), rule) == said


def test_an_invoice_adds_up_to_the_cent() -> None:
    file = source('identity: {equals: closing, plus: [opening, inbound], within: "0.01"}, else: warn')
    rows = [row(0, closing=Decimal("15.01")), row(1, closing=Decimal("15.02"))]
    assert [note.position for note in judged(rows, file).notes] == ["1!1"]


def test_what_is_learned_is_told() -> None:
    rng = random.Random(3)
    history = pa.Table.from_pylist([leaking(rng, n, 0.3, 4) for n in range(200)], SCHEMA)
    tolerance = learned(history, Identity(equals="closing", plus=("opening", "inbound"), minus=("outbound",), within="learned"))
    assert tolerance.rows == 200
    assert tolerance.allowed == 4
