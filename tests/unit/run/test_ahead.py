"""Files are read ahead, and each gives what it gives when it is read alone."""

from __future__ import annotations

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.core.types import FileRead
from taihu.ledger.records import Arrival
from taihu.manifest.tree import Source
from taihu.project.workspace import Workspace
from taihu.run import ahead
from taihu.run.ahead import ReadAhead
from taihu.run.collecting import collect_all
from taihu.run.intake import read_arrival
from taihu.run.loading import in_order
from taihu.run.recorded import recorded


@pytest.fixture
def order(shop: Shop, ws: Workspace) -> list[tuple[Source, Arrival]]:
    """Five sales files and what else came, in the order in which they are loaded."""
    for number in range(1, 6):
        shop.sales("A", str(number), f"{number}:{number * 100}", at(1, 6, number))
    sources = list(ws.tree.sources.values())
    collect_all(ws, sources)
    found = in_order(sources, recorded(ws, list(ws.tree.sources)))
    assert [arrival.name for source, arrival in found if source.name == "sales"] == [f"sales_A_{number}.csv" for number in range(1, 6)]
    return found


def test_each_file_is_what_it_is_when_read_alone_in_whatever_order(ws: Workspace, order: list[tuple[Source, Arrival]]) -> None:
    for asked in (order, order[::-1], order[1::2], [*order, order[0]]):
        with ReadAhead(ws, order) as reading:
            for source, arrival in asked:
                assert _rows(reading.read(source, arrival)) == _rows(read_arrival(ws, source, arrival))


def test_one_file_is_read_ahead_and_no_large_one(
    ws: Workspace, order: list[tuple[Source, Arrival]], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def noted(ws: Workspace, source: Source, arrival: Arrival, passwords: list[str]) -> FileRead:
        begun.append(arrival.name)
        return read_arrival(ws, source, arrival, passwords)

    monkeypatch.setattr(ahead, "read_arrival", noted)
    with ReadAhead(ws, order) as reading:
        reading.read(*order[0])
    assert begun == [order[0][1].name, order[1][1].name]
    begun.clear()
    monkeypatch.setattr(ahead, "LARGEST_AHEAD", order[1][1].size - 1)
    with ReadAhead(ws, order) as reading:
        reading.read(*order[0])
    assert begun == [order[0][1].name]


def test_what_is_wrong_with_the_next_source_is_told_of_its_own_file(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", "layouts: [standard]}", "layouts: [standard], passwords: [env:NOT_SET_ANYWHERE]}")
    shop.sales("A", "1", "1:100", at(2, 6))
    result = shop.run(at(2))
    assert result.decided == {"accepted": 2, "rejected": 1}
    assert {"clean.parties", "clean.orders"} <= set(result.tables)


def _rows(file: FileRead) -> list[dict[str, object]]:
    return [row for table in file.tables for row in table.rows.to_pylist()]
