"""The parts of the database connector that need no server: SQL of every dialect, marks, reading ahead, the cursor."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import threading
from collections.abc import Generator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from taihu.collect.database_cursor import Standing, earlier
from taihu.collect.database_dialect import MYSQL, ORACLE, POSTGRESQL, SQLITE, SQLSERVER, Dialect, Question
from taihu.collect.database_rows import Mark, Window, read_ahead, write_parquet
from taihu.collect.database_session import plain_text
from taihu.core.errors import TerminalError

DIALECTS = {"sqlite": SQLITE, "postgres": POSTGRESQL, "mysql": MYSQL, "tsql": SQLSERVER, "oracle": ORACLE}


def question(dialect: Dialect, **more: object) -> Question:
    fields = {"columns": ["order_id", "金额", "Qty"], "key": ["order_id"], "watermark": ["updated_at", "created_at"], **more}
    return Question(dialect, "select * from orders where note <> 'a;b' ;", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_question_is_valid_sql_of_its_dialect(name: str) -> None:
    asked = question(DIALECTS[name])
    texts = [
        asked.rows(),
        asked.rows(since="2026-09-01 08:00:00", last="2026-09-03 08:00:00", following="2026-09-01 08:00:00", again=[("it's",), ("\\",)]),
        asked.rows(since="17", last="27", following="17"),
        asked.newest("2026-09-01T08:00:00.123+00:00"),
        asked.newest("2026-09-01"),
        asked.keys(),
        asked.count(),
        question(DIALECTS[name], key=(), watermark=()).rows(),
    ]
    for text in texts:
        (parsed,) = sqlglot.parse(text, read=name, error_level=sqlglot.ErrorLevel.RAISE)
        assert isinstance(parsed, sqlglot.exp.Select)


def test_how_sql_server_is_asked() -> None:
    assert question(SQLSERVER, columns=["order_id", "a]b"]).rows(
        since="2026-09-01 08:00:00", last="2026-09-03 08:00:00.5", following="2026-09-01 08:00:00", again=[("it's",)]
    ) == (
        "SELECT source.[order_id] AS [order_id], source.[a]]b] AS [a]]b],"
        " CASE WHEN COALESCE(source.[updated_at], source.[created_at]) > CAST('2026-09-03T08:00:00.5' AS datetime2)"
        " THEN 0 ELSE 1 END AS [_before],"
        " CASE WHEN COALESCE(source.[updated_at], source.[created_at]) < CAST('2026-09-01T08:00:00' AS datetime2)"
        " THEN 0 ELSE 1 END AS [_again]"
        " FROM (select * from orders where note <> 'a;b'\n) AS source"
        " WHERE source.[updated_at] >= CAST('2026-09-01T08:00:00' AS datetime2) OR source.[updated_at] IS NULL"
        " AND (source.[created_at] >= CAST('2026-09-01T08:00:00' AS datetime2) OR source.[created_at] IS NULL)"
        " OR (source.[order_id] = N'it''s') ORDER BY source.[order_id]"
    )
    assert SQLSERVER.watermark("2026-09-01T08:00:00Z") == "CAST('2026-09-01T08:00:00Z' AS datetimeoffset)"
    assert SQLSERVER.watermark("2026-09-01") == "CAST('2026-09-01' AS date)"


def test_how_oracle_is_asked() -> None:
    assert question(ORACLE, watermark=["Updated"]).rows(since="2026-09-01", last="2026-09-03", following="2026-09-01") == (
        'SELECT source."ORDER_ID" AS "ORDER_ID", source."金额" AS "金额", source."Qty" AS "Qty",'
        ' CASE WHEN source."Updated" > DATE \'2026-09-03\' THEN 0 ELSE 1 END AS "_before",'
        ' CASE WHEN source."Updated" < DATE \'2026-09-01\' THEN 0 ELSE 1 END AS "_again"'
        " FROM (select * from orders where note <> 'a;b'\n) source"
        ' WHERE source."Updated" >= DATE \'2026-09-01\' OR source."Updated" IS NULL ORDER BY source."ORDER_ID"'
    )
    assert ORACLE.watermark("2026-09-01T08:00:00Z") == "TIMESTAMP '2026-09-01 08:00:00 +00:00'"


@pytest.mark.parametrize("text", ["2026-09-01'; drop table x --", "1 or 1=1", "", "２０２６-09-01", "99999999999999999999"])
def test_a_watermark_that_is_neither_time_nor_number_is_refused(text: str) -> None:
    with pytest.raises(TerminalError):
        SQLITE.watermark(text)


def test_texts_of_values_are_exact() -> None:
    assert [plain_text(value) for value in (None, "x", True, 10**17, decimal.Decimal("1E+3"), decimal.Decimal("0.10"), 0.1)] == [
        None, "x", "1", "100000000000000000", "1000", "0.10", "0.1",
    ]  # fmt: skip
    assert plain_text(dt.datetime(2026, 9, 1, 8)) == "2026-09-01 08:00:00" and plain_text(dt.date(2026, 9, 1)) == "2026-09-01"
    assert plain_text("太".encode()) == "太" and plain_text(b"\x00\xff") == "0x00ff"


def batch(*rows: tuple[str | None, ...]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], names=["a", "b"])


def marked(*batches: pa.RecordBatch) -> str:
    mark = Mark()
    for each in batches:
        mark.take(each)
    return mark.text


def test_a_mark_depends_on_rows_and_not_on_batches() -> None:
    rows = [("1", "太湖"), (None, ""), ("", None), ("22", "x")]
    whole = marked(batch(*rows))
    assert whole == marked(batch(*rows[:1]), batch(*rows[1:])) == marked(batch(("0", "0"), *rows).slice(1), batch(*rows).slice(0, 0))
    others = [
        [("1", "太湖"), ("", ""), (None, None), ("22", "x")],
        [("12", "太湖"), (None, ""), ("", None), ("2", "x")],
        rows[:3],
        [rows[1], rows[0], *rows[2:]],
    ]
    assert len({whole, *(marked(batch(*other)) for other in others)}) == 5


def test_of_a_window_only_new_rows_come_and_what_comes_again_is_remembered() -> None:
    def flagged(*rows: tuple[str, ...]) -> pa.RecordBatch:
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        return pa.record_batch(columns, names=["a", "_before", "_again"])

    first = Window("", 10)
    assert first.fresh(flagged(("old", "1", "0"), ("new", "1", "1"))).to_pydict() == {"a": ["old", "new"]}
    second = Window(first.seen, 10)
    assert second.fresh(flagged(("new", "1", "1"), ("newer", "0", "1"), ("new", "0", "1"))).to_pydict() == {"a": ["newer", "new"]}
    assert Window(second.seen, 10).fresh(flagged(("newer", "1", "1"))).num_rows == 0
    few = Window("", 1)
    few.fresh(flagged(("a", "1", "1"), ("b", "1", "1")))
    assert few.seen == "", "too many to remember: none is"


def long_batches(count: int, fail_at: int = -1, closed: threading.Event | None = None) -> Generator[pa.RecordBatch]:
    try:
        for number in range(count):
            if number == fail_at:
                raise TerminalError("broken")
            yield pa.record_batch({"a": [str(number)] * 20_000})
    finally:
        if closed is not None:
            closed.set()


def test_reading_ahead_gives_the_same_and_passes_errors_on() -> None:
    assert [each.column(0)[0].as_py() for each in read_ahead(long_batches(9))] == [str(n) for n in range(9)]
    with pytest.raises(TerminalError, match="broken"):
        list(read_ahead(long_batches(9, fail_at=5)))
    closed = threading.Event()
    reading = read_ahead(long_batches(1000, closed=closed))
    assert next(reading).num_rows == next(reading).num_rows == 20_000
    reading.close()
    assert closed.is_set() and not [each for each in threading.enumerate() if each.name == "database-reader"]


def test_parquet_is_written_batch_by_batch() -> None:
    sink = io.BytesIO()
    write_parquet(sink, long_batches(3), {"query": "q"})
    file = pq.ParquetFile(sink)
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (60_000, 3)
    assert file.metadata.metadata[b"query"] == b"q"


def test_the_cursor_keeps_what_it_does_not_know_away() -> None:
    standing = Standing("2026-09-01", "mark", "aa bb", "2026-09-02", (("1", "太"),))
    assert Standing.of(standing.text) == standing
    assert Standing.of('{"rows": "", "seen": "", "watermark": "5", "gone": 1}') == Standing("5")
    assert Standing.of(None) == Standing() and Standing().text == "{}"
    assert standing.asking_again([("7", "x")]).again == (("7", "x"),)
    assert standing.asking_again([("7",)] * 501).watermark == "" and Standing("", "mark").asking_again([("7",)]).rows == ""


@pytest.mark.parametrize(
    ("watermark", "before"),
    [
        ("2026-09-12 09:00:00+00", "2026-09-10 09:00:00+00"),
        ("2026-09-12 09:00:00.123+00", "2026-09-10 09:00:00.123+00"),
        ("2026-03-01", "2026-02-27"),
        ("1000000", "827200"),
    ],
)
def test_a_watermark_is_moved_back_as_the_database_writes_it(watermark: str, before: str) -> None:
    assert earlier(watermark, dt.timedelta(days=2), "source.yml") == before
