"""A number from a wide sheet leads back to its own cell, not to its row's first one."""

from __future__ import annotations

from pathlib import Path

from tests.unit.run.conftest import Shop, at

from taihu.run.explaining import explain, latest_figures

LAYOUT = "header: [大区]\nheader_rows: 1\nunpivot: {columns: ['2026-*/*'], split: '/', into: [日期, '*']}\n"


def test_cells_of_unpivoted_rows(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "wide")
    shop.write("sources/sales/layouts/standard.yml", LAYOUT)
    shop.put("sales", "sales_A_wide.csv", "大区,2026-11-01/金额,2026-10-31/金额\nEAST,100,7\nEAST,50,8\n", at(2, 7))
    shop.edit("sources/sales/source.yml", "2026-11-01", "2026-10-01")
    with shop.open() as ws:
        shop.run(at(2), ws, reports=True)
        listed = next(each for each in latest_figures(ws) if each["measure"] == "revenue" and not each["filter"])
        (part,) = explain(ws, listed["id"])["parts"]
        assert part["equal"] and listed["value"] == "165.00"
        assert {(cell["cell"], cell["text"]) for cell in explain(ws, listed["id"], cells=9)["parts"][0]["cells"]} == {
            ("2:2", "100"),
            ("3:2", "50"),
            ("2:3", "7"),
            ("3:3", "8"),
        }
