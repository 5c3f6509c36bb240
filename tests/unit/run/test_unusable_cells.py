"""A listed column with an error or a formula that was never computed holds the file; other columns do not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.made.sheets import Error, Formula, Sheet, xlsx
from tests.unit.run.conftest import Shop, amounts, arrival, at

HEADER: list[Any] = ["日期", "金额", "备注", "别的"]


def _shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.edit("sources/sales/source.yml", 'pattern: "*.csv"}\nparty', 'pattern: "*.xlsx"}\nparty')
    shop.edit("sources/sales/source.yml", "read: {as: csv", "read: {as: excel")
    shop.edit(
        "sources/sales/source.yml",
        "business_date:",
        '  remark:     {from: 备注, type: text, optional: true}\nmissing: ["#N/A"]\nbusiness_date:',
    )
    return shop


@pytest.mark.parametrize(
    ("column", "cell", "state", "reason"),
    [
        (1, Error("#REF!"), "held", "error_cell"),
        (2, Error("#DIV/0!"), "held", "error_cell"),
        (2, Error("#N/A"), "accepted", ""),
        (3, Error("#REF!"), "accepted", ""),
        (1, Formula("=1+1"), "held", "formula_without_value"),
        (2, Formula('=A1&""'), "held", "formula_without_value"),
        (3, Formula("=1+1"), "accepted", ""),
        (1, Formula("=1+1", Decimal(2)), "accepted", ""),
    ],
)
def test_where_a_listed_column_is_hit(tmp_path: Path, column: int, cell: Any, state: str, reason: str) -> None:
    shop = _shop(tmp_path)
    rows: list[list[Any]] = [[dt.date(2026, 11, 1), Decimal(n), "x", "y"] for n in (5, 6, 7)]
    rows[1][column] = cell
    shop.put("sales", "sales_A_1.xlsx", xlsx([Sheet("明细", [HEADER, *rows])]), at(2, 7))
    with shop.open() as ws:
        shop.run(at(2), ws)
        came = arrival(ws, "sales_A_1.xlsx")
        assert (came.state, came.reason) == (state, reason)
        if reason:
            (hold,) = ws.ledger.holds()
            assert hold.detail == f"明细!3, column {'ABCD'[column]}"
            ws.ledger.hold_released(hold.id, who="lead", why="the row is known")
            shop.run(at(2, 9), ws)
            left = 2 if isinstance(cell, Error) or column == 1 else 3
            assert len(amounts(ws)) == left, "what has no value is refused row by row once a person has looked at it"
        else:
            assert len(amounts(ws)) == 3
