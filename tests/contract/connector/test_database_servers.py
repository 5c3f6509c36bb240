"""The database connector over a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.connector.contract import ConnectorContract, World, source_file
from tests.contract.connector.test_database import table_of
from tests.servers.daemon import HOST
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL

from taihu.core.errors import ManifestError, TerminalError, TransientError
from taihu.core.types import Fetched
from taihu.manifest.project import Account
from taihu.manifest.tree import Source

Server = PostgreSQL | MariaDB


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDB]:
    server = MariaDB()
    try:
        yield server.start()
    finally:
        server.close()


@dataclass
class ServerWorld(World):
    """A database of its own on the module's server, with a reader who may read."""

    one_item_a_put: bool = False
    kind: ClassVar[str] = ""
    server: Any = None
    name: str = ""
    collect: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    tls: bool = False  # type: ignore[misc]

    @property
    def server_address(self) -> tuple[str, int]:
        return HOST, self.server.port

    @property
    def account(self) -> Account:
        host, port = self.address
        more = {"authority": str(self.server.authority)} if self.tls else {}
        return Account(
            kind=self.kind, host=host, port=port, user="reader", password="env:PASSWORD", database=self.name, tls=self.tls, **more
        )

    @property
    def source(self) -> Source:
        options = {"via": "database", "account": "account", "query": "select * from 销售", **self.collect}
        return Source("erp", "sources/erp", source_file(options, **{"load": "upsert", "key": ["a"], **self.more}))

    def sql(self, statement: str, rows: Any = None) -> None:
        self.server.sql(self.name, statement, rows)

    def put(self, number: int) -> bytes:
        self.sql(
            "INSERT INTO 销售 (a, b, secret, created_at) VALUES (%s, %s, 'x', %s)",
            [(number, number + 0.5, f"2026-09-{number + 1:02d} 08:00")],
        )
        rows = self.server.rows(self.name, "SELECT a, b FROM 销售 ORDER BY a")
        return json.dumps([{"a": str(a), "b": str(b)} for a, b in rows]).encode()

    def content_of(self, fetched: Fetched) -> bytes:
        return json.dumps(table_of(fetched)).encode()

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def refused_logins(self) -> int:
        return self.server.refused_logins() - self.refused_before


@dataclass
class PostgreSQLWorld(ServerWorld):
    protocol: ClassVar[str] = "postgresql"
    kind: ClassVar[str] = "postgresql"
    refused_before: int = 0

    def __post_init__(self) -> None:
        secret = self.password.replace("'", "''")
        self.server.sql("postgres", "DROP ROLE IF EXISTS reader")
        self.server.sql("postgres", f"CREATE ROLE reader LOGIN PASSWORD '{secret}'")
        self.server.sql("postgres", f"CREATE DATABASE {self.name}")
        self.sql("CREATE TABLE 销售 (a INTEGER PRIMARY KEY, b NUMERIC(18,2), secret TEXT, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)")
        self.sql("GRANT SELECT ON 销售 TO reader")
        self.refused_before = self.server.refused_logins()

    def leave(self) -> None:
        if not self.server.answers():
            self.server.start()
        self.server.sql("postgres", f"DROP DATABASE {self.name} WITH (FORCE)")
        self.server.sql("postgres", "DROP ROLE reader")


@dataclass
class MariaDBWorld(ServerWorld):
    protocol: ClassVar[str] = "mysql"
    kind: ClassVar[str] = "mysql"
    refused_before: int = 0

    def __post_init__(self) -> None:
        secret = self.password.replace("\\", "\\\\").replace("'", "''")
        self.server.sql(None, f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.server.sql(None, f"CREATE USER reader@'%' IDENTIFIED BY '{secret}'")
        self.sql("CREATE TABLE 销售 (a INTEGER PRIMARY KEY, b DECIMAL(18,2), secret TEXT, created_at DATETIME, updated_at DATETIME)")
        self.server.sql(None, f"GRANT SELECT ON {self.name}.* TO reader@'%'")
        self.refused_before = self.server.refused_logins()

    def leave(self) -> None:
        if not self.server.answers():
            self.server.start()
        self.server.sql(None, f"DROP DATABASE {self.name}")
        self.server.sql(None, "DROP USER reader@'%'")


class ServerContract(ConnectorContract):
    """What holds for every database server, beside the contract."""

    def test_a_watermark_asks_for_changes_and_the_overlap(self, world: ServerWorld) -> None:
        world.collect = {"watermark": ["updated_at", "created_at"], "overlap": "2 days"}
        for n in range(10):
            world.put(n)
        assert len(table_of(world.run()[0])) == 10
        assert world.run() == []
        world.sql("UPDATE 销售 SET b = 99, updated_at = '2026-09-12 09:00:00' WHERE a = 0")
        world.sql("INSERT INTO 销售 VALUES (77, 7, 'x', '2026-09-09 00:00:00', NULL)")
        assert table_of(world.run()[0]) == [{"a": "0", "b": "99.00"}, {"a": "77", "b": "7.00"}]
        assert world.run() == []
        world.sql("INSERT INTO 销售 VALUES (78, 8, 'x', NULL, NULL)")
        assert table_of(world.run()[0]) == [{"a": "78", "b": "8.00"}], "a row without any time is seen all the same"

    def test_many_rows_come_in_batches_once(self, world: ServerWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("taihu.collect.database.MOST_HELD", 300)
        monkeypatch.setattr("taihu.collect.database_session.BATCH_ROWS", 100)
        world.sql("INSERT INTO 销售 VALUES (%s, %s, 'x', '2026-09-01', NULL)", [(n, f"{n}.25") for n in range(1000)])
        first = world.run()
        assert [row["b"] for row in table_of(first[0])] == [f"{n}.25" for n in range(1000)]
        assert world.run() == [] and first[0].item.meta["rows"] == "1000"
        world.cursor = None
        assert world.run() == [], "a lost cursor gives no duplicate"
        world.sql("UPDATE 销售 SET b = 0.01 WHERE a = 500")
        again = world.run()
        assert table_of(again[0])[500] == {"a": "500", "b": "0.01"} and world.run() == []

    def test_the_keys_of_a_day_are_an_object(self, world: ServerWorld) -> None:
        import datetime as dt

        world.put(1)
        world.put(2)
        world.run()
        world.sql("DELETE FROM 销售 WHERE a = 1")
        world.clock.move_to(world.clock.now() + dt.timedelta(days=1))
        rows, keys = world.run()
        assert table_of(rows) == [{"a": "2", "b": "2.50"}]
        assert table_of(keys) == [{"a": "2"}] and keys.item.meta["kind"] == "keys"
        assert world.run() == []

    def test_asked_again_is_asked_by_key(self, world: ServerWorld) -> None:
        world.collect = {"watermark": ["created_at"], "overlap": "1 days"}
        for n in range(9):
            world.put(n)
        world.run()
        with world.connections() as connections:
            world.cursor = connections.open(world.source).inner.asked_again(world.cursor, [("1",), ("it's \\ 5",)])  # type: ignore[attr-defined]
        if world.kind == "postgresql":
            world.sql("UPDATE 销售 SET b = 1 WHERE a = 1")
        assert {"a": "1", "b": "1.00" if world.kind == "postgresql" else "1.50"} in table_of(world.run()[0])
        assert world.run() == []

    def test_it_cannot_write_even_with_the_right_to(self, world: ServerWorld) -> None:
        world.put(1)
        with world.connections() as connections:
            health = connections.open(world.source).probe()
            assert health.ok and health.detail == "1 rows" and health.warning == ""
        self.allow_writing(world)
        with world.connections() as connections:
            assert "may write" in connections.open(world.source).probe().warning
        with world.connections() as connections:
            connector = connections.open(world.source)
            session = connector.inner._session()  # type: ignore[attr-defined]
            session.begin()
            with pytest.raises(TerminalError):
                list(session.batches("DELETE FROM 销售"))
            session.end()
        assert len(table_of(world.run()[0])) == 1

    def allow_writing(self, world: ServerWorld) -> None:
        raise NotImplementedError

    def test_what_the_server_says_about_the_query_is_told_once(self, world: ServerWorld) -> None:
        world.collect = {"query": "select a from 销售"}
        with pytest.raises(TerminalError, match="database answered"):
            world.run()
        world.collect = {"query": "select * from 没有"}
        with pytest.raises(TerminalError, match="database answered"):
            world.run()

    def test_no_clear_connection_to_another_machine(self, world: ServerWorld) -> None:
        account = world.account.model_copy(update={"host": "erp.company-a.example"})
        with pytest.raises(ManifestError, match="encrypted"):
            type(world).account = property(lambda self: account)  # type: ignore[method-assign, assignment]
            try:
                world.run()
            finally:
                type(world).account = ServerWorld.account  # type: ignore[method-assign]

    def test_over_tls_with_its_own_authority_and_no_other(self, world: ServerWorld) -> None:
        if not getattr(world.server, "has_tls", True):
            pytest.skip("this build of the server has no TLS")
        world.put(1)
        world.tls = True
        assert len(table_of(world.run(remember=False)[0])) == 1
        world.server = _Other(world.server)
        with pytest.raises(TerminalError, match="encrypted"):
            world.run()


class _Other:
    """The server, with the certificate of an authority that does not vouch for it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        from tests.servers.postgresql import make_certificate

        (server.folder / "other").mkdir(exist_ok=True)
        self.authority = server.folder / "other" / "ca.pem"
        make_certificate(server.folder / "other", self.authority, "another authority")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)


class TestPostgreSQL(ServerContract):
    @pytest.fixture
    def world(self, tmp_path: Path, postgresql: PostgreSQL, request: pytest.FixtureRequest) -> Iterator[PostgreSQLWorld]:
        world = PostgreSQLWorld(tmp_path, server=postgresql, name=f"shop_{abs(hash(request.node.name)) % 10**9}")
        yield world
        world.leave()

    def allow_writing(self, world: ServerWorld) -> None:
        world.sql("GRANT ALL ON 销售 TO reader")

    def test_every_type_is_exact_text(self, world: ServerWorld) -> None:
        world.sql(
            "CREATE TABLE 类型 (a INT, n NUMERIC(18,4), m MONEY, d DATE, ts TIMESTAMP, tz TIMESTAMPTZ, j JSONB, u UUID,"
            " f4 REAL, f8 FLOAT8, bo BOOLEAN, ar INT[], iv INTERVAL, b BYTEA)"
        )
        world.sql(
            "INSERT INTO 类型 VALUES (1, 12345678901234.5600, 3.5, '2026-01-02', '2026-01-02 03:04:05.6', '2026-01-02 03:04:05+08',"
            " '{\"a\": 1}', '6f1d2c3e-0000-4000-8000-000000000001', 1.1, 0.1, true, '{1,2}', '1 day', '\\x00ff')"
        )
        world.sql("INSERT INTO 类型 (a, n, d, ts, tz) VALUES (2, 'NaN', 'infinity', 'infinity', '-infinity')")
        world.sql("GRANT SELECT ON 类型 TO reader")
        names = ["a", "n", "m", "d", "ts", "tz", "j", "u", "f4", "f8", "bo", "ar", "iv", "b"]
        world.collect = {"query": "select * from 类型"}
        world.more = {"columns": dict.fromkeys(names, "text")}
        first, second = table_of(world.run()[0])
        assert list(first.values()) == [
            "1", "12345678901234.5600", "$3.50", "2026-01-02", "2026-01-02 03:04:05.6", "2026-01-01 19:04:05+00", '{"a": 1}',
            "6f1d2c3e-0000-4000-8000-000000000001", "1.1", "0.1", "true", "{1,2}", "1 day", "\\x00ff",
        ]  # fmt: skip
        assert (second["n"], second["d"], second["tz"]) == ("NaN", "infinity", "-infinity")

    def test_rows_and_keys_are_of_one_instant(self, world: ServerWorld) -> None:
        import datetime as dt

        world.put(1)
        world.run()
        world.put(2)
        world.clock.move_to(world.clock.now() + dt.timedelta(days=1))
        with world.connections() as connections:
            connector = connections.open(world.source)
            items = connector.discover(world.cursor, world.known)
            from tests.contract.connector.contract import whole

            rows = whole(connector.fetch(next(items)))
            world.sql("DELETE FROM 销售 WHERE a = 1")
            keys = whole(connector.fetch(next(items)))
        assert [row["a"] for row in table_of(rows)] == [row["a"] for row in table_of(keys)] == ["1", "2"]

    def test_it_says_who_it_is_and_a_statement_ends(self, world: ServerWorld) -> None:
        world.collect = {"query": "select application_name as a, pg_sleep(0)::text as b from pg_stat_activity where pid = pg_backend_pid()"}
        assert table_of(world.run()[0])[0]["a"] == "taihu"
        world.collect = {"query": "select '1' as a, pg_sleep(30)::text as b", "timeout": "1 seconds"}
        with pytest.raises(TransientError, match="timeout"):
            world.run()


class TestMariaDB(ServerContract):
    @pytest.fixture
    def world(self, tmp_path: Path, mariadb: MariaDB, request: pytest.FixtureRequest) -> Iterator[MariaDBWorld]:
        world = MariaDBWorld(tmp_path, server=mariadb, name=f"shop_{abs(hash(request.node.name)) % 10**9}")
        yield world
        world.leave()

    def allow_writing(self, world: ServerWorld) -> None:
        world.server.sql(None, f"GRANT UPDATE ON {world.name}.* TO reader@'%'")

    def test_every_type_is_exact_text(self, world: ServerWorld) -> None:
        world.sql(
            "CREATE TABLE 类型 (a INT UNSIGNED, n DECIMAL(18,4), f DOUBLE, d DATE, dt DATETIME(3), ts TIMESTAMP NULL, j JSON,"
            " y YEAR, t TIME, b BLOB, bi BIT(3), e ENUM('甲','乙'), bo BOOLEAN, z DATE)"
        )
        world.sql("SET GLOBAL time_zone = '+00:00'")
        world.server.sql(
            world.name,
            "INSERT INTO 类型 VALUES (1, 12345678901234.5600, 0.1, '2026-01-02', '2026-01-02 03:04:05.6', '2026-01-02 03:04:05',"
            " '{\"a\": 1}', 2026, '10:00', X'00FF', b'101', '乙', true, NULL)",
        )
        names = ["a", "n", "f", "d", "dt", "ts", "j", "y", "t", "b", "bi", "e", "bo", "z"]
        world.collect = {"query": "select * from 类型"}
        world.more = {"columns": dict.fromkeys(names, "text")}
        (row,) = table_of(world.run()[0])
        assert list(row.values()) == [
            "1", "12345678901234.5600", "0.1", "2026-01-02", "2026-01-02 03:04:05.600", "2026-01-02 03:04:05", '{"a": 1}', "2026",
            "10:00:00", "0x00ff", "\x05", "乙", "1", None,
        ]  # fmt: skip
