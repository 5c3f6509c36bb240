"""A ledger on a fixed morning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger


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
