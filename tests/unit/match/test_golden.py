"""Golden ids that stay with their things, survivorship by trust, former states with their days."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taihu.match.golden import ALWAYS, OPEN, golden_ids, golden_records, golden_table
from taihu.match.parties import PARTY
from taihu.match.resolve import Record

DAY = dt.date(2026, 11, 25)


def records(*ids: str, members: tuple[str, ...] = ()) -> dict[str, Record]:
    made = [Record(*each.split("/"), {}, is_member=each in members) for each in ids]
    return {each.id: each for each in made}


def test_a_group_has_the_id_of_its_member_and_the_id_that_it_had() -> None:
    known = records("erp/S1", "erp/S2", "a/1", "a/2", "b/1", members=("erp/S1", "erp/S2"))
    ids = golden_ids("store", [["a/1", "erp/S2", "erp/S1"], ["a/2"], ["b/1"]], known, {})
    assert ids["a/1"] == ids["erp/S2"] == "S1" and ids["a/2"] != ids["b/1"]
    kept = golden_ids("store", [["a/1", "erp/S2", "erp/S1"], ["a/2", "b/1"]], known, {**ids, "a/1": "S2", "erp/S2": "S2"})
    assert kept["a/1"] == "S2", "two members: the one that was used"
    assert kept["a/2"] == kept["b/1"] and kept["a/2"] in (ids["a/2"], ids["b/1"])
    split = golden_ids("store", [["a/1", "erp/S2", "erp/S1"], ["a/2"], ["b/1"]], known, kept)
    assert len({split["a/2"], split["b/1"], kept["a/2"]}) == 2, "one part keeps the id, the other gets one of its own"


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True), st.data())
def test_ids_are_one_a_group_and_stay_when_nothing_moves(names: list[str], data: st.DataObject) -> None:
    known = records(*(f"x/{name}" for name in names))

    def grouped() -> list[list[str]]:
        numbers = data.draw(st.lists(st.integers(0, 3), min_size=len(names), max_size=len(names)))
        return [group for n in range(4) if (group := [f"x/{name}" for name, number in zip(names, numbers, strict=True) if number == n])]

    before: dict[str, str] = {}
    for groups in (grouped(), grouped(), grouped()):
        ids = golden_ids("store", groups, known, before)
        assert len({ids[group[0]] for group in groups}) == len(groups) and all(len({ids[each] for each in group}) == 1 for group in groups)
        assert golden_ids("store", groups[::-1], known, ids) == ids
        before = ids


def said(source: str, trust: int, **attributes: str) -> Record:
    return Record(source, "1", attributes, trust)


def test_the_most_trusted_source_that_has_a_value_wins() -> None:
    holding = [said("erp", 0, name="甲"), said("a", 5, name="乙", phone="1"), said("b", 5, name="丙", phone="2"), said("c", 5, phone="2")]
    found = golden_records({each.id: "S1" for each in holding}, {each.id: each for each in holding}, PARTY)
    assert found == {"S1": ("甲", None, None, "2", "4")}


def states(table: Any) -> list[tuple[Any, ...]]:
    return [(row["store_id"], row["name"], row["valid_from"], row["valid_to"]) for row in table.to_pylist()]


def test_a_changed_record_keeps_its_former_state() -> None:
    later = DAY + dt.timedelta(days=3)
    first = golden_table("store", PARTY, {"S1": ("甲", None, None, None, "1"), "S2": ("乙", None, None, None, "1")}, None, DAY)
    assert states(first) == [("S1", "甲", ALWAYS, OPEN), ("S2", "乙", ALWAYS, OPEN)]
    assert golden_table("store", PARTY, {"S1": ("甲", None, None, None, "1"), "S2": ("乙", None, None, None, "1")}, first, later).equals(
        first
    )
    then = golden_table("store", PARTY, {"S1": ("丁", None, None, None, "1"), "S3": ("戊", None, None, None, "1")}, first, later)
    assert states(then) == [("S1", "甲", ALWAYS, later), ("S1", "丁", later, OPEN), ("S2", "乙", ALWAYS, later), ("S3", "戊", ALWAYS, OPEN)]
    again = golden_table("store", PARTY, {"S1": ("己", None, None, None, "1"), "S2": ("乙", None, None, None, "1")}, then, later)
    assert states(again)[:2] == [("S1", "甲", ALWAYS, later), ("S1", "己", later, OPEN)], "two changes of one day are one"
    assert ("S2", "乙", later, OPEN) in states(again)
