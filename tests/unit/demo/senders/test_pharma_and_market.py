from __future__ import annotations

from collections import defaultdict

from taihu.demo.dates import ALL_DAYS, MORNINGS
from taihu.demo.senders.market_data import PERIODS, MarketData
from taihu.demo.senders.pharma import DISTRIBUTORS, FlowLine, HospitalNames, PharmaFlow
from taihu.demo.world import World


def test_transfers_are_of_both_kinds_and_a_name_is_another_hospital_in_another_city(world: World) -> None:
    known: list[FlowLine] = world.facts.more[PharmaFlow.source]
    transfers = [line for line in known if line.terminal is None]
    assert {line.kind for line in transfers} == {"商业", ""}
    assert {line.called for line in transfers} == {party.name for party in DISTRIBUTORS}
    (listed,) = [draft for morning in MORNINGS for draft in HospitalNames().drafts(world.facts, morning)]
    cities = defaultdict(set)
    for row in listed.rows:
        cities[row["called"]].add(row["city"])
    assert max(map(len, cities.values())) == 2
    unlisted = [
        line for line in known if line.terminal and (line.terminal.city, line.called) not in {(r["city"], r["called"]) for r in listed.rows}
    ]
    assert unlisted


def test_what_is_sold_to_terminals_is_apart_from_what_is_transferred(world: World) -> None:
    known: list[FlowLine] = world.facts.more[PharmaFlow.source]
    cells = PharmaFlow().truth(world.facts)["mart.pharma_sell_out"]
    assert sum(row.get("transfer_amount", 0) for row in cells.values()) == sum(line.gross for line in known if line.terminal is None)
    assert sum(row.get("sell_out_amount", 0) for row in cells.values()) == sum(line.gross for line in known if line.terminal)
    reported = [day for morning in MORNINGS for draft in PharmaFlow().drafts(world.facts, morning) for day in draft.days]
    assert sorted(reported) == sorted([*ALL_DAYS, *ALL_DAYS])


def test_a_new_edition_tells_the_history_again(world: World) -> None:
    first, second = world.facts.more[MarketData.source]
    assert set(first) < set(second)
    assert {end for _, end in second} - {end for _, end in first} == {PERIODS[-1]}
    assert sum(first[key] != second[key] for key in first) > len(first) / 2
