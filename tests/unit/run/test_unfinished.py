"""A file that is there and not finished is said, by the run and by ``taihu status``, until it is finished."""

from __future__ import annotations

import json

from tests.unit.run.conftest import Shop, at
from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.run.unfinished import Unfinished, unfinished


def test_files_that_are_not_finished_are_said(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", 'pattern: "*.csv"}', 'pattern: "*.csv", marker: .ok}')
    for number in range(7):
        shop.sales("A", str(number), "1:100", at(2, 7))
    shop.put("sales", "sales_A_3.csv.ok", "", at(2, 7))
    with shop.open() as ws:
        assert shop.run(at(2), ws).waiting == {"sales": 6}
        assert shop.run(at(2, 9), ws).waiting == {"sales": 6}
        (found,) = unfinished(ws)
        assert found == Unfinished("sales", 6, tuple(f"sales_A_{n}.csv" for n in (0, 1, 2, 4, 5)))
        assert len(ws.ledger.outcomes(step="unfinished")) == 1, "said once as long as it is the same"
    told = CliRunner().invoke(app, ["--lang", "en", "status", "-p", str(shop.root)]).output
    assert "6 files not finished" in told and "sales_A_0.csv" in told
    assert json.loads(CliRunner().invoke(app, ["status", "-p", str(shop.root), "--json"]).output)["not_finished"] == {"sales": 6}
    for number in range(7):
        shop.put("sales", f"sales_A_{number}.csv.ok", "", at(2, 7))
    with shop.open() as ws:
        assert shop.run(at(2, 10), ws).waiting == {}
        assert unfinished(ws) == []
