"""One source is settled beside the next; whoever reads its table waits, and what goes wrong there goes wrong here."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.core.types import KEY_SET
from taihu.project.workspace import Workspace
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
        from taihu.run.collecting import collect_all

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
        from taihu.run.collecting import collect_all

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


def test_keys_of_a_database_are_settled_where_files_are_judged(shop: Shop) -> None:
    """Two threads that type rows would take each other's tables out of the engine."""
    shop.clock.move_to(at(2))
    with shop.open() as ws:
        from taihu.run.collecting import collect_all

        collect_all(ws, list(ws.tree.sources.values()))
        rows = judged(ws, "orders")
        keys = replace(rows, landed=[replace(each, meta={"kind": KEY_SET}) for each in rows.landed])
        threads: list[int] = []
        with Settling(ws) as settling:
            settling.begin(keys, lambda: threads.append(threading.get_ident()))
            settling.begin(rows, lambda: (threads.append(threading.get_ident()), settle(ws, rows)))
        assert [each == threading.get_ident() for each in threads] == [True, False]
