"""Logging in where nobody answers, and what must be refused before anybody is asked; memory of a long table."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.bench.database import fill_sqlite, ours

from taihu.collect.database_session import KINDS, Login, open_session
from taihu.core.errors import ManifestError, NotFound, TransientError

SECRET = "s3cret-of-the-tests"


def login(root: Path, **more: object) -> Login:
    fields: dict[str, object] = {
        "account": "erp", "root": root, "host": "127.0.0.1", "port": 1, "database": "erp", "user": "bi", "password": SECRET,
        "tls": False, "authority": None, "seconds": 60,
    }  # fmt: skip
    return Login(**{**fields, **more})  # type: ignore[arg-type]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_a_server_that_is_away_may_come_back(tmp_path: Path, kind: str, closed_port: int) -> None:
    with pytest.raises(TransientError) as caught:
        open_session(kind, login(tmp_path, port=closed_port))
    assert SECRET not in str(caught.value) and caught.value.where == "account erp"
    assert SECRET not in repr(login(tmp_path))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_nothing_is_asked_without_encryption_or_without_a_name(tmp_path: Path, kind: str) -> None:
    for more in ({"host": "erp.company-a.example"}, {"host": ""}, {"database": ""}):
        with pytest.raises(ManifestError):
            open_session(kind, login(tmp_path, **more))


def test_unknown_kinds_and_absent_files(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="dbase"):
        open_session("dbase", login(tmp_path))
    with pytest.raises(NotFound):
        open_session("sqlite", login(tmp_path, database="absent.sqlite"))


def test_a_view_of_sqlite_does_not_change_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "erp.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (1)")
        database.commit()
        session = open_session("sqlite", login(tmp_path, database="erp.sqlite"))
        session.begin()
        count = "SELECT CAST(COUNT(*) AS TEXT) AS n FROM t"
        assert session.value(count) == "1"
        database.execute("INSERT INTO t VALUES (2)")
        database.commit()
        assert session.value(count) == "1"
        session.end()
        assert session.value(count) == "2"
        session.close()


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """A million rows of five texts are sixty million bytes, held once; their Parquet and its seal would come on top."""
    peaks = []
    for rows in (200_000, 1_200_000):
        path = tmp_path / f"{rows}.sqlite"
        fill_sqlite(path, rows)
        measured = ours(f"{{kind: sqlite, database: {path}}}", tmp_path / str(rows))
        assert measured.rows == rows
        peaks.append(measured.peak)
    assert peaks[1] - peaks[0] < 30_000_000, peaks
