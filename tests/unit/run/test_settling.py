"""One source is settled beside the next; whoever reads its table waits, and what goes wrong there goes wrong here."""

from __future__ import annotations

import threading

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.project.workspace import Workspace
from taihu.run.collecting import collect_all
from taihu.run.loading import Judged, judge, settle
from taihu.run.recorded import recorded
from taihu.run.settling import Settling


def judged(ws: Workspace, name: str) -> Judged:
    found = judge(ws, ws.tree.sources[name], recorded(ws, [name])[name])
    assert found is not None
    return found


def test_rows_are_read_after_their_table_is_written(shop: Shop) -> None:
    """Positive control: without the wait, the new party is not there yet."""
    shop.run(at(2))
    shop.put("parties", "b.csv", "编码,名称,大区\nA,甲店,WEST\nC,丙店,WEST\n", at(3, 6))
    shop.clock.move_to(at(3))
    with shop.open() as ws:
        collect_all(ws, list(ws.tree.sources.values()))
        go = threading.Event()
        with Settling(ws) as settling:
            parties = judged(ws, "parties")
            before = ws.clean_rows("clean.parties").num_rows
            settling.begin(parties, lambda: (go.wait(10), settle(ws, parties)))
            waits, ws.before_reading = ws.before_reading, None
            assert ws.clean_rows("clean.parties").num_rows == before
            ws.before_reading = waits
            threading.Timer(0.05, go.set).start()
            codes = ws.clean_rows("clean.parties").column("party_code").to_pylist()
        assert "C" in codes


def test_what_fails_beside_is_raised_and_no_lease_stays(shop: Shop) -> None:
    shop.put("parties", "b.csv", "编码,名称,大区\nA,甲店,WEST\n", at(2, 6))
    shop.clock.move_to(at(2))
    with shop.open() as ws:
        collect_all(ws, list(ws.tree.sources.values()))

        def broken() -> None:
            with first.lease:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), Settling(ws) as settling:
            first = judged(ws, "parties")
            settling.begin(first, broken)
            ws.clean_rows("clean.parties")  # a reader waits, and is not to blame
            settling.begin(judged(ws, "orders"), lambda: None)
        for name in ("parties", "orders"):
            with ws.ledger.lease(f"table:clean.{name}"):
                pass


def test_nothing_is_typed_while_a_source_is_settled(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that type would take each other's tables out of the engine; a database's keys are typed as rows of files are."""
    with shop.open() as ws:
        shop.run(at(2), ws)
        shop.order("O2", 3, "5")
        shop.clock.move_to(at(3))
        collect_all(ws, list(ws.tree.sources.values()))
        orders = judged(ws, "orders")
        assert orders.keys is not None and orders.keys.typed.num_rows == 2

        def typed(*given: object, **named: object) -> None:
            raise AssertionError("typed while settling")

        for module in ("taihu.run.reconciling", "taihu.run.intake"):
            monkeypatch.setattr(f"{module}.clean_table", typed)
        assert [intake.state for intake in settle(ws, orders).intakes] == ["accepted", "accepted"]
