"""What every engine must do in the same way, whatever it is made of."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taihu.core.errors import TerminalError
from taihu.engine.interface import Engine

SALES = pa.table(
    {
        "product_code": pa.array(["P101", "00123", None]),
        "quantity": pa.array([Decimal("1.500"), Decimal("-2.000"), None], pa.decimal128(18, 3)),
        "business_date": pa.array([dt.date(2026, 9, 30), dt.date(2026, 10, 1), None]),
        "paid_at": pa.array([dt.datetime(2026, 9, 30, 16, 30, tzinfo=dt.UTC), None, None], pa.timestamp("us", "UTC")),
        "is_sample": pa.array([True, False, None]),
    }
)


def test_registered_rows_keep_their_values_and_types(engine: Engine) -> None:
    engine.register("clean.sales", SALES)
    back = engine.query("SELECT * FROM clean.sales")
    assert back.to_pylist() == SALES.to_pylist()
    assert [str(field.type) for field in back.schema] == [str(field.type) for field in SALES.schema]


def test_registering_again_replaces(engine: Engine) -> None:
    engine.register("clean.sales", SALES)
    engine.register("clean.sales", SALES.slice(0, 1))
    assert engine.rows("SELECT count(*) FROM clean.sales") == [(1,)]


def test_a_dropped_table_is_gone_and_dropping_twice_is_fine(engine: Engine) -> None:
    engine.register("clean.sales", SALES)
    engine.drop("clean.sales")
    engine.drop("clean.sales")
    engine.drop("never.there")
    with pytest.raises(TerminalError):
        engine.rows("SELECT * FROM clean.sales")


def _write(folder: Path, month: str, data: pa.Table) -> str:
    path = folder / f"_month={month}" / "part-1.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(data, path)
    return str(path)


def test_files_with_the_month_in_the_path(engine: Engine, tmp_path: Path) -> None:
    files = [_write(tmp_path / "[odd] name*", "2026-09", SALES.slice(0, 1)), _write(tmp_path / "it's", "2026-10", SALES.slice(1, 1))]
    schema = SALES.schema.append(pa.field("_month", pa.string()))
    engine.view_files("clean.sales", files, schema)
    found = engine.rows("SELECT _month, product_code, paid_at FROM clean.sales ORDER BY 1")
    assert found == [("2026-09", "P101", dt.datetime(2026, 9, 30, 16, 30, tzinfo=dt.UTC)), ("2026-10", "00123", None)]


def test_a_column_that_older_files_lack_is_null(engine: Engine, tmp_path: Path) -> None:
    old = _write(tmp_path, "2026-09", SALES.slice(0, 1))
    new = _write(tmp_path, "2026-10", SALES.slice(1, 1).append_column("note", pa.array(["new"])))
    schema = SALES.schema.append(pa.field("_month", pa.string())).append(pa.field("note", pa.string()))
    engine.view_files("clean.sales", [old, new], schema)
    assert engine.rows("SELECT note FROM clean.sales ORDER BY _month") == [(None,), ("new",)]
    engine.view_files("clean.sales", [old], schema)
    assert engine.rows("SELECT note, product_code FROM clean.sales") == [(None, "P101")]


def test_a_fresh_engine_has_its_own_tables(engine: Engine) -> None:
    engine.register("clean.sales", SALES)
    for _ in range(3):
        other = engine.fresh()
        with pytest.raises(TerminalError):
            other.rows("SELECT * FROM clean.sales")
        other.register("clean.sales", SALES.slice(0, 1))
        assert other.rows("SELECT count(*) FROM clean.sales") == [(1,)]
        assert other.rows("SELECT CAST(CAST(TIMESTAMPTZ '2026-09-30 16:30:00+00' AS DATE) AS VARCHAR)") == [("2026-09-30",)]
        other.close()
    assert engine.rows("SELECT count(*) FROM clean.sales") == [(3,)]


def test_a_table_without_files_is_empty_and_typed(engine: Engine) -> None:
    engine.view_files("clean.sales", [], SALES.schema)
    empty = engine.query("SELECT * FROM clean.sales")
    assert empty.num_rows == 0
    assert [str(field.type) for field in empty.schema] == [str(field.type) for field in SALES.schema]


def test_stamp_ignores_the_order_of_rows_only(engine: Engine) -> None:
    engine.register("clean.a", SALES)
    engine.register("clean.b", pa.concat_tables([SALES.slice(2, 1), SALES.slice(0, 2)]))
    stamp = engine.content_stamp("clean.a")
    assert engine.content_stamp("clean.b") == stamp
    assert engine.content_stamp("SELECT * FROM clean.a") == stamp
    assert engine.content_stamp("SELECT * FROM clean.a UNION ALL SELECT * FROM clean.a WHERE product_code = 'P101'") != stamp
    assert engine.content_stamp("SELECT * REPLACE (quantity + 0.001 AS quantity) FROM clean.a") != stamp
    assert engine.content_stamp("SELECT * FROM clean.a LIMIT 0") != engine.content_stamp("SELECT product_code FROM clean.a LIMIT 0")


def test_stamp_tells_swapped_values_apart(engine: Engine) -> None:
    engine.register("clean.a", pa.table({"x": ["1", "2"], "y": ["2", "1"]}))
    engine.register("clean.b", pa.table({"x": ["1", "2"], "y": ["1", "2"]}))
    assert engine.content_stamp("clean.a") != engine.content_stamp("clean.b")


def test_instants_are_utc_whatever_the_machine_says(engine: Engine) -> None:
    local = "CAST(moment AT TIME ZONE 'Asia/Shanghai' AS DATE)"
    days = f"SELECT {local}, CAST(moment AS DATE) FROM (SELECT TIMESTAMPTZ '2026-09-30 16:30:00+00' AS moment)"
    assert engine.rows(days) == [(dt.date(2026, 10, 1), dt.date(2026, 9, 30))]


def test_money_rounds_half_away_from_zero(engine: Engine) -> None:
    assert engine.rows("SELECT ROUND(CAST(2.675 AS DECIMAL(18, 3)), 2), ROUND(CAST(-2.675 AS DECIMAL(18, 3)), 2)") == [
        (Decimal("2.68"), Decimal("-2.68"))
    ]


def test_an_error_names_the_column_but_never_a_value(engine: Engine) -> None:
    with pytest.raises(TerminalError, match="no_such_column"):
        engine.rows("SELECT no_such_column FROM (SELECT 1 AS x)")
    with pytest.raises(TerminalError) as failed:
        engine.rows("SELECT CAST('13812345678x' AS DATE)")
    assert "13812345678" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_parameters_are_bound(engine: Engine) -> None:
    assert engine.rows("SELECT ? || '!'", ["it's"]) == [("it's!",)]
