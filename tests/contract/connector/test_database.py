"""The database connector over SQLite files."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.contract.connector.contract import ConnectorContract, World, source_file

from taihu.core.errors import NotFound, TerminalError
from taihu.core.types import Fetched
from taihu.manifest.project import Account
from taihu.manifest.tree import Source


def table_of(fetched: Fetched) -> list[dict[str, Any]]:
    return list(pq.read_table(io.BytesIO(fetched.content)).to_pylist())


@dataclass
class DatabaseWorld(World):
    one_item_a_put: bool = False
    has_server: bool = False
    has_login: bool = False
    collect: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sql("CREATE TABLE 销售 (a INTEGER, b, secret TEXT, created_at TEXT, updated_at TEXT)")

    def sql(self, statement: str, *values: Any) -> None:
        self.sql_many(statement, [values])

    def sql_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with sqlite3.connect(self.root / "erp.sqlite") as connection:
            connection.executemany(statement, rows)
        connection.close()

    @property
    def account(self) -> Account:
        return Account(kind="sqlite", database="erp.sqlite")

    @property
    def source(self) -> Source:
        file = source_file(
            {"via": "database", "account": "account", "query": "select * from 销售;", **self.collect}, load="upsert", key=["a"]
        )
        return Source("erp", "sources/erp", file)

    def put(self, number: int) -> bytes:
        self.sql("INSERT INTO 销售 VALUES (?, ?, 'x', ?, NULL)", number, number + 0.5, f"2026-09-{number + 1:02d} 08:00:00")
        with sqlite3.connect(self.root / "erp.sqlite") as connection:
            rows = connection.execute("SELECT CAST(a AS TEXT) AS a, CAST(b AS TEXT) AS b FROM 销售 ORDER BY a").fetchall()
        connection.close()
        return json.dumps([{"a": a, "b": b} for a, b in rows]).encode()

    def content_of(self, fetched: Fetched) -> bytes:
        return json.dumps(table_of(fetched)).encode()


class TestDatabase(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[DatabaseWorld]:
        yield DatabaseWorld(tmp_path)

    def test_only_listed_columns_come_with_the_query_beside_them(self, world: DatabaseWorld) -> None:
        world.put(1)
        fetched = world.run()[0]
        assert table_of(fetched) == [{"a": "1", "b": "1.5"}]
        metadata = pq.read_metadata(io.BytesIO(fetched.content)).metadata
        assert metadata[b"query"].decode() == "select * from 销售;"
        assert fetched.item.meta["asked_at"] == "2026-09-15T00:30:00Z"

    def test_values_of_many_types_in_one_column_and_columns_without_values(self, world: DatabaseWorld) -> None:
        world.sql_many("INSERT INTO 销售 VALUES (?, NULL, 'x', NULL, NULL)", [(n,) for n in range(1200)])
        world.sql("INSERT INTO 销售 VALUES (5000, '文字', 'x', NULL, NULL)")
        world.sql("INSERT INTO 销售 VALUES (5001, 0.1, 'x', NULL, NULL)")
        rows = table_of(world.run()[0])
        assert len(rows) == 1202
        assert {row["a"]: row["b"] for row in rows if row["b"] is not None} == {"5000": "文字", "5001": "0.1"}

    def test_a_table_that_goes_back_has_changed(self, world: DatabaseWorld) -> None:
        world.put(1)
        first = world.run()[0]
        world.put(2)
        world.run()
        world.sql("DELETE FROM 销售 WHERE a = 2")
        again = world.run()[0]
        assert table_of(again) == table_of(first)
        assert again.item.key != first.item.key
        assert again.content != first.content, "equal bytes would be taken for an old file sent again"

    def test_a_watermark_asks_for_changes_and_the_overlap(self, world: DatabaseWorld) -> None:
        world.collect = {"watermark": ["updated_at", "created_at"], "overlap": "2 days"}
        for n in range(10):
            world.put(n)
        assert len(table_of(world.run()[0])) == 10
        assert world.run() == []
        world.sql("UPDATE 销售 SET b = 99, updated_at = '2026-09-12 09:00:00' WHERE a = 0")
        world.sql("INSERT INTO 销售 VALUES (77, 7, 'x', '2026-09-09 00:00:00', NULL)")
        changed = table_of(world.run()[0])
        assert changed == [{"a": "0", "b": "99"}, {"a": "77", "b": "7"}], "a late row of the overlap, and no row of it twice"
        assert world.run() == []
        assert json.loads(world.cursor or "{}")["watermark"] == "2026-09-12 09:00:00"

    def test_rows_without_any_time_come_with_every_change(self, world: DatabaseWorld) -> None:
        world.collect = {"watermark": ["updated_at", "created_at"]}
        world.put(9)
        world.run()
        world.sql("INSERT INTO 销售 VALUES (1, 'late', 'x', NULL, NULL)")
        assert [row["b"] for row in table_of(world.run()[0])] == ["late"]
        assert world.run() == []

    def test_whole_numbers_are_watermarks_too(self, world: DatabaseWorld) -> None:
        world.collect = {"watermark": ["created_at"], "overlap": "10 seconds"}
        world.sql("DROP TABLE 销售")
        world.sql("CREATE TABLE 销售 (a INTEGER, b TEXT, created_at INTEGER)")
        world.sql_many("INSERT INTO 销售 VALUES (?, 'x', ?)", [(1, 95), (2, 100)])
        assert len(table_of(world.run()[0])) == 2
        world.sql_many("INSERT INTO 销售 VALUES (?, 'x', ?)", [(3, 80), (4, 93), (5, 1001)])
        assert [row["a"] for row in table_of(world.run()[0])] == ["4", "5"]
        assert world.run() == []

    def test_a_window_too_wide_to_remember_comes_again_as_a_whole(self, world: DatabaseWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("taihu.collect.database.MOST_REMEMBERED", 2)
        world.collect = {"watermark": ["created_at"], "overlap": "30 days"}
        for n in range(4):
            world.put(n)
        world.run()
        new = world.put(5)
        assert world.content_of(world.run()[0]) == new

    def test_it_cannot_write(self, world: DatabaseWorld) -> None:
        world.put(1)
        world.collect = {"query": "DELETE FROM 销售 RETURNING *"}
        with pytest.raises(TerminalError):
            world.run()
        world.collect = {}
        assert len(table_of(world.run()[0])) == 1

    def test_a_missing_column_or_file_is_told(self, world: DatabaseWorld) -> None:
        world.collect = {"query": "select a from 销售"}
        with pytest.raises(TerminalError, match="database answered"):
            world.run()
        (world.root / "erp.sqlite").unlink()
        with pytest.raises(NotFound):
            world.run()
