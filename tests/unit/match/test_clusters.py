"""Groups under constraints, on pairs of every order and number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taihu.match.clusters import Clusters

IDS = [f"r{n}" for n in range(9)]
PAIRS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=30)
VALUES = st.dictionaries(st.sampled_from(IDS), st.sampled_from(["x", "y", "z"]))


@given(PAIRS, VALUES, VALUES, PAIRS)
def test_no_group_holds_two_values_or_a_pair_set_apart(
    pairs: list[tuple[str, str]], codes: dict[str, str], branches: dict[str, str], apart: list[tuple[str, str]]
) -> None:
    apart = [(left, right) for left, right in apart if left != right]
    made = Clusters(IDS, exclusive=[codes, branches], apart=apart)
    for left, right in pairs:
        joined = made.join(left, right)
        assert joined == (made.find(left) == made.find(right))
    groups = made.groups().values()
    assert sorted(record for group in groups for record in group) == IDS
    for group in groups:
        for values in (codes, branches):
            assert len({values[record] for record in group if record in values}) <= 1
        assert not any(left in group and right in group for left, right in apart)


@given(PAIRS, VALUES)
def test_strict_values_are_kept_whoever_joins(pairs: list[tuple[str, str]], contents: dict[str, str]) -> None:
    made = Clusters(IDS, strict=[contents])
    for left, right in pairs:
        made.join(left, right, ask=False)
    assert all(len({contents[record] for record in group if record in contents}) <= 1 for group in made.groups().values())


def test_a_chain_does_not_join_two_codes_and_without_the_rule_it_would() -> None:
    chain, codes = [("r0", "r1"), ("r1", "r2")], {"r0": "x", "r2": "y"}
    for exclusive, groups in ([codes], 2), ([], 1):
        made = Clusters(IDS[:3], exclusive=exclusive)
        for left, right in chain:
            made.join(left, right)
        assert len(made.groups()) == groups


def test_what_a_person_put_together_may_hold_two_values_and_takes_no_third() -> None:
    made = Clusters(IDS[:4], exclusive=[{"r0": "x", "r1": "y", "r2": "x", "r3": "z"}])
    assert not made.join("r0", "r1") and made.join("r0", "r1", ask=False)
    assert made.join("r2", "r1") and not made.join("r3", "r0")
