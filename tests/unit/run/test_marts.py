"""One question for all audiences gives each of them what a question of its own would give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.core.errors import ManifestError
from taihu.core.types import Span
from taihu.engine.duckdb import DuckDBEngine
from taihu.run.cube import Cube
from taihu.run.marts import Marts

DAY = dt.date(2026, 9, 1)
MART = "mart.sales"
COLUMNS = ("business_date", "region_code", "channel_code", "amount", "quantity")
ROW = st.tuples(
    st.integers(0, 9),
    st.sampled_from(["EAST", "WEST", None]),
    st.sampled_from(["online", "offline"]),
    st.one_of(st.none(), st.decimals(-100, 100, places=2)),
    st.one_of(st.none(), st.integers(0, 5)),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(threads=1) as opened:
        yield opened


def offered(engine: DuckDBEngine, rows: list[tuple[int, str | None, str, Decimal | None, int | None]]) -> None:
    days, regions, channels, amounts, quantities = ([row[n] for row in rows] for n in range(5))
    table = pa.table(
        {
            "business_date": pa.array([DAY + dt.timedelta(days=n) for n in days], pa.date32()),
            "region_code": pa.array(regions, pa.string()),
            "channel_code": pa.array(channels, pa.string()),
            "amount": pa.array(amounts, pa.decimal128(18, 2)),
            "quantity": pa.array(quantities, pa.int64()),
        }
    )
    engine.register(MART, table)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROW, max_size=12), region=st.sampled_from(["EAST", "WEST", "NORTH"]))
def test_a_shared_question_answers_like_one_of_its_own(
    engine: DuckDBEngine, rows: list[tuple[int, str | None, str, Decimal | None, int | None]], region: str
) -> None:
    offered(engine, rows)
    span = Span(DAY, DAY + dt.timedelta(days=7))
    alone, shared = Cube(engine, MART, COLUMNS), Cube(engine, MART, COLUMNS, ["region_code", "absent"])
    for where in ((), (("region_code", region),)):
        for by in ((), ("channel_code",), ("region_code", "channel_code"), ("channel_code", "business_date")):
            assert shared.sums(["amount", "quantity"], span, where, by) == alone.sums(["amount", "quantity"], span, where, by)
        columns = {MART: COLUMNS}
        newest = [Marts(engine, columns, split).newest(MART, ["amount"], span.end, where) for split in ((), ("region_code",))]
        assert newest[0] == newest[1]
        days = [DAY + dt.timedelta(days=row[0]) for row in rows if row[3] and row[0] < 7 and (not where or row[1] == region)]
        assert newest[0] == max(days, default=None)


def test_an_audience_that_is_kept_apart_by_another_column_is_asked_for_alone(engine: DuckDBEngine) -> None:
    offered(engine, [(0, "EAST", "online", Decimal("1.00"), 1), (0, "EAST", "offline", Decimal("2.00"), 1)])
    span = Span(DAY, DAY + dt.timedelta(days=1))
    cube = Cube(engine, MART, COLUMNS, ["region_code"])
    where = (("channel_code", "online"), ("region_code", "EAST"))
    assert cube.sums(["amount"], span, where) == {(): {"amount": Decimal("1.00")}}
    with pytest.raises(ManifestError, match="no column 'price'"):
        cube.sums(["price"], span, ())
