"""The project of company A with a state as after some mornings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from taihu.core.figures import ChartBlock, Comparison, Figure, ReportFigures, Series, Tiles
from taihu.core.types import Span, Text
from taihu.describe.catalog import Catalog, catalog_of
from taihu.describe.state import PublicationState, SourceState, State, TableState
from taihu.manifest.tree import ProjectTree
from taihu.project.load import load_tree

COMPANY = Path(__file__).parents[3] / "examples" / "company_a"
ISSUED = dt.datetime(2026, 10, 12, 0, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def tree() -> ProjectTree:
    return load_tree(COMPANY)


@pytest.fixture(scope="session")
def catalog(tree: ProjectTree) -> Catalog:
    return catalog_of(tree)


def figure(name: str, label: Text, value: str, format: str, unit: str, good: str, week: str) -> Figure:
    change = Comparison("week", Decimal(1), Decimal(week))
    return Figure(
        "f-1", name, label, Decimal(value), format, unit, good, "mart.daily_kpi", Span(ISSUED.date(), ISSUED.date()), (), (change,)
    )  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def state(tree: ProjectTree, catalog: Catalog) -> State:
    """Invented counts; what is made from them is looked at, not believed."""
    day = dt.date(2026, 10, 11)
    days = [day - dt.timedelta(days=n) for n in range(27, -1, -1)]
    x = [Text(f"{d:%m-%d}", f"{d:%m-%d}") for d in days]
    channels = (("经销商", "Distributors", 90000), ("电商", "E-commerce", 22000))
    series = [Series(Text(zh, en), [Decimal(base + 900 * (n % 7)) for n in range(28)]) for zh, en, base in channels]
    figures = ReportFigures(
        report="daily",
        title=Text("销售日报", "Daily sales report"),
        publication="p-1234",
        version=1,
        span=Span(day, day + dt.timedelta(days=1)),
        issued_at=ISSUED,
        time_zone="Asia/Shanghai",
        currency="CNY",
        complete=False,
        reviewed=False,
        finding=Text("销售额较上周同期增长 4.2%；2 家数据未到", "Revenue up 4.2% on last week; 2 of 22 parties not in"),
        audience=None,
        blocks=[
            Tiles(
                [
                    figure("net_revenue", Text("销售额", "Revenue"), "1284711.42", "money", "CNY", "up", "0.042"),
                    figure("stock_days", Text("库存天数", "Stock days"), "18.4", "days", "", "down", "0.031"),
                ]
            ),
            ChartBlock(Text("近28天销售额", "Revenue of 28 days"), "stacked", x, series, "money", "CNY"),
        ],
    )
    return State(
        as_of=ISSUED,
        tables={name: TableState(name, 3, 1200 + 37 * n) for n, name in enumerate(catalog.tables)},
        sources={
            name: SourceState(name, {"accepted": 20 + n, "held": n % 3, "superseded": 1}, 900, n % 4, day)
            for n, name in enumerate(tree.sources)
        },
        reasons={"total_disagrees": 3, "mojibake": 2},
        quarantine={"price_out_of_band": 5, "total_disagrees": 1},
        totals={"agree": 80, "disagree": 3, "absent": 40},
        debts={"arrived": 400, "late": 12, "missing": 2, "nil": 3, "waived": 4},
        publications=[PublicationState("p-1234", "daily", 1, "2026-10-11", ISSUED, False)],
        figures=figures,
    )
