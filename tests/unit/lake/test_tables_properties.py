"""Whatever is written in whatever order, a table holds what a plain list would hold, in every version."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taihu.lake.tables import Tables

MONTHS = ["2026-08", "2026-09", "2026-10"]
Row = tuple[str, int, str]

rows = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-3, 3), st.sampled_from(MONTHS)), max_size=6)
keyed = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(-3, 3), st.sampled_from(MONTHS)), max_size=4)
writes = st.one_of(
    st.tuples(st.just("replace"), keyed),
    st.tuples(st.just("append"), rows),
    st.tuples(st.just("partitions"), rows, st.sets(st.sampled_from(MONTHS))),
    st.tuples(st.just("maintain")),
)


def table_of(data: list[Row]) -> pa.Table:
    key, number, month = ([row[place] for row in data] for place in range(3))
    return pa.table({"key": pa.array(key, pa.string()), "n": pa.array(number, pa.int64()), "_month": pa.array(month, pa.string())})


def content(tables: Tables, version: int | None = None) -> list[Row]:
    return sorted((row["key"], row["n"], row["_month"]) for row in tables.read("core.t", version).to_pylist())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(writes, min_size=1, max_size=6))
def test_tables_behave_like_a_list(sequence: list[tuple]) -> None:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        tables.replace("core.t", table_of([]), by="_month")
        expected: list[Row] = []
        versions = {0: expected}
        for write in sequence:
            if write[0] == "replace":
                expected = [(key, number, month) for key, (number, month) in write[1].items()]
                tables.replace("core.t", table_of(expected), by="_month")
            elif write[0] == "append":
                expected = [*expected, *write[1]]
                tables.append("core.t", table_of(write[1]))
            elif write[0] == "partitions":
                new = [row for row in write[1] if row[2] in write[2]]
                expected = [row for row in expected if row[2] not in write[2]] + new
                tables.replace_partitions("core.t", table_of(new), sorted(write[2]))
            else:
                tables.maintain("core.t", list(versions))
            versions[tables.version("core.t")] = expected
            assert content(tables) == sorted(expected)
            assert tables.row_count("core.t") == len(expected)
        fresh = Tables(Path(folder))
        for version, rows_then in versions.items():
            assert content(fresh, version) == sorted(rows_then)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(keyed, keyed)
def test_merge_is_an_update_by_key(before: dict[str, tuple[int, str]], change: dict[str, tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        tables.replace("core.t", table_of([(key, *rest) for key, rest in before.items()]), by="_month")
        tables.merge("core.t", table_of([(key, *rest) for key, rest in change.items()]), ["key"])
        assert content(tables) == sorted((key, *rest) for key, rest in {**before, **change}.items())
