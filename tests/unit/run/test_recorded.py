"""What is asked once for all sources is what each would have been told alone."""

from __future__ import annotations

from tests.unit.run.conftest import Shop, at

from taihu.project.workspace import Workspace
from taihu.run.recorded import Recorded, recorded
from taihu.run.references import References
from taihu.run.unfinished import note, noted, unfinished


def test_all_sources_at_once_are_each_source_alone(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "a", "1:11", at(2, 7))
    shop.sales("A", "b", "1:22 2:5", at(2, 6))
    shop.sales("B", "nil", "", at(2, 7))
    shop.run(at(2), ws)
    shop.sales("A", "late", "2:9", at(3, 5))
    shop.run(at(3), ws)
    names = list(ws.tree.sources)
    known = recorded(ws, names)
    assert any(known[name].winners() for name in names) and any(known[name].expectations for name in names)
    for name in names:
        assert known[name] == recorded(ws, [name])[name]
        assert known[name].winners() == ws.ledger.winners(name)
        assert list(known[name].arrivals) == ws.ledger.arrivals(source=name)
        alone, together = References(ws, ws.tree.sources[name]), References(ws, ws.tree.sources[name], known[name])
        assert (alone.winners, alone.open_debts()) == (together.winners, together.open_debts())
    assert recorded(ws, []) == {} and Recorded().winners() == {}


def test_what_was_unfinished_is_the_newest_word_of_each_source(ws: Workspace) -> None:
    for names, before in ((["x.csv"], ""), (["x.csv", "y.csv"], "1\nx.csv"), (["x.csv", "y.csv"], "2\nx.csv\ny.csv")):
        note(ws, "sales", names, before)
    note(ws, "orders", ["z.csv"], "")
    note(ws, "orders", [], noted(ws)["orders"])
    assert noted(ws) == {"sales": "2\nx.csv\ny.csv", "orders": ""}
    assert [(each.source, each.count, each.text) for each in unfinished(ws)] == [("sales", 2, "x.csv, y.csv")]
    assert len(ws.ledger.outcomes(step="unfinished")) == 4, "what has not changed is not recorded again"
