"""The star schema of ``examples/company_a`` on DuckDB, beside the same definitions in Python decimals."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.types import Span
from taihu.manifest.model import FeedFile
from taihu.manifest.project import Weeks
from taihu.manifest.strict import parse
from taihu.manifest.tree import parse_model
from taihu.run.date_table import CALENDAR, calendar_rows

COMPANY = Path(__file__).parents[3] / "examples" / "company_a"
TYPES = {"date": "DATE", "text": "VARCHAR", "integer": "BIGINT", "quantity": "DECIMAL(18,3)", "money": "DECIMAL(18,2)"}
ORDER = [
    "core.date", "core.product", "core.party", "core.store", "core.geography", "core.fx_rate",
    "core.sell_in", "core.sell_out", "core.ecom_order", "core.pos", "core.settlement", "core.target", "core.distributor_stock",
    "core.purchase", "core.issued_invoice", "core.bank_booking",
    "mart.daily_kpi", "mart.daily_revenue", "mart.stock_days", "mart.weekly_kpi", "mart.arrivals",
    "mart.reconciliation", "mart.diverted_sales",
]  # fmt: skip
FIRST = dt.date(2026, 8, 17)
CENT, MICRO = Decimal("0.01"), Decimal("0.000001")


def models() -> dict[str, str]:
    found = {}
    for path in sorted(COMPANY.glob("models/*/*/*.sql")):
        layer, area = path.parts[-3], path.parts[-2]
        model = parse_model(path.read_text(encoding="utf-8"), layer=layer, area=area, name=path.stem, path=str(path))  # type: ignore[arg-type]
        found[model.table] = model.sql
    return found


def half_up(value: Decimal, unit: Decimal = CENT) -> Decimal:
    return value.quantize(unit, rounding=ROUND_HALF_UP)


class World:
    """Random facts in the tables that the models read, and what the definitions make of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        self.expected: dict[str, dict[tuple[object, ...], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for schema in ("clean", "feed", "match", "ops", "core", "mart"):
            self.con.execute(f"CREATE SCHEMA {schema}")
        self.packs = {"P101": (24, Decimal("0.13")), "P102": (12, Decimal("0.09")), "P103": (6, Decimal("0.06"))}
        self.parties = {f"D{n:04d}": region for n, region in enumerate(("EAST", "NORTH", "SOUTH", "WEST") * 2, start=1)}
        self.days = [FIRST + dt.timedelta(days=n) for n in range(56)]
        self.masters()
        self.facts()

    def table(self, name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
        self.con.execute(f"CREATE TABLE {name} ({columns})")
        if rows:
            self.con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def feed(self, name: str, path: str, rows: list[tuple[object, ...]]) -> None:
        feed = parse(FeedFile, (COMPANY / "models" / "core" / path).read_text(encoding="utf-8"), path)
        columns = ", ".join(f"{column} {TYPES[kind]}" for column, kind in feed.columns.items())
        numbered = [("s", *row, f"a{number % 7}", f"Sheet1!{number + 2}", None) for number, row in enumerate(rows)]
        self.table(f"feed.{name}", f"source VARCHAR, {columns}, _src_id VARCHAR, _src_row VARCHAR, dq_flags VARCHAR", numbered)

    def masters(self) -> None:
        year = Span(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
        self.con.register(
            "calendar_rows", pa.Table.from_pylist(list(calendar_rows(Calendar(packaged_notices()), Weeks(), year)), schema=CALENDAR)
        )
        self.con.execute("CREATE TABLE ops.calendar AS SELECT * FROM calendar_rows")
        self.table(
            "clean.erp_products",
            "product_code VARCHAR, product_name VARCHAR, brand VARCHAR, category VARCHAR, "
            "barcode VARCHAR, each_unit VARCHAR, pack_unit VARCHAR, pack_size BIGINT, vat_rate DECIMAL(18,6)",
            [(code, code, "b", "drinks", "1", "瓶", "箱", pack, vat) for code, (pack, vat) in self.packs.items()],
        )
        self.table(
            "clean.distributors",
            "distributor_code VARCHAR, distributor_name VARCHAR, region_code VARCHAR, city VARCHAR, valid_from DATE, valid_to DATE",
            [(code, code, region, "c", dt.date(2020, 1, 1), None) for code, region in self.parties.items()],
        )
        self.table(
            "clean.stores",
            "store_code VARCHAR, store_name VARCHAR, retailer VARCHAR, region_code VARCHAR, city VARCHAR, valid_from DATE, valid_to DATE",
            [
                ("S001", "s", "r", "EAST", "c", dt.date(2020, 1, 1), dt.date(2026, 9, 10)),
                ("S001", "s", "r", "WEST", "c", dt.date(2026, 9, 10), None),
            ],
        )
        self.rates = {d: Decimal(self.random.randint(880000, 960000)) / 10000 for d in self.days if d.weekday() < 5}
        self.table(
            "clean.fx_rates",
            "rate_date DATE, currency_code VARCHAR, mid_rate DECIMAL(18,6), _src_id VARCHAR, _src_row VARCHAR",
            [(d, "HKD", rate, "fx", str(n)) for n, (d, rate) in enumerate(self.rates.items())],
        )
        for domain, keys in (("product", list(self.packs)), ("store", ["S001"])):
            self.table(
                f"match.{domain}_map",
                f"source VARCHAR, {domain}_key VARCHAR, {domain}_id VARCHAR, valid_from DATE, valid_to DATE, decided_by VARCHAR",
                [("s", key, key, dt.date(1900, 1, 1), dt.date(9999, 12, 31), "exact_key") for key in keys],
            )
        self.table(
            "ops.expectation",
            "source VARCHAR, party VARCHAR, party_name VARCHAR, business_date DATE, region_code VARCHAR, due_at VARCHAR, "
            "state VARCHAR, reason VARCHAR, arrival_id VARCHAR",
            [("s", "D0001", "n", FIRST, "EAST", "x", "missing", None, None), ("t", "t", "n", FIRST, None, "x", "arrived", None, "a1")],
        )

    def count(self, measure: str, day: dt.date, region: str, channel: str, value: Decimal) -> None:
        self.expected[measure][(day, region, channel)] += value

    def amount(self) -> Decimal:
        return Decimal(self.random.choice([self.random.randint(-500000, 90000000), self.random.randint(-200, 200)])) / 100

    def facts(self) -> None:
        self.sell_out()
        self.web_and_stores()
        self.deliveries_and_targets()

    def sell_out(self) -> None:
        sales, stock = [], []
        sold: dict[tuple[str, dt.date], list[Decimal]] = defaultdict(list)
        for party, region in self.parties.items():
            for day in self.days:
                for _ in range(3):
                    product, gross = self.random.choice([*self.packs, "X999"]), self.amount()
                    unit, quantity = self.random.choice(["瓶", "箱"]), Decimal(self.random.randint(-3, 90))
                    pack, vat = self.packs.get(product, (1, Decimal("0.13")))
                    base = quantity * (pack if unit == "箱" and product in self.packs else 1)
                    sales.append((day, party, "n", "c", product, unit, quantity, gross))
                    sold[party, day].append(base)
                    self.count("net_revenue_cny", day, region, "DISTRIBUTOR", half_up(gross / (1 + vat)))
                    self.count("sell_out_quantity", day, region, "DISTRIBUTOR", base)
                if day.weekday() not in (4, 5) and self.random.random() < 0.95:
                    stock.append((day, party, "P101", "箱", Decimal(1), Decimal(2), Decimal(0), Decimal(3)))
                    self.count("closing_quantity", day, region, "DISTRIBUTOR", Decimal(3 * 24))
                    for back in range(28):
                        for base in sold.get((party, day - dt.timedelta(days=back)), []):
                            self.count("daily_sell_out_quantity", day, region, "DISTRIBUTOR", half_up(base / 28, MICRO))
        sales.append((FIRST, "D9999", "n", "c", "P101", "瓶", Decimal(5), Decimal("113.00")))
        self.count("net_revenue_cny", FIRST, "unknown", "DISTRIBUTOR", Decimal("100.00"))
        self.count("sell_out_quantity", FIRST, "unknown", "DISTRIBUTOR", Decimal(5))
        self.feed("sell_out", "sales/sell_out.feed.yml", sales)
        self.feed("distributor_stock", "stock/distributor_stock.feed.yml", stock)

    def web_and_stores(self) -> None:
        orders, tills = [], []
        for number in range(600):
            day, product, paid = self.random.choice(self.days), self.random.choice(list(self.packs)), abs(self.amount())
            refund = self.random.choice([None, Decimal(0), paid, half_up(paid / 3)])
            status = self.random.choice(["交易成功", "交易关闭"])
            province, region = self.random.choice(
                [
                    ("上海市", "EAST"),
                    ("内蒙古自治区", "NORTH"),
                    ("云南省", "WEST"),
                    ("广东", "SOUTH"),
                    ("火星", "unknown"),
                    (None, "unknown"),
                ]
            )
            orders.append((day, str(number), status, product, Decimal(2), paid, refund, province))
            if status == "交易成功":
                self.count("net_revenue_cny", day, region, "ECOM", half_up((paid - (refund or 0)) / (1 + self.packs[product][1])))
                self.count("sell_out_quantity", day, region, "ECOM", Decimal(2))
            day, gross = self.random.choice(self.days), self.amount()
            tills.append((day, "S001", product, Decimal(3), gross))
            moved = "EAST" if day < dt.date(2026, 9, 10) else "WEST"
            self.count("net_revenue_cny", day, moved, "KA", half_up(gross / (1 + self.packs[product][1])))
            self.count("sell_out_quantity", day, moved, "KA", Decimal(3))
        self.feed("ecom_order", "sales/ecom_order.feed.yml", orders)
        self.feed("pos", "sales/pos.feed.yml", tills)
        for name in ("purchase", "issued_invoice", "bank_booking"):
            self.feed(name, f"trade/{name}.feed.yml", [])
        self.feed("settlement", "sales/settlement.feed.yml", [(FIRST, "1", "1", Decimal(1), None, "t")])

    def deliveries_and_targets(self) -> None:
        lines = []
        for number in range(600):
            day, (party, region) = self.random.choice(self.days), self.random.choice(list(self.parties.items()))
            currency, net = self.random.choice(["CNY", "HKD"]), self.amount()
            lines.append((day, str(number), 1, "hk_trading", party, "P102", "箱", Decimal(4), currency, net))
            rate = next(self.rates[d] for d in sorted(self.rates, reverse=True) if d <= day)
            self.count("sell_in_net_cny", day, region, "DISTRIBUTOR", net if currency == "CNY" else half_up(net * rate / 100))
        self.feed("sell_in", "sales/sell_in.feed.yml", lines)
        targets = []
        for month, length in (("2026年8月", 31), ("2026-09", 30)):
            for region in ("EAST", "NORTH", "SOUTH", "WEST"):
                target = Decimal(self.random.randint(1, 99999999)) / 100
                targets.append((region, "KA", month, target, "t", str(len(targets))))
                first = dt.date(2026, 8 if length == 31 else 9, 1)
                for n in range(length):
                    self.count("target_revenue_cny", first + dt.timedelta(days=n), region, "KA", half_up(target / length))
        self.table(
            "clean.targets",
            "region_code VARCHAR, channel_code VARCHAR, month VARCHAR, target_revenue DECIMAL(18,2), _src_id VARCHAR, _src_row VARCHAR",
            targets,
        )


@pytest.fixture(scope="module")
def world() -> World:
    built = World(20260915)
    sql = models()
    assert set(ORDER) <= set(sql)  # what is not named here has its own test beside it
    for table in ORDER:
        built.con.execute(f"CREATE TABLE {table} AS {sql[table]}")
    return built


MEASURES = ["net_revenue_cny", "sell_in_net_cny", "sell_out_quantity", "target_revenue_cny", "closing_quantity", "daily_sell_out_quantity"]


@pytest.mark.parametrize("measure", MEASURES)
def test_daily_kpi_is_exact(world: World, measure: str) -> None:
    rows = world.con.execute(
        f"SELECT business_date, region_code, channel_code, {measure} FROM mart.daily_kpi WHERE {measure} <> 0"
    ).fetchall()
    assert {tuple(row[:3]): row[3] for row in rows} == {key: value for key, value in world.expected[measure].items() if value}
    assert len(rows) > 100


def test_daily_revenue_and_stock_days_agree_with_daily_kpi(world: World) -> None:
    both = world.con.execute(
        """
        SELECT SUM(net_revenue_cny), SUM(sell_out_quantity), SUM(target_revenue_cny) FROM mart.daily_kpi
        UNION ALL SELECT SUM(net_revenue_cny), SUM(sell_out_quantity), SUM(target_revenue_cny) FROM mart.daily_revenue
        """
    ).fetchall()
    assert both[0] == both[1]
    kpi = world.con.execute("SELECT SUM(closing_quantity), SUM(daily_sell_out_quantity) FROM mart.daily_kpi").fetchall()
    assert kpi == world.con.execute("SELECT SUM(closing_quantity), SUM(daily_sell_out_quantity) FROM mart.stock_days").fetchall()


def test_weekly_flows_are_the_days_and_stock_is_the_last_count(world: World) -> None:
    weekly = world.con.execute("SELECT SUM(net_revenue_cny), SUM(sell_in_net_cny), SUM(target_revenue_cny) FROM mart.weekly_kpi").fetchone()
    assert (
        weekly
        == world.con.execute("SELECT SUM(net_revenue_cny), SUM(sell_in_net_cny), SUM(target_revenue_cny) FROM mart.daily_kpi").fetchone()
    )
    week = dt.date(2026, 9, 14)
    closing = world.con.execute("SELECT SUM(closing_quantity) FROM mart.weekly_kpi WHERE business_date = ?", [week]).fetchone()
    parties = world.con.execute(
        "SELECT COUNT(DISTINCT party_id) FROM core.distributor_stock WHERE business_date >= ? AND business_date < ?",
        [week, week + dt.timedelta(7)],
    ).fetchone()
    assert closing == (Decimal(parties[0] * 72),)


def test_no_fact_is_lost(world: World) -> None:
    for fact in ("sell_in", "sell_out", "ecom_order", "pos", "settlement", "distributor_stock"):
        fed, kept = (world.con.execute(f"SELECT COUNT(*) FROM {schema}.{fact}").fetchone() for schema in ("feed", "core"))
        assert fed == kept, fact
    assert world.con.execute("SELECT COUNT(*) FROM core.sell_out WHERE product_id = 'unknown' AND is_estimated").fetchone()[0] > 0


def test_arrivals_of_everybody_have_a_region_that_nobody_owns(world: World) -> None:
    rows = world.con.execute("SELECT source, region_code, reported_count FROM mart.arrivals ORDER BY source").fetchall()
    assert rows == [("s", "EAST", 0), ("t", "ALL", 1)]
