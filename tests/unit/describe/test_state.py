"""The state is read from a real ledger and a real lake, and holds counts only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from taihu.core.clock import FixedClock
from taihu.core.ids import canonical_json, sha256_of
from taihu.core.types import Item, ObjectRef, Refusal, Scope, Span
from taihu.describe.state import NOTHING_YET, state_of
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.lake.tables import Tables
from taihu.ledger import Ledger
from taihu.ledger.records import ArrivalDecision, Expectation, Publication

MORNING = dt.datetime(2026, 9, 15, 0, 30, tzinfo=dt.UTC)
DAY = dt.date(2026, 9, 14)
SPAN = Span(DAY, DAY + dt.timedelta(days=1))


def open_ledger(folder: Path) -> Ledger:
    keyring = Keyring.create(folder / "keys", root=bytes(range(32)))
    return Ledger.open(f"sqlite:///{folder / 'lake' / 'ledger.sqlite'}", sealer=Sealer(keyring), clock=FixedClock(MORNING))


def test_an_empty_project_has_no_data(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        state = state_of(ledger, Tables(tmp_path / "lake" / "tables"))
    assert state.as_of == NOTHING_YET
    assert not state.has_data


def test_counts_of_a_morning(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ids = []
        for number in range(3):
            item = Item(f"mail-{number}", f"张三的流向{number}.xlsx", meta={"sender": "zhangsan@d.example"})
            content = sha256_of(bytes([number]))
            ids.append(ledger.arrival_landed("sell_out", item, ObjectRef(content, 1, "xlsx")))
        refused = [Refusal("invalid_date", "S!3"), Refusal("invalid_date", "S!4")]
        decisions = [
            ArrivalDecision(ids[0], "accepted", scopes=[Scope("D1", SPAN)], rows=5, refusals=refused),
            ArrivalDecision(ids[1], "held", "total_disagrees", scopes=[Scope("D2", SPAN)], rows=7),
            ArrivalDecision(ids[2], "rejected", "damaged_file"),
        ]  # fmt: skip
        ledger.arrivals_decided("sell_out", decisions)
        ledger.expectations_set(
            [Expectation("sell_out", "D1", DAY, MORNING, "arrived"), Expectation("sell_out", "D3", DAY, MORNING, "missing")]
        )
        issued = MORNING + dt.timedelta(hours=1)
        ledger.publication_made(Publication("p-1", "daily", 1, SPAN, issued, {"mart.daily_kpi": 1}))
        tables = Tables(tmp_path / "lake" / "tables")
        tables.replace("mart.daily_kpi", pa.table({"business_date": [DAY, DAY]}))
        state = state_of(ledger, tables, score={"faults": []})
    assert state.as_of == issued
    assert state.rows("mart.daily_kpi") == 2 and state.rows("mart.none") is None
    source = state.sources["sell_out"]
    assert (source.states, source.rows, source.quarantined, source.newest) == ({"accepted": 1, "held": 1, "rejected": 1}, 5, 2, DAY)
    assert state.reasons == {"total_disagrees": 1, "damaged_file": 1}
    assert state.quarantine == {"invalid_date": 2}
    assert state.debts == {"arrived": 1, "missing": 1}
    assert [(p.report, p.span) for p in state.publications] == [("daily", "2026-09-14")]
    assert "张三" not in canonical_json(state) and "zhangsan" not in canonical_json(state)
