"""The market, as a research institute sees it: four-week periods in columns, in thousands of CNY, told anew with every edition."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import FIRST_MORNING
from taihu.demo.drafts import Draft, Row, Style
from taihu.demo.facts import Facts
from taihu.demo.senders.interface import NOBODY, Cells, Personal

EDITIONS = {FIRST_MORNING: dt.date(2026, 8, 9), dt.date(2026, 10, 8): dt.date(2026, 9, 6)}
_FIRST_PERIOD = dt.date(2026, 4, 19)
PERIODS = tuple(_FIRST_PERIOD + dt.timedelta(weeks=4 * n) for n in range(6))
_FIGURES = {"value": "销售额(千元)", "volume": "销售量(千克)", "distribution": "加权铺货率(%)"}
_BRANDS = (
    ("包装水", "A公司", "清泉"),
    ("包装水", "北泉集团", "北泉"),
    ("即饮茶", "A公司", "茶语"),
    ("即饮茶", "南岭饮品", "岭上春"),
    ("薯片", "A公司", "脆香"),
    ("薯片", "金谷食品", "谷乐"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A brand's figures in one region, channel and period."""

    value: Decimal
    volume: Decimal
    distribution: Decimal


Series = tuple[str, str, str, str, str]


class MarketData:
    """A workbook an edition, in the shared folder."""

    source = "market_data"
    channel = "inbox/market_data"
    style = Style(
        "four_weeks",
        "xlsx2",
        {
            "region": "区域", "channel": "渠道", "category": "品类", "manufacturer": "厂商", "brand": "品牌",
            **{f"{end}|{name}": f"4周截至{end}/{header}" for end in PERIODS for name, header in _FIGURES.items()},
        },
        above=lambda draft: [draft.title, "来源：零售监测；历史数据随新一期修订"],
        tables=lambda draft: [[row for row in draft.rows for name in draft.columns if name.endswith("|value")]],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"core.market": ("business_date", "region_name", "market_channel", "brand_name")}

    def simulate(self, facts: Facts, seed: int) -> None:
        rng = random.Random(f"{self.source}:{seed}")
        editions: list[dict[tuple[Series, dt.date], Cell]] = []
        for end in EDITIONS.values():
            known = editions[-1] if editions else {}
            editions.append({key: _cell(known.get(key), rng) for key in _keys() if key[1] <= end})
        facts.more[self.source] = editions

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        if morning in EDITIONS:
            end = EDITIONS[morning]
            cells = facts.more[self.source][list(EDITIONS).index(morning)]
            series = list(dict.fromkeys(key for key, _ in cells))
            columns = [name for name in self.style.headers if "|" not in name or name <= f"{end}|~"]
            rows = [_row(each, cells) for each in series]
            title, name = f"食品饮料零售监测（截至{end}）", f"零售监测_{end:%Y%m%d}.xlsx"
            yield Draft(self.source, self.style, self.source, (morning,), name, title, rows, self.channel, columns=columns)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        """The last edition counts, also for the periods that earlier ones told."""
        cells: Cells = {
            (end.isoformat(), series[0], series[1], series[4]): {
                "sales_value": cell.value * 1000,
                "sales_kilograms": cell.volume,
                "weighted_distribution": cell.distribution,
            }
            for (series, end), cell in facts.more[self.source][-1].items()
        }
        return {"core.market": cells}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _keys() -> Iterable[tuple[Series, dt.date]]:
    for region in ("华东", "华北", "华南", "西南"):
        for channel in ("大卖场", "便利店"):
            for category, manufacturer, brand in _BRANDS:
                for end in PERIODS:
                    yield (region, channel, category, manufacturer, brand), end


def _cell(before: Cell | None, rng: random.Random) -> Cell:
    """New figures, or those of the edition before with new stores in the sample."""
    if before is None:
        return Cell(Decimal(rng.randint(30_000, 900_000)) / 10, Decimal(rng.randint(20_000, 400_000)), Decimal(rng.randint(250, 980)) / 10)
    value = (before.value * Decimal(rng.randint(970, 1030)) / 1000).quantize(Decimal("0.1"))
    return Cell(value, before.volume + rng.randint(-900, 900), before.distribution)


def _row(series: Series, cells: Mapping[tuple[Series, dt.date], Cell]) -> Row:
    row: Row = dict(zip(("region", "channel", "category", "manufacturer", "brand"), series, strict=True))
    for end in PERIODS:
        cell = cells.get((series, end))
        if cell is not None:
            row |= {f"{end}|value": cell.value, f"{end}|volume": cell.volume, f"{end}|distribution": cell.distribution}
    return row
