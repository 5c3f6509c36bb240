"""Records to things: keys, scores, questions, decisions; a small list with known truth of a seed of its own each time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.made.parties import parties
from tests.soak.matching import compared, records_of

from taihu.match.parties import PARTY, one_edit
from taihu.match.resolve import CONFLICT, MIDDLE, Record, Resolved, Verdict, resolve

HEAD, OTHER = "91330100TN4R3PYAX3", "91330100TU4NWRQY0E"


def record(source: str, key: str, name: str, **attributes: Any) -> Record:
    return Record(source, key, {"name": name, **attributes})


def together(found: Resolved, *ids: str) -> bool:
    return any(set(ids) <= set(group) for group in found.groups)


def test_keys_scores_and_questions() -> None:
    found = resolve(
        [
            record("erp", "1", "苏州恒鑫贸易有限公司", uscc=HEAD, address="苏州市金鸡湖路128号", phone="13800001111"),
            record("invoice", "2", "杭州宏泰食品有限公司", uscc=HEAD.lower()),
            record("sales", "3", "恒鑫商贸", address="江苏苏州金鸡湖路128号", phone="138 0000 1111"),
            record("sales", "4", "恒鑫物流", address="江苏苏州金鸡湖路128号", phone="138 0000 1111"),
            record("sales", "5", "苏州恒鑫贸易有限公司园区分公司", phone="13800001111"),
            record("sales", "6", "恒欣贸易", address="苏州市金鸡湖路130号"),
        ],
        PARTY,
    )
    assert together(found, "erp/1", "invoice/2"), "a renamed firm is known by its code"
    assert together(found, "erp/1", "sales/3") and not together(found, "erp/1", "sales/4") and not together(found, "erp/1", "sales/5")
    assert found.decided_by == {"erp/1": "uscc", "invoice/2": "uscc", "sales/3": "score"}
    why = {frozenset((each.left, each.right)) & {"sales/4", "sales/5", "sales/6"}: each.why for each in found.questions}
    assert why[frozenset({"sales/4"})] == CONFLICT, "the sister in the same office is asked, not taken"


def test_decisions_come_first_and_are_replayed() -> None:
    records = [
        record("erp", "1", "苏州恒鑫贸易有限公司", uscc=HEAD),
        record("sales", "2", "苏州恒鑫贸易有限公司", uscc=HEAD),
        record("sales", "3", "完全不同的名字", uscc=OTHER),
    ]
    assert together(resolve(records, PARTY), "erp/1", "sales/2")
    said = [Verdict("erp/1", "sales/2", same=False), Verdict("erp/1", "sales/3", same=True), Verdict("erp/1", "gone/9", same=True)]
    for order in (records, records[::-1]):
        found = resolve(order, PARTY, said)
        assert not together(found, "erp/1", "sales/2") and together(found, "erp/1", "sales/3")
        assert found.decided_by["sales/3"] == "person"
        assert not any({each.left, each.right} == {"erp/1", "sales/2"} for each in found.questions), "what is decided is not asked again"


def test_the_order_of_records_changes_nothing() -> None:
    records = records_of(parties(150, 5))
    first = resolve(records, PARTY)
    random.Random(1).shuffle(records)
    second = resolve(records, PARTY)
    assert first.groups == second.groups and first.questions == second.questions


def test_one_character_apart() -> None:
    def near(left: str, right: str) -> bool:
        return not set(one_edit(left)).isdisjoint(one_edit(right))

    assert near("恒鑫", "恒新") and near("恒鑫", "鑫恒") and near("恒鑫达", "恒鑫") and near("恒鑫达", "恒达") and near("恒鑫达", "恒鑫")
    assert not near("恒鑫", "泰达") and not near("恒鑫达", "泰鑫华") and not near("恒", "泰")


def test_nothing_to_compare() -> None:
    assert resolve([], PARTY).groups == []
    assert resolve([record("erp", "1", "")], PARTY).groups == [["erp/1"]]
    assert len(resolve([record("erp", "1", ""), record("erp", "2", "")], PARTY).groups) == 2, "two records of which nothing is known"


def test_a_list_of_a_fresh_seed() -> None:
    seed = random.SystemRandom().randrange(2**31)
    print(f"seed {seed}")
    lines = parties(1500, seed)
    records = records_of(lines)
    truth: dict[str, int] = {each.id: line.firm for each, line in zip(records, lines, strict=True)}
    found = resolve(records, PARTY)
    precision, recall, pure = compared(found.groups, truth)
    f1 = 2 * precision * recall / (precision + recall)
    # The list is a fourth of what ./do soak matching measures, so its figures scatter more.
    assert f1 >= 0.93 and precision >= 0.97 and pure >= 0.97, (seed, precision, recall, pure)
    middle = [each for each in found.questions if each.why == MIDDLE]
    assert middle and found.questions == sorted(found.questions, key=lambda each: -each.probability), seed
    # Control: exact names alone find less than half of it.
    by_name: dict[str, list[str]] = {}
    for each, line in zip(records, lines, strict=True):
        by_name.setdefault(line.name, []).append(each.id)
    assert compared(by_name.values(), truth)[1] < 0.5


@pytest.mark.parametrize("without", [0.0, 1.0])
def test_with_all_codes_and_with_none(without: float) -> None:
    lines = parties(400, 11, without_code=without)
    records = records_of(lines)
    truth = {each.id: line.firm for each, line in zip(records, lines, strict=True)}
    precision, recall, _ = compared(resolve(records, PARTY).groups, truth)
    assert precision > 0.93 and recall > 0.85, (precision, recall)
