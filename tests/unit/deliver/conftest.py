"""A believable Monday report: a weekend of sales, three distributors missing, one file held, two figures restated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from taihu.core.figures import (
    Arrivals,
    ChartBlock,
    Comparison,
    Figure,
    HoldRow,
    Holds,
    Notes,
    ReportFigures,
    RestatementRow,
    Restatements,
    Series,
    SourceArrivals,
    TableBlock,
    TableRow,
    Tiles,
)
from taihu.core.ids import derived_id
from taihu.core.types import Span, Text

SPAN = Span(dt.date(2026, 11, 20), dt.date(2026, 11, 23))
REGIONS = [
    ("EAST", Text("华东", "East")),
    ("NORTH", Text("华北", "North")),
    ("SOUTH", Text("华南", "South")),
    ("WEST", Text("西南", "West")),
]
CHANNELS = [("DISTRIBUTOR", Text("经销商", "Distributors")), ("KA", Text("商超", "Key accounts")), ("ECOM", Text("电商", "E-commerce"))]
REVENUE = Text("销售额", "Revenue")


def wave(seed: int, n: int) -> Decimal:
    """A repeatable wobble between 0.85 and 1.15 without any random generator."""
    return Decimal(85 + (seed * 37 + n * n * 13 + n * 29) % 31) / 100


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def ratio(value: Decimal, base: Decimal) -> Decimal:
    return (value / base).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def figure(
    label: Text,
    value: Decimal | None,
    format: str,
    unit: str,
    good: str,
    against: dict[str, Decimal | None],
    where: tuple[tuple[str, str], ...] = (),
    **more: object,
) -> Figure:
    comparisons = []
    for kind, base in against.items():
        change = None
        if base and value is not None:
            change = ratio(value, base) if kind == "target" else value - base if format == "percent" else ratio(value, base) - 1
        comparisons.append(Comparison(kind, base, change))
    identity = "f-" + derived_id("figure", label, where, length=12)
    return Figure(identity, label.en.lower(), label, value, format, unit, good, "mart.daily_kpi", SPAN, where, comparisons, **more)  # type: ignore[arg-type]


def tiles() -> Tiles:
    revenue = table().rows[-1].figures[0].value or Decimal(0)
    figures = [
        figure(
            REVENUE,
            revenue,
            "money",
            "CNY",
            "up",
            {"target": Decimal("13900000"), "day": Decimal("14672030.10"), "week": Decimal("13391200.48"), "year": Decimal("11998450.00")},
        ),
        figure(
            Text("销量", "Sell-out"),
            table().rows[-1].figures[1].value,
            "quantity",
            "each",
            "up",
            {"target": None, "day": Decimal("1458110"), "week": Decimal("1363480")},
            is_estimated=True,
        ),
        figure(
            Text("目标达成率", "Target attainment"),
            ratio(revenue, Decimal("13900000")),
            "percent",
            "%",
            "up",
            {"target": None, "day": Decimal("1.010574"), "week": Decimal("0.9220")},
            parts=(("net_revenue_cny", revenue), ("target_revenue_cny", Decimal("13900000"))),
        ),
        figure(
            Text("库存天数", "Stock days"),
            Decimal("23.41"),
            "days",
            "days",
            "down",
            {"target": Decimal("25"), "day": Decimal("23.98"), "week": Decimal("23.41")},
            parts=(("closing_quantity", Decimal("9821000")), ("daily_sell_out_quantity", Decimal("419521.57"))),
        ),
    ]
    trends: list[list[Decimal | None]] = [[cents(Decimal(4100000) * wave(k, n + k * k)) for n in range(14)] for k in range(4)]
    trends[3][5] = None
    return Tiles(figures, trends, dt.date(2026, 11, 22))


def table() -> TableBlock:
    rows, total = [], Decimal(0)
    for c, (channel, channel_name) in enumerate(CHANNELS):
        for r, (region, region_name) in enumerate(REGIONS):
            where = (("channel_code", channel), ("region_code", region))
            target = Decimal(1_900_000 - c * 520_000 - r * 160_000)
            value = cents(target * wave(c * 4 + r, 3))
            total += value
            against = {"target": target, "week": cents(value * wave(r, c + 5))}
            figures = [
                figure(REVENUE, value, "money", "CNY", "up", against, where, is_estimated=(c, r) == (0, 2)),
                figure(Text("销量", "Sell-out"), (value / 10).quantize(Decimal(1)), "quantity", "each", "up", {}, where),
            ]
            rows.append(TableRow([channel_name, region_name], figures, [cents(value / 3 * wave(c + r, n)) for n in range(14)]))
    total_figures = [
        figure(REVENUE, total, "money", "CNY", "up", {"target": Decimal("13900000"), "week": Decimal("13391200.48")}),
        figure(
            Text("销量", "Sell-out"), sum((row.figures[1].value or Decimal(0) for row in rows), Decimal(0)), "quantity", "each", "up", {}
        ),
    ]
    rows.append(TableRow([Text("合计", "Total"), Text("", "")], total_figures, level=0))
    return TableBlock(
        Text("渠道 × 区域", "Channel by region"), [Text("渠道", "Channel"), Text("区域", "Region")], rows, dt.date(2026, 11, 22)
    )


def charts() -> list[ChartBlock]:
    days = [SPAN.end - dt.timedelta(days=30 - n) for n in range(30)]
    x = [Text(day.isoformat(), day.isoformat()) for day in days]
    stacked = [
        Series(
            name,
            [
                cents(Decimal(2_300_000 - 750_000 * c) * wave(c, n) * (Decimal("0.8") if day.isoweekday() >= 6 and c < 2 else 1))
                for n, day in enumerate(days)
            ],
        )
        for c, (_, name) in enumerate(CHANNELS)
    ]
    stock = [
        Series(REGIONS[r][1], [(Decimal(22 + r * 3) * wave(9, n // 3)).quantize(Decimal("0.01")) for n in range(30)]) for r in range(2)
    ]
    return [
        ChartBlock(
            Text("近 30 天销售额，按渠道", "Revenue by channel, last 30 days"), "stacked", x, stacked, "money", "CNY", dt.date(2026, 11, 22)
        ),
        ChartBlock(Text("近 30 天库存天数", "Stock days, last 30 days"), "line", x, stock, "days", "days", dt.date(2026, 11, 21)),
    ]


def arrivals() -> Arrivals:
    def source(name: str, zh: str, en: str, expected: int, reported: int, late: int, missing: list[Text], day: int) -> SourceArrivals:
        return SourceArrivals(name, Text(zh, en), expected, reported, late, missing, dt.date(2026, 11, day))

    missing = [
        Text("苏州恒丰商贸有限公司", "苏州恒丰商贸有限公司"),
        Text("成都瑨源食品经营部", "成都瑨源食品经营部"),
        Text("广州南粤百货", "广州南粤百货"),
    ]
    return Arrivals(
        30,
        27,
        Decimal("0.9642"),
        [
            source("sell_out_huadong", "华东经销商销售（邮件）", "East sell-out (mail)", 8, 7, 1, missing[:1], 22),
            source("sell_out_xinan", "西南经销商销售（邮件）", "West sell-out (mail)", 7, 6, 0, missing[1:2], 22),
            source("sell_out_huanan", "华南经销商销售（加密邮件）", "South sell-out (encrypted mail)", 7, 6, 2, missing[2:], 21),
            source("sell_out_huabei", "华北经销商销售（邮件）", "North sell-out (mail)", 8, 8, 0, [], 22),
            source("tmall_orders", "天猫订单", "Tmall orders", 1, 1, 0, [], 22),
            source("erp_deliveries", "ERP 发货", "ERP deliveries", 1, 1, 0, [], 22),
        ],
        parties_are=Text("经销商", "distributors"),
    )


def holds() -> Holds:
    source = Text("华东经销商销售（邮件）", "East sell-out (mail)")
    return Holds(
        [
            HoldRow(
                source,
                Text("无锡兴达商行", "无锡兴达商行"),
                "2026-11-20..2026-11-22",
                "total_disagrees",
                "stated 128,400.00, rows add up to 118,240.00",
                214,
                "a1f09c22",
            ),
            HoldRow(
                Text("西南经销商销售（邮件）", "West sell-out (mail)"),
                Text("昆明滇池食品", "昆明滇池食品"),
                "2026-11-21",
                "price_out_of_band",
                "",
                3,
                "77e0b1d4",
            ),
            HoldRow(Text("零售商 POS（门户）", "Retailer POS (portal)"), Text("-", "-"), "-", "login_page", "", 0, "0c3de8a1"),
        ]
    )


def restatements() -> Restatements:
    return Restatements(
        "8c1f2a77d0b94e01",
        [
            RestatementRow(
                dt.date(2026, 11, 18),
                REVENUE,
                Decimal("4217730.12"),
                Decimal("4142806.40"),
                "money",
                "data",
                Text("杭州西溪商贸重发了 11 月 18 日文件", "Hangzhou Xixi sent 18 November again"),
            ),
            RestatementRow(
                dt.date(2026, 11, 17),
                Text("目标达成率", "Target attainment"),
                Decimal("0.9821"),
                Decimal("0.9911"),
                "percent",
                "reference",
                Text("目标表更正", "the target table was corrected"),
            ),
        ],
    )


def report() -> ReportFigures:
    return ReportFigures(
        report="daily",
        title=Text("销售日报", "Daily sales report"),
        publication="3b9d5a0c7e21f846",
        version=2,
        span=SPAN,
        issued_at=dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC),
        time_zone="Asia/Shanghai",
        currency="CNY",
        complete=False,
        reviewed=False,
        finding=Text(
            "销售额较上周同期增长 5.1%，达成目标的 101.2%；3 家数据未到",
            "Revenue up 5.1% on last week, 101.2% of target; 3 of 30 distributors not in",
        ),
        audience=None,
        blocks=[
            arrivals(),
            Notes(["华南周末促销提前一周，环比口径受影响。The South promotion moved one week earlier."]),
            tiles(),
            table(),
            *charts(),
            holds(),
            restatements(),
        ],
    )


@pytest.fixture
def figures() -> ReportFigures:
    return report()


@pytest.fixture
def quiet() -> ReportFigures:
    """A report in which everything is in, nothing is held and nothing moved."""
    done = arrivals()
    done = replace(
        done,
        parties_reported=30,
        completeness=Decimal(1),
        sources=[replace(s, reported=s.expected, late=0, missing=[]) for s in done.sources],
    )
    return replace(
        report(),
        complete=True,
        reviewed=True,
        version=1,
        blocks=[done, Notes([]), tiles(), table(), *charts(), Holds([]), Restatements("", [])],
    )


@pytest.fixture
def empty() -> ReportFigures:
    """The first morning of a project: no value, no trend, no row."""
    nothing = figure(REVENUE, None, "money", "CNY", "up", {"target": None, "week": None})
    x = [Text("2026-11-22", "2026-11-22")]
    return replace(
        report(),
        finding=Text("本期尚无数据", "No data for the period yet"),
        blocks=[
            Arrivals(0, 0, Decimal(1), []),
            Tiles([nothing], [[None] * 14], None),
            TableBlock(Text("渠道", "Channel"), [Text("渠道", "Channel")], [TableRow([Text("合计", "Total")], [nothing], level=0)], None),
            TableBlock(Text("核对", "Reconciliation"), [Text("环节", "Rung")], [], None),
            ChartBlock(Text("趋势", "Trend"), "line", x, [Series(REVENUE, [None])], "money", "CNY", None),
            ChartBlock(Text("空", "Empty"), "bar", [], [Series(REVENUE, [])], "money", "CNY", None),
            Holds([]),
            Restatements("", []),
        ],
    )


@pytest.fixture
def make_figure() -> Callable[..., Figure]:
    return figure


@pytest.fixture
def crowded() -> ReportFigures:
    """A week with eight tiles, twenty missing distributors, a wide table over one dimension, three charts and long names."""
    week = Span(dt.date(2026, 11, 16), dt.date(2026, 11, 23))
    missing = [
        Text(f"江苏省苏州市第{n}食品饮料商贸有限责任公司", f"Suzhou Food and Beverage Trading Company No. {n}") for n in range(1, 21)
    ]
    sources = [SourceArrivals("sell_out", Text("经销商销售", "Sell-out"), 60, 40, 3, missing, None)]
    wide = []
    for n, (region, name) in enumerate(REGIONS):
        where = (("region_code", region),)
        against = {"target": Decimal(5_000_000), "day": Decimal(4_800_000), "week": None, "year": Decimal(3_900_000)}
        figures = [figure(REVENUE, Decimal(4_700_000 + n * 211_000), "money", "CNY", "up", against, where)]
        figures += [
            figure(Text(f"指标{k}", f"Measure {k}"), Decimal(k * 1000 + n), "quantity", "each", "none", {}, where) for k in range(4)
        ]
        wide.append(TableRow([name], figures, []))
    row = tiles().figures[0]
    many = Tiles([replace(row, id=f"f-{n:012d}", label=Text(f"销售额第{n}口径", f"Revenue, definition {n}")) for n in range(8)], [], None)
    bars = ChartBlock(
        Text("区域库存天数", "Stock days by region"),
        "bar",
        [name for _, name in REGIONS],
        [Series(Text("库存天数", "Stock days"), [Decimal("20.5"), None, Decimal("31"), Decimal("18.2")])],
        "days",
        "days",
    )
    return replace(
        report(),
        span=week,
        blocks=[
            Arrivals(60, 40, Decimal("0.6123"), sources),
            many,
            TableBlock(Text("区域", "Region"), [Text("区域", "Region")], wide, None),
            *charts(),
            bars,
            Holds([replace(holds().rows[0], party=missing[0], source=missing[1], detail="x" * 300)] * 20),
        ],
    )
