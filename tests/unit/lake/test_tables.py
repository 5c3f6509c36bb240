"""Delta tables: what a write changes, what it leaves alone, and what can be read back."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from taihu.core.errors import IntegrityError, LeaseTaken, NotFound, TransientError, UsageError
from taihu.engine.duckdb import DuckDBEngine
from taihu.lake.tables import Tables


def sales(*rows: tuple[str, str, str]) -> pa.Table:
    return pa.table(
        {
            "document_number": pa.array([row[0] for row in rows], pa.string()),
            "net_amount_cny": pa.array([Decimal(row[1]) for row in rows], pa.decimal128(18, 2)),
            "_month": pa.array([row[2] for row in rows], pa.string()),
        }
    )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "lake 湖")


def content(tables: Tables, name: str = "core.sale", version: int | None = None) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in tables.read(name, version).to_pylist())


def test_replace_makes_versions_that_can_all_be_read(tables: Tables) -> None:
    assert tables.names() == []
    assert tables.replace("core.sale", sales(("a", "1.10", "2026-09"))) == 0
    assert tables.replace("core.sale", sales(("b", "2.20", "2026-09"))) == 1
    assert content(tables) == [("b", Decimal("2.20"), "2026-09")]
    assert content(tables, version=0) == [("a", Decimal("1.10"), "2026-09")]
    assert tables.names() == ["core.sale"]
    assert tables.row_count("core.sale") == 1


def test_writing_the_same_rows_again_makes_no_version(tables: Tables) -> None:
    rows = sales(("a", "1.10", "2026-09"), ("b", "2.00", "2026-10"))
    for by in (None, "_month"):
        name = f"core.sale_{by}"
        tables.replace(name, rows, by=by)
        assert tables.replace(name, rows, by=by) == 0
    assert tables.replace_partitions("core.sale__month", rows, ["2026-09", "2026-10"]) == 0


def test_replaced_partitions_leave_the_others_alone(tables: Tables) -> None:
    tables.replace("core.sale", sales(("a", "1.10", "2026-09"), ("b", "2.00", "2026-10")), by="_month")
    kept = tables.files("core.sale", partitions=["2026-09"])
    version = tables.replace_partitions("core.sale", sales(("c", "3.00", "2026-10")), ["2026-10"])
    assert version == 1
    assert content(tables) == [("a", Decimal("1.10"), "2026-09"), ("c", Decimal("3.00"), "2026-10")]
    assert tables.files("core.sale", partitions=["2026-09"]) == kept
    tables.replace_partitions("core.sale", sales(), ["2026-09"])
    assert tables.partitions("core.sale") == ["2026-10"]
    with pytest.raises(UsageError):
        tables.replace_partitions("core.sale", sales(("d", "1.00", "2026-11")), ["2026-10"])


def test_append_keeps_rows_even_if_they_are_equal(tables: Tables) -> None:
    one = sales(("a", "1.10", "2026-09"))
    tables.append("core.sale", one, by="_month")
    tables.append("core.sale", one)
    tables.append("core.sale", sales(("b", "1.00", "2026-10")))
    assert len(content(tables)) == 3
    # A partition of two files that is replaced by the content of one of them loses the other.
    tables.replace_partitions("core.sale", one, ["2026-09"])
    assert content(tables) == [("a", Decimal("1.10"), "2026-09"), ("b", Decimal("1.00"), "2026-10")]


def test_merge_moves_a_row_to_its_new_partition(tables: Tables) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09"), ("b", "2.00", "2026-09"), ("c", "3.00", "2026-08")), by="_month")
    untouched = tables.files("core.sale", partitions=["2026-08"])
    tables.merge("core.sale", sales(("b", "2.50", "2026-10"), ("d", "4.00", "2026-10")), ["document_number"])
    assert content(tables) == [
        ("a", Decimal("1.00"), "2026-09"),
        ("b", Decimal("2.50"), "2026-10"),
        ("c", Decimal("3.00"), "2026-08"),
        ("d", Decimal("4.00"), "2026-10"),
    ]
    assert tables.files("core.sale", partitions=["2026-08"]) == untouched


def test_merge_without_partitions(tables: Tables) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "x"), ("b", "2.00", "x")))
    tables.merge("core.sale", sales(("b", "9.00", "x")), ["document_number"])
    assert content(tables) == [("a", Decimal("1.00"), "x"), ("b", Decimal("9.00"), "x")]


@pytest.mark.parametrize("way", ["replace_partitions", "append"])
def test_new_columns_are_null_in_older_rows(tables: Tables, way: str) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09"), ("b", "2.00", "2026-10")), by="_month")
    wider = sales(("c", "3.00", "2026-10")).append_column("note", pa.array(["new"]))
    if way == "append":
        tables.append("core.sale", wider)
    else:
        tables.replace_partitions("core.sale", wider, ["2026-10"])
    rows = {row["document_number"]: row["note"] for row in tables.read("core.sale").to_pylist()}
    assert rows == ({"a": None, "b": None, "c": "new"} if way == "append" else {"a": None, "c": "new"})
    with DuckDBEngine() as engine:
        engine.view_files("core.sale", tables.files("core.sale"), tables.schema("core.sale"))
        assert dict(engine.rows("SELECT document_number, note FROM core.sale")) == rows
    with pytest.raises(UsageError, match="net_amount_cny"):
        other = wider.set_column(1, "net_amount_cny", pa.array(["text"]))
        tables.replace_partitions("core.sale", other, ["2026-10"])


def test_empty_tables_and_changed_schemas(tables: Tables) -> None:
    assert tables.replace("core.sale", sales()) == 0
    assert tables.read("core.sale").num_rows == 0
    assert tables.replace("core.sale", sales().select(["document_number"])) == 1
    assert tables.schema("core.sale").names == ["document_number"]
    tables.replace("core.other", sales(), by="_month")
    tables.replace_partitions("core.other", sales(("a", "1.00", "2026-09")), ["2026-09"])
    assert content(tables, "core.other") == [("a", Decimal("1.00"), "2026-09")]
    assert tables.replace("core.other", sales(), by="_month") == 2
    assert tables.read("core.other").num_rows == 0
    assert tables.replace("core.other", sales().append_column("z", pa.array([], pa.int64())), by="_month") == 3
    assert "z" in tables.schema("core.other").names


def test_a_table_can_change_its_partition_column(tables: Tables) -> None:
    rows = sales(("a", "1.00", "2026-09"), ("b", "2.00", "2026-10"))
    tables.replace("core.sale", rows)
    tables.replace("core.sale", rows, by="_month")
    assert tables.partition_column("core.sale") == "_month"
    assert content(tables) == content(tables, version=0)
    assert tables.partitions("core.sale") == ["2026-09", "2026-10"]


def test_instants_days_and_text_come_back_as_they_were(tables: Tables) -> None:
    moment = dt.datetime(2026, 9, 30, 16, 30, 1, 5, tzinfo=dt.UTC)
    data = pa.table(
        {
            "at": pa.array([moment], pa.timestamp("ns", "Asia/Shanghai")),
            "on": pa.array([dt.date(2026, 9, 30)]),
            "name": pa.array(["王'小\"二\n"], pa.large_string()),
            "kind": pa.array(["x"]).dictionary_encode(),
            "nothing": pa.nulls(1),
            "n": pa.array([7], pa.int32()),
            "ok": pa.array([True]),
        }
    )
    tables.replace("clean.odd", data)
    row = tables.read("clean.odd").to_pylist()[0]
    assert row == {"at": moment, "on": dt.date(2026, 9, 30), "name": "王'小\"二\n", "kind": "x", "nothing": None, "n": 7, "ok": True}
    with pytest.raises(UsageError, match="without a zone"):
        tables.replace("clean.odd", pa.table({"at": pa.array([dt.datetime(2026, 9, 30)], pa.timestamp("us"))}))
    with pytest.raises(UsageError, match="no value in _month"):
        tables.replace("clean.odd2", pa.table({"_month": pa.array([None], pa.string())}), by="_month")


def test_another_program_reads_the_same_table(tables: Tables, tmp_path: Path) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09"), ("b", "2.00", "2026-10")), by="_month")
    tables.append("core.sale", sales(("c", "3.00", "2026-10")))
    opened = deltalake.DeltaTable(str(tmp_path / "lake 湖" / "core" / "sale"))
    read = pa.table(deltalake.QueryBuilder().register("t", opened).execute("select document_number, _month from t"))
    assert sorted(read["document_number"].to_pylist()) == ["a", "b", "c"]
    assert opened.metadata().configuration["delta.logRetentionDuration"] == "interval 36500 days"


def test_another_process_writes_and_we_see_it(tables: Tables, tmp_path: Path) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")))
    Tables(tmp_path / "lake 湖").replace("core.sale", sales(("b", "1.00", "2026-09")))
    assert tables.version("core.sale") == 1
    assert content(tables)[0][0] == "b"


def test_a_write_that_was_overtaken_is_refused_not_mixed_in(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")), by="_month")
    other = Tables(tmp_path / "lake 湖")
    content(other)

    def overtake(name: str) -> None:
        if name == "table.before_commit":
            monkeypatch.undo()
            tables.replace("core.sale", sales(("b", "1.00", "2026-09")), by="_month")

    monkeypatch.setattr("taihu.lake.tables.reached", overtake)
    with pytest.raises(TransientError):
        other.replace("core.sale", sales(("c", "1.00", "2026-09")), by="_month")
    assert [row[0] for row in content(other)] == ["b"]
    assert other.replace("core.sale", sales(("c", "1.00", "2026-09")), by="_month") == 2
    assert [row[0] for row in content(tables)] == ["c"]


def test_history_keeps_what_was_said_of_a_commit(tables: Tables) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")), metadata={"run": "r1"})
    tables.replace("core.sale", sales(("b", "1.00", "2026-09")), metadata={"run": "r2"})
    assert [(commit.version, commit.metadata) for commit in tables.history("core.sale")] == [(1, {"run": "r2"}), (0, {"run": "r1"})]


def test_maintain_keeps_pinned_versions_and_sweeps_the_rest(tables: Tables, tmp_path: Path) -> None:
    for number in range(4):
        tables.replace("core.sale", sales((str(number), "1.00", "2026-09")))
    folder = tmp_path / "lake 湖" / "core" / "sale"
    (folder / ".part-1-rows").write_bytes(b"half a file")
    (folder / "part-00009-orphan.zstd.parquet").write_bytes(b"never committed")
    assert len(tables.maintain("core.sale", [1])) == 4
    assert content(tables)[0][0] == "3"
    assert content(tables, version=1)[0][0] == "1"
    with pytest.raises(IntegrityError):
        tables.read("core.sale", 2)


def test_a_checkpoint_changes_nothing(tables: Tables, tmp_path: Path) -> None:
    for number in range(55):
        tables.replace("core.sale", sales((str(number), "1.00", "2026-09")), by="_month")
    assert list((tmp_path / "lake 湖" / "core" / "sale" / "_delta_log").glob("*.checkpoint.parquet"))
    fresh = Tables(tmp_path / "lake 湖")
    assert content(fresh)[0][0] == "54"
    assert content(fresh, version=3)[0][0] == "3"
    assert fresh.row_count("core.sale") == 1
    assert fresh.replace("core.sale", sales(("54", "1.00", "2026-09")), by="_month") == 54


def test_the_lease_is_asked_for_by_name(tmp_path: Path) -> None:
    asked: list[str] = []

    @contextmanager
    def lease(name: str) -> Iterator[None]:
        asked.append(name)
        if len(asked) > 1:
            raise LeaseTaken("held by another process")
        yield

    tables = Tables(tmp_path, lease=lease)
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")))
    with pytest.raises(LeaseTaken):
        tables.append("core.sale", sales(("b", "1.00", "2026-09")))
    assert asked == ["table:core.sale", "table:core.sale"]
    assert tables.row_count("core.sale") == 1


def test_names_and_versions_that_are_not_there(tables: Tables) -> None:
    with pytest.raises(NotFound):
        tables.read("core.sale")
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")))
    with pytest.raises(NotFound):
        tables.files("core.sale", 7)
    with pytest.raises(UsageError):
        tables.files("../../etc.passwd")


def test_a_broken_log_is_said_to_be_broken(tables: Tables, tmp_path: Path) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")))
    log = tmp_path / "lake 湖" / "core" / "sale" / "_delta_log" / "00000000000000000000.json"
    log.write_text(json.dumps({"add": "nonsense"}))
    with pytest.raises(IntegrityError):
        Tables(tmp_path / "lake 湖").read("core.sale")


@pytest.mark.parametrize("boundary", ["part.before_rename", "table.before_commit", "table.committed"])
def test_a_kill_leaves_the_old_version_or_the_new(tables: Tables, tmp_path: Path, boundary: str) -> None:
    tables.replace("core.sale", sales(("a", "1.00", "2026-09")), by="_month")
    program = (
        "import sys, pyarrow as pa; from taihu.lake.tables import Tables\n"
        "rows = pa.table({'document_number': ['b'], '_month': ['2026-09']})\n"
        "Tables(sys.argv[1]).replace_partitions('core.sale', rows, ['2026-09'])\n"
    )
    environment = {**os.environ, "TAIHU_KILL_AT": f"{boundary}:1"}
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "lake 湖")], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    expected = "b" if boundary == "table.committed" else "a"
    assert content(tables)[0][0] == expected
    tables.replace_partitions("core.sale", sales(("b", "2.00", "2026-09")), ["2026-09"])
    assert content(tables) == [("b", Decimal("2.00"), "2026-09")]
    tables.maintain("core.sale")
    assert len(list((tmp_path / "lake 湖").rglob("part-*"))) == 1
    assert not list((tmp_path / "lake 湖").rglob(".part-*"))
