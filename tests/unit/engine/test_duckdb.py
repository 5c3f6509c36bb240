"""What is special to the embedded engine: settings, several threads, names and types."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from taihu.core.errors import TerminalError, UsageError
from taihu.engine.duckdb import DuckDBEngine
from taihu.engine.types import quoted, split_name, sql_type, text_literal


def test_several_threads_take_turns() -> None:
    with DuckDBEngine(memory_limit="100MB") as engine:

        def work(number: int) -> int:
            engine.register(f"t.n{number}", pa.table({"x": list(range(number))}))
            return int(engine.rows(f"SELECT count(*) FROM t.n{number}")[0][0])

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(40))) == list(range(40))


def test_the_memory_limit_holds_and_is_said(tmp_path: Path) -> None:
    query = "SELECT i FROM range(30000000) AS r(i) ORDER BY hash(i)"
    with DuckDBEngine(memory_limit="40MB", threads=1) as engine, pytest.raises(TerminalError, match="OutOfMemory"):
        engine.rows(f"SELECT count(*) FROM ({query} LIMIT 29999999)")


def test_a_fresh_engine_knows_no_tables() -> None:
    with DuckDBEngine(memory_limit="100MB") as engine:
        engine.register("t.a", pa.table({"x": [1]}))
        with engine.fresh() as other, pytest.raises(TerminalError):
            other.rows("SELECT * FROM t.a")
        assert engine.rows("SELECT * FROM t.a") == [(1,)]


def test_a_file_that_is_not_there_is_an_error_without_its_folder(tmp_path: Path) -> None:
    with DuckDBEngine(memory_limit="100MB") as engine, pytest.raises(TerminalError):
        engine.view_files("t.a", [str(tmp_path / "gone.parquet")], pa.schema([("x", pa.int64())]))


def test_names_and_literals_are_quoted() -> None:
    assert quoted('odd"name') == '"odd""name"'
    assert text_literal("it's") == "'it''s'"
    assert split_name("core.sell_out") == ("core", "sell_out")
    for wrong in ("sell_out", ".x", "core."):
        with pytest.raises(UsageError):
            split_name(wrong)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (pa.decimal128(18, 2), "DECIMAL(18, 2)"),
        (pa.timestamp("us", "UTC"), "TIMESTAMPTZ"),
        (pa.large_string(), "VARCHAR"),
        (pa.list_(pa.string()), "VARCHAR[]"),
    ],
)
def test_types_in_sql(kind: pa.DataType, text: str) -> None:
    assert sql_type(kind) == text


def test_types_that_tables_do_not_have() -> None:
    with pytest.raises(UsageError):
        sql_type(pa.struct([("x", pa.int64())]))
